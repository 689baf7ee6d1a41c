#include "ce/ctl/decode/protocols.hpp"

#include <algorithm>
#include <array>

#include "ce/ctl/decode/json/igmp_json.hpp"
#include "ce/ctl/decode/json/mars_json.hpp"
#include "ce/ctl/decode/json/pl_json.hpp"
#include "ce/ctl/decode/json/rsvp_json.hpp"
#include "ce/ctl/decode/json/scsp_json.hpp"
#include "ce/ctl/decode/json/tml_json.hpp"
#include "proto/scsp/writer.hpp"
#include "proto/tml/frame.hpp"

namespace forces::decode {
namespace {

using wire::Bytes;

Result<Json> pl_to_json(Bytes octets) {
  FORCES_TRY(message, pl::MessageView::parse(octets));
  return to_json(message);
}

Result<std::vector<std::byte>> pl_reencode(Bytes octets) {
  FORCES_TRY(message, pl::decode_message(octets));
  return pl::encode_message(message);
}

Result<Json> scsp_to_json(Bytes octets) {
  FORCES_TRY(packet, scsp::decode_packet(octets));
  return to_json(packet);
}

Result<std::vector<std::byte>> scsp_reencode(Bytes octets) {
  FORCES_TRY(packet, scsp::decode_packet(octets));
  return scsp::encode_packet(packet);
}

Result<Json> mars_to_json(Bytes octets) {
  FORCES_TRY(message, mars::decode_message(octets));
  return to_json(message);
}

Result<std::vector<std::byte>> mars_reencode(Bytes octets) {
  FORCES_TRY(message, mars::decode_message(octets));
  return mars::encode_message(message);
}

Result<Json> igmp_to_json(Bytes octets) {
  FORCES_TRY(packet, igmp::decode_packet(octets));
  return to_json(packet);
}

Result<std::vector<std::byte>> igmp_reencode(Bytes octets) {
  FORCES_TRY(packet, igmp::decode_packet(octets));
  wire::ByteWriter w;
  igmp::encode_packet(packet, w);
  return std::move(w).finish();
}

// The answer that a sender would get is not an error of the octets: it stands in the JSON.
Result<rsvp::Message> rsvp_message(Bytes octets) {
  auto message = rsvp::decode_message(octets);
  if (!message) return fail(message.error().error);
  return *std::move(message);
}

Result<Json> rsvp_to_json(Bytes octets) {
  FORCES_TRY(message, rsvp_message(octets));
  return to_json(message);
}

Result<std::vector<std::byte>> rsvp_reencode(Bytes octets) {
  FORCES_TRY(message, rsvp_message(octets));
  return rsvp::encode_message(message);
}

std::optional<Bytes> whole_frame(Bytes frame) { return frame; }

std::optional<Bytes> pl_of_frame(Bytes frame) {
  if (!tml::scan_frame(frame, tml::kMaxPlSize).pl) return std::nullopt;
  return frame.subspan(tml::kHeaderSize);
}

constexpr std::array kProtocols{
    Protocol{"tml", "frames of the TCP Transport Mapping Layer, with the PL message inside",
             &tml_to_json, &tml_reencode, &whole_frame},
    Protocol{"pl", "messages of the ForCES protocol layer (RFC 5810)", &pl_to_json, &pl_reencode,
             &pl_of_frame},
    Protocol{"scsp", "packets of SCSP (RFC 2334), with the entries of MARS servers (RFC 2443)",
             &scsp_to_json, &scsp_reencode, nullptr},
    Protocol{"mars", "MARS control messages (RFC 2022)", &mars_to_json, &mars_reencode, nullptr},
    Protocol{"igmp", "IGMP and MLD in their IP packets", &igmp_to_json, &igmp_reencode, nullptr},
    Protocol{"mld", "the same", &igmp_to_json, &igmp_reencode, nullptr},
    Protocol{"rsvp", "messages of RSVP-TE with GMPLS and ASON, without their IP header",
             &rsvp_to_json, &rsvp_reencode, nullptr},
};

}  // namespace

std::span<const Protocol> protocols() { return kProtocols; }

const Protocol* find_protocol(std::string_view name) {
  const auto row = std::ranges::find(kProtocols, name, &Protocol::name);
  return row == kProtocols.end() ? nullptr : &*row;
}

Json error_json(const Error& error) {
  return {{"error",
           {{"code", to_string(error.code)}, {"offset", error.offset}, {"field", error.field}}}};
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace forces::decode
