// The RSVP-TE machine of a node: neighbours with Hello and restart, soft state with refresh
// reduction, reliable delivery, authentication. RFC 2205, 2747, 2961, 3209, 3473, 4558, 5063.
//
// It knows nothing of routes, of what a label means, of calls. An LSP has an upstream half (a Path
// came, a Resv goes back) and a downstream half (a Path went, a Resv comes); the ingress has only a
// downstream half, the egress only an upstream half. The engine keeps halves by LspKey, each on its
// own; who owns it (the connection controller) ties them together. Answers need not come at once: a
// Path that came stays, refreshed by its sender, until set_resv(), send_path_err() or its end.
//
// Nothing established is ever released here for a failure of the control plane (RFC 4139: R1).
// State of a neighbour that is lost is kept for ever. What is established has no timeout either, it
// becomes Unsynchronized: a Resv that came, and an upstream half for which there is a Resv in
// either direction, whose Path had a RECOVERY_LABEL, or of which its owner said so with keep().
//
// What the engine puts into every message itself, replacing what the caller has there: INTEGRITY,
// MESSAGE_ID, ACKs, TIME_VALUES, flags, Send_TTL, checksum. RSVP_HOP is the caller's, for it names
// the data link; a hop address of 0 becomes our node ID, in an ERROR_SPEC the node of 0 as well.
//
// No clock, socket, thread, callback, log: one owner calls, one call at a time, then polls outputs
// until there is none and arms its timer at next_deadline(). Messages that go to a neighbour in the
// calls between two polls may leave in one Bundle. Nothing here is durable, so there is no Persist:
// what a restarted process needs, its neighbours and the fabric give back.
//
// The namespace is not called rsvp, for in forces::signaling that would hide the codec's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "ce/signaling/rsvp/config.hpp"
#include "ce/signaling/rsvp/events.hpp"
#include "ce/signaling/rsvp/snapshot.hpp"

namespace forces::signaling::engine {

// A packet of IP protocol 46 that came, whoever it is for.
struct Datagram {
  ChannelId channel = 0;
  Ipv4 source = 0, destination = 0;
  std::uint8_t ttl = 255;
  wire::Bytes octets;  // behind the IP header
};

enum class Status : std::uint8_t {
  Done,
  NoNeighbor,  // not configured, or not adjacent
  NoState,     // there is no such half
  Malformed,   // what is mandatory is missing, not of this LSP, or does not encode
  Limit,       // too much is on its way to this neighbour already
};
[[nodiscard]] std::string_view to_string(Status status);

class Engine {
 public:
  Engine(const Config& config, Instant now);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void on_packet(const Datagram& packet, Instant now);
  void on_channel(ChannelId channel, bool up, Instant now);  // all are taken to be up at first
  void on_time(Instant now);                                 // early: nothing happens
  [[nodiscard]] std::optional<Output> poll_output();
  [[nodiscard]] std::optional<Instant> next_deadline() const;  // after polling

  // A new one, or another configuration of one that is there; its state stays. The other one ends
  // with PathGone and ResvGone for all that it shared with us.
  void set_neighbor(const NeighborConfig& neighbor, Instant now);
  void remove_neighbor(NodeId node, Instant now);
  // Of those that were learned, and of who will be.
  void set_learned_security(const Security& security, Instant now);
  // Restart and Recovery Time, and `preserved`, as they are announced from now on. `recovering` is
  // looked at only when an engine is made.
  void set_restart(const Restart& restart, Instant now);
  void end_recovery(Instant now);  // our own Recovery Period, with all neighbours

  // --- downstream half ---
  // Sends the Path, and keeps it refreshed. The same again changes nothing; another content is sent
  // at once; another next hop tears the half at the old one first. Session and sender are `key`'s.
  Status set_path(const LspKey& key, NodeId next_hop, rsvp::Message path, Instant now);
  // Sends a PathTear until it is acknowledged (TearDelivered), also when that takes long or the
  // neighbour is another process by then, and forgets the half. In the first form it is made of the
  // Path; a node in transit gives the one that came, for unknown objects. The third form needs no
  // half: for what an earlier process sent.
  Status tear_path(const LspKey& key, Instant now);
  Status tear_path(const LspKey& key, rsvp::Message tear, Instant now);
  Status tear_path(const LspKey& key, NodeId next_hop, rsvp::Message tear, Instant now);
  // To the sender of the Resv.
  Status send_resv_err(const LspKey& key, rsvp::Message error, Instant now);

  // --- upstream half ---
  // To the sender of the Path. One FILTER_SPEC; what LSPs of a session share by SE style leaves in
  // one message where all else in it is the same.
  Status set_resv(const LspKey& key, rsvp::Message resv, Instant now);
  Status tear_resv(const LspKey& key, Instant now);  // the Path stays
  Status tear_resv(const LspKey& key, rsvp::Message tear, Instant now);
  // After a restart: this LSP was established by an earlier process, as the fabric says, though the
  // Path says nothing of it. It has no timeout from now on.
  Status keep(const LspKey& key, Instant now);
  // To the sender of the Path. With Path_State_Removed in its ERROR_SPEC the upstream half is
  // forgotten with it, without a PathGone.
  Status send_path_err(const LspKey& key, rsvp::Message error, Instant now);

  // --- to any node ---
  // The ticket comes again in NotifyDelivered or NotifyFailed; 0: it cannot be sent. News of an LSP
  // (no C or D bit) take the place of those on their way to that node about the same LSP, of which
  // nothing more is heard.
  [[nodiscard]] std::uint64_t notify(NodeId to, rsvp::Message message, Instant now);
  Status send_resv_conf(NodeId to, rsvp::Message message, Instant now);

  // What was last received, as its event had it; null: nothing.
  [[nodiscard]] MessagePtr received_path(const LspKey& key) const;
  [[nodiscard]] MessagePtr received_resv(const LspKey& key) const;
  [[nodiscard]] NodeId previous_hop(const LspKey& key) const;  // 0: no upstream half
  [[nodiscard]] NodeId next_hop(const LspKey& key) const;      // 0: no downstream half
  [[nodiscard]] bool neighbor_up(NodeId node) const;           // not Lost: what is sent may arrive
  [[nodiscard]] Snapshot snapshot() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace forces::signaling::engine
