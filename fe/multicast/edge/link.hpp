// One port for one family: its querier, its groups, whether a router is behind it.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "fe/multicast/edge/group.hpp"
#include "fe/multicast/edge/outputs.hpp"
#include "fe/multicast/edge/querier.hpp"
#include "proto/igmp/packet.hpp"

namespace forces::fe::multicast {

struct LinkCounters {
  std::uint64_t queries_sent = 0, queries_heard = 0;
  std::uint64_t queries_refused = 0;    // the port is to have no router
  std::uint64_t queries_of_others = 0;  // of a version that is not ours (RFC 3376 section 7.3.1)
  std::uint64_t reports = 0, leaves = 0, records = 0;
  std::uint64_t records_ignored = 0;  // unknown types; groups of the link, or none at all
  std::uint64_t reports_ignored = 0;  // version 3, where the link is configured for version 2
  std::uint64_t not_as_required = 0;  // hop limit, Router Alert, source
  std::uint64_t groups_refused = 0, sources_refused = 0;  // no room
};

class Link {
 public:
  Link(const LinkConfig& config, Outputs& outputs);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void up(Instant now);
  void down();
  void on_address(const Address& address, Instant now);
  void on_packet(const igmp::Packet& packet, Instant now);
  void on_router(Duration hold, Instant now);
  void on_timer(Instant now);
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  [[nodiscard]] const LinkConfig& config() const { return config_; }
  [[nodiscard]] const Querier& querier() const { return querier_; }
  [[nodiscard]] const LinkCounters& counters() const { return counters_; }
  [[nodiscard]] bool is_up() const { return up_; }
  [[nodiscard]] bool router() const { return router_; }
  [[nodiscard]] std::size_t groups() const { return groups_.size(); }
  // What hosts and static groups want of the group.
  [[nodiscard]] Filter filter(const Address& group) const;

 private:
  struct Entry {
    Group group;
    Instant scheduled{};  // in schedule_; the deadline itself may be later
    bool in_schedule = false;
    bool limit_told = false;  // of its sources
  };
  using Groups = std::map<Address, Entry>;

  void on_query(const Address& source, const igmp::Query& query, Instant now);
  void on_records(const igmp::Records& records, Instant now);
  // Nothing when there is no room.
  Entry* find_or_make(const Address& group);
  // After anything was done to a group.
  void settle(Groups::iterator at, Instant now);
  void settle(const Address& group, Instant now) { settle(groups_.find(group), now); }
  void send(const Address& group, const Group::Question& question);
  void send(const igmp::Query& query);
  void send_general(Instant now);
  void tell_querier();
  void set_router(bool present);
  void tell(const Address& group);
  void limit(Limit what, const Address& group, bool& told);
  [[nodiscard]] bool is_static(const Address& group) const { return statics_.contains(group); }
  [[nodiscard]] bool keeps(const Address& group) const {
    return group.family == config_.address.family && group.is_multicast() &&
           !group.is_of_the_link();
  }
  [[nodiscard]] Group::Context context(Instant now) const {
    return {now, querier_.timing(), querier_.ours(), config_.most_sources};
  }

  LinkConfig config_;
  Outputs& outputs_;
  Querier querier_;
  bool up_ = false, router_ = false;
  std::optional<Instant> router_until_;
  Groups groups_;
  std::map<Address, Filter> statics_;
  std::set<Address> wanted_;  // groups that outputs have as wanted here
  // When to look at a group. A report that only extends a timer leaves it as it is.
  std::set<std::pair<Instant, Address>> schedule_;
  std::vector<Address> sources_;            // of the record at hand
  std::vector<Group::Question> questions_;  // of the group at hand
  bool groups_limit_told_ = false;
  LinkCounters counters_;
};

}  // namespace forces::fe::multicast
