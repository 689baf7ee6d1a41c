// Framing of the TML's octet stream (draft section 5.1; tml/README.md rows 1 to 4). Header only:
// this is the per-message path of the receiver.
//
// 4-octet header, big-endian: version:4 reserved:5 f:1 msgType:6 length:16. A frame with f=0 is
// length octets long, header included. A frame with f=1 holds one PL message, and the PL header's
// own Length (32-bit words, RFC 5810 section 6.1) delimits it: the 16-bit TML length cannot
// describe every PL message and is ignored.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace forces::tml {

inline constexpr std::size_t kHeaderSize = 4;
inline constexpr unsigned kVersion = 1;
inline constexpr std::size_t kMinPlSize = 24;
inline constexpr std::size_t kMaxPlSize = 65535 * std::size_t{4};  // 262,140
inline constexpr std::size_t kMaxFrame = kHeaderSize + kMaxPlSize;
inline constexpr std::size_t kMaxTmlMessage = 4096;  // f=0; limit of ours (row 3)

namespace detail {
inline std::uint16_t load16(const std::byte* p) {
  return static_cast<std::uint16_t>((std::to_integer<unsigned>(p[0]) << 8) |
                                    std::to_integer<unsigned>(p[1]));
}
}  // namespace detail

enum class FrameStatus : std::uint8_t {
  Complete,
  NeedMore,    // the frame's end is not there yet
  BadVersion,  // answer Channel Close(VERSION)
  BadLength,   // the stream cannot be resynchronised: Channel Close(FRAMING)
};

struct Frame {
  FrameStatus status = FrameStatus::NeedMore;
  bool pl = false;         // f
  std::uint8_t type = 0;   // msgType; meaningless when pl
  std::size_t length = 0;  // octets on the wire, header included; 0 when not known yet
  bool reserved = false;   // reserved bits are set: to be ignored
};

// Looks at the first frame of `in`. Reads no octet beyond it and never more than 8 to find its
// length.
[[nodiscard]] inline Frame scan_frame(std::span<const std::byte> in, std::size_t max_pl) {
  if (in.size() < kHeaderSize) {
    // The version can be refused from the first octet.
    if (!in.empty() && (std::to_integer<unsigned>(in[0]) >> 4) != kVersion)
      return {FrameStatus::BadVersion, false, 0, 0};
    return {};
  }
  const unsigned head = detail::load16(in.data());
  if ((head >> 12) != kVersion) return {FrameStatus::BadVersion, false, 0, 0};
  Frame frame;
  frame.reserved = (head & 0x0f80) != 0;
  if ((head & 0x40) != 0) {
    frame.pl = true;
    if (in.size() < kHeaderSize + 4) return frame;
    const std::size_t pl = detail::load16(in.data() + kHeaderSize + 2) * std::size_t{4};
    if (pl < kMinPlSize || pl > max_pl) return {FrameStatus::BadLength, true, 0, 0};
    frame.length = kHeaderSize + pl;
  } else {
    frame.type = static_cast<std::uint8_t>(head & 0x3f);
    frame.length = detail::load16(in.data() + 2);
    if (frame.length < kHeaderSize || frame.length > kMaxTmlMessage)
      return {FrameStatus::BadLength, false, frame.type, 0};
  }
  if (frame.length <= in.size()) frame.status = FrameStatus::Complete;
  return frame;
}

// The header in front of a PL message of `pl_size` octets. Lengths above 65,535 do not fit the
// draft's field: it is then 0, and receivers ignore it anyway (row 2).
inline void put_pl_header(std::byte* out, std::size_t pl_size) {
  const std::size_t total = kHeaderSize + pl_size;
  const std::uint32_t length = total <= 0xffff ? static_cast<std::uint32_t>(total) : 0;
  const std::uint32_t word = (kVersion << 28) | (1U << 22) | length;
  out[0] = static_cast<std::byte>(word >> 24);
  out[1] = static_cast<std::byte>(word >> 16);
  out[2] = static_cast<std::byte>(word >> 8);
  out[3] = static_cast<std::byte>(word);
}

// The few fields of a PL header that the TML looks at (row 1): `pl` has at least kMinPlSize octets.
struct PlView {
  std::size_t length;  // octets
  std::uint8_t type;
  std::uint8_t priority;  // 0..7
  bool transaction;       // AT
  std::uint32_t source;
};
[[nodiscard]] inline PlView view_pl(const std::byte* pl) {
  const auto octet = [&](std::size_t i) { return std::to_integer<std::uint32_t>(pl[i]); };
  return {detail::load16(pl + 2) * std::size_t{4}, static_cast<std::uint8_t>(octet(1)),
          static_cast<std::uint8_t>((octet(20) >> 3) & 7), (octet(21) & 0x20) != 0,
          (octet(4) << 24) | (octet(5) << 16) | (octet(6) << 8) | octet(7)};
}

// PL message types the TML must know to put a message on its channel (row 10).
inline constexpr std::uint8_t kPlRedirect = 0x06;
inline constexpr std::uint8_t kPlHeartbeat = 0x0f;

}  // namespace forces::tml
