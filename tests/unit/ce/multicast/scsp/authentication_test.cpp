// The Authentication Extension: RFC 2334 section B.3.1, RFC 2443 section 6.
#include "proto/scsp/authentication.hpp"

#include "ce/signaling/digest.hpp"
#include "tests/unit/ce/multicast/scsp/server.hpp"

namespace forces::multicast::sync::test {
namespace {

std::vector<std::byte> hmac_md5(Bytes secret, std::span<const Bytes> parts) {
  return signaling::hmac(signaling::engine::Digest::HmacMd5, secret, parts);
}
Key key(std::uint32_t spi, const std::string& secret, Instant from = Instant::min(),
        Instant until = Instant::max()) {
  const Bytes o = octets(secret);
  return {spi, {o.begin(), o.end()}, from, until};
}
Config with(Security security) {
  Config c = Server::config({kGreat});
  c.neighbors[0].security = std::move(security);
  c.hmac = hmac_md5;
  return c;
}
// A Hello of kGreat that lists us, signed or not.
Octets hello(std::optional<std::uint32_t> spi, const std::string& secret = {}) {
  const auto sender = scsp::id_octets(kGreat.value), us = scsp::id_octets(kSelf.value);
  scsp::Head h{.type = MsgType::Hello, .server_group = kGroup, .sender = sender, .receiver = us};
  h.hello = {3, 3, 0};
  Octets packet = *scsp::PacketWriter(h, {.spi = spi}).finish();
  if (!spi) return packet;
  const Bytes whole = packet;
  EXPECT_TRUE(scsp::seal(packet, hmac_md5(octets(secret), {&whole, 1})).has_value());
  return packet;
}
std::optional<std::uint32_t> spi_of(const Octets& packet) {
  const auto found = scsp::authentication(*scsp::decode_packet(packet));
  if (!found) return std::nullopt;
  return found->spi;
}

TEST(ScspAuthentication, Rfc2334SectionB31EveryPacketIsSignedAndItsDigestIsRight) {
  Server s(with({.send = {key(257, "0123456789abcdef")}}));
  s.align(kGreat);
  s.originate(1, "one");
  std::set<MsgType> types;
  for (const Octets& packet : s.packets) {
    const auto p = *scsp::decode_packet(packet);
    types.insert(p.type);
    ASSERT_EQ(spi_of(packet), 257u);
    EXPECT_EQ(forces::test::to_hex(scsp::authentication(p)->mac),
              forces::test::to_hex(hmac_md5(octets("0123456789abcdef"), *scsp::digest_input(p))));
  }
  EXPECT_EQ(types, (std::set{MsgType::Hello, MsgType::CacheAlignment, MsgType::CsuRequest}));
}

TEST(ScspAuthentication, Rfc2334SectionB313AnyOfSeveralSpisIsAccepted) {
  for (const auto& [spi, secret] : {std::pair{1u, "one"}, std::pair{2u, "two"}}) {
    Server s(with({.receive = {key(1, "one"), key(2, "two")}}));
    s.link(kGreat);
    s.packet(kGreat, hello(spi, secret));
    EXPECT_EQ(s.hello_state(kGreat), HelloState::Bidirectional);
  }
}

TEST(ScspAuthentication, Rfc2334SectionB314WhatFailsIsDiscardedAndAnAbnormalEvent) {
  const std::vector<std::pair<Octets, Errc>> bad{
      {hello(std::nullopt), Errc::Missing},   // none
      {hello(3, "one"), Errc::BadValue},      // not given out
      {hello(2, "one"), Errc::BadChecksum},   // that of another SPI
      {hello(9, "gone"), Errc::BadValue},     // its lifetime is over
      {hello(10, "later"), Errc::BadValue}};  // its lifetime has not begun
  const Instant start{1h};
  for (const auto& [packet, code] : bad) {
    Server s(with({.receive = {key(1, "one"), key(2, "two"), key(9, "gone", Instant::min(), start),
                               key(10, "later", start + 1s)}}));
    s.link(kGreat);
    s.packet(kGreat, packet);
    EXPECT_EQ(s.hello_state(kGreat), HelloState::Waiting);
    s.packet(kGreat, hello(1, "one"));
    ASSERT_EQ(s.hello_state(kGreat), HelloState::Bidirectional);
    s.packet(kGreat, packet);
    EXPECT_EQ(s.hello_state(kGreat), HelloState::Waiting);
    EXPECT_EQ(s.alignment(kGreat), AlignmentState::Down);
    EXPECT_EQ(s.of(kGreat).counters.authentication_failures, 2u);
    EXPECT_EQ(s.events_of<Abnormal>().back().error.code, code);
    EXPECT_EQ(s.events_of<Abnormal>().back().error.field, "scsp.authentication");
  }
}

TEST(ScspAuthentication, Rfc2334SectionB313TheKeyThatBeganLastSigns) {
  const Instant start{1h};
  Server s(with({.send = {key(1, "one"), key(2, "two", start + 5s, start + 20s)}}));
  s.link(kGreat);
  EXPECT_EQ(spi_of(s.packets.back()), 1u);
  s.pass(8s);
  EXPECT_EQ(spi_of(s.packets.back()), 2u);
  s.pass(20s);
  EXPECT_EQ(spi_of(s.packets.back()), 1u);
}

TEST(ScspAuthentication, Rfc2334SectionB314WithoutAValidKeyThePacketIsDropped) {
  Server s(with({.send = {key(1, "one", Instant{2h})}}));
  s.link(kGreat);
  s.pass(10s);
  EXPECT_TRUE(s.packets.empty());
  EXPECT_GT(s.of(kGreat).counters.unsigned_packets, 0u);
}

TEST(ScspAuthentication, WithoutKeysADigestIsNotLookedAt) {
  Server s;
  s.link(kGreat);
  s.packet(kGreat, hello(7, "whatever"));
  EXPECT_EQ(s.hello_state(kGreat), HelloState::Bidirectional);
}

}  // namespace
}  // namespace forces::multicast::sync::test
