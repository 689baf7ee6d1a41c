// What forcesctl changes, over HTTP.
#include "tests/e2e/daemons/http.hpp"
#include "tests/e2e/fabric/nodes.hpp"

namespace e2e {
namespace {

using testing::HasSubstr;

class HttpSignaling : public Nodes {
 protected:
  void SetUp() override {
    Nodes::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    http_ = "changes = true\n";
    ASSERT_NO_FATAL_FAILURE(start_nodes());
    port_ = http_port("ce1");
  }
  struct Reply {
    int status;
    Json json;
    std::string location;
  };
  Reply api(const std::string& method, const std::string& page, const std::string& body = "") {
    const auto answer = http(port_, "/api/v1/" + page, method, body);
    EXPECT_EQ(answer.type, "application/json") << method << " " << page << "\n" << answer.body;
    return {answer.status, Json::parse(answer.body, nullptr, false), answer.location};
  }
  // Until it is over; what takes longer than a request waits has a ticket.
  Reply settled(Reply reply) {
    const bool over = eventually([&] {
      if (reply.status != 202) return true;
      EXPECT_EQ(reply.location, "/api/v1/ticket/" + std::to_string(number(reply.json["ticket"])));
      reply = api("GET", reply.location.substr(std::string_view("/api/v1/").size()));
      return false;
    });
    EXPECT_TRUE(over);
    return reply;
  }
  static constexpr const char* kBlue =
      R"({"from": 1, "to": "192.0.2.3:7", "name": "blue", "from_labels": "0x20000",
          "to_labels": "0x40000"})";
  int port_ = 0;
};

TEST_F(HttpSignaling, AConnectionIsMadeChangedAndDeletedAndFramesPass) {
  const auto made = settled(api("POST", "spc", kBlue));
  ASSERT_EQ(made.status, 200) << made.json;
  EXPECT_EQ(made.json["state"], "up");
  ASSERT_NO_FATAL_FAILURE(expect_passing("over HTTP"));

  EXPECT_EQ(api("PATCH", "connection/blue", R"({"change": "FREEZE"})").status, 200);
  EXPECT_EQ(connection("blue")["frozen"], true);
  EXPECT_EQ(api("PATCH", "connection/blue", R"({"change": "THAW"})").status, 200);
  EXPECT_EQ(connection("blue")["frozen"], false);
  // There is one way only: the reason is that of forcesctl.
  const auto reroute = settled(api("PATCH", "connection/blue", R"({"change": "REROUTE"})"));
  EXPECT_EQ(reroute.status, 409) << reroute.json;
  EXPECT_EQ(reroute.json["code"], "FAILED");
  const auto revert = api("PATCH", "connection/blue", R"({"change": "REVERT"})");
  EXPECT_EQ(revert.status, 409);
  EXPECT_THAT(revert.json["message"].get<std::string>(), HasSubstr("nominal route"));

  const std::string call = calls(1)[0]["name"];
  const auto refused = api("DELETE", "call/" + call);
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.json["reason"]["cause"], "connections_exist");
  EXPECT_EQ(refused.json["reason"]["code"], 32);
  ASSERT_NO_FATAL_FAILURE(expect_passing("all the same"));
  const auto ended = settled(api("DELETE", "connection/blue"));
  EXPECT_EQ(ended.status, 200) << ended.json;
  EXPECT_TRUE(no_rows());
  EXPECT_EQ(settled(api("DELETE", "call/" + call)).status, 200);
  EXPECT_TRUE(eventually([&] { return calls(1).empty() && calls(2).empty() && calls(3).empty(); }));
  EXPECT_EQ(api("GET", "connection/blue").status, 404);
  EXPECT_GE(metric("ce1", "ce_http_changes_total", {{"outcome", "failed"}}), 2U);
  EXPECT_TRUE(child("ce1").says("change over HTTP client=127.0.0.1 method=POST path=/api/v1/spc"));
}

TEST_F(HttpSignaling, ACallIsMadeAndItsLevelChanged) {
  const auto made = settled(api("POST", "call", R"({"to": "192.0.2.3", "service_level": 3})"));
  ASSERT_EQ(made.status, 200) << made.json;
  EXPECT_EQ(made.json["service_level"], 3);
  const std::string call = "call/" + made.json["name"].get<std::string>();
  const auto modified = settled(api("PATCH", call, R"({"service_level": 4})"));
  EXPECT_EQ(modified.status, 200) << modified.json;
  EXPECT_EQ(modified.json["service_level"], 4);
  EXPECT_EQ(settled(api("DELETE", call)).status, 200);
}

// Without what differs from one moment to the next.
Json stable(const Json& json) {
  if (!json.is_structured()) return json;
  Json left = json;
  for (auto at = left.begin(); at != left.end();) {
    const std::string key = json.is_object() ? at.key() : "";
    const bool moves = key.ends_with("_ms") || key.ends_with("_received") ||
                       key.ends_with("_sent") || key == "counters" || key == "unacknowledged" ||
                       key == "retransmissions" || key == "drops";
    if (moves) {
      at = left.erase(at);
    } else {
      *at = stable(*at);
      ++at;
    }
  }
  return left;
}

TEST_F(HttpSignaling, ShowsWhatForcesctlShows) {
  ASSERT_EQ(settled(api("POST", "spc", kBlue)).status, 200);
  const std::string call = std::to_string(number(calls(1)[0]["handle"]));
  using Words = std::vector<std::string>;
  const std::pair<std::string, Words> pages[] = {
      {"signaling", {"signaling", "status"}},
      {"neighbor", {"signaling", "neighbors"}},
      {"call", {"call", "list"}},
      {"call/" + call, {"call", "show", call}},
      {"connection?state=up", {"connection", "list", "--state", "up"}},
      {"connection/blue", {"connection", "show", "blue"}},
      {"lsp", {"connection", "list", "--lsps"}},
      {"te/link", {"te", "links"}},
      {"te/path?to=192.0.2.3:7&signal=vc4", {"te", "path", "192.0.2.3:7", "--signal", "vc4"}},
      {"te/path?to=192.0.2.3&route=192.0.2.2,192.0.2.3",
       {"te", "path", "192.0.2.3", "--route", "192.0.2.2", "--route", "192.0.2.3"}},
      {"te/path?to=192.0.2.3&exclude=192.0.2.2",
       {"te", "path", "192.0.2.3", "--exclude", "192.0.2.2"}},
      {"label-map?interface=0", {"label-map", "show"}},
      {"policy", {"policy"}},
  };
  for (const auto& [page, words] : pages) {
    SCOPED_TRACE(page);
    auto arguments = words;
    arguments.emplace_back("--json");
    const auto shown = ctl("ce1", arguments);
    const auto answer = api("GET", page);
    EXPECT_EQ(answer.status == 200, shown.status == 0) << answer.json << shown.err;
    EXPECT_EQ(stable(answer.json), stable(shown.json()));
  }
  const auto no_way = api("GET", "te/path?to=192.0.2.3&exclude=192.0.2.2");
  EXPECT_EQ(no_way.status, 409);
  EXPECT_EQ(no_way.json["reason"]["cause"], "no_route.excluded");
  EXPECT_THAT(no_way.json["message"].get<std::string>(), HasSubstr("\nNext: "));
  EXPECT_EQ(api("GET", "connection?stat=up").status, 400) << "a word that nobody would look at";
}

TEST_F(HttpSignaling, ListsAreReadInPagesOfAnySize) {
  for (const auto* name : {"blue", "green", "red"}) {
    const auto made = settled(api(
        "POST", "spc", fmt::format(R"({{"from": 1, "to": "192.0.2.3:7", "name": "{}"}})", name)));
    ASSERT_EQ(made.status, 200) << made.json;
  }
  const auto first = api("GET", "connection?limit=2").json;
  EXPECT_EQ(first["connections"].size(), 2U) << first;
  EXPECT_EQ(first["next"], "green");
  const auto second = api("GET", "connection?limit=2&after=green").json;
  ASSERT_EQ(second["connections"].size(), 1U) << second;
  EXPECT_EQ(second["connections"][0]["name"], "red");
  EXPECT_EQ(second["next"], "");
  for (const auto& [page, list, all] :
       {std::tuple("call", "calls", 3U), {"lsp", "lsps", 3U}, {"te/link", "links", 2U}}) {
    SCOPED_TRACE(page);
    std::uint64_t after = 0;
    for (unsigned i = 0; i < all; ++i) {
      const auto one = api("GET", fmt::format("{}?limit=1{}", page,
                                              i == 0 ? "" : fmt::format("&after={}", after)))
                           .json;
      EXPECT_EQ(one[list].size(), 1U) << one;
      after = number(one["next"]);
      EXPECT_EQ(after == 0, i + 1 == all) << one;
    }
  }
  const auto shown = ctl("ce1", {"connection", "list", "--limit", "2"});
  EXPECT_THAT(shown.out, testing::EndsWith("\nmore: --after green\n"));
  const auto rest = ctl("ce1", {"connection", "list", "--after", "green", "--json"}).json();
  EXPECT_EQ(rest["connections"].size(), 1U) << rest;
  EXPECT_EQ(ctl("ce1", {"connection", "list", "--json"}).json()["connections"].size(), 3U);
}

// A node that does not answer: the request does not wait for it, and its ticket can be asked for
// more than once.
TEST_F(HttpSignaling, WhatTakesLongHasATicketThatKeepsTheAnswer) {
  child("ce2").signal(SIGSTOP);
  const auto accepted = api("POST", "spc", kBlue);
  EXPECT_EQ(accepted.status, 202) << accepted.json;
  EXPECT_THAT(accepted.json["progress"].get<std::string>(), HasSubstr("call"));
  const auto failed = settled(accepted);
  EXPECT_EQ(failed.status, 409) << failed.json;
  EXPECT_EQ(failed.json["reason"]["what"], "call");
  const auto page = accepted.location.substr(std::string_view("/api/v1/").size());
  EXPECT_EQ(api("GET", page).json, failed.json);
  EXPECT_EQ(api("GET", "ticket/1").status, 404);
  child("ce2").signal(SIGCONT);
}

TEST_F(HttpSignaling, WhatMakesNoSenseHarmsNobodyAndSaysWhy) {
  const auto status_of = [&](const std::string& method, const std::string& page,
                             const std::string& body = "", const HttpHeaders& headers = {}) {
    return http(port_, "/api/v1/" + page, method, body, headers).status;
  };
  const auto unknown = api("POST", "spc", R"({"from": 1, "to": "192.0.2.3:7", "colour": "blue"})");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(unknown.json["code"], "INVALID");
  EXPECT_THAT(unknown.json["message"].get<std::string>(), HasSubstr("colour"));
  EXPECT_EQ(api("POST", "spc", R"({"from": 1, "to": "nowhere"})").status, 400);
  EXPECT_EQ(api("PATCH", "connection/none", R"({"change": "FREEZE"})").status, 404);
  EXPECT_EQ(api("PATCH", "connection/none", "{}").status, 404);
  EXPECT_EQ(api("DELETE", "call/none").status, 404);
  EXPECT_EQ(status_of("POST", "spc", kBlue, {{"Origin", "http://example.org"}}), 403);
  EXPECT_EQ(status_of("POST", "spc", std::string(70'000, ' ')), 413);
  EXPECT_EQ(status_of("POST", "spc", std::string(50'000, '[')), 400);
  EXPECT_EQ(status_of("POST", "status", "{}"), 404);
  EXPECT_EQ(status_of("PUT", "spc", kBlue), 405);
  EXPECT_EQ(status_of("DELETE", "call/%ff%fe"), 400);
  EXPECT_EQ(status_of("DELETE", "call/" + std::string(5'000, 'x')), 414);
  EXPECT_TRUE(no_rows());
  EXPECT_EQ(metric("ce1", "ce_http_changes_total", {{"outcome", "done"}}), 0U);
  EXPECT_GE(metric("ce1", "ce_http_changes_total", {{"outcome", "refused"}}), 10U);
  EXPECT_TRUE(child("ce1").says("change over HTTP refused"));
  EXPECT_EQ(settled(api("POST", "spc", kBlue)).status, 200);
}

TEST_F(HttpSignaling, WithoutTheWordOfTheConfigurationNothingIsChanged) {
  http_.clear();
  ASSERT_NO_FATAL_FAILURE(start_ce(1));
  const int port = http_port("ce1");
  EXPECT_EQ(http(port, "/api/v1/spc", "POST", kBlue).status, 405);
  EXPECT_EQ(http(port, "/api/v1/call/x", "DELETE").status, 405);
  EXPECT_EQ(http(port, "/api/v1/connection").status, 200);
}

}  // namespace
}  // namespace e2e
