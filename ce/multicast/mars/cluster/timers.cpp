#include <algorithm>
#include <utility>

#include "ce/multicast/mars/cluster.hpp"

namespace forces::mars::server {

Cluster::Cluster(const Shared& shared, const ProtocolConfig& config, std::uint32_t redirect_key)
    : shared_(shared),
      config_(config),
      redirect_key_(redirect_key),
      cmis_(config.cmis),
      csn_(config.first_csn),
      ssn_(config.first_ssn) {
  Replica::Effects none;
  replica_.set_alive(us(), true, none);
}

void Cluster::begin(Instant now) {
  ready_ = true;
  map_at_ = now + shared_.config.times.redirect_map;
  entry_at_ = now + shared_.config.times.redirect_entry;
  inherited_until_ = now + shared_.config.times.rejoin;
  originate_redirect();
}

void Cluster::redirect(const std::optional<AtmAddress>& first, bool hard) {
  first_ = first == shared_.config.address ? std::nullopt : first;
  hard_ = hard;
  send_redirect_map();
}

std::optional<Instant> Cluster::next_deadline() const {
  Instant next = std::min(map_at_, entry_at_);
  if (inheriting_) next = std::min(next, inherited_until_);
  if (!due_.empty()) next = std::min(next, std::get<Instant>(*due_.begin()));
  for (const auto& [server, peer] : peers_) next = std::min(next, peer.until.value_or(next));
  return next == Instant::max() ? std::nullopt : std::optional(next);
}

void Cluster::on_timer(Instant now) {
  for (auto& [server, peer] : peers_) {
    if (peer.until && now >= *peer.until) flush(server, peer, now);
  }
  while (!due_.empty() && now >= std::get<Instant>(*due_.begin())) {
    const auto [when, mcs, who] = *due_.begin();
    const auto at = nodes(mcs).find(who);
    Node& node = at->second;
    if (now >= node.rejoined_by) end_rejoin(mcs, *at);
    const bool asked = now >= node.contested;
    if (asked) node.contested = Instant::max();
    if (asked && replica_.registered_beside(us(), mcs, who)) {
      ++shared_.counters.nodes_moved;
      notice(Notice::What::NodeMoved, us(), who);
      remove(mcs, at, true);
    } else {
      set_due(mcs, *at);
    }
  }
  if (inheriting_ && now >= inherited_until_) {
    inheriting_ = false;
    end_inheritance(now);
  }
  if (now >= entry_at_) {
    entry_at_ = now + shared_.config.times.redirect_entry;
    originate_redirect();
  }
  if (now >= map_at_) {
    map_at_ = now + shared_.config.times.redirect_map;
    send_redirect_map();
  }
}

}  // namespace forces::mars::server
