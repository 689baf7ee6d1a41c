// What routing wants at many FEs, and every CE's own numbers for it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "tests/sim/provision/tables.hpp"
#include "tests/support/sim/world.hpp"

namespace forces::test {

// The routes of one FE. Hops 0 to 5 are IPv4, the others IPv6; 0 and 1 are the same in all fields,
// and so are 2 and 3. Every fifth prefix is IPv6.
struct Wanted {
  static constexpr std::uint32_t kHops = 8, kHops4 = 6, kSets = 3, kPrefixes = 40;
  struct Hop {
    bool there = true;
    std::uint32_t mtu = 1500;
  };
  struct Prefix {
    enum class To : std::uint8_t { Nowhere, Hop, Set };
    To to = To::Nowhere;
    std::uint32_t index = 0;
  };
  explicit Wanted(World& world);
  void change(World& world);  // one of the ways in which routes change

  [[nodiscard]] static bool is_v6(std::uint32_t prefix) { return prefix % 5 == 4; }
  // Hops of a set that are there; never none.
  [[nodiscard]] std::vector<std::uint32_t> members(std::uint32_t set) const;

  std::array<Hop, kHops> hops{};
  std::array<std::uint32_t, kSets> sets{};  // a bit for each IPv4 hop
  std::array<Prefix, kPrefixes> prefixes{};

 private:
  void route(std::uint32_t prefix, World& world);
  void withdraw(std::uint32_t hop, World& world);
};

// The rows of every FE as one life of a CE numbers them.
class FleetRows : public ce::provision::RowSource {
 public:
  FleetRows(std::size_t fes, std::uint64_t salt) : rows_(fes), salt_(salt) {}

  // Follows what is wanted, in an order that never leaves a row without what it refers to. Before
  // complete_now() every other prefix is not known yet.
  void follow(std::size_t fe, const Wanted& wanted);
  void complete_now() { complete_ = true; }

  void on_fe(FeId fe) override { rows_.at(fe - 1).on_fe(fe); }
  void on_fe_gone(FeId fe) override { rows_.at(fe - 1).on_fe_gone(fe); }
  std::optional<Delta> poll(FeId fe) override { return rows_.at(fe - 1).poll(fe); }
  [[nodiscard]] bool complete() const override { return complete_; }
  [[nodiscard]] const Rows& of(std::size_t fe) const { return rows_.at(fe); }

 private:
  [[nodiscard]] std::uint32_t hop_number(std::uint32_t k) const { return number(k, 5, 8); }
  [[nodiscard]] std::uint32_t set_number(std::uint32_t k) const { return number(k, 1, 3); }
  [[nodiscard]] std::uint32_t row_number(std::uint32_t k) const { return number(k, 11, 40); }
  [[nodiscard]] std::uint32_t number(std::uint32_t k, std::uint32_t step, std::uint32_t of) const {
    return static_cast<std::uint32_t>((k * step + salt_) % of) + 1;
  }

  std::deque<Rows> rows_;
  std::uint64_t salt_;
  bool complete_ = false;
};

}  // namespace forces::test
