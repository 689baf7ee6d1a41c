// Random messages and entries, and damaged ones, by RapidCheck: it shrinks what fails and prints
// the seed.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "proto/mars/csa.hpp"
#include "proto/mars/message.hpp"
#include "tests/support/octets/hex.hpp"
#include "tests/support/octets/vectors.hpp"

namespace forces::mars {
namespace {

using test::to_hex;

std::uint32_t below(std::uint32_t n) { return *rc::gen::inRange<std::uint32_t>(0, n); }
template <class T>
T any() {
  return *rc::gen::arbitrary<T>();
}
Octets some(std::size_t n) {
  Octets out(n);
  for (std::byte& octet : out) octet = static_cast<std::byte>(below(256));
  return out;
}
ProtocolAddress address(std::size_t n) { return *ProtocolAddress::from(some(n)); }
AtmNumber number(std::size_t n) {
  return {n > 0 && any<bool>(), *decltype(AtmNumber::octets)::from(some(n))};
}
AtmAddress atm() { return {number(1 + below(20)), number(below(21))}; }

std::vector<GroupRange> ranges(std::size_t length) {
  std::vector<ProtocolAddress> ends(2 * below(4));
  for (ProtocolAddress& end : ends) end = address(length);
  std::ranges::sort(ends);
  std::vector<GroupRange> out;
  for (std::size_t i = 0; i < ends.size(); i += 2) {
    if (out.empty() || out.back().max < ends[i]) out.push_back({ends[i], ends[i + 1]});
  }
  return out;
}

Message message() {
  Message m{.operation = static_cast<Operation>(1 + below(13))};
  m.protocol = any<bool>() ? kIpv4 : kIpv6;
  m.source = atm();
  m.source_protocol = address(m.operation == Operation::RedirectMap ? 0 : below(17));
  const std::size_t length = 1 + below(16);
  const Form form = form_of(m.operation);
  if (form == Form::Membership) {
    m.flags.value = static_cast<std::uint16_t>(any<std::uint16_t>() & ~Flags::kReserved);
    m.cmi = any<std::uint16_t>();
    m.ranges = ranges(length);
    if (m.ranges.empty()) m.group_length = static_cast<std::uint8_t>(length);
  } else if (m.operation != Operation::RedirectMap && m.operation != Operation::GrouplistReply) {
    m.group = address(length);
  }
  if (form != Form::Query) m.msn = any<std::uint32_t>();
  if (form == Form::Multi && m.operation != Operation::Migrate) {
    m.last = any<bool>();
    m.part = static_cast<std::uint16_t>(below(0x8000));
  }
  m.hard = m.operation == Operation::RedirectMap && any<bool>();
  if (m.operation == Operation::GrouplistReply) {
    m.groups.resize(below(4));
    for (ProtocolAddress& group : m.groups) group = address(length);
    if (m.groups.empty()) m.group_length = static_cast<std::uint8_t>(length);
  } else if (form != Form::Membership) {
    m.targets.resize(below(form == Form::Query ? 2 : 4));
    const AtmAddress first = atm();
    for (AtmAddress& target : m.targets) {
      target = {{first.number.e164, number(first.number.size()).octets},
                {first.subaddress.e164, number(first.subaddress.size()).octets}};
    }
  }
  m.tlvs.resize(below(4));
  for (Tlv& tlv : m.tlvs) {
    tlv = {static_cast<std::uint16_t>(1 + below(0xffff)), some(below(9))};
  }
  m.null_tlv = m.tlvs.empty() && any<bool>();
  return m;
}

TEST(MarsProperty, WhatIsEncodedDecodesToTheSame) {
  const bool good = rc::check("what is encoded decodes to the same", [] {
    Message m = message();
    const auto octets = encode_message(m);
    RC_ASSERT(octets.has_value());
    RC_ASSERT(octets->size() == encoded_size(m));
    const auto again = decode_message(*octets);
    RC_ASSERT(again.has_value());
    m.checksummed = again->checksummed;  // a sum that comes out as 0 cannot be told from none
    RC_ASSERT(*again == m);
  });
  EXPECT_TRUE(good);
}

TEST(MarsProperty, EntriesDecodeToTheSame) {
  const bool good = rc::check("entries decode to the same", [] {
    CacheEntry e{.protocol = any<bool>() ? kIpv4 : kIpv6,
                 .state = static_cast<State>(1 + below(5)),
                 .source = atm()};
    if (e.state != State::Redirect) {
      const bool client = e.state == State::ClientJoin || e.state == State::ClientLeave;
      e.cmi = any<std::uint16_t>();
      e.source_protocol = address(below(17));
      e.flags = Flags{}
                    .with_sequence(any<std::uint8_t>())
                    .with_registers(any<bool>())
                    .with_layer3_group(client && any<bool>());
      if (!e.flags.registers()) {
        const std::size_t length = 1 + below(16);
        GroupRange range{address(length), address(length)};
        if (range.max < range.min) std::swap(range.min, range.max);
        if (e.flags.layer3_group()) range.max = range.min;
        e.range = range;
      }
    }
    wire::ByteWriter w;
    encode_entry(e, w);
    const auto octets = std::move(w).finish();
    RC_ASSERT(octets.has_value());
    RC_ASSERT(octets->size() == encoded_size(e));
    RC_ASSERT(decode_entry(*octets).value() == e);
  });
  EXPECT_TRUE(good);
}

TEST(MarsProperty, DamagedMessagesAreRefusedOrStillMessages) {
  const auto vectors = test::load_vectors("mars/mars.hex");
  const bool good = rc::check("damaged messages are refused or still messages", [&] {
    Octets octets = vectors[below(static_cast<std::uint32_t>(vectors.size()))].octets;
    for (std::uint32_t n = 1 + below(4); n > 0; --n) {
      octets[below(static_cast<std::uint32_t>(octets.size()))] = static_cast<std::byte>(below(256));
    }
    if (below(3) == 0) octets.resize(14 + below(static_cast<std::uint32_t>(octets.size())));
    octets[12] = octets[13] = std::byte{0};  // no checksum
    auto m = decode_message(octets);
    if (!m) {
      RC_ASSERT(m.error().offset <= octets.size());
      return;
    }
    m->flags.value = static_cast<std::uint16_t>(m->flags.value & ~Flags::kReserved);
    const auto again = encode_message(*m);
    RC_ASSERT(again.has_value());
    RC_ASSERT(again->size() == octets.size());
    RC_ASSERT(decode_message(*again).value() == *m);
  });
  EXPECT_TRUE(good);
}

TEST(MarsProperty, DamagedEntriesAreRefusedOrStillEntries) {
  const auto vectors = test::load_vectors("scsp/scsp.hex");
  const bool good = rc::check("damaged entries are refused or still entries", [&] {
    Octets octets = vectors[9 + below(7)].octets;  // CSU Requests of one CSA
    octets.erase(octets.begin(), octets.begin() + 48);
    for (std::uint32_t n = 1 + below(3); n > 0; --n) {
      octets[below(static_cast<std::uint32_t>(octets.size()))] = static_cast<std::byte>(below(256));
    }
    auto e = decode_entry(octets);
    if (!e) return;
    e->flags.value = static_cast<std::uint16_t>(
        e->flags.value & ~(Flags::kReserved | Flags::kCopy | Flags::kPunched));
    wire::ByteWriter w;
    encode_entry(*e, w);
    const auto again = std::move(w).finish();
    RC_ASSERT(again.has_value());
    RC_ASSERT(again->size() == octets.size());
    RC_ASSERT(decode_entry(*again).value() == *e);
  });
  EXPECT_TRUE(good);
}

}  // namespace
}  // namespace forces::mars
