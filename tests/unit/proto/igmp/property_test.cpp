// Random packets and damaged ones, by RapidCheck: it shrinks what fails and prints the seed.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "proto/igmp/packet.hpp"
#include "tests/support/octets/vectors.hpp"

namespace forces::igmp {
namespace {

using Octets = std::vector<std::byte>;

std::uint32_t below(std::uint32_t n) { return *rc::gen::inRange<std::uint32_t>(0, n); }
Address any_address(Family family) {
  Address out{family, {}};
  for (std::size_t i = 0; i < out.size(); ++i) out.octets[i] = static_cast<std::byte>(below(256));
  return out;
}
Address any_group(Family family) {
  Address out = any_address(family);
  out.octets[0] = family == Family::Ipv4 ? std::byte{239} : std::byte{255};
  return out;
}
std::vector<Address> some(Family family) {
  std::vector<Address> out(below(4));
  for (Address& one : out) one = any_address(family);
  return out;
}

// `memory` holds what views look at.
Packet any_packet(wire::ByteWriter& memory) {
  const Family family = below(2) == 0 ? Family::Ipv4 : Family::Ipv6;
  const bool six = family == Family::Ipv6;
  Packet p{.source = any_address(family),
           .destination = any_address(family),
           .hop_limit = static_cast<std::uint8_t>(below(256)),
           .router_alert = below(2) == 0};
  switch (below(4)) {
    case 0: {
      Query q{.version = below(2) == 0 ? Version::V2 : Version::V3};
      const bool general = below(2) == 0;
      q.group = general ? Address::zero(family) : any_group(family);
      if (q.version == Version::V2) {
        q.max_response = response_unit(family) * (1 + below(six ? 0xffff : 0xff));
      } else {
        q.max_response = response_unit(family) *
                         (six ? value_of_code16(static_cast<std::uint16_t>(below(0x10000)))
                              : value_of_code8(static_cast<std::uint8_t>(below(0x100))));
        q.suppress = below(2) == 0;
        q.robustness = static_cast<std::uint8_t>(below(8));
        q.interval = std::chrono::seconds(value_of_code8(static_cast<std::uint8_t>(below(0x100))));
        if (!general) {
          for (const Address& source : some(family)) memory.bytes(source.bytes());
          q.sources = Sources(family, memory.written());
        }
      }
      p.message = q;
      break;
    }
    case 1:
      p.message = Report{Version::V2, any_group(family)};
      break;
    case 2:
      p.message = Leave{any_group(family)};
      break;
    default: {
      const auto count = static_cast<std::uint16_t>(below(4));
      for (std::uint16_t i = 0; i < count; ++i) {
        append_record(static_cast<RecordType>(1 + below(7)), any_group(family), some(family),
                      memory);
      }
      p.message = Records(family, count, memory.written());
    }
  }
  return p;
}

TEST(IgmpProperty, WhatIsEncodedDecodesToTheSame) {
  EXPECT_TRUE(rc::check("what is encoded decodes to the same", [] {
    wire::ByteWriter memory, w;
    const Packet packet = any_packet(memory);
    encode_packet(packet, w);
    const auto octets = std::move(w).finish();
    RC_ASSERT(octets.has_value());
    RC_ASSERT(decode_packet(*octets).value() == packet);
  }));
}

TEST(IgmpProperty, DamagedPacketsAreRefusedOrStillPackets) {
  const auto vectors = test::load_vectors("igmp/igmp.hex");
  EXPECT_TRUE(rc::check("damaged packets are refused or still packets", [&] {
    Octets octets = vectors[below(static_cast<std::uint32_t>(vectors.size()))].octets;
    for (std::uint32_t n = 1 + below(3); n > 0; --n) {
      octets[below(static_cast<std::uint32_t>(octets.size()))] = static_cast<std::byte>(below(256));
    }
    const auto packet = decode_packet(octets);
    if (!packet) {
      RC_ASSERT(packet.error().offset <= octets.size());
      return;
    }
    wire::ByteWriter w;
    encode_packet(*packet, w);
    const auto again = std::move(w).finish();
    RC_ASSERT(again.has_value());
    RC_ASSERT(decode_packet(*again).value() == *packet);
  }));
}

}  // namespace
}  // namespace forces::igmp
