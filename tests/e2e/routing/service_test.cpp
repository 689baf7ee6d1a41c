// Routing with its own thread: rows are taken on another.
#include "ce/routing/service.hpp"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "ce/routing/fpm/encoder.hpp"
#include "tests/unit/ce/routing/support.hpp"

namespace forces::ce::routing {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

class RoutingService : public testing::Test {
 protected:
  static ServiceConfig config() {
    ServiceConfig c;
    c.enabled = true;
    c.fpm.port = 0;
    c.rib.resync.quiet = 50ms;
    c.links = {{{{1, 9}, ip("10.99.0.1")}, {{2, 9}, ip("10.99.0.2")}}};
    return c;
  }
  tcp::socket connect(std::uint16_t port) {
    tcp::socket socket(io);
    socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
    return socket;
  }
  static void send_routes(tcp::socket& socket, int count) {
    fpm::Encoder out;
    for (int i = 0; i < count; ++i) {
      out.route_add(
          fpm::route(str("10.", i / 256, ".", i % 256, ".0/24"), {fpm::via("10.98.1.2", 3)}));
    }
    const auto octets = *std::move(out).finish();
    asio::write(socket, asio::buffer(octets.data(), octets.size()));
  }
  template <class Condition>
  static bool wait_for(Condition&& holds) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }
  std::size_t take(FeId fe) {
    std::size_t rows = 0;
    while (const auto delta = service.poll(fe)) rows += std::holds_alternative<PrefixRow>(*delta);
    return rows;
  }

  asio::io_context io;
  std::atomic<int> changes{0};
  Service service{config(), {[this] { ++changes; }, {}}};
};

TEST_F(RoutingService, RowsAreTakenOnAnotherThreadWhileRoutesCome) {
  service.set_interface(3, {1, 1}, 1500);
  service.on_fe(1);
  service.on_fe(2);
  ASSERT_EQ(service.start(), "");
  auto zebra = connect(service.snapshot().fpm_port);
  std::thread sender([&] { send_routes(zebra, 20'000); });
  std::size_t rows = 0;
  EXPECT_TRUE(wait_for([&] { return (rows += take(1)) >= 20'000; })) << rows;
  sender.join();
  EXPECT_TRUE(wait_for([&] { return service.complete(); }));
  EXPECT_EQ(take(1), 0u);
  EXPECT_EQ(take(2), 20'000u);
  EXPECT_GT(changes, 0);
  const auto shot = service.snapshot();
  EXPECT_EQ(shot.routes, 20'000u);
  EXPECT_TRUE(shot.connected);
}

TEST_F(RoutingService, ALinkIsUpWhileBothItsPortsAre) {
  service.set_interface(3, {1, 1}, 1500);
  service.on_fe(2);
  ASSERT_EQ(service.start(), "");
  auto zebra = connect(service.snapshot().fpm_port);
  send_routes(zebra, 1);
  ASSERT_TRUE(wait_for([&] { return service.snapshot().routes == 1; }));
  const auto output = [&] {
    std::uint32_t last = 99;
    while (const auto delta = service.poll(2)) {
      if (const auto* hop = std::get_if<NextHopRow>(&*delta)) last = hop->lfb_output_select_index;
    }
    return last;
  };
  EXPECT_EQ(output(), kOutputPort);
  service.set_port_up({1, 9}, false);
  EXPECT_EQ(output(), kOutputUnreachable);
  service.set_port_up({1, 9}, true);
  EXPECT_EQ(output(), kOutputPort);
}

TEST_F(RoutingService, AnAddressThatIsTakenIsListenedAtWhenItIsFree) {
  auto first = std::make_unique<Service>(config(), ServiceHandlers{});
  ASSERT_EQ(first->start(), "");
  ServiceConfig same = config();
  same.fpm.port = first->snapshot().fpm_port;
  Service second(same, {});
  EXPECT_NE(second.start().find("in use"), std::string::npos);
  first.reset();
  EXPECT_TRUE(wait_for([&] { return second.snapshot().fpm_port == same.fpm.port; }));
}

TEST_F(RoutingService, ListsRoutesInPages) {
  ASSERT_EQ(service.start(), "");
  auto zebra = connect(service.snapshot().fpm_port);
  send_routes(zebra, 25);
  ASSERT_TRUE(wait_for([&] { return service.snapshot().routes == 25; }));
  std::vector<RouteLine> lines;
  std::optional<RouteId> next = 0;
  int pages = 0;
  for (; next; ++pages) next = service.list(*next, 10, lines);
  EXPECT_EQ(pages, 3);
  ASSERT_EQ(lines.size(), 25u);
  EXPECT_EQ(lines[0].next_hops.size(), 1u);
}

}  // namespace
}  // namespace forces::ce::routing
