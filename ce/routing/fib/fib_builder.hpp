// From routes to the rows that each FE shall have. Sans I/O: the Rib's changes, interfaces, links
// and FEs in; for each FE its changes out, polled.
//
// A HopSelector means the same next hop of the network element at every FE: "port 2 of FE 1, then
// 10.98.1.2". What differs from FE to FE is the next-hop row of that number only: the port itself
// at FE 1, elsewhere the link towards FE 1. So all FEs share one prefix table, a route costs the
// same however many FEs there are, and a link that fails changes next-hop rows, not prefix rows.
//
// Each FE reads at its own pace: next hops, then sets, then prefixes, then what is gone in the
// reverse order. So no row an FE was given refers to one it was not, at any moment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "ce/routing/fib/change_log.hpp"
#include "ce/routing/fib/hop_table.hpp"
#include "ce/routing/fib/rows.hpp"
#include "ce/routing/fib/topology.hpp"
#include "ce/routing/rib/rib.hpp"

namespace forces::ce::routing {

struct FibCounters {
  // Of next hops, each time a route was looked at.
  std::uint64_t not_an_fe_port = 0, other_family = 0, encapsulated = 0;
};

class FibBuilder {
 public:
  explicit FibBuilder(Rib& rib) : rib_(rib) {}

  // The CE's device of that index stands for a port of an FE. Given again it is replaced.
  void on_interface(std::uint32_t ifindex, FePort port, std::uint32_t mtu);
  void on_interface_gone(std::uint32_t ifindex);
  void set_links(const std::vector<InterFeLink>& links);

  // An FE begins, or begins anew with empty tables: everything is given to it.
  void on_fe(FeId fe);
  void on_fe_gone(FeId fe);

  // Takes in what changed in the Rib. Call it between frames of FPM, then poll the FEs.
  void update();

  // The next change of that FE's rows; nullopt: it has been given everything.
  [[nodiscard]] std::optional<Delta> poll(FeId fe);

  // For people, and for who must know what depends on a next hop. What a route leads to, and the
  // next hops behind it as that FE has them.
  [[nodiscard]] Selector selector(RouteId id) const {
    return id < selectors_.size() ? selectors_[id] : Selector{};
  }
  [[nodiscard]] std::vector<HopSelector> hops_of(FeId fe, Selector selector) const;
  // How many prefixes lead only to next hops and sets that have failed there.
  using HasFailed = std::function<bool(Family, bool set, HopSelector)>;
  [[nodiscard]] std::size_t leading_only_to(FeId fe, const HasFailed& failed) const;

  [[nodiscard]] std::size_t prefixes() const { return prefixes_; }  // rows of each FE
  [[nodiscard]] std::size_t next_hops() const { return table_.hops.size(); }
  [[nodiscard]] std::size_t sets() const { return table_.sets.size(); }
  [[nodiscard]] std::size_t unresolved() const { return rib_.size() - prefixes_; }
  [[nodiscard]] const FibCounters& counters() const { return counters_; }

 private:
  struct Interface {
    FePort port;
    std::uint32_t mtu = 0;
    friend bool operator==(const Interface&, const Interface&) = default;
  };
  struct Readers {
    ChangeLog::Reader hops, sets, prefixes, sets_gone, hops_gone;
  };
  // What a group of the Rib meant when it was last looked at: routes come in crowds.
  struct Memo {
    std::uint64_t version = 0;  // of the group, and
    std::uint64_t epoch = 0;    // of the interfaces, for which
    Selector selector;          // was right, if its use
    std::uint64_t life = 0;     // is still the same
  };

  void apply(RouteId id);
  [[nodiscard]] Selector acquire(GroupId group, Family family);
  void reclaim();
  [[nodiscard]] bool reachable(FeId fe, const Hop& hop) const;
  [[nodiscard]] NextHopRow next_hop_row(FeId fe, HopSelector number) const;
  [[nodiscard]] EcmpRow ecmp_row(FeId fe, HopSelector number) const;

  Rib& rib_;
  std::unordered_map<std::uint32_t, Interface> interfaces_;
  std::map<FePort, std::uint32_t> mtus_;
  Topology topology_;
  std::map<FeId, Readers> fes_;
  HopTable table_;
  ChangeLog log_;                    // of prefixes, by RouteId
  std::vector<Selector> selectors_;  // by RouteId; what its row says
  std::size_t prefixes_ = 0;
  std::vector<Memo> memos_;  // two a group: IPv4, IPv6
  std::uint64_t epoch_ = 0;
  std::vector<NextHop> resolved_;
  std::vector<HopTable::Weighted> wanted_;
  FibCounters counters_;
};

}  // namespace forces::ce::routing
