// The MARS in its thread, between a controller that has no FE and a test that plays one.
#include "ce/multicast/service/service.hpp"

#include <gtest/gtest.h>

#include "proto/mars/element_address.hpp"
#include "proto/wire/snap.hpp"

namespace forces::multicast {
namespace {

mars::Octets registration(std::uint32_t fe, bool leave = false) {
  mars::Message m{.operation = leave ? mars::Operation::Leave : mars::Operation::Join,
                  .source = mars::encode_element({{fe}, {0x7f000001, 4000}}),
                  .source_protocol = mars::ipv4_address(0x0a000001)};
  m.flags = m.flags.with_registers(true);
  const auto snap = wire::snap_header(wire::SnapPid::MarsControl);
  mars::Octets sdu(snap.begin(), snap.end());
  const auto body = mars::encode_message(m).value();
  sdu.insert(sdu.end(), body.begin(), body.end());
  return sdu;
}

struct Seen {
  std::size_t clients = 0;
  Service::Counters counters{};
};

class MulticastService : public testing::Test {
 protected:
  MulticastService() {
    service.set_follower([this](mars::server::Server& mars, Instant) {
      ++follows;
      followed = mars.clusters().front().clients().size();
    });
    const std::string why = service.start(controller);
    EXPECT_EQ(why, "");
  }
  ~MulticastService() override { service.stop(); }

  static ServiceConfig config() {
    ServiceConfig c;
    c.ce_id = 0x40000001;
    return c;
  }
  // Behind all that was told, and behind what that has posted.
  Seen look() {
    Seen seen;
    for (int i = 0; i < 2; ++i) {
      const auto now = service.operate([](Service::Rooms& rooms) {
        return Seen{rooms.mars.clusters().front().clients().size(), rooms.counters};
      });
      EXPECT_TRUE(now);
      if (now) seen = *now;
    }
    return seen;
  }

  ce::Controller controller{ce::ControllerConfig{}, [](daemon::Severity, std::string_view,
                                                       std::uint32_t, std::string_view) {}};
  Service service{config(), [](Level, std::string_view, std::string_view) {}};
  std::size_t followed = 0, follows = 0;  // on the service's thread; read behind look()
};

TEST_F(MulticastService, WhoRegistersIsAClientUntilItsVcIsLost) {
  service.on_vc({1, 11}, true);
  service.on_sdu({1, 11}, registration(1));
  EXPECT_EQ(look().clients, 1U);
  EXPECT_GE(look().counters.unsent, 1U);  // the copy: the controller has no such FE
  service.on_vc({1, 11}, false);
  EXPECT_EQ(look().clients, 0U);
}

TEST_F(MulticastService, AMessageMayComeBeforeItsVcIsTold) {
  service.on_sdu({1, 11}, registration(1));
  service.on_vc({1, 11}, true);
  EXPECT_EQ(look().clients, 1U);
  service.on_vc({1, 12}, true);  // the FE has associated again
  EXPECT_EQ(look().clients, 0U);
  service.on_sdu({1, 11}, registration(1));
  EXPECT_EQ(look().clients, 0U);
  EXPECT_EQ(look().counters.refused[static_cast<std::size_t>(Refusal::OldVc)], 1U);
}

TEST_F(MulticastService, WhoFollowsTheMapsIsCalledAfterWhateverTheMarsWasTold) {
  service.on_sdu({1, 11}, registration(1));
  (void)look();
  EXPECT_EQ(followed, 1U);
  service.on_sdu({2, 12}, registration(2));
  (void)look();
  EXPECT_EQ(followed, 2U);
  service.on_vc({1, 11}, false);
  (void)look();
  EXPECT_EQ(followed, 1U);
}

TEST_F(MulticastService, AFloodIsDroppedBeyondALimitAndCounted) {
  constexpr std::size_t kMore = 1'000;
  const auto sdu = registration(1);
  // While the thread is at something else.
  const auto done = service.operate([&](Service::Rooms&) {
    for (std::size_t i = 0; i < Service::kMostWaiting + kMore; ++i) service.on_sdu({1, 11}, sdu);
    return true;
  });
  EXPECT_TRUE(done);
  const Seen seen = look();
  EXPECT_EQ(seen.counters.dropped, kMore);
  EXPECT_EQ(seen.clients, 1U);
  EXPECT_LT(follows, 100U);  // once for many
}

TEST_F(MulticastService, WhatIsAskedWhenItHasStoppedHasNoAnswer) {
  service.stop();
  EXPECT_FALSE(service.operate([](Service::Rooms&) { return true; }));
  service.on_sdu({1, 11}, registration(1));  // harms nobody
  service.on_vc({1, 11}, true);
}

TEST(MulticastServiceStart, AFileThatCannotBeWrittenIsNamed) {
  ServiceConfig config;
  config.ce_id = 0x40000001;
  config.numbers_file = "/nowhere/at/all";
  Service service(config, [](Level, std::string_view, std::string_view) {});
  ce::Controller controller(ce::ControllerConfig{}, [](daemon::Severity, std::string_view,
                                                       std::uint32_t, std::string_view) {});
  EXPECT_NE(service.start(controller).find("/nowhere/at"), std::string::npos);
}

// Nothing else would tell why a neighbour hears nothing.
TEST(MulticastServiceKeys, OfWhichNoneMaySignAreTold) {
  ce::Controller controller{ce::ControllerConfig{}, [](daemon::Severity, std::string_view,
                                                       std::uint32_t, std::string_view) {}};
  ServiceConfig c;
  c.ce_id = 0x40000001;
  c.hub.plaintext = true;
  c.hub.address = "127.0.0.1";
  const sync::Key over{.spi = 256, .secret = {std::byte{1}}, .until = Instant::min()};
  c.hub.peers.push_back({.id = {0x40000002}, .security = {.send = {over}, .receive = {over}}});
  std::vector<std::string> told;
  Service service{c, [&](Level level, std::string_view event, std::string_view text) {
                    if (level == Level::Error && event == "neighbor_key") told.emplace_back(text);
                  }};
  ASSERT_EQ(service.start(controller), "");
  const auto count = [&] { return service.operate([&](Service::Rooms&) { return told.size(); }); };
  EXPECT_EQ(count(), 1U);
  EXPECT_NE(told[0].find("none of the keys of 0x40000002 may sign now"), std::string::npos);
  const sync::Key good{.spi = 256, .secret = {std::byte{1}}};
  service.set_keys({{.id = {0x40000002}, .security = {.send = {good}, .receive = {good}}},
                    {.id = {0x40000009}, .security = {.send = {over}}}});
  EXPECT_EQ(count(), 1U) << "it may sign again, and 0x40000009 is no neighbor";
  EXPECT_EQ(
      service.operate([](Service::Rooms& r) { return r.hub.engine().snapshot().neighbors.size(); }),
      1U);
  service.set_keys({{.id = {0x40000002}, .security = {.send = {over}}}});
  EXPECT_EQ(count(), 2U);
  service.stop();
}

}  // namespace
}  // namespace forces::multicast
