// The engine behind its face. One class, in files by what they do: core.cpp neighbours, channels,
// timers and packets; receive.cpp messages; upstream.cpp and downstream.cpp the halves of LSPs;
// delivery.cpp what is sent until it is acknowledged or refreshed; recovery.cpp what a loss and a
// restart mean.
#pragma once

#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "ce/signaling/rsvp/core/states.hpp"
#include "ce/signaling/rsvp/engine.hpp"
#include "ce/signaling/rsvp/link/dice.hpp"
#include "common/core/outputs.hpp"

namespace forces::signaling::engine {

class Engine::Core {
 public:
  Core(const Config& config, Instant now);

  // Time does not go back.
  void at(Instant now) { now_ = std::max(now_, now); }
  void on_packet(const Datagram& packet);
  void on_channel(ChannelId channel, bool up);
  void on_time();
  [[nodiscard]] std::optional<Output> poll();
  [[nodiscard]] std::optional<Instant> next_deadline() const { return timers_.next(); }
  void set_neighbor(const NeighborConfig& neighbor);
  void remove_neighbor(NodeId node);
  void set_learned_security(const Security& security);
  void set_restart(const Restart& restart);
  void end_recovery();
  Status set_path(const LspKey& key, NodeId next_hop, rsvp::Message path);
  Status tear_path(const LspKey& key);
  Status tear_path(const LspKey& key, std::optional<NodeId> next_hop, rsvp::Message tear);
  Status send_resv_err(const LspKey& key, rsvp::Message error);
  Status set_resv(const LspKey& key, rsvp::Message resv);
  Status tear_resv(const LspKey& key);
  Status tear_resv(const LspKey& key, rsvp::Message tear);
  Status keep(const LspKey& key);
  Status send_path_err(const LspKey& key, rsvp::Message error);
  std::uint64_t notify(NodeId to, rsvp::Message message);
  Status send_resv_conf(NodeId to, rsvp::Message message);
  [[nodiscard]] const Lsp* find(const LspKey& key) const;
  [[nodiscard]] const Neighbor* find(NodeId node) const;
  [[nodiscard]] Snapshot snapshot() const;

 private:
  // --- core.cpp: neighbours, channels, timers, packets ---
  Neighbor& add(const NeighborConfig& config, bool learned);
  void configure(Neighbor& n, const NeighborConfig& config);
  void forget(Neighbor& n);
  [[nodiscard]] Neighbor* node(NodeId id) const;
  [[nodiscard]] Neighbor* adjacent(NodeId id) const;
  [[nodiscard]] Neighbor* at_address(Ipv4 address) const;
  Neighbor* learn(Ipv4 address);
  [[nodiscard]] bool is_ours(Ipv4 address) const;
  [[nodiscard]] ChannelId channel_of(const Neighbor& n) const;
  void heard_on(Neighbor& n, ChannelId channel);
  void next_channel(Neighbor& n);
  void fire(Timer& timer);
  void on_hello_timer(Neighbor& n);
  void send_hello(Neighbor& n, const rsvp::Hello& hello);
  void on_challenge_timer(Neighbor& n);
  void arm_challenges(Neighbor& n);
  [[nodiscard]] Writing writing(Neighbor& n);
  void queue(Neighbor& n, Letter letter);
  void send_alone(Neighbor& n, const Letter& letter, Ipv4 destination, std::uint8_t ttl);
  void send_packet(Neighbor& n, rsvp::Octets octets, Ipv4 destination, std::uint8_t ttl);
  void flush(Neighbor& n);

  // --- receive.cpp: messages ---
  void on_message(Neighbor& n, const rsvp::MessageView& view);
  void dispatch(Neighbor& n, const rsvp::MessageView& view, std::optional<rsvp::MessageId> id);
  [[nodiscard]] std::optional<rsvp::Message> decode(Neighbor& n, const rsvp::MessageView& view);
  void drop(Neighbor& n, Drop why) { ++n.counters.drops[static_cast<std::size_t>(why)]; }
  void answer(Neighbor& n, const rsvp::MessageView& view, rsvp::ErrorValue error);
  void note_flags(Neighbor& n, std::uint8_t flags);
  void note_epoch(Neighbor& n, std::uint32_t epoch);
  void on_challenge(Neighbor& n, const rsvp::MessageView& view);
  void on_hello(Neighbor& n, const rsvp::MessageView& view);
  void on_srefresh(Neighbor& n, const rsvp::MessageView& view, std::optional<rsvp::MessageId> id);
  void on_notify(Neighbor& n, const rsvp::MessageView& view, std::optional<rsvp::MessageId> id);
  void acknowledge(Neighbor& n, const std::optional<rsvp::MessageId>& id);
  void add_ack(Neighbor& n, const rsvp::MessageIdAck& ack);
  // Of messages without state: false when it came before.
  [[nodiscard]] bool first_time(Neighbor& n, const std::optional<rsvp::MessageId>& id);

  // --- states that came ---
  void attach(In& in, Neighbor& n);
  void detach(In& in);
  void mark(In& in, std::optional<Stamp> stamp);
  void heard(In& in);  // a refresh, by whatever message
  [[nodiscard]] bool refresh(Neighbor& n, Stamp stamp, std::optional<Half> half);
  void on_lifetime(In& in);
  void report(In& in);  // Unsynchronized

  // --- upstream.cpp ---
  void on_path(Neighbor& n, const rsvp::MessageView& view, std::optional<rsvp::MessageId> id);
  void on_path_tear(Neighbor& n, const rsvp::MessageView& view, std::optional<rsvp::MessageId> id);
  void on_resv_err(Neighbor& n, const rsvp::MessageView& view, std::optional<rsvp::MessageId> id);
  void remember_torn(Neighbor& n, const LspKey& key, const Stamp& stamp);
  void erase_upstream(Lsp& lsp);  // may end the Lsp
  [[nodiscard]] std::shared_ptr<Out> sharing(const Lsp& lsp) const;
  void join(Lsp& lsp);
  void leave(Lsp& lsp);
  void publish(Out& resv);  // with those LSPs whose Path the neighbour has

  // --- downstream.cpp ---
  void on_resv(Neighbor& n, const rsvp::MessageView& view, std::optional<rsvp::MessageId> id);
  void on_resv_tear(Neighbor& n, const rsvp::MessageView& view, std::optional<rsvp::MessageId> id);
  void on_path_err(Neighbor& n, const rsvp::MessageView& view, std::optional<rsvp::MessageId> id);
  void take_resv(Neighbor& n, Lsp& lsp, rsvp::Message message, std::optional<Stamp> stamp);
  void drop_resv(Lsp& lsp);
  void erase_downstream(Lsp& lsp);  // may end the Lsp
  void end_if_empty(Lsp& lsp);
  [[nodiscard]] Lsp* lsp_of(const LspKey& key);

  // --- delivery.cpp ---
  void enlist(Out& out, Neighbor& n);
  void withdraw(Out& out);
  void trigger(Out& out);     // a new identifier
  void send_state(Out& out);  // with the identifier that it has
  void refresh(Out& out);
  [[nodiscard]] rsvp::Octets recovery_body(const Out& out) const;
  Pending& post(Neighbor& n, Sent what, rsvp::MessageType type, rsvp::Octets body);
  Pending& await(Neighbor& n, Sent what, rsvp::MessageType type, std::uint32_t id);
  void transmit(Pending& p);
  void retry(Pending& p);
  void forget(Pending& p);
  void tell_delivered(const Pending& p);
  void forget_sent(const LspKey& key, const Neighbor& n, rsvp::MessageType type);
  [[nodiscard]] bool tearing(const LspKey& key, const Neighbor& n, rsvp::MessageType type) const;
  void on_ack(Neighbor& n, const rsvp::MessageIdAck& ack);
  void on_nack(Neighbor& n, const rsvp::MessageIdAck& nack);
  void refresh_all(Neighbor& n);
  void send_summary(Neighbor& n, const std::vector<std::uint32_t>& ids, bool reliably);
  void arm_refresh(Out& out);
  void rearm_refreshes(Neighbor& n);
  void resend_without_ids(Neighbor& n);
  [[nodiscard]] std::size_t ids_per_message() const;
  [[nodiscard]] std::uint32_t next_id() { return ++last_id_ == 0 ? ++last_id_ : last_id_; }
  [[nodiscard]] bool full(const Neighbor& n) const {
    return n.pending >= config_.limits.unacknowledged_per_neighbor;
  }

  // --- recovery.cpp ---
  void react(Neighbor& n, HelloVerdict verdict);
  void on_lost(Neighbor& n);
  void on_up(Neighbor& n);
  void on_back(Neighbor& n);
  void on_restarted(Neighbor& n);
  void start_work(Neighbor& n, Duration within);
  void on_work(Neighbor& n);
  void perform(Neighbor& n, Job& job);
  void send_recovery_path(Neighbor& n, const LspKey& key);
  void send_recovery_list(Neighbor& n, std::vector<Stamp> stamps);
  void on_recovery_path(Neighbor& n, const rsvp::MessageView& view,
                        std::optional<rsvp::MessageId> id);
  void on_recovery_list(Neighbor& n, const rsvp::MessageIdList& list);
  void resume_tears(Neighbor& n);
  void end_theirs(Neighbor& n);
  void end_ours(Neighbor& n);
  [[nodiscard]] bool gated(const Neighbor& n) const;  // nothing of LSPs is believed yet
  [[nodiscard]] Duration recovery_time(const Neighbor& n) const;

  Config config_;
  Instant now_;
  Dice dice_;
  std::uint32_t epoch_;
  std::uint32_t last_id_ = 0;
  std::uint64_t sequence_;
  std::uint64_t tickets_ = 0;
  Instant gate_until_;
  Timers timers_;  // outlives whatever has a timer
  std::map<NodeId, std::unique_ptr<Neighbor>> nodes_;
  std::size_t learned_ = 0;
  std::unordered_map<Ipv4, Neighbor*> addresses_;
  std::map<ChannelId, bool> channels_;  // that are down
  std::unordered_map<LspKey, Lsp> lsps_;
  std::unordered_map<LspKey, std::vector<std::shared_ptr<Out>>> sessions_;  // Resvs of SE style
  std::unordered_map<std::uint32_t, Out*> published_;                       // by identifier
  std::unordered_map<std::uint32_t, std::unique_ptr<Pending>> pending_;     //
  std::unordered_multimap<LspKey, Pending*> by_lsp_;  // tears, and Notifies of LSPs
  std::vector<Neighbor*> dirty_;
  Counters strangers_;
  OutputQueue<Output> out_;
};

}  // namespace forces::signaling::engine
