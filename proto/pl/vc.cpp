#include "proto/pl/vc.hpp"

#include <optional>
#include <utility>

#include "proto/wire/tlv.hpp"

namespace forces::pl {

std::string_view to_string(VcKind kind) {
  switch (kind) {
    case VcKind::PointToPoint:
      return "point_to_point";
    case VcKind::Cluster:
      return "ccvc";
    case VcKind::Server:
      return "scvc";
  }
  return "unknown";
}

Result<VcView> decode_vc(wire::Bytes message) {
  wire::ByteReader r(message);
  FORCES_TRY(header, decode_header(r));
  if (header.type != MsgType::MarsVc) return fail(Errc::UnknownType, "pl.type", 1);
  if (header.length > message.size()) return fail(Errc::Truncated, "pl.length", 2);
  if (header.length < message.size()) {
    return fail(Errc::TrailingOctets, "pl.length", header.length);
  }
  std::optional<VcView> found;
  while (!r.empty()) {
    const wire::TlvView tlv = wire::read_tlv(r, "pl.vc");
    if (!r.ok()) break;
    const auto kind = static_cast<VcKind>(tlv.type);
    if (!is_known(kind)) continue;
    if (found) return fail(Errc::Duplicate, "pl.vc", tlv.offset);
    wire::ByteReader value = tlv.value;
    found = VcView{kind, value.rest()};
  }
  if (!r.ok()) return fail(r.error());
  if (!found) return fail(Errc::Missing, "pl.vc", message.size());
  return *found;
}

Result<Octets> encode_vc(ForcesId source, ForcesId destination, VcKind kind, wire::Bytes sdu) {
  wire::ByteWriter w;
  w.reserve(Header::kSize + wire::kTlvHeader + sdu.size() + 3);
  encode_header({.type = MsgType::MarsVc,
                 .length = Header::kSize + (wire::kTlvHeader + sdu.size() + 3) / 4 * 4,
                 .source = source,
                 .destination = destination,
                 .flags = Flags{}.with_priority(default_priority(MsgType::MarsVc))},
                w);
  w.tlv(std::to_underlying(kind), [&] { w.bytes(sdu); });
  return std::move(w).finish();
}

}  // namespace forces::pl
