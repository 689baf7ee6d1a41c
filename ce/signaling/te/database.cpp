#include "ce/signaling/te/database.hpp"

#include <algorithm>
#include <ranges>

namespace forces::signaling::te {

std::size_t Database::EndHash::operator()(const LinkEnd& end) const noexcept {
  return (std::uint64_t{end.node.value} << 32 | end.interface) * 0x9e3779b97f4a7c15ULL >> 7;
}

Database::Database() = default;
Database::~Database() = default;

void Database::changed(std::uint64_t& stamp, bool better) {
  ++revision_;
  if (better) stamp = ++version_;
}

namespace {

// Whether a connection may pass that could not before.
bool better(const Direction& now, const Direction& before) {
  if (now.unreserved > before.unreserved || now.metric < before.metric) return true;
  if (!now.free) return before.free.has_value();
  return before.free && !before.free->contains(*now.free);
}
bool better(const Link& now, const Link& before) {
  if (!now.up) return false;
  Link same = now;
  for (std::size_t i = 0; i < 2; ++i) {
    if (better(now.directions[i], before.directions[i])) return true;
    same.directions[i] = before.directions[i];
  }
  return same != before;  // whatever else is another thing may be a better one
}

}  // namespace

bool Database::set(const Node& node) {
  if (node.id.value == 0) return false;
  const auto [at, fresh] = nodes_.try_emplace(node.id, node);
  if (!fresh && at->second == node) return true;
  at->second = node;
  if (fresh) ++structure_;
  changed(node_versions_[node.id], node.up);
  return true;
}

bool Database::set(const Link& given) {
  Link link = given;
  if (link.ends[1] < link.ends[0]) {  // one form for both ways to say it
    std::swap(link.ends[0], link.ends[1]);
    std::swap(link.addresses[0], link.addresses[1]);
    std::swap(link.directions[0], link.directions[1]);
  }
  for (Direction& direction : link.directions) direction.metric = std::max(direction.metric, 1U);
  for (std::size_t i = 0; i < 2; ++i) {
    const LinkEnd& end = link.ends[i];
    if (end.node.value == 0 || end.interface == 0) return false;
    if (link.addresses[i] == 0) continue;
    const auto other = by_address_.find(link.addresses[i]);
    if (other != by_address_.end() && other->second != link.ends[0] &&
        other->second != link.ends[1]) {
      return false;
    }
  }
  if (link.ends[0].node == link.ends[1].node) return false;
  if (link.addresses[0] != 0 && link.addresses[0] == link.addresses[1]) return false;

  const auto at = by_end_.find(link.ends[0]);
  if (at != by_end_.end() && at->second->link.ends == link.ends) {
    Stored& stored = *at->second;
    if (stored.link == link) return true;
    const bool improved = better(link, stored.link);
    for (const std::uint32_t address : stored.link.addresses) by_address_.erase(address);
    stored.link = std::move(link);
    for (std::size_t i = 0; i < 2; ++i) {
      if (stored.link.addresses[i] != 0)
        by_address_[stored.link.addresses[i]] = stored.link.ends[i];
    }
    changed(stored.version, improved);
    return true;
  }
  for (const LinkEnd& end : link.ends) remove(end);
  auto stored = std::make_unique<Stored>();
  for (std::size_t i = 0; i < 2; ++i) {
    by_end_[link.ends[i]] = stored.get();
    if (link.addresses[i] != 0) by_address_[link.addresses[i]] = link.ends[i];
  }
  stored->link = std::move(link);
  ++structure_;
  changed(stored->version, stored->link.up);
  const LinkEnd first = stored->link.ends[0];
  links_[first] = std::move(stored);
  return true;
}

bool Database::remove(NodeId node) {
  if (nodes_.erase(node) == 0) return false;
  node_versions_.erase(node);
  ++structure_;
  ++revision_;
  return true;
}

bool Database::remove(const LinkEnd& end) {
  const auto at = by_end_.find(end);
  if (at == by_end_.end()) return false;
  const Link link = at->second->link;
  for (std::size_t i = 0; i < 2; ++i) {
    by_end_.erase(link.ends[i]);
    if (link.addresses[i] != 0) by_address_.erase(link.addresses[i]);
  }
  links_.erase(link.ends[0]);
  ++structure_;
  ++revision_;
  return true;
}

void Database::clear() {
  nodes_.clear();
  node_versions_.clear();
  links_.clear();
  by_end_.clear();
  by_address_.clear();
  ++structure_;
  ++revision_;
}

bool Database::set_up(NodeId node, bool up) {
  const auto at = nodes_.find(node);
  if (at == nodes_.end()) return false;
  if (at->second.up == up) return true;
  at->second.up = up;
  changed(node_versions_[node], up);
  return true;
}

bool Database::set_up(const LinkEnd& end, bool up) {
  const auto at = by_end_.find(end);
  if (at == by_end_.end()) return false;
  if (at->second->link.up == up) return true;
  at->second->link.up = up;
  changed(at->second->version, up);
  return true;
}

bool Database::set_free(const LinkEnd& end, const LabelRanges& free) {
  const auto at = by_end_.find(end);
  if (at == by_end_.end()) return false;
  Link& link = at->second->link;
  auto& known = link.directions[link.side(end)].free;
  if (known && *known == free) return true;
  const bool more = known && !known->contains(free) && link.up;
  known = free;
  changed(at->second->version, more);
  return true;
}

bool Database::set_unreserved(const LinkEnd& end, double octets_per_second) {
  const auto at = by_end_.find(end);
  if (at == by_end_.end()) return false;
  Link& link = at->second->link;
  double& known = link.directions[link.side(end)].unreserved;
  if (!(known < octets_per_second) && !(known > octets_per_second)) return true;
  const bool more = octets_per_second > known && link.up;
  known = octets_per_second;
  changed(at->second->version, more);
  return true;
}

const Node* Database::node(NodeId id) const {
  const auto at = nodes_.find(id);
  return at == nodes_.end() ? nullptr : &at->second;
}

const Link* Database::link(const LinkEnd& end) const {
  const auto at = by_end_.find(end);
  return at == by_end_.end() ? nullptr : &at->second->link;
}

std::optional<LinkEnd> Database::by_address(std::uint32_t address) const {
  const auto at = by_address_.find(address);
  return at == by_address_.end() ? std::nullopt : std::optional(at->second);
}

std::vector<const Link*> Database::links() const {
  std::vector<const Link*> all;
  all.reserve(links_.size());
  for (const auto& [end, stored] : links_) all.push_back(&stored->link);
  return all;
}

std::vector<const Link*> Database::links(std::size_t first, std::size_t most) const {
  std::vector<const Link*> page;
  if (first >= links_.size()) return page;
  for (const auto& [end, stored] : links_ | std::views::drop(first) | std::views::take(most)) {
    page.push_back(&stored->link);
  }
  return page;
}

std::vector<const Link*> Database::links_of(NodeId id) const {
  std::vector<std::pair<std::uint32_t, const Link*>> found;
  for (const auto& [end, stored] : links_) {
    for (const LinkEnd& one : stored->link.ends) {
      if (one.node == id) found.emplace_back(one.interface, &stored->link);
    }
  }
  std::ranges::sort(found, {}, &std::pair<std::uint32_t, const Link*>::first);
  std::vector<const Link*> all;
  for (const auto& [interface, link] : found) all.push_back(link);
  return all;
}

std::uint64_t Database::version_of(NodeId id) const {
  const auto at = node_versions_.find(id);
  return at == node_versions_.end() ? 0 : at->second;
}

std::uint64_t Database::version_of(const LinkEnd& end) const {
  const auto at = by_end_.find(end);
  return at == by_end_.end() ? 0 : at->second->version;
}

}  // namespace forces::signaling::te
