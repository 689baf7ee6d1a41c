#include "fe/dataplane/kernel/fib.hpp"

#include <gtest/gtest.h>

#include "tests/unit/fe/dataplane/kernel/model_kernel.hpp"
#include "tests/unit/fe/dataplane/kernel/rows.hpp"

namespace forces::fe::dataplane::kernel {
namespace {

using namespace test;

class FibCore : public testing::Test {
 protected:
  FibCore() {
    link(1, true);
    link(2, true);
  }
  void link(std::uint32_t index, bool up, std::uint32_t mtu = 1500) {
    kernel_.link(index, up);
    fib_.on_link(index, up, mtu);
  }
  std::size_t settle() { return test::settle(fib_, kernel_); }
  void routes(std::uint32_t count, ObjectId target) {
    for (std::uint32_t n = 0; n < count; ++n) ASSERT_TRUE(fib_.set_route(numbered(n), target));
  }
  RowState state(const Prefix& prefix) { return fib_.status(prefix).value().state; }

  Fib fib_;
  ModelKernel kernel_;
};

TEST_F(FibCore, ARouteWaitsForItsNextHop) {
  routes(3, hop4(1));
  EXPECT_EQ(settle(), 0U);
  EXPECT_EQ(state(numbered(0)), RowState::Waiting);
  ASSERT_TRUE(fib_.set_next_hop(hop4(1), via("10.0.0.2", 1)));
  EXPECT_EQ(settle(), 4U);
  EXPECT_EQ(state(numbered(0)), RowState::Installed);
  EXPECT_EQ(kernel_.routes.size(), 3U);
}

TEST_F(FibCore, SettingWhatIsSetCostsNothing) {
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(fib_.set_next_hop(hop4(1), via("10.0.0.2", 1), 1400));
    ASSERT_TRUE(fib_.set_next_hop(hop4(2), via("10.0.0.3", 2)));
    ASSERT_TRUE(fib_.set_members(set4(1), {{hop4(1)}, {hop4(2)}}));
    routes(1000, set4(1));
    EXPECT_EQ(settle(), round == 0 ? 1003U : 0U);
  }
}

TEST_F(FibCore, AChangedNextHopIsOneOperation) {
  ASSERT_TRUE(fib_.set_next_hop(hop4(1), via("10.0.0.2", 1)));
  routes(1000, hop4(1));
  settle();
  ASSERT_TRUE(fib_.set_next_hop(hop4(1), via("10.0.0.9", 2)));
  EXPECT_EQ(settle(), 1U);
  EXPECT_EQ(kernel_.next_hops[hop4(1)], via("10.0.0.9", 2));
  EXPECT_EQ(kernel_.routes.size(), 1000U);
}

TEST_F(FibCore, ARemovedNextHopTakesItsRoutesAlongInOneOperation) {
  ASSERT_TRUE(fib_.set_next_hop(hop4(1), via("10.0.0.2", 1)));
  routes(1000, hop4(1));
  settle();
  fib_.remove_object(hop4(1));
  EXPECT_EQ(settle(), 1U);
  EXPECT_TRUE(kernel_.routes.empty());
  EXPECT_EQ(fib_.count_routes().waiting, 1000U);
  ASSERT_TRUE(fib_.set_next_hop(hop4(1), via("10.0.0.2", 1)));
  EXPECT_EQ(settle(), 1001U);
}

TEST_F(FibCore, ANextHopThatMovesIsReplacedNotRemoved) {
  ASSERT_TRUE(fib_.set_next_hop(hop4(1), via("10.0.0.2", 1)));
  routes(10, hop4(1));
  settle();
  fib_.remove_object(hop4(1));
  ASSERT_TRUE(fib_.set_next_hop(hop4(1), via("10.0.0.3", 1)));
  EXPECT_EQ(settle(), 1U);
  EXPECT_EQ(kernel_.routes.size(), 10U);
}

TEST_F(FibCore, AFlapBringsBackWhatTheKernelDropped) {
  ASSERT_TRUE(fib_.set_next_hop(hop4(1), via("10.0.0.2", 1)));
  routes(100, hop4(1));
  settle();
  link(1, false);
  EXPECT_EQ(fib_.count_routes().waiting, 100U);
  EXPECT_EQ(settle(), 1U);  // the next hop once more, in case the news is old
  link(1, true);
  EXPECT_EQ(settle(), 101U);
  EXPECT_EQ(kernel_.routes.size(), 100U);
}

TEST_F(FibCore, ASetGoesOnWithTheMembersThatAreLeft) {
  ASSERT_TRUE(fib_.set_next_hop(hop4(1), via("10.0.0.2", 1)));
  ASSERT_TRUE(fib_.set_next_hop(hop4(2), via("10.0.1.2", 2)));
  ASSERT_TRUE(fib_.set_members(set4(1), {{hop4(1), 1}, {hop4(2), 2}}));
  routes(100, set4(1));
  settle();
  link(1, false);
  EXPECT_EQ(settle(), 1U);  // the kernel took the member out itself
  EXPECT_EQ(fib_.count_routes().installed, 100U);
  link(1, true);
  EXPECT_EQ(settle(), 2U);  // the next hop, and the set with both
  EXPECT_EQ(kernel_.sets[set4(1)].size(), 2U);
  link(1, false);
  link(2, false);
  EXPECT_EQ(settle(), 2U);
  EXPECT_EQ(fib_.count_routes().waiting, 100U);
  link(2, true);
  EXPECT_EQ(settle(), 102U);
  EXPECT_EQ(kernel_.sets[set4(1)], (std::vector<Member>{{hop4(2), 2}}));
}

TEST_F(FibCore, AnMtuBelowTheLinkIsOfItsRoutes) {
  ASSERT_TRUE(fib_.set_next_hop(hop4(1), via("10.0.0.2", 1), 1500));
  ASSERT_TRUE(fib_.set_next_hop(hop4(2), via("10.0.1.2", 2), 1300));
  ASSERT_TRUE(fib_.set_members(set4(1), {{hop4(1)}, {hop4(2)}}));
  ASSERT_TRUE(fib_.set_route(numbered(1), hop4(1)));
  ASSERT_TRUE(fib_.set_route(numbered(2), set4(1)));
  settle();
  EXPECT_EQ(kernel_.routes[numbered(1)].mtu, 0);
  EXPECT_EQ(kernel_.routes[numbered(2)].mtu, 1300);
  link(1, true, 9000);
  EXPECT_EQ(settle(), 1U);
  EXPECT_EQ(kernel_.routes[numbered(1)].mtu, 1500);
  EXPECT_EQ(kernel_.routes[numbered(2)].mtu, 1300);
}

TEST_F(FibCore, ARefusedRouteIsNamedAndTheOthersStand) {
  kernel_.refused.insert(numbered(1));
  ASSERT_TRUE(fib_.set_next_hop(hop4(1), via("10.0.0.2", 1)));
  routes(3, hop4(1));
  settle();
  EXPECT_EQ(fib_.status(numbered(1)), (RowStatus{RowState::Failed, ENOMEM}));
  EXPECT_EQ(state(numbered(0)), RowState::Installed);
  EXPECT_EQ(state(numbered(2)), RowState::Installed);
  EXPECT_EQ(settle(), 0U);
  kernel_.refused.clear();
  fib_.retry_failed();
  EXPECT_EQ(settle(), 1U);
  EXPECT_EQ(state(numbered(1)), RowState::Installed);
}

TEST_F(FibCore, ARefusedNextHopIsTriedAgainWhenAnAddressComes) {
  kernel_.unreachable.insert(address("10.0.0.2"));
  ASSERT_TRUE(fib_.set_next_hop(hop4(1), via("10.0.0.2", 1)));
  routes(2, hop4(1));
  settle();
  EXPECT_EQ(fib_.status(hop4(1)), (RowStatus{RowState::Failed, ENETUNREACH}));
  EXPECT_EQ(state(numbered(0)), RowState::Waiting);
  kernel_.unreachable.clear();
  fib_.on_address(1);
  EXPECT_EQ(settle(), 3U);
}

TEST_F(FibCore, ARestartTouchesNothingThatIsRight) {
  ASSERT_TRUE(fib_.set_next_hop(hop4(1), via("10.0.0.2", 1), 1400));
  ASSERT_TRUE(fib_.set_next_hop(hop4(2), via("10.0.1.2", 2)));
  ASSERT_TRUE(fib_.set_members(set4(1), {{hop4(1)}, {hop4(2)}}));
  routes(100, set4(1));
  settle();

  Fib after;
  after.on_link(1, true, 1500);
  after.on_link(2, true, 1500);
  read_back(after, kernel_);
  EXPECT_EQ(test::settle(after, kernel_), 0U);
  EXPECT_EQ(after.count_routes().stale, 100U);
  // In any order: routes even before their next hops.
  for (std::uint32_t n = 0; n < 99; ++n) ASSERT_TRUE(after.set_route(numbered(n), set4(1)));
  EXPECT_EQ(test::settle(after, kernel_), 0U);
  ASSERT_TRUE(after.set_members(set4(1), {{hop4(1)}, {hop4(2)}}));
  ASSERT_TRUE(after.set_next_hop(hop4(1), via("10.0.0.2", 1), 1400));
  ASSERT_TRUE(after.set_next_hop(hop4(2), via("10.0.1.2", 2)));
  EXPECT_EQ(test::settle(after, kernel_), 0U);
  EXPECT_EQ(after.count_routes().installed, 99U);
  after.sweep();  // what nobody wanted
  EXPECT_EQ(test::settle(after, kernel_), 1U);
  EXPECT_FALSE(kernel_.routes.contains(numbered(99)));
}

TEST_F(FibCore, ALostRouteIsSetAgain) {
  ASSERT_TRUE(fib_.set_next_hop(hop4(1), via("10.0.0.2", 1)));
  routes(10, hop4(1));
  settle();
  kernel_.routes.erase(numbered(3));
  fib_.on_route_gone(numbered(3));
  EXPECT_EQ(settle(), 1U);
  kernel_.remove(hop4(1));
  fib_.on_object_gone(hop4(1));
  EXPECT_EQ(settle(), 12U);
  EXPECT_EQ(kernel_.routes.size(), 10U);
}

TEST_F(FibCore, RefusesRowsThatContradictThemselves) {
  EXPECT_FALSE(fib_.set_route(prefix("10.0.0.1/24"), hop4(1)));
  EXPECT_FALSE(fib_.set_route(prefix("10.0.0.0/33"), hop4(1)));
  EXPECT_FALSE(fib_.set_route(prefix("10.0.0.0/24"), hop6(1)));
  EXPECT_FALSE(fib_.set_route(prefix("10.0.0.0/24"), kNoObject));
  EXPECT_FALSE(fib_.set_next_hop(set4(1), via("10.0.0.2", 1)));
  EXPECT_FALSE(fib_.set_next_hop(hop4(1), via("10.0.0.2", 0)));
  EXPECT_FALSE(fib_.set_next_hop(hop6(1), via("10.0.0.2", 1)));
  EXPECT_FALSE(fib_.set_next_hop(object_id(Family::Ipv4, ObjectKind::NextHop, kMaxRow + 1), {}));
  EXPECT_FALSE(fib_.set_members(set4(1), {{hop4(1)}, {hop4(1)}}));
  EXPECT_FALSE(fib_.set_members(set4(1), {{hop6(1)}}));
  EXPECT_FALSE(fib_.set_members(set4(1), {{hop4(1), 0}}));
  EXPECT_FALSE(fib_.set_members(set4(1), {{hop4(1), 257}}));
  EXPECT_FALSE(fib_.set_members(hop4(1), {}));
  EXPECT_FALSE(fib_.set_next_hop(hop4(1), via("10.0.0.2", 1), 0, Reject::Prohibited));
  EXPECT_EQ(settle(), 0U);
}

// An ICMP error is of the route's own type: the object stays, and takes no such route along.
TEST_F(FibCore, ARouteThatAnswersWithAnErrorNamesNoObject) {
  const auto reject = [&](std::uint32_t n) { return kernel_.routes.at(numbered(n)).reject; };
  ASSERT_TRUE(fib_.set_next_hop(hop4(1), {.discard = true}, 0, Reject::Unreachable));
  ASSERT_TRUE(fib_.set_members(set4(1), {{hop4(1)}}));
  routes(2, hop4(1));
  ASSERT_TRUE(fib_.set_route(numbered(2), set4(1)));
  EXPECT_EQ(settle(), 5U);
  for (const std::uint32_t n : {0U, 1U, 2U}) EXPECT_EQ(reject(n), Reject::Unreachable) << n;
  EXPECT_EQ(state(numbered(0)), RowState::Installed);
  ASSERT_TRUE(fib_.set_next_hop(hop4(1), {.discard = true}, 0, Reject::Prohibited));
  EXPECT_EQ(settle(), 3U) << "the object is as it was";
  EXPECT_EQ(reject(2), Reject::Prohibited);

  Fib after;  // a restart
  read_back(after, kernel_);
  ASSERT_TRUE(after.set_next_hop(hop4(1), {.discard = true}, 0, Reject::Prohibited));
  ASSERT_TRUE(after.set_members(set4(1), {{hop4(1)}}));
  ASSERT_TRUE(after.set_route(numbered(0), hop4(1)));
  ASSERT_TRUE(after.set_route(numbered(2), set4(1)));
  EXPECT_EQ(test::settle(after, kernel_), 0U);
  EXPECT_EQ(after.count_routes().installed, 2U);
  EXPECT_EQ(after.count_routes().stale, 1U);

  ASSERT_TRUE(fib_.set_next_hop(hop4(1), via("10.0.0.2", 1)));
  EXPECT_EQ(settle(), 4U);
  for (const std::uint32_t n : {0U, 1U, 2U}) EXPECT_EQ(reject(n), Reject::No) << n;
  ASSERT_TRUE(fib_.set_next_hop(hop4(1), {.discard = true}, 0, Reject::Unreachable));
  settle();
  fib_.remove_object(hop4(1));
  settle();
  EXPECT_TRUE(kernel_.routes.empty()) << "the object took none along";
  EXPECT_EQ(state(numbered(0)), RowState::Waiting);
}

TEST_F(FibCore, ASetMayHaveAsManyMembersAsZebraMakes) {
  std::vector<Member> members;
  for (std::uint32_t n = 0; n < kMaxMembers; ++n) {
    ASSERT_TRUE(fib_.set_next_hop(hop4(n), via("10.0.0.2", 1 + n % 2)));
    members.push_back({hop4(n)});
  }
  ASSERT_TRUE(fib_.set_members(set4(1), members));
  routes(10, set4(1));
  settle();
  EXPECT_EQ(kernel_.sets.at(set4(1)).size(), kMaxMembers);
  link(2, false);
  settle();
  EXPECT_EQ(kernel_.sets.at(set4(1)).size(), kMaxMembers / 2);
  EXPECT_EQ(kernel_.routes.size(), 10U);
  members.push_back({hop4(kMaxMembers)});
  EXPECT_FALSE(fib_.set_members(set4(1), members));
}

// After a read-back every route is looked at again, but no more at once than was said.
TEST_F(FibCore, AReviewOfManyRoutesIsDoneInParts) {
  ASSERT_TRUE(fib_.set_next_hop(hop4(1), via("10.0.0.2", 1)));
  routes(1000, hop4(1));
  settle();
  for (std::uint32_t n = 0; n < 1000; n += 2) kernel_.routes.erase(numbered(n));
  read_back(fib_, kernel_);
  ASSERT_TRUE(fib_.set_route(numbered(998), hop4(1)));  // lost, and not reviewed yet
  EXPECT_FALSE(fib_.poll_operation());
  std::size_t operations = 0;
  for (std::size_t part = 0; part < 10; ++part) {
    ASSERT_TRUE(fib_.reviewing());
    ASSERT_TRUE(fib_.has_work());
    fib_.review(100);
    std::size_t some = 0;
    while (auto request = fib_.poll_operation()) {
      fib_.on_result(request->ticket, kernel_.apply(request->operation));
      ++some;
    }
    EXPECT_EQ(some, 50U) << part;
    operations += some;
  }
  operations += settle();
  EXPECT_EQ(operations, 500U);
  EXPECT_EQ(kernel_.routes.size(), 1000U);
  EXPECT_FALSE(fib_.has_work());
  // One that is begun before the last one is through.
  kernel_.routes.erase(numbered(999));
  read_back(fib_, kernel_);
  fib_.review(10);
  kernel_.routes.erase(numbered(3));
  read_back(fib_, kernel_);
  EXPECT_EQ(settle(), 2U);
  EXPECT_EQ(kernel_.routes.size(), 1000U);
}

TEST_F(FibCore, HandsOutABoundedNumber) {
  ASSERT_TRUE(fib_.set_next_hop(hop4(1), via("10.0.0.2", 1)));
  settle();
  routes(kMaxInFlight + 10, hop4(1));
  std::vector<std::uint64_t> tickets;
  while (auto request = fib_.poll_operation()) tickets.push_back(request->ticket);
  EXPECT_EQ(tickets.size(), kMaxInFlight);
  for (auto ticket = tickets.rbegin(); ticket != tickets.rend(); ++ticket) {
    fib_.on_result(*ticket, ENOMEM);  // in any order
    fib_.on_result(*ticket, 0);       // twice is not heard
  }
  EXPECT_EQ(fib_.count_routes().failed, kMaxInFlight);
  EXPECT_EQ(settle(), 10U);
}

TEST_F(FibCore, AMillionRoutesTakeLessThan64OctetsEach) {
  ASSERT_TRUE(fib_.set_next_hop(hop4(1), via("10.0.0.2", 1)));
  routes(1'000'000, hop4(1));
  EXPECT_LT(fib_.route_octets(), 64U * 1'000'000);
  EXPECT_EQ(fib_.count_routes().waiting, 1'000'000U);
}

TEST_F(FibCore, RowsComeAndGoInTheTable) {
  ASSERT_TRUE(fib_.set_next_hop(hop4(1), via("10.0.0.2", 1)));
  for (std::uint32_t round = 0; round < 5; ++round) {
    for (std::uint32_t n = 0; n < 2000; ++n) {
      ASSERT_TRUE(fib_.set_route(numbered(n + round * 700), hop4(1)));
    }
    settle();
    for (std::uint32_t n = 0; n < 700; ++n) fib_.remove_route(numbered(n + round * 700));
    settle();
    ASSERT_EQ(kernel_.routes.size(), 1300U);
    ASSERT_EQ(fib_.count_routes().installed, 1300U);
  }
  const std::size_t before = fib_.route_octets();
  for (std::uint32_t n = 0; n < 5000; ++n) fib_.remove_route(numbered(n));
  settle();
  EXPECT_TRUE(kernel_.routes.empty());
  EXPECT_FALSE(fib_.status(numbered(2800)));
  routes(2000, hop4(1));
  EXPECT_LE(fib_.route_octets(), before + 64 * 1024);
}

}  // namespace
}  // namespace forces::fe::dataplane::kernel
