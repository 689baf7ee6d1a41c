// Packets of the kernel and frames of other FEs in, who gets copies out.
#include "fe/dataplane/multicast/endpoints.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

#include "tests/support/octets/hex.hpp"

namespace forces::fe::dataplane::multicast {
namespace {

using forces::test::hex;
using forces::test::to_hex;

// 239.1.1.<last> from 10.1.0.2, 4 octets of UDP payload short of anything.
std::vector<std::byte> packet4(std::uint8_t last, std::string_view first_octets = "4500001c") {
  auto out =
      hex(std::string(first_octets) + "00000000 04110000 0a010002 ef010100 1388138800080000");
  out[19] = std::byte{last};
  return out;
}
std::vector<std::byte> packet6() {
  return hex(
      "60000000 0008 11 04 20010db8000100000000000000000002"
      "ff1e0000000000000000000000000001 1388138800080000");
}
Address group4(std::uint8_t last) { return {Family::Ipv4, {239, 1, 1, last}}; }
Address group6() {
  Address out{Family::Ipv6, {0xff, 0x1e}};
  out.octets[15] = 1;
  return out;
}
constexpr Endpoint kB{0x0a000002, 5000}, kC{0x0a000003, 5000}, kMcs{0x0a000002, 5001};

CopyRow one(std::uint8_t last, const Endpoint& to) { return {group4(last), group4(last), to}; }
CopyRow range(std::uint8_t first, std::uint8_t last, const Endpoint& to) {
  return {group4(first), group4(last), to};
}
std::vector<std::byte> frame(const FrameHeader& header, Bytes packet) {
  std::vector<std::byte> out(header.begin(), header.end());
  out.insert(out.end(), packet.begin(), packet.end());
  return out;
}
// "2:5000 3:5000", the last octets of addresses; or why it was dropped.
std::string text(const Verdict& v) {
  if (v.drop) return std::string(to_string(*v.drop));
  if (!v.deliver.empty()) return "deliver " + std::to_string(v.deliver.size());
  std::string out;
  for (const Endpoint& e : v.copies) {
    if (!out.empty()) out.append(" ");
    out.append(std::to_string(e.address & 0xff)).append(":").append(std::to_string(e.port));
  }
  return out;
}

class MulticastEndpoints : public testing::Test {
 protected:
  MulticastEndpoints() {
    endpoints.set_cmi(Family::Ipv4, 7);
    endpoints.set_cmi(Family::Ipv6, 8);
    endpoints.set_peer(0, kB);
  }
  std::string sent(std::uint8_t last) { return text(endpoints.on_packet(packet4(last))); }
  // A frame of the cluster member `cmi`.
  std::string heard(std::uint16_t cmi, Bytes packet, bool at_server = false, Endpoint from = kB,
                    Family family = Family::Ipv4) {
    Endpoints sender;
    sender.set_cmi(family, cmi);
    const std::string head = "aaaa0300005e0001" +
                             to_hex(std::array{std::byte(cmi >> 8), std::byte(cmi & 0xff)}) +
                             (family == Family::Ipv4 ? "0800" : "86dd");
    auto octets = hex(head);
    octets.insert(octets.end(), packet.begin(), packet.end());
    return text(endpoints.on_frame(from, at_server, octets));
  }
  Endpoints endpoints;
};

TEST_F(MulticastEndpoints, APacketGoesToThoseOfItsGroup) {
  endpoints.set_copy(Family::Ipv4, 0, one(1, kB));
  endpoints.set_copy(Family::Ipv4, 9, one(1, kC));
  endpoints.set_copy(Family::Ipv4, 2, one(2, kC));
  EXPECT_EQ(sent(1), "2:5000 3:5000");
  EXPECT_EQ(sent(2), "3:5000");
  EXPECT_EQ(sent(3), "no_copies");
  endpoints.set_copy(Family::Ipv4, 0, std::nullopt);
  EXPECT_EQ(sent(1), "3:5000");
  endpoints.set_copy(Family::Ipv4, 9, one(3, kB));
  EXPECT_EQ(sent(1), "no_copies");
  EXPECT_EQ(sent(3), "2:5000");
  EXPECT_EQ(endpoints.dropped(Drop::NoCopies), 2U);
}

TEST_F(MulticastEndpoints, RangesCountWhereTheGroupHasNoRow) {
  endpoints.set_copy(Family::Ipv4, 0, range(1, 9, kB));
  endpoints.set_copy(Family::Ipv4, 1, range(5, 20, kC));
  endpoints.set_copy(Family::Ipv4, 2, range(0, 255, kB));
  EXPECT_EQ(sent(1), "2:5000") << "each once";
  EXPECT_EQ(sent(5), "2:5000 3:5000");
  endpoints.set_copy(Family::Ipv4, 3, one(5, kMcs));
  EXPECT_EQ(sent(5), "2:5001") << "the MCS alone";
  endpoints.set_copy(Family::Ipv4, 3, std::nullopt);
  endpoints.set_copy(Family::Ipv4, 2, std::nullopt);
  EXPECT_EQ(sent(5), "2:5000 3:5000");
  EXPECT_EQ(sent(21), "no_copies");
}

// RFC 2022 section 5.5.1.
TEST_F(MulticastEndpoints, AFrameIsAPacketBehindItsHeader) {
  endpoints.set_copy(Family::Ipv4, 0, one(1, kB));
  endpoints.set_copy(Family::Ipv6, 0, CopyRow{group6(), group6(), kC});
  Verdict v = endpoints.on_packet(packet4(1));
  ASSERT_NE(v.header, nullptr);
  EXPECT_EQ(to_hex(*v.header), "aaaa0300005e000100070800");
  v = endpoints.on_packet(packet6());
  ASSERT_NE(v.header, nullptr);
  EXPECT_EQ(to_hex(*v.header), "aaaa0300005e0001000886dd");
  EXPECT_EQ(text(v), "3:5000");
}

TEST_F(MulticastEndpoints, WhoIsNoMemberSendsNothing) {
  endpoints.set_copy(Family::Ipv4, 0, one(1, kB));
  endpoints.set_cmi(Family::Ipv4, 0);
  EXPECT_EQ(sent(1), "no_cmi");
}

TEST_F(MulticastEndpoints, FramesOfPeersAreForTheKernel) {
  EXPECT_EQ(heard(9, packet4(1)), "deliver 28") << "whatever rows there are: its routes decide";
  EXPECT_EQ(heard(9, packet6(), false, kB, Family::Ipv6), "deliver 48");
  EXPECT_EQ(heard(9, packet4(1), false, kC), "not_a_peer");
  EXPECT_EQ(heard(9, packet4(1), false, {kB.address, 5001}), "not_a_peer") << "another port";
  endpoints.set_peer(0, std::nullopt);
  EXPECT_EQ(heard(9, packet4(1)), "not_a_peer");
  EXPECT_EQ(endpoints.received(), 2U);
}

TEST_F(MulticastEndpoints, OnesOwnPacketsAreDroppedWhenAnMcsGivesThemBack) {
  EXPECT_EQ(heard(7, packet4(1)), "own");
  EXPECT_EQ(heard(8, packet4(1)), "deliver 28") << "the other protocol's CMI";
  EXPECT_EQ(heard(8, packet6(), false, kB, Family::Ipv6), "own");
  endpoints.set_cmi(Family::Ipv4, 0);
  EXPECT_EQ(heard(0, packet4(1)), "deliver 28") << "0 is no CMI";
}

// It registered with another server while its packets were on their way to the MCS and back.
TEST_F(MulticastEndpoints, AlsoThoseWithTheCmiBeforeUntilThatIsOver) {
  endpoints.set_cmi(Family::Ipv4, 70);
  endpoints.set_cmi(Family::Ipv4, 70);
  EXPECT_EQ(heard(7, packet4(1)), "own");
  EXPECT_EQ(heard(70, packet4(1)), "own");
  endpoints.end_earlier_cmis();
  EXPECT_EQ(heard(7, packet4(1)), "deliver 28") << "it may be given out again";
  EXPECT_EQ(heard(70, packet4(1)), "own");
}

// RFC 2022 section 5.5.2.
TEST_F(MulticastEndpoints, TypeTwoIsAlwaysTaken) {
  auto octets = hex("aaaa0300005e0004 0000000000000007 08000000");
  const auto packet = packet4(1);
  octets.insert(octets.end(), packet.begin(), packet.end());
  EXPECT_EQ(text(endpoints.on_frame(kB, false, octets)), "deliver 28");
}

TEST_F(MulticastEndpoints, AnMcsHandsOnWhatItServesAsItIs) {
  endpoints.set_served(Family::Ipv4, 0, one(1, kB));
  endpoints.set_served(Family::Ipv4, 1, one(1, kC));
  endpoints.set_copy(Family::Ipv4, 0, one(2, kC));
  EXPECT_EQ(heard(9, packet4(1), true), "2:5000 3:5000") << "to its sender too";
  EXPECT_EQ(heard(7, packet4(1), true), "2:5000 3:5000") << "of the member beside it";
  EXPECT_EQ(heard(9, packet4(2), true), "not_served") << "rows of the member are not its own";
  EXPECT_EQ(heard(9, packet4(1), true, kC), "not_a_peer");
  EXPECT_EQ(heard(9, packet4(1)), "deliver 28") << "at the member's endpoint nothing is copied";
  const auto octets = frame(
      *[this] {
        endpoints.set_copy(Family::Ipv4, 9, one(1, kB));
        return endpoints.on_packet(packet4(1)).header;
      }(),
      packet4(1));
  EXPECT_EQ(endpoints.on_frame(kB, true, octets).header, nullptr);
}

TEST_F(MulticastEndpoints, WhatIsNoFrameIsDropped) {
  struct Case {
    const char* octets;
    const char* want;
  };
  const std::string good = to_hex(packet4(1));
  for (const auto& [head, want] : {Case{"aaaa0300005e00010009", "malformed"},      // no protocol
                                   Case{"aaaa0300005e000100090806", "malformed"},  // ARP
                                   Case{"aaaa0300005e000300090800", "malformed"},  // MARS control
                                   Case{"aaaa0300005f000100090800", "malformed"},
                                   Case{"aaab0300005e000100090800", "malformed"},
                                   Case{"aaaa0300005e0001000986dd", "malformed"},  // IPv4 in IPv6
                                   Case{"aaaa0300005e000100090080", "malformed"},
                                   Case{"aaaa0300005e000100090800", "deliver 28"}}) {
    EXPECT_EQ(text(endpoints.on_frame(kB, false, hex(head + good))), want) << head;
  }
  EXPECT_EQ(heard(9, packet4(1, "4500001d")), "malformed") << "longer than it is";
  EXPECT_EQ(heard(9, packet4(1, "4400001c")), "malformed") << "a header of 16 octets";
  EXPECT_EQ(heard(9, packet4(1, "6500001c")), "malformed");
  EXPECT_EQ(heard(9, hex("4500001c 00000000 04110000 0a010002 0a020002 1388138800080000")),
            "malformed")
      << "not to a group";
  EXPECT_EQ(heard(9, hex("4500001c 00000000 04110000 0a010002 e0000005 1388138800080000")),
            "not_forwarded");
  EXPECT_EQ(text(endpoints.on_packet(hex("4500"))), "malformed");
  EXPECT_EQ(text(endpoints.on_packet({})), "malformed");
}

TEST_F(MulticastEndpoints, EveryPrefixOfAFrameIsDropped) {
  auto octets = hex("aaaa0300005e000100090800");
  const auto packet = packet4(1);
  octets.insert(octets.end(), packet.begin(), packet.end());
  for (std::size_t n = 0; n < octets.size(); ++n) {
    EXPECT_EQ(text(endpoints.on_frame(kB, false, Bytes(octets).first(n))), "malformed") << n;
  }
}

TEST_F(MulticastEndpoints, ADisabledFeCarriesNothing) {
  endpoints.set_copy(Family::Ipv4, 0, one(1, kB));
  endpoints.enable(false);
  EXPECT_EQ(sent(1), "disabled");
  EXPECT_EQ(heard(9, packet4(1)), "disabled");
  endpoints.enable(true);
  EXPECT_EQ(sent(1), "2:5000");
}

TEST(MulticastCopyTable, AnyOrderOfRowsEndsAsTheRowsSay) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned n) { return static_cast<std::uint8_t>(random() % n); };
    CopyTable table;
    std::map<std::uint32_t, CopyRow> rows;
    for (int step = 0; step < 300; ++step) {
      const std::uint32_t index = below(12);
      const std::uint8_t first = below(6);
      const std::uint8_t last = below(2) == 0 ? first : static_cast<std::uint8_t>(first + below(4));
      const CopyRow row = range(first, last, {below(3), 1});
      bool there = false;  // content is a key of the table
      for (const auto& [at, other] : rows) there = there || (at != index && other == row);
      if (below(3) == 0) {
        table.set(index, std::nullopt);
        rows.erase(index);
      } else if (!there) {
        table.set(index, row);
        rows[index] = row;
      }
      for (std::uint8_t last_octet = 0; last_octet < 10; ++last_octet) {
        const Address group = group4(last_octet);
        std::set<Endpoint> alone, around;
        for (const auto& [at, r] : rows) {
          if (r.first > group || group > r.last) continue;
          (r.first == r.last ? alone : around).insert(r.to);
        }
        const auto found = table.find(group);
        const std::set<Endpoint> got(found.begin(), found.end());
        ASSERT_EQ(got.size(), found.size()) << "each once, seed " << seed;
        ASSERT_EQ(got, alone.empty() ? around : alone) << "seed " << seed << " step " << step;
      }
    }
    EXPECT_EQ(table.size(), rows.size());
  }
}

}  // namespace
}  // namespace forces::fe::dataplane::multicast
