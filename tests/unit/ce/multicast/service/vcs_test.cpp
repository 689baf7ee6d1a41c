// Which VCs are there, whose leaves they are, and who may say what on them.
#include "ce/multicast/service/vcs.hpp"

#include <gtest/gtest.h>

#include "proto/mars/element_address.hpp"
#include "proto/mars/message.hpp"
#include "proto/wire/snap.hpp"

namespace forces::multicast {
namespace {

using mars::server::ControlVc;

mars::AtmAddress fe(std::uint32_t id, std::uint16_t port = 4000) {
  return mars::encode_element({{id}, {0x7f000001, port}});
}
Vcs::Leaf leaf(std::uint32_t id, ControlVc control = ControlVc::Cluster,
               mars::ProtocolType protocol = mars::kIpv4) {
  return {control, protocol, fe(id)};
}
void add(Vcs& vcs, const Vcs::Leaf& l, std::uint64_t vc) {
  vcs.add({l.control, l.protocol, l.address, {vc}});
}
std::vector<std::uint64_t> of(const std::vector<ce::VcOfFe>& all) {
  std::vector<std::uint64_t> ids;
  for (const auto& one : all) ids.push_back(one.vc);
  return ids;
}
using Ids = std::vector<std::uint64_t>;
using Leaves = std::vector<Vcs::Leaf>;

TEST(MulticastVcs, LeavesAreThoseOfTheirVcAndProtocol) {
  Vcs vcs;
  EXPECT_EQ(vcs.on_up({1, 11}), Leaves{});
  EXPECT_EQ(vcs.on_up({2, 12}), Leaves{});
  add(vcs, leaf(1), 11);
  add(vcs, leaf(2), 12);
  add(vcs, leaf(2, ControlVc::Server), 12);
  add(vcs, leaf(1, ControlVc::Cluster, mars::kIpv6), 11);
  EXPECT_EQ(of(vcs.leaves(ControlVc::Cluster, mars::kIpv4)), (Ids{11, 12}));
  EXPECT_EQ(of(vcs.leaves(ControlVc::Server, mars::kIpv4)), Ids{12});
  EXPECT_EQ(of(vcs.leaves(ControlVc::Cluster, mars::kIpv6)), Ids{11});
  EXPECT_EQ(of(vcs.leaves(ControlVc::Server, mars::kIpv6)), Ids{});
  vcs.drop({ControlVc::Cluster, mars::kIpv4, fe(1)});
  EXPECT_EQ(of(vcs.leaves(ControlVc::Cluster, mars::kIpv4)), Ids{12});
  EXPECT_EQ(vcs.find({12})->fe_id, 2U);
  EXPECT_FALSE(vcs.find({13}));
}

TEST(MulticastVcs, AnFeWithTwoMembersHearsAMessageOnce) {
  Vcs vcs;
  (void)vcs.on_up({1, 11});
  vcs.add({ControlVc::Cluster, mars::kIpv4, fe(1, 4000), {11}});
  vcs.add({ControlVc::Cluster, mars::kIpv4, fe(1, 4001), {11}});
  EXPECT_EQ(of(vcs.leaves(ControlVc::Cluster, mars::kIpv4)), Ids{11});
}

TEST(MulticastVcs, WhatIsLostIsToldAndGone) {
  Vcs vcs;
  (void)vcs.on_up({1, 11});
  add(vcs, leaf(1), 11);
  add(vcs, leaf(1, ControlVc::Server), 11);
  EXPECT_EQ(vcs.on_down({1, 11}), (Leaves{leaf(1), leaf(1, ControlVc::Server)}));
  EXPECT_EQ(vcs.size(), 0U);
  EXPECT_EQ(of(vcs.leaves(ControlVc::Cluster, mars::kIpv4)), Ids{});
  add(vcs, leaf(1), 11);  // the MARS did not know yet
  EXPECT_EQ(of(vcs.leaves(ControlVc::Cluster, mars::kIpv4)), Ids{});
}

TEST(MulticastVcs, ANewOneReplacesTheOldOneInWhateverOrderItIsTold) {
  Vcs vcs;
  (void)vcs.on_up({1, 11});
  add(vcs, leaf(1), 11);
  EXPECT_EQ(vcs.on_up({1, 14}), Leaves{leaf(1)});  // its end was not told yet
  add(vcs, leaf(1), 14);
  EXPECT_EQ(vcs.on_down({1, 11}), Leaves{});
  EXPECT_EQ(vcs.on_up({1, 11}), Leaves{});
  EXPECT_EQ(vcs.on_up({1, 13}), Leaves{});
  EXPECT_FALSE(vcs.find({13}));
  EXPECT_EQ(of(vcs.leaves(ControlVc::Cluster, mars::kIpv4)), Ids{14});
  EXPECT_EQ(vcs.on_down({1, 15}), Leaves{});  // over before it was told that it is there
  EXPECT_EQ(vcs.on_up({1, 15}), Leaves{});
  EXPECT_FALSE(vcs.find({15}));
}

struct Said {
  mars::Octets octets;
  explicit Said(const mars::AtmAddress& source, wire::SnapPid pid = wire::SnapPid::MarsControl) {
    mars::Message m{.operation = mars::Operation::Join, .source = source};
    m.ranges = {{mars::ipv4_address(0xef010101), mars::ipv4_address(0xef010101)}};
    const auto snap = wire::snap_header(pid);
    const auto body = mars::encode_message(m).value();
    octets.assign(snap.begin(), snap.end());
    octets.insert(octets.end(), body.begin(), body.end());
  }
};

TEST(MulticastVcs, AnFeSpeaksForItselfOnly) {
  Vcs vcs;
  (void)vcs.on_up({1, 11});
  const auto told = [&](const Said& said) { return vcs.admit({1, 11}, said.octets); };
  const Said good(fe(1));
  ASSERT_TRUE(told(good));
  ASSERT_TRUE(told(good)->has_value());
  EXPECT_EQ(told(good)->value().source, fe(1));
  EXPECT_TRUE(told(Said(fe(1, 9))));
  EXPECT_EQ(told(Said(fe(2))).error(), Refusal::NotItself);
  EXPECT_EQ(told(Said(mars::encode_element({{0x40000001}, {}}))).error(), Refusal::NotItself);
  auto foreign = fe(1);
  foreign.number.e164 = true;
  EXPECT_EQ(told(Said(foreign)).error(), Refusal::NotItself);
}

TEST(MulticastVcs, WhatIsNoMessageOfMarsIsRefused) {
  Vcs vcs;
  (void)vcs.on_up({1, 11});
  const Said scsp(fe(1), wire::SnapPid::Scsp);
  EXPECT_EQ(vcs.admit({1, 11}, scsp.octets).error(), Refusal::NoMars);
  const Said good(fe(1));
  EXPECT_EQ(vcs.admit({1, 12}, good.octets).error(), Refusal::OldVc);
  for (std::size_t n = 0; n < good.octets.size(); ++n) {
    const auto cut = vcs.admit({1, 11}, wire::Bytes(good.octets).first(n));
    // What stands behind LLC/SNAP is the MARS's to judge.
    EXPECT_EQ(cut.has_value(), n >= wire::kSnapSize) << n;
  }
}

}  // namespace
}  // namespace forces::multicast
