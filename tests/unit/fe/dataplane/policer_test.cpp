#include "fe/dataplane/policer.hpp"

#include <gtest/gtest.h>

namespace forces::fe::dataplane {
namespace {

using namespace std::chrono_literals;

int passed(TokenBucket& bucket, Instant from, int packets, Duration apart) {
  int n = 0;
  for (int i = 0; i < packets; ++i) n += bucket.take(from + i * apart) ? 1 : 0;
  return n;
}

TEST(TokenBucket, LetsABurstThroughAtOnceAndNoMore) {
  TokenBucket bucket(100, 10);
  EXPECT_EQ(passed(bucket, Instant(5s), 100, 0ns), 10);
}

TEST(TokenBucket, SettlesAtItsRate) {
  TokenBucket bucket(100, 10);
  EXPECT_NEAR(passed(bucket, Instant(5s), 10'000, 1ms), 1'010, 1);  // 10 s at 1,000 a second
}

TEST(TokenBucket, TrafficBelowTheRateIsNeverTouched) {
  TokenBucket bucket(100, 1);
  EXPECT_EQ(passed(bucket, Instant(5s), 1'000, 10ms), 1'000);
}

TEST(TokenBucket, SilenceRefillsTheBurstButNotBeyond) {
  TokenBucket bucket(100, 10);
  EXPECT_EQ(passed(bucket, Instant(5s), 50, 0ns), 10);
  EXPECT_EQ(passed(bucket, Instant(5s + 50ms), 50, 0ns), 5);
  EXPECT_EQ(passed(bucket, Instant(1h), 50, 0ns), 10);
}

TEST(TokenBucket, RateZeroLetsNothingPass) {
  TokenBucket bucket(0, 10);
  EXPECT_EQ(passed(bucket, Instant(5s), 10, 1s), 0);
}

TEST(TokenBucket, BurstZeroIsOnePacket) {
  TokenBucket bucket(100, 0);
  EXPECT_EQ(passed(bucket, Instant(5s), 10, 0ns), 1);
}

TEST(TokenBucket, ATimeThatGoesBackGivesNothingAway) {
  TokenBucket bucket(100, 2);
  EXPECT_EQ(passed(bucket, Instant(5s), 2, 0ns), 2);
  EXPECT_FALSE(bucket.take(Instant(4s)));
}

TEST(Policer, AFloodOfOneClassLeavesTheOthersAlone) {
  Policer policer;
  for (int i = 0; i < 100'000; ++i) (void)policer.take(PacketClass::Icmp, Instant(1s));
  EXPECT_TRUE(policer.take(PacketClass::Ospf, Instant(1s)));
  EXPECT_EQ(policer.counters(PacketClass::Icmp).passed,
            Policer::default_of(PacketClass::Icmp).burst);
  EXPECT_EQ(
      policer.counters(PacketClass::Icmp).passed + policer.counters(PacketClass::Icmp).dropped,
      100'000U);
}

TEST(Policer, AnOverrideReplacesTheDefaultOfItsClassOnly) {
  const ClassConfig ospf{PacketClass::Ospf, 5, 5, 7};
  Policer policer(std::span(&ospf, 1));
  EXPECT_EQ(policer.priority(PacketClass::Ospf), 7);
  EXPECT_EQ(policer.priority(PacketClass::Bgp), Policer::default_of(PacketClass::Bgp).priority);
  for (int i = 0; i < 10; ++i) (void)policer.take(PacketClass::Ospf, Instant(1s));
  EXPECT_EQ(policer.counters(PacketClass::Ospf).dropped, 5U);
  policer.configure({});
  EXPECT_EQ(policer.priority(PacketClass::Ospf), Policer::default_of(PacketClass::Ospf).priority);
}

TEST(Policer, RoutingProtocolsComeBeforeDiagnostics) {
  const Policer policer;
  EXPECT_GT(policer.priority(PacketClass::Ospf), policer.priority(PacketClass::Icmp));
  EXPECT_GT(policer.priority(PacketClass::Icmp), policer.priority(PacketClass::Other));
}

}  // namespace
}  // namespace forces::fe::dataplane
