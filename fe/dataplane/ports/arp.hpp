// ARP for IPv4 over Ethernet (RFC 826), for a port whose address the kernel does not know.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "common/core/result.hpp"
#include "common/core/time.hpp"
#include "proto/wire/reader.hpp"

namespace forces::fe::dataplane {

using Mac = std::array<std::byte, 6>;

struct ArpPacket {
  static constexpr std::size_t kSize = 28;
  enum class Operation : std::uint16_t { Request = 1, Reply = 2 };

  Operation operation{};
  Mac sender_mac{};
  std::uint32_t sender_ip = 0;
  Mac target_mac{};
  std::uint32_t target_ip = 0;
  friend bool operator==(const ArpPacket&, const ArpPacket&) = default;
};

[[nodiscard]] Result<ArpPacket> decode_arp(wire::Bytes octets);
[[nodiscard]] std::array<std::byte, ArpPacket::kSize> encode_arp(const ArpPacket& packet);

// The MAC of an IPv4 multicast group (RFC 1112 section 6.4).
[[nodiscard]] Mac multicast_mac(std::uint32_t group);

// Who is where, learnt from ARP and from what neighbours send. Bounded: a full table forgets the
// neighbour that was silent longest.
class NeighborTable {
 public:
  static constexpr std::size_t kMax = 1024;
  static constexpr Duration kLifetime = std::chrono::seconds(60);
  static constexpr Duration kAskInterval = std::chrono::milliseconds(500);

  void learn(std::uint32_t ip, const Mac& mac, Instant now);
  [[nodiscard]] std::optional<Mac> find(std::uint32_t ip, Instant now) const;
  // True when it is time to send a request for this address.
  [[nodiscard]] bool should_ask(std::uint32_t ip, Instant now);
  [[nodiscard]] std::size_t size() const { return known_.size(); }

 private:
  struct Neighbor {
    Mac mac{};
    Instant heard{};
  };
  std::map<std::uint32_t, Neighbor> known_;
  std::map<std::uint32_t, Instant> asked_;
};

}  // namespace forces::fe::dataplane
