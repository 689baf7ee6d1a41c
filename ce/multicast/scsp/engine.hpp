// A server of an SCSP server group: Hello, Cache Alignment and Cache State Update with every
// directly connected server, and the cache that they keep equal. RFC 2334, with the IDs of RFC 2443
// section 4.
//
// It knows nothing of what an entry says: the client (ce/multicast/mars) gives and takes octets.
// An entry is known by who originated it and by a key that the originator chose; only its
// originator changes it. Of an entry there is its newest instance here, and of what is on its way
// to a neighbour only that it is: a record that is relayed is copied once, into the cache.
//
// Nothing is lost between the parts of the protocol: what changes while a neighbour's summary is
// under way is sent to it once both are in Update Cache. What a neighbour was asked for goes on to
// the others as new, with our hop count, though it came with a hop count of 1.
//
// No clock, socket, thread, log: one owner calls, one call at a time, then polls outputs until
// there is none and arms its timer at next_deadline().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "ce/multicast/scsp/config.hpp"
#include "ce/multicast/scsp/events.hpp"

namespace forces::multicast::sync {

enum class Status : std::uint8_t {
  Done,
  NoEntry,   // there is none of our own with this key
  TooLarge,  // no packet holds such a record
  Full,      // Limits::entries
};

struct Record {  // of the cache; `body` until the next call
  EntryId id{};
  SequenceNumber sequence{};
  Bytes body{};
};

class Engine {
 public:
  Engine(Config config, Instant now);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // The VC to a neighbour is there, or is lost; up again: another one in its place.
  void on_link_up(ServerId neighbor, Instant now);
  void on_link_down(ServerId neighbor, Instant now);
  // One packet without LLC/SNAP, as the VC of this neighbour delivered it.
  void on_packet(ServerId neighbor, Bytes packet, Instant now);
  void on_time(Instant now);  // early: nothing happens
  [[nodiscard]] std::optional<Output> poll_output();
  [[nodiscard]] std::optional<Instant> next_deadline() const;  // after polling

  // A new one, whose link is down, or other keys of one that is there.
  void set_neighbor(NeighborConfig neighbor, Instant now);
  void remove_neighbor(ServerId neighbor, Instant now);

  // --- the client's side ---
  // An entry of our own, new or changed, also to one that says that something ended; the same body
  // again is an update too. Before Synchronized it waits.
  Status originate(std::uint32_t key, Bytes body, Instant now);
  // Removes an entry of our own from all caches, for good; then Purged. originate() meanwhile
  // waits for that.
  Status purge(std::uint32_t key, Instant now);
  // All entries of another server out of this cache, and nobody is told: it is dead, and so are its
  // entries at all others (RFC 2443 section 5.1). They come back if a neighbour still has them.
  void forget(ServerId originator, Instant now);
  // The same of some of them.
  void forget(ServerId originator, std::span<const std::uint32_t> keys, Instant now);
  // Aligns anew with every neighbour: one may have kept what we forgot and want again.
  void summarise(Instant now);

  [[nodiscard]] std::optional<Record> record(const EntryId& id) const;
  void for_each(const std::function<void(const Record&)>& visit) const;  // in no order
  [[nodiscard]] bool synchronized() const;
  // The greatest sequence number that an own entry has had; before the first: Config::used.
  [[nodiscard]] SequenceNumber greatest() const;
  [[nodiscard]] Snapshot snapshot() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace forces::multicast::sync
