// What leaves: privately, on the control VCs, in how many pieces, under which sequence number.
#include <algorithm>

#include "ce/multicast/mars/cluster.hpp"
#include "proto/mars/parts.hpp"

namespace forces::mars::server {

std::set<AtmAddress> Cluster::registered() const {
  std::set<AtmAddress> all;
  for (const Nodes* nodes : {&clients_, &servers_}) {
    for (const auto& [who, node] : *nodes) all.insert(who);
  }
  replica_.add_registered(all);
  return all;
}

void Cluster::notice(Notice::What what, ServerId server, const AtmAddress& address) {
  shared_.out.push(Notice{what, server, address});
}

Message Cluster::message_of(Operation operation, const AtmAddress& who,
                            const ProtocolAddress& source) const {
  return {.operation = operation,
          .protocol = config_.protocol,
          .source = who,
          .source_protocol = source,
          .flags = Flags{}.with_copy(true)};
}

// Sections 6.1.4 and 6.2.5: the number that the next message on the control VC will have.
void Cluster::reply(Vc to, Message& m, bool to_mcs) {
  m.msn = to_mcs ? ssn_ : csn_;
  auto octets = encode_message(m);
  if (!octets) return;
  ++shared_.counters.private_sent;
  shared_.out.push(SendPrivate{to, std::move(*octets)});
}

void Cluster::reply_parts(Vc to, const Message& whole) {
  auto parts = split(whole, shared_.config.mtu);
  if (!parts) return;
  for (const Message& part : *parts) {
    auto octets = encode_message(part);
    if (!octets) continue;
    ++shared_.counters.private_sent;
    shared_.out.push(SendPrivate{to, std::move(*octets)});
  }
}

// The parts of one message have one sequence number (section 5.1.1). False: there are no leaves.
bool Cluster::transmit(ControlVc control, std::span<Message> parts) {
  const bool cluster = control == ControlVc::Cluster;
  if ((cluster ? clients_ : servers_).empty()) return false;
  std::uint32_t& number = cluster ? csn_ : ssn_;
  for (Message& part : parts) {
    part.msn = number;
    auto octets = encode_message(part);
    if (!octets) continue;
    ++(cluster ? shared_.counters.cluster_sent : shared_.counters.server_sent);
    shared_.out.push(SendControl{control, config_.protocol, std::move(*octets)});
  }
  ++number;
  return true;
}

void Cluster::transmit_pairs(ControlVc control, Message m, const Ranges& pairs) {
  m.ranges.clear();
  if (pairs.empty()) return;
  const std::size_t fixed = encoded_size(m) + 3, pair = 2 * pairs.front().min.size();
  const std::size_t most =
      shared_.config.mtu > fixed + pair ? (shared_.config.mtu - fixed) / pair : 1;
  for (std::size_t at = 0; at < pairs.size(); at += most) {
    const auto begin = pairs.begin() + static_cast<std::ptrdiff_t>(at);
    m.ranges.assign(begin, begin + static_cast<std::ptrdiff_t>(std::min(most, pairs.size() - at)));
    if (!transmit(control, {&m, 1})) return;
  }
}

// Sections 6.1.2 and 6.2.4, as one rule for a group and for a block. `whole` is what was asked,
// `changed` what of it is news; the source, when it is ours, gets the original back by `back`
// unless it sees it on the CCVC.
void Cluster::distribute(Message as, const Ranges& whole, const Ranges& changed, const Vc* back) {
  as.cmi = 0;
  as.flags = as.flags.with_copy(true).with_punched(false).with_registers(false);
  // RFC 2443 sections 5.3 and 5.4: only who has an MCS of these groups.
  if (!changed.empty() && maps_.served_by(us(), changed)) {
    Message copy = as;
    copy.operation = as.operation == Operation::Join ? Operation::Sjoin : Operation::Sleave;
    copy.flags = as.flags.with_punched(changed != whole);
    transmit_pairs(ControlVc::Server, std::move(copy), changed);
  }
  const Ranges mesh = subtract(changed, maps_.served(changed));
  const bool original = !mesh.empty() && mesh == whole;
  if (back != nullptr && !original) reply(*back, as, false);
  as.flags = as.flags.with_punched(!original);
  transmit_pairs(ControlVc::Cluster, std::move(as), mesh);
}

// Section 5.1.6: one message, of one form of addresses. Whoever does not fit joins behind it.
void Cluster::migrate(const ProtocolAddress& group, std::vector<AtmAddress> to) {
  if (to.empty()) return;
  Message m = message_of(Operation::Migrate, shared_.config.address, config_.address);
  m.flags = {};
  m.group = group;
  const auto form = [](const AtmAddress& a) {
    return std::pair(a.number.type_length(), a.subaddress.type_length());
  };
  const std::size_t room = std::max(shared_.config.mtu, encoded_size(m) + to.front().size());
  std::vector<AtmAddress> rest;
  for (const AtmAddress& target : to) {
    const bool fits = form(target) == form(to.front()) && encoded_size(m) + target.size() <= room;
    (fits ? m.targets : rest).push_back(target);
  }
  transmit(ControlVc::Cluster, {&m, 1});
  for (const AtmAddress& target : rest) {
    transmit_pairs(ControlVc::Cluster, message_of(Operation::Join, target, {}), {{group, group}});
  }
}

// An MCS no longer serves these: LEAVE to the clients, UNSERV to the other MCSs.
void Cluster::drop_servers(const AtmAddress& who, const ProtocolAddress& source,
                           const Ranges& groups) {
  transmit_pairs(ControlVc::Server, message_of(Operation::Unserv, who, source), groups);
  transmit_pairs(ControlVc::Cluster, message_of(Operation::Leave, who, source), groups);
}

}  // namespace forces::mars::server
