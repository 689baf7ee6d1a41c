// The neighbours of a server over TCP and TLS.
#include <asio/write.hpp>

#include "proto/scsp/writer.hpp"
#include "tests/e2e/scsp/group.hpp"
#include "tests/e2e/tml/certificates.hpp"

namespace forces::multicast::link::test {
namespace {

using scsp::Octets;
using sync::AlignmentState;
using sync::HelloState;

TEST(ScspLink, ThreeServersInALineShareWhatTheySay) {
  Group g;
  g.add(1, {2});
  g.add(2, {1, 3});
  g.add(3, {2});
  // 3 dials 2, but 2 was made without its port: it is known to 3 only.
  ASSERT_TRUE(g.until([&] { return g.aligned(1, 2) && g.aligned(2, 3); }));
  g.hubs[1]->originate(7, octets("from one"));
  g.hubs[3]->originate(7, octets("from three"));
  ASSERT_TRUE(
      g.until([&] { return g.entry(3, 1, 7) == "from one" && g.entry(1, 3, 7) == "from three"; }));
  g.hubs[1]->purge(7);
  ASSERT_TRUE(g.until([&] { return g.entry(3, 1, 7) == "none"; }));
  EXPECT_EQ(g.hubs[2]->counters().dialled, 1u);
  EXPECT_EQ(g.hubs[2]->counters().accepted, 1u);
}

TEST(ScspLink, AServerThatWasAwayIsDialledAgainAndTaught) {
  Group g;
  g.add(1, {2});
  g.add(2, {1});
  ASSERT_TRUE(g.until([&] { return g.aligned(1, 2); }));
  const std::uint16_t port = g.hubs[1]->port();
  for (std::uint32_t k = 0; k < 5'000; ++k) g.hubs[2]->originate(k, octets("a fact"));
  g.hubs.erase(1);
  ASSERT_TRUE(g.until([&] { return g.neighbor(2, 1).hello == HelloState::Down; }));
  ASSERT_TRUE(g.until([&] { return g.hubs[2]->counters().dial_failures > 1; }));
  g.add(1, {2}, [&](HubConfig& c) { c.port = port; });
  ASSERT_TRUE(g.until([&] { return g.aligned(1, 2); }));
  EXPECT_EQ(g.hubs[1]->engine().snapshot().entries, 5'000u);
}

// Its VC is lost at once, not when it is silent.
TEST(ScspLink, AConnectionThatEndsIsDownAtOnce) {
  Group g;
  g.add(1, {2}, [](HubConfig& c) { c.engine.times.dead_factor = 1'000; });
  g.add(2, {1}, [](HubConfig& c) { c.engine.times.dead_factor = 1'000; });
  ASSERT_TRUE(g.until([&] { return g.aligned(1, 2); }));
  g.hubs.erase(2);
  EXPECT_TRUE(g.until([&] { return g.neighbor(1, 2).hello == HelloState::Down; }, 5s));
}

struct Secure : Group {
  void tls(HubConfig& c, const std::string& san) {
    const auto files = pki.issue(san);
    c.plaintext = false;
    c.tls.ca_file = pki.ca();
    c.tls.cert_file = files.cert;
    c.tls.key_file = files.key;
  }
  static std::string urn(std::uint32_t n) {
    return "URI:urn:forces:ce:" + std::to_string(server_id(n).value);
  }
  e2e::Pki pki;
};

TEST(ScspLink, OverTlsBothAreWhoTheirCertificatesSay) {
  Secure g;
  g.add(1, {2}, [&](HubConfig& c) { g.tls(c, Secure::urn(1)); });
  g.add(2, {1}, [&](HubConfig& c) { g.tls(c, Secure::urn(2)); });
  ASSERT_TRUE(g.until([&] { return g.aligned(1, 2); }));
  for (std::uint32_t k = 0; k < 3'000; ++k) g.hubs[1]->originate(k, octets("a fact"));
  ASSERT_TRUE(g.until([&] { return g.hubs[2]->engine().snapshot().entries == 3'000; }));
  EXPECT_EQ(g.hubs[1]->counters().refused, 0u);
}

TEST(ScspLink, WhoDialsAServerWithTheCertificateOfAnotherHangsUp) {
  Secure g;
  g.add(1, {2}, [&](HubConfig& c) { g.tls(c, Secure::urn(9)); });
  g.add(2, {1}, [&](HubConfig& c) { g.tls(c, Secure::urn(2)); });
  ASSERT_TRUE(g.until([&] { return g.hubs[2]->counters().refused > 1; }));
  EXPECT_EQ(g.neighbor(2, 1).hello, HelloState::Down);
  EXPECT_EQ(g.neighbor(1, 2).hello, HelloState::Down);
  EXPECT_NE(g.notes[2].find("certificate"), std::string::npos);
}

TEST(ScspLink, WhoCallsWithTheCertificateOfAnotherIsRefused) {
  Secure g;
  g.add(1, {2}, [&](HubConfig& c) { g.tls(c, Secure::urn(1)); });
  g.add(2, {1}, [&](HubConfig& c) { g.tls(c, Secure::urn(9)); });
  ASSERT_TRUE(g.until([&] { return g.hubs[1]->counters().refused > 1; }));
  EXPECT_EQ(g.neighbor(1, 2).hello, HelloState::Down);
}

TEST(ScspLink, AForeignCertificateAndPlainTcpAreRefused) {
  Secure g;
  e2e::Pki foreign;
  g.add(1, {2}, [&](HubConfig& c) { g.tls(c, Secure::urn(1)); });
  g.add(2, {1}, [&](HubConfig& c) {
    g.tls(c, Secure::urn(2));
    const auto files = foreign.issue(Secure::urn(2));
    c.tls.cert_file = files.cert;
    c.tls.key_file = files.key;
  });
  g.add(3, {1});  // without TLS, and no neighbour of 1
  ASSERT_TRUE(g.until([&] { return g.hubs[1]->counters().accepted > 6; }));
  EXPECT_NE(g.notes[1].find("wrong version number"), std::string::npos);
  EXPECT_EQ(g.hubs[1]->counters().refused, 0u);  // nobody came so far
  EXPECT_EQ(g.neighbor(1, 2).hello, HelloState::Down);
  EXPECT_EQ(g.neighbor(3, 1).alignment, AlignmentState::Down);
}

// A certificate of the group, but to talk the TML.
TEST(ScspLink, OverTlsTheProtocolIsNamed) {
  Secure g;
  g.add(1, {2}, [&](HubConfig& c) { g.tls(c, Secure::urn(1)); });
  for (const auto& [alpn, taken] : {std::pair{"forces-scsp/1", true}, {"forces-tml/1", false}}) {
    HubConfig c;
    g.tls(c, Secure::urn(2));
    c.tls.alpn = alpn;
    const auto context = *tml::TlsContext::load(c.tls);
    const tml::SslPtr ssl = context->connect(2, 1);
    asio::ip::tcp::socket s(g.io);
    s.connect({asio::ip::make_address("127.0.0.1"), g.hubs[1]->port()});
    s.non_blocking(true);
    SSL_set_fd(ssl.get(), s.native_handle());
    int result = 0;
    ASSERT_TRUE(g.until([&] {
      result = SSL_do_handshake(ssl.get());
      const int why = SSL_get_error(ssl.get(), result);
      return why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE;
    }));
    EXPECT_EQ(result == 1, taken) << alpn;
  }
}

TEST(ScspLink, TlsFilesThatAreMissingAreNamed) {
  asio::io_context io;
  HubConfig c;
  c.tls.ca_file = "/nowhere/ca.pem";
  Hub hub(io, c, {});
  const auto started = hub.start();
  ASSERT_FALSE(started.has_value());
  EXPECT_NE(started.error().find("/nowhere/ca.pem"), std::string::npos);
}

TEST(ScspLink, CertificatesAreReadAgainAndLiveConnectionsStay) {
  Secure g;
  HubConfig one;
  g.add(1, {2}, [&](HubConfig& c) {
    g.tls(c, Secure::urn(1));
    one = c;
  });
  g.add(2, {1}, [&](HubConfig& c) { g.tls(c, Secure::urn(2)); });
  ASSERT_TRUE(g.until([&] { return g.aligned(1, 2); }));
  tml::TlsConfig broken = one.tls;
  broken.key_file = "/nowhere/key.pem";
  EXPECT_FALSE(g.hubs[1]->reload(broken).has_value());
  g.tls(one, Secure::urn(1));  // another one
  EXPECT_TRUE(g.hubs[1]->reload(one.tls).has_value());
  g.hubs[1]->originate(1, octets("still here"));
  ASSERT_TRUE(g.until([&] { return g.entry(2, 1, 1) == "still here"; }));
  EXPECT_EQ(g.hubs[1]->counters().accepted, 1u);
}

// A neighbour played by hand, on a plain socket.
struct ByHand : Group {
  explicit ByHand(Duration identify = 10s) {
    add(1, {2}, [&](HubConfig& c) { c.identify = identify; });
  }
  asio::ip::tcp::socket dial() {
    asio::ip::tcp::socket s(io);
    s.connect({asio::ip::make_address("127.0.0.1"), hubs.at(1)->port()});
    s.non_blocking(true);
    return s;
  }
  static Octets hello(std::uint32_t from) {
    const auto sender = scsp::id_octets(server_id(from).value);
    const auto us = scsp::id_octets(server_id(1).value);
    scsp::Head h{.type = scsp::MsgType::Hello, .sender = sender, .receiver = us};
    h.hello = {30, 3, 0};
    return *scsp::PacketWriter(h).finish();
  }
  static Octets framed(const Octets& message, wire::SnapPid pid = wire::SnapPid::Scsp) {
    const auto header = *wire::sdu_header(pid, message.size());
    Octets out(header.size() + message.size());
    std::ranges::copy(message, std::ranges::copy(header, out.begin()).out);
    return out;
  }
  static void write(asio::ip::tcp::socket& s, const Octets& o) { asio::write(s, asio::buffer(o)); }
  // The other end hung up.
  bool ended(asio::ip::tcp::socket& s) {
    return until([&] {
      std::byte one[4'096];
      asio::error_code ec;
      s.read_some(asio::buffer(one), ec);
      return ec && ec != asio::error::would_block;
    });
  }
};

TEST(ScspLink, AStreamInAnyPiecesIsUnderstoodAndOtherPidsAreSteppedOver) {
  ByHand g;
  auto s = g.dial();
  Octets all = ByHand::framed(ByHand::hello(2));
  const Octets mars = ByHand::framed(ByHand::hello(2), wire::SnapPid::MarsControl);
  all.insert(all.end(), mars.begin(), mars.end());
  for (const std::byte one : all) {
    ByHand::write(s, {one});
    static_cast<void>(g.until([] { return false; }, 1ms));
  }
  ASSERT_TRUE(g.until([&] { return g.hubs[1]->counters().unknown_pids == 1; }));
  EXPECT_EQ(g.neighbor(1, 2).hello, HelloState::Bidirectional);
}

TEST(ScspLink, ALengthThatCannotBeEndsTheConnectionAndNoOther) {
  ByHand g;
  auto s = g.dial();
  ByHand::write(s, ByHand::framed(ByHand::hello(2)));
  ASSERT_TRUE(g.until([&] { return g.neighbor(1, 2).hello == HelloState::Bidirectional; }));
  ByHand::write(s, {std::byte{0}, std::byte{7}, std::byte{0}});
  EXPECT_TRUE(g.ended(s));
  EXPECT_EQ(g.neighbor(1, 2).hello, HelloState::Down);
}

TEST(ScspLink, AStrangerIsRefused) {
  ByHand g;
  auto s = g.dial();
  ByHand::write(s, ByHand::framed(ByHand::hello(3)));
  EXPECT_TRUE(g.ended(s));
  EXPECT_EQ(g.hubs[1]->counters().refused, 1u);
}

TEST(ScspLink, WhoSaysNothingIsNotWaitedForForEver) {
  ByHand g(100ms);
  auto s = g.dial();
  EXPECT_TRUE(g.ended(s));
  EXPECT_EQ(g.hubs[1]->counters().refused, 1u);
}

// It accepts, and then its machine is gone.
TEST(ScspLink, AHandshakeThatDoesNotEndIsBegunAnew) {
  Secure g;
  asio::ip::tcp::acceptor silent(g.io, {asio::ip::make_address("127.0.0.1"), 0});
  g.add(2, {1}, [&](HubConfig& c) {
    g.tls(c, Secure::urn(2));
    c.identify = 100ms;
    c.peers[0].address = "127.0.0.1";
    c.peers[0].port = silent.local_endpoint().port();
  });
  EXPECT_TRUE(g.until([&] { return g.hubs[2]->counters().dialled > 2; }));
  EXPECT_NE(g.notes[2].find("its handshake does not end"), std::string::npos) << g.notes[2];
}

TEST(ScspLink, ANewConnectionOfANeighborReplacesTheOldOne) {
  ByHand g;
  auto first = g.dial();
  ByHand::write(first, ByHand::framed(ByHand::hello(2)));
  ASSERT_TRUE(g.until([&] { return g.neighbor(1, 2).hello == HelloState::Bidirectional; }));
  auto second = g.dial();
  ByHand::write(second, ByHand::framed(ByHand::hello(2)));
  EXPECT_TRUE(g.ended(first));
  EXPECT_EQ(g.hubs[1]->counters().replaced, 1u);
  EXPECT_TRUE(g.until([&] { return g.neighbor(1, 2).hello == HelloState::Bidirectional; }));
}

}  // namespace
}  // namespace forces::multicast::link::test
