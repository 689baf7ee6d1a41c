// Groups and their leaves against the multicast routes of the kernel, for one family: which routes
// are missing, wrong or over. No I/O.
//
// The kernel has one route for each flow: a source, a group, the port it comes in at, the ports it
// leaves by. It asks when packets of a flow come for which it has none; then the row of the group
// is looked up, and the flow is told to the kernel with the ports of its leaves, or with none, so
// that it asks no more. A row that changes changes the flows of its group that are there.
//
// Beside the rows, which are a CE's, stand leaves of the FE's own: ports whose hosts have joined,
// and ports with routers. They need no row of their group, and are for packets of any port.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "common/core/outputs.hpp"
#include "common/core/time.hpp"
#include "fe/dataplane/kernel/rows.hpp"

namespace forces::fe::dataplane::multicast {

using kernel::Address;
using kernel::Family;

struct GroupRow {
  Address group{}, source{};  // source zero: of any other source
  std::uint32_t in_port = 0;  // 0: on any port
};
struct LeafRow {
  std::uint32_t group_index = 0;  // the subscript of a GroupRow, which may come later
  std::uint32_t out_port = 0;
};

// What hosts behind a port want of a group.
struct SourceFilter {
  bool exclude = true;             // all sources but these; false: these only
  std::vector<Address> sources{};  // ascending
  [[nodiscard]] bool passes(const Address& source) const;
};

struct Flow {
  Address group{}, source{};
  friend constexpr auto operator<=>(const Flow&, const Flow&) = default;
};

// Operations on the kernel. Each may be done twice.
struct SetFlow {
  Flow flow{};
  std::uint32_t in_port = 0;
  std::vector<std::uint32_t> out_ports{};  // none: packets of it are dropped
};
struct DeleteFlow {
  Flow flow{};
};
using FlowOperation = std::variant<SetFlow, DeleteFlow>;

struct RouteCounters {
  std::uint64_t packets = 0;           // of flows that have a group
  std::uint64_t no_group_packets = 0;  // of others
  std::uint64_t refused = 0;           // flows for which there was no room
};

class Routes {
 public:
  static constexpr std::size_t kMostFlows = 16'384;
  static constexpr std::uint32_t kEndpoints = 0;                // no port: copies to other FEs
  static constexpr Duration kIdle = std::chrono::seconds(210);  // as RFC 7761 section 4.11 has it

  // Nothing: the row goes.
  void set_group(std::uint32_t index, std::optional<GroupRow> row);
  void set_leaf(std::uint32_t index, std::optional<LeafRow> row);
  // A leaf of the FE's own. Nothing: it goes.
  void set_local(const Address& group, std::uint32_t port, std::optional<SourceFilter> filter);
  // A port with a router behind it is a leaf of every group.
  void set_router(std::uint32_t port, bool present);
  // Packets of these groups also leave by kEndpoints: somebody at another FE wants them. Each range
  // as often as it was set.
  void set_beyond(const Address& first, const Address& last, bool on);
  // Disabled: flows are kept, and dropped.
  void enable(bool on);

  // The kernel asks: packets of this flow came in at this port.
  void on_packet(const Flow& flow, std::uint32_t port, Instant now);
  // What the kernel has counted of the flow since it was set. A flow that is idle goes.
  void on_count(const Flow& flow, std::uint64_t packets, Instant now);
  // The kernel has nothing any more, or the ports there are others.
  void forget_flows();

  [[nodiscard]] std::optional<FlowOperation> poll_operation() { return operations_.poll(); }
  [[nodiscard]] std::vector<Flow> flows() const;
  // Nothing is asked of the kernel yet.
  [[nodiscard]] bool empty() const {
    return groups_.empty() && local_.empty() && routers_.empty() && beyond_.empty() &&
           ranges_beyond_.empty();
  }
  [[nodiscard]] const RouteCounters& counters() const { return counters_; }

 private:
  struct FlowState {
    std::uint32_t in_port = 0;
    std::vector<std::uint32_t> out_ports{};
    bool has_group = false;
    std::uint64_t packets = 0;
    Instant active_at{};
  };
  [[nodiscard]] const std::uint32_t* row_of(const Flow& flow, std::uint32_t port) const;
  // Adds the ports of the FE's own leaves; true: there are some of the group, for whatever source.
  bool add_local(const Flow& flow, std::vector<std::uint32_t>& out) const;
  void decide(const Flow& flow, FlowState& state, bool tell_always);
  void revise(const Address& group);
  [[nodiscard]] bool beyond(const Address& group) const;

  std::map<std::uint32_t, GroupRow> groups_;
  std::map<Flow, std::uint32_t> by_name_;  // subscripts; a source of zero: any
  std::map<std::uint32_t, LeafRow> leaves_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> ports_of_;       // subscript of the group, port
  std::map<std::pair<Address, std::uint32_t>, SourceFilter> local_;  // group, port
  std::set<std::uint32_t> routers_;                                  // ports
  std::multiset<Address> beyond_;                                    // groups
  std::multiset<std::pair<Address, Address>> ranges_beyond_;         // few
  std::map<Flow, FlowState> flows_;
  bool enabled_ = true;
  RouteCounters counters_;
  OutputQueue<FlowOperation> operations_;
};

}  // namespace forces::fe::dataplane::multicast
