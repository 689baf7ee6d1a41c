#include "ce/app/app.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <string>

#include "ce/app/requests.hpp"
#include "tml/daemon/daemon.hpp"

namespace forces::ce {
namespace {

using testing::HasSubstr;

FeSnapshot fe_two() {
  FeSnapshot fe;
  fe.fe_id = 2;
  fe.name = "two";
  fe.state = "associated";
  fe.control_up = true;
  fe.control_channel = 11;
  fe.associated_ms = 1'500;
  fe.associations = 3;
  fe.counters = {{"redirects_in", "", 7}, {"messages_dropped", "unknown_type", 1}};
  fe.ports = {{.port_id = 1, .tun = "fe2p1", .open = true, .counters = {{"to_tun", "", 5}}},
              {.port_id = 2, .tun = "", .open = false, .counters = {}},
              {.port_id = 3, .tun = "fe2p3", .open = false, .counters = {}}};
  return fe;
}

TEST(CeElement, ShowsTheSnapshotOfAnFe) {
  const auto element = element_of(fe_two());
  EXPECT_EQ(element.id(), 2U);
  EXPECT_EQ(element.name(), "two");
  EXPECT_EQ(element.state(), "associated");
  EXPECT_EQ(element.up_ms(), 1'500U);
  EXPECT_EQ(element.control(), "up");
  EXPECT_EQ(element.data(), "down");
  EXPECT_EQ(element.control_channel(), 11U);
  EXPECT_EQ(element.port_count(), 3U);
  EXPECT_EQ(element.ports(0).state(), "open");
  EXPECT_EQ(element.ports(1).state(), "no device");
  EXPECT_EQ(element.ports(2).state(), "failed");
  EXPECT_EQ(element.counters(1).reason(), "unknown_type");
}

TEST(CeElement, TellsOfTheKernelWhatItKnows) {
  FeSnapshot fe = fe_two();
  control::Element element;
  describe(element, fe);
  EXPECT_EQ(element.tables().kernel(), "unknown");
  fe.kernel = "running";
  fe.kernel_installed = 7;
  fe.kernel_failed = 2;
  fe.kernel_failed_hops = 1;
  describe(element, fe);
  EXPECT_EQ(element.tables().kernel(), "running");
  EXPECT_EQ(element.tables().kernel_installed(), 7U);
  EXPECT_EQ(element.tables().kernel_failed(), 2U);
  EXPECT_EQ(element.tables().kernel_failed_hops(), 1U);
}

TEST(CeRoutes, WhatTheKernelSaidIsInWordsThatHelp) {
  using provision::RowState;
  EXPECT_EQ(kernel_text({RowState::Failed, EHOSTUNREACH, true}),
            "next hop: no route to host: is the next hop's network on the port?");
  EXPECT_EQ(kernel_text({RowState::Failed, EPERM, false}),
            "operation not permitted: has the fe CAP_NET_ADMIN?");
  EXPECT_EQ(kernel_text({RowState::Failed, ENOMEM, false}), "Cannot allocate memory");
}

TEST(CeMetrics, RoutesInTheKernelOfAnFeThatTellsOfThem) {
  ControllerSnapshot snapshot;
  snapshot.fes = {fe_two()};
  observe::Metrics metrics;
  const auto source = metrics.add([&] { return families_of(snapshot); });
  EXPECT_THAT(metrics.text(), testing::Not(HasSubstr("ce_kernel")));
  snapshot.fes[0].kernel = "running";
  snapshot.fes[0].kernel_installed = 7;
  snapshot.fes[0].kernel_failed_hops = 3;
  const auto text = metrics.text();
  EXPECT_THAT(text, HasSubstr("ce_kernel_routes{fe=\"2\",state=\"installed\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("ce_kernel_failed_next_hops{fe=\"2\"} 3\n"));
}

TEST(CeMetrics, AreTheSnapshotsCounters) {
  ControllerSnapshot snapshot;
  snapshot.counters = {{"setups_refused", "not_configured", 4}};
  snapshot.fes = {fe_two()};
  observe::Metrics metrics;
  const auto source = metrics.add([&] { return families_of(snapshot); });
  const auto text = metrics.text();
  for (const auto* line : {"ce_setups_refused_total{reason=\"not_configured\"} 4\n",
                           "ce_association_up{fe=\"2\"} 1\n", "ce_redirects_in_total{fe=\"2\"} 7\n",
                           "ce_messages_dropped_total{fe=\"2\",reason=\"unknown_type\"} 1\n",
                           "ce_port_to_tun_total{fe=\"2\",port=\"1\"} 5\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(CeReload, WhatChangesLiveIsKnown) {
  const App app;
  for (const auto* table :
       {"log", "association", "fe", "fe.port", "signaling.key", "signaling.neighbor"}) {
    EXPECT_TRUE(app.changes_live(table)) << table;
  }
  for (const auto* table : {"ce", "tml", "tls", "http", "control", "process", "signaling",
                            "signaling.timers", "te.node", "te.link", "policy.point"}) {
    EXPECT_FALSE(app.changes_live(table)) << table;
  }
}

class CeCommandLine : public testing::Test {
 protected:
  int run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "ce");
    std::vector<char*> argv;
    for (auto& one : arguments) argv.push_back(one.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    App app;
    const int status = daemon::run(app, static_cast<int>(argv.size()), argv.data());
    std::fflush(nullptr);
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return status;
  }
  std::string file(const std::string& toml) {
    path_ = testing::TempDir() + "forces_ce_app_" + std::to_string(getpid()) + ".toml";
    std::ofstream(path_) << toml;
    return path_;
  }
  void TearDown() override {
    if (!path_.empty()) std::remove(path_.c_str());
  }

  std::string path_, out_, err_;
};

TEST_F(CeCommandLine, CheckPrintsAndEnds) {
  EXPECT_EQ(run({"-n", "-f", file("[ce]\nid = 0x40000001\n[tls]\nplaintext = true\n")}), 0);
  EXPECT_THAT(out_, HasSubstr("[ce]\nid = 0x40000001\n"));
  EXPECT_EQ(err_, "");
}

TEST_F(CeCommandLine, ProblemsAllGoToStandardErrorAndTheStatusIs78) {
  EXPECT_EQ(run({"-n", "-f", file("[ce]\nid = 5\n[tls]\nplaintxt = true\nplaintext = true\n")}),
            78);
  EXPECT_EQ(out_, "");
  EXPECT_EQ(err_, path_ + ":2:6: ce.id: 0x5 is out of range: 0x40000000 to 0x7fffffff\n" + path_ +
                      ":4:1: tls.plaintxt: unknown key; did you mean `plaintext`?\n");
}

TEST_F(CeCommandLine, AMissingFileIsAConfigurationError) {
  EXPECT_EQ(run({"-f", "/nonexistent/ce.toml"}), 78);
  EXPECT_EQ(err_,
            "/nonexistent/ce.toml: No such file or directory\n"
            "ce: -f FILE names another; deploy/config/ce.toml is an example to begin with\n");
}

TEST_F(CeCommandLine, MissingTlsFilesAreAConfigurationError) {
  EXPECT_EQ(run({"-f", file("[ce]\nid = 0x40000001\n[tls]\nca = \"/nonexistent/ca\"\n"
                            "cert = \"/nonexistent/c\"\nkey = \"/nonexistent/k\"\n")}),
            78);
  EXPECT_THAT(err_, HasSubstr("/nonexistent/"));
}

TEST_F(CeCommandLine, VersionAndHelpAreNoErrors) {
  EXPECT_EQ(run({"-V"}), 0);
  EXPECT_EQ(out_, "ce " + std::string(tmlx_version()) + "\n");
  EXPECT_EQ(run({"--help"}), 0);
  EXPECT_THAT(out_, HasSubstr("--config"));
}

TEST_F(CeCommandLine, AWrongOptionIsAUsageError) {
  EXPECT_EQ(run({"--frobnicate"}), 64);
  EXPECT_THAT(err_, HasSubstr("--frobnicate"));
}

}  // namespace
}  // namespace forces::ce
