// The KernelPlane LFB: what Fib says of rows, where a CE can read it. No I/O.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <variant>

#include "fe/dataplane/kernel/plane.hpp"
#include "fe/lfb/engine/engine.hpp"
#include "tml/daemon/events.hpp"

namespace forces::fe::forwarding {

enum class PlaneState : std::uint8_t { Off = 0, Running = 1, Failed = 2 };

class PlaneLfb {
 public:
  static constexpr std::size_t kMostFailed = 1'000;  // rows of each table; RoutesFailed has all

  // Adds the instance. `engine` outlives this.
  void attach(lfb::Engine& engine);

  void set_state(PlaneState state, Instant now);
  using RowName = std::variant<dataplane::kernel::Prefix, dataplane::kernel::ObjectId>;
  void on_refused(const RowName& row);
  void on_refusals_lost() { routes_.incomplete = hops_.incomplete = true; }
  // Brings both tables to what holds now. `idle`: there is time to look at every row.
  void sync(const dataplane::kernel::Fib& fib, bool idle, Instant now);
  // Nothing is left to do.
  void settled(Instant now);

  // A live component; false for others.
  [[nodiscard]] static bool read(const dataplane::kernel::RouteCounts& counts,
                                 std::uint32_t component, wire::ByteWriter& out);

 private:
  template <class Name>
  struct FailedTable {
    struct Shown {
      std::uint32_t index = 0;
      int error = 0;
    };
    std::map<Name, std::optional<Shown>> rows;  // nothing: was refused, not looked at yet
    std::set<std::uint32_t> free;
    std::uint32_t used = 0;   // subscripts up to here
    bool incomplete = false;  // more rows failed than it took
  };
  template <class Name>
  void sync(FailedTable<Name>& table, std::uint32_t component, const dataplane::kernel::Fib& fib,
            Instant now);
  template <class Name>
  [[nodiscard]] static bool wants_more(const FailedTable<Name>& table) {
    return table.incomplete && table.rows.size() <= kMostFailed / 2;
  }
  template <class Name>
  void add(FailedTable<Name>& table, const Name& name);

  lfb::Engine* engine_ = nullptr;
  FailedTable<dataplane::kernel::Prefix> routes_;
  FailedTable<dataplane::kernel::ObjectId> hops_;
  std::uint32_t settled_ = 0;
};

// For the operator.
[[nodiscard]] daemon::CounterSamples samples_of(const dataplane::kernel::PlaneCounters& counters);

}  // namespace forces::fe::forwarding
