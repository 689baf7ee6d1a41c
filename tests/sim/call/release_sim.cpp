// Calls end: from either end, against each other, unanswered; and are changed while they stand.
#include <gtest/gtest.h>

#include "tests/sim/call/network.hpp"

namespace forces::test {
namespace {

using calls::Side;
using rsvp::ErrorCode;
using rsvp::ErrorValue;

struct Standing : P2 {
  CallHandle handle = 0;
  explicit Standing(calls::CreateCall request = {.service_level = 1}) {
    start_all();
    handle = create(kN1, kN6, std::move(request)).value();
    EXPECT_TRUE(run(1s));
    EXPECT_EQ(judge(), "");
  }
  void connect(std::uint32_t n, calls::ConnectionState state) {
    const calls::Call& call = *only(n);
    EXPECT_TRUE(at(n).on_connection(
        {.ends = call.id.ends, .call_id = call.id.number},
        {.key = {.end_point = {kN6}, .sender = {kN1}, .lsp_id = 1}, .state = state}, world.now()));
    pump(n);
  }
};

TEST(CallRelease, FromTheEgressAsWell) {  // RFC 4974 section 6.6.5
  Standing p;
  EXPECT_FALSE(p.remove(kN6, p.only(kN6)->handle));
  EXPECT_TRUE(p.run(1s));
  EXPECT_EQ(p.held(), 0U);
  EXPECT_EQ(p.last_reason(kN1).cause, "") << "nothing failed";
}

TEST(CallRelease, BothEndsAtOnce) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Standing p;
    p.jitter = 40ms;
    EXPECT_FALSE(p.remove(kN6, p.only(kN6)->handle));
    EXPECT_TRUE(p.run(Duration(p.world.pick(60'000'000))));
    if (p.only(kN1) != nullptr) {
      EXPECT_FALSE(p.remove(kN1, p.handle));
    }
    EXPECT_TRUE(p.run(2s));
    EXPECT_EQ(p.held(), 0U);
  }
}

TEST(CallRelease, WithConnectionsAtTheOtherEndIsRefusedAndNothingChanges) {  // T4: 32/2
  Standing p;
  p.connect(kN6, calls::ConnectionState::Up);
  EXPECT_FALSE(p.remove(kN1, p.handle));
  EXPECT_EQ(p.only(kN1)->state(), CallState::ReleaseSent);
  EXPECT_TRUE(p.run(1s));
  EXPECT_EQ(p.judge(), "");
  EXPECT_EQ(p.only(kN1)->state(), CallState::Active);
  EXPECT_EQ(p.last_reason(kN1).error, (ErrorValue{ErrorCode::CallManagement, 2}));
  EXPECT_EQ(p.last_reason(kN1).where, "10.3.0.6");
  p.connect(kN6, calls::ConnectionState::Gone);
  EXPECT_FALSE(p.remove(kN1, p.handle));
  EXPECT_TRUE(p.run(1s));
  EXPECT_EQ(p.held(), 0U);
}

TEST(CallRelease, WithConnectionsInTheMiddleToo) {
  Standing p;
  p.connect(kN4, calls::ConnectionState::Starting);
  EXPECT_FALSE(p.remove(kN1, p.handle));
  EXPECT_TRUE(p.run(1s));
  EXPECT_EQ(p.judge(), "");
  EXPECT_EQ(p.last_reason(kN1).where, "10.2.0.4");
}

TEST(CallRelease, OfAnUnknownCallIsAffirmed) {  // RFC 4974 section 6.6.5
  P2 p;
  p.start_all();
  std::vector<std::uint32_t> bits;
  p.watch = [&](const CallNetwork::Packet& packet) {
    if (packet.to == v4(kN1)) bits.push_back(packet.message.find<rsvp::AdminStatus>()->bits);
  };
  p.inject(kN1, kN3,
           calls::compose({.what = calls::CallMessage::Release,
                           .id = {.name = "never", .number = 3, .ends = {v4(kN1), v4(kN6)}}},
                          v4(kN1)));
  EXPECT_TRUE(p.run(1s));
  EXPECT_EQ(bits, std::vector<std::uint32_t>{0x09});
}

TEST(CallRelease, ByWhoIsNoPartOfTheCallIsRefused) {  // X2
  Standing p;
  std::vector<ErrorValue> errors;
  p.watch = [&](const CallNetwork::Packet& packet) {
    if (packet.to == v4(kU)) errors.push_back(packet.message.find<rsvp::ErrorSpec>()->error);
  };
  p.inject(kU, kN4,
           calls::compose({.what = calls::CallMessage::Release, .id = p.only(kN4)->id}, v4(kU)));
  EXPECT_TRUE(p.run(1s));
  EXPECT_EQ(errors, std::vector({ErrorValue{ErrorCode::Policy, 100}}));
  EXPECT_EQ(p.judge(), "");
}

TEST(CallRelease, AnAnswerNobodyAskedForEndsNothing) {
  Standing p;
  p.inject(kN6, kN4,
           calls::compose({.what = calls::CallMessage::Released, .id = p.only(kN4)->id}, v4(kN6)));
  EXPECT_TRUE(p.run(100s));
  EXPECT_EQ(p.judge(), "");
  EXPECT_EQ(p.count(kN1, CallState::Active), 1U);
}

TEST(CallRelease, OfAPendingCallIsDoneDownstreamAsWell) {
  P2 p;
  p.node(kN6).mute = true;
  p.start_all();
  const auto handle = p.create(kN1, kN6).value();
  EXPECT_TRUE(p.run(2s));
  EXPECT_FALSE(p.remove(kN1, handle));
  EXPECT_TRUE(p.run(1s));
  EXPECT_TRUE(p.at(kN1).list().empty());
  p.node(kN6).mute = false;
  EXPECT_TRUE(p.run(100s));
  EXPECT_EQ(p.held(), 0U);
}

TEST(CallRelease, UnansweredFreesTheIdentifiersOnlyLater) {  // RFC 4974 section 6.6.3
  Standing p({.name = "busy"});
  p.node(kN3).cut = true;
  EXPECT_FALSE(p.remove(kN1, p.handle));
  EXPECT_TRUE(p.run(20s));
  EXPECT_EQ(p.node(kN1).changes.back().state, CallState::Null) << "deleted, says N1";
  EXPECT_EQ(p.last_reason(kN1).cause, "unconfirmed");
  EXPECT_EQ(p.create(kN1, kN6, {.name = "busy"}).error().cause, "duplicate");
  EXPECT_TRUE(p.run(5 * 60s + 20s));
  EXPECT_TRUE(p.at(kN1).list().empty());
}

TEST(CallRelease, WhatNobodyConfirmsIsDeletedForTheOperator) {  // RFC 4974 section 6.6.3
  Standing p({.name = "busy"});
  p.node(kN3).cut = true;
  EXPECT_FALSE(p.remove(kN1, p.handle));
  EXPECT_TRUE(p.run(10s));
  EXPECT_EQ(p.count(kN1, CallState::ReleaseSent), 1U) << "the last try";
  EXPECT_TRUE(p.run(10s));
  EXPECT_TRUE(p.at(kN1).list().empty());
  EXPECT_TRUE(p.at(kN1).list(0, 9).empty()) << "the same in pages";
  EXPECT_EQ(p.at(kN1).size(), 0U);
  EXPECT_EQ(p.at(kN1).held(), 1U) << "its identifiers";
  p.crash(kN1);
  p.start(kN1);
  EXPECT_TRUE(p.at(kN1).list().empty()) << "also after a restart";
  EXPECT_EQ(p.create(kN1, kN6, {.name = "busy"}).error().cause, "duplicate");
}

// RFC 4974 section 6.6.4: at the other end the call stays as it was. Here it was said to be gone.
TEST(CallRelease, WhatWasSaidToBeGoneIsAskedForUntilItsConnectionsHaveEndedAndDoesNotComeBack) {
  Standing p({.name = "busy"});
  p.node(kN3).cut = true;
  EXPECT_FALSE(p.remove(kN1, p.handle));
  EXPECT_TRUE(p.run(20s));
  p.connect(kN6, calls::ConnectionState::Up);
  p.node(kN3).cut = false;
  p.node(kN1).changes.clear();
  EXPECT_TRUE(p.run(1000s));
  EXPECT_TRUE(p.node(kN1).changes.empty());
  EXPECT_TRUE(p.at(kN1).list().empty());
  EXPECT_EQ(p.count(kN6, CallState::Active), 1U);
  EXPECT_EQ(p.node(kN1).alarms.size(), 2U) << "unconfirmed, then refused";
  EXPECT_EQ(p.create(kN1, kN6, {.name = "busy"}).error().cause, "duplicate");
  p.connect(kN6, calls::ConnectionState::Gone);
  EXPECT_TRUE(p.run(70s));
  EXPECT_EQ(p.held(), 0U);
}

TEST(CallRelease, WhoComesBackAfterAnUnansweredReleaseKeepsNoHalfCall) {
  Standing p;
  p.node(kN3).cut = true;
  EXPECT_FALSE(p.remove(kN1, p.handle));
  EXPECT_TRUE(p.run(100s));
  EXPECT_EQ(p.count(kN6, CallState::Active), 1U);
  p.node(kN3).cut = false;
  EXPECT_TRUE(p.run(70s));
  EXPECT_EQ(p.held(), 0U);
}

TEST(CallRelease, EvenWhenTheIdentifiersAreFreeAgain) {
  Standing p;
  p.node(kN3).cut = true;
  EXPECT_FALSE(p.remove(kN1, p.handle));
  EXPECT_TRUE(p.run(1000s));
  EXPECT_EQ(p.count(kN6, CallState::Active), 1U);
  p.node(kN3).cut = false;
  EXPECT_TRUE(p.run(100s));
  EXPECT_EQ(p.held(), 0U) << "N1 knows no such call, and says so";
}

TEST(CallRelease, AtAControllerInTheMiddleIsLeftToTheEnds) {
  Standing p;
  EXPECT_EQ(p.remove(kN3, p.only(kN3)->handle)->cause, "not_an_end");
  EXPECT_EQ(p.remove(kN3, 1)->cause, "unknown_call");
}

TEST(CallRelease, TheOperatorMayForgetWhatWillNeverAnswer) {
  Standing p;
  p.node(kN3).cut = true;
  EXPECT_FALSE(p.at(kN1).forget(p.handle, p.world.now()));
  p.pump(kN1);
  EXPECT_TRUE(p.run(1s));
  EXPECT_TRUE(p.at(kN1).list().empty());
  EXPECT_EQ(p.node(kN1).journal.size(), 1U) << "that it is whole";
}

TEST(CallModify, TheServiceLevelChangesAtAllControllersOrAtNone) {
  Standing p;
  p.point(kN6, "d2-d3").levels = {1, 2};
  p.crash(kN6);
  p.start(kN6);
  EXPECT_TRUE(p.run(10s));
  const auto change = [&](std::uint8_t level) {
    const auto no = p.at(kN1).modify(p.handle, {.service_level = level}, p.world.now());
    p.pump(kN1);
    EXPECT_TRUE(p.run(1s));
    return no;
  };
  EXPECT_FALSE(change(2));
  for (const std::uint32_t n : {kN1, kN3, kN4, kN6}) {
    EXPECT_EQ(p.only(n)->carried.service_level(), 2);
  }
  EXPECT_FALSE(change(3));
  for (const std::uint32_t n : {kN1, kN3, kN4, kN6}) {
    EXPECT_EQ(p.only(n)->carried.service_level(), 2);
  }
  EXPECT_EQ(p.last_reason(kN1).error, (ErrorValue{ErrorCode::Policy, 17}));
  EXPECT_EQ(p.last_reason(kN1).where, "10.3.0.6");
  EXPECT_TRUE(p.run(200s));
  EXPECT_EQ(p.judge(), "");
}

TEST(CallModify, AChangeThatIsNotAnsweredIsDroppedAndTheCallStays) {
  Standing p;
  p.node(kN6).cut = true;
  EXPECT_FALSE(p.at(kN1).modify(p.handle, {.service_level = 2}, p.world.now()));
  p.pump(kN1);
  EXPECT_EQ(p.at(kN1).modify(p.handle, {.service_level = 3}, p.world.now())->cause, "busy");
  EXPECT_TRUE(p.run(30s));
  EXPECT_EQ(p.only(kN1)->carried.service_level(), 1);
  EXPECT_FALSE(p.only(kN1)->change);
  p.node(kN6).cut = false;
  EXPECT_TRUE(p.run(100s));
  EXPECT_EQ(p.judge(), "");
}

TEST(CallModify, CapabilitiesAreAddedAndRemovedAndTheOtherEndLearns) {
  Standing p;
  const rsvp::Subobject one{.hop = rsvp::UnnumberedHop{.router_id = kN1, .interface_id = 1}};
  const rsvp::Subobject two{.hop = rsvp::UnnumberedHop{.router_id = kN1, .interface_id = 2}};
  const rsvp::Subobject width{.hop = rsvp::BandwidthHop{rsvp::Ieee32::of(1e9F)}};
  const auto modify = [&](calls::ModifyCall change) {
    EXPECT_FALSE(p.at(kN1).modify(p.handle, change, p.world.now()));
    p.pump(kN1);
    EXPECT_TRUE(p.run(1s));
  };
  modify({.add_capability = {one, width, two}});
  EXPECT_EQ(p.only(kN6)->up->capability, (rsvp::LinkCapability{{one, width, two}}));
  modify({.remove_capability = {one}});
  EXPECT_EQ(p.only(kN6)->up->capability, (rsvp::LinkCapability{{two}}));
  modify({.remove_capability = {two}});
  EXPECT_FALSE(p.only(kN6)->up->capability);
  EXPECT_EQ(p.judge(), "");
  EXPECT_EQ(p.at(kN1).modify(p.handle, {.add_capability = {width}}, p.world.now())->cause,
            "invalid");
}

TEST(CallModify, OnlyTheCallerChangesTheServiceLevel) {
  Standing p;
  const auto modify = [&](std::uint32_t n) {
    return p.at(n).modify(p.only(n)->handle, {.service_level = 2}, p.world.now())->cause;
  };
  EXPECT_EQ(modify(kN6), "not_the_caller");
  EXPECT_EQ(modify(kN3), "not_an_end");
}

TEST(CallRefresh, EveryLegHasOneExchangeAPeriod) {  // RFC 4974 section 6.7
  Standing p;
  std::size_t requests = 0, answers = 0;
  p.watch = [&](const CallNetwork::Packet& packet) {
    const bool request = (packet.message.find<rsvp::AdminStatus>()->bits & 0x80000000) != 0;
    ++(request ? requests : answers);
  };
  EXPECT_TRUE(p.run(600s));
  EXPECT_EQ(requests, answers);
  EXPECT_GE(requests, 3 * 9U);
  EXPECT_LE(requests, 3 * 15U) << "who is asked need not ask";
}

}  // namespace
}  // namespace forces::test
