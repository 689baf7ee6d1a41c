// A CE and real FEs in virtual time: tables become what the source says, whatever was there before
// and whatever happens meanwhile.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/sim/provision/fixture.hpp"

namespace forces::test {

namespace {

using fe::lfb::Component;
using fe::lfb::Type;
constexpr Component kMemberFields[]{
    {.id = 1, .name = "HopSelector", .type = &fe::lfb::kU32},
    {.id = 2, .name = "Weight", .type = &fe::lfb::kU16},
};
constexpr Type kMember = fe::lfb::structure(kMemberFields);
constexpr Type kMembers = fe::lfb::array(kMember, 1024);
constexpr Type kSets = fe::lfb::array(kMembers, 1'000'000);
constexpr Component kEcmpComponents[]{{.id = 1, .name = "IPv4EcmpTable", .type = &kSets},
                                      {.id = 2, .name = "IPv6EcmpTable", .type = &kSets}};

}  // namespace

const fe::lfb::LfbClass kEcmpHopsClass{
    .id = 65'794, .name = "EcmpHops", .version = "1.0", .components = kEcmpComponents};

void add_forwarding(fe::ElementCore& fe, std::uint32_t ports) {
  auto& store = fe.engine().store();
  for (const auto* lfb_class :
       {&fe::lfb::kIpv4UcastLpmClass, &fe::lfb::kIpv6UcastLpmClass, &fe::lfb::kIpv4NextHopClass,
        &fe::lfb::kIpv6NextHopClass, &kEcmpHopsClass}) {
    store.add(*lfb_class, 1);
  }
  for (std::uint32_t i = 1; i <= ports; ++i) {
    store.add(fe::lfb::kEtherPhyCopClass, i);
    std::array<std::byte, 4> id{};
    wire::store_be<4>(id.data(), 100 + i);
    (void)fe.engine().set_initial({3, i}, 1, id);
  }
}

namespace {

TEST(ProvisionSim, AnEmptyFeIsGivenEveryRow) {
  Provisioned p;
  fill(*p.rows[0], 1000, 8);
  p.net.start();
  ASSERT_TRUE(p.world.run_for(2s));
  EXPECT_TRUE(p.converged());
  EXPECT_EQ(p.rows_set, 1000 + 16 + 7);
  EXPECT_EQ(p.rows_deleted, 0);
  EXPECT_EQ(p.sync().rows().translated(), 0U) << "numbers are the source's own";
  const auto shot = p.net.ce().snapshot(p.world.now());
  EXPECT_EQ(shot.fes.at(0).rows_wanted, 1023U);
  EXPECT_EQ(shot.fes.at(0).rows_acknowledged, 1023U);
  EXPECT_EQ(shot.fes.at(0).rows_failed, 0U);
  EXPECT_EQ(shot.fes.at(0).master, "mine");
  EXPECT_EQ(shot.fes.at(0).sync, "synced");
}

TEST(ProvisionSim, AChangeIsOneMessage) {
  Provisioned p;
  fill(*p.rows[0], 100, 4);
  p.net.start();
  ASSERT_TRUE(p.world.run_for(2s));
  const int before = p.row_configs;
  PrefixRow row = p.rows[0]->prefixes.at(2);
  row.hop_selector = row.hop_selector == 1 ? 2 : 1;
  p.rows[0]->put(row);
  p.rows[0]->erase_prefix(4);
  p.changed();
  ASSERT_TRUE(p.world.run_for(1s));
  EXPECT_EQ(p.row_configs, before + 1);
  EXPECT_EQ(p.rows_deleted, 1);
  EXPECT_TRUE(p.converged());
}

// The FE's tables stand while the CE is away; the new one numbers everything anew.
TEST(ProvisionSim, ARestartedCeChangesNothingThatIsRight) {
  Provisioned p;
  p.keep_rows();
  fill(*p.rows[0], 10'000, 64);
  p.net.start();
  ASSERT_TRUE(p.world.run_for(5s));
  ASSERT_TRUE(p.converged());
  const int configs = p.row_configs, set = p.rows_set;
  p.restart_ce(0, 10'000, 64);
  ASSERT_TRUE(p.world.run_for(200s));
  EXPECT_TRUE(p.converged());
  EXPECT_EQ(p.row_configs, configs) << p.rows_set - set << " rows were touched";
  EXPECT_EQ(p.sync().counters().adopted, 10'000U + 128 + 63);
  EXPECT_EQ(p.sync().orphans(), 0U);
  EXPECT_GT(p.sync().rows().translated(), 0U);

  // And goes on from there, in the FE's numbers.
  PrefixRow row{.row = 20'000, .prefix = prefix4(30'000), .hop_selector = 1};
  while (!p.rows[0]->hops.contains(row.hop_selector) ||
         p.rows[0]->hops.at(row.hop_selector).family != Family::V4) {
    ++row.hop_selector;
  }
  p.rows[0]->put(row);
  p.rows[0]->erase_prefix(17);
  p.changed();
  ASSERT_TRUE(p.world.run_for(1s));
  EXPECT_TRUE(p.converged());
  EXPECT_EQ(p.rows_set, set + 1);
  EXPECT_EQ(p.rows_deleted, 1);
}

TEST(ProvisionSim, OnlyDifferencesAreSentAndOrphansGoAfterTheGrace) {
  Provisioned p;
  p.keep_rows();
  fill(*p.rows[0], 1000, 8);
  p.net.start();
  ASSERT_TRUE(p.world.run_for(5s));
  p.net.crash_ce(0);
  p.rows[0] = std::make_unique<Rows>();
  fill(*p.rows[0], 1000, 8, true);
  p.rows[0]->is_complete = false;
  for (const std::uint32_t row : {3u, 33u, 333u}) p.rows[0]->erase_prefix(row);
  const auto hop = std::ranges::find_if(
      p.rows[0]->hops, [](const auto& h) { return h.second.family == Family::V4; });
  NextHopRow changed = hop->second;
  changed.mtu = 9000;
  p.rows[0]->put(changed);
  p.rows_set = 0;
  p.net.start_ce(0);
  ASSERT_TRUE(p.world.run_for(300s));
  EXPECT_EQ(p.rows_deleted, 0) << "the source may still give them";
  EXPECT_GT(p.sync().orphans(), 3U) << "three prefixes, and the next hop as it was before";
  EXPECT_EQ(count_rows(p.net.fe(), RowKind::Prefix), 1000U);
  p.rows[0]->is_complete = true;
  p.changed();
  ASSERT_TRUE(p.world.run_for(59s));
  EXPECT_EQ(p.rows_deleted, 0) << "not before the grace is over";
  ASSERT_TRUE(p.world.run_for(5s));
  EXPECT_TRUE(p.converged());
  EXPECT_EQ(count_rows(p.net.fe(), RowKind::Prefix), 997U);
  EXPECT_EQ(p.sync().orphans(), 0U);
  EXPECT_LT(p.rows_set, 300) << "prefixes, sets of one next hop of sixteen";
}

TEST(ProvisionSim, ARowThatComesWithinTheGraceIsAdopted) {
  Provisioned p;
  p.keep_rows();
  fill(*p.rows[0], 100, 4);
  p.net.start();
  ASSERT_TRUE(p.world.run_for(5s));
  p.net.crash_ce(0);
  p.rows[0] = std::make_unique<Rows>();
  fill(*p.rows[0], 100, 4, true);
  const PrefixRow late = p.rows[0]->prefixes.at(50);
  p.rows[0]->erase_prefix(50);
  p.net.start_ce(0);
  ASSERT_TRUE(p.world.run_for(30s));
  const int configs = p.row_configs;
  EXPECT_EQ(p.sync().orphans(), 1U);
  p.rows[0]->put(late);
  p.changed();
  ASSERT_TRUE(p.world.run_for(200s));
  EXPECT_EQ(p.row_configs, configs);
  EXPECT_TRUE(p.converged());
}

// RFC 5810 section 4.2.2.3: without CEFailoverPolicy an FE begins with empty tables.
TEST(ProvisionSim, AnFeThatDiesInTheMiddleIsFilledAgain) {
  Provisioned p;
  p.net.ce_config(0).provision.sync.batch_octets = 1024;
  p.net.ce_config(0).provision.exchange.window_octets = 4096;
  fill(*p.rows[0], 3000, 8);
  p.net.start();
  ASSERT_TRUE(p.world.run_for(900ms));
  const std::size_t there = count_rows(p.net.fe(), RowKind::Prefix);
  ASSERT_GT(there, 0U);
  ASSERT_LT(there, 3000U);
  p.net.crash_fe(0);
  ASSERT_TRUE(p.world.run_for(1s));
  p.net.start_fe(0);
  ASSERT_TRUE(p.world.run_for(30s));
  EXPECT_TRUE(p.converged());
}

TEST(ProvisionSim, WhatWasUnderWayWhenTheChannelBrokeIsReadBackAndSentAgain) {
  Provisioned p;
  p.net.ce_config(0).provision.sync.batch_octets = 1024;
  p.net.ce_config(0).provision.exchange.window_octets = 4096;
  fill(*p.rows[0], 3000, 8);
  p.net.start();
  ASSERT_TRUE(p.world.run_for(900ms));
  p.net.cut(0, 0);
  ASSERT_TRUE(p.world.run_for(1s));
  p.net.mend(0, 0);
  ASSERT_TRUE(p.world.run_for(15s));
  EXPECT_TRUE(p.converged());
  EXPECT_EQ(p.net.ce().snapshot(p.world.now()).fes.at(0).associations, 1U);
}

TEST(ProvisionSim, AConfigThatIsNotAnsweredIsReadBackAndSentAgain) {
  Provisioned p;
  fill(*p.rows[0], 1000, 8);
  int lost = 0;
  p.lose = [&](std::size_t, const pl::MessageView& m) {
    return m.header().type == pl::MsgType::Config && lost++ == 1;
  };
  p.net.start();
  ASSERT_TRUE(p.world.run_for(25s));
  EXPECT_FALSE(p.converged());
  ASSERT_TRUE(p.world.run_for(20s));
  EXPECT_TRUE(p.converged());
  EXPECT_EQ(p.sync().counters().readings, 2U);
}

// A data plane that refuses prefixes while it is full.
struct Full : fe::lfb::Sink {
  pl::ResultCode check(const fe::lfb::Change& change) override {
    const bool refuse = full && change.row && change.after &&
                        change.instance->lfb_class->id == 10 && *change.row % 100 == 1;
    return refuse ? pl::ResultCode::MemoryError : pl::ResultCode::Success;
  }
  void applied(const fe::lfb::Changes&) override {}
  bool full = true;
};

TEST(ProvisionSim, RowsThatFailAreToldOnceAndTriedAgain) {
  Provisioned p;
  Full sink;
  p.net.dataplane = [&](std::size_t) { return &sink; };
  fill(*p.rows[0], 1001, 1);  // with one next hop there are no sets
  p.net.start();
  ASSERT_TRUE(p.world.run_for(60s));
  const auto told = p.all_said<ce::RowsFailed>();
  ASSERT_FALSE(told.empty());
  std::uint64_t rows = 0;
  for (const auto& t : told) {
    rows += t.failed.count;
    EXPECT_EQ(t.failed.code, pl::ResultCode::MemoryError);
  }
  const auto shot = p.net.ce().snapshot(p.world.now()).fes.at(0);
  EXPECT_EQ(rows, shot.rows_failed) << "each once, though it was tried again";
  EXPECT_GT(p.sync().counters().refused, rows) << "it was tried again";
  EXPECT_EQ(shot.rows_wanted, 1003U);
  EXPECT_EQ(shot.rows_acknowledged + shot.rows_failed, 1003U);
  EXPECT_EQ(p.sync().rows().failures().begin()->second.code, pl::ResultCode::MemoryError);
  sink.full = false;
  ASSERT_TRUE(p.world.run_for(300s));
  EXPECT_TRUE(p.converged());
  EXPECT_EQ(p.net.ce().snapshot(p.world.now()).fes.at(0).rows_failed, 0U);
}

TEST(ProvisionSim, AnFeWithoutATableIsLeftWithoutItsRows) {
  Provisioned p;
  p.net.new_fe = [](std::size_t, fe::ElementCore& fe) {
    fe.engine().store().add(fe::lfb::kIpv4UcastLpmClass, 1);
    fe.engine().store().add(fe::lfb::kIpv4NextHopClass, 1);
  };
  fill(*p.rows[0], 100, 1);
  p.net.start();
  ASSERT_TRUE(p.world.run_for(5s));
  EXPECT_EQ(p.sync().state(), SyncState::Synced);
  const auto shot = p.net.ce().snapshot(p.world.now()).fes.at(0);
  EXPECT_EQ(shot.rows_left_out, 20U + 1) << "IPv6";
  EXPECT_EQ(shot.rows_acknowledged, 80U + 1);
  EXPECT_EQ(count_rows(p.net.fe(), RowKind::Prefix), 80U);
}

TEST(ProvisionSim, AHundredThousandRowsInThousandsOfMessages) {
  Provisioned p;
  p.keep_rows();
  p.net.ce_config(0).provision.sync.batch_octets = 2048;
  fill(*p.rows[0], 100'000, 64);
  const auto began = std::chrono::steady_clock::now();
  p.net.start();
  ASSERT_TRUE(p.world.run_for(60s));
  ASSERT_EQ(p.sync().state(), SyncState::Synced);
  EXPECT_GT(p.row_configs, 1500);
  const auto loaded = std::chrono::steady_clock::now();
  p.restart_ce(0, 100'000, 64);
  const int configs = p.row_configs;
  ASSERT_TRUE(p.world.run_for(60s));
  const auto adopted = std::chrono::steady_clock::now();
  EXPECT_TRUE(p.converged());
  EXPECT_EQ(p.row_configs, configs);
  const auto ms = [](auto d) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
  };
  std::cout << "loaded in " << ms(loaded - began) << " ms, adopted in " << ms(adopted - loaded)
            << " ms, both ends and the network\n";
}

TEST(ProvisionSim, FiveFesAreFilledEachAtItsOwnPace) {
  Provisioned p(1, 5);
  fill(*p.rows[0], 500, 8);
  p.net.start();
  ASSERT_TRUE(p.world.run_for(10s));
  for (std::size_t fe = 0; fe < 5; ++fe) EXPECT_TRUE(p.converged(0, fe)) << fe;
}

// Rows come and go while FEs and CE do, and the network breaks.
TEST(ProvisionSim, EndsConvergedAfterAnyStorm) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Provisioned p(1, 2, seed);
    if (seed % 2 == 0) p.keep_rows();
    auto& config = p.net.ce_config(0).provision;
    config.sync.batch_octets = 512 + p.world.pick(2000);
    config.sync.rows_a_page = static_cast<std::uint32_t>(1 + p.world.pick(64));
    config.exchange.window_octets = 1024 + p.world.pick(8000);
    fill(*p.rows[0], 300, 6);
    p.net.start();
    for (int round = 0; round < 60; ++round) {
      ASSERT_TRUE(p.world.run_for(std::chrono::milliseconds(10 + p.world.pick(1500))));
      Rows& rows = *p.rows[0];
      const auto fe = static_cast<std::size_t>(p.world.pick(2));
      switch (p.world.pick(8)) {
        case 0:
          p.restart_ce(0, static_cast<std::uint32_t>(200 + p.world.pick(200)), 6);
          break;
        case 1:
          if (p.net.fe_runs(fe)) p.net.crash_fe(fe);
          p.net.start_fe(fe);
          break;
        case 2:
          p.net.cut(fe, 0);
          break;
        case 3:
          p.net.mend(fe, 0);
          break;
        default:
          for (int i = 0; i < 20; ++i) {
            const auto n = static_cast<std::uint32_t>(1 + p.world.pick(400));
            if (rows.prefixes.contains(n)) {
              rows.erase_prefix(n);
            } else {
              const auto hop = std::next(rows.hops.begin(), static_cast<long>(p.world.pick(3)));
              if (hop->second.family != Family::V4) continue;
              rows.put(
                  PrefixRow{.row = n, .prefix = prefix4(100'000 - n), .hop_selector = hop->first});
            }
          }
          p.changed();
          break;
      }
    }
    p.net.mend(0, 0);
    p.net.mend(1, 0);
    ASSERT_TRUE(p.world.run_for(400s));
    EXPECT_TRUE(p.converged(0, 0));
    EXPECT_TRUE(p.converged(0, 1));
    EXPECT_EQ(count_rows(p.net.fe(0), RowKind::Prefix), p.rows[0]->prefixes.size());
    EXPECT_EQ(count_rows(p.net.fe(1), RowKind::Hop), p.rows[0]->hops.size());
  }
}

TEST(ProvisionSim, PortsAreKnownAndTheirChangesTold) {
  Provisioned p;
  p.ports = 3;
  p.net.start();
  ASSERT_TRUE(p.world.run_for(2s));
  const auto& inventory = p.net.ce().provisioner(1)->inventory();
  EXPECT_TRUE(inventory.capability_known);
  EXPECT_EQ(inventory.fe_name, "fe");
  EXPECT_EQ(inventory.instances_of(3), (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_EQ(inventory.instances_of(10), (std::vector<std::uint32_t>{1}));
  const auto is_lpm = [](const auto& c) { return c.class_id == 10 && c.name == "IPv4UcastLPM"; };
  EXPECT_TRUE(std::ranges::any_of(inventory.classes, is_lpm));
  EXPECT_FALSE(inventory.topology_known) << "no data channel yet";
  p.net.ce().on_data_up(1, 1000, p.world.now());
  p.net.poke_ce(0);
  ASSERT_TRUE(p.world.run_for(1s));
  EXPECT_TRUE(inventory.topology_known);
  ASSERT_EQ(inventory.ports.size(), 3U);
  EXPECT_EQ(inventory.ports[1].port_id, 102U);
  EXPECT_EQ(p.all_said<ce::PortStatus>().size(), 3U);
  const std::byte up{1};
  ASSERT_TRUE(p.net.fe().engine().put({3, 2}, 3, std::span(&up, 1), p.world.now()));
  p.net.poke_fe(0);
  ASSERT_TRUE(p.world.run_for(100ms)) << "an event, not a poll";
  const auto told = p.all_said<ce::PortStatus>();
  ASSERT_EQ(told.size(), 4U);
  EXPECT_EQ(told.back().port, 102U);
  EXPECT_TRUE(told.back().up);
}

TEST(ProvisionSim, WithoutADataChannelTheTopologyIsAskedForAfterAWhile) {
  Provisioned p;
  p.net.start();
  ASSERT_TRUE(p.world.run_for(2s));
  EXPECT_FALSE(p.net.ce().provisioner(1)->inventory().topology_known);
  ASSERT_TRUE(p.world.run_for(3s));
  EXPECT_TRUE(p.net.ce().provisioner(1)->inventory().topology_known);
  EXPECT_TRUE(p.net.ce().provisioner(1)->inventory().ports_known);
}

}  // namespace
}  // namespace forces::test
