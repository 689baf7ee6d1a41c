#include "proto/tml/message.hpp"

#include <algorithm>

#include "proto/tml/frame.hpp"
#include "proto/wire/tlv.hpp"
#include "proto/wire/writer.hpp"

namespace forces::tml {
namespace {

using wire::ByteReader;
using wire::ByteWriter;

constexpr unsigned kTypeMask = 0x3f;
constexpr unsigned kPlFlag = 0x40;

// One row is one TLV: where it goes, how it is read, how it is written.
struct TlvRule {
  std::uint16_t type;
  std::string_view name;
  bool (*present)(const Message&);
  void (*decode)(ByteReader& value, std::string_view name, Message& into);
  void (*encode)(const Message&, ByteWriter&);
};

// A value of fixed size leaves nothing over and lacks nothing.
template <auto Field>
void decode_u32(ByteReader& value, std::string_view name, Message& into) {
  if (value.remaining() != 4) return value.fail(Errc::BadLength, name, value.offset());
  into.*Field = value.u32(name);
}

template <auto Field>
constexpr TlvRule u32_rule(std::uint16_t type, std::string_view name) {
  return {type, name, [](const Message& m) { return (m.*Field).has_value(); }, &decode_u32<Field>,
          [](const Message& m, ByteWriter& w) { w.u32(*(m.*Field)); }};
}

void decode_reason(ByteReader& value, std::string_view name, Message& into) {
  if (value.remaining() < 4) return value.fail(Errc::BadLength, name, value.offset());
  Reason reason{.code = value.u32(name), .text = {}};
  const wire::Bytes text = value.rest();
  reason.text.assign(reinterpret_cast<const char*>(text.data()), text.size());
  into.reason = std::move(reason);
}

void decode_timestamp(ByteReader& value, std::string_view name, Message& into) {
  if (value.remaining() != 8) return value.fail(Errc::BadLength, name, value.offset());
  into.timestamp = value.u64(name);
}

void decode_pair_token(ByteReader& value, std::string_view name, Message& into) {
  if (value.remaining() != kPairTokenOctets) {
    return value.fail(Errc::BadLength, name, value.offset());
  }
  std::ranges::copy(value.rest(), into.pair_token.emplace().begin());
}

// proto/tml/README.md, "TLVs". The order is that of the numbers and so that of encoding.
constexpr std::array kRules{
    u32_rule<&Message::pl_id>(1, "tml.pl_id"),
    u32_rule<&Message::channel_type>(2, "tml.channel_type"),
    u32_rule<&Message::peer_pl_id>(3, "tml.peer_pl_id"),
    u32_rule<&Message::group_id>(4, "tml.group_id"),
    u32_rule<&Message::request_id>(5, "tml.request_id"),
    u32_rule<&Message::status>(6, "tml.status"),
    TlvRule{7, "tml.reason", [](const Message& m) { return m.reason.has_value(); }, &decode_reason,
            [](const Message& m, ByteWriter& w) {
              w.u32(m.reason->code);
              w.text(m.reason->text);
            }},
    u32_rule<&Message::hb_interval_ms>(8, "tml.hb_interval"),
    u32_rule<&Message::dead_interval_ms>(9, "tml.dead_interval"),
    u32_rule<&Message::hb_sequence>(10, "tml.hb_sequence"),
    u32_rule<&Message::hb_flags>(11, "tml.hb_flags"),
    TlvRule{12, "tml.timestamp", [](const Message& m) { return m.timestamp.has_value(); },
            &decode_timestamp, [](const Message& m, ByteWriter& w) { w.u64(*m.timestamp); }},
    TlvRule{13, "tml.pair_token", [](const Message& m) { return m.pair_token.has_value(); },
            &decode_pair_token, [](const Message& m, ByteWriter& w) { w.bytes(*m.pair_token); }},
    u32_rule<&Message::max_message>(14, "tml.max_message"),
    u32_rule<&Message::capabilities>(15, "tml.capabilities"),
};

Result<void> decode_body(ByteReader& r, Message& into) {
  while (!r.empty()) {
    wire::TlvView tlv = wire::read_tlv(r, "tml.tlv");
    if (!r.ok()) break;
    const auto rule = std::ranges::find(kRules, tlv.type, &TlvRule::type);
    if (rule == kRules.end()) continue;  // unknown TLVs are skipped
    if (rule->present(into)) return fail(Errc::Duplicate, rule->name, tlv.offset);
    rule->decode(tlv.value, rule->name, into);
    if (!tlv.value.ok()) return fail(tlv.value.error());
  }
  if (!r.ok()) return fail(r.error());
  return {};
}

}  // namespace

std::string_view to_string(MsgType type) {
  switch (type) {
    case MsgType::ChannelClose:
      return "ChannelClose";
    case MsgType::Heartbeat:
      return "Heartbeat";
    case MsgType::JoinRequest:
      return "JoinRequest";
    case MsgType::JoinResponse:
      return "JoinResponse";
    case MsgType::LeaveRequest:
      return "LeaveRequest";
    case MsgType::LeaveResponse:
      return "LeaveResponse";
    default:
      return "Unknown";
  }
}

std::string_view to_string(ReasonCode code) {
  static constexpr std::array<std::string_view, 9> kNames{"admin",     "framing",  "version",
                                                          "auth",      "overload", "replaced",
                                                          "dead_peer", "shutdown", "protocol"};
  const auto index = static_cast<std::size_t>(code);
  return index < kNames.size() ? kNames[index] : "unknown";
}

Result<Message> decode_message(wire::Bytes frame) {
  ByteReader r(frame);
  const unsigned head = r.u16("tml.header");
  const std::size_t length = r.u16("tml.length");
  if (!r.ok()) return fail(r.error());
  // The five reserved bits between version and f are ignored (draft section 5.1).
  if (head >> 12 != kVersion) return fail(Errc::BadVersion, "tml.version", 0);
  if ((head & kPlFlag) != 0) return fail(Errc::BadValue, "tml.f", 0);
  if (length < kHeaderSize) return fail(Errc::BadLength, "tml.length", 2);
  if (length > kMaxTmlMessage) return fail(Errc::TooLarge, "tml.length", 2);
  if (length > frame.size()) return fail(Errc::Truncated, "tml.length", 2);
  if (length < frame.size()) return fail(Errc::TrailingOctets, "tml.length", length);

  Message message;
  message.type = static_cast<MsgType>(head & kTypeMask);
  const auto body = decode_body(r, message);
  // Only the six messages of the draft promise TLVs; what another type holds is its own affair.
  if (!body && is_known(message.type)) return fail(body.error());
  return message;
}

Result<std::vector<std::byte>> encode_message(const Message& message) {
  const auto type = static_cast<unsigned>(message.type);
  if (type > kTypeMask) return fail(Errc::TooLarge, "tml.type", 0);
  ByteWriter w;
  w.u16(static_cast<std::uint16_t>(kVersion << 12 | type));
  w.u16(0);
  for (const TlvRule& rule : kRules) {
    if (rule.present(message)) w.tlv(rule.type, [&] { rule.encode(message, w); });
  }
  if (w.size() > kMaxTmlMessage) w.fail(Errc::TooLarge, "tml.length", 2);
  w.patch_u16(2, w.size(), "tml.length");
  return std::move(w).finish();
}

}  // namespace forces::tml
