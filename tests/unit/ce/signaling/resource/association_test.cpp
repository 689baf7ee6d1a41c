// Label association of serial compound links: L1 to L5 and T11 of ason.md (2.9). The example of the
// seed: A(1) - B(6) - C(4) - Z; this node is Z, and node 20 is A.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/optical/cross_connects.hpp"

namespace forces::signaling::resource {
namespace {

using test::ModelFes;
using test::OpticalNode;

using test::slot;

class Association : public testing::Test {
 protected:
  Association() {
    manager.set_interface({.id = 1,
                           .port = {1, 1},
                           .remote = {{20}, 1},
                           .labels = LabelRanges::sdh_slots(1, 4),
                           .compound = true});
    node.run();
    node.said.clear();
  }
  void pair(std::uint32_t remote, std::uint32_t local) {
    EXPECT_TRUE(manager.provision_receive(1, slot(remote), slot(local)));
    EXPECT_TRUE(manager.provision_send(1, slot(local), slot(remote)));
    node.run();
  }
  void hear(Label local, const std::optional<Trace>& trace) {
    const HeardTrace heard{local, trace};
    EXPECT_TRUE(manager.on_traces(1, std::span(&heard, 1)));
  }
  std::vector<LabelAlarm> alarms() {
    node.run();
    return node.all<LabelAlarm>();
  }
  ModelFes fes;
  OpticalNode node{fes};
  Manager& manager = node.manager;
};

TEST_F(Association, WhatIsReceivedIsMappedToOurs) {  // L1, L2
  pair(1, 4);
  EXPECT_EQ(manager.to_local(1, Labels{slot(1)}), Labels{slot(4)});
  EXPECT_EQ(manager.to_local(1, LabelRanges{slot(1), slot(2)}), (LabelRanges{slot(4)}))
      << "of a set what has no pair is left out";
  EXPECT_EQ(manager.to_remote(1, LabelRanges::sdh_slots(1, 4)), (LabelRanges{slot(1)}));
}

TEST_F(Association, ALabelWithoutAPairIsRefusedWithWhatWouldDo) {
  pair(1, 4);
  const auto refused = manager.to_local(1, Labels{slot(2)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().why, Refusal::Why::BadLabel);
  EXPECT_EQ(manager.to_remote(1, refused.error().acceptable), (LabelRanges{slot(1)}))
      << "in the numbers of the sender";
}

TEST_F(Association, OnlySlotsWithAPairAreUsed) {  // L5
  pair(1, 4);
  EXPECT_EQ(manager.free_labels(1), (LabelRanges{slot(4)}));
  const auto labels = manager.reserve(OpticalNode::wants(1, 1, 2), node.now);
  ASSERT_TRUE(labels);
  EXPECT_EQ(labels->in, Labels{slot(4)});
  auto wants = OpticalNode::wants(2, 1, 2);
  wants.in.label = Labels{slot(3)};
  EXPECT_EQ(manager.reserve(wants, node.now).error().why, Refusal::Why::BadLabel);
}

TEST_F(Association, UntilSomethingIsKnownNothingIsSetUp) {  // L3
  EXPECT_EQ(manager.reserve(OpticalNode::wants(1, 1, 2), node.now).error().why,
            Refusal::Why::NotVerified);
  EXPECT_EQ(manager.to_local(1, Labels{slot(1)}).error().why, Refusal::Why::NotVerified);
}

TEST_F(Association, ADirectLinkNeedsNone) {  // L4
  EXPECT_EQ(manager.to_local(2, Labels{slot(3)}), Labels{slot(3)});
  EXPECT_EQ(manager.to_remote(2, LabelRanges{slot(3)}), (LabelRanges{slot(3)}));
  EXPECT_FALSE(manager.provision_send(2, slot(1), slot(1)));
  EXPECT_EQ(manager.label_table(2), nullptr);
}

TEST_F(Association, AOneSidedRowIsAnAlarmAndItsSlotIsNotUsed) {
  manager.provision_receive(1, slot(1), slot(4));
  EXPECT_EQ(alarms(),
            (std::vector<LabelAlarm>{{1, {LabelFault::What::OneSided, true, slot(1)}, true}}));
  EXPECT_TRUE(manager.free_labels(1).empty());
  EXPECT_EQ(manager.label_table(1)->state(slot(4)), LabelState::Learning);
  manager.provision_send(1, slot(4), slot(1));
  EXPECT_EQ(alarms(),
            (std::vector<LabelAlarm>{{1, {LabelFault::What::OneSided, true, slot(1)}, false}}));
  EXPECT_EQ(manager.label_table(1)->state(slot(4)), LabelState::Verified);
}

TEST_F(Association, TablesThatAreNotInverseAreAlarms) {
  pair(1, 4);
  pair(2, 3);
  (void)alarms();
  manager.provision_receive(1, slot(2), slot(4));
  const auto raised = alarms();
  EXPECT_EQ(std::ranges::count(raised, true, &LabelAlarm::raised), 2);
  EXPECT_EQ(raised.front().fault.what, LabelFault::What::NotInverse);
  EXPECT_TRUE(manager.free_labels(1).empty()) << "two that lead to slot 4: neither is used";
}

TEST_F(Association, TwoThatLeadToOneAreNoPair) {
  manager.provision_receive(1, slot(1), slot(4));
  manager.provision_receive(1, slot(2), slot(4));
  manager.provision_send(1, slot(4), slot(1));
  EXPECT_TRUE(manager.free_labels(1).empty());
}

TEST_F(Association, IsDiscoveredByTracesInBothDirections) {  // L3
  const LinkEnd a{{20}, 1};
  hear(slot(4), Trace{.sender = a, .label = slot(1)});
  EXPECT_EQ(manager.label_table(1)->state(slot(4)), LabelState::Learning);
  EXPECT_TRUE(alarms().empty()) << "one side always comes first";
  // What we send says what we hear.
  EXPECT_EQ(manager.label_table(1)->trace({{10}, 1}, slot(4)),
            (Trace{.sender = {{10}, 1}, .label = slot(4), .heard = slot(1)}));
  hear(slot(4), Trace{.sender = a, .label = slot(1), .heard = slot(4)});
  EXPECT_EQ(manager.label_table(1)->state(slot(4)), LabelState::Verified);
  EXPECT_EQ(manager.to_local(1, Labels{slot(1)}), Labels{slot(4)});
  // The network between is changed: the old pair is forgotten.
  hear(slot(4), Trace{.sender = a, .label = slot(2)});
  EXPECT_EQ(manager.label_table(1)->state(slot(4)), LabelState::Learning);
  EXPECT_FALSE(manager.to_local(1, Labels{slot(1)}));
}

TEST_F(Association, ATraceThatContradictsWhatWasProvisionedIsAnAlarm) {
  pair(1, 4);
  hear(slot(3), Trace{.sender = {{20}, 1}, .label = slot(1)});
  const auto raised = alarms();
  ASSERT_FALSE(raised.empty());
  EXPECT_EQ(raised.back().fault, (LabelFault{LabelFault::What::Contradiction, true, slot(1)}));
  EXPECT_TRUE(manager.free_labels(1).empty());
}

TEST_F(Association, ATraceOfAnotherLinkIsAnAlarm) {
  pair(1, 4);
  hear(slot(4), Trace{.sender = {{21}, 1}, .label = slot(1)});
  EXPECT_EQ(alarms().back().fault, (LabelFault{LabelFault::What::ForeignTrace, false, slot(4)}));
  EXPECT_TRUE(manager.free_labels(1).empty());
  hear(slot(4), Trace{.sender = {{20}, 1}, .label = slot(1), .heard = slot(4)});
  EXPECT_EQ(manager.free_labels(1), (LabelRanges{slot(4)}));
}

TEST_F(Association, AForeignTraceThatIsOverIsNoAlarmAnyMore) {
  pair(1, 4);
  hear(slot(4), Trace{});  // what is no trace of ours
  EXPECT_EQ(alarms().back().fault, (LabelFault{LabelFault::What::ForeignTrace, false, slot(4)}));
  hear(slot(4), std::nullopt);
  const auto over = alarms();
  ASSERT_EQ(over.size(), 1U);
  EXPECT_FALSE(over[0].raised);
  EXPECT_EQ(manager.free_labels(1), (LabelRanges{slot(4)}));
}

TEST_F(Association, WhatATraceSaysAgainstTheOperatorEndsWithIt) {
  pair(1, 4);
  hear(slot(4), Trace{.sender = {{20}, 1}, .label = slot(2), .heard = slot(4)});
  EXPECT_EQ(manager.free_labels(1), LabelRanges{});
  hear(slot(4), std::nullopt);
  EXPECT_EQ(manager.free_labels(1), (LabelRanges{slot(4)}));
  EXPECT_TRUE(manager.label_table(1)->faults().empty());
}

TEST_F(Association, WhatWasLearnedStaysWhenNothingIsHeardAnyMore) {
  hear(slot(4), Trace{.sender = {{20}, 1}, .label = slot(1), .heard = slot(4)});
  hear(slot(4), std::nullopt);
  EXPECT_EQ(manager.free_labels(1), (LabelRanges{slot(4)}));
  EXPECT_EQ(manager.label_table(1)->discovered(), (std::map<Label, Label>{{slot(4), slot(1)}}));
}

TEST_F(Association, WhatIsHeardIsLearnedAgainWhenARowIsWithdrawn) {
  hear(slot(4), Trace{.sender = {{20}, 1}, .label = slot(1), .heard = slot(4)});
  pair(1, 3);
  EXPECT_TRUE(std::ranges::any_of(alarms(), [](const LabelAlarm& alarm) {
    return alarm.raised && alarm.fault.what == LabelFault::What::Contradiction;
  }));
  manager.withdraw_association(1, slot(3));
  EXPECT_EQ(manager.free_labels(1), (LabelRanges{slot(4)}));
  const auto entries = manager.label_table(1)->entries();
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_TRUE(entries[0].discovered);
  EXPECT_FALSE(entries[0].provisioned);
}

TEST_F(Association, APairOfAJournalIsThereAtOnce) {
  EXPECT_TRUE(manager.restore_association(1, slot(4), slot(1)));
  EXPECT_EQ(manager.free_labels(1), (LabelRanges{slot(4)}));
  EXPECT_FALSE(manager.restore_association(2, slot(4), slot(1))) << "a direct link has no table";
}

TEST_F(Association, TracesAreForFreeSlotsOfALinkWithDiscovery) {
  EXPECT_TRUE(manager.traces(1).empty()) << "nobody asked for discovery";
  ASSERT_TRUE(manager.set_interface({.id = 1,
                                     .port = {1, 1},
                                     .remote = {{20}, 1},
                                     .labels = LabelRanges::sdh_slots(1, 4),
                                     .compound = true,
                                     .discover = true}));
  hear(slot(4), Trace{.sender = {{20}, 1}, .label = slot(1), .heard = slot(4)});
  auto traces = manager.traces(1);
  EXPECT_EQ(traces.size(), 4U);
  EXPECT_EQ(traces.at(slot(4)), (Trace{{{10}, 1}, slot(4), slot(1)}));
  EXPECT_EQ(traces.at(slot(1)), (Trace{.sender = {{10}, 1}, .label = slot(1)}));
  ASSERT_TRUE(manager.reserve(OpticalNode::wants(1, 1, 2), node.now));
  node.run();
  EXPECT_FALSE(manager.traces(1).contains(slot(4)));
  manager.release(OpticalNode::lsp(1), node.now);
  node.run();
  EXPECT_TRUE(manager.traces(1).contains(slot(4)));
  manager.on_failed_labels({1, 1}, LabelRanges{slot(2)}, node.now);
  EXPECT_FALSE(manager.traces(1).contains(slot(2)));
  manager.on_fe_down(1, node.now);
  EXPECT_TRUE(manager.traces(1).empty()) << "nobody knows what the FE has";
}

TEST_F(Association, RowsCanBeWithdrawn) {
  pair(1, 4);
  EXPECT_TRUE(manager.withdraw_association(1, slot(4)));
  EXPECT_EQ(manager.label_table(1)->state(slot(4)), LabelState::Unknown);
  EXPECT_TRUE(manager.label_table(1)->entries().empty());
}

TEST_F(Association, WhatIsInUseStaysWhenItsPairIsLost) {
  pair(1, 4);
  ASSERT_TRUE(manager.reserve(OpticalNode::wants(1, 1, 2), node.now));
  ASSERT_TRUE(manager.activate(OpticalNode::lsp(1), {}, node.now));
  node.run();
  manager.withdraw_association(1, slot(4));
  node.run();
  EXPECT_EQ(manager.connection(OpticalNode::lsp(1))->state, ConnectionState::Active);
  EXPECT_EQ(fes.rows(), 2U);
}

TEST(LabelTrace, IsOneLineOfText) {
  const Trace trace{.sender = {{0xc0000201}, 3}, .label = slot(1), .heard = slot(6)};
  EXPECT_EQ(trace.text(), "c0000201:00000003:00010000/00060000");
  EXPECT_EQ(Trace::parse(trace.text()), trace);
  const Trace unheard{.sender = {{0xc0000201}, 3}, .label = slot(1)};
  EXPECT_EQ(unheard.text(), "c0000201:00000003:00010000/-");
  EXPECT_EQ(Trace::parse(unheard.text()), unheard);
  for (const char* bad :
       {"", "c0000201", "c0000201:00000003:00010000", "c0000201:00000003:00010000/",
        "c0000201:00000003:00010000/0006000", "c000020g:00000003:00010000/-",
        "c0000201:00000003:00010000/-x", "c0000201;00000003:00010000/-",
        "c0000201:00000003:00010000/00060000 ", "-0000201:00000003:00010000/-"}) {
    EXPECT_FALSE(Trace::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace forces::signaling::resource
