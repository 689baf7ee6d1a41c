// TLS: who gets in, who does not, and what a reload changes (row 29; issue: wrong SAN, expired,
// revoked, TLS 1.2 only, no certificate, plaintext to a TLS port).
#include "tests/e2e/tml/bystander.hpp"
#include "tests/e2e/tml/raw_peer.hpp"

namespace e2e {
namespace {

constexpr int kCertificateRequired = 116;  // RFC 8446 section 6

class Security : public testing::Test {
 protected:
  void SetUp() override {
    ce.certify(pki, pki.ce(kCe));
    bystander.fe.certify(pki, pki.fe(9));
  }
  void start() {
    bystander.watch();
    ce.start();
    bystander.start();
  }
  void TearDown() override { bystander.check(); }
  // The certificate was refused: TLS alert, counter, line for the log.
  void expect_refused(const Pki::Files& files, int alert, const char* label, const char* text) {
    RawPeer peer(ce.port(TML_CHANNEL_CONTROL));
    (void)peer.secure(files.cert, files.key);  // TLS 1.3: the client hears of it later
    EXPECT_FALSE(peer.receive());
    EXPECT_EQ(peer.alert(), alert);
    EXPECT_TRUE(
        eventually([&] { return counter(ce.context, "tls_handshakes_failed", label) == 1; }));
    EXPECT_TRUE(ce.log.told(TMLX_EVENT_AUTH_FAILED, TMLX_REASON_AUTH, text));
    EXPECT_EQ(ce.log.count(TMLX_EVENT_CHANNEL_UP, TML_CHANNEL_CONTROL), 1u);
  }
  // An FE with this certificate tries to open as `id`.
  tml_status try_as(std::uint32_t id, const Pki::Files& files, Fe& fe) {
    fe.certify(pki, files);
    fe.start(ce);
    fe.control.open_timeout = 3'000;
    (void)id;
    return fe.open(TML_CHANNEL_CONTROL);
  }
  Pki pki;
  Ce ce;
  Bystander bystander{ce};
};

TEST_F(Security, IsTls13WithBothCertificatesByDefault) {
  start();
  tmlx_channel_info info = TMLX_CHANNEL_INFO_INIT;
  ASSERT_EQ(tmlx_channel_get_info(ce.channel(TML_CHANNEL_CONTROL), &info), TML_SUCCESS);
  EXPECT_EQ(std::string(info.tls).substr(0, 7), "TLSv1.3");
  EXPECT_STREQ(info.identity, "urn:forces:fe:9");
  EXPECT_EQ(counter(ce.context, "tls_handshakes", "full") +
                counter(ce.context, "tls_handshakes", "resumed"),
            2u);
  EXPECT_EQ(counter(ce.context, "tls_handshakes", "resumed"), 1u)
      << "data resumes control's session";
}

TEST_F(Security, WrongSanIsRefusedAndReported) {
  start();
  Fe fe(5);
  EXPECT_EQ(try_as(5, pki.fe(6), fe), TMLX_E_AUTH);
  EXPECT_EQ(counter(ce.context, "peers_refused", "identity"), 1u);
  EXPECT_TRUE(ce.log.told(TMLX_EVENT_AUTH_FAILED, TMLX_REASON_AUTH, "urn:forces:fe:6"));
}

TEST_F(Security, WrongSanIsAnsweredByChannelCloseAuth) {
  start();
  const Pki::Files six = pki.fe(6);
  RawPeer peer(ce.port(TML_CHANNEL_CONTROL));
  ASSERT_TRUE(peer.secure(six.cert, six.key));
  ASSERT_TRUE(peer.send(hello(5)));
  EXPECT_EQ(peer.close_reason(), 3) << "AUTH";
  EXPECT_EQ(counter(ce.context, "peers_refused", "identity"), 1u);
  EXPECT_TRUE(ce.log.told(TMLX_EVENT_AUTH_FAILED, TMLX_REASON_AUTH, "does not allow FE ID 5"));
}

TEST_F(Security, OneCertificateCannotFillTheLogByClaimingManyIds) {
  start();
  const Pki::Files six = pki.fe(6);
  for (std::uint32_t id = 100; id < 120; ++id) {
    RawPeer peer(ce.port(TML_CHANNEL_CONTROL));
    ASSERT_TRUE(peer.secure(six.cert, six.key));
    ASSERT_TRUE(peer.send(hello(id)));
    EXPECT_EQ(peer.close_reason(), 3);
    EXPECT_EQ(ce.log.last(TMLX_EVENT_AUTH_FAILED).element, 0u) << "a log line's key";
  }
}

TEST_F(Security, ACeWithAnotherIdIsRefusedByTheFe) {
  ce.certify(pki, pki.ce(kCe + 7));
  ce.start();
  Fe fe(5);
  EXPECT_EQ(try_as(5, pki.fe(5), fe), TMLX_E_AUTH);
  EXPECT_EQ(counter(fe.context, "peers_refused", "identity"), 1u);
}

TEST_F(Security, ExpiredCertificateIsRefused) {
  start();
  const Pki::Files old = pki.issue("URI:urn:forces:fe:5", -60);
  expect_refused(old, SSL_AD_CERTIFICATE_EXPIRED, "certificate", "expired");
  Fe fe(5);
  EXPECT_EQ(try_as(5, old, fe), TMLX_E_AUTH);
}

TEST_F(Security, RevokedCertificateIsRefusedAlsoAfterAReload) {
  const Pki::Files five = pki.fe(5);
  const std::string crl = pki.crl({});
  ce.tls.crl_file = crl.c_str();
  start();
  {
    Fe fe(5);
    ASSERT_EQ(try_as(5, five, fe), TML_SUCCESS) << tmlx_last_error();
  }
  pki.crl({five.serial});
  ASSERT_EQ(tmlx_tls_reload(ce.context), TML_SUCCESS) << tmlx_last_error();
  EXPECT_EQ(counter(ce.context, "tls_reloads"), 1u);
  RawPeer peer(ce.port(TML_CHANNEL_CONTROL));
  (void)peer.secure(five.cert, five.key);
  EXPECT_FALSE(peer.receive());
  EXPECT_EQ(peer.alert(), SSL_AD_CERTIFICATE_REVOKED);
  EXPECT_TRUE(
      eventually([&] { return counter(ce.context, "tls_handshakes_failed", "certificate") == 1; }));
  EXPECT_TRUE(ce.log.told(TMLX_EVENT_AUTH_FAILED, TMLX_REASON_AUTH, "revoked"));
  Fe fe(5);
  EXPECT_EQ(try_as(5, five, fe), TMLX_E_AUTH);
}

TEST_F(Security, AReloadOfABrokenFileKeepsTheOldCertificate) {
  start();
  std::filesystem::rename(ce.files[1], ce.files[1] + ".gone");
  EXPECT_EQ(tmlx_tls_reload(ce.context), TMLX_E_AUTH);
  EXPECT_NE(std::string(tmlx_last_error()).find(ce.files[1]), std::string::npos)
      << "the file is named";
  EXPECT_EQ(counter(ce.context, "tls_reloads_failed"), 1u);
  Fe fe(5);
  EXPECT_EQ(try_as(5, pki.fe(5), fe), TML_SUCCESS);
}

TEST_F(Security, NoClientCertificateIsRefused) {
  start();
  expect_refused({}, kCertificateRequired, "no_certificate", "certificate");
}

TEST_F(Security, ATls12OnlyClientIsRefusedByDefaultAndTakenByOption) {
  start();
  const Pki::Files five = pki.fe(5);
  RawPeer old(ce.port(TML_CHANNEL_CONTROL));
  EXPECT_FALSE(old.secure(five.cert, five.key, TLS1_2_VERSION));
  EXPECT_EQ(old.alert(), SSL_AD_PROTOCOL_VERSION);
  EXPECT_TRUE(
      eventually([&] { return counter(ce.context, "tls_handshakes_failed", "version") == 1; }));
  EXPECT_TRUE(ce.log.told(TMLX_EVENT_AUTH_FAILED, TMLX_REASON_AUTH, ""));

  Ce lenient(kCe);
  lenient.certify(pki, pki.ce(kCe), TMLX_TLS_ALLOW_12);
  lenient.start();
  RawPeer again(lenient.port(TML_CHANNEL_CONTROL));
  EXPECT_TRUE(again.secure(five.cert, five.key, TLS1_2_VERSION));
  ASSERT_TRUE(again.send(hello(5)));
  EXPECT_TRUE(again.receive());
}

TEST_F(Security, PlaintextToATlsPortIsRefusedAndCounted) {
  start();
  RawPeer peer(ce.port(TML_CHANNEL_CONTROL));
  ASSERT_TRUE(peer.send(hello(5)));
  OctetString answer(64);
  EXPECT_EQ(recv(peer.fd(), answer.data(), answer.size(), MSG_WAITALL), 0) << "just the end";
  EXPECT_TRUE(
      eventually([&] { return counter(ce.context, "tls_handshakes_failed", "not_tls") == 1; }));
  EXPECT_TRUE(ce.log.told(TMLX_EVENT_AUTH_FAILED, TMLX_REASON_AUTH, ""));
}

// OpenSSL answers by an alert while it reads: that must leave on this connection, no other.
TEST_F(Security, ARecordThatDoesNotDecryptEndsItsConnectionOnly) {
  start();
  const Pki::Files five = pki.fe(5);
  for (int i = 0; i < 20; ++i) {
    RawPeer peer(ce.port(TML_CHANNEL_CONTROL));
    ASSERT_TRUE(peer.secure(five.cert, five.key));
    ASSERT_TRUE(peer.send(hello(5)));
    ASSERT_TRUE(peer.receive());
    OctetString forged(5 + 32);
    forged[0] = 0x17, forged[1] = forged[2] = 3, forged[4] = 32;
    ASSERT_EQ(::send(peer.fd(), forged.data(), forged.size(), MSG_NOSIGNAL), 37);
    while (peer.receive()) {
    }
    EXPECT_EQ(peer.alert(), SSL_AD_BAD_RECORD_MAC);
    EXPECT_TRUE(ce.log.wait_event(TMLX_EVENT_CHANNEL_DOWN, static_cast<std::size_t>(i) + 1));
    EXPECT_EQ(counter(ce.channel(TML_CHANNEL_CONTROL), "channel_downs", "io"),
              static_cast<std::uint64_t>(i) + 1);
  }
}

TEST_F(Security, OneOctetAtATimeDoesNotStretchTheHandshake) {
  ce.config.handshake_timeout_ms = 300;
  start();
  RawPeer dawdler(ce.port(TML_CHANNEL_CONTROL));
  const auto started = std::chrono::steady_clock::now();
  // The beginning of a long ClientHello.
  ASSERT_TRUE(dawdler.send(OctetString{22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3}));
  while (counter(ce.context, "peers_refused", "handshake_timeout") == 0 &&
         std::chrono::steady_clock::now() - started < 10s) {
    if (!dawdler.send(OctetString{0})) break;
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_EQ(counter(ce.context, "peers_refused", "handshake_timeout"), 1u);
  EXPECT_TRUE(ce.log.told(TMLX_EVENT_AUTH_FAILED, TMLX_REASON_PROTOCOL, "TLS handshake"));
}

TEST_F(Security, ANewConnectionOfTheSameIdentityReplacesTheOldOne) {
  ce.start();
  const Pki::Files nine = pki.fe(9);
  RawPeer stale(ce.port(TML_CHANNEL_CONTROL));
  ASSERT_TRUE(stale.secure(nine.cert, nine.key));
  ASSERT_TRUE(stale.send(hello(9)));
  ASSERT_TRUE(stale.receive());
  RawPeer fresh(ce.port(TML_CHANNEL_CONTROL));
  ASSERT_TRUE(fresh.secure(nine.cert, nine.key));
  ASSERT_TRUE(fresh.send(hello(9)));
  EXPECT_TRUE(fresh.receive());
  EXPECT_EQ(stale.close_reason(), 5) << "REPLACED";
  EXPECT_TRUE(ce.log.wait_event(TMLX_EVENT_PEER_REPLACED));
}

TEST_F(Security, AnotherIdentityWithTheSameIdIsRefusedAndReported) {
  start();  // FE 9 is connected with urn:forces:fe:9 first in its SAN
  const Pki::Files both = pki.issue("URI:urn:forces:fe:8,URI:urn:forces:fe:9");
  RawPeer other(ce.port(TML_CHANNEL_CONTROL));
  ASSERT_TRUE(other.secure(both.cert, both.key));
  ASSERT_TRUE(other.send(hello(9)));
  EXPECT_EQ(other.close_reason(), 3) << "AUTH";
  EXPECT_EQ(counter(ce.context, "peers_refused", "id_in_use"), 1u);
  EXPECT_GE(ce.log.count(TMLX_EVENT_AUTH_FAILED), 1u);
}

TEST_F(Security, DataMayGoWithoutTlsByOptionAndIsBoundByTheToken) {
  ce.tls.flags = TMLX_TLS_DATA_PLAINTEXT;
  bystander.fe.tls.flags = TMLX_TLS_DATA_PLAINTEXT;
  start();
  tmlx_channel_info info = TMLX_CHANNEL_INFO_INIT;
  ASSERT_EQ(tmlx_channel_get_info(ce.channel(TML_CHANNEL_DATA), &info), TML_SUCCESS);
  EXPECT_STREQ(info.tls, "none");
  RawPeer thief(ce.port(TML_CHANNEL_DATA));
  ASSERT_TRUE(thief.send(hello(9, forces::tml::kChannelData)));
  EXPECT_EQ(thief.close_reason(), 3) << "no token, no entry";
  EXPECT_EQ(counter(ce.context, "peers_refused", "token"), 1u);
}

TEST(SecurityConfig, PlaintextBeyondLoopbackNeedsItsOwnFlag) {
  Ce ce;
  ce.create();
  ce.control.context = ce.context;
  ce.control.address = "0.0.0.0";
  EXPECT_EQ(tmlInit(TML_CHANNEL_CONTROL, &ce.control), TMLX_E_INVALID);
}

TEST(SecurityConfig, TlsIsRequiredUnlessTurnedOff) {
  tmlx_config config = TMLX_CONFIG_INIT;
  config.local_id = 2;
  tmlx_context* context = nullptr;
  EXPECT_EQ(tmlx_context_create(&config, &context), TMLX_E_INVALID);
  tmlx_tls tls = TMLX_TLS_INIT;
  tls.ca_file = tls.cert_file = tls.key_file = "/nonexistent";
  config.tls = &tls;
  EXPECT_EQ(tmlx_context_create(&config, &context), TMLX_E_AUTH);
  EXPECT_NE(std::string(tmlx_last_error()).find("/nonexistent"), std::string::npos);
}

}  // namespace
}  // namespace e2e
