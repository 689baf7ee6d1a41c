// The shell around ControllerCore: libtml's callbacks in, tmlWrite out, one timer. It decides
// nothing.
//
// One mutex guards the core. Messages are written under it, so that they leave in the order in
// which the core produced them; the sink and the routing service are called after it is released.
// The service's own mutex is taken inside of it, when the core takes rows.
#include "ce/association/controller.hpp"

#include <net/if.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "ce/association/controller_report.hpp"
#include "ce/association/core/controller_core.hpp"
#include "ce/association/operator_desk.hpp"
#include "ce/redirect/redirector.hpp"
#include "common/runtime/timer.hpp"

namespace forces::ce {
namespace {

using daemon::Notes;
using daemon::Severity;

// The rows of zebra's routes, as the core takes them.
class RoutingRows final : public provision::RowSource {
 public:
  explicit RoutingRows(routing::Service& service) : service_(service) {}
  void on_fe(provision::FeId fe) override { service_.on_fe(fe); }
  void on_fe_gone(provision::FeId fe) override { service_.on_fe_gone(fe); }
  [[nodiscard]] std::optional<routing::Delta> poll(provision::FeId fe) override {
    return service_.poll(fe);
  }
  [[nodiscard]] bool complete() const override { return service_.complete(); }

 private:
  routing::Service& service_;
};

// What is done once the mutex is free.
struct Later {
  Notes notes{};
  std::vector<PortStatus> ports{};
};

}  // namespace

class Controller::Impl {
 public:
  Impl(ControllerConfig config, daemon::EventSink sink)
      : config_(std::move(config)),
        sink_(std::move(sink)),
        core_(config_),
        redirect_(config_.ce_id),
        routing_(config_.routing, {[this] { rows_changed(); },
                                   [this](std::string_view line) {
                                     tell({{{Severity::Info, "fpm", 0, std::string(line)}}, {}});
                                   }}),
        rows_(routing_) {
    if (config_.routing.enabled) core_.set_row_source(&rows_, runtime::now());
  }
  ~Impl() { stop(); }

  bool open_ports() { return open_ports(config_); }
  bool open_ports(const ControllerConfig& config);
  tml_status start(tmlx_context* context);
  void reconfigure(const ControllerConfig& config);
  void stop();
  [[nodiscard]] ControllerSnapshot snapshot() const;
  void report(const tmlx_event& event) { tell({{daemon::note_of(event)}, {}}); }

  [[nodiscard]] std::optional<routing::RouteId> routes(routing::RouteId first, std::size_t most,
                                                       std::uint32_t fe_id,
                                                       std::vector<RouteReport>& out) const;
  // f(core, desk, now) under the mutex; what it set going is performed.
  template <class F>
  auto with_core(F&& f) {
    Later later;
    auto result = [&] {
      const std::scoped_lock lock(mutex_);
      auto value = f(core_, desk_, runtime::now());
      pump(later);
      return value;
    }();
    tell(later);
    return result;
  }
  template <class F>
  auto look(F&& f) const {
    const std::scoped_lock lock(mutex_);
    return f(core_);
  }

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
  void pump(Later& later);  // under the mutex
  void perform(ControllerOutput& output, Later& later);
  void tell(const Later& later);
  void rows_changed();  // any thread, without the mutex
  void follow_devices(const ControllerConfig& config);

  ControllerConfig config_;
  daemon::EventSink sink_;
  mutable std::mutex mutex_;
  ControllerCore core_;
  Redirector redirect_;
  OperatorDesk desk_;
  routing::Service routing_;
  RoutingRows rows_;
  std::map<routing::FePort, std::uint32_t> devices_;  // interface index of each port's
  std::atomic<bool> rows_changed_{false};
  tmlx_context* context_ = nullptr;
  runtime::Timer timer_;
  std::uint64_t control_send_failures_ = 0;
};

void Controller::Impl::tell(const Later& later) {
  daemon::tell(sink_, later.notes);
  for (const PortStatus& port : later.ports) {
    redirect_.set_port_up(port.fe_id, port.port, port.up);
    routing_.set_port_up({port.fe_id, port.port}, port.up);
  }
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
  if (const tml_status status = redirect_.start(context); status != TML_SUCCESS) return status;
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
            if (auto note = note_of(changed)) notes.push_back(std::move(*note));
          },
          [&](const PortStatus& port) {
            later.ports.push_back(port);
            if (auto note = note_of(port)) notes.push_back(std::move(*note));
          },
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

std::optional<routing::RouteId> Controller::Impl::routes(routing::RouteId first, std::size_t most,
                                                         std::uint32_t fe_id,
                                                         std::vector<RouteReport>& out) const {
  std::vector<routing::RouteLine> lines;
  const auto next = routing_.list(first, most, lines);
  const std::scoped_lock lock(mutex_);
  std::vector<std::uint32_t> fes;
  for (const FeConfig& fe : config_.fes) {
    if (fe_id == 0 || fe.fe_id == fe_id) fes.push_back(fe.fe_id);
  }
  for (auto& line : lines) {
    const provision::RowKey key{provision::RowKind::Prefix, line.row};
    auto& report = out.emplace_back(std::move(line), std::vector<RouteAtFe>{});
    for (const std::uint32_t fe : fes) {
      const auto* provisioner = core_.provisioner(fe);
      if (provisioner == nullptr) continue;
      const provision::RowBook& book = provisioner->sync().rows();
      const auto failure = book.failures().find(key);
      report.fes.push_back(
          {fe, book.state(key),
           failure == book.failures().end() ? pl::ResultCode::Success : failure->second.code});
    }
  }
  return next;
}

ControllerSnapshot Controller::Impl::snapshot() const {
  ControllerSnapshot shot;
  {
    const std::scoped_lock lock(mutex_);
    shot = core_.snapshot(runtime::now());
    shot.counters.push_back({"pl_send_failures", "", control_send_failures_});
  }
  shot.routing = routing_.snapshot();
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

std::optional<routing::RouteId> Controller::routes(routing::RouteId first, std::size_t most,
                                                   std::uint32_t fe_id,
                                                   std::vector<RouteReport>& out) const {
  return impl_->routes(first, most, fe_id, out);
}
std::optional<provision::Inventory> Controller::inventory(std::uint32_t fe_id) const {
  return impl_->look([&](const ControllerCore& core) -> std::optional<provision::Inventory> {
    const auto* provisioner = core.provisioner(fe_id);
    if (provisioner == nullptr) return std::nullopt;
    return provisioner->inventory();
  });
}
std::vector<provision::TransactionRecord> Controller::transactions() const {
  return impl_->look([](const ControllerCore& core) { return core.transactions().list(); });
}
std::uint64_t Controller::ask(const std::vector<std::uint32_t>& fes,
                              const std::vector<pl::BodyTlv>& query) {
  return impl_->with_core([&](ControllerCore& core, OperatorDesk& desk, Instant now) {
    std::vector<std::pair<std::uint32_t, std::uint64_t>> asked;
    for (const std::uint32_t fe : fes) asked.emplace_back(fe, core.ask(fe, query, now));
    return desk.open(asked, now);
  });
}
std::uint64_t Controller::configure(std::uint32_t fe_id, const std::vector<pl::BodyTlv>& config) {
  return impl_->with_core([&](ControllerCore& core, OperatorDesk& desk, Instant now) {
    return desk.open({{fe_id, core.configure_fe(fe_id, config, now)}}, now);
  });
}
std::uint64_t Controller::transact(const std::vector<provision::TransactionPart>& parts) {
  return impl_->with_core([&](ControllerCore& core, OperatorDesk& desk, Instant now) {
    const auto id = core.transact(parts, now);
    return id ? desk.open_transaction(*id, now) : std::uint64_t{0};
  });
}
std::uint64_t Controller::switch_master(const std::vector<std::uint32_t>& fes,
                                        std::uint32_t ce_id) {
  return impl_->with_core([&](ControllerCore& core, OperatorDesk& desk, Instant now) {
    std::vector<std::pair<std::uint32_t, std::uint64_t>> asked;
    for (const std::uint32_t fe : fes) asked.emplace_back(fe, core.switch_master(fe, ce_id, now));
    return desk.open(asked, now);
  });
}
std::optional<OperatorAnswer> Controller::answer(std::uint64_t ticket) {
  return impl_->with_core(
      [&](ControllerCore&, OperatorDesk& desk, Instant now) { return desk.answer(ticket, now); });
}

}  // namespace forces::ce
