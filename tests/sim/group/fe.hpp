// An FE: a cluster member or an MCS, with VCs to the servers that it is associated with. Which MARS
// it goes to when one is lost is fe/multicast/service's rule: at once to another that is there.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ce/association/observer.hpp"
#include "fe/multicast/client/client.hpp"
#include "proto/pl/vc.hpp"
#include "tests/support/sim/clock.hpp"

namespace forces::multicast::sim {

class Network;
using mars::AtmAddress;
using mars::GroupRange;
using mars::Octets;
using mars::ProtocolAddress;

class Fe {
 public:
  // `table`: IDs of servers, in order of preference.
  Fe(Network& network, std::uint32_t id, bool mcs, test::LocalClock clock,
     std::vector<std::uint32_t> table);
  [[nodiscard]] static AtmAddress address_of(std::uint32_t id);
  [[nodiscard]] static std::uint32_t id_of(const AtmAddress& address);  // of FE or CE; 0: neither

  void start();  // with what it wants
  void crash();
  void stop();  // deregisters, and is gone then
  void join(const GroupRange& range);
  void leave(GroupRange range);  // a copy: callers name an element of wants()
  void open(const ProtocolAddress& group);

  void on_associated(std::uint32_t ce, std::uint64_t vc);
  void on_lost(std::uint32_t ce, std::uint64_t vc);
  void on_sdu(std::uint32_t ce, pl::VcKind kind, const Octets& sdu);

  [[nodiscard]] std::uint32_t id() const { return id_; }
  [[nodiscard]] AtmAddress address() const { return address_of(id_); }
  [[nodiscard]] bool mcs() const { return config_.mcs; }
  [[nodiscard]] bool runs() const { return core_ != nullptr; }
  [[nodiscard]] bool stopping() const { return stopping_; }
  [[nodiscard]] std::uint64_t life() const { return life_; }
  [[nodiscard]] const mars::client::Client& core() const { return *core_; }
  [[nodiscard]] bool registered() const;
  // The server that it is, or wants to be, registered with.
  [[nodiscard]] std::uint32_t mars() const { return id_of(core_->mars()); }
  [[nodiscard]] const std::map<GroupRange, Instant>& wants() const { return wants_; }  // since when
  [[nodiscard]] bool wants(const ProtocolAddress& group, Duration for_at_least) const;
  [[nodiscard]] const std::map<ProtocolAddress, std::set<AtmAddress>>& paths() const {
    return paths_;
  }
  [[nodiscard]] const std::map<std::uint32_t, std::uint64_t>& vcs() const { return vcs_; }
  // Since when it is as it is: alive or dead; registered or not; settled; with any VC at all.
  [[nodiscard]] Instant since() const { return since_; }
  [[nodiscard]] Instant registered_since() const { return registered_since_; }
  [[nodiscard]] std::optional<Instant> settled_since() const { return settled_; }
  [[nodiscard]] std::optional<Instant> reachable_since() const { return reachable_; }

 private:
  [[nodiscard]] Instant now() const;
  void settle();
  void perform(mars::client::Output& output, std::vector<std::uint32_t>& unreachable);
  void leave_for_another(std::uint32_t lost);
  void end();
  void arm();

  Network& network_;
  std::uint32_t id_;
  test::LocalClock clock_;
  mars::client::Config config_;
  std::vector<std::uint32_t> table_;
  std::unique_ptr<mars::client::Client> core_;
  std::map<std::uint32_t, std::uint64_t> vcs_;  // by CE
  std::map<GroupRange, Instant> wants_;
  std::map<ProtocolAddress, std::set<AtmAddress>> paths_;
  std::uint64_t life_ = 0;
  bool stopping_ = false, registered_ = false;
  Instant armed_ = Instant::max(), since_{}, registered_since_{};
  std::optional<Instant> settled_, reachable_;
};

}  // namespace forces::multicast::sim
