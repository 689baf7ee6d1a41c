// What a daemon brings to the frame that both share (daemon.hpp).
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/observe/log.hpp"
#include "common/observe/metrics.hpp"
#include "proto/schema/control.pb.h"
#include "tml/daemon/settings.hpp"
#include "tml/daemon/tml_context.hpp"
#include "tml/tml.h"

namespace forces::daemon {

// The frame calls on its own thread, in the order below, except where a comment says otherwise.
class Application {
 public:
  virtual ~Application() = default;

  [[nodiscard]] virtual std::string_view program() const = 0;  // "ce"

  // Takes the settings of the file if there is no problem with them; else nothing changes.
  [[nodiscard]] virtual runtime::ConfigProblems load(const std::string& path) = 0;
  [[nodiscard]] virtual std::string print() = 0;  // as TOML
  [[nodiscard]] virtual const CommonSettings& settings() const = 0;
  [[nodiscard]] virtual std::uint32_t id() const = 0;
  [[nodiscard]] virtual const std::string& name() const = 0;
  [[nodiscard]] virtual AdmissionSettings admission() const { return {}; }
  // May a change of this table ("log", "fe.port") take effect without a restart?
  [[nodiscard]] virtual bool changes_live(std::string_view table) const = 0;

  virtual void build(observe::Log& log) = 0;
  [[nodiscard]] virtual std::pair<tml_event_handler, void*> context_events() = 0;
  virtual bool open_ports() = 0;  // privileged; false: some failed, and the log says which
  // What outlives the process; as the user that it runs as. Not empty: the start ends, and why.
  [[nodiscard]] virtual std::string open_state() { return {}; }
  [[nodiscard]] virtual tml_status start(tmlx_context* context) = 0;

  virtual void reconfigure() = 0;  // after a load() while running
  // Certificates were read again by libtml; what else uses them does likewise.
  [[nodiscard]] virtual std::expected<void, std::string> reload_tls() { return {}; }
  virtual void stop() = 0;  // on a thread of its own: it may wait for peers

  // Any thread, from build() on.
  virtual void describe(control::Status& status) const = 0;
  [[nodiscard]] virtual std::vector<control::Element> elements() const = 0;
  // What is shown of one element only when it is shown alone.
  virtual void detail(control::Element&) const {}
  [[nodiscard]] virtual observe::Families metrics() const = 0;
  // Requests that only this program knows, on the frame's thread. Without a result: nor does it.
  [[nodiscard]] virtual control::Response answer(const control::Request&) { return {}; }
};

// The part of an application that is its configuration: `Settings` has `id`, `name`, `common`, and
// a visit(runtime::ConfigVisitor&, Settings&) beside it.
template <class Settings>
class Configured : public Application {
 public:
  [[nodiscard]] runtime::ConfigProblems load(const std::string& path) override {
    Settings fresh;
    auto problems =
        runtime::read_config_file(path, [&fresh](runtime::ConfigVisitor& v) { visit(v, fresh); });
    if (problems.empty()) settings_ = std::move(fresh);
    return problems;
  }
  [[nodiscard]] std::string print() override {
    return runtime::print_config([this](runtime::ConfigVisitor& v) { visit(v, settings_); });
  }
  [[nodiscard]] const CommonSettings& settings() const override { return settings_.common; }
  [[nodiscard]] std::uint32_t id() const override { return settings_.id; }
  [[nodiscard]] const std::string& name() const override { return settings_.name; }

 protected:
  Settings settings_;
};

}  // namespace forces::daemon
