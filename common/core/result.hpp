// Result<T> = std::expected<T, Error>, and the one macro that propagates it.
#pragma once

#include <expected>
#include <utility>

#include "common/core/error.hpp"

namespace forces {

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] constexpr auto fail(Error error) { return std::unexpected(error); }
[[nodiscard]] constexpr auto fail(Errc code, std::string_view field, std::size_t at = 0) {
  return fail(Error{code, static_cast<std::uint32_t>(at), field});
}

}  // namespace forces

// NOLINTBEGIN(bugprone-macro-parentheses): `var` is a name
// Declares `var` with the value of `expr`, or returns its error from the enclosing function.
#define FORCES_TRY(var, expr)                                     \
  auto var##_result = (expr);                                     \
  if (!var##_result) return ::forces::fail(var##_result.error()); \
  auto var = std::move(*var##_result)
// NOLINTEND(bugprone-macro-parentheses)
