// Label association of a serial compound link that is found by traces, through whole nodes: L3 and
// T11 of ason.md. N1 - N2 -[box]- N3 - N6: slot n of N2 is slot 5 - n of N3.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "tests/sim/discovery/lines.hpp"

namespace forces::signaling::test {
namespace {

using ason::ConnectionState;
using resource::LabelFault;
using resource::LabelState;
using Rooms = TransportNode::Rooms;

constexpr std::size_t kBoxed = 1;  // the fibre from N2 to N3
constexpr LinkEnd kN2{node_id(2), 23}, kN3{node_id(3), 32};
constexpr LinkEnd kUserA{node_id(1), 1}, kUserZ{node_id(6), 7};

NetworkPlan boxed(bool compound = true) {
  NetworkPlan plan = line_of_four();
  plan.fibres[kBoxed].compound = plan.fibres[kBoxed].discover = compound;
  return plan;
}

class Discovery : public testing::Test {
 protected:
  explicit Discovery(NetworkPlan plan = boxed()) : network(std::move(plan)) {
    lines.boxes[kBoxed] = [](Label label) { return std::optional(slot(5) - label); };
  }
  void TearDown() override {
    EXPECT_EQ(lines.disturbed, 0U) << "a trace where a row leads out";
    if (!HasFailure()) return;
    for (const auto& [number, member] : network.members) {
      for (const auto& line : member->said) std::fprintf(stderr, "N%u %s\n", number, line.c_str());
    }
  }
  void start() {
    network.start();
    lines.start();
  }
  std::size_t verified(const LinkEnd& end) {
    return network.at(number_of(end.node)).operate([&](Rooms& rooms) {
      const auto entries = rooms.manager.label_table(end.interface)->entries();
      return static_cast<std::size_t>(
          std::ranges::count(entries, LabelState::Verified, &resource::LabelTable::Entry::state));
    });
  }
  bool all_verified() {
    return network.until([&] { return verified(kN2) == 4 && verified(kN3) == 4; }, 10s);
  }
  void create(const std::string& name = "spc") {
    ason::ConnectionRequest request{.name = name};
    request.ingress.end = kUserA;
    request.ingress.labels = {.down = rsvp::Words{slot(2)}, .up = rsvp::Words{slot(2)}};
    request.egress = node_id(6);
    request.egress_end.end = kUserZ;
    request.egress_end.labels = request.ingress.labels;
    request.label_request = {
        .encoding = rsvp::LabelRequest::kSdh, .switching = rsvp::LabelRequest::kTdm, .g_pid = 34};
    request.tspec.traffic = rsvp::SonetSdh{.signal_type = 6, .multiplier = 1};
    const auto made = network.at(1).operate(
        [&](Rooms& rooms) { return rooms.connections.create(request, network.world.now()); });
    ASSERT_TRUE(made) << made.error().reason;
  }
  ConnectionState state(const std::string& name = "spc") {
    const auto view =
        network.at(1).operate([&](Rooms& rooms) { return rooms.connections.show(name); });
    return view ? view->state : ConnectionState::Released;
  }
  bool up(const std::string& name = "spc") {
    return network.until([&] { return state(name) == ConnectionState::Up; });
  }
  void release(const std::string& name = "spc") {
    network.at(1).operate(
        [&](Rooms& rooms) { return rooms.connections.release(name, network.world.now()); });
    EXPECT_TRUE(network.until([&] { return rows() == 0; }, 60s));
  }
  std::size_t rows() {
    std::size_t all = 0;
    for (const auto& [number, member] : network.members) all += member->rows.size();
    return all;
  }
  bool passes() {
    return lines.passes(kUserA, slot(2)) == Lines::End{network.plan.port(kUserZ), slot(2)} &&
           lines.passes(kUserZ, slot(2)) == Lines::End{network.plan.port(kUserA), slot(2)};
  }
  std::size_t sent(const LinkEnd& end) {
    return network.at(number_of(end.node)).traces[network.plan.port(end)].size();
  }
  bool said(std::uint32_t number, std::string_view what) {
    return std::ranges::any_of(network.at(number).said, [&](const std::string& line) {
      return line.find(what) != std::string::npos;
    });
  }
  Transport network;
  Lines lines{network};
};

TEST_F(Discovery, T11TracesFillTheTablesBeforeTheFirstPath) {
  start();
  ASSERT_TRUE(all_verified());
  EXPECT_EQ(network.at(3).operate([](Rooms& rooms) {
    return rooms.manager.to_local(32, resource::LabelRanges{slot(1)});
  }),
            (resource::LabelRanges{slot(4)}));
  create();
  ASSERT_TRUE(up());
  EXPECT_TRUE(passes());
  release();
}

TEST_F(Discovery, APathIsRefusedUntilSomethingIsVerified) {
  const auto box = std::exchange(lines.boxes[kBoxed], [](Label) { return std::nullopt; });
  start();
  network.run(10s);
  EXPECT_EQ(verified(kN2), 0U);
  create();
  EXPECT_TRUE(network.until([&] { return state() == ConnectionState::Failed; }));
  EXPECT_TRUE(network.until([&] { return rows() == 0; }));
  lines.boxes[kBoxed] = box;
  ASSERT_TRUE(all_verified());
  create("again");
  EXPECT_TRUE(up("again"));
}

TEST_F(Discovery, OneWayOfALinkIsNotEnough) {
  // Slot 1 of either end is heard on slot 4 of the other, and nobody knows where slot 4 leads.
  lines.boxes[kBoxed] = [](Label label) {
    return label > slot(2) ? std::nullopt : std::optional(slot(5) - label);
  };
  start();
  network.run(10s);
  EXPECT_EQ(verified(kN2) + verified(kN3), 0U);
}

TEST_F(Discovery, TracesLeaveASlotThatIsUsedAndComeBack) {
  start();
  ASSERT_TRUE(all_verified());
  EXPECT_EQ(sent(kN2), 4U);
  create();
  ASSERT_TRUE(up());
  network.run(5s);
  EXPECT_EQ(sent(kN2), 3U);
  EXPECT_EQ(sent(kN3), 3U);
  EXPECT_EQ(verified(kN3), 4U) << "what is known of the slot stays";
  release();
  EXPECT_TRUE(network.until([&] { return sent(kN2) == 4 && sent(kN3) == 4; }));
}

TEST_F(Discovery, ARestartKeepsThePairsOfSlotsInUse) {
  start();
  ASSERT_TRUE(all_verified());
  create();
  ASSERT_TRUE(up());
  network.run(1s);
  for (const LinkEnd& end : {kN2, kN3}) {
    const std::uint32_t number = number_of(end.node);
    const auto changes = network.at(number).row_changes;
    network.at(number).kill();
    lines.forget(number);
    network.run(10s);
    network.at(number).boot();
    EXPECT_EQ(verified(end), 4U) << "of the journal";
    EXPECT_TRUE(network.until([&] {
      const auto lsps =
          network.at(number).operate([](Rooms& rooms) { return rooms.connections.lsps(); });
      return lsps.size() == 1 && lsps[0].state == "up" && !lsps[0].unsynchronized;
    })) << number;
    network.run(180s);  // beyond the Recovery Period
    EXPECT_EQ(network.at(number).row_changes, changes);
  }
  EXPECT_EQ(state(), ConnectionState::Up);
  EXPECT_TRUE(passes());
  release();
}

TEST_F(Discovery, AnFeThatComesBackIsToldItsTracesAgain) {
  start();
  ASSERT_TRUE(all_verified());
  network.at(2).lose_fe(2);
  EXPECT_EQ(sent(kN2), 0U);
  network.run(10s);
  network.at(2).find_fe(2);
  EXPECT_TRUE(network.until([&] { return sent(kN2) == 4; }));
  network.run(5s);
  EXPECT_EQ(verified(kN2), 4U);
}

TEST_F(Discovery, NothingIsSentBeforeTheRowsOfAnFeAreKnown) {
  start();
  ASSERT_TRUE(all_verified());
  create();
  ASSERT_TRUE(up());
  network.run(1s);
  network.at(2).kill();
  network.at(2).boot();  // pump(): its rows are read a millisecond later
  EXPECT_EQ(sent(kN2), 0U);
  EXPECT_TRUE(network.until([&] { return sent(kN2) == 3; }));
}

TEST_F(Discovery, EquipmentThatIsSetOtherwiseIsLearnedAnew) {
  start();
  ASSERT_TRUE(all_verified());
  lines.boxes[kBoxed] = [](Label label) { return std::optional(label); };
  ASSERT_TRUE(network.until([&] {
    return network.at(3).operate([](Rooms& rooms) {
      return rooms.manager.to_local(32, resource::LabelRanges{slot(1)});
    }) == resource::LabelRanges{slot(1)};
  }));
  ASSERT_TRUE(all_verified());
  create();
  ASSERT_TRUE(up());
  EXPECT_TRUE(passes());
}

TEST_F(Discovery, WhatContradictsTheOperatorIsAnAlarmAndNotUsed) {
  start();
  ASSERT_TRUE(all_verified());
  network.at(3).operate([](Rooms& rooms) {
    rooms.manager.provision_receive(32, slot(1), slot(1));
    rooms.manager.provision_send(32, slot(1), slot(1));
  });
  EXPECT_TRUE(said(3, "contradiction; it is not used"));
  EXPECT_EQ(verified(kN3), 2U) << "1 and 4 are in doubt";
  network.at(3).operate([](Rooms& rooms) { rooms.manager.withdraw_association(32, slot(1)); });
  EXPECT_TRUE(said(3, "contradiction is over"));
  EXPECT_EQ(verified(kN3), 4U) << "what can be heard is learned again";
}

TEST_F(Discovery, ATraceOfAnotherLinkIsAnAlarmAsLongAsItIsHeard) {
  start();
  ASSERT_TRUE(all_verified());
  auto& heard = lines.injected[network.plan.port(kN3)];
  heard[slot(1)] = "somebody else's";
  heard[slot(2)] = resource::Trace{.sender = {node_id(9), 1}, .label = slot(2)}.text();
  EXPECT_TRUE(network.until([&] { return verified(kN3) == 2; }));
  EXPECT_TRUE(said(3, "foreign_trace; it is not used"));
  heard.clear();
  EXPECT_TRUE(all_verified());
  EXPECT_TRUE(said(3, "foreign_trace is over"));
}

// Why the table is needed: both ends take the link for a fibre.
class Naive : public Discovery {
 protected:
  Naive() : Discovery(boxed(false)) {}
};

TEST_F(Naive, T11ANodeWithoutTheMapSetsUpAndNothingPasses) {
  start();
  create();
  ASSERT_TRUE(up());
  EXPECT_FALSE(passes());
  EXPECT_EQ(sent(kN2), 0U) << "and nobody sends traces that would show it";
}

}  // namespace
}  // namespace forces::signaling::test
