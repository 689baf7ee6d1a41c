// VCs of MARS messages with FEs: there while an association is, and of no other one.
#include <gtest/gtest.h>

#include "ce/association/core/controller_core.hpp"
#include "proto/pl/association.hpp"
#include "tests/support/octets/hex.hpp"

namespace forces::ce {
namespace {

using namespace std::chrono_literals;
using test::hex;
using test::to_hex;

constexpr pl::ForcesId kCe{0x40000001};
constexpr Instant kNow{1s};
constexpr std::string_view kSdu = "aaaa0300005e0003 0102";

class Vcs : public testing::Test {
 protected:
  Vcs() {
    ControllerConfig c;
    c.fes = {{2, "two", {}}, {3, "three", {}}};
    c.heartbeat.configure_fe = false;
    core.emplace(c);
    core->carry_vcs(true);
  }
  void associate(std::uint32_t fe, std::uint64_t channel) {
    core->on_control_up(fe, channel, kNow);
    setup(fe, channel);
  }
  void setup(std::uint32_t fe, std::uint64_t channel) {
    core->on_message(channel, pl::encode_association_setup({fe}, kCe, 9).value(), kNow);
    drain();
  }
  void say(std::uint64_t channel, std::uint32_t fe, pl::VcKind kind = pl::VcKind::PointToPoint) {
    core->on_message(channel, pl::encode_vc({fe}, kCe, kind, hex(kSdu)).value(), kNow);
    drain();
  }
  // "up 2 1", "down 2 1", "2 1 <octets>"; what is sent on a VC: "to 2 ccvc <octets>".
  void drain() {
    while (auto output = core->poll_output()) {
      std::visit(
          Overloaded{[&](const VcChanged& vc) {
                       told.push_back(std::string(vc.up ? "up " : "down ") + ids(vc));
                     },
                     [&](const VcReceived& vc) { told.push_back(ids(vc) + ' ' + to_hex(vc.sdu)); },
                     [&](const SendMessage& send) {
                       const auto vc = pl::decode_vc(send.octets);
                       if (!vc) return;
                       told.push_back("to " + std::to_string(send.fe_id) + ' ' +
                                      std::string(pl::to_string(vc->kind)) + ' ' + to_hex(vc->sdu));
                     },
                     [](const auto&) {}},
          *output);
    }
  }
  template <class E>
  static std::string ids(const E& vc) {
    return std::to_string(vc.fe_id) + ' ' + std::to_string(vc.vc);
  }
  std::vector<std::string> news() { return std::exchange(told, {}); }
  std::uint64_t dropped(std::uint32_t fe, std::string_view reason) {
    for (const auto& f : core->snapshot(kNow).fes) {
      if (f.fe_id != fe) continue;
      for (const auto& s : f.counters) {
        if (s.name == "pl_drops" && s.reason == reason) return s.value;
      }
    }
    return 0;
  }
  using News = std::vector<std::string>;

  std::optional<ControllerCore> core;
  std::vector<std::string> told;
  const std::string octets = to_hex(hex(kSdu));
};

TEST_F(Vcs, EveryAssociationIsAnother) {
  associate(2, 77);
  associate(3, 78);
  EXPECT_EQ(news(), (News{"up 2 1", "up 3 2"}));
  setup(2, 77);  // it has started again
  EXPECT_EQ(news(), (News{"down 2 1", "up 2 3"}));
  core->on_message(
      78, pl::encode_association_teardown({3}, kCe, pl::TeardownReason::Normal).value(), kNow);
  drain();
  EXPECT_EQ(news(), (News{"down 3 2"}));
}

TEST_F(Vcs, AShortLossOfTheChannelEndsNoneALongOneDoes) {
  associate(2, 77);
  core->on_control_down(2, 77, kNow);
  drain();
  EXPECT_EQ(news(), (News{"up 2 1"}));
  const VcOfFe vc{2, 1};
  EXPECT_EQ(core->send_vc({&vc, 1}, pl::VcKind::Cluster, hex(kSdu), kNow), 0U);
  core->on_control_up(2, 79, kNow);
  EXPECT_EQ(core->send_vc({&vc, 1}, pl::VcKind::Cluster, hex(kSdu), kNow), 1U);
  drain();
  EXPECT_EQ(news(), (News{"to 2 ccvc " + octets}));
  core->on_control_down(2, 79, kNow);
  core->on_timer(kNow + 11s);
  drain();
  EXPECT_EQ(news(), (News{"down 2 1"}));
}

TEST_F(Vcs, MessagesGoBothWaysAndToNobodyElse) {
  associate(2, 77);
  associate(3, 78);
  say(77, 2);
  (void)news();
  say(78, 3);
  EXPECT_EQ(news(), (News{"3 2 " + octets}));
  const std::vector<VcOfFe> to{{2, 1}, {3, 1}, {3, 2}, {4, 1}};  // two that are there
  EXPECT_EQ(core->send_vc(to, pl::VcKind::Server, hex(kSdu), kNow), 2U);
  drain();
  EXPECT_EQ(news(), (News{"to 2 scvc " + octets, "to 3 scvc " + octets}));
}

TEST_F(Vcs, WhatIsNoMessageOfOneIsDroppedAndCounted) {
  associate(2, 77);
  (void)news();
  say(77, 3);  // another's
  EXPECT_EQ(dropped(2, "wrong_source"), 1U);
  say(77, 2, pl::VcKind::Cluster);  // it is no root
  say(77, 2, pl::VcKind::Server);
  EXPECT_EQ(dropped(2, "malformed"), 2U);
  core->on_control_up(3, 78, kNow);
  say(78, 3);  // before its association
  EXPECT_EQ(dropped(3, "wrong_state"), 1U);
  EXPECT_EQ(news(), News{});
}

TEST_F(Vcs, WithoutMulticastTheyAreUnknown) {
  core->carry_vcs(false);
  associate(2, 77);
  say(77, 2);
  EXPECT_EQ(news(), News{});
  EXPECT_EQ(dropped(2, "wrong_type"), 1U);
}

}  // namespace
}  // namespace forces::ce
