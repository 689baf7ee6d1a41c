#include "proto/pl/header.hpp"

#include <utility>

namespace forces::pl {
namespace {
constexpr unsigned kVersion = 1;

Header read_fields(wire::ByteReader& r, unsigned& version) {
  Header h;
  version = r.u8("pl.version") >> 4;  // low nibble: receivers MUST ignore it
  // Any value: dispatch decides what is known.
  // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange)
  h.type = static_cast<MsgType>(r.u8("pl.type"));
  h.length = r.u16("pl.length") * std::size_t{4};
  h.source = {r.u32("pl.source")};
  h.destination = {r.u32("pl.destination")};
  h.correlator = r.u64("pl.correlator");
  h.flags = {r.u32("pl.flags")};
  return h;
}

}  // namespace

Result<Header> decode_header(wire::ByteReader& r) {
  const std::size_t start = r.offset();
  unsigned version = 0;
  const Header h = read_fields(r, version);
  if (!r.ok()) return fail(r.error());
  if (version != kVersion) return fail(Errc::BadVersion, "pl.version", start);
  if (h.length < Header::kSize) return fail(Errc::BadLength, "pl.length", start + 2);
  return h;
}

Result<Header> decode_header(wire::Bytes message) {
  wire::ByteReader r(message);
  return decode_header(r);
}

std::optional<Header> header_fields(wire::Bytes message) {
  wire::ByteReader r(message);
  unsigned version = 0;
  const Header h = read_fields(r, version);
  return r.ok() ? std::optional(h) : std::nullopt;
}

void encode_header(const Header& h, wire::ByteWriter& w) {
  const std::size_t start = w.size();
  if (h.length > Header::kMaxLength) w.fail(Errc::TooLarge, "pl.length", start + 2);
  if (h.length < Header::kSize || h.length % 4 != 0) {
    w.fail(Errc::BadLength, "pl.length", start + 2);
  }
  w.u8(kVersion << 4);
  w.u8(std::to_underlying(h.type));
  w.u16(static_cast<std::uint16_t>(h.length / 4));
  w.u32(h.source.value);
  w.u32(h.destination.value);
  w.u64(h.correlator);
  w.u32(h.flags.value);
}

}  // namespace forces::pl
