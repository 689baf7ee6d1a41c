// Frames in frames: two fabrics with an adaptation each, and a node between that knows of neither.
#include "fe/dataplane/optical/adapter.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/fe/dataplane/optical/rows.hpp"

namespace forces::fe::dataplane::optical {
namespace {

using namespace std::chrono_literals;
using namespace test;

constexpr Instant kNow{1h};
constexpr Endpoint kTrunk{kServer, 1};

std::vector<std::byte> octets_of(std::uint32_t label, wire::Bytes payload, std::uint8_t hops = 0) {
  std::vector<std::byte> octets(kFrameHeader + payload.size());
  write_header(std::span(octets).first<kFrameHeader>(), {label, FrameKind::Traffic, hops, payload});
  std::ranges::copy(payload, octets.begin() + kFrameHeader);
  return octets;
}

struct Node {
  explicit Node(const FabricConfig& config = with_adaptation()) : fabric(config) {}
  // Where it leaves, and as what.
  std::optional<std::pair<Endpoint, std::vector<std::byte>>> pass(std::uint32_t port,
                                                                  std::vector<std::byte> octets) {
    const auto leaves = adapter.on_octets(port, octets, kNow);
    if (!leaves) return std::nullopt;
    fabric.on_sent(leaves->onward, leaves->payload);
    return std::pair(leaves->onward.out, std::vector(leaves->octets.begin(), leaves->octets.end()));
  }
  Fabric fabric;
  Adapter adapter{fabric};
};

class OpticalAdapter : public testing::Test {
 protected:
  OpticalAdapter() {
    // What comes in at 1 goes inside of what leaves at 2, which the node between leads on.
    entry.fabric.set(0, cross(kTrunk, slot(2, 5)));
    entry.fabric.set(1, cross(slot(1, 1), {kClient, 7}));
    between.fabric.set(0, cross(slot(1, 5), slot(2, 9)));
    exit.fabric.set(0, cross(slot(1, 9), kTrunk));
    exit.fabric.set(1, cross({kClient, 7}, slot(3, 4)));
  }
  Node entry, between{three_ports()}, exit;
  const std::vector<std::byte> payload{std::byte{0xca}, std::byte{0xfe}};
};

TEST_F(OpticalAdapter, AFrameCrossesInsideOfAnotherOneWithBothLabels) {
  const auto first = entry.pass(1, octets_of(kSlot, payload));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->first, slot(2, 5));
  const auto outer = decode_frame(first->second);
  ASSERT_TRUE(outer);
  EXPECT_EQ(outer->label, 5 * kSlot);
  const auto inner = decode_frame(outer->payload);
  ASSERT_TRUE(inner);
  EXPECT_EQ(inner->label, 7U);
  EXPECT_TRUE(std::ranges::equal(inner->payload, payload));
  const auto second = between.pass(1, first->second);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->first, slot(2, 9));
  const auto last = exit.pass(1, second->second);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->first, slot(3, 4));
  const auto frame = decode_frame(last->second);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->label, 4 * kSlot);
  EXPECT_TRUE(std::ranges::equal(frame->payload, payload));
  EXPECT_EQ(entry.fabric.row(0)->frames, 1U);
  EXPECT_EQ(entry.fabric.row(1)->frames, 1U);
  EXPECT_EQ(exit.fabric.row(0)->frames, 1U);
  EXPECT_EQ(exit.fabric.row(1)->frames, 1U);
}

TEST_F(OpticalAdapter, WhatIsInsideIsLostWithWhatItIsIn) {
  entry.fabric.fail(2, std::nullopt);
  EXPECT_FALSE(entry.pass(1, octets_of(kSlot, payload)));
  EXPECT_EQ(entry.fabric.counters().failed, 1U);
  entry.fabric.restore(2, std::nullopt);
  entry.fabric.erase(0);
  EXPECT_FALSE(entry.pass(1, octets_of(kSlot, payload)));
  EXPECT_EQ(entry.fabric.counters().no_row, 1U) << "nothing carries the client";
}

TEST_F(OpticalAdapter, ASlotInsideThatLeadsNowhereEndsTheInnerFrameOnly) {
  exit.fabric.erase(1);
  const auto inner = octets_of(7, payload);
  EXPECT_FALSE(exit.pass(1, octets_of(9 * kSlot, inner)));
  EXPECT_EQ(exit.fabric.counters().no_row, 1U);
  EXPECT_EQ(exit.fabric.row(0)->frames, 1U);
}

TEST_F(OpticalAdapter, WhatIsNoFrameInsideIsCounted) {
  const auto inner = octets_of(7, payload);
  for (std::size_t n = 0; n < inner.size(); ++n) {  // cut anywhere
    EXPECT_FALSE(exit.pass(1, octets_of(9 * kSlot, wire::Bytes(inner).first(n)))) << n;
    EXPECT_EQ(exit.fabric.counters().malformed, n + 1);
  }
  EXPECT_TRUE(exit.pass(1, octets_of(9 * kSlot, inner)));
}

TEST_F(OpticalAdapter, WhatIsTooLongToBeInsideIsDropped) {
  const std::vector<std::byte> most(0xffff - kFrameHeader);
  EXPECT_TRUE(entry.pass(1, octets_of(kSlot, most)));
  const std::vector<std::byte> more(most.size() + 1);
  EXPECT_FALSE(entry.pass(1, octets_of(kSlot, more)));
  EXPECT_EQ(entry.fabric.counters().not_sent, 1U);
}

// Out of the slot and in again: the rows of a controller that went mad.
TEST_F(OpticalAdapter, ACircleOverAnAdaptationEnds) {
  FabricConfig config = with_adaptation();
  config.ports.push_back({kClient + 10, "", Signal::Vc12, {{1, 63, 1}}, kServer + 10});
  config.ports.push_back({kServer + 10, "", Signal::Vc4, {{1, 1, 1}}});
  Node mad{config};
  mad.fabric.set(0, cross(slot(1, 1), {kClient, 1}));
  mad.fabric.set(1, cross(kTrunk, {kServer + 10, 1}));
  mad.fabric.set(2, cross({kClient + 10, 1}, {kClient, 1}));
  EXPECT_FALSE(mad.pass(1, octets_of(kSlot, payload)));
  EXPECT_EQ(mad.fabric.counters().hops, 1U);
}

}  // namespace
}  // namespace forces::fe::dataplane::optical
