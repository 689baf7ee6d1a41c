// Connections across a domain that nests them in forwarding adjacencies of its own (RFC 4206, RFC
// 5151): T2, T5 and SG4 through whole nodes.
#include "tests/sim/signaling/domain/domains.hpp"

namespace forces::signaling::test {
namespace {

constexpr SegmentPlan kNested{Realisation::Nested, 1, 0};

class Nested : public Domains {
 protected:
  // Adaptations with so many slots at each border.
  static NetworkPlan with_slots(std::uint32_t slots) {
    NetworkPlan plan = three_domains(kNested);
    for (auto& one : plan.adaptations) one.slots = slots;
    return plan;
  }
  // From N6 to N1: against the way of an adjacency that N3 has made.
  ason::ConnectionRequest spc_back(std::string name) const {
    auto request = spc(std::move(name), 3);
    request.ingress.end = {node_id(6), 8};
    request.egress = node_id(1);
    request.egress_end.end = {node_id(1), 2};
    return request;
  }
  void create_at_6(const ason::ConnectionRequest& request) {
    const auto made = at(6, [&](Rooms& rooms) { return rooms.connections.create(request, now()); });
    ASSERT_TRUE(made) << made.error().reason;
    ASSERT_TRUE(until([&] { return state(request.name, 6) == ConnectionState::Up; }));
  }
  bool passes_back() {
    const auto last = network->light({network->plan.port({node_id(6), 8}), slot(3)});
    return last && last->first == network->plan.port({node_id(1), 2});
  }
  // Both of them up, in one adjacency.
  void two() {
    create(spc("first", 2, 1, 7));
    ASSERT_TRUE(up("first"));
    create(spc("second", 3, 2, 8));
    ASSERT_TRUE(up("second"));
  }
  std::vector<ason::LspView> adjacencies(std::uint32_t number) {
    auto all = segments(number);
    std::erase_if(all, [](const auto& lsp) { return lsp.key.sender == node_id(6); });
    return all;
  }
  bool both_pass() { return passes(2, 1, 7) && passes(3, 2, 8); }
  std::string last_failure(const std::string& name) {
    const auto view = at(1, [&](Rooms& rooms) { return rooms.connections.show(name); });
    return !view || view->failures.empty() ? "" : view->failures.back().reason;
  }
};

TEST_F(Nested, T2AConnectionGoesInAnAdjacencyOfTheDomainBetween) {
  start(kNested);
  create(spc("spc"));
  ASSERT_TRUE(up("spc"));
  EXPECT_TRUE(passes());
  // N3 and N4 are neighbours of that LSP; N7 between them has the adjacency only.
  const auto entry = of_user(3), exit = of_user(4);
  ASSERT_TRUE(entry && exit);
  EXPECT_EQ(entry->next, node_id(4));
  EXPECT_EQ(exit->previous, node_id(3));
  EXPECT_FALSE(of_user(7));
  ASSERT_EQ(segments(3).size(), 1U);
  const ason::LspView adjacency = segments(3).front();
  EXPECT_EQ(adjacency.key.end_point, node_id(4));
  EXPECT_EQ(adjacency.in, kServers + 1);
  EXPECT_EQ(entry->out, kClients + 1);
  EXPECT_EQ(exit->in, kClients + 1);
  const auto page = at(3, [](Rooms& rooms) { return rooms.connections.lsps(0, 10); });
  const auto shown = std::ranges::find(page, entry->key, &ason::LspView::key);
  ASSERT_NE(shown, page.end());
  EXPECT_TRUE(shown->nested) << "as an operator lists it";
  EXPECT_EQ(shown->segment_out, adjacency.key);
  EXPECT_TRUE(entry->nested && exit->nested);
  EXPECT_EQ(entry->segment_out, adjacency.key);
  EXPECT_EQ(exit->segment_in, adjacency.key);
  EXPECT_EQ(adjacency.carries, std::vector<LspKey>{entry->key});
  // At the borders both have rows, between them the adjacency.
  for (const std::uint32_t number : {1U, 2U, 6U, 7U}) EXPECT_EQ(network->at(number).active(), 2U);
  for (const std::uint32_t number : {3U, 4U}) EXPECT_EQ(network->at(number).active(), 4U);
  EXPECT_EQ(network->at(5).rows.size(), 0U);
}

// RFC 4206 section 6.1, RFC 3477: a link as any other.
TEST_F(Nested, T2TheRouteShowsTheAdjacencyAndNothingWithinTheDomain) {
  start(kNested);
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
                                      {node_id(3), kClients + 1},
                                      {node_id(4), 46},
                                      {node_id(6), 7}};
  EXPECT_EQ(links, expected);
}

TEST_F(Nested, T2TwoConnectionsAreInOneAdjacency) {
  start(kNested);
  two();
  EXPECT_TRUE(both_pass());
  ASSERT_EQ(segments(3).size(), 1U);
  EXPECT_EQ(segments(3).front().carries.size(), 2U);
  EXPECT_EQ(network->at(7).rows.size(), 2U) << "between the borders there is one";
}

TEST_F(Nested, T2ThoseThatComeTogetherWaitForOneAdjacency) {
  start(kNested);
  create(spc("first", 2, 1, 7));
  create(spc("second", 3, 2, 8));
  ASSERT_TRUE(up("first"));
  ASSERT_TRUE(up("second"));
  EXPECT_TRUE(both_pass());
  EXPECT_EQ(segments(3).size(), 1U);
}

// Its other end makes none for what comes the other way.
TEST_F(Nested, T2AConnectionTheOtherWayIsInItAsWell) {
  start(kNested);
  create(spc("spc"));
  ASSERT_TRUE(up("spc"));
  create_at_6(spc_back("back"));
  EXPECT_TRUE(passes());
  EXPECT_TRUE(passes_back());
  EXPECT_EQ(network->at(7).rows.size(), 2U);
  release("spc");
  ASSERT_TRUE(until([&] { return state("spc") == ConnectionState::Released; }));
  network->run(60s);
  EXPECT_TRUE(passes_back()) << "it has the adjacency for itself";
  EXPECT_EQ(state("back", 6), ConnectionState::Up);
  release("back", 6);
  EXPECT_TRUE(until([&] { return empty(); }, 60s));
}

TEST_F(Nested, SG4AFullAdjacencyHasAnotherOneBesideIt) {
  start(with_slots(1));
  two();
  EXPECT_TRUE(both_pass());
  ASSERT_EQ(segments(3).size(), 2U);
  EXPECT_EQ(segments(3)[0].carries.size(), 1U);
  EXPECT_EQ(segments(3)[1].carries.size(), 1U);
}

TEST_F(Nested, SG4WhereNoneIsLeftTheDomainIsBlocked) {
  start(with_slots(1));
  two();
  create(spc("third", 4, 1, 7));
  ASSERT_TRUE(until([&] { return state("third") == ConnectionState::Failed; }));
  EXPECT_TRUE(both_pass());
  auto request = spc("fourth", 4, 1, 7);  // there is another border
  request.crankback = ason::CrankbackScope::Boundary;
  create(request);
  EXPECT_TRUE(until([&] { return state("fourth") == ConnectionState::Failed; }))
      << "N4 has no adaptation left either";
  release("first");
  release("third");
  ASSERT_TRUE(until([&] { return state("first") == ConnectionState::Released; }));
  network->run(1s);
  create(spc("fifth", 2, 1, 7));
  EXPECT_TRUE(up("fifth"));
}

// RFC 4206 section 3.1.7: a VC-4 has no room for VC-4s.
TEST_F(Nested, SG4WhatIsTooLargeForItIsRefused) {
  start(kNested);
  signal = 6;
  create(spc("spc"));
  const auto why = failed("spc");
  ASSERT_TRUE(why);
  EXPECT_EQ(why->node, node_id(3));
  EXPECT_TRUE(ends("spc"));
}

TEST_F(Nested, T2TheLastOneOutEndsItAfterItsHoldTime) {
  start(kNested);
  two();
  release("first");
  ASSERT_TRUE(until([&] { return state("first") == ConnectionState::Released; }));
  network->run(60s);
  EXPECT_TRUE(passes(3, 2, 8));
  EXPECT_EQ(segments(3).size(), 1U);
  release("second");
  ASSERT_TRUE(until([&] { return state("second") == ConnectionState::Released; }));
  network->run(20s);
  EXPECT_EQ(segments(3).size(), 1U);
  EXPECT_EQ(network->at(7).rows.size(), 2U);
  EXPECT_TRUE(until([&] { return empty(); }, 20s));
}

TEST_F(Nested, T2OneThatIsIdleIsUsedAgain) {
  start(kNested);
  create(spc("first"));
  ASSERT_TRUE(up("first"));
  const LspKey adjacency = segments(3).front().key;
  release("first");
  ASSERT_TRUE(until([&] { return state("first") == ConnectionState::Released; }));
  network->run(20s);
  create(spc("second"));
  ASSERT_TRUE(up("second"));
  ASSERT_EQ(segments(3).size(), 1U);
  EXPECT_EQ(segments(3).front().key, adjacency);
  network->run(60s);
  EXPECT_TRUE(passes()) << "the timer of when it was idle is over";
}

// RFC 5151 section 4.1.
TEST_F(Nested, SG4WhoAsksForAContiguousOneIsRefusedWhereTheDomainNests) {
  start(kNested);
  auto request = spc("spc");
  request.contiguous = true;
  create(request);
  const auto why = failed("spc");
  ASSERT_TRUE(why);
  EXPECT_EQ(why->error.value, rsvp::routing::kContiguousUnsupported);
}

// RFC 3477 section 3: nobody goes by a link whose other end has no name.
TEST_F(Nested, SG4AnEndThatKnowsNoAdjacenciesCarriesNobody) {
  start(kNested);
  network->at(4).kill();
  network->legacy.insert(4);
  network->at(4).boot();
  network->run(5s);
  create(spc("spc"));
  ASSERT_TRUE(failed("spc"));
  EXPECT_TRUE(ends("spc"));
}

TEST_F(Nested, SG4ABlockedDomainIsLeftToAnotherBorder) {
  start(kNested);
  network->cut(3, false, true);  // N7 to N4, of which N3 has not heard
  auto request = spc("spc");
  request.crankback = ason::CrankbackScope::Boundary;
  create(request);
  ASSERT_TRUE(up("spc"));
  EXPECT_TRUE(passes());
  EXPECT_FALSE(of_user(3));
  const auto entry = of_user(5);
  ASSERT_TRUE(entry);
  EXPECT_TRUE(entry->nested);
}

TEST_F(Nested, SG4WithoutAnotherWayTheFailureOfTheAdjacencyIsTold) {
  start(kNested);
  network->cut(3, false, true);  // N7 to N4; N3 has not heard of it
  network->cut(5, false, true);  // N2 to N5
  create(spc("spc"));
  const auto why = failed("spc");
  ASSERT_TRUE(why);
  EXPECT_EQ(why->node, node_id(3));
  EXPECT_TRUE(ends("spc", 60s));
}

// All that is in it, whichever way it goes.
TEST_F(Nested, T21AFailureWithinTheDomainIsOneOfAllThatIsInIt) {
  start(kNested);
  two();
  create_at_6([&] {
    auto request = spc_back("back");
    request.ingress.end = {node_id(6), 7};
    request.ingress.labels = {.down = rsvp::Words{slot(4)}, .up = rsvp::Words{slot(4)}};
    request.egress_end.end = {node_id(1), 1};
    return request;
  }());
  ASSERT_EQ(adjacencies(3).size(), 1U);
  ASSERT_EQ(adjacencies(3).front().carries.size(), 3U);
  network->cut(3, false, true);  // N7 to N4
  EXPECT_TRUE(until([&] {
    return state("first") == ConnectionState::Broken &&
           state("second") == ConnectionState::Broken &&
           state("back", 6) == ConnectionState::Broken;
  }));
  network->cut(3, true, true);
  EXPECT_TRUE(until([&] {
    return state("first") == ConnectionState::Up && state("second") == ConnectionState::Up &&
           state("back", 6) == ConnectionState::Up;
  }));
  EXPECT_TRUE(both_pass());
}

// Its other end does not know that it fails, and is told by who made it.
TEST_F(Nested, T21NobodyNewIsTakenIntoOneThatFails) {
  start(kNested);
  create(spc("spc"));
  ASSERT_TRUE(up("spc"));
  network->cut(2, false, true);  // N3 to N7
  ASSERT_TRUE(until([&] { return state("spc") == ConnectionState::Broken; }));
  const auto made =
      at(6, [&](Rooms& rooms) { return rooms.connections.create(spc_back("back"), now()); });
  ASSERT_TRUE(made);
  const auto why = failed("back", 6);
  ASSERT_TRUE(why);
  EXPECT_EQ(why->node, node_id(3));
}

TEST_F(Nested, SG4ARestorationLeavesTheAdjacencyThatFails) {
  start(kNested, true);
  auto request = spc("spc");
  request.recovery = ason::Recovery::Reroute;
  create(request);
  ASSERT_TRUE(up("spc"));
  network->run(1s);
  const auto used = of_user(3)->segment_out;
  network->cut(segments(7).empty() ? 7 : 3, false, true);
  ASSERT_TRUE(until([&] { return !passes(); }));
  EXPECT_TRUE(until([&] { return state("spc") == ConnectionState::Up && passes(); }));
  network->run(60s);
  EXPECT_TRUE(passes());
  const auto lsp = of_user(3);
  ASSERT_TRUE(lsp && lsp->segment_out);
  EXPECT_NE(lsp->segment_out, used);
  EXPECT_EQ(segments(3).size(), 1U) << "what fails and carries nobody goes";
}

// RFC 5150 section 5.1.4, of a link that others are on.
TEST_F(Nested, SG4TheEndOfAnAdjacencyIsAFailureOfAllThatIsInIt) {
  start(kNested);
  two();
  release(segment_names(3).front(), 3);
  EXPECT_TRUE(until([&] {
    return state("first") == ConnectionState::Broken && state("second") == ConnectionState::Broken;
  }));
  release("first");
  release("second");
  EXPECT_TRUE(until([&] { return empty(); }, 60s));
}

// N3 has ended an adjacency, and N4 has not heard of it; then N3's number is that of another one.
TEST_F(Nested, SG4ANumberOfALinkThatIsUsedAgainIsThatOfTheLastOne) {
  start(kNested, true);
  network->cut(7, false, true);  // N3 to N4
  network->run(1s);
  create(spc("first"));
  ASSERT_TRUE(up("first"));
  ASSERT_EQ(segments(7).size(), 1U);
  network->cut(7, true, true);
  network->run(5s);
  network->at(7).kill();
  release("first");
  ASSERT_TRUE(until([&] { return state("first") == ConnectionState::Released; }));
  ASSERT_TRUE(until([&] { return segments(3).empty(); }, 120s));
  ASSERT_EQ(segments(4).size(), 1U);
  create(spc("second"));
  ASSERT_TRUE(up("second"));
  EXPECT_EQ(of_user(3)->out, kClients + 1) << "it is the same number";
  EXPECT_EQ(segments(4).size(), 2U);
  EXPECT_TRUE(passes());
  network->at(4).kill();  // also after a restart
  network->run(5s);
  network->at(4).boot();
  network->run(100s);
  EXPECT_TRUE(passes());
  EXPECT_EQ(state("second"), ConnectionState::Up);
  network->at(7).boot();
  ASSERT_TRUE(until([&] { return segments(4).size() == 1; }, 120s));
  EXPECT_TRUE(passes());
  release("second");
  EXPECT_TRUE(until([&] { return empty(); }, 120s));
}

// The adjacency is the domain's, not the call's.
TEST_F(Nested, T5TwoConnectionsOfACallAreInOneAdjacency) {
  start(kNested);
  auto first = spc("first", 2, 1, 7), second = spc("second", 3, 2, 8);
  first.call = second.call = call_to_6();
  create(first);
  ASSERT_TRUE(up("first"));
  create(second);
  ASSERT_TRUE(up("second"));
  EXPECT_TRUE(both_pass());
  ASSERT_EQ(segments(3).size(), 1U);
  EXPECT_EQ(segments(3).front().call_id, 0U);
  EXPECT_EQ(call(1)->connections.size(), 2U);
  EXPECT_EQ(call(6)->connections.size(), 2U);
}

// A border, with several in one adjacency and one the other way.
TEST_F(Nested, T8AKilledBorderHasAllOfThemBackWithAndWithoutItsJournal) {
  for (const std::uint32_t border : {3U, 4U}) {
    for (const bool journal : {true, false}) {
      start(kNested);
      create(spc("spc"));
      ASSERT_TRUE(up("spc"));
      create_at_6(spc_back("back"));
      network->run(1s);
      const auto before = row_changes();
      network->at(border).kill();
      if (!journal) network->at(border).forget();
      network->run(5s);
      network->at(border).boot();
      network->run(300s);
      EXPECT_EQ(row_changes(), before) << border << journal;
      EXPECT_TRUE(passes() && passes_back()) << border << journal;
      EXPECT_EQ(state("spc"), ConnectionState::Up) << border << journal;
      EXPECT_EQ(state("back", 6), ConnectionState::Up) << border << journal;
      ASSERT_EQ(adjacencies(3).size(), 1U) << border << journal;
      EXPECT_EQ(adjacencies(3).front().carries.size(), 2U) << border << journal;
      release("spc");
      release("back", 6);
      ASSERT_TRUE(until([&] { return empty(); }, 200s)) << border << journal;
    }
  }
}

}  // namespace
}  // namespace forces::signaling::test
