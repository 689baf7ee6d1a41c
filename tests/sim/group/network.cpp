#include "tests/sim/group/network.hpp"

#include <algorithm>
#include <utility>

namespace forces::multicast::sim {

Duration Network::some(Duration most) {
  if (most <= 0s) return 0s;
  return Duration(static_cast<Duration::rep>(world.pick(static_cast<std::uint64_t>(most.count()))));
}

test::LocalClock Network::clock(std::int64_t most_ppm) {
  return {.offset = some(3'600s),
          .ppm = most_ppm == 0 ? 0
                               : static_cast<std::int64_t>(
                                     world.pick(2 * static_cast<std::uint64_t>(most_ppm))) -
                                     most_ppm};
}

void Network::build(std::uint32_t n, const std::set<std::pair<std::uint32_t, std::uint32_t>>& pairs,
                    const sync::Config& scsp, std::int64_t most_ppm) {
  for (std::uint32_t i = 1; i <= n; ++i) {
    sync::Config config = scsp;
    for (const auto& [a, b] : pairs) {
      if (a == i) config.neighbors.push_back({.id = {Server::id_of(b)}});
      if (b == i) config.neighbors.push_back({.id = {Server::id_of(a)}});
    }
    const std::uint32_t id = Server::id_of(i);
    servers_[id] = std::make_unique<Server>(*this, i, clock(most_ppm), std::move(config));
  }
  for (const auto& [a, b] : pairs) {
    links_.try_emplace(std::minmax(Server::id_of(a), Server::id_of(b)));
  }
}

Fe& Network::add_fe(std::uint32_t id, bool mcs, std::vector<std::uint32_t> table,
                    std::int64_t most_ppm) {
  for (const auto& [ce, server] : servers_) associations_.try_emplace({id, ce});
  return *(fes_[id] = std::make_unique<Fe>(*this, id, mcs, clock(most_ppm), std::move(table)));
}

void Network::fault(std::string what) {
  if (faults_.size() < 1'000) faults_.append(what).append("\n");
}

// --- servers -------------------------------------------------------------------------------------

void Network::start(Server& server) {
  server.start();
  for (auto& [ends, link] : links_) {
    if (ends.first == server.id() || ends.second == server.id()) connect(ends);
  }
  for (const auto& [id, fe] : fes_) associate_soon(id, server.id());
}

void Network::kill(Server& server, bool silently) {
  server.kill();
  for (auto& [ends, link] : links_) {
    if (ends.first != server.id() && ends.second != server.id()) continue;
    if (!silently) disconnect(ends);
    link.up = false;
    ++link.epoch;
    touch(ends, link);
  }
  for (const auto& [id, fe] : fes_) part(id, server.id());
}

void Network::touch(Ends ends, Link& link) {
  const Server &a = server(ends.first), &b = server(ends.second);
  const bool works = link.up && link.cut == 0 && a.runs() && b.runs() && a.side == b.side;
  if (std::exchange(link.works, works) != works) link.since = world.now();
}

void Network::connect(Ends ends) {
  Link& link = links_.at(ends);
  if (link.up || !server(ends.first).runs() || !server(ends.second).runs()) return;
  link.up = true;
  ++link.epoch;
  touch(ends, link);
  server(ends.first).on_link({ends.second}, true);
  server(ends.second).on_link({ends.first}, true);
}

void Network::disconnect(Ends ends) {
  Link& link = links_.at(ends);
  if (!link.up) return;
  link.up = false;
  ++link.epoch;
  touch(ends, link);
  server(ends.first).on_link({ends.second}, false);
  server(ends.second).on_link({ends.first}, false);
}

void Network::cut(Ends ends, unsigned ways) {
  Link& link = links_.at(ends);
  link.cut = ways;
  touch(ends, link);
}

void Network::set_side(Server& server, unsigned side) {
  server.side = side;
  for (auto& [ends, link] : links_) touch(ends, link);
}

void Network::send(sync::ServerId from, sync::ServerId to, const Octets& packet) {
  world.trace(
      {reinterpret_cast<const char*>(packet.data()), std::min<std::size_t>(packet.size(), 16)});
  const Link& link = links_.at(std::minmax(from.value, to.value));
  const bool silent =
      (link.cut & (from < to ? 1U : 2U)) != 0 || server(from.value).side != server(to.value).side;
  if (!link.up || silent || lost(weather.loss)) return;
  const int copies = lost(weather.twice) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    world.after(weather.latency + some(weather.jitter),
                [this, from, to, packet, epoch = link.epoch] {
                  if (links_.at(std::minmax(from.value, to.value)).epoch != epoch) return;
                  if (server(to.value).runs()) server(to.value).on_packet(from, packet);
                });
  }
}

// --- associations --------------------------------------------------------------------------------

void Network::start(Fe& fe) {
  fe.start();
  for (const auto& [id, server] : servers_) associate_soon(fe.id(), id);
}

void Network::crash(Fe& fe) {
  fe.crash();
  gone(fe.id());
}

void Network::gone(std::uint32_t fe) {
  for (const auto& [id, server] : servers_) part(fe, id);
}

void Network::associate_soon(std::uint32_t fe, std::uint32_t ce) {
  world.after(1s + some(4s), [this, fe, ce] { associate(fe, ce); });
}

void Network::associate(std::uint32_t fe_id, std::uint32_t ce) {
  Association& a = associations_.at({fe_id, ce});
  if (a.vc != 0 || a.kept_away || !fe(fe_id).runs() || !server(ce).runs()) return;
  a.vc = ++last_vc_;
  server(ce).on_vc({fe_id, a.vc}, true);
  fe(fe_id).on_associated(ce, a.vc);
}

void Network::part(std::uint32_t fe_id, std::uint32_t ce, Duration away) {
  Association& a = associations_.at({fe_id, ce});
  if (away > 0s) {
    a.kept_away = true;
    world.after(away, [this, fe_id, ce] {
      associations_.at({fe_id, ce}).kept_away = false;
      associate(fe_id, ce);
    });
  }
  const std::uint64_t old = std::exchange(a.vc, 0);
  if (old == 0) return;
  world.after(some(weather.half_open), [this, fe_id, ce, old, life = server(ce).life()] {
    if (server(ce).life() == life && server(ce).runs()) server(ce).on_vc({fe_id, old}, false);
  });
  world.after(some(weather.half_open), [this, fe_id, ce, old, life = fe(fe_id).life()] {
    if (fe(fe_id).life() != life) return;
    fe(fe_id).on_lost(ce, old);
    associate_soon(fe_id, ce);
  });
}

std::uint64_t Network::vc(std::uint32_t fe, std::uint32_t ce) const {
  return associations_.at({fe, ce}).vc;
}

void Network::to_server(ce::VcOfFe from, std::uint32_t ce, Octets sdu) {
  if (lost(weather.mars_loss)) return;
  Association& a = associations_.at({from.fe_id, ce});
  a.to_server = std::max(a.to_server, world.now() + 2ms + some(20ms));
  world.at(a.to_server, [this, from, ce, sdu = std::move(sdu)] {
    if (vc(from.fe_id, ce) == from.vc) server(ce).on_sdu(from, sdu);
  });
}

void Network::to_fe(std::uint32_t ce, ce::VcOfFe to, pl::VcKind kind, const Octets& sdu) {
  // Not on control VCs: a private message has the number that the next one there will have
  // (RFC 2022 section 6.1.4), and can hide the loss of one; libtml loses none.
  if (kind == pl::VcKind::PointToPoint && lost(weather.mars_loss)) return;
  Association& a = associations_.at({to.fe_id, ce});
  a.to_fe = std::max(a.to_fe, world.now() + 2ms + some(20ms));
  world.at(a.to_fe, [this, to, ce, kind, sdu] {
    if (vc(to.fe_id, ce) == to.vc) fe(to.fe_id).on_sdu(ce, kind, sdu);
  });
}

}  // namespace forces::multicast::sim
