#include "fe/association/membership.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "fe/dataplane/ports/link_state.hpp"

namespace forces::fe {
namespace {

using multicast::Address;
using multicast::Family;

// Interfaces come, go, and get addresses; a query later is early enough.
constexpr Duration kLookEvery = std::chrono::seconds(1);
// From an FE to an MCS and back.
constexpr Duration kEarlierCmi = std::chrono::seconds(2);

std::vector<std::uint32_t> ids_of(const std::vector<CeConfig>& ces) {
  std::vector<std::uint32_t> out;
  for (const CeConfig& ce : ces) out.push_back(ce.ce_id);
  return out;
}

dataplane::kernel::Address in_kernel(const Address& address) {
  dataplane::kernel::Address out{address.family == Family::Ipv4 ? dataplane::kernel::Family::Ipv4
                                                                : dataplane::kernel::Family::Ipv6,
                                 {}};
  std::memcpy(out.octets.data(), address.octets.data(), out.octets.size());
  return out;
}

dataplane::multicast::SourceFilter in_kernel(const multicast::Filter& filter) {
  dataplane::multicast::SourceFilter out{filter.mode == multicast::Mode::Exclude, {}};
  for (const Address& source : filter.sources) out.sources.push_back(in_kernel(source));
  return out;
}

// Of a packet port: "10.98.0.1/24".
Address own_address(const std::string& text) {
  Address out = Address::zero(Family::Ipv4);
  const std::string host = text.substr(0, text.find('/'));
  if (::inet_pton(AF_INET, host.c_str(), out.octets.data()) != 1) return Address::zero(out.family);
  return out;
}

bool is_up(CeState state) { return state == CeState::Associated || state == CeState::ChannelLost; }

}  // namespace

Membership::Membership(const ElementConfig& config, std::uint64_t seed, ElementCore& core,
                       forwarding::Planes& planes, Redirector& redirect)
    : ces_(ids_of(config.ces)),
      core_(core),
      planes_(planes),
      redirect_(redirect),
      service_(config.multicast, ces_, seed) {
  for (const dataplane::PortConfig& port : config.ports) {
    if (port.membership) {
      ports_.push_back({port.port_id, port.kind, port.interface, port.address});
    }
  }
}

void Membership::on_changed(std::uint32_t ce, const StateChanged& change, Instant now) {
  if (is_up(change.from) == is_up(change.to)) return;
  is_up(change.to) ? service_.on_associated(ce, core_.fe_id(), now) : service_.on_lost(ce, now);
}

void Membership::turn(Instant now) {
  if (now >= look_at_) look(now);
  service_.on_timer(now);
}

void Membership::look(Instant now) {
  look_at_ = now + kLookEvery;
  if (earlier_until_ && now >= *earlier_until_) {
    earlier_until_.reset();
    planes_.multicast().end_earlier_cmis();
  }
  const auto all = dataplane::interfaces_now();
  if (all.empty()) return;  // the system did not say; that is no port that is down
  for (const Port& port : ports_) {
    multicast::Interface interface{.up = port.kind == dataplane::PortKind::Replay};
    if (const auto at = all.find(port.device); !interface.up && at != all.end()) {
      interface.up = at->second.up;
      interface.address = Address::from(Family::Ipv4, at->second.address);
      // A packet port has no IPv6: nobody there answers for a link-local address.
      if (port.kind == dataplane::PortKind::Raw) {
        interface.link_local = Address::from(Family::Ipv6, at->second.link_local);
      } else {
        interface.address = own_address(port.address);
      }
    }
    service_.on_interface(port.id, interface, now);
  }
}

bool Membership::serve(Instant now) {
  bool sent = false;
  while (auto output = service_.poll_output()) {
    std::visit(Overloaded{
                   [&](const multicast::SendQuery& query) {
                     if (!redirect_.send(query.port, query.packet, now)) ++queries_unsent_;
                   },
                   [&](const multicast::EgressChanged& egress) {
                     planes_.multicast().set_local(in_kernel(egress.group), egress.port,
                                                   egress.filter.nothing()
                                                       ? std::nullopt
                                                       : std::optional(in_kernel(egress.filter)));
                   },
                   [&](const multicast::RouterChanged& router) {
                     planes_.multicast().set_router(in_kernel(Address::zero(router.family)).family,
                                                    router.port, router.present);
                   },
                   [&](const multicast::SendVc& send) {
                     const auto at = std::ranges::find(ces_, send.ce);
                     core_.send_vc(static_cast<std::size_t>(at - ces_.begin()), send.sdu);
                     sent = true;
                   },
               },
               *output);
  }
  tell_cmis(now);
  return sent;
}

// The last one counts until a server gives another: packets go on meanwhile.
void Membership::tell_cmis(Instant now) {
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    std::uint16_t& told = cmis_[family == Family::Ipv4 ? 0 : 1];
    const std::uint16_t cmi = service_.cmi(family).value_or(told);
    if (std::exchange(told, cmi) == cmi) continue;
    planes_.multicast().set_cmi(in_kernel(Address::zero(family)).family, cmi);
    earlier_until_ = now + kEarlierCmi;
  }
}

std::optional<Instant> Membership::next_deadline() const {
  const auto at = service_.next_deadline();
  return at ? std::min(*at, look_at_) : look_at_;
}

void Membership::append_to(ElementSnapshot& shot) const {
  shot.multicast = service_.snapshot();
  const auto& m = shot.multicast;
  const auto add = [&](std::string_view name, std::string_view reason, std::uint64_t value) {
    shot.counters.push_back({name, reason, value});
  };
  std::uint64_t refused = 0;
  for (const std::uint64_t one : m.edge.refused) refused += one;
  add("multicast_packets_refused", "malformed", refused);
  add("multicast_packets_refused", "unknown_port", m.edge.unknown_port);
  add("multicast_queries_unsent", "", queries_unsent_);
  add("multicast_vc_sent", "", m.counters.vc_sent);
  add("multicast_vc_received", "", m.counters.vc_received);
  add("multicast_vc_refused", "malformed", m.counters.vc_malformed);
  add("multicast_vc_refused", "unclaimed", m.counters.vc_unclaimed);
}

}  // namespace forces::fe
