// Calls and connections through whole nodes: T1, T4 and the rules of the journal.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "tests/sim/signaling/transport.hpp"

namespace forces::signaling::test {
namespace {

using ason::ConnectionState;
using Rooms = TransportNode::Rooms;

ason::ConnectionRequest spc(std::string name, std::uint32_t number = 2) {
  ason::ConnectionRequest request;
  request.name = std::move(name);
  request.ingress.end = {node_id(1), 1};
  request.ingress.labels = {.down = rsvp::Words{slot(number)}, .up = rsvp::Words{slot(number)}};
  request.egress = node_id(6);
  request.egress_end.end = {node_id(6), 7};
  request.label_request = {
      .encoding = rsvp::LabelRequest::kSdh, .switching = rsvp::LabelRequest::kTdm, .g_pid = 34};
  request.tspec.traffic = rsvp::SonetSdh{.signal_type = 6, .multiplier = 1};
  return request;
}

class Nodes : public testing::Test {
 protected:
  void SetUp() override { network.start(); }
  void TearDown() override {
    if (!HasFailure()) return;
    for (const auto& [number, member] : network.members) {
      for (const auto& line : member->said) std::fprintf(stderr, "N%u %s\n", number, line.c_str());
    }
  }
  void create(const ason::ConnectionRequest& request) {
    const auto made = network.at(1).operate(
        [&](Rooms& rooms) { return rooms.connections.create(request, network.world.now()); });
    ASSERT_TRUE(made) << made.error().reason;
  }
  ConnectionState state(const std::string& name) {
    const auto view =
        network.at(1).operate([&](Rooms& rooms) { return rooms.connections.show(name); });
    return view ? view->state : ConnectionState::Released;
  }
  bool up(const std::string& name) {
    return network.until([&] { return state(name) == ConnectionState::Up; });
  }
  std::size_t rows() {
    std::size_t all = 0;
    for (const auto& [number, member] : network.members) all += member->rows.size();
    return all;
  }
  ason::calls::CallHandle call_to_6() {
    const auto made = network.at(1).operate([&](Rooms& rooms) {
      return rooms.calls.create({.end_point = rsvp::Address::v4(node_id(6).value)},
                                network.world.now());
    });
    EXPECT_TRUE(made) << made.error().cause << " " << made.error().text;
    return made.value_or(0);
  }
  const ason::calls::Call* call(ason::calls::CallHandle handle) {
    return network.at(1).operate([&](Rooms& rooms) { return rooms.calls.show(handle); });
  }
  Transport network{line_of_four()};
};

TEST_F(Nodes, T1AConnectionAcrossThreeDomainsHasTwoActiveRowsAtEachNodeAndLeavesNone) {
  create(spc("spc"));
  ASSERT_TRUE(up("spc"));
  for (const auto& [number, member] : network.members) EXPECT_EQ(member->active(), 2U) << number;
  network.at(1).operate(
      [&](Rooms& rooms) { return rooms.connections.release("spc", network.world.now()); });
  EXPECT_TRUE(network.until([&] { return rows() == 0; }));
}

TEST_F(Nodes, T4ACallIsSetUpBeforeItsConnectionAndOutlivesIt) {
  const auto handle = call_to_6();
  ASSERT_NE(handle, 0U);
  ASSERT_TRUE(network.until([&] {
    return call(handle) != nullptr && call(handle)->state() == ason::calls::CallState::Active;
  }));
  auto request = spc("working");
  request.call = {.id = call(handle)->id.number, .name = call(handle)->id.name};
  create(request);
  ASSERT_TRUE(up("working"));
  EXPECT_TRUE(network.until([&] { return call(handle)->connections.size() == 1; }));
  network.at(1).operate(
      [&](Rooms& rooms) { return rooms.connections.release("working", network.world.now()); });
  EXPECT_TRUE(network.until([&] { return rows() == 0; }));
  EXPECT_EQ(call(handle)->state(), ason::calls::CallState::Active) << "the call stays";
  network.at(1).operate(
      [&](Rooms& rooms) { return rooms.calls.remove(handle, network.world.now()); });
  EXPECT_TRUE(network.until([&] {
    std::size_t calls = 0;
    for (const auto& [number, member] : network.members) {
      calls += member->operate([](Rooms& rooms) { return rooms.calls.list().size(); });
    }
    return calls == 0;
  }));
}

// What is shown in pages is all there is, each once, also when something goes in between.
TEST_F(Nodes, PagesOfConnectionsCallsLspsAndLinksAreAllOfThem) {
  std::vector<ason::calls::CallHandle> handles;
  for (std::uint32_t i = 1; i <= 4; ++i) {
    create(spc(std::string("c").append(std::to_string(i)), i));
    handles.push_back(call_to_6());
  }
  for (const char* name : {"c1", "c2", "c3", "c4"}) ASSERT_TRUE(up(name));
  network.at(1).operate([&](Rooms& rooms) {
    const auto names = [&](std::string_view after, std::size_t most, std::string_view state = {}) {
      std::string all;
      for (const auto& view : rooms.connections.list(after, most, state)) all += view.name + " ";
      return all;
    };
    EXPECT_EQ(names("", 3), "c1 c2 c3 ");
    EXPECT_EQ(names("c3", 3), "c4 ");
    EXPECT_EQ(names("c4", 3), "");
    EXPECT_EQ(names("c2x", 9), "c3 c4 ") << "behind a name that is not there";
    EXPECT_EQ(names("", 9, "up"), "c1 c2 c3 c4 ");
    EXPECT_EQ(names("", 9, "failed"), "");
    (void)rooms.connections.release("c2", network.world.now());
    EXPECT_EQ(names("", 2, "up"), "c1 c3 ");

    std::vector<ason::calls::CallHandle> found;
    for (ason::calls::CallHandle after = 0;;) {
      const auto page = rooms.calls.list(after, 3);
      if (page.empty()) break;
      for (const auto* const call : page) found.push_back(call->handle);
      after = found.back();
    }
    std::ranges::sort(handles);  // they are no counter
    EXPECT_EQ(found, handles);
    EXPECT_EQ(rooms.calls.size(), 4U);

    const auto lsps = rooms.connections.lsps();
    ASSERT_EQ(lsps.size(), rooms.connections.lsp_count());
    for (std::size_t i = 0; i < lsps.size(); ++i) {
      const auto page = rooms.connections.lsps(i, 1);
      ASSERT_EQ(page.size(), 1U);
      EXPECT_EQ(page[0].key, lsps[i].key);
    }
    EXPECT_TRUE(rooms.connections.lsps(lsps.size(), 1).empty());
    constexpr auto kFar = std::numeric_limits<std::size_t>::max();
    EXPECT_TRUE(rooms.connections.lsps(kFar, 1).empty()) << "anything may be asked for";
    EXPECT_TRUE(rooms.database.links(kFar, 1).empty());
    const auto links = rooms.database.links();
    ASSERT_EQ(links.size(), rooms.database.link_count());
    EXPECT_EQ(rooms.database.links(1, 9),
              (std::vector<const te::Link*>(links.begin() + 1, links.end())));
    EXPECT_EQ(rooms.database.links(0, 2).size(), 2U);
  });
}

TEST_F(Nodes, X1APathOfAnUnknownCallSetsNothingUp) {
  auto request = spc("stranger");
  request.call = {.id = 77, .name = "nobody knows this call"};
  request.limits.setup = 8s;
  const auto made = network.at(1).operate(
      [&](Rooms& rooms) { return rooms.connections.create(request, network.world.now()); });
  if (made) {
    EXPECT_TRUE(network.until([&] { return state("stranger") == ConnectionState::Failed; }));
  }
  EXPECT_TRUE(network.until([&] { return rows() == 0; }));
}

// RFC 4139 section 4.4 needs it: what was announced is known after a crash.
TEST_F(Nodes, NothingIsAnnouncedBeforeItIsDurable) {
  network.at(1).disk_writes = false;
  create(spc("spc"));
  network.run(3s);
  EXPECT_EQ(network.at(2).rows.size(), 0U) << "no Path has come";
  EXPECT_GT(network.at(1).node->waiting_for_store(), 0U);
  network.at(1).disk_writes = true;
  network.at(1).pump();
  EXPECT_TRUE(up("spc"));
}

TEST_F(Nodes, T8AKilledTransitNodeHasItsConnectionsBackAndNoRowChanges) {
  create(spc("spc"));
  ASSERT_TRUE(up("spc"));
  network.run(1s);
  const auto rows_before = network.at(2).rows;
  const auto changes = network.at(2).row_changes;
  network.at(2).kill();
  network.run(5s);
  network.at(2).boot();
  EXPECT_TRUE(network.until([&] {
    const auto lsps = network.at(2).operate([](Rooms& rooms) { return rooms.connections.lsps(); });
    return lsps.size() == 1 && lsps[0].state == "up" && !lsps[0].unsynchronized;
  }));
  network.run(180s);  // beyond the Recovery Period
  EXPECT_EQ(network.at(2).rows, rows_before);
  EXPECT_EQ(network.at(2).row_changes, changes);
  EXPECT_EQ(state("spc"), ConnectionState::Up);
  network.at(1).operate(
      [&](Rooms& rooms) { return rooms.connections.release("spc", network.world.now()); });
  EXPECT_TRUE(network.until([&] { return rows() == 0; }, 120s));
}

TEST_F(Nodes, T8TheIngressAndItsCallAreBackAfterACrash) {
  const auto handle = call_to_6();
  ASSERT_TRUE(network.until([&] {
    return call(handle) != nullptr && call(handle)->state() == ason::calls::CallState::Active;
  }));
  auto request = spc("working");
  request.call = {.id = call(handle)->id.number, .name = call(handle)->id.name};
  create(request);
  ASSERT_TRUE(up("working"));
  network.run(1s);
  const auto name = call(handle)->id.name;
  const auto changes = network.at(1).row_changes;
  network.at(1).kill();
  network.run(5s);
  network.at(1).boot();
  EXPECT_TRUE(up("working"));
  const auto* const again =
      network.at(1).operate([&](Rooms& rooms) { return rooms.calls.show(std::string_view(name)); });
  ASSERT_NE(again, nullptr);
  EXPECT_TRUE(again->established());
  EXPECT_TRUE(network.until([&] { return again->connections.size() == 1; }));
  EXPECT_EQ(network.at(1).row_changes, changes);
}

// What an ingress learned anew from its neighbour is in its journal as anything else (R1).
TEST_F(Nodes, T8dAnIngressThatHasLostItsJournalHasOneAgain) {
  create(spc("spc"));
  ASSERT_TRUE(up("spc"));
  network.run(1s);
  const auto changes = network.at(1).row_changes;
  network.at(1).kill();
  network.at(1).forget();
  network.run(2s);
  network.at(1).boot();
  ASSERT_TRUE(up("spc"));
  network.run(5s);
  network.at(1).kill();
  network.run(2s);
  network.at(1).boot();
  EXPECT_TRUE(up("spc"));
  network.run(180s);
  EXPECT_EQ(state("spc"), ConnectionState::Up);
  EXPECT_EQ(network.at(1).row_changes, changes);
}

TEST_F(Nodes, T17ACalleeThatKnowsNoCallsIsAskedThreeTimesAndThenGivenUp) {
  network.at(6).kill();
  network.legacy.insert(6);
  network.at(6).boot();
  network.run(5s);
  const auto handle = call_to_6();
  EXPECT_TRUE(network.until([&] { return call(handle) == nullptr; }, 60s));
  for (const auto& [number, member] : network.members) {
    EXPECT_TRUE(member->operate([](Rooms& rooms) { return rooms.calls.list().empty(); })) << number;
  }
  create(spc("without a call"));
  EXPECT_TRUE(up("without a call"));
}

// RFC 3473 section 4.3: a Notify for somebody else goes on unchanged, along the fibres.
TEST_F(Nodes, B4ANotifyThatIsNotForTheNodeIsForwarded) {
  auto& policy_free = network.at(1);
  const auto before = network.at(2).node->counters().packets_forwarded;
  policy_free.operate([&](Rooms& rooms) {
    rsvp::Message notify{.type = rsvp::MessageType::Notify};
    notify.objects.push_back(rsvp::ErrorSpec{});
    notify.objects.push_back(
        rsvp::Session{.end_point = rsvp::Address::v4(node_id(6).value), .tunnel_id = 9});
    return rooms.engine.notify(node_id(6), std::move(notify), network.world.now());
  });
  network.run(1s);
  EXPECT_GT(network.at(2).node->counters().packets_forwarded, before);
}

// --- what one event changes, and a store that takes no more than so many changes at once ---

TEST(LargeEvents, AreNoLargerBatchesThanAStoreTakes) {
  constexpr std::uint32_t kMany = 200;
  NetworkPlan plan;
  plan.nodes = {{1}, {2}};
  plan.fibres = {{{node_id(1), 12}, {node_id(2), 21}, te::ReferencePoint::INni, kStm256}};
  plan.users = {{{node_id(1), 1}, kStm256}, {{node_id(2), 7}, kStm256}};
  Transport network(plan);
  network.start();
  Member& ingress = network.at(1);
  for (std::uint32_t i = 1; i <= kMany; ++i) {
    auto request = spc(std::string("c").append(std::to_string(i)), i);
    request.egress = node_id(2);
    request.egress_end.end = {node_id(2), 7};
    ASSERT_TRUE(ingress.operate(
        [&](Rooms& rooms) { return rooms.connections.create(request, network.world.now()); }));
  }
  const auto all_are = [&](ConnectionState state) {
    return network.until([&] {
      return ingress.operate([&](Rooms& rooms) {
        const auto all = rooms.connections.list();
        return all.size() == kMany &&
               std::ranges::all_of(all, [&](const auto& one) { return one.state == state; });
      });
    });
  };
  ASSERT_TRUE(all_are(ConnectionState::Up));
  network.cut(0, false, true);  // one Hit for each
  EXPECT_TRUE(all_are(ConnectionState::Broken));
  network.cut(0, true, true);
  EXPECT_TRUE(all_are(ConnectionState::Up));
  ingress.kill();
  ingress.boot();
  EXPECT_TRUE(all_are(ConnectionState::Up));
  network.run(10s);
  const auto most = ingress.store.snapshot().largest_batch;
  EXPECT_GT(most, 90U) << "or this shows nothing";
  EXPECT_LE(most, 120U) << "etcd::Options::most_changes";
}

// A crash in the middle of what was given to the store in parts: what was begun is carried through.
class Halves : public testing::TestWithParam<std::size_t> {
 protected:
  Halves() {
    plan.base.most_changes = 1;
    network.emplace(plan);
    network->start();
    request.recovery = ason::Recovery::Reroute;
    EXPECT_TRUE(member().operate(
        [&](Rooms& rooms) { return rooms.connections.create(request, network->world.now()); }));
  }
  Member& member() { return network->at(1); }
  ConnectionState state() {
    const auto view = member().operate([&](Rooms& rooms) { return rooms.connections.show("spc"); });
    return view ? view->state : ConnectionState::Released;
  }
  std::size_t lsps() {
    return member().operate([](Rooms& rooms) { return rooms.connections.lsp_count(); });
  }
  // Its disk is slow, and it dies when so many of the changes have been written.
  void crash_in_the_middle() {
    network->run(1s);
    member().kill(GetParam());
    member().disk_writes = true;
    network->run(3s);
    member().boot();
  }
  NetworkPlan plan = three_domains({});
  std::optional<Transport> network;
  ason::ConnectionRequest request = spc("spc");
};

TEST_P(Halves, OfASetUp) {
  ASSERT_TRUE(network->until([&] { return network->at(6).rows.size() == 2; }));
  member().disk_writes = false;  // its Resv comes now
  crash_in_the_middle();
  EXPECT_TRUE(network->until([&] { return state() == ConnectionState::Up; }));
  network->run(3min);
  EXPECT_EQ(state(), ConnectionState::Up);
  EXPECT_EQ(lsps(), 1U);
}

TEST_P(Halves, OfAnotherWay) {
  ASSERT_TRUE(network->until([&] { return state() == ConnectionState::Up; }));
  network->run(1s);
  te::Exclusions away;
  away.nodes.insert(node_id(7));
  ASSERT_TRUE(member().operate(
      [&](Rooms& rooms) { return rooms.connections.reroute("spc", away, network->world.now()); }));
  ASSERT_TRUE(network->until([&] { return network->at(5).rows.size() == 2; }));
  member().disk_writes = false;
  crash_in_the_middle();
  network->run(3min);
  EXPECT_EQ(state(), ConnectionState::Up);
  EXPECT_EQ(lsps(), 1U);
}

TEST_P(Halves, OfARelease) {
  ASSERT_TRUE(network->until([&] { return state() == ConnectionState::Up; }));
  network->run(1s);
  // From the other side, which is told by one Resv.
  ASSERT_TRUE(network->at(6).operate([&](Rooms& rooms) {
    return rooms.connections.ask_release(rooms.connections.lsps().front().key,
                                         network->world.now());
  }));
  network->run(1ms);
  member().disk_writes = false;
  crash_in_the_middle();
  if (GetParam() == 0) {  // it has not heard of it, and for the other side that is a failure
    network->run(3min);
    EXPECT_EQ(state(), ConnectionState::Up);
    EXPECT_EQ(lsps(), 1U);
    return;
  }
  EXPECT_TRUE(network->until([&] { return state() == ConnectionState::Released; }, 3min));
  EXPECT_TRUE(network->until(
      [&] {
        return std::ranges::all_of(network->members,
                                   [](const auto& one) { return one.second->rows.empty(); });
      },
      3min));
}

INSTANTIATE_TEST_SUITE_P(Survivors, Halves, testing::Range(std::size_t{0}, std::size_t{9}));

}  // namespace
}  // namespace forces::signaling::test
