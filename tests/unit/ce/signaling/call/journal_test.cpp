// A call as octets of the state store.
#include "ce/signaling/ason/call/journal.hpp"

#include <gtest/gtest.h>

namespace forces::signaling::ason::calls {
namespace {

Call full() {
  Call call{.handle = 0xabc, .id = {std::string("a\0b", 3), 7, {Address::v4(1), Address::v4(2)}}};
  call.user_assigned = true;
  call.carried.policy.push_back({.elements = {{2, {4, std::byte{5}}}}});
  call.carried.attributes.emplace().set_flag(0);
  call.carried.call_id.emplace().local_id = 9;
  call.carried.set_service_level(3);
  call.carried.set_tna(rsvp::UniSubobject::kDestinationTna, Address::v4(77));
  call.carried.others.emplace_back(rsvp::UnknownObject{250, 1, {4, std::byte{1}}});
  call.capability.emplace().route.push_back({.hop = rsvp::UnnumberedHop{1, 2}});
  call.up = Segment{.peer = Address::v4(3),
                    .point = "uni",
                    .state = CallState::Active,
                    .plan = {Realisation::Nested, 2, 1},
                    .local_number = 12,
                    .kind = rsvp::Session::Kind::EnniIpv4,
                    .capability = call.capability,
                    .was_active = true};
  call.down = Segment{.peer = Address::v6({}), .state = CallState::ReleaseSent, .declared = true};
  call.connections.push_back(
      {.key =
           {.end_point = {1}, .extended_tunnel_id = 2, .sender = {3}, .tunnel_id = 4, .lsp_id = 5},
       .role = ConnectionRole::Recovery,
       .state = ConnectionState::Up,
       .side = ConnectionSide::Down});
  call.reason = {"refused", {rsvp::ErrorCode::Policy, 3}, "no", "10.0.0.1"};
  return call;
}

TEST(CallJournal, HasAllThatARestartNeeds) {
  const Call call = full();
  const auto back = from_journal(to_journal(call));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->handle, call.handle);
  EXPECT_EQ(back->id, call.id);
  EXPECT_EQ(back->user_assigned, call.user_assigned);
  EXPECT_EQ(back->carried, call.carried);
  EXPECT_EQ(back->capability, call.capability);
  EXPECT_EQ(back->connections, call.connections);
  EXPECT_EQ(back->reason, call.reason);
  for (const Side side : {Side::Up, Side::Down}) {
    const Segment &a = *back->leg(side), &b = *call.leg(side);
    EXPECT_EQ(a.peer, b.peer);
    EXPECT_EQ(a.point, b.point);
    EXPECT_EQ(a.state, b.state);
    EXPECT_EQ(a.plan, b.plan);
    EXPECT_EQ(a.local_number, b.local_number);
    EXPECT_EQ(a.kind, b.kind);
    EXPECT_EQ(a.capability, b.capability);
    EXPECT_EQ(a.was_active, b.was_active);
    EXPECT_EQ(a.declared, b.declared);
  }
}

TEST(CallJournal, ASegmentThatIsNotThereStaysSo) {
  Call call = full();
  call.up.reset();
  const auto back = from_journal(to_journal(call));
  ASSERT_TRUE(back);
  EXPECT_FALSE(back->up);
  EXPECT_TRUE(back->down);
}

TEST(CallJournal, WhatIsDamagedIsNoCall) {
  const auto octets = to_journal(full());
  for (std::size_t n = 0; n < octets.size(); ++n) {
    // A cut between two fields leaves a smaller message, which may even be a whole call.
    (void)from_journal(wire::Bytes(octets).first(n));
  }
  EXPECT_FALSE(from_journal({}));
  EXPECT_FALSE(from_journal(wire::Bytes(octets).first(20)));
  Call call = full();
  call.handle = 0;
  EXPECT_FALSE(from_journal(to_journal(call)));
}

TEST(CallJournal, AStateThatHasNoNameIsDamage) {
  Call call = full();
  call.up->state = static_cast<CallState>(7);
  EXPECT_FALSE(from_journal(to_journal(call)));
}

TEST(CallJournal, KeysAreInTheOrderOfHandles) {
  EXPECT_EQ(journal_key(0xabc), "call/0000000000000abc");
  EXPECT_LT(journal_key(0xabc), journal_key(0xffffffffffff));
}

}  // namespace
}  // namespace forces::signaling::ason::calls
