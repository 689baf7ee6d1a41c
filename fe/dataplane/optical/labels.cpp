#include "fe/dataplane/optical/labels.hpp"

#include <algorithm>

#include "common/core/number.hpp"

namespace forces::fe::dataplane::optical {
std::optional<LabelRange> label_range(std::string_view text) {
  const std::size_t slash = text.find('/');
  std::string_view ends = text.substr(0, slash);
  const auto step =
      slash == std::string_view::npos ? 1 : decimal_or_hex<std::uint32_t>(text.substr(slash + 1));
  const std::size_t dash = ends.find('-');
  const auto first = decimal_or_hex<std::uint32_t>(ends.substr(0, dash));
  const auto last =
      dash == std::string_view::npos ? first : decimal_or_hex<std::uint32_t>(ends.substr(dash + 1));
  if (!first || !last || !step || *step == 0 || *last < *first) return std::nullopt;
  return LabelRange{*first, *last - (*last - *first) % *step, *step};
}

std::string text_of(const LabelRange& range) {
  std::string text = std::to_string(range.first);
  if (range.last != range.first) text.append("-").append(std::to_string(range.last));
  if (range.step != 1) text.append("/").append(std::to_string(range.step));
  return text;
}

bool contains(std::span<const LabelRange> ranges, std::uint32_t label) {
  return std::ranges::any_of(ranges, [&](const LabelRange& range) {
    return label >= range.first && label <= range.last && (label - range.first) % range.step == 0;
  });
}

bool meets(std::span<const LabelRange> ranges, std::uint32_t first, std::uint32_t last) {
  return std::ranges::any_of(ranges, [&](const LabelRange& range) {
    if (last < range.first || first > range.last) return false;
    if (first <= range.first) return true;
    const std::uint32_t beyond = (first - range.first) % range.step;  // of the label before
    return beyond == 0 || range.step - beyond <= std::min(last, range.last) - first;
  });
}

void LabelSet::add(std::uint32_t first, std::uint32_t last) {
  auto at = ranges_.upper_bound(first);
  if (at != ranges_.begin()) {
    const auto before = std::prev(at);
    if (first == 0 || before->second >= first - 1) at = before;  // it overlaps, or touches
  }
  while (at != ranges_.end() && (last == ~std::uint32_t{0} || at->first <= last + 1)) {
    first = std::min(first, at->first);
    last = std::max(last, at->second);
    at = ranges_.erase(at);
  }
  ranges_.emplace(first, last);
}

void LabelSet::remove(std::uint32_t first, std::uint32_t last) {
  auto at = ranges_.upper_bound(first);
  if (at != ranges_.begin()) --at;
  while (at != ranges_.end() && at->first <= last) {
    const auto [from, to] = *at;
    if (to < first) {
      ++at;
      continue;
    }
    at = ranges_.erase(at);
    if (from < first) ranges_.emplace(from, first - 1);
    if (to > last) ranges_.emplace(last + 1, to);
  }
}

bool LabelSet::contains(std::uint32_t label) const {
  auto at = ranges_.upper_bound(label);
  return at != ranges_.begin() && std::prev(at)->second >= label;
}

}  // namespace forces::fe::dataplane::optical
