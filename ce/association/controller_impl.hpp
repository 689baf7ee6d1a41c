// What stands behind Controller: channels, core, routing and devices in one place. Of the two
// sources beside it, controller.cpp moves messages, controller_operator.cpp tells and asks.
//
// One mutex guards the core. Messages are written under it, so that they leave in the order in
// which the core produced them; the sink and the routing service are called after it is released.
// The service's own mutex is taken inside of it, when the core takes rows.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <utility>
#include <variant>
#include <vector>

#include "ce/association/controller.hpp"
#include "ce/association/core/controller_core.hpp"
#include "ce/association/operator_desk.hpp"
#include "ce/redirect/redirector.hpp"
#include "common/runtime/timer.hpp"

namespace forces::ce {

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
  [[nodiscard]] std::size_t leading_only_to(provision::FeId fe,
                                            const HasFailed& failed) const override {
    return service_.leading_only_to(fe, failed);
  }

 private:
  routing::Service& service_;
};

// What is done once the mutex is free.
struct Later {
  daemon::Notes notes{};
  std::vector<PortStatus> ports{};
  // For the observer.
  std::vector<std::uint32_t> fes{};
  std::vector<FeEvent> events{};
  std::vector<std::variant<VcChanged, VcReceived>> vcs{};
  std::vector<std::pair<std::uint64_t, OperatorAnswer>> answers{};
};

class Controller::Impl {
 public:
  Impl(ControllerConfig config, daemon::EventSink sink)
      : config_(std::move(config)),
        sink_(std::move(sink)),
        core_(config_),
        redirect_(config_.ce_id),
        routing_(config_.routing,
                 {[this] { rows_changed(); },
                  [this](std::string_view line) {
                    tell({{{daemon::Severity::Info, "fpm", 0, std::string(line)}}, {}});
                  }}),
        rows_(routing_) {
    if (config_.routing.enabled) core_.set_row_source(&rows_, runtime::now());
  }
  ~Impl() { stop(); }

  void set_observer(FeObserver* observer);
  void set_vc_observer(VcObserver* observer) {
    vc_observer_ = observer;
    core_.carry_vcs(observer != nullptr);
  }
  void set_copy_source(provision::CopySource* source) {
    const std::scoped_lock lock(mutex_);
    core_.set_copy_source(source, runtime::now());
  }
  void rows_changed();  // any thread, without the mutex
  [[nodiscard]] std::uint64_t period(std::uint32_t fe_id) const;
  bool send_packet(std::uint32_t fe_id, std::uint32_t port_id, wire::Bytes packet) {
    return redirect_.send(fe_id, port_id, packet, runtime::now());
  }
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
  void follow_devices(const ControllerConfig& config);
  void follow_period(std::uint32_t fe_id, Later& later);

  ControllerConfig config_;
  daemon::EventSink sink_;
  mutable std::mutex mutex_;
  ControllerCore core_;
  Redirector redirect_;
  OperatorDesk desk_;
  routing::Service routing_;
  RoutingRows rows_;
  FeObserver* observer_ = nullptr;
  VcObserver* vc_observer_ = nullptr;
  std::map<std::uint32_t, std::uint64_t> periods_;  // of FEs whose master we are
  std::uint64_t last_period_ = 0;
  std::map<routing::FePort, std::uint32_t> devices_;  // interface index of each port's
  std::atomic<bool> rows_changed_{false};
  tmlx_context* context_ = nullptr;
  runtime::Timer timer_;
  std::uint64_t control_send_failures_ = 0;
};

}  // namespace forces::ce
