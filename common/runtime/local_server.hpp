// Requests and answers over a local (Unix) stream socket, each a 4-octet big-endian length and that
// many octets. What the octets mean is the handler's business.
#pragma once

#include <sys/types.h>

#include <array>
#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/core/time.hpp"

namespace forces::runtime {

inline constexpr std::size_t kLocalFrameHeader = 4;
inline constexpr std::size_t kMaxLocalFrame = std::size_t{1} << 20;

[[nodiscard]] std::array<std::uint8_t, kLocalFrameHeader> encode_frame_header(std::size_t octets);
[[nodiscard]] std::size_t decode_frame_header(
    const std::array<std::uint8_t, kLocalFrameHeader>& header);

// Who asks, by the kernel's word (SO_PEERCRED).
struct LocalCaller {
  uid_t uid = 0;
  pid_t pid = 0;
};

struct LocalServerOptions {
  std::string path;
  mode_t mode = 0660;
  std::optional<gid_t> group;  // who may connect besides the owner
  std::size_t max_connections = 16;
  Duration idle = std::chrono::seconds(30);  // a connection that asks nothing for so long is closed
};

class LocalServer {
 public:
  using Handler = std::function<std::string(std::string_view request, const LocalCaller& caller)>;

  struct Counters {
    std::uint64_t accepted = 0, refused = 0, requests = 0;
    std::uint64_t too_large = 0, truncated = 0, idle = 0;
  };

  // Start-up: binds and listens. An old socket file that nobody listens at is replaced; one that
  // answers is an error. Everything runs on `io`, which one thread runs.
  [[nodiscard]] static std::expected<std::unique_ptr<LocalServer>, std::string> create(
      asio::io_context& io, LocalServerOptions options, Handler handler);
  ~LocalServer();  // closes, and removes the socket file
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  void close();  // stops listening; connections end with their current answer
  [[nodiscard]] const Counters& counters() const;

 private:
  struct State;
  class Session;
  explicit LocalServer(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace forces::runtime
