// CEs with rows and FEs that forward, on the virtual network of the associations.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/sim/association/network.hpp"
#include "tests/sim/provision/tables.hpp"

namespace forces::test {

using namespace std::chrono_literals;
using ce::provision::SyncState;

class Provisioned {
 public:
  explicit Provisioned(std::size_t ces = 1, std::size_t fes = 1, std::uint64_t seed = 1)
      : world(seed), net(world, ces, fes), rows(ces), said(ces) {
    for (auto& r : rows) r = std::make_unique<Rows>();
    for (std::size_t i = 0; i < fes; ++i) net.fe_config(i).fepo.ce_dead = 5s;
    for (std::size_t j = 0; j < ces; ++j) {
      net.ce_config(j).heartbeat.ce_dead = 5s;
      net.ce_config(j).heartbeat.configure_fe = true;
    }
    net.new_fe = [this](std::size_t, fe::ElementCore& fe) { add_forwarding(fe, ports); };
    net.new_ce = [this](std::size_t j, ce::ControllerCore& ce) {
      ce.set_row_source(rows[j].get(), world.now());
    };
    net.ce_says = [this](std::size_t j, const ce::ControllerOutput& o) {
      if (!std::holds_alternative<ce::SendMessage>(o)) said[j].push_back(o);
    };
    net.fe_hears = [this](std::size_t fe, const pl::Octets& octets) { return hear(fe, octets); };
  }

  // FEs keep their rows while no CE is there.
  void keep_rows() {
    for (std::size_t i = 0; i < fe_count(); ++i) net.fe_config(i).fepo.failover_policy = 1;
  }
  void hot_standby() {
    keep_rows();
    for (std::size_t i = 0; i < fe_count(); ++i) net.fe_config(i).fepo.ha_mode = 2;
  }
  [[nodiscard]] std::size_t fe_count() const { return net.fe_total(); }

  void changed(std::size_t j = 0) {
    net.ce(j).on_rows(world.now());
    net.poke_ce(j);
  }
  // A new life of a CE, with rows of another order.
  void restart_ce(std::size_t j, std::uint32_t prefixes, std::uint32_t hops) {
    net.crash_ce(j);
    rows[j] = std::make_unique<Rows>();
    fill(*rows[j], prefixes, hops, true);
    net.start_ce(j);
  }

  [[nodiscard]] const ce::provision::FibSync& sync(std::size_t j = 0, std::uint32_t fe = 1) {
    return net.ce(j).provisioner(fe)->sync();
  }
  [[nodiscard]] bool converged(std::size_t j = 0, std::size_t fe = 0) {
    if (!net.ce_runs(j) || !net.fe_runs(fe)) return false;
    return sync(j, static_cast<std::uint32_t>(fe + 1)).state() == SyncState::Synced &&
           routes_of(net.fe(fe)) == rows[j]->routes();
  }
  template <class Output>
  [[nodiscard]] std::vector<Output> all_said(std::size_t j = 0) const {
    std::vector<Output> found;
    for (const auto& o : said[j]) {
      if (const auto* one = std::get_if<Output>(&o)) found.push_back(*one);
    }
    return found;
  }

  World world;
  Network net;
  std::vector<std::unique_ptr<Rows>> rows;  // of each CE
  std::vector<std::vector<ce::ControllerOutput>> said;
  std::uint32_t ports = 0;
  int row_configs = 0, rows_set = 0, rows_deleted = 0;  // that arrived at FEs
  std::function<bool(std::size_t fe, const pl::MessageView&)> lose;

 private:
  bool hear(std::size_t fe, const pl::Octets& octets) {
    const auto message = pl::MessageView::parse(octets);
    if (!message) return true;
    if (lose && lose(fe, *message)) return false;
    if (message->header().type != pl::MsgType::Config) return true;
    int found = 0;
    for (const pl::LfbSelectView select : message->selects()) {
      if (select.class_id.value < 10) continue;
      for (const pl::OperView oper : select.operations) {
        for ([[maybe_unused]] const pl::ItemView item : oper.items()) {
          ++(oper.type == pl::OperType::Del ? rows_deleted : rows_set);
          ++found;
        }
      }
    }
    row_configs += found != 0 ? 1 : 0;
    return true;
  }
};

}  // namespace forces::test
