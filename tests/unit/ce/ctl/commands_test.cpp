#include "ce/ctl/commands.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "ce/ctl/client.hpp"
#include "common/runtime/local_server.hpp"

namespace forces::ctl {
namespace {

using control::Request;
using control::Response;
using testing::HasSubstr;

struct CommandCase {
  const char* name;
  std::vector<std::string> arguments;
  std::string request;  // protobuf's text form
  std::string role;
};
const CommandCase kCommands[] = {
    {"Status", {"status"}, "status { }", ""},
    {"FeList", {"fe", "list"}, "element_list { }", "ce"},
    {"FeShow", {"fe", "show", "2"}, "element_show { id: 2 }", "ce"},
    {"CeList", {"ce", "list"}, "element_list { }", "fe"},
    {"CeShowInHex", {"ce", "show", "0x40000001"}, "element_show { id: 1073741825 }", "fe"},
    {"ChannelList", {"channel", "list"}, "channel_list { }", ""},
    {"ChannelShow", {"channel", "show", "9"}, "channel_show { handle: 9 }", ""},
    {"Stats", {"stats"}, "stats { }", ""},
    {"StatsFilter", {"stats", "--filter", "drops"}, "stats { filter: \"drops\" }", ""},
    {"LogLevel", {"log", "level"}, "log_level { }", ""},
    {"LogLevelSet",
     {"log", "level", "debug", "--component", "app"},
     "log_level { level: \"debug\" component: \"app\" }",
     ""},
    {"TlsReload", {"tls", "reload"}, "tls_reload { }", ""},
    {"RouteList", {"route", "list", "--fe", "2"}, "route_list { fe: 2 }", "ce"},
    {"TransactionList", {"transaction", "list"}, "transaction_list { }", "ce"},
    {"GroupList", {"group", "list"}, "group_list { }", "ce"},
    {"GroupMembers",
     {"group", "members", "239.1.2.3"},
     "group_members { group: \"239.1.2.3\" }",
     "ce"},
    {"ScspNeighbors", {"scsp", "neighbors"}, "scsp_neighbor_list { }", "ce"},
    {"ScspCache", {"scsp", "cache"}, "scsp_cache { }", "ce"},
    {"MarsClients", {"mars", "clients"}, "mars_client_list { }", "ce"},
    {"MarsMcs", {"mars", "mcs"}, "mars_mcs_list { }", "ce"},
    {"Drain", {"drain", "0x40000002"}, "drain { to: 1073741826 }", "ce"},
    {"DrainSomewhere", {"drain"}, "drain { }", "ce"},
    {"DrainHard", {"drain", "0x40000002", "--hard"}, "drain { to: 1073741826 hard: true }", "ce"},
    {"DrainCancel", {"drain", "--cancel"}, "drain { cancel: true }", "ce"},
    {"LfbList", {"lfb", "get", "2"}, "lfb_get { fe: 2 }", "ce"},
    {"LfbGet",
     {"lfb", "get", "2", "FEPO.1/CEHDI"},
     "lfb_get { fe: 2 path: \"FEPO.1/CEHDI\" }",
     "ce"},
    {"LfbGetPage",
     {"lfb", "get", "2", "10.1/1", "--from", "5", "--count", "9"},
     "lfb_get { fe: 2 path: \"10.1/1\" from: 5 count: 9 }",
     "ce"},
    {"LfbGetProperties",
     {"lfb", "get", "2", "10.1/1", "--properties"},
     "lfb_get { fe: 2 path: \"10.1/1\" properties: true }",
     "ce"},
    {"LfbSet",
     {"lfb", "set", "2", "FEPO.1/CEHDI", "5000"},
     "lfb_change { fes: 2 path: \"FEPO.1/CEHDI\" value { string_value: \"5000\" } }",
     "ce"},
    {"LfbSetJson",
     {"lfb", "set", "2", "12.1/1/5", "{\"MTU\": 1500}"},
     "lfb_change { fes: 2 path: \"12.1/1/5\" value { struct_value { fields { key: \"MTU\" value { "
     "number_value: 1500 } } } } }",
     "ce"},
    {"LfbSetList",
     {"lfb", "set", "2", "2.1/3", "[7]"},
     "lfb_change { fes: 2 path: \"2.1/3\" value { list_value { values { number_value: 7 } } } }",
     "ce"},
    {"LfbSetAtSeveral",
     {"lfb", "set", "--fe", "3", "2", "FEPO.1/CEHDI", "5000", "--fe", "4"},
     "lfb_change { fes: 2 fes: 3 fes: 4 path: \"FEPO.1/CEHDI\" value { string_value: \"5000\" } }",
     "ce"},
    {"LfbDelByKey",
     {"lfb", "del", "2", "IPv4UcastLPM.1/PrefixTable[10.0.0.0/24]"},
     "lfb_change { fes: 2 path: \"IPv4UcastLPM.1/PrefixTable[10.0.0.0/24]\" }",
     "ce"},
    {"FabricShow", {"fabric", "show"}, "fabric_show { }", "fe"},
    {"MembershipList", {"membership", "list"}, "membership_list { }", "fe"},
    {"FabricFail", {"fabric", "fail", "3"}, "fabric_fault { port: 3 }", "fe"},
    {"FabricRestoreLabels",
     {"fabric", "restore", "3", "0x10000-0x40000"},
     "fabric_fault { port: 3 labels: \"0x10000-0x40000\" restore: true }",
     "fe"},
    {"HaStatus", {"ha", "status"}, "ha_status { }", "ce"},
    {"HaSwitch",
     {"ha", "switch", "0x40000002", "--fe", "3"},
     "ha_switch { to: 1073741826 fes: 3 }",
     "ce"},
    {"CallCreate",
     {"call", "create", "192.0.2.3", "--level", "1"},
     "call_create { to: \"192.0.2.3\" service_level: 1 }",
     "ce"},
    {"CallList", {"call", "list"}, "call_list { }", "ce"},
    {"CallShow", {"call", "show", "7"}, "call_show { call: \"7\" }", "ce"},
    {"CallModify",
     {"call", "modify", "7", "--level", "0"},
     "call_modify { call: \"7\" service_level: 0 }",
     "ce"},
    {"CallDelete",
     {"call", "delete", "7", "--connections"},
     "call_delete { call: \"7\" connections: true }",
     "ce"},
    {"SpcCreate",
     {"spc", "create", "1", "192.0.2.3:7", "--name", "blue", "--route", "192.0.2.2+", "--route",
      "192.0.2.3:32", "--crankback", "segment", "--count", "2"},
     "spc_create { name: \"blue\" from: 1 to: \"192.0.2.3:7\" count: 2 route: \"192.0.2.2+\" "
     "route: \"192.0.2.3:32\" crankback: \"segment\" }",
     "ce"},
    {"CallPage",
     {"call", "list", "--after", "7", "--limit", "9"},
     "call_list { after: 7 limit: 9 }",
     "ce"},
    {"ConnectionPage",
     {"connection", "list", "--after", "blue", "--limit", "9"},
     "connection_list { after: \"blue\" limit: 9 }",
     "ce"},
    {"LspPage",
     {"connection", "list", "--lsps", "--after", "2000", "--limit", "9"},
     "lsp_list { after: 2000 limit: 9 }",
     "ce"},
    {"TeLinkPage",
     {"te", "links", "--after", "7", "--limit", "9"},
     "te_link_list { after: 7 limit: 9 }",
     "ce"},
    {"ConnectionList",
     {"connection", "list", "--state", "up"},
     "connection_list { state: \"up\" }",
     "ce"},
    {"Lsps", {"connection", "list", "--lsps"}, "lsp_list { }", "ce"},
    {"ConnectionShow", {"connection", "show", "b"}, "connection_show { name: \"b\" }", "ce"},
    {"ConnectionReroute",
     {"connection", "reroute", "b", "--exclude", "192.0.2.2"},
     "connection_change { name: \"b\" change: REROUTE exclude: \"192.0.2.2\" }",
     "ce"},
    {"ConnectionFreeze",
     {"connection", "freeze", "b"},
     "connection_change { name: \"b\" change: FREEZE }",
     "ce"},
    {"ConnectionEndLsp",
     {"connection", "end-lsp", "192.0.2.1", "192.0.2.3", "1", "2", "--give-up"},
     "lsp_end { lsp { sender: \"192.0.2.1\" end_point: \"192.0.2.3\" tunnel: 1 lsp: 2 } give_up: "
     "true }",
     "ce"},
    {"LabelMapShow", {"label-map", "show"}, "label_map { }", "ce"},
    {"LabelMapSet",
     {"label-map", "set", "12", "0x10000", "0x60000"},
     "label_map_change { interface: 12 local: \"0x10000\" remote: \"0x60000\" }",
     "ce"},
    {"LabelMapWithdraw",
     {"label-map", "withdraw", "12", "7"},
     "label_map_change { interface: 12 local: \"7\" withdraw: true }",
     "ce"},
    {"TeLinks", {"te", "links"}, "te_link_list { }", "ce"},
    {"TePath",
     {"te", "path", "192.0.2.3", "--disjoint"},
     "te_path { to: \"192.0.2.3\" disjoint: true }",
     "ce"},
    {"SignalingStatus", {"signaling", "status"}, "signaling_status { }", "ce"},
    {"SignalingNeighbors", {"signaling", "neighbors"}, "neighbor_list { }", "ce"},
    {"Policy", {"policy"}, "policy { }", "ce"},
    {"OptionsMayFollow", {"fe", "list", "--json", "--socket", "/x"}, "element_list { }", "ce"},
};

// Parses; the exception of CLI11 when that is the outcome.
void parse(std::vector<std::string> arguments, Invocation& invocation) {
  CLI::App app{"", "forcesctl"};
  add_commands(app, invocation);
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants a vector
  app.parse(arguments);
}

class Commands : public testing::TestWithParam<CommandCase> {};
TEST_P(Commands, BecomeRequests) {
  Invocation invocation;
  parse(GetParam().arguments, invocation);
  ASSERT_TRUE(invocation.request);
  EXPECT_EQ(invocation.request->ShortDebugString(), GetParam().request);
  EXPECT_EQ(invocation.role, GetParam().role);
}
INSTANTIATE_TEST_SUITE_P(Table, Commands, testing::ValuesIn(kCommands),
                         [](const auto& c) { return c.param.name; });

class WrongCommands : public testing::TestWithParam<std::vector<std::string>> {};
TEST_P(WrongCommands, AreRefused) {
  Invocation invocation;
  EXPECT_THROW(parse(GetParam(), invocation), CLI::ParseError);
}
INSTANTIATE_TEST_SUITE_P(
    Table, WrongCommands,
    testing::Values(
        std::vector<std::string>{"statsu"}, std::vector<std::string>{"fe"},
        std::vector<std::string>{"fe", "show"}, std::vector<std::string>{"fe", "show", "two"},
        std::vector<std::string>{"fe", "list", "2"},
        std::vector<std::string>{"connection", "list", "--lsps", "--after", "blue"},
        std::vector<std::string>{"connection", "list", "--lsps", "--state", "up"},
        std::vector<std::string>{"lfb", "set", "2", "FEPO.1/5"},
        std::vector<std::string>{"lfb", "set", "2", "x", "{\"a\""},
        std::vector<std::string>{"lfb", "del", "2"}, std::vector<std::string>{"lfb", "get", "fe2"},
        std::vector<std::string>{"spc", "create", "1"}, std::vector<std::string>{"call"},
        std::vector<std::string>{"call", "modify", "1"},
        std::vector<std::string>{"connection", "end-lsp", "1"},
        std::vector<std::string>{"--timeout", "0", "status"}));

// What takes its time is waited for longer, unless the operator says how long.
TEST(Commands, ThatTakeTheirTimeAreWaitedFor) {
  Invocation create, list;
  parse({"call", "create", "192.0.2.3"}, create);
  parse({"call", "list"}, list);
  EXPECT_TRUE(create.waits);
  EXPECT_FALSE(list.waits);
  EXPECT_FALSE(create.timeout_s);
}

// What is behind the groups of signalling; `see` has its words: "connection list".
void each_command(const CLI::App& app, const std::string& words,
                  const std::function<void(const CLI::App&, const std::string&)>& see) {
  const auto below = app.get_subcommands([](const CLI::App*) { return true; });
  if (below.empty()) see(app, words);
  for (const CLI::App* one : below) {
    each_command(*one, words + (words.empty() ? "" : " ") + one->get_name(), see);
  }
}

// The example can be typed as it stands, and nothing is left without an explanation.
TEST(SignalingHelp, OfEveryCommandHasAnExampleThatWorks) {
  CLI::App app{"", "forcesctl"};
  Invocation unused;
  add_commands(app, unused);
  int seen = 0;
  for (const char* group :
       {"call", "spc", "connection", "label-map", "te", "signaling", "policy"}) {
    each_command(*app.get_subcommand(group), group, [&](const CLI::App& one, std::string words) {
      ++seen;
      SCOPED_TRACE(words);
      const std::string help = one.help();
      const std::string begin = "Example: forcesctl ";
      const auto at = help.find(begin + words);
      ASSERT_NE(at, std::string::npos) << help;
      const auto from = at + begin.size();
      std::istringstream example(help.substr(from, help.find('\n', from) - from));
      std::vector<std::string> arguments{std::istream_iterator<std::string>(example), {}};
      Invocation invocation;
      EXPECT_NO_THROW(parse(arguments, invocation));
      EXPECT_TRUE(invocation.request);
      EXPECT_FALSE(one.get_description().empty());
      for (const CLI::Option* option : one.get_options()) {
        EXPECT_FALSE(option->get_description().empty()) << option->get_name();
      }
    });
  }
  EXPECT_EQ(seen, 24);
}

// A daemon that answers what the test says, on a thread of its own.
class FakeDaemon : public testing::Test {
 protected:
  FakeDaemon() : path_(testing::TempDir() + "forces_ctl_" + std::to_string(getpid()) + ".sock") {}
  ~FakeDaemon() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }
  void serve(std::function<Response(const Request&)> answer) {
    auto server = runtime::LocalServer::create(
        io_, {.path = path_, .mode = 0600, .group = {}, .max_connections = 16, .idle = kLimit},
        [answer = std::move(answer)](std::string_view octets, const runtime::LocalCaller&) {
          Request request;
          request.ParseFromString(std::string(octets));
          return answer(request).SerializeAsString();
        });
    ASSERT_TRUE(server) << server.error();
    server_ = std::move(*server);
    thread_ = std::thread([this] { io_.run(); });
  }
  int run(std::vector<std::string> arguments) {
    Invocation invocation;
    invocation.socket = path_;
    parse(std::move(arguments), invocation);
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int status = execute(invocation);
    std::fflush(nullptr);
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return status;
  }

  static constexpr Duration kLimit = std::chrono::seconds(10);
  std::string path_, out_, err_;
  asio::io_context io_;
  std::unique_ptr<runtime::LocalServer> server_;
  std::thread thread_;
};

Response status_of(const char* program) {
  Response response;
  response.mutable_status()->set_program(program);
  return response;
}

TEST_F(FakeDaemon, AnswersArePrintedAsTextOrJson) {
  serve([](const Request&) { return status_of("ce"); });
  EXPECT_EQ(run({"status"}), 0);
  EXPECT_THAT(out_, HasSubstr("program "));
  EXPECT_EQ(run({"status", "--json"}), 0);
  EXPECT_THAT(out_, HasSubstr("\"program\": \"ce\""));
  EXPECT_EQ(err_, "");
}

TEST_F(FakeDaemon, ARefusalGoesToStandardErrorAndIsStatus1) {
  serve([](const Request&) {
    Response response;
    response.mutable_error()->set_message("there is no channel 9");
    return response;
  });
  EXPECT_EQ(run({"channel", "show", "9"}), 1);
  EXPECT_EQ(out_, "");
  EXPECT_EQ(err_, "forcesctl: there is no channel 9\n");
}

TEST_F(FakeDaemon, PagesArePutTogether) {
  serve([](const Request& request) {
    Response response;
    if (request.has_status()) return status_of("ce");
    auto& list = *response.mutable_elements();
    list.add_elements()->set_id(static_cast<std::uint32_t>(request.element_list().after()));
    list.set_next(request.element_list().after() < 3 ? request.element_list().after() + 1 : 0);
    return response;
  });
  Request request;
  request.mutable_element_list();
  const auto all = ask_all(path_, request, kLimit);
  ASSERT_TRUE(all) << all.error();
  EXPECT_EQ(all->elements().elements_size(), 4);
  EXPECT_EQ(run({"fe", "list"}), 0);
}

TEST_F(FakeDaemon, ThatNeverEndsItsPagesIsNotAskedForEver) {
  serve([](const Request&) {
    Response response;
    response.mutable_channels()->add_channels();
    response.mutable_channels()->set_next(1);
    return response;
  });
  Request request;
  request.mutable_channel_list();
  EXPECT_TRUE(ask_all(path_, request, kLimit));
}

TEST_F(FakeDaemon, PagesOfATableAreAskedForUntilThereAreEnoughRows) {
  std::atomic<int> waited = 0;
  serve([&waited](const Request& request) {
    Response response;
    if (request.has_status()) return status_of("ce");
    if (request.has_lfb_get()) {  // the FE has to be asked
      response.mutable_pending()->set_ticket(1000 * request.lfb_get().from() +
                                             request.lfb_get().count());
      return response;
    }
    ++waited;
    const auto from = static_cast<std::uint32_t>(request.pending().ticket() / 1000);
    const auto count = request.pending().ticket() % 1000;
    auto& page = *response.mutable_lfb();
    page.add_columns("Value");
    page.set_next(from < 8 ? from + 4 : 0);
    for (std::uint32_t i = 0; i < 4 && (count == 0 || i < count); ++i) {
      page.add_rows()->set_subscript(from + i);
    }
    return response;
  });
  Request request;
  request.mutable_lfb_get()->set_fe(2);
  const auto all = ask_all(path_, request, kLimit);
  ASSERT_TRUE(all && all->has_lfb());
  EXPECT_EQ(all->lfb().rows_size(), 12);
  EXPECT_EQ(all->lfb().columns_size(), 1);
  EXPECT_EQ(all->lfb().next(), 0U);
  EXPECT_EQ(waited, 3);
  request.mutable_lfb_get()->set_count(6);
  const auto six = ask_all(path_, request, kLimit);
  ASSERT_EQ(six->lfb().rows_size(), 6);
  EXPECT_EQ(six->lfb().rows(5).subscript(), 5U);
}

TEST_F(FakeDaemon, WhoseFeDoesNotAnswerIsToldApart) {
  serve([](const Request& request) {
    Response response;
    if (request.has_status()) return status_of("ce");
    response.mutable_pending()->set_ticket(7);
    return response;
  });
  EXPECT_EQ(run({"--timeout", "0.2", "lfb", "get", "2", "FEPO.1"}), 69);
  EXPECT_EQ(out_, "");
  EXPECT_EQ(err_,
            "forcesctl: no FE has answered in 0.2 s (--timeout SECONDS); what was asked for may "
            "still be done\n");
}

TEST_F(FakeDaemon, WhatItWaitsForIsTold) {
  int asked = 0;
  serve([&](const Request& request) {
    if (request.has_status()) return status_of("ce");
    Response response;
    auto& pending = *response.mutable_pending();
    pending.set_ticket(7);
    pending.set_progress(++asked < 4 ? "set-up of call" : "connection blue: setup");
    return response;
  });
  Request request;
  request.mutable_call_create();
  std::vector<std::string> told;
  const auto answer = ask_all(
      path_, request, std::chrono::milliseconds(200),
      [&](const std::string& text) { told.push_back(text); }, Duration{0});
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->has_pending());
  EXPECT_EQ(told, (std::vector<std::string>{"set-up of call", "connection blue: setup"}));
  EXPECT_EQ(run({"--timeout", "0.2", "call", "create", "192.0.2.3"}), 69);
  EXPECT_EQ(err_,
            "forcesctl: not ended in 0.2 s (--timeout SECONDS), and it goes on: connection blue: "
            "setup\n");
}

TEST_F(FakeDaemon, AReasonIsJsonForPrograms) {
  serve([](const Request& request) {
    if (request.has_status()) return status_of("ce");
    Response response;
    auto& error = *response.mutable_error();
    error.set_code(control::Error::FAILED);
    error.set_message("the call was not set up: refused (2/103)");
    error.mutable_reason()->set_cause("refused");
    error.mutable_reason()->set_code(2);
    return response;
  });
  EXPECT_EQ(run({"call", "create", "192.0.2.3", "--json"}), 1);
  EXPECT_EQ(err_, "forcesctl: the call was not set up: refused (2/103)\n");
  EXPECT_THAT(out_, HasSubstr("\"cause\": \"refused\""));
  EXPECT_EQ(run({"call", "create", "192.0.2.3"}), 1);
  EXPECT_EQ(out_, "");
}

TEST_F(FakeDaemon, PagesByNameArePutTogether) {
  serve([](const Request& request) {
    Response response;
    auto& list = *response.mutable_connections();
    const auto& after = request.connection_list().after();
    list.add_connections()->set_name(after.empty() ? "a" : after == "a" ? "b" : "c");
    if (after != "b") list.set_next(after.empty() ? "a" : "b");
    return response;
  });
  Request request;
  request.mutable_connection_list();
  const auto all = ask_all(path_, request, kLimit);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->connections().connections_size(), 3);
  EXPECT_EQ(all->connections().connections(2).name(), "c");
}

// A page of three, and then as many as are still wanted.
TEST_F(FakeDaemon, OfAListThatIsLimitedNoMoreIsAskedFor) {
  std::atomic<int> asked = 0;
  serve([&asked](const Request& request) {
    if (request.has_status()) return status_of("ce");
    ++asked;
    Response response;
    auto& list = *response.mutable_calls();
    const auto& want = request.call_list();
    for (std::uint64_t i = 1; i <= 3 && (want.limit() == 0 || i <= want.limit()); ++i) {
      list.add_calls()->set_handle(want.after() + i);
    }
    const auto last = list.calls().rbegin()->handle();
    list.set_next(last < 9 ? last : 0);
    return response;
  });
  Request request;
  request.mutable_call_list()->set_limit(5);
  const auto five = ask_all(path_, request, kLimit);
  ASSERT_TRUE(five);
  ASSERT_EQ(five->calls().calls_size(), 5);
  EXPECT_EQ(five->calls().calls(4).handle(), 5U);
  EXPECT_EQ(five->calls().next(), 5U) << "where it goes on";
  EXPECT_EQ(asked, 2);
  request.mutable_call_list()->set_limit(0);
  const auto all = ask_all(path_, request, kLimit);
  ASSERT_EQ(all->calls().calls_size(), 9);
  EXPECT_EQ(all->calls().next(), 0U) << "nothing is left";
  EXPECT_EQ(run({"call", "list", "--limit", "2"}), 0);
  EXPECT_THAT(out_, testing::EndsWith("\nmore: --after 2\n"));
  EXPECT_EQ(run({"call", "list"}), 0);
  EXPECT_THAT(out_, testing::Not(HasSubstr("more:")));
}

TEST_F(FakeDaemon, OfTheOtherKindIsNamed) {
  serve([](const Request&) { return status_of("fe"); });
  EXPECT_EQ(run({"fe", "list"}), 1);
  EXPECT_EQ(err_, "forcesctl: " + path_ +
                      " is the socket of an fe, whose peers are shown by `forcesctl ce ...`\n");
}

TEST_F(FakeDaemon, ThatIsNotThereIsExplained) {
  EXPECT_EQ(run({"status"}), 69);
  EXPECT_THAT(err_, HasSubstr("at " + path_ + ": No such file or directory"));
  EXPECT_THAT(err_, HasSubstr("Is it running?"));
}

TEST_F(FakeDaemon, WhoseAnswerIsNoMessageIsUnavailable) {
  auto server = runtime::LocalServer::create(
      io_, {.path = path_, .mode = 0600, .group = {}, .max_connections = 16, .idle = kLimit},
      [](std::string_view, const runtime::LocalCaller&) { return "\xff\xff\xff"; });
  ASSERT_TRUE(server);
  server_ = std::move(*server);
  thread_ = std::thread([this] { io_.run(); });
  EXPECT_EQ(run({"status"}), 69);
  EXPECT_THAT(err_, HasSubstr("the answer cannot be read"));
}

TEST_F(FakeDaemon, ThatDoesNotAnswerIsNotWaitedForForEver) {
  // It listens, and nobody serves.
  auto server = runtime::LocalServer::create(
      io_, {.path = path_, .mode = 0600, .group = {}, .max_connections = 16, .idle = kLimit},
      [](std::string_view, const runtime::LocalCaller&) { return ""; });
  ASSERT_TRUE(server);
  server_ = std::move(*server);
  EXPECT_EQ(run({"--timeout", "0.1", "status"}), 69);
  EXPECT_THAT(err_, HasSubstr("no answer in time"));
}

}  // namespace
}  // namespace forces::ctl
