// Three transport nodes as processes, a ce and an fe each, in a network namespace of the test:
//
//   far1 - 1:[N1]:12 ---- 21:[N2]:23 ---- 32:[N3]:7 - far7
//
// Links are veth pairs; control packets and what stands for slots share them. Calls go from
// controller to controller along the line.
#pragma once

#include <algorithm>
#include <optional>
#include <set>

#include "tests/e2e/daemons/network.hpp"
#include "tests/support/netns.hpp"
#include "tests/support/optical/line.hpp"

namespace e2e {

class Nodes : public Network {
 protected:
  static constexpr std::uint32_t kSlot = 0x10000;
  static constexpr int kNodes = 3;
  struct Port {
    int id;
    std::string device;
    bool user;  // no control packets
  };

  void SetUp() override {
    if (!forces::test::enter_fresh_namespace()) GTEST_SKIP() << "needs root: a network namespace";
    for (const auto& [a, b] : {std::pair("v12", "v21"), std::pair("v23", "v32"),
                               std::pair("v1", "far1"), std::pair("v7", "far7")}) {
      ASSERT_TRUE(forces::test::run(
          fmt::format("ip link add {0} type veth peer name {1} && ip link set {0} up && "
                      "ip link set {1} up",
                      a, b)));
    }
    far1.emplace("far1");
    far7.emplace("far7");
    ASSERT_TRUE(far1->good() && far7->good());
  }

  static std::vector<Port> ports_of(int node) {
    if (node == 1) return {{1, "v1", true}, {12, "v12", false}};
    if (node == 2) return {{21, "v21", false}, {23, "v23", false}};
    return {{32, "v32", false}, {7, "v7", true}};
  }
  bool adapts(int node) const { return nested_ && node > 1; }
  static std::string ce(int node) { return fmt::format("ce{}", node); }
  static std::string fe_name(int node) { return fmt::format("fe{}", node); }

  std::string plain(const std::string& who) const {
    return fmt::format(
        "[tls]\nplaintext = true\n[control]\nsocket = \"{}/{}.sock\"\n[http]\nport = 0\n{}",
        folder_.path, who, http_);
  }
  // `more` goes to the end; `signaling` into [signaling].
  std::string ce_toml(int node, const std::string& more = "", const std::string& signaling = "") {
    std::string toml = fmt::format(
        "[ce]\nid = {:#x}\nname = \"ce{}\"\n{}[tml]\n{}control_port = {}\ndata_port = {}\n"
        "[[fe]]\nid = {}\n",
        0x40000000 + node, node, plain(ce(node)), tml_, tml_ports_[node].first,
        tml_ports_[node].second, node);
    for (const Port& port : ports_of(node)) {
      toml += fmt::format("[[fe.port]]\nid = {}\n", port.id);
    }
    for (int i = 1; i <= kNodes; ++i) {
      toml += fmt::format("[[te.node]]\nid = \"192.0.2.{0}\"\nname = \"N{0}\"\ndomain = {1}\n", i,
                          nested_ ? std::min(i, 2) : i);
    }
    for (const auto& [a, b] : {std::pair("1:12", "2:21"), std::pair("2:23", "3:32")}) {
      toml += fmt::format(
          "[[te.link]]\na = \"192.0.2.{}\"\nb = \"192.0.2.{}\"\nreference = \"enni\"\n"
          "labels = [\"0x10000-0x40000/0x10000\"]\n",
          a, b);
    }
    toml += fmt::format(
        "[signaling]\nnode = \"192.0.2.{0}\"\nfile = \"{1}/state{0}.db\"\nsync = \"never\"\n{2}"
        "[signaling.timers]\nhello = \"200ms\"\ngraceful = \"5s\"\nsegment_idle = \"2s\"\n"
        "[signaling.restart]\nrestart = \"30s\"\nrecovery = \"5s\"\nclaim = \"10s\"\n"
        "[signaling.calls]\nanswer = \"2s\"\n",
        node, folder_.path, signaling);
    for (const Port& port : ports_of(node)) {
      toml += fmt::format("[[signaling.interface]]\nid = {}\nport = \"{}:{}\"\n", port.id, node,
                          port.id);
      if (port.user) toml += "labels = [\"0x10000-0x40000/0x10000\"]\n";
    }
    if (adapts(node)) {
      toml += fmt::format(
          "[[signaling.interface]]\nid = {0}\nport = \"{1}:{0}\"\nlabels = [\"1-63\"]\n"
          "[[signaling.interface]]\nid = {2}\nport = \"{1}:{2}\"\nlabels = [\"1\"]\n"
          "[[signaling.adaptation]]\nclient = {0}\nserver = {2}\n",
          kClient, node, kServer);
    }
    toml += "[[policy.point]]\nname = \"network\"\nkind = \"enni\"\npeers = [\"192.0.2.0/24\"]\n" +
            point_[node] + (adapts(node) ? "realisation = \"nested\"\n" : "");
    for (int to = 1; to <= kNodes; ++to) {
      if (to == node) continue;
      toml += fmt::format(
          "[[policy.route]]\ndestination = \"192.0.2.{}\"\nnext = \"192.0.2.{}\"\n"
          "point = \"network\"\n",
          to, to > node ? node + 1 : node - 1);
    }
    return toml + more;
  }
  std::string fe_toml(int node) {
    std::string toml = fmt::format(
        "[fe]\nid = {0}\nname = \"fe{0}\"\n{1}[tml]\nbackoff_min = \"20ms\"\n"
        "backoff_max = \"200ms\"\n{2}[association]\nretry_min = \"20ms\"\nretry_max = \"200ms\"\n"
        "failover_policy = \"keep_forwarding\"\nfailover_timeout = \"1h\"\n"
        "[[ce]]\nid = {3:#x}\naddress = \"127.0.0.1\"\ncontrol_port = {4}\ndata_port = {5}\n"
        "[forwarding]\nkernel = false\n[fabric]\nfile = \"{6}/fabric{0}\"\nsync = false\n",
        node, plain(fe_name(node)), tml_, 0x40000000 + node, tml_ports_[node].first,
        tml_ports_[node].second, folder_.path);
    for (const Port& port : ports_of(node)) {
      toml += fmt::format(
          "[[fabric.port]]\nid = {}\ndevice = \"{}\"\nsignal = \"vc4\"\n"
          "labels = [\"0x10000-0x40000/0x10000\"]\n",
          port.id, port.device);
      if (port.user) continue;
      toml += fmt::format(
          "[[port]]\nid = {}\nkind = \"packet\"\ndevice = \"{}\"\naddress = \"192.0.2.{}/32\"\n"
          "classes = [\"rsvp\"]\n",
          port.id, port.device, node);
    }
    if (adapts(node)) {
      toml += fmt::format(
          "[[fabric.port]]\nid = {0}\nsignal = \"vc12\"\nlabels = [\"1-63\"]\ninside = {1}\n"
          "[[fabric.port]]\nid = {1}\nsignal = \"vc4\"\nlabels = [\"1\"]\n",
          kClient, kServer);
    }
    return toml;
  }

  void start_ce(int node, const std::string& more = "", const std::string& signaling = "") {
    start(ce(node), "ce", ce_toml(node, more, signaling));
    ASSERT_TRUE(answers(ce(node))) << child(ce(node)).err();
    tml_ports_[node] = {port(ce(node), "control"), port(ce(node), "data")};
  }
  void start_nodes() {
    for (int node = 1; node <= kNodes; ++node) {
      ASSERT_NO_FATAL_FAILURE(start_ce(node));
      start(fe_name(node), "fe", fe_toml(node));
    }
    for (int node = 1; node <= kNodes; ++node) ASSERT_TRUE(ready(node)) << node;
  }
  // Its fabric was read, and its neighbours are there.
  bool ready(int node) {
    return eventually([&] {
      const auto status = signaling(node);
      return status.value("fabric", "") == "read" &&
             status.value("neighbors_up", 0) == (node == 2 ? 2 : 1) &&
             status.value("interfaces_up", 0) == (adapts(node) ? 4 : 2);
    });
  }
  Json signaling(int node) {
    const auto answer = ctl(ce(node), {"signaling", "status", "--json"});
    return answer.status == 0 ? answer.json() : Json::object();
  }
  Json rows(int node) {
    Json rows =
        ctl(fe_name(node), {"fabric", "show", "--json"}).json().value("rows", Json::array());
    for (auto& row : rows) {
      for (const auto* counted : {"frames", "octets", "dropped"}) row.erase(counted);
    }
    return rows;
  }
  bool no_rows() {
    return eventually([&] { return rows(1).empty() && rows(2).empty() && rows(3).empty(); });
  }
  Json calls(int node) {
    return ctl(ce(node), {"call", "list", "--json"}).json().value("calls", Json::array());
  }
  Json connection(const std::string& name) {
    const auto answer = ctl("ce1", {"connection", "show", name, "--json"});
    return answer.status == 0 ? answer.json() : Json::object();
  }
  // Slot 2 of the user at N1 is slot 4 of the one at N3.
  void expect_passing(const std::string& what) {
    using forces::test::LineFrame;
    ASSERT_TRUE(far1->send(2 * kSlot, "there " + what));
    const auto there = far7->traffic();
    ASSERT_TRUE(there) << what;
    EXPECT_EQ(there->label, 4 * kSlot);
    EXPECT_EQ(there->payload, "there " + what);
    ASSERT_TRUE(far7->send(4 * kSlot, "back " + what));
    const auto back = far1->traffic();
    ASSERT_TRUE(back) << what;
    EXPECT_EQ(back->label, 2 * kSlot);
    EXPECT_EQ(back->payload, "back " + what);
  }
  Answer blue(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{"spc",   "create",        "1",       "192.0.2.3:7", "--name",
                                   "blue",  "--from-labels", "0x20000", "--to-labels", "0x40000",
                                   "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return ctl("ce1", words);
  }

  std::optional<forces::test::OpticalLine> far1, far7;
  // N2 and N3 are one domain, which nests what crosses it.
  static constexpr int kClient = 701, kServer = 801;
  bool nested_ = false;
  std::string http_;                  // more of [http]
  std::map<int, std::string> point_;  // more of [[policy.point]], by node
  std::map<int, std::pair<int, int>> tml_ports_;
};

}  // namespace e2e
