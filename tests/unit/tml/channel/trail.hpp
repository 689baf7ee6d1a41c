// Outputs of a ChannelFsm as text, so that a test can state the whole trail it expects.
#pragma once

#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "tml/src/core/channel_fsm.hpp"

namespace forces::tml {

// E.g. "JoinRequest group=c0000001 req=7"; fields in the order of their TLVs, tokens by their first
// octet.
inline std::string text(const Message& m) {
  std::string out(to_string(m.type));
  const auto add = [&out](const char* name, const auto& field) {
    if (field) out += std::string(" ") + name + "=" + std::to_string(*field);
  };
  add("pl", m.pl_id);
  add("channel", m.channel_type);
  add("peer", m.peer_pl_id);
  add("group", m.group_id);
  add("req", m.request_id);
  add("status", m.status);
  if (m.reason) {
    out += " reason=" + std::string(to_string(static_cast<ReasonCode>(m.reason->code)));
    if (!m.reason->text.empty()) out += " '" + m.reason->text + "'";
  }
  add("hb", m.hb_interval_ms);
  add("dead", m.dead_interval_ms);
  add("seq", m.hb_sequence);
  if (m.hb_flags)
    out += *m.hb_flags == kHbReplyWanted ? " reply?"
           : *m.hb_flags == kHbReply     ? " reply"
                                         : " flags?";
  add("at", m.timestamp);
  if (m.pair_token) out += " token=" + std::to_string(std::to_integer<int>((*m.pair_token)[0]));
  add("max", m.max_message);
  add("cap", m.capabilities);
  return out;
}

inline std::string text(const ChannelOutput& output) {
  const auto group = [](const auto& o) {
    return std::to_string(o.group) + " req=" + std::to_string(o.request);
  };
  const auto token = [](const std::optional<PairToken>& t) {
    return t ? " token=" + std::to_string(std::to_integer<int>((*t)[0])) : std::string{};
  };
  return std::visit(
      [&](const auto& o) -> std::string {
        using T = std::decay_t<decltype(o)>;
        if constexpr (std::is_same_v<T, output::Send>) {
          return "send " + text(o.message);
        } else if constexpr (std::is_same_v<T, output::HelloReceived>) {
          return "hello pl=" + std::to_string(o.pl_id) +
                 " channel=" + std::to_string(o.channel_type) + (o.known ? "" : " unknown") +
                 token(o.token);
        } else if constexpr (std::is_same_v<T, output::Up>) {
          return "up" + token(o.token);
        } else if constexpr (std::is_same_v<T, output::PeerClosed>) {
          return "peer closed " + std::to_string(o.reason) + (o.text.empty() ? "" : " " + o.text);
        } else if constexpr (std::is_same_v<T, output::HeartbeatLost>) {
          return "heartbeat lost";
        } else if constexpr (std::is_same_v<T, output::HeartbeatRestored>) {
          return "heartbeat restored";
        } else if constexpr (std::is_same_v<T, output::RoundTrip>) {
          return "round trip " + std::to_string(o.time.count()) + " ns";
        } else if constexpr (std::is_same_v<T, output::JoinRequested>) {
          return "join? " + group(o);
        } else if constexpr (std::is_same_v<T, output::LeaveRequested>) {
          return "leave? " + group(o);
        } else if constexpr (std::is_same_v<T, output::JoinAnswered>) {
          return "joined " + group(o) + " status=" + std::to_string(o.status);
        } else if constexpr (std::is_same_v<T, output::LeaveAnswered>) {
          return "left " + group(o) + " status=" + std::to_string(o.status);
        } else if constexpr (std::is_same_v<T, output::Unexpected>) {
          return "unexpected " + std::string(to_string(o.type));
        } else {
          static_assert(std::is_same_v<T, output::Disconnect>);
          return "disconnect " + std::string(to_string(o.reason)) + (o.local ? "" : " by peer") +
                 (o.flush ? " flush" : "") + (o.text.empty() ? "" : " '" + o.text + "'");
        }
      },
      output);
}

inline std::vector<std::string> trail(ChannelFsm& fsm) {
  std::vector<std::string> all;
  while (const auto output = fsm.poll_output()) all.push_back(text(*output));
  return all;
}

}  // namespace forces::tml
