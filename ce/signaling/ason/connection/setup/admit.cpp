// A Path that came: what can be told from it alone, and what becomes of one that is there already.
#include <algorithm>
#include <array>

#include "ce/signaling/ason/connection/core.hpp"

namespace forces::signaling::ason {
namespace {

using rsvp::ErrorCode;
using rsvp::ErrorValue;

constexpr ErrorValue path_error(std::uint16_t value) { return {ErrorCode::RoutingProblem, value}; }

// RFC 5420 section 5: what a node must understand to let an LSP through.
std::optional<ErrorValue> unknown_attribute(const rsvp::LspRequiredAttributes& required) {
  namespace flag = rsvp::lsp_flag;
  constexpr std::array kKnown{flag::kEndToEndRerouting, flag::kBoundaryRerouting,
                              flag::kSegmentRerouting, flag::kContiguous, flag::kStitching};
  for (const rsvp::AttributeTlv& tlv : required.tlvs) {
    if (tlv.type != rsvp::AttributeTlv::kFlags) {
      return ErrorValue{ErrorCode::UnknownAttributesTlv, tlv.type};
    }
    for (unsigned bit = 0; bit < tlv.value.size() * 8; ++bit) {
      if (std::ranges::find(kKnown, bit) != kKnown.end()) continue;
      const auto octet = std::to_integer<unsigned>(tlv.value[bit / 8]);
      if ((octet >> (7 - bit % 8) & 1U) != 0) {
        return ErrorValue{ErrorCode::UnknownAttributesBit, static_cast<std::uint16_t>(bit)};
      }
    }
  }
  return std::nullopt;
}

template <class T>
bool same(const rsvp::Message& a, const rsvp::Message& b) {
  const T* const one = a.find<T>();
  const T* const other = b.find<T>();
  return one == nullptr || other == nullptr ? one == other : *one == *other;
}

// Link protection that a plain link does not give (RFC 3471 section 7.1): anything but extra
// traffic and unprotected.
bool needs_protected_links(const rsvp::Message& path) {
  constexpr std::uint8_t kPlain = 0x01 | 0x02;
  const auto* const protection = path.find<rsvp::Protection>();
  return protection != nullptr && protection->link_flags() != 0 &&
         (protection->link_flags() & kPlain) == 0;
}

}  // namespace

void Controller::Core::on_path(const engine::PathReceived& event, Instant now) {
  if (Lsp* const known = find(event.key)) {
    const bool loop = comes_back(*known, event);
    if (loop || left_by(*known, event)) {
      // To who has sent it alone: what is here is not touched.
      Lsp stranger;
      stranger.key = event.key;
      stranger.path_in = event.path;
      stranger.previous = event.from;
      Trouble why = trouble(stranger,
                            loop ? path_error(rsvp::routing::kRouteLoop)
                                 : ErrorValue{ErrorCode::NoPathInformation, 0},
                            {});
      why.spec.flags |= rsvp::ErrorSpec::kPathStateRemoved;
      out.push(SendPathErr{event.key, path_err(*event.path, why.spec), event.from});
      return;
    }
    if (known->doomed) {
      known->after = event;
      return;
    }
    if (known->recovering) return path_of_recovered(*known, event, now);
    return on_modified(*known, event, now);
  }
  Lsp fresh;
  fresh.key = event.key;
  fresh.path_in = event.path;
  fresh.previous = event.from;
  fresh.created = now;
  if (lsps.size() >= config.max_lsps) {
    const Trouble full =
        trouble(fresh, {ErrorCode::AdmissionControl, rsvp::admission::kBandwidth}, {});
    out.push(SendPathErr{event.key, path_err(*event.path, full.spec)});
    return;
  }
  came_by(fresh);
  ended.erase(event.key);
  ++counters.setups;
  Lsp& lsp = lsps.emplace(event.key, std::move(fresh)).first->second;
  const bool segment_given_back = config.recovering && is_segment(lsp.path()) &&
                                  lsp.key.end_point == config.self &&
                                  lsp.path().find<rsvp::RecoveryLabel>() != nullptr;
  if (found.contains(event.key) || recovery_paths.contains(event.key) || early(event.from) ||
      segment_given_back) {
    lsp.recovering = true;
    lsp.unsynchronized = unclaimed.erase(event.key) != 0;
    return path_of_recovered(lsp, event, now);
  }
  advance(event.key, now);
}

// To its ingress, or to who has passed it on.
bool Controller::Core::comes_back(const Lsp& known, const engine::PathReceived& event) const {
  if (known.role == Role::Ingress) return true;
  const auto* const rro = event.path->find<rsvp::RecordRoute>();
  return event.from != known.previous && rro != nullptr && names(rro->route, config.self);
}

// Who gives back (RFC 3473 section 9.5.3) what has gone another way since: he has not heard of it.
bool Controller::Core::left_by(const Lsp& known, const engine::PathReceived& event) {
  return event.from != known.previous && !known.doomed && known.bound() &&
         event.path->find<rsvp::RecoveryLabel>() != nullptr;
}

void Controller::Core::came_by(Lsp& lsp) const {
  const std::uint32_t before = lsp.in;
  lsp.from = {};
  lsp.in = 0;
  lsp.segment_in.reset();
  auto link = incoming_link(lsp.path());
  if (!link) {
    const auto* const hop = lsp.path().find<rsvp::Hop>();
    const auto* const tlv =
        hop == nullptr ? nullptr : rsvp::find(hop->tlvs, rsvp::InterfaceTlvType::Ipv4);
    const auto address = tlv == nullptr ? std::nullopt : tlv->address();
    if (address && !address->is_v6()) link = database.by_address(address->v4());
  }
  if (!link) return;
  if (const auto at = segments_in.find(*link); at != segments_in.end()) {
    const Lsp* const segment = find(at->second);
    if (segment == nullptr || segment->doomed || lsp.previous != link->node) return;
    lsp.segment_in = at->second;
    lsp.in = segment->in;
    lsp.from = *link;
    return;
  }
  if (const te::Link* const known = database.link(*link)) {
    // Whichever end it names, it is the link between us.
    const LinkEnd ours = link->node == config.self ? *link : known->other(*link);
    if (ours.node == config.self && manager.interface(ours.interface) != nullptr) {
      lsp.in = ours.interface;
      lsp.from = known->other(ours);
      return;
    }
  }
  for (const std::uint32_t id : manager.interfaces()) {
    // RFC 4206 section 6.1.1: who names an adjacency is the node at its other end.
    const bool of_another = adaptation_of(id) != nullptr && lsp.previous != link->node;
    if (manager.interface(id)->remote == *link && !of_another) {
      if (id != before && far_end(before) == *link) continue;  // as in its journal
      lsp.in = id;
      lsp.from = *link;
      return;
    }
  }
}

std::optional<Trouble> Controller::Core::refused(const Lsp& lsp) const {
  if (lsp.admitted) return std::nullopt;
  const rsvp::Message& path = lsp.path();
  const auto no = [&](ErrorValue error, std::string reason = {}) {
    Trouble why = trouble(lsp, error, {});
    why.upstream = true;
    why.reason = std::move(reason);
    return why;
  };
  const te::Signal signal = signal_of(path);
  if (const auto fault = signal.fault()) {
    return no({ErrorCode::TrafficControl, *fault == te::Signal::Fault::Multiplier
                                              ? rsvp::traffic::kBadTspec
                                              : rsvp::traffic::kUnsupportedService});
  }
  if (config.service_levels) {
    const auto* const uni = path.find<rsvp::GeneralizedUni>();
    const auto* const level =
        uni == nullptr ? nullptr : uni->find(rsvp::UniSubobject::kServiceLevel);
    const auto value = level == nullptr ? std::nullopt : level->service_level();
    if (value && !config.service_levels->contains(*value)) {
      return no(path_error(rsvp::routing::kServiceLevel));
    }
  }
  if (lsp.role == Role::Ingress) return std::nullopt;
  if (lsp.in == 0) return no(path_error(rsvp::routing::kUnknownInterface));
  if (lsp.segment_in) {  // RFC 5150 section 4: not more than one
    const auto at = users.find(*lsp.segment_in);
    const bool taken = at != users.end() && std::ranges::any_of(at->second, [&](const LspKey& one) {
                         return !same_session(one, lsp.key);
                       });
    if (taken) return no({ErrorCode::AdmissionControl, rsvp::admission::kBandwidth});
  }
  if (const Lsp* const within = adjacency_at(lsp.in)) {
    // Only its ingress knows that it is about to go, or fails somewhere on its way.
    if (within->deleting || within->doomed || !within->failing_at.empty()) {
      return no({ErrorCode::AdmissionControl, rsvp::admission::kBandwidth});
    }
  }
  const auto& session = *path.find<rsvp::Session>();
  if (session.kind != rsvp::Session::Kind::LspTunnelIpv4 && !config.oif.contains(lsp.in)) {
    return no({ErrorCode::UnknownCType,
               rsvp::class_and_c_type(static_cast<std::uint8_t>(rsvp::Class::Session),
                                      session.c_type())});  // D14
  }
  if (const auto* const required = path.find<rsvp::LspRequiredAttributes>()) {
    if (!config.ason) {
      return no({ErrorCode::UnknownClass,
                 rsvp::class_and_c_type(
                     static_cast<std::uint8_t>(rsvp::Class::LspRequiredAttributes), 1)});
    }
    if (const auto error = unknown_attribute(*required)) return no(*error);
  }
  if (config.no_ero.contains(lsp.in) && path.find<rsvp::ExplicitRoute>() != nullptr) {
    return no(path_error(rsvp::routing::kBadExplicitRoute));
  }
  if (config.refuses_route && config.refuses_route(lsp.previous) && leads_within(lsp)) {
    return no({ErrorCode::Policy, rsvp::policy::kExplicitRouteRefused});
  }
  if (const auto* const rro = path.find<rsvp::RecordRoute>();
      rro != nullptr && names(rro->route, config.self)) {
    return no(path_error(rsvp::routing::kRouteLoop));
  }
  if (const auto* const xro = path.find<rsvp::ExcludeRoute>(); xro != nullptr && config.ason) {
    te::Exclusions excluded;
    collect(*xro, excluded);
    if (excluded.nodes.contains(config.self)) {
      return no(path_error(rsvp::routing::kLocalNodeExcluded));
    }
  }
  if (needs_protected_links(path)) return no(path_error(rsvp::routing::kLinkProtection));
  return std::nullopt;
}

// Its route names nodes of our domain beside this one. Where it ends may be named, and by which
// link it leaves the last node: that is the user's to say (RFC 4003, RFC 4208 section 3.3).
bool Controller::Core::leads_within(const Lsp& lsp) const {
  const auto* const ero = lsp.path().find<rsvp::ExplicitRoute>();
  if (ero == nullptr) return false;
  NodeId last = lsp.key.end_point;
  if (const rsvp::Route tail = tail_of(ero->route); !tail.empty()) {
    const auto& hop = *tail.front().as<rsvp::UnnumberedHop>();
    const LinkEnd end{{hop.router_id}, hop.interface_id};
    const te::Link* const link = database.link(end);
    if (database.node(last) == nullptr || (link != nullptr && link->other(end).node == last)) {
      last = end.node;
    }
  }
  const std::uint32_t own = domain_of(config.self);
  const auto within = [&](NodeId node) {
    return node != config.self && node != lsp.key.end_point && node != last &&
           database.node(node) != nullptr && domain_of(node) == own;
  };
  return std::ranges::any_of(ero->route, [&](const rsvp::Subobject& hop) {
    const auto* const prefix = hop.as<rsvp::PrefixHop>();
    if (prefix == nullptr || prefix->prefix == 32) {
      const auto node = node_of(hop);
      const auto link = node ? database.by_address(node->value) : std::nullopt;
      return node && within(link ? link->node : *node);
    }
    // Of several nodes this one or the last may be meant.
    return !covers(*prefix, config.self) && !covers(*prefix, last) &&
           std::ranges::any_of(database.nodes(), [&](const auto& known) {
             return covers(*prefix, known.first) && within(known.first);
           });
  });
}

bool Controller::Core::same_link(const rsvp::Message& a, const rsvp::Message& b) {
  const auto* const one = a.find<rsvp::Hop>();
  const auto* const other = b.find<rsvp::Hop>();
  return one != nullptr && other != nullptr && one->tlvs == other->tlvs &&
         same<rsvp::UpstreamLabel>(a, b);
}

bool Controller::Core::same_way(const rsvp::Message& a, const rsvp::Message& b) {
  const auto sets = [](const rsvp::Message& m) {
    std::vector<rsvp::LabelSet> all;
    for (const rsvp::LabelSet& set : m.all<rsvp::LabelSet>()) all.push_back(set);
    return all;
  };
  return same_link(a, b) && same<rsvp::SenderTspec>(a, b) && same<rsvp::LabelRequest>(a, b) &&
         same<rsvp::ExplicitRoute>(a, b) && same<rsvp::ExcludeRoute>(a, b) && sets(a) == sets(b);
}

bool Controller::Core::moved(const Lsp& lsp, const engine::PathReceived& event) {
  // Also of one that we have answered: upstream has not heard of that, or would not have moved it.
  return event.from != lsp.previous || !same_link(lsp.path(), *event.path) ||
         (!lsp.established && !same_way(lsp.path(), *event.path));
}

void Controller::Core::on_modified(Lsp& lsp, const engine::PathReceived& event, Instant now) {
  if (moved(lsp, event)) {
    // Another way or another label: from the beginning, on the halves that are there.
    if (lsp.resv_out) {
      out.push(TearResv{lsp.key});
      tell_call(lsp, false);
    }
    lsp.resv_out = lsp.established = false;
    lsp.path_in = event.path;
    lsp.previous = event.from;
    lsp.admitted = false;
    lsp.asked = false;
    came_by(lsp);
    lsp.history.clear();
    lsp.attempts = {};
    return begin_again(lsp, now);
  }
  lsp.path_in = event.path;
  if ((admin_status(*event.path) & rsvp::admin_status::kDelete) != 0 && !lsp.deleting) {
    // RFC 3473 section 7.2.1: from now on its end is no fault.
    lsp.deleting = true;
    manager.set_alarm_mask(lsp.key, ~std::uint32_t{0}, now);
    persist(lsp);
  }
  if ((admin_status(*event.path) & rsvp::admin_status::kReflect) != 0 && lsp.told) {
    tell_transport(lsp);  // an ingress that began anew asks how things are
  }
  resend(lsp, now);
}

void Controller::Core::on_path_gone(const engine::PathGone& event, Instant now) {
  Lsp* const lsp = find(event.key);
  if (lsp == nullptr) return end_unknown(event, now);
  if (lsp->after && lsp->after->from == event.from) lsp->after.reset();
  // A tear of somebody who has it no more (RFC 2961 section 4.5 says nothing of neighbours).
  if (lsp->role == Role::Ingress || event.from != lsp->previous || lsp->doomed) return;
  if (event.why != engine::Gone::Torn && lsp->established && !lsp->deleting) {
    return unsynchronized(*lsp, true);  // R1: an operator says what becomes of it
  }
  if (event.tear && lsp->recovering && !lsp->journaled) ended[event.key] = event.tear;
  if (event.tear) tear_downstream(*lsp, event.tear.get());
  doom(*lsp, now);
}

}  // namespace forces::signaling::ason
