// One channel as the API knows it: it outlives connections (Link), which come and go below it.
//
// The send queue, the read queue, counters and state may be used from any thread; everything else
// belongs to the channel's I/O thread.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tml/src/core/counters.hpp"
#include "tml/src/core/histogram.hpp"
#include "tml/src/core/send_queue.hpp"
#include "tml/src/net/loop.hpp"
#include "tml/src/net/read_queue.hpp"

namespace forces::tml {

class Context;
class Dialer;
class Link;

struct Handlers {
  tml_event_handler event = nullptr;
  tmlx_message_handler messages = nullptr;
  void* user = nullptr;
};

// tmlx_channel_options with the defaults filled in.
struct Options {
  std::size_t send_queue, receive_queue, max_message;
  Duration heartbeat, dead, ttl, close_timeout;  // zero heartbeat or ttl: off
  bool lenient;
};
[[nodiscard]] Options resolve(const tmlx_channel_options& options, tml_channel_type type);

class Channel {
 public:
  Channel(Context& context, Loop& loop, tml_channel_type type, std::uint32_t local_id,
          std::uint32_t element_id);
  ~Channel();

  // ---- any thread ----
  [[nodiscard]] tml_status write(std::span<const std::byte> pl, int timeout);
  // For group writes: one attempt, no waiting. `shared` is used above a size where it pays.
  [[nodiscard]] bool offer(std::span<const std::byte> pl, SharedFrame* shared, unsigned level,
                           Instant at);
  [[nodiscard]] tml_status read(const tmlx_buffer& into, int timeout, std::size_t& size);
  void info(tmlx_channel_info& out) const;

  tml_descriptor descriptor() const { return {descriptor_.load()}; }
  tml_channel_type type() const { return type_; }
  bool data() const { return type_ == TML_CHANNEL_DATA; }
  std::uint32_t element_id() const { return element_id_.load(); }
  std::uint32_t local_id() const { return local_id_; }
  tmlx_channel_state state() const { return state_.load(); }
  bool up() const { return state() == TMLX_STATE_UP; }
  Loop& loop() const { return *loop_.load(); }
  Context& context() const { return context_; }
  const Options& options() const { return options_; }
  Counters& counters() { return counters_; }
  const Counters& counters() const { return counters_; }
  SendQueue& queue() { return queue_; }
  bool has_message_handler() const { return handlers()->messages != nullptr; }
  void set_handlers(const Handlers& handlers);
  tml_status last_failure() const { return last_failure_.load(); }
  void fail_with(tml_status status) { last_failure_ = status; }

  // ---- set-up and registry, under the context's mutex ----
  std::atomic<bool> open{false};  // between tmlOpen (or the CE's CHANNEL_UP) and tmlClose
  std::uint16_t dial_port = 0;    // of tmlOpen at an FE
  bool registered = false;        // by tmlOpen
  void set_descriptor(tml_descriptor d) { descriptor_ = d.value; }
  void set_element(std::uint32_t id) { element_id_ = id; }
  void set_options(const Options& options) { options_ = options; }

  // ---- the I/O thread ----
  void attach(const std::shared_ptr<Link>& link);
  void move_to(Loop& loop) { loop_ = &loop; }
  void link_up();
  // `lost`: reconnect if this end dials. Everything still queued is counted as lost.
  void link_down(tmlx_reason reason, bool peer_closed, const std::string& detail);
  void deliver(std::span<const tmlx_message> messages);
  void emit(tmlx_event event);
  void emit(tmlx_event_type type, tmlx_reason reason = TMLX_REASON_ADMIN, const char* detail = "");
  void set_state(tmlx_channel_state state);
  void begin_close(tml_close_mode mode, tmlx_reason reason);
  void silence() { set_handlers({}); }
  void drain();        // scheduled by a producer: send
  void after_drain();  // wake writers, tell about room
  void report_drops(Instant now);
  void report_skips(Instant now);  // bad input that did no harm
  void sent(const SendQueue::Run& run, Instant now);
  void rtt(Duration time) { rtt_.add_ns(time.count()); }
  Link* link() const { return link_.get(); }
  std::unique_ptr<Dialer> dialer;  // the end that connects

  // Joins and leaves that wait for the CE's answer, by request ID.
  struct Request {
    std::uint32_t group = 0;
    bool join = true;
    std::shared_ptr<std::atomic<int>> result;  // 1: none yet; else a tml_status
  };
  std::map<std::uint32_t, Request> requests;
  std::uint32_t next_request = 1;
  std::vector<std::uint32_t> joined;  // FE: groups, joined again after a reconnect
  // CE: a Leave Response follows the last message to the group (row 19), so it waits for the queue.
  void answer_leave(std::uint32_t group, std::uint32_t request);

 private:
  friend class Loop;
  friend class Link;
  const Handlers* handlers() const { return handlers_.load(std::memory_order_acquire); }
  void schedule();
  tml_status not_up() const;
  bool congestion_began() const;
  tml_status check(std::span<const std::byte> pl, unsigned& level);
  void discard_queue(Counter reason);

  Context& context_;
  std::atomic<Loop*> loop_;
  const tml_channel_type type_;
  const std::uint32_t local_id_;
  std::atomic<std::uint32_t> element_id_;
  std::atomic<std::uint64_t> descriptor_{0};
  std::atomic<tmlx_channel_state> state_{TMLX_STATE_DOWN};
  std::atomic<tml_status> last_failure_{TML_SUCCESS};
  Options options_;

  SendQueue queue_;
  ReadQueue reads_;
  std::atomic<bool> scheduled_{false};
  Channel* next_dirty_ = nullptr;  // while scheduled_: the loop's list
  std::atomic<bool> want_writable_{false}, congested_{false};
  std::atomic<int> writers_{0};

  std::mutex handlers_mutex_;
  std::vector<std::unique_ptr<Handlers>>
      all_handlers_;  // old ones may still be in use by a callback
  std::atomic<const Handlers*> handlers_;

  std::shared_ptr<Link> link_;
  Counters counters_;
  Histogram rtt_, queue_time_;
  std::atomic<std::uint64_t> up_since_ns_{0}, last_received_ns_{0};
  std::vector<std::pair<std::uint32_t, std::uint32_t>> leaves_;  // group, request
  std::uint64_t drops_reported_ = 0, skips_reported_total_ = 0;
  static constexpr std::size_t kSkips = 4;
  std::array<std::uint64_t, kSkips> skips_reported_{};
  Instant last_drop_report_{}, last_skip_report_{};

  mutable std::mutex text_mutex_;
  std::string peer_address_, tls_, identity_;
};

}  // namespace forces::tml
