#include <algorithm>
#include <utility>

#include "ce/multicast/mars/cluster.hpp"

namespace forces::mars::server {

Cluster::Cluster(const Shared& shared, const ProtocolConfig& config, std::uint32_t redirect_key)
    : shared_(shared),
      config_(config),
      redirect_key_(redirect_key),
      cmis_(config.cmis, config.first_cmi),
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

bool Cluster::redirect(const std::optional<AtmAddress>& first, bool hard, Instant now) {
  if (first && !within_reach(*first, now)) return false;
  first_ = first;
  hard_ = hard;
  send_redirect_map(now);
  return true;
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
    const bool moved = replica_.registered_beside(us(), mcs, who);
    if (moved) {
      ++shared_.counters.nodes_moved;
      notice(Notice::What::NodeMoved, us(), who);
    }
    if (moved || at->second.off) {
      if (!at->second.off) tell_dropped(mcs, *at);
      remove(mcs, at, true);
    } else {
      contest(mcs, *at, Instant::max());
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
    send_redirect_map(now);
  }
}

}  // namespace forces::mars::server
