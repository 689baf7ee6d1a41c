// What an engine remembers: neighbours, states that came (In), states that are sent (Out), messages
// that wait for their acknowledgment (Pending), and the halves of an LSP that join them. Plain
// records; Core alone changes them, and their addresses do not change while they live.
#pragma once

#include <deque>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ce/signaling/rsvp/core/timers.hpp"
#include "ce/signaling/rsvp/events.hpp"
#include "ce/signaling/rsvp/link/guard.hpp"
#include "ce/signaling/rsvp/link/hello.hpp"
#include "ce/signaling/rsvp/link/outbox.hpp"

namespace forces::signaling::engine {

struct Neighbor;
struct Lsp;
struct Out;

enum class TimerKind : std::uint8_t {
  Hello,        // of a neighbour
  Challenge,    //
  Acks,         //
  Srefresh,     //
  Work,         // the next piece of a resynchronisation
  RestartTime,  //
  Theirs,       // its Recovery Period ends
  Ours,         // our Recovery Period with it ends
  Lifetime,     // of an In
  Refresh,      // of an Out, where there is no Srefresh
  Retry,        // of a Pending
};
constexpr std::uint8_t kind_of(TimerKind kind) { return static_cast<std::uint8_t>(kind); }

// MESSAGE_ID of what advertised a state (RFC 2961 section 4.5).
struct Stamp {
  std::uint32_t epoch = 0, id = 0;
  [[nodiscard]] std::uint64_t key() const { return std::uint64_t{epoch} << 32 | id; }
  // Of the same epoch, and sent before; identifiers go round.
  [[nodiscard]] bool before(const Stamp& other) const {
    return epoch == other.epoch && static_cast<std::int32_t>(id - other.id) < 0;
  }
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

[[nodiscard]] inline std::optional<Stamp> stamp_of(const std::optional<rsvp::MessageId>& id) {
  if (!id) return std::nullopt;
  return Stamp{id->epoch, id->id};
}

// Path or Resv state that a neighbour gave us.
struct In {
  In(Timers& timers, Lsp& of, Half which)
      : lsp(of), half(which), timer(timers, kind_of(TimerKind::Lifetime), this) {}
  Lsp& lsp;
  Half half;
  Neighbor* from = nullptr;
  std::size_t index = 0;  // in from->ins
  MessagePtr message;
  std::optional<Stamp> stamp{};
  Duration lifetime{};
  Instant deadline{};           // the timer may be earlier: it looks, and waits on
  bool stale = false;           // not heard of since the neighbour restarted
  bool unsynchronized = false;  // reported
  Timer timer;
};

enum class Sent : std::uint8_t {
  Path,
  Resv,
  Tear,
  Error,
  Notify,
  Srefresh,
  RecoveryPath,
  RecoveryList
};

// RFC 2961 section 6. To a neighbour without MESSAGE_ID, a tear and a RecoveryPath are repeated as
// if nobody answered.
struct Pending {
  explicit Pending(Timers& timers) : timer(timers, kind_of(TimerKind::Retry), this) {}
  std::uint32_t id = 0;
  Neighbor* to = nullptr;
  Sent what{};
  rsvp::MessageType type{};
  bool with_id = true;
  rsvp::Octets body{};          // empty: that of `out`
  Out* out = nullptr;           // Path and Resv
  LspKey key{};                 // Tear, RecoveryPath
  std::vector<Stamp> stamps{};  // RecoveryList
  std::uint64_t ticket = 0;
  unsigned sends = 0;
  Duration wait{};
  Timer timer;
};

// Path state that we sent, or Resv state: of one LSP, or of several of a session in SE style.
struct Out {
  Out(Timers& timers, Half which) : half(which), timer(timers, kind_of(TimerKind::Refresh), this) {}
  Half half;  // Downstream: a Path
  Neighbor* to = nullptr;
  std::size_t index = 0;  // in to->outs
  rsvp::Octets body{};
  std::uint32_t id = 0;
  bool sent = false;        // to this process of the neighbour
  bool identified = false;  // with a MESSAGE_ID: an Srefresh may name it
  bool acknowledged = false;
  Pending* pending = nullptr;
  std::vector<Lsp*> lsps{};
  Timer timer;
};

struct Upstream {
  Upstream(Timers& timers, Lsp& lsp) : path(timers, lsp, Half::Upstream) {}
  In path;
  std::shared_ptr<Out> resv{};  // shared by LSPs of a session
  rsvp::Message resv_message{};
  bool kept = false;            // its owner says that it is established
  bool awaiting_path = false;   // RFC 3473 section 9.5.3: no Resv to a restarted node before this
  Pending* recovery = nullptr;  // a RecoveryPath
};

struct Downstream {
  explicit Downstream(Timers& timers) : path(timers, Half::Downstream) {}
  Out path;
  rsvp::Message path_message{};
  std::unique_ptr<In> resv{};
  std::optional<Stamp> floor{};  // of the ResvTear that came: an earlier Resv is out of order
};

struct Lsp {
  LspKey key{};
  std::unique_ptr<Upstream> up{};
  std::unique_ptr<Downstream> down{};
};

// What is never released for want of a refresh (RFC 4139: R1).
[[nodiscard]] inline bool established(const In& in) {
  if (in.half == Half::Downstream) return true;
  const Upstream& up = *in.lsp.up;
  return up.resv != nullptr || up.kept || (in.lsp.down && in.lsp.down->resv) ||
         in.message->find<rsvp::RecoveryLabel>() != nullptr;
}

// A piece of work that is not done all at once: after a fault, thousands of states are told of.
struct Job {
  enum class Kind : std::uint8_t {
    Path,          // send it, with a RECOVERY_LABEL where one is known
    State,         // send a Path or Resv as it is
    Summary,       // Srefresh with ACK_Desired of `ids`
    RecoveryPath,  //
    RecoveryList,  // Srefresh with the RecoveryPath flag of `stamps`
  };
  Kind kind{};
  LspKey key{};
  Half half{};
  std::vector<std::uint32_t> ids{};
  std::vector<Stamp> stamps{};
};

// What came only once and may come again: the last ones of a neighbour.
class Seen {
 public:
  [[nodiscard]] bool add(const Stamp& stamp) {  // false: it was there
    for (const Stamp& one : ring_) {
      if (one == stamp) return false;
    }
    if (ring_.size() < kSize) {
      ring_.push_back(stamp);
    } else {
      ring_[next_] = stamp;
      next_ = (next_ + 1) % kSize;
    }
    return true;
  }

 private:
  static constexpr std::size_t kSize = 256;
  std::vector<Stamp> ring_;
  std::size_t next_ = 0;
};

struct Neighbor {
  Neighbor(Timers& timers, const Hmac& hmac, std::uint64_t secret, const HelloFsm& fsm)
      : hello(fsm),
        guard(hmac, secret),
        hello_timer(timers, kind_of(TimerKind::Hello), this),
        challenge_timer(timers, kind_of(TimerKind::Challenge), this),
        ack_timer(timers, kind_of(TimerKind::Acks), this),
        srefresh_timer(timers, kind_of(TimerKind::Srefresh), this),
        work_timer(timers, kind_of(TimerKind::Work), this),
        restart_timer(timers, kind_of(TimerKind::RestartTime), this),
        theirs_timer(timers, kind_of(TimerKind::Theirs), this),
        ours_timer(timers, kind_of(TimerKind::Ours), this) {}

  NeighborConfig config;
  bool learned = false;
  Instant used{};  // of a learned one
  HelloFsm hello;
  Guard guard;
  Outbox outbox;
  bool dirty = false;  // something is in the outbox
  Counters counters;
  std::size_t channel = 0;        // of config.channels
  Instant on_channel{};           // when a packet came on it
  std::uint64_t expired_key = 0;  // reported
  Instant responses_since{};      // of the second that is counted
  unsigned responses = 0;

  bool heard = false, capable = false;  // its Refresh-Reduction-Capable bit
  std::uint32_t epoch = 0;              // of its last MESSAGE_ID
  bool new_epoch = false;               // it changed, and no Hello has said yet why
  bool no_message_id = false;           // RFC 2961 section 4.8: it refused the object
  std::optional<rsvp::RestartCap> restart{};
  std::uint32_t capability = 0;

  std::vector<In*> ins{};
  std::vector<Out*> outs{};
  std::unordered_multimap<std::uint64_t, In*> by_stamp{};
  std::size_t paths_in = 0, resvs_in = 0, pending = 0, unsynchronized = 0;
  Seen seen{};
  // The last PathTears: an earlier Path is out of order.
  std::unordered_map<LspKey, Stamp> torn{};
  std::deque<LspKey> torn_order{};

  std::deque<Job> jobs{};
  Duration pace{};                         // between two of them
  bool theirs = false;                     // it restarted, and its Recovery Period is not over
  bool preserved = false;                  // and has kept its forwarding state
  bool ours = false;                       // we did
  std::unordered_set<LspKey> recovered{};  // of which it sent a RecoveryPath since

  Timer hello_timer, challenge_timer, ack_timer, srefresh_timer, work_timer, restart_timer,
      theirs_timer, ours_timer;

  [[nodiscard]] bool lost() const { return config.hello && hello.state() == NeighborState::Lost; }
  [[nodiscard]] bool refresh_reduction() const {
    if (config.refresh_reduction != RefreshReduction::Auto) {
      return config.refresh_reduction == RefreshReduction::Always;
    }
    return (!heard || capable) && !no_message_id;
  }
};

}  // namespace forces::signaling::engine
