// RFC 5810 section 7.9: packets from a port of an FE to the CE's host stack, and back.
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <fstream>

#include "fe/dataplane/ports/arp.hpp"
#include "fe/dataplane/ports/socket.hpp"
#include "tests/e2e/association/pair.hpp"
#include "tests/support/netns.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/packets.hpp"

namespace forces::test {
namespace {

using fe::dataplane::ArpPacket;
using fe::dataplane::Fd;
using fe::dataplane::Mac;
using fe::dataplane::PacketClass;
using fe::dataplane::PortKind;
using Octets = std::vector<std::byte>;

constexpr std::uint32_t kOwn = 0x0a620001, kRouter = 0x0a620002;
constexpr Mac kRouterMac{std::byte{2}, std::byte{0}, std::byte{0},
                         std::byte{0}, std::byte{0}, std::byte{2}};

class Redirect : public testing::Test {
 protected:
  e2e::Pki pki;
  CePart ce{pki, pki.ce(kCe)};
  FePart fe{pki, pki.fe(1), 1};
};

std::string capture_of(const Octets& packet) {
  const std::string path = testing::TempDir() + "/e2e_" + std::to_string(::getpid()) + ".pcap";
  wire::ByteWriter w;
  w.bytes(hex("a1b2c3d4 00020004 00000000 00000000 0000ffff 00000065 0000000000000000"));
  w.u32(static_cast<std::uint32_t>(packet.size()));
  w.u32(static_cast<std::uint32_t>(packet.size()));
  w.bytes(packet);
  const auto file = std::move(w).finish().value();
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
  return path;
}

TEST_F(Redirect, PacketsOfAReplayedCaptureArriveAtTheirPort) {
  ce.config.fes = {{1, "one", {{7, "", "", 1500}}}};
  ce.start();
  fe.point_at(ce);
  const std::string path = capture_of(packet({}));
  fe.config.ports = {{.port_id = 7,
                      .kind = PortKind::Replay,
                      .classes = {PacketClass::Ospf},
                      .capture = path,
                      .replay_rate = 1'000}};
  fe.start();
  ASSERT_TRUE(eventually([&] {
    const auto shot = ce.fe(1);
    return shot && !shot->ports.empty() &&
           counter(shot->ports[0].counters, "redirect_drops", "no_device") > 100;
  }));
  const auto shot = fe.element->snapshot();
  EXPECT_GE(counter(shot.counters, "redirect_to_ce"), 100U);
  EXPECT_GE(shot.classes[static_cast<std::size_t>(PacketClass::Ospf)].passed, 100U);
  EXPECT_EQ(counter(ce.fe(1)->counters, "redirect_refused", "malformed"), 0U);
  EXPECT_EQ(counter(ce.fe(1)->counters, "redirect_refused", "unknown_port"), 0U);
  ::unlink(path.c_str());
}

TEST_F(Redirect, AFloodIsShedAtTheFeByItsClass) {
  ce.config.fes = {{1, "one", {{7, "", "", 1500}}}};
  ce.start();
  fe.point_at(ce);
  const std::string path = capture_of(packet({}));
  fe.config.ports = {{.port_id = 7,
                      .kind = PortKind::Replay,
                      .classes = {PacketClass::Ospf},
                      .capture = path,
                      .replay_rate = 10'000}};
  fe.config.classes = {{PacketClass::Ospf, 10, 10, 6}};
  fe.start();
  ASSERT_TRUE(eventually([&] {
    const auto shot = fe.element->snapshot();
    return shot.classes[static_cast<std::size_t>(PacketClass::Ospf)].dropped > 1'000;
  }));
  auto open_again = fe.config;  // a reload lifts the limit
  open_again.classes.clear();
  fe.element->reconfigure(open_again);
  ASSERT_TRUE(eventually([&] {
    const auto shot = fe.element->snapshot();
    return shot.classes[static_cast<std::size_t>(PacketClass::Ospf)].passed > 1'000;
  }));
  ::unlink(path.c_str());
}

// Three namespaces, all of this process: the CE's, with the TUN device; the FE's, with a veth pair
// whose far end the test speaks for; and one in which the two talk over loopback.
class RealPacket : public Redirect {
 protected:
  void SetUp() override {
    if (!enter_fresh_namespace()) GTEST_SKIP() << "needs root: network namespaces";
    const Fd meeting(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));

    ASSERT_TRUE(enter_fresh_namespace());
    ce.config.fes = {{1, "one", {{7, "fe1p7", "10.98.0.1/24", 1500}}}};
    ce.make();
    ASSERT_EQ(::setns(meeting.get(), CLONE_NEWNET), 0);
    ce.start();
    fe.point_at(ce);

    ASSERT_TRUE(enter_fresh_namespace());
    ASSERT_TRUE(run("ip link add port type veth peer name far"));
    ASSERT_TRUE(run("ip link set port up && ip link set far up"));
    fe.config.ports = {{.port_id = 7,
                        .kind = PortKind::Packet,
                        .interface = "port",
                        .address = "10.98.0.1/24",
                        .classes = {PacketClass::Arp, PacketClass::Icmp, PacketClass::Bgp}}};
    fe.make();
    far_ = Fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)));
    sockaddr_ll where{};
    where.sll_family = AF_PACKET;
    where.sll_protocol = htons(ETH_P_ALL);
    where.sll_ifindex = static_cast<int>(::if_nametoindex("far"));
    ASSERT_EQ(::bind(far_.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where), 0);
    const int ignore = 1;
    ::setsockopt(far_.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &ignore, sizeof ignore);

    ASSERT_EQ(::setns(meeting.get(), CLONE_NEWNET), 0);
    fe.start();
  }

  void send_frame(std::uint16_t type, std::span<const std::byte> payload) {
    Octets frame = hex("ffffffffffff 020000000002");
    frame.push_back(static_cast<std::byte>(type >> 8));
    frame.push_back(static_cast<std::byte>(type));
    frame.insert(frame.end(), payload.begin(), payload.end());
    ASSERT_EQ(::send(far_.get(), frame.data(), frame.size(), 0),
              static_cast<ssize_t>(frame.size()));
  }
  // The payload of the next frame of this type within a second.
  std::optional<Octets> receive_frame(std::uint16_t type) {
    const auto end = std::chrono::steady_clock::now() + 1s;
    while (std::chrono::steady_clock::now() < end) {
      pollfd wait{far_.get(), POLLIN, 0};
      if (::poll(&wait, 1, 100) <= 0) continue;
      Octets frame(65'536);
      const ssize_t got = ::recv(far_.get(), frame.data(), frame.size(), 0);
      if (got < 14) continue;
      frame.resize(static_cast<std::size_t>(got));
      const unsigned is = static_cast<unsigned>(frame[12]) << 8 | static_cast<unsigned>(frame[13]);
      if (is == type) return Octets(frame.begin() + 14, frame.end());
    }
    return std::nullopt;
  }

  Fd far_;
};

TEST_F(RealPacket, APingToAnFePortIsAnsweredByTheHostOfTheCe) {
  ASSERT_TRUE(eventually([&] { return ce.associated(1); }));
  const auto ask =
      fe::dataplane::encode_arp({ArpPacket::Operation::Request, kRouterMac, kRouter, Mac{}, kOwn});
  send_frame(ETH_P_ARP, ask);
  ASSERT_TRUE(receive_frame(ETH_P_ARP));  // the FE answers for the address of the CE

  const auto echo = packet({.source = kRouter,
                            .destination = kOwn,
                            .protocol = 1,
                            .ttl = 64,
                            .payload = hex("0800 e5ca 1234 0001")});
  std::optional<Octets> reply;
  ASSERT_TRUE(eventually([&] {
    send_frame(ETH_P_IP, echo);
    reply = receive_frame(ETH_P_IP);
    return reply.has_value();
  }));
  ASSERT_GE(reply->size(), 28U);
  EXPECT_EQ(to_hex(std::span(*reply).subspan(12, 8)), "0a6200010a620002");
  EXPECT_EQ((*reply)[20], std::byte{0}) << "echo reply";
  EXPECT_EQ(to_hex(std::span(*reply).subspan(24, 4)), "12340001");
}

}  // namespace
}  // namespace forces::test
