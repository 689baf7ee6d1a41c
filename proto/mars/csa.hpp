// The MARS specific part of a CSA record (RFC 2443 section 3): one cache entry of a server group.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/core/result.hpp"
#include "proto/mars/address.hpp"
#include "proto/mars/codes.hpp"
#include "proto/wire/reader.hpp"
#include "proto/wire/writer.hpp"

namespace forces::mars {

struct CacheEntry {
  ProtocolType protocol{};
  State state{};
  Flags flags{};          // copy and punched do not exist here
  std::uint16_t cmi = 0;  // Cluster Member ID, given by the server that has the client
  ProtocolAddress source_protocol{};
  AtmAddress source{};
  std::optional<GroupRange> range{};  // none in a Redirect Entry and when registering

  friend bool operator==(const CacheEntry&, const CacheEntry&) = default;
};

// `body` is what stands behind the CSAS in a CSA record, at `base` in its packet; allocates
// nothing. scsp::fault_of() of an error says whether the record or the packet is bad: its form
// takes the packet with it, its meaning only the record. Reserved flags are ignored and kept.
[[nodiscard]] Result<CacheEntry> decode_entry(Bytes body, std::size_t base = 0);

// The rules of sections 5.1 to 5.5 on what a state may hold; the decoder asks too.
[[nodiscard]] Result<void> check_entry(const CacheEntry& entry);

[[nodiscard]] std::size_t encoded_size(const CacheEntry& entry);
// Appends to `w`; what check_entry() refuses and reserved flags are errors of it.
void encode_entry(const CacheEntry& entry, wire::ByteWriter& w);

// The CMIs that one server of a group gives out (section 2): disjoint from those of the others,
// without 0, which no client has.
struct CmiRange {
  std::uint16_t first = 1, last = 1;

  [[nodiscard]] constexpr bool valid() const { return first != 0 && first <= last; }
  [[nodiscard]] constexpr std::size_t size() const {
    return valid() ? std::size_t{last} - first + 1 : 0;
  }
  [[nodiscard]] constexpr bool contains(std::uint16_t cmi) const {
    return valid() && first <= cmi && cmi <= last;
  }
  [[nodiscard]] constexpr bool overlaps(const CmiRange& other) const {
    return valid() && other.valid() && first <= other.last && other.first <= last;
  }
  friend bool operator==(const CmiRange&, const CmiRange&) = default;
};

}  // namespace forces::mars
