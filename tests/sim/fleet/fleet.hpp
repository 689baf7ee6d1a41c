// A fleet of FEs with routes, several CEs, and a day of everything that goes wrong: the network
// between any two is cut, FEs restart, CEs crash, hang, start again and know half of the routes at
// first, operators move mastership and run transactions, and routes change all the while.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/association/network.hpp"
#include "tests/sim/fleet/wanted.hpp"

namespace forces::test {

struct FleetSize {
  std::size_t fes = 60, ces = 3;
  Duration life = std::chrono::hours(1);
};
struct FleetTold {  // what the day was like
  std::uint64_t cuts = 0, fe_restarts = 0, ce_crashes = 0, hangs = 0, switches = 0, changes = 0;
  std::uint64_t transactions = 0, completed = 0, takeovers = 0;
};

class Fleet {
 public:
  Fleet(std::uint64_t seed, FleetSize size);

  // False: the cores spun.
  [[nodiscard]] bool storm();
  // Everything is repaired, and long enough passes for every timer.
  [[nodiscard]] bool peace();
  // What is not as it must be, FE by FE; empty when all is well.
  [[nodiscard]] std::vector<std::string> problems();

  [[nodiscard]] const FleetTold& told() const { return told_; }
  [[nodiscard]] std::uint64_t messages() const { return net_.messages(); }
  [[nodiscard]] std::uint64_t trace_hash() const { return world_.trace_hash(); }

 private:
  void configure();
  [[nodiscard]] bool run(Duration time);
  template <class F>
  void every(Duration mean, F what);  // of the whole fleet
  [[nodiscard]] Duration pick(Duration below) {
    return Duration(static_cast<Duration::rep>(
        world_.pick(static_cast<std::uint64_t>(std::max<Duration::rep>(below.count(), 1)))));
  }

  void cut();
  void cut_wire(std::size_t fe, std::size_t ce);
  void cut_soon(std::size_t fe, Duration within);
  void restart_fe();
  void crash_ce();
  void hang_ce();
  void switch_master();
  void transact();
  void change_routes();
  void start_ce(std::size_t j);
  void tell(std::size_t j);                             // that there are news
  [[nodiscard]] std::size_t master_of(std::size_t fe);  // as a CE sees it; ces: none
  void check_fe(std::size_t fe, std::vector<std::string>& bad);
  void check_quiet(std::vector<std::string>& bad);
  [[nodiscard]] std::uint64_t configs_sent();
  [[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> outstanding();

  FleetSize size_;
  Duration patience_;  // CEHDI
  Instant end_{};
  World world_;
  Network net_;
  std::vector<Wanted> wanted_;
  std::vector<std::unique_ptr<FleetRows>> rows_;  // of each CE's life
  std::vector<std::uint64_t> lives_;
  FleetTold told_;
};

}  // namespace forces::test
