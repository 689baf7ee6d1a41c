// The IP packet around a message: what is refused, and what the RFCs ask of a sender.
#include "proto/igmp/packet.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "proto/wire/checksum.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::igmp {
namespace {

using test::hex;
using test::to_hex;
using Octets = std::vector<std::byte>;

const Address kGroup = Address::ipv4(0xef010203);
Address six(std::string_view text) { return Address::from(Family::Ipv6, hex(text)); }

Packet report() {
  return {.source = Address::ipv4(0xc0000209),
          .destination = kGroup,
          .message = Report{Version::V2, kGroup}};
}
Packet report_six() {
  const Address group = six("ff350000000000000000000043211234");
  return {.source = six("fe800000000000000000000000000009"),
          .destination = group,
          .message = Report{Version::V2, group}};
}
Octets encoded(const Packet& packet) {
  wire::ByteWriter w;
  encode_packet(packet, w);
  return std::move(w).finish().value();
}
// A change of the header, with its checksum made right again.
Octets changed(const std::function<void(Octets&)>& change) {
  Octets octets = encoded(report());
  change(octets);
  octets[10] = octets[11] = std::byte{0};
  wire::store_be<2>(&octets[10], wire::internet_checksum(wire::Bytes(octets).first(24)));
  return octets;
}

TEST(IgmpPacket, IsSentAsTheRfcsAsk) {  // RFC 3376 section 4; RFC 3810 section 5
  EXPECT_EQ(to_hex(encoded(report())),
            "46c00020000040000102310a"
            "c0000209ef01020394040000"
            "1600f8faef010203")
      << "TTL 1, precedence Internetwork Control, Router Alert";
  EXPECT_EQ(to_hex(encoded(report_six())).substr(0, 16), "6000000000200001")
      << "hop limit 1, Hop-by-Hop Options";
  EXPECT_EQ(to_hex(wire::Bytes(encoded(report_six())).subspan(40, 8)), "3a00050200000100");
}

TEST(IgmpPacket, RefusedWithItsReason) {
  const auto error = [](const Octets& octets) { return decode_packet(octets).error(); };
  EXPECT_EQ(error({}), (Error{Errc::Truncated, 0, "ip.version"}));
  EXPECT_EQ(error(hex("55")), (Error{Errc::BadVersion, 0, "ip.version"}));
  EXPECT_EQ(error(changed([](Octets& o) { o[9] = std::byte{1}; })),
            (Error{Errc::UnknownType, 9, "ip.protocol"}));
  EXPECT_EQ(error(changed([](Octets& o) { o[6] = std::byte{0x20}; })),
            (Error{Errc::BadValue, 6, "ip.fragment"}));
  EXPECT_EQ(error(changed([](Octets& o) { o[7] = std::byte{1}; })),
            (Error{Errc::BadValue, 6, "ip.fragment"}));
  EXPECT_EQ(error(changed([](Octets& o) { o[0] = std::byte{0x44}; })),
            (Error{Errc::BadLength, 2, "ip.length"}));
  EXPECT_EQ(error(changed([](Octets& o) { o[3] = std::byte{23}; })),
            (Error{Errc::BadLength, 2, "ip.length"}));
  EXPECT_EQ(error(changed([](Octets& o) { o[3] = std::byte{33}; })),
            (Error{Errc::Truncated, 32, "ip.length"}));
  Octets damaged = encoded(report());
  damaged[8] = std::byte{2};
  EXPECT_EQ(error(damaged), (Error{Errc::BadChecksum, 10, "ip.checksum"}));
  damaged = encoded(report());
  damaged.back() ^= std::byte{1};
  EXPECT_EQ(error(damaged), (Error{Errc::BadChecksum, 26, "igmp.checksum"})) << "in the packet";
  Octets other = encoded(report_six());
  other[40] = std::byte{17};
  EXPECT_EQ(error(other), (Error{Errc::UnknownType, 6, "ip6.next"}));
  other = encoded(report_six());
  other[41] = std::byte{9};
  EXPECT_EQ(error(other), (Error{Errc::Truncated, 42, "ip6.extension.body"}));
  other[41] = std::byte{0};
  other[4] = std::byte{1};
  EXPECT_EQ(error(other), (Error{Errc::Truncated, 40, "ip6.payload"}));
}

TEST(IgmpPacket, PaddingOfTheLinkIsNotOfThePacket) {
  for (const Packet& packet : {report(), report_six()}) {
    Octets octets = encoded(packet);
    octets.resize(octets.size() + 18, std::byte{0xff});
    EXPECT_EQ(decode_packet(octets).value(), packet);
  }
}

TEST(IgmpPacket, RouterAlertIsFoundAmongOtherOptions) {
  const auto alert = [](std::string_view options) {
    Octets octets = encoded(report());
    const Octets more = hex(options);
    octets.erase(octets.begin() + 20, octets.begin() + 24);
    octets.insert(octets.begin() + 20, more.begin(), more.end());
    octets[0] = static_cast<std::byte>(0x45 + more.size() / 4);
    octets[3] = static_cast<std::byte>(octets.size());
    octets[10] = octets[11] = std::byte{0};
    wire::store_be<2>(&octets[10],
                      wire::internet_checksum(wire::Bytes(octets).first(20 + more.size())));
    return decode_packet(octets).value().router_alert;
  };
  EXPECT_TRUE(alert("01010101 94040000"));
  EXPECT_TRUE(alert("44040000 94040000"));
  EXPECT_FALSE(alert("00040000 94040000")) << "behind the end of the list";
  EXPECT_FALSE(alert("44010000")) << "a length that cannot be";
  EXPECT_FALSE(alert(""));
}

TEST(IgmpPacket, WhatIsNotSentAsRequired) {  // RFC 3376 section 4, RFC 3810 section 6.2
  EXPECT_TRUE(sent_as_required(report()));
  Packet packet = report();
  packet.hop_limit = 2;
  EXPECT_FALSE(sent_as_required(packet));
  packet = report();
  packet.router_alert = false;
  EXPECT_FALSE(sent_as_required(packet));
  packet.message = Report{Version::V1, kGroup};
  EXPECT_TRUE(sent_as_required(packet)) << "version 1 knows no Router Alert";
  packet.message = Query{.version = Version::V1};
  EXPECT_TRUE(sent_as_required(packet));
  packet.message = Leave{kGroup};
  EXPECT_FALSE(sent_as_required(packet));
  EXPECT_TRUE(sent_as_required(report_six()));
  packet = report_six();
  packet.router_alert = false;
  EXPECT_FALSE(sent_as_required(packet));
  packet = report_six();
  packet.source = six("20010db8000000000000000000000001");
  EXPECT_FALSE(sent_as_required(packet));
  packet.source = Address::zero(Family::Ipv6);
  EXPECT_FALSE(sent_as_required(packet)) << "RFC 3810 section 5.2.13";
}

}  // namespace
}  // namespace forces::igmp
