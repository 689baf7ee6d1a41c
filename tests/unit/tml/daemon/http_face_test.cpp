#include "tml/daemon/http/http_face.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace forces::daemon {
namespace {

using namespace std::chrono_literals;
using control::Error;
using control::Request;
using control::Response;
using runtime::HttpRequest;

Response pending(std::uint64_t ticket) {
  Response response;
  response.mutable_pending()->set_ticket(ticket);
  response.mutable_pending()->set_progress("connection blue: setup");
  return response;
}
Response error(Error::Code code) {
  Response response;
  response.mutable_error()->set_code(code);
  response.mutable_error()->set_message("why");
  return response;
}

// A loop that gives these answers, the last one again and again.
struct ScriptedLoop {
  std::vector<std::optional<Response>> answers;
  Duration wait{};
  std::vector<Request> asked{};
  HttpFace face{"ce",
                [this](const Request& request) {
                  asked.push_back(request);
                  return answers[std::min(asked.size(), answers.size()) - 1];
                },
                {},
                wait};

  runtime::HttpReply end_connection() {
    HttpRequest http{.path = "/api/v1/connection/blue", .query = {}};
    http.method = "DELETE";
    return face.change(http);
  }
  runtime::HttpReply ticket() { return face.read({.path = "/api/v1/ticket/7", .query = {}}); }
  double count(const std::string& outcome) {
    for (const auto& family : face.metrics()) {
      EXPECT_EQ(family.name, "ce_http_changes_total");
      for (const auto& metric : family.metric) {
        if (metric.label[0].value == outcome) return metric.counter.value;
      }
    }
    return -1;
  }
};

TEST(HttpFaceChange, IsWaitedForAWhile) {
  Response done;
  done.mutable_done()->set_message("connection blue is released");
  ScriptedLoop loop{.answers = {pending(7), pending(7), done}, .wait = 1min};
  const auto reply = loop.end_connection();
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.body.find("is released"), std::string::npos);
  ASSERT_EQ(loop.asked.size(), 3U);
  EXPECT_EQ(loop.asked[2].ShortDebugString(), "pending { ticket: 7 }");
  EXPECT_EQ(loop.count("done"), 1);
}

TEST(HttpFaceChange, ThatTakesLongerHasATicket) {
  ScriptedLoop loop{.answers = {pending(7)}};
  const auto reply = loop.end_connection();
  EXPECT_EQ(reply.status, 202);
  EXPECT_EQ(reply.location, "/api/v1/ticket/7");
  EXPECT_EQ(reply.body, "{\"ticket\":\"7\",\"progress\":\"connection blue: setup\"}\n");
  EXPECT_EQ(loop.count("pending"), 1);
}

TEST(HttpFaceChange, ThatFailedIsAConflictAndWhatMakesNoSenseIsNot) {
  ScriptedLoop failed{.answers = {error(Error::FAILED)}};
  EXPECT_EQ(failed.end_connection().status, 409);
  EXPECT_EQ(failed.count("failed"), 1);
  ScriptedLoop unknown{.answers = {error(Error::NOT_FOUND)}};
  EXPECT_EQ(unknown.end_connection().status, 404);
  EXPECT_EQ(unknown.count("refused"), 1);
  ScriptedLoop busy{.answers = {std::nullopt}};
  EXPECT_EQ(busy.end_connection().status, 503);
}

TEST(HttpFaceChange, ThatIsRefusedIsNotAsked) {
  ScriptedLoop loop{.answers = {pending(7)}};
  HttpRequest http{.path = "/api/v1/call", .query = {}};
  http.method = "POST";
  http.body = "{\"colour\": 1}";
  EXPECT_EQ(loop.face.change(http).status, 400);
  EXPECT_TRUE(loop.asked.empty());
  EXPECT_EQ(loop.count("refused"), 1);
}

TEST(HttpFace, OctetsThatAreNoTextAreRefusedEverywhere) {
  ScriptedLoop loop{.answers = {pending(7)}};
  const auto refused = [](const runtime::HttpReply& reply) {
    return reply.status == 400 && reply.body.find("no UTF-8") != std::string::npos;
  };
  EXPECT_TRUE(refused(loop.face.read({.path = "/api/v1/call/\xff", .query = {}})));
  EXPECT_TRUE(refused(loop.face.read({.path = "/api/v1/stats", .query = {{"filter", "\xc3"}}})));
  HttpRequest http{.path = "/api/v1/call", .query = {}};
  http.method = "POST";
  http.body = "{\"to\": \"\xff\xfe\"}";
  EXPECT_TRUE(refused(loop.face.change(http)));
  http = {.path = "/api/v1/call/a\xed\xa0\x80", .query = {}, .method = "DELETE"};  // a surrogate
  EXPECT_TRUE(refused(loop.face.change(http)));
  EXPECT_TRUE(loop.asked.empty());
}

TEST(HttpFaceTicket, IsAcceptedUntilItIsOver) {
  ScriptedLoop loop{.answers = {pending(7)}};
  const auto reply = loop.ticket();
  EXPECT_EQ(reply.status, 202);
  EXPECT_EQ(reply.location, "/api/v1/ticket/7");
  EXPECT_EQ(loop.asked.back().ShortDebugString(), "pending { ticket: 7 }");
  ScriptedLoop failed{.answers = {error(Error::FAILED)}};
  EXPECT_EQ(failed.ticket().status, 409);
}

TEST(HttpFaceRead, OfFesThatDoNotAnswerEndsWith504) {
  ScriptedLoop loop{.answers = {pending(7)}};
  EXPECT_EQ(loop.face.read({.path = "/api/v1/lfb/2", .query = {}}).status, 504);
}

}  // namespace
}  // namespace forces::daemon
