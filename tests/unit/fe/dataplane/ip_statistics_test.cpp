// Text of /proc/net as Linux 6 writes it.
#include "fe/dataplane/ip_statistics.hpp"

#include <gtest/gtest.h>

namespace forces::fe::dataplane {
namespace {

constexpr std::string_view kSnmp =
    "Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos\n"
    "Ip: 1 64 30216284 0 0 77 0\n"
    "Icmp: InMsgs InErrors\n"
    "Icmp: 5 6\n";
constexpr std::string_view kNetstat =
    "TcpExt: SyncookiesSent InNoRoutes\nTcpExt: 1 2\nIpExt: InNoRoutes InTruncatedPkts\nIpExt: 9 "
    "0\n";
constexpr std::string_view kSnmp6 =
    "Ip6InReceives                   \t12\nIp6InNoRoutes                   \t3\n"
    "Ip6OutForwDatagrams             \t4\nIcmp6InMsgs \t8\n";

TEST(IpStatistics, AreFoundByName) {
  EXPECT_EQ(ipv4_statistics(kSnmp, kNetstat), (IpStatistics{30216284, 77, 9}));
  EXPECT_EQ(ipv6_statistics(kSnmp6), (IpStatistics{12, 4, 3}));
}

TEST(IpStatistics, AreNoneWhenSomethingIsMissing) {
  EXPECT_FALSE(ipv4_statistics(kSnmp, ""));
  EXPECT_FALSE(ipv4_statistics("", kNetstat));
  EXPECT_FALSE(ipv6_statistics("Ip6InReceives 12\n"));
  for (const std::string_view bad :
       {"Ip:", "Ip: InReceives", "Ip: InReceives\nIp:", "Ip: InReceives\nIp: x",
        "Ip: InReceives\nIp: -1", "Ip: InReceives\nIp: 99999999999999999999",
        "Ip: InReceives\nIcmp: 5", "Ip: A InReceives\nIp: 1"}) {
    EXPECT_FALSE(column(bad, "Ip:", "InReceives")) << bad;
  }
  for (const std::string_view bad : {"", "a", "a \n", "a x", "ab 1"}) {
    EXPECT_FALSE(line(bad, "a")) << bad;
  }
}

}  // namespace
}  // namespace forces::fe::dataplane
