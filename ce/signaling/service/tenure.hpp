// Whether a `ce` shall run its node, where several could (issue 4: state of a group in etcd).
//
// Two things decide it, and they must not fight: the lease in etcd says who writes the state of the
// node and signals for it; FEPO.CEID (RFC 7121) says whose the FEs of the node are, by which alone
// signalling reaches anybody. The lease follows the FEs: who has FEs campaigns at once, who has
// none waits, and gives up what it holds. Where another keeps the lease all the same, the FEs are
// handed to it: at once by who has just lost the lease, by others once a holder that died would
// have lost it. That is before the holder gives up, for it runs the node, and another would have
// to begin as after a restart.
//
// Sans I/O. Asked again and again, with what is so now.
#pragma once

#include <cstdint>
#include <optional>

#include "common/core/time.hpp"

namespace forces::signaling {

enum class TenureStep : std::uint8_t {
  Wait,
  Campaign,  // for the lease; a refusal is told to refused()
  Resign,    // give the lease back
  HandOver,  // our FEs of the node, to who holds the lease
};

class Tenure {
 public:
  explicit Tenure(Duration lease) : patience_(2 * lease), hand_over_after_(lease + lease / 4) {}

  // `holds`: the lease. `ours`: an FE of the node obeys us.
  [[nodiscard]] TenureStep next(bool holds, bool ours, Instant now);
  void refused(Instant now);  // another holds it

 private:
  Duration patience_, hand_over_after_;
  bool started_ = false, holds_ = false, ours_ = false;
  Instant since_{};                       // that this is so
  std::optional<Instant> refused_since_;  // while FEs are ours and another holds the lease
  bool lost_ = false, hand_over_ = false;
};

}  // namespace forces::signaling
