// Connections across a domain that stitches them to segments of its own (RFC 5150, RFC 5151): T2,
// T5 and SG4 through whole nodes.
#include "tests/sim/signaling/domain/domains.hpp"

namespace forces::signaling::test {
namespace {

constexpr SegmentPlan kOne{Realisation::Stitched, 1, 0};

class Stitched : public Domains {};

TEST_F(Stitched, T2AConnectionGoesOverASegmentOfTheDomainBetween) {
  start(kOne);
  create(spc("spc"));
  ASSERT_TRUE(up("spc"));
  EXPECT_TRUE(passes());
  // N3 and N4 are neighbours of that LSP; N7 between them has the segment only.
  const auto entry = of_user(3), exit = of_user(4);
  ASSERT_TRUE(entry && exit);
  EXPECT_EQ(entry->next, node_id(4));
  EXPECT_EQ(exit->previous, node_id(3));
  EXPECT_FALSE(of_user(7));
  ASSERT_EQ(segments(3).size(), 1U);
  const ason::LspView segment = segments(3).front();
  EXPECT_EQ(segment.key.end_point, node_id(4));
  EXPECT_EQ(segment.role, "ingress");
  EXPECT_EQ(entry->segment_out, segment.key);
  EXPECT_EQ(exit->segment_in, segment.key);
  EXPECT_EQ(segment.carries, std::vector<LspKey>{entry->key});
  ASSERT_EQ(segments(7).size(), 1U);
  EXPECT_EQ(segments(7).front().key, segment.key);
  // Two rows a node: at the borders they are the connection's, between them the segment's.
  for (const std::uint32_t number : {1U, 2U, 3U, 7U, 4U, 6U}) {
    ASSERT_EQ(network->at(number).active(), 2U) << number;
    for (const auto& [id, row] : network->at(number).rows) {
      EXPECT_EQ(row.owner.lsp, number == 7 ? segment.key : entry->key) << number;
    }
  }
  EXPECT_EQ(network->at(5).rows.size(), 0U);
}

TEST_F(Stitched, T2TheRouteShowsTheSegmentAndNothingWithinTheDomain) {
  start(kOne);
  create(spc("spc"));
  ASSERT_TRUE(up("spc"));
  const auto view = at(1, [](Rooms& rooms) { return rooms.connections.show("spc"); });
  std::vector<LinkEnd> links;
  for (const rsvp::Subobject& hop : view->current) {
    if (const auto* const link = hop.as<rsvp::UnnumberedHop>()) {
      links.push_back({{link->router_id}, link->interface_id});
    }
  }
  const std::vector<LinkEnd> expected{{node_id(1), 12},
                                      {node_id(2), 23},
                                      {node_id(3), ason::segment_link(segments(3).front().key)},
                                      {node_id(4), 46},
                                      {node_id(6), 7}};
  EXPECT_EQ(links, expected);
}

TEST_F(Stitched, T2WhatEndsIsGoneAtOnceAndItsSegmentAHalfMinuteLater) {
  start(kOne);
  create(spc("spc"));
  ASSERT_TRUE(up("spc"));
  release("spc");
  ASSERT_TRUE(until([&] { return state("spc") == ConnectionState::Released; }));
  network->run(1s);
  EXPECT_EQ(segments(3).size(), 1U);
  EXPECT_EQ(network->at(3).rows.size(), 0U);
  EXPECT_EQ(network->at(7).rows.size(), 2U);
  network->run(20s);
  EXPECT_EQ(segments(3).size(), 1U);
  EXPECT_TRUE(until([&] { return empty(); }, 20s));
}

TEST_F(Stitched, T2ASegmentThatIsIdleIsUsedAgain) {
  start(kOne);
  create(spc("first"));
  ASSERT_TRUE(up("first"));
  const LspKey segment = segments(3).front().key;
  release("first");
  ASSERT_TRUE(until([&] { return state("first") == ConnectionState::Released; }));
  network->run(1s);
  create(spc("second"));
  ASSERT_TRUE(up("second"));
  EXPECT_TRUE(passes());
  ASSERT_EQ(segments(3).size(), 1U);
  EXPECT_EQ(segments(3).front().key, segment);
  network->run(60s);
  EXPECT_TRUE(passes()) << "the timer of when it was idle is over";
}

// RFC 5150 section 4: an S-LSP admits one LSP.
TEST_F(Stitched, T2EachConnectionHasASegmentOfItsOwn) {
  start(kOne);
  create(spc("first", 2, 1, 7));
  create(spc("second", 3, 2, 8));
  ASSERT_TRUE(up("first"));
  ASSERT_TRUE(up("second"));
  EXPECT_TRUE(passes(2, 1, 7));
  EXPECT_TRUE(passes(3, 2, 8));
  const auto all = segments(3);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].carries.size(), 1U);
  EXPECT_EQ(all[1].carries.size(), 1U);
  EXPECT_NE(all[0].carries, all[1].carries);
}

TEST_F(Stitched, SG4WithoutAPolicyThatSaysSoItIsContiguous) {
  start(SegmentPlan{});
  create(spc("spc"));
  ASSERT_TRUE(up("spc"));
  EXPECT_TRUE(passes());
  EXPECT_TRUE(of_user(7));
  EXPECT_TRUE(segments(3).empty());
}

// RFC 5151 section 4.1.
TEST_F(Stitched, SG4WhoAsksForAContiguousOneIsRefusedWhereTheDomainStitches) {
  start(kOne);
  auto request = spc("spc");
  request.contiguous = true;
  create(request);
  const auto why = failed("spc");
  ASSERT_TRUE(why);
  EXPECT_EQ(why->error.value, rsvp::routing::kContiguousUnsupported);
  EXPECT_TRUE(ends("spc"));
}

// RFC 5150 section 5.1.1: nobody is stitched to a segment whose end has not said that it is ready.
TEST_F(Stitched, SG4AnEndThatKnowsNoSegmentsCarriesNobody) {
  start(kOne);
  network->at(4).kill();
  network->legacy.insert(4);
  network->at(4).boot();
  network->run(5s);
  create(spc("spc"));
  ASSERT_TRUE(failed("spc"));
  EXPECT_TRUE(ends("spc"));
}

TEST_F(Stitched, SG4AnEndThatWantsNoSegmentsSaysSo) {
  network = std::make_unique<Transport>(three_domains(kOne));
  network->no_segments.insert(4);
  network->start();
  create(spc("spc"));
  const auto why = failed("spc");
  ASSERT_TRUE(why);
  EXPECT_EQ(why->error.value, rsvp::routing::kStitchingUnsupported);
  EXPECT_TRUE(ends("spc"));
}

TEST_F(Stitched, SG4ABlockedDomainIsLeftToAnotherBorder) {
  start(kOne);
  network->cut(3, false, true);  // N7 to N4, of which N3 has not heard
  auto request = spc("spc");
  request.crankback = ason::CrankbackScope::Boundary;
  create(request);
  ASSERT_TRUE(up("spc"));
  EXPECT_TRUE(passes());
  EXPECT_FALSE(of_user(3));
  const auto entry = of_user(5);
  ASSERT_TRUE(entry);
  EXPECT_TRUE(entry->segment_out);
}

TEST_F(Stitched, SG4WithoutAnotherWayTheFailureOfTheSegmentIsTold) {
  start(kOne);
  network->cut(3, false, true);  // N7 to N4; N3 has not heard of it
  network->cut(5, false, true);  // N2 to N5
  create(spc("spc"));
  const auto why = failed("spc");
  ASSERT_TRUE(why);
  EXPECT_EQ(why->node, node_id(3));
  EXPECT_TRUE(ends("spc", 60s));
}

TEST_F(Stitched, T21AFailureWithinTheDomainIsOneOfTheConnection) {
  start(kOne);
  create(spc("spc"));
  ASSERT_TRUE(up("spc"));
  network->cut(3, false, true);  // N7 to N4
  EXPECT_TRUE(until([&] { return state("spc") == ConnectionState::Broken; }));
  EXPECT_TRUE(of_user(3)->failing);
  network->cut(3, true, true);
  EXPECT_TRUE(until([&] { return state("spc") == ConnectionState::Up; }));
  EXPECT_TRUE(passes());
}

// RFC 5150 section 5.1.4.
TEST_F(Stitched, SG4TheEndOfASegmentIsAFailureOfItsConnection) {
  start(kOne);
  create(spc("spc"));
  ASSERT_TRUE(up("spc"));
  release(segment_names(3).front(), 3);
  EXPECT_TRUE(until([&] { return state("spc") == ConnectionState::Broken; }));
  EXPECT_TRUE(ends("spc", 60s));
}

TEST_F(Stitched, T5TheDomainHasTwoConnectionsOfACallThatHasOne) {
  start({Realisation::Stitched, 1, 1}, true);
  auto request = spc("spc");
  request.call = call_to_6();
  create(request);
  ASSERT_TRUE(up("spc"));
  EXPECT_TRUE(passes());
  network->run(2s);
  EXPECT_EQ(call(1)->connections.size(), 1U);
  EXPECT_EQ(call(3)->connections.size(), 2U);
  EXPECT_EQ(call(4)->connections.size(), 2U);
  EXPECT_EQ(call(6)->connections.size(), 1U);
  // Apart from each other: one of them goes through N7.
  ASSERT_EQ(segments(3).size(), 2U);
  EXPECT_EQ(segments(7).size(), 1U);
  release("spc");
  ASSERT_TRUE(until([&] { return empty(); }, 60s));
  EXPECT_EQ(call(3)->connections.size(), 0U);
  EXPECT_EQ(call(4)->connections.size(), 0U);
  EXPECT_EQ(call(1)->state(), ason::calls::CallState::Active);
}

// The second segment would be apart from the first one if it could leave the domain, by N2 and N5.
TEST_F(Stitched, T5TwoConnectionsOfACallHaveASegmentEach) {
  start(kOne);
  auto first = spc("first", 2, 1, 7), second = spc("second", 3, 2, 8);
  first.call = second.call = call_to_6();
  create(first);
  ASSERT_TRUE(up("first"));
  create(second);
  ASSERT_TRUE(up("second"));
  EXPECT_TRUE(passes(2, 1, 7));
  EXPECT_TRUE(passes(3, 2, 8));
  const auto all = segments(3);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].carries.size(), 1U);
  EXPECT_EQ(all[1].carries.size(), 1U);
  EXPECT_EQ(segments(7).size(), 2U);
  EXPECT_TRUE(segments(2).empty()) << "a segment stays in its domain";
  release("second");
  EXPECT_TRUE(until([&] { return segments(3).size() == 1; }, 60s));
  EXPECT_TRUE(passes(2, 1, 7));
}

// What the second segment is for.
TEST_F(Stitched, SG4ARestorationTakesTheSegmentThatIsReady) {
  start({Realisation::Stitched, 1, 1}, true);
  auto request = spc("spc");
  request.recovery = ason::Recovery::Reroute;
  create(request);
  ASSERT_TRUE(up("spc"));
  network->run(2s);
  const auto before = segments(3);
  ASSERT_EQ(before.size(), 2U);
  const auto used = of_user(3)->segment_out;
  const bool by_n7 = segments(7).front().key == used;
  network->cut(by_n7 ? 3 : 7, false, true);
  ASSERT_TRUE(until([&] { return !passes(); }));
  EXPECT_TRUE(until([&] { return state("spc") == ConnectionState::Up && passes(); }));
  network->run(1s);  // the old one goes
  const auto lsp = of_user(3);
  ASSERT_TRUE(lsp && lsp->segment_out);
  EXPECT_NE(lsp->segment_out, used);
  EXPECT_TRUE(
      std::ranges::any_of(before, [&](const auto& one) { return one.key == lsp->segment_out; }));
}

TEST_F(Stitched, SG4WhatARestorationLeftGoesWhenThePlanHasNoMore) {
  start(kOne, true);
  auto request = spc("spc");
  request.recovery = ason::Recovery::Reroute;
  create(request);
  ASSERT_TRUE(up("spc"));
  network->run(1s);
  ASSERT_EQ(segments(3).size(), 1U);
  const std::size_t fibre = segments(7).empty() ? 7 : 3;
  network->cut(fibre, false, true);
  ASSERT_TRUE(until([&] { return !passes(); }));
  ASSERT_TRUE(until([&] { return state("spc") == ConnectionState::Up && passes(); }));
  network->cut(fibre, true, true);
  network->run(60s);
  EXPECT_EQ(segments(3).size(), 1U);
  EXPECT_TRUE(passes());
}

// The segment to the border that could not lead on stays with nobody.
TEST_F(Stitched, SG4WhatARestorationLeftGoesWhenItsWayLeavesElsewhere) {
  NetworkPlan plan = three_domains(kOne);
  plan.fibres.push_back({{node_id(3), 35}, {node_id(5), 53}, te::ReferencePoint::INni});
  plan.fibres.push_back({{node_id(5), 56}, {node_id(6), 65}, te::ReferencePoint::ENni});
  const std::size_t other = plan.fibres.size() - 1;
  network = std::make_unique<Transport>(plan);
  network->start();
  auto request = spc("spc");
  request.recovery = ason::Recovery::Reroute;
  request.crankback = ason::CrankbackScope::EndToEnd;
  create(request);
  ASSERT_TRUE(up("spc"));
  ASSERT_EQ(segments(5).size(), 1U);
  network->cut(4, false, true);  // N4 to N6
  network->cut(other, false, true);
  ASSERT_TRUE(until([&] { return !segments(4).empty(); }));
  ASSERT_TRUE(until([&] { return state("spc") == ConnectionState::Broken; }));
  network->cut(other, true, true);
  ASSERT_TRUE(until([&] { return state("spc") == ConnectionState::Up && passes(); }, 5min));
  network->run(2min);
  EXPECT_EQ(segments(5).size(), 1U);
  EXPECT_EQ(segments(4).size(), 0U);
  EXPECT_TRUE(passes());
}

// It left the domain and came back into it at N5; then it comes to N5 without having left.
TEST_F(Stitched, SG4WhatARestorationLeftGoesWhereItsNextWayNeedsNone) {
  NetworkPlan plan = three_domains(kOne);
  plan.users.push_back({{node_id(7), 9}});
  plan.fibres.push_back({{node_id(7), 75}, {node_id(5), 57}, te::ReferencePoint::INni});
  const std::size_t direct = plan.fibres.size() - 1;
  network = std::make_unique<Transport>(plan);
  network->start();
  network->cut(3, false, true);  // N7 to N4
  network->cut(direct, false, true);
  network->run(1s);
  auto request = spc("spc");
  request.ingress.end = {node_id(7), 9};
  request.egress = node_id(4);
  request.egress_end.end = {node_id(4), 9};
  request.recovery = ason::Recovery::Reroute;
  ASSERT_TRUE(at(7, [&](Rooms& rooms) { return rooms.connections.create(request, now()); }));
  ASSERT_TRUE(until([&] { return state("spc", 7) == ConnectionState::Up; }));
  const auto held = [&](std::uint32_t number) {
    const auto all = lsps(number);
    return std::ranges::count_if(all, [](const auto& one) { return one.key.sender != node_id(7); });
  };
  ASSERT_EQ(held(5), 1);
  network->cut(direct, true, true);
  network->cut(1, false, true);  // N2 to N3
  ASSERT_TRUE(until([&] { return lsps(2).empty() && state("spc", 7) == ConnectionState::Up; }));
  network->run(60s);
  EXPECT_EQ(state("spc", 7), ConnectionState::Up);
  EXPECT_EQ(lsps(5).size(), 1U);
  EXPECT_EQ(held(5), 0);
}

// RFC 5151 section 3.1 (1), however the domain would have carried it. N1 is the call controller of
// d1; what comes to the borders of d2 comes from N2.
TEST_F(Stitched, SG3ABorderRefusesARouteThroughItsDomainWithACallAndWithout) {
  for (const Realisation how :
       {Realisation::Contiguous, Realisation::Stitched, Realisation::Nested}) {
    SCOPED_TRACE(ason::calls::to_string(how));
    auto plan = three_domains({how, 1, 0});
    plan.base.calls.policy.points = {{.name = "d1",
                                      .kind = ason::calls::PointKind::Enni,
                                      .peers = {{rsvp::Address::v4(node_id(1).value), 32}},
                                      .refuse_explicit_route = true}};
    start(std::move(plan));
    const auto call = call_to_6();
    for (const bool called : {false, true}) {
      SCOPED_TRACE(called);
      auto routed = spc(called ? "routed, of a call" : "routed");
      if (called) routed.call = call;
      routed.explicit_route = {ason::node_hop(node_id(7), true)};
      create(routed);
      ASSERT_TRUE(until([&] { return state(routed.name) == ConnectionState::Failed; }));
      const auto view = at(1, [&](Rooms& rooms) { return rooms.connections.show(routed.name); });
      ASSERT_TRUE(view && !view->failures.empty());
      const ason::Failure& failure = view->failures.back();
      EXPECT_EQ(failure.error, (rsvp::ErrorValue{rsvp::ErrorCode::Policy, 104}));
      EXPECT_TRUE(failure.node == node_id(3) || failure.node == node_id(5));
      EXPECT_EQ(rows(), 0U);
      EXPECT_TRUE(lsps(7).empty()) << "nothing was begun within the domain";
      auto free = spc(called ? "free, of a call" : "free", called ? 3 : 2);
      if (called) free.call = call;
      create(free);
      ASSERT_TRUE(up(free.name)) << "without a route it is carried";
      release(free.name);
      ASSERT_TRUE(until([&] { return state(free.name) == ConnectionState::Released; }));
      release(routed.name);
      ASSERT_TRUE(until([&] { return rows() == 0 && lsps(7).empty(); }, 60s));
    }
  }
}

}  // namespace
}  // namespace forces::signaling::test
