#include "proto/pl/association.hpp"

#include <utility>

#include "proto/pl/body/grammar.hpp"

namespace forces::pl {
namespace {

Header make_header(MsgType type, ForcesId source, ForcesId destination, std::uint64_t correlator) {
  return {.type = type,
          .source = source,
          .destination = destination,
          .correlator = correlator,
          .flags = Flags{}.with_priority(default_priority(type))};
}

Result<Message> decode_as(MsgType type, wire::Bytes octets) {
  FORCES_TRY(message, decode_message(octets));
  if (message.header.type != type) return fail(Errc::UnknownType, "pl.type", 1);
  return message;
}

}  // namespace

Result<Octets> encode_association_setup(ForcesId fe, ForcesId ce, std::uint64_t correlator,
                                        std::vector<LfbSelect> reports) {
  Message message{.header = make_header(MsgType::AssociationSetup, fe, ce, correlator)};
  for (LfbSelect& report : reports) message.body.emplace_back(std::move(report));
  return encode_message(message);
}

Result<Octets> encode_association_setup_response(ForcesId ce, ForcesId fe, std::uint64_t correlator,
                                                 AssociationResult result) {
  return encode_message(
      {.header = make_header(MsgType::AssociationSetupResponse, ce, fe, correlator),
       .body = {AsResult{result}}});
}

Result<Octets> encode_association_teardown(ForcesId source, ForcesId destination,
                                           TeardownReason reason) {
  return encode_message(
      {.header = make_header(MsgType::AssociationTeardown, source, destination, 0),
       .body = {AsTreason{reason}}});
}

Result<Octets> encode_heartbeat(ForcesId source, ForcesId destination, std::uint64_t correlator,
                                Ack ack) {
  Header header = make_header(MsgType::Heartbeat, source, destination, correlator);
  header.flags = header.flags.with_ack(ack);
  return encode_message({.header = header});
}

Result<Octets> encode_heartbeat_reply(const Header& request, ForcesId fe) {
  return encode_message({.header = response_header(request, MsgType::Heartbeat, fe)});
}

Result<AssociationSetup> decode_association_setup(wire::Bytes octets) {
  FORCES_TRY(message, decode_as(MsgType::AssociationSetup, octets));
  AssociationSetup setup{.header = message.header, .reports = {}};
  for (BodyTlv& tlv : message.body) {
    if (auto* report = std::get_if<LfbSelect>(&tlv)) setup.reports.push_back(std::move(*report));
  }
  return setup;
}

Result<AssociationSetupResponse> decode_association_setup_response(wire::Bytes octets) {
  FORCES_TRY(message, decode_as(MsgType::AssociationSetupResponse, octets));
  const AsResult* result = message.find<AsResult>();
  if (result == nullptr) return fail(Errc::Missing, "pl.asresult", octets.size());
  return AssociationSetupResponse{message.header, result->result};
}

Result<AssociationTeardown> decode_association_teardown(wire::Bytes octets) {
  FORCES_TRY(message, decode_as(MsgType::AssociationTeardown, octets));
  const AsTreason* reason = message.find<AsTreason>();
  if (reason == nullptr) return fail(Errc::Missing, "pl.astreason", octets.size());
  return AssociationTeardown{message.header, reason->reason};
}

}  // namespace forces::pl
