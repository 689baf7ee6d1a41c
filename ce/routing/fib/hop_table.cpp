#include "ce/routing/fib/hop_table.hpp"

#include <algorithm>

namespace forces::ce::routing {

std::uint64_t hash_of(const Hop& hop) {
  std::uint64_t h =
      mix(static_cast<std::uint64_t>(hop.family) << 8 | static_cast<std::uint64_t>(hop.kind),
          static_cast<std::uint64_t>(hop.egress.fe) << 32 | hop.egress.port);
  return mix(h, routing::hash_of(hop.gateway));
}

std::uint64_t hash_of(const HopSet& set) {
  std::uint64_t h = mix(static_cast<std::uint64_t>(set.family), set.members.size());
  for (const EcmpMember& m : set.members) {
    h = mix(h, static_cast<std::uint64_t>(m.hop_selector) << 32 | m.weight);
  }
  return h;
}

Selector HopTable::acquire(Family family, std::vector<Weighted>& wanted) {
  if (wanted.empty()) return {};
  bool added = false;
  scratch_.family = family;
  scratch_.members.clear();
  for (const Weighted& w : wanted) {
    scratch_.members.push_back({hops.acquire(w.hop, added), w.weight});
  }
  wanted.clear();
  auto& members = scratch_.members;
  std::ranges::sort(members);
  // The same next hop twice is one of the weight of both.
  std::size_t last = 0;
  for (std::size_t i = 1; i < members.size(); ++i) {
    if (members[i].hop_selector == members[last].hop_selector) {
      members[last].weight += members[i].weight;
      hops.release(members[i].hop_selector);
    } else {
      members[++last] = members[i];
    }
  }
  members.resize(last + 1);
  if (members.size() == 1) return {members[0].hop_selector, false};
  const HopSelector number = sets.acquire(scratch_, added);
  // A set holds its next hops once, however many routes hold the set.
  if (!added) {
    for (const EcmpMember& m : members) hops.release(m.hop_selector);
  }
  return {number, true};
}

void HopTable::again(Selector s) {
  if (s.number == 0) return;
  if (s.ecmp) {
    sets.again(s.number);
  } else {
    hops.again(s.number);
  }
}

void HopTable::release(Selector s) {
  if (s.number == 0) return;
  if (!s.ecmp) {
    hops.release(s.number);
  } else if (sets.release(s.number)) {
    for (const EcmpMember& m : sets[s.number].members) hops.release(m.hop_selector);
  }
}

}  // namespace forces::ce::routing
