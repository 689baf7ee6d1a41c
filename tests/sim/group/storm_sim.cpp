// Random lives of a whole server group: 16 servers in a line, a ring, a mesh, or joined at random,
// and their FEs. Members come, go and die; servers are killed and come back; links break, lose and
// go silent; the group falls apart and heals; no two clocks agree. At no time is a member unknown
// to whom its server reaches; between storms all agree with what the living want; in the end a
// server dies for good with all its FEs, and is forgotten in the time that RFC 2443 gives.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/sim/group/judge.hpp"
#include "tests/sim/group/network.hpp"
#include "tests/support/sim/soak.hpp"

namespace forces::multicast::sim {
namespace {

using namespace forces::test;

constexpr std::uint32_t kServers = 16, kFirstFe = 101;
constexpr std::int64_t kPpm = 10'000;  // clocks gain or lose 1 % at most

using Pairs = std::set<std::pair<std::uint32_t, std::uint32_t>>;

enum class Shape : std::uint8_t { Line, Ring, Mesh, Random };

// A mesh costs ten times what others do.
Shape shape_of(std::uint64_t seed) {
  if (seed % 8 == 2) return Shape::Mesh;
  return seed % 4 == 0 ? Shape::Line : seed % 4 == 1 ? Shape::Ring : Shape::Random;
}

// The last one is no cut vertex: it may die and the others stay joined.
Pairs topology(World& world, Shape shape) {
  Pairs pairs;
  const auto any = [&](std::uint32_t below) {
    return static_cast<std::uint32_t>(1 + world.pick(below - 1));
  };
  for (std::uint32_t i = 2; i <= kServers; ++i) {
    pairs.insert({shape == Shape::Random ? any(i) : i - 1, i});
    for (std::uint32_t j = 1; shape == Shape::Mesh && j < i; ++j) pairs.insert({j, i});
  }
  if (shape == Shape::Ring) pairs.insert({1, kServers});
  for (std::uint64_t more = shape == Shape::Random ? world.pick(kServers) : 0; more > 0; --more) {
    const std::uint32_t a = any(kServers + 1), b = any(kServers + 1);
    if (a != b) pairs.insert(std::minmax(a, b));
  }
  return pairs;
}

struct Storm : Network {
  explicit Storm(std::uint64_t seed) : Network(seed) {
    sync::Config scsp;
    scsp.times.hello = std::chrono::seconds(2 + world.pick(4));
    scsp.limits.packet_octets = 300 + world.pick(9'000);
    scsp.limits.window = 5 + world.pick(100);
    build(kServers, topology(world, shape_of(seed)), scsp, kPpm);
    const auto count = static_cast<std::uint32_t>(8 + world.pick(17));
    for (std::uint32_t i = 0; i < count; ++i) {
      std::vector<std::uint32_t> table;
      for (std::uint32_t k = 0; k < kServers; ++k) {
        table.push_back(Server::id_of((i + k) % kServers + 1));
      }
      add_fe(kFirstFe + i, i % 8 == 7, std::move(table), kPpm);
    }
    for (auto& [id, server] : servers()) Network::start(*server);
    for (auto& [id, fe] : fes()) Network::start(*fe);
    storm = {.loss = static_cast<unsigned>(world.pick(40)),
             .twice = static_cast<unsigned>(world.pick(40)),
             .latency = 2ms,
             .jitter = Duration(static_cast<Duration::rep>(world.pick(40'000'000))),
             .mars_loss = 5,
             .half_open = Duration(static_cast<Duration::rep>(1 + world.pick(30'000'000'000)))};
  }

  template <class Map>
  auto& any(Map& map) {
    auto at = map.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(world.pick(map.size())));
    return *at;
  }
  // Mostly short; now and then longer than what servers wait for each other.
  Duration a_while() {
    return Duration(static_cast<Duration::rep>(world.pick(world.pick(8) == 0 ? 600'000 : 40'000)) *
                    1'000'000);
  }
  GroupRange any_range(bool mcs) {
    const auto a = static_cast<std::uint32_t>(world.pick(kGroups));
    const auto b = static_cast<std::uint32_t>(world.pick(kGroups));
    if (mcs) return one(a % 3);  // few groups are served, so that some are meshes
    return world.pick(6) == 0 ? block(std::min(a, b), std::max(a, b)) : one(a);
  }
  static bool in_a_block(const Fe& fe) {
    return std::ranges::any_of(fe.wants(), [](const auto& want) { return !want.first.single(); });
  }

  void act() {
    Fe& fe = *any(fes()).second;
    Server& server = *any(servers()).second;
    switch (world.pick(24)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
      case 5:
        // RFC 2022 section 5.2: blocks of one member do not overlap.
        if (const GroupRange range = any_range(fe.mcs()); range.single() || !in_a_block(fe)) {
          fe.join(range);
        }
        return;
      case 6:
      case 7:
      case 8:
      case 9:
        if (!fe.wants().empty()) fe.leave(any(fe.wants()).first);
        return;
      case 10:
      case 11:
      case 12:
        if (!fe.mcs()) fe.open(group(static_cast<std::uint32_t>(world.pick(kGroups))));
        return;
      case 13:
      case 14:
        if (!fe.runs()) return Network::start(fe);
        if (fe.stopping()) return;
        return world.pick(2) == 0 ? fe.stop() : crash(fe);
      case 15:
      case 16:
        if (!server.runs()) return Network::start(server);
        kill(server, world.pick(2) == 0);
        world.after(1s + a_while(), [this, id = server.id()] {
          if (Server& dead = this->server(id); !dead.runs()) Network::start(dead);
        });
        return;
      case 17: {
        const Ends ends = any(links()).first;
        disconnect(ends);
        world.after(a_while(), [this, ends] { connect(ends); });
        return;
      }
      case 18: {
        const Ends ends = any(links()).first;
        cut(ends, static_cast<unsigned>(1 + world.pick(3)));
        world.after(a_while(), [this, ends] { cut(ends, 0); });
        return;
      }
      case 19:  // the group falls in two
        if (world.pick(8) != 0) return;
        for (auto& [id, one] : servers()) set_side(*one, static_cast<unsigned>(world.pick(2)));
        world.after(a_while(), [this] { whole(); });
        return;
      case 20:
      case 21:
      case 22:
        return part(fe.id(), server.id(), world.pick(2) == 0 ? 0s : a_while());
      default:
        if (!server.runs() || world.pick(4) != 0) return;
        server.redirect(any(servers()).first, true);
        world.after(60s + a_while(), [this, id = server.id()] {
          if (this->server(id).runs()) this->server(id).redirect(std::nullopt, false);
        });
        return;
    }
  }
  void whole() {
    for (auto& [id, one] : servers()) set_side(*one, 0);
  }

  void rage(Duration time) {
    weather = storm;
    const Instant end = world.now() + time;
    while (world.now() < end) {
      const Instant look = world.now() + 15s;
      while (world.now() < look) {
        act();
        ASSERT_TRUE(run(Duration(static_cast<Duration::rep>(world.pick(10'000)) * 1'000'000)));
      }
      ASSERT_EQ(watch.look(*this), "") << "at " << seconds() << " s";
    }
  }
  // What was to end by itself has ended, and everybody is back.
  void calm() {
    ASSERT_TRUE(run(660s));
    weather = {.latency = 2ms};
    whole();
    for (auto& [ends, link] : links()) cut(ends, 0);
    for (auto& [id, server] : servers()) {
      if (!server->runs()) Network::start(*server);
    }
    for (auto& [ends, link] : links()) connect(ends);
    ASSERT_TRUE(run(600s));
    ASSERT_EQ(watch.look(*this), "") << "at " << seconds() << " s";
    ASSERT_EQ(judge_in_peace(), "") << "at " << seconds() << " s";
  }
  // A Redirect Entry that is just on its way makes caches differ.
  std::string judge_in_peace() {
    std::string bad = judge(*this);
    for (int i = 0; i < 3 && !bad.empty() && run(1s); ++i) bad = judge(*this);
    return bad;
  }
  // In peace a server sends all its FEs to another one: at no time and nowhere anybody is missing.
  void drain(Server& from, Server& to) {
    if (&from == &to) return;
    from.redirect(to.id(), false);
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(run(500ms));
      ASSERT_EQ(judge_maps(*this), "") << "at " << seconds() << " s";
    }
    EXPECT_TRUE(from.cluster().clients().empty() && from.cluster().servers().empty());
    from.redirect(std::nullopt, false);
  }
  // In peace a server dies, and all of its FEs with it.
  void bury(Server& server) {
    std::vector<AtmAddress> dead;
    kill(server, true);
    for (auto& [id, fe] : fes()) {
      if (!fe->registered() || fe->mars() != server.id()) continue;
      dead.push_back(fe->address());
      crash(*fe);
    }
    // The last Redirect Entry may have been said just now; a clock may be 1 % slow.
    ASSERT_TRUE(run(240s * 101 / 100 + 5s));
    ASSERT_EQ(judge_in_peace(), "");
    for (auto& [id, other] : servers()) {
      if (!other->runs()) continue;
      const auto registered = other->cluster().registered();
      for (const AtmAddress& who : dead) EXPECT_FALSE(registered.contains(who));
    }
  }
  [[nodiscard]] long long seconds() const {
    return std::chrono::duration_cast<std::chrono::seconds>(world.now().time_since_epoch()).count();
  }

  Weather storm;
  Watch watch;
};

// Storms of half an hour or less; the last one may be shorter.
std::uint64_t live(std::uint64_t seed, Duration time) {
  Storm s(seed);
  const auto failed = [] { return testing::Test::HasFatalFailure(); };
  EXPECT_TRUE(s.run(60s));
  const Instant end = s.world.now() + time;
  while (s.world.now() < end && !failed()) {
    s.rage(std::min<Duration>(30min, time / 2));
    if (!failed()) s.calm();
    if (failed()) break;
    Server& from = *s.any(s.servers()).second;
    s.drain(from, *s.any(s.servers()).second);
  }
  if (!failed()) s.bury(*std::prev(s.servers().end())->second);
  EXPECT_GT(s.watch.known(), 0U);  // it has looked at something
  return s.world.trace_hash();
}

TEST(GroupStorm, NobodyIsLostAndAllAgree) {
  const Duration time = soaks() ? Duration(virtual_hours()) : Duration(40min);
  play_seeds(soaks() ? seeds(100) : std::max<std::uint64_t>(8 / kSlow, 1),
             [&](std::uint64_t seed) { live(seed, time); });
}

TEST(GroupStorm, TheSameSeedIsTheSameLife) { EXPECT_EQ(live(7, 10min), live(7, 10min)); }

}  // namespace
}  // namespace forces::multicast::sim
