// Three ce as a server group: whoever an FE joins at, all of them answer alike.
#include "tests/e2e/daemons/network.hpp"
#include "tests/e2e/multicast/member.hpp"

namespace e2e {
namespace {

constexpr std::uint32_t kCe = 0x40000000;
using Ids = std::vector<std::uint32_t>;

class ServerGroup : public Network {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(certificates({"--ce", "1", "2", "3", "--fe", "1", "2", "3"}));
  }
  static std::string ce_name(int n) { return fmt::format("ce{}", n); }
  // ce `n` of three, full mesh. The greater ID dials, so ports of those that were not started
  // before do not matter.
  [[nodiscard]] std::string toml(int n, const std::string& certificate = "") const {
    const auto of = [](const auto& ports, int one) {
      const auto at = ports.find(one);
      return at == ports.end() ? 0 : at->second;
    };
    std::string text =
        fmt::format("[ce]\nid = {}\n", kCe + static_cast<unsigned>(n)) +
        common(ce_name(n), certificate.empty() ? fmt::format("ce-{}", n) : certificate) +
        fmt::format("[tml]\n{}control_port = {}\ndata_port = {}\n", tml_, of(control_, n),
                    of(data_, n));
    text += fmt::format(
        "[multicast]\nenabled = true\nprotocols = [\"ipv4\"]\ncmi_first = {}\ncmi_last = {}\n"
        "file = \"{}\"\n[multicast.times]\nredirect_map = \"1s\"\n"
        "redirect_entry = \"1s\"\nflush = \"30s\"\nalign = \"5s\"\nsettle = \"300ms\"\n"
        "rejoin = \"10s\"\n[multicast.scsp]\nport = {}\nhello = \"1s\"\nredial = \"50ms\"\n"
        "redial_most = \"200ms\"\n",
        n * 100, n * 100 + 99, path(ce_name(n) + ".numbers"), of(scsp_, n));
    for (int other = 1; other <= 3; ++other) {
      if (other == n) continue;
      text += fmt::format("[[multicast.neighbor]]\nid = {}\naddress = \"127.0.0.1\"\nport = {}\n",
                          kCe + static_cast<unsigned>(other), std::max(of(scsp_, other), 1));
    }
    for (int fe = 1; fe <= 3; ++fe) text += fmt::format("[[fe]]\nid = {}\n", fe);
    return text;
  }
  void start_server(int n, const std::string& certificate = "") {
    start(ce_name(n), "ce", toml(n, certificate));
    ASSERT_TRUE(answers(ce_name(n))) << child(ce_name(n)).err();
    control_[n] = port(ce_name(n), "control");
    data_[n] = port(ce_name(n), "data");
    scsp_[n] = port(ce_name(n), "scsp");
    ASSERT_NE(control_[n], 0);
    ASSERT_NE(scsp_[n], 0);
  }
  void start_servers() {
    for (int n = 1; n <= 3; ++n) ASSERT_NO_FATAL_FAILURE(start_server(n));
    ASSERT_TRUE(eventually([&] { return in_sync(1) && in_sync(2) && in_sync(3); }));
  }

  [[nodiscard]] Member& member(std::uint32_t id, const Ids& at) {
    std::vector<CeAddress> ces;
    for (const std::uint32_t n : at) ces.push_back({kCe + n, control_.at(static_cast<int>(n))});
    return *(members_[id] = std::make_unique<Member>(path("tls"), id, ces));
  }
  // While the members live.
  template <class Done>
  [[nodiscard]] bool until(Done done) {
    return eventually([&] {
      for (const auto& [id, one] : members_) one->pump();
      return done();
    });
  }
  [[nodiscard]] Json cache(int n) { return ctl(ce_name(n), {"scsp", "cache", "--json"}).json(); }
  [[nodiscard]] bool in_sync(int n) {
    const Json shown = cache(n);
    return shown.is_object() && shown.value("state", "") == "in_sync" &&
           shown["originators"].size() >= 3;
  }
  // What server `n` knows of `of`: records and their digest.
  [[nodiscard]] std::string digest(int n, int of) {
    const Json shown = cache(n);
    if (!shown.is_object()) return "";
    for (const auto& one : shown["originators"]) {
      if (one["originator"] == kCe + static_cast<unsigned>(of)) {
        return one["entries"].dump() + one["digest"].get<std::string>();
      }
    }
    return "none";
  }
  [[nodiscard]] bool all_know_the_same_of(int of) {
    const std::string first = digest(1, of);
    return !first.empty() && first != "none" && first == digest(2, of) && first == digest(3, of);
  }
  // FEs in the group, as server `n` says.
  [[nodiscard]] Ids members(int n, std::uint32_t group) {
    const auto shown =
        ctl(ce_name(n), {"group", "members", fmt::format("239.1.0.{}", group), "--json"}).json();
    Ids ids;
    if (!shown.is_object()) return ids;
    for (const auto& one : shown["members"]) ids.push_back(one["fe"]);
    return ids;
  }
  [[nodiscard]] bool all_say(std::uint32_t group, const Ids& ids) {
    return members(1, group) == ids && members(2, group) == ids && members(3, group) == ids;
  }

  std::map<int, int> control_, data_, scsp_;  // kept over restarts
  std::map<std::uint32_t, std::unique_ptr<Member>> members_;
};

TEST_F(ServerGroup, WhatAnFeJoinsAtOneAllThreeKnowAndTheirClientsAreTold) {
  ASSERT_NO_FATAL_FAILURE(start_servers());
  Member& one = member(1, {1});
  Member& two = member(2, {2});
  Member& three = member(3, {3});
  ASSERT_TRUE(until([&] {
    return one.registered_with(kCe + 1) && two.registered_with(kCe + 2) &&
           three.registered_with(kCe + 3);
  }));
  three.send_to(7);
  one.join(7);
  EXPECT_TRUE(until([&] { return all_say(7, {1}); }));
  EXPECT_TRUE(until([&] { return three.receivers(7) == Ids{1}; }));
  two.join(7);
  EXPECT_TRUE(until([&] { return all_say(7, {1, 2}); }));
  EXPECT_TRUE(until([&] { return three.receivers(7) == Ids{1, 2}; }));
  one.leave(7);
  EXPECT_TRUE(until([&] { return all_say(7, {2}); }));
  EXPECT_TRUE(until([&] { return three.receivers(7) == Ids{2}; }));
  EXPECT_GT(three.messages_on(forces::pl::VcKind::Cluster), 0U);
  EXPECT_TRUE(until([&] { return all_know_the_same_of(1) && all_know_the_same_of(2); }));

  // An FE that goes without a word is no member any more.
  members_.erase(2);
  EXPECT_TRUE(until([&] { return all_say(7, {}); }));
  EXPECT_TRUE(until([&] { return three.receivers(7).value_or(Ids{}) == Ids{}; }));
}

TEST_F(ServerGroup, AServerThatIsKilledAndReturnsIsOneOfThemAgain) {
  ASSERT_NO_FATAL_FAILURE(start_servers());
  Member& one = member(1, {1});
  Member& three = member(3, {3});
  one.join(7);
  three.send_to(7);
  ASSERT_TRUE(until([&] { return three.receivers(7) == Ids{1} && all_say(7, {1}); }));
  const std::string before = text_of(path("ce1.numbers"));
  child("ce1").signal(SIGKILL);
  ASSERT_EQ(child("ce1").ends(), 128 + SIGKILL);
  // Nobody is lost while it is away.
  EXPECT_EQ(members(2, 7), Ids{1});
  ASSERT_NO_FATAL_FAILURE(start_server(1));
  EXPECT_NE(text_of(path("ce1.numbers")), before);
  EXPECT_TRUE(until([&] { return one.registered_with(kCe + 1) && in_sync(1); }));
  one.join(8);  // news of the new life, over records of the old one
  EXPECT_TRUE(until([&] { return all_say(8, {1}) && all_say(7, {1}); }));
  EXPECT_TRUE(until([&] { return all_know_the_same_of(1); }));
  EXPECT_EQ(three.receivers(7), Ids{1});
}

// The numbers of its second life must be above those of the first though nobody could tell it.
TEST_F(ServerGroup, AServerThatReturnsAloneIsBelievedWhenItMeetsTheOthersAgain) {
  ASSERT_NO_FATAL_FAILURE(start_servers());
  Member& one = member(1, {1});
  for (std::uint32_t group = 1; group <= 20; ++group) one.join(group);
  ASSERT_TRUE(until([&] { return all_say(20, {1}) && one.registered_with(kCe + 1); }));
  child("ce1").signal(SIGKILL);
  ASSERT_EQ(child("ce1").ends(), 128 + SIGKILL);
  child("ce2").signal(SIGSTOP);
  child("ce3").signal(SIGSTOP);
  for (std::uint32_t group = 1; group <= 19; ++group) one.leave(group);
  ASSERT_NO_FATAL_FAILURE(start_server(1));
  const bool alone = until([&] {
    return one.registered_with(kCe + 1) && members(1, 20) == Ids{1} && members(1, 3).empty();
  });
  child("ce2").signal(SIGCONT);
  child("ce3").signal(SIGCONT);
  ASSERT_TRUE(alone);
  EXPECT_TRUE(until([&] { return in_sync(1) && in_sync(2) && in_sync(3); }));
  EXPECT_TRUE(until([&] { return all_say(3, {}) && all_say(20, {1}); }));
  EXPECT_TRUE(until([&] { return all_know_the_same_of(1); }));
}

TEST_F(ServerGroup, AServerWithTheCertificateOfAnotherIsRefusedAndCounted) {
  ASSERT_NO_FATAL_FAILURE(start_server(1));
  ASSERT_NO_FATAL_FAILURE(start_server(2, "ce-3"));
  EXPECT_TRUE(eventually(
      [&] { return metric("ce1", "ce_multicast_links_total", {{"event", "refused"}}) > 0; }));
  EXPECT_TRUE(child("ce1").says("certificate of another"));
  EXPECT_EQ(cache(1)["state"], "alone");
  // The right one is let in at once.
  ASSERT_NO_FATAL_FAILURE(start_server(2));
  EXPECT_TRUE(eventually([&] { return cache(1)["state"] == "in_sync" || digest(1, 2) != "none"; }));
}

TEST_F(ServerGroup, AnFeThatSpeaksForAnotherIsRefusedAndCounted) {
  ASSERT_NO_FATAL_FAILURE(start_servers());
  Member& one = member(1, {1});
  ASSERT_TRUE(until([&] { return one.registered_with(kCe + 1); }));
  one.say_as(kCe + 1, 2);
  EXPECT_TRUE(until([&] {
    return metric("ce1", "ce_multicast_messages_dropped_total", {{"reason", "not_itself"}}) == 1;
  }));
  const auto clients = ctl("ce1", {"mars", "clients", "--json"}).json();
  ASSERT_EQ(clients["clients"].size(), 1U);
  EXPECT_EQ(clients["clients"][0]["fe"], 1);
  EXPECT_EQ(clients["clients"][0]["endpoint"], "127.0.0.1:5001");
}

TEST_F(ServerGroup, ADrainedServerMayBeStoppedAndNobodyIsLost) {
  ASSERT_NO_FATAL_FAILURE(start_servers());
  Member& one = member(1, {1, 2});
  Member& three = member(3, {3});
  one.join(7);
  three.send_to(7);
  ASSERT_TRUE(until([&] {
    return one.registered_with(kCe + 1) && all_say(7, {1}) && three.receivers(7) == Ids{1};
  }));
  EXPECT_EQ(ctl("ce1", {"drain", "0x40000009"}).status, 1);  // nobody is sent where nobody is
  Child drain({FORCES_BIN "/forcesctl", "--socket", path("ce1.sock"), "drain", "0x40000002"},
              path("drain"));
  std::optional<int> ended;
  EXPECT_TRUE(until([&] {
    ended = drain.ends(0ms);
    EXPECT_EQ(three.receivers(7), Ids{1});  // at every moment
    return ended.has_value() || HasFailure();
  }));
  EXPECT_EQ(ended, 0) << drain.err();
  EXPECT_NE(drain.out().find("may be stopped"), std::string::npos) << drain.out();
  EXPECT_TRUE(until([&] { return one.registered_with(kCe + 2); }));
  EXPECT_TRUE(all_say(7, {1}));
  child("ce1").signal(SIGTERM);
  EXPECT_EQ(child("ce1").ends(), 0);
  EXPECT_EQ(members(2, 7), Ids{1});
  one.join(8);
  EXPECT_TRUE(until([&] { return members(2, 8) == Ids{1} && members(3, 8) == Ids{1}; }));
}

}  // namespace
}  // namespace e2e
