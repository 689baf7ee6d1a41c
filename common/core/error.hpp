// Errors of decoders and validators are values with a place (STYLE: failure of input is data).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace forces {

// Append only: values are metric labels and log keys.
enum class Errc : std::uint8_t {
  Truncated = 1,   // a length field promised more octets than there are
  BadLength,       // a length field contradicts the format
  BadVersion,      // a version this code does not speak
  UnknownType,     // a type, class or tag without a meaning here
  TooLarge,        // the value does not fit the field it must be written to, or a limit of ours
  BadValue,        // a field holds a value its definition forbids
  TooDeep,         // nesting beyond the limit
  TooMany,         // more elements than the limit
  Missing,         // a mandatory element is absent
  Duplicate,       // an element that may occur once occurs again
  TrailingOctets,  // octets are left over after a complete message
  BadChecksum,     // a checksum or digest does not match
};

[[nodiscard]] constexpr std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::Truncated:
      return "truncated";
    case Errc::BadLength:
      return "bad_length";
    case Errc::BadVersion:
      return "bad_version";
    case Errc::UnknownType:
      return "unknown_type";
    case Errc::TooLarge:
      return "too_large";
    case Errc::BadValue:
      return "bad_value";
    case Errc::TooDeep:
      return "too_deep";
    case Errc::TooMany:
      return "too_many";
    case Errc::Missing:
      return "missing";
    case Errc::Duplicate:
      return "duplicate";
    case Errc::TrailingOctets:
      return "trailing_octets";
    case Errc::BadChecksum:
      return "bad_checksum";
  }
  return "unknown";
}

struct Error {
  Errc code{};
  std::uint32_t offset = 0;  // octet in the input where decoding stopped
  std::string_view field;    // a string literal, e.g. "pl.length"; never built text
  friend bool operator==(const Error&, const Error&) = default;
};

}  // namespace forces
