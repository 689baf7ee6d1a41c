#include "proto/scsp/authentication.hpp"

#include <cstring>

#include "proto/wire/checksum.hpp"

namespace forces::scsp {
namespace {

constexpr std::array<std::byte, kMaxMac> kZeros{};
constexpr std::size_t kChecksumAt = 4, kChecksumSize = 2;

std::optional<ExtensionView> find(const ExtensionRange& extensions) {
  for (const ExtensionView extension : extensions) {
    if (extension.type == ExtensionType::Authentication) return extension;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Authentication> authentication(const Packet& packet) {
  const auto extension = find(packet.extensions);
  if (!extension) return std::nullopt;
  return Authentication{static_cast<std::uint32_t>(wire::load_be<4>(extension->value.data())),
                        extension->value.subspan(4)};
}

std::optional<DigestInput> digest_input(const Packet& packet) {
  const auto extension = find(packet.extensions);
  if (!extension) return std::nullopt;
  const Bytes octets = packet.octets;
  const std::size_t mac_at = extension->offset + 8;  // behind type, length and SPI
  const std::size_t mac_size = extension->value.size() - 4;
  const std::size_t behind = kChecksumAt + kChecksumSize;
  return DigestInput{octets.first(kChecksumAt), Bytes(kZeros).first(kChecksumSize),
                     octets.subspan(behind, mac_at - behind), Bytes(kZeros).first(mac_size),
                     octets.subspan(mac_at + mac_size)};
}

Result<void> seal(std::span<std::byte> packet, Bytes mac) {
  wire::ByteReader r(packet);
  r.take(6, "scsp.packet_size");
  const std::size_t start = r.u16("scsp.start_of_extensions");
  if (!r.ok()) return fail(r.error());
  if (start < kFixedPart) return fail(Errc::Missing, "scsp.authentication", 6);
  r.take(start - kFixedPart, "scsp.start_of_extensions");
  for (;;) {
    const auto type = static_cast<ExtensionType>(r.u16("scsp.extension.type"));  // NOLINT: any
    const std::size_t length = r.u16("scsp.extension.length");
    const std::size_t at = r.offset();
    r.take(length, "scsp.extension.length");
    if (!r.ok()) return fail(r.error());
    if (type == ExtensionType::End) return fail(Errc::Missing, "scsp.authentication", start);
    if (type != ExtensionType::Authentication) continue;
    if (length != 4 + mac.size()) return fail(Errc::BadLength, "scsp.authentication.length", at);
    std::memcpy(&packet[at + 4], mac.data(), mac.size());
    break;
  }
  std::memset(&packet[kChecksumAt], 0, kChecksumSize);
  wire::store_be<2>(&packet[kChecksumAt], wire::internet_checksum(packet));
  return {};
}

}  // namespace forces::scsp
