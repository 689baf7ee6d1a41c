#include "common/runtime/service.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "common/core/number.hpp"

namespace forces::runtime {
namespace {

std::optional<std::uint64_t> number_from_environment(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::nullopt : whole_number<std::uint64_t>(text);
}

}  // namespace

Notifier Notifier::from_environment() {
  const char* socket = std::getenv("NOTIFY_SOCKET");
  std::optional<Duration> watchdog;
  const auto limit = number_from_environment("WATCHDOG_USEC");
  const auto pid = number_from_environment("WATCHDOG_PID");
  const bool for_us = !pid || *pid == static_cast<std::uint64_t>(getpid());
  if (limit && *limit > 0 && for_us) watchdog = std::chrono::microseconds(*limit) / 2;
  return {socket == nullptr ? "" : socket, watchdog};
}

Notifier::Notifier(std::string socket, std::optional<Duration> watchdog)
    : socket_(std::move(socket)), watchdog_(watchdog) {}

void Notifier::reloading() const {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                   std::chrono::duration_cast<std::chrono::microseconds>(now).count()));
}

void Notifier::status(std::string_view text) const { send(fmt::format("STATUS={}", text)); }

void Notifier::send(std::string_view message) const {
  sockaddr_un address{};
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_.front() == '@') address.sun_path[0] = '\0';
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  (void)::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&address), length);
  ::close(fd);
}

Signals::Signals(asio::io_context& io, Handlers handlers)
    : signals_(io, SIGHUP, SIGTERM, SIGINT), handlers_(std::move(handlers)) {
  std::signal(SIGPIPE, SIG_IGN);
  wait();
}

void Signals::cancel() {
  asio::error_code ignored;
  signals_.cancel(ignored);
}

void Signals::wait() {
  signals_.async_wait([this](const asio::error_code& error, int signal) {
    if (error) return;
    if (signal == SIGHUP) {
      handlers_.reload();
    } else if (std::exchange(terminating_, true)) {
      handlers_.abandon();
    } else {
      handlers_.terminate();
    }
    wait();
  });
}

}  // namespace forces::runtime
