#include "ce/signaling/resource/core/books/fabric.hpp"

#include <algorithm>
#include <deque>

namespace forces::signaling::resource {

bool Fabric::converts(std::uint32_t fe) const {
  const auto at = fes_.find(fe);
  return at == fes_.end() || at->second.converts_labels;
}

void Fabric::set(const InterFeLink& link) {
  remove(link.a);
  remove(link.b);
  links_[link.a] = link;
  links_[link.b] = link;
}

void Fabric::remove(const FePort& end) {
  const auto at = links_.find(end);
  if (at == links_.end()) return;
  const InterFeLink link = at->second;
  links_.erase(link.a);
  links_.erase(link.b);
}

const InterFeLink* Fabric::link(const FePort& end) const {
  const auto at = links_.find(end);
  return at == links_.end() ? nullptr : &at->second;
}

std::optional<FePort> Fabric::across(const FePort& end) const {
  const InterFeLink* const found = link(end);
  if (found == nullptr) return std::nullopt;
  return found->a == end ? found->b : found->a;
}

std::vector<FabricWay> Fabric::ways(const FePort& from, const FePort& to,
                                    const std::function<bool(const FePort&)>& usable) const {
  struct Partial {
    FabricWay way;  // the FEs that have been crossed
    FePort at;      // where the next one is entered
    std::set<std::uint32_t> seen;
  };
  // Breadth first, so the shortest come first. A bound on what is looked at, whatever the fabric.
  static constexpr std::size_t kEffort = 4'096;
  std::vector<FabricWay> found;
  std::deque<Partial> todo{{{}, from, {from.fe}}};
  for (std::size_t effort = 0; !todo.empty() && effort < kEffort; ++effort) {
    const Partial partial = std::move(todo.front());
    todo.pop_front();
    if (partial.at.fe == to.fe) {
      FabricWay way = partial.way;
      way.push_back({to.fe, partial.at.port, to.port});
      found.push_back(std::move(way));
      if (found.size() == kMostWays) break;
      continue;
    }
    for (auto link = links_.lower_bound({partial.at.fe, 0});
         link != links_.end() && link->first.fe == partial.at.fe; ++link) {
      const FePort& out = link->first;
      const FePort in = link->second.a == out ? link->second.b : link->second.a;
      if (partial.seen.contains(in.fe) || out == partial.at || !usable(out)) continue;
      Partial next = partial;
      next.way.push_back({out.fe, partial.at.port, out.port});
      next.at = in;
      next.seen.insert(in.fe);
      todo.push_back(std::move(next));
    }
  }
  return found;
}

}  // namespace forces::signaling::resource
