// What an operator sees of a running network: forcesctl, the same over HTTP, metrics.
#include <atomic>
#include <thread>

#include "tests/e2e/daemons/http.hpp"
#include "tests/e2e/daemons/network.hpp"

namespace e2e {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

class Operator : public Network {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(start_all()); }
  Json api(const std::string& who, const std::string& page, int status = 200) {
    const auto answer = http(http_port(who), "/api/v1/" + page);
    EXPECT_EQ(answer.status, status) << page << "\n" << answer.body;
    EXPECT_EQ(answer.type, "application/json");
    return Json::parse(answer.body, nullptr, false);
  }
};

TEST_F(Operator, CeAndTwoFeAssociateOverTls13) {
  const auto status = ctl("ce", {"status"});
  EXPECT_THAT(status.out, ContainsRegex("security +tls\n"));
  EXPECT_THAT(status.out, ContainsRegex("FEs +2 associated of 2\n"));
  ASSERT_TRUE(eventually([&] { return both_channels_up(1) && both_channels_up(2); }));
  const auto channels = ctl("ce", {"channel", "list", "--json"}).json()["channels"];
  ASSERT_EQ(channels.size(), 4U);
  for (const auto& channel : channels) {
    EXPECT_EQ(channel["state"], "up");
    EXPECT_THAT(channel["tls"].get<std::string>(), HasSubstr("TLSv1.3"));
    EXPECT_THAT(channel["identity"].get<std::string>(),
                HasSubstr(fmt::format("urn:forces:fe:{}", channel["peer"].get<int>())));
  }
}

TEST_F(Operator, TablesAndJsonOfTheCe) {
  ASSERT_TRUE(eventually([&] { return both_channels_up(1) && both_channels_up(2); }));
  const auto list = ctl("ce", {"fe", "list"});
  EXPECT_THAT(list.out, ContainsRegex("^ID +NAME +STATE +UP +CONTROL +DATA +ADDRESS +PORTS\n"));
  EXPECT_THAT(list.out, ContainsRegex(" 1 +fe1 +associated .* up +up +127.0.0.1:[0-9]+ +1\n"));
  EXPECT_THAT(list.out, ContainsRegex(" 2 +fe2 +associated .* up +up +127.0.0.1:[0-9]+ +1\n"));
  ASSERT_EQ(ctl("ce", {"fe", "list", "--json"}).json()["elements"].size(), 2U);

  ASSERT_TRUE(eventually([&] {
    const auto shown = fe(1);
    return shown.contains("ports") && counter(shown["ports"][0], "redirect_from_fe") > 0;
  }));
  const auto shown = fe(1);
  EXPECT_EQ(shown["name"], "fe1");
  EXPECT_EQ(shown["identity"], "urn:forces:fe:1");
  EXPECT_EQ(shown["ports"][0]["state"], "no device");
  EXPECT_EQ(counter(shown["ports"][0], "redirect_from_fe"),  // all of them, and why they end here
            counter(shown["ports"][0], "redirect_drops", "no_device"));
  EXPECT_THAT(ctl("ce", {"fe", "show", "1"}).out, ContainsRegex("pl_associations +1\n"));

  const auto handle = std::to_string(number(shown["control_channel"]));
  EXPECT_THAT(ctl("ce", {"channel", "list"}).out,
              ContainsRegex("\n *" + handle + " +1 +control +up .*TLSv1.3"));
  EXPECT_THAT(ctl("ce", {"channel", "show", handle}).out, ContainsRegex("channel_ups +1\n"));
  EXPECT_EQ(counter(ctl("ce", {"channel", "show", handle, "--json"}).json(), "channel_ups"), 1U);

  EXPECT_THAT(ctl("ce", {"stats"}).out, ContainsRegex("ce_association_up\\{fe=\"1\"\\} +1\n"));
  EXPECT_EQ(metric("ce", "ce_association_up"), 2U);
  EXPECT_THAT(ctl("ce", {"log", "level", "debug", "--component", "association"}).out,
              ContainsRegex("association +debug\n"));
  const auto levels = ctl("ce", {"log", "level", "--json"}).json()["entries"];
  EXPECT_THAT(levels, testing::Contains(Json{{"component", "association"}, {"level", "debug"}}));
  EXPECT_THAT(levels, testing::Contains(Json{{"component", "app"}, {"level", "info"}}));
}

TEST_F(Operator, SeesWhoseFeItIsAndHandsOverOnlyToACe) {
  ASSERT_TRUE(eventually([&] { return fe(1)["master"] == true && fe(2)["master"] == true; }));
  const auto status = ctl("ce", {"ha", "status"});
  EXPECT_THAT(status.out, HasSubstr("this CE is 0x40000001\n"));
  EXPECT_THAT(status.out, ContainsRegex(" 1 +0x40000001 \\(this one\\) +none\n"));
  const auto no_ce = ctl("ce", {"ha", "switch", "5"});
  EXPECT_EQ(no_ce.status, 1);
  EXPECT_THAT(no_ce.err, HasSubstr("5 is no CE"));
  // An FE hands itself only to a CE that it knows.
  const auto stranger = ctl("ce", {"ha", "switch", "0x40000009", "--fe", "1"});
  EXPECT_EQ(stranger.status, 1) << stranger.out;
  EXPECT_THAT(stranger.err, HasSubstr("not done at FE 1 E_"));
  EXPECT_EQ(ctl("ce", {"transaction", "list"}).out, "none\n");
}

TEST_F(Operator, TheModelOfAnFeAsItToldIt) {
  ASSERT_TRUE(eventually([&] { return fe(1)["topology"].size() > 0; }));
  const auto shown = fe(1);
  const auto has = [&](const char* name) {
    for (const auto& one : shown["classes"]) {
      if (one["name"] == name && !one["instances"].empty()) return true;
    }
    return false;
  };
  for (const char* name : {"FEObject", "FEPO", "IPv4UcastLPM", "IPv4NextHop", "EcmpHops"}) {
    EXPECT_TRUE(has(name)) << name;
  }
  EXPECT_THAT(ctl("ce", {"fe", "show", "1"}).out, HasSubstr("IPv4UcastLPM.1 NormalOut 0"));
}

TEST_F(Operator, RoutesAreOffUntilTheConfigurationSaysOtherwise) {
  const auto off = ctl("ce", {"route", "list"});
  EXPECT_EQ(off.status, 1);
  EXPECT_THAT(off.err, HasSubstr("set enabled = true in [routing]"));
  EXPECT_THAT(ctl("fe1", {"route", "list"}).err, HasSubstr("is the socket of an fe"));
}

TEST_F(Operator, TablesAndJsonOfTheFe) {
  const auto status = ctl("fe1", {"status", "--json"}).json();
  EXPECT_EQ(status["program"], "fe");
  EXPECT_EQ(status["associated"], 1);
  EXPECT_EQ(status["ports"][0]["kind"], "replay");
  EXPECT_THAT(ctl("fe1", {"status"}).out, ContainsRegex("CEs +1 associated of 1\n"));
  EXPECT_THAT(ctl("fe1", {"ce", "list"}).out, ContainsRegex("0x40000001 +associated \\(master\\)"));
  const auto shown = ctl("fe1", {"ce", "show", "0x40000001", "--json"}).json();
  EXPECT_EQ(shown["identity"], "urn:forces:ce:1073741825");
  EXPECT_EQ(ctl("fe1", {"channel", "list", "--json"}).json()["channels"].size(), 2U);
  EXPECT_EQ(metric("fe1", "fe_association_up"), 1U);
  EXPECT_EQ(ctl("fe1", {"log", "level"}).status, 0);
}

TEST_F(Operator, WhatDoesNotExistIsAClearErrorAndStatus1) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> kCases{
      {{"fe", "show", "77"}, "there is no element 77"},
      {{"channel", "show", "999999"}, "there is no channel 999999"},
      {{"log", "level", "loud"}, "\"loud\" is no level: trace, debug, info, warning, error or off"},
      {{"log", "level", "info", "--component", "x"}, "there is no component \"x\""},
      {{"ce", "list"}, "is the socket of a ce, whose peers are shown by `forcesctl fe ...`"}};
  for (const auto& [words, message] : kCases) {
    const auto answer = ctl("ce", words);
    EXPECT_EQ(answer.status, 1);
    EXPECT_EQ(answer.out, "");
    EXPECT_THAT(answer.err, HasSubstr(message));
  }
  EXPECT_EQ(ctl("fe1", {"fe", "list"}).status, 1);
  EXPECT_EQ(ctl("ce", {"fe", "show", "abc"}).status, 64);
}

// ---- HTTP
// ----------------------------------------------------------------------------------------

// Without what passes or is counted between two questions.
Json steady(Json message) {
  if (message.is_object()) {
    for (const char* key : {"uptime_ms", "up_ms", "silent_ms", "counters", "ports", "rtt",
                            "queue_time", "queued_octets", "receive_queued_octets", "samples"}) {
      message.erase(key);
    }
  }
  if (message.is_structured()) {
    for (auto& inner : message) inner = steady(inner);
  }
  return message;
}

TEST_F(Operator, HttpServesTheMessagesOfForcesctl) {
  ASSERT_TRUE(eventually([&] { return both_channels_up(1) && both_channels_up(2); }));
  const auto handle = std::to_string(number(fe(1)["control_channel"]));
  const std::vector<std::pair<std::string, std::vector<std::string>>> kOfTheCe{
      {"status", {"status"}},
      {"fe", {"fe", "list"}},
      {"fe/2", {"fe", "show", "2"}},
      {"channel", {"channel", "list"}},
      {"channel/" + handle, {"channel", "show", handle}},
      {"log", {"log", "level"}}};
  for (auto [page, words] : kOfTheCe) {
    words.emplace_back("--json");
    EXPECT_EQ(steady(api("ce", page)), steady(ctl("ce", words).json())) << page;
  }
  EXPECT_EQ(api("ce", "fe/2")["ports"].size(), 1U);
  EXPECT_EQ(counter(api("ce", "channel/" + handle), "channel_ups"), 1U);
  EXPECT_EQ(api("ce", "fe?after=2")["elements"].size(), 1U);
  EXPECT_EQ(api("ce", "stats?filter=ce_association_up")["samples"].size(), 2U);
  for (const auto& [page, words] : {std::pair("ce", "list"), std::pair("ce/0x40000001", "show")}) {
    std::vector<std::string> command{"ce", words};
    if (words == std::string("show")) command.emplace_back("0x40000001");
    command.emplace_back("--json");
    EXPECT_EQ(steady(api("fe1", page)), steady(ctl("fe1", command).json())) << page;
  }
}

TEST_F(Operator, WhatIsNotThereIsAnHttpErrorInJson) {
  EXPECT_EQ(api("ce", "fe/77", 404),
            Json::parse(R"({"code": "NOT_FOUND", "message": "there is no element 77"})"));
  EXPECT_EQ(api("ce", "channel/999999", 404)["message"], "there is no channel 999999");
  EXPECT_EQ(api("ce", "fe/two", 400)["code"], "INVALID");
  EXPECT_EQ(api("ce", "fe/99999999999", 400)["code"], "INVALID");
  EXPECT_EQ(api("ce", "channel?after=x", 400)["code"], "INVALID");
  for (const std::string page : {"", "nothing", "status/1", "ce", "fe/1/ports"}) {
    EXPECT_EQ(api("ce", page, page == "fe/1/ports" ? 400 : 404).contains("message"), true) << page;
  }
  EXPECT_THAT(api("fe1", "fe", 404)["message"].get<std::string>(), HasSubstr("/api/v1/ce"));
  EXPECT_EQ(http(http_port("ce"), "/api/v1/log", "POST").status, 405);  // read-only
}

// ---- Metrics
// ---------------------------------------------------------------------------------------

TEST_F(Operator, EveryFamilyOfMetricsHasHelpAndType) {
  for (const auto* who : {"ce", "fe1"}) {
    const auto page = http(http_port(who), "/metrics");
    ASSERT_EQ(page.status, 200);
    EXPECT_EQ(page.type, "text/plain; version=0.0.4");
    const auto metrics = parse_metrics(page.body);
    EXPECT_EQ(metrics.wrong, "") << who;
    EXPECT_GT(metrics.samples.size(), 50U);
    for (const auto& [sample, value] : metrics.samples) {
      const auto family = family_of(metrics, sample);
      EXPECT_TRUE(metrics.help.contains(family)) << who << ": " << sample;
      EXPECT_TRUE(metrics.type.contains(family)) << who << ": " << sample;
    }
  }
}

// A counter only grows: what forcesctl says between two scrapes lies between them.
TEST_F(Operator, CountersOfMetricsAndOfForcesctlAreTheSame) {
  ASSERT_TRUE(eventually([&] { return both_channels_up(1) && both_channels_up(2); }));
  for (const auto* who : {"ce", "fe1"}) {
    const auto port = http_port(who);
    const auto before = parse_metrics(http(port, "/metrics").body);
    const auto stats = ctl(who, {"stats", "--json"}).json()["samples"];
    const auto after = parse_metrics(http(port, "/metrics").body);
    std::size_t counters = 0, moved = 0;
    for (const auto& sample : stats) {
      if (sample["type"] != "counter") continue;
      std::string name = sample["name"];
      std::string labels;
      // The order of labels is not the same everywhere: find the sample that has them all.
      const auto find = [&](const Exposition& in) -> double {
        for (const auto& [key, value] : in.samples) {
          if (key.substr(0, key.find('{')) != name) continue;
          bool all = std::count(key.begin(), key.end(), '=') ==
                     static_cast<std::ptrdiff_t>(sample["labels"].size());
          for (const auto& [label, text] : sample["labels"].items()) {
            all &= key.find(label + "=\"" + text.get<std::string>() + "\"") != std::string::npos;
          }
          if (all) return value;
        }
        ADD_FAILURE() << who << ": " << sample << " is not at /metrics";
        return -1;
      };
      const auto low = find(before), high = find(after), value = sample["value"].get<double>();
      EXPECT_LE(low, value) << sample;
      EXPECT_LE(value, high) << sample;
      ++counters;
      moved += value > 0 ? 1 : 0;
    }
    EXPECT_GT(counters, 40U);
    EXPECT_GT(moved, 5U);
    const auto in_page = std::ranges::count_if(after.samples, [&](const auto& sample) {
      const auto type = after.type.find(family_of(after, sample.first));
      return type != after.type.end() && type->second == "counter";
    });
    EXPECT_EQ(static_cast<std::size_t>(in_page), counters) << who;
  }
}

TEST_F(Operator, ScrapesUnderLoadDoNotStallTheAssociation) {
  start_fe(1, fe_toml(1, "", "", 20'000));  // the first one is gone: an fe that was killed
  ASSERT_TRUE(eventually([&] { return both_channels_up(1); }));
  const auto packets = [&] {
    return metric("ce", "ce_port_redirect_from_fe_total", {{"fe", "1"}});
  };
  ASSERT_TRUE(eventually([&] { return packets() > 2'000; }));
  const auto associations = metric("ce", "ce_pl_associations_total", {{"fe", "1"}});
  const auto port = http_port("ce");
  std::atomic<int> good = 0, bad = 0;
  std::atomic<bool> enough = false;
  std::vector<std::jthread> scrapers;
  for (int i = 0; i < 4; ++i) {
    scrapers.emplace_back([&] {
      while (!enough) ++(http(port, "/metrics").status == 200 ? good : bad);
    });
  }
  const auto first = packets();
  EXPECT_TRUE(eventually([&] { return good > 100 && packets() > first + 5'000; }));
  enough = true;
  scrapers.clear();
  EXPECT_EQ(bad, 0);
  EXPECT_TRUE(associated(1));
  EXPECT_EQ(metric("ce", "ce_pl_associations_total", {{"fe", "1"}}), associations);
  EXPECT_EQ(metric("ce", "tml_heartbeats_lost_total"), 0U);
}

}  // namespace
}  // namespace e2e
