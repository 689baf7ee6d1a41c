#include "ce/signaling/resource/label_set.hpp"

#include <limits>

namespace forces::signaling::resource {

namespace {

constexpr Label kLast = std::numeric_limits<Label>::max();

}  // namespace

std::optional<LabelRanges> read_label_set(std::span<const LabelSetPart> parts) {
  LabelRanges included, excluded;
  bool includes = false;
  for (const LabelSetPart& part : parts) {
    using Action = LabelSetPart::Action;
    const bool list = part.action == Action::InclusiveList || part.action == Action::ExclusiveList;
    const bool range =
        part.action == Action::InclusiveRange || part.action == Action::ExclusiveRange;
    if (!list && !range) return std::nullopt;
    const bool includes_this =
        part.action == Action::InclusiveList || part.action == Action::InclusiveRange;
    includes = includes || includes_this;
    LabelRanges& set = includes_this ? included : excluded;
    if (list) {
      for (const Label label : part.subchannels) set.insert(label);
      continue;
    }
    if (part.subchannels.size() != 2) return std::nullopt;
    const Label first = part.subchannels[0];
    const Label last = part.subchannels[1] == 0 ? kLast : part.subchannels[1];
    if (first > last) return std::nullopt;
    set.insert(first, last);
  }
  if (!includes) included = LabelRanges::all();
  return included - excluded;
}

std::vector<LabelSetPart> write_label_set(const LabelRanges& set) {
  LabelSetPart list{.action = LabelSetPart::Action::InclusiveList};
  std::vector<LabelSetPart> parts;
  for (const LabelRanges::Range& range : set.ranges()) {
    if (range.last - range.first > 1) {
      // 0 says "no bound", which for the first and the last label is the same.
      parts.push_back({.action = LabelSetPart::Action::InclusiveRange,
                       .subchannels = {range.first, range.last}});
      continue;
    }
    list.subchannels.push_back(range.first);
    if (range.last != range.first) list.subchannels.push_back(range.last);
  }
  if (!list.subchannels.empty()) parts.insert(parts.begin(), std::move(list));
  return parts;
}

}  // namespace forces::signaling::resource
