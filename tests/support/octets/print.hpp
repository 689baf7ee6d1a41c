// How GoogleTest shows results of decoders.
#pragma once

#include <gtest/gtest.h>

#include <ostream>

#include "common/core/result.hpp"

namespace forces {

inline void PrintTo(const Error& error, std::ostream* os) {
  *os << to_string(error.code) << " at " << error.offset << " in " << error.field;
}

template <class T>
void PrintTo(const std::expected<T, Error>& result, std::ostream* os) {
  if (!result) {
    PrintTo(result.error(), os);
  } else if constexpr (std::is_void_v<T>) {
    *os << "success";
  } else {
    *os << testing::PrintToString(*result);
  }
}

}  // namespace forces
