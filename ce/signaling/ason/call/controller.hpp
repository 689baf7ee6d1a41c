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
#include <vector>

#include "ce/signaling/ason/call/book.hpp"
#include "ce/signaling/ason/call/face.hpp"
#include "ce/signaling/ason/call/journal.hpp"
#include "ce/signaling/ason/call/notify.hpp"
#include "common/core/outputs.hpp"

namespace forces::signaling::ason::calls {

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
  [[nodiscard]] ConnectionVerdict may_connect(const ConnectionAsk& ask);
  // Of a call that is not known (yet) it is remembered. False: the LSP is another call's (B3).
  bool on_connection(const ConnectionAsk& ask, const Connection& connection, Instant now);
  // After a restart: these are all that there are. Others that the journal names are gone.
  void on_connections_recovered(std::span<const LspKey> alive, Instant now);

  [[nodiscard]] std::expected<CallHandle, Reason> create(const CreateCall& request, Instant now);
  std::optional<Reason> remove(CallHandle handle, Instant now);
  // The end of a call whose other side will never answer; local only, connections must be gone.
  std::optional<Reason> forget(CallHandle handle, Instant now);
  std::optional<Reason> modify(CallHandle handle, const ModifyCall& change, Instant now);
  // Without those that a CallChanged said to be gone, and whose identifiers still wait.
  [[nodiscard]] std::vector<const Call*> list() const;
  // A page of these: at most so many behind this handle, in the order of handles.
  [[nodiscard]] std::vector<const Call*> list(CallHandle after, std::size_t most) const;
  [[nodiscard]] std::size_t size() const;                          // of these
  [[nodiscard]] std::size_t held() const { return book_.size(); }  // with them
  [[nodiscard]] const Call* call_of(const LspKey& key) { return book_.find_lsp(key); }
  [[nodiscard]] const Call* show(CallHandle handle) const { return book_.find(handle); }
  [[nodiscard]] const Call* show(std::string_view name) {  // null also when several have it
    return book_.find_name(name);
  }
  [[nodiscard]] const std::vector<Failed>& failures() const { return failures_; }
  // Of a segment with LSPs of its own (stitched, nested): the short Call ID in their SESSION, with
  // the two controllers as its ends.
  [[nodiscard]] std::optional<CallId> segment_id(CallHandle handle, Side side) const;
  // How a segment to this controller, or border, gets its connections.
  [[nodiscard]] SegmentPlan plan_towards(const Address& peer) const {
    const ReferencePoint* const point = policy_.point_of(peer);
    return point == nullptr ? SegmentPlan{} : point->plan;
  }
  [[nodiscard]] const Policy& policy() const { return policy_; }
  [[nodiscard]] const CallCounters& counters() const { return counters_; }
  [[nodiscard]] bool relearning(Instant now) const { return now < relearn_until_; }

  [[nodiscard]] std::optional<CallOutput> poll_output() { return out_.poll(); }
  [[nodiscard]] std::optional<Instant> next_deadline() const;
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
  struct Hop {                      // where a call goes from here
    std::optional<Address> next{};  // none: it ends here
    const ReferencePoint* point = nullptr;
  };
  struct Unclaimed {
    ConnectionAsk ask{};
    Connection connection{};
  };

  // machine/setup.cpp
  void on_setup(const Came& came);
  void on_new_setup(const Came& came, CallHandle handle);
  void on_known_setup(Call& call, const Came& came);
  void on_collision(Call& call, const Came& came);
  [[nodiscard]] bool lawful(const Came& came);
  [[nodiscard]] bool number_is_free(const Came& came);
  [[nodiscard]] std::expected<Hop, Refusal> hop_for(const Ends& ends, const Carried& carried) const;
  void send_setup(Call& call, Instant now);
  void on_setup_timer(Call& call, Instant now);
  void on_accept(const Came& came);
  void accepted(Call& call, const Came& came);
  void on_error(const Came& came);
  void on_setup_error(Call& call, const Came& came);
  void fail_setup(Call& call, Reason reason, const rsvp::ErrorSpec& error, bool tear_down,
                  Instant now);

  // machine/release.cpp
  void on_release(const Came& came);
  void on_released(const Came& came);
  void begin_release(Call& call, Side side);
  void send_release(Call& call, Side side, Instant now);
  void send_stray_release(const Came& came);
  void alarm_stray(const Came& came);
  void release_done(Call& call, Side side, Instant now);
  void release_refused(Call& call, Side side, const Came& came);
  void on_release_timer(Call& call, Side side, Instant now);

  // machine/refresh.cpp
  void on_refresh(Call& call, Side side, const Came& came);
  void on_change(Call& call, const Came& came);
  void on_refresh_answer(Call& call, Side side, const Came& came);
  void on_refresh_error(Call& call, Side side, const Came& came);
  void drop_change(Call& call, Reason reason, const rsvp::ErrorSpec& error);
  void send_refresh(Call& call, Side side, Instant now);
  void on_refresh_timer(Call& call, Side side, Instant now);
  void refreshed(Call& call, Side side, Instant now);
  void learn_capability(Call& call, Side side, const std::optional<rsvp::LinkCapability>& what,
                        Instant now);

  // machine/restart.cpp
  void recover(Call call, Instant now);
  [[nodiscard]] bool adopt(const Came& came);
  void end_relearning(Instant now);

  // machine/connections.cpp
  [[nodiscard]] bool is_within(const Call& call, Side side, const Ends& lsp) const;
  [[nodiscard]] Call* call_of(const ConnectionAsk& ask);
  void claim_connections(Call& call);

  // controller.cpp
  [[nodiscard]] bool ours(const Address& address) const;
  [[nodiscard]] Call* find(const Came& came);
  [[nodiscard]] static std::optional<Side> side_of(const Call& call, const Address& peer);
  [[nodiscard]] rsvp::CallId oif_call_id(CallHandle handle) const;
  [[nodiscard]] CallNotify notify_of(const Call& call, Side side, CallMessage what) const;
  [[nodiscard]] std::optional<rsvp::LinkCapability> capability_for(const Call& call,
                                                                   Side side) const;
  std::uint64_t send(const Address& to, const CallNotify& notify);
  std::uint64_t answer(const Came& came, CallMessage what, const Call* call = nullptr);
  void answer_error(const Came& came, rsvp::ErrorValue error);
  void answer_leg_error(const Call& call, Side side, const rsvp::ErrorSpec& error);
  void persist(const Call& call);
  void erase(const Call& call);
  void set_state(Call& call, Side side, CallState state);
  void changed(const Call& call);
  void gone(Call& call, Reason reason, Instant now);
  void alarm(Call& call, Side side, AlarmKind kind, bool raised, Reason reason);
  void activate(Call& call, Instant now);
  [[nodiscard]] CallUsage usage(const ReferencePoint& point, const Address& caller) const;
  [[nodiscard]] static Reason reason_of(std::string_view cause, const rsvp::ErrorSpec& error);
  [[nodiscard]] Reason local_reason(std::string_view cause, std::string text,
                                    rsvp::ErrorValue error = {}) const;
  [[nodiscard]] rsvp::ErrorSpec error_spec(rsvp::ErrorValue error) const {
    return {.node = config_.address, .error = error};
  }
  [[nodiscard]] Duration spread(Duration period);  // less by up to a quarter
  [[nodiscard]] std::string make_name();
  [[nodiscard]] static Segment segment(const Address& peer, const ReferencePoint& point,
                                       CallState state);

  CallConfig config_;
  Policy policy_;
  CallBook book_;
  OutputQueue<CallOutput> out_;
  std::map<std::uint64_t, Ticket> tickets_;
  std::uint64_t last_ticket_ = 0;
  std::map<std::pair<Ends, std::uint16_t>, std::vector<Unclaimed>> unclaimed_;
  // Calls that are not known here and were released at a peer; true: it keeps them for connections.
  std::map<std::pair<Ends, std::string>, bool> strays_;
  // Of setups that failed while calls are given back: by whom they had come. Routes back may say
  // another one, who has never heard of it.
  std::map<std::pair<Ends, std::string>, Address> turned_back_;
  std::vector<Failed> failures_;
  CallCounters counters_;
  Instant relearn_until_ = Instant::min();
  bool relearning_ = false;
};

}  // namespace forces::signaling::ason::calls
