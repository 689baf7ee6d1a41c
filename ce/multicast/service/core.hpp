// The MARS of this controller between its VCs and its SCSP, without I/O: what FEs say and what
// changes in the cache goes to the server, what the server says goes to VCs, to SCSP, to the log.
// The daemon's thread (service.hpp) has it, and tests/sim/group with a virtual clock.
//
// After every call: poll_output() until there is none, each performed before the next is polled.
// Of an SCSP engine every output but Send comes by on_event(), also before the next is polled:
// records of one key are told in the order in which they came.
#pragma once

#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include "ce/association/observer.hpp"
#include "ce/multicast/mars/server.hpp"
#include "ce/multicast/scsp/engine.hpp"
#include "ce/multicast/service/vcs.hpp"
#include "proto/pl/vc.hpp"

namespace forces::multicast {

// What both are told that follows from the CE's ID, and the numbers with which they begin: after a
// restart clients register again and learn where CSN and SSN are, but what they have of before must
// not look as if nothing was missed. `seconds` of a wall clock.
void prepare(std::uint32_t ce_id, bool alone, const std::function<std::uint32_t()>& random,
             std::uint32_t seconds, mars::server::Config& mars, sync::Config& engine);

class Core {
 public:
  struct SendVc {
    std::vector<ce::VcOfFe> to;  // nobody: the VC that it was for is gone
    pl::VcKind kind{};
    mars::Octets sdu;  // LLC/SNAP included
  };
  // Originate, Forget and Summarise are the engine's calls of that name.
  using Output = std::variant<SendVc, mars::server::Originate, mars::server::Forget,
                              mars::server::Summarise, mars::server::Notice>;

  explicit Core(const mars::server::Config& config) : us_(config.id), mars_(config) {}

  void start(Instant now) { mars_.start(now); }
  // As ce::VcObserver has them. A message that is refused changes nothing.
  void on_vc(ce::VcOfFe vc, bool up, Instant now);
  [[nodiscard]] std::optional<Refusal> on_sdu(ce::VcOfFe vc, wire::Bytes sdu, Instant now);
  void on_event(const sync::Output& event, const sync::Engine& engine, Instant now);
  void on_timer(Instant now) { mars_.on_timer(now); }

  [[nodiscard]] std::optional<Output> poll_output();
  [[nodiscard]] std::optional<Instant> next_deadline() const { return mars_.next_deadline(); }

  [[nodiscard]] mars::server::Server& mars() { return mars_; }
  [[nodiscard]] const mars::server::Server& mars() const { return mars_; }
  [[nodiscard]] const Vcs& vcs() const { return vcs_; }

 private:
  void lost(const std::vector<Vcs::Leaf>& leaves, Instant now);
  void take(const sync::Changed& changed, const sync::Engine& engine, Instant now);
  [[nodiscard]] std::optional<Output> perform(mars::server::Output& output);

  mars::server::ServerId us_;
  mars::server::Server mars_;
  Vcs vcs_;
};

}  // namespace forces::multicast
