// The MARS of one mar$pro: clients, MCSs, maps, sequence numbers, and the server group's part in
// them. RFC 2022 section 6 keeps all of it apart by protocol.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <tuple>
#include <unordered_map>

#include "ce/multicast/mars/data/numbers.hpp"
#include "ce/multicast/mars/data/replica.hpp"
#include "ce/multicast/mars/face.hpp"
#include "common/core/outputs.hpp"

namespace forces::mars::server {

class Cluster {
 public:
  struct Shared {
    const Config& config;
    Keys& keys;
    OutputQueue<Output>& out;
    Counters& counters;
  };
  // A range of a node that is registered here; our record of it has `key`.
  struct Held {
    std::uint32_t key = 0;
    bool layer3 = false;
  };
  struct Node {
    Vc vc;
    std::uint16_t cmi = 0;
    std::uint32_t key = 0;
    ProtocolAddress source_protocol{};
    Instant since{};
    std::map<GroupRange, Held> ranges{};
    std::set<GroupRange> left{};         // that it was not in, soon after it registered
    Instant contested = Instant::max();  // then another server has it, or we keep it
    bool full = false;                   // a range too many was refused
    bool off = false;                    // its leaf is gone, and it is expected elsewhere
  };
  using Nodes = std::map<AtmAddress, Node>;
  struct Peer {
    AtmAddress address{};
    std::optional<Instant> until{};  // flushed then
    Instant heard = Instant::min();  // its last Redirect Entry
    bool forgotten = false;
    bool listed = false;  // in the REDIRECT_MAP
  };

  Cluster(const Shared& shared, const ProtocolConfig& config, std::uint32_t redirect_key);

  void begin(Instant now);  // it knows what the group knows
  // Well formed, of our protocol, from an endpoint by rules.hpp.
  void on_message(Message& m, Vc from, Instant now);
  void on_leaf_lost(ControlVc control, const AtmAddress& leaf, Instant now);
  void on_record(Holder at, const CacheEntry* entry, Instant now);
  // Says once more what stands under that key. False: nothing of this protocol does.
  bool repeat(std::uint32_t key);
  // One that claims something (States 2 and 3).
  void on_own_record(std::uint32_t key, const CacheEntry& entry, Instant now);
  // What an earlier life said under that key is over. Who asked us may be the only one that knows,
  // so all are told; not if the key says something else now.
  void disown(std::uint32_t key, bool tell, Instant now);
  bool redirect(const std::optional<AtmAddress>& first, bool hard, Instant now);
  void on_timer(Instant now);
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  [[nodiscard]] const ProtocolType& protocol() const { return config_.protocol; }
  [[nodiscard]] const Maps& maps() const { return maps_; }
  // For who forwards by the maps.
  [[nodiscard]] std::vector<Maps::Change> take_map_changes() { return maps_.take_changes(); }
  // Clients and MCSs that are registered with any server of the group.
  [[nodiscard]] std::set<AtmAddress> registered() const;
  [[nodiscard]] const Nodes& clients() const { return clients_; }
  [[nodiscard]] const Nodes& servers() const { return servers_; }
  [[nodiscard]] const std::map<ServerId, Peer>& peers() const { return peers_; }

 private:
  // members.cpp: clients and MCSs of ours
  void register_node(bool mcs, Message& m, Vc from, Instant now);
  void deregister_node(bool mcs, Message& m, Vc from, Instant now);
  void remove(bool mcs, Nodes::iterator at, bool still_a_leaf);
  void expect_elsewhere(bool mcs, Nodes::value_type& node, Instant now);
  void drop_leaf(bool mcs, const AtmAddress& who);
  void tell_dropped(bool mcs, const Nodes::value_type& node);
  void on_join(Message& m, Vc from);
  void on_leave(Message& m, Vc from, Instant now);
  void on_mserv(Message& m, Vc from);
  void on_unserv(Message& m, Vc from, Instant now);
  Held* hold(Nodes::value_type& node, bool mcs, const GroupRange& range, bool layer3);
  void note_left(Node& node, const GroupRange& range, Instant now);
  void refuse_range(Nodes::value_type& node);
  void let_go(Nodes::value_type& node, bool mcs, const GroupRange& range);

  // requests.cpp
  void on_request(Message& m, Vc from);
  void on_grouplist_request(const Message& m, Vc from);
  void send_redirect_map(Instant now);
  // How long who goes where we sent it still counts here: until it is taken over, or has rejoined.
  [[nodiscard]] Duration handover() const { return shared_.config.times.settle * (hard_ ? 2 : 1); }
  [[nodiscard]] bool within_reach(const AtmAddress& mars, Instant now) const;

  // group.cpp: what other servers say
  void perform(const Replica::Effects& effects, Instant now);
  void perform_run(std::span<const Effect> run);
  void on_registered_elsewhere(const Effect& effect, Instant now);
  void flush(ServerId server, Peer& peer, Instant now);
  void take_over(const Claim& claim, Instant now);
  void disinherit(bool mcs, const AtmAddress& who, Instant now);
  void end_inheritance(Instant now);
  void contest(bool mcs, Nodes::value_type& node, Instant until);
  void originate(std::uint32_t key, const CacheEntry& entry);
  void retract(std::uint32_t key, const Claim& claim);
  void emit(std::uint32_t key, const CacheEntry& entry);
  void originate_redirect();

  // send.cpp
  void drop(Drop why) { ++shared_.counters.dropped[static_cast<std::size_t>(why)]; }
  void notice(Notice::What what, ServerId server, const AtmAddress& address);
  void reply(Vc to, Message& m, bool to_mcs);
  void reply_parts(Vc to, const Message& whole);
  bool transmit(ControlVc control, std::span<Message> parts);
  void transmit_pairs(ControlVc control, Message m, const Ranges& pairs);
  void distribute(Message as, const Ranges& whole, const Ranges& changed, const Vc* back);
  void migrate(const ProtocolAddress& group, std::vector<AtmAddress> to);
  void drop_servers(const AtmAddress& who, const ProtocolAddress& source, const Ranges& groups);
  [[nodiscard]] Message message_of(Operation operation, const AtmAddress& who,
                                   const ProtocolAddress& source) const;

  [[nodiscard]] Nodes& nodes(bool mcs) { return mcs ? servers_ : clients_; }
  [[nodiscard]] ServerId us() const { return shared_.config.id; }

  Shared shared_;
  ProtocolConfig config_;
  std::uint32_t redirect_key_;
  bool ready_ = false, inheriting_ = true;
  Nodes clients_, servers_;  // leaves of CCVC and SCVC
  Maps maps_;
  Replica replica_;  // of others; and of our earlier life, until inherited_until_
  std::map<ServerId, Peer> peers_;
  std::unordered_map<std::uint32_t, CacheEntry> own_;  // our records that say something
  Cmis cmis_;
  std::uint32_t csn_, ssn_;
  std::set<std::tuple<Instant, bool, AtmAddress>> due_;
  std::set<ServerId> overlapping_;
  std::optional<AtmAddress> first_;  // where a redirect sends everybody
  bool hard_ = false;
  Instant map_at_ = Instant::max(), entry_at_ = Instant::max(), inherited_until_ = Instant::max();
};

}  // namespace forces::mars::server
