// T1, T3, T12, T16, T20 of ason.md 7: soft permanent connections, users, borders of what is asked.
#include <gtest/gtest.h>

#include "tests/sim/connection/network.hpp"

namespace forces::signaling::ason::test {
namespace {

using rsvp::MessageType;

testing::AssertionResult up(Network& network, std::uint32_t node, const std::string& name) {
  if (network.until([&] { return network.state(node, name) == ConnectionState::Up; })) {
    return testing::AssertionSuccess();
  }
  auto result = testing::AssertionFailure()
                << name << " is " << to_string(network.state(node, name));
  if (const auto view = network.at(node).controller->show(name)) {
    for (const Failure& failure : view->failures) result << "; " << failure.reason;
  }
  return result;
}

TEST(T1Spc, ASoftPermanentConnectionIsSetUpPassesTrafficAndIsDeletedWithoutATrace) {
  Network network;
  build_p1(network);
  network.start();
  ConnectionRequest ask = request("spc", 2, 1, 25, 7);
  ask.ingress.labels = {.down = rsvp::Words{slot(2)}, .up = rsvp::Words{slot(2)}};
  ask.egress_end.labels = {.down = rsvp::Words{slot(4)}, .up = rsvp::Words{slot(4)}};
  Node& b = network.at(2);
  ASSERT_TRUE(b.controller->create(ask, network.world.now()));
  b.pump();
  ASSERT_TRUE(up(network, 2, "spc"));

  // The Path as golden 01: its route ends with the egress, its link, and a label each way.
  const auto paths = network.sent(MessageType::Path, 2);
  ASSERT_EQ(paths.size(), 1U);
  const auto* const ero = paths[0].message.find<rsvp::ExplicitRoute>();
  ASSERT_NE(ero, nullptr);
  ASSERT_GE(ero->route.size(), 4U);
  const auto tail = ero->route.end() - 4;
  EXPECT_EQ(tail[0], node_hop(node_id(25)));
  EXPECT_EQ(tail[1], link_hop({node_id(25), 7}));
  EXPECT_EQ(tail[2].as<rsvp::LabelHop>()->labels, rsvp::Words{slot(4)});
  EXPECT_FALSE(tail[2].as<rsvp::LabelHop>()->upstream());
  EXPECT_TRUE(tail[3].as<rsvp::LabelHop>()->upstream());
  EXPECT_NE(paths[0].message.find<rsvp::UpstreamLabel>(), nullptr);

  // The RRO of the Resv shows the link at the egress and its label.
  const auto resvs = network.sent(MessageType::Resv);
  ASSERT_FALSE(resvs.empty());
  const auto* const rro = resvs.back().message.find<rsvp::RecordRoute>();
  ASSERT_NE(rro, nullptr);
  bool shown = false;
  for (std::size_t i = 0; i + 1 < rro->route.size(); ++i) {
    const auto* const label = rro->route[i + 1].as<rsvp::LabelHop>();
    shown |= rro->route[i] == link_hop({node_id(25), 7}) && label != nullptr &&
             label->labels == rsvp::Words{slot(4)};
  }
  EXPECT_TRUE(shown);

  // One row each way at three nodes, and what goes in comes out, both ways.
  EXPECT_EQ(network.rows(), 6U);
  EXPECT_EQ(network.trace({2, 1, slot(2)}), (Network::Place{25, 7, slot(4)}));
  EXPECT_EQ(network.trace({25, 7, slot(4)}), (Network::Place{2, 1, slot(2)}));

  network.log.clear();
  ASSERT_TRUE(b.controller->release("spc", network.world.now()));
  b.pump();
  ASSERT_TRUE(network.until([&] { return network.state(2, "spc") == ConnectionState::Released; }));
  network.run(1s);
  const auto deleting = network.sent(MessageType::Path, 2);
  ASSERT_FALSE(deleting.empty());
  EXPECT_EQ(admin_status(deleting.back().message),
            rsvp::admin_status::kReflect | rsvp::admin_status::kDelete);
  EXPECT_EQ(admin_status(network.sent(MessageType::Resv).back().message),
            rsvp::admin_status::kDelete);
  EXPECT_FALSE(network.sent(MessageType::PathTear, 2).empty());
  EXPECT_EQ(network.leftovers(), "");
  for (const auto& [id, node] : network.nodes) EXPECT_TRUE(node->alarms.empty());
}

// --- T12: what is asked of the egress and cannot be ---

struct BadEgress {
  const char* name;
  std::uint32_t interface;
  std::uint32_t label;
  bool oif;
  std::uint16_t value;
};

class T12InvalidInterface : public testing::TestWithParam<BadEgress> {};

TEST_P(T12InvalidInterface, IsRefusedByTheEgressWithItsNameAndNothingIsLeft) {
  const BadEgress& bad = GetParam();
  Network network;
  build_p1(network);
  if (bad.oif) network.at(25).config.oif = {12, 13};
  network.start();
  Node& b = network.at(2);
  ConnectionRequest busy = request("first", 2, 1, 25, 7);
  busy.egress_end.labels = {.down = rsvp::Words{slot(1)}, .up = rsvp::Words{slot(1)}};
  ASSERT_TRUE(b.controller->create(busy, network.world.now()));
  b.pump();
  ASSERT_TRUE(up(network, 2, "first"));
  const std::size_t rows = network.rows();

  ConnectionRequest ask = request("bad", 2, 1, 25, bad.interface);
  ask.egress_end.labels = {.down = rsvp::Words{bad.label}, .up = rsvp::Words{bad.label}};
  ask.crankback = CrankbackScope::Segment;  // nothing to be routed around
  network.log.clear();
  ASSERT_TRUE(b.controller->create(ask, network.world.now()));
  b.pump();
  ASSERT_TRUE(network.until([&] { return network.state(2, "bad") == ConnectionState::Failed; }));
  const auto errors = network.sent(MessageType::PathErr, 25);
  ASSERT_EQ(errors.size(), 1U);
  const auto& spec = *errors[0].message.find<rsvp::ErrorSpec>();
  EXPECT_EQ(spec.error, (rsvp::ErrorValue{rsvp::ErrorCode::RoutingProblem, bad.value}));
  const auto* const link = rsvp::find(spec.tlvs, rsvp::InterfaceTlvType::IfIndex);
  ASSERT_NE(link, nullptr);
  EXPECT_EQ(link->if_index()->id, bad.interface);
  const auto* const label = rsvp::find(spec.tlvs, rsvp::InterfaceTlvType::DownstreamLabel);
  ASSERT_NE(label, nullptr);
  EXPECT_EQ(label->labels(), rsvp::Words{bad.label});
  network.run(1s);
  EXPECT_EQ(network.rows(), rows);
  EXPECT_EQ(network.sent(MessageType::Path, 2).size(), 1U);
  const auto view = b.controller->show("bad");
  ASSERT_FALSE(view->failures.empty());
  EXPECT_EQ(view->failures.back().node, node_id(25));
  EXPECT_EQ(view->failures.back().link, (LinkEnd{node_id(25), bad.interface}));
}

INSTANTIATE_TEST_SUITE_P(Rfc4003, T12InvalidInterface,
                         testing::Values(BadEgress{"NoSuchInterface", 99, slot(4), false, 1},
                                         BadEgress{"NoSuchLabel", 7, slot(9), false, 1},
                                         BadEgress{"LabelInUse", 7, slot(1), false, 1},
                                         BadEgress{"NoSuchInterfaceOfTheOif", 99, slot(4), true,
                                                   106}),
                         [](const auto& one) { return one.param.name; });

// RFC 3471 section 3.5: a LABEL_SET is what may be taken, not all that there is.
TEST(T1Spc, APathOverFibresOfAThousandSlotsFitsIntoAPacket) {
  Network network;
  build_p1(network, 1'000);
  network.start();
  for (const std::uint32_t n : {1U, 2U}) {
    const std::string name = std::string("spc").append(std::to_string(n));
    ASSERT_TRUE(network.at(2).controller->create(request(name, 2, 1, 25, 7), network.world.now()));
    network.at(2).pump();
    ASSERT_TRUE(up(network, 2, name));
  }
  for (const auto& sent : network.sent(MessageType::Path)) {
    const auto octets = rsvp::encode_message(sent.message);
    ASSERT_TRUE(octets);
    EXPECT_LE(octets->size(), 1'200U);
  }
}

// --- T3: users with RFC 4208 ---

// A Path of an edge node behind B:1, by hand; the edge has no controller.
rsvp::Message edge_path(std::uint32_t end_point, rsvp::Route route) {
  rsvp::Message path{.type = MessageType::Path};
  path.objects = {rsvp::Session{.end_point = rsvp::Address::v4(node_id(end_point).value),
                                .tunnel_id = 7,
                                .extended_tunnel_id = rsvp::Address::v4(node_id(1).value)},
                  rsvp::Hop{.tlvs = {rsvp::InterfaceTlv::of(
                                rsvp::InterfaceTlvType::IfIndex,
                                rsvp::IfIndex{rsvp::Address::v4(node_id(1).value), 11})}},
                  rsvp::LabelRequest{.encoding = 5, .switching = 100, .g_pid = 34},
                  rsvp::SessionAttribute{.flags = 2, .name = "the user's own name"},
                  rsvp::SenderTemplate{.sender = rsvp::Address::v4(node_id(1).value), .lsp_id = 1},
                  rsvp::SenderTspec{rsvp::SonetSdh{.signal_type = 6, .multiplier = 1}},
                  rsvp::UpstreamLabel{.labels = {slot(1)}}};
  if (!route.empty()) {
    path.objects.insert(path.objects.begin() + 2, rsvp::ExplicitRoute{std::move(route)});
  }
  return path;
}

LspKey edge_key(std::uint32_t end_point) {
  return {.end_point = node_id(end_point),
          .extended_tunnel_id = node_id(1).value,
          .sender = node_id(1),
          .tunnel_id = 7,
          .lsp_id = 1};
}

// P1 with an edge A(1) before B, and an edge Z(26) behind Y: only their engines run.
void build_users(Network& network) {
  build_p1(network);
  network.add(1, "A");
  network.add(26, "Z");
  network.link(1, 11, 2, 2, 4, te::ReferencePoint::Uni);
  network.link(25, 8, 26, 11, 4, te::ReferencePoint::Uni);
  network.user(26, 1);
}

TEST(T3Uni, APathWithoutARouteIsCarriedToAnEdgeNode) {
  Network network;
  build_users(network);
  network.start();
  Node& a = network.at(1);
  a.engine->set_path(edge_key(26), node_id(2), edge_path(26, {}), network.world.now());
  a.pump();
  ASSERT_TRUE(network.until([&] { return a.engine->received_resv(edge_key(26)) != nullptr; }));
  // Conventional: no object that the user did not send, and his name as it was.
  const auto to_z = network.sent(MessageType::Path, 25);
  ASSERT_FALSE(to_z.empty());
  EXPECT_EQ(call_id_of(to_z.back().message), 0);
  EXPECT_EQ(to_z.back().message.find<rsvp::SessionAttribute>()->name, "the user's own name");
  EXPECT_EQ(network.at(25).rows(), 2U);
  EXPECT_EQ(network.at(26).controller->lsps().size(), 1U);
  EXPECT_EQ(network.at(26).controller->lsps()[0].role, "egress");
}

TEST(T3Uni, ARouteThatNamesOnlyTheEgressCoreNodeIsCompleted) {
  Network network;
  build_users(network);
  network.start();
  Node& a = network.at(1);
  // Golden 31: loose egress core node, then its link and labels.
  rsvp::Route route{node_hop(node_id(25), true)};
  const rsvp::Route tail =
      egress_hops({node_id(25), 7}, {.down = rsvp::Words{slot(4)}, .up = rsvp::Words{slot(4)}});
  route.insert(route.end(), tail.begin(), tail.end());
  a.engine->set_path(edge_key(99), node_id(2), edge_path(99, route), network.world.now());
  a.pump();
  ASSERT_TRUE(network.until([&] { return a.engine->received_resv(edge_key(99)) != nullptr; }));
  EXPECT_EQ(network.trace({25, 7, slot(4)}).has_value(), false);  // on to A, who has no fabric here
  EXPECT_EQ(network.at(25).active_rows(), 2U);
}

TEST(T3Uni, ARouteOfAUserWhoMayNotGiveOneIsRefused) {
  Network network;
  build_users(network);
  network.at(2).config.no_ero = {2};
  network.start();
  Node& a = network.at(1);
  a.engine->set_path(edge_key(26), node_id(2), edge_path(26, {node_hop(node_id(25), true)}),
                     network.world.now());
  a.pump();
  ASSERT_TRUE(network.until([&] { return !network.sent(MessageType::PathErr, 2).empty(); }));
  const auto error = network.sent(MessageType::PathErr, 2)[0].message;
  EXPECT_EQ(error.find<rsvp::ErrorSpec>()->error,
            (rsvp::ErrorValue{rsvp::ErrorCode::RoutingProblem, rsvp::routing::kBadExplicitRoute}));
  EXPECT_EQ(network.rows(), 0U);
}

// --- RFC 5151 section 3.1 (1): a route that names nodes of the domain, at a border that refuses it

struct GivenRoute {
  const char* name;
  rsvp::Route route;
  std::uint32_t end;
  bool refused;
};
class RefusedRoutes : public testing::TestWithParam<GivenRoute> {};
TEST_P(RefusedRoutes, AreThoseThatNameNodesOfTheDomain) {
  Network network;
  build_users(network);
  network.at(2).config.refuses_route = [](NodeId from) { return from == node_id(1); };
  network.start();
  Node& a = network.at(1);
  const LspKey key = edge_key(GetParam().end);
  a.engine->set_path(key, node_id(2), edge_path(GetParam().end, GetParam().route),
                     network.world.now());
  a.pump();
  if (!GetParam().refused) {
    EXPECT_TRUE(network.until([&] { return a.engine->received_resv(key) != nullptr; }));
    return;
  }
  ASSERT_TRUE(network.until([&] { return !network.sent(MessageType::PathErr, 2).empty(); }));
  const auto error = network.sent(MessageType::PathErr, 2)[0].message;
  EXPECT_EQ(error.find<rsvp::ErrorSpec>()->error,
            (rsvp::ErrorValue{rsvp::ErrorCode::Policy, rsvp::policy::kExplicitRouteRefused}));
  EXPECT_EQ(error.find<rsvp::ErrorSpec>()->node, rsvp::Address::v4(node_id(2).value));
  network.run(100ms);
  EXPECT_EQ(network.rows(), 0U);
  EXPECT_TRUE(network.sent(MessageType::Path, 2).empty()) << "it goes no further";
  EXPECT_EQ(network.at(2).controller->counters().errors.at(
                {rsvp::ErrorCode::Policy, rsvp::policy::kExplicitRouteRefused}),
            1U);
}
rsvp::Subobject prefix_hop(std::uint32_t number, std::uint8_t length) {
  return {.loose = true,
          .hop = rsvp::PrefixHop{.address = rsvp::Address::v4(node_id(number).value),
                                 .prefix = length}};
}
INSTANTIATE_TEST_SUITE_P(
    Rfc5151, RefusedRoutes,
    testing::Values(
        GivenRoute{"ANode", {node_hop(node_id(3), true)}, 26, true},
        GivenRoute{"ALink", {link_hop({node_id(2), 21}), link_hop({node_id(3), 31})}, 26, true},
        GivenRoute{"SomeOfItsNodes", {prefix_hop(4, 30)}, 26, true},
        GivenRoute{"TheEgressNodeWithoutItsLink", {node_hop(node_id(25), true)}, 26, true},
        GivenRoute{"AnotherLinkOfTheEgressNode",
                   {node_hop(node_id(25), true), link_hop({node_id(25), 7})},
                   26,
                   true},
        GivenRoute{"NoRoute", {}, 26, false},
        GivenRoute{"TheBorder", {node_hop(node_id(2)), node_hop(node_id(26), true)}, 26, false},
        GivenRoute{"AllOfIt", {prefix_hop(0, 24)}, 26, false},
        GivenRoute{"TheLinkToTheUser",
                   {node_hop(node_id(25), true), link_hop({node_id(25), 8})},
                   26,
                   false},
        GivenRoute{"TheLinkToAUserThatIsNotKnown",
                   {node_hop(node_id(25), true), link_hop({node_id(25), 7})},
                   99,
                   false}),
    [](const auto& one) { return one.param.name; });

// --- routes that contradict themselves or the link that was taken ---

struct BadRoute {
  const char* name;
  rsvp::Route route;
  std::uint16_t value;
};
class RouteErrors : public testing::TestWithParam<BadRoute> {};
TEST_P(RouteErrors, AreAnsweredWithTheirValue) {
  Network network;
  build_users(network);
  network.start();
  Node& a = network.at(1);
  a.engine->set_path(edge_key(26), node_id(2), edge_path(26, GetParam().route),
                     network.world.now());
  a.pump();
  ASSERT_TRUE(network.until([&] { return !network.sent(MessageType::PathErr, 2).empty(); }));
  const auto error = network.sent(MessageType::PathErr, 2)[0].message;
  EXPECT_EQ(error.find<rsvp::ErrorSpec>()->error,
            (rsvp::ErrorValue{rsvp::ErrorCode::RoutingProblem, GetParam().value}));
  network.run(100ms);
  EXPECT_EQ(network.rows(), 0U);
}
INSTANTIATE_TEST_SUITE_P(
    Rfc3209, RouteErrors,
    testing::Values(BadRoute{"ALabelFirst", {{.hop = rsvp::LabelHop{.labels = {slot(1)}}}}, 2},
                    BadRoute{"NotOfThisNode", {node_hop(node_id(3))}, 4},
                    BadRoute{"HopContradictsTheLink", {link_hop({node_id(1), 12})}, 1},
                    BadRoute{"TwoLabelsOneWay",
                             {link_hop({node_id(2), 21}),
                              {.hop = rsvp::LabelHop{.labels = {slot(1)}}},
                              {.hop = rsvp::LabelHop{.labels = {slot(2)}}}},
                             1},
                    BadRoute{"NotNextToIt", {node_hop(node_id(2)), node_hop(node_id(25))}, 1}),
    [](const auto& one) { return one.param.name; });

// --- T16: nodes that know RFC 3473 and nothing of ASON ---

TEST(T16Transit, WhatANodeDoesNotKnowOrNeedGoesThroughItOctetForOctet) {
  Network network;
  build_p1(network);
  network.at(3).config.ason = false;
  for (auto& [id, node] : network.nodes) {
    node->verdict = [](const AskCall&) { return CallVerdict{}; };
  }
  network.start();
  Node& b = network.at(2);
  ConnectionRequest ask = request("call", 2, 1, 25, 7);
  ask.explicit_route = {node_hop(node_id(3))};
  ask.call = {.id = 0x101, .name = "BEL-CARR01-AP0001/192.0.2.2/0000000000000101"};
  ask.call.objects = {
      rsvp::CallId{.source = {std::byte{192}, std::byte{0}, std::byte{2}, std::byte{2}},
                   .local_id = 0x101},
      rsvp::GeneralizedUni{{rsvp::UniSubobject::service_level(3)}},
      rsvp::UnknownObject{.number = 241, .type = 9, .octets = rsvp::Octets(8, std::byte{0x5a})}};
  ask.crankback = CrankbackScope::Segment;
  ASSERT_TRUE(b.controller->create(ask, network.world.now()));
  ConnectionRequest plain = request("plain", 2, 1, 25, 7);
  plain.explicit_route = {node_hop(node_id(3))};
  ASSERT_TRUE(b.controller->create(plain, network.world.now()));
  b.pump();
  ASSERT_TRUE(up(network, 2, "call"));
  ASSERT_TRUE(up(network, 2, "plain"));

  const auto carried = [](const rsvp::Message& message) {
    std::vector<rsvp::Object> objects;
    for (const rsvp::Object& object : message.objects) {
      if (rsvp::class_number(object) >= 197 && rsvp::class_number(object) != 232) {
        objects.push_back(object);
      }
    }
    return objects;
  };
  const auto before = network.sent(MessageType::Path, 2),
             behind = network.sent(MessageType::Path, 3);
  bool compared = false;
  for (const Sent& one : before) {
    for (const Sent& other : behind) {
      if (key_of(one.message) != key_of(other.message)) continue;
      EXPECT_EQ(carried(one.message), carried(other.message));
      EXPECT_EQ(call_id_of(one.message), call_id_of(other.message));
      compared |= call_id_of(one.message) == 0x101;
    }
  }
  EXPECT_TRUE(compared);
  // CALL_ID comes back in the Resv.
  bool back = false;
  for (const Sent& one : network.sent(MessageType::Resv, 3)) {
    back |= one.message.find<rsvp::CallId>() != nullptr;
  }
  EXPECT_TRUE(back);
  // The conventional one has none of the new objects (B2).
  for (const Sent& one : before) {
    if (call_id_of(one.message) != 0) continue;
    EXPECT_EQ(one.message.find<rsvp::LspAttributes>(), nullptr);
    EXPECT_EQ(one.message.find<rsvp::GeneralizedUni>(), nullptr);
    EXPECT_EQ(one.message.find<rsvp::Association>(), nullptr);
    EXPECT_EQ(one.message.find<rsvp::Protection>(), nullptr);
  }
}

TEST(T16Transit, ANodeThatTakesTheCallIdOutIsFoundOut) {
  Network network;
  build_p1(network);
  for (auto& [id, node] : network.nodes) {
    node->verdict = [](const AskCall&) { return CallVerdict{}; };
  }
  network.at(3).zeroes_call_id = true;
  network.start();
  Node& b = network.at(2);
  ConnectionRequest ask = request("call", 2, 1, 25, 7);
  ask.explicit_route = {node_hop(node_id(3))};
  ask.call = {.id = 0x101, .name = "a call"};
  ASSERT_TRUE(b.controller->create(ask, network.world.now()));
  b.pump();
  ASSERT_TRUE(network.until([&] { return network.state(2, "call") == ConnectionState::Failed; }));
  EXPECT_EQ(b.controller->show("call")->failures.back().reason, "call_id_removed_on_the_way");
  network.run(1s);
  EXPECT_EQ(network.rows(), 0U);
}

// --- X1: calls come first ---

TEST(T15Call, APathOfAnUnknownCallIsHeldThenRefused) {
  Network network;
  build_p1(network);
  network.at(2).verdict = [](const AskCall&) { return CallVerdict{}; };
  const CallVerdict wait{.answer = CallVerdict::Answer::Wait,
                         .error = {rsvp::ErrorCode::CallManagement, rsvp::call::kUnknownCallId}};
  network.at(25).verdict = [&](const AskCall&) { return wait; };
  network.start();
  Node& b = network.at(2);
  ConnectionRequest ask = request("call", 2, 1, 25, 7);
  ask.call = {.id = 7, .name = "nobody knows it"};
  ask.limits.setup = 30s;
  ASSERT_TRUE(b.controller->create(ask, network.world.now()));
  b.pump();
  network.run(4s);
  EXPECT_EQ(network.state(2, "call"), ConnectionState::Setup);
  EXPECT_EQ(network.at(25).rows(), 0U);
  ASSERT_TRUE(
      network.until([&] { return network.state(2, "call") == ConnectionState::Failed; }, 3s));
  EXPECT_EQ(b.controller->show("call")->failures.back().error, wait.error);
  EXPECT_EQ(network.rows(), 0U);
}

TEST(T15Call, APathThatCameBeforeItsCallIsAcceptedWhenTheCallComesInTime) {
  Network network;
  build_p1(network);
  bool known = false;
  network.at(2).verdict = [](const AskCall&) { return CallVerdict{}; };
  network.at(25).verdict = [&](const AskCall&) {
    return CallVerdict{.answer = known ? CallVerdict::Answer::Yes : CallVerdict::Answer::Wait};
  };
  network.start();
  Node& b = network.at(2);
  ConnectionRequest ask = request("call", 2, 1, 25, 7);
  ask.call = {.id = 7, .name = "soon known"};
  ASSERT_TRUE(b.controller->create(ask, network.world.now()));
  b.pump();
  network.run(2s);
  known = true;
  network.at(25).controller->on_calls_changed(7, network.world.now());
  network.at(25).pump();
  ASSERT_TRUE(up(network, 2, "call"));
  ASSERT_FALSE(network.at(25).calls.empty());
  EXPECT_TRUE(network.at(25).calls.back().up);
  EXPECT_EQ(network.at(25).calls.back().call_id, 7);
}

// --- T20: both directions at once ---

TEST(T20Contention, OnTheSameSlotTheHigherNodeWinsAndTheOtherTakesAnother) {
  Network network;
  network.add(2, "B");
  network.add(3, "C");
  network.link(2, 21, 3, 11, 2);
  network.user(2, 1);
  network.user(3, 1);
  network.times.hello = 100ms;
  network.start();
  for (const auto& [from, to] : {std::pair(2U, 3U), std::pair(3U, 2U)}) {
    const ConnectionRequest ask = request("from" + std::to_string(from), from, 1, to, 1);
    ASSERT_TRUE(network.at(from).controller->create(ask, network.world.now()));
  }
  network.at(2).pump();
  network.at(3).pump();
  ASSERT_TRUE(up(network, 2, "from2"));
  ASSERT_TRUE(up(network, 3, "from3"));
  // One slot each; the one of the higher node is where it wanted it.
  const auto low = network.at(2).controller->lsps(), high = network.at(3).controller->lsps();
  ASSERT_EQ(low.size(), 2U);
  rsvp::Words slots;
  for (const LspView& lsp : low)
    slots.push_back(lsp.role == "ingress" ? lsp.out_down[0] : lsp.in_down[0]);
  EXPECT_NE(slots[0], slots[1]);
  EXPECT_EQ(network.rows(), 8U);
}

TEST(T20Contention, OnTheLastSlotTheLowerNodeIsRefused) {
  Network network;
  network.add(2, "B");
  network.add(3, "C");
  network.link(2, 21, 3, 11, 1);
  network.user(2, 1);
  network.user(3, 1);
  network.times.hello = 100ms;
  network.start();
  for (const auto& [from, to] : {std::pair(2U, 3U), std::pair(3U, 2U)}) {
    const ConnectionRequest ask = request("from" + std::to_string(from), from, 1, to, 1);
    ASSERT_TRUE(network.at(from).controller->create(ask, network.world.now()));
  }
  network.at(2).pump();
  network.at(3).pump();
  ASSERT_TRUE(up(network, 3, "from3"));
  ASSERT_TRUE(network.until([&] { return network.state(2, "from2") == ConnectionState::Failed; }));
  network.run(1s);
  EXPECT_EQ(network.rows(), 4U);
}
}  // namespace
}  // namespace forces::signaling::ason::test
