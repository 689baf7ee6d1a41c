// A peer that does as the test says: octets over TCP, or over OpenSSL, blocking with a bound.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proto/tml/message.hpp"

namespace e2e {

using OctetString = std::vector<std::uint8_t>;

// A PL message as a frame; `head` are its first two octets.
inline OctetString pl_frame(const OctetString& pl, std::uint16_t head = 0x1040) {
  OctetString f(4 + pl.size());
  f[0] = static_cast<std::uint8_t>(head >> 8);
  f[1] = static_cast<std::uint8_t>(head);
  f[2] = static_cast<std::uint8_t>(f.size() >> 8);
  f[3] = static_cast<std::uint8_t>(f.size());
  std::copy(pl.begin(), pl.end(), f.begin() + 4);
  return f;
}

class RawPeer {
 public:
  explicit RawPeer(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons(static_cast<std::uint16_t>(port));
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0;
    timeval bound{20, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
  }
  ~RawPeer() {
    if (ssl_ != nullptr) SSL_free(ssl_);
    if (context_ != nullptr) SSL_CTX_free(context_);
    close(fd_);
  }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  bool connected() const { return connected_; }
  int fd() const { return fd_; }

  // A TLS client; empty file names: no certificate. False: the handshake failed.
  bool secure(const std::string& cert, const std::string& key, int max_version = 0) {
    context_ = SSL_CTX_new(TLS_client_method());
    if (max_version != 0) SSL_CTX_set_max_proto_version(context_, max_version);
    if (!cert.empty()) {
      SSL_CTX_use_certificate_chain_file(context_, cert.c_str());
      SSL_CTX_use_PrivateKey_file(context_, key.c_str(), SSL_FILETYPE_PEM);
    }
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, fd_);
    const bool done = SSL_connect(ssl_) == 1;
    if (!done) note_alert();
    return done;
  }
  // The TLS alert that the other end sent: its number (RFC 8446 section 6), or -1.
  int alert() const { return alert_; }

  bool send(const OctetString& octets) {
    if (ssl_ != nullptr) return SSL_write(ssl_, octets.data(), static_cast<int>(octets.size())) > 0;
    return ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(octets.size());
  }
  bool send(const forces::tml::Message& message) {
    const auto octets = forces::tml::encode_message(message);
    return send(
        OctetString(reinterpret_cast<const std::uint8_t*>(octets->data()),
                    reinterpret_cast<const std::uint8_t*>(octets->data()) + octets->size()));
  }
  // The next TML message (PL messages are skipped); nothing at the end of the stream.
  std::optional<forces::tml::Message> receive() {
    for (;;) {
      while (in_.size() >= 8 || (in_.size() >= 4 && (in_[1] & 0x40) == 0)) {
        const bool pl = (in_[1] & 0x40) != 0;
        const std::size_t length =
            pl ? 4 + 4 * (std::size_t{in_[6]} * 256 + in_[7]) : std::size_t{in_[2]} * 256 + in_[3];
        if (in_.size() < length) break;
        const auto message =
            forces::tml::decode_message({reinterpret_cast<const std::byte*>(in_.data()), length});
        in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(length));
        if (!pl && message) return *message;
      }
      std::uint8_t buffer[4096];
      const ssize_t n = ssl_ != nullptr ? SSL_read(ssl_, buffer, sizeof buffer)
                                        : recv(fd_, buffer, sizeof buffer, 0);
      if (n <= 0) {
        if (ssl_ != nullptr) note_alert();
        return std::nullopt;
      }
      in_.insert(in_.end(), buffer, buffer + n);
    }
  }
  // Reads to the end: the Channel Close's reason code, or -1 when there was none.
  int close_reason() {
    int reason = -1;
    while (const auto m = receive())
      if (m->type == forces::tml::MsgType::ChannelClose)
        reason = m->reason ? static_cast<int>(m->reason->code) : 0;
    return reason;
  }

 private:
  void note_alert() {
    const int reason = ERR_GET_REASON(ERR_peek_last_error());
    if (reason >= SSL_AD_REASON_OFFSET) alert_ = reason - SSL_AD_REASON_OFFSET;
  }
  int fd_;
  int alert_ = -1;
  bool connected_ = false;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  OctetString in_;
};

inline forces::tml::Message hello(std::uint32_t id,
                                  std::uint32_t channel = forces::tml::kChannelControl) {
  forces::tml::Message m{.type = forces::tml::MsgType::Heartbeat};
  m.pl_id = id;
  m.channel_type = channel;
  return m;
}

}  // namespace e2e
