// The rows that an FE had when the CE came, until each is somebody's or deleted.
//
// Numbers mean nothing here: a next hop is its fields, a set its members' fields and weights, a
// prefix itself. Several next hops may be the same in all fields (neighbours behind one link); then
// a prefix says which of them was meant, by the row that the FE has for it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "ce/provision/rows/row_codec.hpp"
#include "ce/routing/rib/prefix_index.hpp"

namespace forces::ce::provision {

class FoundRows {
 public:
  static constexpr std::size_t kMost = 4'000'000;

  struct Prefix {
    routing::PrefixRow row;  // with the FE's numbers
    bool claimed = false;
  };
  struct Row {
    Table table{};
    std::uint32_t number = 0;
  };

  // A row as it was read; without octets, one that could not be. False: there are too many.
  [[nodiscard]] bool add(Table table, std::uint32_t number, wire::Bytes packed);
  // All rows are there: sets are looked at.
  void complete();
  void clear() { *this = FoundRows(); }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t unclaimed() const { return unclaimed_; }

  [[nodiscard]] Prefix* find(const routing::IpPrefix& prefix);
  void claim(Prefix& prefix);

  // An unclaimed next hop with these fields: that of `hint`, of its own number, or any.
  [[nodiscard]] std::optional<std::uint32_t> find_hop(const routing::NextHopRow& row,
                                                      std::uint32_t hint) const;
  [[nodiscard]] bool is_hop(std::uint32_t number, const routing::NextHopRow& row) const;
  void claim_hop(Family family, std::uint32_t number);

  // Unclaimed sets whose members are, in number and by content, those that `hash` was made of; the
  // one of `hint` first.
  [[nodiscard]] std::vector<std::uint32_t> find_sets(Family family, std::uint64_t hash,
                                                     std::uint32_t hint) const;
  [[nodiscard]] const std::vector<routing::EcmpMember>& members(Family family,
                                                                std::uint32_t number) const;
  void claim_set(Family family, std::uint32_t number);

  // What a set's hash is the sum of.
  [[nodiscard]] static std::uint64_t hash_of_member(const routing::NextHopRow& hop,
                                                    std::uint32_t weight);

  // What nobody has claimed, in the order in which it may be deleted.
  [[nodiscard]] std::vector<Row> orphans() const;
  [[nodiscard]] std::optional<routing::IpPrefix> prefix_of(const Row& row) const;

 private:
  struct Hop {
    routing::NextHopRow row;
    bool claimed = false;
  };
  struct Set {
    std::vector<routing::EcmpMember> members;
    std::uint64_t hash = 0;
    bool claimed = false;
  };
  using ByHash = std::unordered_multimap<std::uint64_t, std::uint32_t>;

  std::vector<Prefix> prefixes_;
  routing::PrefixIndex index_;
  // By family.
  std::array<std::unordered_map<std::uint32_t, Hop>, 2> hops_;
  std::array<std::unordered_map<std::uint32_t, Set>, 2> sets_;
  std::array<ByHash, 2> hops_by_hash_, sets_by_hash_;
  std::vector<Row> unreadable_;
  std::size_t size_ = 0, unclaimed_ = 0;
};

}  // namespace forces::ce::provision
