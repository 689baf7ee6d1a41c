// The TCP server that zebra's dplane_fpm_nl connects to: moves octets into framer, decoder and Rib,
// and arms one timer. It decides one thing: who is zebra. FPM has no authentication, so
//
// * it listens on loopback unless told otherwise;
// * who has sent a valid frame keeps the place: a second connection is closed at once;
// * who has sent nothing yet loses the place to a newcomer;
// * octets that are no FPM end the connection, and the routes stay as they are.
#pragma once

#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>

#include "ce/routing/fpm/decoder.hpp"
#include "ce/routing/fpm/framer.hpp"
#include "ce/routing/rib/rib.hpp"

namespace forces::ce::routing::fpm {

struct ListenerConfig {
  std::string address = "127.0.0.1";
  std::uint16_t port = kDefaultPort;  // 0: any free one
};

struct ListenerCounters {
  std::uint64_t accepted = 0, refused = 0, displaced = 0;
  std::uint64_t octets = 0, frames = 0, messages = 0;
  std::uint64_t malformed = 0;   // connections closed for what they sent
  std::uint64_t cut_inside = 0;  // connections that ended inside a frame
};

struct ListenerHandlers {
  std::function<void()> changed;               // the Rib has changes; between frames
  std::function<void(std::string_view)> note;  // a line for the log: who came, who went and why
  // Of an owner whose other threads use the Rib: held whenever it is touched, and in the calls
  // above.
  std::mutex* guard = nullptr;
};

class Listener {
 public:
  // All calls, and the handlers, are in the one thread that runs `io`, or while nobody runs it; the
  // caller does not hold the guard.
  Listener(asio::io_context& io, Rib& rib, ListenerHandlers handlers);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] std::error_code start(const ListenerConfig& config);
  void stop();
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const ListenerCounters& counters() const { return counters_; }

 private:
  struct Connection {
    explicit Connection(asio::ip::tcp::socket s) : socket(std::move(s)) {}
    asio::ip::tcp::socket socket;
    Framer framer;
    Message message;
    std::string peer;
    bool proven = false;  // has sent a valid frame
  };

  void accept();
  void take(asio::ip::tcp::socket socket);
  void read();
  void on_octets(std::size_t octets);
  [[nodiscard]] bool on_frame(wire::Bytes payload);
  void malformed(const Error& error);
  void close(std::string_view why);
  void arm();
  void note(std::string_view what) const;
  [[nodiscard]] std::unique_lock<std::mutex> lock() const {
    return handlers_.guard ? std::unique_lock(*handlers_.guard) : std::unique_lock<std::mutex>();
  }

  Rib& rib_;
  ListenerHandlers handlers_;
  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer timer_;                // of the Rib
  asio::steady_timer retry_;                // of the acceptor, when descriptors ran out
  std::shared_ptr<Connection> connection_;  // handlers hold it weakly
  std::shared_ptr<Listener*> self_;         // so do those of acceptor and timer
  std::uint16_t port_ = 0;
  ListenerCounters counters_;
};

}  // namespace forces::ce::routing::fpm
