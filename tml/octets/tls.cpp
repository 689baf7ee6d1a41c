#include "tml/octets/tls.hpp"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <set>

#include "common/core/number.hpp"

namespace forces::tml {
namespace {

const unsigned char* bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// Its length, then it. Kept for ever: connections that are being set up may outlive their context.
const std::string& wire_form(const std::string& alpn) {
  static std::mutex mutex;
  static std::set<std::string> kept;
  const std::lock_guard lock(mutex);
  return *kept.insert(std::string(1, static_cast<char>(alpn.size())).append(alpn)).first;
}

int context_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}
int peer_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}
int key_log_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr, [](void*, void* file, CRYPTO_EX_DATA*, int, long, void*) {
        if (file != nullptr) std::fclose(static_cast<std::FILE*>(file));
      });
  return index;
}

std::string drain_errors() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    if (!text.empty()) continue;
    char line[256];
    ERR_error_string_n(code, line, sizeof line);
    // "No such file or directory" without OpenSSL's numbers around it.
    text = ERR_SYSTEM_ERROR(code) ? std::strerror(ERR_GET_REASON(code)) : line;
  }
  return text;
}

void log_key(const SSL* ssl, const char* line) {
  auto* file = static_cast<std::FILE*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), key_log_index()));
  std::fprintf(file, "%s\n", line);
  std::fflush(file);
}

int choose_alpn(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
                unsigned int in_size, void* alpn) {
  const auto& ours = *static_cast<const std::string*>(alpn);
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, size, bytes(ours), static_cast<unsigned>(ours.size()), in,
                            in_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// Empty, or what is wrong.
std::string configure(SSL_CTX* ctx, const TlsConfig& config, bool server) {
  const std::string& alpn = wire_form(config.alpn);
  const auto wrong = [](std::string_view what, const std::string& file) {
    const std::string why = drain_errors();
    return std::string(what) + (file.empty() ? "" : " " + file) + (why.empty() ? "" : ": " + why);
  };
  const bool legacy = (config.flags & TMLX_TLS_LEGACY_CBC) != 0;
  const bool tls12 = legacy || (config.flags & TMLX_TLS_ALLOW_12) != 0;
  SSL_CTX_set_min_proto_version(ctx, tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
  if (tls12 && SSL_CTX_set_cipher_list(ctx, legacy ? "ECDHE+AESGCM:ECDHE+CHACHA20:AES128-SHA"
                                                   : "ECDHE+AESGCM:ECDHE+CHACHA20") != 1)
    return wrong("cannot set the TLS 1.2 ciphers", "");
  if (!config.ciphersuites.empty() &&
      SSL_CTX_set_ciphersuites(ctx, config.ciphersuites.c_str()) != 1)
    return wrong("unknown TLS 1.3 ciphersuites", config.ciphersuites);
  const std::string groups = config.groups.empty() ? "X25519:P-256" : config.groups;
  if (SSL_CTX_set1_groups_list(ctx, groups.c_str()) != 1) return wrong("unknown groups", groups);
  if (SSL_CTX_load_verify_locations(ctx, config.ca_file.c_str(), nullptr) != 1)
    return wrong("cannot read the CA file", config.ca_file);
  if (SSL_CTX_use_certificate_chain_file(ctx, config.cert_file.c_str()) != 1)
    return wrong("cannot read the certificate", config.cert_file);
  if (SSL_CTX_use_PrivateKey_file(ctx, config.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return wrong("cannot read the key", config.key_file);
  if (SSL_CTX_check_private_key(ctx) != 1)
    return wrong("the key does not belong to the certificate:", config.key_file);
  if (!config.crl_file.empty()) {
    X509_STORE* store = SSL_CTX_get_cert_store(ctx);
    X509_LOOKUP* lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (lookup == nullptr ||
        X509_load_crl_file(lookup, config.crl_file.c_str(), X509_FILETYPE_PEM) < 1)
      return wrong("cannot read the CRL", config.crl_file);
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
  }
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_mode(
      ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  const bool resume = (config.flags & TMLX_TLS_NO_RESUMPTION) == 0;
  const auto alpn_size = static_cast<unsigned>(alpn.size());
  SSL_CTX_set_session_id_context(ctx, bytes(alpn), std::min(alpn_size, 32U));  // OpenSSL's limit
  if (server) {
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);  // stateless tickets only
    SSL_CTX_set_num_tickets(ctx, resume ? 1 : 0);
    if (!resume) SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, const_cast<std::string*>(&alpn));
  } else {
    SSL_CTX_set_session_cache_mode(
        ctx, resume ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_protos(ctx, bytes(alpn), alpn_size);
  }
  if (!config.key_log_file.empty()) {
    std::FILE* file = std::fopen(config.key_log_file.c_str(), "ae");
    if (file == nullptr) return wrong("cannot write the key log", config.key_log_file);
    SSL_CTX_set_ex_data(ctx, key_log_index(), file);
    SSL_CTX_set_keylog_callback(ctx, log_key);
  }
  return {};
}

bool parse_urn(std::string_view uri, std::string_view prefix, std::vector<std::uint32_t>& into) {
  if (!uri.starts_with(prefix)) return false;
  uri.remove_prefix(prefix.size());
  const auto id = decimal_or_hex<std::uint32_t>(uri);
  if (id) into.push_back(*id);
  return id.has_value();
}

std::string fingerprint(const X509* cert) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  X509_digest(cert, EVP_sha256(), digest, &size);
  std::string text = "sha256:";
  for (unsigned i = 0; i < size; ++i) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", digest[i]);
    text += two;
  }
  return text;
}

}  // namespace

TlsConfig copy(const tmlx_tls& tls) {
  const auto text = [](const char* s) { return std::string(s != nullptr ? s : ""); };
  return {tls.flags,
          text(tls.ca_file),
          text(tls.cert_file),
          text(tls.key_file),
          text(tls.crl_file),
          text(tls.server_name),
          text(tls.ciphersuites),
          text(tls.groups),
          text(tls.key_log_file),
          TlsConfig{}.alpn};
}

std::expected<std::shared_ptr<TlsContext>, std::string> TlsContext::load(const TlsConfig& config) {
  ERR_clear_error();
  const std::shared_ptr<TlsContext> made(new TlsContext);
  made->server_ = SSL_CTX_new(TLS_server_method());
  made->client_ = SSL_CTX_new(TLS_client_method());
  made->server_name_ = config.server_name;
  if (made->server_ == nullptr || made->client_ == nullptr) return std::unexpected(drain_errors());
  for (SSL_CTX* ctx : {made->server_, made->client_}) {
    SSL_CTX_set_ex_data(ctx, context_index(), made.get());
    if (std::string why = configure(ctx, config, ctx == made->server_); !why.empty())
      return std::unexpected(std::move(why));
  }
  SSL_CTX_sess_set_new_cb(made->client_, keep_session);
  return made;
}

TlsContext::~TlsContext() {
  for (const auto& [key, session] : tickets_) SSL_SESSION_free(session);
  SSL_CTX_free(server_);
  SSL_CTX_free(client_);
}

int TlsContext::keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* self = static_cast<TlsContext*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index()));
  const auto key = reinterpret_cast<std::uintptr_t>(SSL_get_ex_data(ssl, peer_index()));
  const std::lock_guard lock(self->mutex_);
  SSL_SESSION*& kept = self->tickets_[key];
  if (kept != nullptr) SSL_SESSION_free(kept);
  kept = session;
  return 1;
}

SslPtr TlsContext::accept() const {
  SslPtr ssl(SSL_new(server_));
  if (ssl) SSL_set_accept_state(ssl.get());
  return ssl;
}

SslPtr TlsContext::connect(std::uint32_t local, std::uint32_t peer) {
  static_assert(sizeof(void*) == 8, "the ticket's key travels in a pointer");
  const std::uint64_t key = (std::uint64_t{local} << 32) | peer;
  SslPtr ssl(SSL_new(client_));
  if (!ssl) return ssl;
  SSL_set_connect_state(ssl.get());
  SSL_set_ex_data(ssl.get(), peer_index(), reinterpret_cast<void*>(key));
  if (!server_name_.empty()) {
    SSL_set1_host(ssl.get(), server_name_.c_str());
    SSL_set_tlsext_host_name(ssl.get(), server_name_.c_str());
  }
  const std::lock_guard lock(mutex_);
  if (const auto found = tickets_.find(key); found != tickets_.end()) {
    SSL_set_session(ssl.get(), found->second);
    SSL_SESSION_free(found->second);
    tickets_.erase(found);
  }
  return ssl;
}

std::int64_t TlsContext::seconds_to_expiry() const {
  const X509* cert = SSL_CTX_get0_certificate(server_);
  int days = 0, seconds = 0;
  if (cert == nullptr || ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(cert)) != 1)
    return 0;
  return std::int64_t{days} * 86400 + seconds;
}

PeerIdentity identity_of(const SSL* ssl) {
  PeerIdentity who;
  const X509* cert = SSL_get0_peer_certificate(ssl);
  // A resumed session skips the chain check: at least the certificate must still be in its time.
  if (cert == nullptr || X509_cmp_current_time(X509_get0_notAfter(cert)) <= 0) return who;
  auto* names =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(cert, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* s = name->d.uniformResourceIdentifier;
    const std::string_view uri(reinterpret_cast<const char*>(ASN1_STRING_get0_data(s)),
                               static_cast<std::size_t>(ASN1_STRING_length(s)));
    if ((parse_urn(uri, "urn:forces:fe:", who.fe_ids) ||
         parse_urn(uri, "urn:forces:ce:", who.ce_ids)) &&
        who.text.empty())
      who.text = uri;
  }
  GENERAL_NAMES_free(names);
  if (who.text.empty()) who.text = fingerprint(cert);
  return who;
}

TlsError tls_error(const SSL* ssl) {
  const unsigned long code = ERR_peek_error();
  TlsError error{TlsFailure::Protocol, drain_errors()};
  switch (ERR_GET_REASON(code)) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      error.kind = TlsFailure::Certificate;
      error.text = std::string("certificate refused: ") +
                   X509_verify_cert_error_string(SSL_get_verify_result(ssl));
      break;
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
      error.kind = TlsFailure::Certificate;
      error.text = "the peer refused our certificate: " + error.text;
      break;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      error.kind = TlsFailure::NoCertificate;
      break;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
      error.kind = TlsFailure::Version;
      break;
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
      error.kind = TlsFailure::NotTls;
      break;
    default:
      break;
  }
  if (error.text.empty()) error.text = "TLS failed without saying why";
  return error;
}

}  // namespace forces::tml
