// T6 and T7 of ason.md 7: other ways around what is blocked, and how often.
#include <gtest/gtest.h>

#include "tests/sim/connection/network.hpp"

namespace forces::signaling::ason::test {
namespace {

using rsvp::InterfaceTlvType;
using rsvp::MessageType;

// All slots of a link are in use by somebody of whom routing has not told.
void fill(Network& network, std::uint32_t node, std::uint32_t interface) {
  Node& owner = network.at(node);
  owner.manager->block(interface, te::LabelRanges::sdh_slots(1, 64));
  owner.pump();
}

bool settled(Network& network, std::uint32_t node, const std::string& name) {
  return network.until([&] {
    const ConnectionState is = network.state(node, name);
    return is == ConnectionState::Up || is == ConnectionState::Failed;
  });
}

ConnectionRequest ask(CrankbackScope scope) {
  ConnectionRequest one = request("one", 2, 1, 25, 7);
  one.crankback = scope;
  return one;
}

void create(Network& network, std::uint32_t node, const ConnectionRequest& one) {
  ASSERT_TRUE(network.at(node).controller->create(one, network.world.now()));
  network.at(node).pump();
}

std::size_t distinct_paths(const Network& network, std::uint32_t from, std::uint32_t to) {
  std::size_t count = 0;
  const rsvp::Message* last = nullptr;
  for (const Sent& one : network.log) {
    if (one.message.type != MessageType::Path || one.from != node_id(from) ||
        one.to != node_id(to)) {
      continue;
    }
    rsvp::Message bare = one.message;
    if (last != nullptr && last->find<rsvp::MessageId>() != nullptr &&
        one.message.find<rsvp::MessageId>() != nullptr &&
        last->find<rsvp::MessageId>()->id == one.message.find<rsvp::MessageId>()->id) {
      continue;  // sent again for want of an acknowledgment
    }
    ++count;
    last = &one.message;
  }
  return count;
}

std::vector<rsvp::ErrorSpec> errors_from(const Network& network, std::uint32_t from) {
  std::vector<rsvp::ErrorSpec> all;
  for (const Sent& one : network.sent(MessageType::PathErr, from)) {
    const auto& spec = *one.message.find<rsvp::ErrorSpec>();
    if (all.empty() || !(all.back() == spec)) all.push_back(spec);
  }
  return all;
}

TEST(T6Crankback, WithoutTheFlagTheErrorGoesToTheIngressAndNobodyTries) {
  Network network;
  build_p1(network);
  network.start();
  fill(network, 3, 31);
  ConnectionRequest one = ask(CrankbackScope::None);
  one.explicit_route = {node_hop(node_id(3), true)};
  create(network, 2, one);
  ASSERT_TRUE(settled(network, 2, "one"));
  EXPECT_EQ(network.state(2, "one"), ConnectionState::Failed);
  const auto errors = errors_from(network, 3);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].error,
            (rsvp::ErrorValue{rsvp::ErrorCode::AdmissionControl, rsvp::admission::kBandwidth}));
  // K3: the link, and where the reporting node stood.
  const auto& tlvs = errors[0].tlvs;
  ASSERT_NE(rsvp::find(tlvs, InterfaceTlvType::IfIndex), nullptr);
  EXPECT_EQ(rsvp::find(tlvs, InterfaceTlvType::IfIndex)->if_index()->id, 31U);
  EXPECT_NE(rsvp::find(tlvs, InterfaceTlvType::NodeId), nullptr);
  EXPECT_NE(rsvp::find(tlvs, InterfaceTlvType::EroContext), nullptr);
  EXPECT_NE(rsvp::find(tlvs, InterfaceTlvType::IncomingIfIndex), nullptr);
  EXPECT_NE(rsvp::find(tlvs, InterfaceTlvType::ReportingNodeId), nullptr);
  EXPECT_EQ(distinct_paths(network, 2, 3), 1U);
  EXPECT_EQ(distinct_paths(network, 2, 4), 0U);
  network.run(1s);
  EXPECT_EQ(network.rows(), 0U);
  EXPECT_EQ(network.at(2).controller->show("one")->failures.back().reason, "blocked_link");
}

TEST(T6Crankback, WithTheSegmentFlagTheNodeInFrontOfTheLinkGoesAround) {
  Network network;
  build_p1(network);
  network.start();
  fill(network, 3, 31);
  create(network, 2, ask(CrankbackScope::Segment));
  ASSERT_TRUE(settled(network, 2, "one"));
  ASSERT_EQ(network.state(2, "one"), ConnectionState::Up);
  // C - D - Y, and B never heard of it.
  EXPECT_EQ(distinct_paths(network, 2, 3), 1U);
  EXPECT_EQ(distinct_paths(network, 3, 4), 1U);
  EXPECT_TRUE(errors_from(network, 3).empty());
  const auto lsps = network.at(3).controller->lsps();
  ASSERT_EQ(lsps.size(), 1U);
  EXPECT_EQ(lsps[0].tries, 1U);
  EXPECT_EQ(network.rows(), 8U);
  EXPECT_TRUE(network.trace({2, 1, slot(1)}));
}

TEST(T6Crankback, WithTheEndToEndFlagOnlyTheIngressTries) {
  Network network;
  build_p1(network);
  network.start();
  fill(network, 3, 31);
  create(network, 2, ask(CrankbackScope::EndToEnd));
  ASSERT_TRUE(settled(network, 2, "one"));
  ASSERT_EQ(network.state(2, "one"), ConnectionState::Up);
  EXPECT_EQ(distinct_paths(network, 3, 4), 0U);
  EXPECT_EQ(distinct_paths(network, 2, 4), 1U);
  EXPECT_EQ(errors_from(network, 3).size(), 1U);
  const auto view = network.at(2).controller->show("one");
  EXPECT_EQ(view->attempts.here, 1U);
  ASSERT_FALSE(view->failures.empty());
  EXPECT_EQ(view->failures[0].reason, "blocked_link");
  EXPECT_EQ(view->failures[0].link, (LinkEnd{node_id(3), 31}));
  network.run(1s);
  EXPECT_EQ(network.rows(), 6U);
}

TEST(T6Crankback, WhatWasBlockedIsNotTriedAgainUntilRoutingSaysSo) {
  Network network;
  build_p1(network);
  network.start();
  fill(network, 3, 31);
  fill(network, 4, 31);
  create(network, 2, ask(CrankbackScope::EndToEnd));
  ASSERT_TRUE(settled(network, 2, "one"));
  ASSERT_EQ(network.state(2, "one"), ConnectionState::Failed);
  // Both ways once, no third.
  EXPECT_EQ(distinct_paths(network, 2, 3), 1U);
  EXPECT_EQ(distinct_paths(network, 2, 4), 1U);
  network.run(1s);
  EXPECT_EQ(network.rows(), 0U);
}

TEST(T6Crankback, WithTheBoundaryFlagOnlyBordersTryAndTheOtherBorderIsFound) {
  Network network;
  build_p2(network);
  network.start();
  fill(network, 3, 34);
  ConnectionRequest one = request("one", 1, 1, 6, 7);
  one.crankback = CrankbackScope::Boundary;
  create(network, 1, one);
  ASSERT_TRUE(settled(network, 1, "one"));
  ASSERT_EQ(network.state(1, "one"), ConnectionState::Up);
  EXPECT_GE(distinct_paths(network, 2, 3), 1U);
  EXPECT_EQ(distinct_paths(network, 2, 5), 1U);
  EXPECT_EQ(distinct_paths(network, 1, 2), 1U);  // the ingress did not have to
  EXPECT_EQ(network.at(2).controller->lsps()[0].tries, 1U);
  network.run(1s);
  EXPECT_EQ(network.at(3).rows(), 0U);
  EXPECT_TRUE(network.trace({1, 1, slot(1)}));
}

// d1 leaves the way through d2 to its border N3, which could only go back.
TEST(T6Crankback, WhereTheWayIsLeftToABorderItNamesItsBlockedLinkAndDoesNotGoBack) {
  for (const bool down : {true, false}) {
    Network network;
    build_p2(network);
    network.start();
    if (down) {
      network.cut(network.link_at(3, 34), false, true);
    } else {
      fill(network, 3, 34);
    }
    create(network, 1, request("one", 1, 1, 6, 7));
    ASSERT_TRUE(settled(network, 1, "one"));
    EXPECT_EQ(network.state(1, "one"), ConnectionState::Failed);
    EXPECT_EQ(distinct_paths(network, 3, 2), 0U);
    const auto view = network.at(1).controller->show("one");
    ASSERT_TRUE(view && !view->failures.empty());
    EXPECT_EQ(view->failures.back().error,
              (rsvp::ErrorValue{rsvp::ErrorCode::AdmissionControl, rsvp::admission::kBandwidth}));
    EXPECT_EQ(view->failures.back().link, (LinkEnd{node_id(3), 34})) << "down: " << down;
  }
}

TEST(T7Limits, TheNodeLimitPassesTheErrorOnWithTheNodeExcluded) {
  Network network;
  build_p1(network);
  for (auto& [id, node] : network.nodes) node->config.repair.node = 0;
  network.start();
  fill(network, 3, 31);
  fill(network, 4, 31);
  create(network, 2, ask(CrankbackScope::Segment));
  ASSERT_TRUE(settled(network, 2, "one"));
  EXPECT_EQ(network.state(2, "one"), ConnectionState::Failed);
  const auto errors = errors_from(network, 3);
  ASSERT_FALSE(errors.empty());
  EXPECT_EQ(errors[0].error.code, rsvp::ErrorCode::AdmissionControl);  // K8: as it was
  const auto* const nodes = rsvp::find(errors[0].tlvs, InterfaceTlvType::NodeExclusions);
  ASSERT_NE(nodes, nullptr);
  ASSERT_TRUE(nodes->exclusions());
  EXPECT_EQ(nodes->exclusions()->front().number(), node_id(3).value);
  EXPECT_NE(rsvp::find(errors[0].tlvs, InterfaceTlvType::LinkExclusions), nullptr);
  network.run(1s);
  EXPECT_EQ(network.rows(), 0U);
}

TEST(T7Limits, TheConnectionLimitEndsAllTriesWithItsOwnError) {
  Network network;
  build_p1(network);
  // More ways out of C than it may try.
  network.link(3, 33, 25, 14);
  network.link(3, 34, 25, 15);
  network.link(3, 35, 25, 16);
  for (auto& [id, node] : network.nodes) {
    node->config.repair.node = 2;
    node->config.budget = true;
  }
  network.start();
  for (const std::uint32_t interface : {31U, 33U, 34U, 35U}) fill(network, 3, interface);
  fill(network, 4, 31);
  ConnectionRequest one = ask(CrankbackScope::Segment);
  one.limits.node = 5;
  one.limits.connection = 3;
  create(network, 2, one);
  ASSERT_TRUE(settled(network, 2, "one"));
  EXPECT_EQ(network.state(2, "one"), ConnectionState::Failed);
  const auto view = network.at(2).controller->show("one");
  ASSERT_FALSE(view->failures.empty());
  EXPECT_EQ(view->failures.back().error,
            (rsvp::ErrorValue{rsvp::ErrorCode::RoutingProblem, rsvp::routing::kRerouteLimit}));
  EXPECT_LE(view->attempts.total, 3U);
  for (const LspView& lsp : network.at(3).controller->lsps()) EXPECT_LE(lsp.tries, 2U);
  network.run(1s);
  EXPECT_EQ(network.leftovers(), "B has 1 records; B has 1 connections; ");

  // K6, K9: routing tells better, and the ingress may try again by its own policy.
  for (const std::uint32_t interface : {31U, 33U, 34U, 35U}) {
    network.at(3).manager->block(interface, {});
    network.at(3).pump();
    network.flood(3, interface);
  }
  ASSERT_TRUE(network.at(2).controller->retry("one", network.world.now()));
  network.at(2).pump();
  ASSERT_TRUE(settled(network, 2, "one"));
  EXPECT_EQ(network.state(2, "one"), ConnectionState::Up);
}

TEST(T7Limits, NobodyBetweenTheEndsTriesOnTheReroutingLimit) {
  // By hand: a PathErr 24/22 to C, which may repair, is passed on as it is.
  Attempts attempts;
  RepairRules rules{.scope = CrankbackScope::Segment};
  const rsvp::ErrorValue over{rsvp::ErrorCode::RoutingProblem, rsvp::routing::kRerouteLimit};
  EXPECT_EQ(judge(over, rules, attempts), Repair::Forward);
  EXPECT_EQ(attempts, Attempts{});
  rules.ingress = true;
  EXPECT_EQ(judge(over, rules, attempts), Repair::Retry);
}

TEST(T7Limits, TwoSetupsThatMeetAreNotCountedAsABlockage) {
  Attempts attempts;
  RepairRules rules{.own_link = true, .scope = CrankbackScope::None, .limits = {.contention = 2}};
  const rsvp::ErrorValue met{rsvp::ErrorCode::RoutingProblem, rsvp::routing::kLabelAllocation};
  EXPECT_EQ(judge(met, rules, attempts), Repair::Retry);
  EXPECT_EQ(judge(met, rules, attempts), Repair::Retry);
  EXPECT_EQ(judge(met, rules, attempts), Repair::Forward);
  EXPECT_EQ(attempts, (Attempts{.here = 0, .total = 0, .contentions = 2}));
}

}  // namespace
}  // namespace forces::signaling::ason::test
