// MARS control messages (RFC 2022 sections 4 to 6), behind LLC/SNAP.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/core/result.hpp"
#include "proto/mars/address.hpp"
#include "proto/mars/codes.hpp"
#include "proto/mars/tlv.hpp"
#include "proto/wire/reader.hpp"

namespace forces::mars {

using Octets = std::vector<std::byte>;

// One struct for the thirteen messages, whose formats share most fields; what a form does not have
// keeps its default.
struct Message {
  Operation operation{};
  ProtocolType protocol{};            // mar$pro
  AtmAddress source{};                // mar$sha, mar$ssa: never null
  ProtocolAddress source_protocol{};  // mar$spa; none in a REDIRECT_MAP

  // Membership
  Flags flags{};
  std::uint16_t cmi = 0;
  std::vector<GroupRange> ranges{};  // ascending; a registration may have one of null addresses

  std::uint32_t msn = 0;  // Membership and Multi: CSN or SSN

  ProtocolAddress group{};  // mar$tpa: Query, MULTI, MIGRATE

  // Multi
  bool last = true;                       // mar$seqxy: x; not in a MIGRATE
  std::uint16_t part = 1;                 // y, 15 bits
  bool hard = false;                      // mar$redirf of a REDIRECT_MAP
  std::vector<AtmAddress> targets{};      // of one type and length
  std::vector<ProtocolAddress> groups{};  // of a GROUPLIST_REPLY, instead of targets

  // mar$tpln when there is no range and no group that would tell.
  std::uint8_t group_length = 4;

  std::vector<Tlv> tlvs{};
  bool null_tlv = false;    // a list of the Null TLV alone
  bool checksummed = true;  // false: mar$chksum is 0, "not computed"

  friend bool operator==(const Message&, const Message&) = default;
};

// One whole message. The TLVs come before the operation: ask tlv_action(message.tlvs) first
// (section 10.3), then rules.hpp for what an endpoint may send. mar$hdrrsv, mar$pad and other
// unused fields are ignored, as are the low bits of mar$extoff.
[[nodiscard]] Result<Message> decode_message(Bytes octets);

[[nodiscard]] Result<Octets> encode_message(const Message& message);

// How long it is, were it encoded.
[[nodiscard]] std::size_t encoded_size(const Message& message);

}  // namespace forces::mars
