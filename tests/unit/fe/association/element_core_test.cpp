// Octets in, octets out: what the element does with messages good, bad and misplaced.
#include "fe/association/core/element_core.hpp"

#include <gtest/gtest.h>

#include "proto/pl/association.hpp"
#include "tests/support/octets/hex.hpp"

namespace forces::fe {
namespace {

using namespace std::chrono_literals;
using pl::AssociationResult;
using pl::MsgType;

constexpr pl::ForcesId kMaster{0x40000001}, kBackup{0x40000002}, kFe{2};
constexpr Instant kNow{1s};

ElementConfig config(std::uint32_t fe_id = 2) {
  ElementConfig c;
  c.fe_id = fe_id;
  c.ces = {{kMaster.value, "a"}, {kBackup.value, "b"}};
  c.fepo.failover_policy = 1;
  c.fepo.ha_mode = 2;
  return c;
}

class ElementCoreTest : public testing::Test {
 protected:
  struct Sent {
    std::size_t ce;
    pl::Message message;
  };
  std::vector<Sent> sent() {
    std::vector<Sent> all;
    while (auto output = core->poll_output()) {
      if (const auto* told = std::get_if<MessagesDropped>(&*output)) drops_told.push_back(*told);
      auto* send = std::get_if<SendMessage>(&*output);
      if (send == nullptr) continue;
      const auto message = pl::decode_message(send->octets);
      EXPECT_TRUE(message) << "we send nothing that does not decode";
      if (message) all.push_back({send->ce, *message});
    }
    return all;
  }
  void associate(std::size_t ce, std::uint32_t given = 2) {
    core->on_control_up(ce, kNow);
    std::uint64_t correlator = 0;
    for (const Sent& s : sent()) {
      if (s.message.header.type == MsgType::AssociationSetup) {
        correlator = s.message.header.correlator;
      }
    }
    const pl::ForcesId from = ce == 0 ? kMaster : kBackup;
    core->on_message(
        ce,
        pl::encode_association_setup_response(from, {given}, correlator, AssociationResult::Success)
            .value(),
        kNow);
    (void)sent();
    ASSERT_EQ(core->state(ce), CeState::Associated);
  }
  void both_associated() {
    core->start(kNow);
    associate(0);
    associate(1);
  }
  std::uint64_t dropped(Drop reason) {
    return core->counters().drops[static_cast<std::size_t>(reason)];
  }
  static pl::Octets get_ce_id(pl::ForcesId from, pl::ForcesId to = kFe) {
    pl::Message m;
    m.header.type = MsgType::Query;
    m.header.source = from;
    m.header.destination = to;
    m.header.correlator = 5;
    pl::PathData path;
    path.ids = {8};
    pl::Oper oper{.type = pl::OperType::Get};
    oper.elements = {{path}};
    m.body.emplace_back(pl::LfbSelect{pl::kFeProtocolObject, {1}, {oper}});
    return pl::encode_message(m).value();
  }
  static pl::Octets set(pl::ForcesId from, std::uint32_t class_id, std::uint32_t component,
                        std::string_view value) {
    pl::Message m;
    m.header.type = MsgType::Config;
    m.header.source = from;
    m.header.destination = kFe;
    m.header.flags = pl::Flags{}.with_ack(pl::Ack::Always);
    pl::PathData path;
    path.ids = {component};
    path.items = {{pl::FullData{test::hex(value)}}};
    pl::Oper oper{.type = pl::OperType::Set};
    oper.elements = {{path}};
    m.body.emplace_back(pl::LfbSelect{{class_id}, {1}, {oper}});
    return pl::encode_message(m).value();
  }

  std::vector<MessagesDropped> drops_told;
  std::unique_ptr<ElementCore> core = std::make_unique<ElementCore>(config(), 1);
};

TEST_F(ElementCoreTest, SetsUpWithItsIdAndTheCesId) {
  core->start(kNow);
  core->on_control_up(0, kNow);
  const auto all = sent();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].message.header.type, MsgType::AssociationSetup);
  EXPECT_EQ(all[0].message.header.source, kFe);
  EXPECT_EQ(all[0].message.header.destination, kMaster);
  EXPECT_NE(all[0].message.header.correlator, 0U);
}

TEST_F(ElementCoreTest, TakesTheIdThatTheCeGives) {  // section 7.5.2
  core = std::make_unique<ElementCore>(config(0), 1);
  core->start(kNow);
  associate(0, 55);
  EXPECT_EQ(core->fe_id(), 55U);
}

TEST_F(ElementCoreTest, AResponseToAnotherFeIsNotOurs) {
  core->start(kNow);
  core->on_control_up(0, kNow);
  core->on_message(
      0, pl::encode_association_setup_response(kMaster, {3}, 1, AssociationResult::Success).value(),
      kNow);
  EXPECT_EQ(core->state(0), CeState::SetupSent);
  EXPECT_EQ(dropped(Drop::WrongDestination), 1U);
}

TEST_F(ElementCoreTest, AQueryOfABackupIsAnswered) {  // RFC 7121 section 3.2
  both_associated();
  core->on_message(1, get_ce_id(kBackup), kNow);
  const auto all = sent();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].ce, 1U);
  EXPECT_EQ(all[0].message.header.type, MsgType::QueryResponse);
  EXPECT_EQ(all[0].message.header.destination, kBackup);
  const auto& oper = std::get<pl::LfbSelect>(all[0].message.body.at(0)).operations.at(0);
  const auto& path = std::get<pl::PathData>(oper.elements.at(0).value);
  EXPECT_EQ(path.items.at(0), (pl::Element{pl::FullData{test::hex("40000001")}}));
}

TEST_F(ElementCoreTest, AConfigOfABackupIsDroppedAndCountedAsAnError) {  // RFC 7121 section 3.2
  both_associated();
  core->on_message(1, set(kBackup, 2, 5, "00001388"), kNow);
  EXPECT_TRUE(sent().empty());
  EXPECT_EQ(core->values().protocol.liveness.ce_dead, 30s);
  EXPECT_EQ(dropped(Drop::NotMaster), 1U);
  core->on_message(0, get_ce_id(kMaster), kNow);  // which brings the table up to date
  EXPECT_EQ(core->values().protocol.all_ces[1].statistics.received_error_packets, 1U);
}

TEST_F(ElementCoreTest, TheMasterConfiguresAndHandsOver) {
  both_associated();
  core->on_message(0, set(kMaster, 2, 8, "40000002"), kNow);
  ASSERT_EQ(sent().size(), 1U);
  EXPECT_EQ(core->redirect_target(), 1U);
  EXPECT_EQ(core->values().protocol.last_ce_id, kMaster.value);
  core->on_message(0, set(kMaster, 2, 5, "00001388"), kNow);
  EXPECT_EQ(dropped(Drop::NotMaster), 1U);
}

// Whatever CEHDI is, also when the master has set it.
TEST_F(ElementCoreTest, ABackupTakesOverFromAMasterWhoseChannelIsAway) {
  both_associated();
  core->on_message(0, set(kMaster, 2, 5, "00007530"), kNow);
  (void)sent();
  core->on_control_down(0, kNow);
  core->on_timer(kNow + 1s);
  EXPECT_EQ(core->redirect_target(), 1U);
  EXPECT_EQ(core->state(0), CeState::ChannelLost);
  core->on_message(1, set(kBackup, 2, 8, "40000001"), kNow + 2s);  // back to who is not there
  EXPECT_EQ(core->redirect_target(), 1U);
  EXPECT_EQ(core->values().protocol.ce_id, kBackup.value);
  EXPECT_EQ(core->values().protocol.all_ces[0].status, lfb::CeStatus::LostConnection);
  core->on_control_up(0, kNow + 3s);
  core->on_message(1, get_ce_id(kBackup), kNow + 3s);
  EXPECT_EQ(core->values().protocol.all_ces[0].status, lfb::CeStatus::Associated);
  EXPECT_EQ(core->redirect_target(), 1U) << "it is a backup now";
}

TEST_F(ElementCoreTest, AHandOverIsNotifiedToEveryAssociatedCe) {  // RFC 7121 section 3.2
  both_associated();
  pl::Message m;
  m.header.type = MsgType::Config;
  m.header.source = kMaster;
  m.header.destination = kFe;
  pl::PathData path;
  path.ids = {61};
  path.items = {{pl::FullData{test::hex("00000001")}}};
  pl::Oper oper{.type = pl::OperType::SetProp};
  oper.elements = {{path}};
  m.body.emplace_back(pl::LfbSelect{pl::kFeProtocolObject, {1}, {oper}});
  core->on_message(0, pl::encode_message(m).value(), kNow);
  (void)sent();
  core->on_message(0, set(kMaster, 2, 8, "40000002"), kNow);
  std::vector<std::pair<std::size_t, std::uint32_t>> notified;
  for (const Sent& s : sent()) {
    if (s.message.header.type != MsgType::EventNotification) continue;
    EXPECT_EQ(s.message.header.source, kFe);
    EXPECT_EQ(s.message.header.destination, s.ce == 0 ? kMaster : kBackup);
    const auto& report = std::get<pl::LfbSelect>(s.message.body.at(0)).operations.at(0);
    notified.emplace_back(s.ce, std::get<pl::PathData>(report.elements.at(0).value).ids.at(1));
  }
  EXPECT_EQ(notified,
            (std::vector<std::pair<std::size_t, std::uint32_t>>{{0, 2}, {1, 2}, {0, 1}, {1, 1}}));
}

TEST_F(ElementCoreTest, ALostMasterTakesItsTransactionAlong) {  // RFC 5810 section 4.3.1.2
  both_associated();
  auto octets = set(kMaster, 2, 7, "00000064");
  const auto flags = pl::Flags{}
                         .with_ack(pl::Ack::Always)
                         .with_execution_mode(pl::ExecutionMode::AllOrNone)
                         .with_atomic(true);
  wire::store_be<4>(octets.data() + 20, flags.value);
  core->on_message(0, octets, kNow);
  EXPECT_EQ(sent().size(), 1U);
  core->on_message(
      0, pl::encode_association_teardown(kMaster, kFe, pl::TeardownReason::Normal).value(), kNow);
  core->on_message(1, set(kBackup, 2, 5, "00001388"), kNow);
  EXPECT_EQ(core->values().protocol.liveness.ce_dead, 5s);
  EXPECT_EQ(core->values().protocol.liveness.fe_interval, 500ms);
}

TEST_F(ElementCoreTest, AnotherLfbTellsItsSinkAndItsEventsGoOut) {
  struct Told : lfb::Sink {
    void applied(const lfb::Changes& changes) override {
      for (std::size_t i = 0; i < changes.size(); ++i) {
        if (changes[i].instance->lfb_class == &lfb::kEtherPhyCopClass) ++count;
      }
    }
    std::size_t count = 0;
  } told;
  core = std::make_unique<ElementCore>(config(), 1, &told);
  core->engine().store().add(lfb::kEtherPhyCopClass, 1);
  both_associated();
  core->on_message(0, set(kMaster, 3, 2, "01"), kNow);  // AdminStatus: Up
  EXPECT_EQ(told.count, 1U);
  auto subscribe = set(kMaster, 3, 60, "00000001");
  subscribe[37] = std::byte{2};  // SET-PROP
  core->on_message(0, subscribe, kNow);
  (void)sent();
  ASSERT_TRUE(core->engine().put({3, 1}, 3, test::hex("01"), kNow));  // OperStatus
  core->on_engine(kNow);
  EXPECT_EQ(sent().size(), 2U);
}

TEST_F(ElementCoreTest, ADisabledFeRedirectsNothing) {  // section 4.4.1
  both_associated();
  EXPECT_EQ(core->redirect_target(), 0U);
  core->on_message(0, set(kMaster, 1, 7, "00"), kNow);
  EXPECT_EQ(core->redirect_target(), std::nullopt);
  core->on_message(0, set(kMaster, 1, 7, "02"), kNow);
  EXPECT_EQ(core->redirect_target(), 0U);
}

TEST_F(ElementCoreTest, CountsWhatItDropsByReason) {
  both_associated();
  core->on_message(0, test::hex("10"), kNow);
  core->on_message(0, pl::encode_heartbeat(kBackup, kFe, 0).value(), kNow);
  core->on_message(0, pl::encode_heartbeat(kMaster, {9}, 0).value(), kNow);
  core->on_message(0, pl::encode_association_setup(kMaster, kFe, 1).value(), kNow);
  core->on_message(
      0, pl::encode_association_setup_response(kMaster, kFe, 1, AssociationResult::Success).value(),
      kNow);
  for (const Drop reason : {Drop::Malformed, Drop::WrongSource, Drop::WrongDestination,
                            Drop::WrongType, Drop::WrongState}) {
    EXPECT_EQ(dropped(reason), 1U) << static_cast<int>(reason);
  }
  EXPECT_TRUE(sent().empty());
}

// Bad input (README): a row is a message of the second CE, the first being master all the while.
struct Bad {
  const char* name;
  bool associated;
  pl::Octets octets;
  Drop reason;
};
pl::Octets bare(MsgType type, pl::ForcesId source = kBackup, pl::ForcesId destination = kFe) {
  pl::Message m;
  m.header.type = type;
  m.header.source = source;
  m.header.destination = destination;
  m.header.correlator = 77;
  return pl::encode_message(m).value();
}
TEST_F(ElementCoreTest, WhatDoesNotBelongIsCountedToldAndHarmsNobody) {
  const auto granted = [](std::uint64_t correlator) {
    return pl::encode_association_setup_response(kBackup, kFe, correlator,
                                                 AssociationResult::Success)
        .value();
  };
  const Bad rows[] = {
      {"no header", true, test::hex("10"), Drop::Malformed},
      {"config of a backup that does not decode", true,
       test::hex("10030007 40000002 00000002 0000000000000001 f8000000 1000000c"), Drop::NotMaster},
      {"query of a CE that is not associated, of version 2", false,
       test::hex("20040006 40000002 00000002 0000000000000001 38000000"), Drop::Malformed},
      {"unknown type", true, bare(static_cast<MsgType>(0x7f)), Drop::WrongType},
      {"what an FE sends", true, bare(MsgType::QueryResponse), Drop::WrongType},
      {"a redirect on control", true, bare(MsgType::PacketRedirect), Drop::WrongType},
      {"a VC, and nobody has use for it", true,
       pl::encode_vc(kBackup, kFe, pl::VcKind::PointToPoint, {}).value(), Drop::WrongType},
      {"wrong source", true, bare(MsgType::Heartbeat, kMaster), Drop::WrongSource},
      {"wrong destination", true, bare(MsgType::Heartbeat, kBackup, {9}), Drop::WrongDestination},
      {"config of a CE that is not master", true, bare(MsgType::Config), Drop::NotMaster},
      {"setup response without setup", true, granted(77), Drop::WrongState},
      {"setup response with another correlator", false, granted(77), Drop::WrongCorrelator},
      {"config of a CE that is not associated", false, bare(MsgType::Config), Drop::WrongState},
      {"query of a CE that is not associated", false, bare(MsgType::Query), Drop::WrongState},
      {"heartbeat of a CE that is not associated", false, bare(MsgType::Heartbeat),
       Drop::WrongState},
      {"teardown of no association", false,
       pl::encode_association_teardown(kBackup, kFe, pl::TeardownReason::Normal).value(),
       Drop::WrongState},
  };
  for (const Bad& row : rows) {
    SCOPED_TRACE(row.name);
    core = std::make_unique<ElementCore>(config(), 1);
    core->start(kNow);
    associate(0);
    if (row.associated) {
      associate(1);
    } else {
      core->on_control_up(1, kNow);
    }
    (void)sent();
    drops_told.clear();
    const CeState before = core->state(1);
    for (int i = 0; i < 100; ++i) core->on_message(1, row.octets, kNow);
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(dropped(row.reason), 100U);
    ASSERT_EQ(drops_told.size(), 1U) << "one line, not a hundred";
    EXPECT_EQ(drops_told[0].ce, 1U);
    EXPECT_EQ(drops_told[0].last, row.reason);
    EXPECT_EQ(core->state(1), before);
    EXPECT_EQ(core->state(0), CeState::Associated);
    EXPECT_EQ(core->redirect_target(), 0U);
    core->on_message(1, row.octets, kNow + kDropReportEvery);
    (void)sent();
    ASSERT_EQ(drops_told.size(), 2U);
    EXPECT_EQ(drops_told[1].count, 100U);
  }
}

TEST_F(ElementCoreTest, VcsOfAnyAssociatedCeGoToTheMarsClientAndComeFromIt) {
  auto c = config();
  c.multicast.enabled = true;
  core = std::make_unique<ElementCore>(c, 1);
  core->start(kNow);
  associate(0);
  const auto sdu = test::hex("aaaa0300005e0003 0102");
  const auto vc = [&](pl::VcKind kind, pl::ForcesId to = kFe) {
    return pl::encode_vc(kBackup, to, kind, sdu).value();
  };
  core->send_vc(1, sdu);
  EXPECT_TRUE(sent().empty()) << "not associated yet";
  core->on_control_up(1, kNow);
  core->on_message(1, vc(pl::VcKind::PointToPoint), kNow);
  EXPECT_EQ(dropped(Drop::WrongState), 1U);
  (void)sent();
  core->on_control_closed(1, kNow);
  (void)sent();

  both_associated();
  core->on_message(1, vc(pl::VcKind::Cluster, {0xc0000001}), kNow);
  std::optional<VcReceived> got;
  while (auto output = core->poll_output()) {
    if (auto* one = std::get_if<VcReceived>(&*output)) got = std::move(*one);
  }
  ASSERT_TRUE(got) << "a backup may be a MARS";
  EXPECT_EQ(got->ce, 1U);
  EXPECT_EQ(got->kind, pl::VcKind::Cluster);
  EXPECT_EQ(got->sdu, sdu);
  core->on_message(1, vc(pl::VcKind::PointToPoint, {9}), kNow);
  EXPECT_EQ(dropped(Drop::WrongDestination), 1U);
  const auto whole = vc(pl::VcKind::PointToPoint);
  for (std::size_t size = 1; size < whole.size(); ++size) {
    core->on_message(1, wire::Bytes(whole).first(size), kNow);
  }
  EXPECT_EQ(dropped(Drop::Malformed), whole.size() - 1);
  (void)sent();
  core->send_vc(1, sdu);
  const auto output = core->poll_output();
  ASSERT_TRUE(output);
  const auto& send = std::get<SendMessage>(*output);
  EXPECT_EQ(send.ce, 1U);
  const auto read = pl::decode_vc(send.octets);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->kind, pl::VcKind::PointToPoint);
  EXPECT_EQ(pl::Octets(read->sdu.begin(), read->sdu.end()), sdu);
}

TEST_F(ElementCoreTest, BroadcastToAllFesIsForUs) {
  both_associated();
  core->on_message(0, pl::encode_heartbeat(kMaster, pl::kAllFes, 3, pl::Ack::Always).value(), kNow);
  const auto all = sent();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].message.header.correlator, 3U);
  EXPECT_EQ(all[0].message.header.source, kFe);
}

TEST_F(ElementCoreTest, AQueryToAnotherFeIsAnsweredWithItsCode) {
  both_associated();
  core->on_message(0, get_ce_id(kMaster, {9}), kNow);
  const auto all = sent();
  ASSERT_EQ(all.size(), 1U);
  const auto& oper = std::get<pl::LfbSelect>(all[0].message.body.at(0)).operations.at(0);
  const auto& path = std::get<pl::PathData>(oper.elements.at(0).value);
  EXPECT_EQ(path.items.at(0), (pl::Element{pl::ResultTlv{0x04}}));
}

// RFC 7121 figure 2: in cold standby nobody is there to hear PrimaryCEDown until the next CE is.
TEST_F(ElementCoreTest, InColdStandbyTheNextCeHearsThatThePrimaryIsDown) {
  auto c = config();
  c.fepo.ha_mode = 1;
  core = std::make_unique<ElementCore>(c, 1);
  core->start(kNow);
  associate(0);
  auto subscribe = set(kMaster, 2, 61, "00000001");
  subscribe[37] = std::byte{2};  // SET-PROP
  core->on_message(0, subscribe, kNow);
  core->on_message(
      0, pl::encode_association_teardown(kMaster, kFe, pl::TeardownReason::Normal).value(), kNow);
  (void)sent();
  core->on_control_up(1, kNow);
  core->on_message(
      1, pl::encode_association_setup_response(kBackup, kFe, 1, AssociationResult::Success).value(),
      kNow);
  std::vector<std::vector<std::uint32_t>> told;
  for (const Sent& s : sent()) {
    if (s.message.header.type != MsgType::EventNotification) continue;
    EXPECT_EQ(s.message.header.destination, kBackup);
    const auto& report = std::get<pl::LfbSelect>(s.message.body.at(0)).operations.at(0);
    told.push_back(std::get<pl::PathData>(report.elements.at(0).value).ids);
  }
  EXPECT_EQ(told, (std::vector<std::vector<std::uint32_t>>{{61, 1}, {61, 2}}));
  EXPECT_EQ(core->values().protocol.last_ce_id, kMaster.value);
}

TEST_F(ElementCoreTest, AfterALossEverythingThatWasSetIsForgotten) {  // section 4.2.2.3
  auto c = config();
  c.fepo.failover_policy = 0;
  core = std::make_unique<ElementCore>(c, 1);
  core->start(kNow);
  associate(0);
  core->on_message(0, set(kMaster, 2, 7, "00000064"), kNow);
  EXPECT_EQ(core->values().protocol.liveness.fe_interval, 100ms);
  core->on_message(
      0, pl::encode_association_teardown(kMaster, kFe, pl::TeardownReason::Normal).value(), kNow);
  EXPECT_EQ(core->values().protocol.liveness.fe_interval, 500ms);
  EXPECT_EQ(core->values().object.state, lfb::FeState::OperDisable);
  EXPECT_EQ(core->values().protocol.last_ce_id, kMaster.value);
}

TEST_F(ElementCoreTest, EveryPrefixOfAConfigIsDroppedAndChangesNothing) {
  both_associated();
  const auto octets = set(kMaster, 2, 5, "00001388");
  for (std::size_t cut = 0; cut < octets.size(); ++cut) {
    core->on_message(0, std::span(octets).first(cut), kNow);
  }
  EXPECT_EQ(dropped(Drop::Malformed), octets.size());
  EXPECT_EQ(core->values().protocol.liveness.ce_dead, 30s);
}

}  // namespace
}  // namespace forces::fe
