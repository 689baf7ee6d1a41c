// Clients and MCSs that are registered here: RFC 2022 sections 6.1.2, 6.2.2 to 6.2.4.
#include <algorithm>
#include <utility>

#include "ce/multicast/mars/cluster.hpp"
#include "proto/mars/rules.hpp"

namespace forces::mars::server {

void Cluster::on_message(Message& m, Vc from, Instant now) {
  const bool registers = m.flags.registers();
  switch (m.operation) {
    case Operation::Join:
      return registers ? register_node(false, m, from, now) : on_join(m, from);
    case Operation::Leave:
      return registers ? deregister_node(false, m, from, now) : on_leave(m, from, now);
    case Operation::Mserv:
      return registers ? register_node(true, m, from, now) : on_mserv(m, from);
    case Operation::Unserv:
      return registers ? deregister_node(true, m, from, now) : on_unserv(m, from, now);
    case Operation::Request:
      return on_request(m, from);
    case Operation::GrouplistRequest:
      return on_grouplist_request(m, from);
    default:
      return drop(Drop::NotFromEndpoint);
  }
}

void Cluster::register_node(bool mcs, Message& m, Vc from, Instant now) {
  // On another VC it has lost the old one, of which we are not told any more, and perhaps all that
  // it knew: what it is still in, it says again (RFC 2022 section 5.4.1). Only whom a server sent
  // softly does not.
  if (const auto old = nodes(mcs).find(m.source);
      old != nodes(mcs).end() && old->second.vc != from && !old->second.off &&
      !replica_.registered_beside(us(), mcs, m.source)) {
    remove(mcs, old, false);
  }
  const auto [at, fresh] = nodes(mcs).try_emplace(m.source);
  Node& node = at->second;
  if (fresh) {
    const auto cmi = cmis_.allocate();
    if (!cmi) {
      nodes(mcs).erase(at);
      notice(Notice::What::NoCmi, us(), m.source);
      return drop(Drop::NoCmi);
    }
    node.cmi = *cmi;
    node.since = now;
    node.source_protocol = m.source_protocol;
    node.key = shared_.keys.allocate();
    originate(node.key, entry_of(config_.protocol,
                                 {.mcs = mcs,
                                  .who = m.source,
                                  .cmi = node.cmi,
                                  .source_protocol = node.source_protocol,
                                  .sequence = m.flags.sequence()},
                                 false));
  }
  const bool back = std::exchange(node.off, false);  // it did not go where we sent it
  if (back) contest(mcs, *at, Instant::max());
  if (std::exchange(node.vc, from) != from || fresh || back) {
    shared_.out.push(
        AddLeaf{mcs ? ControlVc::Server : ControlVc::Cluster, config_.protocol, m.source, from});
  }
  m.cmi = mcs ? 0 : node.cmi;  // section 6.2.3: an MCS sees none
  m.flags = m.flags.with_copy(true).with_punched(false);
  reply(from, m, mcs);
}

// Also when it is not registered: it may not have seen the first answer.
void Cluster::deregister_node(bool mcs, Message& m, Vc from, Instant now) {
  const auto at = nodes(mcs).find(m.source);
  if (at != nodes(mcs).end() && first_) {  // it goes where we sent it
    if (!at->second.off) drop_leaf(mcs, m.source);
    expect_elsewhere(mcs, *at, now);
  } else if (at != nodes(mcs).end()) {
    remove(mcs, at, true);
  }
  m.cmi = 0;
  m.flags = m.flags.with_copy(true).with_punched(false);
  reply(from, m, mcs);
}

void Cluster::on_leaf_lost(ControlVc control, const AtmAddress& leaf, Instant now) {
  const bool mcs = control == ControlVc::Server;
  const auto at = nodes(mcs).find(leaf);
  if (at == nodes(mcs).end()) return;
  if (!first_) return remove(mcs, at, false);
  expect_elsewhere(mcs, *at, now);
}

// It went where we sent it, which is not told yet, and is in its groups there as it was here.
void Cluster::expect_elsewhere(bool mcs, Nodes::value_type& node, Instant now) {
  node.second.off = true;
  if (node.second.contested == Instant::max()) contest(mcs, node, now + handover());
}

void Cluster::drop_leaf(bool mcs, const AtmAddress& who) {
  shared_.out.push(DropLeaf{mcs ? ControlVc::Server : ControlVc::Cluster, config_.protocol, who});
}

// Who is dropped unasked learns it as if it had asked: a VC that has other users does not end.
void Cluster::tell_dropped(bool mcs, const Nodes::value_type& node) {
  Message m = message_of(mcs ? Operation::Unserv : Operation::Leave, node.first,
                         node.second.source_protocol);
  m.flags = m.flags.with_registers(true);
  reply(node.second.vc, m, mcs);
}

void Cluster::remove(bool mcs, Nodes::iterator at, bool still_a_leaf) {
  const AtmAddress who = at->first;
  const Node node = std::move(at->second);
  due_.erase({node.contested, mcs, who});
  nodes(mcs).erase(at);
  cmis_.release(node.cmi);
  if (still_a_leaf && !node.off) drop_leaf(mcs, who);
  Claim claim{.mcs = mcs, .who = who, .cmi = node.cmi, .source_protocol = node.source_protocol};
  retract(node.key, claim);
  Ranges whole, changed;
  for (const auto& [range, held] : node.ranges) {
    const Holder holder{us(), held.key};
    claim.range = range;
    claim.layer3 = held.layer3;
    retract(held.key, claim);
    whole.push_back(range);
    if (!mcs) {
      const Ranges left = maps_.leave(who, range, holder);
      changed.insert(changed.end(), left.begin(), left.end());
    } else if (maps_.unserve(who, range.min, holder)) {
      changed.push_back(range);
    }
  }
  if (mcs) return drop_servers(who, node.source_protocol, changed);
  if (!shared_.config.announce_losses) return;
  distribute(message_of(Operation::Leave, who, node.source_protocol), merged(std::move(whole)),
             merged(std::move(changed)), nullptr);
}

// Another range of a node of ours, and the record of it. The maps are the caller's.
Cluster::Held* Cluster::hold(Nodes::value_type& node, bool mcs, const GroupRange& range,
                             bool layer3) {
  if (node.second.ranges.size() >= shared_.config.ranges_of_a_node) return nullptr;
  Held& held = node.second.ranges[range];
  held = {.key = shared_.keys.allocate(), .layer3 = layer3};
  originate(held.key, entry_of(config_.protocol,
                               {.mcs = mcs,
                                .who = node.first,
                                .cmi = node.second.cmi,
                                .range = range,
                                .layer3 = layer3,
                                .source_protocol = node.second.source_protocol},
                               false));
  return &held;
}

// Its requests are not answered, and it will look for another MARS: said once.
void Cluster::refuse_range(Nodes::value_type& node) {
  if (!std::exchange(node.second.full, true)) {
    notice(Notice::What::TooManyRanges, us(), node.first);
  }
  drop(Drop::TooManyRanges);
}

void Cluster::let_go(Nodes::value_type& node, bool mcs, const GroupRange& range) {
  const auto at = node.second.ranges.find(range);
  retract(at->second.key, {.mcs = mcs,
                           .who = node.first,
                           .cmi = node.second.cmi,
                           .range = range,
                           .layer3 = at->second.layer3,
                           .source_protocol = node.second.source_protocol});
  node.second.ranges.erase(at);
  node.second.full = false;
}

// Its old server may still hand this over, after it has left it here.
void Cluster::note_left(Node& node, const GroupRange& range, Instant now) {
  const bool young = now <= node.since + shared_.config.times.settle;
  if (young && node.left.size() < shared_.config.ranges_of_a_node) node.left.insert(range);
}

void Cluster::on_join(Message& m, Vc from) {
  const auto at = clients_.find(m.source);
  if (at == clients_.end()) return drop(Drop::NotRegistered);
  const GroupRange range = m.ranges.front();
  if (maps_.serves(m.source, range)) return drop(Drop::BothMaps);  // appendix F
  const bool layer3 = layer3_group(m);
  Node& node = at->second;
  Ranges changed;
  if (const auto held = node.ranges.find(range); held != node.ranges.end()) {
    if (std::exchange(held->second.layer3, layer3) != layer3) {
      (void)maps_.join(m.source, range, {us(), held->second.key}, layer3);
      CacheEntry entry = own_.at(held->second.key);
      entry.flags = entry.flags.with_layer3_group(layer3);
      originate(held->second.key, entry);
    }
  } else {
    const Held* const fresh = hold(*at, false, range, layer3);
    if (fresh == nullptr) return refuse_range(*at);
    changed = maps_.join(m.source, range, {us(), fresh->key}, layer3);
  }
  distribute(std::move(m), {range}, changed, &from);
}

// Of a range as it was joined. A member that is in the group by another range stays in it.
void Cluster::on_leave(Message& m, Vc from, Instant now) {
  const auto at = clients_.find(m.source);
  if (at == clients_.end()) return drop(Drop::NotRegistered);
  const GroupRange range = m.ranges.front();
  Ranges changed;
  if (const auto held = at->second.ranges.find(range); held != at->second.ranges.end()) {
    changed = maps_.leave(m.source, range, {us(), held->second.key});
    let_go(*at, false, range);
  } else {
    note_left(at->second, range, now);
  }
  distribute(std::move(m), {range}, changed, &from);
}

void Cluster::on_mserv(Message& m, Vc from) {
  const auto at = servers_.find(m.source);
  if (at == servers_.end()) return drop(Drop::NotRegistered);
  const GroupRange range = m.ranges.front();
  if (!range.single()) return drop(Drop::BlockOfServer);
  if (maps_.is_member(m.source, range.min)) return drop(Drop::BothMaps);
  m.cmi = 0;
  m.flags = m.flags.with_copy(true).with_punched(false).with_layer3_group(false);
  Node& node = at->second;
  if (node.ranges.contains(range)) return reply(from, m, true);
  const Held* const fresh = hold(*at, true, range, false);
  if (fresh == nullptr) return refuse_range(*at);
  const bool first = maps_.servers(range.min).empty();
  if (!maps_.serve(m.source, range.min, {us(), fresh->key})) return reply(from, m, true);
  transmit_pairs(ControlVc::Server, m, {range});
  if (first) {
    if (!maps_.hosts(range.min).empty()) migrate(range.min, {m.source});
    return;
  }
  m.operation = Operation::Join;
  transmit_pairs(ControlVc::Cluster, std::move(m), {range});
}

void Cluster::on_unserv(Message& m, Vc from, Instant now) {
  const auto at = servers_.find(m.source);
  if (at == servers_.end()) return drop(Drop::NotRegistered);
  const GroupRange range = m.ranges.front();
  if (!range.single()) return drop(Drop::BlockOfServer);
  m.cmi = 0;
  m.flags = m.flags.with_copy(true).with_punched(false).with_layer3_group(false);
  const auto held = at->second.ranges.find(range);
  if (held == at->second.ranges.end()) {
    note_left(at->second, range, now);
    return reply(from, m, true);
  }
  const bool left = maps_.unserve(m.source, range.min, {us(), held->second.key});
  let_go(*at, true, range);
  if (!left) return reply(from, m, true);
  transmit_pairs(ControlVc::Server, m, {range});
  m.operation = Operation::Leave;
  transmit_pairs(ControlVc::Cluster, std::move(m), {range});
}

}  // namespace forces::mars::server
