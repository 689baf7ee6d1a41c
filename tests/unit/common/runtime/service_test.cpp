#include "common/runtime/service.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <asio/local/datagram_protocol.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

namespace forces::runtime {
namespace {

using namespace std::chrono_literals;

class NotifySocket : public testing::Test {
 protected:
  NotifySocket() : path_(testing::TempDir() + "forces_notify_" + std::to_string(getpid())) {
    ::unlink(path_.c_str());
    socket_.open();
    socket_.bind(asio::local::datagram_protocol::endpoint(path_));
  }
  ~NotifySocket() override { ::unlink(path_.c_str()); }
  std::string received() {
    std::string text(1000, '\0');
    socket_.non_blocking(true);
    asio::error_code error;
    text.resize(socket_.receive(asio::buffer(text), 0, error));
    return error ? "nothing" : text;
  }

  asio::io_context io_;
  std::string path_;
  asio::local::datagram_protocol::socket socket_{io_};
};

TEST_F(NotifySocket, GetsWhatSystemdExpects) {
  const Notifier notifier(path_, std::nullopt);
  notifier.ready();
  EXPECT_EQ(received(), "READY=1");
  notifier.stopping();
  EXPECT_EQ(received(), "STOPPING=1");
  notifier.watchdog();
  EXPECT_EQ(received(), "WATCHDOG=1");
  notifier.status("2 of 3 FEs");
  EXPECT_EQ(received(), "STATUS=2 of 3 FEs");
  notifier.reloading();
  EXPECT_TRUE(received().starts_with("RELOADING=1\nMONOTONIC_USEC="));
}

TEST_F(NotifySocket, IsTakenFromTheEnvironment) {
  setenv("NOTIFY_SOCKET", path_.c_str(), 1);
  setenv("WATCHDOG_USEC", "4000000", 1);
  Notifier::from_environment().ready();
  EXPECT_EQ(received(), "READY=1");
  EXPECT_EQ(Notifier::from_environment().watchdog_interval(), 2s);
  setenv("WATCHDOG_PID", "1", 1);  // another process is meant
  EXPECT_EQ(Notifier::from_environment().watchdog_interval(), std::nullopt);
  setenv("WATCHDOG_USEC", "soon", 1);
  unsetenv("WATCHDOG_PID");
  EXPECT_EQ(Notifier::from_environment().watchdog_interval(), std::nullopt);
  unsetenv("WATCHDOG_USEC");
  unsetenv("NOTIFY_SOCKET");
}

TEST(Notifier, WithoutASocketDoesNothing) {
  Notifier("", std::nullopt).ready();
  Notifier(std::string(200, 'x'), std::nullopt).ready();  // longer than an address can be
  Notifier("/nonexistent/socket", std::nullopt).ready();
}

TEST(Notifier, KnowsTheAbstractNamespace) {
  asio::io_context io;
  asio::local::datagram_protocol::socket socket(io);
  const auto name = "forces_test_" + std::to_string(getpid());
  socket.open();
  socket.bind(asio::local::datagram_protocol::endpoint(std::string(1, '\0') + name));
  Notifier("@" + name, std::nullopt).ready();
  std::string text(100, '\0');
  socket.non_blocking(true);
  asio::error_code error;
  text.resize(socket.receive(asio::buffer(text), 0, error));
  EXPECT_EQ(text, "READY=1") << error.message();
}

TEST(Signals, BecomeCallsOnTheLoop) {
  asio::io_context io;
  std::vector<std::string> calls;
  Signals signals(io,
                  {[&] { calls.emplace_back("reload"); }, [&] { calls.emplace_back("terminate"); },
                   [&] {
                     calls.emplace_back("abandon");
                     io.stop();
                   }});
  for (const int signal : {SIGHUP, SIGTERM, SIGINT}) {
    const auto before = calls.size();
    raise(signal);
    while (calls.size() == before && io.run_one_for(5s) > 0) continue;
  }
  EXPECT_EQ(calls, (std::vector<std::string>{"reload", "terminate", "abandon"}));
}

TEST(Signals, ABrokenPipeIsNoReasonToEnd) {
  asio::io_context io;
  const Signals signals(io, {[] {}, [] {}, [] {}});
  raise(SIGPIPE);
}

}  // namespace
}  // namespace forces::runtime
