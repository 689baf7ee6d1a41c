// The runs that a packet is made of, to be walked with a range-for: records, receivers, extensions.
// The octets have been checked before; a walk allocates nothing and cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

#include "proto/scsp/codes.hpp"
#include "proto/scsp/id.hpp"
#include "proto/scsp/sequence.hpp"
#include "proto/wire/reader.hpp"

namespace forces::scsp {

// B.2.0.2. Which entry and which instance of it; the spans are those of the packet.
struct Csas {
  std::uint16_t hop_count = 1;  // 1 when it stands alone
  bool null = false;            // N: the solicited entry is gone
  SequenceNumber sequence{};
  Bytes key{}, originator{};
};

[[nodiscard]] inline bool same_entry(const Csas& a, const Csas& b) {
  return same_id(a.key, b.key) && same_id(a.originator, b.originator);
}
// Acknowledgements match like this: hop count and record length of a reply are others than those
// of the request (section 2.3).
[[nodiscard]] inline bool same_instance(const Csas& a, const Csas& b) {
  return a.sequence == b.sequence && same_entry(a, b);
}

// A CSAS record, or a CSA record with its protocol specific part.
struct RecordView : Csas {
  Bytes body{};              // empty in a CSAS
  Bytes octets{};            // the record as it is on the wire
  std::uint32_t offset = 0;  // of its first octet in the packet

  [[nodiscard]] std::size_t body_offset() const { return offset + octets.size() - body.size(); }
};

// B.3
struct ExtensionView {
  ExtensionType type{};
  Bytes value{};
  std::uint32_t offset = 0;

  ExtensionView(Bytes octets, std::size_t at)
      : type(static_cast<ExtensionType>(wire::load_be<2>(octets.data()))),  // NOLINT: any value
        value(octets.subspan(4, wire::load_be<2>(octets.data() + 2))),
        offset(static_cast<std::uint32_t>(at)) {}
};

namespace detail {

[[nodiscard]] inline RecordView view_record(Bytes octets, std::size_t at) {
  const std::byte* const p = octets.data();
  const std::size_t length = wire::load_be<2>(p + 2);
  const std::size_t key = std::to_integer<std::size_t>(p[4]);
  const std::size_t originator = std::to_integer<std::size_t>(p[5]);
  RecordView record;
  record.hop_count = static_cast<std::uint16_t>(wire::load_be<2>(p));
  record.null = (std::to_integer<unsigned>(p[6]) & 0x80) != 0;
  record.sequence = SequenceNumber::from_wire(static_cast<std::uint32_t>(wire::load_be<4>(p + 8)));
  record.octets = octets.first(length);
  record.key = record.octets.subspan(kCsasFixed, key);
  record.originator = record.octets.subspan(kCsasFixed + key, originator);
  record.body = record.octets.subspan(kCsasFixed + key + originator);
  record.offset = static_cast<std::uint32_t>(at);
  return record;
}

struct RecordStep {
  using Value = RecordView;
  static Value view(Bytes rest, std::size_t at) { return view_record(rest, at); }
  static std::size_t size(Bytes rest) { return wire::load_be<2>(rest.data() + 2); }
};
struct ReceiverStep {  // B.2.5: a length, an ID
  using Value = Bytes;
  static Value view(Bytes rest, std::size_t) { return rest.subspan(1, size(rest) - 1); }
  static std::size_t size(Bytes rest) { return 1 + std::to_integer<std::size_t>(rest[0]); }
};
struct ExtensionStep {
  using Value = ExtensionView;
  static Value view(Bytes rest, std::size_t at) { return {rest, at}; }
  static std::size_t size(Bytes rest) { return 4 + wire::load_be<2>(rest.data() + 2); }
};

}  // namespace detail

template <class Step>
class Run {
 public:
  class Iterator {
   public:
    using value_type = typename Step::Value;
    using difference_type = std::ptrdiff_t;

    Iterator(Bytes rest, std::size_t at) : rest_(rest), at_(at) {}
    [[nodiscard]] value_type operator*() const { return Step::view(rest_, at_); }
    Iterator& operator++() {
      const std::size_t size = Step::size(rest_);
      rest_ = rest_.subspan(size);
      at_ += size;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return it.rest_.empty(); }

   private:
    Bytes rest_;
    std::size_t at_;
  };

  Run() = default;
  Run(Bytes octets, std::size_t count, std::size_t base)
      : octets_(octets), count_(count), base_(base) {}

  [[nodiscard]] Iterator begin() const { return {octets_, base_}; }
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] Bytes octets() const { return octets_; }

 private:
  Bytes octets_{};
  std::size_t count_ = 0, base_ = 0;
};

using RecordRange = Run<detail::RecordStep>;
using ReceiverRange = Run<detail::ReceiverStep>;
using ExtensionRange = Run<detail::ExtensionStep>;  // without End

}  // namespace forces::scsp
