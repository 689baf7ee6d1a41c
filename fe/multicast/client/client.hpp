// A cluster member of RFC 2022 section 5, or the control part of an MCS (section 7): registers with
// a MARS of its table, says which groups it is in, knows who is in the groups that it sends to.
//
// Sans I/O and deterministic by its seed. What is wanted survives every failure of a MARS: a group
// that was joined is joined again, one that was left meanwhile is left again, a path that is open
// stays open and is revalidated.
#pragma once

#include <map>
#include <optional>
#include <random>
#include <set>
#include <tuple>
#include <vector>

#include "common/core/outputs.hpp"
#include "fe/multicast/client/face.hpp"
#include "proto/mars/parts.hpp"

namespace forces::mars::client {

class Client {
 public:
  explicit Client(Config config);

  void start(Instant now) {
    if (!table_.empty()) start(table_.front(), now);
  }
  void start(const AtmAddress& first, Instant now);  // one of the table
  void stop(Instant now);                            // deregisters

  // Receiving. An MCS serves single groups.
  void join(const GroupRange& range, bool layer3, Instant now);
  void leave(const GroupRange& range, Instant now);

  // Sending: a path is looked for, and kept until close(). Again and again is fine.
  void open(const ProtocolAddress& group, Instant now);
  void close(const ProtocolAddress& group);

  void on_message(const AtmAddress& mars, Via via, Bytes octets, Instant now);
  // No VC to it, or a VC from it is gone.
  void on_vc_lost(const AtmAddress& mars, Instant now);
  // There can be a VC to it, which is news. Who waits before it tries the table again, waits no
  // longer.
  void on_reachable(const AtmAddress& mars, Instant now);
  // ERR_L_DROP on the VC of a group (section 5.1.5.1).
  void on_leaf_lost(const ProtocolAddress& group, const AtmAddress& leaf, Instant now);

  [[nodiscard]] std::optional<Output> poll_output() { return out_.poll(); }
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  void on_timer(Instant now);

  enum class State : std::uint8_t { Idle, Waiting, Registering, Registered, Deregistering };
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const AtmAddress& mars() const { return current_; }
  [[nodiscard]] std::uint16_t cmi() const { return cmi_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  // All it wants to be in is confirmed, and all it left is gone.
  [[nodiscard]] bool settled() const;
  // The MARS has said that we are in.
  [[nodiscard]] bool confirmed(const GroupRange& range) const;
  // Who packets to the group go to; null: no path.
  [[nodiscard]] const std::set<AtmAddress>* leaves(const ProtocolAddress& group) const;

 private:
  // One exchange that is repeated until its copy comes back (section 5.2.2).
  struct Exchange {
    std::uint8_t sequence = 0;
    unsigned tries = 0;
    Instant due = Instant::max();
  };
  struct Membership {
    bool wanted = true;  // false: the LEAVE is on its way
    bool layer3 = false;
    bool confirmed = false;
    Exchange exchange{};
  };
  struct Path {
    bool open = false;
    std::set<AtmAddress> leaves{};
    // A request that is not answered in full yet, and what the control VC said since.
    bool asking = false;
    unsigned tries = 0;
    Assembly parts{};
    std::vector<std::pair<AtmAddress, bool>> meanwhile{};
    bool broken = false;           // a part is missing: the last one is waited for
    Instant due = Instant::max();  // asks then
  };
  enum class Timer : std::uint8_t { Mars, Soft, Silence, Membership, Path };

  // client.cpp
  void arm(Timer timer, const GroupRange& of, Instant& slot, Instant when);
  [[nodiscard]] Duration random();
  void send(const AtmAddress& to, const Message& m);
  [[nodiscard]] Message message_of(Operation operation) const;
  [[nodiscard]] Operation entering() const { return mcs() ? Operation::Mserv : Operation::Join; }
  [[nodiscard]] Operation leaving() const { return mcs() ? Operation::Unserv : Operation::Leave; }
  [[nodiscard]] bool mcs() const { return config_.mcs; }

  // machine/registration.cpp: sections 5.2.3 and 5.4
  void register_with(const AtmAddress& mars, Instant now);
  void send_registration(const AtmAddress& mars, Exchange& exchange, Instant now);
  void on_registration_copy(const AtmAddress& mars, const Message& m, Instant now);
  void on_deregistration_copy(Instant now);
  void fail_mars(Instant now);
  void on_mars_timer(Instant now);
  void on_soft_timer(Instant now);
  void on_redirect_map(const Message& part, Instant now);
  void redirect(const AtmAddress& to, bool hard, Instant now);
  void end_soft();
  void quiet();

  // machine/groups.cpp: sections 5.2.1 and 5.2.2
  void on_membership_timer(const GroupRange& range, Instant now);
  void on_copy(const Message& m);
  void say_again(Instant now, bool at_once);

  // machine/paths.cpp: section 5.1
  void ask(const ProtocolAddress& group, Path& path, Instant now);
  void on_path_timer(const ProtocolAddress& group, Instant now);
  void on_multi(const Message& part, Instant now);
  void on_nak(const Message& m, Instant now);
  void on_migrate(const Message& m, Instant now);
  void rest(const ProtocolAddress& group, Path& path, Instant now);
  void on_change(const Message& m, Instant now);
  void set_leaves(const ProtocolAddress& group, Path& path, std::set<AtmAddress> leaves);
  void change_leaf(const ProtocolAddress& group, Path& path, const AtmAddress& who, bool add);
  void revalidate(Instant now, const ProtocolAddress* except);
  void track(std::uint32_t msn, Instant now, const ProtocolAddress* except = nullptr);

  Config config_;
  std::mt19937_64 random_;
  OutputQueue<Output> out_;
  Counters counters_;
  State state_ = State::Idle;
  std::vector<AtmAddress> table_;  // MARSs, as the last REDIRECT_MAP has them, then as configured
  AtmAddress current_{};
  Exchange mars_{};      // registering, deregistering, waiting
  unsigned failed_ = 0;  // registrations in a row
  bool was_registered_ = false;
  std::optional<AtmAddress> soft_;  // registering there while we stay here
  Exchange soft_exchange_{};
  Instant silence_ = Instant::max();
  Assembly map_{};
  std::uint16_t cmi_ = 0;
  std::uint32_t hsn_ = 0;
  std::uint8_t sequence_ = 0;
  std::map<GroupRange, Membership> groups_;
  std::map<ProtocolAddress, Path> paths_;
  std::set<std::tuple<Instant, Timer, GroupRange>> timers_;
};

}  // namespace forces::mars::client
