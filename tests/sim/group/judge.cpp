#include "tests/sim/group/judge.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <tuple>

#include "proto/mars/csa.hpp"

namespace forces::multicast::sim {
namespace {

std::string number(std::uint32_t id) { return std::to_string(id & 0xffff); }
std::string names(const auto& addresses) {
  std::string all;
  for (const AtmAddress& a : addresses) all.append(" ").append(number(Fe::id_of(a)));
  return all;
}
std::string text(const GroupRange& range) {
  const auto last = [](const ProtocolAddress& a) {
    return std::to_string(std::to_integer<unsigned>(a.octets().back()));
  };
  return last(range.min).append("-").append(last(range.max));
}

using Cache = std::map<sync::EntryId, std::pair<scsp::SequenceNumber, Octets>>;
Cache cache_of(const Server& server) {
  Cache all;
  server.engine().for_each([&](const sync::Record& r) {
    all[r.id] = {r.sequence, Octets(r.body.begin(), r.body.end())};
  });
  return all;
}

// Who has which FE, in what; of the registration, in nothing.
using Fact = std::tuple<std::uint32_t, AtmAddress, std::optional<GroupRange>>;
std::string text(const Fact& fact) {
  const auto& [server, who, range] = fact;
  return number(server) + " has " + number(Fe::id_of(who)) + (range ? " in " + text(*range) : "");
}

// Of the first server; all others have the same, or it is a fault of its own.
std::string judge_caches(Network& network) {
  std::string bad;
  std::multiset<Fact> said, shall;
  const Server* first = nullptr;
  Cache cache;
  for (const auto& [id, server] : network.servers()) {
    if (!server->runs()) continue;
    if (first == nullptr) {
      first = server.get();
      cache = cache_of(*server);
    } else if (const Cache other = cache_of(*server); other != cache) {
      const auto at = std::ranges::mismatch(cache, other);
      const auto entry = at.in1 == cache.end() ? at.in2->first : at.in1->first;
      bad += "caches of " + number(first->id()) + " and " + number(id) + " differ at " +
             number(entry.originator.value) + "/" + std::to_string(entry.key) + "\n";
    }
  }
  for (const auto& [id, record] : cache) {
    const auto entry = mars::decode_entry(record.second);
    if (!entry) return "a record does not decode\n";
    if (entry->state != mars::State::ClientJoin && entry->state != mars::State::McsServe) continue;
    said.emplace(id.originator.value, entry->source, entry->range);
  }
  for (const auto& [id, fe] : network.fes()) {
    if (!fe->registered()) continue;
    shall.emplace(fe->mars(), fe->address(), std::nullopt);
    for (const auto& [range, since] : fe->wants()) {
      shall.emplace(fe->mars(), fe->address(), range);
    }
  }
  std::vector<Fact> more, less;
  std::ranges::set_difference(said, shall, std::back_inserter(more));
  std::ranges::set_difference(shall, said, std::back_inserter(less));
  for (const Fact& fact : more) bad += "a ghost: " + text(fact) + "\n";
  for (const Fact& fact : less) bad += "not in the cache: " + text(fact) + "\n";
  return bad;
}

std::string judge_nodes(Network& network) {
  std::string bad;
  std::set<std::uint16_t> cmis;
  for (const auto& [id, server] : network.servers()) {
    if (!server->runs()) continue;
    if (!server->mars().ready()) bad += number(id) + " is not ready\n";
    for (const sync::NeighborSnapshot& n : server->engine().snapshot().neighbors) {
      if (!network.server(n.id.value).runs()) continue;
      if (n.alignment != sync::AlignmentState::Aligned ||
          n.unsent + n.unacknowledged + n.wanted > 0) {
        bad += number(id) + " is not aligned with " + number(n.id.value) + "\n";
      }
    }
    for (const auto* nodes : {&server->cluster().clients(), &server->cluster().servers()}) {
      for (const auto& [who, node] : *nodes) {
        if (!cmis.insert(node.cmi).second) bad += "a CMI is given twice\n";
      }
    }
  }
  for (const auto& [id, fe] : network.fes()) {
    if (!fe->runs()) continue;
    if (!fe->registered()) bad += number(id) + " is not registered\n";
    if (fe->registered() && !fe->core().settled()) bad += number(id) + " is not settled\n";
  }
  return bad;
}

}  // namespace

std::string judge_maps(Network& network) {
  std::string bad;
  for (std::uint32_t g = 0; g < Network::kGroups; ++g) {
    std::vector<AtmAddress> hosts, mcss;
    for (const auto& [id, fe] : network.fes()) {
      if (fe->wants(group(g), 0s)) (fe->mcs() ? mcss : hosts).push_back(fe->address());
    }
    const auto check = [&](const std::string& who, const auto& is, const auto& shall) {
      if (std::ranges::equal(is, shall)) return;
      bad += who + " of group " + std::to_string(g) + ":" + names(is) + "; wanted" + names(shall) +
             "\n";
    };
    for (const auto& [id, server] : network.servers()) {
      if (!server->runs()) continue;
      check("hosts at " + number(id), server->cluster().maps().hosts(group(g)), hosts);
      check("MCSs at " + number(id), server->cluster().maps().servers(group(g)), mcss);
    }
    for (const auto& [id, fe] : network.fes()) {
      const auto path = fe->paths().find(group(g));
      if (path == fe->paths().end() || !fe->registered()) continue;
      std::set<AtmAddress> shall(hosts.begin(), hosts.end());
      if (!mcss.empty() && !fe->mcs()) shall = {mcss.begin(), mcss.end()};
      shall.erase(fe->address());
      check("path of " + number(id), path->second, shall);
    }
  }
  return bad;
}

std::string sizes(Network& network) {
  std::string bad;
  for (const auto& [id, server] : network.servers()) {
    if (!server->runs()) continue;
    std::map<std::uint32_t, std::size_t> keys;
    server->engine().for_each([&](const sync::Record& r) { ++keys[r.id.originator.value]; });
    for (const auto& [originator, count] : keys) {
      // What it says, and what it said in an earlier life until it has taken that back.
      const std::size_t most = 2 * network.server(originator).most_facts();
      if (count <= most) continue;
      bad += number(id) + " has " + std::to_string(count) + " records of " + number(originator) +
             ", which never had more than " + std::to_string(most / 2) + " facts\n";
    }
  }
  // A timer or two of each, and what is on its way.
  if (network.world.pending() > 20'000) bad += "too much is on its way\n";
  return bad;
}

std::string judge(Network& network) {
  return network.faults() + judge_nodes(network) + judge_caches(network) + judge_maps(network) +
         sizes(network);
}

std::string Watch::look(Network& network) {
  bad_ = network.faults() + sizes(network);
  const Instant before = network.world.now() - kTravel;
  for (const auto& [id, server] : network.servers()) parts_[id] = id;
  const std::function<std::uint32_t(std::uint32_t)> root = [&](std::uint32_t id) {
    return parts_[id] == id ? id : parts_[id] = root(parts_[id]);
  };
  for (const auto& [ends, link] : network.links()) {
    if (link.works && link.since <= before) parts_[root(ends.first)] = root(ends.second);
  }
  for (auto& [id, part] : parts_) part = root(id);
  for (const auto& [id, fe] : network.fes()) {
    if (fe->runs() && !fe->stopping()) {
      members(network, *fe);
      settled(network, *fe);
    } else if (!fe->runs()) {
      ghosts(network, *fe);
    }
  }
  return std::exchange(bad_, {});
}

// Who is joined is known to its server, and to all that this one has reached for long enough.
void Watch::members(Network& network, Fe& fe) {
  const Instant before = network.world.now() - kTravel;
  const auto settled = fe.settled_since();
  if (!settled || std::max(*settled, fe.registered_since()) > before) return;
  const std::uint32_t its = fe.mars();
  const auto vc = fe.vcs().find(its);
  if (vc == fe.vcs().end() || vc->second != network.vc(fe.id(), its)) return;  // lost, unnoticed
  for (const auto& [id, server] : network.servers()) {
    if (!server->runs() || !server->mars().ready() || parts_.at(id) != parts_.at(its)) continue;
    for (const auto& [range, since] : fe.wants()) {
      if (since > before) continue;
      const auto& maps = server->cluster().maps();
      const bool known = fe.mcs() ? maps.serves(fe.address(), range)
                                  : maps.is_member(fe.address(), range.min) &&
                                        maps.is_member(fe.address(), range.max);
      known_ += known && id != its ? 1 : 0;
      if (!known) {
        bad_ += number(id) + " does not know that " + number(fe.id()) + " is in " + text(range) +
                " by " + number(its) + "\n";
      }
    }
  }
}

void Watch::settled(Network& network, Fe& fe) {
  const Instant before = network.world.now() - kSettle;
  const auto reachable = fe.reachable_since();
  if (fe.since() > before || !reachable || *reachable > before) return;
  if (!fe.registered() && fe.registered_since() <= before) {
    bad_ += number(fe.id()) + " finds no MARS\n";
  }
  if (!fe.registered() || fe.registered_since() > before) return;
  for (const auto& [range, since] : fe.wants()) {
    if (since > before || fe.core().confirmed(range)) continue;
    bad_ += number(fe.id()) + " is not let into " + text(range) + "\n";
  }
}

void Watch::ghosts(Network& network, Fe& fe) {
  if (fe.since() + kGhost > network.world.now()) return;
  for (const auto& [id, server] : network.servers()) {
    if (!server->runs()) continue;
    for (std::uint32_t g = 0; g < Network::kGroups; ++g) {
      const auto& maps = server->cluster().maps();
      if (maps.is_member(fe.address(), group(g)) || maps.serves(fe.address(), one(g))) {
        bad_ += number(id) + " has the ghost of " + number(fe.id()) + "\n";
        break;
      }
    }
  }
}

}  // namespace forces::multicast::sim
