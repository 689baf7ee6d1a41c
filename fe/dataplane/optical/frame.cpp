#include "fe/dataplane/optical/frame.hpp"

#include <algorithm>

namespace forces::fe::dataplane::optical {

Result<Frame> decode_frame(wire::Bytes octets) {
  wire::ByteReader r(octets);
  Frame frame;
  frame.label = r.u32("frame.label");
  const std::uint8_t kind = r.u8("frame.kind");
  frame.hops = r.u8("frame.hops");
  const std::size_t length = r.u16("frame.length");
  frame.payload = r.take(length, "frame.payload");
  if (!r.ok()) return fail(r.error());
  if (kind > static_cast<std::uint8_t>(FrameKind::Trace)) {
    return fail(Errc::UnknownType, "frame.kind", 4);
  }
  frame.kind = static_cast<FrameKind>(kind);
  if (frame.kind == FrameKind::Trace && !is_trace(frame.payload)) {
    return fail(Errc::BadValue, "frame.trace", kFrameHeader);
  }
  return frame;
}

bool is_trace(wire::Bytes payload) {
  return !payload.empty() && payload.size() <= kMostTrace &&
         std::ranges::all_of(payload, [](std::byte octet) {
           return octet >= std::byte{0x20} && octet <= std::byte{0x7e};
         });
}

void write_header(std::span<std::byte, kFrameHeader> out, const Frame& frame) {
  wire::store_be<4>(out.data(), frame.label);
  out[4] = static_cast<std::byte>(frame.kind);
  out[5] = static_cast<std::byte>(frame.hops);
  wire::store_be<2>(out.data() + 6, frame.payload.size());
}

}  // namespace forces::fe::dataplane::optical
