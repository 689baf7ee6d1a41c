#include "ce/multicast/mars/server.hpp"

#include <algorithm>
#include <utility>

#include "proto/mars/rules.hpp"
#include "proto/wire/writer.hpp"

namespace forces::mars::server {

std::string_view to_string(ControlVc control) {
  return control == ControlVc::Cluster ? "ccvc" : "scvc";
}

std::string_view to_string(Notice::What what) {
  switch (what) {
    case Notice::What::ServerFound:
      return "server_found";
    case Notice::What::ServerLost:
      return "server_lost";
    case Notice::What::CmiOverlap:
      return "cmi_overlap";
    case Notice::What::NoCmi:
      return "no_cmi";
    case Notice::What::NodeMoved:
      return "node_moved";
    case Notice::What::TooManyRanges:
      return "too_many_ranges";
    case Notice::What::TlvReported:
      return "tlv_reported";
  }
  return "unknown";
}

std::string_view to_string(Drop drop) {
  switch (drop) {
    case Drop::Malformed:
      return "malformed";
    case Drop::Tlv:
      return "tlv";
    case Drop::NotFromEndpoint:
      return "not_from_endpoint";
    case Drop::OtherProtocol:
      return "other_protocol";
    case Drop::NotReady:
      return "not_ready";
    case Drop::NotRegistered:
      return "not_registered";
    case Drop::BothMaps:
      return "both_maps";
    case Drop::BlockOfServer:
      return "block_of_server";
    case Drop::NoCmi:
      return "no_cmi";
    case Drop::TooManyRanges:
      return "too_many_ranges";
  }
  return "unknown";
}

Server::Server(Config config) : config_(std::move(config)) {
  std::uint32_t key = 0;
  clusters_.reserve(config_.protocols.size());
  for (const ProtocolConfig& protocol : config_.protocols) {
    clusters_.emplace_back(Cluster::Shared{config_, keys_, out_, counters_}, protocol, key++);
  }
}

Cluster* Server::find(const ProtocolType& protocol) {
  const auto at = std::ranges::find(clusters_, protocol, &Cluster::protocol);
  return at == clusters_.end() ? nullptr : &*at;
}

void Server::start(Instant now) {
  if (config_.alone) return become_ready(now);
  align_until_ = now + config_.times.align;
}

void Server::on_aligned(Instant now) {
  if (!ready_) become_ready(now);
}

void Server::become_ready(Instant now) {
  ready_ = true;
  align_until_.reset();
  for (Cluster& cluster : clusters_) cluster.begin(now);
}

void Server::on_message(Vc from, Result<Message> message, Instant now) {
  if (!message) return drop(Drop::Malformed);
  ++counters_.received[std::to_underlying(message->operation)];
  // Section 10.3: before anything else.
  const TlvAction action = tlv_action(message->tlvs);
  if (action == TlvAction::DropAndReport) {
    out_.push(Notice{Notice::What::TlvReported, config_.id, message->source});
  }
  if (action != TlvAction::Process) return drop(Drop::Tlv);
  if (!check_from_endpoint(*message)) return drop(Drop::NotFromEndpoint);
  Cluster* const cluster = find(message->protocol);
  if (cluster == nullptr) return drop(Drop::OtherProtocol);
  if (!ready_) return drop(Drop::NotReady);
  message->flags.value &= static_cast<std::uint16_t>(~Flags::kReserved);
  cluster->on_message(*message, from, now);
}

void Server::on_leaf_lost(ControlVc control, const ProtocolType& protocol, const AtmAddress& leaf,
                          Instant now) {
  if (Cluster* const cluster = find(protocol)) cluster->on_leaf_lost(control, leaf, now);
}

void Server::on_record(ServerId originator, std::uint32_t key, Bytes body, Instant now) {
  ++counters_.records_received;
  const auto entry = decode_entry(body);
  if (!entry || originator == config_.id) {  // RFC 2443 section 3: discarded
    ++counters_.records_ignored;
    return;
  }
  bool known = false;
  for (Cluster& cluster : clusters_) {
    const bool its = entry->protocol == cluster.protocol();  // a key may change it
    known = known || its;
    cluster.on_record({originator, key}, its ? &*entry : nullptr, now);
  }
  if (!known) ++counters_.records_ignored;
}

void Server::on_record_gone(ServerId originator, std::uint32_t key, Instant now) {
  if (originator == config_.id) return;
  for (Cluster& cluster : clusters_) cluster.on_record({originator, key}, nullptr, now);
}

void Server::on_own_record(std::uint32_t key, Bytes body, Instant now) {
  ++counters_.records_received;
  // A key is of one fact, whatever protocol the other word is of.
  for (Cluster& cluster : clusters_) {
    if (cluster.repeat(key)) return;
  }
  const auto entry = decode_entry(body);
  if (!entry) {
    ++counters_.records_ignored;
    return;
  }
  const bool claims = entry->state == State::McsServe || entry->state == State::ClientJoin;
  Cluster* const cluster = claims ? find(entry->protocol) : nullptr;
  for (Cluster& other : clusters_) {
    if (&other != cluster) other.disown(key, !claims, now);
  }
  if (!claims) return;
  if (cluster != nullptr) return cluster->on_own_record(key, *entry, now);
  // Of a protocol that we had before we started.
  wire::ByteWriter w;
  encode_entry(entry_of(entry->protocol, claim_of(*entry), true), w);
  if (auto over = std::move(w).finish()) out_.push(Originate{key, std::move(*over)});
}

bool Server::redirect(const std::optional<AtmAddress>& first, bool hard, Instant now) {
  bool all = true;
  for (Cluster& cluster : clusters_) all = cluster.redirect(first, hard, now) && all;
  return all;
}

std::optional<Instant> Server::next_deadline() const {
  auto next = align_until_;
  for (const Cluster& cluster : clusters_) {
    const auto due = cluster.next_deadline();
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

void Server::on_timer(Instant now) {
  if (align_until_ && now >= *align_until_) become_ready(now);
  for (Cluster& cluster : clusters_) cluster.on_timer(now);
}

}  // namespace forces::mars::server
