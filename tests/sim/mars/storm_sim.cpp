// Random lives: members that come, go and die, servers that crash and come back, partitions, broken
// VCs, redirects, lost messages. At no time is a settled member unknown to whom its server reaches;
// in the end all agree with what clients want.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "tests/sim/mars/network.hpp"
#include "tests/support/sim/soak.hpp"

namespace forces::test {
namespace {

struct Storm : MarsNetwork {
  std::uint32_t servers_count, clients_count;

  explicit Storm(std::uint64_t seed) : MarsNetwork(seed) {
    jitter = 200ms;
    half_open = Duration(world.pick(30)) * 1'000'000'000;
    announce_losses = seed % 2 == 0;
    servers_count = static_cast<std::uint32_t>(seed % 5 == 0 ? 16 : 2 + world.pick(4));
    clients_count = static_cast<std::uint32_t>(6 + world.pick(20));
    for (std::uint32_t id = 1; id <= servers_count; ++id) add_server(id);
    for (std::uint32_t id = 1; id <= servers_count; ++id) start_server(id);
    for (std::uint32_t i = 0; i < clients_count + 3; ++i) {
      std::vector<std::uint32_t> table;
      for (std::uint32_t k = 0; k < servers_count; ++k) {
        table.push_back((i + k) % servers_count + 1);
      }
      add_client(101 + i, table, i >= clients_count);
      start_client(101 + i);
    }
  }
  std::uint32_t any_server() { return static_cast<std::uint32_t>(1 + world.pick(servers_count)); }
  std::uint32_t any_client() {
    return static_cast<std::uint32_t>(101 + world.pick(clients_count + 3));
  }
  GroupRange any_range(bool mcs) {
    const auto a = static_cast<std::uint32_t>(world.pick(kGroups));
    const auto b = static_cast<std::uint32_t>(world.pick(kGroups));
    if (mcs) return one(a % 3);  // few groups are served, so that some are meshes
    return world.pick(6) == 0 ? block(std::min(a, b), std::max(a, b)) : one(a);
  }

  void act() {
    const std::uint32_t client = any_client(), server = any_server();
    ClientNode& c = clients().at(client);
    switch (world.pick(20)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        // Section 5.2: blocks of one member do not overlap.
        if (const GroupRange range = any_range(c.config.mcs); range.single() || blocks(c) == 0) {
          join(client, range);
        }
        return;
      case 5:
      case 6:
      case 7:
      case 8:
        if (c.wants.empty()) return;
        return leave(
            client,
            std::next(c.wants.begin(), static_cast<long>(world.pick(c.wants.size())))->first);
      case 9:
      case 10:
      case 11: {
        const auto g = static_cast<std::uint32_t>(world.pick(kGroups));
        if (!c.config.mcs) open(client, g);
        return;
      }
      case 12:
        if (!c.core) return start_client(client);
        return crash_client(client);
      case 13:
        if (!c.core) return start_client(client);
        return stop_client(client);
      case 14:
        if (!up(server)) return start_server(server);
        crash_server(server);
        if (world.pick(2) == 0) {
          world.after(Duration(world.pick(20'000'000'000)), [this, server] {
            if (!up(server)) start_server(server);
          });
        }
        return;
      case 15:
        return set_side(server, static_cast<unsigned>(world.pick(3) == 0 ? 1 : 0));
      case 16:
      case 17:
        return cut(client, server);
      case 18:
        // A soft one needs servers that are in touch all the time; the operator sees to that.
        return redirect(server, any_server(), true);
      default:
        return;
    }
  }
  static std::size_t blocks(const ClientNode& c) {
    return static_cast<std::size_t>(
        std::ranges::count_if(c.wants, [](const auto& want) { return !want.first.single(); }));
  }
};

void live(std::uint64_t seed, Duration time) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Storm s(seed);
  ASSERT_TRUE(s.run(60s));
  // Not on control VCs: a private message has the number that the next one there will have
  // (RFC 2022 section 6.1.4), and can hide the loss of one.
  s.loss = 5;
  const Instant end = s.world.now() + time;
  while (s.world.now() < end) {
    s.act();
    ASSERT_TRUE(s.run(Duration(s.world.pick(6'000'000'000))));
    // An exchange that is lost is repeated after 10 s; the answers of others are not waited for.
    const std::string bad = s.watch(3s, 960s);
    ASSERT_EQ(bad, "") << "at " << s.world.now().time_since_epoch().count() / 1'000'000'000;
  }
  s.loss = 0;
  for (auto& [id, server] : s.servers()) {
    if (!server.core) s.start_server(id);
    s.set_side(id, 0);
    s.redirect(id, id, false);
  }
  ASSERT_TRUE(s.run(600s));
  ASSERT_EQ(s.judge(), "");
}

// 100 seeds cost 4 s of a core.
TEST(MarsStorm, NobodyIsLostAndAllAgreeInTheEnd) {
  play_seeds(seeds(100), [](std::uint64_t seed) { live(seed, 900s); });
}

TEST(MarsStorm, ALongLife) { live(1000, virtual_hours()); }

TEST(MarsStorm, TheSameSeedIsTheSameLife) {
  const auto life = [] {
    Storm s(7);
    for (int i = 0; i < 100; ++i) {
      s.act();
      EXPECT_TRUE(s.run(1s));
      for (const auto& [id, c] : s.clients()) {
        s.world.trace(std::to_string(c.paths.size() * 100 + c.wants.size()));
      }
    }
    return s.world.random()();
  };
  EXPECT_EQ(life(), life());
}

}  // namespace
}  // namespace forces::test
