// RFC 2747: keyed digests, replay, handshake, change of keys. T13.
#include "proto/rsvp/integrity.hpp"

#include "ce/signaling/digest.hpp"
#include "tests/support/octets/vectors.hpp"
#include "tests/unit/ce/signaling/rsvp/fixture.hpp"

namespace forces::signaling::engine {
namespace {

using namespace test_support;

constexpr LspKey kKey = lsp_key(kA, kB, 1);

std::vector<std::byte> secret(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

class IntegrityTest : public Engines {
 protected:
  static Config secured(NodeId id, NodeId neighbor, std::vector<Key> keys, bool handshake = true) {
    Config c = config(id, {});
    c.hmac = hmac;
    c.neighbors.push_back(
        {.node = neighbor, .security = {.keys = std::move(keys), .handshake = handshake}});
    return c;
  }
  void start_secured(const std::vector<Key>& keys, bool handshake = true) {
    start(secured(kA, kB, keys, handshake));
    start(secured(kB, kA, keys, handshake));
    run(3s);
    forget();
  }
  static Key key(std::uint64_t id, std::string_view text = "ason-test-key-01",
                 Digest digest = Digest::HmacMd5) {
    return {.id = id, .digest = digest, .secret = secret(text)};
  }
};

TEST_F(IntegrityTest, Rfc2747Section2DigestsAreThoseOfTheGoldenMessages) {
  for (const auto& vector : test::load_vectors("rsvp/golden.hex")) {
    if (!vector.name.starts_with("26") && !vector.name.starts_with("35")) continue;
    const auto view = rsvp::MessageView::parse(vector.octets);
    const auto integrity = rsvp::find_integrity(*view).value();
    const auto digest =
        hmac(Digest::HmacMd5, secret("ason-test-key-01"), integrity->digested(vector.octets));
    EXPECT_TRUE(rsvp::same_digest(digest, integrity->digest));
  }
}

class IntegrityOfEachKind : public IntegrityTest, public testing::WithParamInterface<Digest> {};

TEST_P(IntegrityOfEachKind, Rfc2747Section4EverythingIsSignedAndBelieved) {
  start_secured({key(1, "k", GetParam())});
  EXPECT_EQ(a().neighbor(kB).state, NeighborState::Up);
  const auto before = b().neighbor(kA).counters.drops;  // what came before the handshake
  set_up(kKey);
  for (std::uint16_t i = 2; i < 6; ++i) {
    a().engine().set_path(lsp_key(kA, kB, i), kB, path(lsp_key(kA, kB, i), kA), now());
  }
  a().pump();
  run(1min);
  EXPECT_EQ(b().count<PathReceived>(), 5u);
  EXPECT_EQ(a().count<ResvReceived>(), 1u);
  for (const Packet& packet : net.sent) {
    for (const auto& m : messages_in(packet.send.octets)) {
      ASSERT_NE(m.find<rsvp::Integrity>(), nullptr);
      EXPECT_EQ(m.find<rsvp::Integrity>()->digest.size(),
                GetParam() == Digest::HmacMd5 ? 16u : 20u);
    }
  }
  EXPECT_EQ(b().neighbor(kA).counters.drops, before);
}
INSTANTIATE_TEST_SUITE_P(Rfc2747, IntegrityOfEachKind,
                         testing::Values(Digest::HmacMd5, Digest::HmacSha1));

TEST_F(IntegrityTest, Rfc2747Section42ABadDigestIsDroppedAndCounted) {  // T13
  start(secured(kA, kB, {key(1, "one")}, false));
  start(secured(kB, kA, {key(1, "another")}, false));
  run(1s);
  a().engine().set_path(kKey, kB, path(kKey, kA), now());
  a().pump();
  run(1s);
  EXPECT_EQ(b().count<PathReceived>(), 0u);
  EXPECT_EQ(b().neighbor(kA).state, NeighborState::Unknown);
  EXPECT_GE(drops(b(), kA, Drop::BadDigest), 10u);
}

TEST_F(IntegrityTest, Rfc2747Section4WithoutIntegrityNothingIsBelieved) {
  start_secured({key(1)});
  rsvp::Message m = path(kKey, kA);
  m.objects.insert(m.objects.begin() + 2, rsvp::TimeValues{});
  inject(kA, kB, m);
  EXPECT_EQ(drops(b(), kA, Drop::NoIntegrity), 1u);
  // Nor inside of a Bundle, whose own header nobody signs.
  rsvp::Message bundle{.type = MessageType::Bundle, .flags = 1};
  bundle.bundled.push_back(m);
  inject(kA, kB, bundle);
  EXPECT_EQ(drops(b(), kA, Drop::NoIntegrity), 2u);
  EXPECT_EQ(b().count<PathReceived>(), 0u);
}

TEST_F(IntegrityTest, Rfc2747Section42AReplayIsDroppedAndCounted) {  // T13
  start_secured({key(1)});
  a().engine().set_path(kKey, kB, path(kKey, kA), now());
  a().pump();
  const Packet first = net.sent.back();
  run(100ms);
  ASSERT_EQ(b().count<PathReceived>(), 1u);
  a().engine().tear_path(kKey, now());
  a().pump();
  run(100ms);
  forget();
  b().deliver({0, kA.value, kB.value, 255, first.send.octets});
  EXPECT_EQ(drops(b(), kA, Drop::Replayed), 1u);
  EXPECT_EQ(b().count<PathReceived>(), 0u);
}

TEST_F(IntegrityTest, Rfc2747Section42SomeDisorderIsTolerated) {
  start_secured({key(1)});
  net.weather.jitter = 30ms;
  for (std::uint16_t i = 1; i <= 20; ++i) {
    a().engine().set_path(lsp_key(kA, kB, i), kB, path(lsp_key(kA, kB, i), kA), now());
    a().pump();
    run(2ms);
  }
  run(200ms);
  EXPECT_EQ(b().count<PathReceived>(), 20u);
  EXPECT_EQ(drops(b(), kA, Drop::Replayed), 0u);
}

TEST_F(IntegrityTest, Rfc2747Section43BeforeTheHandshakeNothingIsBelieved) {
  start(secured(kA, kB, {key(1)}));
  run(1s);
  ASSERT_FALSE(net.sent.empty());
  std::vector<Packet> early = net.sent;  // what A said before B was there: an attacker keeps it
  start(secured(kB, kA, {key(1)}));
  net.cut(kA, kB);
  for (const Packet& packet : early) {
    b().deliver({0, kA.value, kB.value, 1, packet.send.octets});
  }
  EXPECT_GE(drops(b(), kA, Drop::AwaitingHandshake), 5u);
  EXPECT_EQ(b().neighbor(kA).counters.hellos_received, 0u);
  net.mend(kA, kB);
  run(3s);
  EXPECT_EQ(b().neighbor(kA).state, NeighborState::Up);
  EXPECT_GE(a().neighbor(kB).counters.responses_sent, 1u);
  for (const Packet& packet : early) {
    b().deliver({0, kA.value, kB.value, 1, packet.send.octets});
  }
  EXPECT_GE(drops(b(), kA, Drop::Replayed), 5u);
}

TEST_F(IntegrityTest, Rfc2747Section43AResponseToAnotherChallengeIsNone) {
  start(secured(kB, kA, {key(1)}));
  Config other = secured(kA, kB, {key(1)});
  start(other);
  net.filter = [](NodeId from, const Send& send) {  // the response is caught, another one sent
    return from != kA || messages_in(send.octets)[0].type != MessageType::IntegrityResponse;
  };
  run(100ms);
  auto caught = sent(kA, MessageType::IntegrityResponse);
  ASSERT_FALSE(caught.empty());
  rsvp::Message forged = caught[0];
  forged.find<rsvp::Challenge>()->cookie ^= 1;
  auto octets = *rsvp::encode_message(forged);
  const auto view = *rsvp::MessageView::parse(octets);
  const auto digest = hmac(Digest::HmacMd5, secret("ason-test-key-01"),
                           rsvp::find_integrity(view).value()->digested(octets));
  ASSERT_TRUE(rsvp::seal(octets, digest));
  b().deliver({0, kA.value, kB.value, 255, octets});
  EXPECT_EQ(drops(b(), kA, Drop::Replayed), 1u);
  EXPECT_EQ(b().neighbor(kA).counters.hellos_received, 0u);
}

TEST_F(IntegrityTest, Rfc2747Section43WhoDoesNotShakeHandsIsBelievedFromHisFirstMessageOn) {
  start(secured(kB, kA, {key(1)}));
  rsvp::Message hello{.type = MessageType::Hello, .flags = 1};
  hello.objects.emplace_back(
      rsvp::Integrity{.flags = 0, .key_id = 1, .sequence = 5, .digest = rsvp::Octets(16)});
  hello.objects.emplace_back(rsvp::Hello{false, 77, 0});
  auto octets = *rsvp::encode_message(hello);
  const auto view = *rsvp::MessageView::parse(octets);
  const auto digest = hmac(Digest::HmacMd5, secret("ason-test-key-01"),
                           rsvp::find_integrity(view).value()->digested(octets));
  ASSERT_TRUE(rsvp::seal(octets, digest));
  b().deliver({0, kA.value, kB.value, 1, octets});
  EXPECT_EQ(b().neighbor(kA).counters.hellos_received, 1u);
  b().deliver({0, kA.value, kB.value, 1, octets});
  EXPECT_EQ(b().neighbor(kA).counters.hellos_received, 1u);
}

TEST_F(IntegrityTest, Rfc2747Section43ARestartedReceiverAsksAgain) {
  start_secured({key(1)});
  b().stop();
  run(1s);
  b().start(true);
  run(3s);
  EXPECT_EQ(b().neighbor(kA).state, NeighborState::Up);
  EXPECT_EQ(a().count(NeighborEvent::Restarted), 1u);
  EXPECT_EQ(drops(a(), kB, Drop::Replayed), 0u);  // larger sequence numbers than before
}

TEST_F(IntegrityTest, Rfc2747Section51AKeyIsChangedWithoutALoss) {
  Key old = key(1, "old"), fresh = key(2, "new", Digest::HmacSha1);
  old.send_until = old.accept_until = Instant(60s);
  old.accept_until = Instant(80s);
  fresh.accept_from = Instant(40s);
  fresh.send_from = Instant(60s);
  start_secured({old, fresh});
  run(200ms);
  // B is ten seconds late with everything.
  auto late = [&](Key k) {
    for (Instant* const t : {&k.send_from, &k.send_until, &k.accept_from, &k.accept_until}) {
      if (*t != Instant::min() && *t != Instant::max()) *t += 10s;
    }
    return k;
  };
  b().engine().set_neighbor({.node = kA, .security = {.keys = {late(old), late(fresh)}}}, now());
  b().pump();
  net.keep_sent = false;
  const auto at_a = a().neighbor(kB).counters.drops, at_b = b().neighbor(kA).counters.drops;
  for (std::uint16_t i = 1; i <= 1'000; ++i) {
    a().engine().set_path(lsp_key(kA, kB, i), kB, path(lsp_key(kA, kB, i), kA), now());
    a().pump();
    run(100ms);
  }
  EXPECT_EQ(b().count<PathReceived>(), 1'000u);
  EXPECT_EQ(a().neighbor(kB).key, 2u);
  EXPECT_EQ(a().neighbor(kB).counters.retransmissions, 0u);
  EXPECT_EQ(a().neighbor(kB).counters.losses + b().neighbor(kA).counters.losses, 0u);
  EXPECT_EQ(a().neighbor(kB).counters.drops, at_a);
  EXPECT_EQ(b().neighbor(kA).counters.drops, at_b);
}

TEST_F(IntegrityTest, Rfc2747Section51AKeyOutsideOfItsLifetimeIsUnknown) {
  Key future = key(2);
  future.accept_from = Instant(1h);
  start(secured(kA, kB, {key(2)}, false));
  start(secured(kB, kA, {key(1), future}, false));
  run(1s);
  EXPECT_GE(drops(b(), kA, Drop::UnknownKey), 5u);
  EXPECT_EQ(b().neighbor(kA).counters.hellos_received, 0u);
}

TEST_F(IntegrityTest, Rfc2747Section53TheLastKeyGoesOnAndIsReported) {
  Key only = key(1);
  only.send_until = only.accept_until = Instant(10s);
  start_secured({only});
  run(1min);
  EXPECT_EQ(a().neighbor(kB).state, NeighborState::Up);
  ASSERT_EQ(a().count<KeysExpired>(), 1u);
  EXPECT_EQ(a().all<KeysExpired>()[0].key, 1u);
}

TEST_F(IntegrityTest, Rfc2747Section43ChallengesAreAnsweredOnlySoOften) {
  start_secured({key(1)});
  rsvp::Message challenge{.type = MessageType::IntegrityChallenge, .flags = 1};
  challenge.objects.emplace_back(rsvp::Challenge{1, 42});
  for (int i = 0; i < 100; ++i) inject(kA, kB, challenge);
  EXPECT_LE(b().neighbor(kA).counters.responses_sent, 22u);
  EXPECT_GE(drops(b(), kA, Drop::Limit), 78u);
}

TEST_F(IntegrityTest, ANotifyOfAStrangerNeedsTheKeyOfStrangers) {
  Config c = config(kB, {kA});
  c.hmac = hmac;
  c.learned_security = {.keys = {key(7)}};
  start(config(kA, {kB}));
  start(c);
  rsvp::Message m = notify_message(kKey);
  inject(node_id(50), kB, m);
  EXPECT_EQ(b().count<NotifyReceived>(), 0u);
  EXPECT_EQ(b().engine().snapshot().neighbors.size(), 1u);
  EXPECT_EQ(b().engine().snapshot().strangers.drops[static_cast<std::size_t>(Drop::NoIntegrity)],
            1u);
}

TEST_F(IntegrityTest, AnotherKeyOfStrangersIsThatOfThoseThatAreKnownToo) {
  Config c = config(kB, {kA});
  c.hmac = hmac;
  start(config(kA, {kB}));
  start(c);
  inject(node_id(50), kB, notify_message(kKey));
  ASSERT_EQ(b().count<NotifyReceived>(), 1u);
  ASSERT_EQ(b().engine().snapshot().neighbors.size(), 2u);
  b().engine().set_learned_security({.keys = {key(7)}}, now());
  inject(node_id(50), kB, notify_message(kKey));
  inject(node_id(51), kB, notify_message(kKey));
  EXPECT_EQ(b().count<NotifyReceived>(), 1u) << "neither the old nor the new one without it";
  EXPECT_EQ(drops(b(), node_id(50), Drop::NoIntegrity), 1u);
}

}  // namespace
}  // namespace forces::signaling::engine
