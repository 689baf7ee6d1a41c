// Which of its CEs an FE obeys: the states of RFC 5810 figure 44 as redrawn in RFC 7121 figure 4.
//
// CEs are known by their row in AllCEs. Without hot standby one CE is tried at a time, in the order
// of the table and round and round; with it (HAMode 2 and CEFailoverPolicy 1) all of them are, once
// there was a first master. A lost master is replaced by the next associated CE at once. Without
// one, CEFailoverPolicy 0 stops the FE (OperDisable), and 1 lets it go on until CEFTI.
//
// A CE whose control channel is away stays associated until CEHDI (RFC 5810 section 4.2.2.3), which
// is 30 s where nobody says otherwise. A master is not waited for so long when another CE could
// take its place: mastership moves, and who was away is a backup when it is back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "common/core/outputs.hpp"
#include "common/core/time.hpp"
#include "fe/lfb/values.hpp"

namespace forces::fe {

enum class ElementState : std::uint8_t { PreAssociation, Associated, NotAssociated };

struct TryCe {
  std::size_t ce = 0;
  friend bool operator==(const TryCe&, const TryCe&) = default;
};
struct GiveUpCe {
  std::size_t ce = 0;
  friend bool operator==(const GiveUpCe&, const GiveUpCe&) = default;
};
struct MasterChanged {
  std::optional<std::size_t> from, to;
  friend bool operator==(const MasterChanged&, const MasterChanged&) = default;
};
struct ElementStateChanged {
  ElementState from{}, to{};
  friend bool operator==(const ElementStateChanged&, const ElementStateChanged&) = default;
};
using MastershipOutput = std::variant<TryCe, GiveUpCe, MasterChanged, ElementStateChanged>;

class Mastership {
 public:
  // `policy` must outlive this object. `patience`: with a master whose channel is away, in hot
  // standby.
  Mastership(std::size_t ces, const lfb::FeProtocol& policy, Duration patience)
      : policy_(&policy), patience_(patience), ces_(ces) {}

  void start();
  void on_attempt_failed(std::size_t ce);
  void on_associated(std::size_t ce);
  void on_lost(std::size_t ce, Instant now);
  void on_away(std::size_t ce, Instant now);  // associated, but its control channel is down
  void on_back(std::size_t ce);               // and up again
  // The master named another one (SET of FEPO.CEID). One that is associated takes over at once; in
  // cold standby none is, and the FE goes there (RFC 7121 section 2.1.1).
  void hand_over(std::size_t ce, Instant now);
  void on_timer(Instant now);

  [[nodiscard]] std::optional<MastershipOutput> poll_output() { return out_.poll(); }
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  [[nodiscard]] ElementState state() const { return state_; }
  [[nodiscard]] std::optional<std::size_t> master() const { return master_; }

 private:
  struct Ce {
    bool associated = false, away = false;
    [[nodiscard]] bool there() const { return associated && !away; }
  };

  void enter(ElementState to);
  [[nodiscard]] bool replace(std::size_t ce);  // by the next CE that is there
  void set_master(std::optional<std::size_t> to);
  void try_next(std::size_t after);
  void leave_association(Instant now);
  [[nodiscard]] bool hot_standby() const {
    return policy_->ha_mode == 2 && policy_->failover_policy == 1;
  }
  [[nodiscard]] std::size_t next(std::size_t ce) const { return (ce + 1) % ces_.size(); }

  const lfb::FeProtocol* policy_;
  Duration patience_;
  std::vector<Ce> ces_;
  ElementState state_ = ElementState::PreAssociation;
  std::optional<std::size_t> master_;
  bool all_tried_ = false;             // hot standby: every CE is being tried
  bool overdue_ = false;               // the master's time is over, the next CE that comes is it
  std::optional<Instant> replace_at_;  // the master is away, and its time runs
  std::optional<Instant> stop_at_;     // CEFTI
  OutputQueue<MastershipOutput> out_;
};

[[nodiscard]] std::string_view to_string(ElementState state);

}  // namespace forces::fe
