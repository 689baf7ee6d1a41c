// Policy at reference points, strangers, and peers that know no calls.
#include <gtest/gtest.h>

#include "tests/sim/call/network.hpp"

namespace forces::test {
namespace {

using rsvp::ErrorCode;
using rsvp::ErrorValue;
using Answer = calls::ConnectionVerdict::Answer;

// What the caller at N1 is told of a call to N6.
struct Asked : P2 {
  calls::Reason ask(calls::CreateCall request = {}, std::uint32_t from = kN1) {
    start_all();
    const auto handle = create(from, kN6, std::move(request));
    if (!handle) return handle.error();
    EXPECT_TRUE(run(10s));
    EXPECT_EQ(judge(), "");
    return last_reason(from);
  }
};
ErrorValue policy(std::uint16_t value) { return {ErrorCode::Policy, value}; }

TEST(CallT13, ACallerWhoIsNotInThePolicy) {
  Asked p;
  p.point(kN1, "uni").callers = {{v4(0xc0000200), 24}};
  const auto reason = p.ask({}, kU);
  EXPECT_EQ(reason.error, policy(100));
  EXPECT_EQ(reason.where, "10.1.0.1");
  EXPECT_EQ(reason.cause, "refused");
  EXPECT_EQ(p.held(), 0U);
}

TEST(CallT13, TheUsersAddressIsLookedAtWhereThereIsOne) {
  Asked p;
  p.point(kN1, "uni").callers = {{v4(0xc0000200), 24}};
  EXPECT_EQ(p.ask({.source_tna = v4(0xc0000207)}, kU).cause, "");
  EXPECT_EQ(p.held(), 5U);
}

TEST(CallT13, ACalleeWhoRefuses) {
  Asked p;
  p.node(kN6).config.policy.points.push_back(
      {.name = "user", .kind = calls::PointKind::Uni, .callers = {{v4(0xc0000200), 24}}});
  p.node(kN6).config.policy.points.back().callees = {{v4(0xc6336400), 24}};
  p.node(kN6).config.policy.routes.push_back({{v4(0xc6336400), 22}, std::nullopt, "user"});
  const calls::CreateCall to{.source_tna = v4(0xc0000201), .destination_tna = v4(0xc6336501)};
  EXPECT_EQ(p.ask(to).error, policy(101));
  EXPECT_EQ(p.held(), 0U);
}

TEST(CallT13, NoPathIsAcceptedForACallThatWasRefused) {  // X2
  Asked p;
  p.point(kN6, "d2-d3").callers = {{v4(0xc0000200), 24}};
  std::uint16_t number = 0;
  p.watch = [&](const CallNetwork::Packet& packet) {
    number = packet.message.find<rsvp::Session>()->call_id;
  };
  EXPECT_EQ(p.ask().error, policy(103)) << "of a domain border that is all that is said";
  const auto verdict = p.at(kN6).may_connect({.ends = {v4(kN1), v4(kN6)}, .call_id = number});
  EXPECT_EQ(verdict.answer, Answer::Wait);
  EXPECT_EQ(verdict.error, (ErrorValue{ErrorCode::CallManagement, 3}));
}

TEST(CallT13, WithoutIntegrityNobodyCallsWhereItIsAskedFor) {
  Asked p;
  p.point(kN4, "d2").authenticated = true;
  p.authenticated = false;
  EXPECT_EQ(p.ask().error, policy(100));
  EXPECT_EQ(p.held(), 0U);
}

TEST(CallT13, NorEndsACallOfOthers) {
  Asked p;
  p.point(kN4, "d2").authenticated = true;
  EXPECT_EQ(p.ask().cause, "");
  p.authenticated = false;
  p.inject(kN3, kN4,
           calls::compose({.what = calls::CallMessage::Release, .id = p.only(kN4)->id}, v4(kN3)));
  p.authenticated = true;
  EXPECT_TRUE(p.run(100s));
  EXPECT_EQ(p.judge(), "");
  EXPECT_EQ(p.count(kN4, CallState::Active), 1U);
}

TEST(CallT13, AStrangerIsRefused) {
  Asked p;
  p.start_all();
  std::vector<ErrorValue> errors;
  p.watch = [&](const CallNetwork::Packet& packet) {
    if (packet.to == v4(kU)) errors.push_back(packet.message.find<rsvp::ErrorSpec>()->error);
  };
  p.inject(kU, kN6,
           calls::compose({.id = {.name = "x", .number = 1, .ends = {v4(kU), v4(kN6)}}}, v4(kU)));
  EXPECT_TRUE(p.run(1s));
  EXPECT_EQ(errors, std::vector{policy(100)});
}

TEST(CallT14, AServiceLevelThatIsUnknownOrCannotBeHad) {  // E3
  for (const std::uint8_t level : {std::uint8_t{9}, std::uint8_t{8}}) {
    Asked p;
    p.node(kN6).config.policy.levels = {{.level = 1}, {.level = 8, .available = false}};
    EXPECT_EQ(p.ask({.service_level = level}).error, (ErrorValue{ErrorCode::RoutingProblem, 101}));
    EXPECT_EQ(p.held(), 0U);
  }
}

TEST(CallT14, AServiceLevelThatPolicyRefuses) {
  Asked p;
  p.point(kN4, "d2-d3").levels = {1, 2};
  EXPECT_EQ(p.ask({.service_level = 3}).error, policy(17));
}

TEST(CallT14, ItIsCarriedUnmodifiedOtherwise) {  // S2
  Asked p;
  EXPECT_EQ(p.ask({.destination_tna = v4(kN6), .service_level = 3}).cause, "");
  const auto& uni = p.only(kN6)->carried.uni;
  ASSERT_TRUE(uni);
  EXPECT_EQ(p.only(kN6)->carried.service_level(), 3);
  EXPECT_EQ(*uni, *p.only(kN1)->carried.uni);
}

TEST(CallPolicy, AQuotaIsOfCallsThatThereAre) {  // 2/4
  Asked p;
  p.point(kN4, "d2").calls_of_caller = 2;
  EXPECT_EQ(p.ask().cause, "");
  const auto second = p.create(kN1, kN6).value();
  EXPECT_TRUE(p.run(1s));
  (void)p.create(kN1, kN6).value();
  EXPECT_TRUE(p.run(1s));
  EXPECT_EQ(p.last_reason(kN1).error, policy(4));
  EXPECT_FALSE(p.remove(kN1, second));
  EXPECT_TRUE(p.run(1s));
  (void)p.create(kN1, kN6).value();
  EXPECT_TRUE(p.run(1s));
  EXPECT_EQ(p.last_reason(kN1).cause, "");
  EXPECT_EQ(p.at(kN6).list().size(), 2U);
}

TEST(CallPolicy, ConnectionsOfACallAreAskedForAtBothReferencePoints) {  // SG3
  Asked p;
  auto& border = p.point(kN4, "d2-d3");
  border.signals = {6};
  border.max_signals = 4;
  border.protection = 0x10;
  border.connections_of_call = 1;
  border.hide_route = true;
  EXPECT_EQ(p.ask().cause, "");
  const calls::CallId& id = p.only(kN4)->id;
  const auto may = [&](calls::ConnectionRequest request, std::uint32_t n = kN4) {
    return p.at(n).may_connect({.ends = id.ends, .call_id = id.number, .request = request});
  };
  EXPECT_EQ(may({.signal = 6, .signals = 4, .lsp_flags = 0x10}).answer, Answer::Yes);
  EXPECT_TRUE(may({}).hide_route);
  EXPECT_FALSE(may({}, kN3).hide_route);
  EXPECT_EQ(may({.signal = 11}).error, policy(103));
  EXPECT_EQ(may({.signal = 11}).answer, Answer::No);
  EXPECT_EQ(may({.signal = 6, .signals = 5}).error, policy(103));
  EXPECT_EQ(may({.lsp_flags = 0x08}).error, policy(103));
  EXPECT_EQ(may({.signal = 11}, kN3).answer, Answer::Yes);
  const signaling::LspKey first{
      .end_point = {kN6}, .extended_tunnel_id = kN1, .sender = {kN1}, .tunnel_id = 9, .lsp_id = 1};
  auto second = first, other = first;
  second.lsp_id = 2;
  other.tunnel_id = 10;
  const auto one_more = [&](const signaling::LspKey& key, bool shared) {
    return p.at(kN4).may_connect({.key = key,
                                  .promise = true,
                                  .shared = shared,
                                  .ends = id.ends,
                                  .call_id = id.number,
                                  .request = {}});
  };
  const auto is_there = [&](const signaling::LspKey& key) {
    (void)p.at(kN4).on_connection({.ends = id.ends, .call_id = id.number}, {.key = key},
                                  p.world.now());
  };
  is_there(first);
  EXPECT_EQ(one_more(other, true).error, policy(4));
  EXPECT_EQ(may({}).answer, Answer::Yes) << "what only passes is counted elsewhere";
  EXPECT_EQ(one_more(second, false).error, policy(4)) << "it has labels of its own";
  EXPECT_EQ(one_more(second, true).answer, Answer::Yes) << "another way of the one that is there";
  is_there(second);
  auto third = first;
  third.lsp_id = 3;
  EXPECT_EQ(one_more(third, true).error, policy(4)) << "it takes the place of one, not of both";
}

TEST(CallPolicy, ConnectionsThatAskAtOnceAreNotBothPromisedTheLastPlace) {  // SG3
  Asked p;
  p.point(kN4, "d2-d3").call_bandwidth = 400'000;
  EXPECT_EQ(p.ask().cause, "");
  const calls::CallId& id = p.only(kN4)->id;
  constexpr double kVc4 = 150.336e6 / 8;
  const auto key = [](std::uint16_t tunnel) {
    return signaling::LspKey{.end_point = {kN6},
                             .extended_tunnel_id = kN1,
                             .sender = {kN1},
                             .tunnel_id = tunnel,
                             .lsp_id = 1};
  };
  const auto may = [&](std::uint16_t tunnel) {
    return p.at(kN4).may_connect({.key = key(tunnel),
                                  .promise = true,
                                  .ends = id.ends,
                                  .call_id = id.number,
                                  .request = {.bandwidth = kVc4}});
  };
  const auto is = [&](std::uint16_t tunnel, calls::ConnectionState state) {
    (void)p.at(kN4).on_connection({.ends = id.ends, .call_id = id.number},
                                  {.key = key(tunnel), .state = state, .bandwidth = kVc4},
                                  p.world.now());
  };
  EXPECT_EQ(may(1).answer, Answer::Yes);
  EXPECT_EQ(may(1).answer, Answer::Yes) << "who asks again is one";
  EXPECT_EQ(may(2).answer, Answer::Yes);
  EXPECT_EQ(may(3).error, policy(4));
  is(1, calls::ConnectionState::Up);
  EXPECT_EQ(may(3).error, policy(4)) << "it was promised, and is there";
  is(2, calls::ConnectionState::Gone);
  EXPECT_EQ(may(3).answer, Answer::Yes) << "it did not come";
}

TEST(CallT17, APeerThatIgnoresNotifiesEndsInBoundedTime) {  // B5, RFC 4974 section 8.1
  Asked p;
  p.node(kN3).legacy = true;
  p.start_all();
  (void)p.create(kN1, kN6).value();
  EXPECT_TRUE(p.run(5s));
  EXPECT_EQ(p.last_reason(kN1).cause, "no_acknowledgement");
  EXPECT_LE(p.node(kN1).sent, 4U);
  EXPECT_TRUE(p.run(1000s));
  EXPECT_LE(p.node(kN1).sent, 10U) << "the rest are releases, one in a refresh period";
  EXPECT_EQ(p.held(), 0U);
}

TEST(CallT17, APeerThatAcknowledgesAndForgetsEndsInBoundedTime) {
  Asked p;
  p.node(kN3).mute = true;
  p.start_all();
  (void)p.create(kN1, kN6).value();
  EXPECT_TRUE(p.run(15s));
  EXPECT_EQ(p.last_reason(kN1).cause, "no_answer");
  EXPECT_TRUE(p.run(1000s));
  EXPECT_LE(p.node(kN1).sent, 3U + 3U + 5U);
  EXPECT_EQ(p.held(), 0U);
}

TEST(CallT17, APeerThatSaysItKnowsNoCallsIsBelieved) {
  for (const std::uint16_t value : {std::uint16_t{0xcf07}, std::uint16_t{0x010f}}) {
    Asked p;
    p.start_all();
    p.lose = [&](const CallNetwork::Packet& packet) {
      if (packet.to != v4(kN3)) return false;
      rsvp::Message m = packet.message;
      const auto code = value == 0x010f ? ErrorCode::UnknownCType : ErrorCode::UnknownClass;
      *m.find<rsvp::ErrorSpec>() = {.node = v4(kN3), .error = {code, value}};
      m.find<rsvp::AdminStatus>()->bits = 8;
      p.world.after(1ms, [&p, m] { p.inject(kN3, kN1, m); });
      return true;
    };
    (void)p.create(kN1, kN6).value();
    EXPECT_TRUE(p.run(1s));
    EXPECT_EQ(p.last_reason(kN1).cause, "not_supported");
    EXPECT_EQ(p.last_reason(kN1).error.value, value);
    EXPECT_EQ(p.held(), 0U);
  }
}

TEST(CallT17, WhatWeDoNotKnowWeRejectByItsNumber) {  // RFC 4974 section 6.2.2: 13 and 14
  P2 p;
  p.start_all();
  std::vector<ErrorValue> errors;
  p.watch = [&](const CallNetwork::Packet& packet) {
    if (packet.to == v4(kN1)) errors.push_back(packet.message.find<rsvp::ErrorSpec>()->error);
  };
  const calls::CallNotify n{.id = {.name = "x", .number = 1, .ends = {v4(kN1), v4(kN6)}}};
  rsvp::Message m = calls::compose(n, v4(kN1));
  m.objects.emplace_back(rsvp::UnknownObject{100, 1, {}});
  p.inject(kN1, kN3, m);
  m.objects.back() = rsvp::UnknownObject{207, 9, {}};
  p.inject(kN1, kN3, m);
  m = calls::compose(n, v4(kN1));
  m.find<rsvp::Session>()->kind = rsvp::Session::Kind::EnniIpv4;  // D14
  p.inject(kN1, kN3, m);
  EXPECT_TRUE(p.run(1s));
  EXPECT_EQ(errors, std::vector({ErrorValue{ErrorCode::UnknownClass, 0x6401},
                                 ErrorValue{ErrorCode::UnknownCType, 0xcf09},
                                 ErrorValue{ErrorCode::UnknownCType, 0x010f}}));
  EXPECT_EQ(p.held(), 0U);
}

}  // namespace
}  // namespace forces::test
