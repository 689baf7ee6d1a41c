// Packets between ports and data channels; libtml is a fake, the port replays a capture.
#include "fe/redirect/redirector.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <fstream>

#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/packets.hpp"
#include "tests/support/sim/fake_tml.hpp"

namespace forces::fe {
namespace {

using dataplane::PacketClass;
using test::packet;
using Octets = std::vector<std::byte>;

constexpr std::uint32_t kMaster = 0x40000001, kBackup = 0x40000002, kFe = 2;
constexpr Instant kNow{std::chrono::seconds(1)};

std::string capture_of(const Octets& payload) {
  const std::string path = testing::TempDir() + "/redirect_" + std::to_string(::getpid());
  wire::ByteWriter w;
  w.bytes(test::hex("a1b2c3d4 00020004 00000000 00000000 0000ffff 00000065 0000000000000000"));
  w.u32(static_cast<std::uint32_t>(payload.size()));
  w.u32(static_cast<std::uint32_t>(payload.size()));
  w.bytes(payload);
  const auto file = std::move(w).finish().value();
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
  return path;
}

class RedirectorTest : public testing::Test {
 protected:
  void start(const Octets& payload, std::vector<dataplane::ClassConfig> classes = {},
             std::vector<PacketClass> selected = {PacketClass::Ospf, PacketClass::Rsvp}) {
    test::fake_tml() = {};
    const std::string path = capture_of(payload);
    std::vector<dataplane::PortConfig> ports{{.port_id = 7,
                                              .kind = dataplane::PortKind::Replay,
                                              .classes = std::move(selected),
                                              .membership = true,
                                              .capture = path,
                                              .replay_rate = 10'000}};
    redirector = std::make_unique<Redirector>(std::move(ports), classes);
    redirector->add_ce(kMaster);
    redirector->add_ce(kBackup);
    ASSERT_TRUE(redirector->open().empty());
    redirector->set_listener({[](void* user, std::uint32_t port, wire::Bytes octets, Instant) {
                                EXPECT_EQ(port, 7U);
                                static_cast<std::vector<Octets>*>(user)->emplace_back(
                                    octets.begin(), octets.end());
                              },
                              &heard});
    ASSERT_EQ(redirector->start(test::fake_context()), TML_SUCCESS);
    ::unlink(path.c_str());
  }
  void let_packets_come() {
    pollfd wait{test::fake_tml().watched.begin()->first, POLLIN, 0};
    ASSERT_EQ(::poll(&wait, 1, 5'000), 1);
    test::fake_tml().ready(wait.fd);
  }
  void receive(const Octets& octets, std::uint32_t ce = kMaster) {
    const tmlx_message m{octets.data(), octets.size()};
    redirector->on_messages(ce, &m, 1, kNow);
  }
  static Octets from_ce(std::uint32_t source, std::vector<pl::MetadataView> metadata,
                        const Octets& payload) {
    return pl::encode_redirect({{source}, {kFe}}, metadata, payload).value();
  }
  [[nodiscard]] const RedirectCounters& counters() const { return redirector->counters(); }

  std::unique_ptr<Redirector> redirector;
  std::vector<Octets> heard;  // by who keeps memberships
  const std::array<std::byte, 4> seven = pl::metadata_octets(7), nine = pl::metadata_octets(9);
  const pl::MetadataView index7{0x0e, seven}, index9{0x0e, nine}, phy7{0x01, seven};
};

TEST_F(RedirectorTest, APacketGoesToTheMasterWithPortReasonAndPriorityOfItsClass) {
  const Octets hello = packet({});
  start(hello);
  redirector->set_target(kFe, kMaster, 77);
  let_packets_come();
  ASSERT_FALSE(test::fake_tml().written.empty());
  const auto& written = test::fake_tml().written[0];
  EXPECT_EQ(written.channel, 77U);
  pl::RedirectReader reader(written.message);
  ASSERT_TRUE(reader.header());
  EXPECT_EQ(reader.header()->source.value, kFe);
  EXPECT_EQ(reader.header()->destination.value, kMaster);
  EXPECT_EQ(reader.header()->flags.priority(),
            dataplane::Policer::default_of(PacketClass::Ospf).priority);
  const auto redirect = reader.next();
  ASSERT_TRUE(redirect);
  EXPECT_EQ(redirect->metadata_u32(pl::MetadataId::PhyPortId), 7U);
  EXPECT_EQ(redirect->metadata_u32(pl::MetadataId::ExceptionId), 10U);  // DstAddressException
  EXPECT_EQ(Octets(redirect->packet()->begin(), redirect->packet()->end()), hello);
  EXPECT_EQ(counters().to_ce.get(), test::fake_tml().written.size());
  EXPECT_EQ(redirector->totals(kMaster).sent_packets, counters().to_ce.get());
}

TEST_F(RedirectorTest, RouterAlertIsTheReasonWhenThereIsOne) {
  start(packet({.protocol = 46, .options = test::hex("94040000")}));
  redirector->set_target(kFe, kMaster, 77);
  let_packets_come();
  ASSERT_FALSE(test::fake_tml().written.empty());
  pl::RedirectReader reader(test::fake_tml().written[0].message);
  EXPECT_EQ(reader.next()->metadata_u32(pl::MetadataId::ExceptionId), 6U);
}

TEST_F(RedirectorTest, WithoutAMasterNothingLeavesAndNoAllowanceIsUsed) {
  start(packet({}));
  let_packets_come();
  EXPECT_TRUE(test::fake_tml().written.empty());
  EXPECT_GE(counters().no_master.get(), 1U);
  EXPECT_EQ(redirector->policer().counters(PacketClass::Ospf).passed, 0U);
  redirector->set_target(kFe, kMaster, 0);
  let_packets_come();
  EXPECT_GE(counters().no_channel.get(), 1U);
}

TEST_F(RedirectorTest, WhoKeepsMembershipsHearsIgmpWhetherTheCeHasItOrNot) {
  const Octets report = packet({.protocol = 2});
  start(report);
  let_packets_come();
  ASSERT_FALSE(heard.empty()) << "without a master";
  EXPECT_EQ(heard[0], report);
  redirector->set_target(kFe, kMaster, 77);
  let_packets_come();
  EXPECT_TRUE(test::fake_tml().written.empty()) << "the CE has not asked for it";

  start(report, {}, {PacketClass::Igmp});
  redirector->set_target(kFe, kMaster, 77);
  heard.clear();
  let_packets_come();
  EXPECT_FALSE(heard.empty());
  EXPECT_EQ(test::fake_tml().written.size(), heard.size());
  EXPECT_EQ(redirector->policer().counters(PacketClass::Igmp).passed, heard.size())
      << "one allowance for both";

  start(report, {{PacketClass::Igmp, 1, 1, 4}}, {PacketClass::Igmp});
  redirector->set_target(kFe, kMaster, 77);
  heard.clear();
  for (int i = 0; i < 20; ++i) let_packets_come();
  EXPECT_LE(heard.size(), 5U) << "a flood is shed before either";
  EXPECT_EQ(test::fake_tml().written.size(), heard.size());

  start(packet({}));
  heard.clear();
  let_packets_come();
  EXPECT_TRUE(heard.empty()) << "OSPF is none of theirs";
}

TEST_F(RedirectorTest, WhatIsTheFesOwnLeavesByThePortThatIsNamed) {
  start(packet({}));
  EXPECT_TRUE(redirector->send(7, packet({}), kNow));
  EXPECT_EQ(redirector->ports()[0]->counters().sent.get(), 1U);
  EXPECT_FALSE(redirector->send(8, packet({}), kNow)) << "no such port";
}

TEST_F(RedirectorTest, AClassBeyondItsRateIsShedBeforeTheChannel) {
  start(packet({}), {{PacketClass::Ospf, 1, 1, 6}});
  redirector->set_target(kFe, kMaster, 77);
  for (int i = 0; i < 20; ++i) let_packets_come();
  EXPECT_EQ(test::fake_tml().written.size(), 1U);
  EXPECT_GE(redirector->policer().counters(PacketClass::Ospf).dropped, 10U);
}

struct Refusal {
  tml_status status;
  dataplane::Counter RedirectCounters::* counter;
};
TEST_F(RedirectorTest, CountsWhatTheChannelRefusesByReason) {
  for (const Refusal& r : {Refusal{TMLX_E_QUEUE_FULL, &RedirectCounters::queue_full},
                           Refusal{TMLX_E_TOO_BIG, &RedirectCounters::too_large},
                           Refusal{TMLX_E_CLOSED, &RedirectCounters::no_channel},
                           Refusal{TMLX_E_INTERNAL, &RedirectCounters::channel_error}}) {
    start(packet({}));
    redirector->set_target(kFe, kMaster, 77);
    test::fake_tml().status = r.status;
    let_packets_come();
    EXPECT_GE((counters().*r.counter).get(), 1U) << r.status;
    EXPECT_EQ(redirector->totals(kMaster).sent_errors, (counters().*r.counter).get());
  }
}

TEST_F(RedirectorTest, APacketOfTheMasterLeavesByThePortThatRedirectIndexNames) {
  start(packet({}));
  redirector->set_target(kFe, kMaster, 77);
  receive(from_ce(kMaster, {index7}, packet({})));
  EXPECT_EQ(counters().from_ce.get(), 1U);
  EXPECT_EQ(redirector->ports()[0]->counters().sent.get(), 1U);
  EXPECT_EQ(redirector->totals(kMaster).received_packets, 1U);
  EXPECT_EQ(redirector->totals(kMaster).received_at, kNow);
}

TEST_F(RedirectorTest, CountsWhatItRefusesFromACeByReason) {
  start(packet({}));
  redirector->set_target(kFe, kMaster, 77);
  receive(from_ce(kMaster, {phy7}, packet({})));
  EXPECT_EQ(counters().no_index.get(), 1U) << "RFC 6956 section 5.4.1.1";
  receive(from_ce(kMaster, {index9}, packet({})));
  EXPECT_EQ(counters().unknown_port.get(), 1U);
  receive(from_ce(kMaster, {index7}, {}));
  EXPECT_EQ(counters().no_packet.get(), 1U);
  receive(from_ce(kBackup, {index7}, packet({})), kBackup);
  EXPECT_EQ(counters().not_master.get(), 1U) << "RFC 7121 section 3.2";
  receive(from_ce(kBackup, {index7}, packet({})), kMaster);
  EXPECT_EQ(counters().wrong_source.get(), 1U);
  receive(test::hex("1006"));
  EXPECT_EQ(counters().malformed.get(), 1U);
  EXPECT_EQ(redirector->ports()[0]->counters().sent.get(), 0U);
}

TEST_F(RedirectorTest, EveryPrefixOfARedirectIsRefused) {
  start(packet({}));
  redirector->set_target(kFe, kMaster, 77);
  const Octets whole = from_ce(kMaster, {index7}, packet({}));
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    receive(Octets(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut)));
  }
  EXPECT_EQ(counters().malformed.get(), whole.size());
  EXPECT_EQ(redirector->ports()[0]->counters().sent.get(), 0U);
}

TEST_F(RedirectorTest, StopLetsGoOfItsPorts) {
  start(packet({}));
  EXPECT_EQ(test::fake_tml().watched.size(), 1U);
  redirector->stop();
  EXPECT_TRUE(test::fake_tml().watched.empty());
}

}  // namespace
}  // namespace forces::fe
