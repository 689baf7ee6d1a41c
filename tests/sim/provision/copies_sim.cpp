// Rows of copies between FEs on the way from the maps of a MARS to real FEs: through Forwarding,
// CopySync and the engine of the FE's LFBs, in virtual time.
#include <gtest/gtest.h>

#include "ce/multicast/forwarding/source.hpp"
#include "proto/model/classes/classes.hpp"
#include "tests/sim/provision/fixture.hpp"

namespace forces::test {
namespace {

using ce::provision::CopyRow;
using ce::provision::CopyRows;
using ce::provision::CopySync;
using ce::provision::CopyTable;
using multicast::forwarding::ForwardingSource;
namespace component = model::multicast;

constexpr fe::lfb::Target kMulticast{65'793, 1};
constexpr std::uint16_t kMember = 5000, kServer = 5001;

mars::AtmAddress address(std::uint32_t fe, std::uint16_t port) {
  return mars::encode_element({{fe}, {0x0a000000 + fe, port}});
}
mars::GroupRange group(std::uint32_t n) {
  const auto one = mars::ipv4_address(0xef010000 + n);
  return {one, one};
}

struct Copying : Provisioned {
  explicit Copying(std::size_t ces = 1, std::size_t fes = 3, std::uint64_t seed = 1)
      : Provisioned(ces, fes, seed), sources(ces) {
    for (auto& source : sources) source = std::make_unique<ForwardingSource>();
    net.new_fe = [this](std::size_t i, fe::ElementCore& fe) {
      add_forwarding(fe);
      fe.engine().store().add(fe::lfb::kMulticastClass, kMulticast.instance_id);
      wire::ByteWriter local;
      local.u32(i + 1 == without_endpoint ? 0 : 0x0a000000 + static_cast<std::uint32_t>(i) + 1);
      local.u16(i + 1 == without_endpoint ? 0 : kMember);
      local.u16(0);
      EXPECT_TRUE(fe.engine().set_initial(kMulticast, component::kLocal, local.written()));
    };
    const auto rows_of_routes = net.new_ce;
    net.new_ce = [this, rows_of_routes](std::size_t j, ce::ControllerCore& ce) {
      rows_of_routes(j, ce);
      ce.set_copy_source(sources[j].get(), world.now());
    };
    for (std::size_t j = 0; j < ces; ++j) tell_members(j);
  }
  void new_life() {
    sources[0] =
        std::make_unique<ForwardingSource>(multicast::forwarding::ForwardingTimes{}, world.now());
  }
  void tell_members(std::size_t j) {
    sources[j]->with([&](auto& f) {
      for (std::uint32_t fe = 1; fe <= fe_count(); ++fe) {
        f.set_member(multicast::forwarding::Family::Ipv4, address(fe, kMember), true, world.now());
      }
    });
  }
  struct Maps {
    std::set<std::uint32_t> hosts, servers;
  };
  void tell(std::size_t j, std::uint32_t n) {
    std::vector<mars::AtmAddress> hosts, servers;
    for (const std::uint32_t fe : maps[n].hosts) hosts.push_back(address(fe, kMember));
    for (const std::uint32_t fe : maps[n].servers) servers.push_back(address(fe, kServer));
    sources[j]->with([&](auto& f) {
      f.set_group(multicast::forwarding::Family::Ipv4, group(n), hosts, servers, world.now());
    });
    if (net.ce_runs(j)) changed(j);
  }
  void set(std::uint32_t n, Maps map) {
    maps[n] = std::move(map);
    for (std::size_t j = 0; j < sources.size(); ++j) tell(j, n);
  }
  CopyRows at_fe(std::uint32_t fe) {
    CopyRows found;
    for (std::size_t t = 0; t < ce::provision::kCopyTables; ++t) {
      const auto table = static_cast<CopyTable>(t);
      net.fe(fe - 1).engine().each_row(
          kMulticast, ce::provision::component_of(table), [&](std::uint32_t, wire::Bytes octets) {
            const auto row = ce::provision::read_copy_row(table, octets);
            ASSERT_TRUE(row.has_value());
            found.insert(*row);
          });
    }
    return found;
  }
  bool right(std::size_t j = 0) {
    for (std::uint32_t fe = 1; fe <= fe_count(); ++fe) {
      const CopyRows want = sources[j]->rows(fe);
      if (want.empty() || at_fe(fe) != want) return false;
    }
    return true;
  }
  const CopySync& copies(std::uint32_t fe, std::size_t j = 0) {
    return net.ce(j).provisioner(fe)->copies();
  }

  std::vector<std::unique_ptr<ForwardingSource>> sources;
  std::map<std::uint32_t, Maps> maps;
  std::size_t without_endpoint = 0;
};

TEST(CopiesSim, EachFeIsGivenItsRows) {
  Copying p;
  p.set(1, {{2, 3}, {}});
  p.net.start();
  ASSERT_TRUE(p.world.run_for(2s));
  EXPECT_TRUE(p.right());
  EXPECT_EQ(p.at_fe(1).size(), 3U + 2U);
  EXPECT_EQ(p.at_fe(3).size(), 3U + 1U);
  EXPECT_EQ(p.copies(1).state(), CopySync::State::Running);
  EXPECT_EQ(p.copies(1).rows(), 5U);
}

TEST(CopiesSim, AChangeIsOneMessageToThoseThatItConcerns) {
  Copying p;
  p.set(1, {{2, 3}, {}});
  p.net.start();
  ASSERT_TRUE(p.world.run_for(2s));
  const int before = p.row_configs;
  p.set(1, {{3}, {}});
  ASSERT_TRUE(p.world.run_for(1s));
  EXPECT_TRUE(p.right());
  EXPECT_EQ(p.row_configs, before + 2) << "FEs 1 and 3 no longer send to FE 2, which is not asked";
}

TEST(CopiesSim, AGroupMovesToAnMcsAndBack) {
  Copying p;
  p.set(1, {{1, 3}, {}});
  p.net.start();
  ASSERT_TRUE(p.world.run_for(2s));
  p.set(1, {{1, 3}, {2}});
  ASSERT_TRUE(p.world.run_for(1s));
  EXPECT_TRUE(p.right());
  const CopyRow to_mcs{CopyTable::Copies4, {239, 1, 0, 1}, {239, 1, 0, 1}, 0x0a000002, kServer};
  for (const std::uint32_t fe : {1U, 2U, 3U}) EXPECT_TRUE(p.at_fe(fe).contains(to_mcs)) << fe;
  EXPECT_EQ(p.at_fe(2).size(), 4U + 1U + 2U);
  p.set(1, {{1, 3}, {}});
  ASSERT_TRUE(p.world.run_for(20s));
  EXPECT_TRUE(p.right());
  EXPECT_EQ(p.at_fe(2).size(), 3U + 2U);
}

TEST(CopiesSim, ARestartedCeChangesNothingThatIsRight) {
  Copying p;
  p.keep_rows();
  for (std::uint32_t n = 1; n <= 40; ++n) p.set(n, {{1 + n % 3, 1 + (n + 1) % 3}, {}});
  p.net.start();
  ASSERT_TRUE(p.world.run_for(2s));
  ASSERT_TRUE(p.right());
  const int configs = p.row_configs;
  p.net.crash_ce(0);
  p.new_life();
  p.tell_members(0);
  for (const auto& [n, map] : p.maps) p.tell(0, n);
  p.net.start_ce(0);
  ASSERT_TRUE(p.world.run_for(10s));
  EXPECT_TRUE(p.right());
  EXPECT_EQ(p.row_configs, configs);
}

// A CE that has just begun knows of fewer members than there are.
TEST(CopiesSim, WhatAnEarlierLifeLeftStaysUntilAllHaveRejoined) {
  Copying p;
  p.keep_rows();
  p.set(1, {{1, 2}, {}});
  p.set(2, {{2, 3}, {}});
  p.set(3, {{2, 3}, {}});
  p.net.start();
  ASSERT_TRUE(p.world.run_for(2s));
  const int configs = p.row_configs;
  const CopyRows before = p.at_fe(1);
  p.net.crash_ce(0);
  p.new_life();
  p.tell_members(0);
  p.net.start_ce(0);
  ASSERT_TRUE(p.world.run_for(10s));
  EXPECT_EQ(p.at_fe(1), before) << "nobody has joined again yet";
  EXPECT_EQ(p.row_configs, configs);
  p.set(1, {{2}, {}});
  p.set(2, {{3}, {2}});
  ASSERT_TRUE(p.world.run_for(5s));
  const CopyRow to_mcs{CopyTable::Copies4, {239, 1, 0, 2}, {239, 1, 0, 2}, 0x0a000002, kServer};
  EXPECT_TRUE(p.at_fe(1).contains(to_mcs));
  std::size_t of_group_2 = 0, of_group_3 = 0;
  for (const CopyRow& row : p.at_fe(1)) {
    of_group_2 += row.table == CopyTable::Copies4 && row.first[3] == 2 ? 1 : 0;
    of_group_3 += row.table == CopyTable::Copies4 && row.first[3] == 3 ? 1 : 0;
  }
  EXPECT_EQ(of_group_2, 1U) << "with the MCS beside the members packets would come twice";
  EXPECT_EQ(of_group_3, 2U);
  ASSERT_TRUE(p.world.run_for(100s));
  EXPECT_TRUE(p.right()) << "and then what nobody wants goes";
}

TEST(CopiesSim, OnlyTheMasterSetsThem) {
  Copying p(2, 1);
  p.hot_standby();
  p.set(1, {{2, 3}, {}});
  p.net.start();
  ASSERT_TRUE(p.world.run_for(5s));
  ASSERT_TRUE(p.net.ce(1).associated(1));
  EXPECT_TRUE(p.right(0));
  EXPECT_EQ(p.copies(1, 1).state(), CopySync::State::Off);
  EXPECT_EQ(p.sources[1]->version(1), 0U) << "it is not its FE";
  const int configs = p.row_configs;
  p.net.crash_ce(0);
  ASSERT_TRUE(p.world.run_for(10s));
  EXPECT_TRUE(p.net.ce(1).is_master(1));
  EXPECT_TRUE(p.right(1));
  EXPECT_EQ(p.row_configs, configs) << "the other has set the same";
  p.set(1, {{3}, {}});
  ASSERT_TRUE(p.world.run_for(2s));
  EXPECT_TRUE(p.right(1));
  EXPECT_EQ(p.row_configs, configs + 1);
}

TEST(CopiesSim, AnFeWithoutAnEndpointIsLeftAlone) {
  Copying p;
  p.without_endpoint = 2;
  p.set(1, {{3}, {}});
  p.net.start();
  ASSERT_TRUE(p.world.run_for(5s));
  EXPECT_EQ(p.copies(2).state(), CopySync::State::Absent);
  EXPECT_TRUE(p.at_fe(2).empty());
  EXPECT_EQ(p.at_fe(1), p.sources[0]->rows(1)) << "nobody waits for it";
}

TEST(CopiesSim, WhatAnOperatorChangesIsPutRight) {
  Copying p;
  p.set(1, {{2, 3}, {}});
  p.net.start();
  ASSERT_TRUE(p.world.run_for(2s));
  std::uint32_t some_row = 0;
  p.net.fe(0).engine().each_row(kMulticast, component::kCopies,
                                [&](std::uint32_t n, wire::Bytes) { some_row = n; });
  pl::PathData path;
  path.ids = {component::kCopies, some_row};
  pl::LfbSelect select{{kMulticast.class_id}, {kMulticast.instance_id}, {}};
  select.operations.push_back({.type = pl::OperType::Del});
  select.operations.back().elements.push_back({std::move(path)});
  std::vector<pl::BodyTlv> body;
  body.emplace_back(std::move(select));
  ASSERT_NE(p.net.ce().configure_fe(1, body, p.world.now()), 0U);
  p.net.poke_ce(0);
  ASSERT_TRUE(p.world.run_for(10s));
  EXPECT_TRUE(p.right());
  EXPECT_EQ(p.at_fe(1).size(), 5U);
}

TEST(CopiesSim, WhatAnFeRefusesIsToldAndTriedAgain) {
  Copying p;
  p.net.start();
  ASSERT_TRUE(p.world.run_for(2s));
  // Somebody has put the very row under a number of his own, behind our back.
  wire::ByteWriter row;
  row.u32(0xef010001);
  row.u32(0xef010001);
  row.u32(0x0a000003);
  row.u16(kMember);
  ASSERT_TRUE(p.net.fe(0).engine().put_row(kMulticast, component::kCopies, 77, row.written(),
                                           p.world.now()));
  p.set(1, {{3}, {}});
  ASSERT_TRUE(p.world.run_for(1s));
  EXPECT_EQ(p.copies(1).failures(), 1U);
  EXPECT_EQ(p.all_said<ce::CopiesFailed>().size(), 1U);
  ASSERT_TRUE(p.world.run_for(10s));
  EXPECT_TRUE(p.right()) << "read back, it is what was wanted";
  EXPECT_EQ(p.copies(1).failures(), 1U);
}

TEST(CopiesSim, EndsRightAfterAnyStorm) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Copying p(1, 3, seed);
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
    if (seed % 2 == 0) p.keep_rows();
    p.net.start();
    for (int step = 0; step < 60; ++step) {
      switch (below(8)) {
        case 0: {
          const std::size_t fe = below(3);
          if (p.net.fe_runs(fe)) {
            p.net.crash_fe(fe);
          } else {
            p.net.start_fe(fe);
          }
          break;
        }
        case 1:
          if (p.net.ce_runs(0)) {
            p.net.crash_ce(0);
          } else {
            // A new life knows what is, and no number of the old one.
            p.new_life();
            p.tell_members(0);
            for (const auto& [n, map] : p.maps) p.tell(0, n);
            p.net.start_ce(0);
          }
          break;
        default: {
          const std::uint32_t n = below(5);
          Copying::Maps map;
          for (const std::uint32_t fe : {1U, 2U, 3U}) {
            if (below(2) == 0) map.hosts.insert(fe);
            if (below(5) == 0) map.servers.insert(fe);
          }
          p.set(n, map);
        }
      }
      ASSERT_TRUE(p.world.run_for(std::chrono::milliseconds(below(700))));
    }
    for (std::size_t fe = 0; fe < 3; ++fe) {
      if (!p.net.fe_runs(fe)) p.net.start_fe(fe);
    }
    if (!p.net.ce_runs(0)) p.net.start_ce(0);
    ASSERT_TRUE(p.world.run_for(200s));
    EXPECT_TRUE(p.right());
  }
}

}  // namespace
}  // namespace forces::test
