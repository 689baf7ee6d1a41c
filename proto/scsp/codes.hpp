// The numbers of RFC 2334 appendix B, with their names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace forces::scsp {

// NOLINTBEGIN(performance-enum-size): as wide as their fields on the wire

enum class MsgType : std::uint8_t {
  CacheAlignment = 1,  // CA
  CsuRequest = 2,
  CsuReply = 3,
  CsuSolicit = 4,  // CSUS
  Hello = 5,
};
[[nodiscard]] constexpr bool is_known(MsgType type) {
  return type >= MsgType::CacheAlignment && type <= MsgType::Hello;
}
[[nodiscard]] std::string_view to_string(MsgType type);  // "CA", "CSU-Request"; else "Unknown"

enum class ProtocolId : std::uint16_t { AtmArp = 1, Nhrp = 2, Mars = 3, Dhcp = 4, Lnni = 5 };
[[nodiscard]] std::string_view to_string(ProtocolId id);

enum class ExtensionType : std::uint16_t { End = 0, Authentication = 1, VendorPrivate = 2 };
[[nodiscard]] std::string_view to_string(ExtensionType type);

// NOLINTEND(performance-enum-size)

inline constexpr std::string_view kAlpn = "forces-scsp/1";  // ours: of the stream in README.md
inline constexpr unsigned kVersion = 1;
inline constexpr std::size_t kFixedPart = 8;    // B.1
inline constexpr std::size_t kCommonPart = 12;  // B.2.0.1, without the IDs
inline constexpr std::size_t kCsasFixed = 12;   // B.2.0.2, without key and originator
inline constexpr std::size_t kExtensionHeader = 4;
inline constexpr std::size_t kMaxPacket = 65535;  // what Packet Size can say
inline constexpr std::size_t kMaxId = 255;        // what a length octet can say
inline constexpr std::size_t kMaxMac = 64;        // limit of ours: SHA-512's
inline constexpr std::size_t kHmacMd5 = 16;       // B.3.1.2: HMAC-MD5-128
inline constexpr unsigned kCaMaster = 0x8000, kCaInitialize = 0x4000, kCaMore = 0x2000;  // B.2.1
inline constexpr unsigned kCsasNull = 0x8000;                                            // B.2.0.2
inline constexpr std::size_t kMaxExtensions = 16;  // limit of ours; End not counted

}  // namespace forces::scsp
