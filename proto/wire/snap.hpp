// LLC/SNAP code points of the IANA OUI, and what carries an AAL5 SDU over a TCP or TLS stream.
//
// RFC 2334 appendix B, RFC 2022 sections 4.2 and 5.5: an SDU is AA AA 03, 00 00 5E, a PID, then the
// message. A stream puts 16 bits in front of each: octets of the SDU, LLC/SNAP included (ours;
// proto/scsp/README.md).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "common/core/result.hpp"
#include "proto/wire/reader.hpp"

namespace forces::wire {

// NOLINTNEXTLINE(performance-enum-size): as wide as on the wire
enum class SnapPid : std::uint16_t {
  MulticastType1 = 0x0001,  // data of a MARS client
  MarsControl = 0x0003,     // and NHRP, which mar$op.version tells apart
  MulticastType2 = 0x0004,  // data, received only
  Scsp = 0x0005,
};

inline constexpr std::size_t kSnapSize = 8;
inline constexpr std::size_t kSduPrefix = 2;
inline constexpr std::size_t kMaxSdu = 65535;  // AAL5's, and what the prefix can say
inline constexpr std::size_t kMaxSnapPayload = kMaxSdu - kSnapSize;
inline constexpr std::size_t kDefaultAtmMtu = 9180;  // without LLC/SNAP (RFC 2225)

struct SnapView {
  SnapPid pid{};  // any value: the caller decides what is for it
  Bytes payload{};
};

[[nodiscard]] inline Result<SnapView> decode_snap(Bytes sdu) {
  ByteReader r(sdu);
  const std::uint64_t llc = std::uint64_t{r.u16("snap.llc")} << 8 | r.u8("snap.llc");
  const std::uint64_t oui = std::uint64_t{r.u16("snap.oui")} << 8 | r.u8("snap.oui");
  // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange)
  const auto pid = static_cast<SnapPid>(r.u16("snap.pid"));
  if (!r.ok()) return fail(r.error());
  if (llc != 0xaaaa03) return fail(Errc::BadValue, "snap.llc", 0);
  if (oui != 0x00005e) return fail(Errc::BadValue, "snap.oui", 3);
  return SnapView{pid, r.rest()};
}

[[nodiscard]] constexpr std::array<std::byte, kSnapSize> snap_header(SnapPid pid) {
  const auto value = static_cast<std::uint16_t>(pid);
  return {std::byte{0xaa},
          std::byte{0xaa},
          std::byte{0x03},
          std::byte{0x00},
          std::byte{0x00},
          std::byte{0x5e},
          static_cast<std::byte>(value >> 8),
          static_cast<std::byte>(value)};
}

// What goes in front of a message of `payload` octets on a stream. TooLarge when no SDU holds it.
[[nodiscard]] inline Result<std::array<std::byte, kSduPrefix + kSnapSize>> sdu_header(
    SnapPid pid, std::size_t payload) {
  if (payload > kMaxSnapPayload) return fail(Errc::TooLarge, "sdu.length", 0);
  std::array<std::byte, kSduPrefix + kSnapSize> out{};
  store_be<2>(out.data(), kSnapSize + payload);
  const auto snap = snap_header(pid);
  std::memcpy(out.data() + kSduPrefix, snap.data(), snap.size());
  return out;
}

enum class SduStatus : std::uint8_t {
  Complete,
  NeedMore,
  BadLength,  // shorter than LLC/SNAP or beyond the limit: the stream is lost
};
struct SduScan {
  SduStatus status = SduStatus::NeedMore;
  std::size_t length = 0;  // octets on the stream, prefix included; 0 when not known yet
  Bytes sdu{};             // when complete
};

// Looks at the first SDU of `in` and reads no octet beyond it.
[[nodiscard]] inline SduScan scan_sdu(Bytes in, std::size_t max_sdu = kMaxSdu) {
  if (in.size() < kSduPrefix) return {};
  const std::size_t sdu = load_be<2>(in.data());
  if (sdu < kSnapSize || sdu > max_sdu) return {SduStatus::BadLength, 0, {}};
  const std::size_t length = kSduPrefix + sdu;
  if (length > in.size()) return {SduStatus::NeedMore, length, {}};
  return {SduStatus::Complete, length, in.subspan(kSduPrefix, sdu)};
}

}  // namespace forces::wire
