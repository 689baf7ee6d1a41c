#include "proto/tml/message.hpp"

#include <gtest/gtest.h>

#include <random>

#include "proto/tml/frame.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::tml {
namespace {

using test::hex;
using test::to_hex;

constexpr PairToken kToken{std::byte{0},  std::byte{1},  std::byte{2},  std::byte{3},
                           std::byte{4},  std::byte{5},  std::byte{6},  std::byte{7},
                           std::byte{8},  std::byte{9},  std::byte{10}, std::byte{11},
                           std::byte{12}, std::byte{13}, std::byte{14}, std::byte{15}};

struct Case {
  const char* name;
  std::string_view octets;
  Result<Message> want;
};

Message heartbeat() { return {.type = MsgType::Heartbeat}; }

// Octets as we send them: these also encode to exactly the same.
const Case kCanonical[] = {
    {"EmptyBodyIsLegal", "1002 0004", heartbeat()},
    {"ChannelCloseWithReasonAndText", "1001 0010  0007 000b 00000001 62 61 64 00",
     Message{.type = MsgType::ChannelClose, .reason = Reason{1, "bad"}}},
    {"FirstHeartbeat",
     "1002 0030  0001 0008 00000002  0002 0008 00000001  000d 0014 000102030405060708090a0b0c0d0e0f"
     "  000f 0008 00000000",
     Message{.type = MsgType::Heartbeat,
             .pl_id = 2,
             .channel_type = kChannelControl,
             .pair_token = kToken,
             .capabilities = 0}},
    {"HeartbeatTimers",
     "1002 0038  0008 0008 000003e8  0009 0008 00000bb8  000a 0008 00000007  000b 0008 00000001"
     "  000c 000c 0102030405060708  000e 0008 0003fffc  ",
     Message{.type = MsgType::Heartbeat,
             .hb_interval_ms = 1000,
             .dead_interval_ms = 3000,
             .hb_sequence = 7,
             .hb_flags = kHbReplyWanted,
             .timestamp = 0x0102030405060708,
             .max_message = 262140}},
    {"JoinRequest", "1003 0014  0004 0008 c0000001  0005 0008 00000009",
     Message{.type = MsgType::JoinRequest, .group_id = 0xc0000001, .request_id = 9}},
    {"JoinResponse", "1004 001c  0004 0008 c0000001  0005 0008 00000009  0006 0008 00000000",
     Message{.type = MsgType::JoinResponse, .group_id = 0xc0000001, .request_id = 9, .status = 0}},
    {"PeerPlId", "1006 000c  0003 0008 40000001",
     Message{.type = MsgType::LeaveResponse, .peer_pl_id = 0x40000001}},
    {"UnnamedTypeKeepsItsNumber", "103f 000c  0001 0008 00000002",
     Message{.type = MsgType{63}, .pl_id = 2}},
};

// Octets that are taken, or refused, but that we never send.
const Case kForeign[] = {
    {"ReservedBitsAreIgnored", "1f82 0004", heartbeat()},
    {"UnknownTlvIsSkipped", "1002 0010  0010 0005 ff 000000  8001 0004",
     Message{.type = MsgType::Heartbeat}},
    {"AnyOrderOfTlvs", "1003 0014  0005 0008 00000009  0004 0008 c0000001",
     Message{.type = MsgType::JoinRequest, .group_id = 0xc0000001, .request_id = 9}},
    {"FinalTlvWithoutPadding", "1001 000f  0007 000b 00000001 62 61 64",
     Message{.type = MsgType::ChannelClose, .reason = Reason{1, "bad"}}},
    {"PaddingContentIsIgnored", "1001 0010  0007 000b 00000001 62 61 64 ff",
     Message{.type = MsgType::ChannelClose, .reason = Reason{1, "bad"}}},
    {"UnknownTypeWithABodyOfItsOwn", "1030 0008  00000000", Message{.type = MsgType{48}}},
    {"CutHeader", "1002 00", fail(Errc::Truncated, "tml.length", 2)},
    {"OtherVersion", "2002 0004", fail(Errc::BadVersion, "tml.version", 0)},
    {"VersionZero", "0002 0004", fail(Errc::BadVersion, "tml.version", 0)},
    {"PlFrameIsNotOurs", "1040 0004", fail(Errc::BadValue, "tml.f", 0)},
    {"LengthBelowTheHeader", "1002 0003", fail(Errc::BadLength, "tml.length", 2)},
    {"LengthAboveTheFrame", "1002 0008", fail(Errc::Truncated, "tml.length", 2)},
    {"LengthAboveOurLimit", "1002 1001", fail(Errc::TooLarge, "tml.length", 2)},
    {"OctetsAfterTheFrame", "1002 0004 00", fail(Errc::TrailingOctets, "tml.length", 4)},
    {"TlvTwice", "1002 0014  0001 0008 00000002  0001 0008 00000002",
     fail(Errc::Duplicate, "tml.pl_id", 12)},
    {"TlvLengthBelowItsHeader", "1002 0008  0001 0003", fail(Errc::BadLength, "tml.tlv", 6)},
    {"TlvLongerThanTheFrame", "1002 000c  0001 0009 00000002", fail(Errc::Truncated, "tml.tlv", 8)},
    {"HalfATlvHeader", "1002 0006  0001", fail(Errc::Truncated, "tml.tlv", 6)},
    {"NumberTooShort", "1002 000b  0001 0007 000000", fail(Errc::BadLength, "tml.pl_id", 8)},
    {"NumberTooLong", "1002 0010  0001 0009 00000000 02000000",
     fail(Errc::BadLength, "tml.pl_id", 8)},
    {"TimestampTooShort", "1002 000c  000c 0008 00000000",
     fail(Errc::BadLength, "tml.timestamp", 8)},
    {"TimestampTooLong", "1002 0011  000c 000d 00000000 00000000 00",
     fail(Errc::BadLength, "tml.timestamp", 8)},
    {"TokenTooShort", "1002 000c  000d 0008 00000000", fail(Errc::BadLength, "tml.pair_token", 8)},
    {"ReasonWithoutCode", "1001 0008  0007 0004", fail(Errc::BadLength, "tml.reason", 8)},
};

class TmlMessageCanonical : public testing::TestWithParam<Case> {};
class TmlMessageDecode : public testing::TestWithParam<Case> {};

TEST_P(TmlMessageCanonical, DecodesAndEncodesToTheSame) {
  const auto octets = hex(GetParam().octets);
  EXPECT_EQ(decode_message(octets), GetParam().want);
  EXPECT_EQ(encode_message(*GetParam().want), octets);
}

TEST_P(TmlMessageCanonical, EveryPrefixIsRefused) {
  const auto octets = hex(GetParam().octets);
  for (std::size_t n = 0; n < octets.size(); ++n) {
    const std::vector<std::byte> cut(octets.begin(),
                                     octets.begin() + static_cast<std::ptrdiff_t>(n));
    EXPECT_FALSE(decode_message(cut).has_value()) << n;
  }
}

TEST_P(TmlMessageDecode, GivesTheExpectedResult) {
  EXPECT_EQ(decode_message(hex(GetParam().octets)), GetParam().want);
}

const auto kName = [](const auto& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(Rows1To6, TmlMessageCanonical, testing::ValuesIn(kCanonical), kName);
INSTANTIATE_TEST_SUITE_P(Rows1To6, TmlMessageDecode, testing::ValuesIn(kForeign), kName);

Message random_message(std::mt19937& rng) {
  Message m;
  m.type = static_cast<MsgType>(rng() % 64);
  const auto maybe = [&](auto& field) {
    if (rng() % 2 == 0) field = static_cast<std::uint32_t>(rng());
  };
  maybe(m.pl_id);
  maybe(m.channel_type);
  maybe(m.peer_pl_id);
  maybe(m.group_id);
  maybe(m.request_id);
  maybe(m.status);
  maybe(m.hb_interval_ms);
  maybe(m.dead_interval_ms);
  maybe(m.hb_sequence);
  maybe(m.hb_flags);
  maybe(m.max_message);
  maybe(m.capabilities);
  if (rng() % 2 == 0) m.timestamp = static_cast<std::uint64_t>(rng()) << 32 | rng();
  if (rng() % 2 == 0)
    m.reason = Reason{static_cast<std::uint32_t>(rng()), std::string(rng() % 99, 'r')};
  if (rng() % 2 == 0) m.pair_token = kToken;
  return m;
}

TEST(TmlMessageProperty, WhatIsEncodedDecodesToTheSame) {
  std::mt19937 rng(1);
  for (int i = 0; i < 2000; ++i) {
    const Message m = random_message(rng);
    const auto octets = encode_message(m);
    ASSERT_TRUE(octets.has_value());
    EXPECT_EQ(octets->size() % 4, 0u);
    EXPECT_EQ(decode_message(*octets), m) << "message " << i << " of seed 1";
  }
}

TEST(TmlMessageEncode, TheLimitIsReachedAndNotPassed) {
  Message m{.type = MsgType::ChannelClose, .reason = Reason{0, std::string(4096 - 12, 'x')}};
  const auto full = encode_message(m);
  ASSERT_TRUE(full.has_value());
  EXPECT_EQ(full->size(), kMaxTmlMessage);
  EXPECT_EQ(decode_message(*full), m);
  m.reason->text += 'x';
  EXPECT_EQ(encode_message(m), fail(Errc::TooLarge, "tml.length", 2));
}

TEST(TmlMessageEncode, ATypeBeyondSixBitsIsRefused) {
  EXPECT_EQ(encode_message({.type = MsgType{64}}), fail(Errc::TooLarge, "tml.type", 0));
}

TEST(TmlMessageNames, EveryNamedValueHasOneAndOthersAreUnknown) {
  EXPECT_EQ(to_string(MsgType::LeaveResponse), "LeaveResponse");
  EXPECT_EQ(to_string(MsgType{0}), "Unknown");
  EXPECT_EQ(to_string(ReasonCode::DeadPeer), "dead_peer");
  EXPECT_EQ(to_string(ReasonCode::Protocol), "protocol");
  EXPECT_EQ(to_string(ReasonCode{9}), "unknown");
}

}  // namespace
}  // namespace forces::tml
