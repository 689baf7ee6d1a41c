// Policy at reference points: every refusal, row by row.
#include "ce/signaling/ason/call/policy.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace forces::signaling::ason::calls {
namespace {

using rsvp::ErrorCode;
using rsvp::ErrorValue;

constexpr ErrorValue policy(std::uint16_t value) { return {ErrorCode::Policy, value}; }
constexpr ErrorValue kNone{};

rsvp::PolicyData element(std::uint16_t type, std::string_view text) {
  const auto octets = std::as_bytes(std::span(text));
  return {.elements = {{type, {octets.begin(), octets.end()}}}};
}

struct Asked {
  ReferencePoint point{.name = "here"};
  PolicyConfig config{};
  Carried carried{};
  bool authenticated = false;
  CallUsage usage{};
  Side towards = Side::Up;
};

struct Case {
  const char* name;
  std::function<void(Asked&)> given;
  ErrorValue want;
};
const Case kCases[] = {
    {"NothingIsLimitedByItself", [](Asked&) {}, kNone},
    {"IntegrityIsMissing", [](Asked& a) { a.point.authenticated = true; }, policy(100)},
    {"IntegrityIsThere", [](Asked& a) { a.point.authenticated = a.authenticated = true; }, kNone},
    {"IntegrityOfOursIsNotAskedFor",
     [](Asked& a) {
       a.point.authenticated = true;
       a.towards = Side::Down;
     },
     kNone},
    {"CallerAtAUni",
     [](Asked& a) {
       a.point.kind = PointKind::Uni;
       a.point.callers = {{Address::v4(0x0a000000), 30}};
     },
     policy(100)},
    {"CallerAtAnEnni",
     [](Asked& a) {
       a.point.kind = PointKind::Enni;
       a.point.callers = {{Address::v4(0x0a000000), 30}};
     },
     policy(103)},
    {"CallerIsListed",
     [](Asked& a) { a.point.callers = {{Address::v4(0), 8}, {Address::v4(0x0a000000), 8}}; },
     kNone},
    {"TheUserIsTheCaller",
     [](Asked& a) {
       a.point.callers = {{Address::v4(0x0a000000), 8}};
       a.carried.set_tna(rsvp::UniSubobject::kSourceTna, Address::v4(0x0b000001));
     },
     policy(100)},
    {"CalleeAtAUni",
     [](Asked& a) {
       a.point.kind = PointKind::Uni;
       a.point.callees = {{Address::v4(1), 32}};
     },
     policy(101)},
    {"CalleeAtAnEnni",
     [](Asked& a) {
       a.point.kind = PointKind::Enni;
       a.point.callees = {{Address::v4(1), 32}};
     },
     policy(103)},
    {"LevelUnknown",
     [](Asked& a) {
       a.config.levels = {{.level = 1}};
       a.carried.set_service_level(9);
     },
     {ErrorCode::RoutingProblem, 101}},
    {"LevelNotAvailable",
     [](Asked& a) {
       a.config.levels = {{.level = 9, .available = false}};
       a.carried.set_service_level(9);
     },
     {ErrorCode::RoutingProblem, 101}},
    {"LevelNotForThisPoint",
     [](Asked& a) {
       a.point.levels = {1};
       a.carried.set_service_level(2);
     },
     policy(17)},
    {"LevelWhoseProtectionDoesNotPass",
     [](Asked& a) {
       a.config.levels = {{.level = 2, .lsp_flags = 0x10}};
       a.point.protection = 0x01;
       a.carried.set_service_level(2);
     },
     policy(17)},
    {"LevelThatIsGood",
     [](Asked& a) {
       a.config.levels = {{.level = 2, .lsp_flags = 0x10}};
       a.point.levels = {2};
       a.carried.set_service_level(2);
     },
     kNone},
    {"QuotaOfThePoint",
     [](Asked& a) {
       a.point.calls = 3;
       a.usage.calls = 3;
     },
     policy(4)},
    {"QuotaOfTheCaller",
     [](Asked& a) {
       a.point.calls_of_caller = 2;
       a.usage = {.calls = 9, .calls_of_caller = 2};
     },
     policy(4)},
    {"QuotaIsNotReached",
     [](Asked& a) {
       a.point.calls = 3;
       a.usage.calls = 2;
     },
     kNone},
    {"PolicyDataWithoutElements", [](Asked& a) { a.carried.policy = {{}}; }, policy(11)},
    {"PolicyDataWhoseIntegrityFails",
     [](Asked& a) {
       a.carried.policy = {element(2, "me")};
       a.carried.policy[0].options = {4, std::byte{0}};
       a.config.integrity = [](const rsvp::PolicyData&) { return false; };
     },
     policy(12)},
    {"PolicyDataWhoseIntegrityHolds",
     [](Asked& a) {
       a.carried.policy = {element(2, "me")};
       a.carried.policy[0].options = {4, std::byte{0}};
       a.config.integrity = [](const rsvp::PolicyData&) { return true; };
     },
     kNone},
    {"AnElementIsEmpty",
     [](Asked& a) {
       a.carried.policy = {element(2, "")};
       a.point.credentials = {"me"};
     },
     policy(13)},
    {"AnElementIsMissing",
     [](Asked& a) {
       a.carried.policy = {element(2, "me")};
       a.point.elements = {2, 3};
     },
     policy(14)},
    {"NobodySaysWhoAsks", [](Asked& a) { a.point.credentials = {"me"}; }, policy(14)},
    {"WhoAsksIsNotKnown",
     [](Asked& a) {
       a.carried.policy = {element(2, "you")};
       a.point.credentials = {"me"};
     },
     policy(100)},
    {"WhoAsksIsKnown",
     [](Asked& a) {
       a.carried.policy = {element(3, "x"), element(2, "me")};
       a.point.credentials = {"us", "me"};
     },
     kNone},
};
class CallPolicyAdmits : public testing::TestWithParam<Case> {};
TEST_P(CallPolicyAdmits, OrSaysWhyNot) {
  Asked a;
  GetParam().given(a);
  const Policy policy(a.config);
  const CallRequest request{
      {Address::v4(0x0a000007), Address::v4(0x0a000008)}, &a.carried, a.authenticated};
  const auto refusal = policy.admit(a.point, a.towards, request, a.usage);
  EXPECT_EQ(refusal.value_or(Refusal{}).error, GetParam().want);
  EXPECT_EQ(refusal && refusal->text.empty(), false);
}
INSTANTIATE_TEST_SUITE_P(Rows, CallPolicyAdmits, testing::ValuesIn(kCases),
                         [](const auto& c) { return c.param.name; });

TEST(CallPolicy, PrefixesCoverByTheirBits) {
  const Prefix p{Address::v4(0x0a010280), 25};
  EXPECT_TRUE(p.covers(Address::v4(0x0a0102ff)));
  EXPECT_FALSE(p.covers(Address::v4(0x0a01027f)));
  EXPECT_FALSE(p.covers(Address::v6({})));
  EXPECT_TRUE(Prefix::all_v4().covers(Address::v4(0xffffffff)));
  std::array<std::byte, 16> octets{};
  octets[15] = std::byte{1};
  const Prefix six{Address::v6(octets), 128};
  EXPECT_TRUE(six.covers(Address::v6(octets)));
  EXPECT_FALSE(six.covers(Address::v6({})));
}

TEST(CallPolicy, ThePointOfAPeerIsThatOfTheLongestPrefix) {
  const Policy policy({.points = {{.name = "wide", .peers = {{Address::v4(0x0a000000), 8}}},
                                  {.name = "narrow", .peers = {{Address::v4(0x0a010000), 16}}},
                                  {.name = "rest"}},
                       .default_point = "rest"});
  EXPECT_EQ(policy.point_of(Address::v4(0x0a010001))->name, "narrow");
  EXPECT_EQ(policy.point_of(Address::v4(0x0a020001))->name, "wide");
  EXPECT_EQ(policy.point_of(Address::v4(0x0b000001))->name, "rest");
  EXPECT_EQ(Policy({}).point_of(Address::v4(1)), nullptr) << "a stranger";
}

TEST(CallPolicy, TheNextControllerIsThatOfTheUserBeforeThatOfTheEndPoint) {
  const Policy policy({.routes = {{Prefix::all_v4(), Address::v4(1), "out"},
                                  {{Address::v4(0x0a000000), 8}, Address::v4(2), "in"},
                                  {{Address::v4(0xc0000200), 24}, std::nullopt, "user"}}});
  EXPECT_EQ(policy.route_to(Address::v4(0x0a000001))->next, Address::v4(2));
  EXPECT_EQ(policy.route_to(Address::v4(0x0b000001))->next, Address::v4(1));
  Carried carried;
  EXPECT_EQ(policy.route_to_user(carried), nullptr);
  carried.set_tna(rsvp::UniSubobject::kDestinationTna, Address::v4(0xc0000203));
  EXPECT_EQ(policy.route_to_user(carried)->point, "user");
  carried.set_tna(rsvp::UniSubobject::kDestinationTna, Address::v4(0xc0000303));
  EXPECT_EQ(policy.route_to_user(carried), nullptr) << "of this user nobody knows anything";
}

TEST(CallPolicy, ConnectionsAreAdmittedByWhatTheyAre) {
  const ReferencePoint point{.kind = PointKind::Inni,
                             .signals = {6, 5},
                             .max_signals = 4,
                             .protection = 0x11,
                             .connections_of_call = 2};
  const auto error = [&](const ConnectionRequest& request, std::size_t connections = 0) {
    return Policy::admit_connection(point, request, {.connections = connections})
        .value_or(Refusal{})
        .error;
  };
  EXPECT_EQ(error({.signal = 6, .signals = 4, .lsp_flags = 0x10}, 1), kNone);
  EXPECT_EQ(error({.signal = 11}), policy(17));
  EXPECT_EQ(error({.signal = 6, .signals = 5}), policy(17));
  EXPECT_EQ(error({.lsp_flags = 0x08}), policy(17));
  EXPECT_EQ(error({}, 2), policy(4));
}

TEST(CallPolicy, RoutesAreRefusedByThePointThatTheyComeInBy) {
  const auto at = [](PointKind kind) {
    return Policy({.points = {{.name = "refuses",
                               .kind = kind,
                               .peers = {{Address::v4(0x0a000000), 8}},
                               .refuse_explicit_route = true},
                              {.name = "not", .peers = {{Address::v4(0x0a010000), 16}}}},
                   .default_point = "not"});
  };
  for (const PointKind kind : {PointKind::Uni, PointKind::Inni, PointKind::Enni}) {
    EXPECT_TRUE(at(kind).refuses_route(Address::v4(0x0a000001), false)) << to_string(kind);
    EXPECT_FALSE(at(kind).refuses_route(Address::v4(0x0a010001), false)) << "another point's";
    EXPECT_FALSE(at(kind).refuses_route(Address::v4(0x0b000001), false)) << "the default point's";
    EXPECT_EQ(at(kind).refuses_route(Address::v4(0x0a000001), true), kind == PointKind::Inni)
        << "only an I-NNI is between nodes of a domain";
  }
  EXPECT_FALSE(Policy({}).refuses_route(Address::v4(1), false));
}

TEST(CallPolicy, ConnectionsAreAdmittedUpToTheirBandwidthAndThatOfTheirCall) {
  constexpr double kVc4 = 150.336e6 / 8;
  ReferencePoint point{
      .kind = PointKind::Enni, .max_bandwidth = 150'336, .call_bandwidth = 400'000};
  const auto error = [&](double bandwidth, double others = 0) {
    return Policy::admit_connection(point, {.bandwidth = bandwidth},
                                    {.connections = 1, .bandwidth = others})
        .value_or(Refusal{})
        .error;
  };
  EXPECT_EQ(error(kVc4), kNone);
  EXPECT_EQ(error(kVc4 + 1), policy(103));
  EXPECT_EQ(error(kVc4, kVc4), kNone);
  EXPECT_EQ(error(kVc4, 2 * kVc4), policy(4));
  point.kind = PointKind::Uni;
  EXPECT_EQ(error(2 * kVc4), policy(17));
  EXPECT_TRUE(Policy::limits_connections({.points = {point}}));
  EXPECT_FALSE(Policy::limits_connections({.points = {ReferencePoint{.calls = 3}}}));
}

}  // namespace
}  // namespace forces::signaling::ason::calls
