#include "fe/app/app.hpp"

#include <algorithm>

#include "fe/app/fabric_report.hpp"
#include "fe/app/multicast_report.hpp"
#include "tml/daemon/report.hpp"

namespace forces::fe {

bool App::changes_live(std::string_view table) const {
  return table == "log" || table.starts_with("redirect") || table == "multicast.mcs";
}

void App::build(observe::Log& log) {
  element_ = std::make_unique<Element>(element_config(settings_),
                                       daemon::event_log(log.component("association")));
}

std::pair<tml_event_handler, void*> App::context_events() {
  return {&Element::on_context_event, element_.get()};
}

void App::describe(control::Status& status) const {
  const auto snapshot = element_->snapshot();
  status.set_elements(static_cast<std::uint32_t>(snapshot.ces.size()));
  status.set_associated(static_cast<std::uint32_t>(
      std::ranges::count(snapshot.ces, "associated", &CeSnapshot::state)));
  for (const auto& port : snapshot.ports) *status.add_ports() = port_of(port);
}

std::vector<control::Element> App::elements() const {
  std::vector<control::Element> all;
  for (const auto& ce : element_->snapshot().ces) all.push_back(element_of(ce));
  return all;
}

observe::Families App::metrics() const { return families_of(element_->snapshot()); }

control::Response App::answer(const control::Request& request) {
  if (auto answer = answer_multicast(*element_, request)) return *answer;
  return answer_fabric(*element_, request).value_or(control::Response{});
}

control::Port port_of(const PortSnapshot& port) {
  control::Port out;
  out.set_id(port.port_id);
  out.set_device(port.interface);
  out.set_kind(std::string(port.kind));
  out.set_state(port.open ? "open" : "failed");
  daemon::report(out, port.counters);
  return out;
}

control::Element element_of(const CeSnapshot& ce) {
  control::Element element;
  element.set_id(ce.ce_id);
  element.set_state(std::string(ce.state));
  element.set_master(ce.master);
  element.set_up_ms(ce.associated_ms);
  element.set_control(ce.control_up ? "up" : "down");
  element.set_data(ce.data_up ? "up" : "down");
  element.set_address(ce.address);
  element.set_control_channel(ce.control_channel);
  element.set_data_channel(ce.data_channel);
  daemon::report(element, ce.counters);
  return element;
}

observe::Families families_of(const ElementSnapshot& snapshot) {
  observe::Families all;
  daemon::report(all, "fe", {}, snapshot.counters);
  for (const auto& ce : snapshot.ces) {
    const observe::Labels labels{{"ce", daemon::element_text(ce.ce_id)}};
    daemon::report_gauge(all, "fe_association_up", "1 while associated with the CE", labels,
                         ce.state == "associated" ? 1 : 0);
    daemon::report_gauge(all, "fe_master", "1 for the CE that the FE obeys", labels,
                         ce.master ? 1 : 0);
    daemon::report(all, "fe", labels, ce.counters);
  }
  const auto& routes = snapshot.routes;
  daemon::report_gauge(all, "fe_forwarding_up", "1 while routes can go to the kernel", {},
                       routes.state == "running" ? 1 : 0);
  for (const auto& [state, count] : {std::pair{"waiting", routes.waiting},
                                     {"pending", routes.pending},
                                     {"installed", routes.installed},
                                     {"failed", routes.failed},
                                     {"stale", routes.stale}}) {
    daemon::report_gauge(all, "fe_routes", "Routes that CEs have set, by how far they are",
                         {{"state", state}}, static_cast<double>(count));
  }
  report_fabric(all, snapshot.fabric);
  report_multicast(all, snapshot.multicast);
  for (const auto& one : snapshot.classes) {
    const std::string name(one.name);
    const auto count = [&](std::string_view family, std::string_view help, std::uint64_t value) {
      observe::add_sample(all, family, help, prometheus::MetricType::Counter, {{"class", name}})
          .counter.value = static_cast<double>(value);
    };
    count("fe_redirect_passed_total", "Packets let through by the token bucket", one.passed);
    count("fe_redirect_limited_total", "Packets dropped by the token bucket", one.dropped);
  }
  for (const auto& port : snapshot.ports) {
    const observe::Labels labels{{"port", std::to_string(port.port_id)},
                                 {"device", port.interface}};
    daemon::report_gauge(all, "fe_port_open", "1 while the port can be used", labels,
                         port.open ? 1 : 0);
    daemon::report(all, "fe_port", labels, port.counters);
  }
  return all;
}

}  // namespace forces::fe
