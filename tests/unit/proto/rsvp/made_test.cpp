// Messages written from values: what the golden ones lack. tests/vectors/rsvp/made.hex has their
// octets, and tshark and tcpdump are asked about those (tests/conformance/rsvp_test).
#include "proto/rsvp/integrity.hpp"
#include "tests/unit/proto/rsvp/support.hpp"

namespace forces::rsvp {
namespace {

using namespace test_support;
using test::hex;
using test::to_hex;
using M = MessageType;
using T = InterfaceTlvType;

const SonetSdh kStsVc4{.signal_type = 6, .multiplier = 1};
const IfIndex kLink{v4(kNode3), 32};

struct Made {
  std::string_view name;
  Message message;
};

Session session(std::uint16_t call = 0) {
  return {
      .end_point = v4(kNode25), .call_id = call, .tunnel_id = 7, .extended_tunnel_id = v4(kNode2)};
}

Hop hop() { return {.address = v4(kNode2), .tlvs = {InterfaceTlv::of(T::IfIndex, kLink)}}; }

Message path_ipv6() {
  return {.type = M::Path,
          .objects = {
              Session{.kind = Session::Kind::LspTunnelIpv6,
                      .end_point = v6(25),
                      .tunnel_id = 9,
                      .extended_tunnel_id = v6(2)},
              Hop{.address = v6(2), .logical_interface = 5, .if_id = false}, TimeValues{15'000},
              ExplicitRoute{{{false, PrefixHop{v6(3), 128}},
                             {true, PrefixHop{v4(kNode25), 32}},
                             {false, AsHop{65000}}}},
              LabelRequest{
                  .encoding = LabelRequest::kLambda, .switching = LabelRequest::kLsc, .g_pid = 0},
              LabelSet{.action = LabelSet::Action::InclusiveRange, .subchannels = {0, 0x20000}},
              SessionAttribute{.affinities = SessionAttribute::Affinities{1, 2, 4},
                               .setup_priority = 4,
                               .holding_priority = 3,
                               .flags = SessionAttribute::kSeStyle,
                               .name = "v6"},
              NotifyRequest{v6(2)}, SenderTemplate{v6(2), 17},
              SenderTspec{G709{.signal_type = 2, .nmc = 0, .nvc = 0, .multiplier = 1}},
              RecordRoute{{{false, PrefixHop{v6(2), 128, 0x01}}}}, SuggestedLabel{2, {0x30000}},
              RecoveryLabel{2, {0x40000}}}};
}

Message resv_shared_explicit() {
  return {.type = M::Resv,
          .flags = kRefreshReductionCapable,
          .objects = {MessageId{0, 1, 77}, session(), hop(), TimeValues{}, ResvConfirm{v4(kNode25)},
                      Style{.options = Style::kSharedExplicit}, Flowspec{kStsVc4},
                      FilterSpec{v4(kNode2), 1}, Label{2, {0x10000}}, FilterSpec{v4(kNode2), 2},
                      Label{2, {0x20000, 0x30000}},
                      RecordRoute{{{false, PrefixHop{v4(kNode25), 32, 0x02}},
                                   {false, LabelHop{.flags = LabelHop::kGlobal, .labels = {5}}}}}}};
}

Message path_err_with_every_tlv() {
  const Route route{{false, PrefixHop{v4(kNode25)}}, {false, UnnumberedHop{kNode25, 7}}};
  const InterfaceTlvs nodes{InterfaceTlv::of(T::NodeId, kNode3), InterfaceTlv::of(T::Ipv6, v6(4))};
  const InterfaceTlvs links{InterfaceTlv::of(T::IfIndex, kLink),
                            InterfaceTlv::of(T::Ipv4, v4(kNode2))};
  const Octets area = hex("03490001");
  return {
      .type = M::PathErr,
      .objects = {
          session(),
          ErrorSpec{.node = v4(kNode3),
                    .flags = ErrorSpec::kPathStateRemoved | ErrorSpec::kNotGuilty,
                    .error = {ErrorCode::AdmissionControl, admission::kBandwidth},
                    .if_id = true,
                    .tlvs = {InterfaceTlv::of(T::Ipv4, v4(kNode3)),
                             InterfaceTlv::of(T::Ipv6, v6(3)),
                             InterfaceTlv::of(T::IfIndex, kLink),
                             InterfaceTlv::of(T::DownstreamLabel, 0x40000U),
                             InterfaceTlv::of(T::UpstreamLabel, 0x50000U),
                             InterfaceTlv::of(T::NodeId, kNode3),
                             InterfaceTlv::of(T::OspfArea, 0x0a000001U),
                             InterfaceTlv{T::IsisArea, area},
                             InterfaceTlv::of(T::AutonomousSystem, 65000U),
                             *InterfaceTlv::of(T::EroContext, route),
                             *InterfaceTlv::of(T::EroNextContext, route),
                             InterfaceTlv::of(T::PreviousHopIpv4, v4(kNode2)),
                             InterfaceTlv::of(T::PreviousHopIpv6, v6(2)),
                             InterfaceTlv::of(T::IncomingIpv4, v4(kNode2)),
                             InterfaceTlv::of(T::IncomingIpv6, v6(2)),
                             InterfaceTlv::of(T::IncomingIfIndex, IfIndex{v4(kNode2), 21}),
                             InterfaceTlv::of(T::IncomingDownstreamLabel, 0x60000U),
                             InterfaceTlv::of(T::IncomingUpstreamLabel, 0x70000U),
                             InterfaceTlv::of(T::ReportingNodeId, kNode2),
                             InterfaceTlv::of(T::ReportingOspfArea, 0x0a000002U),
                             InterfaceTlv{T::ReportingIsisArea, area},
                             InterfaceTlv::of(T::ReportingAs, 65001U),
                             *InterfaceTlv::of(T::ProposedEro, route),
                             *InterfaceTlv::of(T::NodeExclusions, nodes),
                             *InterfaceTlv::of(T::LinkExclusions, links),
                             InterfaceTlv::of(T::ErrorString, std::string_view("no bandwidth"))}},
          AcceptableLabelSet{.subchannels = {0x40000}}, SenderTemplate{v4(kNode2), 1},
          SenderTspec{kStsVc4}}};
}

Message notify_two_calls() {
  CallAttributes attributes;
  attributes.set_flag(call_flag::kInheritance);
  return {.type = M::Notify,
          .objects = {MessageIdAck{.epoch = 0xabcdef, .id = 6},
                      MessageIdAck{.nack = true, .epoch = 0xabcdef, .id = 7},
                      MessageId{MessageId::kAckDesired, 1, 78}, ErrorSpec{.node = v4(kNode2)},
                      session(0x101), AdminStatus{admin_status::kReflect | admin_status::kCall},
                      SessionAttribute{.setup_priority = 0, .holding_priority = 0, .name = "one"},
                      attributes, session(0x102),
                      AdminStatus{admin_status::kCall | admin_status::kDelete |
                                  admin_status::kLockout | admin_status::kInhibitAlarm |
                                  admin_status::kTesting | admin_status::kHandover},
                      SessionAttribute{.setup_priority = 0, .holding_priority = 0, .name = "two"},
                      SenderTemplate{v4(kNode2), 0}}};
}

Message path_of_the_oif() {
  LspAttributes wanted;
  wanted.set_flag(lsp_flag::kEndToEndRerouting);
  wanted.set_flag(lsp_flag::kBoundaryRerouting);
  LspRequiredAttributes required;
  required.set_flag(lsp_flag::kStitching);
  return {
      .type = M::Path,
      .objects = {
          Session{.kind = Session::Kind::EnniIpv4,
                  .end_point = v4(kNode3),
                  .tunnel_id = 7,
                  .extended_tunnel_id = v4(kNode2)},
          hop(), TimeValues{}, LabelRequest{.encoding = 5, .switching = 100, .g_pid = 34},
          CallId{.source = hex("c0000202"), .local_id = 0x101}, CallOps{CallOps::kSynchronizing},
          Protection::of(Protection::kSecondary | Protection::kProtecting, Protection::kOneToN, 2),
          required, wanted,
          GeneralizedUni{{UniSubobject::tna(UniSubobject::kSourceTna, v4(0xc6336401)),
                          UniSubobject::tna(UniSubobject::kDestinationTna, v6(26)),
                          UniSubobject::egress_label(
                              UniSubobject::kSpcLabel,
                              {.upstream = true, .logical_port = 7, .labels = {0x40000}}),
                          UniSubobject::service_level(3)}},
          Association{.type = Association::kResourceSharing, .id = 2, .source = v4(kNode2)},
          ExcludeRoute{{{false, PrefixHop{v4(kNode3), 32, kExcludeNode}},
                        {true, UnnumberedHop{.router_id = kNode3, .interface_id = 32}},
                        {false, SrlgHop{17}}}},
          SenderTemplate{v4(kNode2), 1}, SenderTspec{kStsVc4}, UpstreamLabel{2, {0x10000}}}};
}

Message path_of_a_segment() {
  LspAttributes wanted;
  wanted.set_flag(lsp_flag::kStitching);
  return {.type = M::Path,
          .objects = {session(), hop(), TimeValues{},
                      LabelRequest{.encoding = 5, .switching = 100, .g_pid = 34}, wanted,
                      LspTunnelInterfaceId{.router_id = kNode2, .interface_id = 0x80000007},
                      SenderTemplate{v4(kNode2), 1}, SenderTspec{kStsVc4},
                      UpstreamLabel{2, {0x10000}}}};
}

Message resv_of_a_segment() {
  AttributesHop ready;
  ready.set_flag(lsp_flag::kStitching);
  return {.type = M::Resv,
          .objects = {session(), hop(), TimeValues{}, LspTunnelInterfaceId{kNode25, 0x80000009},
                      Style{}, Flowspec{kStsVc4}, FilterSpec{v4(kNode2), 1}, Label{2, {0x10000}},
                      RecordRoute{{{false, PrefixHop{v4(kNode25)}}, {false, ready}}}}};
}

Message simple(M type, std::vector<Object> objects) {
  return {.type = type, .objects = std::move(objects)};
}

Message bundle() {
  return {.type = M::Bundle,
          .flags = kRefreshReductionCapable,
          .bundled = {simple(M::Ack, {MessageIdAck{.epoch = 1, .id = 2}}),
                      simple(M::Srefresh, {MessageIdList{0, 1, {3, 4, 5}}})}};
}

const std::vector<Made>& made() {
  static const std::vector<Made> messages{
      {"01 path-ipv6", path_ipv6()},
      {"02 resv-shared-explicit", resv_shared_explicit()},
      {"03 patherr-every-tlv", path_err_with_every_tlv()},
      {"04 resverr",
       simple(M::ResvErr, {session(), hop(),
                           ErrorSpec{.node = v4(kNode3),
                                     .flags = ErrorSpec::kInPlace,
                                     .error = {ErrorCode::TrafficControl, traffic::kBadFlowspec}},
                           Style{}, Flowspec{kStsVc4}, FilterSpec{v4(kNode2), 1}})},
      {"05 resvtear", simple(M::ResvTear, {session(), hop(), Style{}, FilterSpec{v4(kNode2), 1}})},
      {"06 resvconf",
       simple(M::ResvConf, {session(), ErrorSpec{.node = v4(kNode2)}, ResvConfirm{v4(kNode25)},
                            Style{}, Flowspec{kStsVc4}, FilterSpec{v4(kNode2), 1}})},
      {"07 notify-two-calls", notify_two_calls()},
      {"08 path-oif", path_of_the_oif()},
      {"09 ack", simple(M::Ack, {MessageIdAck{.epoch = 0xabcdef, .id = 9},
                                 MessageIdAck{.nack = true,
                                              .flags = MessageIdAck::kRecoveryPath,
                                              .epoch = 0xabcdef,
                                              .id = 10}})},
      {"10 srefresh",
       simple(M::Srefresh, {MessageIdAck{.epoch = 1, .id = 2}, MessageIdList{0, 1, {3, 4, 5}}})},
      {"11 hello", simple(M::Hello, {Hello{true, 7, 8}, RestartCap{60'000, 1},
                                     Capability{capability::kRecoveryPathDesired}})},
      {"12 bundle", bundle()},
      {"13 path-segment", path_of_a_segment()},
      {"14 resv-segment", resv_of_a_segment()},
  };
  return messages;
}

TEST(RsvpMade, ValuesBecomeTheseOctets) {
  const auto vectors = test::load_vectors("rsvp/made.hex");
  ASSERT_EQ(vectors.size(), made().size());
  for (std::size_t i = 0; i < made().size(); ++i) {
    const auto octets = encode_message(made()[i].message);
    ASSERT_TRUE(octets) << made()[i].name;
    EXPECT_EQ(vectors[i].name, made()[i].name);
    EXPECT_EQ(to_hex(*octets), to_hex(vectors[i].octets)) << made()[i].name;
    EXPECT_TRUE(decode_message(vectors[i].octets) == made()[i].message) << made()[i].name;
  }
}

}  // namespace
}  // namespace forces::rsvp
