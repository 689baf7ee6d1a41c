// Identifiers that must not be mixed up are types of their own.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace forces {

template <class Tag, class T = std::uint32_t>
struct StrongId {
  T value{};
  friend constexpr auto operator<=>(const StrongId&, const StrongId&) = default;
};

}  // namespace forces

template <class Tag, class T>
struct std::hash<forces::StrongId<Tag, T>> {
  std::size_t operator()(const forces::StrongId<Tag, T>& id) const noexcept {
    return std::hash<T>{}(id.value);
  }
};
