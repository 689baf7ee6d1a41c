// The TML's own messages: frames whose f bit is clear (draft-khosravi-forces-tcptml-01 section 5).
//
// The draft leaves the bodies to be defined; proto/tml/README.md defines them: TLVs of RFC 5810
// section 6.2, every one optional, unknown ones skipped, an empty body always legal.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"
#include "proto/wire/reader.hpp"

namespace forces::tml {

// Draft section 5.2, in its order. 0 stands in frames with f = 1; 7 to 47 and 63 are reserved, 48
// to 62 are private. Any 6-bit value may appear: the caller decides what to do with the unnamed
// ones.
enum class MsgType : std::uint8_t {
  ChannelClose = 1,
  Heartbeat = 2,
  JoinRequest = 3,
  JoinResponse = 4,
  LeaveRequest = 5,
  LeaveResponse = 6,
};

[[nodiscard]] constexpr bool is_known(MsgType type) {
  return type >= MsgType::ChannelClose && type <= MsgType::LeaveResponse;
}
[[nodiscard]] std::string_view to_string(MsgType type);  // "Heartbeat"; "Unknown" for unnamed ones

// Append only: these values go on the wire in TLV 7.
enum class ReasonCode : std::uint32_t {  // NOLINT(performance-enum-size): as on the wire
  Admin = 0,
  Framing = 1,
  Version = 2,
  Auth = 3,
  Overload = 4,
  Replaced = 5,
  DeadPeer = 6,
  Shutdown = 7,
  Protocol = 8,
};
[[nodiscard]] std::string_view to_string(ReasonCode code);

struct Reason {
  std::uint32_t code = 0;  // a ReasonCode, or a number this version has no name for
  std::string text;        // for people; whatever octets the peer sent
  friend bool operator==(const Reason&, const Reason&) = default;
};

inline constexpr std::uint32_t kChannelControl = 1;  // channel_type
inline constexpr std::uint32_t kChannelData = 2;     //
inline constexpr std::uint32_t kHbReplyWanted = 1;   // hb_flags
inline constexpr std::uint32_t kHbReply = 2;         //
inline constexpr std::size_t kPairTokenOctets = 16;

using PairToken = std::array<std::byte, kPairTokenOctets>;

struct Message {
  MsgType type{};
  std::optional<std::uint32_t> pl_id{};             // TLV 1
  std::optional<std::uint32_t> channel_type{};      // 2
  std::optional<std::uint32_t> peer_pl_id{};        // 3
  std::optional<std::uint32_t> group_id{};          // 4
  std::optional<std::uint32_t> request_id{};        // 5
  std::optional<std::uint32_t> status{};            // 6
  std::optional<Reason> reason{};                   // 7
  std::optional<std::uint32_t> hb_interval_ms{};    // 8
  std::optional<std::uint32_t> dead_interval_ms{};  // 9
  std::optional<std::uint32_t> hb_sequence{};       // 10
  std::optional<std::uint32_t> hb_flags{};          // 11
  std::optional<std::uint64_t> timestamp{};         // 12
  std::optional<PairToken> pair_token{};            // 13
  std::optional<std::uint32_t> max_message{};       // 14
  std::optional<std::uint32_t> capabilities{};      // 15
  friend bool operator==(const Message&, const Message&) = default;
};

// `frame` is one whole frame, header included. An unknown message type is no error: its TLVs are
// read as far as they are TLVs at all.
[[nodiscard]] Result<Message> decode_message(wire::Bytes frame);

// The frame, padded; TLVs in the order of their numbers.
[[nodiscard]] Result<std::vector<std::byte>> encode_message(const Message& message);

}  // namespace forces::tml
