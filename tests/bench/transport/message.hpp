// The PL messages that the bench sends. Their sequence number stands in the correlator, because the
// first octets of what tmlWrite takes are the PL header (RFC 5810 section 6.1).
#pragma once

#include <endian.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace forces::bench {

inline constexpr std::uint32_t kCeId = 0x40000001;
inline constexpr std::uint32_t kFeId = 1;  // the first one; W4 counts on from here
inline constexpr std::uint32_t kEveryFe = 0xfffffffe;

enum class PlType : std::uint8_t { Config = 0x03, PacketRedirect = 0x06 };

using Message = std::vector<std::uint8_t>;

// A header of normal priority and a body of no meaning. `size` is a multiple of 4, at least 24.
inline Message make_message(PlType type, std::size_t size, std::uint32_t source,
                            std::uint32_t destination) {
  constexpr std::uint32_t kNormalPriority = 1u << 27;
  Message message(size, 0x77);
  const auto put = [&message](std::size_t at, auto big_endian) {
    std::memcpy(message.data() + at, &big_endian, sizeof big_endian);
  };
  put(0, std::uint8_t{1 << 4});
  put(1, type);
  put(2, htobe16(static_cast<std::uint16_t>(size / 4)));
  put(4, htobe32(source));
  put(8, htobe32(destination));
  put(12, std::uint64_t{0});
  put(20, htobe32(kNormalPriority));
  return message;
}

// In the host's order: only the two ends of the bench read it.
inline void put_sequence(Message& message, std::uint64_t sequence) {
  std::memcpy(message.data() + 12, &sequence, sizeof sequence);
}

inline std::uint64_t get_sequence(const void* message) {
  std::uint64_t sequence = 0;
  std::memcpy(&sequence, static_cast<const std::uint8_t*>(message) + 12, sizeof sequence);
  return sequence;
}

}  // namespace forces::bench
