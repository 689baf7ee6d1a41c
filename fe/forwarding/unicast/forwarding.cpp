#include "fe/forwarding/unicast/forwarding.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/core/outputs.hpp"
#include "fe/dataplane/ports/gate.hpp"
#include "fe/dataplane/ports/link_state.hpp"
#include "fe/forwarding/topology.hpp"

namespace forces::fe::forwarding {

using daemon::Severity;
using dataplane::IpStatistics;
using dataplane::PortConfig;
using dataplane::PortKind;
using kernel::Plane;
using pl::ResultCode;

namespace {

constexpr Duration kReportEvery = std::chrono::seconds(1);
constexpr Duration kRetryMost = std::chrono::seconds(60);
constexpr Duration kCountsAge = std::chrono::seconds(1);  // for those who only look
constexpr int kFlushWait = 100;                           // ms

std::vector<std::uint32_t> ids_of(const std::vector<PortConfig>& ports) {
  std::vector<std::uint32_t> ids;
  for (const PortConfig& port : ports) ids.push_back(port.port_id);
  return ids;
}

constexpr std::string_view kNoPrivilege =
    "CAP_NET_ADMIN is missing: rows are taken, and none is installed. [process] capabilities = "
    "[\"net_admin\"] keeps it, so does deploy/systemd/fe.service; kernel = false if it is meant so";

}  // namespace

Forwarding::Forwarding(const ForwardingConfig& config, const std::vector<PortConfig>& ports)
    : config_(config), ports_(ids_of(ports)), translator_(ports_), port_lfbs_(ports) {
  for (const PortConfig& port : ports) {
    if (port.kind != PortKind::Replay) devices_.push_back(port.interface);
  }
  config_.kernel = config_.kernel && !devices_.empty();
}

void Forwarding::attach(lfb::Engine& engine) {
  engine_ = &engine;
  add_instances(engine, ports_);
  port_lfbs_.attach(engine);
  plane_lfb_.attach(engine);
}

bool Forwarding::open(const lfb::FeProtocol& policy, Instant now) {
  if (!config_.kernel) return true;
  open_plane(now);
  sweep_at_ = now + (policy.failover_policy == 1 ? policy.failover_timeout : config_.stale_timeout);
  unprivileged_ = !dataplane::has_net_admin();
  if (unprivileged_) note(Severity::Error, "forwarding_failed", std::string(kNoPrivilege));
  if (failed_ || unprivileged_) return false;
  const std::size_t stale = counts().stale;
  note(Severity::Info, "forwarding_open",
       stale == 0 ? "no routes of an earlier life"
                  : std::to_string(stale) + " routes of an earlier life are kept for now");
  const auto warn_if_off = [&](Severity severity, const std::string& name) {
    if (!dataplane::read_proc("/proc/sys/net/" + name).starts_with('0')) return;
    note(severity, "forwarding_disabled",
         "net/" + name + " is 0: the kernel takes routes and forwards nothing by them");
  };
  warn_if_off(Severity::Warning, "ipv4/ip_forward");
  warn_if_off(Severity::Info, "ipv6/conf/all/forwarding");  // many have no use for it
  return true;
}

void Forwarding::start() {
  if (!config_.kernel) return;
  if (!std::exchange(unprivileged_, unprivileged_ || !dataplane::has_net_admin()) &&
      unprivileged_) {
    note(Severity::Error, "forwarding_failed", std::string(kNoPrivilege));
  }
  privileged_ = std::make_unique<dataplane::PrivilegedThread>();
  if (plane_) send_privileged();
}

void Forwarding::do_privileged(const std::function<void()>& errand) {
  privileged_ ? privileged_->run(errand) : errand();
}

void Forwarding::send_privileged() {
  plane_->send_by([this](int fd, std::span<const std::byte> octets) {
    ssize_t sent = 0;
    int error = 0;
    do_privileged([&] {
      sent = ::send(fd, octets.data(), octets.size(), 0);
      error = errno;
    });
    errno = error;
    return sent;
  });
}

void Forwarding::open_plane(Instant now) {
  const bool again = plane_ != nullptr;
  if (again) earlier_ += plane_->counters();
  translator_.use(nullptr);
  plane_ =
      std::make_unique<Plane>(kernel::Identity{config_.protocol, config_.table, config_.priority});
  if (privileged_) send_privileged();
  failed_ = false;
  retry_at_.reset();
  events_dropped_ = 0;
  counts_outdated_ = true;
  if (std::string what = plane_->open(); !what.empty()) return fail(std::move(what), now);
  retry_after_ = std::chrono::seconds(1);
  translator_.use(&plane_->fib());
  while (plane_->poll_event()) {
  }
  resync(now);
  if (again) {
    replay();
    if (swept_) plane_->fib().sweep();
    note(Severity::Info, "forwarding_open", "again");
  }
  plane_lfb_.set_state(PlaneState::Running, now);
}

void Forwarding::replay() {
  // Next hops first, only so that fewer routes wait for a moment.
  const std::array targets{kIpv4NextHop, kIpv6NextHop, kEcmpHops, kEcmpHops, kIpv4Lpm, kIpv6Lpm};
  const std::array<std::uint32_t, 6> components{1, 1, 1, 2, 1, 1};
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const lfb::LfbClass* known = nullptr;
    for (const lfb::LfbClass* one : engine_->store().classes()) {
      if (one->id == targets[i].class_id) known = one;
    }
    const auto table = known != nullptr ? table_of(*known, components[i]) : std::nullopt;
    if (!table) continue;
    engine_->each_row(targets[i], components[i], [&](std::uint32_t index, wire::Bytes row) {
      translator_.replay(*table, index, row);
    });
  }
}

void Forwarding::fail(std::string text, Instant now) {
  note(Severity::Error, "forwarding_failed", std::move(text) + "; trying again");
  failed_ = true;
  translator_.use(nullptr);
  retry_at_ = now + retry_after_;
  retry_after_ = std::min(kRetryMost, retry_after_ * 2);
  plane_lfb_.set_state(PlaneState::Failed, now);
}

bool Forwarding::busy() const {
  if (!plane_ || failed_) return false;
  return plane_->busy() || (active_ && plane_->settled());
}

std::optional<Instant> Forwarding::next_deadline() const {
  std::optional<Instant> at;
  const auto consider = [&](std::optional<Instant> other) {
    if (other && (!at || *other < *at)) at = other;
  };
  consider(retry_at_);
  consider(sweep_at_);
  for (const Unreported* what : {&refused_, &touched_}) {
    if (what->count > 0) consider(what->after);
  }
  return at;
}

void Forwarding::turn(Instant now) {
  if (retry_at_ && now >= *retry_at_) open_plane(now);
  if (sweep_at_ && now >= *sweep_at_) {
    sweep("not set again in time");
    if (!associated_) set_gate(false);  // what there was to go on with is over
  }
  if (plane_ && !failed_) {
    active_ = active_ || plane_->busy();
    counts_outdated_ = counts_outdated_ || active_;
    std::string what = plane_->step();
    active_ = active_ || plane_->busy();
    take_events(now);
    if (!what.empty()) {
      fail(std::move(what), now);
    } else {
      const bool idle = plane_->settled();
      plane_lfb_.sync(plane_->fib(), idle, now);
      if (active_ && idle) {
        active_ = false;
        counts_outdated_ = true;
        plane_lfb_.settled(now);
      }
    }
  }
  report(now);
}

void Forwarding::take_events(Instant now) {
  while (const auto event = plane_->poll_event()) {
    counts_outdated_ = true;
    std::visit(
        Overloaded{
            [&](const kernel::LinkChanged& changed) { take(changed, now); },
            [&](const kernel::AddressChanged& changed) { port_lfbs_.on_address(changed, now); },
            [&](const kernel::RouteTouched& route) {
              ++touched_.count;
              touched_.last = text_of(route.row.prefix);
            },
            [&](const kernel::ObjectTouched& object) {
              ++touched_.count;
              touched_.last = text_of(object.row.id);
            },
            [&](const kernel::RefusedRow& row) {
              ++refused_.count;
              const std::string name =
                  std::visit([](const auto& one) { return text_of(one); }, row.row);
              refused_.last = name + ": " + std::strerror(row.error) +
                              (row.text.empty() ? "" : " (" + row.text + ")");
              plane_lfb_.on_refused(row.row);
            },
        },
        *event);
  }
  const std::uint64_t dropped = plane_->counters().events_dropped;
  if (std::exchange(events_dropped_, dropped) == dropped) return;
  plane_lfb_.on_refusals_lost();
  resync(now);
}

void Forwarding::resync(Instant now) {
  move(port_lfbs_.resync(plane_->links(), now));
  for (const std::string& device : devices_) {
    port_lfbs_.on_speed(device, dataplane::link_speed(device), now);
  }
}

void Forwarding::take(const kernel::LinkChanged& changed, Instant now) {
  const std::string_view name = changed.link.name.data();
  for (const std::string& device : devices_) {
    if (device != name) continue;
    ++link_changes_;
    note(Severity::Info, "link",
         device + (changed.gone      ? " is gone"
                   : changed.link.up ? " is up"
                                     : " is down"));
    move(port_lfbs_.on_link(changed, now));
    return port_lfbs_.on_speed(device, dataplane::link_speed(device), now);
  }
  move(port_lfbs_.on_link(changed, now));
}

void Forwarding::move(const std::vector<PortLfbs::Moved>& moved) {
  for (const auto& [port, interface] : moved) translator_.set_interface(port, interface);
}

void Forwarding::report(Instant now) {
  report(refused_, Severity::Warning, "rows_refused", now);
  report(touched_, Severity::Warning, "rows_touched", now);
}

void Forwarding::report(Unreported& what, Severity severity, std::string_view event, Instant now) {
  if (what.count == 0 || now < what.after) return;
  what.after = now + kReportEvery;
  note(severity, event, std::to_string(std::exchange(what.count, 0)) + ", the last " + what.last);
}

void Forwarding::on_associated(Instant now) {
  if (!config_.kernel || std::exchange(associated_, true)) return;
  if (!swept_) sweep_at_ = now + config_.stale_timeout;
}

void Forwarding::on_unassociated() {
  associated_ = false;
  sweep_at_.reset();  // CEFTI runs; then all is discarded
}

void Forwarding::on_discarded() {
  associated_ = false;
  if (!swept_ && config_.kernel) sweep("the association is over");
}

void Forwarding::sweep(std::string_view why) {
  sweep_at_.reset();
  swept_ = true;
  if (!plane_ || failed_) return;
  counts_outdated_ = true;
  if (const std::size_t stale = counts().stale; stale > 0) {
    note(Severity::Info, "forwarding_swept",
         std::to_string(stale) + " routes of an earlier life: " + std::string(why));
  }
  plane_->fib().sweep();
  counts_outdated_ = true;
}

void Forwarding::discard_all() {
  if (!config_.kernel) return;
  sweep("it ends");
  set_gate(true);
}

bool Forwarding::flush() {
  if (!plane_ || failed_ || !plane_->fib().has_work()) return false;
  if (!plane_->step().empty()) return false;
  while (plane_->poll_event()) {
  }
  if (plane_->busy() || !plane_->fib().has_work()) return plane_->fib().has_work();
  pollfd waiting{plane_->fd(), POLLIN, 0};
  return ::poll(&waiting, 1, kFlushWait) == 1;
}

// Sink, Provider.

ResultCode Forwarding::check(const lfb::Change& change) {
  const ResultCode code = translator_.check(change);
  return code == ResultCode::Success ? port_lfbs_.check(change) : code;
}

void Forwarding::applied(const lfb::Changes& changes) {
  bool rows = false;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const lfb::Change change = changes[i];
    if (change.component == nullptr) continue;
    rows = translator_.apply(change) || rows;
    if (const auto request = port_lfbs_.asked(change)) admin_requests_.push_back(*request);
    const bool lpm = change.instance->lfb_class == &lfb::kIpv4UcastLpmClass ||
                     change.instance->lfb_class == &lfb::kIpv6UcastLpmClass;
    if (lpm && change.component->id == lfb::ucast_lpm::kStatistics) {
      const bool v4 = change.instance->lfb_class == &lfb::kIpv4UcastLpmClass;
      statistics_[v4 ? 0 : 1].reset();
    }
  }
  if (!rows) return;
  counts_outdated_ = true;
  // Even when nothing is to be done in the kernel: who waits for "settled" is to be told.
  active_ = active_ || (plane_ && !failed_);
}

bool Forwarding::obey(lfb::FeState state) {
  const bool switched = switch_links();
  if (std::exchange(state_, state) == state) return switched;
  set_gate(state == lfb::FeState::OperEnable);
  return true;
}

// RFC 5810 section 4.4.1: a disabled FE MUST NOT process packets. Its rows stay.
void Forwarding::set_gate(bool open) {
  if (!config_.kernel || unprivileged_) return;  // which was said
  std::error_code error;
  do_privileged([&] {
    error = open ? dataplane::open_gate(config_.protocol)
                 : dataplane::shut_gate(devices_, config_.protocol);
  });
  if (error) {
    note(
        Severity::Error, "forwarding_gate_failed",
        std::string(open ? "forwarding stays off: " : "it goes on forwarding: ") + error.message());
  } else if (std::exchange(gate_open_, open) != open) {
    note(Severity::Info, "forwarding_gate", open ? "forwarding is on" : "forwarding is off");
  }
}

bool Forwarding::switch_links() {
  if (admin_requests_.empty()) return false;
  for (const auto& request : std::exchange(admin_requests_, {})) {
    std::error_code error;
    do_privileged([&] { error = dataplane::set_link_up(request.interface, request.up); });
    if (!error) continue;
    note(Severity::Warning, "admin_status_failed",
         "port " + std::to_string(request.port) + ": " + error.message());
    port_lfbs_.refused(request.port, Instant{});
  }
  return true;
}

bool Forwarding::read(const lfb::Instance& instance, const lfb::Component& component,
                      wire::ByteWriter& out) {
  if (instance.lfb_class == &lfb::kKernelPlaneClass) {
    return PlaneLfb::read(counts(), component.id, out);
  }
  const bool v4 = instance.lfb_class == &lfb::kIpv4UcastLpmClass;
  if (!v4 && instance.lfb_class != &lfb::kIpv6UcastLpmClass) return false;
  auto now = std::optional(IpStatistics{});  // without the kernel these LFBs forward nothing
  if (config_.kernel) now = statistics_[v4 ? 0 : 1].since_reset();
  if (!now) return false;
  out.u64(now->received);
  out.u64(now->forwarded);
  out.u64(now->no_route);
  return true;
}

const kernel::RouteCounts& Forwarding::counts() {
  if (!plane_ || failed_) return counts_ = {};
  if (std::exchange(counts_outdated_, false)) counts_ = plane_->fib().count_routes();
  return counts_;
}

ForwardingSnapshot Forwarding::snapshot(Instant now) {
  ForwardingSnapshot shot;
  shot.state = !config_.kernel || !plane_ ? "off" : failed_ ? "failed" : "running";
  if (counts_outdated_ && now - counted_at_ >= kCountsAge) {
    counted_at_ = now;
    (void)counts();
  }
  shot.routes = counts_;
  kernel::PlaneCounters sum = earlier_;
  if (plane_) sum += plane_->counters();
  shot.counters = samples_of(sum);
  shot.counters.push_back({"forwarding_link_changes", "", link_changes_});
  shot.counters.push_back({"forwarding_contradictions", "", translator_.contradictions()});
  return shot;
}

}  // namespace forces::fe::forwarding
