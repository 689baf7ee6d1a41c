// The edge among hosts that change their minds: what somebody wants is forwarded, what nobody wants
// ends in time. FORCES_SEEDS, FORCES_VIRTUAL_HOURS.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/sim/edge/hosts.hpp"
#include "tests/support/sim/soak.hpp"

namespace forces::sim::edge {
namespace {

constexpr std::size_t kPorts = 2, kGroups = 3, kSources = 4;

Address numbered(Family family, bool group, std::size_t n) {
  Address out = Address::zero(family);
  const bool six = family == Family::Ipv6;
  out.octets[0] = static_cast<std::byte>(six ? (group ? 0xff : 0x20) : (group ? 239 : 10));
  out.octets[1] = six ? std::byte{0x1e} : std::byte{1};
  out.octets[out.size() - 1] = static_cast<std::byte>(n + 1);
  return out;
}

class Scenario {
 public:
  Scenario(std::uint64_t seed, Family family, bool old_hosts)
      : network(seed, family, kPorts, old_hosts), family_(family) {}

  void change_something() {
    auto& hosts = network.hosts[network.world.pick(kPorts)];
    Host& host = hosts[network.world.pick(hosts.size())];
    Filter filter;
    if (network.world.pick(3) > 0) {
      if (network.world.pick(2) == 0) filter.mode = Mode::Exclude;
      for (std::size_t n = 0; n < kSources; ++n) {
        if (network.world.pick(2) == 0) filter.sources.push_back(numbered(family_, false, n));
      }
    }
    if (host.version() == Version::V2 && !filter.nothing()) filter = {.mode = Mode::Exclude};
    host.want(numbered(family_, true, network.world.pick(kGroups)), filter);
  }
  // The last probe is of a source that nobody names.
  void check(Duration most_late, Duration most_ghost_group, Duration most_ghost_source) {
    const Instant now = network.world.now();
    for (std::uint32_t port = 0; port < kPorts; ++port) {
      for (std::size_t g = 0; g < kGroups; ++g) {
        const Address group = numbered(family_, true, g);
        bool wanted_group = false, passed_group = false;
        for (std::size_t s = 0; s <= kSources; ++s) {
          const Address source = numbered(family_, false, s);
          bool wanted = false;
          for (const Host& host : network.hosts[port]) {
            wanted = wanted || host.wants(group).passes(source);
          }
          const bool passed = network.passes(port, group, source);
          wanted_group = wanted_group || wanted;
          passed_group = passed_group || passed;
          auto& [since, was] = since_[{port, g, s}];
          if (was != wanted) since = now;
          was = wanted;
          if (wanted && !passed) {
            EXPECT_LE(now - since, most_late) << "lost " << port << g << s;
          }
          if (!wanted && passed) {
            EXPECT_LE(now - since, most_ghost_source) << "ghost " << port << g << s;
          }
        }
        auto& [since, was] = since_[{port, g, kSources + 1}];
        if (was != wanted_group) since = now;
        was = wanted_group;
        if (!wanted_group && passed_group) {
          EXPECT_LE(now - since, most_ghost_group) << "ghost " << port << g;
        }
      }
    }
    for (std::size_t g = 0; g < kGroups; ++g) {
      const Address group = numbered(family_, true, g);
      EXPECT_EQ(network.joined(group), !network.edge().egress(group).empty());
    }
  }
  void run(Duration time, std::uint64_t change_each, Duration late, Duration ghost_group,
           Duration ghost_source) {
    const Instant end = network.world.now() + time;
    while (network.world.now() < end && !testing::Test::HasFailure()) {
      if (change_each > 0 && network.world.pick(change_each) == 0) change_something();
      ASSERT_TRUE(network.world.run_for(1s));
      check(late, ghost_group, ghost_source);
    }
  }

  Network network;

 private:
  Family family_;
  std::map<std::tuple<std::uint32_t, std::size_t, std::size_t>, std::pair<Instant, bool>> since_;
};

constexpr fe::multicast::Timing kTiming;
constexpr Duration kForEver = 24h * 365;
// Last Member Query Time, two delays, and a second between checks.
const Duration kLeaves = kTiming.last_member_time() + 2s;
const Duration kAges = kTiming.membership() + 2s;

struct Case {
  Family family;
  bool old_hosts;
};
class EdgeSim : public testing::TestWithParam<Case> {
 protected:
  template <class Body>
  void each_seed(Body&& body) {
    forces::test::play_seeds(forces::test::seeds(10), [&](std::uint64_t seed) {
      Scenario run(seed, GetParam().family, GetParam().old_hosts);
      body(run);
    });
  }
  const Duration length_ = forces::test::virtual_hours();
};

TEST_P(EdgeSim, WithoutLossNothingIsLostAndNothingStaysLongerThanItMay) {
  // With hosts of version 2 on the link BLOCK is ignored: a source ends by its timer only.
  const Duration source = GetParam().old_hosts ? 2 * kAges : kAges;
  each_seed([&](Scenario& run) { run.run(length_, 8, 1s, kLeaves, source); });
}

TEST_P(EdgeSim, WithLossAGroupStillEndsAndAllIsRightOnceItIsOver) {
  each_seed([&](Scenario& run) {
    run.network.loss_percent = 30;
    run.run(length_, 8, kForEver, kAges, kForEver);
    run.network.loss_percent = 0;
    // A query interval and its answers bring back what was lost; what is too much ages.
    run.run(kTiming.membership() * 2, 0, kForEver, kAges, kForEver);
    run.run(10min, 0, Duration::zero(), Duration::zero(), Duration::zero());
  });
}

INSTANTIATE_TEST_SUITE_P(Links, EdgeSim,
                         testing::Values(Case{Family::Ipv4, false}, Case{Family::Ipv4, true},
                                         Case{Family::Ipv6, false}, Case{Family::Ipv6, true}),
                         [](const auto& c) {
                           return std::string(c.param.family == Family::Ipv4 ? "Igmp" : "Mld") +
                                  (c.param.old_hosts ? "WithOlderHosts" : "");
                         });

TEST(EdgeSim, SameSeedSameRun) {
  const auto octets = [](std::uint64_t seed) {
    Scenario run(seed, Family::Ipv4, true);
    run.network.loss_percent = 10;
    run.run(10min, 8, kForEver, kForEver, kForEver);
    const auto& counters = run.network.edge().links()[0]->counters();
    return std::tuple(counters.reports, counters.records, counters.queries_sent, counters.leaves);
  };
  EXPECT_EQ(octets(7), octets(7));
  EXPECT_NE(octets(7), octets(8));
}

}  // namespace
}  // namespace forces::sim::edge
