// Messages of IGMPv1, v2, v3 (RFC 1112, 2236, 3376) and MLDv1, v2 (RFC 2710, 3810), as views into
// the octets that they were read from: decoding allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "common/core/result.hpp"
#include "proto/igmp/address.hpp"
#include "proto/igmp/codes.hpp"
#include "proto/wire/reader.hpp"
#include "proto/wire/writer.hpp"

namespace forces::igmp {

// A list of source addresses.
class Sources {
 public:
  constexpr Sources() = default;
  constexpr Sources(Family family, Bytes octets) : family_(family), octets_(octets) {}

  [[nodiscard]] constexpr std::size_t size() const { return octets_.size() / octets_of(family_); }
  [[nodiscard]] constexpr bool empty() const { return octets_.empty(); }
  [[nodiscard]] constexpr Address operator[](std::size_t i) const {
    return Address::from(family_, octets_.subspan(i * octets_of(family_), octets_of(family_)));
  }
  [[nodiscard]] constexpr Bytes octets() const { return octets_; }
  friend bool operator==(const Sources& a, const Sources& b) {
    return std::ranges::equal(a.octets_, b.octets_);
  }

 private:
  Family family_ = Family::Ipv4;
  Bytes octets_;
};

struct Query {
  Version version = Version::V3;
  Address group{};          // zero: a General Query
  Duration max_response{};  // of V1: 0 on the wire, 10 s in effect (RFC 2236 section 4)
  // V3 only:
  bool suppress = false;        // S: who hears it does not lower its timers
  std::uint8_t robustness = 0;  // QRV; 0: more than 7, or not said
  Duration interval{};          // QQI, whole seconds; 0: not said
  Sources sources{};            // none: of the whole group
  friend bool operator==(const Query&, const Query&) = default;
};

// Version 1 or 2: of one group.
struct Report {
  Version version = Version::V2;
  Address group{};
  friend bool operator==(const Report&, const Report&) = default;
};

// IGMPv2 Leave Group, MLDv1 Done.
struct Leave {
  Address group{};
  friend bool operator==(const Leave&, const Leave&) = default;
};

struct Record {
  RecordType type{};  // may be unknown: such a record is to be ignored (section 4.2.12)
  Address group{};    // not judged
  Sources sources{};
  Bytes auxiliary{};
  friend bool operator==(const Record& a, const Record& b) {
    return a.type == b.type && a.group == b.group && a.sources == b.sources &&
           std::ranges::equal(a.auxiliary, b.auxiliary);
  }
};

// IGMPv3 Membership Report, MLDv2 Multicast Listener Report.
class Records {
 public:
  Records() = default;
  // `octets` are `count` whole records: of decode_message(), or of append_record().
  Records(Family family, std::uint16_t count, Bytes octets)
      : family_(family), count_(count), octets_(octets) {}

  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] Bytes octets() const { return octets_; }
  [[nodiscard]] Family family() const { return family_; }

  // for (auto r = records.walk(); const auto record = r.next();)
  class Walk {
   public:
    explicit Walk(const Records& records)
        : family_(records.family_), left_(records.count_), reader_(records.octets_) {}
    [[nodiscard]] std::optional<Record> next();

   private:
    Family family_;
    std::size_t left_;
    wire::ByteReader reader_;
  };
  [[nodiscard]] Walk walk() const { return Walk(*this); }
  friend bool operator==(const Records& a, const Records& b) {
    return a.family_ == b.family_ && a.count_ == b.count_ &&
           std::ranges::equal(a.octets_, b.octets_);
  }

 private:
  Family family_ = Family::Ipv4;
  std::uint16_t count_ = 0;
  Bytes octets_;
};

using Message = std::variant<Query, Report, Leave, Records>;

// `octets` are the payload of IP, of protocol 2 or of ICMPv6; `source` and `destination` say the
// family and go into MLD's checksum. What stands behind the message is ignored, but summed
// (RFC 3376 sections 4.1.10, 4.2.11). Errors name fields "igmp.…" in both families:
// UnknownType for other types (RFC 3376 section 4: to be ignored silently), BadLength for a query
// of a length that no version has (section 7.1), BadValue for a group that is none.
[[nodiscard]] Result<Message> decode_message(const Address& source, const Address& destination,
                                             Bytes octets);

// Appends the message with its checksum. Durations are rounded down to what their codes can say.
void encode_message(const Address& source, const Address& destination, const Message& message,
                    wire::ByteWriter& w);

// One more record, for a Records of what `w` has.
void append_record(RecordType type, const Address& group, std::span<const Address> sources,
                   wire::ByteWriter& w);

}  // namespace forces::igmp
