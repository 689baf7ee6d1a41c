// TOML configuration. One function of the daemon visits its settings; the same function reads them
// from a file and prints them, so no key can be read that -n does not print.
//
//   void visit(ConfigVisitor& v, Settings& s) {
//     v.table("log", [&] {
//       v.choice("level", s.level, kLevelNames);
//       v.duration("interval", s.interval, {.min = 1ms, .max = 1h});
//     });
//   }
//
// Reading collects every problem, each with file, line, column and key. A key that nobody visited
// is a problem too ("did you mean"). A field whose key is absent or wrong keeps its value, its
// default.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/core/time.hpp"
#include "common/runtime/units.hpp"

namespace forces::runtime {

struct ConfigProblem {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string key;  // "tls.cert", "fe[1].port[0].id"; "" for a syntax error
  std::string message;

  // "ce.toml:12:3: tls.cert: message"
  [[nodiscard]] std::string text() const;
};
using ConfigProblems = std::vector<ConfigProblem>;

// A Duration field may be switched off by a word; this is its value then.
inline constexpr Duration kOff{-1};

struct DurationRange {
  Duration min{0};
  Duration max = std::chrono::hours(24);
  std::string_view off = {};  // the word that switches it off; empty: it cannot be
};

struct OctetsRange {
  Octets min{0};
  Octets max{std::uint64_t{1} << 40};
};

class ConfigVisitor {
 public:
  virtual ~ConfigVisitor() = default;

  virtual void flag(std::string_view key, bool& value) = 0;
  virtual void text(std::string_view key, std::string& value) = 0;
  virtual void texts(std::string_view key, std::vector<std::string>& value) = 0;
  virtual void duration(std::string_view key, Duration& value, DurationRange range) = 0;
  virtual void octets(std::string_view key, Octets& value, OctetsRange range) = 0;

  struct Range {
    std::uint64_t min = 0;
    std::uint64_t max = 0;
    bool hex = false;  // how it is printed
  };
  template <std::unsigned_integral T>
  void number(std::string_view key, T& value, Range range) {
    std::uint64_t wide = value;
    range.max = std::min<std::uint64_t>(range.max, std::numeric_limits<T>::max());
    integer(key, wide, range);
    value = static_cast<T>(wide);
  }

  // An enumeration whose values are the positions in `names`.
  template <class Enum>
  void choice(std::string_view key, Enum& value, std::span<const std::string_view> names) {
    auto index = static_cast<std::size_t>(value);
    word(key, index, names);
    value = static_cast<Enum>(index);
  }

  template <std::invocable Body>
  void table(std::string_view key, Body&& body) {
    enter_table(key);
    body();
    leave();
  }

  // [[key]]: `body(item)` for each; reading makes the items.
  template <class T, std::invocable<T&> Body>
  void tables(std::string_view key, std::vector<T>& items, Body&& body) {
    items.resize(count(key, items.size()));
    for (std::size_t i = 0; i < items.size(); ++i) {
      enter_item(key, i);
      body(items[i]);
      leave();
    }
  }

  // While reading: a problem at the key (or, when it is absent, at its table). Printing ignores it.
  virtual void problem(std::string_view key, std::string message) = 0;
  void check(bool holds, std::string_view key, std::string_view message) {
    if (!holds) problem(key, std::string(message));
  }
  virtual void required(std::string_view key) = 0;

 protected:
  virtual void integer(std::string_view key, std::uint64_t& value, Range range) = 0;
  virtual void word(std::string_view key, std::size_t& index,
                    std::span<const std::string_view> names) = 0;
  virtual void enter_table(std::string_view key) = 0;
  virtual std::size_t count(std::string_view key, std::size_t now) = 0;
  virtual void enter_item(std::string_view key, std::size_t index) = 0;
  virtual void leave() = 0;
};

using ConfigVisit = std::function<void(ConfigVisitor&)>;

// Problems in the order of the file. `file` is only named in them.
[[nodiscard]] ConfigProblems read_config(std::string_view toml, std::string_view file,
                                         const ConfigVisit& visit);
// A problem without a line when the file cannot be read, or is larger than 1 MiB.
[[nodiscard]] ConfigProblems read_config_file(const std::string& path, const ConfigVisit& visit);
// What is in effect, defaults included; it parses again to the same settings.
[[nodiscard]] std::string print_config(const ConfigVisit& visit);

}  // namespace forces::runtime
