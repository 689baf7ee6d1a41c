// The call controller of a node (RFC 4139, RFC 4974): calls by Notify, apart from connections; in
// segments from controller to controller, with a policy at each reference point.
//
// Sans I/O. A Notify is delivered reliably below us: what is sent has a ticket, and the owner says
// on_notify_delivered() or on_notify_failed(). Outputs are in order: a PersistCall stands before
// the SendNotify that announces what it keeps, and the owner lets that one out only when it is
// durable.
//
// A call that is Active is never given up for what does not come (R1): a peer that is silent, lost
// its memory or refuses a refresh is an alarm. It ends when an end says so.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "ce/signaling/ason/call/book.hpp"
#include "ce/signaling/ason/call/journal.hpp"
#include "ce/signaling/ason/call/notify.hpp"
#include "ce/signaling/ason/call/policy.hpp"
#include "common/core/outputs.hpp"

namespace forces::signaling::ason::calls {

// Parts of a long Call ID of ours: `CCC-CARRIER-APC/addr/16 hex digits` (C5).
struct CallNaming {
  std::string country = "XXX", carrier = "CARRIER", access_point = "APC";
};

struct CallTimes {
  Duration answer = std::chrono::seconds(5);    // until a request is sent again
  unsigned answer_tries = 3;                    // requests in all
  Duration refresh = std::chrono::seconds(60);  // twice the shortest of the LSPs; at least 60 s
  unsigned quarantine = 5;  // refresh periods until identifiers of an unconfirmed release are free
  Duration hold = std::chrono::seconds(5);  // a Path with an unknown Call_ID waits (D11)
};

struct CallConfig {
  Address address{};                 // where Notify messages of ours come from
  std::vector<Address> addresses{};  // others that are ours
  CallNaming naming{};
  CallTimes times{};
  PolicyConfig policy{};
  std::optional<rsvp::LinkCapability> capability{};  // of our access links
  std::size_t max_calls = 20'000;
  std::uint64_t seed = 1;  // another one for every process
};

// --- outputs ---
struct PersistCall {
  std::string key{};
  std::optional<std::vector<std::byte>> octets{};  // none: remove it
};
struct SendNotify {
  Address to{}, from{};
  rsvp::Message message{};
  std::uint64_t ticket = 0;
};
struct CallChanged {
  CallHandle handle = 0;
  CallId id{};
  CallState state{};  // Null: it is gone
  Reason reason{};    // why, if it failed
};
enum class AlarmKind : std::uint8_t {
  NoAnswer,       // a refresh is not answered; the call stays (R1)
  Refused,        // it is refused; the call stays
  ReleaseFailed,  // a release is not confirmed, or the other side still has connections
  JournalDamaged,
};
[[nodiscard]] std::string_view to_string(AlarmKind kind);
struct CallAlarm {
  CallHandle handle = 0;
  CallId id{};
  AlarmKind kind{};
  bool raised = true;
  Reason reason{};
};
using CallOutput = std::variant<PersistCall, SendNotify, CallChanged, CallAlarm>;

// --- operator ---
struct CreateCall {
  std::string name{};          // empty: one is made
  bool network_names = false;  // ask with Call_ID 0: the first core node gives identifiers
  Address end_point{};
  std::optional<Address> sender{};                         // none: ours
  std::optional<Address> source_tna{}, destination_tna{};  // the users
  std::optional<std::uint8_t> service_level{};
  std::vector<rsvp::PolicyData> policy{};
  std::optional<rsvp::CallAttributes> attributes{};
  std::optional<rsvp::LinkCapability> capability{};  // none: that of the configuration
};
struct ModifyCall {
  std::optional<std::uint8_t> service_level{};
  rsvp::Route add_capability{};     // links, each with what is behind its identifier
  rsvp::Route remove_capability{};  // identifiers of links; their subobjects go with them
};
struct Failed {  // the newest last
  CallHandle handle = 0;
  CallId id{};
  Reason reason{};
  Instant when{};
};

// --- connections ---
struct ConnectionAsk {
  Ends ends{};
  std::uint16_t call_id = 0;
  std::string name{};                 // Session Name: correlates LSPs of one segment
  std::optional<Address> neighbor{};  // where it comes from or goes to
  ConnectionRequest request{};
};
struct ConnectionVerdict {
  enum class Answer : std::uint8_t {
    Yes,
    Wait,  // the call is not set up, or unknown; after `hold` the answer is `error`
    No,    // with `error`
  };
  Answer answer = Answer::Yes;
  CallHandle call = 0;  // 0: a conventional connection
  CallId id{};
  rsvp::ErrorValue error{};
  std::string text{};
  Duration hold{};
  bool hide_route = false;
  SegmentPlan up{}, down{};
};

struct CallCounters {
  std::uint64_t setups_sent = 0, setups_received = 0, accepted = 0, refused = 0, failed = 0;
  std::uint64_t releases_sent = 0, releases_received = 0, released = 0, unconfirmed = 0;
  std::uint64_t refreshes_sent = 0, refreshes_received = 0, contentions = 0, collisions = 0;
  std::uint64_t adopted = 0, unknown = 0, ignored = 0;
  std::map<std::pair<rsvp::ErrorCode, std::uint16_t>, std::uint64_t> errors{};  // sent, received
};

enum class JournalKept : std::uint8_t {
  Yes,  // what it does not know of, does not exist
  No,   // lost, or the first start: peers may give calls back for a while
};

struct NotifyOrigin {
  Address from{}, to{};        // of the IP header
  bool authenticated = false;  // INTEGRITY was asked for and matched
};

class CallController {
 public:
  static constexpr std::size_t kFailures = 100;
  static constexpr unsigned kContentions = 16;  // short Call IDs that are tried

  explicit CallController(CallConfig config);

  // Once, before anything else.
  void start(std::span<const JournalEntry> journal, JournalKept kept, Instant now);

  // True: it was about calls, and for us.
  bool on_notify(const NotifyOrigin& origin, const rsvp::Message& message, Instant now);
  void on_notify_delivered(std::uint64_t ticket, Instant now);
  void on_notify_failed(std::uint64_t ticket, Instant now);
  void on_peer_restarted(const Address& peer, Instant now);

  // Values for the connection controller. A Path that waits is asked for again when its call
  // changes (CallChanged), or is answered when `hold` is over.
  [[nodiscard]] ConnectionVerdict may_connect(const ConnectionAsk& ask) const;
  // Of a call that is not known (yet) it is remembered. False: the LSP is another call's (B3).
  bool on_connection(const ConnectionAsk& ask, const Connection& connection, Instant now);

  [[nodiscard]] std::expected<CallHandle, Reason> create(const CreateCall& request, Instant now);
  std::optional<Reason> remove(CallHandle handle, Instant now);
  // The end of a call whose other side will never answer; local only, connections must be gone.
  std::optional<Reason> forget(CallHandle handle, Instant now);
  std::optional<Reason> modify(CallHandle handle, const ModifyCall& change, Instant now);
  [[nodiscard]] std::vector<const Call*> list() const;
  [[nodiscard]] const Call* show(CallHandle handle) const { return book_.find(handle); }
  [[nodiscard]] const Call* show(std::string_view name);  // null also when several have it
  [[nodiscard]] const std::vector<Failed>& failures() const { return failures_; }
  [[nodiscard]] const CallCounters& counters() const { return counters_; }
  [[nodiscard]] bool relearning(Instant now) const { return now < relearn_until_; }

  [[nodiscard]] std::optional<CallOutput> poll_output() { return out_.poll(); }
  [[nodiscard]] std::optional<Instant> next_deadline() const { return book_.next_due(); }
  void on_time(Instant now);

 private:
  struct Came {  // a session of a Notify
    const NotifyOrigin& origin;
    const CallNotify& notify;
    const ReferencePoint* point;  // null: a stranger
    Instant now;
  };
  enum class Purpose : std::uint8_t { Setup, UserAnswer };
  struct Ticket {
    CallHandle call = 0;
    Purpose purpose{};
  };

  // setup.cpp
  void on_setup(const Came& came);
  void on_new_setup(const Came& came, CallHandle handle);
  void on_known_setup(Call& call, const Came& came);
  void on_collision(Call& call, const Came& came);
  [[nodiscard]] bool lawful(const Came& came);
  [[nodiscard]] Call* user_call(const Came& came);
  [[nodiscard]] std::optional<Refusal> check(const Came& came, const Carried& carried,
                                             const ReferencePoint* out) const;
  void send_setup(Call& call, Instant now);
  void on_accept(const Came& came);
  void accepted(Call& call, const Came& came);
  void on_error(const Came& came);
  void on_setup_error(Call& call, const Came& came);
  void fail_setup(Call& call, Reason reason, bool tear_down, Instant now);
  void originate_oif(Call& call, const ReferencePoint& point);

  // release.cpp
  void on_release(const Came& came);
  void on_released(const Came& came);
  void begin_release(Call& call, Side side, Instant now);
  void send_release(Call& call, Side side, Instant now);
  void send_stray_release(const Came& came);
  void release_done(Call& call, Side side, Instant now);
  void release_refused(Call& call, Side side, const Came& came);
  void on_release_timer(Call& call, Side side, Instant now);

  // refresh.cpp
  void on_refresh(Call& call, Side side, const Came& came);
  void on_change(Call& call, const Came& came);
  void on_refresh_answer(Call& call, Side side, const Came& came);
  void on_refresh_error(Call& call, Side side, const Came& came);
  void commit_change(Call& call, Instant now);
  void drop_change(Call& call, Reason reason, Instant now);
  void send_refresh(Call& call, Side side, Instant now);
  void on_refresh_timer(Call& call, Side side, Instant now);
  void refreshed(Call& call, Side side, Instant now);
  void learn_capability(Call& call, Side side, const std::optional<rsvp::LinkCapability>& what,
                        Instant now);

  // restart.cpp
  void recover(Call call, Instant now);
  [[nodiscard]] bool adopt(const Came& came);
  void claim_connections(Call& call);

  // controller.cpp
  [[nodiscard]] bool ours(const Address& address) const;
  [[nodiscard]] Call* find(const Came& came);
  [[nodiscard]] static std::optional<Side> side_of(const Call& call, const Address& peer);
  [[nodiscard]] CallNotify notify_of(const Call& call, Side side, CallMessage what) const;
  [[nodiscard]] std::optional<rsvp::LinkCapability> capability_for(const Call& call,
                                                                   Side side) const;
  std::uint64_t send(const Address& to, const CallNotify& notify);
  void answer(const Came& came, CallMessage what);
  void answer_error(const Came& came, rsvp::ErrorValue error, std::string_view text);
  void answer_leg(Call& call, Side side, CallMessage what);
  void answer_leg_error(Call& call, Side side, const rsvp::ErrorSpec& error);
  void persist(const Call& call);
  void erase(Call& call);
  void set_state(Call& call, Side side, CallState state);
  void changed(const Call& call);
  void gone(const Call& call, Reason reason, Instant now);
  void alarm(Call& call, Side side, AlarmKind kind, bool raised, Reason reason);
  void activate(Call& call, Instant now);
  [[nodiscard]] CallUsage usage(const std::string& point, const Address& caller,
                                CallHandle not_this) const;
  [[nodiscard]] Reason reason_of(std::string_view cause, const rsvp::ErrorSpec& error) const;
  [[nodiscard]] Reason local_reason(std::string_view cause, std::string text,
                                    rsvp::ErrorValue error = {}) const;
  [[nodiscard]] Duration spread(Duration period);  // less by up to a quarter
  [[nodiscard]] std::string make_name();
  [[nodiscard]] Segment segment(const Address& peer, const ReferencePoint& point,
                                CallState state) const;

  CallConfig config_;
  Policy policy_;
  CallBook book_;
  OutputQueue<CallOutput> out_;
  std::map<std::uint64_t, Ticket> tickets_;
  std::uint64_t last_ticket_ = 0;
  std::map<std::pair<Ends, std::uint16_t>, std::vector<Connection>> unclaimed_;
  std::vector<Failed> failures_;
  CallCounters counters_;
  Instant relearn_until_ = Instant::min();
};

}  // namespace forces::signaling::ason::calls
