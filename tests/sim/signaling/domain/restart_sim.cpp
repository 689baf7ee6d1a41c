// Any node is killed while a connection crosses a domain over a segment (RFC 5150) or in an
// adjacency (RFC 4206) of it, or is about to.
#include "tests/sim/signaling/domain/domains.hpp"

namespace forces::signaling::test {
namespace {

using Where = std::tuple<std::uint32_t, Realisation>;

class Restarted : public Domains {
 protected:
  bool settled() {
    for (const auto& [number, member] : network->members) {
      for (const auto& lsp : lsps(number)) {
        if (lsp.state != "up" || lsp.unsynchronized || lsp.failing) return false;
      }
    }
    return of_user(3) && of_user(4) && segments(7).size() == 1;
  }
};

class DomainRestart : public Restarted, public testing::WithParamInterface<Where> {
 protected:
  void start() { Domains::start(SegmentPlan{std::get<1>(GetParam()), 1, 0}); }
  static std::uint32_t victim() { return std::get<0>(GetParam()); }
};

// The borders, the node between them, the ends.
TEST_P(DomainRestart, T8AKilledNodeHasSegmentAndConnectionBackAndNoRowChanges) {
  start();
  create(spc("spc"));
  ASSERT_TRUE(up("spc"));
  network->run(1s);
  const auto before = row_changes();
  const auto entry = of_user(3);
  restart(victim());
  EXPECT_TRUE(until([&] { return settled(); }, 60s));
  network->run(200s);  // beyond the Recovery Period, and what an idle segment is kept
  EXPECT_TRUE(settled());
  EXPECT_EQ(row_changes(), before);
  EXPECT_TRUE(passes());
  EXPECT_EQ(state("spc"), ConnectionState::Up);
  EXPECT_EQ(of_user(3)->segment_out, entry->segment_out);
  EXPECT_EQ(of_user(4)->segment_in, entry->segment_out);
  ASSERT_EQ(segments(3).size(), 1U);
  EXPECT_EQ(segments(3).front().carries, std::vector<LspKey>{entry->key});
  release("spc");
  EXPECT_TRUE(until([&] { return empty(); }, 120s));
}

TEST_P(DomainRestart, T8bWithoutItsJournalNothingIsReleased) {
  start();
  create(spc("spc"));
  ASSERT_TRUE(up("spc"));
  network->run(1s);
  const auto before = row_changes();
  const auto entry = of_user(3);
  restart(victim(), false);
  EXPECT_TRUE(until([&] { return settled(); }, 60s));
  network->run(200s);
  EXPECT_TRUE(settled());
  EXPECT_EQ(row_changes(), before);
  EXPECT_TRUE(passes());
  ASSERT_TRUE(of_user(3) && of_user(4));
  EXPECT_EQ(of_user(3)->segment_out, entry->segment_out);
  EXPECT_EQ(of_user(4)->segment_in, entry->segment_out);
  for (const auto& one : at(1, [](Rooms& rooms) { return rooms.connections.list(); })) {
    EXPECT_EQ(one.state, ConnectionState::Up);
    release(one.name);  // without its journal its ingress knows it by the Session Name
  }
  EXPECT_TRUE(until([&] { return empty(); }, 120s));
}

TEST_P(DomainRestart, T10ASetupThatItInterruptsIsCompletedOrUndone) {
  for (Duration when = 10ms; when < 220ms; when += 15ms) {
    start();
    create(spc("spc"));
    network->run(when);
    restart(victim(), true, 3s);
    network->run(200s);
    const auto is = state("spc");
    ASSERT_TRUE(is == ConnectionState::Up || is == ConnectionState::Failed)
        << when.count() << " " << to_string(is);
    if (is == ConnectionState::Up) {
      EXPECT_TRUE(passes()) << when.count();
    }
    release("spc");
    ASSERT_TRUE(until([&] { return empty(); }, 200s)) << when.count();
  }
}

TEST_P(DomainRestart, T10AReleaseThatItInterruptsIsFinished) {
  for (Duration when = 1ms; when < 200ms; when += 15ms) {
    start();
    create(spc("spc"));
    ASSERT_TRUE(up("spc"));
    network->run(1s);
    release("spc");
    network->run(when);
    restart(victim(), true, 3s);
    ASSERT_TRUE(until([&] { return empty(); }, 400s)) << when.count();
  }
}

INSTANTIATE_TEST_SUITE_P(Each, DomainRestart,
                         testing::Combine(testing::Values(1U, 3U, 7U, 4U, 6U),
                                          testing::Values(Realisation::Stitched,
                                                          Realisation::Nested)),
                         [](const auto& one) {
                           return std::string(to_string(std::get<1>(one.param)))
                               .append("N")
                               .append(std::to_string(std::get<0>(one.param)));
                         });

// R1: the border knows by its rows that something crosses the domain, and by upstream what; over
// which segment, or in which adjacency, those of the domain would have to say.
class Unheard : public Restarted, public testing::WithParamInterface<Realisation> {
 protected:
  // How often N3 has said so.
  std::size_t said(std::string_view words) {
    return static_cast<std::size_t>(
        std::ranges::count_if(network->at(3).said, [&](const std::string& line) {
          return line.find("connection_alarm") != std::string::npos && line.ends_with(words);
        }));
  }
  // Who crosses the domain, and an adjacency: that has rows of its own.
  static std::size_t untold() { return GetParam() == Realisation::Nested ? 2 : 1; }
  std::size_t unsynchronized() {
    return at(3, [](Rooms& rooms) { return rooms.connections.unsynchronized_count(); });
  }
};

TEST_P(Unheard, T8bABorderWithoutItsJournalSaysThatNobodyTellsItOfItsSegment) {
  const std::vector<std::vector<std::uint32_t>> all_dead{{7}, {7, 4}, {7, 4, 5}};
  for (const auto& dead : all_dead) {
    SCOPED_TRACE(dead.size());
    Domains::start(SegmentPlan{GetParam(), 1, 0});
    create(spc("spc"));
    ASSERT_TRUE(up("spc"));
    network->run(1s);
    const auto before = row_changes();
    for (const std::uint32_t number : dead) network->at(number).kill();
    network->at(3).kill();
    network->at(3).forget();
    network->run(5s);
    network->at(3).boot();
    network->run(100s);
    EXPECT_EQ(unsynchronized(), 0U) << "not before the Recovery Time is over";
    ASSERT_TRUE(until([&] { return unsynchronized() == untold(); }, 100s));
    ASSERT_TRUE(of_user(3));
    EXPECT_TRUE(of_user(3)->unsynchronized);
    EXPECT_EQ(said("unsynchronized"), untold());
    // Also when they are there again: then their own Recovery Time has nothing to be told, either.
    network->run(200s);
    for (const std::uint32_t number : dead) network->at(number).boot();
    network->run(400s);
    EXPECT_EQ(said("unsynchronized"), untold()) << "once";
    EXPECT_EQ(said("is over"), 0U);
    EXPECT_EQ(row_changes(), before);
    EXPECT_TRUE(passes());
    EXPECT_EQ(state("spc"), ConnectionState::Up);
    // Until an operator does not want to wait any longer.
    std::vector<LspKey> keys{of_user(3)->key};
    for (const auto& [id, row] : network->at(3).rows) keys.push_back(row.owner.lsp);
    for (const LspKey& key : keys) {
      at(3, [&](Rooms& rooms) { rooms.connections.give_up(key, now()); });
    }
    EXPECT_TRUE(until([&] { return network->at(3).rows.empty(); }));
    EXPECT_EQ(unsynchronized(), 0U);
  }
}

// Nobody is there at all, so nobody has a Recovery Period with it.
TEST_P(Unheard, T8bSoDoesOneThatIsAlone) {
  for (const bool journal : {true, false}) {
    SCOPED_TRACE(journal);
    Domains::start(SegmentPlan{GetParam(), 1, 0});
    create(spc("spc"));
    ASSERT_TRUE(up("spc"));
    network->run(1s);
    const auto before = row_changes();
    for (const std::uint32_t number : {2U, 3U, 4U, 5U, 7U}) network->at(number).kill();
    if (!journal) network->at(3).forget();
    network->run(5s);
    network->at(3).boot();
    network->run(100s);
    EXPECT_EQ(unsynchronized(), 0U);
    network->run(30s);
    EXPECT_EQ(unsynchronized(), journal ? 1U : untold()) << "of a segment this is the ingress";
    EXPECT_EQ(of_user(3).has_value(), journal);
    if (journal) {
      EXPECT_TRUE(of_user(3)->unsynchronized);
      for (const std::uint32_t number : {2U, 4U, 5U, 7U}) network->at(number).boot();
      EXPECT_TRUE(until([&] { return unsynchronized() == 0 && settled(); }, 60s));
      EXPECT_EQ(said("is over"), 1U);
    }
    EXPECT_EQ(row_changes(), before);
    EXPECT_TRUE(passes());
  }
}

// Upstream gives it back late: what was known by its rows only is known again.
TEST_P(Unheard, T8bItIsOverWhenItIsGivenBackAfterAll) {
  Domains::start(SegmentPlan{GetParam(), 1, 0});
  create(spc("spc"));
  ASSERT_TRUE(up("spc"));
  network->run(1s);
  const auto before = row_changes();
  network->at(2).kill();
  network->at(3).kill();
  network->at(3).forget();
  network->run(5s);
  network->at(3).boot();
  ASSERT_TRUE(until([&] { return unsynchronized() == 1; }, 200s));
  EXPECT_FALSE(of_user(3));
  EXPECT_EQ(said("unsynchronized"), 1U);
  network->at(2).boot();
  EXPECT_TRUE(until([&] { return unsynchronized() == 0 && settled(); }, 60s));
  EXPECT_EQ(said("is over"), 1U);
  network->run(200s);
  EXPECT_EQ(row_changes(), before);
  EXPECT_TRUE(passes());
  release("spc");
  EXPECT_TRUE(until([&] { return empty(); }, 200s));
}

INSTANTIATE_TEST_SUITE_P(Each, Unheard, testing::Values(Realisation::Stitched, Realisation::Nested),
                         [](const auto& one) { return std::string(to_string(one.param)); });

}  // namespace
}  // namespace forces::signaling::test
