// The numbers of rows, and what was found at an FE.
#include "ce/provision/rows/row_book.hpp"

#include <gtest/gtest.h>

#include "ce/provision/rows/found_rows.hpp"

namespace forces::ce::provision {
namespace {

using routing::IpAddress;
using routing::NextHopRow;

constexpr RowKey kRow{RowKind::Prefix, 7};

TEST(RowBook, ARowHasItsOwnNumberUnlessSomethingElseStandsThere) {
  RowBook book;
  EXPECT_FALSE(book.placed(kRow));
  EXPECT_EQ(book.place(kRow, Table::Prefixes4), 7U);
  EXPECT_EQ(book.at_fe(kRow), 7U);
  EXPECT_EQ(book.translated(), 0U);
  book.in_use(Table::Prefixes4).insert(8);
  book.in_use(Table::Prefixes4).insert(1);
  const RowKey other{RowKind::Prefix, 8};
  EXPECT_EQ(book.place(other, Table::Prefixes4), 2U) << "the first that is unused";
  EXPECT_EQ(book.at_fe(other), 2U);
  EXPECT_EQ(book.translated(), 1U);
  EXPECT_EQ(book.place({RowKind::Prefix, 1}, Table::Prefixes6), 1U) << "another table";
  book.displace(other, Table::Prefixes4);
  EXPECT_FALSE(book.placed(other));
  EXPECT_EQ(book.translated(), 0U);
  EXPECT_EQ(book.in_use(Table::Prefixes4).unused(), 2U) << "free again";
}

TEST(RowBook, StatesAreCountedByKind) {
  RowBook book;
  book.set_state(kRow, RowState::Sent);
  book.set_state({RowKind::Hop, 7}, RowState::Acknowledged);
  EXPECT_EQ(book.count(RowState::Sent), 1U);
  EXPECT_EQ(book.count(RowKind::Hop, RowState::Acknowledged), 1U);
  book.set_state(kRow, RowState::Acknowledged);
  EXPECT_EQ(book.count(RowState::Sent), 0U);
  EXPECT_EQ(book.count(RowState::Acknowledged), 2U);
  std::vector<std::uint32_t> seen;
  book.for_each(RowKind::Prefix, [&](RowKey key, RowState) { seen.push_back(key.number); });
  EXPECT_EQ(seen, std::vector<std::uint32_t>{7});
  book.set_state(kRow, RowState::None);
  EXPECT_EQ(book.count(RowState::Acknowledged), 1U);
}

TEST(RowBook, PromotionIsOfWhatIsAcknowledgedNow) {
  for (const std::uint32_t count : {5u, 5000u}) {  // few are remembered, of many all are looked at
    RowBook book;
    for (std::uint32_t n = 1; n <= count; ++n) {
      book.set_state({RowKind::Prefix, n}, RowState::Acknowledged);
    }
    book.set_state({RowKind::Prefix, 2}, RowState::Sent);
    book.set_state({RowKind::Set, 3}, RowState::Failed);
    book.promote();
    EXPECT_EQ(book.count(RowState::Installed), count - 1);
    EXPECT_EQ(book.state({RowKind::Prefix, 2}), RowState::Sent);
    EXPECT_EQ(book.state({RowKind::Set, 3}), RowState::Failed);
    book.set_state({RowKind::Prefix, 2}, RowState::Acknowledged);
    EXPECT_EQ(book.count(RowState::Installed), count - 1);
    book.promote();
    EXPECT_EQ(book.count(RowState::Installed), count);
    EXPECT_EQ(book.count(RowState::Acknowledged), 0U);
  }
}

TEST(RowBook, WhatIsUnderWayDoesNotDisturbTheState) {
  RowBook book;
  book.place(kRow, Table::Prefixes4);
  book.set_state(kRow, RowState::Sent);
  for (int i = 0; i < RowBook::kMostUnderWay; ++i) book.sent(kRow);
  EXPECT_EQ(book.under_way(kRow), RowBook::kMostUnderWay);
  EXPECT_EQ(book.state(kRow), RowState::Sent);
  EXPECT_TRUE(book.placed(kRow));
  for (int i = 0; i < 20; ++i) book.answered(kRow);
  EXPECT_EQ(book.under_way(kRow), 0U);
  EXPECT_EQ(book.state(kRow), RowState::Sent);
}

TEST(NumbersInUse, HugeNumbersCostNothing) {
  NumbersInUse numbers;
  numbers.insert(0xffffffff);
  numbers.insert(0);
  EXPECT_TRUE(numbers.contains(0xffffffff));
  EXPECT_FALSE(numbers.contains(0xfffffffe));
  EXPECT_EQ(numbers.unused(), 1U);
  numbers.erase(0xffffffff);
  EXPECT_FALSE(numbers.contains(0xffffffff));
}

NextHopRow hop(std::uint32_t port) {
  return {.family = Family::V4, .l3_port_id = port, .next_hop_ip_addr = IpAddress::v4(1)};
}
void add(FoundRows& found, Table table, std::uint32_t number, wire::Bytes octets) {
  ASSERT_TRUE(found.add(table, number, octets));
}

TEST(FoundRows, NextHopsAreTheirFields) {
  FoundRows found;
  PackedRow packed;
  add(found, Table::Hops4, 5, packed.pack(hop(1)));
  add(found, Table::Hops4, 6, packed.pack(hop(1)));
  add(found, Table::Hops4, 7, packed.pack(hop(2)));
  found.complete();
  EXPECT_EQ(found.find_hop(hop(1), 6), 6U) << "the hint decides among equals";
  EXPECT_EQ(found.find_hop(hop(2), 6), 7U) << "but not against the fields";
  EXPECT_FALSE(found.find_hop(hop(3), 6));
  found.claim_hop(Family::V4, 6);
  EXPECT_EQ(found.find_hop(hop(1), 6), 5U);
  found.claim_hop(Family::V4, 5);
  EXPECT_FALSE(found.find_hop(hop(1), 5));
  EXPECT_EQ(found.unclaimed(), 1U);
}

TEST(FoundRows, SetsAreTheirMembers) {
  FoundRows found;
  PackedRow packed;
  add(found, Table::Hops4, 5, packed.pack(hop(1)));
  add(found, Table::Hops4, 6, packed.pack(hop(2)));
  add(found, Table::Sets4, 1, packed.pack({{5, 1}, {6, 2}}));
  add(found, Table::Sets4, 2, packed.pack({{6, 2}, {5, 1}}));
  add(found, Table::Sets4, 3, packed.pack({{5, 2}, {6, 2}}));
  add(found, Table::Sets4, 4, packed.pack({{5, 1}, {99, 1}}));
  found.complete();
  const std::uint64_t hash =
      FoundRows::hash_of_member(hop(2), 2) + FoundRows::hash_of_member(hop(1), 1);
  EXPECT_EQ(found.find_sets(Family::V4, hash, 2).front(), 2U);
  EXPECT_EQ(found.find_sets(Family::V4, hash, 1).size(), 2U) << "in whatever order";
  found.claim_set(Family::V4, 2);
  EXPECT_EQ(found.find_sets(Family::V4, hash, 2), std::vector<std::uint32_t>{1});
}

TEST(FoundRows, OrphansGoInTheOrderInWhichTheyMay) {
  FoundRows found;
  PackedRow packed;
  add(found, Table::Hops4, 5, packed.pack(hop(1)));
  add(found, Table::Sets4, 1, packed.pack({{5, 1}}));
  routing::PrefixRow row;
  row.prefix = {IpAddress::v4(0x0a000000), 8};
  add(found, Table::Prefixes4, 3, packed.pack(row));
  add(found, Table::Prefixes4, 4, packed.pack(row));  // the same prefix again
  row.prefix = {IpAddress::v4(0x0a000001), 8};
  add(found, Table::Prefixes4, 2, packed.pack(row));  // bits behind the length
  add(found, Table::Prefixes4, 1, {});                // unreadable
  found.complete();
  std::vector<std::pair<Table, std::uint32_t>> order;
  for (const FoundRows::Row& r : found.orphans()) order.emplace_back(r.table, r.number);
  EXPECT_EQ(order, (std::vector<std::pair<Table, std::uint32_t>>{{Table::Prefixes4, 1},
                                                                 {Table::Prefixes4, 2},
                                                                 {Table::Prefixes4, 3},
                                                                 {Table::Prefixes4, 4},
                                                                 {Table::Sets4, 1},
                                                                 {Table::Hops4, 5}}));
  auto* const there = found.find({IpAddress::v4(0x0a000000), 8});
  ASSERT_NE(there, nullptr);
  EXPECT_EQ(there->row.row, 3U);
  found.claim(*there);
  EXPECT_EQ(found.orphans().size(), 5U);
}

}  // namespace
}  // namespace forces::ce::provision
