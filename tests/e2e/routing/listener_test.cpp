// The FPM server over real sockets on loopback: who may stay, what garbage does.
#include "ce/routing/fpm/listener.hpp"

#include <gtest/gtest.h>

#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "ce/routing/fpm/encoder.hpp"
#include "tests/unit/ce/routing/support.hpp"

namespace forces::ce::routing::fpm {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

class FpmListener : public testing::Test {
 protected:
  FpmListener() { EXPECT_FALSE(listener.start({.port = 0})); }

  struct Client {
    tcp::socket socket;
    bool closed = false;
    std::array<std::byte, 1> octet{};
  };
  std::shared_ptr<Client> connect() {
    auto client = std::make_shared<Client>(tcp::socket(io));
    client->socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), listener.port()));
    client->socket.async_read_some(asio::buffer(client->octet), [client](std::error_code e, auto) {
      client->closed = e != asio::error::operation_aborted;
    });
    return client;
  }
  void send(Client& client, std::span<const std::byte> octets) {
    std::error_code ignored;
    asio::write(client.socket, asio::buffer(octets.data(), octets.size()), ignored);
  }
  static std::vector<std::byte> routes(int first, int count) {
    Encoder out;
    for (int i = first; i < first + count; ++i) {
      out.route_add(route(str("10.", i / 256, ".", i % 256, ".0/24"), {via("10.98.1.2", 3)}));
    }
    return *std::move(out).finish();
  }
  template <class Condition>
  bool wait_for(Condition&& holds) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io.restart();
      io.run_for(5ms);
    }
    return true;
  }

  asio::io_context io;
  Rib rib{RibConfig{.resync = {.quiet = 50ms}}};
  std::vector<std::string> notes;
  int changes = 0;
  Listener listener{
      io,
      rib,
      {[this] { ++changes; }, [this](std::string_view line) { notes.emplace_back(line); }}};
};

TEST_F(FpmListener, TakesRoutesAndFindsTheEndOfTheTable) {
  const auto zebra = connect();
  send(*zebra, routes(0, 2000));
  EXPECT_TRUE(wait_for([&] { return rib.complete(); }));
  EXPECT_EQ(rib.size(), 2000u);
  EXPECT_GT(changes, 0);
  EXPECT_EQ(listener.counters().frames, 2000u);
}

TEST_F(FpmListener, GarbageEndsTheConnectionWithAReasonAndNoRoute) {
  const auto zebra = connect();
  send(*zebra, routes(0, 10));
  ASSERT_TRUE(wait_for([&] { return rib.complete(); }));
  send(*zebra, std::as_bytes(std::span("GET / HTTP/1.1\r\n\r\n")));
  EXPECT_TRUE(wait_for([&] { return zebra->closed; }));
  EXPECT_EQ(listener.counters().malformed, 1u);
  EXPECT_NE(notes.back().find("bad_version at octet 0 of a frame, fpm.version"), std::string::npos)
      << notes.back();
  EXPECT_EQ(rib.size(), 10u);
  EXPECT_FALSE(rib.connected());
  const auto again = connect();
  send(*again, routes(5, 10));
  EXPECT_TRUE(wait_for([&] { return rib.counters().ends_of_table == 2; }));
  EXPECT_EQ(rib.counters().swept, 5u);
  EXPECT_EQ(rib.size(), 10u);
}

TEST_F(FpmListener, AStreamCutInsideAFrameKeepsWhatCameBefore) {
  const auto zebra = connect();
  auto octets = routes(0, 10);
  octets.resize(octets.size() - 3);
  send(*zebra, octets);
  ASSERT_TRUE(wait_for([&] { return rib.size() == 9u; }));
  zebra->socket.close();
  EXPECT_TRUE(wait_for([&] { return !rib.connected(); }));
  EXPECT_EQ(listener.counters().cut_inside, 1u);
  EXPECT_EQ(rib.size(), 9u);
}

TEST_F(FpmListener, WhoSentRoutesKeepsThePlace) {
  const auto zebra = connect();
  send(*zebra, routes(0, 1));
  ASSERT_TRUE(wait_for([&] { return rib.size() == 1; }));
  const auto other = connect();
  EXPECT_TRUE(wait_for([&] { return other->closed; }));
  EXPECT_FALSE(zebra->closed);
  EXPECT_EQ(listener.counters().refused, 1u);
  send(*zebra, routes(1, 1));
  EXPECT_TRUE(wait_for([&] { return rib.size() == 2; }));
}

TEST_F(FpmListener, WhoSaysNothingLosesThePlaceToANewcomer) {
  const auto silent = connect();
  ASSERT_TRUE(wait_for([&] { return rib.connected(); }));
  const auto zebra = connect();
  send(*zebra, routes(0, 1));
  EXPECT_TRUE(wait_for([&] { return rib.size() == 1; }));
  EXPECT_TRUE(wait_for([&] { return silent->closed; }));
  EXPECT_EQ(listener.counters().displaced, 1u);
}

TEST_F(FpmListener, AnAddressThatIsTakenIsAnError) {
  Listener second(io, rib, {});
  EXPECT_EQ(second.start({.port = listener.port()}), asio::error::address_in_use);
  EXPECT_TRUE(second.start({.address = "localhost"}));
}

}  // namespace
}  // namespace forces::ce::routing::fpm
