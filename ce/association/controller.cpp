// The shell around ControllerCore: libtml's callbacks in, tmlWrite out, one timer. It decides
// nothing.
#include <net/if.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "ce/association/controller_impl.hpp"
#include "ce/association/controller_report.hpp"

namespace forces::ce {

using daemon::Notes;
using daemon::Severity;

void Controller::Impl::tell(const Later& later) {
  daemon::tell(sink_, later.notes);
  for (const PortStatus& port : later.ports) {
    routing_.set_port_up({port.fe_id, port.port}, port.up);
  }
  for (const auto& event : later.vcs) {
    std::visit(
        Overloaded{[&](const VcChanged& vc) { vc_observer_->on_vc({vc.fe_id, vc.vc}, vc.up); },
                   [&](const VcReceived& received) {
                     vc_observer_->on_sdu({received.fe_id, received.vc}, received.sdu);
                   }},
        event);
  }
  if (observer_ == nullptr) return;
  for (const std::uint32_t fe : later.fes) observer_->on_fe(fe);
  for (const FeEvent& event : later.events) observer_->on_event(event.fe_id, event.octets);
  for (const auto& [ticket, answer] : later.answers) observer_->on_answer(ticket, answer);
}

void Controller::Impl::set_observer(FeObserver* observer) {
  observer_ = observer;
  core_.tell_events(observer != nullptr);
  if (observer == nullptr) return redirect_.set_taker({});
  redirect_.set_taker([observer](std::uint32_t fe, std::uint32_t port, wire::Bytes packet) {
    return observer->on_packet(fe, port, packet);
  });
}

std::uint64_t Controller::Impl::period(std::uint32_t fe_id) const {
  const std::scoped_lock lock(mutex_);
  const auto at = periods_.find(fe_id);
  return at == periods_.end() ? 0 : at->second;
}

void Controller::Impl::follow_period(std::uint32_t fe_id, Later& later) {
  const bool ours = core_.is_master(fe_id), was_ours = periods_.contains(fe_id);
  if (ours == was_ours) return;
  if (ours) {
    periods_[fe_id] = ++last_period_;
  } else {
    periods_.erase(fe_id);
  }
  later.fes.push_back(fe_id);
}

void Controller::Impl::rows_changed() {
  if (rows_changed_.exchange(true)) return;
  const std::scoped_lock lock(mutex_);
  timer_.fire();
}

// Routes name devices by index; it is another one when a device is made anew.
void Controller::Impl::follow_devices(const ControllerConfig& config) {
  std::map<routing::FePort, std::uint32_t> now;
  for (const FeConfig& fe : config.fes) {
    for (const PortConfig& port : fe.ports) {
      const std::uint32_t index = port.tun.empty() ? 0 : ::if_nametoindex(port.tun.c_str());
      if (index == 0) continue;
      now[{fe.fe_id, port.port_id}] = index;
      routing_.set_interface(index, {fe.fe_id, port.port_id}, port.mtu);
    }
  }
  for (const auto& [port, index] : std::exchange(devices_, now)) {
    const bool stays = std::ranges::any_of(now, [&](const auto& d) { return d.second == index; });
    if (!stays) routing_.remove_interface(index);
  }
}

bool Controller::Impl::open_ports(const ControllerConfig& config) {
  Later later;
  Notes& notes = later.notes;
  for (const std::uint32_t id : redirect_.fes()) {
    const auto same = [&](const FeConfig& fe) { return fe.fe_id == id; };
    if (std::ranges::none_of(config.fes, same)) (void)redirect_.configure(id, {});
  }
  for (const FeConfig& fe : config.fes) {
    for (std::string& failure : redirect_.configure(fe.fe_id, fe.ports)) {
      notes.push_back({Severity::Error, "port_failed", fe.fe_id, std::move(failure)});
    }
  }
  follow_devices(config);
  tell(later);
  return notes.empty();
}

tml_status Controller::Impl::listen(tml_channel_type type) {
  const bool control = type == TML_CHANNEL_CONTROL;
  tmlx_init_attributes attributes = TMLX_INIT_ATTRIBUTES_INIT;
  attributes.context = context_;
  attributes.address = config_.address.c_str();
  attributes.port = control ? config_.control_port : config_.data_port;
  attributes.event_handler = &Impl::on_event;
  attributes.message_handler = control ? &Impl::on_control : &Impl::on_data;
  attributes.user = this;
  attributes.options = control ? config_.control_options : config_.data_options;
  return tmlInit(type, &attributes);
}

tml_status Controller::Impl::start(tmlx_context* context) {
  context_ = context;
  const auto note = [this](std::uint32_t fe_id, std::string text) {
    tell({{{Severity::Warning, "port_address", fe_id, std::move(text)}}, {}});
  };
  if (const tml_status status = redirect_.start(context, note); status != TML_SUCCESS) {
    return status;
  }
  const tml_status watched = tmlx_watch(context, timer_.fd(), &Impl::on_timer, this);
  if (watched != TML_SUCCESS) return watched;
  if (const tml_status status = listen(TML_CHANNEL_CONTROL); status != TML_SUCCESS) return status;
  if (const tml_status status = listen(TML_CHANNEL_DATA); status != TML_SUCCESS) return status;
  if (std::string failure = routing_.start(); !failure.empty()) {
    tell({{{Severity::Warning, "fpm", 0, failure + "; trying again every second"}}, {}});
  }
  return TML_SUCCESS;
}

void Controller::Impl::reconfigure(const ControllerConfig& config) {
  (void)open_ports(config);
  routing_.set_links(config.routing.links);
  Later later;
  {
    const std::scoped_lock lock(mutex_);
    config_.fes = config.fes;
    config_.heartbeat = config.heartbeat;
    core_.reconfigure(config, runtime::now());
    pump(later);
  }
  tell(later);
}

void Controller::Impl::stop() {
  if (context_ == nullptr) return;
  routing_.stop();
  Later later;
  {
    const std::scoped_lock lock(mutex_);
    core_.stop(runtime::now());
    pump(later);
  }
  tell(later);
  redirect_.stop();
  (void)tmlx_watch(context_, timer_.fd(), nullptr, nullptr);
  context_ = nullptr;
}

void Controller::Impl::handle(const tmlx_event& event) {
  const bool control = event.channel_type == TML_CHANNEL_CONTROL;
  const std::uint64_t channel = event.descriptor.value;
  // libtml numbers an FE without an ID from the reserved range until tmlx_bind.
  const std::uint32_t fe_id = pl::is_fe({event.element_id}) ? event.element_id : 0;
  const Instant now = runtime::now();
  Later later{{daemon::note_of(event)}, {}};
  {
    const std::scoped_lock lock(mutex_);
    switch (event.type) {
      case TMLX_EVENT_CHANNEL_UP:
        if (control) {
          core_.on_control_up(fe_id, channel, now);
        } else if (fe_id != 0) {  // else it is told of again, once it is bound to an ID
          core_.on_data_up(fe_id, channel, now);
          redirect_.set_channel(fe_id, channel);
        }
        break;
      case TMLX_EVENT_CHANNEL_DOWN:
      case TMLX_EVENT_CLOSE:
        if (control) {
          core_.on_control_down(fe_id, channel, now);
        } else {
          core_.on_data_down(fe_id, channel, now);
          if (redirect_.channel(fe_id) == channel) redirect_.set_channel(fe_id, 0);
        }
        break;
      default:
        break;
    }
    pump(later);
  }
  tell(later);
}

void Controller::Impl::handle_control(tml_descriptor channel, const tmlx_message* messages,
                                      size_t count) {
  const Instant now = runtime::now();
  Later later;
  {
    const std::scoped_lock lock(mutex_);
    for (size_t i = 0; i < count; ++i) {
      core_.on_message(channel.value,
                       {static_cast<const std::byte*>(messages[i].data), messages[i].size}, now);
      pump(later);
    }
  }
  tell(later);
}

// Redirects, and by decision 10 of the TML also heartbeats, which belong to the association.
void Controller::Impl::handle_data(tml_descriptor channel, const tmlx_message* messages,
                                   size_t count) {
  const Instant now = runtime::now();
  redirect_.on_messages(channel.value, messages, count, now);
  Later later;
  for (size_t i = 0; i < count; ++i) {
    const wire::Bytes octets(static_cast<const std::byte*>(messages[i].data), messages[i].size);
    if (!Redirector::is_heartbeat(octets)) continue;
    const std::scoped_lock lock(mutex_);
    core_.on_data_message(channel.value, octets, now);
    pump(later);
  }
  tell(later);
}

void Controller::Impl::handle_timer() {
  Later later;
  {
    const std::scoped_lock lock(mutex_);
    timer_.served();
    const Instant now = runtime::now();
    for (const std::uint32_t id : redirect_.fes()) {
      const auto traffic = redirect_.traffic(id);
      core_.on_data_traffic(id, traffic.heard, traffic.sent);
    }
    core_.on_timer(now);
    if (rows_changed_.exchange(false)) core_.on_rows(now);
    pump(later);
  }
  tell(later);
}

void Controller::Impl::pump(Later& later) {
  while (auto output = core_.poll_output()) perform(*output, later);
  std::ranges::move(desk_.told(), std::back_inserter(later.answers));
  timer_.arm(core_.next_deadline());
}

void Controller::Impl::perform(ControllerOutput& output, Later& later) {
  Notes& notes = later.notes;
  std::visit(
      Overloaded{
          [&](const SendMessage& send) {
            const tml_status status =
                tmlWrite({send.channel}, send.octets.data(), send.octets.size(), 0, nullptr);
            if (status == TML_SUCCESS) return;
            ++control_send_failures_;  // the FSM's timers repeat what matters
            notes.push_back({Severity::Warning, "send_failed", send.fe_id, tmlx_strerror(status)});
          },
          [&](const FeChanged& changed) {
            redirect_.set_associated(changed.fe_id, core_.associated(changed.fe_id));
            redirect_.set_master(changed.fe_id, core_.is_master(changed.fe_id));
            follow_period(changed.fe_id, later);
            notes.push_back(note_of(changed));
          },
          [&](const SetupRefused& refused) {
            notes.push_back({Severity::Warning, "association_refused", refused.fe_id,
                             std::string(pl::to_string(refused.result)) +
                                 ": it says that it is FE " + std::to_string(refused.claimed)});
          },
          [&](const MessagesDropped& dropped) {
            notes.push_back({Severity::Warning, "message_dropped", dropped.fe_id,
                             std::to_string(dropped.count) + ", the last for " +
                                 std::string(to_string(dropped.last))});
          },
          [&](const BindId& bind) {
            const tml_status status = tmlx_bind({bind.channel}, bind.fe_id);
            if (status == TML_SUCCESS) return;
            notes.push_back({Severity::Warning, "bind_failed", bind.fe_id, tmlx_strerror(status)});
          },
          [&](const MasterChanged& changed) {
            redirect_.set_master(changed.fe_id, changed.mine);
            follow_period(changed.fe_id, later);
            if (auto note = note_of(changed)) notes.push_back(std::move(*note));
          },
          [&](const PortStatus& port) {
            redirect_.set_port_up(port.fe_id, port.port, port.up);
            later.ports.push_back(port);
            if (auto note = note_of(port)) notes.push_back(std::move(*note));
          },
          [&](const PortAddresses& port) {
            const auto& [id, addresses] = port.addresses;
            redirect_.set_addresses(port.fe_id, id, {addresses.begin(), addresses.end()});
          },
          [&](FeEvent& event) { later.events.push_back(std::move(event)); },
          [&](VcChanged& vc) { later.vcs.emplace_back(vc); },
          [&](VcReceived& received) { later.vcs.emplace_back(std::move(received)); },
          [&](const Answered& answered) { desk_.take(answered); },
          [&](const TransactionEnded& ended) {
            desk_.take(ended);
            if (auto note = note_of(ended)) notes.push_back(std::move(*note));
          },
          [&](const auto& told) {
            if (auto note = note_of(told)) notes.push_back(std::move(*note));
          },
      },
      output);
}

Controller::Controller(ControllerConfig config, daemon::EventSink sink)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(sink))) {}
Controller::~Controller() = default;

void Controller::on_context_event(void* controller, const tmlx_event* event) {
  static_cast<Controller*>(controller)->impl_->report(*event);
}
void Controller::set_observer(FeObserver* observer) { impl_->set_observer(observer); }
void Controller::set_vc_observer(VcObserver* observer) { impl_->set_vc_observer(observer); }
std::size_t Controller::send_vc(std::span<const VcOfFe> to, pl::VcKind kind, wire::Bytes sdu) {
  return impl_->with_core([&](ControllerCore& core, OperatorDesk&, Instant now) {
    return core.send_vc(to, kind, sdu, now);
  });
}
void Controller::set_copy_source(provision::CopySource* source) { impl_->set_copy_source(source); }
void Controller::copies_changed() { impl_->rows_changed(); }
std::uint64_t Controller::period(std::uint32_t fe_id) const { return impl_->period(fe_id); }
bool Controller::send_packet(std::uint32_t fe_id, std::uint32_t port_id, wire::Bytes packet) {
  return impl_->send_packet(fe_id, port_id, packet);
}
bool Controller::open_ports() { return impl_->open_ports(); }
tml_status Controller::start(tmlx_context* context) { return impl_->start(context); }
void Controller::reconfigure(const ControllerConfig& config) { impl_->reconfigure(config); }
void Controller::stop() { impl_->stop(); }

}  // namespace forces::ce
