// RFC 2747: what of a message a keyed digest covers, and where the digest goes. The HMAC itself is
// the caller's: which one, and with which key, its table of keys says by key ID and address of the
// sender.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "proto/rsvp/view.hpp"

namespace forces::rsvp {

inline constexpr std::size_t kMaxDigest = 64;  // octets; HMAC-MD5 has 16, -SHA1 20, -SHA256 32

struct IntegrityView {
  std::uint8_t flags = 0;
  std::uint64_t key_id = 0;  // 48 bits
  std::uint64_t sequence = 0;
  wire::Bytes digest{};
  std::size_t digest_at = 0;  // octet of the message

  // To be fed to the HMAC one after the other: the message with its checksum and its digest taken
  // as zeros (section 2.3). They point into the message and into constants.
  [[nodiscard]] std::array<wire::Bytes, 5> digested(wire::Bytes message) const;
};

// The INTEGRITY object of a message; nothing when it has none. It stands first (RFC 2205 section
// 3.1.2): one that stands elsewhere is an error, for octets in front of it would be read with less
// care.
[[nodiscard]] Result<std::optional<IntegrityView>> find_integrity(const MessageView& view);

// Puts a digest of the right length into an encoded message, then the checksum of the whole.
[[nodiscard]] Result<void> seal(std::span<std::byte> message, wire::Bytes digest);

// In a time that does not depend on where they differ.
[[nodiscard]] bool same_digest(wire::Bytes a, wire::Bytes b);

}  // namespace forces::rsvp
