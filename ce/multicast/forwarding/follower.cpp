#include "ce/multicast/forwarding/follower.hpp"

#include <utility>

namespace forces::multicast::forwarding {

bool Follower::follow(mars::server::Server& server, Forwarding& forwarding, Instant now) {
  bool any = false;
  for (mars::server::Cluster& cluster : server.clusters()) {
    const bool v6 = cluster.protocol() == mars::kIpv6;
    if (!v6 && cluster.protocol() != mars::kIpv4) continue;
    const Family family = v6 ? Family::Ipv6 : Family::Ipv4;
    auto members = cluster.registered();
    auto& known = members_[family];
    if (members != known) {
      any = true;
      // Before the groups that they are in: whoever sends is heard first.
      for (const auto& who : members) {
        if (!known.contains(who)) forwarding.set_member(family, who, true, now);
      }
      for (const auto& who : known) {
        if (!members.contains(who)) forwarding.set_member(family, who, false, now);
      }
      known = std::move(members);
    }
    for (const auto& change : cluster.take_map_changes()) {
      any = true;
      forwarding.set_group(family, change.range, change.hosts, change.servers, now);
    }
  }
  return any;
}

}  // namespace forces::multicast::forwarding
