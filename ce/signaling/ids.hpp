// The identifiers that all rooms of the signalling share. Values only.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace forces::signaling {

// A transport node: one `ce` with its FEs. An IPv4 address of the control plane (RFC 4990 calls it
// the TE router ID), most significant octet first; it is no address of a link.
struct NodeId {
  std::uint32_t value = 0;  // 0: none
  friend constexpr auto operator<=>(const NodeId&, const NodeId&) = default;
};

// One end of a TE link: the node and its number of the interface (RFC 3477), not 0.
struct LinkEnd {
  NodeId node;
  std::uint32_t interface = 0;
  friend constexpr auto operator<=>(const LinkEnd&, const LinkEnd&) = default;
};

// A generalized label of one word: for SDH that of RFC 4606 section 3, for a wavelength opaque.
using Label = std::uint32_t;

// An optical port: the FE's ID and its PortId there.
struct FePort {
  std::uint32_t fe = 0;
  std::uint32_t port = 0;
  friend constexpr auto operator<=>(const FePort&, const FePort&) = default;
};

// An LSP (RFC 3209 section 4.6): SESSION without the Call_ID, which is no part of what identifies
// one (RFC 4974 section 5.1), and SENDER_TEMPLATE.
struct LspKey {
  NodeId end_point;
  std::uint32_t extended_tunnel_id = 0;
  NodeId sender;
  std::uint16_t tunnel_id = 0;
  std::uint16_t lsp_id = 0;
  friend constexpr auto operator<=>(const LspKey&, const LspKey&) = default;
};
[[nodiscard]] constexpr bool same_session(const LspKey& a, const LspKey& b) {
  return a.end_point == b.end_point && a.extended_tunnel_id == b.extended_tunnel_id &&
         a.sender == b.sender && a.tunnel_id == b.tunnel_id;
}

// The cookie in the rows of a cross-connect (CrossConnect.Owner): whose it is, also for a
// controller that lost its memory. Layout: end point(4), extended tunnel(4), sender(4), tunnel(2),
// LSP(2), short Call_ID(2), then zeros; all in network order.
struct Owner {
  LspKey lsp;
  std::uint16_t call_id = 0;  // 0: no call

  static constexpr std::size_t kOctets = 24;
  [[nodiscard]] constexpr std::array<std::byte, kOctets> octets() const {
    std::array<std::byte, kOctets> out{};
    std::size_t at = 0;
    const auto put = [&](std::uint32_t value, int count) {
      for (int i = count - 1; i >= 0; --i) out[at++] = static_cast<std::byte>(value >> (8 * i));
    };
    put(lsp.end_point.value, 4);
    put(lsp.extended_tunnel_id, 4);
    put(lsp.sender.value, 4);
    put(lsp.tunnel_id, 2);
    put(lsp.lsp_id, 2);
    put(call_id, 2);
    return out;
  }
  static constexpr Owner from(const std::array<std::byte, kOctets>& octets) {
    std::size_t at = 0;
    const auto take = [&](int count) {
      std::uint32_t value = 0;
      for (; count > 0; --count) value = value << 8 | std::to_integer<std::uint32_t>(octets[at++]);
      return value;
    };
    Owner owner;
    owner.lsp.end_point.value = take(4);
    owner.lsp.extended_tunnel_id = take(4);
    owner.lsp.sender.value = take(4);
    owner.lsp.tunnel_id = static_cast<std::uint16_t>(take(2));
    owner.lsp.lsp_id = static_cast<std::uint16_t>(take(2));
    owner.call_id = static_cast<std::uint16_t>(take(2));
    return owner;
  }
  friend constexpr auto operator<=>(const Owner&, const Owner&) = default;
};

}  // namespace forces::signaling

template <>
struct std::hash<forces::signaling::NodeId> {
  std::size_t operator()(const forces::signaling::NodeId& node) const noexcept {
    return node.value * 0x9e3779b97f4a7c15ULL;
  }
};
template <>
struct std::hash<forces::signaling::LspKey> {
  std::size_t operator()(const forces::signaling::LspKey& k) const noexcept {
    std::uint64_t h =
        (std::uint64_t{k.end_point.value} << 32 | k.sender.value) * 0x9e3779b97f4a7c15ULL;
    h ^= h >> 32;
    h += std::uint64_t{k.extended_tunnel_id} << 32 | std::uint32_t{k.tunnel_id} << 16 | k.lsp_id;
    h *= 0xbf58476d1ce4e5b9ULL;
    return h ^ h >> 29;
  }
};
