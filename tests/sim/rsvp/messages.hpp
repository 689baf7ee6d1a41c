// Messages as the owner of an engine makes them, of LSPs of one VC-4.
#pragma once

#include <cstdint>

#include "ce/signaling/ids.hpp"
#include "proto/rsvp/message.hpp"

namespace forces::signaling::engine::sim {

constexpr NodeId node_id(std::uint32_t number) { return {0xc0000200 + number}; }  // 192.0.2.n

constexpr LspKey lsp_key(NodeId from, NodeId to, std::uint16_t tunnel, std::uint16_t lsp = 1) {
  return {to, from.value, from, tunnel, lsp};
}

inline rsvp::Session session(const LspKey& key, std::uint16_t call = 0) {
  return {.end_point = rsvp::Address::v4(key.end_point.value),
          .call_id = call,
          .tunnel_id = key.tunnel_id,
          .extended_tunnel_id = rsvp::Address::v4(key.extended_tunnel_id)};
}

// The data link: interface `interface` of `node`.
inline rsvp::Hop hop(NodeId node, std::uint32_t interface) {
  rsvp::Hop hop;
  hop.tlvs.push_back(rsvp::InterfaceTlv::of(
      rsvp::InterfaceTlvType::IfIndex, rsvp::IfIndex{rsvp::Address::v4(node.value), interface}));
  return hop;
}

inline rsvp::SenderTspec tspec() { return {rsvp::SonetSdh{.signal_type = 6, .multiplier = 1}}; }

inline rsvp::Message path(const LspKey& key, NodeId upstream, std::uint32_t interface = 1) {
  rsvp::Message m{.type = rsvp::MessageType::Path};
  m.objects.reserve(8);
  m.objects.emplace_back(session(key));
  m.objects.emplace_back(hop(upstream, interface));
  m.objects.emplace_back(rsvp::LabelRequest{.encoding = 5, .switching = 100, .g_pid = 34});
  m.objects.emplace_back(rsvp::SenderTemplate{rsvp::Address::v4(key.sender.value), key.lsp_id});
  m.objects.emplace_back(tspec());
  return m;
}

inline rsvp::Message resv(const LspKey& key, NodeId upstream, std::uint32_t label,
                          std::uint32_t style = rsvp::Style::kFixedFilter,
                          std::uint32_t interface = 1) {
  rsvp::Message m{.type = rsvp::MessageType::Resv};
  m.objects.reserve(8);
  m.objects.emplace_back(session(key));
  m.objects.emplace_back(hop(upstream, interface));
  m.objects.emplace_back(rsvp::Style{.options = style});
  m.objects.emplace_back(rsvp::Flowspec{rsvp::SonetSdh{.signal_type = 6, .multiplier = 1}});
  m.objects.emplace_back(rsvp::FilterSpec{rsvp::Address::v4(key.sender.value), key.lsp_id});
  m.objects.emplace_back(rsvp::Label{.kind = 2, .labels = {label}});
  return m;
}

inline rsvp::Message path_err(const LspKey& key, rsvp::ErrorValue error, std::uint8_t flags = 0) {
  rsvp::Message m{.type = rsvp::MessageType::PathErr};
  m.objects.reserve(8);
  m.objects.emplace_back(session(key));
  m.objects.emplace_back(rsvp::ErrorSpec{.flags = flags, .error = error});
  m.objects.emplace_back(rsvp::SenderTemplate{rsvp::Address::v4(key.sender.value), key.lsp_id});
  m.objects.emplace_back(tspec());
  return m;
}

inline rsvp::Message notify_message(const LspKey& key) {
  rsvp::Message m{.type = rsvp::MessageType::Notify};
  m.objects.reserve(8);
  m.objects.emplace_back(rsvp::ErrorSpec{});
  m.objects.emplace_back(session(key, 7));
  m.objects.emplace_back(
      rsvp::AdminStatus{rsvp::admin_status::kReflect | rsvp::admin_status::kCall});
  m.objects.emplace_back(rsvp::SenderTemplate{rsvp::Address::v4(key.sender.value), key.lsp_id});
  m.objects.emplace_back(tspec());
  return m;
}

inline std::uint32_t label_of(const rsvp::Message& resv) {
  const auto* const label = resv.find<rsvp::Label>();
  return label == nullptr || label->labels.empty() ? 0 : label->labels.front();
}

}  // namespace forces::signaling::engine::sim
