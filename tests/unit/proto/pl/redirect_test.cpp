#include "proto/pl/redirect.hpp"

#include <gtest/gtest.h>

#include "proto/pl/message.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::pl {
namespace {

using test::hex;
using test::to_hex;

constexpr RedirectAddress kAddress{.source = {2}, .destination = {0x40000001}};

constexpr std::string_view kHeader = "10 06 000d  00000002 40000001  0000000000000000  10000000";

Octets message(std::string_view body, std::string_view type = "06") {
  const Octets tail = hex(body);
  Octets octets =
      hex("10 " + std::string(type) + " 0000  00000002 40000001  0000000000000000  10000000");
  octets.insert(octets.end(), tail.begin(), tail.end());
  octets[2] = static_cast<std::byte>(octets.size() / 4 >> 8);
  octets[3] = static_cast<std::byte>(octets.size() / 4);
  return octets;
}

TEST(PlRedirectEncode, WritesWhatSection7_9Draws) {
  const auto port = metadata_octets(7);
  const MetadataView metadata[] = {{0x01, port}};
  const auto octets = encode_redirect(kAddress, metadata, hex("45c0 01"));
  ASSERT_TRUE(octets);
  EXPECT_EQ(to_hex(*octets),
            to_hex(hex(std::string(kHeader) + "0001 001c"
                                              "0115 0010 00000001 0000000c 00000007"
                                              "0116 0007 45c001 00")));
}

TEST(PlRedirectEncode, IsWhatTheTreeWouldWrite) {
  for (const std::size_t size : {1, 2, 3, 4, 64, 1500}) {
    const auto a = metadata_octets(0x01020304);
    const Octets b = hex("0a0b0c0d0e0f");
    const Octets packet(size, std::byte{0x5a});
    const MetadataView metadata[] = {{1, a}, {2, b}};
    const Message tree{.header = {.type = MsgType::PacketRedirect,
                                  .source = kAddress.source,
                                  .destination = kAddress.destination,
                                  .flags = Flags{}.with_priority(2)},
                       .body = {Redirect{{Metadata{{{1, Octets(a.begin(), a.end())}, {2, b}}},
                                          RedirectData{packet}}}}};
    EXPECT_EQ(encode_redirect(kAddress, metadata, packet), encode_message(tree)) << size;
  }
}

TEST(PlRedirectEncode, EitherPartMayBeAbsent) {
  EXPECT_EQ(to_hex(encode_redirect(kAddress, {}, hex("aa")).value()),
            to_hex(message("0001 000c  0116 0005 aa 000000")));
  const MetadataView metadata[] = {{0x80000001, {}}};
  EXPECT_EQ(to_hex(encode_redirect(kAddress, metadata, {}).value()),
            to_hex(message("0001 0010  0115 000c 80000001 00000008")));
  EXPECT_EQ(to_hex(encode_redirect(kAddress, {}, {}).value()), to_hex(message("0001 0004")));
}

TEST(PlRedirectEncode, TheLargestPacketFitsAndMoreDoesNot) {
  const Octets packet(65535 - 8 - 3, std::byte{1});  // padded 65524; the outer TLV holds 65532
  const auto octets = encode_redirect(kAddress, {}, packet);
  ASSERT_TRUE(octets);
  RedirectReader reader(*octets);
  EXPECT_EQ(reader.next()->packet()->size(), packet.size());
  EXPECT_EQ(encode_redirect(kAddress, {}, Octets(65525)), fail(Errc::TooLarge, "pl.redirect", 0));
  EXPECT_EQ(encode_redirect(kAddress, {}, Octets(65536)),
            fail(Errc::TooLarge, "pl.redirect.data", 0));
}

TEST(PlRedirectEncode, ABufferThatIsTooSmallIsLeftAlone) {
  std::array<std::byte, 35> small{};
  EXPECT_EQ(encode_redirect(kAddress, {}, hex("aa"), small), fail(Errc::TooLarge, "pl.length", 0));
  EXPECT_EQ(small, (std::array<std::byte, 35>{}));
  std::array<std::byte, 36> fits{};
  EXPECT_EQ(encode_redirect(kAddress, {}, hex("aa"), fits), Result<std::size_t>{36});
}

TEST(PlRedirectRead, GivesPacketAndMetadataAsSpansOfTheMessage) {
  const Octets octets = message(
      "0001 0028  0115 001c 00000001 0000000c 00000007  0000000e 0000000a 0001 0000"
      "  0116 0006 4500 0000");
  RedirectReader reader(octets);
  ASSERT_TRUE(reader.header());
  EXPECT_EQ(reader.header()->source, ForcesId{2});
  const auto redirect = reader.next();
  ASSERT_TRUE(redirect);
  EXPECT_EQ(redirect->metadata_u32(MetadataId::PhyPortId), 7u);
  EXPECT_EQ(redirect->metadata_u32(MetadataId::RedirectIndex), std::nullopt);  // 16 bits
  EXPECT_EQ(to_hex(*redirect->metadata(14)), "0001");
  EXPECT_EQ(redirect->metadata(15), std::nullopt);
  ASSERT_TRUE(redirect->packet());
  EXPECT_EQ(redirect->packet()->data(), octets.data() + octets.size() - 4);
  EXPECT_EQ(redirect->packet()->size(), 2u);
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.error());
}

TEST(PlRedirectRead, SeveralPacketsComeOneByOneAndUnknownTlvsAreSteppedOver) {
  const Octets octets = message(
      "9000 0005 ff 000000  0001 0010  9001 0004  0116 0005 aa 000000"
      "  0001 000c  0115 0004  9002 0004  0001 0009  0116 0005 bb 000000");
  RedirectReader reader(octets);
  EXPECT_EQ(to_hex(*reader.next()->packet()), "aa");
  EXPECT_EQ(reader.next()->packet(), std::nullopt);
  EXPECT_EQ(to_hex(*reader.next()->packet()), "bb");
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.error());
}

struct Bad {
  const char* body;
  Error want;
};

TEST(PlRedirectRead, RefusesWhatTheTreeRefuses) {
  const Bad cases[] = {
      {"0001 0003", {Errc::BadLength, 26, "pl.tlv"}},
      {"0001 000c 0116 0008", {Errc::Truncated, 28, "pl.tlv"}},
      {"0001 0008 0116 0008", {Errc::Truncated, 32, "pl.redirect.tlv"}},
      {"0001 000c 0116 0004 0116 0004", {Errc::Duplicate, 32, "pl.redirect.data"}},
      {"0001 000c 0115 0004 0115 0004", {Errc::Duplicate, 32, "pl.redirect.metadata"}},
      {"0001 0010 0115 000c 0000000e 00000007", {Errc::BadLength, 36, "pl.redirect.metadata"}},
      {"0001 0010 0115 000c 0000000e 0000000c", {Errc::Truncated, 40, "pl.redirect.metadata"}},
      {"0001 001c 0115 0018 00000001 0000000c 00000007 0000000e 00000007",
       {Errc::BadLength, 48, "pl.redirect.metadata"}},
  };
  for (const Bad& c : cases) {
    const Octets octets = message(c.body);
    RedirectReader reader(octets);
    EXPECT_FALSE(reader.next()) << c.body;
    EXPECT_EQ(reader.error(), c.want) << c.body;
    EXPECT_FALSE(reader.next()) << "an error is final";
    EXPECT_EQ(decode_message(octets).error(), c.want) << c.body;
  }
}

TEST(PlRedirectRead, RefusesOtherMessagesAndWrongLengths) {
  Octets octets = message("", "0f");
  EXPECT_EQ(RedirectReader(octets).error(), (Error{Errc::UnknownType, 1, "pl.type"}));
  octets = message("0001 0004");
  octets.resize(32);
  EXPECT_EQ(RedirectReader(octets).error(), (Error{Errc::TrailingOctets, 28, "pl.length"}));
  octets.resize(24);
  EXPECT_EQ(RedirectReader(octets).error(), (Error{Errc::Truncated, 2, "pl.length"}));
  EXPECT_FALSE(RedirectReader({}).header());
}

}  // namespace
}  // namespace forces::pl
