// A `ce` of the server group, without its threads and sockets: the MARS, its VCs and SCSP as
// ce/multicast/service joins them, a clock of its own, and the numbers that it keeps on its disk.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "ce/multicast/service/core.hpp"
#include "ce/multicast/service/numbers.hpp"
#include "tests/support/sim/clock.hpp"

namespace forces::multicast::sim {

class Network;
using mars::AtmAddress;
using mars::GroupRange;
using mars::Octets;
using mars::ProtocolAddress;

class Server {
 public:
  // `scsp`: times, limits, neighbours. `number` counts from 1 and gives ID and CMIs.
  Server(Network& network, std::uint32_t number, test::LocalClock clock, sync::Config scsp);
  [[nodiscard]] static std::uint32_t id_of(std::uint32_t number) { return 0x4000'0000 + number; }
  [[nodiscard]] static AtmAddress address_of(std::uint32_t id);

  void start();
  void kill();  // -9
  void on_link(sync::ServerId to, bool up);
  void on_packet(sync::ServerId from, const Octets& packet);
  void on_vc(ce::VcOfFe vc, bool up);
  void on_sdu(ce::VcOfFe vc, const Octets& sdu);
  // Everybody is to go to `to`; without it they may come back.
  void redirect(std::optional<std::uint32_t> to, bool hard);

  [[nodiscard]] std::uint32_t id() const { return id_; }
  [[nodiscard]] bool runs() const { return core_ != nullptr; }
  [[nodiscard]] std::uint64_t life() const { return life_; }
  [[nodiscard]] const sync::Engine& engine() const { return *engine_; }
  [[nodiscard]] const mars::server::Server& mars() const { return core_->mars(); }
  [[nodiscard]] const mars::server::Cluster& cluster() const { return mars().clusters().front(); }
  [[nodiscard]] const Vcs& vcs() const { return core_->vcs(); }
  // How many facts it has said at one time, at most, in any of its lives.
  [[nodiscard]] std::size_t most_facts() const { return most_facts_; }

  unsigned side = 0;  // of a partition

 private:
  [[nodiscard]] Instant now() const;
  void pump();
  void drain();
  void perform(Core::Output& output);
  void check_number(const Core::SendVc& send);
  void check_instance(std::uint32_t key);
  template <class Part>
  void arm(Part& part, Instant& armed, void (Server::*fire)());
  void fire_engine();
  void fire_core();
  [[nodiscard]] std::string name() const;

  Network& network_;
  std::uint32_t id_;
  test::LocalClock clock_;
  sync::Config scsp_;
  mars::server::Config mars_config_;
  std::unique_ptr<sync::Engine> engine_;
  std::unique_ptr<Core> core_;
  std::optional<Numbers> numbers_;
  scsp::SequenceNumber disk_ = scsp::kReservedSequence;
  Instant engine_at_ = Instant::max(), core_at_ = Instant::max();
  std::uint64_t life_ = 0;

  // What the judge knows of all its lives: of CCVC and SCVC the last number, of each key of a
  // record its greatest instance.
  std::map<pl::VcKind, std::uint32_t> numbers_sent_;
  std::map<std::uint32_t, std::pair<scsp::SequenceNumber, Octets>> said_;
  std::set<std::uint32_t> facts_;
  std::size_t most_facts_ = 0;
};

}  // namespace forces::multicast::sim
