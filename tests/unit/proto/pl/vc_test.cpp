// MARS's VCs over an association: a private message of RFC 5810.
#include "proto/pl/vc.hpp"

#include <gtest/gtest.h>

#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::pl {
namespace {

using test::hex;
using test::to_hex;

constexpr ForcesId kFe{7}, kCe{0x40000001};

// Priority 3: behind Config and Query (4), before redirected packets (2).
constexpr std::string_view kHeader = "1080 000a 00000007 40000001 0000000000000000 18000000";

Octets message(std::string_view body) {
  Octets octets = hex(kHeader);
  const Octets tail = hex(body);
  octets.insert(octets.end(), tail.begin(), tail.end());
  octets[2] = static_cast<std::byte>(octets.size() / 4 >> 8);
  octets[3] = static_cast<std::byte>(octets.size() / 4);
  return octets;
}

TEST(PlVc, OctetsOfEachKind) {
  const Octets sdu = hex("aaaa0300005e0003 01");
  const auto sent = [&](VcKind kind) { return to_hex(encode_vc(kFe, kCe, kind, sdu).value()); };
  const std::string tail = "000d aaaa0300005e0003 01 000000";
  EXPECT_EQ(sent(VcKind::PointToPoint), to_hex(hex(std::string(kHeader) + "8001" + tail)));
  EXPECT_EQ(sent(VcKind::Cluster), to_hex(hex(std::string(kHeader) + "8002" + tail)));
  EXPECT_EQ(sent(VcKind::Server), to_hex(hex(std::string(kHeader) + "8003" + tail)));
}

TEST(PlVc, WhatIsSentIsReadOctetForOctet) {
  for (const VcKind kind : {VcKind::PointToPoint, VcKind::Cluster, VcKind::Server}) {
    for (std::size_t size = 0; size < 70; ++size) {
      const Octets sdu(size, std::byte{0x5a});
      const auto octets = encode_vc(kCe, kFe, kind, sdu);
      ASSERT_TRUE(octets);
      const auto view = decode_vc(*octets);
      ASSERT_TRUE(view) << size;
      EXPECT_EQ(view->kind, kind);
      EXPECT_EQ(to_hex(view->sdu), to_hex(sdu));
    }
  }
}

TEST(PlVc, AnSduThatNoTlvHoldsIsRefused) {
  EXPECT_TRUE(encode_vc(kCe, kFe, VcKind::Cluster, Octets(kMaxTlv - 4)));
  EXPECT_EQ(encode_vc(kCe, kFe, VcKind::Cluster, Octets(kMaxTlv - 3)).error().code, Errc::TooLarge);
}

TEST(PlVc, OneVcAMessageAndOthersAreSteppedOver) {
  const Octets octets = message("8004 0005 ff000000 8001 0006 abcd 0000 1000 0004");
  const auto view = decode_vc(octets);
  ASSERT_TRUE(view);
  EXPECT_EQ(to_hex(view->sdu), "abcd");
  EXPECT_EQ(decode_vc(message("8001 0004 8002 0004")).error(),
            (Error{Errc::Duplicate, 28, "pl.vc"}));
  EXPECT_EQ(decode_vc(message("8000 0004")).error(), (Error{Errc::Missing, 28, "pl.vc"}));
  EXPECT_EQ(decode_vc(message("")).error(), (Error{Errc::Missing, 24, "pl.vc"}));
}

TEST(PlVc, OtherMessagesAreNot) {
  Octets octets = message("8001 0004");
  octets[1] = std::byte{0x05};
  EXPECT_EQ(decode_vc(octets).error(), (Error{Errc::UnknownType, 1, "pl.type"}));
  octets = message("8001 0004");
  octets.resize(octets.size() + 4);
  EXPECT_EQ(decode_vc(octets).error().code, Errc::TrailingOctets);
}

TEST(PlVc, EveryPrefixIsRefused) {
  const Octets octets = message("8001 000c aaaa0300005e0003");
  ASSERT_TRUE(decode_vc(octets));
  for (std::size_t n = 0; n < octets.size(); ++n) {
    EXPECT_FALSE(decode_vc(wire::Bytes(octets).first(n))) << n;
  }
}

TEST(PlVc, ItsTypeIsNamed) { EXPECT_EQ(to_string(MsgType{0x80}), "MarsVc"); }

}  // namespace
}  // namespace forces::pl
