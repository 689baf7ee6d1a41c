// Packet Redirect without a tree (RFC 5810 section 7.9): the path of every packet between an FE's
// ports and the control plane. Nothing here allocates, except where it says so.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "proto/pl/body/writer.hpp"
#include "proto/pl/header.hpp"
#include "proto/wire/reader.hpp"

namespace forces::pl {

struct MetadataView {
  std::uint32_t id = 0;  // a MetadataId, or a private one from 0x80000000 on
  wire::Bytes value{};
};

// The octets of a 32-bit metadatum; they must outlive the MetadataView that shows them.
[[nodiscard]] constexpr std::array<std::byte, 4> metadata_octets(std::uint32_t value) {
  return {static_cast<std::byte>(value >> 24), static_cast<std::byte>(value >> 16),
          static_cast<std::byte>(value >> 8), static_cast<std::byte>(value)};
}

// One REDIRECT-TLV of a received message; the spans are those of the message.
class RedirectView {
 public:
  RedirectView() = default;
  RedirectView(wire::Bytes metadata, std::optional<wire::Bytes> packet)
      : metadata_(metadata), packet_(packet) {}

  // Absent in a message that carries metadata only.
  [[nodiscard]] const std::optional<wire::Bytes>& packet() const { return packet_; }
  // The first metadatum of that number.
  [[nodiscard]] std::optional<wire::Bytes> metadata(std::uint32_t id) const;
  // The same, when its value is exactly 32 bits long.
  [[nodiscard]] std::optional<std::uint32_t> metadata_u32(std::uint32_t id) const;
  [[nodiscard]] std::optional<std::uint32_t> metadata_u32(MetadataId id) const {
    return metadata_u32(static_cast<std::uint32_t>(id));
  }

 private:
  wire::Bytes metadata_;  // well-formed ILVs
  std::optional<wire::Bytes> packet_;
};

// Walks the REDIRECT-TLVs of one PacketRedirect message:
//   RedirectReader reader(message);
//   while (const auto redirect = reader.next()) ...
//   if (reader.error()) ...        what came before the error was good
// TLVs of other types are stepped over, at both levels.
class RedirectReader {
 public:
  // `message` is one whole message, header included.
  explicit RedirectReader(wire::Bytes message);

  [[nodiscard]] const std::optional<Header>& header() const { return header_; }
  [[nodiscard]] std::optional<RedirectView> next();
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  std::optional<RedirectView> refuse(const Error& error);

  wire::ByteReader body_;
  std::optional<Header> header_;
  std::optional<Error> error_;
};

struct RedirectAddress {
  ForcesId source{}, destination{};
  unsigned priority = default_priority(MsgType::PacketRedirect);
};

// Octets of the message with these parts; TooLarge when a 16-bit TLV length cannot hold them.
[[nodiscard]] Result<std::size_t> redirect_size(std::span<const MetadataView> metadata,
                                                std::size_t packet_octets);

// Writes one message with one REDIRECT-TLV to the front of `out` and says how long it is. An empty
// list of metadata leaves out their TLV, an empty packet its own. TooLarge when `out` is too small.
[[nodiscard]] Result<std::size_t> encode_redirect(const RedirectAddress& address,
                                                  std::span<const MetadataView> metadata,
                                                  wire::Bytes packet, std::span<std::byte> out);

// The same in a vector of its own; allocates once.
[[nodiscard]] Result<Octets> encode_redirect(const RedirectAddress& address,
                                             std::span<const MetadataView> metadata,
                                             wire::Bytes packet);

}  // namespace forces::pl
