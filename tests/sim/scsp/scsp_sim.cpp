// Server groups of every shape, without a storm: what reaches whom, how fast, and what is
// forgotten.
#include <cstdlib>

#include "proto/scsp/writer.hpp"
#include "tests/sim/scsp/network.hpp"
#include "tests/support/sim/soak.hpp"

namespace forces::multicast::sync::sim {
namespace {

using namespace forces::test;

using Pairs = std::set<std::pair<std::uint32_t, std::uint32_t>>;

Pairs line(std::uint32_t n) {
  Pairs p;
  for (std::uint32_t i = 0; i + 1 < n; ++i) p.insert({i, i + 1});
  return p;
}
Pairs ring(std::uint32_t n) {
  Pairs p = line(n);
  p.insert({0, n - 1});
  return p;
}
Pairs star(std::uint32_t n) {
  Pairs p;
  for (std::uint32_t i = 1; i < n; ++i) p.insert({0, i});
  return p;
}
Pairs mesh(std::uint32_t n) {
  Pairs p;
  for (std::uint32_t i = 0; i < n; ++i) {
    for (std::uint32_t j = i + 1; j < n; ++j) p.insert({i, j});
  }
  return p;
}

TEST(ScspGroup, Rfc2334Section2AnyTopologyThatSpansTheGroupDoes) {
  for (const auto& pairs : {line(6), ring(6), star(6), mesh(6)}) {
    Network net;
    net.build(6, pairs);
    net.start();
    for (std::uint32_t i = 0; i < 6; ++i) {
      for (std::uint32_t k = 1; k <= 40; ++k) net.at(i).set(k, "fact");
    }
    ASSERT_TRUE(net.run_for(10s));
    EXPECT_EQ(net.difference(), "");
    EXPECT_EQ(net.at(5u).view().size(), 240u);
    // A change, and the end of something.
    net.at(2u).set(7, "other");
    net.at(3u).end(8);
    ASSERT_TRUE(net.run_for(1s));
    EXPECT_EQ(net.difference(), "");
    EXPECT_EQ(net.at(0u).view().at({Network::id(2), 7}), "other");
    EXPECT_FALSE(net.at(0u).view().contains({Network::id(3), 8}));
  }
}

TEST(ScspGroup, AChangePassesALineOfSixteenInTheTimeOfItsLinks) {
  Network net;
  net.weather.latency = 10ms;
  net.build(16, line(16));
  net.start();
  ASSERT_TRUE(net.run_for(10s));
  ASSERT_EQ(net.difference(), "");
  net.at(0u).set(1, "news");
  ASSERT_TRUE(net.run_for(149ms));
  EXPECT_FALSE(net.at(15u).view().contains({Network::id(0), 1}));
  ASSERT_TRUE(net.run_for(1ms));
  EXPECT_TRUE(net.at(15u).view().contains({Network::id(0), 1}));
}

TEST(ScspGroup, Rfc2334SectionB202TheHopCountEndsALine) {
  Network net;
  Config base;
  base.hop_count = 5;
  net.build(8, line(8), base);
  net.start();
  ASSERT_TRUE(net.run_for(10s));
  net.at(0u).set(1, "news");
  ASSERT_TRUE(net.run_for(10s));
  EXPECT_TRUE(net.at(5u).view().contains({Network::id(0), 1}));
  EXPECT_FALSE(net.at(6u).view().contains({Network::id(0), 1}));
}

// In a full mesh every server hears a change from all others: it must not multiply.
TEST(ScspGroup, AMeshDoesNotMultiplyAChange) {
  Network net;
  net.build(16, mesh(16));
  net.start();
  ASSERT_TRUE(net.run_for(10s));
  ASSERT_EQ(net.difference(), "");
  const auto before = net.packets;
  net.at(3u).set(1, "news");
  ASSERT_TRUE(net.run_for(100ms));
  // 15 requests and 14 from each of the others at most, a reply to each.
  EXPECT_LE(net.packets - before, 2u * (15 + 15 * 14));
  EXPECT_EQ(net.at(9u).changes, net.at(10u).changes);
}

TEST(ScspGroup, APartitionHealsAlsoForThoseFarFromIt) {
  Network net;
  net.build(6, line(6));
  net.start();
  ASSERT_TRUE(net.run_for(10s));
  const std::pair ends{Network::id(2), Network::id(3)};
  net.disconnect(ends, net.vc(ends.first, ends.second));
  net.at(0u).set(1, "left");
  net.at(5u).set(1, "right");
  ASSERT_TRUE(net.run_for(10s));
  EXPECT_FALSE(net.at(5u).view().contains({Network::id(0), 1}));
  net.connect();
  ASSERT_TRUE(net.run_for(5s));
  EXPECT_EQ(net.difference(), "");
  EXPECT_EQ(net.at(5u).view().size(), 2u);
}

// Two servers of a line stay away while the ends are asked for each other's news: what is solicited
// has a hop count of 1 and goes on all the same.
TEST(ScspGroup, AServerThatComesBackIsTaughtAndTeaches) {
  Network net;
  net.build(5, line(5));
  net.start();
  ASSERT_TRUE(net.run_for(10s));
  net.kill(Network::id(2));
  for (std::uint32_t k = 1; k <= 500; ++k) {
    net.at(0u).set(k, "left");
    net.at(4u).set(k, "right");
  }
  ASSERT_TRUE(net.run_for(30s));
  net.restart(Network::id(2));
  ASSERT_TRUE(net.run_for(30s));
  EXPECT_EQ(net.difference(), "");
  EXPECT_EQ(net.at(4u).view().size(), 1'000u);
}

TEST(ScspGroup, Rfc2443Section51ADeadServerIsForgottenAfterTwoHeartbeats) {
  Network net;
  net.build(6, ring(6));
  net.start();
  ASSERT_TRUE(net.run_for(10s));
  for (std::uint32_t k = 1; k <= 20; ++k) net.at(3u).set(k, "fact");
  ASSERT_TRUE(net.run_for(1s));
  net.kill(Network::id(3));
  ASSERT_TRUE(net.run_for(kDead - kHeartbeat - 10s));
  EXPECT_EQ(net.at(0u).view().size(), 20u);  // it may come back
  ASSERT_TRUE(net.run_for(kHeartbeat + 20s));
  for (const auto& [id, server] : net.servers()) {
    if (!server->runs()) continue;
    EXPECT_TRUE(server->view().empty());
    EXPECT_EQ(server->engine().snapshot().entries, 5u);
  }
}

// A server of the group was cut off when the others forgot: when it is back it knows the dead
// still, and they must not come alive by it.
TEST(ScspGroup, WhatIsForgottenDoesNotComeAliveByANeighborThatWasAway) {
  Network net;
  net.build(6, ring(6));
  net.start();
  ASSERT_TRUE(net.run_for(10s));
  net.at(3u).set(1, "fact");
  ASSERT_TRUE(net.run_for(100s));
  net.kill(Network::id(3));
  for (auto& [ends, vc] : net.vcs()) {
    if (ends.first == Network::id(0) || ends.second == Network::id(0)) net.disconnect(ends, vc);
  }
  ASSERT_TRUE(net.run_for(150s));
  net.connect();
  Duration ghost{};
  for (; ghost < 3 * kDead; ghost += 5s) {
    ASSERT_TRUE(net.run_for(5s));
    std::size_t seen = 0;
    for (const auto& [id, server] : net.servers())
      seen += server->runs() ? server->view().size() : 0;
    if (seen == 0) break;
  }
  EXPECT_LE(ghost, kDead - 150s + kHeartbeat + 10s);
  ASSERT_TRUE(net.run_for(2 * kDead));
  EXPECT_EQ(net.difference(), "");
}

// Section B.2.0.2: own entries of an earlier process at the end of their numbers, in a ring that
// loses packets: purged, acknowledged by all, begun again.
TEST(ScspGroup, Rfc2334SectionB202SequenceNumbersEndAndBeginAgain) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Network net(seed);
    net.weather = {.loss = 50, .twice = 20, .latency = 2ms, .jitter = 30ms};
    net.build(5, ring(5));
    net.start();
    ASSERT_TRUE(net.run_for(60s));
    const auto us = scsp::id_octets(Network::id(2).value),
               them = scsp::id_octets(Network::id(1).value);
    const auto key = scsp::id_octets(9);
    scsp::PacketWriter w({.type = scsp::MsgType::CsuRequest, .sender = them, .receiver = us});
    ASSERT_TRUE(w.record(
        {.hop_count = 9, .sequence = {scsp::kLastSequence.value - 3}, .key = key, .originator = us},
        octets("of an earlier process")));
    const Octets packet = *std::move(w).finish();
    for (int i = 0; i < 20 && !net.at(2u).cache().contains({Network::id(2), 9}); ++i) {
      net.at(2u).deliver(Network::id(1), packet);  // when both are aligned
      ASSERT_TRUE(net.run_for(5s));
    }
    for (int i = 0; i < 9; ++i) {
      net.at(2u).set(9, std::string("number ").append(std::to_string(i)));
      ASSERT_TRUE(net.run_for(1s));
    }
    ASSERT_TRUE(net.run_for(120s));
    net.weather = {};
    ASSERT_TRUE(net.run_for(60s));
    EXPECT_EQ(net.difference(), "");
    const auto record = net.at(4u).engine().record({Network::id(2), 9});
    ASSERT_TRUE(record.has_value());
    EXPECT_EQ(text(record->body), "number 8");
    EXPECT_LT(record->sequence.value, 0);
    if (HasFailure()) return;
  }
}

// A quiet group whose clocks do not agree: alignments hold for ever, nothing grows, and a change
// costs what it costs.
TEST(ScspGroup, AlignmentsHoldForHours) {
  Network net;
  net.build(8, ring(8));
  for (std::uint32_t i = 0; i < 8; ++i) {
    net.at(i).clock = {.offset = 1h * i, .ppm = static_cast<std::int64_t>(i) * 2'000 - 8'000};
  }
  net.start();
  ASSERT_TRUE(net.run_for(10s));
  const auto hours = static_cast<std::uint64_t>(virtual_hours().count());
  for (std::uint64_t hour = 0; hour < hours; ++hour) {
    for (std::uint32_t i = 0; i < 8; ++i) {
      net.at(i).set(1 + static_cast<std::uint32_t>(hour) % 50, "fact");
      net.at(i).end(1 + static_cast<std::uint32_t>(hour + 25) % 50);
    }
    ASSERT_TRUE(net.run_for(1h));
    ASSERT_EQ(net.difference(), "") << "hour " << hour;
  }
  for (const auto& [id, server] : net.servers()) EXPECT_EQ(server->alignments, 2u);
}

}  // namespace
}  // namespace forces::multicast::sync::sim
