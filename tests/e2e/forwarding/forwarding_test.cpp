// From a CE's message to the kernel's table and back.
#include "tests/e2e/forwarding/driver.hpp"

namespace forces::fe::forwarding::test {
namespace {

constexpr const char* kOurs = "ip route show proto 220";
constexpr const char* kNextHops = "ip nexthop show proto 220";

class ForwardingInKernel : public Driver {};

TEST_F(ForwardingInKernel, RowsOfTheCeAreRoutesOfTheKernel) {
  start();
  subscribe(kKernelPlane, {60, 6});
  EXPECT_EQ(get(kKernelPlane, {1}), "01");
  routes(2);
  ASSERT_TRUE(installed(2));
  EXPECT_EQ(output_of(kOurs),
            "10.2.0.0/16 nhid 1073741825 via 10.1.0.2 dev port metric 20 \n"
            "10.3.0.0/16 nhid 1073741825 via 10.1.0.2 dev port metric 20 \n");
  EXPECT_TRUE(told(kKernelPlane, {60, 6})) << "PlaneSettled";
  EXPECT_EQ(set(kIpv4Lpm, {1, 0, 2}, "18"), "E_SUCCESS");
  ASSERT_TRUE(
      e2e::eventually([] { return output_of(kOurs).starts_with("10.2.0.0/24 nhid 1073741825"); }));
  EXPECT_EQ(del(kIpv4Lpm, {1, 0}), "E_SUCCESS");
  ASSERT_TRUE(installed(1));
  EXPECT_EQ(element->snapshot().routes.state, "running");
  EXPECT_GT(counter("forwarding_batches"), 0U);
  EXPECT_EQ(counter("forwarding_contradictions"), 0U);
}

TEST_F(ForwardingInKernel, EcmpAndDiscard) {
  start();
  EXPECT_EQ(set(kIpv4NextHop, {1, 1}, next_hop(1, "0a010002")), "E_SUCCESS");
  EXPECT_EQ(set(kIpv4NextHop, {1, 2}, next_hop(1, "0a010003")), "E_SUCCESS");
  EXPECT_EQ(set(kIpv4NextHop, {1, 3}, next_hop(0, "00000000", 1)), "E_SUCCESS");
  EXPECT_EQ(set(kIpv4NextHop, {1, 4}, next_hop(0, "00000000", 2)), "E_SUCCESS");
  EXPECT_EQ(set(kEcmpHops, {1, 7}, members({{1, 1}, {2, 3}})), "E_SUCCESS");
  EXPECT_EQ(set(kIpv4Lpm, {1, 1}, prefix4("0a020000", 16, true, 7)), "E_SUCCESS");
  EXPECT_EQ(set(kIpv4Lpm, {1, 2}, prefix4("0a030000", 16, false, 3)), "E_SUCCESS");
  EXPECT_EQ(set(kIpv4Lpm, {1, 3}, prefix4("0a040000", 16, false, 4)), "E_SUCCESS");
  ASSERT_TRUE(installed(3));
  const std::string shown = output_of("ip route show 10.2.0.0/16");
  EXPECT_NE(shown.find("nexthop via 10.1.0.3 dev port weight 3"), std::string::npos) << shown;
  EXPECT_NE(output_of("ip route show 10.3.0.0/16").find("blackhole"), std::string::npos);
  EXPECT_NE(output_of("ip route show type unreachable").find("10.4.0.0/16"), std::string::npos);
}

TEST_F(ForwardingInKernel, TwentyThousandRowsInLargeMessages) {
  start();
  EXPECT_EQ(set(kIpv4NextHop, {1, 1}, next_hop(1, "0a010002")), "E_SUCCESS");
  for (std::uint32_t first = 0; first < 20'000; first += 1'000) {
    std::vector<pl::Element> paths;
    for (std::uint32_t n = first; n < first + 1'000; ++n) {
      const auto p = numbered(n).address.octets;
      const auto address = to_hex(std::as_bytes(std::span(p).first(4)));
      paths.push_back(path({1, n}, {lfb::test::data(prefix4(address, 28, false, 1))}));
    }
    const auto results =
        ask(message(pl::MsgType::Config, OperType::Set, kIpv4Lpm, std::move(paths)));
    ASSERT_EQ(std::ranges::count(results, "E_SUCCESS"), 1'000);
  }
  ASSERT_TRUE(installed(20'000));
  EXPECT_EQ(output_of("ip route show proto 220 | wc -l"), "20000\n");
  teardown();
  ASSERT_TRUE(e2e::eventually([] { return output_of(kOurs).empty(); }))
      << "CEFailoverPolicy 0: without a CE nothing is forwarded";
}

TEST_F(ForwardingInKernel, ALinkThatGoesDownIsTold) {
  start();
  routes(1);
  ASSERT_TRUE(installed(1));
  subscribe(ether_phy_cop(1), {60, 1});
  ASSERT_TRUE(forces::test::run("ip link set far down"));
  ASSERT_TRUE(told(ether_phy_cop(1), {60, 1}, "02"));
  EXPECT_EQ(get(ether_phy_cop(1), {3}), "02");
  EXPECT_EQ(get(ether_phy_cop(1), {8}), "00");
  EXPECT_EQ(get(kKernelPlane, {2}), "00000001") << "the route waits";
  ASSERT_TRUE(forces::test::run("ip link set far up"));
  ASSERT_TRUE(told(ether_phy_cop(1), {60, 1}, "01"));
  ASSERT_TRUE(installed(1));
  EXPECT_TRUE(noted("link port is up"));
}

TEST_F(ForwardingInKernel, AnInterfaceThatIsMadeAnewIsUsed) {
  start();
  routes(1);
  ASSERT_TRUE(installed(1));
  ASSERT_TRUE(forces::test::run("ip link del port"));
  ASSERT_TRUE(installed(0));
  ASSERT_TRUE(forces::test::run(
      "printf '%s\\n' 'link add port type veth peer name far' 'addr add 10.1.0.1/24 dev port'"
      " 'link set port up' 'link set far up' | ip -batch -"));
  ASSERT_TRUE(installed(1));
}

TEST_F(ForwardingInKernel, AddressesOfThePortAreToldOf) {
  start();
  subscribe(kPortAddress, {60});
  ASSERT_TRUE(forces::test::run("ip addr add 10.1.7.1/25 dev port"));
  EXPECT_TRUE(told(kPortAddress, {60, 1}, "00000001040a01070100000000000000000000000019"));
  ASSERT_TRUE(forces::test::run("ip addr del 10.1.7.1/25 dev port"));
  EXPECT_TRUE(told(kPortAddress, {60, 2}, "00000001040a01070100000000000000000000000019"));
}

TEST_F(ForwardingInKernel, AdminStatusIsThatOfTheInterface) {
  start();
  subscribe(ether_phy_cop(1), {60, 1});
  EXPECT_EQ(set(ether_phy_cop(1), {2}, "02"), "E_SUCCESS");
  EXPECT_EQ(output_of("ip -o link show port up"), "") << "in effect when the answer is there";
  EXPECT_TRUE(told(ether_phy_cop(1), {60, 1}, "02"));
  EXPECT_EQ(set(ether_phy_cop(1), {2}, "01"), "E_SUCCESS");
  EXPECT_TRUE(told(ether_phy_cop(1), {60, 1}, "01"));
  EXPECT_NE(output_of("ip -o link show port up"), "");
  EXPECT_EQ(get(ether_phy_cop(1), {2}), "01");
}

TEST_F(ForwardingInKernel, LinkSpeedIsThatOfTheInterface) {
  start();
  EXPECT_EQ(get(ether_phy_cop(1), {5}), "00000004") << "a veth says 10 Gbit/s";
  subscribe(ether_phy_cop(1), {60, 2});
  ASSERT_TRUE(forces::test::run("ip link set far down"));
  EXPECT_TRUE(told(ether_phy_cop(1), {60, 2}, "00000000")) << "nothing connected";
  ASSERT_TRUE(forces::test::run("ip link set far up"));
  EXPECT_TRUE(told(ether_phy_cop(1), {60, 2}, "00000004"));
}

TEST_F(ForwardingInKernel, ARowThatTheKernelRefusesIsNamed) {
  start();
  subscribe(kKernelPlane, {60});
  EXPECT_EQ(set(kIpv4NextHop, {1, 9}, next_hop(1, "0a4d0001")), "E_SUCCESS");
  EXPECT_TRUE(told(kKernelPlane, {60, 4}, "040000000009"));
  EXPECT_TRUE(noted("rows_refused 1, the last NextHop IPv4 row 9: Network is unreachable"));
  EXPECT_EQ(counter("forwarding_rows_refused"), 1U);
  ASSERT_TRUE(forces::test::run("ip addr add 10.77.0.9/24 dev port"));
  EXPECT_TRUE(told(kKernelPlane, {60, 5}, "040000000009")) << "it can be had now";
}

TEST_F(ForwardingInKernel, WhatOthersDoToOurRoutesIsMendedAndTold) {
  start();
  routes(1);
  ASSERT_TRUE(installed(1));
  ASSERT_TRUE(forces::test::run("ip route del 10.2.0.0/16"));
  EXPECT_TRUE(noted("rows_touched"));
  ASSERT_TRUE(e2e::eventually([] { return !output_of(kOurs).empty(); }));
}

TEST_F(ForwardingInKernel, PolicyStopLeavesNothing) {
  start();
  routes(3);
  ASSERT_TRUE(installed(3));
  end();
  EXPECT_EQ(output_of(kOurs), "");
  EXPECT_EQ(output_of(kNextHops), "");
}

TEST_F(ForwardingInKernel, PolicyStopLeavesNothingOfAnEarlierLifeEither) {
  config.fepo.failover_policy = 1;
  start();
  routes(3);
  ASSERT_TRUE(installed(3));
  end();
  EXPECT_EQ(output_of("ip route show proto 220 | wc -l"), "3\n");
  config.fepo.failover_policy = 0;
  start();
  EXPECT_EQ(get(kKernelPlane, {6}), "00000003");
  end();
  EXPECT_EQ(output_of(kOurs), "");
}

TEST_F(ForwardingInKernel, AtTheEndThePolicyDecidesThoughNoCeCame) {
  config.fepo.failover_policy = 1;
  start();
  routes(2);
  ASSERT_TRUE(installed(2));
  end();
  config.ces[0].control_port = 1;  // where nobody is
  for (const int policy : {1, 0}) {
    config.fepo.failover_policy = static_cast<std::uint8_t>(policy);
    ASSERT_TRUE(make());
    open_context();
    ASSERT_EQ(element->start(context_), TML_SUCCESS);
    EXPECT_EQ(output_of("ip route show proto 220 | wc -l"), "2\n");
    end();
    EXPECT_EQ(output_of("ip route show proto 220 | wc -l"), policy == 1 ? "2\n" : "0\n");
  }
}

TEST_F(ForwardingInKernel, PolicyKeepForwardingOutlivesARestartAndNothingIsTouched) {
  config.fepo.failover_policy = 1;
  config.forwarding.stale_timeout = 1s;
  start();
  routes(3);
  ASSERT_TRUE(installed(3));
  teardown();
  ASSERT_TRUE(e2e::eventually([&] { return element->snapshot().state != "associated"; }));
  EXPECT_EQ(output_of("ip route show proto 220 | wc -l"), "3\n");
  end();
  EXPECT_EQ(output_of("ip route show proto 220 | wc -l"), "3\n");

  start();
  EXPECT_TRUE(noted("forwarding_open 3 routes of an earlier life"));
  routes(2);
  ASSERT_TRUE(installed(2));
  EXPECT_EQ(counter("forwarding_operations"), 0U) << "what is right is not touched";
  ASSERT_TRUE(e2e::eventually([] { return output_of("ip route show proto 220 | wc -l") == "2\n"; }))
      << "the third was not set again";
  EXPECT_TRUE(noted("forwarding_swept 1 routes"));
}

TEST_F(ForwardingInKernel, WithoutACeTheEarlierLifeEnds) {
  config.fepo.failover_policy = 1;
  start();
  routes(1);
  ASSERT_TRUE(installed(1));
  end();
  config.fepo.failover_timeout = 300ms;  // CEFTI
  config.ces[0].control_port = 1;        // where nobody is
  ASSERT_TRUE(make());
  open_context();
  ASSERT_EQ(element->start(context_), TML_SUCCESS);
  EXPECT_TRUE(e2e::eventually([] { return output_of(kOurs).empty(); }));
}

TEST_F(ForwardingInKernel, KernelOffAnswersAndInstallsNothing) {
  config.forwarding.kernel = false;
  start();
  EXPECT_EQ(get(kKernelPlane, {1}), "00");
  EXPECT_EQ(get(ether_phy_cop(1), {3}), "01");
  routes(1);
  EXPECT_EQ(get(kIpv4Lpm, {1, 0}), prefix4("0a020000", 16, false, 1));
  EXPECT_EQ(output_of(kOurs), "");
  EXPECT_EQ(get(kIpv4Lpm, {2}), std::string(48, '0'));
}

TEST_F(ForwardingInKernel, StatisticsAreThoseOfTheNamespace) {
  start();
  const std::string before = get(kIpv4Lpm, {2});
  ASSERT_EQ(before.size(), 48U) << before;
  EXPECT_NE(before.substr(0, 16), std::string(16, '0')) << "the TML itself has been received";
  EXPECT_EQ(get(kIpv6Lpm, {2}).size(), 48U);
  EXPECT_EQ(set(kIpv4Lpm, {2}, std::string(48, '0')), "E_SUCCESS");
  EXPECT_LT(get(kIpv4Lpm, {2}), before) << "read-reset";
}

// As the daemon does: the threads of the TML are older than the drop of privileges, and keep none.
TEST_F(ForwardingInKernel, TheThreadThatStartsItLendsItsPrivilege) {
  ASSERT_TRUE(make());
  set_net_admin(false);
  open_context();
  set_net_admin(true);
  ASSERT_EQ(element->start(context_), TML_SUCCESS);
  ASSERT_TRUE(associated());
  routes(1);
  EXPECT_TRUE(installed(1));
  subscribe(ether_phy_cop(1), {60, 1});
  EXPECT_EQ(set(ether_phy_cop(1), {2}, "02"), "E_SUCCESS");
  EXPECT_TRUE(told(ether_phy_cop(1), {60, 1}, "02"));
}

TEST_F(ForwardingInKernel, WithoutThePrivilegeItIsSaidAndRowsFail) {
  set_net_admin(false);
  EXPECT_FALSE(make());
  EXPECT_TRUE(noted("forwarding_failed CAP_NET_ADMIN is missing"));
  start();  // the threads of libtml are as this one
  subscribe(kKernelPlane, {60});
  routes(1);
  EXPECT_TRUE(told(kKernelPlane, {60, 4}, "04000000000100000001")) << "EPERM";
  EXPECT_EQ(get(kKernelPlane, {4}), "00000000");
  EXPECT_EQ(get(ether_phy_cop(1), {3}), "01") << "links are followed all the same";
  EXPECT_EQ(set(ether_phy_cop(1), {2}, "02"), "E_SUCCESS");
  EXPECT_TRUE(noted("admin_status_failed port 1"));
  EXPECT_TRUE(e2e::eventually([&] { return get(ether_phy_cop(1), {2}) == "01"; }));
  end();
  set_net_admin(true);
}

}  // namespace
}  // namespace forces::fe::forwarding::test
