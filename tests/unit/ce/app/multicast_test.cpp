// Keys of [multicast] as the service gets them, and what metrics say of copies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <optional>
#include <set>

#include "ce/app/config.hpp"
#include "ce/app/multicast/report.hpp"
#include "ce/app/multicast/requests.hpp"
#include "common/runtime/timer.hpp"
#include "proto/mars/csa.hpp"
#include "proto/mars/element_address.hpp"
#include "proto/mars/message.hpp"
#include "proto/wire/writer.hpp"

namespace forces::ce {
namespace {

using multicast::sync::ServerId;
using testing::HasSubstr;

class MulticastKeys : public testing::Test {
 protected:
  MulticastKeys() {
    write("secret\n");
    for (const std::uint32_t id : {0x40000002U, 0x40000003U}) {
      settings_.neighbors.emplace_back().id = id;
    }
  }
  ~MulticastKeys() override { std::remove(path_.c_str()); }
  void write(const std::string& secret, mode_t mode = 0600) const {
    std::ofstream(path_) << secret;
    ::chmod(path_.c_str(), mode);
  }
  ScspKeySettings& add(std::uint32_t spi, std::vector<std::string> neighbors = {}) {
    auto& key = settings_.keys.emplace_back();
    key.spi = spi;
    key.secret_file = path_;
    key.neighbors = std::move(neighbors);
    return key;
  }
  std::string refused() const {
    const auto made = multicast_neighbors(settings_);
    return made ? "" : made.error();
  }

  std::string path_ = testing::TempDir() + "forces_scsp_key_" + std::to_string(getpid());
  MulticastSettings settings_;
};

TEST_F(MulticastKeys, AreOfTheirNeighborsOrOfAll) {
  add(256);
  add(257, {"0x40000003"});
  const auto made = multicast_neighbors(settings_);
  ASSERT_TRUE(made) << made.error();
  ASSERT_EQ(made->size(), 2U);
  EXPECT_EQ((*made)[0].id, ServerId{0x40000002});
  ASSERT_EQ((*made)[0].security.send.size(), 1U);
  EXPECT_EQ((*made)[0].security.send[0].spi, 256U);
  EXPECT_EQ((*made)[0].security.send[0].secret.size(), 6U) << "without the end of the line";
  ASSERT_EQ((*made)[1].security.receive.size(), 2U);
  EXPECT_EQ((*made)[1].security.receive[1].spi, 257U);
  EXPECT_EQ((*made)[1].security.receive[1].secret.size(), 6U);
}

TEST_F(MulticastKeys, HaveLifetimesToSignAndToAccept) {
  auto& key = add(256);
  key.send_from = "2000-01-01T00:00:00Z";
  key.send_until = "2100-01-01T00:00:00Z";
  key.accept_from = "1999-01-01T00:00:00Z";
  key.accept_until = "9999-12-31T23:59:59Z";
  const auto made = multicast_neighbors(settings_);
  ASSERT_TRUE(made) << made.error();
  const auto& [send, receive] = (*made)[0].security;
  EXPECT_LT(send[0].from, runtime::now());
  EXPECT_GT(send[0].until, runtime::now());
  EXPECT_LT(send[0].until, Instant::max());
  EXPECT_LT(receive[0].from, send[0].from);
  EXPECT_EQ(receive[0].until, Instant::max()) << "farther than an Instant can tell";
}

TEST_F(MulticastKeys, ComeToTheServiceWithADigest) {
  add(256);
  settings_.neighbors[0].address = "192.0.2.2";
  const auto config = multicast_config(settings_, 0x40000001, "127.0.0.1", {});
  ASSERT_TRUE(config) << config.error();
  const auto& peer = config->hub.peers.at(0);
  EXPECT_EQ(peer.id, ServerId{0x40000002});
  EXPECT_EQ(peer.address, "192.0.2.2");
  ASSERT_EQ(peer.security.send.size(), 1U);
  ASSERT_TRUE(config->hub.engine.hmac);
  EXPECT_EQ(config->hub.engine.hmac(peer.security.send[0].secret, {}).size(), 16U) << "MD5";
}

TEST_F(MulticastKeys, ThatEverybodyCanReadOrThatAreNoneAreRefused) {
  add(256);
  write("secret", 0644);
  EXPECT_THAT(refused(),
              HasSubstr("[[multicast.key]] 256: " + path_ + " can be read by everybody"));
  write("\n");
  EXPECT_THAT(refused(), HasSubstr("no secret of 1 to 1,024"));
  settings_.keys[0].secret_file = "/nonexistent/key";
  EXPECT_THAT(refused(), HasSubstr("No such file"));
  settings_.keys[0].secret_file = testing::TempDir();
  EXPECT_THAT(refused(), HasSubstr("is no file"));
  EXPECT_FALSE(multicast_config(settings_, 0x40000001, "127.0.0.1", {}));
}

double value(const observe::Families& all, const std::string& name, const std::string& fe = "") {
  for (const auto& family : all) {
    if (family.name != name) continue;
    for (const auto& sample : family.metric) {
      if (!fe.empty() && (sample.label.empty() || sample.label[0].value != fe)) continue;
      return family.type == prometheus::MetricType::Counter ? sample.counter.value
                                                            : sample.gauge.value;
    }
  }
  return -1;
}

TEST(MulticastMetrics, TellOfTheCopiesBetweenFes) {
  const auto all = families_of(multicast::forwarding::ForwardingSnapshot{
      .counters = {.impatient = 2, .foreign = 3},
      .waiting = 4,
      .fes = {{.id = 1, .rows = 5, .set = true}, {.id = 2, .rows = 6, .set = false}}});
  EXPECT_EQ(value(all, "ce_multicast_forwarding_impatient_total"), 2);
  EXPECT_EQ(value(all, "ce_multicast_forwarding_foreign_total"), 3);
  EXPECT_EQ(value(all, "ce_multicast_forwarding_waiting"), 4);
  EXPECT_EQ(value(all, "ce_multicast_forwarding_rows", "1"), 5);
  EXPECT_EQ(value(all, "ce_multicast_forwarding_rows", "2"), 6);
  EXPECT_EQ(value(all, "ce_multicast_forwarding_set", "1"), 1);
  EXPECT_EQ(value(all, "ce_multicast_forwarding_set", "2"), 0);
}

class MulticastRequests : public testing::Test {
 protected:
  MulticastRequests() {
    const std::string why = service.start(controller);
    EXPECT_EQ(why, "");
  }
  ~MulticastRequests() override { service.stop(); }
  static multicast::ServiceConfig config() {
    multicast::ServiceConfig c;
    c.ce_id = 0x40000001;
    return c;
  }
  // What an MCS says: that it is there, or serves a group.
  static void say(multicast::Service::Rooms& rooms, std::uint32_t fe,
                  std::optional<std::uint32_t> group) {
    mars::Message m{.operation = mars::Operation::Mserv,
                    .source = mars::encode_element({{fe}, {}})};
    m.flags = m.flags.with_registers(!group);
    if (group) {
      const auto address = mars::ipv4_address(0xef000000 + *group);
      m.ranges = {{address, address}};
    }
    const auto octets = mars::encode_message(m);
    rooms.mars.on_message({fe}, *octets, rooms.now);
  }

  Controller controller{ControllerConfig{},
                        [](daemon::Severity, std::string_view, std::uint32_t, std::string_view) {}};
  multicast::Service service{config(), [](multicast::Level, std::string_view, std::string_view) {}};
};

// Two MCSs that serve a page and some groups more, and who registered only.
TEST_F(MulticastRequests, PagesOfMcssGoOnWhereTheOneBeforeEnded) {
  constexpr std::uint32_t kOfEach = kNodesInPage / 2 + 1;
  const auto done = service.operate([](multicast::Service::Rooms& rooms) {
    for (const std::uint32_t fe : {2U, 3U, 4U}) say(rooms, fe, std::nullopt);
    for (std::uint32_t group = 0; group < kOfEach; ++group) {
      for (const std::uint32_t fe : {2U, 3U}) say(rooms, fe, group);
    }
    return true;
  });
  ASSERT_TRUE(done);
  std::set<std::pair<std::uint32_t, std::string>> seen;
  std::vector<int> sizes;
  control::Request request;
  auto* const list = request.mutable_mars_mcs_list();
  do {
    const auto page = answer_multicast(&service, request);
    ASSERT_TRUE(page.has_mars_mcs());
    sizes.push_back(page.mars_mcs().mcs_size());
    for (const auto& one : page.mars_mcs().mcs()) seen.emplace(one.fe(), one.group());
    list->set_after(page.mars_mcs().next());
  } while (list->after() != 0 && sizes.size() < 5);
  EXPECT_EQ(sizes, (std::vector<int>{kNodesInPage, 3}));
  EXPECT_EQ(seen.size(), 2 * kOfEach + 1) << "each once";
  EXPECT_TRUE(seen.contains({4, ""}));
}

TEST_F(MulticastRequests, ADrainThatCannotBeEndsTheOneBefore) {
  ASSERT_TRUE(service.operate([](multicast::Service::Rooms& rooms) {
    say(rooms, 2, std::nullopt);
    wire::ByteWriter w;
    mars::encode_entry({.protocol = mars::kIpv4,
                        .state = mars::State::Redirect,
                        .source = mars::encode_element({{0x40000002}, {}})},
                       w);
    rooms.mars.on_record({0x40000002}, 0, *std::move(w).finish(), rooms.now);
    return true;
  }));
  control::Request request;
  request.mutable_drain()->set_to(0x40000002);
  EXPECT_TRUE(answer_multicast(&service, request).has_pending());
  request.mutable_drain()->set_to(0x40000009);
  EXPECT_THAT(answer_multicast(&service, request).error().message(),
              HasSubstr("nothing was heard of 0x40000009"));
  EXPECT_EQ(service.operate([](auto& rooms) { return rooms.drain.has_value(); }), false);
}

}  // namespace
}  // namespace forces::ce
