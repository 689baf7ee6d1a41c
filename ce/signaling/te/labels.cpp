#include "ce/signaling/te/labels.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace forces::signaling::te {

namespace {

constexpr Label kLast = std::numeric_limits<Label>::max();
constexpr Label kSlot = 0x10000;  // from one VC-4 to the next: S is in the upper half

}  // namespace

LabelRanges LabelRanges::all() { return range(0, kLast); }

LabelRanges LabelRanges::range(Label first, Label last) {
  LabelRanges set;
  set.insert(first, last);
  return set;
}

LabelRanges LabelRanges::of(std::span<const Label> labels) {
  LabelRanges set;
  for (const Label label : labels) set.insert(label);
  return set;
}

LabelRanges LabelRanges::sdh_slots(std::uint32_t first, std::uint32_t last) {
  LabelRanges set;
  for (std::uint32_t slot = first; slot <= last && slot <= 0xffff; ++slot) {
    set.insert(slot * kSlot);
  }
  return set;
}

void LabelRanges::insert(Label first, Label last) {
  if (first > last) return;
  // The first that overlaps or touches.
  auto from = std::ranges::partition_point(
      ranges_, [&](const Range& r) { return r.last < first && first - r.last > 1; });
  auto to = from;
  while (to != ranges_.end() && (to->first <= last || to->first - last == 1)) {
    first = std::min(first, to->first);
    last = std::max(last, to->last);
    ++to;
  }
  if (from == to) {
    ranges_.insert(from, Range{first, last});
  } else {
    *from = Range{first, last};
    ranges_.erase(from + 1, to);
  }
}

void LabelRanges::erase(Label first, Label last) {
  if (first > last) return;
  const auto from =
      std::ranges::partition_point(ranges_, [&](const Range& r) { return r.last < first; });
  auto to = from;
  std::array<Range, 2> kept{};
  std::size_t count = 0;
  while (to != ranges_.end() && to->first <= last) {
    if (to->first < first) kept[count++] = Range{to->first, first - 1};
    if (to->last > last) kept[count++] = Range{last + 1, to->last};
    ++to;
  }
  const auto at = ranges_.erase(from, to);
  ranges_.insert(at, kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(count));
}

LabelRanges& LabelRanges::operator|=(const LabelRanges& other) {
  if (ranges_.empty()) return *this = other;
  for (const Range& r : std::vector<Range>(other.ranges_)) insert(r.first, r.last);
  return *this;
}

LabelRanges& LabelRanges::operator&=(const LabelRanges& other) {
  std::vector<Range> common;
  auto a = ranges_.begin();
  auto b = other.ranges_.begin();
  while (a != ranges_.end() && b != other.ranges_.end()) {
    const Label first = std::max(a->first, b->first), last = std::min(a->last, b->last);
    if (first <= last) common.push_back({first, last});
    if (a->last < b->last) {
      ++a;
    } else {
      ++b;
    }
  }
  ranges_ = std::move(common);
  return *this;
}

LabelRanges& LabelRanges::operator-=(const LabelRanges& other) {
  if (ranges_.empty() || other.ranges_.empty()) return *this;
  // One pass: of SDH every slot is a range of its own.
  std::vector<Range> left;
  left.reserve(ranges_.size() + other.ranges_.size());
  auto cut = other.ranges_.begin();
  const auto end = other.ranges_.end();
  for (const Range& range : ranges_) {
    while (cut != end && cut->last < range.first) ++cut;
    Label first = range.first;
    auto at = cut;
    for (; at != end && at->first <= range.last; ++at) {
      if (at->first > first) left.push_back({first, at->first - 1});
      if (at->last >= range.last) break;
      first = at->last + 1;
    }
    if (at == end || at->first > range.last) left.push_back({first, range.last});
  }
  ranges_ = std::move(left);
  return *this;
}

bool LabelRanges::contains(Label label) const {
  const auto at =
      std::ranges::partition_point(ranges_, [&](const Range& r) { return r.last < label; });
  return at != ranges_.end() && at->first <= label;
}

bool LabelRanges::contains(const LabelRanges& other) const {
  return std::ranges::all_of(other.ranges_, [&](const Range& wanted) {
    const auto at = std::ranges::partition_point(
        ranges_, [&](const Range& r) { return r.last < wanted.first; });
    return at != ranges_.end() && at->first <= wanted.first && at->last >= wanted.last;
  });
}

bool LabelRanges::contains_all(std::span<const Label> labels) const {
  return std::ranges::all_of(labels, [&](Label label) { return contains(label); });
}

std::uint64_t LabelRanges::size() const {
  std::uint64_t sum = 0;
  for (const Range& r : ranges_) sum += std::uint64_t{r.last} - r.first + 1;
  return sum;
}

std::optional<Label> LabelRanges::next(Label from) const {
  const auto at =
      std::ranges::partition_point(ranges_, [&](const Range& r) { return r.last < from; });
  if (at == ranges_.end()) return std::nullopt;
  return std::max(at->first, from);
}

Labels LabelRanges::list(std::size_t most, bool from_top) const {
  Labels labels;
  if (!from_top) {
    for (const Range& r : ranges_) {
      for (Label label = r.first; labels.size() < most; ++label) {
        labels.push_back(label);
        if (label == r.last) break;
      }
    }
    return labels;
  }
  for (auto r = ranges_.rbegin(); r != ranges_.rend(); ++r) {
    for (Label label = r->last; labels.size() < most; --label) {
      labels.push_back(label);
      if (label == r->first) break;
    }
  }
  std::ranges::reverse(labels);
  return labels;
}

std::optional<Signal::Fault> Signal::fault() const {
  if (multiplier == 0) return Fault::Multiplier;
  if (encoding != Encoding::Sdh) return std::nullopt;
  if (type == 0 || type > 12) return Fault::Type;
  // G.707: VC-4-Xc begins where an AUG-X does. NCC counts only when RCC is not 0 (RFC 4606).
  const bool standard = (rcc & 1) != 0;
  if (rcc != 0 && !standard) return Fault::Concatenation;
  if (standard && ncc != 1 &&
      (type != kVc4 || (ncc != 4 && ncc != 16 && ncc != 64 && ncc != 256))) {
    return Fault::Concatenation;
  }
  if (nvc > 1 && standard && ncc > 1) return Fault::Concatenation;  // VCs of one kind only
  return std::nullopt;
}

std::uint32_t Signal::labels() const {
  const std::uint32_t each = encoding == Encoding::Sdh && nvc > 0 ? nvc : 1;
  return each * multiplier;
}

std::uint32_t Signal::width() const {
  return encoding == Encoding::Sdh && type == kVc4 && (rcc & 1) != 0 && ncc > 1 ? ncc : 1;
}

double Signal::bandwidth() const {
  // RFC 3471 section 3.1.2 and RFC 4606: payloads and frames, bits a second.
  static constexpr std::array<double, 13> kBits{0,         1.6e6,     2.304e6,   3.456e6,  6.912e6,
                                                49.536e6,  150.336e6, 51.84e6,   155.52e6, 622.08e6,
                                                2488.32e6, 9953.28e6, 39813.12e6};
  double one = octets_per_second;
  if (one <= 0 && encoding == Encoding::Sdh && type < kBits.size()) one = kBits[type] / 8;
  return one * labels() * width();
}

Labels Signal::slots(Label label) const {
  Labels all;
  const std::uint32_t count = width();
  for (std::uint32_t i = 0; i < count; ++i) all.push_back(label + i * kSlot);
  return all;
}

Labels Signal::slots(std::span<const Label> labels) const {
  Labels all;
  for (const Label label : labels) {
    const Labels some = slots(label);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

namespace {

// Where a contiguous concatenation may begin.
bool begins(Label label, std::uint32_t width) {
  if (width == 1) return true;
  const std::uint32_t slot = label / kSlot;
  return label % kSlot == 0 && slot >= 1 && (slot - 1) % width == 0 && slot + width - 1 <= 0xffff;
}

}  // namespace

bool Signal::acceptable(std::span<const Label> list) const {
  if (list.size() != labels()) return false;
  const std::uint32_t count = width();
  LabelRanges seen;
  for (const Label label : list) {
    if (!begins(label, count)) return false;
    for (const Label slot : slots(label)) {
      if (seen.contains(slot)) return false;
      seen.insert(slot);
    }
  }
  return true;
}

LabelRanges Signal::starts(const LabelRanges& free) const {
  const std::uint32_t count = width();
  if (count == 1) return free;
  LabelRanges found;
  for (std::uint32_t slot = 1; slot + count - 1 <= 0xffff; slot += count) {
    const auto next = free.next(slot * kSlot);
    if (!next) break;
    const std::uint32_t there = *next / kSlot;
    if (there >= slot + count) slot = (there - 1) / count * count + 1;  // over the gap
    if (slot + count - 1 > 0xffff) break;
    const Label first = slot * kSlot;
    bool whole = true;
    for (std::uint32_t i = 0; whole && i < count; ++i) whole = free.contains(first + i * kSlot);
    if (whole) found.insert(first);
  }
  return found;
}

bool Signal::fits(const LabelRanges& free) const {
  if (fault()) return false;
  if (width() == 1) return free.size() >= labels();
  return starts(free).size() >= labels();
}

std::optional<Labels> Signal::choose(const LabelRanges& free, bool from_top) const {
  if (!fits(free)) return std::nullopt;
  return starts(free).list(labels(), from_top);
}

}  // namespace forces::signaling::te
