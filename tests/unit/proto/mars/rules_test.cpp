#include "proto/mars/rules.hpp"

#include <gtest/gtest.h>

#include "proto/mars/data.hpp"
#include "proto/scsp/fault.hpp"
#include "proto/scsp/writer.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::mars {
namespace {

using test::hex;
using test::to_hex;

const GroupRange kOne{ipv4_address(0xef010101), ipv4_address(0xef010101)};
const GroupRange kOther{ipv4_address(0xef020202), ipv4_address(0xef020202)};
const GroupRange kBlock{ipv4_address(0xe0000000), ipv4_address(0xefffffff)};

TEST(MarsRules, OperationsOfAMarsDoNotComeFromAnEndpoint) {
  for (int op = 1; op <= 13; ++op) {
    const auto operation = static_cast<Operation>(op);
    Message m{.operation = operation};
    if (form_of(operation) == Form::Membership) m.ranges = {kOne};
    if (form_of(operation) == Form::Query) m.group = kOne.min;
    const bool endpoint = operation == Operation::Request || operation == Operation::Join ||
                          operation == Operation::Leave || operation == Operation::Mserv ||
                          operation == Operation::Unserv ||
                          operation == Operation::GrouplistRequest;
    if (endpoint) {
      EXPECT_TRUE(check_from_endpoint(m).has_value()) << to_string(operation);
    } else {
      EXPECT_EQ(check_from_endpoint(m), fail(Errc::UnknownType, "mars.op.type", 17));
    }
  }
}

TEST(MarsRules, AMembersMessageHasOnePairAndNoCopyFlag) {  // sections 5.2.1 and 6.1.2
  for (const auto op : {Operation::Join, Operation::Leave, Operation::Mserv, Operation::Unserv}) {
    const auto verdict = [&](Flags flags, std::vector<GroupRange> ranges) {
      return check_from_endpoint({.operation = op, .flags = flags, .ranges = std::move(ranges)});
    };
    EXPECT_TRUE(verdict({}, {kBlock}).has_value());
    EXPECT_EQ(verdict({0x4000}, {kOne}), fail(Errc::BadValue, "mars.flags", 24));
    EXPECT_EQ(verdict({}, {kOne, kOther}), fail(Errc::TooMany, "mars.pnum", 22));
    EXPECT_EQ(verdict({}, {}), fail(Errc::Missing, "mars.pnum", 22));
    EXPECT_EQ(verdict({}, {GroupRange{}}), fail(Errc::Missing, "mars.tpln", 21));
  }
}

TEST(MarsRules, ARegistrationMaySayNoPairOrOne) {  // sections 5.2.1 and 5.2.3 differ
  const Flags registers = Flags{}.with_registers(true);
  const auto verdict = [&](std::vector<GroupRange> ranges) {
    return check_from_endpoint(
        {.operation = Operation::Join, .flags = registers, .ranges = std::move(ranges)});
  };
  EXPECT_TRUE(verdict({}).has_value());
  EXPECT_TRUE(verdict({GroupRange{}}).has_value());
  EXPECT_TRUE(verdict({kOne}).has_value());
  EXPECT_FALSE(verdict({kOne, kOther}).has_value());
}

TEST(MarsRules, OnlyTheFirstPairOfAGrouplistRequestCounts) {  // section 5.3
  EXPECT_TRUE(
      check_from_endpoint({.operation = Operation::GrouplistRequest, .ranges = {kOne, kOther}})
          .has_value());
  EXPECT_EQ(check_from_endpoint({.operation = Operation::GrouplistRequest}),
            fail(Errc::Missing, "mars.pnum", 22));
}

TEST(MarsRules, ARequestAsksForAGroup) {
  EXPECT_EQ(check_from_endpoint({.operation = Operation::Request}),
            fail(Errc::Missing, "mars.tpa", 23));
}

TEST(MarsRules, TheLayer3FlagOfABlockIsReset) {  // section 5.2.1
  const Flags set = Flags{}.with_layer3_group(true);
  EXPECT_TRUE(layer3_group({.flags = set, .ranges = {kOne}}));
  EXPECT_FALSE(layer3_group({.flags = {}, .ranges = {kOne}}));
  EXPECT_FALSE(layer3_group({.flags = set, .ranges = {kBlock}}));
  EXPECT_FALSE(layer3_group({.flags = set, .ranges = {}}));
}

TEST(MarsTlvs, TheFirstThatAsksForItDecides) {  // section 10.2
  EXPECT_EQ(tlv_action({}), TlvAction::Process);
  EXPECT_EQ(tlv_action(std::vector<Tlv>{{0x3801, {}}, {0xf801, {}}}), TlvAction::Process);
  EXPECT_EQ(tlv_action(std::vector<Tlv>{{0x3801, {}}, {0x7801, {}}, {0xb801, {}}}),
            TlvAction::Drop);
  EXPECT_EQ(tlv_action(std::vector<Tlv>{{0xb801, {}}, {0x7801, {}}}), TlvAction::DropAndReport);
  EXPECT_EQ(to_string(TlvAction::DropAndReport), "drop_and_report");
}

// RFC 2443 section 4.
class MarsScsp : public testing::Test {
 protected:
  static Result<void> verdict(const scsp::Head& head, const scsp::Csas* record = nullptr) {
    scsp::PacketWriter w(head);
    const bool written = record == nullptr || w.record(*record);
    EXPECT_TRUE(written);
    const auto octets = std::move(w).finish();
    return check_scsp(*scsp::decode_packet(*octets));
  }
  std::array<std::byte, 4> us_ = scsp::id_octets(0x0a010101), them_ = scsp::id_octets(0x0a010102);
  std::vector<std::byte> five_ = hex("0a01010203");
};

TEST_F(MarsScsp, IdsHaveFourOctets) {
  using scsp::MsgType;
  EXPECT_TRUE(verdict({.type = MsgType::CsuReply, .sender = us_, .receiver = them_}).has_value());
  EXPECT_TRUE(verdict({.type = MsgType::Hello, .sender = us_, .receiver = them_}).has_value());
  EXPECT_TRUE(verdict({.type = MsgType::Hello, .sender = us_}).has_value());  // has heard nobody
  EXPECT_EQ(verdict({.type = MsgType::CsuReply, .sender = us_}),
            fail(Errc::BadLength, "scsp.receiver_length", 17));
  EXPECT_EQ(verdict({.type = MsgType::CsuReply, .sender = five_, .receiver = them_}),
            fail(Errc::BadLength, "scsp.sender_length", 16));
  EXPECT_EQ(verdict({.type = MsgType::Hello, .sender = us_, .receiver = five_}),
            fail(Errc::BadLength, "scsp.receiver_length", 25));
  EXPECT_EQ(verdict({.type = MsgType::CacheAlignment, .sender = five_, .receiver = us_}),
            fail(Errc::BadLength, "scsp.sender_length", 20));
  EXPECT_EQ(scsp::fault_of({Errc::BadLength, 16, "scsp.sender_length"}),
            scsp::Fault::AbnormalEvent);
}

TEST_F(MarsScsp, KeysAndOriginatorsHaveFourOctets) {
  const scsp::Head head{.type = scsp::MsgType::CsuReply, .sender = us_, .receiver = them_};
  const scsp::Csas good{.key = us_, .originator = us_};
  const scsp::Csas key{.key = five_, .originator = us_},
      originator{.key = us_, .originator = five_};
  EXPECT_TRUE(verdict(head, &good).has_value());
  EXPECT_EQ(verdict(head, &key), fail(Errc::BadLength, "scsp.record.key_length", 32));
  EXPECT_EQ(verdict(head, &originator), fail(Errc::BadLength, "scsp.record.originator_length", 33));
}

TEST_F(MarsScsp, AnotherProtocolIsNotForUs) {
  const auto other =
      verdict({.type = scsp::MsgType::CsuReply, .protocol = 2, .sender = us_, .receiver = them_});
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(scsp::fault_of(other.error()), scsp::Fault::DiscardPacket);
}

// Section 5.5: what stands in front of data.
TEST(MarsData, Type1HasTheCmiAndAProtocol) {
  const auto octets = hex("0102 0800 4500");
  const auto view = decode_type1(octets);
  EXPECT_EQ(view->cmi, 0x0102);
  EXPECT_EQ(view->protocol, kIpv4);
  EXPECT_EQ(to_hex(view->packet), "4500");
  const auto long_octets = hex("0102 0080 0000008137 ffffff 4500");
  const auto long_form = decode_type1(long_octets);
  EXPECT_EQ(to_hex(long_form->protocol.snap), "0000008137");
  EXPECT_EQ(to_hex(long_form->packet), "4500");
  wire::ByteWriter w;
  encode_type1(0x0102, long_form->protocol, long_form->packet, w);
  EXPECT_EQ(to_hex(*std::move(w).finish()),
            "010200800000008137000000"
            "4500");
  wire::ByteWriter s;
  encode_type1(7, kIpv4, hex("4500"), s);
  EXPECT_EQ(to_hex(*std::move(s).finish()), "000708004500");
  for (const char* cut : {"", "01", "0102 08", "0102 0080 00000081", "0102 0080 0000008137 0000"}) {
    EXPECT_FALSE(decode_type1(hex(cut)).has_value()) << cut;
  }
}

TEST(MarsData, Type2HasASourceIdAndOtherPadding) {
  const auto octets = hex("0102030405060708 0800 0000 4500");
  const auto view = decode_type2(octets);
  EXPECT_EQ(to_hex(view->source_id), "0102030405060708");
  EXPECT_EQ(to_hex(view->packet), "4500");
  const auto long_octets = hex("0102030405060708 0080 0000008137 ff 4500");
  const auto long_form = decode_type2(long_octets);
  EXPECT_EQ(to_hex(long_form->protocol.snap), "0000008137");
  EXPECT_EQ(to_hex(long_form->packet), "4500");
  for (const char* cut :
       {"", "01020304050607", "0102030405060708 0800 00", "0102030405060708 0080 0000008137"}) {
    EXPECT_FALSE(decode_type2(hex(cut)).has_value()) << cut;
  }
}

}  // namespace
}  // namespace forces::mars
