// A CE's listening socket for one channel type, and how fast it lets connections in (row 13).
#pragma once

#include <asio/ip/tcp.hpp>
#include <expected>
#include <string>

#include "tml/src/core/pacing.hpp"
#include "tml/src/net/loop.hpp"

namespace forces::tml {

class Context;

class Listener final : public Timed {
 public:
  Listener(Context& context, Loop& loop, tml_channel_type type);
  ~Listener();
  // port 0: any. The error, or the port.
  [[nodiscard]] std::expected<std::uint16_t, std::string> open(const std::string& address,
                                                               std::uint16_t port);
  void start();
  void stop();
  std::uint16_t port() const { return port_; }
  std::optional<Instant> deadline() const override { return paused_until_; }
  void on_timer(Instant now) override;

 private:
  void wait();
  void accept_all();
  void pause(Duration time);

  Context& context_;
  Loop& loop_;
  const tml_channel_type type_;
  asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  std::optional<Instant> paused_until_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Options of every TML socket (rows 11, 15).
void tune(asio::ip::tcp::socket& socket, tml_channel_type type);

}  // namespace forces::tml
