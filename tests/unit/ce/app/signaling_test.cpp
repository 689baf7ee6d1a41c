// What people write of signalling, and what is made of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "ce/app/config.hpp"
#include "ce/app/signaling/asks.hpp"
#include "ce/app/signaling/text.hpp"
#include "ce/app/signaling/views.hpp"
#include "common/runtime/timer.hpp"
#include "tests/support/paths.hpp"
#include "tests/unit/tml/daemon/golden.hpp"

namespace forces::ce {
namespace {

using signaling::LinkEnd;
using signaling::NodeId;
using testing::HasSubstr;
namespace te = signaling::te;
namespace ason = signaling::ason;

constexpr NodeId kSelf{0xc0000201}, kFar{0xc0000203};

TEST(SignalingText, NodesEndsAndPortsAreWhatTheySay) {
  EXPECT_EQ(node_in("192.0.2.1"), kSelf);
  for (const auto* text : {"", "0.0.0.0", "192.0.2", "::1", "192.0.2.1 "}) {
    EXPECT_FALSE(node_in(text)) << text;
  }
  EXPECT_EQ(end_in("192.0.2.1:12"), (LinkEnd{kSelf, 12}));
  for (const auto* text :
       {"192.0.2.1", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:4294967296", ":1"}) {
    EXPECT_FALSE(end_in(text)) << text;
  }
  EXPECT_EQ(port_in("1:12"), (signaling::FePort{1, 12}));
  for (const auto* text : {"12", "0:1", "1:0", "1:2:3", "-1:2"})
    EXPECT_FALSE(port_in(text)) << text;
}

TEST(SignalingText, LabelsAreRangesAndSteps) {
  const auto labels = [](std::vector<std::string> texts) { return labels_in(texts); };
  EXPECT_EQ(labels({"7"}), te::LabelRanges::range(7, 7));
  EXPECT_EQ(labels({"1-64", "3"}), te::LabelRanges::range(1, 64));
  EXPECT_EQ(labels({"0x10000-0x40000/0x10000"}), te::LabelRanges::sdh_slots(1, 4));
  EXPECT_EQ(labels({}), te::LabelRanges{});
  for (const auto* text : {"", "a", "2-1", "1-", "1/2/", "1-9/0", "1-4294967295/2", "0x"}) {
    EXPECT_FALSE(labels({text})) << text;
  }
  EXPECT_TRUE(labels({"0-4294967295"})) << "one range, however many";
  EXPECT_EQ(label_list_in("0x10000,2"), (te::Labels{0x10000, 2}));
  for (const auto* text : {",", "1,", ",1", "1,,2"}) EXPECT_FALSE(label_list_in(text)) << text;
}

TEST(SignalingText, NetworksAndDatesAreWhatTheySay) {
  EXPECT_EQ(prefix_in("10.0.0.0/8")->length, 8U);
  EXPECT_EQ(prefix_in("10.0.0.1")->length, 32U);
  EXPECT_EQ(prefix_in("0.0.0.0/0")->length, 0U);
  for (const auto* text : {"10.0.0.0/33", "10.0.0.0/", "ten", "::/0"}) {
    EXPECT_FALSE(prefix_in(text)) << text;
  }
  using namespace std::chrono_literals;
  EXPECT_EQ(date_in("1970-01-02T00:00:01Z")->time_since_epoch(), 24h + 1s);
  for (const auto* text : {"2026-02-29T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01",
                           "2026-01-01T00:00:00+01:00"}) {
    EXPECT_FALSE(date_in(text)) << text;
  }
}

Settings example() {
  Settings settings;
  const auto problems =
      runtime::read_config_file(forces::test::in_checkout("deploy/config/ce-ason.toml"),
                                [&](runtime::ConfigVisitor& v) { visit(v, settings); });
  EXPECT_TRUE(problems.empty());
  return settings;
}

TEST(SignalingConfig, TheExampleIsANodeWithItsLinksAndNeighbors) {
  const auto config = signaling_config(example().ason);
  ASSERT_TRUE(config) << config.error();
  const auto& node = config->node;
  EXPECT_EQ(node.id, kSelf);
  EXPECT_EQ(node.nodes.size(), 3U);
  EXPECT_EQ(node.links.size(), 2U);
  ASSERT_EQ(node.interfaces.size(), 2U);
  EXPECT_EQ(node.interfaces[1].remote, (LinkEnd{{0xc0000202}, 21}));
  EXPECT_EQ(node.interfaces[1].labels, te::LabelRanges::sdh_slots(1, 4)) << "the link's";
  EXPECT_EQ(node.interfaces[0].remote, LinkEnd{}) << "a user's";
  ASSERT_EQ(node.engine.neighbors.size(), 1U);
  EXPECT_EQ(node.engine.neighbors[0].channels, std::vector<std::uint32_t>{12});
  EXPECT_EQ(node.fes.size(), 1U);
  ASSERT_EQ(node.calls.policy.routes.size(), 1U);
  EXPECT_EQ(node.calls.policy.routes[0].destination.length, 31U);
  EXPECT_EQ(node.connections.service_levels, std::set<std::uint8_t>{0});
}

class SignalingKeys : public testing::Test {
 protected:
  void TearDown() override { std::remove(path_.c_str()); }
  AsonSettings with_key(const std::string& secret, mode_t mode = 0600) {
    std::ofstream(path_) << secret;
    ::chmod(path_.c_str(), mode);
    auto settings = example().ason;
    auto& key = settings.signaling.keys.emplace_back();
    key.id = 9;
    key.secret_file = path_;
    return settings;
  }
  std::string path_ = testing::TempDir() + "forces_key_" + std::to_string(getpid());
};

TEST_F(SignalingKeys, AreOfTheirNeighborsOrOfAllAndThoseThatAreLearned) {
  auto settings = with_key("secret\n");
  auto config = signaling_config(settings);
  ASSERT_TRUE(config) << config.error();
  const auto& keys = config->node.engine.neighbors[0].security.keys;
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].id, 9U);
  EXPECT_EQ(keys[0].secret.size(), 6U) << "without the end of the line";
  EXPECT_EQ(keys[0].send_from, Instant::min());
  EXPECT_EQ(config->node.engine.learned_security.keys.size(), 1U);
  settings.signaling.keys[0].neighbors = {"192.0.2.2"};
  settings.signaling.keys[0].send_from = "2000-01-01T00:00:00Z";
  settings.signaling.keys[0].send_until = "2100-01-01T00:00:00Z";
  settings.signaling.keys[0].accept_until = "9999-12-31T23:59:59Z";
  config = signaling_config(settings);
  ASSERT_EQ(config->node.engine.neighbors[0].security.keys.size(), 1U);
  const auto& dated = config->node.engine.neighbors[0].security.keys[0];
  EXPECT_LT(dated.send_from, runtime::now());
  EXPECT_GT(dated.send_until, runtime::now());
  EXPECT_EQ(dated.accept_until, Instant::max()) << "farther than an Instant can tell";
  EXPECT_TRUE(config->node.engine.learned_security.keys.empty());
}

TEST_F(SignalingKeys, ThatEverybodyCanReadOrThatAreNoneAreRefused) {
  EXPECT_THAT(signaling_config(with_key("secret", 0644)).error(), HasSubstr("read by everybody"));
  EXPECT_THAT(signaling_config(with_key("\n")).error(), HasSubstr("no secret of 1 to 1,024"));
  auto settings = with_key("secret");
  settings.signaling.keys[0].secret_file = "/nonexistent/key";
  EXPECT_THAT(signaling_config(settings).error(), HasSubstr("No such file"));
}

control::SpcCreateRequest spc() {
  control::SpcCreateRequest request;
  request.set_from(1);
  request.set_to("192.0.2.3:7");
  return request;
}

TEST(SignalingAsks, AnSpcIsWhatTheOperatorSaysAndElseAsConfigured) {
  SignalingSettings defaults;
  defaults.crankback = ason::CrankbackScope::Boundary;
  defaults.limits.node = 9;
  auto request = spc();
  auto made = connection_of(request, kSelf, defaults);
  ASSERT_TRUE(made) << made.error();
  EXPECT_EQ(made->ingress.end, (LinkEnd{kSelf, 1}));
  EXPECT_FALSE(made->ingress.labels.down);
  EXPECT_EQ(made->egress, kFar);
  EXPECT_EQ(made->egress_end.end, (LinkEnd{kFar, 7}));
  EXPECT_EQ(made->crankback, ason::CrankbackScope::Boundary);
  EXPECT_EQ(made->limits.node, 9U);
  EXPECT_EQ(made->tspec.sonet_sdh()->signal_type, 6);
  EXPECT_EQ(made->tspec.sonet_sdh()->multiplier, 1);

  request.set_from_labels("0x20000,0x30000");
  request.set_signal("vc3");
  request.set_contiguous(4);
  request.set_crankback("end_to_end");
  request.set_node_limit(1);
  request.set_recovery("reroute");
  request.set_unidirectional(true);
  request.add_route("192.0.2.2+");
  request.add_route("192.0.2.2:23");
  request.add_exclude("192.0.2.9");
  made = connection_of(request, kSelf, defaults);
  ASSERT_TRUE(made) << made.error();
  EXPECT_EQ(made->ingress.labels.down, (rsvp::Words{0x20000, 0x30000}));
  EXPECT_FALSE(made->ingress.labels.up) << "it has no way back";
  EXPECT_EQ(made->tspec.sonet_sdh()->signal_type, 5);
  EXPECT_EQ(made->tspec.sonet_sdh()->ncc, 4);
  EXPECT_EQ(made->crankback, ason::CrankbackScope::EndToEnd);
  EXPECT_EQ(made->limits.node, 1U);
  EXPECT_EQ(made->recovery, ason::Recovery::Reroute);
  ASSERT_EQ(made->explicit_route.size(), 2U);
  EXPECT_TRUE(made->explicit_route[0].loose);
  EXPECT_EQ(made->exclude.size(), 1U);
}

struct WrongSpc {
  const char* name;
  void (*change)(control::SpcCreateRequest&);
  const char* why;
};
const WrongSpc kWrongSpcs[] = {
    {"NoInterface", [](auto& r) { r.set_from(0); }, "from which interface"},
    {"Egress", [](auto& r) { r.set_to("N3"); }, "\"N3\" is no egress"},
    {"Labels", [](auto& r) { r.set_from_labels("x"); }, "\"x\" is no list of labels"},
    {"LabelsOfNoInterface",
     [](auto& r) {
       r.set_to("192.0.2.3");
       r.set_to_labels("7");
     },
     "need its interface"},
    {"Signal", [](auto& r) { r.set_signal("vc5"); }, "\"vc5\" is no signal"},
    {"Slots", [](auto& r) { r.set_vcat(65'536); }, "more than 65,535"},
    {"Scope", [](auto& r) { r.set_crankback("all"); }, "\"all\" is no scope"},
    {"Recovery", [](auto& r) { r.set_recovery("yes"); }, "\"yes\" is no recovery"},
    {"OnePlusOne", [](auto& r) { r.set_recovery("one_plus_one"); }, "a port of its own"},
    {"Hop", [](auto& r) { r.add_route("N2"); }, "\"N2\" is no hop"},
    {"Exclusion", [](auto& r) { r.add_exclude("N2"); }, "\"N2\" is no node or link"},
    {"Level", [](auto& r) { r.set_service_level(256); }, "beyond 255"},
};
class WrongSpcs : public testing::TestWithParam<WrongSpc> {};
TEST_P(WrongSpcs, AreTold) {
  auto request = spc();
  GetParam().change(request);
  const auto made = connection_of(request, kSelf, {});
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error(), HasSubstr(GetParam().why));
}
INSTANTIATE_TEST_SUITE_P(Table, WrongSpcs, testing::ValuesIn(kWrongSpcs),
                         [](const auto& c) { return c.param.name; });

TEST(SignalingViews, AFailureIsCodesForProgramsAndWordsForPeople) {
  const ason::Failure failure{
      .error = {rsvp::ErrorCode::AdmissionControl, rsvp::admission::kBandwidth},
      .node = kFar,
      .link = LinkEnd{kFar, 32},
      .reason = "blocked_link",
      .at = Instant{std::chrono::seconds(1)}};
  const auto response =
      failed_with("no connection was set up", reason_of(failure, Instant{std::chrono::seconds(3)}));
  const auto& reason = response.error().reason();
  EXPECT_EQ(reason.cause(), "blocked_link");
  EXPECT_EQ(reason.code(), 1U);
  EXPECT_EQ(reason.value(), 2U);
  EXPECT_EQ(reason.node(), "192.0.2.3");
  EXPECT_EQ(reason.link(), "192.0.2.3:32");
  EXPECT_EQ(reason.age_ms(), 2'000U);
  EXPECT_THAT(response.error().message(),
              testing::StartsWith("no connection was set up: blocked_link (1/2): "));
  EXPECT_THAT(response.error().message(),
              testing::HasSubstr(", said by 192.0.2.3, about link 192.0.2.3:32\nNext: "));
}

}  // namespace
}  // namespace forces::ce
