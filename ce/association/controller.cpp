// The shell around ControllerCore: libtml's callbacks in, tmlWrite out, one timer. It decides
// nothing.
//
// One mutex guards the core. Messages are written under it, so that they leave in the order in
// which the core produced them; the sink is called after it is released.
#include "ce/association/controller.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "ce/association/controller_core.hpp"
#include "ce/association/controller_report.hpp"
#include "ce/redirect/redirector.hpp"
#include "common/runtime/timer.hpp"

namespace forces::ce {
namespace {

using daemon::Notes;
using daemon::Severity;

}  // namespace

class Controller::Impl {
 public:
  Impl(ControllerConfig config, daemon::EventSink sink)
      : config_(std::move(config)),
        sink_(std::move(sink)),
        core_(config_),
        redirect_(config_.ce_id) {}
  ~Impl() { stop(); }

  bool open_ports() { return open_ports(config_); }
  bool open_ports(const ControllerConfig& config);
  tml_status start(tmlx_context* context);
  void reconfigure(const ControllerConfig& config);
  void stop();
  [[nodiscard]] ControllerSnapshot snapshot() const;
  void report(const tmlx_event& event) { tell({daemon::note_of(event)}); }

 private:
  static void on_event(void* self, const tmlx_event* event) {
    static_cast<Impl*>(self)->handle(*event);
  }
  static void on_control(void* self, tml_descriptor channel, const tmlx_message* messages,
                         size_t count) {
    static_cast<Impl*>(self)->handle_control(channel, messages, count);
  }
  static void on_data(void* self, tml_descriptor channel, const tmlx_message* messages,
                      size_t count) {
    static_cast<Impl*>(self)->handle_data(channel, messages, count);
  }
  static void on_timer(void* self, int) { static_cast<Impl*>(self)->handle_timer(); }

  tml_status listen(tml_channel_type type);
  void handle(const tmlx_event& event);
  void handle_control(tml_descriptor channel, const tmlx_message* messages, size_t count);
  void handle_data(tml_descriptor channel, const tmlx_message* messages, size_t count);
  void handle_timer();
  void pump(Notes& notes);  // under the mutex
  void perform(const ControllerOutput& output, Notes& notes);
  void tell(const Notes& notes) const { daemon::tell(sink_, notes); }

  ControllerConfig config_;
  daemon::EventSink sink_;
  mutable std::mutex mutex_;
  ControllerCore core_;
  Redirector redirect_;
  tmlx_context* context_ = nullptr;
  runtime::Timer timer_;
  std::uint64_t control_send_failures_ = 0;
};

bool Controller::Impl::open_ports(const ControllerConfig& config) {
  Notes notes;
  for (const std::uint32_t id : redirect_.fes()) {
    const auto same = [&](const FeConfig& fe) { return fe.fe_id == id; };
    if (std::ranges::none_of(config.fes, same)) (void)redirect_.configure(id, {});
  }
  for (const FeConfig& fe : config.fes) {
    for (std::string& failure : redirect_.configure(fe.fe_id, fe.ports)) {
      notes.push_back({Severity::Error, "port_failed", fe.fe_id, std::move(failure)});
    }
  }
  tell(notes);
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
  if (const tml_status status = redirect_.start(context); status != TML_SUCCESS) return status;
  const tml_status watched = tmlx_watch(context, timer_.fd(), &Impl::on_timer, this);
  if (watched != TML_SUCCESS) return watched;
  if (const tml_status status = listen(TML_CHANNEL_CONTROL); status != TML_SUCCESS) return status;
  return listen(TML_CHANNEL_DATA);
}

void Controller::Impl::reconfigure(const ControllerConfig& config) {
  (void)open_ports(config);
  Notes notes;
  {
    const std::scoped_lock lock(mutex_);
    config_.fes = config.fes;
    config_.heartbeat = config.heartbeat;
    core_.reconfigure(config, runtime::now());
    pump(notes);
  }
  tell(notes);
}

void Controller::Impl::stop() {
  if (context_ == nullptr) return;
  Notes notes;
  {
    const std::scoped_lock lock(mutex_);
    core_.stop(runtime::now());
    pump(notes);
  }
  tell(notes);
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
  Notes notes{daemon::note_of(event)};
  {
    const std::scoped_lock lock(mutex_);
    switch (event.type) {
      case TMLX_EVENT_CHANNEL_UP:
        if (control) {
          core_.on_control_up(fe_id, channel, now);
        } else {
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
    pump(notes);
  }
  tell(notes);
}

void Controller::Impl::handle_control(tml_descriptor channel, const tmlx_message* messages,
                                      size_t count) {
  const Instant now = runtime::now();
  Notes notes;
  {
    const std::scoped_lock lock(mutex_);
    for (size_t i = 0; i < count; ++i) {
      core_.on_message(channel.value,
                       {static_cast<const std::byte*>(messages[i].data), messages[i].size}, now);
      pump(notes);
    }
  }
  tell(notes);
}

// Redirects, and by decision 10 of the TML also heartbeats, which belong to the association.
void Controller::Impl::handle_data(tml_descriptor channel, const tmlx_message* messages,
                                   size_t count) {
  const Instant now = runtime::now();
  redirect_.on_messages(channel.value, messages, count, now);
  Notes notes;
  for (size_t i = 0; i < count; ++i) {
    const wire::Bytes octets(static_cast<const std::byte*>(messages[i].data), messages[i].size);
    if (!Redirector::is_heartbeat(octets)) continue;
    const std::scoped_lock lock(mutex_);
    core_.on_data_message(channel.value, octets, now);
    pump(notes);
  }
  tell(notes);
}

void Controller::Impl::handle_timer() {
  Notes notes;
  {
    const std::scoped_lock lock(mutex_);
    timer_.served();
    const Instant now = runtime::now();
    for (const std::uint32_t id : redirect_.fes()) {
      const auto traffic = redirect_.traffic(id);
      core_.on_data_traffic(id, traffic.heard, traffic.sent);
    }
    core_.on_timer(now);
    pump(notes);
  }
  tell(notes);
}

void Controller::Impl::pump(Notes& notes) {
  while (const auto output = core_.poll_output()) perform(*output, notes);
  timer_.arm(core_.next_deadline());
}

void Controller::Impl::perform(const ControllerOutput& output, Notes& notes) {
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
          [&](const auto& told) {
            if (auto note = note_of(told)) notes.push_back(std::move(*note));
          },
      },
      output);
}

ControllerSnapshot Controller::Impl::snapshot() const {
  ControllerSnapshot shot;
  {
    const std::scoped_lock lock(mutex_);
    shot = core_.snapshot(runtime::now());
    shot.counters.push_back({"pl_send_failures", "", control_send_failures_});
  }
  shot.counters.push_back({"redirect_unknown_channel", "", redirect_.unknown_channel().get()});
  if (context_ != nullptr) {
    shot.control_port = tmlx_listen_port(context_, TML_CHANNEL_CONTROL);
    shot.data_port = tmlx_listen_port(context_, TML_CHANNEL_DATA);
  }
  for (FeSnapshot& fe : shot.fes) {
    redirect_.inspect(fe.fe_id, [&](const RedirectFeCounters& counters, const auto& ports) {
      append(fe.counters, counters);
      for (const Redirector::PortView& port : ports) {
        fe.ports.push_back({port.port_id, port.tun, port.open, samples(port.counters)});
      }
    });
  }
  return shot;
}

Controller::Controller(ControllerConfig config, daemon::EventSink sink)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(sink))) {}
Controller::~Controller() = default;

void Controller::on_context_event(void* controller, const tmlx_event* event) {
  static_cast<Controller*>(controller)->impl_->report(*event);
}
bool Controller::open_ports() { return impl_->open_ports(); }
tml_status Controller::start(tmlx_context* context) { return impl_->start(context); }
void Controller::reconfigure(const ControllerConfig& config) { impl_->reconfigure(config); }
void Controller::stop() { impl_->stop(); }
ControllerSnapshot Controller::snapshot() const { return impl_->snapshot(); }

}  // namespace forces::ce
