#include "common/runtime/local_server.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <fstream>
#include <string>

namespace forces::runtime {
namespace {

using namespace std::chrono_literals;
using Protocol = asio::local::stream_protocol;

std::string frame(std::string_view body) {
  const auto header = encode_frame_header(body.size());
  return std::string(header.begin(), header.end()) + std::string(body);
}

// Server and clients on one loop, driven by the test.
class LocalSocket : public testing::Test {
 protected:
  LocalSocket() {
    options_.path = testing::TempDir() + "forces_local_" + std::to_string(getpid());
    ::unlink(options_.path.c_str());
  }
  void serve() {
    auto server = LocalServer::create(io_, options_,
                                      [this](std::string_view request, const LocalCaller& caller) {
                                        caller_ = caller;
                                        return "echo " + std::string(request);
                                      });
    ASSERT_TRUE(server) << server.error();
    server_ = std::move(*server);
  }
  Protocol::socket connect() {
    Protocol::socket socket(io_);
    socket.connect(Protocol::endpoint(options_.path));
    return socket;
  }
  template <class Until>
  bool run(Until until) {
    const auto end = std::chrono::steady_clock::now() + 5s;
    io_.restart();
    while (!until() && std::chrono::steady_clock::now() < end) io_.run_one_for(100ms);
    return until();
  }
  // What arrives until the server is silent for good: `octets`, or the end of the stream.
  std::string receive(Protocol::socket& socket, std::size_t octets) {
    std::string got(octets, '\0');
    bool done = false;
    asio::async_read(socket, asio::buffer(got), [&](const asio::error_code&, std::size_t n) {
      got.resize(n);
      done = true;
    });
    EXPECT_TRUE(run([&] { return done; }));
    return got;
  }

  asio::io_context io_;
  LocalServerOptions options_;
  LocalCaller caller_;
  std::unique_ptr<LocalServer> server_;
};

TEST_F(LocalSocket, AnswersARequestAndTheNext) {
  serve();
  auto client = connect();
  for (const std::string body : {"one", "", "three"}) {
    asio::write(client, asio::buffer(frame(body)));
    const auto want = frame("echo " + body);
    EXPECT_EQ(receive(client, want.size()), want);
  }
  EXPECT_EQ(server_->counters().requests, 3U);
  EXPECT_EQ(caller_.uid, getuid());
  EXPECT_EQ(caller_.pid, getpid());
}

TEST_F(LocalSocket, ARequestMayComeInPieces) {
  serve();
  auto client = connect();
  for (const char c : frame("slow")) {
    asio::write(client, asio::buffer(&c, 1));
    io_.restart();
    io_.poll();
  }
  EXPECT_EQ(receive(client, frame("echo slow").size()), frame("echo slow"));
}

TEST_F(LocalSocket, RequestsSentTogetherAreAnsweredInOrder) {
  serve();
  auto client = connect();
  asio::write(client, asio::buffer(frame("1") + frame("2")));
  const auto want = frame("echo 1") + frame("echo 2");
  EXPECT_EQ(receive(client, want.size()), want);
}

TEST_F(LocalSocket, TheLargestRequestIsServed) {
  serve();
  auto client = connect();
  client.non_blocking(true);
  const auto request = frame(std::string(kMaxLocalFrame, 'x'));
  bool written = false;
  asio::async_write(client, asio::buffer(request),
                    [&](const asio::error_code& error, std::size_t) { written = !error; });
  EXPECT_EQ(receive(client, kMaxLocalFrame + 9).size(), kMaxLocalFrame + 9);
  EXPECT_TRUE(written);
}

TEST_F(LocalSocket, OneOctetMoreEndsTheConnection) {
  serve();
  auto client = connect();
  const auto header = encode_frame_header(kMaxLocalFrame + 1);
  asio::write(client, asio::buffer(header));
  EXPECT_EQ(receive(client, 1), "");
  EXPECT_EQ(server_->counters().too_large, 1U);
  EXPECT_EQ(server_->counters().requests, 0U);
}

struct Cut {
  const char* name;
  std::size_t octets;
  std::uint64_t truncated;
};
class LocalSocketTruncated : public LocalSocket, public testing::WithParamInterface<Cut> {};
TEST_P(LocalSocketTruncated, GetsNoAnswerAndIsCounted) {
  serve();
  auto client = connect();
  asio::write(client, asio::buffer(frame("request"), GetParam().octets));
  client.shutdown(Protocol::socket::shutdown_send);
  EXPECT_EQ(receive(client, 1), "");
  EXPECT_EQ(server_->counters().truncated, GetParam().truncated);
  EXPECT_EQ(server_->counters().requests, 0U);
}
INSTANTIATE_TEST_SUITE_P(Cuts, LocalSocketTruncated,
                         testing::Values(Cut{"BetweenRequestsIsNoError", 0, 0},
                                         Cut{"InTheHeader", 2, 1}, Cut{"BeforeTheBody", 4, 1},
                                         Cut{"InTheBody", 6, 1}),
                         [](const auto& c) { return c.param.name; });

TEST_F(LocalSocket, ASilentConnectionIsClosed) {
  options_.idle = 10ms;
  serve();
  auto client = connect();
  asio::write(client, asio::buffer(frame("half"), 5));
  EXPECT_EQ(receive(client, 1), "");
  EXPECT_EQ(server_->counters().idle, 1U);
}

TEST_F(LocalSocket, TooManyConnectionsAreRefusedAndLaterServedAgain) {
  options_.max_connections = 1;
  serve();
  {
    auto first = connect();
    ASSERT_TRUE(run([&] { return server_->counters().accepted == 1; }));
    auto second = connect();
    EXPECT_EQ(receive(second, 1), "");
    EXPECT_EQ(server_->counters().refused, 1U);
  }
  io_.restart();
  io_.poll();  // sees the first one leave
  auto third = connect();
  asio::write(third, asio::buffer(frame("x")));
  EXPECT_EQ(receive(third, frame("echo x").size()), frame("echo x"));
}

TEST_F(LocalSocket, HasTheModeAskedFor) {
  serve();
  struct stat status{};
  ASSERT_EQ(stat(options_.path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0660U);
}

TEST_F(LocalSocket, AnOldSocketFileIsReplaced) {
  {
    Protocol::acceptor dead(io_, Protocol::endpoint(options_.path));
  }  // closed, and the file stays
  ASSERT_EQ(access(options_.path.c_str(), F_OK), 0);
  serve();
  auto client = connect();
  asio::write(client, asio::buffer(frame("x")));
  EXPECT_EQ(receive(client, frame("echo x").size()), frame("echo x"));
}

TEST_F(LocalSocket, ALivingServerIsNotReplaced) {
  serve();
  const auto second = LocalServer::create(io_, options_, nullptr);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), options_.path + ": another process serves it");
}

TEST_F(LocalSocket, AFileThatIsNoSocketIsNotRemoved) {
  std::ofstream(options_.path) << "precious";
  const auto server = LocalServer::create(io_, options_, nullptr);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error(), options_.path + ": exists and is not a socket");
  EXPECT_EQ(access(options_.path.c_str(), F_OK), 0);
  ::unlink(options_.path.c_str());
}

TEST_F(LocalSocket, ItsFileGoesWithTheServer) {
  serve();
  server_.reset();
  EXPECT_NE(access(options_.path.c_str(), F_OK), 0);
}

TEST(LocalFrame, HeaderIsBigEndian) {
  const std::array<std::uint8_t, 4> want{0x01, 0x02, 0x03, 0x04};
  EXPECT_EQ(encode_frame_header(0x01020304), want);
  EXPECT_EQ(decode_frame_header(want), 0x01020304U);
}

}  // namespace
}  // namespace forces::runtime
