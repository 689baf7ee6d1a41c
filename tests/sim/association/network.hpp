// CEs and FEs of the association protocol on a virtual network. Messages cannot be lost (TCP), but
// they can be late, and a channel can go down and come back; daemons can crash and start again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ce/association/core/controller_core.hpp"
#include "fe/association/core/element_core.hpp"
#include "tests/support/sim/world.hpp"

namespace forces::test {

inline constexpr std::uint32_t kFirstCe = 0x40000001;

class Network {
 public:
  // FE i has PL ID i+1 (0 when `assign`), CE j has kFirstCe+j; every FE knows every CE.
  Network(World& world, std::size_t ces, std::size_t fes) : world_(world) {
    for (std::size_t j = 0; j < ces; ++j) {
      ce::ControllerConfig config;
      config.ce_id = kFirstCe + static_cast<std::uint32_t>(j);
      config.heartbeat.configure_fe = false;
      for (std::size_t i = 0; i < fes; ++i) {
        config.fes.push_back({static_cast<std::uint32_t>(i + 1), "fe", {}});
      }
      controllers_.push_back({config, nullptr, 0, {}, false});
    }
    for (std::size_t i = 0; i < fes; ++i) {
      fe::ElementConfig config;
      config.fe_id = static_cast<std::uint32_t>(i + 1);
      for (std::size_t j = 0; j < ces; ++j) {
        config.ces.push_back({controllers_[j].config.ce_id, "virtual"});
      }
      elements_.push_back({config, nullptr, 0, {}, std::vector<Wire>(ces)});
    }
  }

  [[nodiscard]] ce::ControllerConfig& ce_config(std::size_t j) { return controllers_[j].config; }
  [[nodiscard]] fe::ElementConfig& fe_config(std::size_t i) { return elements_[i].config; }
  [[nodiscard]] ce::ControllerCore& ce(std::size_t j = 0) { return *controllers_[j].core; }
  [[nodiscard]] fe::ElementCore& fe(std::size_t i = 0) { return *elements_[i].core; }

  void start_ce(std::size_t j) {
    Controller& c = controllers_[j];
    c.core = std::make_unique<ce::ControllerCore>(c.config);
    if (new_ce) new_ce(j, *c.core);
    ++c.life;
    c.armed.reset();
    pump_ce(j);
    for (std::size_t i = 0; i < elements_.size(); ++i) {
      if (elements_[i].wires[j].wanted && !elements_[i].wires[j].up) reconnect_later(i, j);
    }
  }
  void start_fe(std::size_t i) {
    Element& e = elements_[i];
    e.core = std::make_unique<fe::ElementCore>(e.config, world_.random()(),
                                               dataplane ? dataplane(i) : nullptr);
    if (new_fe) new_fe(i, *e.core);
    ++e.life;
    e.armed.reset();
    e.core->start(world_.now());
    pump_fe(i);
  }
  void start() {
    for (std::size_t j = 0; j < controllers_.size(); ++j) start_ce(j);
    for (std::size_t i = 0; i < elements_.size(); ++i) start_fe(i);
  }
  void stop_fe(std::size_t i) {
    fe(i).stop(world_.now());
    pump_fe(i);
  }
  // A process dies: its peers see the connections break, and nothing was said.
  void crash_ce(std::size_t j) {
    controllers_[j].core.reset();
    controllers_[j].frozen = false;
    for (std::size_t i = 0; i < elements_.size(); ++i) disconnect(i, j);
  }
  void crash_fe(std::size_t i) {
    elements_[i].core.reset();
    for (std::size_t j = 0; j < controllers_.size(); ++j) {
      disconnect(i, j);
      elements_[i].wires[j].wanted = false;
    }
  }
  // The network between one FE and one CE; the TML repairs it when it is back.
  void cut(std::size_t i, std::size_t j) {
    elements_[i].wires[j].cut = true;
    disconnect(i, j);
  }
  void mend(std::size_t i, std::size_t j) {
    elements_[i].wires[j].cut = false;
    reconnect_later(i, j);
  }
  // The CE's process is alive and its TML too, but its PL says and hears nothing.
  void freeze_ce(std::size_t j, bool frozen) {
    controllers_[j].frozen = frozen;
    if (!frozen) pump_ce(j);
  }

  [[nodiscard]] std::uint64_t messages() const { return messages_; }

  // What a test adds: to cores when they are new, to what a CE says, to what arrives at an FE
  // (false: it is lost).
  std::function<void(std::size_t ce, ce::ControllerCore&)> new_ce;
  std::function<void(std::size_t fe, fe::ElementCore&)> new_fe;
  std::function<void(std::size_t ce, const ce::ControllerOutput&)> ce_says;
  std::function<bool(std::size_t fe, const pl::Octets&)> fe_hears;
  std::function<fe::lfb::Sink*(std::size_t fe)> dataplane;
  // After a test called a core itself.
  void poke_ce(std::size_t j) { pump_ce(j); }
  void poke_fe(std::size_t i) {
    fe(i).on_engine(world_.now());
    pump_fe(i);
  }
  [[nodiscard]] std::size_t fe_total() const { return elements_.size(); }
  [[nodiscard]] bool ce_runs(std::size_t j) const { return controllers_[j].core != nullptr; }
  [[nodiscard]] bool fe_runs(std::size_t i) const { return elements_[i].core != nullptr; }

 private:
  struct Wire {
    bool wanted = false, up = false, cut = false;
    std::uint64_t channel = 0;             // a new number each time it comes up
    Instant to_ce_until{}, to_fe_until{};  // FIFO: nothing arrives before what was sent earlier
  };
  struct Controller {
    ce::ControllerConfig config;
    std::unique_ptr<ce::ControllerCore> core;
    std::uint64_t life = 0;
    std::optional<Instant> armed;
    bool frozen = false;
  };
  struct Element {
    fe::ElementConfig config;
    std::unique_ptr<fe::ElementCore> core;
    std::uint64_t life = 0;
    std::optional<Instant> armed;
    std::vector<Wire> wires;
  };

  Duration latency() { return std::chrono::microseconds(100 + world_.pick(20'000)); }

  void disconnect(std::size_t i, std::size_t j) {
    Wire& wire = elements_[i].wires[j];
    if (!wire.up) return;
    const std::uint64_t channel = std::exchange(wire.channel, 0);
    fe_of_.erase(channel);
    wire.up = false;
    world_.trace("down");
    // Each end finds out in its own time.
    world_.after(latency(), [this, i, j, channel] {
      if (!controllers_[j].core) return;
      ce(j).on_control_down(elements_[i].config.fe_id, channel, world_.now());
      pump_ce(j);
    });
    world_.after(latency(), [this, i, j, life = elements_[i].life] {
      if (!elements_[i].core || elements_[i].life != life) return;
      fe(i).on_control_down(j, world_.now());
      pump_fe(i);
      reconnect_later(i, j);
    });
  }

  void reconnect_later(std::size_t i, std::size_t j) {
    world_.after(std::chrono::milliseconds(100 + world_.pick(100)), [this, i, j] {
      Wire& wire = elements_[i].wires[j];
      if (!wire.wanted || wire.up || wire.cut || !elements_[i].core) return;
      if (!controllers_[j].core) return;  // start_ce() tries again
      wire.up = true;
      wire.channel = ++next_channel_;
      fe_of_[wire.channel] = i;
      wire.to_ce_until = wire.to_fe_until = world_.now();
      world_.trace("up");
      ce(j).on_control_up(elements_[i].config.fe_id, wire.channel, world_.now());
      pump_ce(j);
      fe(i).on_control_up(j, world_.now());
      pump_fe(i);
    });
  }

  void pump_ce(std::size_t j) {
    while (auto output = ce(j).poll_output()) {
      if (ce_says) ce_says(j, *output);
      const auto* send = std::get_if<ce::SendMessage>(&*output);
      if (send == nullptr) continue;
      const auto at = fe_of_.find(send->channel);
      if (at != fe_of_.end()) to_fe(at->second, j, send->octets);
    }
    const auto due = ce(j).next_deadline();
    arm(controllers_[j].armed, due, [this, j, due, life = controllers_[j].life] {
      Controller& c = controllers_[j];
      if (!c.core || c.life != life || c.armed != due) return;
      c.armed.reset();
      if (c.frozen) return;
      c.core->on_timer(world_.now());
      pump_ce(j);
    });
  }

  void pump_fe(std::size_t i) {
    while (auto output = fe(i).poll_output()) {
      if (const auto* send = std::get_if<fe::SendMessage>(&*output)) {
        if (elements_[i].wires[send->ce].up) to_ce(i, send->ce, send->octets);
      } else if (const auto* request = std::get_if<fe::RequestChannels>(&*output)) {
        elements_[i].wires[request->ce].wanted = request->open;
        if (request->open) {
          reconnect_later(i, request->ce);
        } else {  // after what was sent has arrived
          world_.at(elements_[i].wires[request->ce].to_ce_until,
                    [this, i, j = request->ce] { disconnect(i, j); });
        }
      }
    }
    const auto due = fe(i).next_deadline();
    arm(elements_[i].armed, due, [this, i, due, life = elements_[i].life] {
      Element& e = elements_[i];
      if (!e.core || e.life != life || e.armed != due) return;
      e.armed.reset();
      e.core->on_timer(world_.now());
      pump_fe(i);
    });
  }

  void to_ce(std::size_t i, std::size_t j, pl::Octets octets) {
    Wire& wire = elements_[i].wires[j];
    wire.to_ce_until = std::max(wire.to_ce_until, world_.now() + latency());
    world_.at(wire.to_ce_until, [this, i, j, channel = wire.channel, octets = std::move(octets)] {
      if (elements_[i].wires[j].channel != channel || !controllers_[j].core) return;
      if (controllers_[j].frozen) return;
      count(octets);
      ce(j).on_message(channel, octets, world_.now());
      pump_ce(j);
    });
  }
  void to_fe(std::size_t i, std::size_t j, pl::Octets octets) {
    Wire& wire = elements_[i].wires[j];
    wire.to_fe_until = std::max(wire.to_fe_until, world_.now() + latency());
    world_.at(wire.to_fe_until, [this, i, j, channel = wire.channel, octets = std::move(octets)] {
      if (elements_[i].wires[j].channel != channel || !elements_[i].core) return;
      count(octets);
      if (fe_hears && !fe_hears(i, octets)) return;
      fe(i).on_message(j, octets, world_.now());
      pump_fe(i);
    });
  }
  void count(const pl::Octets& octets) {
    ++messages_;
    world_.trace({reinterpret_cast<const char*>(octets.data()), octets.size()});
  }

  void arm(std::optional<Instant>& armed, std::optional<Instant> at, std::function<void()> fire) {
    // An early call is harmless. One that an earlier one has replaced does nothing.
    if (!at || (armed && *armed <= *at)) return;
    armed = at;
    world_.at(*at, std::move(fire));
  }

  World& world_;
  std::vector<Controller> controllers_;
  std::vector<Element> elements_;
  std::unordered_map<std::uint64_t, std::size_t> fe_of_;  // by channel
  std::uint64_t next_channel_ = 0;
  std::uint64_t messages_ = 0;
};

}  // namespace forces::test
