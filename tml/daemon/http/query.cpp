#include "tml/daemon/http/query.hpp"

#include <fmt/format.h>

#include <ranges>

#include "common/core/number.hpp"

namespace forces::daemon {
namespace {

std::unexpected<control::Error> no(std::string message) {
  control::Error error;
  error.set_code(control::Error::INVALID);
  error.set_message(std::move(message));
  return std::unexpected(std::move(error));
}

}  // namespace

template <std::unsigned_integral T>
std::expected<T, control::Error> number_in(std::string_view text) {
  if (const auto value = decimal_or_hex<T>(text)) return *value;
  return no(fmt::format("\"{}\" is no number, decimal or 0x...", text));
}
template std::expected<std::uint32_t, control::Error> number_in(std::string_view text);
template std::expected<std::uint64_t, control::Error> number_in(std::string_view text);

std::string Query::text(std::string_view key) {
  const auto at = left_.find(key);
  if (at == left_.end()) return {};
  auto value = std::move(at->second);
  left_.erase(at);
  return value;
}

std::vector<std::string> Query::texts(std::string_view key) {
  std::vector<std::string> all;
  for (const auto& part : std::views::split(text(key), ','))
    all.emplace_back(part.begin(), part.end());
  return all;
}

bool Query::flag(std::string_view key) {
  const bool there = left_.contains(key);
  const auto value = text(key);
  if (value == "0" || value == "false") return false;
  if (!value.empty() && value != "1" && value != "true") wrong(key, value, "1 or 0");
  return there;
}

std::expected<void, control::Error> Query::done() const {
  if (!why_.empty()) return no(why_);
  if (left_.empty()) return {};
  return no(fmt::format("\"{}\" behind the \"?\" is not known", left_.begin()->first));
}

void Query::wrong(std::string_view key, std::string_view value, std::string_view what) {
  if (why_.empty()) why_ = fmt::format("{}=\"{}\" behind the \"?\" is not {}", key, value, what);
}

}  // namespace forces::daemon
