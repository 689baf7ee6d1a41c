// Cross-connects, faults, frames and traces, without a line or a file.
#include "fe/dataplane/optical/fabric.hpp"

#include <gtest/gtest.h>

#include "tests/unit/fe/dataplane/optical/rows.hpp"

namespace forces::fe::dataplane::optical {
namespace {

using namespace std::chrono_literals;
using namespace test;
using Verdict = Fabric::Verdict;
using Indices = std::vector<std::uint32_t>;

constexpr Instant kNow{1h};

class OpticalFabric : public testing::Test {
 protected:
  std::optional<Endpoint> frame(const Endpoint& at, std::uint8_t hops = 0) {
    const auto onward = fabric.on_frame(at.port, {at.label, FrameKind::Traffic, hops, {}}, kNow);
    if (!onward) return std::nullopt;
    fabric.on_sent(*onward, 10);
    return onward->out;
  }
  std::optional<Endpoint> trace(const Endpoint& at, std::string_view text, Instant now = kNow) {
    const auto onward = fabric.on_frame(
        at.port, {at.label, FrameKind::Trace, 0, std::as_bytes(std::span(text))}, now);
    return onward ? std::optional(onward->out) : std::nullopt;
  }
  [[nodiscard]] RowStatus status(std::uint32_t index) const { return fabric.row(index)->status; }

  Fabric fabric{three_ports()};
};

TEST_F(OpticalFabric, ARowIsBetweenLabelsThatPortsHave) {
  EXPECT_EQ(fabric.judge(cross(slot(1, 1), slot(2, 64))), Verdict::Good);
  EXPECT_EQ(fabric.judge(cross(slot(1, 1), slot(1, 2))), Verdict::Good);  // slot interchange
  EXPECT_EQ(fabric.judge(cross(slot(4, 1), slot(2, 1))), Verdict::NoSuchPort);
  EXPECT_EQ(fabric.judge(cross(slot(1, 1), slot(4, 1))), Verdict::NoSuchPort);
  EXPECT_EQ(fabric.judge(cross(slot(1, 65), slot(2, 1))), Verdict::NoSuchLabel);
  EXPECT_EQ(fabric.judge(cross({1, 0x10001}, slot(2, 1))), Verdict::NoSuchLabel);
  EXPECT_EQ(fabric.judge(cross(slot(1, 1), slot(1, 1))), Verdict::ToItself);
}

TEST_F(OpticalFabric, AFrameLeavesByItsRowWithTheOtherLabel) {
  fabric.set(0, cross(slot(1, 1), slot(2, 6)));
  EXPECT_EQ(frame(slot(1, 1)), slot(2, 6));
  EXPECT_EQ(frame(slot(2, 6)), std::nullopt) << "the other way is another row";
  EXPECT_EQ(fabric.counters().passed, 1U);
  EXPECT_EQ(fabric.counters().no_row, 1U);
  EXPECT_EQ(fabric.row(0)->frames, 1U);
  EXPECT_EQ(fabric.row(0)->octets, 10U);
  EXPECT_EQ(fabric.ports().at(1).received, 1U);
  EXPECT_EQ(fabric.ports().at(2).sent, 1U);
}

TEST_F(OpticalFabric, AReservedRowLetsNothingPass) {
  fabric.set(0, cross(slot(1, 1), slot(2, 6), RowState::Reserved));
  EXPECT_EQ(frame(slot(1, 1)), std::nullopt);
  EXPECT_EQ(fabric.counters().not_active, 1U);
  EXPECT_EQ(fabric.row(0)->dropped, 1U);
  fabric.set(0, cross(slot(1, 1), slot(2, 6), RowState::Active));
  EXPECT_EQ(frame(slot(1, 1)), slot(2, 6));
  EXPECT_EQ(fabric.row(0)->dropped, 1U) << "it leads where it led: its counters go on";
  fabric.erase(0);
  EXPECT_EQ(frame(slot(1, 1)), std::nullopt);
}

TEST_F(OpticalFabric, ARowThatMovesTakesItsInputAlong) {
  fabric.set(0, cross(slot(1, 1), slot(2, 6)));
  fabric.set(0, cross(slot(1, 2), slot(2, 6)));
  EXPECT_EQ(frame(slot(1, 1)), std::nullopt);
  EXPECT_EQ(frame(slot(1, 2)), slot(2, 6));
  // Another takes over its input before it goes, as in a message that was taken back.
  fabric.set(1, cross(slot(1, 2), slot(3, 3)));
  fabric.erase(0);
  EXPECT_EQ(frame(slot(1, 2)), slot(3, 3));
}

TEST_F(OpticalFabric, SettingTheSameRowAgainIsNoNews) {
  fabric.set(7, cross(slot(1, 1), slot(2, 6)));
  EXPECT_EQ(fabric.take_news().rows, Indices{7});
  fabric.set(7, cross(slot(1, 1), slot(2, 6)));
  EXPECT_FALSE(fabric.has_news());
}

TEST_F(OpticalFabric, FramesInACircleComeToAnEnd) {
  fabric.set(0, cross(slot(1, 1), slot(2, 1)));
  EXPECT_EQ(frame(slot(1, 1), kMostHops - 1), slot(2, 1));
  EXPECT_EQ(frame(slot(1, 1), kMostHops), std::nullopt);
  EXPECT_EQ(fabric.counters().hops, 1U);
}

TEST_F(OpticalFabric, ALinkThatGoesDownFailsItsRowsOnly) {
  fabric.set(0, cross(slot(1, 1), slot(2, 6)));
  fabric.set(1, cross(slot(3, 1), slot(1, 1)));
  fabric.set(2, cross(slot(2, 1), slot(3, 1), RowState::Reserved));
  (void)fabric.take_news();
  fabric.on_link(1, false);
  const auto news = fabric.take_news();
  EXPECT_EQ(news.rows, (Indices{0, 1}));
  EXPECT_EQ(news.ports, Indices{1});
  EXPECT_EQ(status(0), RowStatus::Failed);
  EXPECT_EQ(status(2), RowStatus::Working);
  fabric.on_link(1, false);
  EXPECT_FALSE(fabric.has_news());
  fabric.on_link(1, true);
  EXPECT_EQ(fabric.take_news().rows, (Indices{0, 1}));
  EXPECT_EQ(status(0), RowStatus::Working);
}

TEST_F(OpticalFabric, AFaultOfLabelsStopsTheirFramesAndNoOthers) {
  fabric.set(0, cross(slot(1, 1), slot(2, 1)));
  fabric.set(1, cross(slot(1, 2), slot(2, 2)));
  fabric.set(2, cross(slot(1, 3), slot(2, 3)));
  (void)fabric.take_news();
  ASSERT_TRUE(fabric.fail(2, Fabric::Labels{1 * kSlot, 2 * kSlot}));
  EXPECT_EQ(fabric.take_news().rows, (Indices{0, 1}));
  EXPECT_EQ(frame(slot(1, 1)), std::nullopt);
  EXPECT_EQ(frame(slot(1, 3)), slot(2, 3));
  EXPECT_EQ(fabric.counters().failed, 1U);
  EXPECT_TRUE(fabric.ports().at(2).up());
  ASSERT_TRUE(fabric.restore(2, Fabric::Labels{1 * kSlot, 1 * kSlot}));
  EXPECT_EQ(fabric.take_news().rows, Indices{0});
  EXPECT_EQ(frame(slot(1, 1)), slot(2, 1));
  EXPECT_EQ(frame(slot(1, 2)), std::nullopt);
  ASSERT_TRUE(fabric.restore(2, std::nullopt));
  EXPECT_EQ(frame(slot(1, 2)), slot(2, 2));
}

TEST_F(OpticalFabric, AFaultOfAPortStopsBothDirections) {
  fabric.set(0, cross(slot(1, 1), slot(2, 1)));
  fabric.set(1, cross(slot(2, 1), slot(1, 1)));
  ASSERT_TRUE(fabric.fail(1, std::nullopt));
  EXPECT_FALSE(fabric.ports().at(1).up());
  EXPECT_EQ(frame(slot(1, 1)), std::nullopt);
  EXPECT_EQ(frame(slot(2, 1)), std::nullopt);
  ASSERT_TRUE(fabric.restore(1, std::nullopt));
  EXPECT_EQ(frame(slot(1, 1)), slot(2, 1));
}

TEST_F(OpticalFabric, OnlyWhatThereIsCanFail) {
  EXPECT_FALSE(fabric.fail(4, std::nullopt));
  EXPECT_FALSE(fabric.fail(1, Fabric::Labels{1, 2}));
  EXPECT_FALSE(fabric.restore(4, std::nullopt));
  EXPECT_FALSE(fabric.has_news());
}

TEST_F(OpticalFabric, ARowOfAPortThatIsNotConfiguredIsKeptAsFailed) {
  fabric.set(0, cross(slot(9, 1), slot(2, 1)));
  fabric.set(1, cross(slot(1, 1), slot(9, 1)));
  EXPECT_EQ(status(0), RowStatus::Failed);
  EXPECT_EQ(fabric.totals().failed, 2U);
  EXPECT_EQ(frame(slot(1, 1)), std::nullopt);
}

TEST_F(OpticalFabric, DisabledLetsNothingPassAndKeepsItsRows) {
  fabric.set(0, cross(slot(1, 1), slot(2, 1)));
  fabric.enable(false);
  EXPECT_EQ(frame(slot(1, 1)), std::nullopt);
  EXPECT_EQ(fabric.size(), 1U);
  EXPECT_EQ(status(0), RowStatus::Working);
  fabric.enable(true);
  EXPECT_EQ(frame(slot(1, 1)), slot(2, 1));
}

TEST_F(OpticalFabric, RowsAreShownInOrderAndInPages) {
  for (const std::uint32_t index : {9U, 2U, 70'000U, 4U}) {
    fabric.set(index, cross({1, index}, {2, index}));
  }
  const auto page = fabric.rows(3, 2);
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(page[0].first, 4U);
  EXPECT_EQ(page[1].first, 9U);
  EXPECT_EQ(fabric.rows(0, 100).size(), 4U);
}

TEST_F(OpticalFabric, ATraceIsSentAtOnceAndThenEveryInterval) {
  EXPECT_FALSE(fabric.next_deadline());
  fabric.send_trace(slot(1, 1), "A/1");
  ASSERT_TRUE(fabric.next_deadline());
  EXPECT_LE(*fabric.next_deadline(), kNow);
  const auto due = fabric.traces_due(kNow);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].from, slot(1, 1));
  EXPECT_EQ(due[0].text, "A/1");
  EXPECT_TRUE(fabric.traces_due(kNow + 999ms).empty());
  EXPECT_EQ(fabric.next_deadline(), kNow + 1s);
  EXPECT_EQ(fabric.traces_due(kNow + 1s).size(), 1U);
  ASSERT_TRUE(fabric.fail(1, Fabric::Labels{kSlot, kSlot}));
  EXPECT_TRUE(fabric.traces_due(kNow + 2s).empty());
  fabric.stop_trace(slot(1, 1));
  EXPECT_FALSE(fabric.next_deadline());
}

TEST_F(OpticalFabric, NoTraceLeavesWhereARowLeadsOut) {
  fabric.send_trace(slot(1, 1), "A/1");
  fabric.send_trace(slot(2, 6), "A/6");
  fabric.set(0, cross(slot(1, 1), slot(2, 6), RowState::Reserved));
  const auto sent = [&](Instant now) {
    std::vector<Endpoint> from;
    for (const auto& trace : fabric.traces_due(now)) from.push_back(trace.from);
    return from;
  };
  EXPECT_EQ(sent(kNow), std::vector{slot(1, 1)}) << "the other way of slot 1 is free";
  fabric.set(0, cross(slot(1, 1), slot(2, 7)));
  EXPECT_EQ(sent(kNow + 1s).size(), 2U);
  fabric.set(0, cross(slot(1, 1), slot(2, 6)));
  fabric.erase(0);
  EXPECT_EQ(sent(kNow + 2s).size(), 2U);
}

TEST_F(OpticalFabric, ATraceIsHeardWhereItComesAndPassesOn) {
  fabric.set(0, cross(slot(1, 1), slot(2, 6)));
  (void)fabric.take_news();
  EXPECT_EQ(trace(slot(1, 1), "A/1"), slot(2, 6)) << "a fixed map in the middle hides nothing";
  EXPECT_EQ(*fabric.received_trace(slot(1, 1)), "A/1");
  EXPECT_EQ(fabric.take_news().traces, std::vector{slot(1, 1)});
  EXPECT_EQ(trace(slot(3, 4), "B/9"), std::nullopt);
  EXPECT_EQ(*fabric.received_trace(slot(3, 4)), "B/9");
  EXPECT_EQ(fabric.counters().no_row, 0U) << "it has come where it should";
  (void)fabric.take_news();
  (void)trace(slot(3, 4), "B/9");
  EXPECT_FALSE(fabric.has_news());
  (void)trace(slot(3, 4), "B/10");
  EXPECT_EQ(fabric.take_news().traces, std::vector{slot(3, 4)});
}

TEST_F(OpticalFabric, ATraceThatComesNoMoreIsLost) {
  (void)trace(slot(1, 1), "A/1");
  (void)trace(slot(1, 2), "A/2", kNow + 3s);
  (void)fabric.take_news();
  for (Instant now = kNow; now < kNow + 4s; now += 500ms) fabric.on_time(now);
  EXPECT_FALSE(fabric.has_news());
  fabric.on_time(kNow + 5s);
  EXPECT_EQ(fabric.take_news().traces, std::vector{slot(1, 1)});
  EXPECT_EQ(fabric.received_trace(slot(1, 1)), nullptr);
  EXPECT_NE(fabric.received_trace(slot(1, 2)), nullptr);
}

TEST_F(OpticalFabric, TracesOfLabelsThatAPortHasNotAreNotRemembered) {
  (void)trace(slot(1, 65), "A/65");
  EXPECT_EQ(fabric.received_trace(slot(1, 65)), nullptr);
  EXPECT_EQ(fabric.counters().traces_refused, 1U);
  EXPECT_FALSE(fabric.next_deadline());
}

}  // namespace
}  // namespace forces::fe::dataplane::optical
