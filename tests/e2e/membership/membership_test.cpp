// The fe program as a multicast router and MARS client: hosts whose kernels speak IGMPv2, IGMPv3,
// MLDv1 and MLDv2, and CEs that are stubs.
#include <thread>

#include "tests/e2e/daemons/network.hpp"
#include "tests/e2e/membership/host.hpp"
#include "tests/e2e/membership/stub_ce.hpp"

namespace forces::test {
namespace {

using namespace std::chrono_literals;
using e2e::eventually;
using testing::ContainsRegex;
using testing::HasSubstr;

constexpr std::uint32_t kCe1 = 0x40000001, kCe2 = 0x40000002;
const std::string kFour = "239.1.1.1", kSix = "ff1e::1";

class MembershipAtPorts : public e2e::Network {
 protected:
  void SetUp() override {
    if (!enter_fresh_namespace()) GTEST_SKIP() << "needs root: a network namespace";
    for (int n = 1; n <= 3; ++n) {
      ASSERT_TRUE(host(n).made());
      ASSERT_NO_FATAL_FAILURE(host(n).connect(n, n == 3 ? 2 : 3));
    }
    ce1.start();
    ce2.start();
  }
  Host& host(int n) { return hosts_[static_cast<std::size_t>(n - 1)]; }

  [[nodiscard]] std::string toml(const std::string& association,
                                 const std::string& multicast = "") {
    std::string text =
        "[fe]\nid = 7\n[tls]\nplaintext = true\n[http]\nport = 0\n[control]\nsocket = \"" +
        path("fe.sock") +
        "\"\n[tml]\nbackoff_min = \"20ms\"\nbackoff_max = \"100ms\"\nheartbeat = \"250ms\"\n"
        "dead_interval = \"1s\"\n[association]\nce_heartbeats = false\nce_dead_interval = \"1s\"\n"
        "retry_min = \"20ms\"\nretry_max = \"200ms\"\n" +
        association;
    for (auto* ce : {&ce1, &ce2}) {
      text += fmt::format(
          "[[ce]]\nid = {:#x}\naddress = \"127.0.0.1\"\ncontrol_port = {}\ndata_port = {}\n",
          ce == &ce1 ? kCe1 : kCe2, ce->control_port(), ce->data_port());
    }
    for (int n = 1; n <= 3; ++n) {
      text += fmt::format("[[port]]\nid = {0}\ndevice = \"m{0}\"\nclasses = [\"ospf\"]\n", n);
    }
    return text +
           "[multicast]\nenabled = true\nendpoint = \"127.0.0.1:5000\"\nmcs_port = 5001\n"
           "last_member_interval = \"100ms\"\nmars_retransmit = \"1s\"\nrejoin_min = \"0s\"\n"
           "rejoin_max = \"300ms\"\n" +
           multicast;
  }
  void start_fe(const std::string& association, const std::string& multicast = "") {
    start("fe", "fe", toml(association, multicast));
    ASSERT_TRUE(eventually([&] { return ce1.associated() && ce1.registered() >= 2; }));
  }
  // Sends until the condition holds.
  template <class Condition>
  bool sending_until(const std::string& group, const std::string& text, Condition&& condition) {
    return eventually([&] {
      host(1).send(group, text);
      return condition();
    });
  }
  static mars::GroupRange range(const std::string& group) { return McastGroup(group).range(); }
  // Ports of a group as forcesctl has them: "2 3".
  std::string ports_of(const std::string& group) {
    const auto list = ctl("fe", {"membership", "list", "--json"}).json();
    std::string text;
    for (const auto& one : list.value("memberships", e2e::Json::array())) {
      if (one["group"] != group) continue;
      for (const auto& port : one["ports"]) {
        text += fmt::format("{}{}", text.empty() ? "" : " ", port["port"].get<int>());
      }
    }
    return text;
  }

  StubCe ce1{kCe1}, ce2{kCe2};

 private:
  std::array<Host, 3> hosts_;
};

const std::string kKeep = "failover_policy = \"keep_forwarding\"\n";
const std::string kHot = kKeep + "ha_mode = \"hot_standby\"\n";

TEST_F(MembershipAtPorts, HostsOfEveryVersionJoinAndLeaveAndTheMarsHasTheUnion) {
  ASSERT_NO_FATAL_FAILURE(start_fe(kKeep));
  for (const std::string& group : {kFour, kSix}) {
    SCOPED_TRACE(group);
    host(2).join(group);  // IGMPv3, MLDv2
    ASSERT_TRUE(eventually([&] { return ce1.members(range(group)) == 1; }));
    ASSERT_TRUE(
        sending_until(group, "one" + group, [&] { return host(2).saw("one" + group) > 0; }));
    host(3).join(group);  // IGMPv2, MLDv1
    ASSERT_TRUE(eventually([&] { return ports_of(group) == "2 3"; }));
    ASSERT_TRUE(sending_until(group, "two" + group, [&] {
      return host(2).saw("two" + group) > 0 && host(3).saw("two" + group) > 0;
    }));
    EXPECT_EQ(host(3).saw("one" + group), 0U) << "before it joined";
    EXPECT_EQ(host(1).saw("two" + group), 0U) << "where it came from";

    host(2).leave(group);
    ASSERT_TRUE(eventually([&] { return ports_of(group) == "3"; }));
    EXPECT_EQ(ce1.members(range(group)), 1U) << "port 3 is still in";
    ASSERT_TRUE(
        sending_until(group, "three" + group, [&] { return host(3).saw("three" + group) > 0; }));
    EXPECT_EQ(host(2).saw("three" + group), 0U) << "after it left";
    host(3).leave(group);
    ASSERT_TRUE(eventually([&] { return ce1.members(range(group)) == 0; }));
    EXPECT_EQ(ports_of(group), "");
  }
}

TEST_F(MembershipAtPorts, SourcesThatAHostDoesNotWantAreNotForwarded) {
  ASSERT_NO_FATAL_FAILURE(start_fe(kKeep));
  host(2).join(kFour, "10.1.0.2");  // the sender
  ASSERT_TRUE(eventually([&] { return ports_of(kFour) == "2"; }));
  ASSERT_TRUE(sending_until(kFour, "wanted", [&] { return host(2).saw("wanted") > 0; }));
  for (int n = 0; n < 5; ++n) host(3).send(kFour, "unwanted");
  ASSERT_TRUE(sending_until(kFour, "after", [&] { return host(2).saw("after") > 0; }));
  EXPECT_EQ(host(2).saw("unwanted"), 0U);
}

TEST_F(MembershipAtPorts, WithoutACeHostsGoOnJoiningAndLeaving) {
  ASSERT_NO_FATAL_FAILURE(start_fe(kKeep));
  host(2).join(kFour);
  ASSERT_TRUE(sending_until(kFour, "before", [&] { return host(2).saw("before") > 0; }));
  ce2.end();
  ce1.end();
  ASSERT_TRUE(child("fe").says("no master"));
  host(3).join(kFour);
  ASSERT_TRUE(sending_until(kFour, "without", [&] { return host(3).saw("without") > 0; }));
  host(2).leave(kFour);
  ASSERT_TRUE(eventually([&] { return ports_of(kFour) == "3"; }));
  ASSERT_TRUE(sending_until(kFour, "left", [&] { return host(3).saw("left") > 0; }));
  EXPECT_EQ(host(2).saw("left"), 0U);
}

TEST_F(MembershipAtPorts, ALostCeIsLeftForTheOtherAndNoPacketIsLost) {
  ASSERT_NO_FATAL_FAILURE(start_fe(kHot));
  ASSERT_TRUE(eventually([&] { return ce2.associated(); }));
  host(2).join(kFour);
  host(3).join(kSix);
  ASSERT_TRUE(
      eventually([&] { return ce1.members(range(kFour)) == 1 && ce1.members(range(kSix)) == 1; }));
  ASSERT_TRUE(sending_until(kFour, "begin", [&] { return host(2).saw("begin") > 0; }));
  EXPECT_EQ(ce2.registered(), 0U) << "one MARS at a time";
  ce1.end();
  std::size_t sent = 0;
  ASSERT_TRUE(eventually([&] {
    host(1).send(kFour, "stream");
    ++sent;
    return ce2.members(range(kFour)) == 1 && ce2.members(range(kSix)) == 1;
  }));
  EXPECT_TRUE(eventually([&] { return host(2).saw("stream") == sent; }))
      << host(2).saw("stream") << " of " << sent;
  EXPECT_TRUE(child("fe").said("mars_failed"));
}

TEST_F(MembershipAtPorts, ARedirectMapIsFollowed) {
  ASSERT_NO_FATAL_FAILURE(start_fe(kHot));
  ASSERT_TRUE(eventually([&] { return ce2.associated(); }));
  host(2).join(kFour);
  ASSERT_TRUE(eventually([&] { return ce1.members(range(kFour)) == 1; }));
  ce1.redirect(kCe2, true);
  ASSERT_TRUE(eventually([&] { return ce2.members(range(kFour)) == 1; }));
}

TEST_F(MembershipAtPorts, TheOperatorSeesPortsGroupsAndTheMars) {
  ASSERT_NO_FATAL_FAILURE(start_fe(
      kKeep,
      "[[multicast.port]]\nid = 1\n[[multicast.port]]\nid = 2\nstatic = [\"232.1.1.1 10.1.0.2\"]\n"
      "[[multicast.port]]\nid = 3\ngroups = 1\nrouter = \"always\"\n"));
  const mars::GroupRange all{mars::ipv4_address(0xe0000000), mars::ipv4_address(0xefffffff)};
  ASSERT_TRUE(eventually([&] { return ce1.members(all) == 1; })) << "the router port is a block";
  EXPECT_EQ(ce1.members(range("232.1.1.1")), 1U);
  host(3).join(kFour);
  ASSERT_TRUE(eventually([&] { return ports_of(kFour) == "3"; }));
  host(3).join("239.1.1.2");
  ASSERT_TRUE(child("fe").says("multicast_limit"));
  ASSERT_TRUE(sending_until("239.9.9.9", "all", [&] { return host(3).saw("all") > 0; }))
      << "a router has every group";

  const auto list = ctl("fe", {"membership", "list"});
  EXPECT_EQ(list.status, 0) << list.err;
  EXPECT_THAT(list.out, ContainsRegex("ipv4 +member +registered +0x40000001 +100 +yes\n"));
  EXPECT_THAT(list.out, ContainsRegex(" 1 +ipv4 +up +ours +no +0\n"));
  EXPECT_THAT(list.out, ContainsRegex(" 3 +ipv6 +up +ours +yes +"));
  EXPECT_THAT(list.out, ContainsRegex("232.1.1.1 +confirmed +2 only 10.1.0.2\n"));
  EXPECT_THAT(list.out, ContainsRegex("239.1.1.1 +confirmed +3\n"));
  EXPECT_EQ(metric("fe", "fe_multicast_port_router", {{"port", "3"}, {"family", "ipv4"}}), 1U);
  EXPECT_EQ(metric("fe", "fe_multicast_mars_registered", {{"family", "ipv4"}}), 1U);
  EXPECT_GE(metric("fe", "fe_multicast_port_refused_total", {{"port", "3"}, {"reason", "groups"}}),
            1U);
}

TEST_F(MembershipAtPorts, TheMcsIsRegisteredByAReloadAndTakenBackByTheNext) {
  ASSERT_NO_FATAL_FAILURE(start_fe(kKeep));
  EXPECT_EQ(ce1.heard(mars::Operation::Mserv), 0U);
  write("fe.toml", toml(kKeep, "[multicast.mcs]\ngroups = [\"239.1.1.1\"]\n"));
  child("fe").signal(SIGHUP);
  ASSERT_TRUE(eventually([&] { return ce1.members(range(kFour)) == 1; }));
  write("fe.toml", toml(kKeep));
  child("fe").signal(SIGHUP);
  ASSERT_TRUE(eventually([&] { return ce1.members(range(kFour)) == 0; }));
  child("fe").signal(SIGTERM);
  ASSERT_EQ(child("fe").ends(), 0);
  EXPECT_EQ(ce1.registered(), 0U) << "all have deregistered";
}

}  // namespace
}  // namespace forces::test
