// The words of SignalingReason.cause, what each means, and what an operator does about it. The
// table of ce/README.md is this one; a test holds it to that, and to the words that the code uses.
#pragma once

#include <span>
#include <string_view>

#include "proto/schema/control.pb.h"

namespace forces::ce {

struct ReasonWord {
  std::string_view cause, means, next;
};
[[nodiscard]] std::span<const ReasonWord> reason_words();

// What to do next: of "segment.X" that of X, of "setup_timer.X" that of "setup_timer", of what
// another node said that of the code of its ERROR_SPEC; empty: nothing is known.
[[nodiscard]] std::string_view next_of(const control::SignalingReason& reason);

}  // namespace forces::ce
