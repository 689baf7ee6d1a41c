// LABEL_SET and ACCEPTABLE_LABEL_SET as sets (RFC 3471 section 3.5, RFC 3473 sections 2.6 and 4.1).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ce/signaling/te/labels.hpp"

namespace forces::signaling::resource {

using te::LabelRanges;
using te::Labels;

// One object of a label set, as on the wire.
struct LabelSetPart {
  enum class Action : std::uint8_t {
    InclusiveList = 0,
    ExclusiveList = 1,
    InclusiveRange = 2,
    ExclusiveRange = 3,
  };
  Action action{};
  Labels subchannels{};  // of a range two: from, to; 0 says that there is no bound
  friend bool operator==(const LabelSetPart&, const LabelSetPart&) = default;
};

// The set that they make together: what is included (all, when they only exclude, or when there are
// none) without what is excluded. nullopt: an action that is none, or a range of not two labels or
// with its end before its begin: PathErr 24/11 (RFC 3473 section 2.6.1).
[[nodiscard]] std::optional<LabelRanges> read_label_set(std::span<const LabelSetPart> parts);

// The same set in few parts: an inclusive list, and a part for each range that has more than two
// labels. An empty set cannot be said: no part, which would mean all.
[[nodiscard]] std::vector<LabelSetPart> write_label_set(const LabelRanges& set);

}  // namespace forces::signaling::resource
