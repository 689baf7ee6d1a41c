#include "ce/signaling/service/words.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>

namespace forces::signaling {
namespace {

std::string lsps(std::size_t count) {
  return fmt::format("{} LSP{}", count, count == 1 ? "" : "s");
}

}  // namespace

std::string words(NodeId node) {
  const std::uint32_t a = node.value;
  return fmt::format("{}.{}.{}.{}", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
}

std::string words(const LinkEnd& end) {
  return fmt::format("{}:{}", words(end.node), end.interface);
}

std::string words(const LspKey& lsp) {
  return fmt::format("{} to {} tunnel {} lsp {}", words(lsp.sender), words(lsp.end_point),
                     lsp.tunnel_id, lsp.lsp_id);
}

std::string words(const te::LabelRanges& labels) {
  std::string text;
  for (const auto& range : labels.ranges()) {
    text += fmt::format("{}{:#x}", text.empty() ? "" : ",", range.first);
    if (range.last != range.first) text += fmt::format("-{:#x}", range.last);
  }
  return text.empty() ? "none" : text;
}

std::string words(const rsvp::Words& labels) {
  std::string text;
  for (const std::uint32_t label : labels) {
    text += fmt::format("{}{:#x}", text.empty() ? "" : ",", label);
  }
  return text;
}

std::string words(const rsvp::Address& address) {
  if (!address.is_v6()) return words(NodeId{address.v4()});
  std::array<char, INET6_ADDRSTRLEN> text{};
  (void)::inet_ntop(AF_INET6, address.octets().data(), text.data(), text.size());
  return text.data();
}

std::string words(const ason::Failure& failure) {
  std::string text = fmt::format("{} ({}/{})", failure.reason,
                                 static_cast<unsigned>(failure.error.code), failure.error.value);
  if (failure.node.value != 0) text += ", said by " + words(failure.node);
  if (failure.link) text += ", about link " + words(*failure.link);
  return text;
}

std::string words(const ason::calls::Reason& reason) {
  std::string text = fmt::format("{} ({}/{})", reason.cause,
                                 static_cast<unsigned>(reason.error.code), reason.error.value);
  if (!reason.text.empty()) text += ": " + reason.text;
  if (!reason.where.empty()) text += ", at " + reason.where;
  return text;
}

std::string words(const resource::LabelAlarm& alarm) {
  return fmt::format("interface {} {} label {:#x}: {}{}", alarm.interface,
                     alarm.fault.remote ? "remote" : "local", alarm.fault.label,
                     to_string(alarm.fault.what), alarm.raised ? "; it is not used" : " is over");
}

std::string words(const resource::Found& found) {
  return fmt::format("FE {} has {} rows of {} that nobody here knows", found.fe,
                     found.active ? "active" : "reserved", words(found.owner.lsp));
}

std::string words(const ason::ConnectionChanged& changed) {
  std::string text = fmt::format("{}: {}", changed.name, to_string(changed.state));
  if (changed.failure) text += ": " + words(*changed.failure);
  return text;
}

std::string words(const ason::ConnectionAlarm& alarm) {
  return fmt::format("{}: {}{}", words(alarm.key), to_string(alarm.kind),
                     alarm.raised ? "" : " is over");
}

std::string words(const ason::calls::CallChanged& changed) {
  std::string text =
      fmt::format("{}: {}", changed.id.name.empty() ? "call" : changed.id.name.c_str(),
                  to_string(changed.state));
  if (!changed.reason.cause.empty()) text += ": " + words(changed.reason);
  return text;
}

std::string words(const ason::calls::CallAlarm& alarm) {
  std::string text =
      fmt::format("{}: {}{}", alarm.id.name, to_string(alarm.kind), alarm.raised ? "" : " is over");
  if (!alarm.reason.cause.empty()) text += ": " + words(alarm.reason);
  return text;
}

std::string words(const engine::RecoveryEnded& ended) {
  return fmt::format("{}: {} not given back, kept; see 'forcesctl connection list --lsps'",
                     words(ended.node), lsps(ended.unsynchronized));
}

}  // namespace forces::signaling
