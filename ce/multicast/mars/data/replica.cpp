#include "ce/multicast/mars/data/replica.hpp"

#include <utility>

namespace forces::mars::server {

Claim claim_of(const CacheEntry& e) {
  return {.mcs = e.state == State::McsServe || e.state == State::McsUnserve,
          .who = e.source,
          .cmi = e.cmi,
          .range = e.flags.registers() ? std::nullopt : e.range,
          .layer3 = e.flags.layer3_group(),
          .source_protocol = e.source_protocol,
          .sequence = e.flags.sequence()};
}

CacheEntry entry_of(const ProtocolType& protocol, const Claim& c, bool over) {
  const State of_mcs = over ? State::McsUnserve : State::McsServe;
  const State of_client = over ? State::ClientLeave : State::ClientJoin;
  return {.protocol = protocol,
          .state = c.mcs ? of_mcs : of_client,
          .flags = Flags{}
                       .with_registers(!c.range)
                       .with_layer3_group(c.layer3 && c.range && !c.mcs)
                       .with_sequence(c.sequence),
          .cmi = c.cmi,
          .source_protocol = c.source_protocol,
          .source = c.who,
          .range = c.range};
}

// The registration first when it begins, last when it ends.
void Replica::node_effects(const Origin& origin, ServerId server, const Node& node, bool on,
                           Effects& effects) {
  const auto registration = [&] {
    const std::uint32_t key = *node.registrations.begin();
    effects.push_back({{server, key}, origin.claims.at(key), on, false});
  };
  if (on) registration();
  for (const std::uint32_t key : node.ranges) {
    effects.push_back({{server, key}, origin.claims.at(key), on, false});
  }
  if (!on) registration();
}

void Replica::take_away(Origin& origin, Holder at, bool said, Effects& effects) {
  const auto found = origin.claims.find(at.key);
  const auto node_at = origin.nodes.find(node_of(found->second));
  Node& node = node_at->second;
  const bool in_force = origin.alive && !node.registrations.empty();
  if (found->second.range) {
    if (in_force) effects.push_back({at, found->second, false, said});
    node.ranges.erase(at.key);
  } else {
    if (in_force && node.registrations.size() == 1) {
      node_effects(origin, at.server, node, false, effects);
    }
    node.registrations.erase(at.key);
  }
  if (node.registrations.empty() && node.ranges.empty()) origin.nodes.erase(node_at);
  origin.claims.erase(found);
}

void Replica::put(Holder at, const std::optional<Claim>& claim, Effects& effects) {
  Origin& origin = origins_[at.server];
  if (const auto old = origin.claims.find(at.key); old != origin.claims.end()) {
    const bool same =
        claim && node_of(*claim) == node_of(old->second) && claim->range == old->second.range;
    if (same) {  // at most its flags are new
      const bool changed = std::exchange(old->second, *claim) != *claim;
      const Node& node = origin.nodes.at(node_of(*claim));
      if (changed && claim->range && origin.alive && !node.registrations.empty()) {
        effects.push_back({at, *claim, true, false});
      }
      return;
    }
    take_away(origin, at, true, effects);
  }
  if (!claim) return;
  origin.claims.emplace(at.key, *claim);
  Node& node = origin.nodes[node_of(*claim)];
  if (claim->range) {
    node.ranges.insert(at.key);
    if (origin.alive && !node.registrations.empty()) effects.push_back({at, *claim, true, false});
  } else {
    node.registrations.insert(at.key);
    if (origin.alive && node.registrations.size() == 1) {
      node_effects(origin, at.server, node, true, effects);
    }
  }
}

std::optional<Claim> Replica::claim(Holder at) const {
  const auto origin = origins_.find(at.server);
  if (origin == origins_.end()) return std::nullopt;
  const auto found = origin->second.claims.find(at.key);
  return found == origin->second.claims.end() ? std::nullopt : std::optional(found->second);
}

bool Replica::joins_again(Holder at, Claim claim) const {
  const auto origin = origins_.find(at.server);
  if (origin == origins_.end() || !origin->second.alive) return false;
  const auto record = origin->second.claims.find(at.key);
  if (record == origin->second.claims.end()) return false;
  const auto before = std::exchange(claim.sequence, record->second.sequence);
  return claim.sequence != before && record->second == claim;
}

void Replica::set_alive(ServerId server, bool alive, Effects& effects) {
  Origin& origin = origins_[server];
  if (std::exchange(origin.alive, alive) == alive) return;
  for (const auto& [id, node] : origin.nodes) {
    if (!node.registrations.empty()) node_effects(origin, server, node, alive, effects);
  }
}

bool Replica::alive(ServerId server) const {
  const auto at = origins_.find(server);
  return at != origins_.end() && at->second.alive;
}

std::vector<std::uint32_t> Replica::forget(ServerId server) {
  std::vector<std::uint32_t> keys;
  const auto at = origins_.find(server);
  if (at == origins_.end()) return keys;
  for (const auto& [key, claim] : at->second.claims) keys.push_back(key);
  origins_.erase(at);
  return keys;
}

bool Replica::registered_beside(ServerId us, bool mcs, const AtmAddress& who) const {
  for (const auto& [server, origin] : origins_) {
    if (server == us || !origin.alive) continue;
    for (auto at = origin.nodes.lower_bound({mcs, who, 0});
         at != origin.nodes.end() && at->first.mcs == mcs && at->first.who == who; ++at) {
      if (!at->second.registrations.empty()) return true;
    }
  }
  return false;
}

void Replica::add_registered(std::set<AtmAddress>& all) const {
  for (const auto& [server, origin] : origins_) {
    if (!origin.alive) continue;
    for (const auto& [id, node] : origin.nodes) {
      if (!node.registrations.empty()) all.insert(id.who);
    }
  }
}

std::vector<std::pair<std::uint32_t, Claim>> Replica::records(ServerId server) const {
  const auto at = origins_.find(server);
  if (at == origins_.end()) return {};
  return {at->second.claims.begin(), at->second.claims.end()};
}

std::vector<std::uint32_t> Replica::keys(ServerId server, bool mcs, const AtmAddress& who) const {
  std::vector<std::uint32_t> all;
  const auto origin = origins_.find(server);
  if (origin == origins_.end()) return all;
  const auto& nodes = origin->second.nodes;
  for (auto at = nodes.lower_bound({mcs, who, 0});
       at != nodes.end() && at->first.mcs == mcs && at->first.who == who; ++at) {
    for (const auto* keys : {&at->second.registrations, &at->second.ranges}) {
      all.insert(all.end(), keys->begin(), keys->end());
    }
  }
  return all;
}

bool Replica::empty(ServerId server) const {
  const auto at = origins_.find(server);
  return at == origins_.end() || at->second.claims.empty();
}

}  // namespace forces::mars::server
