// Random networks in which control channels and fibres are cut, packets are lost, and controllers
// die and come back. At the end: nothing that was up was released but by its operator, and when all
// is released no row, label or record is left. FORCES_SEEDS=N plays seeds 1 to N,
// FORCES_SEED=N that one.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>
#include <string>

#include "tests/sim/connection/network.hpp"
#include "tests/support/sim/soak.hpp"

namespace forces::signaling::ason::test {
namespace {

constexpr std::uint64_t kSeeds = 100;  // of each storm

struct Storm {
  explicit Storm(std::uint64_t seed) : network(seed) {
    network.logging = false;
    network.times = {.refresh = 3s, .hello = 200ms};
    network.restart = {.restart = 10s, .recovery = 8s};
    nodes = 5 + static_cast<std::uint32_t>(pick(4));
    for (std::uint32_t n = 1; n <= nodes; ++n) network.add(n, numbered("N", n));
    for (std::uint32_t n = 1; n <= nodes; ++n) {
      join(n, n % nodes + 1);
      network.user(n, 1, 16);
    }
    for (std::uint32_t i = 0; i < nodes; ++i) {
      const auto a = node(), b = node();
      if (a != b) join(a, b);
    }
    for (auto& [id, one] : network.nodes) {
      one->config.repair.node = 2;
      one->config.graceful = 5s;
      one->config.tear_guard = 2s;
      one->config.tell_again = 2s;
    }
  }

  static std::string numbered(const char* what, std::uint64_t n) {
    return std::string(what).append(std::to_string(n));
  }
  std::uint64_t pick(std::uint64_t below) { return network.world.pick(below); }
  std::uint32_t node() { return 1 + static_cast<std::uint32_t>(pick(nodes)); }
  void join(std::uint32_t a, std::uint32_t b) {
    network.link(a, next[a]++, b, next[b]++, 2 + static_cast<std::uint32_t>(pick(3)));
  }

  void create() {
    const std::uint32_t from = node(), to = node();
    if (from == to || !network.at(from).running()) return;
    std::string name("c");
    name.append(std::to_string(++made));
    ConnectionRequest ask = request(name, from, 1, to, 1);
    constexpr std::array kScopes{CrankbackScope::None, CrankbackScope::EndToEnd,
                                 CrankbackScope::Segment};
    ask.crankback = kScopes[pick(kScopes.size())];
    ask.recovery = pick(2) == 0 ? Recovery::None : Recovery::Reroute;
    ask.limits.setup = 8s;
    if (network.at(from).controller->create(ask, network.world.now())) owners[name] = from;
    network.at(from).pump();
  }
  // What is Up now must never end by itself.
  void look() {
    for (auto& [id, one] : network.nodes) {
      for (const ConnectionChanged& change : one->changes) {
        if (change.state == ConnectionState::Up) were_up.insert(change.name);
        const bool ended = change.state == ConnectionState::Released ||
                           change.state == ConnectionState::Failed ||
                           change.state == ConnectionState::Releasing;
        if (ended && were_up.contains(change.name) && !released.contains(change.name)) {
          wrong.append(change.name).append(" is ").append(to_string(change.state)).append("; ");
        }
      }
      one->changes.clear();
    }
  }
  void step(bool journals) {
    switch (pick(12)) {
      case 0:
      case 1:
      case 2:
        create();
        break;
      case 3: {  // a release
        if (owners.empty()) break;
        auto at = owners.begin();
        std::advance(at, static_cast<std::ptrdiff_t>(pick(owners.size())));
        Node& owner = network.at(at->second);
        if (!owner.running()) break;
        released.insert(at->first);
        owner.controller->release(at->first, network.world.now());
        owner.pump();
        break;
      }
      case 4: {  // another way by order
        if (owners.empty()) break;
        auto at = owners.begin();
        std::advance(at, static_cast<std::ptrdiff_t>(pick(owners.size())));
        Node& owner = network.at(at->second);
        if (!owner.running()) break;
        owner.controller->reroute(at->first, {}, network.world.now());
        owner.pump();
        break;
      }
      case 5:
      case 6: {  // a controller dies, or comes back
        Node& one = network.at(node());
        if (one.running()) {
          one.kill();
        } else {
          // An ingress that knows nothing, next to nodes that are dead, has lost its connections.
          const bool ingress = std::ranges::any_of(
              owners, [&](const auto& owned) { return owned.second == one.spec.number; });
          if (!journals && !ingress && pick(2) == 0) one.disk.clear();
          one.boot(false);
        }
        break;
      }
      case 7:
      case 8: {  // a control channel
        LinkSpec& link = *network.links[pick(network.links.size())];
        network.cut(link, link.transport, !link.control);
        break;
      }
      case 9: {  // a fibre
        LinkSpec& link = *network.links[pick(network.links.size())];
        network.cut(link, !link.transport, link.control);
        break;
      }
      case 10: {
        LinkSpec& link = *network.links[pick(network.links.size())];
        link.loss = pick(2) == 0 ? 0 : 0.2;
        break;
      }
      default:
        break;
    }
  }
  void heal() {
    for (auto& [id, one] : network.nodes) {
      if (!one->running()) one->boot(false);
    }
    for (auto& link : network.links) {
      link->loss = 0;
      network.cut(*link, true, true);
    }
    network.run(60s);
  }

  void check_kept() {
    for (const auto& [name, owner] : owners) {
      if (released.contains(name) || !were_up.contains(name)) continue;
      const auto view = network.at(owner).controller->show(name);
      if (!view) {
        wrong.append(name).append(" is gone; ");
      } else if (view->state != ConnectionState::Up) {
        wrong.append(name).append(" is ").append(to_string(view->state)).append("; ");
        const auto lsp = network.at(owner).controller->lsp(view->lsp);
        if (!lsp) continue;
        for (const NodeId at : lsp->failing_at) {
          wrong.append("failing at ").append(std::to_string(at.value & 255)).append("; ");
        }
        wrong.append(network.of(view->lsp));
      } else {
        const auto lsp = network.at(owner).controller->lsp(view->lsp);
        if (!lsp || !network.trace({owner, 1, lsp->in_down.at(0)})) {
          wrong.append(name).append(" passes nothing; ").append(network.leftovers());
        }
      }
    }
  }
  void release_all() {
    for (auto& [id, one] : network.nodes) {
      for (const ConnectionView& view : one->controller->list()) {
        released.insert(view.name);
        one->controller->release(view.name, network.world.now());
      }
      one->pump();
    }
    network.run(60s);
    network.run(130s);  // what was reserved for nobody is given back by then
  }

  void give_up_all() {
    for (auto& [id, one] : network.nodes) {
      std::set<LspKey> all;
      for (const LspView& lsp : one->controller->lsps()) all.insert(lsp.key);
      for (const LspKey& key : one->manager->connections()) all.insert(key);
      for (const LspKey& key : all) {
        unconfirmed += one->controller->give_up(key, network.world.now()) ? 1U : 0U;
      }
      one->pump();
    }
    network.run(60s);
  }

  Network network;
  std::uint64_t unconfirmed = 0;
  std::uint32_t nodes = 0;
  std::map<std::uint32_t, std::uint32_t> next = [] {
    std::map<std::uint32_t, std::uint32_t> first;
    for (std::uint32_t n = 1; n <= 16; ++n) first[n] = 11;
    return first;
  }();
  std::uint64_t made = 0;
  std::map<std::string, std::uint32_t> owners;
  std::set<std::string> were_up, released;
  std::string wrong;
};

void run(std::uint64_t seed, bool journals) {
  Storm storm(seed);
  if (!journals) storm.network.fe_latency = std::chrono::milliseconds(1 + storm.pick(300));
  storm.network.start();
  for (int i = 0; i < 8; ++i) storm.create();
  storm.network.run(3s);
  storm.look();
  for (int i = 0; i < 60; ++i) {
    storm.step(journals);
    storm.network.run(std::chrono::milliseconds(20 + storm.pick(1500)));
    storm.look();
  }
  storm.heal();
  storm.look();
  storm.check_kept();
  EXPECT_EQ(storm.wrong, "");
  storm.release_all();
  if (!journals) storm.give_up_all();
  EXPECT_EQ(storm.network.leftovers(), "");
}

void all(bool journals) {
  forces::test::play_seeds(forces::test::seeds(kSeeds),
                           [&](std::uint64_t seed) { run(seed, journals); });
}

TEST(ConnectionStorm, NothingEstablishedIsReleasedAndNothingIsLeft) { all(true); }

// Nodes that are no ingress lose their journals as well, and FEs come late. What nobody can confirm
// then stays (R1) until an operator has decided.
TEST(ConnectionStorm, WithoutJournalsNothingEstablishedIsReleased) { all(false); }

TEST(ConnectionStorm, ThePastIsTheSameForTheSameSeed) {
  const auto play = [] {
    Storm storm(5);
    storm.network.start();
    for (int i = 0; i < 8; ++i) storm.create();
    for (int i = 0; i < 20; ++i) {
      storm.step(true);
      storm.network.run(300ms);
    }
    std::string text;
    for (auto& [id, one] : storm.network.nodes) {
      for (const auto& [key, octets] : one->disk) {
        text += key;
        for (const std::byte octet : octets) text += static_cast<char>(octet);
      }
    }
    return text;
  };
  EXPECT_EQ(play(), play());
}

}  // namespace
}  // namespace forces::signaling::ason::test
