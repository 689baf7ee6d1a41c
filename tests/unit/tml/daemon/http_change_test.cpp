#include "tml/daemon/http/http_change.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace forces::daemon {
namespace {

using runtime::HttpBody;
using runtime::HttpRequest;
using testing::HasSubstr;

HttpRequest asked(std::string method, std::string path, std::string body = "",
                  std::map<std::string, std::string, std::less<>> query = {}) {
  HttpRequest http{.path = "/api/v1/" + path, .query = std::move(query)};
  http.method = std::move(method);
  http.body = std::move(body);
  http.type = "application/json";
  return http;
}

struct HttpChangeCase {
  const char* name;
  HttpRequest http;
  std::string request;  // protobuf's text form; or
  int status = 200;     // of the refusal, and
  std::string why{};    // a part of its message
};
const HttpChangeCase kChangeCases[] = {
    {"ACall", asked("POST", "call", R"({"to": "192.0.2.3", "name": "a", "service_level": 0})"),
     R"(call_create { name: "a" to: "192.0.2.3" service_level: 0 })"},
    {"JsonNamesToo", asked("POST", "call", R"({"to": "192.0.2.3", "serviceLevel": 7})"),
     R"(call_create { to: "192.0.2.3" service_level: 7 })"},
    {"ALevelOfACall", asked("PATCH", "call/a/b", R"({"service_level": 4})"),
     R"(call_modify { call: "a/b" service_level: 4 })"},
    {"TheEndOfACall", asked("DELETE", "call/7"), R"(call_delete { call: "7" })"},
    {"WithItsConnections", asked("DELETE", "call/7", "", {{"connections", "1"}}),
     R"(call_delete { call: "7" connections: true })"},
    {"ACallForgotten", asked("DELETE", "call/7", "", {{"forget", "true"}, {"connections", "0"}}),
     R"(call_delete { call: "7" forget: true })"},
    {"AnSpc", asked("POST", "spc", R"({"from": 1, "to": "192.0.2.3:7", "exclude": ["192.0.2.9"]})"),
     R"(spc_create { from: 1 to: "192.0.2.3:7" exclude: "192.0.2.9" })"},
    {"AnotherWay",
     asked("PATCH", "connection/blue", R"({"change": "REROUTE", "exclude": ["192.0.2.2:23"]})"),
     R"(connection_change { name: "blue" change: REROUTE exclude: "192.0.2.2:23" })"},
    {"ANameThatIsSaidTwice",
     asked("PATCH", "connection/blue", R"({"name": "blue", "change": "FREEZE"})"),
     R"(connection_change { name: "blue" change: FREEZE })"},
    {"TheEndOfAConnection", asked("DELETE", "connection/blue"),
     R"(connection_change { name: "blue" change: DELETE })"},
    {"TheEndOfAnLsp",
     asked("DELETE", "lsp", "",
           {{"sender", "192.0.2.1"},
            {"end_point", "192.0.2.3"},
            {"tunnel", "1"},
            {"lsp", "0x2"},
            {"give_up", "1"}}),
     R"(lsp_end { lsp { sender: "192.0.2.1" end_point: "192.0.2.3" tunnel: 1 lsp: 2 } give_up: true })"},
    {"ALabel", asked("POST", "label-map", R"({"interface": 12, "local": "1", "remote": "0x2"})"),
     R"(label_map_change { interface: 12 local: "1" remote: "0x2" })"},
    {"ALabelWithdrawn", asked("DELETE", "label-map", "", {{"interface", "12"}, {"local", "1"}}),
     R"(label_map_change { interface: 12 local: "1" withdraw: true })"},
    {"ADrain", asked("POST", "drain", R"({"to": 1073741826, "hard": true})"),
     R"(drain { to: 1073741826 hard: true })"},

    {"AnUnknownFieldIsNamed", asked("POST", "call", R"({"to": "192.0.2.3", "colour": "blue"})"), "",
     400, "colour"},
    {"AFieldOfAnotherType", asked("POST", "spc", R"({"from": "port one"})"), "", 400, "from"},
    {"ANumberBeyondItsField", asked("POST", "spc", R"({"from": 4294967296})"), "", 400, "from"},
    {"AnUnknownWord", asked("PATCH", "connection/b", R"({"change": "PAINT"})"), "", 400, "change"},
    {"AnotherName", asked("PATCH", "connection/blue", R"({"name": "red"})"), "", 400, "\"red\""},
    {"NoJson", asked("POST", "call", "to=192.0.2.3"), "", 400, "CallCreateRequest"},
    {"HalfAnObject", asked("POST", "call", R"({"to": "192.)"), "", 400, "CallCreateRequest"},
    {"AList", asked("POST", "call", "[1]"), "", 400, "CallCreateRequest"},
    {"TooDeep", asked("POST", "call", std::string(60'000, '[')), "", 400, "CallCreateRequest"},
    {"NoBody", asked("POST", "spc"), "", 400, "application/json"},
    {"ABodyWhereNoneIs", asked("DELETE", "call/7", "{}"), "", 400, "not in a body"},
    {"AnUnknownQuery", asked("DELETE", "call/7", "", {{"conections", "1"}}), "", 400, "conections"},
    {"AQueryThatIsNoFlag", asked("DELETE", "call/7", "", {{"forget", "maybe"}}), "", 400, "maybe"},
    {"ALabelOfNoInterface", asked("DELETE", "label-map", "", {{"local", "1"}}), "", 400,
     "interface"},
    {"NoNumber", asked("DELETE", "lsp", "", {{"tunnel", "x"}, {"lsp", "1"}}), "", 400, "tunnel"},
    {"AnotherMethod", asked("POST", "connection/blue", "{}"), "", 405, "PATCH /api/v1/connection"},
    {"WhatIsOnlyRead", asked("POST", "status", "{}"), "", 404, "POST /api/v1/call"},
    {"NoName", asked("DELETE", "call/"), "", 404, "DELETE /api/v1/call/"},
    {"BelowAPage", asked("POST", "spc/1", "{}"), "", 404, "POST /api/v1/spc"},
};
class HttpChange : public testing::TestWithParam<HttpChangeCase> {};
TEST_P(HttpChange, PathAndBodyAreARequest) {
  const auto request = change_of("ce", GetParam().http);
  if (GetParam().status == 200) {
    ASSERT_TRUE(request) << request.error().body;
    EXPECT_EQ(request->ShortDebugString(), GetParam().request);
    return;
  }
  ASSERT_FALSE(request) << request->ShortDebugString();
  EXPECT_EQ(request.error().status, GetParam().status);
  EXPECT_EQ(request.error().type, "application/json");
  EXPECT_THAT(request.error().body,
              HasSubstr(GetParam().why.substr(0, 1) == "\"" ? "\\" + GetParam().why.substr(0, 4)
                                                            : GetParam().why));
}
INSTANTIATE_TEST_SUITE_P(Table, HttpChange, testing::ValuesIn(kChangeCases),
                         [](const auto& c) { return c.param.name; });

TEST(HttpChangeMethods, AreNamedWhereAnotherOneIsAsked) {
  const auto allowed = [](std::string_view method, std::string_view path) {
    const auto request = change_of("ce", asked(std::string(method), std::string(path), "{}"));
    return request ? "" : request.error().allow;
  };
  EXPECT_EQ(allowed("POST", "connection/blue"), "PATCH, DELETE, GET, HEAD");
  EXPECT_EQ(allowed("DELETE", "spc"), "POST") << "which nobody reads";
  EXPECT_EQ(allowed("POST", "status"), "");
}

int status_of(const HttpRequest& http, std::string_view program = "ce") {
  const auto request = change_of(program, http);
  return request ? 200 : request.error().status;
}

TEST(HttpChangeSender, APageOfABrowserChangesNothing) {
  auto http = asked("DELETE", "call/7");
  ASSERT_EQ(status_of(http), 200);
  http.origin = "http://example.org";
  EXPECT_EQ(status_of(http), 403);
  http.origin = "null";
  EXPECT_EQ(status_of(http), 403);
}

TEST(HttpChangeSender, ABodyThatWasNotReadIsSaidSo) {
  for (const auto& [is, status] :
       {std::pair(HttpBody::Unread, 415), {HttpBody::TooLarge, 413}, {HttpBody::Broken, 400}}) {
    auto http = asked("POST", "call", R"({"to": "192.0.2.3"})");
    ASSERT_EQ(status_of(http), 200);
    http.is = is;
    EXPECT_EQ(status_of(http), status);
  }
}

TEST(HttpChangeSender, OfAnFeNothingIsChanged) {
  EXPECT_EQ(status_of(asked("POST", "call", R"({"to": "192.0.2.3"})"), "fe"), 404);
}

}  // namespace
}  // namespace forces::daemon
