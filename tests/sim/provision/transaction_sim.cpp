// RFC 5810 section 4.3.1.2 with real FEs: whoever dies in whatever phase, all have it or none.
#include <gtest/gtest.h>

#include "tests/sim/provision/fixture.hpp"

namespace forces::test {
namespace {

using ce::provision::FeOutcome;
using ce::provision::TransactionPart;
using ce::provision::TransactionState;
using pl::TransactionPhase;

// Sets FEName.
std::vector<pl::BodyTlv> name(std::string_view text, std::uint32_t component = 3) {
  const auto octets = std::as_bytes(std::span(text));
  pl::PathData path;
  path.ids = {component};
  path.items.push_back({pl::FullData{{octets.begin(), octets.end()}}});
  pl::LfbSelect select{pl::kFeObject, {1}, {}};
  select.operations.push_back({.type = pl::OperType::Set});
  select.operations.back().elements.push_back({std::move(path)});
  std::vector<pl::BodyTlv> body;
  body.emplace_back(std::move(select));
  return body;
}

struct TransactionSim : testing::Test {
  TransactionSim() : p(1, 3) {
    fill(*p.rows[0], 50, 4);
    p.net.start();
    (void)p.world.run_for(5s);
  }
  std::optional<std::uint64_t> begin(bool bad = false) {
    std::vector<TransactionPart> parts;
    for (std::uint32_t fe = 1; fe <= 3; ++fe) {
      parts.push_back({fe, {name("first"), name("second")}});
    }
    if (bad) parts[1].configs.push_back(name("read-only", 5));
    const auto id = p.net.ce().transact(parts, p.world.now());
    p.net.poke_ce(0);
    return id;
  }
  std::string name_of(std::size_t fe) { return p.net.fe(fe).values().object.name; }
  // What arrives at FE `fe` with AT and this phase is lost.
  void lose(std::size_t fe, TransactionPhase phase) {
    p.lose = [fe, phase](std::size_t to, const pl::MessageView& m) {
      const pl::Flags flags = m.header().flags;
      return to == fe && m.header().type == pl::MsgType::Config && flags.atomic() &&
             flags.phase() == phase;
    };
  }
  // The FE dies the moment it gets such a message.
  void die(std::size_t fe, TransactionPhase phase) {
    p.lose = [this, fe, phase](std::size_t to, const pl::MessageView& m) {
      const pl::Flags flags = m.header().flags;
      const bool it = to == fe && m.header().type == pl::MsgType::Config && flags.atomic() &&
                      flags.phase() == phase;
      if (it && !died) {
        died = true;
        p.world.after(Duration{1}, [this, fe] { p.net.crash_fe(fe); });
      }
      return it;
    };
  }
  const ce::provision::TransactionRecord& last() {
    records = p.net.ce().transactions().list();
    return records.at(0);
  }
  void settle() {
    p.lose = nullptr;
    for (std::size_t fe = 0; fe < 3; ++fe) {
      if (!p.net.fe_runs(fe)) p.net.start_fe(fe);
    }
    (void)p.world.run_for(120s);
    for (std::size_t fe = 0; fe < 3; ++fe) EXPECT_TRUE(p.converged(0, fe)) << fe;
    // Nothing is left of it: another one goes through.
    ASSERT_TRUE(begin());
    ASSERT_TRUE(p.world.run_for(5s));
    EXPECT_EQ(last().state, TransactionState::Completed);
    for (std::size_t fe = 0; fe < 3; ++fe) EXPECT_EQ(name_of(fe), "second");
  }

  Provisioned p;
  bool died = false;
  std::vector<ce::provision::TransactionRecord> records;
};

TEST_F(TransactionSim, AllValidateThenAllCommit) {
  std::vector<std::pair<TransactionPhase, std::string>> seen;
  p.lose = [&](std::size_t to, const pl::MessageView& m) {
    if (to == 0 && m.header().flags.atomic()) {
      EXPECT_EQ(m.header().flags.ack(), pl::Ack::Always);
      EXPECT_EQ(m.header().flags.execution_mode(), pl::ExecutionMode::AllOrNone);
      seen.emplace_back(m.header().flags.phase(), name_of(0));
    }
    return false;
  };
  ASSERT_TRUE(begin());
  ASSERT_TRUE(p.world.run_for(2s));
  using enum TransactionPhase;
  const std::vector<std::pair<TransactionPhase, std::string>> want{
      {Start, "fe"}, {Middle, "fe"}, {End, "fe"}, {End, "second"}};
  EXPECT_EQ(seen, want) << "validated, committed, completed";
  EXPECT_EQ(last().state, TransactionState::Completed);
  EXPECT_EQ(p.all_said<ce::TransactionEnded>().size(), 1U);
  settle();
}

TEST_F(TransactionSim, ARefusalAbortsAtAll) {
  ASSERT_TRUE(begin(true));
  ASSERT_TRUE(p.world.run_for(2s));
  EXPECT_EQ(last().state, TransactionState::Aborted);
  EXPECT_EQ(last().failed_fe, 2U);
  EXPECT_EQ(last().fes[1].code, pl::ResultCode::ReadOnly);
  for (std::size_t fe = 0; fe < 3; ++fe) EXPECT_EQ(name_of(fe), "fe");
  settle();
}

TEST_F(TransactionSim, NoOtherConfigGoesToItsFesMeanwhile) {
  lose(2, TransactionPhase::Middle);  // so that it lasts
  ASSERT_TRUE(begin());
  EXPECT_FALSE(begin()) << "an FE has one at a time";
  p.rows[0]->erase_prefix(1);
  p.changed();
  EXPECT_EQ(p.net.ce().configure_fe(1, name("x"), p.world.now()), 0U);
  ASSERT_TRUE(p.world.run_for(9s));
  EXPECT_EQ(p.rows_deleted, 0);
  EXPECT_EQ(p.net.fe().counters().failed_operations, 0U) << "no E_BUSY";
  ASSERT_TRUE(p.world.run_for(60s));
  EXPECT_EQ(last().state, TransactionState::Aborted);
  EXPECT_EQ(p.rows_deleted, 3);
  settle();
}

struct Death {
  const char* phase_name;
  TransactionPhase phase;
};
constexpr Death kDeaths[]{{"Start", TransactionPhase::Start},
                          {"Middle", TransactionPhase::Middle},
                          {"End", TransactionPhase::End}};

TEST_F(TransactionSim, ASilentFeAbortsItInEveryPhase) {
  for (const auto& [text, phase] : kDeaths) {
    SCOPED_TRACE(text);
    lose(1, phase);
    ASSERT_TRUE(begin());
    ASSERT_TRUE(p.world.run_for(35s));
    EXPECT_EQ(last().state, TransactionState::Aborted);
    EXPECT_EQ(last().failed_fe, 2U);
    // What had committed at the others is taken back.
    for (const std::size_t fe : {0u, 2u}) EXPECT_EQ(name_of(fe), "fe");
    p.lose = nullptr;
    ASSERT_TRUE(p.world.run_for(60s));
    EXPECT_EQ(name_of(1), "fe");
  }
  settle();
}

TEST_F(TransactionSim, AnFeThatDiesAbortsItInEveryPhase) {
  for (const auto& [text, phase] : kDeaths) {
    SCOPED_TRACE(text);
    died = false;
    die(1, phase);
    ASSERT_TRUE(begin());
    ASSERT_TRUE(p.world.run_for(60s));
    EXPECT_TRUE(died);
    EXPECT_EQ(last().state, TransactionState::Aborted);
    EXPECT_EQ(last().fes[1].outcome, FeOutcome::Lost);
    for (const std::size_t fe : {0u, 2u}) EXPECT_EQ(name_of(fe), "fe");
    p.lose = nullptr;
    p.net.start_fe(1);
    ASSERT_TRUE(p.world.run_for(60s));
  }
  settle();
}

TEST_F(TransactionSim, AnAbortThatIsLostIsForgottenByTheFeItself) {
  p.lose = [](std::size_t to, const pl::MessageView& m) {
    const pl::Flags flags = m.header().flags;
    if (m.header().type != pl::MsgType::Config || !flags.atomic()) return false;
    return (to == 0 && flags.phase() == TransactionPhase::Abort) ||
           (to == 1 && flags.phase() == TransactionPhase::Start);
  };
  ASSERT_TRUE(begin());
  ASSERT_TRUE(p.world.run_for(100s));
  EXPECT_EQ(last().state, TransactionState::Aborted);
  EXPECT_FALSE(last().fes[0].aborted);
  EXPECT_TRUE(last().fes[2].aborted);
  EXPECT_EQ(name_of(0), "fe");
  settle();
}

// The FEs' own time-out, or the end of the association, frees them.
TEST_F(TransactionSim, ACeThatDiesLeavesNothingBehind) {
  for (const auto& [text, phase] : kDeaths) {
    SCOPED_TRACE(text);
    bool dead = false;
    p.lose = [&, phase](std::size_t, const pl::MessageView& m) {
      const pl::Flags flags = m.header().flags;
      const bool it =
          m.header().type == pl::MsgType::Config && flags.atomic() && flags.phase() == phase;
      if (it && !dead) {
        dead = true;
        p.world.after(Duration{1}, [this] { p.net.crash_ce(0); });
      }
      return false;
    };
    ASSERT_TRUE(begin());
    ASSERT_TRUE(p.world.run_for(3s));
    ASSERT_TRUE(dead);
    p.lose = nullptr;
    p.rows[0] = std::make_unique<Rows>();
    fill(*p.rows[0], 50, 4);
    p.net.start_ce(0);
    ASSERT_TRUE(p.world.run_for(120s));
    for (std::size_t fe = 0; fe < 3; ++fe) {
      EXPECT_TRUE(p.converged(0, fe)) << fe;
      EXPECT_EQ(name_of(fe), "fe") << "an FE begins anew with its next association";
    }
  }
  settle();
}

}  // namespace
}  // namespace forces::test
