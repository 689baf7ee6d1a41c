#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <fstream>

#include "fe/dataplane/ports/replay_port.hpp"
#include "tests/support/octets/hex.hpp"

namespace forces::fe::dataplane {
namespace {

using test::hex;

constexpr std::string_view kOspf = "45c00014 00000000 01590000 0a620002 e0000005";
std::string record(std::string_view size, std::string_view octets) {
  return "00000000 00000000 " + std::string(size) + " " + std::string(size) + " " +
         std::string(octets);
}
const std::string kLittle = "d4c3b2a1 02000400 00000000 00000000 ffff0000 01000000 ";
const std::string kBig = "a1b2c3d4 00020004 00000000 00000000 0000ffff 00000065 ";
const std::string kEthernet = "01005e000005 020000000001 0800 ";

TEST(Capture, TakesIpFromEthernetFrames) {
  const auto packets =
      decode_capture(hex(kLittle + record("22000000", kEthernet + std::string(kOspf)) +
                         record("10000000", "ffffffffffff 020000000001 0806 0001")));
  ASSERT_TRUE(packets);
  ASSERT_EQ(packets->size(), 1U);  // ARP is no IP packet
  EXPECT_EQ(packets->front(), hex(kOspf));
}

TEST(Capture, TakesRawIpOfTheOtherByteOrder) {
  const auto packets = decode_capture(hex(kBig + record("00000014", kOspf)));
  ASSERT_TRUE(packets);
  EXPECT_EQ(packets->front(), hex(kOspf));
}

TEST(Capture, RefusesWhatItCannotRead) {
  EXPECT_EQ(decode_capture(hex("00")).error().code, Errc::Truncated);
  EXPECT_EQ(decode_capture(hex("0a0d0d0a" + kLittle.substr(8))).error().code, Errc::UnknownType);
  const std::string link = "a1b2c3d4 00020004 00000000 00000000 0000ffff 00000069 ";
  EXPECT_EQ(decode_capture(hex(link)).error().field, "pcap.link");
  EXPECT_EQ(decode_capture(hex(kBig + record("00000015", kOspf))).error().code, Errc::Truncated);
}

TEST(ReplayPort, DeliversItsPacketsAgainAndAgainAndCountsWhatIsSent) {
  const std::string path = testing::TempDir() + "/replay_" + std::to_string(::getpid()) + ".pcap";
  const auto file = hex(kBig + record("00000014", kOspf));
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
  PortConfig config;
  config.kind = PortKind::Replay;
  config.capture = path;
  config.replay_rate = 10'000;
  const auto port = make_port(config);
  ASSERT_EQ(port->open(), "");
  std::array<std::byte, 2048> buffer{};
  int got = 0;
  while (got < 5) {
    pollfd wait{port->fds()[0], POLLIN, 0};
    ASSERT_EQ(::poll(&wait, 1, 5'000), 1);
    const Received received = port->receive(wait.fd, buffer, Instant{});
    if (received.status != Received::Status::Packet) continue;
    EXPECT_EQ(received.what.packet_class, PacketClass::Ospf);
    EXPECT_EQ(received.size, 20U);
    ++got;
  }
  EXPECT_EQ(port->counters().received.get(), 5U);
  EXPECT_TRUE(port->send(hex(kOspf), Instant{}));
  EXPECT_EQ(port->counters().sent.get(), 1U);
  ::unlink(path.c_str());
}

TEST(ReplayPort, SaysWhyItCannotOpen) {
  PortConfig config;
  config.kind = PortKind::Replay;
  config.capture = "/nonexistent.pcap";
  EXPECT_NE(make_port(config)->open().find("/nonexistent.pcap"), std::string::npos);
}

}  // namespace
}  // namespace forces::fe::dataplane
