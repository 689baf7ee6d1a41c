// Numbers of IGMP and MLD. The two protocols are one with two coats: MLDv1 is IGMPv2, MLDv2 is
// IGMPv3 (RFC 3810 section 1), so one version number and one set of values serves both.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/core/time.hpp"
#include "proto/igmp/address.hpp"

namespace forces::igmp {

enum class Version : std::uint8_t { V1 = 1, V2 = 2, V3 = 3 };  // of IGMP; MLD has V2 and V3

// RFC 3376 section 4, RFC 3810 section 5.
inline constexpr std::uint8_t kIgmpQuery = 0x11, kIgmpReportV1 = 0x12, kIgmpReportV2 = 0x16,
                              kIgmpLeave = 0x17, kIgmpReportV3 = 0x22;
inline constexpr std::uint8_t kMldQuery = 130, kMldReport = 131, kMldDone = 132, kMldReportV2 = 143;

// RFC 3376 section 4.2.12, RFC 3810 section 5.2.12.
enum class RecordType : std::uint8_t {
  IsInclude = 1,
  IsExclude = 2,
  ToInclude = 3,
  ToExclude = 4,
  AllowNewSources = 5,
  BlockOldSources = 6,
};
[[nodiscard]] constexpr bool is_known(RecordType type) {
  return type >= RecordType::IsInclude && type <= RecordType::BlockOldSources;
}
// "MODE_IS_INCLUDE"; others "UNKNOWN".
[[nodiscard]] std::string_view to_string(RecordType type);

// A code of 8 bits, RFC 3376 sections 4.1.1 and 4.1.7; of 16 bits, RFC 3810 section 5.1.3: linear
// below the half, then with three bits of exponent.
[[nodiscard]] constexpr std::uint32_t value_of_code8(std::uint8_t code) {
  if (code < 0x80) return code;
  return ((code & 0x0fU) | 0x10U) << (((code >> 4) & 7U) + 3);
}
[[nodiscard]] constexpr std::uint32_t value_of_code16(std::uint16_t code) {
  if (code < 0x8000) return code;
  return ((code & 0x0fffU) | 0x1000U) << (((code >> 12) & 7U) + 3);
}
// The largest code whose value is no larger than `value`.
[[nodiscard]] constexpr std::uint8_t code8_of(std::uint64_t value) {
  if (value >= value_of_code8(0xff)) return 0xff;
  std::uint8_t code = 0;
  for (unsigned bit = 0x80; bit != 0; bit >>= 1) {
    const auto more = static_cast<std::uint8_t>(code | bit);
    if (value_of_code8(more) <= value) code = more;
  }
  return code;
}
[[nodiscard]] constexpr std::uint16_t code16_of(std::uint64_t value) {
  if (value >= value_of_code16(0xffff)) return 0xffff;
  std::uint16_t code = 0;
  for (unsigned bit = 0x8000; bit != 0; bit >>= 1) {
    const auto more = static_cast<std::uint16_t>(code | bit);
    if (value_of_code16(more) <= value) code = more;
  }
  return code;
}

// Of Max Resp Code: a tenth of a second in IGMP, a millisecond in MLD.
[[nodiscard]] constexpr Duration response_unit(Family family) {
  return std::chrono::milliseconds(family == Family::Ipv4 ? 100 : 1);
}

}  // namespace forces::igmp
