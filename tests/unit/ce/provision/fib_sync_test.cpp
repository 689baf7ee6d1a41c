// The reconciler against FEs that know less, answer oddly, or not at all. What real FEs of ours do
// is in tests/sim/provision.
#include "ce/provision/rows/fib_sync.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "tests/support/sim/steps.hpp"
#include "tests/unit/ce/provision/scripted_fe.hpp"

namespace forces::ce::provision {
namespace {

using namespace std::chrono_literals;
using pl::ResultCode;
using routing::Delta;
using routing::EcmpRow;
using routing::IpAddress;
using routing::NextHopRow;
using routing::PrefixGone;
using routing::PrefixRow;
using test::at;

constexpr TableInstances kAll{1, 1, 1, 1, 1, 1};

struct Queue : RowSource {
  void on_fe(FeId) override {
    queue = {rows.begin(), rows.end()};
    ++begun;
  }
  void on_fe_gone(FeId) override {
    queue.clear();
    ++ended;
  }
  std::optional<Delta> poll(FeId) override {
    if (queue.empty()) return std::nullopt;
    Delta next = std::move(queue.front());
    queue.pop_front();
    return next;
  }
  [[nodiscard]] bool complete() const override { return is_complete; }

  std::vector<Delta> rows;  // of the beginning
  std::deque<Delta> queue;
  bool is_complete = true;
  int begun = 0, ended = 0;
};

NextHopRow hop(std::uint32_t number, std::uint32_t port) {
  return {.family = Family::V4,
          .hop_selector = number,
          .l3_port_id = port,
          .mtu = 1500,
          .next_hop_ip_addr = IpAddress::v4(0xc0000201)};
}
PrefixRow prefix(std::uint32_t row, std::uint32_t value, std::uint32_t selector,
                 bool ecmp = false) {
  PrefixRow p;
  p.row = row;
  p.prefix = {IpAddress::v4(0x0a000000 + (value << 8)), 24};
  p.hop_selector = selector;
  p.ecmp_flag = ecmp;
  return p;
}

class FibSyncTest : public testing::Test {
 protected:
  FibSyncTest() { make(); }
  void make() {
    sync.emplace(1, exchange, config);
    sync->set_source(&rows);
  }
  // A new life of the CE; the FE keeps what it has.
  void restart() {
    while (exchange.poll_abandoned()) {
    }
    make();
    start();
  }
  void start() {
    sync->start(kAll, now);
    run();
  }
  // Everything that can happen without time passing.
  void run() {
    for (int budget = 0; budget < 10'000; ++budget) {
      sync->pump(now);
      auto request = exchange.poll_output();
      if (!request) return;
      const auto answer = fe.answer(*request);
      if (answer) deliver(*answer);
    }
    ADD_FAILURE() << "it does not end";
  }
  void deliver(const pl::Octets& octets) {
    const auto answer = exchange.on_response(pl::decode_header(octets).value(), octets, now);
    ASSERT_TRUE(answer);
    (void)sync->on_answer(*answer, now);
  }
  void pass(Duration time) {
    const Instant end = now + time;
    for (int budget = 0; budget < 1000; ++budget) {
      auto due = sync->next_deadline();
      if (const auto other = exchange.next_deadline(); other && (!due || *other < *due)) {
        due = other;
      }
      if (!due || *due > end) {
        now = end;
        return;
      }
      now = std::max(now, *due);
      while (exchange.poll_unanswered(now)) sync->distrust(now);
      sync->on_timer(now);
      run();
    }
    ADD_FAILURE() << "the deadline does not move";
  }
  void give(Delta delta) {
    rows.queue.push_back(std::move(delta));
    run();
  }
  void some_rows(std::uint32_t count = 20) {
    rows.rows = {hop(1, 1), hop(2, 2), hop(3, 1), EcmpRow{Family::V4, 1, {{1, 1}, {2, 3}}}};
    for (std::uint32_t i = 0; i < count; ++i) {
      rows.rows.emplace_back(prefix(i + 1, i, i % 5 == 0 ? 1 : 1 + i % 3, i % 5 == 0));
    }
  }
  std::size_t in(Table table) { return fe.tables[table].size(); }
  RowState state(RowKind kind, std::uint32_t number) { return sync->rows().state({kind, number}); }

  Instant now = at(1s);
  SyncConfig config;
  Exchange exchange{0x40000001, 1, {}};
  ScriptedFe fe;
  Queue rows;
  std::optional<FibSync> sync;
};

TEST_F(FibSyncTest, AnEmptyFeCostsOneRoundTripAndOneConfig) {
  some_rows();
  start();
  EXPECT_EQ(sync->state(), SyncState::Synced);
  EXPECT_EQ(fe.queries, 1);
  EXPECT_EQ(fe.configs, 1);
  EXPECT_EQ(in(Table::Prefixes4), 20U);
  EXPECT_EQ(in(Table::Hops4), 3U);
  EXPECT_EQ(in(Table::Sets4), 1U);
  EXPECT_EQ(sync->rows().count(RowState::Acknowledged), 24U);
  EXPECT_FALSE(sync->next_deadline());
}

// FEs that know less than ours, or answer in another form: the result is the same.
struct Kind {
  const char* name;
  bool properties, ranges, sparse, backwards;
};
TEST_F(FibSyncTest, WhateverTheFeKnowsItsRowsAreAdopted) {
  const Kind kinds[] = {{"all", true, true, true, false},
                        {"packed", true, true, false, false},
                        {"no properties", false, true, true, false},
                        {"no ranges", true, false, false, true},
                        {"neither", false, false, true, false}};
  for (const Kind& kind : kinds) {
    SCOPED_TRACE(kind.name);
    fe = {};
    fe.knows_properties = kind.properties;
    fe.knows_ranges = kind.ranges;
    fe.sparse = kind.sparse;
    fe.backwards = kind.backwards;
    config.rows_a_page = 8;
    some_rows(200);
    restart();
    ASSERT_EQ(in(Table::Prefixes4), 200U);
    fe.sets = fe.configs = 0;
    restart();
    EXPECT_EQ(sync->state(), SyncState::Synced);
    EXPECT_EQ(sync->counters().adopted, 204U);
    EXPECT_EQ(fe.configs, 0);
    EXPECT_EQ(sync->orphans(), 0U);
  }
}

TEST_F(FibSyncTest, PagesGrowWhereNumbersAreScattered) {
  config.rows_a_page = 16;
  for (std::uint32_t i = 0; i < 40; ++i) {
    PackedRow packed;
    const auto octets = packed.pack(hop(0, i));
    fe.tables[Table::Hops4][i * 100'000'000].assign(octets.begin(), octets.end());
  }
  restart();
  EXPECT_EQ(sync->orphans(), 40U);
  EXPECT_LT(fe.queries, 60) << "of four thousand million numbers";
}

TEST_F(FibSyncTest, NextHopsThatLookTheSameAreToldApartByTheirPrefixes) {
  // Hops 1 and 3 have the same fields; another life of the CE has them the other way round.
  some_rows(60);
  start();
  fe.sets = fe.configs = 0;
  rows.rows = {hop(1, 1), hop(2, 2), hop(3, 1), EcmpRow{Family::V4, 9, {{3, 1}, {2, 3}}}};
  for (std::uint32_t i = 60; i-- > 0;) {
    const std::uint32_t was = 1 + i % 3;
    const std::uint32_t is = was == 2 ? 2 : 4 - was;
    rows.rows.emplace_back(prefix(100 - i, i, i % 5 == 0 ? 9 : is, i % 5 == 0));
  }
  restart();
  EXPECT_EQ(fe.configs, 0) << fe.sets;
  EXPECT_EQ(sync->state(), SyncState::Synced);
  EXPECT_GT(sync->rows().translated(), 60U);
}

TEST_F(FibSyncTest, ARowWhoseNumberIsTakenGetsAnother) {
  some_rows(4);
  start();
  // Another life: the number of an old prefix is that of a new one, both are wanted.
  rows.rows = {hop(2, 1), hop(1, 7), prefix(1, 100, 2), prefix(2, 101, 1), prefix(7, 1, 2)};
  restart();
  EXPECT_EQ(sync->state(), SyncState::Synced);
  pass(100s);
  EXPECT_EQ(in(Table::Prefixes4), 3U);
  EXPECT_EQ(in(Table::Hops4), 2U);
  const std::uint32_t at_fe = sync->rows().at_fe({RowKind::Prefix, 1});
  EXPECT_NE(at_fe, 1U);
  give(PrefixGone{1, prefix(1, 100, 2).prefix});
  EXPECT_FALSE(fe.tables[Table::Prefixes4].contains(at_fe));
  EXPECT_EQ(in(Table::Prefixes4), 2U);
}

TEST_F(FibSyncTest, OrphansWaitForACompleteSourceAndTheGrace) {
  some_rows();
  start();
  rows.rows.pop_back();
  rows.is_complete = false;
  restart();
  pass(1000s);
  EXPECT_EQ(fe.erases, 0);
  rows.is_complete = true;
  run();
  pass(59s);
  EXPECT_EQ(fe.erases, 0);
  rows.is_complete = false;  // its sender came again
  run();
  pass(10s);
  rows.is_complete = true;
  run();
  pass(59s);
  EXPECT_EQ(fe.erases, 0) << "the grace begins anew";
  pass(2s);
  EXPECT_EQ(fe.erases, 1);
  EXPECT_EQ(in(Table::Prefixes4), 19U);
}

TEST_F(FibSyncTest, AnOrphanThatTheFeKeepsIsLeftAlone) {
  some_rows();
  start();
  rows.rows.pop_back();
  fe.judge = [](Table, std::uint32_t, bool erase) {
    return erase ? ResultCode::Perm : ResultCode::Success;
  };
  restart();
  pass(1000s);
  EXPECT_EQ(fe.erases, 1);
  EXPECT_EQ(sync->state(), SyncState::Synced);
}

TEST_F(FibSyncTest, AChangeWhileTheFirstIsUnderWayIsJudgedByTheLastAnswer) {
  some_rows(1);
  start();
  rows.queue.emplace_back(hop(1, 5));
  sync->pump(now);
  const auto first = exchange.poll_output();
  ASSERT_TRUE(first);
  rows.queue.emplace_back(hop(1, 6));
  sync->pump(now);
  const auto second = exchange.poll_output();
  ASSERT_TRUE(second);
  fe.judge = [](Table, std::uint32_t, bool) { return ResultCode::MemoryError; };
  const auto refused = fe.answer(*first).value();
  fe.judge = nullptr;
  const auto done = fe.answer(*second).value();
  deliver(refused);
  EXPECT_EQ(state(RowKind::Hop, 1), RowState::Sent) << "of interest to nobody any more";
  deliver(done);
  EXPECT_EQ(state(RowKind::Hop, 1), RowState::Acknowledged);
  EXPECT_TRUE(sync->rows().failures().empty());
}

TEST_F(FibSyncTest, ARowThatIsChangedWithoutEndWaitsForItsAnswers) {
  some_rows(1);
  start();
  std::deque<pl::Octets> held;
  for (std::uint32_t i = 0; i < 100; ++i) {
    rows.queue.emplace_back(hop(1, 100 + i));
    sync->pump(now);
    while (auto octets = exchange.poll_output()) held.push_back(std::move(*octets));
  }
  EXPECT_LE(sync->rows().under_way({RowKind::Hop, 1}), RowBook::kMostUnderWay);
  for (; !held.empty(); held.pop_front()) {
    deliver(fe.answer(held.front()).value());
    sync->pump(now);
    while (auto octets = exchange.poll_output()) held.push_back(std::move(*octets));
  }
  EXPECT_EQ(sync->state(), SyncState::Synced);
  EXPECT_EQ(read_next_hop(Family::V4, fe.tables[Table::Hops4][1])->l3_port_id, 199U);
}

TEST_F(FibSyncTest, ADeletedRowsNumberIsUsedAgainAtOnce) {
  some_rows(3);
  start();
  rows.queue.emplace_back(PrefixGone{1, prefix(1, 0, 1).prefix});
  rows.queue.emplace_back(prefix(1, 77, 2));
  run();
  EXPECT_EQ(read_prefix(Family::V4, fe.tables[Table::Prefixes4][1])->prefix,
            prefix(1, 77, 2).prefix);
  EXPECT_EQ(state(RowKind::Prefix, 1), RowState::Acknowledged);
  EXPECT_EQ(sync->rows().under_way({RowKind::Prefix, 1}), 0U);
}

TEST_F(FibSyncTest, FailuresAreToldOnceASecondAndTriedAgainEverMoreSeldom) {
  some_rows();
  fe.judge = [](Table table, std::uint32_t row, bool) {
    return table == Table::Prefixes4 && row % 2 == 0 ? ResultCode::MemoryError
                                                     : ResultCode::Success;
  };
  start();
  EXPECT_EQ(sync->state(), SyncState::Synced) << "all is done that could be";
  EXPECT_EQ(sync->rows().count(RowState::Failed), 10U);
  pass(2s);
  std::uint64_t told = 0;
  int lines = 0;
  while (const auto failed = sync->poll_output()) {
    told += failed->count;
    ++lines;
    EXPECT_EQ(failed->code, ResultCode::MemoryError);
    EXPECT_EQ(failed->last.kind, RowKind::Prefix);
  }
  EXPECT_EQ(told, 10U);
  EXPECT_LE(lines, 2);
  const int before = fe.configs;
  pass(3600s);
  EXPECT_GT(fe.configs, before + 5);
  EXPECT_LT(fe.configs, before + 25) << "after 5 s, 10 s, ..., every 300 s";
  EXPECT_FALSE(sync->poll_output()) << "they are no news";
  fe.judge = nullptr;
  pass(300s);
  EXPECT_EQ(sync->rows().count(RowState::Acknowledged), 24U);
  EXPECT_TRUE(sync->rows().failures().empty());
  EXPECT_FALSE(sync->next_deadline());
}

TEST_F(FibSyncTest, AFailedRowThatIsNotWantedAnyMoreIsForgotten) {
  some_rows(2);
  fe.judge = [](Table t, std::uint32_t row, bool erase) {
    const bool full = t == Table::Prefixes4 && row == 2 && !erase;
    return full ? ResultCode::MemoryError : ResultCode::Success;
  };
  start();
  ASSERT_EQ(state(RowKind::Prefix, 2), RowState::Failed);
  give(PrefixGone{2, prefix(2, 1, 1).prefix});
  EXPECT_TRUE(sync->rows().failures().empty());
  EXPECT_EQ(state(RowKind::Prefix, 2), RowState::None);
  EXPECT_EQ(sync->state(), SyncState::Synced);
}

TEST_F(FibSyncTest, ARowWithoutAResultMeansReadingBack) {
  some_rows();
  fe.forget = 1;
  start();
  EXPECT_EQ(sync->state(), SyncState::Synced);
  EXPECT_EQ(sync->counters().readings, 2U);
  EXPECT_EQ(sync->counters().adopted, 24U) << "it was done";
  EXPECT_EQ(fe.sets, 24);
}

TEST_F(FibSyncTest, AnFeThatNeverMakesSenseIsReadEverMoreSeldom) {
  some_rows();
  fe.judge = [](Table t, std::uint32_t, bool) {
    return t == Table::Prefixes4 ? ResultCode::Exists : ResultCode::Success;
  };
  start();
  pass(3600s);
  EXPECT_GT(sync->counters().readings, 3U);
  EXPECT_LT(sync->counters().readings, 25U);
}

TEST_F(FibSyncTest, SilenceMeansReadingBack) {
  some_rows();
  fe.answers_configs = false;
  start();
  EXPECT_EQ(sync->state(), SyncState::Sending);
  EXPECT_EQ(state(RowKind::Prefix, 1), RowState::Sent);
  fe.answers_configs = true;
  pass(29s);
  EXPECT_EQ(sync->counters().readings, 1U);
  pass(2s);
  EXPECT_EQ(sync->counters().readings, 2U);
  EXPECT_EQ(sync->state(), SyncState::Synced);
  EXPECT_EQ(fe.configs, 1) << "it had been done";
}

TEST_F(FibSyncTest, OneResultForAWholeOperationIsThatOfItsRows) {
  some_rows();
  fe.all = ResultCode::NotSupported;
  start();
  EXPECT_EQ(sync->rows().count(RowState::Failed), 24U);
  EXPECT_EQ(sync->rows().failures().begin()->second.code, ResultCode::NotSupported);
}

TEST_F(FibSyncTest, TablesThatAreNotThereAreLeftOut) {
  some_rows();
  fe.knows_tables = false;
  start();
  EXPECT_EQ(sync->state(), SyncState::Synced);
  EXPECT_EQ(fe.configs, 0);
  EXPECT_EQ(sync->rows().count(RowState::LeftOut), 24U);
  give(PrefixGone{1, prefix(1, 0, 1).prefix});
  EXPECT_EQ(fe.configs, 0);
  EXPECT_EQ(sync->rows().count(RowState::LeftOut), 23U);
}

TEST_F(FibSyncTest, WithoutEcmpHopsASetIsTheFirstOfItsNextHops) {
  some_rows();
  sync->start({1, 1, 0, 0, 1, 1}, now);
  run();
  EXPECT_EQ(sync->state(), SyncState::Synced);
  EXPECT_EQ(in(Table::Sets4), 0U);
  for (std::uint32_t row = 1; row <= 20; ++row) {
    const auto there = read_prefix(Family::V4, fe.tables[Table::Prefixes4].at(row));
    ASSERT_TRUE(there);
    EXPECT_FALSE(there->ecmp_flag);
    EXPECT_TRUE((row - 1) % 5 != 0 || there->hop_selector == 1) << row;
  }
  EXPECT_EQ(state(RowKind::Set, 1), RowState::LeftOut);
  EXPECT_EQ(state(RowKind::Prefix, 1), RowState::Acknowledged);
  const auto note = sync->poll_note();
  ASSERT_TRUE(note);
  EXPECT_TRUE(std::holds_alternative<SetsReplaced>(*note));
  EXPECT_FALSE(sync->poll_note()) << "once";

  // Another first: who leads there is found by reading again.
  std::get<EcmpRow>(rows.rows[3]).members = {{2, 1}, {3, 3}};
  give(rows.rows[3]);
  pass(1s);
  EXPECT_EQ(sync->counters().readings, 2U);
  EXPECT_EQ(read_prefix(Family::V4, fe.tables[Table::Prefixes4].at(1))->hop_selector, 2U);
  give(EcmpRow{Family::V4, 1, {{2, 1}, {1, 3}}});
  pass(1s);
  EXPECT_EQ(sync->counters().readings, 2U) << "the first is the same";
}

TEST_F(FibSyncTest, RowsThatNobodyWantedAreToldWhenTheyGo) {
  some_rows();
  start();
  EXPECT_FALSE(sync->poll_note());
  PackedRow packed;
  const auto octets = packed.pack(prefix(99, 99, 1));
  fe.tables[Table::Prefixes4][99] = {octets.begin(), octets.end()};
  fe.tables[Table::Hops4][44] = fe.tables[Table::Hops4].at(1);
  sync->distrust(now);
  run();
  EXPECT_EQ(sync->orphans(), 2U);
  pass(59s);
  EXPECT_FALSE(sync->poll_note());
  pass(2s);
  EXPECT_EQ(in(Table::Prefixes4), 20U);
  const auto note = sync->poll_note();
  ASSERT_TRUE(note);
  const auto& removed = std::get<RowsRemoved>(*note);
  EXPECT_EQ(removed.count, 2U);
  EXPECT_EQ(removed.prefix, prefix(99, 99, 1).prefix) << "prefixes are the first to go";
  EXPECT_EQ(removed.first.number, 99U);
  EXPECT_FALSE(sync->poll_note());
}

TEST_F(FibSyncTest, MessagesAreLargeAndTheWindowHolds) {
  config.batch_octets = 20'000;
  ExchangeConfig window;
  window.window_octets = 50'000;
  exchange.set_config(window);
  make();
  some_rows(10'000);
  sync->start(kAll, now);
  std::deque<pl::Octets> held;
  std::size_t most = 0;
  for (int budget = 0; budget < 10'000 && sync->state() != SyncState::Synced; ++budget) {
    sync->pump(now);
    while (auto octets = exchange.poll_output()) held.push_back(std::move(*octets));
    most = std::max(most, exchange.outstanding_octets());
    if (held.empty()) break;
    deliver(fe.answer(held.front()).value());
    held.pop_front();
  }
  EXPECT_EQ(sync->state(), SyncState::Synced);
  EXPECT_EQ(in(Table::Prefixes4), 10'000U);
  EXPECT_LE(most, 70'000U) << "the window and a message";
  for (const std::size_t size : fe.config_sizes) EXPECT_LE(size, 20'000U);
  EXPECT_LT(fe.config_sizes.size(), 30U);
}

TEST_F(FibSyncTest, NothingIsWrittenWhileATransactionIsOpen) {
  some_rows();
  start();
  sync->hold(true);
  const int before = fe.configs;
  give(prefix(50, 50, 1));
  pass(100s);
  EXPECT_EQ(fe.configs, before);
  sync->hold(false);
  run();
  EXPECT_EQ(fe.configs, before + 1);
}

TEST_F(FibSyncTest, BeginsAndEndsWithItsSource) {
  sync->set_source(nullptr);
  start();
  EXPECT_EQ(sync->state(), SyncState::Idle);
  EXPECT_EQ(fe.queries, 0);
  some_rows();
  sync->set_source(&rows);
  run();
  EXPECT_EQ(sync->state(), SyncState::Synced);
  sync->stop();
  EXPECT_EQ(rows.begun, 1);
  EXPECT_EQ(rows.ended, 1);
  EXPECT_EQ(sync->rows().count(RowState::Acknowledged), 0U);
  EXPECT_FALSE(sync->next_deadline());
}

TEST_F(FibSyncTest, ALargeSetFits) {
  EcmpRow set{Family::V4, 1, {}};
  for (std::uint32_t i = 1; i <= 512; ++i) {
    rows.rows.emplace_back(hop(i, i));
    set.members.push_back({i, i});
  }
  rows.rows.emplace_back(set);
  rows.rows.emplace_back(prefix(1, 1, 1, true));
  start();
  EXPECT_EQ(sync->state(), SyncState::Synced);
  fe.configs = 0;
  restart();
  EXPECT_EQ(sync->state(), SyncState::Synced);
  EXPECT_EQ(fe.configs, 0);
}

}  // namespace
}  // namespace forces::ce::provision
