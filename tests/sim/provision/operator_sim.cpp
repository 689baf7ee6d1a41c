// What an operator writes into tables that routing owns: it stays for the grace time, then it goes
// and is told of; what was right is put back at once.
#include <gtest/gtest.h>

#include "tests/sim/provision/fixture.hpp"

namespace forces::test {
namespace {

// A Config that sets row `number` of IPv4UcastLPM, as forcesctl would send it.
std::vector<pl::BodyTlv> set_row(std::uint32_t number, const PrefixRow& row) {
  ce::provision::PackedRow packed;
  const auto octets = packed.pack(row);
  pl::PathData path;
  path.ids = {1, number};
  path.items.push_back({pl::FullData{{octets.begin(), octets.end()}}});
  pl::LfbSelect select{{ce::provision::kIpv4UcastLpm}, {1}, {}};
  select.operations.push_back({.type = pl::OperType::Set});
  select.operations.back().elements.push_back({std::move(path)});
  std::vector<pl::BodyTlv> body;
  body.emplace_back(std::move(select));
  return body;
}

class OperatorSim : public testing::Test {
 protected:
  void SetUp() override {
    fill(*p.rows[0], 100, 4);
    p.net.start();
    ASSERT_TRUE(p.world.run_for(2s));
    ASSERT_TRUE(p.converged());
  }
  void configure(const std::vector<pl::BodyTlv>& body) {
    ASSERT_NE(p.net.ce().configure_fe(1, body, p.world.now()), 0U);
    p.net.poke_ce(0);
  }
  Provisioned p;
};

TEST_F(OperatorSim, ARowOfHisInATableOfRoutingGoesAfterTheGraceAndIsToldOf) {
  configure(set_row(5000, {.row = 5000, .prefix = prefix4(40'000), .hop_selector = 1}));
  ASSERT_TRUE(p.world.run_for(50s));
  EXPECT_EQ(count_rows(p.net.fe(), RowKind::Prefix), 101U);
  EXPECT_EQ(p.sync().orphans(), 1U);
  ASSERT_TRUE(p.world.run_for(20s));
  EXPECT_TRUE(p.converged());
  const auto told = p.all_said<ce::RowsRemoved>();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].removed.count, 1U);
  EXPECT_EQ(told[0].removed.prefix, prefix4(40'000));
}

TEST_F(OperatorSim, ARowOfRoutingThatHeChangesIsPutBackAtOnce) {
  PrefixRow row = p.rows[0]->prefixes.begin()->second;
  while (row.prefix.address.family != Family::V4 || row.ecmp_flag) {
    row = std::next(p.rows[0]->prefixes.find(row.row))->second;
  }
  const std::uint32_t number = row.row;
  row.default_route_flag = !row.default_route_flag;
  const int before = p.rows_set;
  configure(set_row(number, row));
  ASSERT_TRUE(p.world.run_for(1s));
  EXPECT_EQ(p.rows_set, before + 2) << "his and ours";
  EXPECT_TRUE(p.converged());
  EXPECT_EQ(p.sync().counters().readings, 2U);
}

TEST_F(OperatorSim, WhatHeAsksOrSetsElsewhereReadsNothingBack) {
  pl::PathData path;
  path.ids = {ce::provision::kCeId};
  pl::LfbSelect select{pl::kFeProtocolObject, {1}, {}};
  select.operations.push_back({.type = pl::OperType::Get});
  select.operations.back().elements.push_back({std::move(path)});
  std::vector<pl::BodyTlv> body;
  body.emplace_back(std::move(select));
  ASSERT_NE(p.net.ce().ask(1, body, p.world.now()), 0U);
  p.net.poke_ce(0);
  ASSERT_TRUE(p.world.run_for(1s));
  EXPECT_EQ(p.sync().counters().readings, 1U);
}

}  // namespace
}  // namespace forces::test
