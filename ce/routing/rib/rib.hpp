// The routes zebra wants, as FPM tells them. Sans I/O: messages and connection events in, changed
// routes out.
//
// Routes outlive the connection. When zebra comes back it sends its table again; routes that are
// not sent again by the end of the table (Resync decides when that is) are then removed. Numbers of
// next-hop groups belong to one connection only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "ce/routing/fpm/message.hpp"
#include "ce/routing/rib/next_hops.hpp"
#include "ce/routing/rib/prefix_index.hpp"
#include "ce/routing/rib/resync.hpp"

namespace forces::ce::routing {

using RouteId = std::uint32_t;

struct RibConfig {
  std::uint32_t table = fpm::kTableMain;  // routes of other tables (VRFs) are counted and left
  std::size_t max_routes = 4'000'000;     // about 80 octets each, with its row
  ResyncConfig resync;
};

struct RibCounters {
  std::uint64_t added = 0, replaced = 0, confirmed = 0, withdrawn = 0, swept = 0;
  std::uint64_t next_hops_defined = 0, next_hops_deleted = 0;
  std::uint64_t ends_of_table = 0;
  // Messages that changed nothing, by reason.
  std::uint64_t unknown_message = 0, other_table = 0, source_specific = 0, other_type = 0,
                not_forwarded = 0, unknown_withdrawn = 0, over_limit = 0;
};

class Rib {
 public:
  explicit Rib(const RibConfig& config = {}) : config_(config), resync_(config.resync) {}

  void on_connected();
  void on_message(const fpm::Message& message, Instant now);
  void on_disconnected();
  void on_timer(Instant now);
  [[nodiscard]] std::optional<Instant> next_deadline() const { return resync_.next_deadline(); }

  // A route that was added, removed, or whose next hops may be others; each once, however often
  // it changed. Poll only between frames: zebra replaces by a withdrawal and an addition in one.
  [[nodiscard]] std::optional<RouteId> poll_change();

  struct RouteView {
    IpPrefix prefix;
    std::uint8_t protocol;  // RTPROT_*
    bool live;              // false: withdrawn; the id stays until release()
    GroupId group;          // kNone when not live
  };
  [[nodiscard]] RouteView route(RouteId id) const;
  void resolve(GroupId group, std::vector<NextHop>& out) const { next_hops_.resolve(group, out); }
  [[nodiscard]] std::uint64_t version(GroupId group) const { return next_hops_.version(group); }
  // The consumer needs the id of a withdrawn route no longer; ignored if it has come back.
  void release(RouteId id);
  // What the consumer makes of every route may be another: all are to be polled again.
  void touch_all();

  // False from the first message of a connection until the end of the table.
  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] std::size_t size() const { return live_; }
  [[nodiscard]] std::size_t ids() const { return routes_.size(); }  // every id is below
  [[nodiscard]] std::size_t next_hops() const { return next_hops_.size(); }
  [[nodiscard]] const RibCounters& counters() const { return counters_; }

 private:
  struct Route {
    IpPrefix prefix;
    std::uint8_t protocol = 0;
    bool used = false;   // in the index
    bool dirty = false;  // in dirty_
    GroupId group = kNone;
    RouteId previous = kNone, next = kNone;  // in the list of the group
    std::uint32_t generation = 0;            // of the connection that confirmed it last
  };

  void begin_connection(std::uint32_t sender, Instant now);
  [[nodiscard]] bool refuse(const fpm::Route& route);
  void add(const fpm::Route& route, Instant now);
  void withdraw(const fpm::Route& route, Instant now);
  void remove(RouteId id);
  [[nodiscard]] GroupId group_of(const fpm::Route& route);
  void join(RouteId id, GroupId group);
  void leave(RouteId id);
  void mark(RouteId id);
  void mark_changed_groups();
  void end_of_table();
  [[nodiscard]] RouteId find(const IpPrefix& prefix) const;

  RibConfig config_;
  Resync resync_;
  NextHops next_hops_;
  PrefixIndex index_;
  std::vector<Route> routes_;
  std::vector<RouteId> free_;
  std::vector<RouteId> dirty_;
  std::vector<NextHop> scratch_;
  std::size_t live_ = 0;
  std::uint32_t generation_ = 0;
  std::optional<std::uint32_t> sender_;
  bool connected_ = false, fresh_ = false, complete_ = false;
  RibCounters counters_;
};

}  // namespace forces::ce::routing
