// Crankback at one node, for one LSP (RFC 4920, ason.md 2.10): what is known to be blocked, how
// often another way was tried, and whether it may be tried again. Values only.
//
// Two setups that meet on one label are not a blockage: they are counted apart, so that a storm of
// restorations does not use up the tries that a full link needs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "ce/signaling/ason/connection/message/error.hpp"
#include "ce/signaling/ason/connection/spec.hpp"
#include "ce/signaling/te/database.hpp"

namespace forces::signaling::ason {

// What was told to be blocked. A link or node that the TE database calls better since then is
// forgotten: routing has updated it.
class History {
 public:
  bool add(const rsvp::ErrorSpec& spec, const te::Database& database);
  void add_link(const LinkEnd& link, const te::Database& database);
  void add_labels(const LinkEnd& link, const te::Labels& labels, const te::Database& database);
  // All that still holds.
  [[nodiscard]] const te::Exclusions& current(const te::Database& database);
  void clear() { *this = {}; }
  [[nodiscard]] bool empty() const { return blocked_.empty(); }
  [[nodiscard]] const te::Exclusions& all() const { return blocked_; }
  void restore(te::Exclusions blocked, const te::Database& database);

 private:
  void stamp(const te::Database& database);

  te::Exclusions blocked_;
  std::map<NodeId, std::uint64_t> nodes_;
  std::map<LinkEnd, std::uint64_t> links_, labels_;
};

struct RepairRules {
  bool ingress = false, border = false;
  bool own_link = false;  // the error is about a label that this node chose
  CrankbackScope scope = CrankbackScope::None;
  Limits limits{};
  bool counts_all = false;  // the connection limit is known here: at the ingress, or by a budget
};

enum class Repair : std::uint8_t {
  Retry,
  Forward,          // not ours to repair: the error goes on as it came
  NodeLimit,        // K8: with what this node tried, so that nobody comes here again
  ConnectionLimit,  // K9: 24/22, nobody tries again
};
// Errors that another way, or another label, may get around.
[[nodiscard]] bool may_be_routed_around(rsvp::ErrorValue error);
// Counts the try that it allows.
[[nodiscard]] Repair judge(rsvp::ErrorValue error, const RepairRules& rules, Attempts& attempts);

// RFC 3936 leaves class 252 to private use; nodes that do not know it forward it (11bbbbbb). With
// it nodes between the ends know the connection-wide count; off by default.
struct Budget {
  std::uint32_t used = 0, limit = 0;
  [[nodiscard]] rsvp::UnknownObject object() const;
  [[nodiscard]] static std::optional<Budget> of(const rsvp::Message& message);
};
void set_budget(rsvp::Message& message, const Budget& budget);

}  // namespace forces::signaling::ason
