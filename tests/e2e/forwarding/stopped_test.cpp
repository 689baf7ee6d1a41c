// Whether packets pass: hosts in namespaces of their own at two ports of the FE.
#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>

#include "tests/e2e/forwarding/driver.hpp"

namespace forces::fe::forwarding::test {
namespace {

// A namespace as long as this lives: that of a process which does nothing.
class Host {
 public:
  Host() {
    std::array<int, 2> ready{};
    if (::pipe(ready.data()) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const char done = ::unshare(CLONE_NEWNET) == 0 ? 1 : 0;
      if (::write(ready[1], &done, 1) == 1) {
        for (;;) ::pause();
      }
      ::_exit(1);
    }
    char done = 0;
    good_ = ::read(ready[0], &done, 1) == 1 && done == 1;
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~Host() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] std::string pid() const { return std::to_string(pid_); }
  [[nodiscard]] std::string run(const std::string& command) const {
    return output_of("nsenter -t " + pid() + " -n " + command + " 2>&1");
  }

 private:
  pid_t pid_ = -1;
  bool good_ = false;
};

constexpr const char* kRules = "ip rule show | grep blackhole; ip -6 rule show | grep blackhole";

class Passing : public Driver {
 protected:
  void SetUp() override {
    Driver::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_TRUE(left.good() && right.good());
    const auto at = [](const Host& host) { return "nsenter -t " + host.pid() + " -n "; };
    ASSERT_TRUE(forces::test::run(
        "set -e; echo 1 > /proc/sys/net/ipv4/ip_forward;"
        "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding;"
        "ip link add port2 type veth peer name far2;"
        "ip link set far netns " +
        left.pid() + "; ip link set far2 netns " + right.pid() +
        ";"
        "ip link set port2 up;"
        "ip addr add 10.4.0.1/24 dev port2;"
        "ip addr add 2001:db8:1::1/64 dev port nodad; ip addr add 2001:db8:4::1/64 dev port2 "
        "nodad;" +
        at(left) + "ip link set lo up;" + at(left) + "ip link set far up;" + at(left) +
        "ip addr add 10.1.0.2/24 dev far;" + at(left) +
        "ip addr add 2001:db8:1::2/64 dev far nodad;" + at(left) +
        "ip route add default via 10.1.0.1;" + at(left) +
        "ip route add default via 2001:db8:1::1;" + at(right) + "ip link set lo up;" + at(right) +
        "ip link set far2 up;" + at(right) + "ip addr add 10.4.0.2/24 dev far2;" + at(right) +
        "ip addr add 10.9.0.1/24 dev lo;" + at(right) +
        "ip addr add 2001:db8:4::2/64 dev far2 nodad;" + at(right) +
        "ip route add default via 10.4.0.1;" + at(right) +
        "ip route add default via 2001:db8:4::1"));
    config.ports.push_back({.port_id = 2, .interface = "port2", .classes = {}});
  }
  bool passes(const std::string& address) {
    return e2e::eventually([&] {
      return left.run("ping -c 1 -W 1 " + address).find(" 0% packet loss") != std::string::npos;
    });
  }
  bool stops(const std::string& address) {
    return left.run("ping -c 2 -i 0.2 -W 1 " + address).find("100% packet loss") !=
           std::string::npos;
  }
  void route() {
    EXPECT_EQ(set(kIpv4NextHop, {1, 1}, next_hop(2, "0a040002")), "E_SUCCESS");
    EXPECT_EQ(set(kIpv4Lpm, {1, 1}, prefix4("0a090000", 24, false, 1)), "E_SUCCESS");
    ASSERT_TRUE(installed(1));
  }

  Host left, right;
};

// RFC 5810 section 4.4.1: "The FE MUST NOT process packets during this state".
TEST_F(Passing, ADisabledFeForwardsNothingAndLosesNothing) {
  start();
  route();
  const std::vector<std::string> all{"10.9.0.1", "10.4.0.2", "2001:db8:4::2"};
  for (const auto& address : all) EXPECT_TRUE(passes(address)) << address;
  EXPECT_EQ(output_of(kRules), "");
  EXPECT_EQ(set(lfb::kFeObject, {7}, "00"), "E_SUCCESS");
  EXPECT_EQ(output_of("ip rule show | grep -c 'iif port.* blackhole proto 220'"), "2\n")
      << "in effect when the answer is there\n"
      << output_of("ip rule show");
  for (const auto& address : all) EXPECT_TRUE(stops(address)) << address;
  EXPECT_TRUE(passes("10.1.0.1")) << "the host itself is no part of it";
  EXPECT_EQ(get(kKernelPlane, {4}), "00000001");
  EXPECT_NE(output_of("ip route show 10.9.0.0/24"), "") << "the rows stay";
  EXPECT_TRUE(noted("forwarding_gate forwarding is off"));
  EXPECT_EQ(set(lfb::kFeObject, {7}, "02"), "E_SUCCESS");
  EXPECT_EQ(output_of(kRules), "");
  for (const auto& address : all) EXPECT_TRUE(passes(address)) << address;
}

// As after a crash: what was shut stays so until a CE says otherwise.
TEST_F(Passing, ADisabledFeStaysSoUntilTheNextAssociation) {
  config.fepo.failover_policy = 1;
  start();
  route();
  EXPECT_EQ(set(lfb::kFeObject, {7}, "00"), "E_SUCCESS");
  end();
  EXPECT_NE(output_of(kRules), "");
  ASSERT_TRUE(make());
  EXPECT_NE(output_of(kRules), "") << "nobody has enabled it";
  start();
  EXPECT_TRUE(e2e::eventually([] { return output_of(kRules).empty(); }));
  EXPECT_TRUE(passes("10.9.0.1")) << "a row of before";
}

// CEFailoverPolicy 0: "The FE should stop functioning immediately".
TEST_F(Passing, WithoutACePolicyStopForwardsNothing) {
  start();
  EXPECT_TRUE(passes("10.4.0.2"));
  teardown();
  ASSERT_TRUE(e2e::eventually([&] { return element->snapshot().state != "associated"; }));
  EXPECT_TRUE(e2e::eventually([] { return !output_of(kRules).empty(); }));
  EXPECT_TRUE(stops("10.4.0.2")) << "not by the routes of its addresses either";
  ASSERT_TRUE(associated());
  EXPECT_TRUE(passes("10.4.0.2"));
  end();
  EXPECT_EQ(output_of(kRules), "") << "where no FE runs, nothing of it is left";
}

TEST_F(Passing, WithoutACeTheEarlierLifeStopsAtCefti) {
  config.fepo.failover_policy = 1;
  start();
  route();
  end();
  EXPECT_TRUE(passes("10.9.0.1"));
  config.fepo.failover_timeout = 300ms;  // CEFTI
  config.ces[0].control_port = 1;        // where nobody is
  ASSERT_TRUE(make());
  open_context();
  ASSERT_EQ(element->start(context_), TML_SUCCESS);
  EXPECT_TRUE(e2e::eventually([] { return !output_of(kRules).empty(); }));
  EXPECT_TRUE(stops("10.4.0.2"));
}

// Outputs 1, 2, 3 of a NextHop row: silence, unreachable, prohibited.
TEST_F(Passing, DroppedPacketsAreAnsweredAsTheirRowSays) {
  start();
  const auto rows = [&](Target hops, Target lpm, const char* none, const auto& prefix) {
    for (const std::uint32_t output : {1U, 2U, 3U}) {
      EXPECT_EQ(set(hops, {1, output}, next_hop(0, none, output)), "E_SUCCESS");
      EXPECT_EQ(set(lpm, {1, output}, prefix(output)), "E_SUCCESS");
    }
  };
  rows(kIpv4NextHop, kIpv4Lpm, "00000000",
       [](std::uint32_t n) { return prefix4("0a3" + std::to_string(n) + "0000", 16, false, n); });
  rows(kIpv6NextHop, kIpv6Lpm, "00000000000000000000000000000000", [](std::uint32_t n) {
    return prefix4("20010db800" + std::to_string(50 + n) + "00000000000000000000", 48, false, n);
  });
  ASSERT_TRUE(installed(6)) << output_of("ip route; ip -6 route");
  const struct {
    const char* address;
    const char* answer;
  } cases[] = {{"10.49.0.1", "100% packet loss"},
               {"10.50.0.1", "From 10.1.0.1 icmp_seq=1 Destination Host Unreachable"},
               {"10.51.0.1", "From 10.1.0.1 icmp_seq=1 Packet filtered"},
               {"2001:db8:51::1", "100% packet loss"},
               {"2001:db8:52::1", "Destination unreachable: No route"},
               {"2001:db8:53::1", "Destination unreachable: Administratively prohibited"}};
  for (const auto& c : cases) {
    const std::string shown = left.run(std::string("ping -c 1 -W 1 ") + c.address);
    EXPECT_NE(shown.find(c.answer), std::string::npos) << shown;
    const bool silent = std::string_view(c.answer) == "100% packet loss";
    EXPECT_EQ(shown.find("From ") == std::string::npos, silent) << shown;
  }
}

}  // namespace
}  // namespace forces::fe::forwarding::test
