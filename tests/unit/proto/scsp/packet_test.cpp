// Tables of packets: what is refused and where, what is tolerated. RFC 2334 appendix B.
#include "proto/scsp/packet.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "proto/scsp/fault.hpp"
#include "proto/scsp/writer.hpp"
#include "proto/wire/checksum.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::scsp {
namespace {

using test::hex;
using test::to_hex;

// The hex of the tables has zeros for the checksum.
std::vector<std::byte> summed(std::string_view text) {
  auto octets = hex(text);
  if (octets.size() >= 6) wire::store_be<2>(&octets[4], wire::internet_checksum(octets));
  return octets;
}

// One line that says everything.
std::string text(const Packet& p) {
  std::ostringstream out;
  out << to_string(p.type) << ' ' << p.protocol << '/' << p.server_group << ' ' << to_hex(p.sender)
      << '>' << to_hex(p.receiver);
  if (p.type == MsgType::Hello) {
    out << " hello " << p.hello.interval << '*' << p.hello.dead_factor << " family "
        << p.hello.family;
  }
  if (p.type == MsgType::CacheAlignment) {
    out << " ca " << p.alignment.sequence << (p.alignment.master ? " M" : "")
        << (p.alignment.initialize ? " I" : "") << (p.alignment.more ? " O" : "");
  }
  for (const Bytes id : p.receivers) out << " +" << to_hex(id);
  for (const RecordView r : p.records) {
    out << " [" << r.hop_count << (r.null ? " N " : " ") << r.sequence.value << ' ' << to_hex(r.key)
        << ' ' << to_hex(r.originator);
    if (!r.body.empty()) out << ' ' << to_hex(r.body);
    out << ']';
  }
  for (const ExtensionView e : p.extensions) {
    out << " {" << static_cast<int>(e.type) << ' ' << to_hex(e.value) << '}';
  }
  return out.str();
}

struct Case {
  const char* name;
  std::string_view octets;
  std::string_view want;
};

#define HELLO "0000 0000  0003 0003 0000 0000"
#define COMMON "0003 0017 0000 0000 04 04"
#define NHRP "0002 0017 0000 0000 04 04"
#define IDS "0a010101 0a010102"

// As we send them: these also encode to exactly the same.
const Case kCanonical[] = {
    {"HelloOfWhoHasHeardNobody", "01 05 0020 " HELLO " 0003 0017 0000 0000 04 00 0000 0a010101",
     "Hello 3/23 0a010101> hello 3*3 family 0"},
    {"HelloWithReceiversOfAnyLength",
     "01 05 002c " HELLO COMMON "0003" IDS " 01 07  04 0a010103  00",
     "Hello 3/23 0a010101>0a010102 hello 3*3 family 0 +07 +0a010103 +"},
    {"HelloOfAFamily", "01 05 0024 0000 0000 000a 0004 0000 0102 " COMMON "0000" IDS,
     "Hello 3/23 0a010101>0a010102 hello 10*4 family 258"},
    {"CaNegotiates", "01 01 0020 0000 0000 36000000 0003 0017 0000 e000 04 04 0000" IDS,
     "CA 3/23 0a010101>0a010102 ca 905969664 M I O"},
    {"CaWithASummary",
     "01 01 0034 0000 0000 ffffffff 0003 0017 0000 2000 04 04 0001" IDS
     "0001 0014 04 04 0000 80000001 00000007 0a010103",
     "CA 3/23 0a010101>0a010102 ca 4294967295 O [1 -2147483647 00000007 0a010103]"},
    {"CsuRequest",
     "01 02 0033 0000 0000 " NHRP "0001" IDS
     "0003 0017 04 04 0000 7fffffff 00000007 0a010101  aabbcc",
     "CSU-Request 2/23 0a010101>0a010102 [3 2147483647 00000007 0a010101 aabbcc]"},
    {"OnlyTheEndOfExtensions", "01 03 0020 0000 001c " COMMON "0000" IDS " 0000 0000",
     "CSU-Reply 3/23 0a010101>0a010102"},
    {"CsuRequestWithoutRecords", "01 02 001c 0000 0000 " COMMON "0000" IDS,
     "CSU-Request 3/23 0a010101>0a010102"},
    {"NullCsaAndOneOfKeyZero",
     "01 02 0044 0000 0000 " NHRP "0002" IDS "0001 0014 04 04 8000 00000005 00000007 0a010101"
     "0002 0014 00 04 0000 00000006 0a010101 01020304",
     "CSU-Request 2/23 0a010101>0a010102 [1 N 5 00000007 0a010101] [2 6  0a010101 01020304]"},
    {"CsuReply",
     "01 03 0030 0000 0000 " COMMON "0001" IDS "0001 0014 04 04 0000 00000005 00000007 0a010101",
     "CSU-Reply 3/23 0a010101>0a010102 [1 5 00000007 0a010101]"},
    {"Csus",
     "01 04 0030 0000 0000 " COMMON "0001" IDS "0001 0014 04 04 0000 00000005 00000007 0a010101",
     "CSUS 3/23 0a010101>0a010102 [1 5 00000007 0a010101]"},
    {"LongIds", "01 04 0022 0000 0000 0002 0000 0000 0000 08 06 0000 0102030405060708 060504030201",
     "CSUS 2/0 0102030405060708>060504030201"},
    {"AuthenticationLast",
     "01 03 0038 0000 001c " COMMON "0000" IDS " 0007 0001 ff  0002 0003 00005e "
     "0001 0008 00000101 00010203  0000 0000",
     "CSU-Reply 3/23 0a010101>0a010102 {7 ff} {2 00005e} {1 0000010100010203}"},
    {"UnknownExtensions",
     "01 03 0029 0000 001c " COMMON "0000" IDS " 0007 0001 ff 0009 0000 "
     "0000 0000",
     "CSU-Reply 3/23 0a010101>0a010102 {7 ff} {9 }"},
    {"SeveralVendors",
     "01 03 002f 0000 001c " COMMON "0000" IDS " 0002 0004 00005e 01  0002 0003 00005f "
     "0000 0000",
     "CSU-Reply 3/23 0a010101>0a010102 {2 00005e01} {2 00005f}"},
};

// Taken as if it were what it should be.
const Case kTolerated[] = {
    {"UnusedFieldsAreIgnored",
     "01 05 0024 0000 0000 0003 0003 ffff 0000 0003 0017 ffff ffff 04 04 0000" IDS,
     "Hello 3/23 0a010101>0a010102 hello 3*3 family 0"},
    {"UnusedFlagsOfCa", "01 01 0020 0000 0000 00000001 0003 0017 0000 9fff 04 04 0000" IDS,
     "CA 3/23 0a010101>0a010102 ca 1 M"},
    {"UnusedFlagsOfARecord",
     "01 03 0030 0000 0000 " COMMON "0001" IDS "0001 0014 04 04 7fff 00000005 00000007 0a010101",
     "CSU-Reply 3/23 0a010101>0a010102 [1 5 00000007 0a010101]"},
    {"HopCountZeroOfASummary",
     "01 03 0030 0000 0000 " COMMON "0001" IDS "0000 0014 04 04 0000 00000005 00000007 0a010101",
     "CSU-Reply 3/23 0a010101>0a010102 [0 5 00000007 0a010101]"},
    {"NullCsaWithABody",
     "01 02 0031 0000 0000 " COMMON "0001" IDS "0001 0015 04 04 8000 00000005 00000007 0a010101 ff",
     "CSU-Request 3/23 0a010101>0a010102 [1 N 5 00000007 0a010101 ff]"},
    {"HelloIntervalAndFactorOfZero", "01 05 0024 0000 0000 0000 0000 0000 0000 " COMMON "0000" IDS,
     "Hello 3/23 0a010101>0a010102 hello 0*0 family 0"},
};

struct Refusal {
  const char* name;
  std::string_view octets;
  Error want;
};

#define CSAS "0001 0014 04 04 0000 00000005 00000007 0a010101"

const Refusal kRefused[] = {
    {"CutFixedPart", "01 05 00", {Errc::Truncated, 2, "scsp.packet_size"}},
    {"VersionZero", "00 05 0024 " HELLO COMMON "0000" IDS, {Errc::BadVersion, 0, "scsp.version"}},
    {"VersionTwo", "02 05 0024 " HELLO COMMON "0000" IDS, {Errc::BadVersion, 0, "scsp.version"}},
    {"TypeZero", "01 00 001c 0000 0000 " COMMON "0000" IDS, {Errc::UnknownType, 1, "scsp.type"}},
    {"TypeSix", "01 06 001c 0000 0000 " COMMON "0000" IDS, {Errc::UnknownType, 1, "scsp.type"}},
    {"SizeAboveTheOctets",
     "01 03 001d 0000 0000 " COMMON "0000" IDS,
     {Errc::Truncated, 2, "scsp.packet_size"}},
    {"SizeBelowTheOctets",
     "01 03 001b 0000 0000 " COMMON "0000" IDS,
     {Errc::TrailingOctets, 27, "scsp.packet_size"}},
    {"NoMandatoryPart", "01 03 0008 0000 0000", {Errc::Truncated, 8, "scsp.protocol_id"}},
    {"CutCommonPart",
     "01 03 0012 0000 0000 0003 0017 0000 0000 04 04",
     {Errc::Truncated, 18, "scsp.records"}},
    {"SenderBeyondTheEnd",
     "01 03 0017 0000 0000 " COMMON "0000 0a0101",
     {Errc::Truncated, 20, "scsp.sender_id"}},
    {"ReceiverBeyondTheEnd",
     "01 03 001b 0000 0000 " COMMON "0000 0a010101 0a0101",
     {Errc::Truncated, 24, "scsp.receiver_id"}},
    {"SenderWithoutAnId",
     "01 03 0018 0000 0000 0003 0017 0000 0000 00 04 0000 0a010102",
     {Errc::BadLength, 16, "scsp.sender_length"}},
    {"MoreRecordsThanOctets",
     "01 03 0030 0000 0000 " COMMON "0002" IDS CSAS,
     {Errc::Truncated, 48, "scsp.record.hop_count"}},
    {"FewerRecordsThanOctets",
     "01 03 0030 0000 0000 " COMMON "0000" IDS CSAS,
     {Errc::TrailingOctets, 28, "scsp.records"}},
    {"CutRecord",
     "01 03 0027 0000 0000 " COMMON "0001" IDS "0001 0014 04 04 0000 000000",
     {Errc::Truncated, 36, "scsp.record.sequence"}},
    {"RecordLengthBelowItsParts",
     "01 02 0030 0000 0000 " COMMON "0001" IDS "0001 0013 04 04 0000 00000005 00000007 0a010101",
     {Errc::BadLength, 30, "scsp.record.length"}},
    {"SummaryLongerThanItsParts",
     "01 03 0031 0000 0000 " COMMON "0001" IDS "0001 0015 04 04 0000 00000005 00000007 0a010101 00",
     {Errc::BadLength, 30, "scsp.record.length"}},
    {"RecordBeyondTheEnd",
     "01 02 0030 0000 0000 " COMMON "0001" IDS "0001 0015 04 04 0000 00000005 00000007 0a010101",
     {Errc::Truncated, 40, "scsp.record"}},
    {"ReservedSequenceNumber",
     "01 03 0030 0000 0000 " COMMON "0001" IDS "0001 0014 04 04 0000 80000000 00000007 0a010101",
     {Errc::BadValue, 36, "scsp.record.sequence"}},
    {"ReceiverRecordBeyondTheEnd",
     "01 05 0028 " HELLO COMMON "0001" IDS "04 0a0101",
     {Errc::Truncated, 37, "scsp.receiver_record"}},
    {"ExtensionsInTheFixedPart",
     "01 03 0020 0000 0007 " COMMON "0000" IDS " 0000 0000",
     {Errc::BadValue, 6, "scsp.start_of_extensions"}},
    {"ExtensionsInTheMandatoryPart",
     "01 03 0020 0000 0014 " COMMON "0000" IDS " 0000 0000",
     {Errc::Truncated, 20, "scsp.sender_id"}},
    {"ExtensionsBehindTheEnd",
     "01 03 0020 0000 001d " COMMON "0000" IDS " 0000 0000",
     {Errc::BadValue, 6, "scsp.start_of_extensions"}},
    {"GapInFrontOfExtensions",
     "01 03 0024 0000 0020 " COMMON "0000" IDS " 00000000 0000 0000",
     {Errc::TrailingOctets, 28, "scsp.records"}},
    {"NoEndOfExtensions",
     "01 03 0021 0000 001c " COMMON "0000" IDS " 0007 0001 ff",
     {Errc::Missing, 33, "scsp.extensions.end"}},
    {"EndWithALength",
     "01 03 0021 0000 001c " COMMON "0000" IDS " 0000 0001 ff",
     {Errc::BadLength, 30, "scsp.extensions.end"}},
    {"OctetsBehindTheEnd",
     "01 03 0024 0000 001c " COMMON "0000" IDS " 0000 0000 0000 0000",
     {Errc::TrailingOctets, 32, "scsp.extensions.end"}},
    {"ExtensionBeyondTheEnd",
     "01 03 0024 0000 001c " COMMON "0000" IDS " 0007 0005 0000 0000",
     {Errc::Truncated, 32, "scsp.extension.length"}},
    {"ExtensionTwice",
     "01 03 0028 0000 001c " COMMON "0000" IDS " 0007 0000 0007 0000 0000 0000",
     {Errc::Duplicate, 32, "scsp.extension.type"}},
    {"VendorTwice",
     "01 03 002e 0000 001c " COMMON "0000" IDS " 0002 0003 00005e 0002 0003 00005e 0000 0000",
     {Errc::Duplicate, 35, "scsp.extension.type"}},
    {"AuthenticationTwice",
     "01 03 0032 0000 001c " COMMON "0000" IDS
     " 0001 0005 00000101 aa 0001 0005 00000102 bb 0000 0000",
     {Errc::Duplicate, 37, "scsp.extension.type"}},
    {"AuthenticationWithoutADigest",
     "01 03 0028 0000 001c " COMMON "0000" IDS " 0001 0004 00000101 0000 0000",
     {Errc::BadLength, 30, "scsp.authentication.length"}},
    {"VendorWithoutAnId",
     "01 03 0026 0000 001c " COMMON "0000" IDS " 0002 0002 0000 0000 0000",
     {Errc::BadLength, 30, "scsp.vendor.length"}},
};

class ScspPacketCanonical : public testing::TestWithParam<Case> {};
class ScspPacketTolerated : public testing::TestWithParam<Case> {};
class ScspPacketRefused : public testing::TestWithParam<Refusal> {};

TEST_P(ScspPacketCanonical, DecodesAndEncodesToTheSame) {
  const auto octets = summed(GetParam().octets);
  const auto packet = decode_packet(octets);
  ASSERT_TRUE(packet.has_value()) << testing::PrintToString(packet.error());
  EXPECT_EQ(text(*packet), GetParam().want);
  EXPECT_EQ(to_hex(*encode_packet(*packet)), to_hex(octets));
}

TEST_P(ScspPacketCanonical, EveryPrefixIsRefused) {
  const auto octets = summed(GetParam().octets);
  for (std::size_t n = 0; n < octets.size(); ++n) {
    EXPECT_FALSE(decode_packet(Bytes(octets).first(n)).has_value()) << n;
    // Cut, but with a size and a checksum that say so: only the parts themselves tell.
    auto cut = std::vector<std::byte>(octets.begin(), octets.begin() + static_cast<long>(n));
    if (n < kFixedPart) continue;
    wire::store_be<2>(&cut[2], n);
    wire::store_be<2>(&cut[4], 0);
    wire::store_be<2>(&cut[4], wire::internet_checksum(cut));
    EXPECT_FALSE(decode_packet(cut).has_value()) << n;
  }
}

TEST_P(ScspPacketTolerated, IsReadAsItShouldBe) {
  const auto octets = summed(GetParam().octets);
  const auto packet = decode_packet(octets);
  ASSERT_TRUE(packet.has_value()) << testing::PrintToString(packet.error());
  EXPECT_EQ(text(*packet), GetParam().want);
}

TEST_P(ScspPacketRefused, IsAnAbnormalEvent) {
  const auto packet = decode_packet(summed(GetParam().octets));
  ASSERT_FALSE(packet.has_value());
  EXPECT_EQ(packet.error(), GetParam().want);
  EXPECT_EQ(fault_of(packet.error()), Fault::AbnormalEvent);
}

const auto kName = [](const auto& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(AppendixB, ScspPacketCanonical, testing::ValuesIn(kCanonical), kName);
INSTANTIATE_TEST_SUITE_P(AppendixB, ScspPacketTolerated, testing::ValuesIn(kTolerated), kName);
INSTANTIATE_TEST_SUITE_P(AppendixB, ScspPacketRefused, testing::ValuesIn(kRefused), kName);

TEST(ScspPacket, AWrongChecksumIsAnAbnormalEventAndZeroMeansNothing) {
  for (const std::string_view wrong : {"0000", "0001"}) {
    const auto octets = hex("01 03 001c " + std::string(wrong) + " 0000 " COMMON "0000" IDS);
    const auto packet = decode_packet(octets);
    ASSERT_FALSE(packet.has_value());
    EXPECT_EQ(packet.error(), (Error{Errc::BadChecksum, 4, "scsp.checksum"}));
    EXPECT_EQ(fault_of(packet.error()), Fault::AbnormalEvent);
  }
}

TEST(ScspPacket, ExtensionsAreLimited) {
  const auto with = [](unsigned n) {
    std::string body;
    for (unsigned i = 0; i < n; ++i) {
      const auto type = std::array{std::byte{1}, static_cast<std::byte>(i)};
      body += to_hex(type) + "0000";
    }
    const unsigned size = 32 + 4 * n;
    const std::array length{static_cast<std::byte>(size >> 8), static_cast<std::byte>(size)};
    return summed("01 03 " + to_hex(length) + " 0000 001c " COMMON "0000" IDS + body + "00000000");
  };
  EXPECT_TRUE(decode_packet(with(kMaxExtensions)).has_value());
  EXPECT_EQ(decode_packet(with(kMaxExtensions + 1)).error(),
            (Error{Errc::TooMany, 28 + 4 * kMaxExtensions, "scsp.extensions"}));
}

TEST(ScspPacket, ADigestIsLimited) {
  const auto with = [](std::size_t mac) {
    const std::size_t size = 28 + 8 + mac + 4;
    auto octets = hex("01 03 00" + to_hex(std::array{static_cast<std::byte>(size)}) +
                      " 0000 001c " COMMON "0000" IDS "0001 00" +
                      to_hex(std::array{static_cast<std::byte>(4 + mac)}) + "00000101");
    octets.resize(size);
    return summed(to_hex(octets));
  };
  EXPECT_TRUE(decode_packet(with(kMaxMac)).has_value());
  EXPECT_EQ(decode_packet(with(kMaxMac + 1)).error(),
            (Error{Errc::TooLarge, 30, "scsp.authentication.length"}));
}

TEST(ScspPacket, AHelloIsHeardByAllItLists) {
  const auto octets = summed("01 05 0029 " HELLO COMMON "0001" IDS " 04 0a010103");
  const Packet hello = *decode_packet(octets);
  EXPECT_TRUE(hears(hello, id_octets(0x0a010102)));
  EXPECT_TRUE(hears(hello, id_octets(0x0a010103)));
  EXPECT_FALSE(hears(hello, id_octets(0x0a010101)));  // the sender itself
  EXPECT_FALSE(hears(hello, {}));
}

TEST(ScspPacket, IsForUsOrIsDiscardedWithoutAnEvent) {  // sections 2.2 and 2.3
  const auto ours = id_octets(0x0a010102), other = id_octets(0x0a010109);
  const auto all = id_octets(0xffffffff);
  const auto ask = [&](MsgType type, Bytes receiver, Addressee self) {
    const auto octets = PacketWriter({.type = type,
                                      .server_group = 23,
                                      .sender = id_octets(0x0a010101),
                                      .receiver = receiver})
                            .finish();
    const auto verdict = check_addressee(*decode_packet(*octets), self);
    if (verdict) return std::string("ours");
    EXPECT_EQ(fault_of(verdict.error()), Fault::DiscardPacket);
    return std::string(verdict.error().field) + " " + std::to_string(verdict.error().offset);
  };
  const Addressee self{.server_group = 23, .server_id = ours};
  for (const auto type : {MsgType::CacheAlignment, MsgType::CsuReply, MsgType::CsuSolicit}) {
    const std::string at = type == MsgType::CacheAlignment ? " 28" : " 24";
    EXPECT_EQ(ask(type, ours, self), "ours");
    EXPECT_EQ(ask(type, other, self), "scsp.receiver_id" + at);
    EXPECT_EQ(ask(type, all, self), "scsp.receiver_id" + at);
  }
  EXPECT_EQ(ask(MsgType::CsuRequest, ours, self), "ours");
  EXPECT_EQ(ask(MsgType::CsuRequest, all, self), "ours");
  EXPECT_EQ(ask(MsgType::CsuRequest, other, self), "scsp.receiver_id 24");
  EXPECT_EQ(ask(MsgType::Hello, other, self), "ours");
  EXPECT_EQ(ask(MsgType::Hello, {}, self), "ours");
  EXPECT_EQ(ask(MsgType::Hello, ours, {.server_group = 24, .server_id = ours}),
            "scsp.server_group_id 18");
  EXPECT_EQ(ask(MsgType::Hello, ours, {.protocol = 2, .server_group = 23, .server_id = ours}),
            "scsp.protocol_id 16");
}

TEST(ScspPacket, IdsCompareAsUnsignedOctets) {
  const auto low = id_octets(0x0a010102), high = id_octets(0x80000000);
  EXPECT_TRUE(compare_ids(low, high) < 0);       // NOLINT(modernize-use-nullptr)
  EXPECT_TRUE(compare_ids(high, high) == 0);     // NOLINT(modernize-use-nullptr)
  EXPECT_TRUE(compare_ids(hex("0a"), low) < 0);  // NOLINT(modernize-use-nullptr)
  EXPECT_EQ(id_number(low), 0x0a010102U);
  EXPECT_EQ(id_number(hex("0a0101")), std::nullopt);
  EXPECT_TRUE(is_all_ones(hex("ffffffff")));
  EXPECT_FALSE(is_all_ones(hex("fffffffe")));
  EXPECT_FALSE(is_all_ones({}));
}

TEST(ScspPacket, ViewsOfRecordsSayWhereTheyAre) {
  const auto octets = summed("01 02 0033 0000 0000 " COMMON "0001" IDS
                             "0003 0017 04 04 0000 7fffffff 00000007 0a010101  aabbcc");
  const Packet packet = *decode_packet(octets);
  const RecordView record = *packet.records.begin();
  EXPECT_EQ(record.offset, 28U);
  EXPECT_EQ(record.octets.size(), 23U);
  EXPECT_EQ(record.body_offset(), 48U);
}

TEST(ScspNames, EveryNumberHasOneAndOthersAreUnknown) {
  EXPECT_EQ(to_string(MsgType::CsuSolicit), "CSUS");
  EXPECT_EQ(to_string(MsgType{6}), "Unknown");
  EXPECT_EQ(to_string(ProtocolId::Mars), "MARS");
  EXPECT_EQ(to_string(ProtocolId{6}), "Unknown");
  EXPECT_EQ(to_string(ExtensionType::Authentication), "Authentication");
  EXPECT_EQ(to_string(ExtensionType{3}), "Unknown");
}

}  // namespace
}  // namespace forces::scsp
