#include "fe/multicast/service/service.hpp"

#include <algorithm>
#include <utility>

#include "proto/mars/element_address.hpp"
#include "proto/wire/snap.hpp"

namespace forces::fe::multicast {

using daemon::Severity;
using mars::AtmAddress;
using mars::GroupRange;
using mars::Operation;
using mars::ProtocolAddress;
using mars::client::Via;
using Client = mars::client::Client;

namespace {

constexpr std::array kFamilies{Family::Ipv4, Family::Ipv6};

mars::ProtocolType protocol_of(Family family) {
  return family == Family::Ipv4 ? mars::kIpv4 : mars::kIpv6;
}
ProtocolAddress protocol_address(const Address& address) {
  return *ProtocolAddress::from(address.bytes());
}
GroupRange range_of(const Address& group) {
  return {protocol_address(group), protocol_address(group)};
}
// All groups there are: the block that RFC 2022 section 5.2.1 lets routers join.
GroupRange block_of(Family family) {
  Address first = Address::zero(family), last{family, {}};
  last.octets.fill(std::byte{0xff});
  first.octets[0] = family == Family::Ipv4 ? std::byte{224} : std::byte{0xff};
  if (family == Family::Ipv4) last.octets[0] = std::byte{239};
  return {protocol_address(first), protocol_address(last)};
}
AtmAddress mars_of(std::uint32_t ce) { return mars::encode_element({.id = pl::ForcesId{ce}}); }
// 0: it is no CE.
std::uint32_t ce_of(const AtmAddress& mars) {
  const auto element = mars::decode_element(mars);
  return element && pl::is_ce(element->id) ? element->id.value : 0;
}

std::vector<LinkConfig> links_of(const MulticastConfig& config) {
  std::vector<LinkConfig> out;
  for (const MulticastPort& port : config.ports) {
    for (const Family family : config.families) out.push_back(link_of(config, port, family));
  }
  return out;
}

// Where a MARS message says whose it is (RFC 2022 section 4.3): mar$pro.type, mar$op.type.
struct Claim {
  Family family{};
  Operation operation{};
};
std::optional<Claim> claim_of(wire::Bytes message) {
  constexpr std::size_t kProtocolAt = 2, kOperationAt = 17;
  if (message.size() <= kOperationAt) return std::nullopt;
  const auto type = static_cast<std::uint16_t>(wire::load_be<2>(message.data() + kProtocolAt));
  const auto operation = static_cast<Operation>(std::to_integer<unsigned>(message[kOperationAt]));
  for (const Family family : kFamilies) {
    if (protocol_of(family).type == type) return Claim{family, operation};
  }
  return std::nullopt;
}
bool is_of_servers(Operation operation) {
  switch (operation) {
    case Operation::Mserv:
    case Operation::Unserv:
    case Operation::Sjoin:
    case Operation::Sleave:
      return true;
    default:
      return false;
  }
}

std::string name_of(Family family, bool mcs) {
  return std::string(to_string(family)).append(mcs ? " MCS" : "");
}
std::string port_text(std::uint32_t port, Family family) {
  return std::string("port ").append(std::to_string(port)).append(" ").append(to_string(family));
}

}  // namespace

std::string_view to_string(Client::State state) {
  switch (state) {
    case Client::State::Idle:
      return "idle";
    case Client::State::Waiting:
      return "waiting";
    case Client::State::Registering:
      return "registering";
    case Client::State::Registered:
      return "registered";
    case Client::State::Deregistering:
      return "deregistering";
  }
  return "unknown";
}

Service::Service(MulticastConfig config, std::vector<std::uint32_t> ces, std::uint64_t seed)
    : config_(std::move(config)), ces_(std::move(ces)), seed_(seed), edge_(links_of(config_)) {}

// ---- Ports -------------------------------------------------------------------------------------

void Service::on_interface(std::uint32_t port, const Interface& interface, Instant now) {
  Interface& known = interfaces_[port];
  if (std::exchange(known, interface) == interface) return;
  edge_.on_address(port, interface.address, now);
  const bool six = interface.up && !interface.link_local.is_zero();
  if (six) edge_.on_address(port, interface.link_local, now);
  edge_.on_link(port, Family::Ipv4, interface.up, now);
  edge_.on_link(port, Family::Ipv6, six, now);
  settle(now);
}

void Service::on_packet(std::uint32_t port, wire::Bytes packet, Instant now) {
  edge_.on_packet(port, packet, now);
  settle(now);
}

void Service::take(Output& output, Instant now) {
  std::visit(
      Overloaded{
          [&](SendQuery& query) { out_.push(std::move(query)); },
          [&](EgressChanged& changed) { out_.push(std::move(changed)); },
          [&](const Joined& joined) {
            want(range_of(joined.group), joined.group.family, true, true, now);
          },
          [&](const Left& left) {
            want(range_of(left.group), left.group.family, true, false, now);
          },
          [&](const RouterChanged& router) {
            note(Severity::Info, "multicast_router", 0,
                 port_text(router.port, router.family) +
                     (router.present ? ": a router is there, which has all groups"
                                     : ": no router is there"));
            out_.push(router);
            std::size_t& ports = routers_[router.family];
            router.present ? ++ports : --ports;
            if (ports == (router.present ? 1U : 0U)) {
              want(block_of(router.family), router.family, false, router.present, now);
            }
          },
          [&](const QuerierChanged& querier) {
            note(Severity::Info, "multicast_querier", 0,
                 port_text(querier.port, querier.family) +
                     (querier.ours                ? ": we ask"
                      : querier.querier.is_zero() ? ": nobody asks"
                                                  : ": " + text_of(querier.querier) + " asks"));
          },
          [&](const LimitReached& limit) {
            note(Severity::Warning, "multicast_limit", 0,
                 port_text(limit.port, limit.group.family) + ": no room for " +
                     (limit.limit == Limit::Groups ? "" : "more sources of ") +
                     text_of(limit.group));
          },
      },
      output);
}

void Service::want(const GroupRange& range, Family family, bool layer3, bool wanted, Instant now) {
  if (wanted) {
    wanted_[range] = layer3;
  } else {
    wanted_.erase(range);
  }
  const Party* party = party_of(family, false);
  if (party == nullptr) return;
  wanted ? party->core->join(range, layer3, now) : party->core->leave(range, now);
}

// ---- The MARS ----------------------------------------------------------------------------------

void Service::on_associated(std::uint32_t ce, std::uint32_t fe_id, Instant now) {
  if (!associated_.insert(ce).second) return;
  if (fe_id != fe_id_) {
    make_parties(fe_id, ce, now);
  } else {
    for (const Party& party : parties_) party.core->on_reachable(mars_of(ce), now);
  }
  settle(now);
}

// Our address is made of our ID: an FE that has another one is another member.
void Service::make_parties(std::uint32_t fe_id, std::uint32_t ce, Instant now) {
  fe_id_ = fe_id;
  parties_.clear();
  unreachable_.clear();
  for (const Family family : config_.families) {
    Client& member = make_party(family, false, ce, now);
    for (const auto& [range, layer3] : wanted_) {
      if (range.min.size() == octets_of(family)) member.join(range, layer3, now);
    }
  }
  set_mcs(std::exchange(config_.mcs, {}), now);
}

// An MCS is an endpoint of its own: the address of a member that is in the group would say that its
// copies have come from a member.
Client& Service::make_party(Family family, bool mcs, std::uint32_t ce, Instant now) {
  mars::CopyEndpoint endpoint = config_.endpoint;
  if (mcs) endpoint.port = config_.mcs_port;
  mars::client::Config config{
      .address = mars::encode_element({.id = pl::ForcesId{fe_id_}, .endpoint = endpoint}),
      .protocol = protocol_of(family),
      .mcs = mcs,
      .seed = seed_ + parties_.size(),
      .times = config_.times};
  if (family == Family::Ipv4 && endpoint.address != 0) {
    config.protocol_address = mars::ipv4_address(endpoint.address);
  }
  for (const std::uint32_t one : ces_) config.mars.push_back(mars_of(one));
  parties_.push_back({family, mcs, std::make_unique<Client>(std::move(config))});
  Client& core = *parties_.back().core;
  core.start(mars_of(ce), now);
  return core;
}

void Service::set_mcs(std::vector<Address> groups, Instant now) {
  const std::vector<Address> before = std::exchange(config_.mcs, std::move(groups));
  if (parties_.empty()) return;  // they are made with the first association
  const auto among = [](const std::vector<Address>& all, const Address& one) {
    return std::ranges::find(all, one) != all.end();
  };
  for (const Address& group : before) {
    const Party* party = party_of(group.family, true);
    if (party != nullptr && !among(config_.mcs, group)) party->core->leave(range_of(group), now);
  }
  for (const Address& group : config_.mcs) {
    if (among(before, group) ||
        std::ranges::find(config_.families, group.family) == config_.families.end())
      continue;
    const Party* party = party_of(group.family, true);
    const std::uint32_t ce = reachable().value_or(ces_.front());
    Client& core = party != nullptr ? *party->core : make_party(group.family, true, ce, now);
    core.join(range_of(group), false, now);
  }
  settle(now);
}

void Service::on_lost(std::uint32_t ce, Instant now) {
  if (associated_.erase(ce) == 0) return;
  for (Party& party : parties_) {
    party.core->on_vc_lost(mars_of(ce), now);
    leave_for_another(party, ce, now);
  }
  settle(now);
}

std::optional<std::uint32_t> Service::reachable(std::uint32_t but) const {
  const auto at = std::ranges::find_if(
      ces_, [&](std::uint32_t ce) { return ce != but && associated_.contains(ce); });
  return at == ces_.end() ? std::nullopt : std::optional(*at);
}

void Service::leave_for_another(Party& party, std::uint32_t lost, Instant now) {
  if (party.core->state() != Client::State::Waiting) return;
  if (const auto ce = reachable(lost)) party.core->on_reachable(mars_of(*ce), now);
}

void Service::on_vc(std::uint32_t ce, pl::VcKind kind, wire::Bytes sdu, Instant now) {
  ++counters_.vc_received;
  const auto snap = wire::decode_snap(sdu);
  const bool mars = snap && snap->pid == wire::SnapPid::MarsControl;
  const auto claim = mars ? claim_of(snap->payload) : std::nullopt;
  if (!claim) return void(++counters_.vc_malformed);
  const bool of_servers = kind == pl::VcKind::PointToPoint ? is_of_servers(claim->operation)
                                                           : kind == pl::VcKind::Server;
  const Party* party = party_of(claim->family, of_servers);
  if (party == nullptr) return void(++counters_.vc_unclaimed);
  party->core->on_message(mars_of(ce),
                          kind == pl::VcKind::PointToPoint ? Via::Private : Via::Control,
                          snap->payload, now);
  settle(now);
}

void Service::take(Party& party, mars::client::Output& output) {
  const std::string name = name_of(party.family, party.mcs);
  std::visit(
      Overloaded{
          [&](mars::client::Send& send) {
            const std::uint32_t ce = ce_of(send.mars);
            if (!associated_.contains(ce)) {
              const auto at = static_cast<std::size_t>(&party - parties_.data());
              unreachable_.emplace_back(at, send.mars);
              return;
            }
            const auto header = wire::snap_header(wire::SnapPid::MarsControl);
            mars::Octets sdu(header.begin(), header.end());
            sdu.insert(sdu.end(), send.octets.begin(), send.octets.end());
            ++counters_.vc_sent;
            out_.push(SendVc{ce, std::move(sdu)});
          },
          [&](const mars::client::Registered& registered) {
            note(Severity::Info, "mars_registered", ce_of(registered.mars),
                 name + (party.mcs ? std::string() : ": CMI " + std::to_string(registered.cmi)));
          },
          [&](const mars::client::Failed& failed) {
            note(Severity::Warning, "mars_failed", ce_of(failed.mars), name);
          },
          [&](const mars::client::Deregistered&) {
            note(Severity::Info, "mars_deregistered", 0, name);
          },
          // The VC is the association, which has other users; we open no paths, for the
          // CE says where packets go.
          [](const mars::client::Release&) {},
          [](const mars::client::LeafAdded&) {},
          [](const mars::client::LeafDropped&) {},
      },
      output);
}

// ---- All ---------------------------------------------------------------------------------------

// Until nobody has anything to say. Who could not be reached is told so, and says nothing more
// before its next deadline.
void Service::settle(Instant now) {
  for (bool again = true; again;) {
    again = false;
    while (auto output = edge_.poll_output()) take(*output, now);
    for (Party& party : parties_) {
      while (auto output = party.core->poll_output()) take(party, *output);
    }
    for (const auto& [at, mars] : std::exchange(unreachable_, {})) {
      again = true;
      parties_[at].core->on_vc_lost(mars, now);
      leave_for_another(parties_[at], ce_of(mars), now);
    }
  }
}

void Service::on_timer(Instant now) {
  edge_.on_timer(now);
  for (const Party& party : parties_) party.core->on_timer(now);
  settle(now);
}

void Service::stop(Instant now) {
  for (const Party& party : parties_) party.core->stop(now);
  settle(now);
}

std::optional<Instant> Service::next_deadline() const {
  std::optional<Instant> at = edge_.next_deadline();
  for (const Party& party : parties_) {
    if (const auto one = party.core->next_deadline(); one && (!at || *one < *at)) at = one;
  }
  return at;
}

const Service::Party* Service::party_of(Family family, bool mcs) const {
  const auto at = std::ranges::find_if(
      parties_, [&](const Party& p) { return p.family == family && p.mcs == mcs; });
  return at == parties_.end() ? nullptr : &*at;
}

std::optional<std::uint16_t> Service::cmi(Family family) const {
  const Party* party = party_of(family, false);
  if (party == nullptr || party->core->state() != Client::State::Registered) return std::nullopt;
  return party->core->cmi();
}

MembershipSnapshot Service::snapshot() const {
  MembershipSnapshot out{
      .enabled = true, .groups = edge_.groups(), .edge = edge_.counters(), .counters = counters_};
  for (const auto& link : edge_.links()) {
    out.links.push_back({link->config().port, link->config().address.family, link->is_up(),
                         link->router(), link->querier().ours(), link->querier().address(),
                         link->groups(), link->counters()});
  }
  for (const Party& party : parties_) {
    const Client& core = *party.core;
    const bool registered = core.state() == Client::State::Registered;
    out.parties.push_back({party.family, party.mcs, to_string(core.state()), ce_of(core.mars()),
                           registered ? core.cmi() : std::uint16_t{0}, core.settled(),
                           core.counters()});
  }
  return out;
}

std::vector<GroupSnapshot> Service::groups(std::size_t first, std::size_t most) const {
  std::vector<GroupSnapshot> out;
  for (const auto& [range, layer3] : wanted_) {
    if (!range.single()) continue;
    if (first > 0) {
      --first;
      continue;
    }
    if (out.size() == most) break;
    const Family family = range.min.size() == 4 ? Family::Ipv4 : Family::Ipv6;
    const Address group = Address::from(family, range.min.octets());
    const Party* party = party_of(family, false);
    out.push_back({group, edge_.egress(group), party != nullptr && party->core->confirmed(range)});
  }
  return out;
}

}  // namespace forces::fe::multicast
