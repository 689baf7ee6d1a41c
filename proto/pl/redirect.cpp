#include "proto/pl/redirect.hpp"

#include <cstring>
#include <utility>

#include "proto/wire/tlv.hpp"

namespace forces::pl {
namespace {

using wire::ByteReader;
using wire::Bytes;
using wire::TlvView;

constexpr std::size_t padded(std::size_t n) { return (n + 3) / 4 * 4; }

std::size_t metadata_tlv_octets(std::span<const MetadataView> metadata) {
  if (metadata.empty()) return 0;
  std::size_t size = wire::kTlvHeader;
  for (const MetadataView& item : metadata) size += wire::kIlvHeader + padded(item.value.size());
  return size;
}

// Writes into a span that was measured before.
class SpanWriter {
 public:
  explicit SpanWriter(std::span<std::byte> out) : at_(out.data()) {}

  void u16(std::size_t v) {
    at_[0] = static_cast<std::byte>(v >> 8);
    at_[1] = static_cast<std::byte>(v);
    at_ += 2;
  }
  void u32(std::size_t v) {
    u16(v >> 16);
    u16(v);
  }
  void padded_bytes(Bytes octets) {
    if (!octets.empty()) std::memcpy(at_, octets.data(), octets.size());
    at_ += octets.size();
    for (std::size_t i = octets.size(); i % 4 != 0; ++i) *at_++ = std::byte{0};
  }

 private:
  std::byte* at_;
};

Result<RedirectView> decode_redirect(ByteReader& r) {
  std::optional<Bytes> metadata;
  std::optional<Bytes> packet;
  while (!r.empty()) {
    TlvView tlv = wire::read_tlv(r, "pl.redirect.tlv");
    if (!r.ok()) break;
    if (tlv.type == std::to_underlying(TlvType::Metadata)) {
      if (metadata) return fail(Errc::Duplicate, "pl.redirect.metadata", tlv.offset);
      ByteReader check = tlv.value;  // so that RedirectView::metadata() cannot fail later
      while (!check.empty()) (void)wire::read_ilv(check, "pl.redirect.metadata");
      if (!check.ok()) return fail(check.error());
      metadata = tlv.value.rest();
    } else if (tlv.type == std::to_underlying(TlvType::RedirectData)) {
      if (packet) return fail(Errc::Duplicate, "pl.redirect.data", tlv.offset);
      packet = tlv.value.rest();
    }
  }
  if (!r.ok()) return fail(r.error());
  return RedirectView(metadata.value_or(Bytes{}), packet);
}

}  // namespace

std::optional<Bytes> RedirectView::metadata(std::uint32_t id) const {
  ByteReader r(metadata_);
  while (!r.empty()) {
    wire::IlvView ilv = wire::read_ilv(r, "pl.redirect.metadata");
    if (ilv.id == id) return ilv.value.rest();
  }
  return std::nullopt;
}

std::optional<std::uint32_t> RedirectView::metadata_u32(std::uint32_t id) const {
  const auto value = metadata(id);
  if (!value || value->size() != 4) return std::nullopt;
  return ByteReader(*value).u32("pl.redirect.metadata");
}

RedirectReader::RedirectReader(Bytes message) : body_(message) {
  const auto header = decode_header(body_);
  if (!header) {
    error_ = header.error();
  } else if (header->type != MsgType::PacketRedirect) {
    error_ = Error{Errc::UnknownType, 1, "pl.type"};
  } else if (header->length > message.size()) {
    error_ = Error{Errc::Truncated, 2, "pl.length"};
  } else if (header->length < message.size()) {
    error_ = Error{Errc::TrailingOctets, static_cast<std::uint32_t>(header->length), "pl.length"};
  } else {
    header_ = *header;
  }
}

std::optional<RedirectView> RedirectReader::refuse(const Error& error) {
  error_ = error;
  return std::nullopt;
}

std::optional<RedirectView> RedirectReader::next() {
  while (!error_ && !body_.empty()) {
    TlvView tlv = wire::read_tlv(body_, "pl.tlv");
    if (!body_.ok()) return refuse(body_.error());
    if (tlv.type != std::to_underlying(TlvType::Redirect)) continue;
    const auto redirect = decode_redirect(tlv.value);
    if (!redirect) return refuse(redirect.error());
    return *redirect;
  }
  return std::nullopt;
}

Result<std::size_t> redirect_size(std::span<const MetadataView> metadata,
                                  std::size_t packet_octets) {
  if (packet_octets > kMaxTlv) return fail(Errc::TooLarge, "pl.redirect.data", 0);
  const std::size_t packet = packet_octets == 0 ? 0 : wire::kTlvHeader + padded(packet_octets);
  const std::size_t tlv = wire::kTlvHeader + metadata_tlv_octets(metadata) + packet;
  if (tlv > kMaxTlv) return fail(Errc::TooLarge, "pl.redirect", 0);
  return Header::kSize + tlv;
}

Result<std::size_t> encode_redirect(const RedirectAddress& address,
                                    std::span<const MetadataView> metadata, Bytes packet,
                                    std::span<std::byte> out) {
  FORCES_TRY(size, redirect_size(metadata, packet.size()));
  if (size > out.size()) return fail(Errc::TooLarge, "pl.length", 0);
  SpanWriter w(out);
  w.u16(std::size_t{1} << 12 | std::to_underlying(MsgType::PacketRedirect));
  w.u16(size / 4);
  w.u32(address.source.value);
  w.u32(address.destination.value);
  w.u32(0);  // correlator: no response is expected
  w.u32(0);
  w.u32(Flags{}.with_priority(address.priority).value);
  w.u16(std::to_underlying(TlvType::Redirect));
  w.u16(size - Header::kSize);
  if (!metadata.empty()) {
    w.u16(std::to_underlying(TlvType::Metadata));
    w.u16(metadata_tlv_octets(metadata));
    for (const MetadataView& item : metadata) {
      w.u32(item.id);
      w.u32(wire::kIlvHeader + item.value.size());
      w.padded_bytes(item.value);
    }
  }
  if (!packet.empty()) {
    w.u16(std::to_underlying(TlvType::RedirectData));
    w.u16(wire::kTlvHeader + packet.size());
    w.padded_bytes(packet);
  }
  return size;
}

Result<Octets> encode_redirect(const RedirectAddress& address,
                               std::span<const MetadataView> metadata, Bytes packet) {
  FORCES_TRY(size, redirect_size(metadata, packet.size()));
  Octets octets(size);
  const auto written = encode_redirect(address, metadata, packet, octets);
  if (!written) return fail(written.error());
  return octets;
}

}  // namespace forces::pl
