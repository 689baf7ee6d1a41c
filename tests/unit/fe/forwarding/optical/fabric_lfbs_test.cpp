// CrossConnect and OpticalPort as a CE sees them: messages in, results, rows of the fabric and
// events out.
#include "fe/forwarding/optical/fabric_lfbs.hpp"

#include "tests/unit/fe/dataplane/optical/rows.hpp"
#include "tests/unit/fe/forwarding/forwarder.hpp"

namespace forces::fe::forwarding::test {
namespace {

using namespace optical::test;
using optical::CrossConnect;
using optical::Endpoint;
using optical::Fabric;
using optical::RowState;

constexpr std::uint32_t kTable = lfb::cross_connect::kTable, kStatus = lfb::cross_connect::kStatus;
constexpr std::uint32_t kEvents = 60;

std::string octets_of(const CrossConnect& row) {
  wire::ByteWriter w;
  write_cross_connect(row, w);
  return to_hex(w.written());
}
std::string trace(const Endpoint& at, std::string_view text) {
  wire::ByteWriter w;
  w.u32(at.port);
  w.u32(at.label);
  lfb::write_member(*lfb::kOpticalPortClass.component(lfb::optical_port::kTraceSent)
                         ->type->element->members()[2]
                         .type,
                    std::as_bytes(std::span(text)), w);
  return to_hex(w.written());
}

class FabricOfACe : public Dialogue {
 protected:
  FabricOfACe() {
    engine.set_id(kFe);
    lfbs.attach(engine);
    (void)drain();
  }

  ResultCode check(const lfb::Change& change) override { return lfbs.check(change); }
  void applied(const lfb::Changes& changes) override {
    for (auto& change : lfbs.apply(changes)) kept.push_back(change);
  }
  void settled(Instant now) override { lfbs.publish(now); }

  using Dialogue::set;
  std::string set(std::uint32_t index, const CrossConnect& row) {
    return set(kCrossConnect, {kTable, index}, octets_of(row));
  }
  Fabric fabric{optical::test::with_adaptation()};
  FabricLfbs lfbs{fabric};
  std::vector<FabricLfbs::RowChange> kept;
};

const CrossConnect kThere = cross(slot(1, 1), slot(2, 6)), kBack = cross(slot(2, 6), slot(1, 1));
constexpr const char* kWorking = "01";
constexpr const char* kFailed = "02";

TEST_F(FabricOfACe, ARowIsReservedThenActiveAndReadBackWithItsOwner) {
  CrossConnect row = cross(slot(1, 1), slot(2, 6), RowState::Reserved, 0x42);
  EXPECT_EQ(set(7, row), "E_SUCCESS");
  EXPECT_EQ(fabric.row(7)->cross, row);
  EXPECT_EQ(get(kCrossConnect, {kTable, 7}), octets_of(row));
  EXPECT_EQ(get(kCrossConnect, {kStatus, 7}), kWorking);
  row.state = RowState::Active;
  EXPECT_EQ(set(kCrossConnect, {kTable, 7, 5}, "01"), "E_SUCCESS");
  EXPECT_EQ(fabric.row(7)->cross, row);
  EXPECT_EQ(get(kCrossConnect, {kTable, 7, 7}), to_hex(row.owner));
  EXPECT_EQ(del(kCrossConnect, {kTable, 7}), "E_SUCCESS");
  EXPECT_EQ(fabric.row(7), nullptr);
  EXPECT_EQ(get(kCrossConnect, {kStatus, 7}), "E_COMPONENT_DOES_NOT_EXIST");
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_EQ(kept[1].row, row);
  EXPECT_FALSE(kept[2].row);
}

TEST_F(FabricOfACe, TheSameRowAgainChangesNothing) {
  EXPECT_EQ(set(7, kThere), "E_SUCCESS");
  kept.clear();
  EXPECT_EQ(set(7, kThere), "E_SUCCESS");
  EXPECT_TRUE(kept.empty());
}

TEST_F(FabricOfACe, WhatCannotBeIsRefusedWithItsResult) {
  ASSERT_EQ(set(0, kThere), "E_SUCCESS");
  const struct {
    const char* what;
    std::uint32_t index;
    CrossConnect row;
    const char* result;
  } cases[] = {
      {"no such port", 1, cross(slot(4, 1), slot(2, 1)), "E_VALUE_OUT_OF_RANGE"},
      {"no such label", 1, cross(slot(1, 65), slot(2, 1)), "E_VALUE_OUT_OF_RANGE"},
      {"no such label to leave by", 1, cross(slot(1, 2), slot(2, 65)), "E_VALUE_OUT_OF_RANGE"},
      {"to where it comes from", 1, cross(slot(1, 2), slot(1, 2)), "E_INVALID_PARAMETERS"},
      {"another row has its input", 1, cross(slot(1, 1), slot(2, 7)), "E_EXISTS"},
      {"another row has its output", 1, cross(slot(1, 2), slot(2, 6)), "E_EXISTS"},
      {"the row is another owner's", 0, cross(slot(1, 1), slot(2, 6), RowState::Active, 2),
       "E_PERM"},
  };
  for (const auto& c : cases) EXPECT_EQ(set(c.index, c.row), c.result) << c.what;
  EXPECT_EQ(fabric.size(), 1U);
  EXPECT_EQ(fabric.row(0)->cross, kThere);
  EXPECT_EQ(set(1, kBack), "E_SUCCESS") << "the other direction has labels of its own";
}

TEST_F(FabricOfACe, AnotherOwnerDeletesAndSetsInOneMessage) {
  ASSERT_EQ(set(0, kThere), "E_SUCCESS");
  const CrossConnect other = cross(slot(1, 1), slot(2, 6), RowState::Active, 2);
  auto m = message(pl::MsgType::Config, OperType::Del, kCrossConnect, {path({kTable, 0})},
                   pl::ExecutionMode::AllOrNone);
  pl::Oper again{.type = OperType::Set};
  again.elements = {path({kTable, 0}, {lfb::test::data(octets_of(other))})};
  std::get<pl::LfbSelect>(m.body[0]).operations.push_back(again);
  EXPECT_EQ(run(m), (std::vector<std::string>{"E_SUCCESS", "E_SUCCESS"}));
  EXPECT_EQ(fabric.row(0)->cross, other);
}

TEST_F(FabricOfACe, AFailedAllOrNoneChangesNoRow) {
  auto m = message(pl::MsgType::Config, OperType::Set, kCrossConnect,
                   {path({kTable, 0}, {lfb::test::data(octets_of(kThere))}),
                    path({kTable, 1}, {lfb::test::data(octets_of(cross(slot(4, 1), slot(2, 1))))})},
                   pl::ExecutionMode::AllOrNone);
  EXPECT_EQ(run(m), (std::vector<std::string>{"E_UNSPECIFIED_ERROR", "E_VALUE_OUT_OF_RANGE"}));
  EXPECT_EQ(fabric.size(), 0U);
  EXPECT_TRUE(kept.empty());
}

// RFC 5810 section 4.3.1.2: reserved at several FEs, or at none.
TEST_F(FabricOfACe, ATransactionIsValidatedThenDoneAtTheCommitAndCanBeTakenBack) {
  const auto in_transaction = [](pl::Message m, pl::TransactionPhase part) {
    m.header.flags = m.header.flags.with_atomic(true).with_phase(part).with_execution_mode(
        pl::ExecutionMode::AllOrNone);
    return m;
  };
  const auto rows = message(pl::MsgType::Config, OperType::Set, kCrossConnect,
                            {path({kTable, 0}, {lfb::test::data(octets_of(kThere))}),
                             path({kTable, 1}, {lfb::test::data(octets_of(kBack))})});
  EXPECT_EQ(run(in_transaction(rows, pl::TransactionPhase::Start)).size(), 2U);
  EXPECT_EQ(fabric.size(), 0U);
  EXPECT_EQ(get(kCrossConnect, {kStatus, 0}), "E_COMPONENT_DOES_NOT_EXIST");
  pl::Message commit = message(pl::MsgType::Config, OperType::Commit, kCrossConnect, {});
  EXPECT_EQ(run(in_transaction(commit, pl::TransactionPhase::End)).size(), 1U);
  EXPECT_EQ(fabric.size(), 2U);
  EXPECT_EQ(get(kCrossConnect, {kStatus, 1}), kWorking);
  EXPECT_EQ(run(in_transaction(commit, pl::TransactionPhase::Abort)).size(), 1U);
  EXPECT_EQ(fabric.size(), 0U);
  EXPECT_EQ(get(kCrossConnect, {kStatus, 1}), "E_COMPONENT_DOES_NOT_EXIST");
  ASSERT_EQ(kept.size(), 4U);
  EXPECT_FALSE(kept[3].row);
}

TEST_F(FabricOfACe, ARowThatFailsIsAnEventWithItsOwner) {
  subscribe(kCrossConnect, {kEvents, 1});
  EXPECT_EQ(set(0, kThere), "E_SUCCESS");
  EXPECT_EQ(set(1, cross(slot(1, 2), slot(3, 1))), "E_SUCCESS");
  EXPECT_TRUE(reports().empty()) << "a row that is made has not changed";
  ASSERT_TRUE(fabric.fail(2, std::nullopt));
  lfbs.publish(kNow);
  EXPECT_EQ(reports(), std::vector{"65792.1 60.1.0. " + (kFailed + to_hex(kThere.owner))});
  EXPECT_EQ(get(kCrossConnect, {kStatus, 0}), kFailed);
  ASSERT_TRUE(fabric.restore(2, std::nullopt));
  lfbs.publish(kNow);
  EXPECT_EQ(reports(), std::vector{"65792.1 60.1.0. " + (kWorking + to_hex(kThere.owner))});
}

TEST_F(FabricOfACe, AnAlarmThatIsMaskedIsReadAndNotTold) {
  subscribe(kCrossConnect, {kEvents, 1});
  CrossConnect quiet = kThere;
  quiet.alarm_mask = lfb::cross_connect::kNoStatusEvents;
  EXPECT_EQ(set(0, quiet), "E_SUCCESS");
  fabric.on_link(1, false);
  lfbs.publish(kNow);
  EXPECT_TRUE(reports().empty());
  EXPECT_EQ(get(kCrossConnect, {kStatus, 0}), kFailed);
}

TEST_F(FabricOfACe, PortsSayWhatTheyAreAndWhichLabelsTheyHave) {
  // SwitchingType 100, Encoding 5, SignalType 6, up.
  EXPECT_EQ(get(kOpticalPort, {1, 2}), "0000000264050601");
  EXPECT_EQ(get(kOpticalPort, {2, 1}), "00000002000100000040000000010000");
  EXPECT_EQ(get(kOpticalPort, {1, 4}), "E_COMPONENT_DOES_NOT_EXIST");
  EXPECT_EQ(set(kOpticalPort, {1, 2, 5}, "02"), "E_READ_ONLY");
}

TEST_F(FabricOfACe, WhichPortIsInsideOfWhichIsToBeRead) {
  EXPECT_EQ(get(kOpticalPort, {6, 11}), "0000000b0000000c");
  EXPECT_EQ(get(kOpticalPort, {6, 1}), "E_COMPONENT_DOES_NOT_EXIST");
  EXPECT_EQ(set(kOpticalPort, {6, 11, 2}, "00000001"), "E_READ_ONLY");
}

TEST_F(FabricOfACe, APortThatGoesDownIsAnEvent) {
  subscribe(kOpticalPort, {kEvents, 1});
  fabric.on_link(3, false);
  lfbs.publish(kNow);
  EXPECT_EQ(reports(), std::vector<std::string>{"65797.1 60.1.3. 0000000364050602"});
  fabric.on_link(3, true);
  lfbs.publish(kNow);
  EXPECT_EQ(reports(), std::vector<std::string>{"65797.1 60.1.3. 0000000364050601"});
}

TEST_F(FabricOfACe, LabelsThatFailAreRowsAndEvents) {
  subscribe(kOpticalPort, {kEvents});
  ASSERT_TRUE(fabric.fail(1, Fabric::Labels{kSlot, 4 * kSlot}));
  ASSERT_TRUE(fabric.fail(2, Fabric::Labels{kSlot, kSlot}));
  lfbs.publish(kNow);
  EXPECT_EQ(reports(), (std::vector<std::string>{"65797.1 60.2.0. 000000010001000000040000",
                                                 "65797.1 60.2.1. 000000020001000000010000"}));
  ASSERT_TRUE(fabric.restore(1, Fabric::Labels{2 * kSlot, 2 * kSlot}));
  lfbs.publish(kNow);
  // One range became two.
  EXPECT_EQ(reports(), (std::vector<std::string>{"65797.1 60.3.0. 000000010001000000040000",
                                                 "65797.1 60.2.0. 00000001000100000001ffff",
                                                 "65797.1 60.2.2. 000000010002000100040000"}));
  ASSERT_TRUE(fabric.restore(1, std::nullopt));
  lfbs.publish(kNow);
  EXPECT_EQ(reports().size(), 2U);
  EXPECT_EQ(get(kOpticalPort, {3, 1}), "000000020001000000010000");
}

TEST_F(FabricOfACe, ATraceIsSentAsLongAsItIsSet) {
  EXPECT_EQ(set(kOpticalPort, {4, 0}, trace(slot(1, 1), "A/1")), "E_SUCCESS");
  auto due = fabric.traces_due(kNow);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].text, "A/1");
  EXPECT_EQ(set(kOpticalPort, {4, 0}, trace(slot(2, 1), "A/2")), "E_SUCCESS");
  due = fabric.traces_due(kNow + std::chrono::seconds(9));
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].from, slot(2, 1));
  EXPECT_EQ(del(kOpticalPort, {4, 0}), "E_SUCCESS");
  EXPECT_FALSE(fabric.next_deadline());
  EXPECT_EQ(set(kOpticalPort, {4, 0}, trace(slot(1, 65), "A")), "E_VALUE_OUT_OF_RANGE");
  EXPECT_EQ(set(kOpticalPort, {4, 0}, trace(slot(9, 1), "A")), "E_VALUE_OUT_OF_RANGE");
  EXPECT_EQ(set(kOpticalPort, {4, 0}, trace(slot(1, 1), "\n")), "E_INVALID_PARAMETERS");
  EXPECT_EQ(set(kOpticalPort, {4, 0}, trace(slot(1, 1), "")), "E_INVALID_PARAMETERS");
}

TEST_F(FabricOfACe, ATraceThatIsReceivedIsARowAndEvents) {
  subscribe(kOpticalPort, {kEvents});
  const auto hear = [&](std::string_view text, Instant now) {
    (void)fabric.on_frame(
        2, {6 * kSlot, optical::FrameKind::Trace, 0, std::as_bytes(std::span(text))}, now);
    fabric.on_time(now);
    lfbs.publish(now);
  };
  hear("A/1", kNow);
  const std::string one = trace(slot(2, 6), "A/1"), two = trace(slot(2, 6), "B/1");
  EXPECT_EQ(reports(), std::vector{"65797.1 60.4.0. " + one});
  EXPECT_EQ(get(kOpticalPort, {5, 0}), one);
  hear("B/1", kNow);
  EXPECT_EQ(reports(), std::vector{"65797.1 60.5.0. " + two});
  fabric.on_time(kNow + std::chrono::seconds(5));
  lfbs.publish(kNow);
  EXPECT_EQ(reports(), std::vector{"65797.1 60.6.0. " + two});
  EXPECT_EQ(get(kOpticalPort, {5, 0}), "E_COMPONENT_DOES_NOT_EXIST");
}

// RFC 4139 section 4.4: nothing established is released by a failure of the control plane.
TEST_F(FabricOfACe, TheEndOfAnAssociationLeavesRowsAndEndsTracesAndSubscriptions) {
  subscribe(kCrossConnect, {kEvents, 1});
  ASSERT_EQ(set(0, kThere), "E_SUCCESS");
  ASSERT_EQ(set(1, cross(slot(1, 2), slot(3, 1), RowState::Reserved)), "E_SUCCESS");
  ASSERT_EQ(set(kOpticalPort, {4, 0}, trace(slot(1, 1), "A/1")), "E_SUCCESS");
  kept.clear();
  engine.reset();
  EXPECT_TRUE(kept.empty());
  EXPECT_EQ(fabric.size(), 2U);
  EXPECT_EQ(get(kCrossConnect, {kTable, 0}), octets_of(kThere));
  EXPECT_EQ(get(kCrossConnect, {kStatus, 0}), kWorking);
  EXPECT_FALSE(fabric.next_deadline());
  fabric.on_link(1, false);
  lfbs.publish(kNow);
  EXPECT_TRUE(reports().empty());
}

TEST_F(FabricOfACe, RowsThatWereKeptAreThereBeforeAnyCe) {
  EXPECT_TRUE(lfbs.restore(5, kThere));
  EXPECT_TRUE(lfbs.restore(6, cross(slot(9, 1), slot(2, 1)))) << "its port is gone; it is not";
  EXPECT_FALSE(lfbs.restore(7, kThere)) << "a file that somebody else wrote";
  lfbs.publish(kNow);
  EXPECT_EQ(get(kCrossConnect, {kTable, 5}), octets_of(kThere));
  EXPECT_EQ(get(kCrossConnect, {kStatus, 5}), kWorking);
  EXPECT_EQ(get(kCrossConnect, {kStatus, 6}), kFailed);
  EXPECT_EQ(fabric.size(), 2U);
}

}  // namespace
}  // namespace forces::fe::forwarding::test
