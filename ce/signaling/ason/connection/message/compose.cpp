#include "ce/signaling/ason/connection/message/compose.hpp"

#include <algorithm>
#include <variant>

namespace forces::signaling::ason {
namespace {

using rsvp::Address;
using rsvp::Message;
using rsvp::MessageType;
using rsvp::Object;

template <class... Types>
bool is_one_of(const Object& object) {
  return (std::holds_alternative<Types>(object) || ...);
}

// Of one hop, or put there by the engine (RFC 2961, RFC 2747, RFC 3473 section 9).
bool of_the_hop(const Object& object) {
  return is_one_of<rsvp::Hop, rsvp::Integrity, rsvp::TimeValues, rsvp::MessageId,
                   rsvp::MessageIdAck, rsvp::MessageIdList, rsvp::RestartCap, rsvp::Capability>(
      object);
}

// An object that nobody knows here and that does not ask to be forwarded.
bool dropped(const Object& object) {
  const auto* const unknown = std::get_if<rsvp::UnknownObject>(&object);
  return unknown != nullptr &&
         rsvp::treatment(unknown->number, unknown->type) != rsvp::Treatment::Forward;
}

template <class T>
void copy(const Message& from, Message& to) {
  if (const T* const object = from.find<T>()) to.objects.emplace_back(*object);
}

// A flag is the same in both classes (RFC 5420 section 5).
bool lsp_attribute(const Message& path, unsigned bit) {
  const auto* const attributes = path.find<rsvp::LspAttributes>();
  const auto* const required = path.find<rsvp::LspRequiredAttributes>();
  return (attributes != nullptr && attributes->flag(bit)) ||
         (required != nullptr && required->flag(bit));
}

rsvp::Hop hop_object(LinkEnd out) {
  rsvp::Hop hop;  // the address is the engine's to fill in
  hop.tlvs.push_back(rsvp::InterfaceTlv::of(
      rsvp::InterfaceTlvType::IfIndex, rsvp::IfIndex{Address::v4(out.node.value), out.interface}));
  return hop;
}

}  // namespace

std::optional<LspKey> key_of(const Message& message) {
  const auto* const session = message.find<rsvp::Session>();
  if (session == nullptr || session->end_point.is_v6()) return std::nullopt;
  LspKey key{.end_point = {session->end_point.v4()},
             .extended_tunnel_id = session->extended_tunnel_id.v4(),
             .sender = {},
             .tunnel_id = session->tunnel_id};
  const auto identify = [&key](const auto* identity) {
    if (identity == nullptr || identity->sender.is_v6()) return false;
    key.sender = {identity->sender.v4()};
    key.lsp_id = identity->lsp_id;
    return true;
  };
  if (!identify(message.find<rsvp::SenderTemplate>()) &&
      !identify(message.find<rsvp::FilterSpec>())) {
    return std::nullopt;
  }
  return key;
}

std::uint16_t call_id_of(const Message& message) {
  const auto* const session = message.find<rsvp::Session>();
  return session == nullptr ? 0 : session->call_id;
}

bool bidirectional(const Message& path) { return path.find<rsvp::UpstreamLabel>() != nullptr; }

bool records_labels(const Message& path) {
  const auto* const attribute = path.find<rsvp::SessionAttribute>();
  return attribute != nullptr && (attribute->flags & rsvp::SessionAttribute::kLabelRecording) != 0;
}

bool shares(const Message& path) {
  const auto* const attribute = path.find<rsvp::SessionAttribute>();
  return attribute != nullptr && (attribute->flags & rsvp::SessionAttribute::kSeStyle) != 0;
}

CrankbackScope crankback_scope(const Message& path) {
  if (lsp_attribute(path, rsvp::lsp_flag::kSegmentRerouting)) return CrankbackScope::Segment;
  if (lsp_attribute(path, rsvp::lsp_flag::kBoundaryRerouting)) return CrankbackScope::Boundary;
  if (lsp_attribute(path, rsvp::lsp_flag::kEndToEndRerouting)) return CrankbackScope::EndToEnd;
  return CrankbackScope::None;
}

bool is_segment(const Message& path) { return lsp_attribute(path, rsvp::lsp_flag::kStitching); }

bool is_adjacency(const Message& path) {
  return path.find<rsvp::LspTunnelInterfaceId>() != nullptr && !is_segment(path);
}

bool must_be_contiguous(const Message& path) {
  return lsp_attribute(path, rsvp::lsp_flag::kContiguous);
}

std::optional<LinkEnd> tunnel_link(const Message& message) {
  const auto* const id = message.find<rsvp::LspTunnelInterfaceId>();
  if (id == nullptr) return std::nullopt;
  return LinkEnd{{id->router_id}, id->interface_id};
}

std::uint32_t admin_status(const Message& message) {
  const auto* const status = message.find<rsvp::AdminStatus>();
  return status == nullptr ? 0 : status->bits;
}

std::optional<LinkEnd> incoming_link(const Message& path) {
  const auto* const hop = path.find<rsvp::Hop>();
  if (hop == nullptr) return std::nullopt;
  const auto* const tlv = rsvp::find(hop->tlvs, rsvp::InterfaceTlvType::IfIndex);
  if (tlv == nullptr) return std::nullopt;
  const auto index = tlv->if_index();
  if (!index || index->address.is_v6()) return std::nullopt;
  return LinkEnd{{index->address.v4()}, index->id};
}

Message base_path(const ConnectionRequest& request, const LspKey& key, const LspRoleInCall& role) {
  Message path{.type = MessageType::Path};
  auto& objects = path.objects;
  objects.emplace_back(rsvp::Session{.end_point = Address::v4(key.end_point.value),
                                     .call_id = request.call.id,
                                     .tunnel_id = key.tunnel_id,
                                     .extended_tunnel_id = Address::v4(key.extended_tunnel_id)});
  objects.emplace_back(request.label_request);
  // Where neither is asked for, a conventional LSP has none of the objects (B2).
  if (role.protection != 0 || role.lsp_flags != 0 || request.link_protection != 0) {
    objects.emplace_back(
        rsvp::Protection::of(role.protection, role.lsp_flags, request.link_protection));
  }
  rsvp::SessionAttribute attribute{.affinities = request.affinities,
                                   .setup_priority = request.setup_priority,
                                   .holding_priority = request.holding_priority,
                                   .flags = rsvp::SessionAttribute::kLabelRecording,
                                   .name = request.call.id != 0 ? request.call.name : request.name};
  if (role.shared_explicit) attribute.flags |= rsvp::SessionAttribute::kSeStyle;
  objects.emplace_back(std::move(attribute));
  rsvp::LspAttributes attributes;
  if (request.crankback != CrankbackScope::None) {
    attributes.set_flag(
        request.crankback == CrankbackScope::EndToEnd   ? rsvp::lsp_flag::kEndToEndRerouting
        : request.crankback == CrankbackScope::Boundary ? rsvp::lsp_flag::kBoundaryRerouting
                                                        : rsvp::lsp_flag::kSegmentRerouting);
  }
  if (request.contiguous) attributes.set_flag(rsvp::lsp_flag::kContiguous);
  if (request.segment) {
    attributes.set_flag(rsvp::lsp_flag::kStitching);
    objects.emplace_back(rsvp::LspTunnelInterfaceId{key.sender.value, segment_link(key)});
  }
  if (request.adjacency != 0) {
    objects.emplace_back(rsvp::LspTunnelInterfaceId{key.sender.value, request.adjacency});
  }
  if (!attributes.tlvs.empty()) objects.emplace_back(std::move(attributes));
  objects.emplace_back(rsvp::NotifyRequest{Address::v4(key.sender.value)});
  bool level_said = false;
  for (const Object& object : request.call.objects) {
    const auto* const uni = std::get_if<rsvp::GeneralizedUni>(&object);
    level_said |= uni != nullptr && uni->find(rsvp::UniSubobject::kServiceLevel) != nullptr;
    objects.push_back(object);
  }
  if (request.service_level && !level_said) {
    objects.emplace_back(
        rsvp::GeneralizedUni{{rsvp::UniSubobject::service_level(*request.service_level)}});
  }
  if (role.association_id) {
    objects.emplace_back(
        rsvp::Association{.id = *role.association_id, .source = Address::v4(key.sender.value)});
  }
  if (role.sharing_id) {
    objects.emplace_back(rsvp::Association{.type = rsvp::Association::kResourceSharing,
                                           .id = *role.sharing_id,
                                           .source = Address::v4(key.sender.value)});
  }
  if (!request.exclude.empty()) objects.emplace_back(rsvp::ExcludeRoute{request.exclude});
  objects.emplace_back(
      rsvp::SenderTemplate{.sender = Address::v4(key.sender.value), .lsp_id = key.lsp_id});
  objects.emplace_back(request.tspec);
  return path;
}

Message path_for_hop(const Message& from, const PathHop& hop) {
  Message path{.type = MessageType::Path};
  auto& objects = path.objects;
  objects.reserve(from.objects.size() + 8);
  const auto put_label_sets = [&] {
    for (const rsvp::LabelSet& set : hop.label_sets) objects.emplace_back(set);
  };
  bool sets_done = false;
  for (const Object& object : from.objects) {
    if (of_the_hop(object) || dropped(object)) continue;
    if (is_one_of<rsvp::ExplicitRoute, rsvp::RecordRoute, rsvp::LabelSet, rsvp::SuggestedLabel,
                  rsvp::UpstreamLabel, rsvp::RecoveryLabel>(object)) {
      continue;
    }
    if (hop.exclude && std::holds_alternative<rsvp::ExcludeRoute>(object)) continue;
    // Where RFC 3473 section 11 has them: behind LABEL_REQUEST and PROTECTION.
    if (!sets_done && !is_one_of<rsvp::Session, rsvp::LabelRequest, rsvp::Protection>(object)) {
      put_label_sets();
      sets_done = true;
    }
    if (hop.exclude && !hop.exclude->empty() &&
        std::holds_alternative<rsvp::SenderTemplate>(object)) {
      objects.emplace_back(rsvp::ExcludeRoute{*hop.exclude});
    }
    objects.push_back(object);
    if (std::holds_alternative<rsvp::Session>(object)) {
      objects.emplace_back(hop_object(hop.out));
      if (!hop.ero.empty()) objects.emplace_back(rsvp::ExplicitRoute{hop.ero});
    }
  }
  if (!sets_done) put_label_sets();
  if (!hop.rro.empty()) objects.emplace_back(rsvp::RecordRoute{hop.rro});
  if (!hop.suggested.empty()) objects.emplace_back(rsvp::SuggestedLabel{.labels = hop.suggested});
  if (!hop.recovery.empty()) objects.emplace_back(rsvp::RecoveryLabel{.labels = hop.recovery});
  if (!hop.upstream.empty()) objects.emplace_back(rsvp::UpstreamLabel{.labels = hop.upstream});
  return path;
}

Message tear_for_hop(const Message& from, LinkEnd out) {
  Message tear = path_for_hop(from, {.out = out});
  tear.type = MessageType::PathTear;
  if (from.type == MessageType::PathTear) return tear;
  std::erase_if(tear.objects, [](const Object& object) {
    return !is_one_of<rsvp::Session, rsvp::Hop, rsvp::CallId, rsvp::SenderTemplate,
                      rsvp::SenderTspec>(object);
  });
  return tear;
}

void set_admin_status(Message& message, std::uint32_t bits) {
  if (auto* const status = message.find<rsvp::AdminStatus>()) {
    status->bits = bits;
    return;
  }
  const auto place = std::ranges::find_if(message.objects, [](const Object& object) {
    return is_one_of<rsvp::SenderTemplate, rsvp::Style>(object);
  });
  message.objects.emplace(place, rsvp::AdminStatus{bits});
}

Message resv_for_hop(const Message& path, const Message* downstream, const ResvHop& hop) {
  Message resv{.type = MessageType::Resv};
  auto& objects = resv.objects;
  copy<rsvp::Session>(path, resv);
  if (const auto* const below = downstream ? downstream->find<rsvp::Session>() : nullptr) {
    // As the nodes behind have it: who began the LSP shall see if one took the Call_ID out (D13).
    resv.find<rsvp::Session>()->call_id = below->call_id;
  }
  rsvp::Hop reply;
  if (const auto* const received = path.find<rsvp::Hop>()) {
    reply.logical_interface = received->logical_interface;
    reply.if_id = received->if_id;
    reply.tlvs = received->tlvs;
  }
  objects.emplace_back(std::move(reply));
  if (downstream == nullptr) {
    copy<rsvp::CallId>(path, resv);
  } else {
    for (const Object& object : downstream->objects) {
      if (of_the_hop(object) || dropped(object)) continue;
      if (is_one_of<rsvp::Session, rsvp::Style, rsvp::Flowspec, rsvp::FilterSpec, rsvp::Label,
                    rsvp::RecordRoute>(object)) {
        continue;
      }
      objects.push_back(object);
    }
  }
  objects.emplace_back(rsvp::Style{.options = shares(path) ? rsvp::Style::kSharedExplicit
                                                           : rsvp::Style::kFixedFilter});
  if (const auto* const tspec = path.find<rsvp::SenderTspec>()) {
    objects.emplace_back(rsvp::Flowspec{tspec->traffic});
  }
  if (const auto* const sender = path.find<rsvp::SenderTemplate>()) {
    objects.emplace_back(rsvp::FilterSpec{.sender = sender->sender, .lsp_id = sender->lsp_id});
  }
  objects.emplace_back(rsvp::Label{.labels = hop.label});
  if (hop.rro) objects.emplace_back(rsvp::RecordRoute{*hop.rro});
  return resv;
}

Message path_err(const Message& path, const rsvp::ErrorSpec& error,
                 const std::optional<rsvp::AcceptableLabelSet>& labels) {
  Message message{.type = MessageType::PathErr};
  copy<rsvp::Session>(path, message);
  copy<rsvp::CallId>(path, message);
  message.objects.emplace_back(error);
  if (labels) message.objects.emplace_back(*labels);
  copy<rsvp::SenderTemplate>(path, message);
  copy<rsvp::SenderTspec>(path, message);
  return message;
}

Message forward_path_err(const Message& received, const rsvp::ErrorSpec& error) {
  Message message{.type = MessageType::PathErr};
  for (const Object& object : received.objects) {
    if (of_the_hop(object) || dropped(object)) continue;
    if (std::holds_alternative<rsvp::ErrorSpec>(object)) {
      message.objects.emplace_back(error);
    } else if (!std::holds_alternative<rsvp::AcceptableLabelSet>(object)) {
      message.objects.push_back(object);  // labels are those of one link
    }
  }
  return message;
}

Message resv_err(const Message& resv, const rsvp::ErrorSpec& error) {
  Message message{.type = MessageType::ResvErr};
  copy<rsvp::Session>(resv, message);
  copy<rsvp::Hop>(resv, message);
  message.objects.emplace_back(error);
  copy<rsvp::Style>(resv, message);
  copy<rsvp::Flowspec>(resv, message);
  copy<rsvp::FilterSpec>(resv, message);
  return message;
}

Message lsp_notify(const Message& path, const rsvp::ErrorSpec& error,
                   std::optional<std::uint32_t> status) {
  Message message{.type = MessageType::Notify};
  message.objects.emplace_back(error);
  copy<rsvp::Session>(path, message);
  copy<rsvp::CallId>(path, message);
  message.objects.emplace_back(rsvp::AdminStatus{status.value_or(0)});  // C clear: of an LSP
  copy<rsvp::SenderTemplate>(path, message);
  copy<rsvp::SenderTspec>(path, message);
  return message;
}

rsvp::LabelSet inclusive(const rsvp::Words& labels) {
  return {.action = rsvp::LabelSet::Action::InclusiveList, .subchannels = labels};
}

}  // namespace forces::signaling::ason
