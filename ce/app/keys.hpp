// What keys of the configuration have in common, whatever they sign: a secret in a file, and
// lifetimes by the wall clock.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/time.hpp"
#include "common/runtime/config.hpp"

namespace forces::ce {

struct KeyTimes {
  std::string send_from, send_until, accept_from, accept_until;  // "": always
};
void visit(runtime::ConfigVisitor& v, KeyTimes& times);

// The octets of `file` without a line end behind them. The error begins with `key`.
[[nodiscard]] std::expected<std::vector<std::byte>, std::string> read_secret(
    std::string_view key, const std::string& file);

// Dates are those of the wall clock; engines have a clock of their own, and stay with what the
// difference was when they were told.
[[nodiscard]] Instant instant_of(const std::string& text, Instant otherwise);

}  // namespace forces::ce
