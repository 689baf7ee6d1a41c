// Octets in, octets out: what the controller does with messages good, bad and misplaced.
#include "ce/association/core/controller_core.hpp"

#include <gtest/gtest.h>

#include "proto/pl/association.hpp"
#include "tests/support/octets/hex.hpp"

namespace forces::ce {
namespace {

using namespace std::chrono_literals;
using pl::AssociationResult;
using pl::MsgType;

constexpr pl::ForcesId kCe{0x40000001};
constexpr Instant kNow{1s};

class ControllerCoreTest : public testing::Test {
 protected:
  static ControllerConfig config() {
    ControllerConfig c;
    c.fes = {{2, "two", {}}, {3, "three", {}}};
    c.heartbeat.configure_fe = false;
    return c;
  }
  struct Sent {
    std::uint64_t channel;
    pl::Message message;
  };
  // Messages among the outputs; the others are kept in `events`, and Queries, which ce/provision
  // asks after every set-up, in `queries`.
  std::vector<Sent> sent() {
    std::vector<Sent> all;
    while (auto output = core.poll_output()) {
      if (auto* send = std::get_if<SendMessage>(&*output)) {
        const auto message = pl::decode_message(send->octets);
        EXPECT_TRUE(message) << "we send nothing that does not decode";
        if (!message) continue;
        const bool query = message->header.type == MsgType::Query;
        (query ? queries : all).push_back({send->channel, *message});
      } else {
        events.push_back(std::move(*output));
      }
    }
    return all;
  }
  void setup(std::uint64_t channel, std::uint32_t source, std::uint64_t correlator = 9) {
    core.on_message(channel, pl::encode_association_setup({source}, kCe, correlator).value(), kNow);
  }
  std::optional<AssociationResult> result_of(const std::vector<Sent>& all) {
    for (const Sent& s : all) {
      if (const auto* result = s.message.find<pl::AsResult>()) return result->result;
    }
    return std::nullopt;
  }
  std::uint64_t counted(std::uint32_t fe, std::string_view name, std::string_view reason = "") {
    const auto shot = core.snapshot(kNow);
    auto samples = shot.counters;  // fe 0: of nobody in particular
    for (const auto& f : shot.fes) {
      if (f.fe_id == fe) samples = f.counters;
    }
    for (const auto& s : samples) {
      if (s.name == name && s.reason == reason) return s.value;
    }
    ADD_FAILURE() << name;
    return 0;
  }
  void heartbeat(std::uint64_t channel, pl::ForcesId source, pl::ForcesId destination) {
    core.on_message(channel, pl::encode_heartbeat(source, destination, 0).value(), kNow);
  }

  // FE 2 says that this CE is its master: the first Query after a set-up asks for FEPO.CEID.
  void answer_ceid(std::uint64_t channel) {
    (void)sent();
    ASSERT_FALSE(queries.empty());
    pl::Message answer = queries.front().message;
    queries.clear();
    answer.header.type = MsgType::QueryResponse;
    std::swap(answer.header.source, answer.header.destination);
    auto& oper = std::get<pl::LfbSelect>(answer.body.at(0)).operations.at(0);
    oper.type = pl::OperType::GetResponse;
    auto& path = std::get<pl::PathData>(oper.elements.at(0).value);
    EXPECT_EQ(path.ids, std::vector<std::uint32_t>{8});
    path.items = {{pl::FullData{test::hex("40000001")}}};
    core.on_message(channel, pl::encode_message(answer).value(), kNow);
  }

  ControllerCore core{config()};
  std::vector<ControllerOutput> events;
  std::vector<Sent> queries;
};

TEST_F(ControllerCoreTest, GrantsAConfiguredFe) {
  core.on_control_up(2, 77, kNow);
  setup(77, 2);
  const auto all = sent();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].channel, 77U);
  EXPECT_EQ(all[0].message.header.type, MsgType::AssociationSetupResponse);
  EXPECT_EQ(all[0].message.header.source, kCe);
  EXPECT_EQ(all[0].message.header.destination.value, 2U);
  EXPECT_EQ(all[0].message.header.correlator, 9U);
  EXPECT_EQ(result_of(all), AssociationResult::Success);
  EXPECT_TRUE(core.associated(2));
  EXPECT_FALSE(core.associated(3));
}

struct Verdict {
  const char* name;
  std::uint32_t proved, source;
  AssociationResult want;
};
TEST_F(ControllerCoreTest, JudgesWhoMayAssociate) {
  const Verdict cases[] = {
      {"configured", 2, 2, AssociationResult::Success},
      {"asks for an ID and has proved one", 3, 0, AssociationResult::Success},
      {"not configured", 9, 9, AssociationResult::PermissionDenied},
      {"says another ID than it proved", 2, 3, AssociationResult::FeIdInvalid},
      {"says a CE's ID", 2, 0x40000001, AssociationResult::FeIdInvalid},
      {"says a multicast ID", 2, 0xc0000001, AssociationResult::FeIdInvalid},
      {"proved nothing, says a free one", 0, 3, AssociationResult::Success},
      {"proved nothing, says one not configured", 0, 9, AssociationResult::PermissionDenied},
      {"proved nothing, asks, none to give", 0, 0, AssociationResult::FeIdInvalid},
  };
  for (const Verdict& c : cases) {
    ControllerCore fresh(config());
    std::swap(core, fresh);
    core.on_control_up(c.proved, 77, kNow);
    setup(77, c.source);
    EXPECT_EQ(result_of(sent()), c.want) << c.name;
  }
}

TEST_F(ControllerCoreTest, AnIdThatIsInUseCannotBeTakenWithoutProof) {
  core.on_control_up(2, 77, kNow);
  setup(77, 2);
  core.on_control_up(0, 78, kNow);
  (void)sent();
  setup(78, 2);
  EXPECT_EQ(result_of(sent()), AssociationResult::FeIdInvalid);
  EXPECT_TRUE(core.associated(2));
}

TEST_F(ControllerCoreTest, AssignsFreeIdsUntilThereAreNone) {  // section 6.1
  auto c = config();
  c.assign_first = 100;
  c.assign_last = 101;
  core.reconfigure(c, kNow);
  for (std::uint32_t i = 0; i < 3; ++i) {
    core.on_control_up(0, 80 + i, kNow);
    setup(80 + i, 0);
    const auto all = sent();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(result_of(all), i < 2 ? AssociationResult::Success : AssociationResult::FeIdInvalid);
    EXPECT_EQ(all[0].message.header.destination.value, i < 2 ? 100 + i : 0);
  }
  EXPECT_TRUE(core.associated(100));
  EXPECT_TRUE(core.associated(101));
}

TEST_F(ControllerCoreTest, ANewConnectionReplacesTheOldWhoseEndIsThenNewsOfNobody) {
  core.on_control_up(2, 77, kNow);
  setup(77, 2);
  core.on_control_up(2, 78, kNow);
  core.on_control_down(2, 77, kNow);
  EXPECT_TRUE(core.associated(2));
  (void)sent();
  setup(78, 2);
  EXPECT_EQ(sent().at(0).channel, 78U);
}

TEST_F(ControllerCoreTest, CountsWhatItDropsByReason) {
  core.on_control_up(2, 77, kNow);
  setup(77, 2);
  (void)sent();
  core.on_message(77, test::hex("10"), kNow);
  heartbeat(77, {3}, kCe);
  heartbeat(77, {2}, {0x40000002});
  EXPECT_EQ(counted(2, "pl_drops", "malformed"), 1U);
  EXPECT_EQ(counted(2, "pl_drops", "wrong_source"), 1U);
  EXPECT_EQ(counted(2, "pl_drops", "wrong_destination"), 1U);
  core.on_control_up(3, 78, kNow);
  heartbeat(78, {3}, kCe);
  EXPECT_EQ(counted(3, "pl_drops", "wrong_state"), 1U);
  heartbeat(999, {3}, kCe);
  EXPECT_EQ(counted(0, "pl_drops", "wrong_state"), 1U) << "of no channel we know";
}

TEST_F(ControllerCoreTest, AResponseTypeFromAnFeIsTheWrongType) {
  core.on_control_up(2, 77, kNow);
  setup(77, 2);
  core.on_message(77, pl::encode_association_setup_response({2}, kCe, 1, {}).value(), kNow);
  EXPECT_EQ(counted(2, "pl_drops", "wrong_type"), 1U);
}

TEST_F(ControllerCoreTest, EveryPrefixOfASetupIsDroppedAndCounted) {
  core.on_control_up(2, 77, kNow);
  const auto octets = pl::encode_association_setup({2}, kCe, 9).value();
  for (std::size_t cut = 0; cut < octets.size(); ++cut) {
    core.on_message(77, std::span(octets).first(cut), kNow);
  }
  EXPECT_TRUE(sent().empty());
  EXPECT_FALSE(core.associated(2));
}

TEST_F(ControllerCoreTest, SetsTheHeartbeatComponentsOfFepoAndReadsTheAnswer) {  // section 7.3.1
  auto c = config();
  c.heartbeat.configure_fe = true;
  c.heartbeat.fe_sends = true;
  core.reconfigure(c, kNow);
  core.on_control_up(2, 77, kNow);
  setup(77, 2);
  ASSERT_EQ(sent().size(), 1U) << "nothing is set before the FE has named its master";
  answer_ceid(77);
  const auto all = sent();
  ASSERT_EQ(all.size(), 1U);
  const pl::Message& push = all[0].message;
  EXPECT_EQ(push.header.type, MsgType::Config);
  EXPECT_EQ(push.header.flags.ack(), pl::Ack::Always);
  const auto& select = std::get<pl::LfbSelect>(push.body.at(0));
  EXPECT_EQ(select.class_id, pl::kFeProtocolObject);
  EXPECT_EQ(select.operations.at(0).elements.size(), 4U);

  pl::Message answer = push;
  answer.header.type = MsgType::ConfigResponse;
  std::swap(answer.header.source, answer.header.destination);
  pl::PathData path;
  path.ids = {5};
  path.items = {{pl::ResultTlv{0}}};
  auto& oper = std::get<pl::LfbSelect>(answer.body.at(0)).operations.at(0);
  oper.type = pl::OperType::SetResponse;
  oper.elements = {{path}};
  core.on_message(77, pl::encode_message(answer).value(), kNow);
  EXPECT_EQ(counted(2, "pl_configs_done"), 1U);
  core.reconfigure(c, kNow);
  answer.header.correlator = sent().at(0).message.header.correlator;
  std::get<pl::PathData>(oper.elements[0].value).items = {{pl::ResultTlv{0x0e}}};
  core.on_message(77, pl::encode_message(answer).value(), kNow);
  EXPECT_EQ(counted(2, "pl_configs_failed"), 1U);
}

TEST_F(ControllerCoreTest, AHeartbeatOnTheDataChannelIsTheFes) {
  core.on_control_up(2, 77, kNow);
  core.on_data_up(2, 177, kNow);
  setup(77, 2);
  core.on_data_message(177, pl::encode_heartbeat({2}, kCe, 0).value(), kNow + 5s);
  EXPECT_EQ(counted(2, "pl_heartbeats_received"), 1U);
}

// Bad input (README): a row is a message of FE 2, FE 3 being associated all the while.
struct Bad {
  const char* name;
  bool associated;
  pl::Octets octets;
  Drop reason;
};
pl::Octets response(MsgType type, std::uint64_t correlator) {
  pl::Message m;
  m.header.type = type;
  m.header.source = {2};
  m.header.destination = kCe;
  m.header.correlator = correlator;
  return pl::encode_message(m).value();
}
TEST_F(ControllerCoreTest, WhatDoesNotBelongIsCountedToldAndHarmsNobody) {
  using pl::encode_association_setup_response;
  const Bad rows[] = {
      {"no header", true, test::hex("10"), Drop::Malformed},
      {"version 2", true, test::hex("200f0006 00000002 40000001 0000000000000000 00000000"),
       Drop::Malformed},
      {"setup that does not decode", true,
       test::hex("10010007 00000002 40000001 0000000000000001 38000000 1000000c"), Drop::Malformed},
      {"unknown type", true, response(static_cast<MsgType>(0x7f), 0), Drop::WrongType},
      {"private type", true, response(static_cast<MsgType>(0x80), 0), Drop::WrongType},
      {"a redirect on control", true, response(MsgType::PacketRedirect, 0), Drop::WrongType},
      {"what a CE sends", true, encode_association_setup_response({2}, kCe, 1, {}).value(),
       Drop::WrongType},
      {"wrong source", true, pl::encode_heartbeat({3}, kCe, 0).value(), Drop::WrongSource},
      {"a CE's source", true, pl::encode_heartbeat(kCe, kCe, 0).value(), Drop::WrongSource},
      {"wrong destination", true, pl::encode_heartbeat({2}, {0x40000002}, 0).value(),
       Drop::WrongDestination},
      {"an FE's destination", true, pl::encode_heartbeat({2}, {3}, 0).value(),
       Drop::WrongDestination},
      {"ConfigResponse without request", true, response(MsgType::ConfigResponse, 1),
       Drop::WrongCorrelator},
      {"QueryResponse without request", true, response(MsgType::QueryResponse, 1000),
       Drop::WrongCorrelator},
      {"ConfigResponse to a Query", true, response(MsgType::ConfigResponse, 2),
       Drop::WrongCorrelator},
      {"event that does not decode", true,
       test::hex("10050007 00000002 40000001 0000000000000000 18000000 1000000c"), Drop::Malformed},
      {"heartbeat before setup", false, pl::encode_heartbeat({2}, kCe, 0).value(),
       Drop::WrongState},
      {"ConfigResponse before setup", false, response(MsgType::ConfigResponse, 1),
       Drop::WrongState},
      {"teardown before setup", false,
       pl::encode_association_teardown({2}, kCe, pl::TeardownReason::Normal).value(),
       Drop::WrongState},
  };
  for (const Bad& row : rows) {
    SCOPED_TRACE(row.name);
    ControllerCore fresh(config());
    std::swap(core, fresh);
    core.on_control_up(3, 78, kNow);
    setup(78, 3);
    core.on_control_up(2, 77, kNow);
    if (row.associated) setup(77, 2);
    (void)sent();
    events.clear();
    for (int i = 0; i < 100; ++i) core.on_message(77, row.octets, kNow);
    const auto answers = sent();
    EXPECT_EQ(counted(2, "pl_drops", to_string(row.reason)), 100U);
    ASSERT_EQ(events.size(), 1U) << "one line, not a hundred";
    const auto* told = std::get_if<MessagesDropped>(&events[0]);
    ASSERT_NE(told, nullptr);
    EXPECT_EQ(told->fe_id, 2U);
    EXPECT_EQ(told->last, row.reason);
    EXPECT_LE(answers.size(), 1U) << "no answer but the nudge of an FE that is not associated";
    EXPECT_EQ(core.associated(2), row.associated);
    EXPECT_TRUE(core.associated(3));
    events.clear();
    core.on_message(77, row.octets, kNow + kDropReportEvery);
    (void)sent();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(std::get<MessagesDropped>(events[0]).count, 100U) << "99 that were held back, and it";
  }
}

TEST_F(ControllerCoreTest, AResponseIsTakenOnce) {
  auto c = config();
  c.heartbeat.configure_fe = true;
  core.reconfigure(c, kNow);
  core.on_control_up(2, 77, kNow);
  setup(77, 2);
  answer_ceid(77);
  const auto correlator = sent().at(0).message.header.correlator;
  core.on_message(77, response(MsgType::ConfigResponse, correlator + 1), kNow);
  EXPECT_EQ(counted(2, "pl_drops", "wrong_correlator"), 1U);
  core.on_message(77, response(MsgType::ConfigResponse, correlator), kNow);
  EXPECT_EQ(counted(2, "pl_configs_done"), 1U);
  core.on_message(77, response(MsgType::ConfigResponse, correlator), kNow);
  EXPECT_EQ(counted(2, "pl_configs_done"), 1U);
  EXPECT_EQ(counted(2, "pl_drops", "wrong_correlator"), 2U);
}

TEST_F(ControllerCoreTest, ASetupOfAnUnknownFeIsRefusedUnderTheIdThatTheTmlKnows) {
  core.on_control_up(2, 77, kNow);
  for (std::uint32_t claimed : {9U, 10U, 11U}) {
    setup(77, claimed);
    EXPECT_EQ(result_of(sent()), AssociationResult::FeIdInvalid);
    const auto& told = std::get<SetupRefused>(events.back());
    EXPECT_EQ(told.fe_id, 2U) << "the key that limits log lines is not the peer's to choose";
    EXPECT_EQ(told.claimed, claimed);
  }
  EXPECT_EQ(counted(0, "pl_setups_refused"), 3U);
  EXPECT_FALSE(core.associated(2));
}

TEST_F(ControllerCoreTest, ASecondSetupIsAnsweredAndHarmsNobodyElse) {
  for (std::uint32_t fe : {2U, 3U}) {
    core.on_control_up(fe, 75 + fe, kNow);
    setup(75 + fe, fe);
  }
  (void)sent();
  events.clear();
  setup(77, 2, 10);
  const auto all = sent();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].message.header.correlator, 10U);
  EXPECT_EQ(counted(2, "pl_setups"), 2U);
  EXPECT_EQ(std::get<FeChanged>(events.at(0)).change.cause, Cause::SetupAgain);
  EXPECT_TRUE(core.associated(2));
  EXPECT_TRUE(core.associated(3));
}

TEST_F(ControllerCoreTest, AHeartbeatFloodIsCountedAndNotAnswered) {  // section 7.10
  core.on_control_up(2, 77, kNow);
  setup(77, 2);
  (void)sent();
  const auto octets = pl::encode_heartbeat({2}, kCe, 1, pl::Ack::Always).value();
  for (int i = 0; i < 1000; ++i) core.on_message(77, octets, kNow);
  EXPECT_TRUE(sent().empty());
  EXPECT_EQ(counted(2, "pl_heartbeats_received"), 1000U);
}

TEST_F(ControllerCoreTest, AnFeThatIsUnknownIsForgottenWhenItLeaves) {
  core.on_control_up(9, 77, kNow);
  EXPECT_EQ(core.snapshot(kNow).fes.size(), 3U);
  core.on_control_down(9, 77, kNow);
  EXPECT_EQ(core.snapshot(kNow).fes.size(), 2U);
}

TEST_F(ControllerCoreTest, StopTellsEveryFe) {
  for (std::uint32_t fe : {2U, 3U}) {
    core.on_control_up(fe, fe, kNow);
    setup(fe, fe);
  }
  (void)sent();
  core.stop(kNow);
  const auto all = sent();
  ASSERT_EQ(all.size(), 2U);
  for (const Sent& s : all) {
    EXPECT_EQ(s.message.find<pl::AsTreason>()->reason, pl::TeardownReason::Normal);
  }
}

TEST_F(ControllerCoreTest, WhoHasStoppedGrantsNothing) {
  core.on_control_up(2, 77, kNow);
  setup(77, 2);
  core.stop(kNow);
  (void)sent();
  setup(77, 2, 10);  // an FE that comes back at once
  EXPECT_EQ(result_of(sent()), AssociationResult::PermissionDenied);
  EXPECT_FALSE(core.associated(2));
}

TEST_F(ControllerCoreTest, TheDeadlineIsTheEarliestOfAllFes) {
  core.on_control_up(2, 77, kNow);
  core.on_control_up(3, 78, kNow + 1s);
  EXPECT_EQ(core.next_deadline(), kNow + FeFsm::kSetupWait);
  core.on_timer(kNow + FeFsm::kSetupWait);
  EXPECT_EQ(core.next_deadline(), kNow + 1s + FeFsm::kSetupWait);
}

}  // namespace
}  // namespace forces::ce
