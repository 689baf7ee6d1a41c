// TLS contexts of one network element, and who a verified peer is (row 29).
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "tml/tml.h"

namespace forces::tml {

struct SslFree {
  void operator()(SSL* ssl) const {
    // A connection that ends without TLS goodbye would spoil its session for resumption.
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl);
  }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;

struct TlsConfig {
  std::uint32_t flags = 0;
  std::string ca_file, cert_file, key_file, crl_file, server_name, ciphersuites, groups,
      key_log_file;
  std::string alpn = "forces-tml/1";  // of the protocol inside, 1 to 255 octets
  [[nodiscard]] bool off() const {
    return (flags & (TMLX_TLS_PLAINTEXT | TMLX_TLS_PLAINTEXT_ANYWHERE)) != 0;
  }
};
[[nodiscard]] TlsConfig copy(const tmlx_tls& tls);

// An SSL_CTX for each side, from the files as they were when loaded. Shared by the connections made
// with it, so that a reload does not touch live ones; its ticket keys end with it, so that nobody
// resumes past a new CRL.
class TlsContext {
 public:
  [[nodiscard]] static std::expected<std::shared_ptr<TlsContext>, std::string> load(
      const TlsConfig& config);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  [[nodiscard]] SslPtr accept() const;
  // Sessions are kept for resumption by our ID and the peer's.
  [[nodiscard]] SslPtr connect(std::uint32_t local, std::uint32_t peer);
  [[nodiscard]] std::int64_t seconds_to_expiry() const;

 private:
  TlsContext() = default;
  static int keep_session(SSL* ssl, SSL_SESSION* session);

  SSL_CTX* server_ = nullptr;
  SSL_CTX* client_ = nullptr;
  std::string server_name_;
  // One ticket suffices: each is used once (RFC 8446 appendix C.4), and each handshake brings the
  // next.
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, SSL_SESSION*> tickets_;
};

// What the certificate of a handshaken peer says.
struct PeerIdentity {
  std::vector<std::uint32_t> fe_ids, ce_ids;  // of SAN URIs urn:forces:fe:<id>, urn:forces:ce:<id>
  std::string text;                           // the first such URI, or "sha256:<fingerprint>"
};
[[nodiscard]] PeerIdentity identity_of(const SSL* ssl);

enum class TlsFailure : std::uint8_t { Protocol, Certificate, NoCertificate, Version, NotTls };
struct TlsError {
  TlsFailure kind;
  std::string text;
};
// Takes the error queue of this thread.
[[nodiscard]] TlsError tls_error(const SSL* ssl);

}  // namespace forces::tml
