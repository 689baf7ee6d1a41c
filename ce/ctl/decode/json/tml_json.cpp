#include "ce/ctl/decode/json/tml_json.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "ce/ctl/decode/hex.hpp"
#include "ce/ctl/decode/json/pl_json.hpp"
#include "proto/tml/frame.hpp"
#include "proto/tml/message.hpp"
#include "proto/wire/tlv.hpp"
#include "proto/wire/writer.hpp"

namespace forces::decode {
namespace {

using Json = nlohmann::ordered_json;
using Octets = std::vector<std::byte>;
using wire::Bytes;

constexpr std::uint16_t kFirstUnknownTlv = 16;

struct FrameHead {
  unsigned version = 0, reserved = 0, type = 0;
  bool pl = false;
  std::size_t length = 0;
};

Result<FrameHead> read_head(Bytes frame) {
  wire::ByteReader r(frame);
  const unsigned head = r.u16("tml.header");
  const std::size_t length = r.u16("tml.length");
  if (!r.ok()) return fail(r.error());
  if (head >> 12 != tml::kVersion) return fail(Errc::BadVersion, "tml.version", 0);
  return FrameHead{head >> 12, head >> 7 & 0x1f, head & 0x3f, (head & 0x40) != 0, length};
}

// The PL message delimits itself (decision 1); places of errors count from the frame's first octet.
Result<pl::MessageView> read_pl(Bytes frame) {
  auto message = pl::MessageView::parse(frame.subspan(tml::kHeaderSize));
  if (message) return message;
  Error error = message.error();
  error.offset += static_cast<std::uint32_t>(tml::kHeaderSize);
  return fail(error);
}

Json head_json(const FrameHead& head) {
  return {{"type", head.pl ? "PL" : tml::to_string(static_cast<tml::MsgType>(head.type))},
          {"typeCode", head.type},
          {"version", head.version},
          {"reserved", head.reserved},
          {"f", head.pl ? 1 : 0},
          {"length", head.length}};
}

Json unknown_tlvs(Bytes frame) {
  Json list = Json::array();
  wire::ByteReader r(frame.subspan(tml::kHeaderSize), tml::kHeaderSize);
  while (!r.empty()) {
    wire::TlvView tlv = wire::read_tlv(r, "tml.tlv");
    if (!r.ok()) break;  // only in messages of an unknown type, whose body need not be TLVs
    if (tlv.type != 0 && tlv.type < kFirstUnknownTlv) continue;
    list.push_back({{"type", tlv.type}, {"value", to_hex(tlv.value.rest())}});
  }
  return list;
}

// The body again, TLV by TLV in the order they came; what has no name here is kept as it is.
Result<std::vector<std::byte>> reencode_tlvs(Bytes frame) {
  wire::ByteWriter w;
  wire::ByteReader r(frame.subspan(tml::kHeaderSize), tml::kHeaderSize);
  while (!r.empty()) {
    wire::TlvView tlv = wire::read_tlv(r, "tml.tlv");
    if (!r.ok()) return fail(r.error());
    const Bytes value = tlv.value.rest();
    if (tlv.type == 0 || tlv.type >= kFirstUnknownTlv) {
      w.tlv(tlv.type, [&] { w.bytes(value); });
      continue;
    }
    wire::ByteWriter one;
    one.u16(static_cast<std::uint16_t>(tml::kVersion << 12 |
                                       std::to_underlying(tml::MsgType::Heartbeat)));
    one.u16(0);
    one.tlv(tlv.type, [&] { one.bytes(value); });
    one.patch_u16(2, one.size(), "tml.length");
    FORCES_TRY(message, tml::decode_message(one.written()));
    FORCES_TRY(again, tml::encode_message(message));
    w.bytes(Bytes(again).subspan(tml::kHeaderSize));
  }
  return std::move(w).finish();
}

Json channel_type_json(std::uint32_t type) {
  if (type == tml::kChannelControl) return "control";
  if (type == tml::kChannelData) return "data";
  return type;
}

Json tlvs_json(const tml::Message& m) {
  Json json = Json::object();
  const auto put = [&](const char* name, const auto& field, auto&& show) {
    if (field) json[name] = show(*field);
  };
  const auto number = [](auto v) { return Json(v); };
  const auto id = [](std::uint32_t v) { return Json(hex32(v)); };
  put("PL-ID", m.pl_id, id);
  put("Channel-Type", m.channel_type, channel_type_json);
  put("Peer-PL-ID", m.peer_pl_id, id);
  put("Group-ID", m.group_id, id);
  put("Request-ID", m.request_id, number);
  put("Status", m.status, number);
  put("Reason", m.reason, [](const tml::Reason& reason) {
    return Json{{"code", reason.code},
                {"name", tml::to_string(static_cast<tml::ReasonCode>(reason.code))},
                {"text", reason.text}};
  });
  put("HB-Interval", m.hb_interval_ms, number);
  put("Dead-Interval", m.dead_interval_ms, number);
  put("HB-Sequence", m.hb_sequence, number);
  put("HB-Flags", m.hb_flags, number);
  put("Timestamp", m.timestamp, [](std::uint64_t v) { return Json(hex64(v)); });
  put("Pair-Token", m.pair_token, [](const tml::PairToken& v) { return Json(to_hex(v)); });
  put("Max-Message", m.max_message, number);
  put("Capabilities", m.capabilities, id);
  return json;
}

}  // namespace

Result<Json> tml_to_json(Bytes frame) {
  FORCES_TRY(head, read_head(frame));
  if (head.pl) {
    FORCES_TRY(message, read_pl(frame));
    return Json{{"tml", head_json(head)}, {"pl", to_json(message)}};
  }
  FORCES_TRY(message, tml::decode_message(frame));
  Json json = head_json(head);
  json["tlvs"] = tlvs_json(message);
  const Bytes body = frame.subspan(tml::kHeaderSize);
  if (!is_known(message.type) && !body.empty()) json["body"] = to_hex(body);
  if (Json unknown = unknown_tlvs(frame); !unknown.empty()) json["unknown"] = std::move(unknown);
  return json;
}

Result<std::vector<std::byte>> tml_reencode(Bytes frame) {
  FORCES_TRY(head, read_head(frame));
  if (!head.pl) {
    FORCES_TRY(message, tml::decode_message(frame));
    FORCES_TRY(again, tml::encode_message({.type = message.type}));
    Octets body(frame.begin() + tml::kHeaderSize,
                frame.end());  // of an unknown type: its own affair
    if (is_known(message.type)) {
      FORCES_TRY(tlvs, reencode_tlvs(frame));
      body = std::move(tlvs);
    }
    body.resize((body.size() + 3) / 4 * 4);
    again.insert(again.end(), body.begin(), body.end());
    again[2] = static_cast<std::byte>(again.size() >> 8);
    again[3] = static_cast<std::byte>(again.size());
    return again;
  }
  FORCES_TRY(message, read_pl(frame));
  FORCES_TRY(octets, pl::encode_message(pl::to_tree(message)));
  std::vector<std::byte> out(tml::kHeaderSize + octets.size());
  tml::put_pl_header(out.data(), octets.size());
  std::ranges::copy(octets, out.begin() + static_cast<std::ptrdiff_t>(tml::kHeaderSize));
  return out;
}

}  // namespace forces::decode
