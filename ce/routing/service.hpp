// Routing as the controller uses it: a thread that listens to zebra, and the rows that each FE
// shall have, to be taken from any thread.
//
// One mutex guards the Rib and the FibBuilder. The thread holds it for one read of the FPM stream
// at a time, takers for one row.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "ce/routing/fib/fib_builder.hpp"
#include "ce/routing/fpm/listener.hpp"
#include "ce/routing/rib/rib.hpp"

namespace forces::ce::routing {

struct ServiceConfig {
  bool enabled = false;  // else nobody listens, and there are no rows
  fpm::ListenerConfig fpm;
  RibConfig rib;
  std::vector<InterFeLink> links;  // `up` is the service's to find out
};

struct ServiceHandlers {
  std::function<void()> changed;  // rows may be polled; without the mutex, on the routing thread
  std::function<void(std::string_view)> note;  // a line for the log
};

struct ServiceSnapshot {
  bool enabled = false, connected = false, complete = false;
  std::uint16_t fpm_port = 0;
  std::size_t routes = 0, unresolved = 0, next_hops = 0, sets = 0;
  RibCounters rib;
  FibCounters fib;
  fpm::ListenerCounters listener;
};

// A route as zebra has it, for people.
struct RouteLine {
  RouteId row = 0;
  IpPrefix prefix;
  std::uint8_t protocol = 0;  // RTPROT_*
  std::vector<NextHop> next_hops;
  Selector selector{};  // what its row says
};

class Service {
 public:
  Service(ServiceConfig config, ServiceHandlers handlers);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Listens. An address that is taken is tried again every second, for the controller before us may
  // still be ending; the text says what is the matter, empty: it listens.
  std::string start();
  void stop();

  // The CE's device of that index is this port; a link is up while both its ports are.
  void set_interface(std::uint32_t ifindex, FePort port, std::uint32_t mtu);
  void remove_interface(std::uint32_t ifindex);
  void set_port_up(FePort port, bool up);
  void set_links(std::vector<InterFeLink> links);

  // As FibBuilder's.
  void on_fe(FeId fe);
  void on_fe_gone(FeId fe);
  [[nodiscard]] std::optional<Delta> poll(FeId fe);
  [[nodiscard]] bool complete() const;
  [[nodiscard]] std::vector<HopSelector> hops_of(FeId fe, Selector selector) const;
  [[nodiscard]] std::size_t leading_only_to(FeId fe, const FibBuilder::HasFailed& failed) const;

  [[nodiscard]] ServiceSnapshot snapshot() const;
  // Routes from the id `first` on, `most` of them; the id to go on with, or none.
  [[nodiscard]] std::optional<RouteId> list(RouteId first, std::size_t most,
                                            std::vector<RouteLine>& out) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace forces::ce::routing
