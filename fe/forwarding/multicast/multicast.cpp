#include "fe/forwarding/multicast/multicast.hpp"

#include <net/if.h>

#include <algorithm>

#include "fe/dataplane/ip_statistics.hpp"
#include "fe/forwarding/multicast/rows.hpp"
#include "fe/lfb/model.hpp"

namespace forces::fe::forwarding {

using daemon::Severity;
using dataplane::kernel::Address;
using dataplane::kernel::Family;
using dataplane::multicast::is_forwarded;
using dataplane::multicast::Mroute;
using dataplane::multicast::Routes;
using pl::ResultCode;

namespace {

constexpr Duration kLookEvery = std::chrono::seconds(1);    // interfaces that come and go
constexpr Duration kCountEvery = std::chrono::seconds(30);  // flows that are idle

// The greater of all's and the device's counts, and the device's is ours to set.
int rp_filter_of_all() {
  const std::string text = dataplane::read_proc("/proc/sys/net/ipv4/conf/all/rp_filter");
  return text.empty() ? 0 : text[0] - '0';
}

}  // namespace

Multicast::Multicast(bool kernel, const std::vector<dataplane::PortConfig>& ports,
                     const dataplane::multicast::EndpointConfig& endpoint)
    : kernel_(kernel), endpoint_(endpoint) {
  // First, so that it is one of the kernel's 32 in any case.
  if (endpoint_.enabled()) ports_.push_back({Routes::kEndpoints, endpoint_.device});
  for (const dataplane::PortConfig& port : ports) {
    if (port.kind != dataplane::PortKind::Replay) ports_.push_back({port.port_id, port.interface});
  }
}

void Multicast::attach(lfb::Engine& engine) {
  engine.store().add(lfb::kMulticastClass, kMulticast.instance_id);
  wire::ByteWriter local;
  local.u32(endpoint_.address);
  local.u16(endpoint_.port);
  local.u16(endpoint_.server_port);
  (void)engine.set_initial(kMulticast, lfb::multicast::kLocal, local.written());
}

bool Multicast::open() {
  if (!kernel_ || ports_.empty()) return true;
  bool good = true;
  if (endpoint_.enabled()) {
    const std::string what = carrier_.open();
    good = what.empty();
    if (!good) note(Severity::Error, "multicast_endpoint_failed", what);
    if (good && rp_filter_of_all() > 0) {
      note(Severity::Warning, "multicast_rp_filter",
           "net/ipv4/conf/all/rp_filter is not 0: packets of sources that no route leads to by " +
               endpoint_.device + " do not reach our ports");
    }
  }
  for (Side& side : sides_) {
    const std::string what = side.mroute.open();
    side.state = what.empty() ? State::Ready : State::Failed;
    if (!what.empty()) note(Severity::Error, "multicast_failed", what);
  }
  return good && sides_[0].state != State::Failed;  // a kernel may be without IPv6
}

std::vector<int> Multicast::fds() const {
  std::vector<int> out;
  for (const Side& side : sides_) {
    if (side.mroute.fd() >= 0) out.push_back(side.mroute.fd());
  }
  return out;
}

// With the first row or leaf: until then another multicast router may own the namespace.
void Multicast::begin(Side& side) {
  if (side.state != State::Ready || side.routes.empty()) return;
  if (const std::string what = side.mroute.start(); !what.empty()) {
    side.state = State::Failed;
    return note(Severity::Error, "multicast_failed",
                what + "; rows are taken, and none is installed");
  }
  side.state = State::Running;
  side.interfaces.assign(std::min<std::size_t>(ports_.size(), Mroute::kMostPorts), 0);
  if (ports_.size() > Mroute::kMostPorts) {
    note(Severity::Warning, "multicast_ports",
         "the kernel forwards multicast between 32 ports; the others have none");
  }
  follow_interfaces(side);
  look_at_ = Instant{};  // at once, and then again and again
}

void Multicast::follow_interfaces(Side& side) {
  bool changed = false;
  for (std::uint32_t number = 0; number < side.interfaces.size(); ++number) {
    const std::uint32_t interface = ::if_nametoindex(ports_[number].device.c_str());
    std::uint32_t& known = side.interfaces[number];
    if (interface == known) continue;
    // One that went took its port along, and its routes stay; in routes that were made before one
    // came it is not.
    changed = true;
    if (known != 0) side.mroute.remove_port(number);
    known = 0;
    if (interface != 0 && side.mroute.add_port(number, interface)) {
      known = interface;
    } else if (interface != 0) {
      ++refused_;
    }
  }
  if (!changed) return;
  for (const auto& flow : side.routes.flows()) side.mroute.remove(flow);
  side.routes.forget_flows();
}

std::optional<std::uint32_t> Multicast::number_of(std::uint32_t port) const {
  for (std::uint32_t n = 0; n < ports_.size() && n < Mroute::kMostPorts; ++n) {
    if (ports_[n].id == port) return n;
  }
  return std::nullopt;
}

void Multicast::turn(Instant now) {
  now_ = now;
  const bool look = look_at_ && now >= *look_at_;
  const bool due = !count_at_ || now >= *count_at_;
  for (Side& side : sides_) {
    if (side.state != State::Running) continue;
    if (look) follow_interfaces(side);
    listen(side, now);
    if (due) count(side, now);
    perform(side);
  }
  if (due) count_at_ = now + kCountEvery;
  if (look) look_at_ = now + kLookEvery;
  if (look && carrier_.lost() && !std::exchange(told_lost_, true)) {
    note(Severity::Error, "multicast_endpoint_failed",
         endpoint_.device + " is gone: no copies from and to other FEs until fe is started again");
  }
}

void Multicast::listen(Side& side, Instant now) {
  bool heard = true;
  for (int budget = 256; budget > 0 && heard; --budget) {
    const auto question = side.mroute.receive(heard);
    if (question && question->number < ports_.size()) {
      side.routes.on_packet(question->flow, ports_[question->number].id, now);
    }
  }
}

void Multicast::count(Side& side, Instant now) {
  for (const auto& flow : side.routes.flows()) {
    if (const auto packets = side.mroute.count(flow)) side.routes.on_count(flow, *packets, now);
  }
}

void Multicast::perform(Side& side) {
  while (auto operation = side.routes.poll_operation()) {
    if (side.state != State::Running) continue;
    if (const auto* over = std::get_if<dataplane::multicast::DeleteFlow>(&*operation)) {
      side.mroute.remove(over->flow);
      continue;
    }
    auto& set = std::get<dataplane::multicast::SetFlow>(*operation);
    set.in_port = number_of(set.in_port).value_or(Mroute::kMostPorts);
    std::erase_if(set.out_ports, [&](std::uint32_t& port) {
      const auto number = number_of(port);
      port = number.value_or(0);
      return !number;
    });
    if (set.in_port >= Mroute::kMostPorts || !side.mroute.set(set)) ++refused_;
  }
}

// It is said after every message. Who has nothing new to say does not wait for the carrier's batch.
void Multicast::obey(lfb::FeState state) {
  const bool on = state == lfb::FeState::OperEnable;
  if (std::exchange(enabled_, on) == on) return;
  for (Side& side : sides_) {
    side.routes.enable(on);
    perform(side);
  }
  carrier_.with([on](auto& endpoints) { endpoints.enable(on); });
}

void Multicast::set_local(const Address& group, std::uint32_t port,
                          std::optional<dataplane::multicast::SourceFilter> filter) {
  Side& side = side_of(group.family);
  side.routes.set_local(group, port, std::move(filter));
  begin(side);
  perform(side);
}

void Multicast::set_router(Family family, std::uint32_t port, bool present) {
  Side& side = side_of(family);
  side.routes.set_router(port, present);
  begin(side);
  perform(side);
}

ResultCode Multicast::check(const lfb::Change& change) const {
  const auto table = multicast_table_of(change);
  if (!table || !change.after) return ResultCode::Success;
  const auto known = [&](std::uint32_t port) {
    return port != Routes::kEndpoints && std::ranges::find(ports_, port, &Port::id) != ports_.end();
  };
  bool good = false;
  if (table->kind == MulticastTable::Kind::Groups) {
    const auto row = group_row(table->family, *change.after);
    good = is_forwarded(row.group) && (row.in_port == 0 || known(row.in_port));
  } else if (table->kind == MulticastTable::Kind::Leaves) {
    good = known(leaf_row(*change.after).out_port);
  } else {
    return check_endpoints(*table, *change.after);
  }
  return good ? ResultCode::Success : ResultCode::ValueOutOfRange;
}

void Multicast::applied(const lfb::Changes& changes) {
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const lfb::Change change = changes[i];
    if (!is_multicast(change)) continue;
    if (change.component->id == lfb::multicast::kStatistics) reset_at_ = totals();
    if (change.component->id == lfb::multicast::kEndpointStatistics) {
      endpoints_reset_at_ = endpoint_totals();
    }
    const auto table = multicast_table_of(change);
    if (!table) continue;
    Routes& routes = side_of(table->family).routes;
    const auto& after = change.after;
    if (table->kind == MulticastTable::Kind::Groups) {
      routes.set_group(*change.row,
                       after ? std::optional(group_row(table->family, *after)) : std::nullopt);
    } else if (table->kind == MulticastTable::Kind::Leaves) {
      routes.set_leaf(*change.row, after ? std::optional(leaf_row(*after)) : std::nullopt);
    }
  }
  if (endpoint_.enabled()) apply_endpoints(changes);
  for (Side& side : sides_) {
    begin(side);
    perform(side);
  }
}

Multicast::Statistics Multicast::totals() const {
  Statistics sum;
  for (const Side& side : sides_) {
    sum.packets += side.routes.counters().packets;
    sum.no_group += side.routes.counters().no_group_packets;
    for (std::uint32_t n = 0; n < side.interfaces.size(); ++n) sum.copies += side.mroute.sent(n);
  }
  return sum;
}

bool Multicast::read(const lfb::Instance& instance, const lfb::Component& one,
                     wire::ByteWriter& out) {
  if (instance.lfb_class != &lfb::kMulticastClass) return false;
  if (one.id == lfb::multicast::kEndpointStatistics) {
    const EndpointStatistics now = endpoint_totals();
    out.u64(now.copies - endpoints_reset_at_.copies);
    out.u64(now.received - endpoints_reset_at_.received);
    out.u64(now.frames_dropped - endpoints_reset_at_.frames_dropped);
    out.u64(now.packets_dropped - endpoints_reset_at_.packets_dropped);
    return true;
  }
  if (one.id != lfb::multicast::kStatistics) return false;
  for (Side& side : sides_) {
    if (side.state != State::Running) continue;
    count(side, now_);
    perform(side);
  }
  const Statistics now = totals();
  // An interface that is made anew counts its copies from zero.
  const auto since = [](std::uint64_t total, std::uint64_t then) {
    return total - std::min(total, then);
  };
  out.u64(since(now.packets, reset_at_.packets));
  out.u64(since(now.copies, reset_at_.copies));
  out.u64(since(now.no_group, reset_at_.no_group));
  return true;
}

daemon::CounterSamples Multicast::counters() {
  std::uint64_t flows = 0;
  for (const Side& side : sides_) flows += side.routes.counters().refused;
  daemon::CounterSamples out{{"multicast_operations_refused", "", refused_},
                             {"multicast_flows_refused", "", flows}};
  add_endpoint_counters(out);
  return out;
}

}  // namespace forces::fe::forwarding
