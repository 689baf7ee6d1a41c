// RFC 2334 sections 2.4 and B.2.0.2.
#include "proto/scsp/sequence.hpp"

#include <gtest/gtest.h>

namespace forces::scsp {
namespace {

constexpr auto kWire = SequenceNumber::from_wire;

TEST(ScspSequence, AnEntryBeginsAtTheLeastUsableNumber) {
  EXPECT_EQ(SequenceNumber{}.to_wire(), 0x80000001U);
  EXPECT_EQ(kReservedSequence.to_wire(), 0x80000000U);
  EXPECT_EQ(kLastSequence.to_wire(), 0x7ffffffeU);
  EXPECT_EQ(kPurgeSequence.to_wire(), 0x7fffffffU);
}

TEST(ScspSequence, NewerIsGreaterAsASignedNumber) {
  EXPECT_EQ(newness(kWire(5), kWire(5)), Newness::Same);
  EXPECT_EQ(newness(kWire(6), kWire(5)), Newness::Newer);
  EXPECT_EQ(newness(kWire(5), kWire(6)), Newness::Older);
  EXPECT_EQ(newness(kWire(0), kWire(0xffffffff)), Newness::Newer);  // 0 and -1
  EXPECT_EQ(newness(kWire(1), kWire(0x80000001)), Newness::Newer);  // unsigned would say older
  // No wrap: the distance does not matter, as it would in serial number arithmetic.
  EXPECT_EQ(newness(kPurgeSequence, kFirstSequence), Newness::Newer);
  EXPECT_EQ(newness(kFirstSequence, kPurgeSequence), Newness::Older);
}

TEST(ScspSequence, TheLastUsableNumberIsFollowedByAPurge) {
  EXPECT_EQ(next_sequence(kFirstSequence), kWire(0x80000002));
  EXPECT_EQ(next_sequence(kWire(0xffffffff)), kWire(0));
  EXPECT_EQ(next_sequence(kWire(0x7ffffffd)), kLastSequence);
  EXPECT_EQ(next_sequence(kLastSequence), std::nullopt);
  EXPECT_EQ(next_sequence(kPurgeSequence), std::nullopt);
}

TEST(ScspSequence, AfterARestartAConstantIsAddedToWhatTheGroupHas) {
  EXPECT_EQ(sequence_after_restart(std::nullopt, 100), kWire(100));  // 0 when it has none
  EXPECT_EQ(sequence_after_restart(kFirstSequence, 100), kWire(0x80000065));
  EXPECT_EQ(sequence_after_restart(kWire(0x7ffffff0), 14), kLastSequence);
  EXPECT_EQ(sequence_after_restart(kWire(0x7ffffff0), 15), std::nullopt);
}

}  // namespace
}  // namespace forces::scsp
