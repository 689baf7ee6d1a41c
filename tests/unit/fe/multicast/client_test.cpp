// A MARS client against the words of RFC 2022; the MARS is a stub, and what a test gives it.
#include "fe/multicast/client/client.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/support/octets/atm.hpp"
#include "tests/support/sim/mars_stub.hpp"

namespace forces::mars::client {
namespace {

using namespace std::chrono_literals;
using test::MarsStub;

using test::atm;
const AtmAddress kUs = atm(1), kFirst = atm(101), kSecond = atm(102);
ProtocolAddress group(std::uint32_t n) { return ipv4_address(0xef000000 + n); }
GroupRange one(std::uint32_t n) { return {group(n), group(n)}; }

class MarsClient : public testing::Test {
 protected:
  explicit MarsClient(Times times = {}) : client(config(times)) {}
  static Config config(Times times) {
    return {.address = kUs,
            .protocol_address = ipv4_address(0xc0000201),
            .mars = {kFirst, kSecond},
            .seed = 5,
            .times = times};
  }

  // What was said since the last call, "send JOIN 101" and the like; MARSs answer at once.
  std::vector<std::string> said() {
    pump();
    return std::exchange(said_, {});
  }
  void pump() {
    while (auto output = client.poll_output()) {
      std::visit(Overloaded{[&](const Send& send) { on_send(send); },
                            [&](const Release& o) { say("release", o.mars); },
                            [&](const Registered& o) {
                              say("registered", o.mars);
                              said_.back().append(" CMI ").append(std::to_string(o.cmi));
                            },
                            [&](const Failed& o) { say("failed", o.mars); },
                            [&](const Deregistered&) { said_.emplace_back("deregistered"); },
                            [&](const LeafAdded& o) { say("leaf", o.leaf); },
                            [&](const LeafDropped& o) { say("no leaf", o.leaf); }},
                 *output);
    }
  }
  void on_send(const Send& send) {
    const auto m = decode_message(send.octets);
    ASSERT_TRUE(m);
    last = *m;
    say(std::string("send ").append(to_string(m->operation).substr(5)), send.mars);
    const auto at = stubs.find(send.mars);
    if (at == stubs.end()) return;
    for (const auto& reply : at->second.on_message(send.octets)) {
      client.on_message(send.mars, reply.control ? Via::Control : Via::Private, reply.octets, now);
    }
  }
  void say(std::string what, const AtmAddress& who) {
    said_.push_back(std::move(what.append(" ").append(
        std::to_string(std::to_integer<int>(who.number.octets.octets().back())))));
  }
  void give(const AtmAddress& from, Via via, const Message& m) {
    const auto octets = encode_message(m);
    ASSERT_TRUE(octets);
    client.on_message(from, via, *octets, now);
  }
  void give_map(const AtmAddress& from, std::vector<AtmAddress> table, bool hard) {
    for (const auto& reply : stubs.at(from).redirect_map(kIpv4, std::move(table), hard)) {
      client.on_message(from, Via::Control, reply.octets, now);
    }
  }
  // From deadline to deadline.
  void advance(Duration time) {
    const Instant end = now + time;
    for (int budget = 10'000; budget > 0; --budget) {
      pump();
      const auto at = client.next_deadline();
      if (!at || *at > end) break;
      ASSERT_GE(*at, now) << "a deadline in the past";
      now = *at;
      client.on_timer(now);
    }
    pump();
    now = end;
  }
  void serve(const AtmAddress& mars) { stubs.emplace(mars, MarsStub(mars)); }
  void be_registered() {
    serve(kFirst);
    client.start(now);
    ASSERT_EQ(said(), (std::vector<std::string>{"send JOIN 101", "registered 101 CMI 100"}));
  }
  MarsStub& first() { return stubs.at(kFirst); }

  Client client;
  Instant now{1h};
  Message last;  // that was sent
  std::map<AtmAddress, MarsStub> stubs;

 private:
  std::vector<std::string> said_;
};

using Said = std::vector<std::string>;

TEST_F(MarsClient, Rfc2022Section5_2_3RegistersAndTakesItsCmi) {
  be_registered();
  EXPECT_TRUE(last.flags.registers());
  EXPECT_FALSE(last.flags.copy());
  EXPECT_EQ(last.source, kUs);
  EXPECT_EQ(last.source_protocol, ipv4_address(0xc0000201));
  EXPECT_EQ(client.cmi(), 100);
  EXPECT_EQ(client.state(), Client::State::Registered);
  advance(3min);
  EXPECT_EQ(said(), Said{}) << "once is enough";
}

TEST_F(MarsClient, Rfc2022Section5_2_3AnotherSequenceNumberIsNoAnswer) {
  client.start(now);
  EXPECT_EQ(said(), Said{"send JOIN 101"});
  Message copy = last;
  copy.flags = copy.flags.with_copy(true).with_sequence(99);
  copy.cmi = 5;
  give(kFirst, Via::Private, copy);
  EXPECT_EQ(client.state(), Client::State::Registering);
  copy.flags = copy.flags.with_sequence(last.flags.sequence());
  give(kSecond, Via::Private, copy);
  EXPECT_EQ(client.state(), Client::State::Registering) << "of another MARS";
  EXPECT_EQ(client.counters().foreign, 2U);
  give(kFirst, Via::Private, copy);
  EXPECT_EQ(client.state(), Client::State::Registered);
}

TEST_F(MarsClient, Rfc2022Section5_4ASilentMarsIsTriedSixTimesThenTheNextAtOnceThenOneAMinute) {
  client.start(now);
  advance(59s);
  EXPECT_EQ(said(), Said(6, "send JOIN 101")) << "once and five times more, every 10 s";
  advance(1s);
  EXPECT_EQ(said(), (Said{"failed 101", "release 101", "send JOIN 102"}));
  advance(59s);
  EXPECT_EQ(said(), Said(5, "send JOIN 102"));
  advance(1s);
  EXPECT_EQ(said(), (Said{"failed 102", "release 102"}));
  advance(59s);
  EXPECT_EQ(said(), Said{});
  advance(1s);
  EXPECT_EQ(said(), Said{"send JOIN 101"}) << "round and round";
}

TEST_F(MarsClient, Rfc2022Section5_2_1JoinsAndLeavesSingleGroupsAndBlocks) {
  be_registered();
  client.join(one(1), true, now);
  EXPECT_EQ(said(), Said{"send JOIN 101"});
  EXPECT_EQ(last.ranges, std::vector{one(1)});
  EXPECT_TRUE(last.flags.layer3_group());
  EXPECT_TRUE(client.confirmed(one(1)));
  const GroupRange block{group(0), group(255)};
  client.join(block, false, now);
  EXPECT_EQ(said(), Said{"send JOIN 101"});
  EXPECT_FALSE(last.flags.layer3_group()) << "a router's block is no group of layer 3";
  EXPECT_EQ(first().in.begin()->second, (std::set{one(1), block}));
  client.join(one(1), true, now);
  EXPECT_EQ(said(), Said{}) << "again is nothing new";
  client.leave(one(1), now);
  EXPECT_EQ(said(), Said{"send LEAVE 101"});
  EXPECT_FALSE(client.confirmed(one(1)));
  EXPECT_EQ(first().in.begin()->second, std::set{block});
  client.leave(one(1), now);
  EXPECT_EQ(said(), Said{});
  EXPECT_TRUE(client.settled());
}

TEST_F(MarsClient, Rfc2022Section5_2_2AJoinIsRepeatedUntilItsCopyIsBackAndThenTheMarsHasFailed) {
  be_registered();
  first().silent = true;
  client.join(one(1), true, now);
  EXPECT_EQ(said(), Said{"send JOIN 101"});
  EXPECT_FALSE(client.settled());
  Message copy = last;
  copy.flags = copy.flags.with_copy(true);
  copy.msn = 8;
  Message punched = copy;
  punched.flags = punched.flags.with_punched(true);
  give(kFirst, Via::Control, punched);
  EXPECT_FALSE(client.confirmed(one(1))) << "a punched copy is for others";
  Message other = copy;
  other.flags = other.flags.with_sequence(static_cast<std::uint8_t>(copy.flags.sequence() + 1));
  give(kFirst, Via::Control, other);
  EXPECT_FALSE(client.confirmed(one(1))) << "of an older try";
  give(kFirst, Via::Private, copy);
  EXPECT_TRUE(client.confirmed(one(1))) << "from either VC";
  client.join(one(2), true, now);
  EXPECT_EQ(said(), Said{"send JOIN 101"});
  advance(59s);
  EXPECT_EQ(said(), Said(5, "send JOIN 101"));
  advance(1s);
  EXPECT_EQ(said(), Said{"failed 101"});
  EXPECT_EQ(client.state(), Client::State::Waiting);
  first().silent = false;
  advance(20s);
  EXPECT_EQ(client.state(), Client::State::Registered);
  EXPECT_EQ(first().in.begin()->second, (std::set{one(1), one(2)})) << "all is joined again";
}

TEST_F(MarsClient, AGroupThatIsLeftWithoutAMarsIsLeftAgainWithTheNext) {
  be_registered();
  client.join(one(1), true, now);
  serve(kSecond);
  first().silent = true;
  client.on_vc_lost(kFirst, now);
  client.leave(one(1), now);
  client.join(one(2), true, now);
  client.on_reachable(kSecond, now);
  advance(11s);
  EXPECT_EQ(client.mars(), kSecond);
  EXPECT_EQ(stubs.at(kSecond).count(Operation::Leave), 1U);
  EXPECT_EQ(stubs.at(kSecond).in.begin()->second, std::set{one(2)});
}

TEST_F(MarsClient, AGroupThatNoMarsHasHeardOfIsLeftWithoutAWord) {
  client.join(one(1), true, now);
  client.leave(one(1), now);
  be_registered();
  EXPECT_EQ(first().heard.size(), 1U) << "the registration";
}

TEST_F(MarsClient, Rfc2022Section5_4_1TheSameMarsFirstAfterARandomTime) {
  be_registered();
  client.on_vc_lost(kSecond, now);
  EXPECT_EQ(client.state(), Client::State::Registered) << "not ours";
  client.on_vc_lost(kFirst, now);
  EXPECT_EQ(said(), Said{"failed 101"});
  const auto at = client.next_deadline();
  ASSERT_TRUE(at);
  EXPECT_GE(*at, now + 1s);
  EXPECT_LE(*at, now + 10s);
  advance(10s);
  EXPECT_EQ(said(), (Said{"send JOIN 101", "registered 101 CMI 100"}));
}

TEST_F(MarsClient, WhoWaitsGoesToAMarsThatCanBeReached) {
  be_registered();
  serve(kSecond);
  client.on_reachable(kSecond, now);
  EXPECT_EQ(said(), Said{}) << "registered as it is";
  client.on_vc_lost(kFirst, now);
  client.on_reachable(atm(77), now);
  EXPECT_EQ(said(), Said{"failed 101"}) << "nobody of the table";
  client.on_reachable(kSecond, now);
  EXPECT_EQ(said(), (Said{"release 101", "send JOIN 102", "registered 102 CMI 100"}));
}

TEST_F(MarsClient, BeginsWithTheMarsThatIsNamed) {
  serve(kSecond);
  client.start(kSecond, now);
  EXPECT_EQ(said(), (Said{"send JOIN 102", "registered 102 CMI 100"}));
}

TEST_F(MarsClient, Rfc2022Section5_4_3AHardRedirectRejoinsAndASoftOneOnlyRegisters) {
  be_registered();
  serve(kSecond);
  client.join(one(1), true, now);
  (void)said();
  give_map(kFirst, {kSecond, kFirst}, false);
  EXPECT_EQ(said(), (Said{"send JOIN 102", "release 101", "registered 102 CMI 100"}));
  EXPECT_EQ(stubs.at(kSecond).count(Operation::Join), 1U) << "the servers know the rest";
  give_map(kSecond, {kFirst, kSecond}, true);
  advance(11s);
  EXPECT_EQ(client.mars(), kFirst);
  EXPECT_EQ(first().count(Operation::Join), 4U) << "registered and joined, twice";
  EXPECT_EQ(client.counters().redirects, 2U);
}

TEST_F(MarsClient, WhoIsDroppedUnaskedRegistersAgain) {
  be_registered();
  client.join(one(1), true, now);
  (void)said();
  Message drop{.operation = Operation::Leave, .source = kUs};
  drop.flags = Flags{}.with_registers(true).with_copy(true);
  give(kSecond, Via::Private, drop);
  EXPECT_EQ(client.state(), Client::State::Registered) << "of another MARS";
  give(kFirst, Via::Private, drop);
  EXPECT_EQ(said(), Said{"failed 101"});
  advance(20s);
  EXPECT_EQ(said(), (Said{"send JOIN 101", "registered 101 CMI 100", "send JOIN 101"}));
  EXPECT_TRUE(client.confirmed(one(1)));
}

TEST_F(MarsClient, Rfc2022Section5_4_3NobodyElseAndNoOtherVcRedirects) {
  be_registered();
  serve(kSecond);
  const auto map = stubs.at(kSecond).redirect_map(kIpv4, {kSecond}, true);
  client.on_message(kSecond, Via::Control, map[0].octets, now);
  client.on_message(kFirst, Via::Control, map[0].octets, now);
  const auto own = first().redirect_map(kIpv4, {kSecond}, true);
  client.on_message(kFirst, Via::Private, own[0].octets, now);
  EXPECT_EQ(client.mars(), kFirst);
  EXPECT_EQ(client.counters().foreign, 3U);
}

TEST_F(MarsClient, Rfc2022Section5_4_3ASoftRedirectToWhomNobodyReachesChangesNothing) {
  be_registered();
  give_map(kFirst, {kSecond, kFirst}, false);
  EXPECT_EQ(said(), Said{"send JOIN 102"});
  client.on_vc_lost(kSecond, now);
  EXPECT_EQ(client.state(), Client::State::Registered);
  EXPECT_EQ(client.mars(), kFirst);
  advance(1min);
  EXPECT_EQ(said(), Said{});
}

TEST_F(MarsClient, Rfc2022Section5_4_3WithoutARedirectMapForFourMinutesTheMarsHasFailed) {
  be_registered();
  advance(2min);
  give_map(kFirst, {kFirst, kSecond}, false);
  advance(239s);
  EXPECT_EQ(said(), Said{});
  advance(1s);
  EXPECT_EQ(said(), Said{"failed 101"});
}

TEST_F(MarsClient, Rfc2022Section5_1_1MultiIsTakenWholeOrAskedForAgain) {
  be_registered();
  client.open(group(1), now);
  EXPECT_EQ(said(), Said{"send REQUEST 101"});
  Message part = last;
  part.operation = Operation::Multi;
  part.msn = 7;
  part.last = false;
  part.targets = {atm(11), kUs};
  give(kFirst, Via::Private, part);
  EXPECT_EQ(client.leaves(group(1)), nullptr);
  part.part = 3;  // the second is missing
  part.last = true;
  part.targets = {atm(13)};
  give(kFirst, Via::Private, part);
  EXPECT_EQ(said(), Said{"send REQUEST 101"});
  part.part = 1;
  give(kFirst, Via::Control, part);
  EXPECT_EQ(client.leaves(group(1)), nullptr) << "not on the control VC";
  give(kFirst, Via::Private, part);
  EXPECT_EQ(said(), Said{"leaf 13"});
  client.close(group(1));
  EXPECT_EQ(said(), Said{"no leaf 13"});
}

// The owner opens once. An MCS that comes to a group without members is not told on the CCVC, and
// neither is whoever joins it then.
TEST_F(MarsClient, Rfc2022Section5_1_1AGroupWithNobodyElseIsAskedForAgainAfterFiveToTenSeconds) {
  be_registered();
  stubs.clear();
  client.open(group(1), now);
  EXPECT_EQ(said(), Said{"send REQUEST 101"});
  for (const bool nak : {true, false, true}) {
    Message answer = last;
    answer.operation = nak ? Operation::Nak : Operation::Multi;
    if (!nak) answer.targets = {kUs};
    give(kFirst, Via::Private, answer);
    EXPECT_EQ(said(), Said{});
    advance(4999ms);
    client.open(group(1), now);
    EXPECT_EQ(said(), Said{}) << "no less than 5 seconds";
    advance(5001ms);
    EXPECT_EQ(said(), Said{"send REQUEST 101"}) << "no more than 10 seconds";
  }
  Message answer = last;
  answer.operation = Operation::Multi;
  answer.targets = {kUs, atm(11)};
  give(kFirst, Via::Private, answer);
  EXPECT_EQ(said(), Said{"leaf 11"});
  advance(60s);
  EXPECT_EQ(said(), Said{}) << "a path that leads somewhere is not asked for";
}

TEST_F(MarsClient, Rfc2022Section5_1_4ChangesOfTheControlVcAreFollowedAndAJumpRevalidates) {
  be_registered();
  client.open(group(1), now);
  Message multi{.operation = Operation::Multi, .source = kUs};
  multi.msn = 7;
  multi.group = group(1);
  multi.targets = {atm(11)};
  pump();
  give(kFirst, Via::Private, multi);
  EXPECT_EQ(said(), (Said{"send REQUEST 101", "leaf 11"}));
  Message join{.operation = Operation::Join, .source = atm(12)};
  join.flags = Flags{}.with_copy(true);
  join.ranges = {one(1)};
  join.msn = 8;
  give(kFirst, Via::Control, join);
  EXPECT_EQ(said(), Said{"leaf 12"});
  EXPECT_EQ(client.counters().revalidations, 1U) << "the one of the registration";
  join.operation = Operation::Leave;
  join.msn = 10;
  give(kFirst, Via::Control, join);
  EXPECT_EQ(said(), Said{"no leaf 12"});
  EXPECT_EQ(client.counters().revalidations, 2U);
  advance(10s);
  EXPECT_EQ(said(), Said{"send REQUEST 101"});
}

TEST_F(MarsClient, Rfc2022Section5_1_6AMigrateReplacesAllLeaves) {
  be_registered();
  client.open(group(1), now);
  pump();
  Message multi{.operation = Operation::Multi, .source = kUs};
  multi.msn = 7;
  multi.group = group(1);
  multi.targets = {atm(11), atm(12)};
  give(kFirst, Via::Private, multi);
  (void)said();
  multi.operation = Operation::Migrate;
  multi.source = kFirst;
  multi.msn = 8;
  multi.targets = {atm(30)};
  give(kFirst, Via::Control, multi);
  EXPECT_EQ(said(), (Said{"no leaf 11", "no leaf 12", "leaf 30"}));
}

TEST_F(MarsClient, Rfc2022Section5_2_3DeregistersAndIsSilent) {
  be_registered();
  client.join(one(1), true, now);
  (void)said();
  client.stop(now);
  EXPECT_EQ(said(), (Said{"send LEAVE 101", "deregistered", "release 101"}));
  EXPECT_TRUE(last.flags.registers());
  EXPECT_EQ(client.next_deadline(), std::nullopt);
  client.on_reachable(kFirst, now);
  EXPECT_EQ(said(), Said{}) << "stopped is stopped";
}

TEST_F(MarsClient, Rfc2022Section5_2_3DeregistrationHasItsOwnSequenceNumber) {
  be_registered();
  first().silent = true;
  client.stop(now);
  (void)said();
  Message copy = last;
  copy.flags = copy.flags.with_copy(true).with_sequence(
      static_cast<std::uint16_t>(last.flags.sequence() + 1));
  give(kFirst, Via::Private, copy);
  EXPECT_EQ(client.state(), Client::State::Deregistering) << "of an earlier one";
  EXPECT_EQ(client.counters().foreign, 1U);
}

// Its timers do not outlive the registration: what it leaves meanwhile is asked of nobody.
TEST_F(MarsClient, WhoIsDroppedUnaskedWaitsWithoutTimersOfGroups) {
  be_registered();
  first().silent = true;
  client.join(one(1), true, now);
  (void)said();
  Message copy = last;
  copy.operation = Operation::Leave;
  copy.ranges.clear();
  copy.flags = copy.flags.with_copy(true).with_registers(true);
  give(kFirst, Via::Private, copy);
  EXPECT_EQ(client.state(), Client::State::Waiting);
  client.leave(one(1), now);
  for (int i = 0; i < 20; ++i) {
    now = client.next_deadline().value();
    client.on_timer(now);
  }
}

TEST_F(MarsClient, Rfc2022Section5_2_3WhatIsToldOnTheWayOutBeginsNothing) {
  be_registered();
  first().silent = true;
  client.stop(now);
  (void)said();
  give_map(kFirst, {kSecond, kFirst}, true);
  EXPECT_EQ(client.state(), Client::State::Deregistering);
  Message copy = last;
  copy.flags = copy.flags.with_copy(true);
  give(kFirst, Via::Private, copy);
  EXPECT_EQ(said(), (Said{"deregistered", "release 101"}));
  EXPECT_EQ(client.next_deadline(), std::nullopt) << "or it would be due for ever";
}

TEST_F(MarsClient, EveryPrefixOfAMessageIsRefusedAndDoesNothing) {
  be_registered();
  first().silent = true;
  client.join(one(1), true, now);
  pump();
  Message copy = last;
  copy.flags = copy.flags.with_copy(true);
  copy.msn = 8;
  const auto octets = encode_message(copy).value();
  for (std::size_t size = 0; size < octets.size(); ++size) {
    client.on_message(kFirst, Via::Control, wire::Bytes(octets).first(size), now);
  }
  EXPECT_EQ(client.counters().malformed, octets.size());
  EXPECT_FALSE(client.confirmed(one(1)));
  client.on_message(kFirst, Via::Control, octets, now);
  EXPECT_TRUE(client.confirmed(one(1)));
}

TEST(MarsClientAsServer, Rfc2022Section6_2ServesSingleGroupsByMservAndUnserv) {
  Client client({.address = kUs, .mcs = true, .mars = {kFirst}});
  MarsStub stub(kFirst);
  const Instant now{1h};
  const auto pump = [&] {
    while (auto output = client.poll_output()) {
      const auto* send = std::get_if<Send>(&*output);
      if (send == nullptr) continue;
      for (const auto& reply : stub.on_message(send->octets)) {
        client.on_message(kFirst, reply.control ? Via::Control : Via::Private, reply.octets, now);
      }
    }
  };
  client.join(one(1), true, now);
  client.start(now);
  pump();
  client.on_timer(now);
  pump();
  client.leave(one(1), now);
  pump();
  ASSERT_EQ(stub.heard.size(), 3U);
  EXPECT_EQ(stub.heard[0].operation, Operation::Mserv);
  EXPECT_TRUE(stub.heard[0].flags.registers());
  EXPECT_EQ(stub.heard[1].operation, Operation::Mserv);
  EXPECT_FALSE(stub.heard[1].flags.layer3_group());
  EXPECT_EQ(stub.heard[2].operation, Operation::Unserv);
}

}  // namespace
}  // namespace forces::mars::client
