// Two ce for one node, its state in a real etcd: who has the lease runs the node. Skipped without
// etcd.
#include "tests/e2e/fabric/nodes.hpp"
#include "tests/e2e/state/etcd_server.hpp"

namespace e2e {
namespace {

using testing::HasSubstr;

class Takeover : public Nodes {
 protected:
  void SetUp() override {
    program_ = etcd_program();
    if (program_.empty()) GTEST_SKIP() << "no etcd (package etcd-server)";
    Nodes::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    etcd_.emplace(etcd_command(program_, path("etcd"), address_, peer_), path("etcd-says"));
  }
  // Of node 1, as "ce1" with this ID, or as "ce1b".
  std::string toml_of_node_1(const std::string& who) {
    auto toml = ce_toml(1,
                        fmt::format("[signaling.etcd]\nendpoints = [\"{}\"]\nlease = \"{}\"\n"
                                    "timeout = \"500ms\"\n",
                                    address_, lease_),
                        "store = \"etcd\"\n");
    if (who == "ce1") return toml;
    replace(toml, "id = 0x40000001\nname = \"ce1\"", "id = 0x40000011\nname = \"ce1b\"");
    replace(toml, "ce1.sock", "ce1b.sock");
    replace(toml,
            fmt::format("control_port = {}\ndata_port = {}\n", tml_ports_[1].first,
                        tml_ports_[1].second),
            fmt::format("control_port = {}\ndata_port = {}\n", other_.first, other_.second));
    return toml;
  }
  static void replace(std::string& text, const std::string& what, const std::string& by) {
    ASSERT_NE(text.find(what), std::string::npos) << what;
    text.replace(text.find(what), what.size(), by);
  }
  void start_node_1(const std::string& who) {
    start(who, "ce", toml_of_node_1(who));
    // The operator is answered before etcd is, and nobody is listened to before that.
    std::pair<int, int> ports;
    ASSERT_TRUE(answers(who) && eventually([&] {
                  ports = {port(who, "control"), port(who, "data")};
                  return ports.first != 0 && ports.second != 0;
                }))
        << child(who).err();
    (who == "ce1" ? tml_ports_[1] : other_) = ports;
  }
  // The FE of node 1 knows both, the first one first.
  std::string fe_toml_of_node_1() {
    auto toml = fe_toml(1);
    replace(toml, "[forwarding]",
            fmt::format("[[ce]]\nid = 0x40000011\naddress = \"127.0.0.1\"\ncontrol_port = {}\n"
                        "data_port = {}\n[forwarding]",
                        other_.first, other_.second));
    replace(toml, "failover_policy", "ha_mode = \"hot_standby\"\nfailover_policy");
    replace(toml, "retry_min = \"20ms\"\nretry_max = \"200ms\"\n", "");  // as users have it
    return toml;
  }
  void start_all_nodes() {
    for (const int node : {2, 3}) {
      ASSERT_NO_FATAL_FAILURE(start_ce(node));
      start(fe_name(node), "fe", fe_toml(node));
    }
    ASSERT_NO_FATAL_FAILURE(start_node_1("ce1"));
    ASSERT_NO_FATAL_FAILURE(start_node_1("ce1b"));
    start("fe1", "fe", fe_toml_of_node_1());
    ASSERT_TRUE(runs("ce1")) << ctl("ce1", {"signaling", "status"}).out;
    for (const int node : {2, 3}) ASSERT_TRUE(ready(node)) << node;
  }
  bool runs_now(const std::string& who) {
    const auto status = ctl(who, {"signaling", "status", "--json"}).json();
    return status.value("fabric", "") == "read" && status.value("neighbors_up", 0) == 1 &&
           status.value("interfaces_up", 0) == 2;
  }
  bool runs(const std::string& who) {
    return eventually([&] { return runs_now(who); });
  }
  std::string who_runs() {
    std::string who;
    (void)eventually([&] {
      for (const auto* one : {"ce1", "ce1b"}) {
        if (runs_now(one)) who = one;
      }
      return !who.empty();
    });
    return who;
  }
  bool stands_by(const std::string& who) {
    return eventually([&] {
      return ctl(who, {"signaling", "status", "--json"}).json().value("fabric", "") == "standby";
    });
  }
  bool has_blue(const std::string& who) {
    return eventually([&] {
      const auto shown = ctl(who, {"connection", "show", "blue", "--json"}).json();
      const auto lsps = ctl(who, {"connection", "list", "--lsps", "--json"}).json();
      return shown.value("state", "") == "up" && lsps.contains("lsps") &&
             lsps["lsps"].size() == 1 && lsps["lsps"][0]["state"] == "up" &&
             lsps["lsps"][0]["unsynchronized"] == false;
    });
  }

  std::string program_, address_ = free_address("http"), peer_ = free_address("http");
  std::string lease_ = "2s";
  std::optional<Child> etcd_;
  std::pair<int, int> other_;
};

// CEHDI is 30 s: the FE does not wait for that, with another ce there.
TEST_F(Takeover, AKilledCeIsFollowedByTheOtherWithAllItHadAndNoRowChanges) {
  ASSERT_NO_FATAL_FAILURE(start_all_nodes());
  ASSERT_TRUE(stands_by("ce1b"));
  ASSERT_EQ(blue().status, 0);
  const auto idle = ctl("ce1b", {"connection", "list"});
  EXPECT_EQ(idle.status, 1);
  EXPECT_THAT(idle.err, HasSubstr("this ce stands by, another runs the node"));
  EXPECT_EQ(metric("ce1b", "ce_signaling_active"), 0U);
  EXPECT_EQ(metric("ce1", "ce_signaling_active"), 1U);
  const Json before[] = {rows(1), rows(2), rows(3)};
  const Json calls_before = calls(1);
  ASSERT_EQ(calls_before.size(), 1U);

  child("ce1").signal(SIGKILL);
  ASSERT_TRUE(child("ce1").ends());
  for (int i = 0; i < 50; ++i) {
    ASSERT_NO_FATAL_FAILURE(expect_passing(fmt::format("without it {}", i)));
  }
  ASSERT_TRUE(runs("ce1b")) << ctl("ce1b", {"signaling", "status"}).out << child("ce1b").err();
  ASSERT_TRUE(has_blue("ce1b"));
  ASSERT_NO_FATAL_FAILURE(expect_passing("with the other"));
  for (int node = 1; node <= kNodes; ++node) EXPECT_EQ(rows(node), before[node - 1]) << node;
  EXPECT_TRUE(eventually([&] {
    const auto taken = ctl("ce1b", {"call", "list", "--json"}).json().value("calls", Json::array());
    return taken.size() == 1 && taken[0]["name"] == calls_before[0]["name"] &&
           taken[0]["state"] == "active";
  })) << ctl("ce1b", {"call", "list"}).out;

  // Who comes back stands by: the lease and the FE are the other's.
  ASSERT_NO_FATAL_FAILURE(start_node_1("ce1"));
  ASSERT_TRUE(stands_by("ce1"));
  EXPECT_TRUE(eventually([&] {
    return ctl("ce1", {"signaling", "status"}).out.find("0x40000011") != std::string::npos ||
           ctl("ce1", {"signaling", "status"}).out.find("not asked") != std::string::npos;
  }));
  const auto ended =
      ctl("ce1b", {"call", "delete", calls_before[0]["name"].get<std::string>(), "--connections"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_TRUE(no_rows());
}

// Its lease is there still, but the FE has gone to the other one.
TEST_F(Takeover, AKilledCeThatIsBackBeforeItsLeaseEndsStandsBy) {
  lease_ = "6s";
  ASSERT_NO_FATAL_FAILURE(start_all_nodes());
  ASSERT_EQ(blue().status, 0);
  const Json before[] = {rows(1), rows(2), rows(3)};
  child("ce1").signal(SIGKILL);
  ASSERT_TRUE(child("ce1").ends());
  ASSERT_NO_FATAL_FAILURE(start_node_1("ce1"));
  ASSERT_TRUE(runs("ce1b")) << ctl("ce1b", {"signaling", "status"}).out << child("ce1b").err();
  ASSERT_TRUE(has_blue("ce1b"));
  EXPECT_TRUE(stands_by("ce1"));
  EXPECT_FALSE(child("ce1b").said("node_given_up")) << "it has taken the lease once";
  for (int node = 1; node <= kNodes; ++node) EXPECT_EQ(rows(node), before[node - 1]) << node;
  ASSERT_NO_FATAL_FAILURE(expect_passing("with the other"));
}

// Each as soon as the one killed before it is back. The FE is not left alone with its waits.
TEST_F(Takeover, APairThatIsKilledInTurnsStillRunsTheNode) {
  ASSERT_NO_FATAL_FAILURE(start_all_nodes());
  ASSERT_EQ(blue().status, 0);
  const Json before[] = {rows(1), rows(2), rows(3)};
  for (int i = 0; i < 8; ++i) {
    const std::string who = i % 2 == 0 ? "ce1" : "ce1b";
    child(who).signal(SIGKILL);
    ASSERT_TRUE(child(who).ends());
    ASSERT_NO_FATAL_FAILURE(start_node_1(who));
    ASSERT_NO_FATAL_FAILURE(expect_passing(fmt::format("while they flap {}", i)));
  }
  const std::string who = who_runs();
  ASSERT_NE(who, "");
  ASSERT_TRUE(has_blue(who));
  for (int node = 1; node <= kNodes; ++node) EXPECT_EQ(rows(node), before[node - 1]) << node;
  ASSERT_NO_FATAL_FAILURE(expect_passing("after all"));
}

// In good order nobody waits for a lease to run out.
TEST_F(Takeover, ACeThatEndsInGoodOrderGivesTheNodeUp) {
  ASSERT_NO_FATAL_FAILURE(start_all_nodes());
  ASSERT_EQ(blue().status, 0);
  const Json before = rows(1);
  child("ce1").signal(SIGTERM);
  EXPECT_EQ(child("ce1").ends(), 0);
  ASSERT_TRUE(runs("ce1b")) << ctl("ce1b", {"signaling", "status"}).out;
  ASSERT_TRUE(has_blue("ce1b"));
  EXPECT_EQ(rows(1), before);
  ASSERT_NO_FATAL_FAILURE(expect_passing("with the other"));
}

// Without an answer of etcd nobody knows whether another runs the node: it is silent, and nothing
// that stands falls. Whoever is the first to ask when etcd is back runs it, and has the FE.
TEST_F(Takeover, WhoCannotKeepTheLeaseIsSilentUntilItHasItAgain) {
  ASSERT_NO_FATAL_FAILURE(start_all_nodes());
  ASSERT_EQ(blue().status, 0);
  const Json before = rows(1);
  etcd_->signal(SIGSTOP);
  ASSERT_TRUE(stands_by("ce1"));
  EXPECT_TRUE(eventually([&] {
    const auto list = ctl("ce2", {"signaling", "neighbors", "--json"}).json();
    for (const auto& one : list["neighbors"]) {
      if (one["node"] == "192.0.2.1") return one["state"] == "lost";
    }
    return false;
  })) << ctl("ce2", {"signaling", "neighbors"}).out;
  ASSERT_NO_FATAL_FAILURE(expect_passing("without etcd"));
  EXPECT_EQ(rows(1), before);
  etcd_->signal(SIGCONT);
  const std::string who = who_runs();
  ASSERT_NE(who, "");
  ASSERT_TRUE(has_blue(who));
  EXPECT_EQ(rows(1), before);
  EXPECT_TRUE(child("ce1").says("node_given_up"));
}

}  // namespace
}  // namespace e2e
