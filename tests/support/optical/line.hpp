// The far end of an optical port: test frames (fe/dataplane/optical/frame.hpp) sent and received on
// an interface.
#pragma once

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fe/dataplane/optical/frame.hpp"

namespace forces::test {

struct LineFrame {
  std::uint32_t label = 0;
  int kind = 0, hops = 0;
  std::string payload;
  friend bool operator==(const LineFrame&, const LineFrame&) = default;
};

class OpticalLine {
 public:
  explicit OpticalLine(const std::string& interface)
      : fd_(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                     htons(fe::dataplane::optical::kEtherType))) {
    where_.sll_family = AF_PACKET;
    where_.sll_protocol = htons(fe::dataplane::optical::kEtherType);
    where_.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
    const int ignore = 1, room = 8 << 20;
    good_ = fd_ >= 0 && where_.sll_ifindex != 0 &&
            ::bind(fd_, reinterpret_cast<const sockaddr*>(&where_), sizeof where_) == 0 &&
            ::setsockopt(fd_, SOL_PACKET, PACKET_IGNORE_OUTGOING, &ignore, sizeof ignore) == 0;
    (void)::setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    where_.sll_halen = 6;
    std::fill_n(where_.sll_addr, 6, std::uint8_t{0xff});
  }
  ~OpticalLine() { ::close(fd_); }
  OpticalLine(const OpticalLine&) = delete;
  OpticalLine& operator=(const OpticalLine&) = delete;

  [[nodiscard]] bool good() const { return good_; }

  bool send(std::uint32_t label, std::string_view payload, int kind = 0, int hops = 0) const {
    namespace optical = fe::dataplane::optical;
    std::vector<std::byte> octets(optical::kFrameHeader + payload.size());
    const auto content = std::as_bytes(std::span(payload));
    optical::write_header(
        std::span(octets).first<optical::kFrameHeader>(),
        {label, static_cast<optical::FrameKind>(kind), static_cast<std::uint8_t>(hops), content});
    std::ranges::copy(content, octets.begin() + optical::kFrameHeader);
    return ::sendto(fd_, octets.data(), octets.size(), 0,
                    reinterpret_cast<const sockaddr*>(&where_), sizeof where_) >= 0;
  }
  // The next frame, if one comes before the bound.
  [[nodiscard]] std::optional<LineFrame> receive(int bound_ms = 20'000) const {
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, bound_ms) != 1) return std::nullopt;
    std::array<std::byte, 4096> room{};
    const ssize_t got = ::recv(fd_, room.data(), room.size(), 0);
    if (got < 0) return std::nullopt;
    const auto frame =
        fe::dataplane::optical::decode_frame(std::span(room).first(static_cast<std::size_t>(got)));
    if (!frame) return std::nullopt;
    return LineFrame{
        frame->label, static_cast<int>(frame->kind), frame->hops,
        std::string(reinterpret_cast<const char*>(frame->payload.data()), frame->payload.size())};
  }
  // Traffic only.
  [[nodiscard]] std::optional<LineFrame> traffic(int bound_ms = 20'000) const {
    for (;;) {
      const auto frame = receive(bound_ms);
      if (!frame || frame->kind == 0) return frame;
    }
  }

 private:
  int fd_;
  sockaddr_ll where_{};
  bool good_ = false;
};

}  // namespace forces::test
