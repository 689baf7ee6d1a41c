// Ports on real interfaces: a veth pair in a namespace of this process's own, the far end spoken
// for by packet sockets of the test.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "fe/dataplane/port.hpp"
#include "fe/dataplane/ports/arp.hpp"
#include "fe/dataplane/ports/socket.hpp"
#include "proto/igmp/packet.hpp"
#include "tests/support/netns.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/packets.hpp"

namespace forces::fe::dataplane {
namespace {

using test::Ipv4;
using test::packet;
using Octets = std::vector<std::byte>;

// The kernel makes the route to an address of its own later, in a work queue.
constexpr const char* kLinkLocal =
    "ip addr add fe80::1/64 dev port nodad && timeout 20 sh -c "
    "'until ip -6 route show table local | grep -q \"^local fe80::1 dev port\"; do :; done'";
constexpr std::uint32_t kOwn = 0x0a620001, kNeighbor = 0x0a620002;

class Ports : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::enter_fresh_namespace()) GTEST_SKIP() << "needs root: a network namespace";
    ASSERT_TRUE(test::run("ip link add port type veth peer name far"));
    ASSERT_TRUE(test::run("ip link set port up && ip link set far up"));
    far_ = Fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL)));
    sockaddr_ll where{};
    where.sll_family = AF_PACKET;
    where.sll_protocol = htons(ETH_P_ALL);
    where.sll_ifindex = static_cast<int>(::if_nametoindex("far"));
    ASSERT_EQ(::bind(far_.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where), 0);
    const int ignore = 1;
    ::setsockopt(far_.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &ignore, sizeof ignore);
  }

  void open(PortConfig config) {
    config.interface = "port";
    port_ = make_port(std::move(config));
    ASSERT_EQ(port_->open(), "");
  }

  static PortConfig packet_port() {
    return {.port_id = 1,
            .kind = PortKind::Packet,
            .address = "10.98.0.1/24",
            .classes = {PacketClass::Arp, PacketClass::Bgp, PacketClass::Icmp, PacketClass::Ospf}};
  }
  static Mac far_mac() {
    return {std::byte{2}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{2}};
  }
  [[nodiscard]] std::string mac_of_port() const {
    ifreq request{};
    std::string("port").copy(request.ifr_name, IFNAMSIZ - 1);
    if (::ioctl(far_.get(), SIOCGIFHWADDR, &request) != 0) return {};
    return test::to_hex(std::as_bytes(std::span(request.ifr_hwaddr.sa_data).first(6)));
  }

  // From the far end, to the port's MAC or a group's.
  void send_from_far(std::uint16_t type, const Octets& payload, std::string destination = "") {
    Octets frame = test::hex(destination.empty() ? mac_of_port() : destination);
    const Octets source = test::hex("020000000002");
    frame.insert(frame.end(), source.begin(), source.end());
    frame.push_back(static_cast<std::byte>(type >> 8));
    frame.push_back(static_cast<std::byte>(type));
    frame.insert(frame.end(), payload.begin(), payload.end());
    ASSERT_EQ(::send(far_.get(), frame.data(), frame.size(), 0),
              static_cast<ssize_t>(frame.size()));
  }

  // The next packet for the control plane within five seconds, or nothing.
  std::optional<std::pair<Received, Octets>> receive(int wait_ms = 5'000) {
    for (;;) {
      std::vector<pollfd> waits;
      for (const int fd : port_->fds()) waits.push_back({fd, POLLIN, 0});
      if (::poll(waits.data(), waits.size(), wait_ms) <= 0) return std::nullopt;
      for (const pollfd& wait : waits) {
        if ((wait.revents & POLLIN) == 0) continue;
        Octets buffer(65'536);
        const Received received = port_->receive(wait.fd, buffer, now_);
        if (received.status != Received::Status::Packet) continue;
        buffer.resize(received.size);
        return std::pair(received, buffer);
      }
    }
  }

  // The next frame of that type at the far end.
  std::optional<Octets> at_far(std::uint16_t type) {
    for (;;) {
      pollfd wait{far_.get(), POLLIN, 0};
      if (::poll(&wait, 1, 5'000) <= 0) return std::nullopt;
      Octets frame(65'536);
      const ssize_t got = ::recv(far_.get(), frame.data(), frame.size(), 0);
      if (got < 14) continue;
      frame.resize(static_cast<std::size_t>(got));
      const auto got_type = static_cast<std::uint16_t>(static_cast<unsigned>(frame[12]) << 8 |
                                                       static_cast<unsigned>(frame[13]));
      if (got_type == type) return frame;
    }
  }

  Instant now_{std::chrono::seconds(1)};
  Fd far_;
  std::unique_ptr<Port> port_;
};

TEST_F(Ports, RawTakesOspfToItsGroupAndSendsItBack) {
  ASSERT_TRUE(test::run("ip addr add 10.98.0.1/24 dev port"));
  open({.port_id = 1, .kind = PortKind::Raw, .classes = {PacketClass::Ospf}});
  const Octets hello = packet({.payload = test::hex("02010004")});
  send_from_far(ETH_P_IP, hello, "01005e000005");
  const auto got = receive();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->first.what.packet_class, PacketClass::Ospf);
  EXPECT_EQ(got->second, hello);

  EXPECT_TRUE(port_->send(packet({.source = kOwn, .payload = test::hex("02010004")}), now_));
  const auto frame = at_far(ETH_P_IP);
  ASSERT_TRUE(frame);
  EXPECT_EQ(test::to_hex(std::span(*frame).first(6)), "01005e000005");
  EXPECT_EQ(static_cast<int>((*frame)[14 + 8]), 1) << "TTL is the control plane's";
  EXPECT_FALSE(receive(50)) << "what we send does not come back";
}

Octets membership(const igmp::Address& source, const igmp::Address& group) {
  wire::ByteWriter w;
  igmp::encode_packet(
      {.source = source, .destination = group, .message = igmp::Report{igmp::Version::V2, group}},
      w);
  return std::move(w).finish().value();
}

TEST_F(Ports, RawHandsOverMembershipThatNobodyHasSelected) {
  using igmp::Address;
  ASSERT_TRUE(test::run(kLinkLocal));
  open({.port_id = 1, .kind = PortKind::Raw, .classes = {}, .membership = true});
  const Octets report = membership(Address::ipv4(kNeighbor), Address::ipv4(0xef010101));
  send_from_far(ETH_P_IP, packet({.payload = test::hex("02010004")}), "01005e000005");
  send_from_far(ETH_P_IP, report, "01005e010101");
  auto got = receive();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->first.what.packet_class, PacketClass::Igmp);
  EXPECT_EQ(got->second, report);

  Address us = Address::zero(igmp::Family::Ipv6), group = us;
  us.octets[0] = std::byte{0xfe};
  us.octets[1] = std::byte{0x80};
  us.octets[15] = std::byte{2};
  group.octets[0] = std::byte{0xff};
  group.octets[1] = std::byte{0x1e};
  group.octets[15] = std::byte{1};
  const Octets mld = membership(us, group);
  Octets neighbor = mld;  // a Neighbor Solicitation: none of ours
  neighbor[48] = std::byte{135};
  send_from_far(ETH_P_IPV6, neighbor, "33330000 0001");
  send_from_far(ETH_P_IPV6, mld, "33330000 0001");
  do {  // the far end's kernel says what it is in as well
    got = receive();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->first.what.packet_class, PacketClass::Igmp);
  } while (got->second != mld);
  EXPECT_TRUE(port_->send(mld, now_)) << "queries leave likewise";
  EXPECT_EQ(port_->counters().not_selected.get(), 0U) << "the filter lets nothing else in";
}

TEST_F(Ports, PacketHandsOverIgmpThatNobodyHasSelected) {
  PortConfig config = packet_port();
  config.membership = true;
  open(config);
  const Octets report = membership(igmp::Address::ipv4(kNeighbor), igmp::Address::ipv4(0xef010101));
  send_from_far(ETH_P_IP, report, "01005e010101");
  const auto got = receive();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->second, report);
}

// RFC 5340 appendix A.1: to AllSPFRouters, from a link-local address.
TEST_F(Ports, RawTakesOspfv3ToItsGroupAndSendsItBack) {
  ASSERT_TRUE(test::run(kLinkLocal));
  open({.port_id = 1, .kind = PortKind::Raw, .classes = {PacketClass::Ospf}});
  const auto hello = [](const char* source, const char* destination) {
    return test::hex(std::string("6c000000 0010 59 01") + source + destination +
                     "0301001000000001 0000000000000000");
  };
  const char* const us = "fe800000000000000000000000000001";
  const char* const far = "fe800000000000000000000000000002";
  const char* const group = "ff020000000000000000000000000005";
  const Octets came = hello(far, group);
  send_from_far(ETH_P_IPV6, came, "333300000005");
  const auto got = receive();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->first.what.packet_class, PacketClass::Ospf);
  EXPECT_EQ(test::to_hex(got->second), test::to_hex(came)) << "with traffic class and hop limit";
  // To the port itself, and to somebody else behind it.
  const Octets to_us = hello(far, us);
  send_from_far(ETH_P_IPV6, hello(far, "20010db8000000000000000000000009"));
  send_from_far(ETH_P_IPV6, to_us);
  const auto second = receive();
  ASSERT_TRUE(second);
  EXPECT_EQ(test::to_hex(second->second), test::to_hex(to_us));

  EXPECT_TRUE(port_->send(hello(us, group), now_));
  std::optional<Octets> frame;
  do {  // the kernel has things to say in IPv6, too
    frame = at_far(ETH_P_IPV6);
    ASSERT_TRUE(frame);
  } while ((*frame)[14 + 6] != std::byte{89});
  EXPECT_EQ(test::to_hex(std::span(*frame).first(6)), "333300000005");
  EXPECT_EQ(test::to_hex(std::span(*frame).subspan(14)), test::to_hex(hello(us, group)));
  EXPECT_FALSE(receive(50)) << "what we send does not come back";
}

// The first has IPv6, for now without an address; a link of less than 1,280 octets has none at all.
TEST_F(Ports, RawDoesWithoutIpv6WhereTheInterfaceHasNone) {
  for (const char* without : {"echo 1 > /proc/sys/net/ipv6/conf/port/disable_ipv6",
                              "ip link set port mtu 1000 && ip link set far mtu 1000"}) {
    ASSERT_TRUE(test::run(without));
    open({.port_id = 1, .kind = PortKind::Raw, .classes = {PacketClass::Ospf}});
    EXPECT_FALSE(port_->send(test::hex("60000000 0000 59 01" + std::string(64, '0')), now_));
    EXPECT_EQ(port_->counters().send_error.get(), 1U);
    const Octets hello = packet({.payload = test::hex("02010004")});
    send_from_far(ETH_P_IP, hello, "01005e000005");
    const auto got = receive();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->second, hello);
  }
  EXPECT_EQ(port_->fds().size(), 1U);
}

TEST_F(Ports, RawTakesIgmpOfGroupsNobodyJoined) {
  ASSERT_TRUE(test::run("ip addr add 10.98.0.1/24 dev port"));
  open({.port_id = 1, .kind = PortKind::Raw, .classes = {PacketClass::Igmp}});
  const Octets report = packet({.destination = 0xefc80001,
                                .protocol = 2,
                                .payload = test::hex("1600f9fdefc80001"),
                                .options = test::hex("94040000")});
  send_from_far(ETH_P_IP, report, "01005e480001");
  const auto got = receive();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->first.what, (Classified{PacketClass::Igmp, true}));
}

TEST_F(Ports, RawLeavesEchoRequestsToTheKernelAndTakesReplies) {
  ASSERT_TRUE(test::run("ip addr add 10.98.0.1/24 dev port"));
  ASSERT_TRUE(test::run("ip neigh add 10.98.0.2 lladdr 02:00:00:00:00:02 dev port"));
  open({.port_id = 1, .kind = PortKind::Raw, .classes = {PacketClass::Icmp}});
  send_from_far(ETH_P_IP, packet({.destination = kOwn,
                                  .protocol = 1,
                                  .ttl = 64,
                                  .payload = test::hex("0800f7ff00000000")}));
  send_from_far(ETH_P_IP, packet({.destination = kOwn,
                                  .protocol = 1,
                                  .ttl = 64,
                                  .payload = test::hex("0000ffff00000000")}));
  const auto got = receive();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->second[20], std::byte{0}) << "an echo reply";
}

TEST_F(Ports, RawRefusesClassesThatTheKernelWouldAnswer) {
  const auto port = make_port(
      {.port_id = 1, .kind = PortKind::Raw, .interface = "port", .classes = {PacketClass::Bgp}});
  EXPECT_EQ(port->open(), "class bgp needs a port of kind packet");
}

TEST_F(Ports, PacketAnswersArpForItsAddressOnly) {
  open(packet_port());
  const auto request = [](std::uint32_t target) {
    const auto octets =
        encode_arp({ArpPacket::Operation::Request, far_mac(), kNeighbor, Mac{}, target});
    return Octets(octets.begin(), octets.end());
  };
  send_from_far(ETH_P_ARP, request(kOwn + 8));
  send_from_far(ETH_P_ARP, request(kOwn));
  EXPECT_FALSE(receive(100)) << "ARP is not for the CE";
  const auto frame = at_far(ETH_P_ARP);
  ASSERT_TRUE(frame);
  const auto reply = decode_arp(std::span(*frame).subspan(14));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->operation, ArpPacket::Operation::Reply);
  EXPECT_EQ(reply->sender_ip, kOwn);
  EXPECT_EQ(reply->target_ip, kNeighbor);
  EXPECT_EQ(port_->counters().arp_answered.get(), 1U);
}

TEST_F(Ports, PacketTakesBgpAndPingToItselfAndNothingInTransit) {
  open(packet_port());
  const auto tcp = test::hex("c00000b3 00000000 00000000 50020000 00000000");
  send_from_far(ETH_P_IP, packet({.destination = 0x0a630001, .protocol = 6, .payload = tcp}));
  send_from_far(ETH_P_IP, packet({.destination = kOwn, .protocol = 6, .payload = tcp}));
  const auto got = receive();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->first.what.packet_class, PacketClass::Bgp);
  EXPECT_EQ(got->second[19], std::byte{1}) << "not the one in transit";
  send_from_far(
      ETH_P_IP,
      packet({.destination = kOwn, .protocol = 17, .payload = test::hex("0035003500080000")}));
  EXPECT_FALSE(receive(100));
  EXPECT_EQ(port_->counters().not_selected.get(), 1U) << "DNS was not asked for";
}

TEST_F(Ports, PacketAsksForAnUnknownNeighborAndThenReachesIt) {
  open(packet_port());
  const Octets ping = packet({.source = kOwn, .destination = kNeighbor, .protocol = 1});
  EXPECT_FALSE(port_->send(ping, now_));
  EXPECT_EQ(port_->counters().no_neighbor.get(), 1U);
  ASSERT_TRUE(at_far(ETH_P_ARP));
  const auto reply = encode_arp({ArpPacket::Operation::Reply, far_mac(), kNeighbor, Mac{}, kOwn});
  send_from_far(ETH_P_ARP, Octets(reply.begin(), reply.end()));
  EXPECT_FALSE(receive(200));
  EXPECT_TRUE(port_->send(ping, now_));
  const auto frame = at_far(ETH_P_IP);
  ASSERT_TRUE(frame);
  EXPECT_EQ(test::to_hex(std::span(*frame).first(6)), "020000000002");
}

TEST_F(Ports, PacketSendsToGroupsAndNotBeyondItsLink) {
  open(packet_port());
  EXPECT_TRUE(port_->send(packet({.source = kOwn}), now_));
  const auto frame = at_far(ETH_P_IP);
  ASSERT_TRUE(frame);
  EXPECT_EQ(test::to_hex(std::span(*frame).first(6)), "01005e000005");
  EXPECT_FALSE(port_->send(packet({.source = kOwn, .destination = 0x0a630001}), now_));
  EXPECT_EQ(port_->counters().off_link.get(), 1U);
}

// A control channel with one other end: RSVP on its way to others comes to the CE as well.
TEST_F(Ports, PacketWithoutAPrefixHasOneOtherEndAndTakesRsvpForWhomever) {
  auto config = packet_port();
  config.address = "10.98.0.1/32";
  config.classes = {PacketClass::Rsvp};
  open(config);
  EXPECT_TRUE(
      port_->send(packet({.source = kOwn, .destination = 0x0a630001, .protocol = 46}), now_));
  const auto frame = at_far(ETH_P_IP);
  ASSERT_TRUE(frame) << "without ARP";
  EXPECT_EQ(test::to_hex(std::span(*frame).first(6)), "ffffffffffff");
  send_from_far(ETH_P_IP, packet({.destination = 0x0a630002, .protocol = 89}));
  send_from_far(ETH_P_IP, packet({.destination = 0x0a630001, .protocol = 46}), "ffffffffffff");
  const auto got = receive();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->first.what.packet_class, PacketClass::Rsvp);
  EXPECT_FALSE(receive(100)) << "of others nothing";
}

}  // namespace
}  // namespace forces::fe::dataplane
