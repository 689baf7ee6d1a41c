// Wanted rows against what the kernel has: which operations are missing. No I/O, no clock.
//
// The kernel holds next hops and sets of them as objects; a route names one object by number. So a
// next hop that changes is one operation, however many routes use it. What this class knows of the
// kernel (seen on Linux 6.18, and tested against the real one): when a link goes down or loses its
// carrier the kernel drops the next hops over it, they leave their sets, sets that become empty are
// dropped, and with an object go its routes; none of this is announced. Deleting an object does the
// same.
//
// Such an object is deleted once more before it is set again, since the news of its end may be
// older than our last operation on it.
//
// Order of what poll_operation() hands out: those deletions, next hops, then sets, then routes,
// then deletions of objects. A later kind waits until the earlier ones are answered for, so that
// nothing depends on an operation that may fail. Routes that answer with an ICMP error (Reject) are
// routes of a type of their own, which name no object; their next hop is there all the same, as one
// that drops. A row that cannot be had does not stay in the
// kernel in an older form: it is withdrawn. Rows read back that nobody has wanted yet (a restart)
// stay until sweep().
#pragma once

#include <deque>
#include <optional>
#include <unordered_map>
#include <variant>
#include <vector>

#include "fe/dataplane/kernel/route_table.hpp"
#include "fe/dataplane/kernel/rows.hpp"

namespace forces::fe::dataplane::kernel {

inline constexpr std::size_t kMaxInFlight = 4096;

enum class RowState : std::uint8_t {
  Waiting,    // its next hop, or the link, is not there
  Pending,    // an operation is to be made, or is under way
  Installed,  // the kernel has it as wanted
  Failed,     // the kernel refused; see error
};
struct RowStatus {
  RowState state{};
  int error = 0;  // errno, when failed
  friend bool operator==(const RowStatus&, const RowStatus&) = default;
};

struct Request {
  std::uint64_t ticket = 0;
  Operation operation;
};

struct FailedRow {
  std::variant<Prefix, ObjectId> row;
  int error = 0;
};
struct RouteCounts {
  std::size_t waiting = 0, pending = 0, installed = 0, failed = 0, stale = 0;
};

class Fib {
 public:
  // Wanted rows. False: the values contradict themselves (host bits, families, weights, ids), and
  // nothing changes. Setting what is set already costs no operation, but tries again what had
  // failed.
  [[nodiscard]] bool set_next_hop(ObjectId id, const NextHop& next_hop, std::uint16_t mtu = 0,
                                  Reject reject = Reject::No);  // with `discard` only
  [[nodiscard]] bool set_members(ObjectId id, std::vector<Member> members);
  void remove_object(ObjectId id);
  [[nodiscard]] bool set_route(const Prefix& prefix, ObjectId target);
  void remove_route(const Prefix& prefix);
  // No more rows are coming that were there before: what nobody wanted since goes.
  void sweep();
  void retry_failed();

  // What the kernel says, by itself.
  void on_link(std::uint32_t interface, bool up, std::uint32_t mtu);
  void on_address(std::uint32_t interface);  // a gateway may be reachable now
  void on_route_seen(const RouteRow& row);   // somebody set a route that is ours by its marks
  void on_route_gone(const Prefix& prefix);
  void on_object_seen(const ObjectRow& row);
  void on_object_gone(ObjectId id);

  // What the kernel has, read from the start to the end, next hops before routes; rows are given to
  // on_object_seen() and on_route_seen(). Only while nothing is in flight. Starting again is
  // allowed.
  void begin_read_back();
  void end_read_back();
  // After a read-back or a sweep every route is looked at once more, `most` of them with a call: a
  // million at once would hold up the loop. Nothing is settled before.
  void review(std::size_t most);
  [[nodiscard]] bool reviewing() const { return review_at_ != RouteTable::kNone; }

  // Until nothing is handed out or the taker is full. Each is answered with on_result, in any
  // order.
  [[nodiscard]] std::optional<Request> poll_operation();
  // `error` is an errno, or 0. True when the row counts as refused: it stays Failed until it is set
  // again, or something that it depends on changes.
  bool on_result(std::uint64_t ticket, int error);
  [[nodiscard]] std::size_t in_flight() const { return unanswered_; }
  [[nodiscard]] bool has_work() const;  // something is queued, or in flight

  [[nodiscard]] std::optional<RowStatus> status(const Prefix& prefix) const;
  [[nodiscard]] std::optional<RowStatus> status(ObjectId id) const;
  [[nodiscard]] RouteCounts count_routes() const;  // looks at every row
  [[nodiscard]] std::vector<FailedRow> failed_rows(
      std::size_t most) const;  // of each kind; as that
  [[nodiscard]] std::size_t route_octets() const { return routes_.octets(); }

 private:
  using Slot = RouteTable::Slot;
  using Row = RouteTable::Row;
  enum class Need : std::uint8_t { Nothing, Set, Delete, Bury };
  struct Object {
    bool wanted = false, installed = false;
    bool in_flight = false, seen = false, stale = false, set = false;
    bool doubt = false;  // somebody touched it while an operation was under way
    // The kernel has, or had, dropped it with all that hung on it. It is deleted before anything
    // else is done to it: the news may be older than our last operation, and then it is still
    // there.
    bool dead = false;
    Need queued = Need::Nothing;  // the queue it stands in; entries elsewhere are outdated
    int error = 0;
    std::uint16_t mtu = 0;            // wanted
    std::uint16_t effective_mtu = 0;  // of its routes: wanted, where it is below that of the link
    Reject reject = Reject::No;       // wanted
    Reject effective_reject = Reject::No;  // of its routes
    std::uint16_t epoch = 0;               // changes when the kernel's object went
    NextHop next_hop{}, next_hop_installed{};
    std::vector<Member> members{}, members_installed{};
    std::vector<ObjectId> sets{};    // those that name this next hop, wanted or installed
    Slot first = RouteTable::kNone;  // routes that want it
  };
  struct LinkState {
    bool up = false;
    std::uint32_t mtu = 0;
    std::uint32_t downs = 0;
  };
  struct Flight {
    bool answered = false, deletion = false, set = false, replaces = false;
    Slot slot = RouteTable::kNone;  // of a route
    ObjectId object;                // the object, or the target of a route
    std::uint16_t epoch = 0, mtu = 0;
    Reject reject = Reject::No;
    std::uint32_t downs = 0;
    NextHop next_hop{};
    std::vector<Member> members{};
  };
  [[nodiscard]] Object* find(ObjectId id);
  [[nodiscard]] const Object* find(ObjectId id) const;
  Object& object(ObjectId id);
  template <class Change>  // makes the row a wanted one, with what `change` sets of it
  bool want(ObjectId id, Change&& change);
  [[nodiscard]] static bool usable(const Object& object) {
    return object.wanted && object.installed && !object.dead && object.error == 0;
  }
  [[nodiscard]] const LinkState* link_of(
      const NextHop& next_hop) const;  // none: unknown, or discard
  [[nodiscard]] std::vector<Member> available(const Object& set) const;
  [[nodiscard]] Need need(const Object& object) const;
  [[nodiscard]] bool in_kernel(const Row& row) const;
  [[nodiscard]] Need need(const Row& row) const;

  [[nodiscard]] RowStatus status(const Row& row) const;
  void touch(
      ObjectId id);  // queues it when something is to be done; forgets it when nothing is left
  void touch(Slot slot);
  void touch_all();               // objects now, routes by review()
  void touch_users(ObjectId id);  // routes and sets, after it became usable or stopped being so
  void gone(ObjectId id);         // certainly not in the kernel any more, nor what hung on it
  void bury(ObjectId id);
  void update_routes(ObjectId id);  // MTU and kind of its routes
  void link_set(ObjectId set, const std::vector<Member>& members);
  void unlink_set(ObjectId set, const std::vector<Member>& former);
  void want(Slot slot, ObjectId target);  // moves the row between the lists of targets

  std::optional<Request> poll_object(std::deque<ObjectId>& queue, Need kind);
  std::optional<Request> poll_route();
  std::size_t& unanswered_like(const Flight& flight);
  Request hand_out(Flight flight, Operation operation);
  bool object_result(const Flight& flight, int error);
  bool route_result(const Flight& flight, int error);

  RouteTable routes_;
  std::unordered_map<std::uint32_t, Object> objects_;
  std::unordered_map<std::uint32_t, LinkState> links_;
  std::deque<ObjectId> burial_queue_, next_hop_queue_, set_queue_, deletion_queue_;
  std::deque<Slot> route_queue_;
  std::deque<Flight> flights_;
  std::uint64_t first_ticket_ = 1;
  std::size_t unanswered_ = 0;
  // Of objects; `unanswered_` counts all.
  std::size_t next_hops_unanswered_ = 0, sets_unanswered_ = 0, deletions_unanswered_ = 0;
  std::uint16_t epoch_ = 0;
  bool reading_ = false, swept_ = false;
  bool mark_ = false;  // Row::seen of what the last read-back saw
  Slot review_at_ = RouteTable::kNone;
};

}  // namespace forces::fe::dataplane::kernel
