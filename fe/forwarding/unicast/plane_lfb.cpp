#include "fe/forwarding/unicast/plane_lfb.hpp"

#include <span>

#include "fe/forwarding/topology.hpp"

namespace forces::fe::forwarding {

using dataplane::kernel::Fib;
using dataplane::kernel::ObjectId;
using dataplane::kernel::Prefix;
using dataplane::kernel::RouteCounts;
using dataplane::kernel::RowState;
namespace component = lfb::kernel_plane;

namespace {

std::uint8_t number_of(dataplane::kernel::Family family) {
  return static_cast<std::uint8_t>(family);  // 4, 6
}
void write_name(const Prefix& prefix, wire::ByteWriter& out) {
  out.u8(number_of(prefix.address.family));
  out.bytes(std::as_bytes(std::span(prefix.address.octets)));
  out.u8(prefix.length);
}
void write_name(ObjectId id, wire::ByteWriter& out) {
  out.u8(number_of(family_of(id)));
  out.u8(is_set(id) ? 1 : 0);
  out.u32(id.value & dataplane::kernel::kMaxRow);
}

}  // namespace

void PlaneLfb::attach(lfb::Engine& engine) {
  engine_ = &engine;
  engine.store().add(lfb::kKernelPlaneClass, kKernelPlane.instance_id);
}

void PlaneLfb::set_state(PlaneState state, Instant now) {
  const std::byte octet{static_cast<std::uint8_t>(state)};
  (void)engine_->put(kKernelPlane, component::kState, {&octet, 1}, now);
}

void PlaneLfb::settled(Instant now) {
  wire::ByteWriter w;
  w.u32(++settled_);
  (void)engine_->put(kKernelPlane, component::kSettledCount, w.written(), now);
}

template <class Name>
void PlaneLfb::add(FailedTable<Name>& table, const Name& name) {
  if (table.rows.size() < kMostFailed) {
    table.rows.try_emplace(name);
  } else {
    table.incomplete = table.incomplete || !table.rows.contains(name);
  }
}

void PlaneLfb::on_refused(const RowName& row) {
  if (const auto* prefix = std::get_if<Prefix>(&row)) {
    add(routes_, *prefix);
  } else {
    add(hops_, std::get<ObjectId>(row));
  }
}

void PlaneLfb::sync(const Fib& fib, bool idle, Instant now) {
  sync(routes_, component::kFailedRoutes, fib, now);
  sync(hops_, component::kFailedHops, fib, now);
  if (!idle || !(wants_more(routes_) || wants_more(hops_))) return;
  // If so many failed that there may be more, it stays incomplete.
  std::size_t routes = 0, hops = 0;
  for (const auto& failed : fib.failed_rows(kMostFailed)) {
    ++(std::holds_alternative<Prefix>(failed.row) ? routes : hops);
    on_refused(failed.row);
  }
  routes_.incomplete = routes == kMostFailed;
  hops_.incomplete = hops == kMostFailed;
  sync(routes_, component::kFailedRoutes, fib, now);
  sync(hops_, component::kFailedHops, fib, now);
}

template <class Name>
void PlaneLfb::sync(FailedTable<Name>& table, std::uint32_t id, const Fib& fib, Instant now) {
  for (auto at = table.rows.begin(); at != table.rows.end();) {
    const auto status = fib.status(at->first);
    auto& [name, shown] = *at;
    if (!status || status->state != RowState::Failed) {
      if (shown) {
        (void)engine_->erase_row(kKernelPlane, id, shown->index, now);
        table.free.insert(shown->index);
      }
      at = table.rows.erase(at);
      continue;
    }
    if (!shown || shown->error != status->error) {
      const bool again = !shown && !table.free.empty();
      const std::uint32_t index = shown ? shown->index : again ? *table.free.begin() : table.used;
      wire::ByteWriter w;
      write_name(name, w);
      w.u32(static_cast<std::uint32_t>(status->error));
      if (engine_->put_row(kKernelPlane, id, index, w.written(), now)) {
        if (again) table.free.erase(table.free.begin());
        if (!shown && !again) ++table.used;
        shown = {index, status->error};
      }
    }
    ++at;
  }
}

bool PlaneLfb::read(const RouteCounts& counts, std::uint32_t id, wire::ByteWriter& out) {
  const auto write = [&](std::size_t count) {
    out.u32(static_cast<std::uint32_t>(count));
    return true;
  };
  switch (id) {
    case component::kWaiting:
      return write(counts.waiting);
    case component::kPending:
      return write(counts.pending);
    case component::kInstalled:
      return write(counts.installed);
    case component::kFailed:
      return write(counts.failed);
    case component::kStale:
      return write(counts.stale);
    default:
      return false;
  }
}

daemon::CounterSamples samples_of(const dataplane::kernel::PlaneCounters& sum) {
  return {
      {"forwarding_operations", "", sum.kernel.operations},
      {"forwarding_batches", "", sum.kernel.batches},
      {"forwarding_operation_failures", "", sum.kernel.failures},
      {"forwarding_rows_refused", "", sum.refused},
      {"forwarding_read_backs", "", sum.read_backs},
      {"forwarding_losses", "answers", sum.kernel.lost_batches},
      {"forwarding_losses", "announcements", sum.monitor.losses},
      {"forwarding_losses", "events", sum.events_dropped},
      {"forwarding_bad_messages", "", sum.kernel.bad_messages + sum.monitor.bad_messages},
      {"forwarding_rows_touched", "others", sum.monitor.touched_by_others},
      {"forwarding_rows_touched", "kernel", sum.monitor.touched_by_kernel},
  };
}

}  // namespace forces::fe::forwarding
