// Calls found by their identities, and their timers.
#include "ce/signaling/ason/call/book.hpp"

#include <gtest/gtest.h>

namespace forces::signaling::ason::calls {
namespace {

using namespace std::chrono_literals;

const Ends kEnds{Address::v4(1), Address::v4(2)};

Call call(std::string name, std::uint16_t number, CallState state = CallState::Active,
          Ends ends = kEnds) {
  Call c{.id = {std::move(name), number, ends}};
  c.down = Segment{.peer = Address::v4(9), .state = state};
  return c;
}

TEST(CallBook, FindsInBothDirections) {  // RFC 4974 section 6.3.1
  CallBook book(1);
  Call& a = book.add(call("a", 5));
  EXPECT_EQ(book.find_name(kEnds.reversed(), "a"), &a);
  EXPECT_EQ(book.find_number(kEnds.reversed(), 5), &a);
  EXPECT_EQ(book.find_number({Address::v4(1), Address::v4(3)}, 5), nullptr)
      << "a number is of its pair";
  EXPECT_EQ(book.find(a.handle), &a);
}

TEST(CallBook, OfTwoWithANumberTheEstablishedOneComesFirst) {
  CallBook book(1);
  book.add(call("a", 5, CallState::SetupSent));
  Call& b = book.add(call("b", 5));
  book.add(call("c", 5, CallState::SetupSent));
  EXPECT_EQ(book.find_number(kEnds, 5), &b);
}

TEST(CallBook, AnotherIdMovesItAndErasingLeavesNothing) {
  CallBook book(1);
  Call& a = book.add(call("a", 5));
  book.set_id(a, {"a", 6, kEnds});
  EXPECT_EQ(book.find_number(kEnds, 5), nullptr);
  EXPECT_EQ(book.find_number(kEnds, 6), &a);
  book.add_lsp(a, {.key = {.tunnel_id = 3}});
  EXPECT_EQ(book.find_lsp({.tunnel_id = 3}), &a);
  book.set_due(a, Side::Down, Instant(1s));
  book.erase(a.handle);
  EXPECT_EQ(book.find_number(kEnds, 6), nullptr);
  EXPECT_EQ(book.find_lsp({.tunnel_id = 3}), nullptr);
  EXPECT_EQ(book.find_name(std::string_view("a")), nullptr);
  EXPECT_FALSE(book.next_due());
}

TEST(CallBook, ANumberIsFreeOnceOfAllAndNeverZero) {
  CallBook book(1);
  for (unsigned i = 1; i <= 0xffff; ++i) {
    const std::uint16_t number = book.free_number(kEnds);
    ASSERT_NE(number, 0);
    ASSERT_EQ(book.find_number(kEnds, number), nullptr);
    book.add(call("n" + std::to_string(i), number));
  }
  EXPECT_EQ(book.free_number(kEnds), 0) << "all are in use";
  EXPECT_NE(book.free_number({Address::v4(1), Address::v4(3)}), 0);
}

TEST(CallBook, NumbersOfSegmentsAndCallsOfAPairAreApart) {
  CallBook book(1);
  Call& a = book.add(call("a", 5));
  book.set_local_number(a, Side::Down, Address::v4(8));
  const std::uint16_t number = a.down->local_number;
  ASSERT_NE(number, 0);
  EXPECT_EQ(book.find_local({Address::v4(9), Address::v4(8)}, number), &a);
  EXPECT_EQ(book.find_local(kEnds, number), nullptr);
}

TEST(CallBook, ANameOfTwoPairsIsNotFoundByItselfAlone) {
  CallBook book(1);
  Call& a = book.add(call("a", 5));
  EXPECT_EQ(book.find_name(std::string_view("a")), &a);
  book.add(call("a", 5, CallState::Active, {Address::v4(1), Address::v4(3)}));
  EXPECT_EQ(book.find_name(std::string_view("a")), nullptr);
}

TEST(CallBook, TheFirstTimerIsDueFirst) {
  CallBook book(1);
  Call &a = book.add(call("a", 1)), &b = book.add(call("b", 2));
  book.set_due(a, Side::Down, Instant(2s));
  book.set_due(b, Side::Down, Instant(1s));
  EXPECT_EQ(book.next_due(), Instant(1s));
  EXPECT_FALSE(book.due(Instant(999ms)));
  EXPECT_EQ(book.due(Instant(1s))->first, b.handle);
  book.set_due(b, Side::Down, Instant::max());
  EXPECT_EQ(book.next_due(), Instant(2s));
}

TEST(CallValues, AWholeCallIsAsFarAsItsLastSegment) {
  Call c = call("a", 1);
  EXPECT_EQ(c.state(), CallState::Active);
  c.up = Segment{.state = CallState::SetupReceived};
  EXPECT_EQ(c.state(), CallState::SetupReceived);
  EXPECT_TRUE(c.pending());
  c.down->state = CallState::ReleaseSent;
  EXPECT_EQ(c.state(), CallState::ReleaseSent);
  c.up->state = CallState::Null;
  EXPECT_TRUE(c.releasing());
  c.up.reset();
  c.down.reset();
  EXPECT_EQ(c.state(), CallState::Active) << "both users are ours";
}

TEST(CallValues, AServiceLevelIsReplacedAndOtherSubobjectsStay) {
  Carried carried;
  EXPECT_FALSE(carried.service_level());
  carried.set_service_level(1);
  carried.set_tna(rsvp::UniSubobject::kSourceTna, Address::v4(3));
  carried.set_service_level(2);
  EXPECT_EQ(carried.service_level(), 2);
  EXPECT_EQ(carried.tna(rsvp::UniSubobject::kSourceTna), Address::v4(3));
  ASSERT_EQ(carried.uni->subobjects.size(), 2U);
  EXPECT_EQ(carried.uni->subobjects[0].type, rsvp::UniSubobject::kSourceTna);
}

}  // namespace
}  // namespace forces::signaling::ason::calls
