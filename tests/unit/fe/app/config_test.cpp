#include "fe/app/config.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "fe/dataplane/policer.hpp"
#include "tests/support/paths.hpp"
#include "tests/unit/tml/daemon/golden.hpp"

namespace forces::fe {
namespace {

using namespace std::chrono_literals;
using dataplane::PacketClass;

const std::string kGolden = forces::test::in_checkout("tests/unit/fe/app/golden");

class FeConfigGolden : public testing::TestWithParam<std::string> {};
TEST_P(FeConfigGolden, GivesWhatStandsInItsOkFile) {
  daemon::expect_golden<Settings>(kGolden, GetParam());
}
INSTANTIATE_TEST_SUITE_P(Files, FeConfigGolden, testing::ValuesIn(daemon::golden_names(kGolden)),
                         [](const auto& c) { return c.param; });

TEST(FeConfigExample, NamesEveryKeyWithItsDefault) {
  daemon::expect_example_is_complete<Settings>(forces::test::in_checkout("deploy/config/fe.toml"));
}

TEST(FeElementConfig, HotStandbyNeedsAnFeThatKeepsForwarding) {  // RFC 7121 section 3.2
  const auto problems_of = [](const char* policy) {
    Settings s;
    return runtime::read_config(std::string("[fe]\nid = 3\n[tls]\nplaintext = true\n"
                                            "[association]\nha_mode = \"hot_standby\"\n") +
                                    policy + "[[ce]]\nid = 0x40000002\naddress = \"127.0.0.1\"\n",
                                "fe.toml", [&](runtime::ConfigVisitor& v) { visit(v, s); });
  };
  const auto problems = problems_of("");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].text().find("fe.toml:6:11: association.ha_mode: hot_standby needs"),
            std::string::npos)
      << problems[0].text();
  EXPECT_TRUE(problems_of("failover_policy = \"keep_forwarding\"\n").empty());
}

TEST(FeElementConfig, TakesWhatTheFileSays) {
  Settings s;
  const auto problems = runtime::read_config(R"(
[fe]
id = 3
[tls]
plaintext = true
[tml]
backoff_min = "20ms"
[association]
fe_heartbeats = true
ce_heartbeats = false
failover_policy = "keep_forwarding"
ha_mode = "hot_standby"
[[ce]]
id = 0x40000002
address = "127.0.0.1"
control_port = 7000
[[port]]
id = 1
kind = "packet"
device = "eth1"
address = "10.98.0.1/24"
classes = ["bgp", "ospf"]
[forwarding]
table = 1000
protocol = 221
[[fabric.port]]
id = 1
device = "eth1"
signal = "vc4"
labels = ["0x10000-0x400000/0x10000"]
[redirect.ospf]
rate = 5
priority = 1
)",
                                             "f", [&](runtime::ConfigVisitor& v) { visit(v, s); });
  ASSERT_TRUE(problems.empty()) << problems[0].text();
  const auto config = element_config(s);
  EXPECT_EQ(config.fe_id, 3U);
  EXPECT_EQ(config.backoff_min_ms, 20);
  EXPECT_EQ(config.fepo.fe_heartbeat_policy, 1);
  EXPECT_EQ(config.fepo.ce_heartbeat_policy, 1);  // RFC 5810 appendix B: 1 is "sends none"
  EXPECT_EQ(config.fepo.failover_policy, 1);
  EXPECT_EQ(config.fepo.ha_mode, 2);
  ASSERT_EQ(config.ces.size(), 1U);
  EXPECT_EQ(config.ces[0].ce_id, 0x40000002U);
  EXPECT_EQ(config.ces[0].control_port, 7000);
  ASSERT_EQ(config.ports.size(), 1U);
  EXPECT_EQ(config.ports[0].kind, dataplane::PortKind::Packet);
  EXPECT_EQ(config.ports[0].interface, "eth1");
  EXPECT_EQ(config.ports[0].classes,
            (std::vector<PacketClass>{PacketClass::Bgp, PacketClass::Ospf}));
  EXPECT_TRUE(config.forwarding.kernel);
  EXPECT_EQ(config.forwarding.table, 1000U);
  EXPECT_EQ(config.forwarding.protocol, 221U);
  EXPECT_EQ(config.forwarding.stale_timeout, 2min);
  EXPECT_EQ(config.fabric.file, "/var/lib/forces-fe/fabric");
  ASSERT_EQ(config.fabric.ports.size(), 1U);
  EXPECT_EQ(config.fabric.ports[0].signal, dataplane::optical::Signal::Vc4);
  EXPECT_EQ(config.fabric.ports[0].labels,
            (std::vector<dataplane::optical::LabelRange>{{0x10000, 0x400000, 0x10000}}));
  ASSERT_EQ(config.classes.size(), dataplane::kPacketClasses);
  const auto ospf =
      std::ranges::find(config.classes, PacketClass::Ospf, &dataplane::ClassConfig::packet_class);
  EXPECT_EQ(ospf->rate, 5U);
  EXPECT_EQ(ospf->priority, 1);
  EXPECT_EQ(ospf->burst, dataplane::Policer::default_of(PacketClass::Ospf).burst);
}

TEST(FeElementConfig, MembershipsAreKeptAtEveryPortOrAtThoseThatAreNamed) {
  const auto kept = [](const std::string& multicast) {
    Settings s;
    const auto problems = runtime::read_config(
        "[fe]\nid = 3\n[tls]\nplaintext = true\n[[ce]]\nid = 0x40000002\naddress = \"127.0.0.1\"\n"
        "[[port]]\nid = 1\ndevice = \"eth1\"\n[[port]]\nid = 2\ndevice = \"eth2\"\n" +
            multicast,
        "fe.toml", [&](runtime::ConfigVisitor& v) { visit(v, s); });
    EXPECT_TRUE(problems.empty()) << problems[0].text();
    std::string ports;
    const ElementConfig config = element_config(s);
    for (const auto& port : config.ports) ports.append(port.membership ? "1" : "0");
    EXPECT_EQ(config.multicast.ports.size(), ports == "01" ? 1U : 2U);
    return ports;
  };
  EXPECT_EQ(kept("[multicast]\nenabled = true\n"), "11");
  EXPECT_EQ(kept("[multicast]\nenabled = true\n[[multicast.port]]\nid = 2\n"), "01");
  EXPECT_EQ(kept(""), "00");
}

}  // namespace
}  // namespace forces::fe
