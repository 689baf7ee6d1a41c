// Cross-connects and the processes around them: frames pass while the ce is killed and comes back,
// a killed fe has its rows again, and faults on command are seen by the ce's operator.
#include "tests/e2e/daemons/network.hpp"
#include "tests/support/netns.hpp"
#include "tests/support/optical/line.hpp"
#include "tests/support/paths.hpp"

namespace e2e {
namespace {

using forces::test::LineFrame;
using forces::test::OpticalLine;
using testing::ContainsRegex;
using testing::HasSubstr;

constexpr std::uint32_t kSlot = 0x10000;
const std::string kOwner =
    "0x0a00000100000000"
    "0a00000200070001"
    "0000000000000000";

class FabricProcesses : public Network {
 protected:
  void SetUp() override {
    if (!forces::test::enter_fresh_namespace()) GTEST_SKIP() << "needs root: a network namespace";
    for (const std::string n : {"1", "2"}) {
      ASSERT_TRUE(forces::test::run("ip link add vo" + n + " type veth peer name far" + n +
                                    " && ip link set vo" + n + " up && ip link set far" + n +
                                    " up"));
    }
    far1.emplace("far1");
    far2.emplace("far2");
    ASSERT_TRUE(far1->good() && far2->good());
    ASSERT_NO_FATAL_FAILURE(certificates());
    ASSERT_NO_FATAL_FAILURE(start_ce(ce_toml()));
    start_the_fe();
    ASSERT_TRUE(ready());
  }
  void start_the_fe() {
    start_fe(1,
             fe_toml(1, fmt::format("[fabric]\nfile = \"{}\"\n"
                                    "[[fabric.port]]\nid = 1\ndevice = \"vo1\"\nsignal = \"vc4\"\n"
                                    "labels = [\"0x10000-0x80000/0x10000\"]\n"
                                    "[[fabric.port]]\nid = 2\ndevice = \"vo2\"\nsignal = \"vc4\"\n"
                                    "labels = [\"0x10000-0x80000/0x10000\"]\n",
                                    path("fabric"))));
  }
  bool ready() {
    return eventually(
        [&] { return fe(1).value("master", false) && ctl("ce", {"lfb", "get", "1"}).status == 0; });
  }
  static std::string row(std::uint32_t in_port, std::uint32_t in_slot, std::uint32_t out_port,
                         std::uint32_t out_slot) {
    return fmt::format(
        R"({{"InPort":{},"InLabel":{},"OutPort":{},"OutLabel":{},"State":1,"Owner":"{}"}})",
        in_port, in_slot * kSlot, out_port, out_slot * kSlot, kOwner);
  }
  void set_row(int index, const std::string& json) {
    const auto answer = ctl(
        "ce", {"lfb", "set", "1", fmt::format("CrossConnect.1/CrossConnectTable/{}", index), json});
    ASSERT_EQ(answer.status, 0) << answer.err;
  }
  Json fabric() {
    const auto answer = ctl("fe1", {"fabric", "show", "--json"});
    return answer.status == 0 ? answer.json() : Json::object();
  }
  void expect_passing(const std::string& what) {
    ASSERT_TRUE(far1->send(1 * kSlot, what));
    EXPECT_EQ(far2->traffic(), (LineFrame{6 * kSlot, 0, 1, what}));
    ASSERT_TRUE(far2->send(6 * kSlot, what));
    EXPECT_EQ(far1->traffic(), (LineFrame{1 * kSlot, 0, 1, what}));
  }

  std::optional<OpticalLine> far1, far2;
};

TEST_F(FabricProcesses, RowsOutliveAKilledFeAndAKilledCe) {
  set_row(0, row(1, 1, 2, 6));
  set_row(1, row(2, 6, 1, 1));
  expect_passing("at first");
  const auto before = ctl("ce", {"lfb", "get", "1", "CrossConnect.1/CrossConnectTable"});
  ASSERT_EQ(before.status, 0) << before.err;
  EXPECT_THAT(before.out, HasSubstr(kOwner));

  // A killed ce: no frame is lost while it is away, nor when it is back.
  child("ce").signal(SIGKILL);
  ASSERT_TRUE(child("ce").ends());
  for (int i = 0; i < 100; ++i) ASSERT_NO_FATAL_FAILURE(expect_passing(std::to_string(i)));
  ASSERT_NO_FATAL_FAILURE(start_ce(ce_toml()));
  for (int i = 0; i < 2'000 && !associated(1); ++i) {
    ASSERT_NO_FATAL_FAILURE(expect_passing("meanwhile " + std::to_string(i)));
  }
  ASSERT_TRUE(ready());
  EXPECT_EQ(ctl("ce", {"lfb", "get", "1", "CrossConnect.1/CrossConnectTable"}).out, before.out);

  // A killed fe: its rows are back before any ce, and read back with their owners.
  child("ce").signal(SIGKILL);
  ASSERT_TRUE(child("ce").ends());
  child("fe1").signal(SIGKILL);
  ASSERT_TRUE(child("fe1").ends());
  start_the_fe();
  ASSERT_TRUE(answers("fe1"));
  EXPECT_EQ(fabric()["active"], "2");
  expect_passing("without a ce");
  ASSERT_NO_FATAL_FAILURE(start_ce(ce_toml()));
  ASSERT_TRUE(ready());
  EXPECT_EQ(ctl("ce", {"lfb", "get", "1", "CrossConnect.1/CrossConnectTable"}).out, before.out);
  expect_passing("at last");
}

TEST_F(FabricProcesses, AKillInTheMiddleOfChangesLosesNothingThatWasAnswered) {
  std::map<int, std::string> answered;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 8; ++i) {
      const int index = round * 8 + i;
      const auto in = static_cast<std::uint32_t>(i + 1);
      if (round > 0) {
        ASSERT_EQ(ctl("ce", {"lfb", "del", "1",
                             fmt::format("CrossConnect.1/CrossConnectTable/{}", index - 8)})
                      .status,
                  0);
        answered.erase(index - 8);
      }
      set_row(index, row(1, in, 2, in));
      answered[index] = row(1, in, 2, in);
    }
    {
      // One that may be done or not when it dies.
      const auto slot = static_cast<std::uint32_t>(round + 1);
      Child more(
          {forces::test::built_program("forcesctl"), "--socket", path("ce.sock"), "lfb", "set", "1",
           fmt::format("CrossConnect.1/CrossConnectTable/{}", 100 + round), row(2, slot, 1, slot)},
          path("more"));
      child("fe1").signal(SIGKILL);
      ASSERT_TRUE(child("fe1").ends());
    }
    start_the_fe();
    ASSERT_TRUE(answers("fe1"));
    std::vector<int> rows;
    const Json shown = fabric();
    for (const auto& one : shown["rows"]) {
      if (one["subscript"] < 100) rows.push_back(one["subscript"]);
    }
    std::vector<int> want;
    for (const auto& [index, text] : answered) want.push_back(index);
    EXPECT_EQ(rows, want);
    ASSERT_TRUE(ready());
  }
}

TEST_F(FabricProcesses, TheOperatorSeesAndMakesFaults) {
  set_row(0, row(1, 1, 2, 6));
  const auto status = [&] {
    return ctl("ce", {"lfb", "get", "1", "CrossConnect.1/CrossConnectStatus/0"}).out;
  };
  EXPECT_EQ(status(), "1\n");
  const auto failed = ctl("fe1", {"fabric", "fail", "2", "0x60000"});
  EXPECT_EQ(failed.status, 0) << failed.err;
  EXPECT_EQ(failed.out, "port 2 labels 0x60000 failed\n");
  EXPECT_EQ(status(), "2\n");
  ASSERT_TRUE(far1->send(1 * kSlot, "lost"));
  EXPECT_TRUE(eventually([&] { return number(fabric()["rows"][0]["dropped"]) == 1; }));
  EXPECT_EQ(metric("fe1", "fe_fabric_frames_total", {{"reason", "failed"}}), 1U);
  EXPECT_EQ(metric("fe1", "fe_fabric_rows_failed"), 1U);
  const auto shown = ctl("fe1", {"fabric", "show"}).out;
  EXPECT_THAT(shown, ContainsRegex("\n +2 +vo2 +vc4 +65536-524288/65536 +up +393216 +0 +0\n"));
  EXPECT_THAT(shown, ContainsRegex("\n +0 +1 +0x10000 +2 +0x60000 +active +failed +0 +1 +0a00"));
  EXPECT_EQ(ctl("fe1", {"fabric", "restore", "2"}).out, "port 2 restored\n");
  EXPECT_EQ(status(), "1\n");
  ASSERT_TRUE(far1->send(1 * kSlot, "again"));
  EXPECT_EQ(far2->traffic(), (LineFrame{6 * kSlot, 0, 1, "again"}));

  EXPECT_THAT(ctl("fe1", {"fabric", "fail", "3"}).err, HasSubstr("there is no optical port 3"));
  EXPECT_THAT(ctl("fe1", {"fabric", "fail", "2", "7"}).err, HasSubstr("has no label in 7"));
  EXPECT_THAT(ctl("fe1", {"fabric", "fail", "2", "x"}).err, HasSubstr("is no label"));
  EXPECT_THAT(ctl("ce", {"fabric", "show"}).err, HasSubstr("is the socket of a ce"));
}

}  // namespace
}  // namespace e2e
