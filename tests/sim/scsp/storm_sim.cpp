// Groups of any shape on a network that loses, doubles and reorders, whose VCs break or go silent
// and whose servers are killed: in the end all caches are equal, everybody believes what the living
// say and nothing else. FORCES_SEEDS=N plays seeds 1 to N, FORCES_SEED=N that one.
#include <cstdlib>

#include "ce/signaling/digest.hpp"
#include "tests/sim/scsp/network.hpp"
#include "tests/support/sim/soak.hpp"

namespace forces::multicast::sync::sim {
namespace {

using namespace forces::test;

struct Storm {
  Storm(std::uint64_t seed, bool keys) : net(seed) {
    const auto n = static_cast<std::uint32_t>(2 + net.world.pick(11));
    std::set<std::pair<std::uint32_t, std::uint32_t>> pairs;
    for (std::uint32_t i = 1; i < n; ++i) {  // a tree, and some more
      pairs.insert({static_cast<std::uint32_t>(net.world.pick(i)), i});
    }
    for (std::uint64_t more = net.world.pick(2 * n); more > 0; --more) {
      const auto a = static_cast<std::uint32_t>(net.world.pick(n));
      const auto b = static_cast<std::uint32_t>(net.world.pick(n));
      if (a != b) pairs.insert(std::minmax(a, b));
    }
    Config base;
    base.limits.packet_octets = 300 + net.world.pick(9'000);
    base.limits.window = 5 + net.world.pick(100);
    if (keys) {
      base.hmac = [](Bytes secret, std::span<const Bytes> parts) {
        return signaling::hmac(signaling::engine::Digest::HmacMd5, secret, parts);
      };
    }
    net.build(n, pairs, base);
    for (auto& [id, server] : net.servers()) {
      server->clock = {.offset = Duration(static_cast<std::int64_t>(net.world.pick(3'600)) * 1s),
                       .ppm = static_cast<std::int64_t>(net.world.pick(20'000)) - 10'000};
      if (!keys) continue;
      for (NeighborConfig& peer : server->config().neighbors) {
        const Key ours{.spi = id.value, .secret = std::vector<std::byte>(16, std::byte{7})};
        const Key theirs{.spi = peer.id.value, .secret = std::vector<std::byte>(16, std::byte{7})};
        peer.security = {.send = {theirs}, .receive = {ours}};
      }
    }
    net.weather = {.loss = static_cast<unsigned>(net.world.pick(80)),
                   .twice = static_cast<unsigned>(net.world.pick(40)),
                   .latency = 2ms,
                   .jitter = Duration(static_cast<std::int64_t>(net.world.pick(40'000'000)))};
    net.start();
  }

  Server& any() {
    auto at = net.servers().begin();
    std::advance(at, static_cast<std::ptrdiff_t>(net.world.pick(net.servers().size())));
    return *at->second;
  }
  void one_thing() {
    Server& s = any();
    const auto key = static_cast<std::uint32_t>(1 + net.world.pick(30));
    auto vc = net.vcs().begin();
    std::advance(vc, static_cast<std::ptrdiff_t>(net.world.pick(net.vcs().size())));
    const Duration while_it_lasts(static_cast<std::int64_t>(net.world.pick(40'000)) * 1ms);
    switch (net.world.pick(20)) {
      case 0:
        if (!s.runs() || net.world.pick(3) != 0) return;
        net.kill(s.id());
        net.world.after(while_it_lasts, [this, id = s.id()] { net.restart(id); });
        return;
      case 1:
      case 2:
        net.disconnect(vc->first, vc->second);
        net.world.after(while_it_lasts, [this, ends = vc->first] {
          net.connect(ends, net.vc(ends.first, ends.second));
        });
        return;
      case 3:
      case 4:
        vc->second.cut = static_cast<unsigned>(1 + net.world.pick(3));
        net.world.after(while_it_lasts,
                        [this, ends = vc->first] { net.vc(ends.first, ends.second).cut = 0; });
        return;
      case 5:
      case 6:
      case 7:
        if (s.runs()) s.end(key);
        return;
      case 8:
        if (s.runs()) s.purge(key);
        return;
      default:
        if (s.runs()) s.set(key, std::string("fact ").append(std::to_string(++facts)));
        return;
    }
  }
  void rage(Duration time) {
    const Instant end = net.world.now() + time;
    while (net.world.now() < end) {
      one_thing();
      ASSERT_TRUE(net.run_for(Duration(static_cast<std::int64_t>(net.world.pick(1'000)) * 1ms)));
    }
  }
  // Everybody back, but for one that stays dead.
  void calm() {
    ASSERT_TRUE(net.run_for(41s));
    net.weather = {};
    for (auto& [ends, vc] : net.vcs()) vc.cut = 0;
    for (auto& [id, server] : net.servers()) {
      if (!server->runs()) net.restart(id);
    }
    net.connect();
    ASSERT_TRUE(net.run_for(1s));
    for (auto& [id, server] : net.servers()) {
      server->set(31, std::string("fact ").append(std::to_string(++facts)));
    }
    ASSERT_TRUE(net.run_for(60s));
  }

  Network net;
  std::uint64_t facts = 0;
};

// The packets of a life, as one number.
std::uint64_t live(std::uint64_t seed, bool keys) {
  Storm storm(seed, keys);
  for (int day = 0; day < 2; ++day) {
    storm.rage(3min);
    storm.calm();
    EXPECT_EQ(storm.net.difference(), "");
    EXPECT_GE(storm.any().view().size(), storm.net.servers().size());
  }
  // A leaf of the tree that we began with dies for good: the others stay connected.
  const auto last = std::prev(storm.net.servers().end())->first;
  storm.net.kill(last);
  EXPECT_TRUE(storm.net.run_for(kDead + 20s));
  std::size_t ghosts = 0;
  for (const auto& [id, server] : storm.net.servers()) {
    if (!server->runs()) continue;
    for (const auto& [entry, body] : server->view()) ghosts += entry.originator == last ? 1 : 0;
  }
  EXPECT_EQ(ghosts, 0u);
  EXPECT_EQ(storm.net.difference(), "");
  return storm.net.world.trace_hash();
}

TEST(ScspStorm, CachesConverge) {
  play_seeds(seeds(20), [](std::uint64_t seed) { live(seed, false); });
}

TEST(ScspStorm, CachesConvergeWithKeys) {
  play_seeds(seeds(20) / 4 + 1, [](std::uint64_t seed) { live(1'000 + seed, true); });
}

TEST(ScspStorm, TheSameSeedIsTheSameStorm) { EXPECT_EQ(live(7, false), live(7, false)); }

}  // namespace
}  // namespace forces::multicast::sync::sim
