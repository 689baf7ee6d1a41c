// Any node is killed while a connection crosses a domain over a segment (RFC 5150) or in an
// adjacency (RFC 4206) of it, or is about to.
#include "tests/sim/signaling/domain/domains.hpp"

namespace forces::signaling::test {
namespace {

using Where = std::tuple<std::uint32_t, Realisation>;

class DomainRestart : public Domains, public testing::WithParamInterface<Where> {
 protected:
  void start() { Domains::start(SegmentPlan{std::get<1>(GetParam()), 1, 0}); }
  static std::uint32_t victim() { return std::get<0>(GetParam()); }
  bool settled() {
    for (const auto& [number, member] : network->members) {
      for (const auto& lsp : lsps(number)) {
        if (lsp.state != "up" || lsp.unsynchronized || lsp.failing) return false;
      }
    }
    return of_user(3) && of_user(4) && segments(7).size() == 1;
  }
};

// The borders, the node between them, the ends.
TEST_P(DomainRestart, T8AKilledNodeHasSegmentAndConnectionBackAndNoRowChanges) {
  start();
  create(spc("spc"));
  ASSERT_TRUE(up("spc"));
  network->run(1s);
  const auto before = row_changes();
  const auto entry = of_user(3);
  network->at(victim()).kill();
  network->run(5s);
  network->at(victim()).boot();
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
  network->at(victim()).kill();
  network->at(victim()).forget();
  network->run(5s);
  network->at(victim()).boot();
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
    network->at(victim()).kill();
    network->run(3s);
    network->at(victim()).boot();
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
    network->at(victim()).kill();
    network->run(3s);
    network->at(victim()).boot();
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

}  // namespace
}  // namespace forces::signaling::test
