// The process as the service manager and the operator's kill(1) see it: sd_notify(3) and signals.
#pragma once

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/core/time.hpp"

namespace forces::runtime {

// Datagrams to $NOTIFY_SOCKET; every call does nothing when it is not set. Failures are ignored: a
// service manager that does not listen is no reason to stop.
class Notifier {
 public:
  // Takes NOTIFY_SOCKET and WATCHDOG_USEC (with WATCHDOG_PID) from the environment.
  static Notifier from_environment();
  // `socket`: a path, or "@name" for the abstract namespace; "" is nobody.
  Notifier(std::string socket, std::optional<Duration> watchdog);

  void ready() const { send("READY=1"); }
  void reloading() const;  // with MONOTONIC_USEC, as Type=notify-reload wants; ready() ends it
  void stopping() const { send("STOPPING=1"); }
  void status(std::string_view text) const;
  void watchdog() const { send("WATCHDOG=1"); }
  // How often watchdog() is expected to be called: half of the manager's limit.
  [[nodiscard]] std::optional<Duration> watchdog_interval() const { return watchdog_; }

 private:
  void send(std::string_view message) const;

  std::string socket_;
  std::optional<Duration> watchdog_;
};

// SIGHUP, SIGTERM and SIGINT become calls on the loop; SIGPIPE is ignored from here on.
class Signals {
 public:
  struct Handlers {
    std::function<void()> reload;     // SIGHUP
    std::function<void()> terminate;  // the first SIGTERM or SIGINT: end in good order
    std::function<void()> abandon;    // the second: end at once
  };
  Signals(asio::io_context& io, Handlers handlers);
  void cancel();

 private:
  void wait();

  asio::signal_set signals_;
  Handlers handlers_;
  bool terminating_ = false;
};

}  // namespace forces::runtime
