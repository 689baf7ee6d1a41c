// RFC 3209 section 4.6.4: LSPs of one session share labels and rows; make before break.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/support/optical/cross_connects.hpp"

namespace forces::signaling::resource {
namespace {

using test::ModelFes;
using test::OpticalNode;
using test::slot;

LspKey lsp(std::uint16_t id, std::uint16_t tunnel = 1) {
  LspKey key = OpticalNode::lsp(tunnel);
  key.lsp_id = id;
  return key;
}

class Sharing : public testing::Test {
 protected:
  Wants wants(std::uint16_t id, std::uint32_t in, std::uint32_t out) {
    Wants w = OpticalNode::wants(1, in, out);
    w.owner.lsp = lsp(id);
    w.shared = true;
    return w;
  }
  // In the session of the elder, wants(1, 3, 1): in where that is, out another way.
  Wants younger() {
    Wants other = wants(2, 3, 2);
    other.in.label = other.in.upstream = Labels{slot(1)};
    return other;
  }
  bool reserve(const Wants& w) {
    const bool done = manager.reserve(w, node.now).has_value();
    node.run();
    return done;
  }
  // The elder is there and active; the younger as well.
  bool elder() { return reserve(wants(1, 3, 1)) && activate(1); }
  bool both() { return elder() && reserve(younger()) && activate(2); }
  bool activate(std::uint16_t id) {
    const bool done = manager.activate(lsp(id), {}, node.now).has_value();
    node.run();
    return done;
  }
  void release(std::uint16_t id) {
    manager.release(lsp(id), node.now);
    node.run();
  }
  // Active rows by where they come in: where they lead, and whose they are.
  struct Way {
    std::uint32_t to = 0;
    std::uint16_t whose = 0;
    friend bool operator==(const Way&, const Way&) = default;
  };
  std::map<std::uint32_t, Way> ways() {
    std::map<std::uint32_t, Way> all;
    for (const auto& [number, row] : fes.fes[1].rows) {
      if (row.active) all[row.in_port] = {row.out_port, row.owner.lsp.lsp_id};
    }
    return all;
  }
  bool told(std::uint16_t id, Settled::What what) {
    for (const Settled& one : node.all<Settled>()) {
      if (one.lsp == lsp(id) && one.what == what) return true;
    }
    return false;
  }
  ConnectionState state(std::uint16_t id) { return manager.connection(lsp(id))->state; }
  void nothing_is_left() {
    EXPECT_EQ(fes.rows(), 0U);
    EXPECT_TRUE(manager.connections().empty());
    for (const std::uint32_t id : manager.interfaces()) {
      for (const resource::Way way : {resource::Way::Receive, resource::Way::Send}) {
        EXPECT_EQ(manager.free_labels(id, way), LabelRanges::sdh_slots(1, 4)) << id;
      }
    }
  }

  ModelFes fes;
  OpticalNode node{fes};
  Manager& manager = node.manager;
};

TEST_F(Sharing, WhileTheYoungerIsReservedTheElderPassesAsBefore) {
  ASSERT_TRUE(reserve(wants(1, 3, 1)));
  ASSERT_TRUE(activate(1));
  const auto before = fes.fes[1].rows;
  ASSERT_TRUE(reserve(younger()));
  EXPECT_TRUE(told(2, Settled::What::Reserved));
  EXPECT_EQ(fes.fes[1].rows, before);  // both of its rows have to wait
  EXPECT_EQ(ways(), (std::map<std::uint32_t, Way>{{3, {1, 1}}, {1, {3, 1}}}));
  release(2);
  EXPECT_EQ(fes.fes[1].rows, before);
  release(1);
  nothing_is_left();
}

TEST_F(Sharing, ActivationTurnsTheRowsInOneTransactionAndTheElderStaysActive) {
  ASSERT_TRUE(elder());
  ASSERT_TRUE(reserve(younger()));
  const std::size_t before = fes.transactions;
  ASSERT_TRUE(activate(2));
  EXPECT_EQ(fes.transactions, before + 1);
  EXPECT_TRUE(told(2, Settled::What::Active));
  EXPECT_EQ(ways(), (std::map<std::uint32_t, Way>{{3, {2, 2}}, {2, {3, 2}}}));
  EXPECT_EQ(state(1), ConnectionState::Active);
  // Its label towards interface 1 is kept for it.
  EXPECT_FALSE(manager.free_labels(1).contains(slot(1)));
  release(1);
  EXPECT_EQ(ways(), (std::map<std::uint32_t, Way>{{3, {2, 2}}, {2, {3, 2}}}));
  EXPECT_TRUE(manager.free_labels(1).contains(slot(1)));
  EXPECT_FALSE(manager.free_labels(3).contains(slot(1)));
  release(2);
  nothing_is_left();
}

TEST_F(Sharing, TheElderHasItsRowsBackWhenTheYoungerGoes) {
  ASSERT_TRUE(both());
  const std::size_t before = fes.transactions;
  release(2);
  EXPECT_EQ(fes.transactions, before + 1);
  EXPECT_TRUE(told(2, Settled::What::Released));
  EXPECT_EQ(ways(), (std::map<std::uint32_t, Way>{{3, {1, 1}}, {1, {3, 1}}}));
  EXPECT_TRUE(manager.free_labels(2).contains(slot(1)));
  release(1);
  nothing_is_left();
}

TEST_F(Sharing, WhereBothGoTheSameWayTheRowsStayAndChangeTheirOwner) {
  ASSERT_TRUE(reserve(wants(1, 1, 2)));
  ASSERT_TRUE(activate(1));
  const std::size_t erased = fes.erases;
  ASSERT_TRUE(reserve(wants(2, 1, 2)));
  EXPECT_EQ(manager.connection(lsp(2))->labels, manager.connection(lsp(1))->labels);
  ASSERT_TRUE(activate(2));
  EXPECT_EQ(ways(), (std::map<std::uint32_t, Way>{{1, {2, 2}}, {2, {1, 2}}}));
  release(1);
  EXPECT_EQ(fes.erases, erased + 2) << "once, to come again in the same message with another owner";
  EXPECT_EQ(ways(), (std::map<std::uint32_t, Way>{{1, {2, 2}}, {2, {1, 2}}}));
  EXPECT_EQ(manager.owner_of(1, resource::Way::Receive, manager.connection(lsp(2))->labels.in[0]),
            lsp(2));
  release(2);
  nothing_is_left();
}

TEST_F(Sharing, ARefusedActivationLeavesTheElderAsItWas) {
  ASSERT_TRUE(elder());
  ASSERT_TRUE(reserve(younger()));
  const auto before = fes.fes[1].rows;
  fes.fes[1].refuses = true;
  ASSERT_TRUE(activate(2));
  EXPECT_TRUE(told(2, Settled::What::ActivateRefused));
  fes.fes[1].refuses = false;
  EXPECT_EQ(fes.fes[1].rows, before);
  EXPECT_EQ(state(2), ConnectionState::Reserved);
  release(2);
  EXPECT_EQ(fes.fes[1].rows, before);
  release(1);
  nothing_is_left();
}

TEST_F(Sharing, WhatIsTakenOverAtADeadPortIsNoFaultOfTheYounger) {
  ASSERT_TRUE(reserve(wants(1, 3, 1)));
  ASSERT_TRUE(activate(1));
  manager.on_port({1, 1}, false, node.now);
  node.run();
  node.all<Hit>();
  ASSERT_TRUE(reserve(younger()));
  ASSERT_TRUE(activate(2));
  EXPECT_EQ(node.all<Hit>(), std::vector<Hit>{});
  EXPECT_FALSE(manager.connection(lsp(2))->failing);
  EXPECT_TRUE(manager.connection(lsp(1))->failing);
}

TEST_F(Sharing, NothingIsSharedWithoutTheStyleOrWithAnotherSession) {
  ASSERT_TRUE(reserve([&] {
    Wants w = wants(1, 3, 1);
    w.shared = false;
    return w;
  }()));
  ASSERT_TRUE(activate(1));
  Wants other = wants(2, 3, 2);
  other.in.label = Labels{slot(1)};
  Wants plain = other;
  plain.shared = false;
  EXPECT_FALSE(reserve(plain));
  Wants stranger = other;
  stranger.owner.lsp = lsp(2, 9);
  EXPECT_FALSE(reserve(stranger));
  EXPECT_TRUE(reserve(other));
}

TEST_F(Sharing, OneThatBecomesActiveWaitsForWhatTheOtherHasUnderWay) {
  ASSERT_TRUE(reserve(wants(1, 3, 1)));
  ASSERT_TRUE(reserve(younger()));
  node.hold = true;
  ASSERT_TRUE(activate(1));
  ASSERT_TRUE(activate(2));
  EXPECT_EQ(node.held.size(), 1U);
  node.release_held();
  EXPECT_EQ(ways(), (std::map<std::uint32_t, Way>{{3, {2, 2}}, {2, {3, 2}}}));
  EXPECT_EQ(state(1), ConnectionState::Active);
  EXPECT_EQ(state(2), ConnectionState::Active);
  // Both go at once.
  node.hold = true;
  release(1);
  release(2);
  node.release_held();
  nothing_is_left();
}

// The younger one has taken over the rows, the elder is going, and the FE has not heard of either:
// by its word they are rows of the elder, and in the way of whose they are.
TEST_F(Sharing, ARowThatAFellowHasTakenOverIsItsOwnAlsoWhenTheFeHasNotHeardOfIt) {
  ASSERT_TRUE(reserve(wants(1, 1, 2)));
  ASSERT_TRUE(activate(1));
  ASSERT_TRUE(reserve(wants(2, 1, 2)));
  node.hold = true;
  ASSERT_TRUE(activate(2));
  ASSERT_EQ(node.held.size(), 1U);
  release(1);
  node.hold = false;
  manager.on_result(node.held.front().id, {.kind = TransactionResult::Kind::Unknown}, node.now);
  node.run();
  EXPECT_TRUE(node.all<Found>().empty());
  EXPECT_EQ(manager.connections(), std::vector{lsp(2)});
  EXPECT_EQ(state(2), ConnectionState::Active);
  EXPECT_EQ(ways(), (std::map<std::uint32_t, Way>{{1, {2, 2}}, {2, {1, 2}}}));
  release(2);
  nothing_is_left();
}

// Seed 229 of the nested storm: it was forgotten before, the controller died, and a row that nobody
// knew was left at the FE.
TEST_F(Sharing, WhoseRowsAreTakenBackIsThereUntilTheirFeHasHeardOfIt) {
  ASSERT_TRUE(both());
  manager.on_fe_down(1, node.now);
  release(2);
  EXPECT_FALSE(told(2, Settled::What::Released));
  ASSERT_TRUE(manager.connection(lsp(2)));
  EXPECT_EQ(state(2), ConnectionState::Releasing);
  manager.on_fe_up(1, node.now);
  node.run();
  EXPECT_TRUE(told(2, Settled::What::Released));
  EXPECT_EQ(ways(), (std::map<std::uint32_t, Way>{{3, {1, 1}}, {1, {3, 1}}}));
  release(1);
  nothing_is_left();
}

TEST_F(Sharing, AfterARestartEachHasWhatItHad) {
  ASSERT_TRUE(both());
  const auto before = fes.fes[1].rows;
  OpticalNode again(fes, false);
  again.manager.on_fe_up(1, again.now);
  again.manager.on_fe_up(2, again.now);
  again.run();
  ASSERT_TRUE(again.manager.reserve(younger(), again.now));
  Wants elder = wants(1, 3, 1);
  elder.in.label = elder.in.upstream = Labels{slot(1)};
  elder.out.label = elder.out.upstream = Labels{slot(1)};
  ASSERT_TRUE(again.manager.reserve(elder, again.now));
  ASSERT_TRUE(again.manager.activate(lsp(1), {}, again.now));
  again.run();
  EXPECT_EQ(fes.fes[1].rows, before);
  again.manager.release(lsp(2), again.now);
  again.run();
  EXPECT_EQ(ways(), (std::map<std::uint32_t, Way>{{3, {1, 1}}, {1, {3, 1}}}));
}

// Whatever is done to three LSPs of a session and to strangers beside them, with answers that are
// lost: at each quiet moment the rows are those of who goes first, and in the end nothing is left.
TEST(SharingProperty, InTheEndTheRowsAreThoseOfWhoGoesFirst) {
  std::size_t met = 0;
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
    ModelFes fes;
    OpticalNode node{fes};
    Manager& manager = node.manager;
    const auto key = [](std::uint32_t n) {
      return n < 3 ? lsp(static_cast<std::uint16_t>(n + 1)) : lsp(1, static_cast<std::uint16_t>(n));
    };
    const auto quiet = [&] {
      node.hold = true;
      node.run();
      for (int lost = 0; !node.held.empty();) {
        const Transaction t = node.held.front();
        node.held.pop_front();
        if (lost < 5 && below(8) == 0) {
          ++lost;
          if (below(2) == 0) (void)fes.run(t);
          manager.on_result(t.id, {.kind = TransactionResult::Kind::Unknown}, node.now);
        } else {
          node.perform(t);
        }
        node.run();
      }
      node.now += std::chrono::seconds(61);
      manager.on_time(node.now);
      node.hold = false;
      node.run();
    };
    for (int step = 0; step < 60; ++step) {
      const std::uint32_t n = below(5);
      switch (below(4)) {
        case 0:
        case 1: {
          Wants w = OpticalNode::wants(1, 1 + below(3), 1 + below(5));
          w.owner.lsp = key(n);
          w.shared = n < 3;
          if (below(2) == 0) w.in.label = w.in.upstream = Labels{slot(1 + below(2))};
          (void)manager.reserve(w, node.now);
          break;
        }
        case 2:
          (void)manager.activate(key(n), {}, node.now);
          break;
        default:
          manager.release(key(n), node.now);
          break;
      }
      if (below(3) != 0) continue;
      quiet();
      // A row in, a row out, each label once; and who is Active has its rows, unless a younger one
      // that is active has the label.
      std::map<std::pair<FePort, Label>, LspKey> in;
      for (const auto& [id, fe] : fes.fes) {
        for (const auto& [number, row] : fe.rows) {
          ASSERT_TRUE(
              in.emplace(std::pair(FePort{id, row.in_port}, row.in_label), row.owner.lsp).second);
          ASSERT_TRUE(manager.connection(row.owner.lsp)) << "an orphan";
        }
      }
      for (const LspKey& one : manager.connections()) {
        const ConnectionView view = *manager.connection(one);
        if (view.state != ConnectionState::Active) continue;
        const auto at = in.find({manager.interface(view.in)->port, view.labels.in.at(0)});
        if (at == in.end()) {
          // Its way in is free: then a younger one has its way out.
          EXPECT_TRUE(std::ranges::any_of(manager.connections(), [&](const LspKey& other) {
            return other != one && other.tunnel_id == one.tunnel_id && other.lsp_id > one.lsp_id &&
                   manager.connection(other)->state == ConnectionState::Active;
          }));
          continue;
        }
        if (at->second == one) continue;
        ++met;
        EXPECT_EQ(at->second.tunnel_id, one.tunnel_id);
        EXPECT_GT(at->second.lsp_id, one.lsp_id);
      }
    }
    for (std::uint32_t n = 0; n < 5; ++n) manager.release(key(n), node.now);
    for (int i = 0; i < 6; ++i) quiet();
    ASSERT_EQ(fes.rows(), 0U);
    ASSERT_TRUE(manager.connections().empty());
    for (const std::uint32_t id : manager.interfaces()) {
      ASSERT_EQ(manager.free_labels(id), LabelRanges::sdh_slots(1, 4));
    }
  }
  EXPECT_GT(met, 50U) << "they must have met at all";
}

}  // namespace
}  // namespace forces::signaling::resource
