// One VC to a neighbour: a TCP connection, plain or TLS, that carries SDUs. Belongs to the thread
// of its io_context, as do the Buffers, which all sessions share.
#pragma once

#include <memory>
#include <string>

#include "ce/multicast/link/deframer.hpp"
#include "tml/octets/stream.hpp"

namespace forces::multicast::link {

class Session : public std::enable_shared_from_this<Session> {
 public:
  // None of them may destroy or flush a session.
  class Owner {
   public:
    virtual void on_open(Session& session) = 0;  // TLS is up
    virtual void on_message(Session& session, wire::SnapPid pid, wire::Bytes message) = 0;
    virtual void on_closed(Session& session, const std::string& why) = 0;  // once
    virtual void on_served() = 0;  // everything that came was handed out

   protected:
    ~Owner() = default;
  };

  // `tls` is what made `ssl` and lives as long; without TLS both are null.
  Session(asio::ip::tcp::socket socket, std::shared_ptr<tml::TlsContext> tls, tml::SslPtr ssl,
          tml::Buffers& buffers, Owner& owner);

  void start();
  // Queued until flush(); after too much of it the session ends: the neighbour does not read.
  void send(wire::SnapPid pid, wire::Bytes message);
  void flush();
  void close(const std::string& why);
  // No more calls of the owner.
  void abandon();

  [[nodiscard]] bool open() const { return life_ == Life::Open; }
  [[nodiscard]] const std::string& address() const { return address_; }
  // Of the certificate: IDs of urn:forces:ce URIs. Without TLS none.
  [[nodiscard]] const std::vector<std::uint32_t>& certified() const { return certified_; }
  [[nodiscard]] bool tls() const { return tls_ != nullptr; }

 private:
  static constexpr std::size_t kMaxUnsent = 64 << 20;
  static constexpr std::chrono::seconds kUnacknowledged{10};
  enum class Life : std::uint8_t { Setup, Open, Ended };

  void wait_readable();
  void wait_writable();
  void serve();
  [[nodiscard]] bool secure();
  [[nodiscard]] bool receive();

  std::shared_ptr<tml::TlsContext> tls_;
  tml::Stream stream_;
  tml::Buffers& buffers_;
  Owner* owner_;
  Life life_ = Life::Setup;
  bool writing_ = false;
  Deframer deframer_;
  std::vector<std::byte> unsent_;  // framed
  std::string address_;
  std::vector<std::uint32_t> certified_;
};

}  // namespace forces::multicast::link
