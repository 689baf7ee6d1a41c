// The golden messages: octet for octet, read for what they say, cut and damaged.
#include <random>

#include "proto/rsvp/grammar.hpp"
#include "tests/unit/proto/rsvp/support.hpp"

namespace forces::rsvp {
namespace {

using namespace test_support;
using test::hex;
using test::to_hex;
using T = InterfaceTlvType;

constexpr std::string_view kLongCallId = "BEL-CARR01-AP0001/192.0.2.2/0000000000000101";
const IfIndex kLinkC{v4(kNode3), 32};

Message read(std::string_view number) {
  auto message = decode_message(golden(number));
  if (!message) throw std::runtime_error("a golden message was refused");
  return *std::move(message);
}

template <class Object>
Object in(const Message& message) {
  const Object* const found = message.find<Object>();
  if (found == nullptr) throw std::runtime_error("a golden message lacks an object");
  return *found;
}

TEST(RsvpVectors, EveryMessageDecodesAndEncodesOctetForOctet) {
  ASSERT_EQ(golden().size(), 24u);
  for (const test::Vector& vector : golden()) {
    const auto message = decode_message(vector.octets);
    ASSERT_TRUE(message) << vector.name;
    EXPECT_EQ(message->find<UnknownObject>(), nullptr) << vector.name;
    EXPECT_EQ(unacceptable(*message), std::nullopt) << vector.name;
    EXPECT_EQ(missing(*message), std::nullopt) << vector.name;
    const auto again = encode_message(*message);
    ASSERT_TRUE(again) << vector.name;
    EXPECT_EQ(to_hex(*again), to_hex(vector.octets)) << vector.name;
  }
}

TEST(RsvpVectors, TypesOfMessages) {
  using enum MessageType;
  const std::pair<std::string_view, MessageType> rows[] = {
      {"01", Path},         {"02", Resv},     {"04", PathErr},  {"05", Notify},  {"10", Hello},
      {"13", RecoveryPath}, {"14", Srefresh}, {"17", PathTear}, {"19", PathErr}, {"32", Notify}};
  for (const auto& [number, type] : rows) EXPECT_EQ(read(number).type, type) << number;
}

TEST(RsvpVectors, APathOfASoftPermanentConnection) {  // 01
  const Message m = read("01");
  EXPECT_EQ(m.flags, kRefreshReductionCapable);
  EXPECT_EQ(m.send_ttl, 255);
  EXPECT_EQ(in<MessageId>(m), (MessageId{MessageId::kAckDesired, 0xabcdef, 1001}));
  EXPECT_EQ(in<Session>(m), (Session{.end_point = v4(kNode25),
                                     .call_id = 0x101,
                                     .tunnel_id = 7,
                                     .extended_tunnel_id = v4(kNode2)}));
  EXPECT_EQ(in<Hop>(m).tlvs.at(0).if_index(), (IfIndex{v4(kNode2), 21}));
  EXPECT_EQ(in<TimeValues>(m).refresh_ms, 30'000u);
  const Route ero{{false, PrefixHop{v4(kNode3)}},
                  {false, PrefixHop{v4(kNode25)}},
                  {false, UnnumberedHop{kNode25, 7}},
                  {false, LabelHop{.labels = {0x40000}}},
                  {false, LabelHop{.flags = LabelHop::kUpstream, .labels = {0x40000}}}};
  EXPECT_EQ(in<ExplicitRoute>(m).route, ero);
  EXPECT_EQ(
      in<LabelRequest>(m),
      (LabelRequest{.encoding = LabelRequest::kSdh, .switching = LabelRequest::kTdm, .g_pid = 34}));
  EXPECT_EQ(in<CallId>(m).local_id, 0x101u);
  EXPECT_EQ(in<Protection>(m).lsp_flags(), Protection::kOnePlusOneBidi);
  EXPECT_FALSE(in<Protection>(m).is(Protection::kProtecting));
  EXPECT_EQ(in<LabelSet>(m).subchannels, (Words{0x10000, 0x20000}));
  EXPECT_EQ(in<SessionAttribute>(m).name, kLongCallId);
  EXPECT_EQ(in<SessionAttribute>(m).flags, SessionAttribute::kLabelRecording);
  EXPECT_TRUE(in<LspAttributes>(m).flag(lsp_flag::kSegmentRerouting));
  EXPECT_EQ(in<NotifyRequest>(m).address, v4(kNode2));
  EXPECT_TRUE(in<AdminStatus>(m).is(admin_status::kReflect | admin_status::kDown));
  const auto uni = in<GeneralizedUni>(m);
  EXPECT_EQ(uni.find(UniSubobject::kSourceTna)->tna(), v4(0xc6336401));
  EXPECT_EQ(uni.find(UniSubobject::kDestinationTna)->tna(), v4(0xc633641a));
  EXPECT_EQ(uni.find(UniSubobject::kEgressLabel)->egress_label(),
            (UniSubobject::EgressLabel{.logical_port = 7, .labels = {0x40000}}));
  EXPECT_EQ(uni.find(UniSubobject::kServiceLevel)->service_level(), 3);
  EXPECT_EQ(in<Association>(m), (Association{.id = 2, .source = v4(kNode2)}));
  EXPECT_EQ(in<SenderTemplate>(m).lsp_id, 1);
  EXPECT_EQ(*in<SenderTspec>(m).sonet_sdh(), (SonetSdh{.signal_type = 6, .multiplier = 1}));
  EXPECT_EQ(in<RecordRoute>(m).route, (Route{{false, UnnumberedHop{kNode2, 21}}}));
  EXPECT_EQ(in<UpstreamLabel>(m).labels, Words{0x10000});
}

TEST(RsvpVectors, AResvHasItsFlowDescriptor) {  // 02
  const Message m = read("02");
  const auto flows = flow_descriptors(m);
  ASSERT_TRUE(flows);
  ASSERT_EQ(flows->size(), 1u);
  EXPECT_EQ(flows->at(0).filter->lsp_id, 1);
  EXPECT_EQ(flows->at(0).label->labels, Words{0x10000});
  EXPECT_EQ(flows->at(0).route->route.size(), 5u);
  EXPECT_TRUE(std::get<LabelHop>(flows->at(0).route->route.back().hop).upstream());
  EXPECT_EQ(flows->at(0).objects.size(), 4u);
  EXPECT_EQ(in<AdminStatus>(m).bits, admin_status::kDown);
}

TEST(RsvpVectors, APathErrAtTheLimitOfReroutingHasItsHistory) {  // 04
  const auto error = in<ErrorSpec>(read("04"));
  EXPECT_EQ(error.error, (ErrorValue{ErrorCode::RoutingProblem, routing::kRerouteLimit}));
  EXPECT_EQ(error.flags, ErrorSpec::kPathStateRemoved);
  EXPECT_EQ(find(error.tlvs, T::IfIndex)->if_index(), (IfIndex{v4(kNode3), 33}));
  EXPECT_EQ(find(error.tlvs, T::NodeId)->number(), kNode3);
  const auto nodes = find(error.tlvs, T::NodeExclusions)->exclusions();
  ASSERT_TRUE(nodes);
  EXPECT_EQ(nodes->at(0).number(), 0xc0000204U);
  const auto links = find(error.tlvs, T::LinkExclusions)->exclusions();
  ASSERT_TRUE(links);
  EXPECT_EQ(links->at(0).if_index(), kLinkC);
  EXPECT_EQ(find(error.tlvs, T::ErrorString)->text(), "3 of 3 attempts used");
}

TEST(RsvpVectors, ACallIsSetUpByNotify) {  // 05
  const Message m = read("05");
  EXPECT_EQ(in<ErrorSpec>(m).error, ErrorValue{});
  const auto sessions = notify_sessions(m);
  ASSERT_EQ(sessions.size(), 1u);
  EXPECT_EQ(sessions[0].session->call_id, 0x101);
  EXPECT_EQ(sessions[0].find<AdminStatus>()->bits, admin_status::kReflect | admin_status::kCall);
  EXPECT_EQ(sessions[0].find<SessionAttribute>()->name, kLongCallId);
  EXPECT_EQ(sessions[0].find<MessageId>(), nullptr);
  EXPECT_EQ(in<PolicyData>(m).elements.at(0), (PolicyElement{2, hex("75736572406578616d706c65")}));
  const Route links = in<LinkCapability>(m).route;
  ASSERT_EQ(links.size(), 3u);
  EXPECT_EQ(*links[0].as<UnnumberedHop>(), (UnnumberedHop{kNode2, 21}));
  EXPECT_EQ(links[1].as<BandwidthHop>()->bandwidth.value(), 311040000.0F);  // STM-16
  EXPECT_EQ(links[2].as<SwitchingHop>()->switching, LabelRequest::kTdm);
}

TEST(RsvpVectors, NotifiesOfCallsAndOfLsps) {  // 07, 08, 28, 29, 32
  using enum ErrorCode;
  EXPECT_EQ(in<ErrorSpec>(read("07")).error, (ErrorValue{CallManagement, call::kIdContention}));
  EXPECT_EQ(in<AdminStatus>(read("08")).bits,
            admin_status::kReflect | admin_status::kCall | admin_status::kDelete);
  EXPECT_EQ(in<ErrorSpec>(read("28")).error, (ErrorValue{CallManagement, call::kConnectionsExist}));
  EXPECT_EQ(in<ErrorSpec>(read("29")).error, (ErrorValue{CallManagement, call::kDuplicate}));
  EXPECT_EQ(in<ErrorSpec>(read("32")).error, (ErrorValue{Notify, notify::kLspFailure}));
  EXPECT_EQ(in<ErrorSpec>(read("32")).tlvs.at(0).if_index(), kLinkC);
  EXPECT_FALSE(in<AdminStatus>(read("32")).is(admin_status::kCall));
}

TEST(RsvpVectors, HellosHaveRestartTimesAndCapabilities) {  // 10, 11
  EXPECT_EQ(in<Hello>(read("10")), (Hello{false, 0x11111111, 0x22222222}));
  EXPECT_EQ(in<RestartCap>(read("10")), (RestartCap{60'000, 120'000}));
  EXPECT_EQ(in<Capability>(read("10")).bits, capability::kRecoveryPathTransmit |
                                                 capability::kRecoveryPathDesired |
                                                 capability::kRecoveryPathSrefresh);
  EXPECT_EQ(in<Hello>(read("11")), (Hello{true, 0x22222222, 0x11111111}));
  EXPECT_EQ(in<RestartCap>(read("11")), (RestartCap{RestartCap::kUnlimited, 0}));
  EXPECT_EQ(in<Capability>(read("11")).bits, capability::kRecoveryPathTransmit);
}

TEST(RsvpVectors, RecoveryOfAPath) {  // 13, 14
  EXPECT_EQ(in<RecoveryLabel>(read("13")).labels, Words{0x60000});
  EXPECT_EQ(in<UpstreamLabel>(read("13")).labels, Words{0x60000});
  EXPECT_EQ(in<MessageIdList>(read("14")),
            (MessageIdList{MessageIdList::kRecoveryPath, 0xabcdef, {1001, 1004}}));
}

TEST(RsvpVectors, ErrorsOfPaths) {  // 16, 19, 20, 22, 23
  EXPECT_EQ(in<AdminStatus>(read("16")).bits, admin_status::kReflect | admin_status::kDelete);
  EXPECT_EQ(in<ErrorSpec>(read("19")).error, (ErrorValue{ErrorCode::UnknownClass, 0x4301}));
  const auto spc = in<ErrorSpec>(read("20"));
  EXPECT_EQ(spc.error, (ErrorValue{ErrorCode::RoutingProblem, routing::kInvalidSpcInterface}));
  EXPECT_NE(find(spc.tlvs, T::IfIndex), nullptr);
  EXPECT_EQ(in<ErrorSpec>(read("22")).error,
            (ErrorValue{ErrorCode::RoutingProblem, routing::kBadExplicitRoute}));
  EXPECT_EQ(in<AcceptableLabelSet>(read("23")).subchannels, (Words{0x40000, 0x50000}));
}

TEST(RsvpVectors, OtherPaths) {  // 25, 31, 34
  EXPECT_EQ(in<CallId>(read("25")), (CallId{.kind = CallId::Kind::Global,
                                            .global = {{'B', 'E', 'L'},
                                                       {'C', 'A', 'R', 'R', '0', '1'},
                                                       {'A', 'P', '0', '0', '0', '1'}},
                                            .source = hex("c0000202"),
                                            .local_id = 0x101}));
  const Route uni = in<ExplicitRoute>(read("31")).route;
  EXPECT_TRUE(uni.at(0).loose);  // D8: the node is loose, its link and labels follow
  EXPECT_FALSE(uni.at(1).loose);
  EXPECT_EQ(uni.size(), 4u);
  EXPECT_EQ(in<ExcludeRoute>(read("34")).route, (Route{{false, UnnumberedHop{kNode3, 32}}}));
  EXPECT_TRUE(in<LspAttributes>(read("34")).flag(lsp_flag::kEndToEndRerouting));
}

TEST(RsvpVectors, EveryPrefixIsRefused) {
  for (const test::Vector& vector : golden()) {
    for (std::size_t n = 0; n < vector.octets.size(); ++n) {
      // A copy of its own, so that a read past the end is one past the allocation.
      const Octets cut(vector.octets.begin(), vector.octets.begin() + static_cast<long>(n));
      EXPECT_FALSE(decode_message(cut)) << vector.name << " cut to " << n;
    }
  }
}

// With the length it then has, and without a checksum.
TEST(RsvpVectors, APrefixWithACorrectedLengthIsRefusedOrWhole) {
  std::size_t refused = 0;
  for (const test::Vector& vector : golden()) {
    for (std::size_t n = kHeaderSize; n < vector.octets.size(); n += 4) {
      Octets cut(vector.octets.begin(), vector.octets.begin() + static_cast<long>(n));
      wire::store_be<2>(&cut[2], 0);
      wire::store_be<2>(&cut[6], n);
      const auto message = decode_message(cut);
      if (!message) {
        ++refused;
      } else {
        EXPECT_EQ(encode_message(*message), cut) << vector.name << " cut to " << n;
      }
    }
  }
  EXPECT_GT(refused, 300u);
}

TEST(RsvpVectors, ADamagedMessageIsRefusedOrStable) {
  std::mt19937 random(2205);
  std::size_t taken = 0;
  for (const test::Vector& vector : golden()) {
    for (int round = 0; round < 200; ++round) {
      Octets octets = vector.octets;
      const auto damages = 1 + random() % 4;
      for (unsigned i = 0; i < damages; ++i) {
        octets[random() % octets.size()] = static_cast<std::byte>(random());
      }
      put_checksum(octets);
      const auto message = decode_message(octets);
      if (!message) continue;
      ++taken;
      (void)flow_descriptors(*message);
      (void)notify_sessions(*message);
      (void)missing(*message);
      const auto again = encode_message(*message);
      ASSERT_TRUE(again) << vector.name << ": " << to_hex(octets);
      EXPECT_TRUE(decode_message(*again) == message) << vector.name << ": " << to_hex(octets);
    }
  }
  EXPECT_GT(taken, 1000u);
}

}  // namespace
}  // namespace forces::rsvp
