// What a real zebra (FRR 8.4.4) sent, octet for octet, through all of ce/routing's cores.
#include <gtest/gtest.h>

#include "ce/routing/fib/fib_builder.hpp"
#include "ce/routing/fpm/decoder.hpp"
#include "tests/support/octets/vectors.hpp"
#include "tests/unit/ce/routing/fe_copy.hpp"

namespace forces::ce::routing {
namespace {

using namespace std::chrono_literals;

class FpmReplay : public testing::Test {
 protected:
  FpmReplay() {
    fib.on_interface(3, {1, 1}, 1500);  // d1 of the capture
    fib.on_interface(5, {2, 1}, 1500);  // d2
    fib.set_links({{{{1, 9}, ip("10.255.0.1"), ip("2001:db8:ffff::1")},
                    {{2, 9}, ip("10.255.0.2"), ip("2001:db8:ffff::2")},
                    9000,
                    true}});
    fib.on_fe(1);
    fib.on_fe(2);
  }
  // One connection, and the quiet after it.
  void play(const std::string& file) {
    rib.on_connected();
    for (const auto& vector : test::load_vectors("fpm/" + file)) {
      fpm::FrameReader in(wire::Bytes(vector.octets).subspan(fpm::kHeaderSize));
      fpm::Message m;
      while (in.next(m)) rib.on_message(m, now);
      ASSERT_TRUE(in.ok()) << vector.name;
      fib.update();
      one.take(fib);
      two.take(fib);
    }
  }
  void quiet(Duration d) {
    now += d;
    rib.on_timer(now);
    fib.update();
    one.take(fib);
    two.take(fib);
  }

  Rib rib;
  FibBuilder fib{rib};
  FeCopy one{1}, two{2};
  Instant now{1h};
};

using Routes = std::map<std::string, std::string>;

const Routes kAtOne = {
    {"0.0.0.0/0", "p9 via 10.255.0.2 mtu 9000"},
    {"10.98.1.0/24", "p1 via 0.0.0.0 mtu 1500"},
    {"10.98.2.0/24", "p9 via 10.255.0.2 mtu 9000"},
    {"198.51.100.0/24", "p1 via 10.98.1.2 mtu 1500"},
    {"198.51.101.0/24", "p1 via 10.98.1.2 mtu 1500 | p9 via 10.255.0.2 mtu 9000"},
    {"203.0.113.0/24", "discard1"},
    {"203.0.114.0/24", "discard2"},
    {"203.0.115.0/24", "p9 via 10.255.0.2 mtu 9000"},
    {"2001:db8:1::/64", "p1 via :: mtu 1500"},
    {"2001:db8:2::/64", "p9 via 2001:db8:ffff::2 mtu 9000"},
    {"2001:db8:aa::/48", "p1 via 2001:db8:1::2 mtu 1500"},
    {"2001:db8:bb::/48", "p1 via 2001:db8:1::2 mtu 1500 | p9 via 2001:db8:ffff::2 mtu 9000"},
    {"2001:db8:cc::/48", "p1 via fe80::2 mtu 1500"},
};

TEST_F(FpmReplay, AConnectionThenTheReplayThenAnotherZebra) {
  play("first.hex");
  EXPECT_EQ(one.routes(), kAtOne);
  EXPECT_EQ(two.routes().at("0.0.0.0/0"), "p1 via 10.98.2.2 mtu 1500");
  EXPECT_EQ(two.routes().at("198.51.100.0/24"), "p9 via 10.255.0.1 mtu 9000");
  quiet(2s);
  EXPECT_TRUE(rib.complete());
  EXPECT_EQ(one.routes(), kAtOne);

  // The server was away for a moment: the replay changes no row.
  rib.on_disconnected();
  const int before = one.deltas;
  play("replay.hex");
  EXPECT_EQ(one.routes(), kAtOne);
  EXPECT_EQ(one.deltas, before);
  quiet(2s);
  EXPECT_TRUE(rib.complete());
  EXPECT_EQ(rib.counters().swept, 0u);

  // zebra restarts and has its connected routes only: the others are kept. staticd tells some again
  // without 198.51.101.0/24, which is kept until zebra has been silent for long.
  rib.on_disconnected();
  play("restart.hex");
  EXPECT_TRUE(one.routes().contains("198.51.101.0/24"));
  quiet(2s);
  EXPECT_FALSE(rib.complete());
  quiet(118s);
  EXPECT_TRUE(rib.complete());
  EXPECT_FALSE(one.routes().contains("198.51.101.0/24"));
  EXPECT_EQ(one.routes().at("203.0.115.0/24"), "p9 via 10.255.0.2 mtu 9000");
  EXPECT_EQ(one.routes().at("2001:db8:bb::/48"), "p1 via 2001:db8:1::2 mtu 1500");
  EXPECT_EQ(two.routes().size(), one.routes().size());
}

TEST_F(FpmReplay, WithoutNextHopGroups) {
  play("no_groups.hex");
  EXPECT_EQ(one.routes(),
            (Routes{{"10.98.1.0/24", "p1 via 0.0.0.0 mtu 1500"},
                    {"10.98.2.0/24", "p9 via 10.255.0.2 mtu 9000"},
                    {"198.51.100.0/24", "p1 via 10.98.1.2 mtu 1500 | p9 via 10.255.0.2 mtu 9000"},
                    {"203.0.113.0/24", "discard1"},
                    {"203.0.114.0/24", "discard2"},
                    {"2001:db8:1::/64", "p1 via :: mtu 1500"},
                    {"2001:db8:2::/64", "p9 via 2001:db8:ffff::2 mtu 9000"},
                    {"2001:db8:bb::/48",
                     "p1 via 2001:db8:1::2 mtu 1500 | p9 via 2001:db8:ffff::2 mtu 9000"}}));
}

}  // namespace
}  // namespace forces::ce::routing
