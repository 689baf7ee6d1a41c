// Three ce as a server group: whoever an FE joins at, all of them answer alike.
#include "tests/e2e/daemons/network.hpp"
#include "tests/e2e/multicast/member.hpp"
#include "tests/support/paths.hpp"

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
    if (const auto keys = keys_.find(n); keys != keys_.end()) text += keys->second;
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

  // A key of RFC 2334 section B.3.1; `more`: its dates.
  [[nodiscard]] std::string key(int spi, const std::string& secret,
                                const std::string& more = "") const {
    const auto file = write(fmt::format("key-{}-{}", spi, secret), secret + "\n");
    ::chmod(file.c_str(), 0600);
    return fmt::format("[[multicast.key]]\nspi = {}\nsecret_file = \"{}\"\n{}", spi, file, more);
  }
  // SIGHUP, and until it is taken.
  void reload(int n, const std::string& keys) {
    keys_[n] = keys;
    write(ce_name(n) + ".toml", toml(n));
    const auto ended = [&] {
      std::size_t count = 0;
      const std::string said = child(ce_name(n)).err();
      for (auto at = said.find("reload ended"); at != std::string::npos;) {
        ++count;
        at = said.find("reload ended", at + 1);
      }
      return count;
    };
    const std::size_t before = ended();
    child(ce_name(n)).signal(SIGHUP);
    ASSERT_TRUE(eventually([&] { return ended() > before; }));
    ASSERT_FALSE(child(ce_name(n)).said("keys not taken"));
  }
  // A metric of server `n` about its neighbour `of`.
  [[nodiscard]] std::uint64_t of_neighbor(int n, int of, const std::string& name,
                                          const std::string& state = "") {
    std::map<std::string, std::string> labels{
        {"neighbor", fmt::format("{:#x}", kCe + static_cast<unsigned>(of))}};
    if (!state.empty()) labels["state"] = state;
    return metric(ce_name(n), "ce_multicast_neighbor_" + name, labels);
  }
  [[nodiscard]] bool aligned(int n, int of) {
    return of_neighbor(n, of, "alignment", "aligned") == 1;
  }

  std::map<int, int> control_, data_, scsp_;  // kept over restarts
  std::map<int, std::string> keys_;
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
  Child drain({forces::test::built_program("forcesctl"), "--socket", path("ce1.sock"), "drain",
               "0x40000002"},
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

TEST_F(ServerGroup, KeysAreChangedWithoutLosingTheNeighbor) {
  const std::string old_key = key(256, "old");
  keys_[1] = keys_[2] = old_key;
  ASSERT_NO_FATAL_FAILURE(start_server(1));
  ASSERT_NO_FATAL_FAILURE(start_server(2));
  ASSERT_TRUE(eventually([&] { return aligned(1, 2) && aligned(2, 1); }));
  // Both accept the new one, then both sign with it, then the old one goes.
  const std::string later = key(257, "new", "send_from = \"2099-01-01T00:00:00Z\"\n");
  const std::string now = key(257, "new", "send_from = \"2020-01-01T00:00:00Z\"\n");
  for (const std::string& keys : {old_key + later, old_key + now, now}) {
    for (const int n : {1, 2}) ASSERT_NO_FATAL_FAILURE(reload(n, keys));
    for (const int n : {1, 2}) {
      const int other = 3 - n;
      const auto before = of_neighbor(n, other, "packets_received_total");
      EXPECT_TRUE(eventually(
          [&] { return of_neighbor(n, other, "packets_received_total") >= before + 3; }));
    }
  }
  for (const int n : {1, 2}) {
    EXPECT_TRUE(aligned(n, 3 - n));
    EXPECT_EQ(of_neighbor(n, 3 - n, "alignments_total"), 1U) << "it was never lost";
    EXPECT_EQ(of_neighbor(n, 3 - n, "authentication_failures_total"), 0U);
    EXPECT_EQ(of_neighbor(n, 3 - n, "unsigned_total"), 0U);
    EXPECT_EQ(of_neighbor(n, 3, "alignments_total"), 0U);
  }
}

TEST_F(ServerGroup, WhoHasAnotherKeyOrNoneIsNotBelievedCountedAndToldOf) {
  keys_[1] = key(256, "right");
  keys_[2] = key(256, "wrong");
  for (int n = 1; n <= 3; ++n) ASSERT_NO_FATAL_FAILURE(start_server(n));
  EXPECT_TRUE(eventually([&] {
    return of_neighbor(1, 2, "authentication_failures_total") > 1 &&
           of_neighbor(2, 1, "authentication_failures_total") > 1 &&
           of_neighbor(1, 3, "authentication_failures_total") > 1;
  }));
  EXPECT_TRUE(child("ce1").says("0x40000002 signs with another secret"));
  EXPECT_TRUE(child("ce1").says("0x40000003 signs nothing"));
  EXPECT_EQ(of_neighbor(1, 2, "alignments_total"), 0U);
  EXPECT_EQ(of_neighbor(1, 3, "alignments_total"), 0U);
  EXPECT_EQ(cache(1)["state"], "alone");
  ASSERT_NO_FATAL_FAILURE(reload(2, key(300, "right")));
  EXPECT_TRUE(child("ce1").says("0x40000002 signs with an spi that no [[multicast.key]]"));

  // The right one is taken while both run.
  for (const int n : {2, 3}) ASSERT_NO_FATAL_FAILURE(reload(n, key(256, "right")));
  EXPECT_TRUE(eventually([&] { return in_sync(1) && in_sync(2) && in_sync(3); }));

  // A file that is not there changes nothing, and ends a start.
  keys_[1] = "[[multicast.key]]\nspi = 256\nsecret_file = \"/no/key\"\n";
  write("ce1.toml", toml(1));
  child("ce1").signal(SIGHUP);
  EXPECT_TRUE(child("ce1").says("keys not taken; the old ones stay"));
  const auto before = of_neighbor(1, 2, "packets_received_total");
  EXPECT_TRUE(
      eventually([&] { return of_neighbor(1, 2, "packets_received_total") >= before + 3; }));
  EXPECT_TRUE(aligned(1, 2));
  auto& keyless = start("ce1", "ce", toml(1));
  EXPECT_EQ(keyless.ends(), 69);
  EXPECT_THAT(keyless.err(), testing::HasSubstr("[[multicast.key]] 256: /no/key No such file"));
}

}  // namespace
}  // namespace e2e
