#include "ce/app/app.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "ce/app/multicast/report.hpp"
#include "ce/app/multicast/requests.hpp"
#include "ce/app/requests.hpp"
#include "ce/app/signaling/report.hpp"
#include "common/runtime/timer.hpp"
#include "tml/daemon/report.hpp"

namespace forces::ce {
namespace {

void add_listener(control::Status& status, const char* purpose, const std::string& address,
                  int port) {
  auto& listener = *status.add_listeners();
  listener.set_purpose(purpose);
  listener.set_address(address);
  listener.set_port(static_cast<std::uint32_t>(port));
}

observe::Level level_of(signaling::Level level) {
  switch (level) {
    case signaling::Level::Info:
      return observe::Level::Info;
    case signaling::Level::Warning:
      return observe::Level::Warning;
    case signaling::Level::Error:
      break;
  }
  return observe::Level::Error;
}

observe::Level level_of(multicast::Level level) {
  switch (level) {
    case multicast::Level::Info:
      return observe::Level::Info;
    case multicast::Level::Warning:
      return observe::Level::Warning;
    case multicast::Level::Error:
      break;
  }
  return observe::Level::Error;
}

}  // namespace

bool App::changes_live(std::string_view table) const {
  return table == "log" || table == "association" || table == "fe" || table == "fe.port" ||
         table.starts_with("link") || table == "signaling.key" || table == "signaling.neighbor" ||
         table == "multicast.key";
}

void App::build(observe::Log& log) {
  listens_at_ = settings_.address;
  controller_ = std::make_unique<Controller>(controller_config(settings_),
                                             daemon::event_log(log.component("association")));
  build_multicast(log);
  ason_ = settings_.ason;
  signaling_log_ = log.component("signaling");
  if (!ason_.signaling.enabled()) return;
  auto config = signaling_config(ason_);
  if (!config) {
    no_signaling_ = config.error();
    return;
  }
  // Who takes FEs over is told from the holder's name: Service.
  if (auto& etcd = config->etcd) etcd->name = fmt::format("{:#x} {}", settings_.id, settings_.name);
  const auto said = [logger = signaling_log_](signaling::Level level, std::string_view event,
                                              std::string_view text) {
    logger.limited(level_of(level), event, {{"detail", text}});
  };
  signaling_requests_.configure(ason_);
  signaling_ =
      std::make_unique<signaling::Service>(std::move(*config), said, log.component("state"));
  signaling_->set_watcher(signaling_requests_.watcher());
}

void App::build_multicast(observe::Log& log) {
  multicast_settings_ = settings_.multicast;
  multicast_log_ = log.component("multicast");
  if (!multicast_settings_.enabled) return;
  auto config =
      multicast_config(multicast_settings_, settings_.id, settings_.address, settings_.common);
  if (!config) {
    no_multicast_ = config.error();
    return;
  }
  const auto said = [logger = multicast_log_](multicast::Level level, std::string_view event,
                                              std::string_view text) {
    logger.limited(level_of(level), event, {{"detail", text}});
  };
  multicast_ = std::make_unique<multicast::Service>(std::move(*config), said);
  copies_.emplace(
      multicast::forwarding::ForwardingTimes{.orphans = multicast_settings_.times.rejoin},
      runtime::now());
  controller_->set_copy_source(&*copies_);
  multicast_->set_follower([this](mars::server::Server& mars, Instant now) {
    const bool news =
        copies_->with([&](auto& copies) { return follower_.follow(mars, copies, now); });
    if (news) controller_->copies_changed();
  });
}

std::string App::open_state() {
  if (!no_multicast_.empty()) return no_multicast_;
  if (multicast_) {
    if (const std::string why = multicast_->start(*controller_); !why.empty()) {
      return fmt::format("[multicast] {}", why);
    }
  }
  if (!no_signaling_.empty()) return no_signaling_;
  if (!signaling_) return {};
  const std::string why = signaling_->start(*controller_);
  if (why.empty()) return {};
  return fmt::format(
      "{}; [signaling] file says where calls and connections are kept: a file in a "
      "folder that the user of [process] may write to; in_memory = true does "
      "without",
      why);
}

void App::reconfigure() {
  controller_->reconfigure(controller_config(settings_));
  if (multicast_) {
    // The rest of [multicast] waits for a restart, also the neighbors that keys are of.
    multicast_settings_.keys = settings_.multicast.keys;
    if (auto neighbors = multicast_neighbors(multicast_settings_)) {
      multicast_->set_keys(std::move(*neighbors));
    } else {
      multicast_log_.error("keys not taken; the old ones stay", {{"problem", neighbors.error()}});
    }
  }
  if (!signaling_) return;
  // The rest of what is said of signalling waits for a restart.
  ason_.signaling.keys = settings_.ason.signaling.keys;
  ason_.signaling.neighbors = settings_.ason.signaling.neighbors;
  auto config = signaling_config(ason_);
  if (!config) {
    signaling_log_.error("keys not taken; the old ones stay", {{"problem", config.error()}});
    return;
  }
  signaling_->set_neighbors(std::move(config->node.engine));
}

std::expected<void, std::string> App::reload_tls() {
  return multicast_ ? multicast_->reload_tls() : std::expected<void, std::string>{};
}

void App::stop() {
  if (multicast_) multicast_->stop();
  if (signaling_) signaling_->stop();
  controller_->stop();
}

std::pair<tml_event_handler, void*> App::context_events() {
  return {&Controller::on_context_event, controller_.get()};
}

void App::describe(control::Status& status) const {
  const auto snapshot = controller_->snapshot();
  add_listener(status, "control", listens_at_, snapshot.control_port);
  add_listener(status, "data", listens_at_, snapshot.data_port);
  if (snapshot.routing.enabled) {
    add_listener(status, "fpm", settings_.routing.fpm.address, snapshot.routing.fpm_port);
    status.set_zebra(snapshot.routing.connected ? "connected" : "not connected");
  }
  if (const std::uint16_t port = multicast_ ? multicast_->scsp_port() : 0; port != 0) {
    const auto& at = multicast_settings_.scsp.address;
    add_listener(status, "scsp", at.empty() ? listens_at_ : at, port);
  }
  status.set_elements(static_cast<std::uint32_t>(snapshot.fes.size()));
  status.set_associated(static_cast<std::uint32_t>(
      std::ranges::count(snapshot.fes, "associated", &FeSnapshot::state)));
}

std::vector<control::Element> App::elements() const {
  std::vector<control::Element> all;
  for (const auto& fe : controller_->snapshot().fes) {
    ce::describe(all.emplace_back(element_of(fe)), fe);
  }
  return all;
}

void App::detail(control::Element& element) const {
  if (const auto inventory = controller_->inventory(element.id())) {
    ce::describe(element, *inventory);
  }
}

control::Response App::answer(const control::Request& request) {
  auto response = answer_multicast(multicast_.get(), request);
  if (response.result_case() != control::Response::RESULT_NOT_SET) return response;
  response = signaling_requests_.answer(signaling_.get(), request);
  if (response.result_case() != control::Response::RESULT_NOT_SET) return response;
  response = lfb_.answer(*controller_, request);
  if (response.result_case() != control::Response::RESULT_NOT_SET) return response;
  return ce::answer(*controller_, request);
}

observe::Families App::metrics() const {
  auto all = families_of(controller_->snapshot());
  const auto add = [&](observe::Families more) {
    std::ranges::move(more, std::back_inserter(all));
  };
  if (multicast_) add(families_of(*multicast_));
  if (copies_) {
    add(families_of(copies_->with([](const auto& copies) { return copies.snapshot(); })));
  }
  if (signaling_) add(families_of(*signaling_));
  return all;
}

control::Element element_of(const FeSnapshot& fe) {
  control::Element element;
  element.set_id(fe.fe_id);
  element.set_name(fe.name);
  element.set_state(std::string(fe.state));
  element.set_up_ms(fe.associated_ms);
  element.set_master(fe.master == "mine");
  element.set_control(fe.control_up ? "up" : "down");
  element.set_data(fe.data_up ? "up" : "down");
  element.set_control_channel(fe.control_channel);
  element.set_data_channel(fe.data_channel);
  element.set_port_count(static_cast<std::uint32_t>(fe.ports.size()));
  daemon::report(element, fe.counters);
  for (const auto& port : fe.ports) {
    auto& out = *element.add_ports();
    out.set_id(port.port_id);
    out.set_device(port.tun);
    out.set_address(port.address);
    out.set_state(port.open ? "open" : port.tun.empty() ? "no device" : "failed");
    daemon::report(out, port.counters);
  }
  return element;
}

namespace {

// What zebra said, and what became of it.
void report(observe::Families& all, const routing::ServiceSnapshot& routing) {
  if (!routing.enabled) return;
  const auto gauge = [&](std::string_view name, std::string_view help, std::size_t value) {
    daemon::report_gauge(all, name, help, {}, static_cast<double>(value));
  };
  gauge("ce_fpm_connected", "1 while zebra is connected", routing.connected ? 1 : 0);
  gauge("ce_fpm_complete", "1 once the table of the connection is whole", routing.complete ? 1 : 0);
  gauge("ce_routes", "Routes of zebra", routing.routes);
  gauge("ce_routes_unresolved", "Routes without a next hop at any FE", routing.unresolved);
  gauge("ce_next_hops", "Next hops of the routes", routing.next_hops);
  gauge("ce_next_hop_sets", "Sets of next hops (ECMP)", routing.sets);
  const auto& rib = routing.rib;
  const auto& fib = routing.fib;
  const auto& fpm = routing.listener;
  daemon::report(all, "ce", {},
                 {{"routes_added", "", rib.added},
                  {"routes_replaced", "", rib.replaced},
                  {"routes_confirmed", "", rib.confirmed},
                  {"routes_withdrawn", "", rib.withdrawn},
                  {"routes_swept", "", rib.swept},
                  {"routes_ignored", "other_table", rib.other_table},
                  {"routes_ignored", "source_specific", rib.source_specific},
                  {"routes_ignored", "other_type", rib.other_type},
                  {"routes_ignored", "not_forwarded", rib.not_forwarded},
                  {"routes_ignored", "unknown_withdrawn", rib.unknown_withdrawn},
                  {"routes_ignored", "over_limit", rib.over_limit},
                  {"next_hops_ignored", "not_an_fe_port", fib.not_an_fe_port},
                  {"next_hops_ignored", "other_family", fib.other_family},
                  {"next_hops_ignored", "encapsulated", fib.encapsulated},
                  {"fpm_connections", "", fpm.accepted},
                  {"fpm_refused", "", fpm.refused},
                  {"fpm_messages", "", fpm.messages},
                  {"fpm_malformed", "", fpm.malformed},
                  {"fpm_cut_inside", "", fpm.cut_inside}});
}

}  // namespace

observe::Families families_of(const ControllerSnapshot& snapshot) {
  observe::Families all;
  daemon::report(all, "ce", {}, snapshot.counters);
  report(all, snapshot.routing);
  for (const auto& fe : snapshot.fes) {
    const auto id = daemon::element_text(fe.fe_id);
    const observe::Labels labels{{"fe", id}};
    daemon::report_gauge(all, "ce_association_up", "1 while the FE is associated", labels,
                         fe.state == "associated" ? 1 : 0);
    daemon::report_gauge(all, "ce_master", "1 while the FE obeys this CE", labels,
                         fe.master == "mine" ? 1 : 0);
    const auto rows = [&](const char* state, std::uint64_t count) {
      observe::Labels of_state = labels;
      of_state.emplace("state", state);
      daemon::report_gauge(all, "ce_rows", "Rows of the FE's forwarding tables by state", of_state,
                           static_cast<double>(count));
    };
    rows("wanted", fe.rows_wanted);
    rows("acknowledged", fe.rows_acknowledged);
    rows("failed", fe.rows_failed);
    rows("orphaned", fe.rows_orphaned);
    if (fe.kernel != "unknown") {
      const auto routes = [&](const char* state, std::uint64_t count) {
        observe::Labels of_state = labels;
        of_state.emplace("state", state);
        daemon::report_gauge(all, "ce_kernel_routes",
                             "Routes in the FE's kernel by state, as it said", of_state,
                             static_cast<double>(count));
      };
      routes("installed", fe.kernel_installed);
      routes("waiting", fe.kernel_waiting);
      routes("pending", fe.kernel_pending);
      routes("failed", fe.kernel_failed);
      daemon::report_gauge(all, "ce_kernel_failed_next_hops",
                           "Next hops and sets that the FE's kernel refused, 1,000 at most", labels,
                           static_cast<double>(fe.kernel_failed_hops));
    }
    daemon::report(all, "ce", labels, fe.counters);
    for (const auto& port : fe.ports) {
      daemon::report(all, "ce_port", {{"fe", id}, {"port", std::to_string(port.port_id)}},
                     port.counters);
    }
  }
  return all;
}

}  // namespace forces::ce
