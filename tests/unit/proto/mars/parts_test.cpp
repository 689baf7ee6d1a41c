// Messages in several parts: RFC 2022 sections 5.1.1, 5.3 and 5.4.3.
#include "proto/mars/parts.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::mars {
namespace {

using test::hex;

AtmAddress target(unsigned i, bool e164 = false) {
  auto octets = hex("47000580ffdc00000000020001002048061d0000");
  octets[18] = static_cast<std::byte>(i >> 8);
  octets[19] = static_cast<std::byte>(i);
  if (e164) octets.resize(15);
  if (e164) octets[14] = static_cast<std::byte>(i);
  return {{e164, *decltype(AtmNumber::octets)::from(octets)}, {}};
}

Message multi(unsigned targets) {
  Message m{.operation = Operation::Multi,
            .source = target(0xffff),
            .source_protocol = ipv4_address(0x0a01010a),
            .msn = 7,
            .group = ipv4_address(0xef010101)};
  for (unsigned i = 0; i < targets; ++i) m.targets.push_back(target(i));
  return m;
}

std::optional<Message> joined(const std::vector<Message>& parts) {
  Assembly assembly;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto status = assembly.add(parts[i]);
    EXPECT_EQ(status, i + 1 == parts.size() ? Assembly::Status::Complete : Assembly::Status::More);
  }
  return assembly.result();
}

TEST(MarsParts, TheDefaultMtuHolds456Members) {  // section 5.1.2
  EXPECT_EQ(split(multi(456))->size(), 1U);
  EXPECT_EQ(encoded_size(split(multi(456))->front()), 60U + 20 * 456);
  const auto parts = *split(multi(457));
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].targets.size(), 456U);
  EXPECT_EQ(parts[1].targets.size(), 1U);
}

TEST(MarsParts, OnlyTheLastIsMarkedAndTheSequenceNumberIsConstant) {
  const Message whole = multi(10);
  const auto parts = *split(whole, 60 + 3 * 20);
  ASSERT_EQ(parts.size(), 4U);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    EXPECT_EQ(parts[i].part, i + 1);
    EXPECT_EQ(parts[i].last, i == 3);
    EXPECT_EQ(parts[i].msn, 7U);
    EXPECT_LE(encode_message(parts[i])->size(), 120U);
  }
  EXPECT_EQ(joined(parts)->targets, whole.targets);
}

TEST(MarsParts, TargetsOfOneFormShareAPart) {
  Message m = multi(0);
  for (unsigned i = 0; i < 6; ++i) m.targets.push_back(target(i, i % 2 == 0));
  const auto parts = *split(m);
  ASSERT_EQ(parts.size(), 2U);
  for (const Message& part : parts) EXPECT_TRUE(encode_message(part).has_value());
  auto all = joined(parts)->targets;
  std::ranges::sort(all);
  std::ranges::sort(m.targets);
  EXPECT_EQ(all, m.targets);
}

TEST(MarsParts, TheOrderOfARedirectMapStays) {  // its first address has a meaning
  Message m{.operation = Operation::RedirectMap, .source = target(1), .msn = 9, .hard = true};
  for (unsigned i = 0; i < 4; ++i) m.targets.push_back(target(i, i == 1));
  const auto parts = *split(m);
  EXPECT_EQ(parts.size(), 3U);
  EXPECT_EQ(joined(parts)->targets, m.targets);
  EXPECT_TRUE(parts[2].hard);
}

TEST(MarsParts, GroupsAreCutLikeTargets) {
  Message m{.operation = Operation::GrouplistReply, .source = target(1), .msn = 9};
  for (std::uint32_t i = 0; i < 9; ++i) m.groups.push_back(ipv4_address(0xef000000 + i));
  const auto parts = *split(m, 52 + 4 * 4);
  EXPECT_EQ(parts.size(), 3U);
  EXPECT_EQ(joined(parts)->groups, m.groups);
  EXPECT_EQ(split({.operation = Operation::GrouplistReply, .source = target(1)})->size(), 1U);
}

TEST(MarsParts, TlvsLeaveLessRoom) {
  Message m = multi(3);
  m.operation = Operation::Multi;
  m.source_protocol = *ProtocolAddress::from(hex("0a"));
  m.tlvs = {{0x3801, hex("aabbcc")}};
  for (std::size_t mtu = 100; mtu < 140; ++mtu) {
    const auto parts = split(m, mtu);
    ASSERT_TRUE(parts.has_value());
    for (const Message& part : *parts) EXPECT_LE(encode_message(part)->size(), mtu);
  }
}

TEST(MarsParts, WhatCannotBeCutIsAnError) {
  EXPECT_EQ(split(multi(1), 79).error(), (Error{Errc::TooLarge, 0, "mars.tnum"}));
  EXPECT_TRUE(split(multi(1), 80).has_value());
  EXPECT_EQ(split({.operation = Operation::Migrate}).error(),
            (Error{Errc::UnknownType, 17, "mars.op.type"}));
  EXPECT_EQ(split({.operation = Operation::Join}).error().code, Errc::UnknownType);
}

TEST(MarsAssembly, BreaksWhenAPartIsMissingOrAnotherMessageComesBetween) {
  const auto parts = *split(multi(10), 60 + 3 * 20);
  const auto broken = [&](std::size_t at, auto&& change) {
    Assembly assembly;
    for (std::size_t i = 0; i < at; ++i) EXPECT_EQ(assembly.add(parts[i]), Assembly::Status::More);
    Message part = parts[at];
    change(part);
    return assembly.add(part) == Assembly::Status::Broken &&
           assembly.add(parts[at]) == Assembly::Status::Broken;
  };
  EXPECT_TRUE(broken(0, [](Message& m) { m.part = 2; }));
  EXPECT_TRUE(broken(1, [](Message& m) { m.part = 3; }));
  EXPECT_TRUE(broken(1, [](Message& m) { m.part = 1; }));
  EXPECT_TRUE(broken(1, [](Message& m) { m.msn = 8; }));
  EXPECT_TRUE(broken(2, [](Message& m) { m.group = ipv4_address(0xef010102); }));
  EXPECT_TRUE(broken(2, [](Message& m) { m.operation = Operation::GrouplistReply; }));
}

}  // namespace
}  // namespace forces::mars
