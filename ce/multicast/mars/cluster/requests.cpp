// Questions: REQUEST, GROUPLIST_REQUEST; and REDIRECT_MAP, which nobody asks for.
#include <algorithm>

#include "ce/multicast/mars/cluster.hpp"
#include "proto/mars/parts.hpp"

namespace forces::mars::server {

// Section 6.2.1: an MCS of the group gets its hosts; a member its MCSs, or else its hosts.
void Cluster::on_request(Message& m, Vc from) {
  const bool serving = servers_.contains(m.source) && maps_.serves(m.source, {m.group, m.group});
  if (!serving && !clients_.contains(m.source)) return drop(Drop::NotRegistered);
  std::vector<AtmAddress> found;
  if (!serving) found = maps_.servers(m.group);
  if (found.empty()) found = maps_.hosts(m.group);
  if (found.empty()) {  // the request as it came (section 5.1.2)
    m.operation = Operation::Nak;
    return reply(from, m, serving);
  }
  reply_parts(from, {.operation = Operation::Multi,
                     .protocol = m.protocol,
                     .source = m.source,
                     .source_protocol = m.source_protocol,
                     .msn = serving ? ssn_ : csn_,
                     .group = m.group,
                     .targets = std::move(found)});
}

// Section 5.3: the first pair only.
void Cluster::on_grouplist_request(const Message& m, Vc from) {
  const bool member = clients_.contains(m.source);
  if (!member && !servers_.contains(m.source)) return drop(Drop::NotRegistered);
  const GroupRange& range = m.ranges.front();
  reply_parts(from, {.operation = Operation::GrouplistReply,
                     .protocol = m.protocol,
                     .source = m.source,
                     .source_protocol = m.source_protocol,
                     .msn = member ? csn_ : ssn_,
                     .groups = maps_.layer3_groups(range),
                     .group_length = static_cast<std::uint8_t>(range.min.size())});
}

// RFC 2022 section 6.1.3, RFC 2443 section 5.1. We stand first, or every client would have to move
// to whoever does; a redirect puts another there, and us behind all, while we hear of it.
void Cluster::send_redirect_map(Instant now) {
  const bool away = first_ && within_reach(*first_, now);
  Message m{.operation = Operation::RedirectMap,
            .protocol = config_.protocol,
            .source = shared_.config.address,
            .hard = away && hard_};
  const auto add = [&](const AtmAddress& address) {
    if (std::ranges::find(m.targets, address) == m.targets.end()) m.targets.push_back(address);
  };
  add(away ? *first_ : shared_.config.address);
  for (const auto& [server, peer] : peers_) {
    if (peer.listed && peer.address != shared_.config.address) add(peer.address);
  }
  for (const AtmAddress& backup : shared_.config.backups) {
    if (backup != shared_.config.address) add(backup);
  }
  add(shared_.config.address);
  auto parts = split(m, shared_.config.mtu);
  if (!parts) return;
  transmit(ControlVc::Cluster, *parts);
  transmit(ControlVc::Server, *parts);
}

// Whose last Redirect Entry is no older than a period and a half: it knows what we know, without
// which a soft redirect would lose members.
bool Cluster::within_reach(const AtmAddress& mars, Instant now) const {
  const Duration fresh = shared_.config.times.redirect_entry * 3 / 2;
  return std::ranges::any_of(peers_, [&](const auto& peer) {
    return peer.second.listed && peer.second.address == mars && peer.second.heard + fresh >= now;
  });
}

}  // namespace forces::mars::server
