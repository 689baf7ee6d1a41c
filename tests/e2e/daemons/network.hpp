// A ce and its fe as processes, in a folder of their own with configurations and certificates.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/e2e/daemons/child.hpp"
#include "tests/support/paths.hpp"

namespace e2e {

using Json = nlohmann::json;

struct Answer {
  int status = -1;
  std::string out, err;
  [[nodiscard]] Json json() const { return Json::parse(out, nullptr, false); }
};

// Protobuf's JSON writes 64-bit numbers as strings.
inline std::uint64_t number(const Json& value) {
  return value.is_string() ? std::stoull(value.get<std::string>()) : value.get<std::uint64_t>();
}

// Of the counters or samples of an answer, those of this name and reason, added up.
inline std::uint64_t counter(const Json& element, const std::string& name,
                             const std::string& reason = "") {
  std::uint64_t sum = 0;
  if (!element.contains("counters")) return 0;
  for (const auto& one : element["counters"]) {
    if (one["name"] == name && one["reason"] == reason) sum += number(one["value"]);
  }
  return sum;
}

struct Folder {
  Folder() : path(testing::TempDir() + "forces_daemons_XXXXXX") {
    EXPECT_NE(mkdtemp(path.data()), nullptr) << path;
    chmod(path.c_str(), 0755);  // for a process that is no longer root
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path;
};

class Network : public testing::Test {
 protected:
  ~Network() override {
    if (HasFailure()) {
      for (const auto& [who, child] : running_) {
        std::fprintf(stderr, "---- %s said:\n%s", who.c_str(), child->err().c_str());
      }
    }
  }

  // ---- Files
  // -------------------------------------------------------------------------------------

  [[nodiscard]] std::string path(const std::string& name) const {
    return folder_.path + "/" + name;
  }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
    return path(name);
  }
  // Of ce 1 and fe 1, 2: made once, and copied for each test, which may change them.
  void certificates() {
    static const Folder made;
    if (!std::filesystem::exists(made.path + "/ca.crt")) {
      make_certificates(made.path, {"--ce", "1", "--fe", "1", "2"});
    }
    std::filesystem::copy(made.path, path("tls"), std::filesystem::copy_options::recursive);
  }
  // deploy/tls/make-dev-certs with these words, on top.
  void certificates(const std::vector<std::string>& words) {
    make_certificates(path("tls"), words);
  }
  void make_certificates(const std::string& folder, const std::vector<std::string>& words) {
    std::vector<std::string> command{forces::test::in_checkout("deploy/tls/make-dev-certs"),
                                     folder};
    command.insert(command.end(), words.begin(), words.end());
    Child made(command, path("make-dev-certs"));
    ASSERT_EQ(made.ends(), 0) << made.err();
  }
  [[nodiscard]] std::string common(const std::string& who, const std::string& certificate) const {
    return fmt::format(
        "[tls]\nca = \"{0}/tls/ca.crt\"\ncrl = \"{0}/tls/ca.crl\"\ncert = \"{0}/tls/{2}.crt\"\n"
        "key = \"{0}/tls/{2}.key\"\n[control]\nsocket = \"{0}/{1}.sock\"\n[http]\nport = 0\n",
        folder_.path, who, certificate);
  }
  // `more` goes to the end: other tables, and the FEs where they are not to be 1 and 2 without TUN.
  [[nodiscard]] std::string ce_toml(const std::string& more = "") const {
    auto toml = "[ce]\nid = 0x40000001\nname = \"ce1\"\n" + common("ce", "ce-1") + "[tml]\n" +
                tml_ +
                fmt::format("control_port = {}\ndata_port = {}\n", control_port_, data_port_);
    if (more.find("[[fe]]") == std::string::npos) {
      for (int i = 1; i <= 2; ++i) {
        toml += fmt::format("[[fe]]\nid = {0}\nname = \"fe{0}\"\n[[fe.port]]\nid = 1\n", i);
      }
    }
    return toml + more;
  }
  // An fe that replays OSPF packets at its port 1.
  [[nodiscard]] std::string fe_toml(int id, const std::string& more = "",
                                    const std::string& certificate = "", int rate = 50) const {
    return fmt::format("[fe]\nid = {0}\nname = \"fe{0}\"\n", id) +
           common(fmt::format("fe{}", id),
                  certificate.empty() ? fmt::format("fe-{}", id) : certificate) +
           "[tml]\nbackoff_min = \"20ms\"\nbackoff_max = \"200ms\"\n" + tml_ +
           "[association]\nretry_min = \"20ms\"\nretry_max = \"200ms\"\n" +
           fmt::format(
               "[[ce]]\nid = 0x40000001\naddress = \"127.0.0.1\"\ncontrol_port = {}\n"
               "data_port = {}\n",
               control_port_, data_port_) +
           fmt::format(
               "[[port]]\nid = 1\nkind = \"replay\"\nclasses = [\"ospf\"]\n"
               "replay_rate = {}\ncapture = \"{}\"\n",
               rate, forces::test::in_checkout("deploy/config/ospf.pcap")) +
           more;
  }

  // ---- Programs
  // ----------------------------------------------------------------------------------

  // Starts `program` with this configuration; it is known as `who` from here on.
  Child& start(const std::string& who, const std::string& program, const std::string& toml,
               const std::vector<std::string>& environment = {}) {
    running_.erase(who);
    const auto file = write(who + ".toml", toml);
    auto& child = running_[who];
    child = std::make_unique<Child>(
        std::vector<std::string>{forces::test::built_program(program), "-f", file}, path(who),
        environment);
    return *child;
  }
  // A ce that answers; its ports are kept, so that another one of this test takes the same.
  void start_ce(const std::string& toml, const std::vector<std::string>& environment = {}) {
    start("ce", "ce", toml, environment);
    ASSERT_TRUE(answers("ce")) << running_["ce"]->err();
    control_port_ = port("ce", "control");
    data_port_ = port("ce", "data");
    ASSERT_NE(control_port_, 0);
    ASSERT_NE(data_port_, 0);
  }
  void start_fe(int id, const std::string& toml) { start(fmt::format("fe{}", id), "fe", toml); }
  // ce, fe1 and fe2, associated.
  void start_all() {
    ASSERT_NO_FATAL_FAILURE(certificates());
    ASSERT_NO_FATAL_FAILURE(start_ce(ce_toml()));
    for (int id = 1; id <= 2; ++id) start_fe(id, fe_toml(id));
    ASSERT_TRUE(eventually([&] { return associated(1) && associated(2); }));
  }
  Child& child(const std::string& who) { return *running_.at(who); }

  // ---- What they say
  // -----------------------------------------------------------------------------

  [[nodiscard]] Answer run(const std::vector<std::string>& command) {
    Child child(command, path(fmt::format("run{}", ++runs_)));
    Answer answer;
    answer.status = child.ends().value_or(-1);
    answer.out = child.out();
    answer.err = child.err();
    return answer;
  }
  [[nodiscard]] Answer ctl(const std::string& who, const std::vector<std::string>& words) {
    std::vector<std::string> command{forces::test::built_program("forcesctl"), "--socket",
                                     path(who + ".sock")};
    command.insert(command.end(), words.begin(), words.end());
    return run(command);
  }
  [[nodiscard]] bool answers(const std::string& who) {
    return eventually([&] { return ctl(who, {"status"}).status == 0; });
  }
  // An FE as the ce shows it.
  [[nodiscard]] Json fe(int id) {
    const auto answer = ctl("ce", {"fe", "show", std::to_string(id), "--json"});
    return answer.status == 0 ? answer.json() : Json::object();
  }
  [[nodiscard]] bool associated(int id) { return fe(id).value("state", "") == "associated"; }
  [[nodiscard]] bool both_channels_up(int id) {
    const auto shown = fe(id);
    return shown.value("control", "") == "up" && shown.value("data", "") == "up";
  }
  // The sum of a metric's samples that have these labels.
  [[nodiscard]] std::uint64_t metric(const std::string& who, const std::string& name,
                                     const std::map<std::string, std::string>& labels = {}) {
    std::uint64_t sum = 0;
    const auto stats = ctl(who, {"stats", "--json", "--filter", name}).json();
    if (!stats.contains("samples")) return 0;
    for (const auto& sample : stats["samples"]) {
      if (sample["name"] != name) continue;
      bool all = true;
      for (const auto& [key, value] : labels) all &= sample["labels"].value(key, "") == value;
      if (all) sum += static_cast<std::uint64_t>(sample["value"].get<double>());
    }
    return sum;
  }
  // Where it listens for "control", "data", "http".
  [[nodiscard]] int port(const std::string& who, const std::string& purpose) {
    const auto status = ctl(who, {"status", "--json"}).json();
    for (const auto& listener : status["listeners"]) {
      if (listener["purpose"] == purpose) return listener["port"];
    }
    return 0;
  }
  [[nodiscard]] int http_port(const std::string& who) { return port(who, "http"); }

  Folder folder_;
  std::string tml_ = "heartbeat = \"500ms\"\ndead_interval = \"5s\"\n";
  int control_port_ = 0, data_port_ = 0;

 private:
  std::map<std::string, std::unique_ptr<Child>> running_;
  int runs_ = 0;
};

}  // namespace e2e
