#include "tests/bench/raw/link.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "tests/bench/harness/pair.hpp"
#include "tests/bench/raw/wire.hpp"

namespace forces::bench {
namespace {

constexpr int kBacklog = 4096;

int open_socket(bool blocking) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK), 0);
  if (fd < 0) fail("socket");
  return fd;
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

void set_no_delay(int fd) {
  const int on = 1;
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) fail("TCP_NODELAY");
}

bool must_wait(ssize_t result) { return result < 0 && (errno == EAGAIN || errno == EINTR); }

}  // namespace

int listen_on_loopback(std::atomic<int>& port) {
  const int fd = open_socket(true);
  sockaddr_in address = loopback(0);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (bind(fd, generic, size) != 0 || listen(fd, kBacklog) != 0 ||
      getsockname(fd, generic, &size) != 0) {
    fail("listen");
  }
  port = ntohs(address.sin_port);
  return fd;
}

int accept_from(int listener, bool blocking) {
  const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK));
  if (fd >= 0) {
    set_no_delay(fd);
  } else if (blocking || errno != EAGAIN) {
    fail("accept");
  }
  return fd;
}

int connect_to(int port, bool blocking) {
  const int fd = open_socket(blocking);
  const sockaddr_in address = loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS) {
    fail("connect");
  }
  set_no_delay(fd);
  return fd;
}

void set_non_blocking(int fd) {
  if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0) fail("O_NONBLOCK");
}

SSL_CTX* make_context(const Options& options, bool server) {
  if (!options.tls) return nullptr;
  SSL_CTX* context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
  const std::string own = options.certs + (server ? "/server" : "/client");
  if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
      SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") != 1 ||
      SSL_CTX_set1_groups_list(context, "X25519") != 1 ||
      SSL_CTX_load_verify_locations(context, (options.certs + "/ca.crt").c_str(), nullptr) != 1 ||
      SSL_CTX_use_certificate_file(context, (own + ".crt").c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, (own + ".key").c_str(), SSL_FILETYPE_PEM) != 1) {
    ERR_print_errors_fp(stderr);
    fail("TLS context from " + options.certs);
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

void PageBuffer::Release::operator()(std::uint8_t* p) const { std::free(p); }

PageBuffer::PageBuffer(std::size_t capacity) : capacity_(capacity) {
  constexpr std::size_t kPage = 4096;
  const std::size_t pages = (capacity + kOffset + kPage - 1) / kPage;
  start_.reset(static_cast<std::uint8_t*>(std::aligned_alloc(kPage, pages * kPage)));
  if (!start_) fail("out of memory");
}

Link::Link(int fd, SSL_CTX* context, bool server, Records records, SSL_SESSION* resume) : fd_(fd) {
  if (context == nullptr) return;
  ssl_ = SSL_new(context);
  if (records == Records::Gathered) {
    wire_ = std::make_unique<Wire>(fd);
    BIO* bio = wire_->make_bio();
    SSL_set_bio(ssl_, bio, bio);
  } else {
    SSL_set_fd(ssl_, fd);
  }
  if (server) {
    SSL_set_accept_state(ssl_);
    return;
  }
  SSL_set_connect_state(ssl_);
  SSL_set1_host(ssl_, "localhost");
  if (resume != nullptr) SSL_set_session(ssl_, resume);
}

Link::~Link() {
  SSL_free(ssl_);
  close(fd_);
}

bool Link::handshake() {
  if (ssl_ == nullptr) return true;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    if (wire_) wire_->flush();
    const bool shown = SSL_get0_peer_certificate(ssl_) != nullptr || SSL_session_reused(ssl_) == 1;
    if (!shown || SSL_get_verify_result(ssl_) != X509_V_OK) fail("the peer is not authenticated");
    return true;
  }
  const int why = SSL_get_error(ssl_, result);
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return false;
  ERR_print_errors_fp(stderr);
  fail("TLS handshake");
}

std::ptrdiff_t Link::read(std::uint8_t* into, std::size_t room) {
  if (ssl_ == nullptr) {
    const ssize_t got = recv(fd_, into, room, 0);
    if (got > 0) return got;
    return must_wait(got) ? 0 : -1;
  }
  ERR_clear_error();
  std::size_t got = 0;
  if (SSL_read_ex(ssl_, into, room, &got) == 1) return static_cast<std::ptrdiff_t>(got);
  return SSL_get_error(ssl_, 0) == SSL_ERROR_WANT_READ ? 0 : -1;
}

std::ptrdiff_t Link::write(Octets octets) {
  if (ssl_ == nullptr) {
    const ssize_t sent = send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
    if (sent > 0) return sent;
    return must_wait(sent) ? 0 : -1;
  }
  if (wire_ && !wire_->flush()) return 0;
  ERR_clear_error();
  std::size_t total = 0;
  std::size_t taken = 0;
  while (total < octets.size() &&
         SSL_write_ex(ssl_, octets.data() + total, octets.size() - total, &taken) == 1) {
    total += taken;  // one record a call
  }
  if (total == 0) {
    const int why = SSL_get_error(ssl_, 0);
    return why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ ? 0 : -1;
  }
  if (wire_) wire_->flush();
  return static_cast<std::ptrdiff_t>(total);
}

void Link::write_all(Octets octets) {
  while (!octets.empty()) {
    const std::ptrdiff_t sent = write(octets);
    if (sent < 0) fail("the connection was lost while sending");
    octets = octets.subspan(static_cast<std::size_t>(sent));
  }
}

bool Link::holds_input() const {
  return ssl_ != nullptr && (SSL_has_pending(ssl_) == 1 || (wire_ && wire_->holds_input()));
}

}  // namespace forces::bench
