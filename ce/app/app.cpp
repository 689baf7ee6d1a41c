#include "ce/app/app.hpp"

#include <algorithm>

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

}  // namespace

bool App::changes_live(std::string_view table) const {
  return table == "log" || table == "association" || table == "fe" || table == "fe.port";
}

void App::build(observe::Log& log) {
  listens_at_ = settings_.address;
  controller_ = std::make_unique<Controller>(controller_config(settings_),
                                             daemon::event_log(log.component("association")));
}

std::pair<tml_event_handler, void*> App::context_events() {
  return {&Controller::on_context_event, controller_.get()};
}

void App::describe(control::Status& status) const {
  const auto snapshot = controller_->snapshot();
  add_listener(status, "control", listens_at_, snapshot.control_port);
  add_listener(status, "data", listens_at_, snapshot.data_port);
  status.set_elements(static_cast<std::uint32_t>(snapshot.fes.size()));
  status.set_associated(static_cast<std::uint32_t>(
      std::ranges::count(snapshot.fes, "associated", &FeSnapshot::state)));
}

std::vector<control::Element> App::elements() const {
  std::vector<control::Element> all;
  for (const auto& fe : controller_->snapshot().fes) all.push_back(element_of(fe));
  return all;
}

observe::Families App::metrics() const { return families_of(controller_->snapshot()); }

control::Element element_of(const FeSnapshot& fe) {
  control::Element element;
  element.set_id(fe.fe_id);
  element.set_name(fe.name);
  element.set_state(std::string(fe.state));
  element.set_up_ms(fe.associated_ms);
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
    out.set_state(port.open ? "open" : port.tun.empty() ? "no device" : "failed");
    daemon::report(out, port.counters);
  }
  return element;
}

observe::Families families_of(const ControllerSnapshot& snapshot) {
  observe::Families all;
  daemon::report(all, "ce", {}, snapshot.counters);
  for (const auto& fe : snapshot.fes) {
    const auto id = daemon::element_text(fe.fe_id);
    const observe::Labels labels{{"fe", id}};
    daemon::report_gauge(all, "ce_association_up", "1 while the FE is associated", labels,
                         fe.state == "associated" ? 1 : 0);
    daemon::report(all, "ce", labels, fe.counters);
    for (const auto& port : fe.ports) {
      daemon::report(all, "ce_port", {{"fe", id}, {"port", std::to_string(port.port_id)}},
                     port.counters);
    }
  }
  return all;
}

}  // namespace forces::ce
