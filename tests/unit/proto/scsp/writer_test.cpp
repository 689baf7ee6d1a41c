#include "proto/scsp/writer.hpp"

#include <gtest/gtest.h>

#include "proto/mars/csa.hpp"
#include "proto/scsp/authentication.hpp"
#include "proto/scsp/fault.hpp"
#include "tests/support/allocations.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::scsp {
namespace {

using test::hex;
using test::to_hex;

constexpr auto kUs = id_octets(0x0a010101), kThem = id_octets(0x0a010102);
constexpr auto kKey = id_octets(7);

Head head(MsgType type) {
  return {.type = type, .server_group = 23, .sender = kUs, .receiver = kThem};
}
Csas csas() { return {.hop_count = 3, .sequence = {5}, .key = kKey, .originator = kUs}; }

Error error_of(PacketWriter&& w) {
  const auto octets = std::move(w).finish();
  return octets ? Error{} : octets.error();
}

TEST(ScspWriter, StopsAtTheLimitAndSaysSo) {
  PacketWriter w(head(MsgType::CsuReply), {.limit = 28 + 3 * 20 + 19});
  std::size_t written = 0;
  while (w.record(csas())) ++written;
  EXPECT_EQ(written, 3U);
  EXPECT_EQ(w.count(), 3U);
  EXPECT_EQ(w.size(), 88U);
  const auto octets = std::move(w).finish();
  ASSERT_TRUE(octets.has_value());
  EXPECT_EQ(octets->size(), 88U);
  EXPECT_EQ(decode_packet(*octets)->records.size(), 3U);
}

TEST(ScspWriter, TheLimitHoldsWithItsExtensions) {
  const std::size_t extensions = 8 + 16 + 4;
  for (std::size_t limit = 28 + 20 + extensions; limit < 28 + 40 + extensions; ++limit) {
    PacketWriter w(head(MsgType::CsuReply), {.limit = limit, .spi = 257});
    EXPECT_TRUE(w.record(csas()));
    EXPECT_FALSE(w.record(csas()));
    const bool vendor = w.extension(ExtensionType::VendorPrivate, hex("00005e"));
    EXPECT_EQ(vendor, limit >= 28 + 20 + extensions + 7);
    EXPECT_LE(std::move(w).finish()->size(), limit);
  }
}

TEST(ScspWriter, TheLargestPacketIsWhatItsSizeCanSay) {
  PacketWriter w(head(MsgType::CsuRequest));
  const Octets body(60000);
  EXPECT_TRUE(w.record(csas(), body));
  EXPECT_FALSE(w.record(csas(), Octets(5488)));
  EXPECT_TRUE(w.record(csas(), Octets(5467)));
  const auto octets = std::move(w).finish();
  ASSERT_TRUE(octets.has_value());
  EXPECT_EQ(octets->size(), kMaxPacket);
  EXPECT_TRUE(decode_packet(*octets).has_value());
}

TEST(ScspWriter, WhatCannotBeSaidIsAnError) {
  const Octets long_id(256);
  Head no_sender = head(MsgType::CsuReply);
  no_sender.sender = {};
  EXPECT_EQ(error_of(PacketWriter(no_sender)).field, "scsp.sender_length");
  Head long_receiver = head(MsgType::CsuReply);
  long_receiver.receiver = long_id;
  EXPECT_EQ(error_of(PacketWriter(long_receiver)).code, Errc::TooLarge);
  EXPECT_EQ(error_of(PacketWriter(head(MsgType{6}))), (Error{Errc::UnknownType, 1, "scsp.type"}));
  EXPECT_EQ(error_of(PacketWriter(head(MsgType::CsuReply), {.limit = 27})).code, Errc::TooLarge);
  EXPECT_EQ(error_of(PacketWriter(head(MsgType::CsuReply), {.spi = 1, .mac_size = 65})).code,
            Errc::BadLength);

  const auto refused = [](MsgType type, auto&& action) {
    PacketWriter w(head(type));
    EXPECT_FALSE(action(w));
    return error_of(std::move(w)).field;
  };
  EXPECT_EQ(refused(MsgType::CsuReply, [](auto& w) { return w.record(csas(), kKey); }),
            "scsp.record");
  EXPECT_EQ(refused(MsgType::Hello, [](auto& w) { return w.record(csas()); }), "scsp.record");
  EXPECT_EQ(refused(MsgType::CsuReply, [](auto& w) { return w.receiver(kThem); }),
            "scsp.receiver_record");
  EXPECT_EQ(refused(MsgType::Hello, [&](auto& w) { return w.receiver(long_id); }),
            "scsp.receiver_record");
  EXPECT_EQ(refused(MsgType::CsuReply,
                    [](auto& w) {
                      Csas reserved = csas();
                      reserved.sequence = kReservedSequence;
                      return w.record(reserved);
                    }),
            "scsp.record.sequence");
  EXPECT_EQ(refused(MsgType::CsuReply,
                    [](auto& w) { return w.extension(ExtensionType{7}, {}) && w.record(csas()); }),
            "scsp.start_of_extensions");
  EXPECT_EQ(refused(MsgType::CsuReply, [](auto& w) { return w.extension(ExtensionType::End, {}); }),
            "scsp.extension.type");
}

TEST(ScspWriter, MoreIsSaidWhenTheRecordsAreWritten) {
  Head ca = head(MsgType::CacheAlignment);
  ca.alignment = {.sequence = 9, .master = true, .initialize = false, .more = true};
  PacketWriter w(ca);
  ASSERT_TRUE(w.record(stand_alone(csas())));
  w.set_more(false);
  const auto octets = std::move(w).finish();
  EXPECT_EQ(decode_packet(*octets)->alignment, (AlignmentPart{9, true, false, false}));
}

TEST(ScspWriter, AStandAloneSummaryHasAHopCountOfOne) {  // B.2.0.2
  Csas of = csas();
  of.null = true;  // a Null CSA is acknowledged as one
  const Csas summary = stand_alone(of);
  EXPECT_EQ(summary.hop_count, 1);
  EXPECT_TRUE(summary.null);
  EXPECT_TRUE(same_instance(summary, of));
  of.sequence = {6};
  EXPECT_FALSE(same_instance(summary, of));
  EXPECT_TRUE(same_entry(summary, of));
  of.originator = kThem;
  EXPECT_FALSE(same_entry(summary, of));
}

TEST(ScspWriter, OldMemoryIsUsedAgainAndItsContentIsNot) {
  const auto fresh = PacketWriter(head(MsgType::CsuReply)).finish();
  const auto recycled =
      PacketWriter(head(MsgType::CsuReply), {}, Octets(200, std::byte{0xff})).finish();
  EXPECT_EQ(to_hex(*recycled), to_hex(*fresh));
}

TEST(ScspSeal, NeedsRoomForItsDigest) {
  Octets plain = *PacketWriter(head(MsgType::CsuReply)).finish();
  const Octets before = plain;
  EXPECT_EQ(seal(plain, Octets(16)), fail(Errc::Missing, "scsp.authentication", 6));
  EXPECT_EQ(plain, before);
  Octets authenticated = *PacketWriter(head(MsgType::CsuReply), {.spi = 1}).finish();
  const Octets unsealed = authenticated;
  EXPECT_EQ(seal(authenticated, Octets(15)),
            fail(Errc::BadLength, "scsp.authentication.length", 32));
  EXPECT_EQ(authenticated, unsealed);
  EXPECT_FALSE(decode_packet(authenticated).has_value());  // no checksum before the seal
  EXPECT_TRUE(seal(authenticated, Octets(16, std::byte{1})).has_value());
  EXPECT_EQ(authentication(*decode_packet(authenticated))->spi, 1U);

  PacketWriter other(head(MsgType::CsuReply));
  ASSERT_TRUE(other.extension(ExtensionType{7}, hex("0102")));
  Octets without = *std::move(other).finish();
  EXPECT_EQ(seal(without, Octets(16)), fail(Errc::Missing, "scsp.authentication", 28));
  for (std::size_t n = 0; n < authenticated.size(); ++n) {  // cut: no octet beyond it is touched
    Octets cut(authenticated.begin(), authenticated.begin() + static_cast<long>(n));
    (void)seal(cut, Octets(16));
  }
}

TEST(ScspSeal, TheDigestCoversAllButChecksumAndDigest) {
  PacketWriter w(head(MsgType::CsuReply), {.spi = 257, .mac_size = 3});
  ASSERT_TRUE(w.extension(ExtensionType{7}, hex("aa")));
  Octets octets = *std::move(w).finish();
  const Octets unsealed = octets;
  ASSERT_TRUE(seal(octets, hex("010203")).has_value());
  Octets input;
  const DigestInput pieces = *digest_input(*decode_packet(octets));
  for (const Bytes piece : pieces) {
    input.insert(input.end(), piece.begin(), piece.end());
  }
  EXPECT_EQ(to_hex(input), to_hex(unsealed));
  EXPECT_EQ(digest_input(*decode_packet(*PacketWriter(head(MsgType::CsuReply)).finish())),
            std::nullopt);
}

// Issue 5: a cache of 100,000 entries is aligned within a second.
TEST(ScspPacketSpeed, ARequestOfAHundredRecordsDecodesWithoutAllocation) {
  const mars::CacheEntry entry{
      .state = mars::State::ClientJoin,
      .cmi = 258,
      .source_protocol = mars::ipv4_address(0x0a01010b),
      .source = {.number = {false, *decltype(mars::AtmNumber::octets)::from(Octets(20))}},
      .range = mars::GroupRange{mars::ipv4_address(0xe0000000), mars::ipv4_address(0xefffffff)}};
  wire::ByteWriter body;
  mars::encode_entry(entry, body);
  PacketWriter w(head(MsgType::CsuRequest));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(w.record(csas(), body.written()));
  const Octets octets = *std::move(w).finish();

  const std::size_t before = allocations;
  std::size_t good = 0;
  const auto packet = decode_packet(octets);
  for (const RecordView record : packet->records) {
    good += mars::decode_entry(record.body, record.body_offset()) == entry ? 1 : 0;
  }
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(good, 100U);
}

}  // namespace
}  // namespace forces::scsp
