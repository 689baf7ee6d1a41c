#include "tml/src/core/peer_table.hpp"

namespace forces::tml {

PeerTable::Answer PeerTable::control(LinkId link, const Claim& claim) {
  Answer answer{.pl_id = claim.pl_id};
  const auto found = peers_.find(claim.pl_id);
  if (found == peers_.end()) {
    if (peers_.size() >= max_peers_) return {.verdict = Verdict::Full, .pl_id = claim.pl_id};
    Peer peer{claim.identity, claim.address, make_token_(), link, 0};
    answer.token = peer.token;
    peers_.emplace(claim.pl_id, std::move(peer));
    return answer;
  }
  Peer& peer = found->second;
  if (peer.control != 0) {
    // Without an identity nobody can tell a restarted FE from an impostor: the newcomer waits until
    // the old connection is found dead.
    if (claim.identity.empty() || claim.identity != peer.identity)
      return {.verdict = Verdict::IdInUse, .pl_id = claim.pl_id};
    answer.replaced = peer.control;
  }
  peer.identity = claim.identity;
  peer.address = claim.address;
  peer.token = answer.token = make_token_();
  peer.control = link;
  return answer;
}

PeerTable::Peer* PeerTable::find_for_data(const Claim& claim, std::uint32_t& id, Verdict& why) {
  if (claim.known &&
      claim.pl_id == 0) {  // its ID came by its control channel: the token is all it can show
    why = Verdict::WrongToken;
    for (auto& [key, peer] : peers_) {
      if (!claim.token || peer.control == 0 || *claim.token != peer.token) continue;
      id = key;
      return &peer;
    }
    return nullptr;
  }
  if (claim.known || !claim.identity.empty()) {
    const auto found = peers_.find(claim.pl_id);
    why = Verdict::Wait;
    if (found == peers_.end() || found->second.control == 0) return nullptr;
    id = claim.pl_id;
    return &found->second;
  }
  // Row 7: a peer that says nothing, without TLS, is the one peer of its address, or nobody.
  Peer* only = nullptr;
  why = Verdict::Wait;
  for (auto& [key, peer] : peers_) {
    if (peer.address != claim.address || peer.control == 0 || peer.data != 0) continue;
    why = Verdict::Ambiguous;
    if (only != nullptr) return nullptr;
    only = &peer;
    id = key;
  }
  return only;
}

PeerTable::Answer PeerTable::data(LinkId link, const Claim& claim) {
  Answer answer{.pl_id = claim.pl_id};
  Peer* peer = find_for_data(claim, answer.pl_id, answer.verdict);
  if (peer == nullptr) return answer;
  if (!claim.token_binds && claim.identity != peer->identity)
    return {.verdict = Verdict::WrongIdentity, .pl_id = answer.pl_id};
  const bool token_needed = claim.token_binds || (claim.known && claim.identity.empty());
  if (claim.token ? *claim.token != peer->token : token_needed)
    return {.verdict = Verdict::WrongToken, .pl_id = answer.pl_id};
  answer.verdict = Verdict::Accepted;
  answer.token = peer->token;
  answer.replaced = peer->data;
  peer->data = link;
  return answer;
}

LinkId PeerTable::ended(LinkId link, std::uint32_t pl_id) {
  const auto found = peers_.find(pl_id);
  if (found == peers_.end()) return 0;
  Peer& peer = found->second;
  if (peer.data == link) peer.data = 0;
  if (peer.control != link) return 0;
  const LinkId data = peer.data;
  peers_.erase(found);
  return data;
}

bool PeerTable::rename(std::uint32_t from_key, std::uint32_t to) {
  const auto found = peers_.find(from_key);
  if (found == peers_.end() || peers_.contains(to)) return false;
  auto node = peers_.extract(found);
  node.key() = to;
  peers_.insert(std::move(node));
  return true;
}

}  // namespace forces::tml
