// A MARS (RFC 2022 section 6) in a server group (RFC 2443).
//
// Sans I/O: messages, lost leaves, records of other servers and time come in; messages, leaves and
// records go out by poll_output(), in order. The owner has the VCs: it knows which one a message
// came on, keeps CCVC and SCVC of each protocol, whose leaves it is told, and says when one is
// lost.
//
// Beside it stands SCSP (RFC 2334), which this core knows only as records: Originate gives it the
// newest instance of one of ours, it gives us every newer instance of others' records in any order,
// and it numbers them. What stands in its cache under our own ID and is not what we said last comes
// by on_own_record(): it is answered by the right instance, which SCSP numbers above that one.
#pragma once

#include <optional>
#include <vector>

#include "ce/multicast/mars/cluster.hpp"
#include "ce/multicast/mars/face.hpp"

namespace forces::mars::server {

class Server {
 public:
  explicit Server(Config config);
  Server(const Server&) = delete;  // clusters refer to it
  Server& operator=(const Server&) = delete;

  // Once. It serves nobody until it knows what the group knows: on_aligned(), or Times::align.
  void start(Instant now);
  // SCSP is Aligned with a neighbour, after the records that this brought.
  void on_aligned(Instant now);

  // One message behind LLC/SNAP, that came on a point-to-point VC: what it decodes to.
  void on_message(Vc from, Result<Message> message, Instant now);
  void on_message(Vc from, Bytes octets, Instant now) {
    on_message(from, decode_message(octets), now);
  }
  // ERR_L_DROP or ERR_L_RELEASE: the leaf is off the control VC (RFC 2022 section 6.1.2).
  void on_leaf_lost(ControlVc control, const ProtocolType& protocol, const AtmAddress& leaf,
                    Instant now);

  // The newest instance of another server's record: what stands behind the CSAS.
  void on_record(ServerId originator, std::uint32_t key, Bytes body, Instant now);
  // SCSP purged it, or holds a Null CSA of it.
  void on_record_gone(ServerId originator, std::uint32_t key, Instant now);
  void on_own_record(std::uint32_t key, Bytes body, Instant now);

  // Clients and MCSs shall move to `first`, whose server group is ours: hard ones rejoin there,
  // soft ones only register (RFC 2022 section 5.4.3). Without `first` they may come back.
  // False: `first` is no server that we hear of, and nothing changes.
  bool redirect(const std::optional<AtmAddress>& first, bool hard, Instant now);

  [[nodiscard]] std::optional<Output> poll_output() { return out_.poll(); }
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  void on_timer(Instant now);

  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] const std::vector<Cluster>& clusters() const { return clusters_; }
  [[nodiscard]] std::vector<Cluster>& clusters() { return clusters_; }

 private:
  void become_ready(Instant now);
  void drop(Drop why) { ++counters_.dropped[static_cast<std::size_t>(why)]; }
  [[nodiscard]] Cluster* find(const ProtocolType& protocol);

  Config config_;
  Keys keys_;
  OutputQueue<Output> out_;
  Counters counters_;
  std::vector<Cluster> clusters_;
  bool ready_ = false;
  std::optional<Instant> align_until_;
};

}  // namespace forces::mars::server
