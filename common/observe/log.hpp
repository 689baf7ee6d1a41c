// Structured logs: a message in English and key=value fields, a level for each component that can
// be changed while the process runs, and a rate limit for lines that a peer can provoke.
//
//   observe::Log log(observe::LogOptions{});                 // owned by app/, one in a process
//   observe::Logger logger = log.component("association");   // a handle; copy it freely
//   logger.info("association is up", {{"fe", id}, {"address", address}});
//   logger.limited(observe::Level::Warning, "message dropped", {{"fe", id}, {"reason", "ttl"}});
//
// Any function may be called from any thread. Text values are escaped: octets from outside cannot
// forge a line or a field.
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "common/core/time.hpp"
#include "common/observe/rate_limit.hpp"

namespace spdlog {
class logger;
namespace sinks {
class sink;
}
}  // namespace spdlog

namespace forces::observe {

enum class Level : std::uint8_t { Trace, Debug, Info, Warning, Error, Off };
inline constexpr std::string_view kLevelNames[] = {"trace",   "debug", "info",
                                                   "warning", "error", "off"};
[[nodiscard]] std::string_view to_string(Level level);
[[nodiscard]] std::optional<Level> level_from(std::string_view name);

enum class LogFormat : std::uint8_t {
  Text,     // time level component message key=value
  Json,     // one object a line
  Journal,  // text without the time, with the <N> priority that systemd reads from stderr
};

class FieldValue {
 public:
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  FieldValue(std::string_view text) : value_(text) {}  // NOLINT(google-explicit-constructor)
  FieldValue(const char* text) : value_(std::string_view(text)) {}         // NOLINT
  FieldValue(const std::string& text) : value_(std::string_view(text)) {}  // NOLINT
  FieldValue(bool value) : value_(value) {}                                // NOLINT
  FieldValue(double value) : value_(value) {}                              // NOLINT
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  FieldValue(T value) {  // NOLINT
    if constexpr (std::signed_integral<T>) {
      value_ = std::int64_t{value};
    } else {
      value_ = std::uint64_t{value};
    }
  }
  [[nodiscard]] const Value& get() const { return value_; }

 private:
  Value value_;
};

struct Field {
  std::string_view key;  // snake_case; a literal
  FieldValue value;
};
using Fields = std::initializer_list<Field>;

class Log;

class Logger {
 public:
  Logger() = default;  // says nothing: for tests and for objects made before the log

  [[nodiscard]] bool enabled(Level level) const;
  void log(Level level, std::string_view message, Fields fields = {}) const;
  void debug(std::string_view message, Fields f = {}) const { log(Level::Debug, message, f); }
  void info(std::string_view message, Fields f = {}) const { log(Level::Info, message, f); }
  void warning(std::string_view message, Fields f = {}) const { log(Level::Warning, message, f); }
  void error(std::string_view message, Fields f = {}) const { log(Level::Error, message, f); }
  // For whatever a peer can cause: the budget of RateLimit for each component, message and value of
  // the first field. The next line that passes carries suppressed=N.
  void limited(Level level, std::string_view message, Fields fields = {}) const;

 private:
  friend class Log;
  struct Component;
  explicit Logger(Component* component) : component_(component) {}
  Component* component_ = nullptr;
};

struct LogOptions {
  Level level = Level::Info;
  LogFormat format = LogFormat::Text;
  RateLimit limit;
  std::shared_ptr<spdlog::sinks::sink> sink;  // default: standard error
  std::function<Instant()> now;               // default: the steady clock
};

class Log {
 public:
  explicit Log(LogOptions options);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  [[nodiscard]] Logger component(std::string_view name);
  // "" means every component, those to come too. False: there is no such component.
  bool set_level(std::string_view component, Level level);
  void set_limit(RateLimit limit);
  [[nodiscard]] std::vector<std::pair<std::string, Level>> levels() const;
  [[nodiscard]] std::uint64_t suppressed() const;  // lines held back since the start

 private:
  friend class Logger;
  std::optional<std::uint64_t> admit(std::string_view key);

  LogOptions options_;
  mutable std::mutex mutex_;
  RateLimiter limiter_;
  std::map<std::string, std::unique_ptr<Logger::Component>, std::less<>> components_;
};

}  // namespace forces::observe
