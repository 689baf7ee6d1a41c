#include "proto/mars/data.hpp"

namespace forces::mars {
namespace {

using wire::ByteReader;

constexpr std::size_t kSourceId = 8;

// Short form: the type, then `short_pad` octets; long form: SNAP and `long_pad` octets more.
ProtocolType read_protocol(ByteReader& r, std::size_t short_pad, std::size_t long_pad) {
  ProtocolType out{.type = r.u16("mars.pkt.pro")};
  if (!r.ok()) return out;
  if (out.type != kSnapProtocol) {
    r.take(short_pad, "mars.pkt.pad");
    return out;
  }
  const Bytes snap = r.take(out.snap.size(), "mars.pkt.snap");
  if (!snap.empty()) std::ranges::copy(snap, out.snap.begin());
  r.take(long_pad, "mars.pkt.pad");
  return out;
}

}  // namespace

Result<Type1View> decode_type1(Bytes octets) {
  ByteReader r(octets);
  Type1View view;
  view.cmi = r.u16("mars.pkt.cmi");
  view.protocol = read_protocol(r, 0, 3);
  view.packet = r.rest();
  if (!r.ok()) return fail(r.error());
  return view;
}

void encode_type1(std::uint16_t cmi, const ProtocolType& protocol, Bytes packet,
                  wire::ByteWriter& w) {
  w.u16(cmi);
  w.u16(protocol.type);
  if (protocol.type == kSnapProtocol) {
    w.bytes(protocol.snap);
    w.zeros(3);
  }
  w.bytes(packet);
}

Result<Type2View> decode_type2(Bytes octets) {
  ByteReader r(octets);
  Type2View view;
  view.source_id = r.take(kSourceId, "mars.pkt.source_id");
  view.protocol = read_protocol(r, 2, 1);
  view.packet = r.rest();
  if (!r.ok()) return fail(r.error());
  return view;
}

}  // namespace forces::mars
