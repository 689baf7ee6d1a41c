// fe as a program: its settings, and the element in the frame of tml/daemon.
#pragma once

#include <memory>

#include "fe/app/config.hpp"
#include "fe/association/element.hpp"
#include "tml/daemon/application.hpp"

namespace forces::fe {

class App final : public daemon::Configured<Settings> {
 public:
  std::string_view program() const override { return "fe"; }
  bool changes_live(std::string_view table) const override;

  void build(observe::Log& log) override;
  std::pair<tml_event_handler, void*> context_events() override;
  bool open_ports() override { return element_->open_ports(); }
  tml_status start(tmlx_context* context) override { return element_->start(context); }
  void reconfigure() override { element_->reconfigure(element_config(settings_)); }
  void stop() override { element_->stop(); }

  void describe(control::Status& status) const override;
  std::vector<control::Element> elements() const override;
  observe::Families metrics() const override;
  control::Response answer(const control::Request& request) override;

 private:
  std::unique_ptr<Element> element_;
};

// What the operator sees of a snapshot.
[[nodiscard]] control::Element element_of(const CeSnapshot& ce);
[[nodiscard]] control::Port port_of(const PortSnapshot& port);
[[nodiscard]] observe::Families families_of(const ElementSnapshot& snapshot);

}  // namespace forces::fe
