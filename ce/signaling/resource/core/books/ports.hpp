// The optical ports of a node and whose each of their labels is, for each way. A label is held by
// one LSP, or by some of one session, slot by slot; another one may wait for it (contention).
#pragma once

#include <array>
#include <compare>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "ce/signaling/resource/manager.hpp"

namespace forces::signaling::resource {

struct HoldKey {
  FePort port;
  Way way{};
  Label label = 0;
  friend auto operator<=>(const HoldKey&, const HoldKey&) = default;
};

struct Hold {
  LspKey holder;
  std::set<LspKey> sharers{};    // of its session; one of them has it next
  std::optional<LspKey> next{};  // gets it when all these let it go
};

struct Port {
  LabelRanges labels{};        // that there are
  LabelRanges failed{};        // by the FE's word
  LabelRanges blocked{};       // by the operator
  LabelRanges unassociated{};  // of a compound link: without a pair in its table
  bool up = true;
  std::uint32_t interface = 0;  // 0: within the node
  std::array<std::map<Label, Hold>, 2> holds{};
  std::array<LabelRanges, 2> held{};
  // The same by who has a label or waits for it: a port may have thousands.
  std::array<std::set<std::pair<LspKey, Label>>, 2> whose{};

  [[nodiscard]] const std::map<Label, Hold>& of(Way way) const {
    return holds[static_cast<std::size_t>(way)];
  }
  [[nodiscard]] LabelRanges usable() const { return labels - failed - blocked - unassociated; }
  [[nodiscard]] LabelRanges free(Way way) const {
    return usable() - held[static_cast<std::size_t>(way)];
  }
  [[nodiscard]] bool in_use() const { return !held[0].empty() || !held[1].empty(); }
};

class PortBook {
 public:
  Port& add(const FePort& port) { return ports_[port]; }
  void remove(const FePort& port) { ports_.erase(port); }
  [[nodiscard]] Port* find(const FePort& port);
  [[nodiscard]] const Port* find(const FePort& port) const;
  [[nodiscard]] std::map<FePort, Port>& all() { return ports_; }

  [[nodiscard]] const Hold* hold(const HoldKey& key) const;
  // What there is for an LSP: free, its own, its fellows', and those that their holders are about
  // to let go. Labels that nobody may have are not in it, whoever holds them; but `established`:
  // what it had before is there for it whether it can be used now or not.
  [[nodiscard]] LabelRanges available(const FePort& port, Way way, const LspKey& lsp,
                                      const std::set<HoldKey>& going,
                                      const std::vector<LspKey>& fellows, bool established) const;
  [[nodiscard]] LabelRanges held_by(const FePort& port, Way way, const LspKey& lsp) const;

  void share(const HoldKey& key, const LspKey& lsp);  // with its holder
  // False: it is another one's now; `lsp` waits for it, or (`wait` false) does not get it.
  bool take(const HoldKey& key, const LspKey& lsp, bool wait);
  // Who has it now, if somebody waited.
  std::optional<LspKey> let_go(const HoldKey& key, const LspKey& lsp);
  // Everybody who has a label at this port.
  [[nodiscard]] std::set<LspKey> holders(const FePort& port) const;

 private:
  std::map<FePort, Port> ports_;
};

}  // namespace forces::signaling::resource
