// Sets of labels, and how many labels of which kind a connection needs.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include "ce/signaling/ids.hpp"

namespace forces::signaling::te {

// The labels of one connection on one link, in the order of its payloads (RFC 4606 section 3).
using Labels = std::vector<Label>;

// A set of labels: disjoint ranges in order, none of which touches the next.
class LabelRanges {
 public:
  struct Range {
    Label first = 0, last = 0;  // both in it
    friend bool operator==(const Range&, const Range&) = default;
  };

  LabelRanges() = default;
  LabelRanges(std::initializer_list<Label> labels) {
    for (const Label label : labels) insert(label);
  }
  [[nodiscard]] static LabelRanges all();
  [[nodiscard]] static LabelRanges range(Label first, Label last);
  [[nodiscard]] static LabelRanges of(std::span<const Label> labels);
  // The VC-4s of an STM-N: slots first to last (RFC 4606 section 3: S is the slot, the rest 0).
  [[nodiscard]] static LabelRanges sdh_slots(std::uint32_t first, std::uint32_t last);

  void insert(Label label) { insert(label, label); }
  void insert(Label first, Label last);
  void erase(Label label) { erase(label, label); }
  void erase(Label first, Label last);
  LabelRanges& operator|=(const LabelRanges& other);
  LabelRanges& operator&=(const LabelRanges& other);
  LabelRanges& operator-=(const LabelRanges& other);

  [[nodiscard]] bool contains(Label label) const;
  [[nodiscard]] bool contains(const LabelRanges& other) const;
  [[nodiscard]] bool contains_all(std::span<const Label> labels) const;
  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] std::uint64_t size() const;
  // The lowest label of the set that is not below `from`.
  [[nodiscard]] std::optional<Label> next(Label from) const;
  [[nodiscard]] std::span<const Range> ranges() const { return ranges_; }
  // The first `most` labels, or with `from_top` the last, in their order.
  [[nodiscard]] Labels list(std::size_t most, bool from_top = false) const;

  friend LabelRanges operator|(LabelRanges a, const LabelRanges& b) { return a |= b; }
  friend LabelRanges operator&(LabelRanges a, const LabelRanges& b) { return a &= b; }
  friend LabelRanges operator-(LabelRanges a, const LabelRanges& b) { return a -= b; }
  friend bool operator==(const LabelRanges&, const LabelRanges&) = default;

 private:
  std::vector<Range> ranges_;
};

// NOLINTBEGIN(performance-enum-size): as wide as on the wire

// RFC 3471 section 3.1.1.
enum class Switching : std::uint8_t { Psc1 = 1, L2sc = 51, Tdm = 100, Lsc = 150, Fsc = 200 };
enum class Encoding : std::uint8_t {
  Packet = 1,
  Ethernet = 2,
  Pdh = 3,
  Sdh = 5,
  DigitalWrapper = 7,
  Lambda = 8,
  Fiber = 9,
  FiberChannel = 11,
  Oduk = 12,
};

// NOLINTEND(performance-enum-size)

// What is to be connected: LABEL_REQUEST and SONET/SDH traffic parameters (RFC 4606 section 2.1).
// Of another encoding only `multiplier` and `octets_per_second` count.
struct Signal {
  static constexpr std::uint8_t kVc4 = 6;

  Switching switching = Switching::Tdm;
  Encoding encoding = Encoding::Sdh;
  std::uint8_t type = kVc4;
  std::uint8_t rcc = 0;  // 1: standard contiguous concatenation of `ncc`
  std::uint16_t ncc = 0, nvc = 0, multiplier = 1;
  double octets_per_second = 0;  // of one unit; 0: as the type says

  // Why it cannot be set up anywhere (RFC 4606 section 2.2: 21/4, 21/2); nullopt: it can.
  enum class Fault : std::uint8_t { Multiplier, Concatenation, Type };
  [[nodiscard]] std::optional<Fault> fault() const;
  // How many labels stand in its list: one a component of a virtual concatenation, one a signal.
  [[nodiscard]] std::uint32_t labels() const;
  // How many slots one label of the list stands for: more than 1 of a contiguous concatenation.
  [[nodiscard]] std::uint32_t width() const;
  [[nodiscard]] double bandwidth() const;  // of all, octets a second

  // The slots that a label stands for: itself, and of a contiguous concatenation those behind it.
  [[nodiscard]] Labels slots(Label label) const;
  [[nodiscard]] Labels slots(std::span<const Label> labels) const;
  // Whether this can be its list: as many as must be, no slot twice, concatenations where they may
  // begin (slot 1, 1 + ncc, ...).
  [[nodiscard]] bool acceptable(std::span<const Label> labels) const;
  // The labels with which a list can be made of slots from `free`.
  [[nodiscard]] LabelRanges starts(const LabelRanges& free) const;
  [[nodiscard]] bool fits(const LabelRanges& free) const;
  // A list from `free`: the lowest labels, or with `from_top` the highest.
  [[nodiscard]] std::optional<Labels> choose(const LabelRanges& free, bool from_top = false) const;

  friend bool operator==(const Signal&, const Signal&) = default;
};

}  // namespace forces::signaling::te
