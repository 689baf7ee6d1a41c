// Calls are set up: identities, segments, users, races. Tests are named after rows of RFC 4139's
// list and scenarios (ason.md 1 and 7).
#include <gtest/gtest.h>

#include "tests/sim/call/network.hpp"

namespace forces::test {
namespace {

using calls::Side;
using rsvp::ErrorCode;
using rsvp::ErrorValue;

constexpr std::uint32_t kR = rsvp::admin_status::kReflect, kD = rsvp::admin_status::kDelete,
                        kC = rsvp::admin_status::kCall;

std::uint32_t bits(const rsvp::Message& m) { return m.find<rsvp::AdminStatus>()->bits; }
ErrorValue error(const rsvp::Message& m) { return m.find<rsvp::ErrorSpec>()->error; }

// A call from N1 to N6 that is up everywhere.
struct Up : P2 {
  CallHandle handle = 0;
  explicit Up(calls::CreateCall request = {}) {
    start_all();
    handle = create(kN1, kN6, std::move(request)).value();
    EXPECT_TRUE(run(1s));
    EXPECT_EQ(judge(), "");
  }
  const calls::Call& call(std::uint32_t node_address) { return *only(node_address); }
};

calls::ConnectionAsk ask_of(const calls::Call& call) {
  return {.ends = call.id.ends, .call_id = call.id.number};
}
calls::Connection lsp(std::uint16_t tunnel, calls::ConnectionState state,
                      calls::ConnectionRole role = calls::ConnectionRole::Working) {
  return {.key = {.end_point = {kN6}, .sender = {kN1}, .tunnel_id = tunnel, .lsp_id = 1},
          .role = role,
          .state = state};
}

TEST(CallT4, ACallHasZeroOneOrManyConnectionsAndOutlivesThem) {  // C1, C2, C3, C9
  Up p;
  const auto here = [&](std::uint16_t tunnel, calls::ConnectionState state,
                        calls::ConnectionRole role = calls::ConnectionRole::Working) {
    for (const std::uint32_t n : {kN1, kN6}) {
      EXPECT_TRUE(
          p.at(n).on_connection(ask_of(p.call(n)), lsp(tunnel, state, role), p.world.now()));
      p.pump(n);
    }
  };
  EXPECT_EQ(p.call(kN6).connections.size(), 0U);
  here(1, calls::ConnectionState::Up);
  here(2, calls::ConnectionState::Up, calls::ConnectionRole::Recovery);
  EXPECT_EQ(p.call(kN6).connections.size(), 2U);
  EXPECT_EQ(p.call(kN6).connections[1].role, calls::ConnectionRole::Recovery);
  const auto refused = p.remove(kN1, p.handle);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->cause, "connections_exist");
  EXPECT_EQ(refused->error, (ErrorValue{ErrorCode::CallManagement, 2}));
  here(2, calls::ConnectionState::Gone);
  here(1, calls::ConnectionState::Gone);
  EXPECT_TRUE(p.run(300s));
  EXPECT_EQ(p.judge(), "");
  EXPECT_EQ(p.call(kN1).state(), CallState::Active) << "the last LSP is no reason to end the call";
  EXPECT_FALSE(p.remove(kN1, p.handle));
  EXPECT_TRUE(p.run(1s));
  EXPECT_EQ(p.held(), 0U);
}

TEST(CallT4, TheBitsOfAdminStatusSayWhatANotifyIs) {
  P2 p;
  p.start_all();
  std::vector<std::uint32_t> seen;
  p.watch = [&](const CallNetwork::Packet& packet) {
    if (packet.from == v4(kN1) || packet.to == v4(kN1)) seen.push_back(bits(packet.message));
  };
  const auto handle = p.create(kN1, kN6).value();
  EXPECT_TRUE(p.run(1s));
  EXPECT_FALSE(p.remove(kN1, handle));
  EXPECT_TRUE(p.run(1s));
  EXPECT_EQ(seen, (std::vector<std::uint32_t>{kR | kC, kC, kR | kD | kC, kD | kC}));
}

TEST(CallC4, CapabilitiesAreExchangedFromEndToEnd) {
  P2 p;
  const auto link = [](std::uint32_t node, std::uint32_t interface) {
    rsvp::Route route{{.hop = rsvp::UnnumberedHop{.router_id = node, .interface_id = interface}}};
    return rsvp::LinkCapability{.route = std::move(route)};
  };
  p.node(kN1).config.capability = link(kN1, 21);
  p.node(kN6).config.capability = link(kN6, 7);
  p.node(kN4).config.capability = link(kN4, 1);
  p.start_all();
  (void)p.create(kN1, kN6).value();
  EXPECT_TRUE(p.run(1s));
  EXPECT_EQ(p.only(kN6)->up->capability, link(kN1, 21));
  EXPECT_EQ(p.only(kN1)->down->capability, link(kN6, 7));
}

TEST(CallC4, AReferencePointMayKeepThemFromTheOtherSide) {  // SG3
  P2 p;
  const rsvp::LinkCapability inside{{{.hop = rsvp::UnnumberedHop{.router_id = kN1}}}};
  const rsvp::LinkCapability border{{{.hop = rsvp::UnnumberedHop{.router_id = kN4}}}};
  p.node(kN1).config.capability = inside;
  p.node(kN4).config.capability = border;
  p.point(kN4, "d2-d3").pass_capability = false;
  p.start_all();
  (void)p.create(kN1, kN6).value();
  EXPECT_TRUE(p.run(1s));
  EXPECT_EQ(p.only(kN4)->up->capability, inside);
  EXPECT_EQ(p.only(kN6)->up->capability, border);
}

TEST(CallC5, OurNamesAreGloballyUnique) {
  Up p;
  const std::string& name = p.call(kN6).id.name;
  EXPECT_EQ(name.substr(0, 24), "XXX-CARRIER-APC/10.1.0.1");
  EXPECT_EQ(name.size(), 24U + 17U);
}

TEST(CallC6, AnyOctetsAreAName) {
  std::string name(255, '\xfe');
  name[3] = '\0';
  Up p({.name = name});
  EXPECT_EQ(p.call(kN6).id.name, name);
}

TEST(CallC7, ControllersNeedNoConnectionThroughThem) {  // and C8: it comes before any Path
  P2 p;
  const std::byte who[]{std::byte{'m'}, std::byte{'e'}};
  const rsvp::PolicyData credentials{.elements = {{2, {who, who + 2}}}};
  p.start_all();
  (void)p.create(kN1, kN6, {.source_tna = v4(0xc0000201), .policy = {credentials}}).value();
  EXPECT_TRUE(p.run(1s));
  const calls::Call& called = *p.only(kN6);
  EXPECT_EQ(called.id.ends, (calls::Ends{v4(kN1), v4(kN6)}));
  EXPECT_EQ(called.carried.policy, std::vector{credentials});
  EXPECT_EQ(called.carried.tna(rsvp::UniSubobject::kSourceTna), v4(0xc0000201));
  EXPECT_TRUE(called.connections.empty());
}

TEST(CallT5, SegmentsHaveTheirOwnNumbersOfConnections) {  // SG1, SG2, SG4
  P2 p;
  using enum calls::Realisation;
  p.point(kN3, "d2").plan = {Stitched, 2, 1};
  p.point(kN4, "d2").plan = {Stitched, 2, 1};
  p.start_all();
  std::vector<std::pair<calls::Address, calls::Address>> packets;
  p.watch = [&](const CallNetwork::Packet& packet) {
    packets.emplace_back(packet.from, packet.to);
    EXPECT_EQ(packet.message.find<rsvp::Session>()->end_point, v4(kN6));
    EXPECT_EQ(packet.message.find<rsvp::SenderTemplate>()->sender, v4(kN1));
  };
  (void)p.create(kN1, kN6).value();
  EXPECT_TRUE(p.run(1s));
  EXPECT_EQ(p.judge(), "");
  const auto pair = [](std::uint32_t a, std::uint32_t b) { return std::pair(v4(a), v4(b)); };
  EXPECT_EQ(packets, (std::vector{pair(kN1, kN3), pair(kN3, kN4), pair(kN4, kN6), pair(kN6, kN4),
                                  pair(kN4, kN3), pair(kN3, kN1)}))
      << "each controller ends a Notify and begins another; upstream is answered last";
  EXPECT_EQ(p.only(kN1)->down->plan, (calls::SegmentPlan{Contiguous, 1, 0}));
  EXPECT_EQ(p.only(kN3)->down->plan, (calls::SegmentPlan{Stitched, 2, 1}));
  EXPECT_EQ(p.only(kN4)->up->plan, (calls::SegmentPlan{Stitched, 2, 1}));
  EXPECT_EQ(p.only(kN6)->up->plan, (calls::SegmentPlan{Contiguous, 1, 0}));

  // An LSP of the middle segment alone names the call by its long name.
  const auto id = p.at(kN3).segment_id(p.only(kN3)->handle, Side::Down);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->ends, (calls::Ends{v4(kN3), v4(kN4)}));
  const auto verdict =
      p.at(kN4).may_connect({.ends = id->ends, .call_id = id->number, .name = id->name});
  EXPECT_EQ(verdict.answer, calls::ConnectionVerdict::Answer::Yes);
  EXPECT_EQ(verdict.call, p.only(kN4)->handle);
  EXPECT_FALSE(p.at(kN1).segment_id(p.only(kN1)->handle, Side::Down)) << "contiguous";
}

TEST(CallT5, ARefusalDownstreamLeavesNoHalfCall) {
  P2 p;
  p.point(kN4, "d2-d3").callees = {{v4(0x0a0300ff), 32}};
  p.start_all();
  (void)p.create(kN1, kN6).value();
  EXPECT_TRUE(p.run(2 * 5s));  // two timers
  EXPECT_EQ(p.last_reason(kN1).error, (ErrorValue{ErrorCode::Policy, 103}));
  EXPECT_EQ(p.last_reason(kN1).where, "10.2.0.4");
  EXPECT_EQ(p.held(), 0U);
}

TEST(CallT5, ASilentControllerDownstreamLeavesNoHalfCall) {
  P2 p;
  p.node(kN6).mute = true;
  p.start_all();
  (void)p.create(kN1, kN6).value();
  EXPECT_TRUE(p.run(20s));
  EXPECT_EQ(p.last_reason(kN1).error, (ErrorValue{ErrorCode::RoutingProblem, 5}));
  EXPECT_EQ(p.count(kN3, CallState::Active) + p.count(kN4, CallState::Active), 0U);
  p.node(kN6).mute = false;
  EXPECT_TRUE(p.run(120s));
  EXPECT_EQ(p.held(), 0U);
}

TEST(CallT5, AnAnswerThatIsLostLeavesNoHalfCall) {
  P2 p;
  p.lose = [](const CallNetwork::Packet& packet) {  // what N6 says
    return packet.from == v4(kN6) && packet.to == v4(kN4);
  };
  p.start_all();
  (void)p.create(kN1, kN6).value();
  EXPECT_TRUE(p.run(30s));
  EXPECT_FALSE(p.last_reason(kN1).cause.empty());
  EXPECT_EQ(p.count(kN6, CallState::Active), 0U) << "N4 has torn down what it gave up";
  p.lose = nullptr;
  EXPECT_TRUE(p.run(400s));
  EXPECT_EQ(p.held(), 0U);
}

TEST(CallT15, TheSameNameAndEndsIsADuplicate) {
  Up p({.name = "one"});
  EXPECT_EQ(p.create(kN1, kN6, {.name = "one"}).error().error,
            (ErrorValue{ErrorCode::CallManagement, 4}));
  // From the other end, which knows it as well, and from one that has forgotten it.
  EXPECT_EQ(p.create(kN6, kN1, {.name = "one"}).error().cause, "duplicate");
  calls::CallNotify n{.id = p.call(kN4).id};
  ++n.id.number;
  std::vector<ErrorValue> errors;
  p.watch = [&](const CallNetwork::Packet& packet) {
    if (packet.from == v4(kN4)) errors.push_back(error(packet.message));
  };
  p.inject(kN3, kN4, calls::compose(n, v4(kN3)));
  EXPECT_TRUE(p.run(1s));
  EXPECT_EQ(errors, std::vector({ErrorValue{ErrorCode::CallManagement, 4}}));
  EXPECT_EQ(p.judge(), "");
}

TEST(CallT15, OfTwoCallsWithOneNumberTheGreaterEndGivesAnother) {  // RFC 4974 section 6.5
  // Both ends ask at once, with the same number: what each makes of the other's request.
  for (const auto& [end, far, next] : {std::tuple(kN1, kN6, kN3), std::tuple(kN6, kN1, kN4)}) {
    P2 p;
    p.start_all();
    (void)p.create(end, far, {.name = "ours"}).value();
    const std::uint16_t number = p.only(end)->id.number;
    std::vector<ErrorValue> errors;
    p.watch = [&, end = end](const CallNetwork::Packet& packet) {
      const bool theirs = packet.message.find<rsvp::SessionAttribute>()->name == "theirs";
      if (packet.from == v4(end) && theirs) errors.push_back(error(packet.message));
    };
    const calls::CallId id{.name = "theirs", .number = number, .ends = {v4(far), v4(end)}};
    p.inject(next, end, calls::compose({.id = id}, v4(next)));
    const bool smaller = end == kN1;
    EXPECT_EQ(p.named(end, "theirs") != nullptr, smaller);
    EXPECT_TRUE(p.run(10ms));
    const ErrorValue contention{ErrorCode::CallManagement, 1};
    EXPECT_EQ(errors, std::vector{smaller ? ErrorValue{} : contention});
  }
}

TEST(CallT15, ANumberInUseIsAnsweredAndTheNextOneWorks) {
  P2 p;
  p.start_all();
  bool once = true;
  p.lose = [&](const CallNetwork::Packet& packet) {
    if (packet.to != v4(kN3) || !once) return false;
    once = false;
    // N3 has a call of N6 with this number in the making: it answers with contention.
    calls::CallNotify n{.what = calls::CallMessage::Error,
                        .id = p.only(kN1)->id,
                        .error = {.node = v4(kN6), .error = {ErrorCode::CallManagement, 1}}};
    p.world.after(1ms, [&p, n] { p.inject(kN3, kN1, calls::compose(n, v4(kN3))); });
    return true;
  };
  (void)p.create(kN1, kN6, {.name = "it"}).value();
  const std::uint16_t first = p.only(kN1)->id.number;
  EXPECT_TRUE(p.run(5s));
  EXPECT_EQ(p.judge(), "");
  EXPECT_EQ(p.only(kN1)->state(), CallState::Active);
  EXPECT_NE(p.only(kN1)->id.number, first);
}

TEST(CallT15, OfBothEndsWithOneNameTheGreaterSourceWins) {
  P2 p;
  p.start_all();
  const auto low = p.create(kN1, kN6, {.name = "same"}).value();
  (void)p.create(kN6, kN1, {.name = "same"}).value();
  EXPECT_TRUE(p.run(2s));
  EXPECT_EQ(p.judge(), "");
  for (const std::uint32_t n : {kN1, kN3, kN4, kN6}) {
    ASSERT_NE(p.only(n), nullptr);
    EXPECT_EQ(p.only(n)->id.ends.sender, v4(kN6));
    EXPECT_EQ(p.only(n)->state(), CallState::Active);
  }
  EXPECT_EQ(p.only(kN1)->handle, low) << "its operator's call it is all the same";
}

TEST(CallT15, APathWaitsForItsCall) {  // X1, D11
  P2 p;
  p.start_all();
  const calls::CallId id{.name = "late", .number = 77, .ends = {v4(kN1), v4(kN6)}};
  using Answer = calls::ConnectionVerdict::Answer;
  const calls::ConnectionAsk ask{.ends = id.ends, .call_id = id.number};
  auto verdict = p.at(kN6).may_connect(ask);
  EXPECT_EQ(verdict.answer, Answer::Wait);
  EXPECT_EQ(verdict.hold, 5s);
  EXPECT_EQ(verdict.error, (ErrorValue{ErrorCode::CallManagement, 3})) << "after that";
  p.inject(kN4, kN6, calls::compose({.id = id}, v4(kN4)));
  verdict = p.at(kN6).may_connect(ask);
  EXPECT_EQ(verdict.answer, Answer::Yes);
  EXPECT_EQ(verdict.id, id);
  // A call symmetric: the other end adds one as well (RFC 4974 6.3.1).
  EXPECT_EQ(p.at(kN6).may_connect({.ends = id.ends.reversed(), .call_id = 77}).answer, Answer::Yes);
}

TEST(CallX1, NoConnectionBeforeTheSetupIsComplete) {
  P2 p;
  p.node(kN6).mute = true;
  p.start_all();
  (void)p.create(kN1, kN6).value();
  EXPECT_TRUE(p.run(1s));
  using Answer = calls::ConnectionVerdict::Answer;
  for (const std::uint32_t n : {kN1, kN3, kN4}) {
    EXPECT_EQ(p.at(n).may_connect(ask_of(*p.only(n))).answer, Answer::Wait);
  }
  const auto ask = ask_of(*p.only(kN4));
  EXPECT_TRUE(p.run(20s));
  EXPECT_TRUE(p.at(kN4).list().empty());
  EXPECT_EQ(p.at(kN4).may_connect(ask).answer, Answer::No) << "it is being released";
}

TEST(CallB3, ACallIsNotImposedOnAnLspThatIsThere) {
  Up p({.name = "first"});
  ASSERT_TRUE(p.at(kN1).on_connection(ask_of(p.call(kN1)), lsp(1, calls::ConnectionState::Up),
                                      p.world.now()));
  (void)p.create(kN1, kN6, {.name = "second"}).value();
  EXPECT_TRUE(p.run(1s));
  EXPECT_FALSE(p.at(kN1).on_connection(ask_of(*p.named(kN1, "second")),
                                       lsp(1, calls::ConnectionState::Up), p.world.now()));
  EXPECT_EQ(p.at(kN1).may_connect({}).answer, calls::ConnectionVerdict::Answer::Yes)
      << "B2: without a Call_ID nobody is asked";
}

TEST(CallUser, TheFirstCoreNodeGivesTheIdentifiers) {  // RFC 4974 section 7.2
  P2 p;
  p.start_all();
  bool first = true;
  p.watch = [&](const CallNetwork::Packet& packet) {
    if (!std::exchange(first, false)) return;
    EXPECT_EQ(packet.message.find<rsvp::Session>()->call_id, 0);
    EXPECT_EQ(packet.message.find<rsvp::SessionAttribute>()->name, "");
  };
  const auto handle = p.create(kU, kN6, {.network_names = true}).value();
  EXPECT_TRUE(p.run(1s));
  EXPECT_EQ(p.judge(), "");
  EXPECT_EQ(p.only(kU)->handle, handle);
  EXPECT_NE(p.only(kU)->id.number, 0);
  EXPECT_EQ(p.only(kU)->id, p.only(kN6)->id);
  EXPECT_EQ(p.only(kN6)->id.ends.sender, v4(kU));
  EXPECT_FALSE(p.remove(kU, handle));
  EXPECT_TRUE(p.run(1s));
  EXPECT_EQ(p.held(), 0U);
}

TEST(CallUser, AnAnswerThatIsLostComesAgainAndNoSecondCallIs) {
  P2 p;
  int lost = 0;
  p.lose = [&](const CallNetwork::Packet& packet) {
    return packet.from == v4(kN1) && packet.to == v4(kU) && ++lost <= 3;
  };
  p.start_all();
  (void)p.create(kU, kN6, {.network_names = true}).value();
  EXPECT_TRUE(p.run(10s));
  EXPECT_EQ(p.judge(), "");
  EXPECT_EQ(p.at(kN6).list().size(), 1U);
  EXPECT_EQ(p.only(kU)->state(), CallState::Active);
}

TEST(CallUser, GivesUpARequestWithoutIdentifiers) {
  P2 p;
  p.node(kN6).mute = true;
  p.start_all();
  const auto handle = p.create(kU, kN6, {.network_names = true}).value();
  EXPECT_TRUE(p.run(1s));
  EXPECT_FALSE(p.remove(kU, handle));
  EXPECT_TRUE(p.run(1s));
  EXPECT_TRUE(p.at(kU).list().empty());
  p.node(kN6).mute = false;
  EXPECT_TRUE(p.run(60s));
  EXPECT_EQ(p.held(), 0U);
}

TEST(CallT15, ACallIdOfZeroIsRefusedElsewhere) {
  P2 p;
  p.start_all();
  std::vector<ErrorValue> errors;
  p.watch = [&](const CallNetwork::Packet& packet) {
    if (packet.from == v4(kN4)) errors.push_back(error(packet.message));
  };
  p.inject(kN3, kN4, calls::compose({.id = {.ends = {v4(kN1), v4(kN6)}}}, v4(kN3)));
  EXPECT_TRUE(p.run(1s));
  EXPECT_EQ(errors, std::vector({ErrorValue{ErrorCode::CallManagement, 3}}));
  EXPECT_EQ(p.held(), 0U);
}

TEST(CallB4, WhatNobodyKnowsPassesUnmodified) {
  P2 p;
  p.start_all();
  const calls::CallId id{.name = "x", .number = 5, .ends = {v4(kN1), v4(kN6)}};
  calls::CallNotify n{.id = id};
  n.carried.call_id = rsvp::CallId{.source = {4, std::byte{9}}, .local_id = 42};
  n.carried.set_service_level(3);
  n.carried.others.emplace_back(rsvp::UnknownObject{250, 7, {4, std::byte{1}}});
  n.carried.others.emplace_back(rsvp::CallOps{.flags = 1});
  n.carried.attributes.emplace().set_flag(rsvp::call_flag::kInheritance);
  p.inject(kN1, kN3, calls::compose(n, v4(kN1)));
  EXPECT_TRUE(p.run(18ms));
  ASSERT_NE(p.only(kN6), nullptr);
  EXPECT_EQ(p.only(kN6)->carried, n.carried);
  // A Notify that is for another node is not ours to look at (RFC 4974 section 8.2).
  EXPECT_FALSE(p.at(kN4).on_notify({v4(kN3), v4(kN6), true}, calls::compose(n, v4(kN3)), {}));
}

TEST(CallOif, CallIdIsMadeAtTheBorderAndCarriedFromThere) {  // D21
  P2 p;
  p.point(kN4, "d2-d3").profile = calls::Profile::Oif;
  p.point(kN6, "d2-d3").profile = calls::Profile::Oif;
  p.node(kN4).config.naming = {"BEL", "CARR02", "AP0004"};
  p.start_all();
  std::size_t without = 0;
  p.watch = [&](const CallNetwork::Packet& packet) {
    const bool border = packet.from == v4(kN6) || packet.to == v4(kN6);
    const auto* const id = packet.message.find<rsvp::CallId>();
    EXPECT_EQ(id != nullptr, border);
    without += id == nullptr;
  };
  const auto handle = p.create(kN1, kN6, {.service_level = 2}).value();
  EXPECT_TRUE(p.run(100s));
  EXPECT_EQ(p.judge(), "") << "and a refresh is no other call";
  const auto& id = p.only(kN6)->carried.call_id;
  ASSERT_TRUE(id);
  EXPECT_EQ(std::string(id->global.country.data(), 3), "BEL");
  EXPECT_EQ(id->local_id, p.only(kN4)->handle);
  EXPECT_GT(without, 4U);
  EXPECT_FALSE(p.remove(kN1, handle));
  EXPECT_TRUE(p.run(1s));
  EXPECT_EQ(p.held(), 0U);
}

TEST(CallOif, AUserAsksForACallId) {  // RFC 3474 section 4.3.1, D9
  P2 p;
  p.point(kU, "uni").profile = calls::Profile::Oif;
  p.point(kN1, "uni").profile = calls::Profile::Oif;
  p.start_all();
  (void)p.create(kU, kN6, {.network_names = true}).value();
  EXPECT_TRUE(p.run(100s));
  EXPECT_EQ(p.judge(), "");
  ASSERT_TRUE(p.only(kU)->carried.call_id);
  EXPECT_EQ(p.only(kU)->carried.call_id->kind, rsvp::CallId::Kind::Global);
  EXPECT_EQ(p.only(kU)->carried.call_id, p.only(kN6)->carried.call_id);
}

TEST(CallLocal, BothUsersMayBeOurs) {
  P2 p;
  p.start_all();
  const auto handle = p.create(kN1, kN1).value();
  EXPECT_EQ(p.only(kN1)->state(), CallState::Active);
  EXPECT_EQ(p.node(kN1).sent, 0U);
  EXPECT_FALSE(p.remove(kN1, handle));
  EXPECT_EQ(p.held(), 0U);
}

TEST(CallLocal, NoRouteIsAReason) {
  P2 p;
  p.node(kN3).config.policy.routes.clear();
  p.start_all();
  EXPECT_EQ(p.create(kN3, kN6).error().error, (ErrorValue{ErrorCode::RoutingProblem, 5}));
  (void)p.create(kN1, kN6).value();
  EXPECT_TRUE(p.run(1s));
  EXPECT_EQ(p.last_reason(kN1).error, (ErrorValue{ErrorCode::RoutingProblem, 5}));
  EXPECT_EQ(p.last_reason(kN1).where, "10.2.0.3");
}

}  // namespace
}  // namespace forces::test
