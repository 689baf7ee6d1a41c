// Routes from zebra's stream to the kernel of an FE, through the real ce and fe: the short form of
// tests/bench/routing/end_to_end, without timing.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/e2e/routing/network_element.hpp"
#include "tests/e2e/routing/route_monitor.hpp"

namespace forces::test {
namespace {

constexpr std::uint32_t kRoutes = 1000;

std::set<std::string> wanted(std::uint32_t first = 0) {
  std::set<std::string> all;
  for (std::uint32_t n = first; n < kRoutes; ++n) {
    all.insert(prefix_of(n) + " via " + gateway_of(n));
  }
  return all;
}

bool in_step(const FeState& fe) { return fe.in_step(kRoutes); }

class WholeWay : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = NetworkElement::missing(); !missing.empty()) GTEST_SKIP() << missing;
    element = std::make_unique<NetworkElement>();
    element->start();
    const Inside inside(element->fe_side());
    monitor = std::make_unique<RouteMonitor>(kForcesProtocol);
  }
  void TearDown() override {
    if (HasFailure() && element) std::fputs(element->log().c_str(), stderr);
  }
  // A first load; from here on the monitor has seen nothing.
  void load() {
    element->feed(element->table(kRoutes));
    (void)element->wait_for("first load", in_step);
    ASSERT_TRUE(monitor->set(kRoutes, std::chrono::seconds(20)));
    ASSERT_EQ(element->routes_in_kernel(), wanted());
    monitor->clear();
  }
  void expect_untouched() {
    const auto seen = monitor->counts();
    EXPECT_EQ(seen.set, 0U);
    EXPECT_EQ(seen.deleted, 0U);
    EXPECT_EQ(seen.hops_set, 0U);
    EXPECT_EQ(seen.hops_deleted, 0U);
    EXPECT_EQ(seen.lost, 0U);
    EXPECT_EQ(element->routes_in_kernel(), wanted());
  }

  std::unique_ptr<NetworkElement> element;
  std::unique_ptr<RouteMonitor> monitor;
};

TEST_F(WholeWay, RoutesOfZebraAreInTheKernelOfTheFeAndGoWhenTheyAreWithdrawn) {
  load();
  EXPECT_EQ(element->state().sent, kRoutes + kGateways);
  element->feed(element->withdrawal(0));
  (void)element->wait_for("withdrawal", [](const FeState& fe) {
    return fe.tables == "synced" && fe.wanted == kRoutes - 1 + kGateways;
  });
  EXPECT_TRUE(e2e::eventually([&] { return monitor->counts().deleted == 1; }));
  EXPECT_EQ(element->routes_in_kernel(), wanted(1));
}

TEST_F(WholeWay, ACeThatIsKilledAndStartedAgainTouchesNoRoute) {
  load();
  element->kill_ce();
  element->start_ce();
  (void)element->wait_for("association", [](const FeState& fe) { return fe.associated(); });
  element->feed(element->table(kRoutes));
  const auto fe = element->wait_for("in step", in_step);
  EXPECT_EQ(fe.sent, 0U);
  expect_untouched();
}

TEST_F(WholeWay, AnAssociationThatIsLostAndComesBackTouchesNoRoute) {
  load();
  const auto before = element->state();
  element->cut();
  (void)element->wait_for("loss", [](const FeState& fe) { return fe.association == "down"; });
  element->mend();
  const auto fe = element->wait_for("in step", [&](const FeState& now) {
    return now.in_step(kRoutes) && now.read_backs > before.read_backs;
  });
  EXPECT_EQ(fe.sent, before.sent);
  EXPECT_GT(fe.associated_at, before.associated_at);
  expect_untouched();
}

}  // namespace
}  // namespace forces::test
