// T8, T8b to T8d, T9 and T10 of ason.md 7: controllers die and come back; what was up stays up.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/sim/connection/network.hpp"

namespace forces::signaling::ason::test {
namespace {

using rsvp::MessageType;

// Five LSPs over C, three of them of calls.
struct Restart : testing::Test {
  Network network;
  std::vector<std::string> names;
  std::map<std::uint32_t, std::map<std::uint32_t, resource::Row>> rows_before;
  std::map<std::uint32_t, std::uint64_t> changes_before;

  void SetUp() override {
    build_p1(network, 8);
    network.at(2).access[1] = te::LabelRanges::sdh_slots(1, 8);
    network.at(25).access[7] = te::LabelRanges::sdh_slots(1, 8);
    network.restart = {.restart = 10s, .recovery = 10s};
    network.times.refresh = 5s;
    for (auto& [id, node] : network.nodes) {
      node->config.tear_guard = 1s;
      node->verdict = [](const AskCall&) { return CallVerdict{}; };
    }
  }

  void five() {
    network.start();
    for (std::uint32_t i = 0; i < 5; ++i) {
      ConnectionRequest one = request(std::string("c").append(std::to_string(i)), 2, 1, 25, 7);
      one.explicit_route = {node_hop(node_id(3))};
      if (i < 3) one.call = {.id = static_cast<std::uint16_t>(10 + i), .name = "call"};
      names.push_back(one.name);
      ASSERT_TRUE(network.at(2).controller->create(one, network.world.now()));
    }
    network.at(2).pump();
    ASSERT_TRUE(network.until([&] { return all_up(); }));
    network.run(2s);
    for (const auto& [id, node] : network.nodes) {
      for (const auto& [fe, model] : node->fes) {
        rows_before[fe] = model.rows;
        changes_before[fe] = model.changes;
      }
    }
    network.log.clear();
  }
  bool all_up() {
    return std::ranges::all_of(names, [&](const std::string& name) {
      const auto view = network.at(2).controller->show(name);
      return view && view->state == ConnectionState::Up;
    });
  }
  void rows_are_the_same() {
    for (const auto& [id, node] : network.nodes) {
      for (const auto& [fe, model] : node->fes) {
        EXPECT_EQ(model.rows, rows_before[fe]) << node->spec.name;
        EXPECT_EQ(model.changes, changes_before[fe]) << node->spec.name;
      }
    }
  }
  void nothing_was_torn() {
    EXPECT_TRUE(network.sent(MessageType::PathTear).empty());
    EXPECT_TRUE(network.sent(MessageType::ResvTear).empty());
    for (const Sent& one : network.sent(MessageType::PathErr)) {
      const auto& spec = *one.message.find<rsvp::ErrorSpec>();
      EXPECT_EQ(spec.error.code, rsvp::ErrorCode::Notify);
      EXPECT_EQ(spec.flags, 0);
    }
  }
  void all_synchronized(std::uint32_t node, std::size_t count) {
    const auto lsps = network.at(node).controller->lsps();
    EXPECT_EQ(lsps.size(), count);
    for (const LspView& lsp : lsps) {
      EXPECT_EQ(lsp.state, "up") << lsp.role;
      EXPECT_FALSE(lsp.unsynchronized);
    }
  }
  // Everything still works: all of it can be released, and nothing is left.
  void all_can_be_released() {
    for (const std::string& name : names) {
      ASSERT_TRUE(network.at(2).controller->release(name, network.world.now()));
    }
    network.at(2).pump();
    EXPECT_TRUE(network.until([&] { return network.leftovers().empty(); }, 60s))
        << network.leftovers();
  }
  void traffic_passes() {
    std::size_t passing = 0;
    for (std::uint32_t n = 1; n <= 8; ++n) {
      passing += network.trace({2, 1, slot(n)}).has_value() ? 1U : 0U;
    }
    EXPECT_EQ(passing, 5U);
  }
  void crash(std::initializer_list<std::uint32_t> nodes, bool with_disk, Duration down = 1s) {
    for (const std::uint32_t node : nodes) network.at(node).kill();
    network.run(down);
    traffic_passes();
    for (const std::uint32_t node : nodes) {
      if (!with_disk) network.at(node).disk.clear();
      network.at(node).boot(false);
    }
  }
};

TEST_F(Restart, T8AKilledTransitNodeComesBackAndNothingIsReleased) {
  five();
  crash({3}, true);
  network.run(15s);
  all_synchronized(3, 5);
  rows_are_the_same();
  nothing_was_torn();
  traffic_passes();
  EXPECT_TRUE(all_up());
  // Which LSP is of which call is known again.
  std::size_t of_calls = 0;
  for (const LspView& lsp : network.at(3).controller->lsps())
    of_calls += lsp.call_id != 0 ? 1U : 0U;
  EXPECT_EQ(of_calls, 3U);
  // B gave them back with the label of the Resv.
  std::size_t recovery = 0;
  for (const Sent& one : network.sent(MessageType::Path, 2)) {
    recovery += one.message.find<rsvp::RecoveryLabel>() != nullptr ? 1U : 0U;
  }
  EXPECT_GE(recovery, 5U);
  all_can_be_released();
}

TEST_F(Restart, T8bWithoutItsJournalNeighboursAndRowsAreEnough) {
  five();
  crash({3}, false);
  network.run(15s);
  all_synchronized(3, 5);
  rows_are_the_same();
  nothing_was_torn();
  traffic_passes();
  EXPECT_TRUE(all_up());
  all_can_be_released();
}

TEST_F(Restart, T8cAnOutageLongerThanTheRestartTimeReleasesNothing) {
  five();
  crash({3}, true, 400s);
  network.run(30s);
  rows_are_the_same();
  nothing_was_torn();
  traffic_passes();
  EXPECT_TRUE(all_up());
  all_can_be_released();
}

TEST_F(Restart, T8cWhatNobodyGivesBackIsKeptWithAnAlarmUntilAnOperatorDecides) {
  five();
  // C comes back alone: B and Y are dead for good.
  network.at(2).kill();
  network.at(25).kill();
  crash({3}, true);
  network.run(60s);
  rows_are_the_same();
  EXPECT_EQ(network.at(3).active_rows(), 10U);
  auto lsps = network.at(3).controller->lsps();
  ASSERT_EQ(lsps.size(), 5U);
  for (const LspView& lsp : lsps) {
    EXPECT_TRUE(network.at(3).controller->give_up(lsp.key, network.world.now()));
  }
  network.at(3).pump();
  network.run(1s);
  EXPECT_EQ(network.at(3).rows(), 0U);
  // Y hears of it when it is back.
  EXPECT_EQ(network.at(25).active_rows(), 10U);
  network.at(25).boot(false);
  EXPECT_TRUE(network.until([&] { return network.at(25).rows() == 0; })) << network.leftovers();
}

TEST_F(Restart, T8dTheIngressComesBack) {
  five();
  crash({2}, true);
  network.run(15s);
  all_synchronized(2, 5);
  EXPECT_TRUE(all_up());
  rows_are_the_same();
  nothing_was_torn();
  std::size_t told = 0;
  for (const CallConnection& call : network.at(2).calls) told += call.up ? 1U : 0U;
  EXPECT_GE(told, 3U);
  all_can_be_released();
}

TEST_F(Restart, T8dTheIngressWithoutItsJournalLearnsFromRecoveryPaths) {
  five();
  crash({2}, false);
  network.run(15s);
  all_synchronized(2, 5);
  rows_are_the_same();
  nothing_was_torn();
  const auto list = network.at(2).controller->list();
  EXPECT_EQ(list.size(), 5U);
  names.clear();
  for (const ConnectionView& view : list) {
    names.push_back(view.name);
    EXPECT_EQ(view.state, ConnectionState::Up);
  }
  all_can_be_released();
}

TEST_F(Restart, T8dTheEgressComesBack) {
  for (const bool with_disk : {true, false}) {
    if (with_disk) five();
    crash({25}, with_disk);
    network.run(15s);
    all_synchronized(25, 5);
    rows_are_the_same();
    nothing_was_torn();
    EXPECT_TRUE(all_up());
  }
  all_can_be_released();
}

TEST_F(Restart, T8dBothNeighboursTogether) {
  five();
  crash({3, 25}, true);
  network.run(20s);
  all_synchronized(3, 5);
  all_synchronized(25, 5);
  rows_are_the_same();
  nothing_was_torn();
  all_can_be_released();
}

TEST_F(Restart, T8dBothNeighboursTogetherWithoutTheirJournals) {
  five();
  crash({3, 25}, false);
  network.run(30s);
  all_synchronized(3, 5);
  all_synchronized(25, 5);
  rows_are_the_same();
  nothing_was_torn();
  all_can_be_released();
}

TEST_F(Restart, T8dAllOfThem) {
  five();
  crash({2, 3, 25}, true);
  network.run(30s);
  for (const std::uint32_t node : {2U, 3U, 25U}) all_synchronized(node, 5);
  rows_are_the_same();
  nothing_was_torn();
  EXPECT_TRUE(all_up());
  all_can_be_released();
}

TEST_F(Restart, T9AFaultOfTheControlChannelChangesNothing) {
  five();
  for (const auto& [node, interface] : {std::pair(2U, 21U), std::pair(3U, 31U)}) {
    LinkSpec& link = network.link_at(node, interface);
    network.cut(link, true, false);
    network.run(20s);
    rows_are_the_same();
    network.cut(link, true, true);
    network.run(10s);
  }
  // 25/5 when it was lost, 25/4 when it was back, for each LSP.
  std::map<std::uint16_t, std::set<LspKey>> news;
  for (const Sent& one : network.sent(MessageType::PathErr, 3)) {
    news[one.message.find<rsvp::ErrorSpec>()->error.value].insert(*key_of(one.message));
  }
  EXPECT_EQ(news[rsvp::notify::kControlChannelDegraded].size(), 5U);
  EXPECT_EQ(news[rsvp::notify::kControlChannelActive].size(), 5U);
  rows_are_the_same();
  nothing_was_torn();
  EXPECT_TRUE(all_up());
  all_synchronized(3, 5);
  all_can_be_released();
}

// --- T10: what was under way ---

TEST_F(Restart, T10ASetupThatWaitedForItsResvIsCompletedOrUndone) {
  for (const std::uint32_t victim : {2U, 3U, 25U}) {
    for (const bool with_disk : {true, false}) {
      SCOPED_TRACE(victim * 10 + (with_disk ? 1 : 0));
      Network one;
      build_p1(one);
      one.restart = {.restart = 5s, .recovery = 5s};
      for (auto& [id, node] : one.nodes) node->config.tear_guard = 1s;
      one.times.refresh = 2s;
      one.start();
      // The Path comes to Y, whose answer is lost with the link; then somebody dies.
      one.fe_latency = 200ms;
      ConnectionRequest ask = request("pending", 2, 1, 25, 7);
      ask.explicit_route = {node_hop(node_id(3))};
      ask.limits.setup = 20s;
      ASSERT_TRUE(one.at(2).controller->create(ask, one.world.now()));
      one.at(2).pump();
      one.run(victim == 2 ? 250ms : victim == 3 ? 450ms : 550ms);
      one.at(victim).kill();
      one.run(1s);
      if (!with_disk) one.at(victim).disk.clear();
      one.fe_latency = 1ms;
      one.at(victim).boot(false);
      one.run(60s);
      const auto view = one.at(2).controller->show("pending");
      if (view && view->state == ConnectionState::Up) {
        EXPECT_TRUE(one.trace({2, 1, slot(1)}));
        EXPECT_EQ(one.rows(), 6U);
        one.at(2).controller->release("pending", one.world.now());
        one.at(2).pump();
        one.run(60s);
      } else if (view) {
        EXPECT_EQ(view->state, ConnectionState::Failed);
        one.at(2).controller->release("pending", one.world.now());
        one.at(2).pump();
      }
      one.run(130s);  // reservations of nobody are given back by then
      EXPECT_EQ(one.rows(), 0U);
      EXPECT_EQ(one.leftovers(), "");
    }
  }
}

TEST_F(Restart, T10AReleaseThatWasUnderWayIsFinished) {
  for (const std::uint32_t victim : {2U, 3U, 25U}) {
    for (const int when : {1, 3, 5, 8, 12}) {
      SCOPED_TRACE(victim * 100 + static_cast<unsigned>(when));
      Network one;
      build_p1(one);
      one.restart = {.restart = 5s, .recovery = 5s};
      for (auto& [id, node] : one.nodes) node->config.tear_guard = 1s;
      one.times.refresh = 2s;
      one.start();
      ConnectionRequest ask = request("going", 2, 1, 25, 7);
      ask.explicit_route = {node_hop(node_id(3))};
      ASSERT_TRUE(one.at(2).controller->create(ask, one.world.now()));
      one.at(2).pump();
      ASSERT_TRUE(one.until(
          [&] { return one.at(2).controller->show("going")->state == ConnectionState::Up; }));
      one.run(1s);
      one.at(2).controller->release("going", one.world.now());
      one.at(2).pump();
      one.run(std::chrono::milliseconds(when));
      one.at(victim).kill();
      one.run(2s);
      one.at(victim).boot(false);
      one.run(90s);
      EXPECT_EQ(one.leftovers(), "");
    }
  }
}

}  // namespace
}  // namespace forces::signaling::ason::test
