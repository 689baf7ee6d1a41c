#include "ce/signaling/resource/core/books/ports.hpp"

#include <algorithm>

namespace forces::signaling::resource {
namespace {

// Labels that the LSP has, has a share of, or waits for.
template <class F>
void for_each_of(const Port& port, Way way, const LspKey& lsp, F&& f) {
  const auto& whose = port.whose[static_cast<std::size_t>(way)];
  for (auto at = whose.lower_bound({lsp, 0}); at != whose.end() && at->first == lsp; ++at) {
    f(at->second);
  }
}

}  // namespace

Port* PortBook::find(const FePort& port) {
  const auto at = ports_.find(port);
  return at == ports_.end() ? nullptr : &at->second;
}

const Port* PortBook::find(const FePort& port) const {
  const auto at = ports_.find(port);
  return at == ports_.end() ? nullptr : &at->second;
}

const Hold* PortBook::hold(const HoldKey& key) const {
  const Port* const port = find(key.port);
  if (port == nullptr) return nullptr;
  const auto& holds = port->of(key.way);
  const auto at = holds.find(key.label);
  return at == holds.end() ? nullptr : &at->second;
}

LabelRanges PortBook::available(const FePort& at, Way way, const LspKey& lsp,
                                const std::set<HoldKey>& going, const std::vector<LspKey>& fellows,
                                bool established) const {
  const Port* const port = find(at);
  if (port == nullptr || (!port->up && !established)) return {};
  const LabelRanges usable = established ? port->labels - port->unassociated : port->usable();
  LabelRanges set = usable - port->held[static_cast<std::size_t>(way)];
  const auto consider = [&](Label label) {
    const auto found = port->of(way).find(label);
    if (found == port->of(way).end() || !usable.contains(label)) return;
    const Hold& hold = found->second;
    const auto one_of_us = [&](const LspKey& one) {
      return one == lsp || std::ranges::find(fellows, one) != fellows.end();
    };
    const bool with_us = one_of_us(hold.holder) && std::ranges::all_of(hold.sharers, one_of_us);
    const bool ours = hold.next ? *hold.next == lsp : with_us;
    const bool yields = !hold.next && going.contains({at, way, label});
    if (ours || yields) set.insert(label);
  };
  for_each_of(*port, way, lsp, consider);
  for (const LspKey& fellow : fellows) for_each_of(*port, way, fellow, consider);
  for (auto key = going.lower_bound({at, way, 0}); key != going.end(); ++key) {
    if (key->port != at || key->way != way) break;
    consider(key->label);
  }
  return set;
}

LabelRanges PortBook::held_by(const FePort& at, Way way, const LspKey& lsp) const {
  LabelRanges set;
  const Port* const port = find(at);
  if (port == nullptr) return set;
  for_each_of(*port, way, lsp, [&](Label label) {
    const Hold& hold = port->of(way).at(label);
    if (hold.holder == lsp || hold.sharers.contains(lsp)) set.insert(label);
  });
  return set;
}

bool PortBook::take(const HoldKey& key, const LspKey& lsp, bool wait) {
  Port& port = ports_[key.port];
  const auto way = static_cast<std::size_t>(key.way);
  const auto [at, fresh] = port.holds[way].try_emplace(key.label, Hold{.holder = lsp});
  if (fresh) {
    port.held[way].insert(key.label);
    port.whose[way].emplace(lsp, key.label);
    return true;
  }
  if (at->second.holder == lsp) return true;
  if (wait && !at->second.next) {
    at->second.next = lsp;
    port.whose[way].emplace(lsp, key.label);
  }
  return false;
}

void PortBook::share(const HoldKey& key, const LspKey& lsp) {
  Port& port = ports_[key.port];
  const auto way = static_cast<std::size_t>(key.way);
  Hold& hold = port.holds[way].at(key.label);
  if (hold.holder == lsp) return;
  hold.sharers.insert(lsp);
  port.whose[way].emplace(lsp, key.label);
}

std::optional<LspKey> PortBook::let_go(const HoldKey& key, const LspKey& lsp) {
  Port* const port = find(key.port);
  if (port == nullptr) return std::nullopt;
  const auto way = static_cast<std::size_t>(key.way);
  const auto at = port->holds[way].find(key.label);
  if (at == port->holds[way].end()) return std::nullopt;
  Hold& hold = at->second;
  port->whose[way].erase({lsp, key.label});
  if (hold.next == lsp) {
    hold.next.reset();
    if (hold.sharers.contains(lsp)) port->whose[way].emplace(lsp, key.label);
  } else if (hold.sharers.erase(lsp) != 0) {
    return std::nullopt;
  } else if (hold.holder == lsp) {
    if (!hold.sharers.empty()) {
      hold.holder = hold.sharers.extract(hold.sharers.begin()).value();
      return std::nullopt;
    }
    if (hold.next) {
      hold.holder = *hold.next;
      hold.next.reset();
      return hold.holder;
    }
    port->holds[way].erase(at);
    port->held[way].erase(key.label);
  }
  return std::nullopt;
}

std::set<LspKey> PortBook::holders(const FePort& at) const {
  std::set<LspKey> all;
  const Port* const port = find(at);
  if (port == nullptr) return all;
  for (const auto& holds : port->holds) {
    for (const auto& [label, hold] : holds) {
      all.insert(hold.holder);
      all.insert(hold.sharers.begin(), hold.sharers.end());
    }
  }
  return all;
}

}  // namespace forces::signaling::resource
