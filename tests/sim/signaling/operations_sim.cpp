// What an operator sets going and waits for: an SPC is there as a whole or not at all, whatever
// goes wrong and whoever stops asking.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ce/app/signaling/operations.hpp"
#include "tests/sim/signaling/transport.hpp"

namespace forces::signaling::test {
namespace {

using ce::Operations;
using control::Response;
using testing::HasSubstr;
using Rooms = TransportNode::Rooms;

class OperationsSim : public testing::Test {
 protected:
  void SetUp() override {
    network.at(1).watcher = &operations;
    network.start();
  }
  static Operations::Spc spc(const std::string& name = "") {
    Operations::Spc spc;
    auto& request = spc.connection;
    request.name = name;
    request.ingress.end = {node_id(1), 1};
    request.egress = node_id(6);
    request.egress_end.end = {node_id(6), 7};
    request.label_request = {
        .encoding = rsvp::LabelRequest::kSdh, .switching = rsvp::LabelRequest::kTdm, .g_pid = 34};
    request.tspec.traffic = rsvp::SonetSdh{.signal_type = 6, .multiplier = 1};
    spc.new_call = ason::calls::CreateCall{.end_point = rsvp::Address::v4(node_id(6).value)};
    return spc;
  }
  template <class F>
  Response ask(F&& f) {
    return network.at(1).operate([&](Rooms& rooms) { return f(rooms, network.world.now()); });
  }
  // Until it is something else than Pending.
  Response answer(Response response) {
    (void)network.until([&] {
      if (!response.has_pending()) return true;
      const auto ticket = response.pending().ticket();
      response = ask([&](Rooms& rooms, Instant) { return operations.taken(rooms, ticket); });
      return !response.has_pending();
    });
    return response;
  }
  Response create(Operations::Spc asked) {
    return ask([&](Rooms& rooms, Instant now) {
      return operations.create_spc(rooms, std::move(asked), now);
    });
  }
  std::size_t calls(std::uint32_t number) {
    return network.at(number).operate([](Rooms& rooms) {
      return static_cast<std::size_t>(std::ranges::count_if(
          rooms.calls.list(), [](const ason::calls::Call* call) { return !call->told_gone; }));
    });
  }
  bool nothing_left() {
    return network.until([&] {
      for (const auto& [number, member] : network.members) {
        if (!member->rows.empty() || calls(number) != 0) return false;
      }
      return network.at(1).operate([](Rooms& rooms) { return rooms.connections.list().empty(); });
    });
  }
  Operations operations;
  Transport network{line_of_four()};
};

TEST_F(OperationsSim, AnSpcIsACallAndItsConnectionAndEndsAsAWhole) {
  auto asked = create(spc("blue"));
  ASSERT_TRUE(asked.has_pending());
  EXPECT_THAT(asked.pending().progress(), HasSubstr("set-up of call"));
  const auto made = answer(asked);
  ASSERT_TRUE(made.has_connection()) << made.error().message();
  EXPECT_EQ(made.connection().state(), "up");
  EXPECT_NE(made.connection().call_number(), 0U);
  EXPECT_GT(made.connection().setup_ms(), 0);
  EXPECT_EQ(calls(6), 1U);
  EXPECT_EQ(network.at(1).node->counters().setups.counts.back(), 0U);
  std::uint64_t timed = 0;
  for (const auto count : network.at(1).node->counters().setups.counts) timed += count;
  EXPECT_EQ(timed, 1U);
  EXPECT_EQ(network.at(1).node->states().at(ason::ConnectionState::Up), 1U);

  const auto handle =
      network.at(1).operate([](Rooms& rooms) { return rooms.calls.list().front()->handle; });
  const auto refused = ask(
      [&](Rooms& rooms, Instant now) { return operations.end_call(rooms, handle, false, now); });
  EXPECT_EQ(refused.error().reason().cause(), "connections_exist");
  EXPECT_EQ(refused.error().reason().code(), 32U);
  const auto ended = answer(ask(
      [&](Rooms& rooms, Instant now) { return operations.end_call(rooms, handle, true, now); }));
  EXPECT_TRUE(ended.has_done()) << ended.error().message();
  EXPECT_TRUE(nothing_left());
  EXPECT_FALSE(operations.waits());
}

TEST_F(OperationsSim, AConnectionThatFailsTakesItsCallWithIt) {
  auto asked = spc();
  asked.connection.egress_end.end.interface = 99;
  const auto failed = answer(create(asked));
  ASSERT_TRUE(failed.has_error());
  EXPECT_EQ(failed.error().reason().what(), "connection");
  EXPECT_EQ(failed.error().reason().code(), 24U);
  EXPECT_EQ(failed.error().reason().link(), "192.0.2.6:99");
  EXPECT_TRUE(nothing_left());
}

TEST_F(OperationsSim, OneThatIsKeptCanBeTriedAgain) {
  auto asked = spc("kept");
  asked.connection.egress_end.end.interface = 99;
  asked.keep = true;
  EXPECT_TRUE(answer(create(asked)).has_error());
  EXPECT_EQ(calls(6), 1U);
  network.run(100ms);  // what was set up goes first
  const auto again = ask([&](Rooms& rooms, Instant now) {
    EXPECT_TRUE(rooms.connections.retry("kept", now));
    return operations.wait_for_move(rooms, "kept", LspKey{}, now);
  });
  EXPECT_EQ(answer(again).error().reason().value(), 1U) << "no better now";
  const auto ended = answer(ask(
      [&](Rooms& rooms, Instant now) { return operations.end_connection(rooms, "kept", now); }));
  EXPECT_TRUE(ended.has_done());
  EXPECT_EQ(calls(6), 1U) << "the call stays";
}

// What an operator was told to be released does not come back with a crash.
TEST_F(OperationsSim, AnEndIsToldWhenItIsDurable) {
  auto asked = spc("failed");
  asked.connection.egress_end.end.interface = 99;
  asked.keep = true;
  EXPECT_TRUE(answer(create(asked)).has_error());
  Member& member = network.at(1);
  const auto there = [&] {
    return member.operate(
        [](Rooms& rooms) { return rooms.connections.show("failed").has_value(); });
  };
  const auto said = [&] {
    return std::ranges::any_of(member.said, [](const std::string& line) {
      return line.find("failed: released") != std::string::npos;
    });
  };
  member.disk_writes = false;
  auto ended = ask(
      [&](Rooms& rooms, Instant now) { return operations.end_connection(rooms, "failed", now); });
  const auto ticket = ended.pending().ticket();
  network.run(3s);
  EXPECT_FALSE(there());
  ended = ask([&](Rooms& rooms, Instant) { return operations.taken(rooms, ticket); });
  EXPECT_THAT(ended.pending().progress(), HasSubstr("is written"));
  EXPECT_FALSE(said());
  member.disk_writes = true;
  member.pump();
  EXPECT_TRUE(answer(ended).has_done());
  EXPECT_TRUE(said());
  member.kill();
  member.boot();
  EXPECT_FALSE(there());
}

TEST_F(OperationsSim, ItGoesOnWhenNobodyAsksAnyMore) {
  ASSERT_TRUE(create(spc("forgotten")).has_pending());
  EXPECT_TRUE(network.until([&] {
    return network.at(1).operate([](Rooms& rooms) {
      const auto view = rooms.connections.show("forgotten");
      return view && view->state == ason::ConnectionState::Up;
    });
  }));
  EXPECT_FALSE(operations.waits());
}

TEST_F(OperationsSim, ACallThatIsRefusedSaysWhoRefusedItAndWhy) {
  auto asked = spc();
  asked.new_call->end_point = rsvp::Address::v4(node_id(9).value);  // nobody has a way there
  const auto refused = answer(create(asked));
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().reason().what(), "call");
  EXPECT_FALSE(refused.error().reason().cause().empty());
  EXPECT_TRUE(nothing_left());
}

TEST_F(OperationsSim, NamesAreMadeAndNotGivenTwice) {
  const auto first = create(spc()), second = create(spc());
  EXPECT_EQ(answer(first).connection().name(), "spc-1");
  EXPECT_EQ(answer(second).connection().name(), "spc-2");
  EXPECT_EQ(answer(create(spc("spc-2"))).error().reason().cause(), "name_in_use");
  EXPECT_EQ(calls(6), 2U);
  const auto taken = [&](std::uint64_t ticket) {
    return ask([&, ticket](Rooms& rooms, Instant) { return operations.taken(rooms, ticket); });
  };
  EXPECT_EQ(taken(Operations::kFirstTicket).connection().name(), "spc-1") << "who asks again";
  EXPECT_EQ(taken(Operations::kFirstTicket + 100).error().code(), control::Error::NOT_FOUND);
}

TEST_F(OperationsSim, AChangeOfTheServiceLevelIsAnsweredByAllOnTheWay) {
  const auto call = answer(ask([&](Rooms& rooms, Instant now) {
    return operations.create_call(rooms, *spc().new_call, now);
  }));
  ASSERT_TRUE(call.has_call()) << call.error().message();
  const auto changed = answer(ask([&](Rooms& rooms, Instant now) {
    return operations.modify_call(rooms, call.call().handle(), 4, now);
  }));
  ASSERT_TRUE(changed.has_call()) << changed.error().message();
  EXPECT_EQ(changed.call().service_level(), 4U);
}

// A ce that loses its lease and has it again reads the journal: what the node before it had not
// written it does not know.
TEST_F(OperationsSim, WhatWasNotWrittenWhenItsNodeWasGivenUpIsNeverSaidToBeDone) {
  const auto made = answer(create(spc("blue")));
  ASSERT_TRUE(made.has_connection());
  auto asked =
      ask([&](Rooms& rooms, Instant now) { return operations.end_connection(rooms, "blue", now); });
  network.at(1).disk_writes = false;
  network.run(1s);
  auto later = create(spc("red"));
  ASSERT_TRUE(asked.has_pending() && later.has_pending());
  network.at(1).kill();
  operations.node_gone(network.world.now());
  EXPECT_FALSE(operations.waits());
  network.at(1).disk_writes = true;
  network.at(1).boot();
  for (const auto& one : {asked, later}) {
    const auto end = answer(one);
    ASSERT_TRUE(end.has_error()) << end.ShortDebugString();
    EXPECT_THAT(end.error().message(), HasSubstr("has given up the node"));
  }
  ASSERT_TRUE(answer(create(spc("green"))).has_connection()) << "new ones go on";
}

}  // namespace
}  // namespace forces::signaling::test
