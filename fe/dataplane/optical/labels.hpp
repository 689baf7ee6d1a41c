// Labels of an optical port: those it has, as ranges of the configuration, and sets of them.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace forces::fe::dataplane::optical {

// first, first + step, ... up to last, which is one of them.
struct LabelRange {
  std::uint32_t first = 0, last = 0, step = 1;
  friend auto operator<=>(const LabelRange&, const LabelRange&) = default;
};

// "7", "1-64", "0x10000-0x400000/0x10000". Nothing: it is none, or it is empty.
[[nodiscard]] std::optional<LabelRange> label_range(std::string_view text);
[[nodiscard]] std::string text_of(const LabelRange& range);  // which label_range() takes again

[[nodiscard]] bool contains(std::span<const LabelRange> ranges, std::uint32_t label);
// Whether one of the labels is between `first` and `last`.
[[nodiscard]] bool meets(std::span<const LabelRange> ranges, std::uint32_t first,
                         std::uint32_t last);

// Intervals that neither overlap nor touch.
class LabelSet {
 public:
  void add(std::uint32_t first, std::uint32_t last);
  void remove(std::uint32_t first, std::uint32_t last);
  void clear() { ranges_.clear(); }
  [[nodiscard]] bool contains(std::uint32_t label) const;
  [[nodiscard]] const std::map<std::uint32_t, std::uint32_t>& ranges() const { return ranges_; }

 private:
  std::map<std::uint32_t, std::uint32_t> ranges_;  // first to last
};

}  // namespace forces::fe::dataplane::optical
