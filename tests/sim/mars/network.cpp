#include "tests/sim/mars/network.hpp"

#include <algorithm>
#include <utility>

namespace forces::test {
namespace {

std::string text(std::string_view before, std::uint64_t number, std::string_view after = {}) {
  return std::string(before).append(std::to_string(number)).append(after);
}

std::uint64_t way(unsigned kind, std::uint32_t from, std::uint32_t to) {
  return std::uint64_t{kind} << 56 | std::uint64_t{from} << 28 | to;
}

}  // namespace

AtmAddress MarsNetwork::address(std::uint32_t id) {
  std::array<std::byte, 20> octets{std::byte{0x49}};
  octets[18] = static_cast<std::byte>(id >> 8);
  octets[19] = static_cast<std::byte>(id);
  return {.number = {.octets = *mars::ShortOctets<20>::from(octets)}};
}

std::uint32_t MarsNetwork::id_of(const AtmAddress& a) {
  const auto octets = a.number.octets.octets();
  return std::to_integer<std::uint32_t>(octets[18]) << 8 |
         std::to_integer<std::uint32_t>(octets[19]);
}

void MarsNetwork::add_server(std::uint32_t id) {
  ServerNode& s = servers_[id];
  s.id = id;
  s.config.id = ServerId{id};
  s.config.address = address(id);
  auto& protocol = s.config.protocols.front();
  protocol.cmis = {static_cast<std::uint16_t>(id * 1000),
                   static_cast<std::uint16_t>(id * 1000 + 999)};
}

MarsNetwork::ClientNode& MarsNetwork::add_client(std::uint32_t id, std::vector<std::uint32_t> table,
                                                 bool mcs) {
  ClientNode& c = clients_[id];
  c.id = id;
  c.config.address = address(id);
  c.config.mcs = mcs;
  for (const std::uint32_t server : table) c.config.mars.push_back(address(server));
  return c;
}

void MarsNetwork::travel(std::uint64_t on, std::function<void()> what) {
  const Duration wait = delay + (jitter > 0ms ? Duration(world.random()() % jitter.count()) : 0ns);
  Instant& last = ways_[on];
  last = std::max(last, world.now() + wait);
  world.at(last, std::move(what));
}

// Servers.

void MarsNetwork::start_server(std::uint32_t id) {
  ServerNode& s = servers_.at(id);
  ++s.life;
  s.cache.clear();
  s.since = world.now();
  s.config.announce_losses = announce_losses;
  s.config.protocols.front().first_csn = static_cast<std::uint32_t>(world.random()());
  s.config.protocols.front().first_ssn = static_cast<std::uint32_t>(world.random()());
  s.core = std::make_unique<Server>(s.config);
  s.core->start(world.now());
  for (auto& [other, o] : servers_) {
    if (other == id || !connected(id, other)) continue;
    compare(id, other);
    compare(other, id);
    travel(way(3, other, id), [this, id, life = s.life] {  // behind what was compared
      ServerNode& node = servers_.at(id);
      if (node.life != life || !node.core) return;
      node.core->on_aligned(world.now());
      pump_server(id);
    });
  }
  pump_server(id);
}

void MarsNetwork::crash_server(std::uint32_t id) {
  ServerNode& s = servers_.at(id);
  if (!s.core) return;
  s.core.reset();
  ++s.life;
  s.armed.reset();
  for (auto& leaves : s.leaves) leaves.clear();
  for (auto& [client, c] : clients_) vc_lost(client, id);
}

bool MarsNetwork::connected(std::uint32_t a, std::uint32_t b) const {
  const ServerNode &x = servers_.at(a), &y = servers_.at(b);
  return x.core && y.core && x.side == y.side;
}

void MarsNetwork::set_side(std::uint32_t server, unsigned side) {
  ServerNode& s = servers_.at(server);
  if (std::exchange(s.side, side) == side || !s.core) return;
  s.since = world.now();
  for (auto& [other, o] : servers_) {
    if (other == server || !connected(server, other)) continue;
    compare(server, other);
    compare(other, server);
  }
}

void MarsNetwork::redirect(std::uint32_t server, std::uint32_t to, bool hard) {
  ServerNode& s = servers_.at(server);
  if (!s.core) return;
  (void)s.core->redirect(to == server ? std::nullopt : std::optional(address(to)), hard,
                         world.now());
  pump_server(server);
}

void MarsNetwork::pump_server(std::uint32_t id) {
  ServerNode& s = servers_.at(id);
  if (!s.core) return;
  while (auto output = s.core->poll_output()) {
    std::visit(
        Overloaded{[&](mars::server::SendPrivate& o) {
                     to_client(id, static_cast<std::uint32_t>(o.vc.value & 0xffff),
                               mars::client::Via::Private, std::move(o.octets));
                   },
                   [&](mars::server::SendControl& o) {
                     for (const auto& [leaf, vc] :
                          s.leaves.at(static_cast<std::size_t>(o.control))) {
                       to_client(id, leaf, mars::client::Via::Control, o.octets);
                     }
                   },
                   [&](mars::server::AddLeaf& o) {
                     s.leaves.at(static_cast<std::size_t>(o.control))[id_of(o.leaf)] = o.vc.value;
                   },
                   [&](mars::server::DropLeaf& o) {
                     // Who is dropped is lost only if it does not hear of it in time.
                     clients_.at(id_of(o.leaf)).since = world.now();
                     s.leaves.at(static_cast<std::size_t>(o.control)).erase(id_of(o.leaf));
                     vc_lost(id_of(o.leaf), id);
                   },
                   [&](mars::server::Originate& o) { originate(id, o.key, std::move(o.body)); },
                   [&](mars::server::Forget& o) {
                     for (const std::uint32_t key : o.keys)
                       s.cache.erase({o.originator.value, key});
                   },
                   [&](mars::server::Summarise&) {
                     for (auto& [other, o] : servers_) {
                       if (other != id && connected(id, other)) compare(other, id);
                     }
                   },
                   [](mars::server::Notice&) {}},
        *output);
  }
  const auto due = s.core->next_deadline();
  if (!due || (s.armed && *s.armed <= *due)) return;
  s.armed = *due;
  world.at(*due, [this, id, life = s.life, when = *due] {
    ServerNode& node = servers_.at(id);
    if (node.life != life || !node.core || node.armed != when) return;
    node.armed.reset();
    node.core->on_timer(world.now());
    pump_server(id);
  });
}

void MarsNetwork::originate(std::uint32_t id, std::uint32_t key, Octets body) {
  // Numbers of a later life are above those of an earlier one, also where nobody knows them.
  Record& record = servers_.at(id).cache[{id, key}];
  const auto least = static_cast<std::int64_t>(servers_.at(id).life << 20);
  record.sequence = std::max(record.sequence + 1, least);
  record.body = std::move(body);
  for (auto& [other, o] : servers_) {
    if (other != id && connected(id, other)) flood(id, other, {id, key}, record);
  }
}

void MarsNetwork::flood(std::uint32_t from, std::uint32_t to,
                        std::pair<std::uint32_t, std::uint32_t> at, Record record) {
  travel(way(3, from, to), [this, from, to, at, record = std::move(record),
                            lives = std::pair(servers_.at(from).life, servers_.at(to).life)] {
    if (lives != std::pair(servers_.at(from).life, servers_.at(to).life)) return;
    if (connected(from, to)) take(to, at, record, from);
  });
}

// Newest instance wins; it goes on to the others, which matters when sides meet.
void MarsNetwork::take(std::uint32_t id, std::pair<std::uint32_t, std::uint32_t> at,
                       const Record& record, std::uint32_t from) {
  ServerNode& s = servers_.at(id);
  Record& mine = s.cache[at];
  if (record.sequence <= mine.sequence) return;
  mine = record;
  for (auto& [other, o] : servers_) {
    if (other != id && other != from && connected(id, other)) flood(id, other, at, record);
  }
  if (at.first == id) {
    s.core->on_own_record(at.second, record.body, world.now());
  } else {
    s.core->on_record(ServerId{at.first}, at.second, record.body, world.now());
  }
  pump_server(id);
}

void MarsNetwork::compare(std::uint32_t from, std::uint32_t to) {
  for (const auto& [at, record] : servers_.at(from).cache) flood(from, to, at, record);
}

// Between servers and clients.

void MarsNetwork::to_server(std::uint32_t client, std::uint32_t server, Octets octets) {
  if (lost(loss)) return;
  const std::uint64_t life = servers_.at(server).life;
  travel(way(0, client, server),
         [this, client, server, octets = std::move(octets), life, from = vc(client, server)] {
           ServerNode& s = servers_.at(server);
           if (!s.core || s.life != life) return vc_lost(client, server);
           s.core->on_message(mars::server::Vc{from}, octets, world.now());
           pump_server(server);
         });
}

void MarsNetwork::to_client(std::uint32_t server, std::uint32_t client, mars::client::Via via,
                            Octets octets) {
  if (lost(via == mars::client::Via::Control ? control_loss : loss)) return;
  const bool control = via == mars::client::Via::Control;
  const std::uint64_t life = clients_.at(client).life;
  travel(way(control ? 1 : 2, server, client),
         [this, server, client, via, octets = std::move(octets), life] {
           ClientNode& c = clients_.at(client);
           if (!c.core || c.life != life) return;
           c.core->on_message(address(server), via, octets, world.now());
           pump_client(client);
         });
}

void MarsNetwork::vc_lost(std::uint32_t client, std::uint32_t server) {
  travel(way(2, server, client), [this, client, server, life = clients_.at(client).life] {
    ClientNode& c = clients_.at(client);
    if (!c.core || c.life != life) return;
    c.core->on_vc_lost(address(server), world.now());
    pump_client(client);
  });
}

void MarsNetwork::leaf_lost(std::uint32_t server, std::uint32_t client, Duration after) {
  const std::uint64_t old = vc(client, server);
  ++vcs_[{client, server}];
  world.after(after, [this, server, client, old, life = servers_.at(server).life] {
    travel(way(0, client, server), [this, server, client, old, life] {
      ServerNode& s = servers_.at(server);
      if (!s.core || s.life != life) return;
      const bool mcs = clients_.at(client).config.mcs;
      auto& leaves = s.leaves.at(mcs ? 1 : 0);
      const auto leaf = leaves.find(client);
      if (leaf == leaves.end() || leaf->second != old) return;  // it has another one
      leaves.erase(leaf);
      s.core->on_leaf_lost(mcs ? ControlVc::Server : ControlVc::Cluster, mars::kIpv4,
                           address(client), world.now());
      pump_server(server);
    });
  });
}

std::uint64_t MarsNetwork::vc(std::uint32_t client, std::uint32_t server) const {
  const auto at = vcs_.find({client, server});
  return (at == vcs_.end() ? 0 : at->second) << 16 | client;
}

void MarsNetwork::cut(std::uint32_t client, std::uint32_t server) {
  vc_lost(client, server);
  leaf_lost(server, client, 0s);
  // The server may know it before the client does, which has yet to fail and to come back.
  ClientNode& c = clients_.at(client);
  if (c.core && c.core->mars() == address(server)) c.since = world.now();
}

// Clients.

void MarsNetwork::start_client(std::uint32_t id) {
  ClientNode& c = clients_.at(id);
  ++c.life;
  c.since = world.now();
  c.config.seed = world.random()();
  c.core = std::make_unique<Client>(c.config);
  c.stopping = false;
  for (auto& [range, since] : c.wants) {
    since = world.now();
    c.core->join(range, range.single(), world.now());
  }
  c.core->start(world.now());
  pump_client(id);
}

void MarsNetwork::crash_client(std::uint32_t id) {
  ClientNode& c = clients_.at(id);
  if (!c.core) return;
  ++c.life;
  c.since = world.now();
  c.core.reset();
  c.stopping = false;
  c.armed.reset();
  c.paths.clear();
  for (auto& [server, s] : servers_) {
    leaf_lost(server, id, half_open);
  }
  drop_data_leaf(id);
}

void MarsNetwork::stop_client(std::uint32_t id) {
  ClientNode& c = clients_.at(id);
  if (!c.core) return;
  c.wants.clear();
  c.stopping = true;
  c.core->stop(world.now());
  pump_client(id);
  drop_data_leaf(id);
}

// ERR_L_DROP at the root of every VC that had it as a leaf.
void MarsNetwork::drop_data_leaf(std::uint32_t gone) {
  for (auto& [id, c] : clients_) {
    for (const auto& [g, leaves] : c.paths) {
      if (!leaves.contains(address(gone))) continue;
      world.after(delay, [this, id = id, g = g, gone, life = c.life] {
        ClientNode& node = clients_.at(id);
        if (!node.core || node.life != life) return;
        node.core->on_leaf_lost(g, address(gone), world.now());
        pump_client(id);
      });
    }
  }
}

void MarsNetwork::join(std::uint32_t client, const GroupRange& range) {
  ClientNode& c = clients_.at(client);
  if (c.stopping) return;
  c.wants.try_emplace(range, world.now());
  if (!c.core) return;
  c.core->join(range, range.single(), world.now());
  pump_client(client);
}

// A copy: callers name the range by an element of `wants`.
void MarsNetwork::leave(std::uint32_t client, GroupRange range) {
  ClientNode& c = clients_.at(client);
  c.wants.erase(range);
  if (!c.core) return;
  c.core->leave(range, world.now());
  pump_client(client);
}

void MarsNetwork::open(std::uint32_t client, std::uint32_t g) {
  ClientNode& c = clients_.at(client);
  if (!c.core || c.stopping) return;
  c.core->open(group(g), world.now());
  pump_client(client);
}

void MarsNetwork::release(std::uint32_t client, std::uint32_t server) {
  leaf_lost(server, client, 0s);
}

void MarsNetwork::pump_client(std::uint32_t id) {
  ClientNode& c = clients_.at(id);
  if (!c.core) return;
  while (auto output = c.core->poll_output()) {
    std::visit(Overloaded{[&](mars::client::Send& o) {
                            to_server(id, id_of(o.mars), std::move(o.octets));
                          },
                          [&](mars::client::Release& o) {
                            if (!o.mars.empty()) release(id, id_of(o.mars));
                          },
                          [&](mars::client::Registered&) { c.since = world.now(); },
                          [&](mars::client::Failed&) {
                            ++c.failures;
                            c.since = world.now();
                          },
                          [](mars::client::Deregistered&) {},
                          [&](mars::client::LeafAdded& o) {
                            c.paths[o.group].insert(o.leaf);
                            if (!clients_.at(id_of(o.leaf)).core) drop_data_leaf(id_of(o.leaf));
                          },
                          [&](mars::client::LeafDropped& o) { c.paths[o.group].erase(o.leaf); }},
               *output);
  }
  if (c.stopping && c.core->state() == Client::State::Idle) {
    ++c.life;
    c.since = world.now();
    c.core.reset();
    c.stopping = false;
    c.armed.reset();
    c.paths.clear();
    return;
  }
  if (!c.core->settled()) {
    c.settled.reset();
  } else if (!c.settled) {
    c.settled = world.now();
  }
  const auto due = c.core->next_deadline();
  if (!due || (c.armed && *c.armed <= *due)) return;
  c.armed = *due;
  world.at(*due, [this, id, life = c.life, when = *due] {
    ClientNode& node = clients_.at(id);
    if (node.life != life || !node.core || node.armed != when) return;
    node.armed.reset();
    node.core->on_timer(world.now());
    pump_client(id);
  });
}

// Judgement.

bool MarsNetwork::wants(std::uint32_t client, std::uint32_t g, Duration for_at_least) const {
  const ClientNode& c = clients_.at(client);
  return c.core && std::ranges::any_of(c.wants, [&](const auto& want) {
           return want.first.contains(group(g)) && want.second + for_at_least <= world.now();
         });
}

std::string MarsNetwork::judge() {
  std::string bad;
  const auto names = [](const auto& addresses) {
    std::string all;
    for (const AtmAddress& a : addresses) all.append(" ").append(std::to_string(id_of(a)));
    return all;
  };
  for (std::uint32_t g = 0; g < kGroups; ++g) {
    std::vector<AtmAddress> hosts, mcss;
    for (const auto& [id, c] : clients_) {
      if (wants(id, g, 0s)) (c.config.mcs ? mcss : hosts).push_back(address(id));
    }
    std::ranges::sort(hosts);
    std::ranges::sort(mcss);
    const auto check = [&](const std::string& who, const auto& is, const auto& shall) {
      if (std::ranges::equal(is, shall)) return;
      bad.append(who)
          .append(text(" of group ", g, ":"))
          .append(names(is))
          .append("; wanted")
          .append(names(shall))
          .append("\n");
    };
    for (const auto& [id, s] : servers_) {
      if (!s.core) continue;
      check(text("hosts at ", id), maps(id).hosts(group(g)), hosts);
      check(text("MCSs at ", id), maps(id).servers(group(g)), mcss);
    }
    for (const auto& [id, c] : clients_) {
      const auto path = c.paths.find(group(g));
      if (path == c.paths.end() || !c.core || c.core->state() != Client::State::Registered)
        continue;
      std::set<AtmAddress> shall(hosts.begin(), hosts.end());
      if (!mcss.empty() && !c.config.mcs) shall = {mcss.begin(), mcss.end()};
      shall.erase(address(id));
      // Where losses are not told, a leaf may be left over that an ATM network would have dropped.
      std::set<AtmAddress> is = path->second;
      if (!announce_losses)
        std::erase_if(is, [&](const AtmAddress& a) { return !shall.contains(a); });
      check(text("path of ", id), is, shall);
    }
  }
  std::set<std::uint16_t> cmis;
  std::map<std::uint32_t, int> registrations;
  for (const auto& [id, s] : servers_) {
    if (!s.core) continue;
    for (const auto* nodes :
         {&s.core->clusters().front().clients(), &s.core->clusters().front().servers()}) {
      for (const auto& [who, node] : *nodes) {
        ++registrations[id_of(who)];
        if (!cmis.insert(node.cmi).second) bad += "CMI given twice\n";
      }
    }
  }
  for (const auto& [id, c] : clients_) {
    const bool registered = c.core && c.core->state() == Client::State::Registered;
    const bool idle = !c.core || c.core->state() == Client::State::Idle;
    if (!registered && !idle) bad.append(text("", id, " is not registered\n"));
    if (registrations[id] != (registered ? 1 : 0)) {
      bad +=
          std::to_string(id) + " is registered " + std::to_string(registrations[id]) + " times\n";
    }
    if (registered && !c.core->settled()) bad.append(text("", id, " is not settled\n"));
  }
  return bad;
}

std::string MarsNetwork::watch(Duration grace, Duration bound) {
  std::string bad;
  const Instant before = world.now() - grace;
  for (const auto& [id, c] : clients_) {
    if (c.core && c.settled && std::max(*c.settled, c.since) <= before) {
      const std::uint32_t its = id_of(c.core->mars());
      for (const auto& [server, s] : servers_) {
        const bool in_touch =
            s.core && s.core->ready() && s.since <= before &&
            (server == its || (connected(server, its) && servers_.at(its).since <= before));
        if (!in_touch) continue;
        for (std::uint32_t g = 0; g < kGroups; ++g) {
          if (!wants(id, g, grace)) continue;
          const bool known = c.config.mcs ? maps(server).serves(address(id), one(g))
                                          : maps(server).is_member(address(id), group(g));
          if (!known) {
            bad.append(text("", server)).append(text(" lost ", id)).append(text(" in ", g, "\n"));
          }
        }
      }
    }
    if (!c.core && c.since + bound <= world.now()) {
      for (const auto& [server, s] : servers_) {
        for (std::uint32_t g = 0; s.core && g < kGroups; ++g) {
          if (maps(server).is_member(address(id), group(g))) {
            bad.append(text("", server)).append(text(" has the ghost of ", id, "\n"));
          }
        }
      }
    }
  }
  return bad;
}

}  // namespace forces::test
