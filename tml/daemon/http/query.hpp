// What stands behind the "?" of a path.
#pragma once

#include <concepts>
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/runtime/http_server.hpp"
#include "proto/schema/control.pb.h"

namespace forces::daemon {

// Decimal or 0x..., as for forcesctl.
template <std::unsigned_integral T>
[[nodiscard]] std::expected<T, control::Error> number_in(std::string_view text);
extern template std::expected<std::uint32_t, control::Error> number_in(std::string_view);
extern template std::expected<std::uint64_t, control::Error> number_in(std::string_view);

// Each word is asked for once, and done() tells what is wrong: a value that is none, and also a
// word that nobody has asked for, for that would be a wish that is not heard.
class Query {
 public:
  explicit Query(const runtime::HttpRequest& http) : left_(http.query) {}

  std::string text(std::string_view key);
  std::vector<std::string> texts(std::string_view key);  // with commas between them
  bool flag(std::string_view key);                       // "?key", "?key=1"; "?key=0" is none
  // 0 when it is not there.
  template <std::unsigned_integral T>
  T number(std::string_view key, bool required = false) {
    const auto value = text(key);
    if (value.empty()) {
      if (required) wrong(key, value, "a number, and is required");
      return 0;
    }
    const auto read = number_in<T>(value);
    if (!read) wrong(key, value, "a number, decimal or 0x...");
    return read.value_or(0);
  }
  [[nodiscard]] std::expected<void, control::Error> done() const;

 private:
  void wrong(std::string_view key, std::string_view value, std::string_view what);

  std::map<std::string, std::string, std::less<>> left_;
  std::string why_;
};

}  // namespace forces::daemon
