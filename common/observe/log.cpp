#include "common/observe/log.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <iterator>

namespace forces::observe {
namespace {

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::Trace:
      return spdlog::level::trace;
    case Level::Debug:
      return spdlog::level::debug;
    case Level::Info:
      return spdlog::level::info;
    case Level::Warning:
      return spdlog::level::warn;
    case Level::Error:
      return spdlog::level::err;
    case Level::Off:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

// The <N> prefix of sd-daemon(3): what journald takes as the priority of the line.
class JournalPriority : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& msg, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const std::string_view text = msg.level >= spdlog::level::err    ? "<3>"
                                  : msg.level == spdlog::level::warn ? "<4>"
                                  : msg.level == spdlog::level::info ? "<6>"
                                                                     : "<7>";
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JournalPriority>();
  }
};

std::unique_ptr<spdlog::formatter> formatter_of(LogFormat format) {
  auto formatter =
      std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc, "\n");
  formatter->add_flag<JournalPriority>('*');
  switch (format) {
    case LogFormat::Text:
      formatter->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %n: %v");
      break;
    case LogFormat::Journal:
      formatter->set_pattern("%*%n: %v");
      break;
    case LogFormat::Json:
      formatter->set_pattern(
          R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","component":"%n",%v})");
      break;
  }
  return formatter;
}

using Line = fmt::memory_buffer;

// Inside quotes; valid in JSON as well. Octets above 0x7e are shown as code points of their value:
// nobody promised that a peer's text is UTF-8.
void append_escaped(Line& line, std::string_view text) {
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line.push_back('\\');
      line.push_back(c);
    } else if (octet < 0x20 || octet > 0x7e) {
      fmt::format_to(std::back_inserter(line), "\\u{:04x}", octet);
    } else {
      line.push_back(c);
    }
  }
}

void append_quoted(Line& line, std::string_view text) {
  line.push_back('"');
  append_escaped(line, text);
  line.push_back('"');
}

bool plain(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';
  });
}

void append_value(Line& line, const FieldValue& value, bool json) {
  std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (!std::is_same_v<T, std::string_view>) {
          fmt::format_to(std::back_inserter(line), "{}", v);
        } else if (json || !plain(v)) {
          append_quoted(line, v);
        } else {
          line.append(v);
        }
      },
      value.get());
}

void append_field(Line& line, const Field& field, bool json) {
  if (json) {
    line.push_back(',');
    append_quoted(line, field.key);
    line.push_back(':');
  } else {
    line.push_back(' ');
    line.append(field.key);
    line.push_back('=');
  }
  append_value(line, field.value, json);
}

}  // namespace

struct Logger::Component {
  Component(Log& owner, const std::string& name, std::shared_ptr<spdlog::sinks::sink> sink)
      : log(owner), out(name, std::move(sink)), json(owner.options_.format == LogFormat::Json) {
    out.set_level(spdlog::level::trace);  // `level` below decides
    out.flush_on(spdlog::level::trace);
  }
  void write(Level at, std::string_view message, Fields fields, std::uint64_t suppressed) {
    Line line;
    if (json) {
      line.append(std::string_view(R"("message":)"));
      append_quoted(line, message);
    } else {
      append_escaped(line, message);
    }
    for (const auto& field : fields) append_field(line, field, json);
    if (suppressed > 0) append_field(line, {"suppressed", suppressed}, json);
    out.log(to_spdlog(at), spdlog::string_view_t(line.data(), line.size()));
  }

  Log& log;
  spdlog::logger out;
  bool json;
  std::atomic<Level> level{Level::Info};
};

std::string_view to_string(Level level) { return kLevelNames[static_cast<std::size_t>(level)]; }

std::optional<Level> level_from(std::string_view name) {
  const auto* found = std::find(std::begin(kLevelNames), std::end(kLevelNames), name);
  if (found == std::end(kLevelNames)) return std::nullopt;
  return static_cast<Level>(found - std::begin(kLevelNames));
}

bool Logger::enabled(Level level) const {
  return component_ != nullptr && level >= component_->level.load(std::memory_order_relaxed);
}

void Logger::log(Level level, std::string_view message, Fields fields) const {
  if (enabled(level)) component_->write(level, message, fields, 0);
}

void Logger::limited(Level level, std::string_view message, Fields fields) const {
  if (!enabled(level)) return;
  Line key;
  key.append(std::string_view(component_->out.name()));
  key.push_back(' ');
  key.append(message);
  if (fields.size() > 0) append_field(key, *fields.begin(), false);
  const auto suppressed = component_->log.admit({key.data(), key.size()});
  if (suppressed) component_->write(level, message, fields, *suppressed);
}

Log::Log(LogOptions options) : options_(std::move(options)), limiter_(options_.limit) {
  if (!options_.sink) options_.sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  options_.sink->set_formatter(formatter_of(options_.format));
  if (!options_.now) {
    options_.now = [] { return Instant(std::chrono::steady_clock::now().time_since_epoch()); };
  }
}

Log::~Log() = default;

Logger Log::component(std::string_view name) {
  const std::scoped_lock lock(mutex_);
  auto& slot = components_[std::string(name)];
  if (!slot) {
    slot = std::make_unique<Logger::Component>(*this, std::string(name), options_.sink);
    slot->level = options_.level;
  }
  return Logger(slot.get());
}

bool Log::set_level(std::string_view component, Level level) {
  const std::scoped_lock lock(mutex_);
  if (!component.empty()) {
    const auto found = components_.find(component);
    if (found == components_.end()) return false;
    found->second->level = level;
    return true;
  }
  options_.level = level;
  for (const auto& [name, one] : components_) one->level = level;
  return true;
}

void Log::set_limit(RateLimit limit) {
  const std::scoped_lock lock(mutex_);
  limiter_.set_limit(limit);
}

std::vector<std::pair<std::string, Level>> Log::levels() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::pair<std::string, Level>> all;
  for (const auto& [name, one] : components_) all.emplace_back(name, one->level.load());
  return all;
}

std::uint64_t Log::suppressed() const {
  const std::scoped_lock lock(mutex_);
  return limiter_.suppressed_total();
}

std::optional<std::uint64_t> Log::admit(std::string_view key) {
  const std::scoped_lock lock(mutex_);
  return limiter_.admit(key, options_.now());
}

}  // namespace forces::observe
