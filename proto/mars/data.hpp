// What stands in front of a layer 3 packet on a data VC (RFC 2022 section 5.5), behind LLC/SNAP.
#pragma once

#include <cstdint>

#include "common/core/result.hpp"
#include "proto/mars/address.hpp"
#include "proto/wire/reader.hpp"
#include "proto/wire/writer.hpp"

namespace forces::mars {

// Section 5.5.1. Whoever finds its own CMI drops the packet: it was reflected.
struct Type1View {
  std::uint16_t cmi = 0;
  ProtocolType protocol{};
  Bytes packet{};
};
[[nodiscard]] Result<Type1View> decode_type1(Bytes octets);
void encode_type1(std::uint16_t cmi, const ProtocolType& protocol, Bytes packet,
                  wire::ByteWriter& w);

// Section 5.5.2: received, never sent.
struct Type2View {
  Bytes source_id{};  // 8 octets without a meaning so far
  ProtocolType protocol{};
  Bytes packet{};
};
[[nodiscard]] Result<Type2View> decode_type2(Bytes octets);

}  // namespace forces::mars
