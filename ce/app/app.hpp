// ce as a program: its settings, and the controller in the frame of tml/daemon.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "ce/app/config.hpp"
#include "ce/app/lfb/lfb_requests.hpp"
#include "ce/app/signaling/requests.hpp"
#include "ce/association/controller.hpp"
#include "ce/multicast/forwarding/follower.hpp"
#include "ce/multicast/forwarding/source.hpp"
#include "ce/multicast/service/service.hpp"
#include "tml/daemon/application.hpp"

namespace forces::ce {

class App final : public daemon::Configured<Settings> {
 public:
  std::string_view program() const override { return "ce"; }
  daemon::AdmissionSettings admission() const override { return settings_.admission; }
  bool changes_live(std::string_view table) const override;

  void build(observe::Log& log) override;
  std::pair<tml_event_handler, void*> context_events() override;
  bool open_ports() override { return controller_->open_ports(); }
  std::string open_state() override;
  tml_status start(tmlx_context* context) override { return controller_->start(context); }
  void reconfigure() override;
  std::expected<void, std::string> reload_tls() override;
  void stop() override;

  void describe(control::Status& status) const override;
  void detail(control::Element& element) const override;
  std::vector<control::Element> elements() const override;
  observe::Families metrics() const override;
  control::Response answer(const control::Request& request) override;

 private:
  void build_multicast(observe::Log& log);

  std::string listens_at_;  // as at the start; settings_ may have been read again since
  // Host maps of the MARS become rows of FEs. The controller takes them: they outlive it.
  std::optional<multicast::forwarding::ForwardingSource> copies_;
  multicast::forwarding::Follower follower_;
  std::unique_ptr<Controller> controller_;
  LfbRequests lfb_;
  // As at the start. None: no signalling is configured, or what it says cannot be used.
  AsonSettings ason_;
  SignalingRequests signaling_requests_;
  std::unique_ptr<signaling::Service> signaling_;
  std::string no_signaling_;  // why not
  observe::Logger signaling_log_;
  // As at the start. No service: it is not configured, or what it says cannot be used.
  MulticastSettings multicast_settings_;
  std::unique_ptr<multicast::Service> multicast_;
  std::string no_multicast_;  // why not
  observe::Logger multicast_log_;
};

// What the operator sees of a snapshot.
[[nodiscard]] control::Element element_of(const FeSnapshot& fe);
[[nodiscard]] observe::Families families_of(const ControllerSnapshot& snapshot);

}  // namespace forces::ce
