#include "ce/multicast/forwarding/forwarding.hpp"

#include <algorithm>
#include <utility>

#include "proto/igmp/address.hpp"

namespace forces::multicast::forwarding {

using mars::AtmAddress;
using provision::CopyRow;
using provision::CopyRows;
using provision::CopyTable;

namespace {

provision::GroupOctets octets_of(const mars::ProtocolAddress& address) {
  provision::GroupOctets out{};
  std::ranges::copy(address.octets(), std::as_writable_bytes(std::span(out)).begin());
  return out;
}

// A MARS knows any group; of these there is nothing to forward. A block may have groups in it that
// never leave their link.
bool can_be(Family family, const mars::GroupRange& range) {
  const auto address = [family](const mars::ProtocolAddress& a) {
    const auto version = family == Family::Ipv4 ? igmp::Family::Ipv4 : igmp::Family::Ipv6;
    return a.size() == (family == Family::Ipv4 ? 4 : 16) ? igmp::Address::from(version, a.octets())
                                                         : igmp::Address::zero(version);
  };
  const auto first = address(range.min), last = address(range.max);
  return first.is_multicast() && last.is_multicast() && !(range.single() && first.is_of_the_link());
}

}  // namespace

std::set<Forwarding::Party> Forwarding::parties(const std::vector<AtmAddress>& all) {
  std::set<Party> out;
  for (const AtmAddress& one : all) {
    const auto element = mars::decode_element(one);
    const bool takes = element && pl::is_fe(element->id) && takes_packets(element->endpoint);
    if (takes) {
      out.insert({element->endpoint, element->id.value});
    } else {
      ++counters_.foreign;
    }
  }
  return out;
}

CopyRow Forwarding::row(const GroupKey& key, bool served, const Endpoint& to) {
  const bool v4 = key.family == Family::Ipv4;
  const CopyTable table = served ? (v4 ? CopyTable::Served4 : CopyTable::Served6)
                                 : (v4 ? CopyTable::Copies4 : CopyTable::Copies6);
  return {table, octets_of(key.range.min), octets_of(key.range.max), to.address, to.port};
}

CopyRow Forwarding::peer(const Endpoint& who) {
  return {.table = CopyTable::Peers, .address = who.address, .port = who.port};
}

std::set<Forwarding::Target> Forwarding::targets(const Group& group) {
  std::set<Target> out;
  if (!group.servers.empty()) {
    out.insert({group.servers.begin()->endpoint, 0});
  } else {
    for (const Party& host : group.hosts) out.insert({host.endpoint, host.fe});
  }
  return out;
}

// Rows.

void Forwarding::changed(std::uint32_t fe, Fe& state) {
  state.version = ++last_version_;
  changed_.insert(fe);
}

void Forwarding::make_ready(std::uint32_t fe, Fe& state, const CopyRow& row) {
  state.leaving.erase(row);
  if (!state.rows.insert(row).second) return;
  changed(fe, state);
  state.ready = state.version;
}

void Forwarding::let_go(std::uint32_t fe, Fe& state, const CopyRow& row, Duration after,
                        Instant now) {
  if (!state.rows.contains(row)) return;
  if (after != Duration{}) {
    state.leaving[row] = now + after;
    return;
  }
  state.leaving.erase(row);
  state.rows.erase(row);
  changed(fe, state);
}

void Forwarding::hear(const Endpoint& who, bool present, Instant now) {
  const std::size_t before = heard_[who];
  const std::size_t after = heard_[who] = present ? before + 1 : before - 1;
  if (after == 0) heard_.erase(who);
  if (before != 0 && after != 0) return;
  for (auto& [id, fe] : fes_) {
    present ? make_ready(id, fe, peer(who)) : let_go(id, fe, peer(who), times_.linger, now);
  }
}

// Inputs.

void Forwarding::set_member(Family family, const AtmAddress& who, bool present, Instant now) {
  const auto at = std::pair(family, who);
  if (present ? !members_.insert(at).second : members_.erase(at) == 0) return;
  for (const Party& party : parties({who})) hear(party.endpoint, present, now);
  try_sending(now);
}

void Forwarding::set_group(Family family, const mars::GroupRange& range,
                           const std::vector<AtmAddress>& hosts,
                           const std::vector<AtmAddress>& servers, Instant now) {
  if (!can_be(family, range)) {
    ++counters_.foreign;
    return;
  }
  const GroupKey key{family, range};
  const auto at = groups_.find(key);
  const Group before = at != groups_.end() ? at->second : Group{};
  const Group after{parties(hosts), parties(servers)};
  if (hosts.empty() && servers.empty()) {
    groups_.erase(key);
  } else {
    groups_[key] = after;
  }
  for (const Party& one : after.servers) {
    if (!before.servers.contains(one)) hear(one.endpoint, true, now);
  }
  for (const Party& one : before.servers) {
    if (!after.servers.contains(one)) hear(one.endpoint, false, now);
  }
  serve(key, before, after, now);
  send_later(key, after, now);
  try_sending(now);
}

// What MCSs of ours give to whom. A member that leaves is gone at once; a group that is no longer
// served may have packets on their way to the MCS.
void Forwarding::serve(const GroupKey& key, const Group& before, const Group& after, Instant now) {
  for (auto& [id, fe] : fes_) {
    const auto is_this = [fe_id = id](const Party& one) { return one.fe == fe_id; };
    const bool did = std::ranges::any_of(before.servers, is_this);
    const bool does = std::ranges::any_of(after.servers, is_this);
    if (does) {
      for (const Party& host : after.hosts) make_ready(id, fe, row(key, true, host.endpoint));
    }
    if (!did) continue;
    for (const Party& host : before.hosts) {
      // Of another FE that has its endpoint now.
      const auto same = [&](const Party& one) { return one.endpoint == host.endpoint; };
      if (does && std::ranges::any_of(after.hosts, same)) continue;
      let_go(id, fe, row(key, true, host.endpoint), does ? Duration{} : times_.linger, now);
    }
  }
}

void Forwarding::send_later(const GroupKey& key, const Group& group, Instant now) {
  const auto wanted = targets(group);
  const auto at = sending_.find(key);
  const std::set<Target> sent = at != sending_.end() ? at->second : std::set<Target>{};
  if (wanted == sent) {
    waiting_.erase(key);
    return;
  }
  const auto other = [this](const Party& one) { return !fes_.contains(one.fe); };
  Instant not_before{};
  if (!group.servers.empty() &&
      (other(*group.servers.begin()) || std::ranges::any_of(group.hosts, other))) {
    not_before = now + times_.others;
  }
  if (waiting_.empty()) patient_until_ = now + times_.patience;
  // Once more for other targets only: who joins a served group meanwhile does not put it off.
  Waiting& waiting = waiting_[key];
  if (waiting.wanted == wanted) return;
  waiting = {wanted, not_before};
}

bool Forwarding::ready() const {
  return std::ranges::all_of(fes_, [](const auto& fe) { return fe.second.set >= fe.second.ready; });
}

void Forwarding::try_sending(Instant now) {
  if (waiting_.empty()) return;
  if (!ready()) {
    if (now < patient_until_) return;
    ++counters_.impatient;
    for (auto& [id, fe] : fes_) fe.ready = std::min(fe.ready, fe.set);
  }
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    if (now < at->second.not_before) {
      ++at;
      continue;
    }
    set_senders(at->first);
    at = waiting_.erase(at);
  }
  patient_until_ = now + times_.patience;  // of those that have to wait for others' MCSs
}

void Forwarding::set_senders(const GroupKey& key) {
  const auto group = groups_.find(key);
  const auto wanted = group != groups_.end() ? targets(group->second) : std::set<Target>{};
  const auto before = std::exchange(sending_[key], wanted);
  if (wanted.empty()) sending_.erase(key);
  for (auto& [id, fe] : fes_) {
    bool other = false;
    for (const Target& one : before) {
      if (one.but != id && !wanted.contains(one)) {
        other = fe.rows.erase(row(key, false, one.to)) != 0 || other;
      }
    }
    for (const Target& one : wanted) {
      if (one.but != id) other = fe.rows.insert(row(key, false, one.to)).second || other;
    }
    if (other) changed(id, fe);
  }
}

void Forwarding::on_fe(std::uint32_t id, Instant now) {
  Fe& fe = fes_[id] = Fe{};
  for (const auto& [who, count] : heard_) fe.rows.insert(peer(who));
  for (const auto& [key, group] : groups_) {
    if (std::ranges::none_of(group.servers, [&](const Party& one) { return one.fe == id; })) {
      continue;
    }
    for (const Party& host : group.hosts) fe.rows.insert(row(key, true, host.endpoint));
  }
  for (const auto& [key, all] : sending_) {
    for (const Target& one : all) {
      if (one.but != id) fe.rows.insert(row(key, false, one.to));
    }
  }
  changed(id, fe);
  fe.ready = fe.version;
  try_sending(now);
}

void Forwarding::on_fe_gone(std::uint32_t fe) {
  fes_.erase(fe);
  changed_.erase(fe);
}

void Forwarding::on_set(std::uint32_t fe, std::uint64_t version, Instant now) {
  const auto at = fes_.find(fe);
  if (at == fes_.end() || version > at->second.version) return;
  at->second.set = std::max(at->second.set, version);
  try_sending(now);
}

void Forwarding::on_timer(Instant now) {
  for (auto& [id, fe] : fes_) {
    const std::size_t before = fe.rows.size();
    std::erase_if(fe.leaving, [&, &rows = fe.rows](const auto& one) {
      return one.second <= now && rows.erase(one.first) != 0;
    });
    if (fe.rows.size() != before) changed(id, fe);
  }
  try_sending(now);
}

std::optional<Instant> Forwarding::next_deadline() const {
  std::optional<Instant> first;
  const auto consider = [&](Instant at) {
    if (!first || at < *first) first = at;
  };
  for (const auto& [id, fe] : fes_) {
    for (const auto& [row, at] : fe.leaving) consider(at);
  }
  if (waiting_.empty()) return first;
  if (!ready()) {
    consider(patient_until_);
  } else {
    for (const auto& [key, waiting] : waiting_) consider(waiting.not_before);
  }
  return first;
}

std::optional<std::uint32_t> Forwarding::poll_changed() {
  if (changed_.empty()) return std::nullopt;
  return changed_.extract(changed_.begin()).value();
}

std::uint64_t Forwarding::version(std::uint32_t fe) const {
  const auto at = fes_.find(fe);
  return at == fes_.end() ? 0 : at->second.version;
}

const CopyRows& Forwarding::rows(std::uint32_t fe) const {
  static const CopyRows kNone;
  const auto at = fes_.find(fe);
  return at == fes_.end() ? kNone : at->second.rows;
}

ForwardingSnapshot Forwarding::snapshot() const {
  ForwardingSnapshot all{.counters = counters_, .waiting = waiting_.size(), .fes = {}};
  all.fes.reserve(fes_.size());
  for (const auto& [id, fe] : fes_) {
    all.fes.push_back({.id = id, .rows = fe.rows.size(), .set = fe.set == fe.version});
  }
  return all;
}

}  // namespace forces::multicast::forwarding
