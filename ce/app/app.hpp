// ce as a program: its settings, and the controller in the frame of tml/daemon.
#pragma once

#include <memory>
#include <string>

#include "ce/app/config.hpp"
#include "ce/app/lfb/lfb_requests.hpp"
#include "ce/association/controller.hpp"
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
  tml_status start(tmlx_context* context) override { return controller_->start(context); }
  void reconfigure() override { controller_->reconfigure(controller_config(settings_)); }
  void stop() override { controller_->stop(); }

  void describe(control::Status& status) const override;
  void detail(control::Element& element) const override;
  std::vector<control::Element> elements() const override;
  observe::Families metrics() const override;
  control::Response answer(const control::Request& request) override;

 private:
  std::string listens_at_;  // as at the start; settings_ may have been read again since
  std::unique_ptr<Controller> controller_;
  LfbRequests lfb_;
};

// What the operator sees of a snapshot.
[[nodiscard]] control::Element element_of(const FeSnapshot& fe);
[[nodiscard]] observe::Families families_of(const ControllerSnapshot& snapshot);

}  // namespace forces::ce
