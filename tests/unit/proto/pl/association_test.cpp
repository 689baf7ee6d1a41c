#include "proto/pl/association.hpp"

#include <gtest/gtest.h>

#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::pl {
namespace {

using test::hex;
using test::to_hex;

constexpr ForcesId kFe{2};
constexpr ForcesId kCe{0x40000001};

TEST(PlAssociation, SetupWithoutReportsIsTheHeaderAlone) {
  const auto octets = encode_association_setup(kFe, kCe, 1);
  EXPECT_EQ(to_hex(octets.value()),
            to_hex(hex("1001 0006 00000002 40000001 0000000000000001 38000000")));
  const auto setup = decode_association_setup(*octets);
  ASSERT_TRUE(setup);
  EXPECT_EQ(setup->header.source, kFe);
  EXPECT_TRUE(setup->reports.empty());
}

TEST(PlAssociation, SetupCarriesWhatTheFeReports) {
  // The example of reference text that tshark and tcpdump read: FE Protocol Object, FEHI = 500 ms.
  const LfbSelect report{kFeProtocolObject,
                         {1},
                         {Oper{.type = OperType::Report,
                               .elements = {Element{PathData{
                                   .ids = {7}, .items = {Element{FullData{hex("000001f4")}}}}}}}}};
  const auto octets = encode_association_setup(kFe, kCe, 1, {report});
  EXPECT_EQ(to_hex(octets.value()),
            to_hex(hex("1001000f 00000002 40000001 0000000000000001 38000000"
                       "1000 0024 00000002 00000001  000b 0018  0110 0014 0000 0001 00000007"
                       "0112 0008 000001f4")));
  EXPECT_EQ(decode_association_setup(*octets)->reports, std::vector<LfbSelect>{report});
}

TEST(PlAssociation, SetupResponseRepeatsTheCorrelator) {
  const auto octets =
      encode_association_setup_response(kCe, kFe, 1, AssociationResult::PermissionDenied);
  EXPECT_EQ(to_hex(octets.value()),
            to_hex(hex("10110008 40000001 00000002 0000000000000001 38000000 0010 0008 00000002")));
  const auto response = decode_association_setup_response(*octets);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->result, AssociationResult::PermissionDenied);
  EXPECT_EQ(response->header.correlator, 1u);
}

TEST(PlAssociation, TeardownSaysWhyAndExpectsNothing) {
  const auto octets = encode_association_teardown(kCe, kFe, TeardownReason::LossOfHeartbeats);
  EXPECT_EQ(to_hex(octets.value()),
            to_hex(hex("10020008 40000001 00000002 0000000000000000 38000000 0011 0008 00000001")));
  EXPECT_EQ(decode_association_teardown(*octets)->reason, TeardownReason::LossOfHeartbeats);
}

TEST(PlAssociation, AHeartbeatIsAnsweredWithItsCorrelatorAndPriority) {
  const auto request = encode_heartbeat(kCe, kAllFes, 9, Ack::Always);
  EXPECT_EQ(to_hex(request.value()),
            to_hex(hex("100f0006 40000001 fffffffe 0000000000000009 c8000000")));
  Header header = decode_header(*request).value();
  header.flags = header.flags.with_priority(5).with_atomic(true);
  EXPECT_EQ(to_hex(encode_heartbeat_reply(header, kFe).value()),
            to_hex(hex("100f0006 00000002 40000001 0000000000000009 28000000")));
}

TEST(PlAssociation, AnotherMessageOrAMissingPartIsRefused) {
  const auto heartbeat = encode_heartbeat(kCe, kFe, 0);
  EXPECT_EQ(decode_association_setup(*heartbeat).error(), (Error{Errc::UnknownType, 1, "pl.type"}));
  const auto response = hex("10110006 40000001 00000002 0000000000000001 38000000");
  EXPECT_EQ(decode_association_setup_response(response).error(),
            (Error{Errc::Missing, 24, "pl.asresult"}));
  const auto teardown = hex("10020006 40000001 00000002 0000000000000001 38000000");
  EXPECT_EQ(decode_association_teardown(teardown).error(),
            (Error{Errc::Missing, 24, "pl.astreason"}));
}

TEST(PlAssociation, PrioritiesAreThoseOfTheTransportsTable) {  // RFC 5811 section 4.2.1.2
  EXPECT_EQ(default_priority(MsgType::AssociationSetup), 7u);
  EXPECT_EQ(default_priority(MsgType::AssociationTeardown), 7u);
  EXPECT_EQ(default_priority(MsgType::Config), 4u);
  EXPECT_EQ(default_priority(MsgType::QueryResponse), 4u);
  EXPECT_EQ(default_priority(MsgType::EventNotification), 3u);
  EXPECT_EQ(default_priority(MsgType::PacketRedirect), 2u);
  EXPECT_EQ(default_priority(MsgType::Heartbeat), 1u);
}

}  // namespace
}  // namespace forces::pl
