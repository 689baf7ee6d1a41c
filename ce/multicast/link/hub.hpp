// The neighbours of a server over TCP: one that listens, dials, and carries packets between its VCs
// and its Engine. It decides nothing about SCSP.
//
// Of two servers the one with the greater ID dials. A connection is taken for the neighbour that
// its certificate (SAN urn:forces:ce:<server ID>, tml/README.md row 29) and its first message name;
// in plain mode, which is for tests and loopback, the first message alone. A new connection of a
// neighbour replaces the one before.
//
// One thread: that of the io_context. Calls of others are posted there by their owner.
#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ce/multicast/link/session.hpp"
#include "ce/multicast/scsp/engine.hpp"

namespace forces::multicast::link {

struct Peer {
  sync::ServerId id{};
  std::string address{};  // an IP address, where it has to be dialled
  std::uint16_t port = 0;
  sync::Security security{};
};

struct HubConfig {
  sync::Config engine{};  // its neighbours are the peers
  std::string address = "0.0.0.0";
  std::uint16_t port = 0;  // 0: any that is free
  std::vector<Peer> peers{};
  bool plaintext = false;
  tml::TlsConfig tls{};  // the ALPN is ours
  Duration redial = std::chrono::seconds(1), redial_most = std::chrono::seconds(30);
  Duration identify = std::chrono::seconds(10);  // from accept to the first Hello
};

struct HubCounters {
  std::uint64_t accepted = 0, dialled = 0, dial_failures = 0;
  std::uint64_t refused = 0;   // of no peer, or with the certificate of another
  std::uint64_t replaced = 0;  // by a new connection of the same peer
  std::uint64_t unknown_pids = 0;
};

class Hub final : private Session::Owner {
 public:
  // What an engine says, but for Send; and what happens to connections, to be logged.
  using OnEvent = std::function<void(const sync::Output&)>;
  using OnNote = std::function<void(const std::string&)>;

  Hub(asio::io_context& io, HubConfig config, OnEvent on_event, OnNote on_note = {});
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // Reads the TLS files and listens; the error names what is wrong. Then it dials.
  [[nodiscard]] std::expected<void, std::string> start();
  void stop();
  // Certificates are read again; live connections stay.
  [[nodiscard]] std::expected<void, std::string> reload(tml::TlsConfig tls);

  // Other keys of a neighbour, whose connection and state stay; of no neighbour: nothing.
  void set_security(sync::ServerId id, sync::Security security);
  [[nodiscard]] const sync::Security* security(sync::ServerId id) const;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const sync::Engine& engine() const { return engine_; }
  [[nodiscard]] const HubCounters& counters() const { return counters_; }

  // The client's calls; what they bring about leaves at once.
  sync::Status originate(std::uint32_t key, wire::Bytes body);
  sync::Status purge(std::uint32_t key);
  void forget(sync::ServerId originator, std::span<const std::uint32_t> keys);
  void summarise();

 private:
  struct Neighbor {
    Peer peer;
    std::shared_ptr<Session> session{};
    Duration redial{};
    std::unique_ptr<asio::steady_timer> timer{};
  };
  struct Stranger {
    std::shared_ptr<Session> session;
    std::unique_ptr<asio::steady_timer> timer;
  };
  static constexpr std::size_t kMaxStrangers = 64;  // connections that are not identified

  void on_open(Session& session) override;
  void on_message(Session& session, wire::SnapPid pid, wire::Bytes message) override;
  void on_closed(Session& session, const std::string& why) override;
  void on_served() override { pump(); }

  void accept();
  [[nodiscard]] std::shared_ptr<Session> make(asio::ip::tcp::socket socket, tml::SslPtr ssl);
  void greet(asio::ip::tcp::socket socket);
  void dial(Neighbor& n);
  void redial(Neighbor& n);
  void attach(Neighbor& n, Session& session);
  [[nodiscard]] Neighbor* of(const Session& session);
  [[nodiscard]] Neighbor* identify(const Session& session, wire::Bytes message);
  bool forget_stranger(const Session& session);  // true: it was one
  void drop_stranger(std::shared_ptr<Session> session);
  void pump();
  void pump_later();
  void note(const std::string& text);

  asio::io_context& io_;
  HubConfig config_;
  OnEvent on_event_;
  OnNote on_note_;
  sync::Engine engine_;
  std::shared_ptr<tml::TlsContext> tls_;
  tml::Buffers buffers_;
  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer timer_;
  std::uint16_t port_ = 0;
  std::map<sync::ServerId, Neighbor> neighbors_;
  std::vector<Stranger> strangers_;  // the oldest first
  HubCounters counters_;
  bool pumping_ = false, posted_ = false, stopped_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // handlers may outlive us
};

}  // namespace forces::multicast::link
