// Token buckets that keep a flood of one class from starving the others and the CE. No clock: the
// time comes with the packet.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "common/core/time.hpp"
#include "fe/dataplane/port_config.hpp"

namespace forces::fe::dataplane {

// Keeps the theoretical arrival time of the next packet (GCRA): exact, without a refill timer.
class TokenBucket {
 public:
  TokenBucket() = default;
  TokenBucket(std::uint32_t rate, std::uint32_t burst) { configure(rate, burst); }

  // Rate 0 lets nothing pass; a burst is at least one packet.
  void configure(std::uint32_t rate, std::uint32_t burst) {
    interval_ =
        rate == 0 ? Duration::zero() : std::max(Duration(1'000'000'000) / rate, Duration(1));
    depth_ = interval_ * std::max<std::uint32_t>(burst, 1);
  }

  [[nodiscard]] bool take(Instant now) {
    if (interval_ == Duration::zero()) return false;
    const Instant next = std::max(next_, now) + interval_;
    if (next - now > depth_) return false;
    next_ = next;
    return true;
  }

 private:
  Duration interval_{}, depth_{};
  Instant next_{};
};

// Buckets and counters of every class. take() belongs to one thread, as does configure(); the
// counters may be read from any.
class Policer {
 public:
  struct Counters {
    std::uint64_t passed = 0;
    std::uint64_t dropped = 0;
  };

  Policer() { configure({}); }
  explicit Policer(std::span<const ClassConfig> overrides) { configure(overrides); }

  // Defaults for the classes that are not named.
  void configure(std::span<const ClassConfig> overrides) {
    for (std::size_t i = 0; i < kPacketClasses; ++i) apply(default_of(static_cast<PacketClass>(i)));
    for (const ClassConfig& config : overrides) apply(config);
  }

  [[nodiscard]] bool take(PacketClass c, Instant now) {
    Entry& entry = entries_[static_cast<std::size_t>(c)];
    const bool pass = entry.bucket.take(now);
    (pass ? entry.passed : entry.dropped).fetch_add(1, std::memory_order_relaxed);
    return pass;
  }

  [[nodiscard]] std::uint8_t priority(PacketClass c) const {
    return entries_[static_cast<std::size_t>(c)].priority;
  }
  [[nodiscard]] Counters counters(PacketClass c) const {
    const Entry& entry = entries_[static_cast<std::size_t>(c)];
    return {entry.passed.load(std::memory_order_relaxed),
            entry.dropped.load(std::memory_order_relaxed)};
  }

  // Routing protocols before diagnostics before the rest; the PL's "normal" priority is 1.
  [[nodiscard]] static constexpr ClassConfig default_of(PacketClass c) {
    switch (c) {
      case PacketClass::Bfd:
        return {c, 10'000, 2'000, 7};
      case PacketClass::Ospf:
        return {c, 10'000, 5'000, 6};
      case PacketClass::Rsvp:
        return {c, 10'000, 5'000, 6};
      case PacketClass::Vrrp:
        return {c, 1'000, 500, 6};
      case PacketClass::Bgp:
        return {c, 20'000, 10'000, 5};
      case PacketClass::Pim:
        return {c, 5'000, 1'000, 5};
      case PacketClass::Igmp:
        return {c, 5'000, 1'000, 4};
      case PacketClass::Arp:
        return {c, 1'000, 500, 3};
      case PacketClass::Icmp:
        return {c, 1'000, 200, 2};
      case PacketClass::Other:
        return {c, 1'000, 200, 1};
    }
    return {c, 0, 0, 0};
  }

 private:
  struct Entry {
    TokenBucket bucket;
    std::uint8_t priority = 1;
    std::atomic<std::uint64_t> passed{0}, dropped{0};
  };

  void apply(const ClassConfig& config) {
    Entry& entry = entries_[static_cast<std::size_t>(config.packet_class)];
    entry.bucket.configure(config.rate, config.burst);
    entry.priority = config.priority & 7U;
  }

  std::array<Entry, kPacketClasses> entries_;
};

}  // namespace forces::fe::dataplane
