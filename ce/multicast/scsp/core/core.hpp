// The machine behind Engine: neighbours, packets, timers. What it does is in core.cpp (inputs and
// outputs), alignment.cpp (Cache Alignment), update.cpp (Cache State Update) and entries.cpp (the
// cache and its own entries).
#pragma once

#include <deque>
#include <map>

#include "ce/multicast/scsp/core/cache.hpp"
#include "ce/multicast/scsp/core/hello.hpp"
#include "ce/multicast/scsp/core/queues.hpp"
#include "ce/multicast/scsp/engine.hpp"
#include "common/core/outputs.hpp"
#include "proto/scsp/fault.hpp"
#include "proto/scsp/packet.hpp"

namespace forces::multicast::sync {

class Engine::Core {
 public:
  Core(Config config, Instant now);

  void on_link(ServerId id, bool up, Instant now);
  void on_packet(ServerId from, Bytes octets, Instant now);
  void on_time(Instant now);
  [[nodiscard]] std::optional<Output> poll_output();
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  void set_neighbor(NeighborConfig neighbor, Instant now);
  void remove_neighbor(ServerId id, Instant now);

  Status originate(std::uint32_t key, Bytes body, Instant now);
  Status purge(std::uint32_t key, Instant now);
  void forget(ServerId originator, Instant now);
  void forget(ServerId originator, std::span<const std::uint32_t> keys, Instant now);
  void summarise(Instant now);
  [[nodiscard]] std::optional<Record> record(const EntryId& id) const;
  void for_each(const std::function<void(const Record&)>& visit) const;
  [[nodiscard]] bool synchronized() const { return synchronized_; }
  [[nodiscard]] SequenceNumber greatest() const { return greatest_; }
  [[nodiscard]] Snapshot snapshot() const;

 private:
  struct Neighbor {
    NeighborConfig config;
    std::array<std::byte, 4> id_octets;
    HelloFsm hello;
    AlignmentState state = AlignmentState::Down;
    bool master = false;         // CacheSummarize and later: we are
    bool last_more = false;      // the O flag of last_ca
    bool summarizing = false;    // CacheSummarize and later: a set of its CSAS records has come
    std::uint32_t sequence = 0;  // of the CA exchange
    std::uint32_t proposed = 0;  // the last sequence number that we began with, or came to
    std::uint32_t cursor = 0;    // slot of the cache with which the next summary begins
    Octets last_ca{};            // to be repeated; empty: released
    std::optional<Instant> ca_due{}, csus_due{};
    RequestList wanted{};
    RetransmitQueue queue{};
    Counters counters{};

    // What changes meanwhile is queued for it.
    [[nodiscard]] bool summarized() const { return state >= AlignmentState::CacheSummarize; }
    // CSU messages go in both directions (section 2.3).
    [[nodiscard]] bool exchanging() const { return state >= AlignmentState::UpdateCache; }
  };
  enum class Ack : std::uint8_t { None, Received, Cached };

  // core.cpp
  void add_neighbor(NeighborConfig neighbor);
  [[nodiscard]] Result<void> check(const Neighbor& n, const scsp::Packet& packet) const;
  void refuse(Neighbor& n, const Error& error);
  void hello_moved(Neighbor& n, HelloState before);
  void enter(Neighbor& n, AlignmentState state);
  void send_hello(Neighbor& n);
  [[nodiscard]] scsp::Head head(const Neighbor& n, scsp::MsgType type) const;
  [[nodiscard]] scsp::WriterOptions options(const Neighbor& n, std::size_t limit) const;
  [[nodiscard]] scsp::PacketWriter writer(const Neighbor& n, scsp::MsgType type) const;
  // Empty: it cannot be sent, for want of a key.
  [[nodiscard]] Octets finish(Neighbor& n, scsp::PacketWriter writer);
  void send(Neighbor& n, Octets packet);

  // alignment.cpp
  void on_alignment(Neighbor& n, const scsp::Packet& packet);
  void renegotiate(Neighbor& n) { enter(n, AlignmentState::Negotiation); }
  void negotiate(Neighbor& n);
  void negotiated(Neighbor& n, const scsp::Packet& packet);
  void summarize(Neighbor& n, const scsp::Packet& packet);
  void repeat_alignment(Neighbor& n);
  void take_summaries(Neighbor& n, const scsp::Packet& packet);
  [[nodiscard]] bool more_to_send(Neighbor& n) const;
  void send_summaries(Neighbor& n);
  void on_alignment_timer(Neighbor& n);
  void solicit(Neighbor& n);

  // update.cpp
  [[nodiscard]] bool ready(Neighbor& n);
  void on_request(Neighbor& n, const scsp::Packet& packet);
  [[nodiscard]] Ack take(Neighbor& n, const scsp::RecordView& record);
  void on_reply(Neighbor& n, const scsp::Packet& packet);
  void on_solicit(Neighbor& n, const scsp::Packet& packet);
  void on_update_timer(Neighbor& n);
  [[nodiscard]] std::optional<Octets> compose_request(Neighbor& n);

  // entries.cpp
  // What waits to be originated has its place.
  [[nodiscard]] bool full() const { return cache_.size() + held_.size() >= config_.limits.entries; }
  void accept(Neighbor& n, const scsp::RecordView& record, std::uint32_t slot, bool asked);
  void flood(std::uint32_t slot, std::uint16_t hops, const Neighbor* except);
  void dequeue(Neighbor& n, std::uint32_t slot);
  void clear_queue(Neighbor& n);
  void settle(std::uint32_t slot);
  void establish(std::uint32_t key, Bytes body);
  void renew(std::uint32_t slot);
  void start_purge(std::uint32_t slot);
  void drop(std::uint32_t slot);
  void synchronize(bool alone);
  void end_purges();
  [[nodiscard]] scsp::Csas summary(const Entry& e, std::array<std::byte, 8>& ids,
                                   std::uint16_t hops = 1) const;

  Config config_;
  const std::array<std::byte, 4> id_octets_;
  Instant now_;
  std::map<ServerId, Neighbor> neighbors_;
  ServerId turn_{};  // of poll_output()
  OutputQueue<Output> out_;
  Cache cache_;

  bool synchronized_ = false;
  std::optional<Instant> alone_due_;
  std::map<std::uint32_t, Octets> held_;         // until synchronized
  std::map<std::uint32_t, Octets> after_purge_;  // until the entry of the key is gone
  std::deque<std::pair<Instant, EntryId>> purges_;
  // No entry that purge() ended, and none of an earlier process, had a greater number. What begins
  // is above it: a server that was away has not heard of the end, and would take an equal number
  // for the same content.
  SequenceNumber floor_;
  SequenceNumber greatest_;
  std::uint64_t reclaimed_ = 0;
};

}  // namespace forces::multicast::sync
