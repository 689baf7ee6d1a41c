// Packets between data channels and TUN devices; libtml is a fake, the devices are real.
#include "ce/redirect/redirector.hpp"

#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/pl/redirect.hpp"
#include "tests/support/netns.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/packets.hpp"
#include "tests/support/sim/fake_tml.hpp"

namespace forces::ce {
namespace {

using test::packet;
using Octets = std::vector<std::byte>;

constexpr std::uint32_t kCe = 0x40000001;
constexpr Instant kNow{std::chrono::seconds(1)};

class RedirectorTest : public testing::Test {
 protected:
  void SetUp() override { test::fake_tml() = {}; }

  void associate() {
    redirector.set_associated(2, true);
    redirector.set_master(2, true);
    redirector.set_channel(2, 77);
  }
  // One redirect of FE 2.
  static Octets message(std::vector<pl::MetadataView> metadata, const Octets& payload,
                        std::uint32_t source = 2) {
    return pl::encode_redirect({{source}, {kCe}}, metadata, payload).value();
  }
  void receive(const Octets& octets, std::uint64_t channel = 77) {
    const tmlx_message m{octets.data(), octets.size()};
    redirector.on_messages(channel, &m, 1, kNow);
  }
  template <class Get>
  std::uint64_t at_fe(Get get) {
    std::uint64_t value = ~0ULL;
    redirector.inspect(2, [&](const RedirectFeCounters& c, const auto&) { value = get(c).get(); });
    return value;
  }
  template <class Get>
  std::uint64_t at_port(Get get) {
    std::uint64_t value = ~0ULL;
    redirector.inspect(2, [&](const RedirectFeCounters&, const auto& ports) {
      value = get(ports.at(0).counters).get();
    });
    return value;
  }

  Redirector redirector{kCe};
  const std::array<std::byte, 4> port7 = pl::metadata_octets(7), port8 = pl::metadata_octets(8);
  const pl::MetadataView phy7{1, port7}, phy8{1, port8}, l3port7{0x0d, port7};
};

TEST_F(RedirectorTest, CountsWhatItCannotPlaceByReason) {
  EXPECT_TRUE(redirector.configure(2, {{7, "", "", 1500}}).empty());
  associate();
  const Octets good = packet({});
  receive(message({phy7}, good), 99);
  EXPECT_EQ(redirector.unknown_channel().get(), 1U);
  receive(message({phy7}, good, 3));
  EXPECT_EQ(at_fe([](auto& c) -> auto& { return c.wrong_source; }), 1U);
  receive(message({phy7}, {}));
  EXPECT_EQ(at_fe([](auto& c) -> auto& { return c.no_packet; }), 1U);
  receive(message({}, good));
  EXPECT_EQ(at_fe([](auto& c) -> auto& { return c.no_port; }), 1U);
  receive(message({phy8}, good));
  EXPECT_EQ(at_fe([](auto& c) -> auto& { return c.unknown_port; }), 1U);
  receive(test::hex("1006"));
  EXPECT_EQ(at_fe([](auto& c) -> auto& { return c.malformed; }), 1U);
  receive(message({l3port7}, good));
  EXPECT_EQ(at_port([](auto& c) -> auto& { return c.no_device; }), 1U);
  EXPECT_EQ(at_port([](auto& c) -> auto& { return c.from_fe; }), 1U);  // it did come
  redirector.set_associated(2, false);
  receive(message({phy7}, good));
  EXPECT_EQ(at_fe([](auto& c) -> auto& { return c.not_associated; }), 1U);
}

TEST_F(RedirectorTest, EveryPrefixOfARedirectIsRefused) {
  EXPECT_TRUE(redirector.configure(2, {{7, "", "", 1500}}).empty());
  associate();
  const Octets whole = message({phy7}, packet({}));
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    receive(Octets(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut)));
  }
  EXPECT_EQ(at_fe([](auto& c) -> auto& { return c.malformed; }), whole.size());
  EXPECT_EQ(at_port([](auto& c) -> auto& { return c.no_device; }), 0U);
}

TEST_F(RedirectorTest, HeartbeatsAreLifeAndNoRedirect) {
  EXPECT_TRUE(redirector.configure(2, {{7, "", "", 1500}}).empty());
  associate();
  receive(test::hex("100f0006 00000002 40000001 0000000000000000 00000000"));
  EXPECT_EQ(at_fe([](auto& c) -> auto& { return c.malformed; }), 0U);
  EXPECT_EQ(redirector.traffic(2).heard, kNow);
}

TEST_F(RedirectorTest, SaysWhyAPortCannotBeMade) {
  const auto failures = redirector.configure(
      2, {{7, "a-name-longer-than-15", "", 1500}, {8, "tun8", "10.0.0.1", 1500}});
  ASSERT_EQ(failures.size(), 2U);
  EXPECT_NE(failures[0].find("longer than 15"), std::string::npos);
  EXPECT_NE(failures[1].find("10.0.0.1: not an IPv4 address"), std::string::npos);
}

class WithTun : public RedirectorTest {
 protected:
  void SetUp() override {
    RedirectorTest::SetUp();
    if (!test::enter_fresh_namespace()) GTEST_SKIP() << "needs root: a TUN device";
    const auto failures = redirector.configure(2, {{7, "fe2p7", "10.98.0.1/24", 1400}});
    ASSERT_TRUE(failures.empty()) << failures[0];
    ASSERT_EQ(redirector.start(test::fake_context()), TML_SUCCESS);
    associate();
  }
  // Lets the redirector read until it has written `n` messages of this protocol.
  std::vector<Octets> to_fe(std::uint8_t protocol, std::size_t n) {
    std::vector<Octets> packets;
    const auto& watched = test::fake_tml().watched;
    for (int i = 0; i < 100 && packets.size() < n; ++i) {
      pollfd wait{watched.begin()->first, POLLIN, 0};
      if (::poll(&wait, 1, 100) > 0) test::fake_tml().ready(wait.fd);
      packets.clear();
      for (const auto& written : test::fake_tml().written) {
        EXPECT_EQ(written.channel, 77U);
        pl::RedirectReader reader(written.message);
        EXPECT_EQ(reader.header()->source.value, kCe);
        EXPECT_EQ(reader.header()->destination.value, 2U);
        const auto redirect = reader.next();
        if (!redirect || !redirect->packet()) continue;
        EXPECT_EQ(redirect->metadata_u32(pl::MetadataId::RedirectIndex), 7U);
        const wire::Bytes p = *redirect->packet();
        if (p[9] == static_cast<std::byte>(protocol)) packets.emplace_back(p.begin(), p.end());
      }
    }
    return packets;
  }
};

TEST_F(WithTun, TheDeviceHasAddressMtuAndMulticast) {
  EXPECT_TRUE(test::run("ip -o link show fe2p7 | grep -q 'MULTICAST.*UP.*mtu 1400'"));
  EXPECT_TRUE(test::run("ip -o addr show fe2p7 | grep -q 'inet 10.98.0.1/24'"));
}

TEST_F(WithTun, AnEchoRequestOfTheFeReachesTheHostAndTheReplyTheFe) {
  receive(message({phy7}, packet({.destination = 0x0a620001,
                                  .protocol = 1,
                                  .ttl = 64,
                                  .payload = test::hex("0800e5ca12340001")})));
  EXPECT_EQ(at_port([](auto& c) -> auto& { return c.from_fe; }), 1U);
  const auto replies = to_fe(1, 1);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(test::to_hex(std::span(replies[0]).subspan(16, 4)), "0a620002");
  EXPECT_EQ(replies[0][20], std::byte{0});
}

TEST_F(WithTun, WhatRoutingDaemonsSendCarriesItsPrecedenceAsPriority) {
  const int fd = ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 89);
  const int tos = 0xc0;  // CS6, as ospfd sets
  ::setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(0xe0000005);
  const ip_mreqn out{{}, {}, static_cast<int>(::if_nametoindex("fe2p7"))};
  ::setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out);
  EXPECT_EQ(::sendto(fd, "hello", 5, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to), 5);
  ::close(fd);
  ASSERT_EQ(to_fe(89, 1).size(), 1U);
  const auto& written = test::fake_tml().written.back();
  EXPECT_EQ(pl::decode_header(written.message)->flags.priority(), 6U);
}

TEST_F(WithTun, Ospfv3PassesAndNeighborDiscoveryStays) {
  ASSERT_TRUE(test::run("ip -6 addr add fe80::1/64 dev fe2p7 nodad"));
  const int fd = ::socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, 89);
  const int traffic_class = 0xc0, index = static_cast<int>(::if_nametoindex("fe2p7"));
  ::setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &traffic_class, sizeof traffic_class);
  ::setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index);
  ipv6_mreq join{};
  join.ipv6mr_multiaddr = {{{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5}}};
  join.ipv6mr_interface = static_cast<unsigned>(index);
  ASSERT_EQ(::setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &join, sizeof join), 0);
  const int off = 0;
  ::setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &off, sizeof off);
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_addr = join.ipv6mr_multiaddr;
  EXPECT_EQ(::sendto(fd, "hello", 5, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to), 5);
  const auto& watched = test::fake_tml().watched;
  // The kernel reports by MLD at a random time, up to a second after the join.
  const auto seen = [&] {
    return at_port([](auto& c) -> auto& { return c.to_fe; }) != 0 &&
           at_port([](auto& c) -> auto& { return c.not_ipv4; }) != 0;
  };
  for (int i = 0; i < 100 && !seen(); ++i) {
    pollfd wait{watched.begin()->first, POLLIN, 0};
    if (::poll(&wait, 1, 100) > 0) test::fake_tml().ready(wait.fd);
  }
  ASSERT_EQ(test::fake_tml().written.size(), 1U) << "MLD, which joining makes, is not for the FE";
  const auto& written = test::fake_tml().written.back();
  pl::RedirectReader reader(written.message);
  EXPECT_EQ(reader.header()->flags.priority(), 6U);
  const auto redirect = reader.next();
  ASSERT_TRUE(redirect && redirect->packet());
  EXPECT_EQ((*redirect->packet())[6], std::byte{89});
  EXPECT_EQ(test::to_hex(redirect->packet()->subspan(8, 32)),
            "fe800000000000000000000000000001ff020000000000000000000000000005");
  EXPECT_GE(at_port([](auto& c) -> auto& { return c.not_ipv4; }), 1U);
  // And back: a neighbour's, as it came at the port.
  receive(message({phy7}, test::hex("6c000000 0004 59 01 fe800000000000000000000000000002"
                                    "ff020000000000000000000000000005 03010004")));
  std::array<char, 64> got{};
  pollfd wait{fd, POLLIN, 0};
  ASSERT_EQ(::poll(&wait, 1, 5'000), 1);
  EXPECT_EQ(::recv(fd, got.data(), got.size(), 0), 4);
  ::close(fd);
}

TEST_F(WithTun, CountsWhatCannotLeaveByReason) {
  const auto ping = [&](std::uint16_t n) {
    receive(message({phy7}, packet({.destination = 0x0a620001,
                                    .protocol = 1,
                                    .ttl = 64,
                                    .payload = test::hex("0800e5ca12340001")})));
    (void)n;
    pollfd wait{test::fake_tml().watched.begin()->first, POLLIN, 0};
    if (::poll(&wait, 1, 2'000) > 0) test::fake_tml().ready(wait.fd);
  };
  test::fake_tml().status = TMLX_E_QUEUE_FULL;
  ping(1);
  EXPECT_GE(at_port([](auto& c) -> auto& { return c.queue_full; }), 1U);
  test::fake_tml().status = TMLX_E_CLOSED;
  ping(2);
  EXPECT_GE(at_port([](auto& c) -> auto& { return c.no_channel; }), 1U);
  EXPECT_EQ(at_port([](auto& c) -> auto& { return c.to_fe; }), 0U);
}

TEST_F(WithTun, TheStateOfThePortIsTheCarrierOfTheDevice) {
  redirector.set_port_up(2, 7, false);
  EXPECT_TRUE(test::run("ip -o link show fe2p7 | grep -q NO-CARRIER"));
  redirector.set_port_up(2, 7, true);
  EXPECT_FALSE(test::run("ip -o link show fe2p7 | grep -q NO-CARRIER"));
}

TEST_F(WithTun, WhoIsNotMasterSendsNothing) {
  redirector.set_master(2, false);
  (void)test::run("ping -c 1 -W 0.05 10.98.0.2 >/dev/null");
  test::fake_tml().ready(test::fake_tml().watched.begin()->first);
  EXPECT_TRUE(test::fake_tml().written.empty());
  EXPECT_GE(at_port([](auto& c) -> auto& { return c.not_master; }), 1U);
}

// Two controllers of one host with one device: packets come to the one that is master, and the
// death of the other takes no carrier.
TEST_F(WithTun, ASharedDeviceIsOneOfBothAndKeepsItsCarrier) {
  const PortConfig shared{
      .port_id = 1, .tun = "both", .address = "10.97.0.1/24", .mtu = 1500, .shared = true};
  const auto got_a_packet = [](const Tun& tun) {
    std::array<std::byte, 2048> octets{};
    while (::read(tun.fd(), octets.data(), octets.size()) > 0) {
    }
    (void)test::run("ping -c 2 -i 0.01 -W 0.05 10.97.0.2 >/dev/null");
    bool any = false;
    while (::read(tun.fd(), octets.data(), octets.size()) > 0) any = true;
    return any;
  };
  auto first = Tun::open(shared);
  ASSERT_TRUE(first) << first.error();
  first->set_active(true);
  {
    auto second = Tun::open(shared);
    ASSERT_TRUE(second) << second.error();
    EXPECT_TRUE(got_a_packet(*first));
    EXPECT_FALSE(got_a_packet(*second));
    std::swap(*first, *second);  // the active one goes
  }
  EXPECT_FALSE(test::run("ip -o link show both | grep -q NO-CARRIER"));
  EXPECT_FALSE(got_a_packet(*first));
  first->set_active(true);
  EXPECT_TRUE(got_a_packet(*first));
}

TEST_F(WithTun, ADeletedDeviceIsNoLongerWatched) {
  ASSERT_TRUE(test::run("ip link del fe2p7"));
  const int fd = test::fake_tml().watched.begin()->first;
  test::fake_tml().ready(fd);
  EXPECT_TRUE(test::fake_tml().watched.empty());
}

TEST_F(WithTun, AReconfiguredPortIsMadeAnew) {
  EXPECT_TRUE(redirector.configure(2, {{7, "fe2new", "10.98.9.1/24", 1500}}).empty());
  EXPECT_FALSE(test::run("ip link show fe2p7 >/dev/null 2>&1"));
  EXPECT_TRUE(test::run("ip -o addr show fe2new | grep -q 10.98.9.1/24"));
  EXPECT_EQ(test::fake_tml().watched.size(), 1U);
  EXPECT_TRUE(redirector.configure(2, {}).empty());
  EXPECT_TRUE(test::fake_tml().watched.empty());
}

}  // namespace
}  // namespace forces::ce
