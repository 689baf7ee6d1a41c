#include "tml/daemon/http/http_api.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace forces::daemon {
namespace {

using control::Error;

struct Case {
  const char* name;
  std::string_view program;
  runtime::HttpRequest http;
  std::string request;  // protobuf's text form; or
  Error::Code error = Error::UNSPECIFIED;
};
const Case kCases[] = {
    {"Status", "ce", {"/api/v1/status", {}}, "status { }"},
    {"FesOfACe", "ce", {"/api/v1/fe", {}}, "element_list { }"},
    {"FromAnIdOn", "ce", {"/api/v1/fe", {{"after", "501"}}}, "element_list { after: 501 }"},
    {"AnFe", "ce", {"/api/v1/fe/2", {}}, "element_show { id: 2 }"},
    {"CesOfAnFe", "fe", {"/api/v1/ce", {}}, "element_list { }"},
    {"ACeInHex", "fe", {"/api/v1/ce/0x40000001", {}}, "element_show { id: 1073741825 }"},
    {"Channels", "fe", {"/api/v1/channel", {{"after", "9"}}}, "channel_list { after: 9 }"},
    {"AChannel", "fe", {"/api/v1/channel/9", {}}, "channel_show { handle: 9 }"},
    {"Stats",
     "ce",
     {"/api/v1/stats", {{"filter", "drops"}, {"after", "4000"}}},
     "stats { filter: \"drops\" after: 4000 }"},
    {"LogLevels", "ce", {"/api/v1/log", {}}, "log_level { }"},
    {"LogLevelsAreOnlyTold", "ce", {"/api/v1/log", {{"level", "debug"}}}, "", Error::INVALID},
    {"Routes",
     "ce",
     {"/api/v1/route", {{"fe", "2"}, {"after", "7"}}},
     "route_list { after: 7 fe: 2 }"},
    {"Transactions", "ce", {"/api/v1/transaction", {}}, "transaction_list { }"},
    {"Mastership", "ce", {"/api/v1/ha", {}}, "ha_status { }"},
    {"LfbsOfAnFe", "ce", {"/api/v1/lfb/2", {}}, "lfb_get { fe: 2 }"},
    {"AnLfbPath", "ce", {"/api/v1/lfb/2/FEPO.1/5", {}}, "lfb_get { fe: 2 path: \"FEPO.1/5\" }"},
    {"ATableInPages",
     "ce",
     {"/api/v1/lfb/2/10.1/1", {{"from", "5"}, {"count", "9"}}},
     "lfb_get { fe: 2 path: \"10.1/1\" from: 5 count: 9 }"},
    {"Properties",
     "ce",
     {"/api/v1/lfb/2/10.1/1", {{"properties", ""}}},
     "lfb_get { fe: 2 path: \"10.1/1\" properties: true }"},
    {"Groups",
     "ce",
     {"/api/v1/group", {{"after", "239.0.0.9"}}},
     "group_list { after: \"239.0.0.9\" }"},
    {"AGroup", "ce", {"/api/v1/group/ff0e::1", {}}, "group_members { group: \"ff0e::1\" }"},
    {"ScspNeighbors", "ce", {"/api/v1/scsp/neighbor", {}}, "scsp_neighbor_list { }"},
    {"ScspCache", "ce", {"/api/v1/scsp/cache", {}}, "scsp_cache { }"},
    {"MarsClients",
     "ce",
     {"/api/v1/mars/client", {{"after", "7"}}},
     "mars_client_list { after: 7 }"},
    {"MarsMcs", "ce", {"/api/v1/mars/mcs", {{"after", "7"}}}, "mars_mcs_list { after: 7 }"},
    {"DrainIsNoQuestion", "ce", {"/api/v1/drain", {}}, "", Error::NOT_FOUND},
    {"Signaling", "ce", {"/api/v1/signaling", {}}, "signaling_status { }"},
    {"Neighbors", "ce", {"/api/v1/neighbor", {}}, "neighbor_list { }"},
    {"Calls", "ce", {"/api/v1/call", {{"after", "7"}}}, "call_list { after: 7 }"},
    {"ACallByItsName",
     "ce",
     {"/api/v1/call/XXX-C-A/192.0.2.1/07", {}},
     "call_show { call: \"XXX-C-A/192.0.2.1/07\" }"},
    {"Connections",
     "ce",
     {"/api/v1/connection", {{"after", "blue"}, {"state", "up"}}},
     "connection_list { after: \"blue\" state: \"up\" }"},
    {"AConnection", "ce", {"/api/v1/connection/blue", {}}, "connection_show { name: \"blue\" }"},
    {"Lsps", "ce", {"/api/v1/lsp", {}}, "lsp_list { }"},
    {"TeLinks", "ce", {"/api/v1/te/link", {}}, "te_link_list { }"},
    {"ATePath",
     "ce",
     {"/api/v1/te/path", {{"to", "192.0.2.3"}, {"disjoint", ""}}},
     "te_path { to: \"192.0.2.3\" disjoint: true }"},
    {"ATePathAlongAndAround",
     "ce",
     {"/api/v1/te/path",
      {{"to", "192.0.2.3:7"},
       {"from", "192.0.2.1"},
       {"signal", "vc3"},
       {"route", "192.0.2.2,192.0.2.4+"},
       {"exclude", "192.0.2.5:7"},
       {"disjoint", "0"}}},
     "te_path { from: \"192.0.2.1\" to: \"192.0.2.3:7\" signal: \"vc3\" route: \"192.0.2.2\" "
     "route: \"192.0.2.4+\" exclude: \"192.0.2.5:7\" }"},
    {"ATePathThatIsNoFlag", "ce", {"/api/v1/te/path", {{"disjoint", "maybe"}}}, "", Error::INVALID},
    {"APageOfCalls",
     "ce",
     {"/api/v1/call", {{"after", "7"}, {"limit", "9"}}},
     "call_list { after: 7 limit: 9 }"},
    {"APageOfConnections",
     "ce",
     {"/api/v1/connection", {{"after", "blue"}, {"limit", "9"}}},
     "connection_list { after: \"blue\" limit: 9 }"},
    {"APageOfLsps",
     "ce",
     {"/api/v1/lsp", {{"after", "7"}, {"limit", "9"}}},
     "lsp_list { after: 7 limit: 9 }"},
    {"APageOfTeLinks",
     "ce",
     {"/api/v1/te/link", {{"after", "7"}, {"limit", "9"}}},
     "te_link_list { after: 7 limit: 9 }"},
    {"ALimitThatIsNone", "ce", {"/api/v1/call", {{"limit", "all"}}}, "", Error::INVALID},
    {"AWordThatNobodyKnows", "ce", {"/api/v1/connection", {{"stat", "up"}}}, "", Error::INVALID},
    {"LabelMap", "ce", {"/api/v1/label-map", {}}, "label_map { }"},
    {"LabelMapOfAnInterface",
     "ce",
     {"/api/v1/label-map", {{"interface", "12"}}},
     "label_map { interface: 12 }"},
    {"Policy", "ce", {"/api/v1/policy", {}}, "policy { }"},
    {"ATicket", "ce", {"/api/v1/ticket/9", {}}, "pending { ticket: 9 }"},
    {"ATicketThatIsNone", "ce", {"/api/v1/ticket/x", {}}, "", Error::INVALID},
    {"CallsOfAnFe", "fe", {"/api/v1/call", {}}, "", Error::NOT_FOUND},
    {"Fabric", "fe", {"/api/v1/fabric", {{"after", "9"}}}, "fabric_show { after: 9 }"},
    {"TheFabricOfACe", "ce", {"/api/v1/fabric", {}}, "", Error::NOT_FOUND},
    {"Membership",
     "fe",
     {"/api/v1/membership", {{"after", "1000"}}},
     "membership_list { after: 1000 }"},
    {"TheMembershipOfACe", "ce", {"/api/v1/membership", {}}, "", Error::NOT_FOUND},
    {"AnLfbOfNoFe", "ce", {"/api/v1/lfb/two", {}}, "", Error::INVALID},
    {"ACountThatIsNone", "ce", {"/api/v1/lfb/2/10.1/1", {{"count", "x"}}}, "", Error::INVALID},
    {"RoutesOfAnFe", "fe", {"/api/v1/route", {}}, "", Error::NOT_FOUND},
    {"LfbsWithoutAnFe", "ce", {"/api/v1/lfb", {}}, "", Error::NOT_FOUND},
    {"TheOtherKindOfPeers", "ce", {"/api/v1/ce", {}}, "", Error::NOT_FOUND},
    {"TheRoot", "ce", {"/api/v1/", {}}, "", Error::NOT_FOUND},
    {"BelowAPage", "ce", {"/api/v1/status/1", {}}, "", Error::NOT_FOUND},
    {"Unknown", "ce", {"/api/v1/tls", {}}, "", Error::NOT_FOUND},
    {"ANumberThatIsNone", "ce", {"/api/v1/fe/two", {}}, "", Error::INVALID},
    {"NoNumber", "ce", {"/api/v1/fe/", {}}, "", Error::INVALID},
    {"ANumberBeyondItsField", "ce", {"/api/v1/fe/4294967296", {}}, "", Error::INVALID},
    {"ANumberWithMoreBehind", "ce", {"/api/v1/channel/1/2", {}}, "", Error::INVALID},
    {"APageThatIsNoNumber", "ce", {"/api/v1/stats", {{"after", "-1"}}}, "", Error::INVALID},
};
class HttpApi : public testing::TestWithParam<Case> {};
TEST_P(HttpApi, PathsAreRequests) {
  const auto request = request_of(GetParam().program, GetParam().http);
  if (GetParam().error == Error::UNSPECIFIED) {
    ASSERT_TRUE(request) << request.error().message();
    EXPECT_EQ(request->ShortDebugString(), GetParam().request);
  } else {
    ASSERT_FALSE(request) << request->ShortDebugString();
    EXPECT_EQ(request.error().code(), GetParam().error);
    EXPECT_NE(request.error().message(), "");
  }
}
INSTANTIATE_TEST_SUITE_P(Table, HttpApi, testing::ValuesIn(kCases),
                         [](const auto& c) { return c.param.name; });

TEST(HttpApiReply, IsTheMessageInsideAsJson) {
  control::Response response;
  response.mutable_done()->set_message("done");
  const auto reply = reply_of(response);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.type, "application/json");
  EXPECT_EQ(reply.body, "{\"message\":\"done\",\"warnings\":[]}\n");
}

TEST(HttpApiReply, AnErrorHasTheStatusThatGoesWithIt) {
  control::Response response;
  for (const auto& [code, status] :
       {std::pair(Error::NOT_FOUND, 404), {Error::INVALID, 400}, {Error::FAILED, 500}}) {
    response.mutable_error()->set_code(code);
    EXPECT_EQ(reply_of(response).status, status);
  }
  EXPECT_EQ(reply_of(response).body, "{\"code\":\"FAILED\",\"message\":\"\"}\n");
  response.mutable_error()->mutable_reason()->set_cause("no_route");
  EXPECT_EQ(reply_of(response).status, 409);
}

}  // namespace
}  // namespace forces::daemon
