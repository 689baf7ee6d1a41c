#include "proto/rsvp/integrity.hpp"

#include <algorithm>

#include "proto/rsvp/object/control.hpp"

namespace forces::rsvp {
namespace {

constexpr std::size_t kDigestAt = kObjectHeader + 16;  // octet of the object
constexpr std::array<std::byte, kMaxDigest> kZeros{};

}  // namespace

std::array<wire::Bytes, 5> IntegrityView::digested(wire::Bytes message) const {
  constexpr std::size_t kBehindChecksum = kChecksumAt + 2;
  const wire::Bytes zeros(kZeros);
  return {message.first(kChecksumAt), zeros.first(2),
          message.subspan(kBehindChecksum, digest_at - kBehindChecksum), zeros.first(digest.size()),
          message.subspan(digest_at + digest.size())};
}

Result<std::optional<IntegrityView>> find_integrity(const MessageView& view) {
  const auto object = view.find(Class::Integrity);
  if (!object) return std::nullopt;
  const std::size_t first = view.offset() + kHeaderSize;
  if (object->offset != first) return fail(Errc::BadValue, "rsvp.integrity", object->offset);
  if (!Integrity::has(object->c_type)) {
    return fail(Errc::UnknownType, "rsvp.integrity", object->offset);
  }
  if (object->octets.size() <= kDigestAt || object->octets.size() - kDigestAt > kMaxDigest) {
    return fail(Errc::BadLength, "rsvp.integrity.digest", object->offset);
  }
  wire::ByteReader r(object->body(), first + kObjectHeader);
  IntegrityView integrity;
  integrity.flags = r.u8("rsvp.integrity.flags");
  r.take(1, "rsvp.integrity.reserved");
  const std::uint64_t high = r.u16("rsvp.integrity.key_id");
  integrity.key_id = high << 32 | r.u32("rsvp.integrity.key_id");
  integrity.sequence = r.u64("rsvp.integrity.sequence");
  integrity.digest = r.rest();
  integrity.digest_at = kHeaderSize + kDigestAt;
  return integrity;
}

Result<void> seal(std::span<std::byte> message, wire::Bytes digest) {
  FORCES_TRY(view, MessageView::parse(message));
  FORCES_TRY(integrity, find_integrity(view));
  if (!integrity) return fail(Errc::Missing, "rsvp.integrity", kHeaderSize);
  if (integrity->digest.size() != digest.size()) {
    return fail(Errc::BadLength, "rsvp.integrity.digest", integrity->digest_at);
  }
  std::ranges::copy(digest, message.subspan(integrity->digest_at).begin());
  put_checksum(message);
  return {};
}

bool same_digest(wire::Bytes a, wire::Bytes b) {
  if (a.size() != b.size()) return false;
  std::byte differs{};
  for (std::size_t i = 0; i < a.size(); ++i) differs |= a[i] ^ b[i];
  return differs == std::byte{0};
}

}  // namespace forces::rsvp
