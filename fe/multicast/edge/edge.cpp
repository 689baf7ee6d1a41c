#include "fe/multicast/edge/edge.hpp"

#include <algorithm>
#include <utility>

namespace forces::fe::multicast {

bool Filter::passes(const Address& source) const {
  return std::ranges::binary_search(sources, source) == (mode == Mode::Include);
}

void Outputs::egress(EgressChanged changed, std::optional<bool> wanted) {
  const Address group = changed.group;
  push(std::move(changed));
  if (!wanted) return;
  if (*wanted) {
    if (++ports_of_[group] == 1) push(Joined{group});
  } else if (const auto at = ports_of_.find(group); --at->second == 0) {
    ports_of_.erase(at);
    push(Left{group});
  }
}

Edge::Edge(std::vector<LinkConfig> links) {
  for (const LinkConfig& link : links) links_.push_back(std::make_unique<Link>(link, outputs_));
}

Link* Edge::find(std::uint32_t port, Family family) const {
  for (const auto& link : links_) {
    if (link->config().port == port && link->config().address.family == family) return link.get();
  }
  return nullptr;
}

void Edge::on_link(std::uint32_t port, Family family, bool up, Instant now) {
  if (Link* link = find(port, family)) up ? link->up(now) : link->down();
}

void Edge::on_address(std::uint32_t port, const Address& address, Instant now) {
  if (Link* link = find(port, address.family)) link->on_address(address, now);
}

void Edge::on_packet(std::uint32_t port, wire::Bytes packet, Instant now) {
  const auto decoded = igmp::decode_packet(packet);
  if (!decoded) {
    ++counters_.refused[std::to_underlying(decoded.error().code)];
    return;
  }
  if (Link* link = find(port, decoded->source.family)) return link->on_packet(*decoded, now);
  ++counters_.unknown_port;
}

void Edge::on_router(std::uint32_t port, Family family, Duration hold, Instant now) {
  if (Link* link = find(port, family)) link->on_router(hold, now);
}

void Edge::on_timer(Instant now) {
  for (const auto& link : links_) link->on_timer(now);
}

std::optional<Instant> Edge::next_deadline() const {
  std::optional<Instant> at;
  for (const auto& link : links_) {
    if (const auto one = link->next_deadline(); one && (!at || *one < *at)) at = one;
  }
  return at;
}

std::vector<Edge::Egress> Edge::egress(const Address& group) const {
  std::vector<Egress> out;
  for (const auto& link : links_) {
    if (link->config().address.family != group.family) continue;
    if (Filter filter = link->filter(group); !filter.nothing()) {
      out.push_back({link->config().port, std::move(filter)});
    }
  }
  return out;
}

}  // namespace forces::fe::multicast
