#include "tml/src/net/channel.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "proto/tml/frame.hpp"
#include "tml/src/net/element/context.hpp"
#include "tml/src/net/element/dialer.hpp"
#include "tml/src/net/link.hpp"

namespace forces::tml {
namespace {

using std::chrono::milliseconds;

// Messages of a 2PC transaction may not overtake each other whatever their Pri (RFC 5810 section
// 4.3.1.2, 5): they all travel on the level of configuration (RFC 5811 section 4.2.1.2).
constexpr unsigned kTransactionLevel = 4;
constexpr Duration kReportEvery = std::chrono::seconds(1);

std::int64_t nanoseconds(Instant t) { return t.time_since_epoch().count(); }

void copy_text(char* out, std::size_t size, const std::string& text) {
  const std::size_t n = std::min(size - 1, text.size());
  std::memcpy(out, text.data(), n);
  out[n] = '\0';
}

void fill(tmlx_histogram& out, const Histogram& from) {
  out.count = from.count();
  out.sum_us = from.sum_us();
  for (std::size_t i = 0; i < Histogram::kBuckets; ++i) out.buckets[i] = from.bucket(i);
}

}  // namespace

Options resolve(const tmlx_channel_options& o, tml_channel_type type) {
  const bool data = type == TML_CHANNEL_DATA;
  Options out{};
  out.send_queue = o.send_queue != 0 ? o.send_queue : 1024 * 1024;
  out.receive_queue = o.receive_queue != 0 ? o.receive_queue : 1024 * 1024;
  out.max_message = o.max_message != 0 ? std::min(o.max_message, kMaxPlSize)
                                       : (data ? std::size_t{65536} : kMaxPlSize);
  const auto ms = [](int value, int standard) {
    return Duration(milliseconds(value == 0 ? standard : std::max(value, 0)));
  };
  out.heartbeat = ms(o.heartbeat_ms, 1000);
  out.dead =
      o.dead_ms > 0 ? ms(o.dead_ms, 0) : std::max<Duration>(3 * out.heartbeat, milliseconds(3000));
  out.ttl = data ? ms(o.message_ttl_ms, 500) : Duration{};
  out.close_timeout = ms(o.close_timeout_ms, 2000);
  out.lenient = o.lenient != 0;
  return out;
}

Channel::Channel(Context& context, Loop& loop, tml_channel_type type, std::uint32_t local_id,
                 std::uint32_t element_id)
    : context_(context),
      loop_(&loop),
      type_(type),
      local_id_(local_id),
      element_id_(element_id),
      options_(resolve(TMLX_CHANNEL_OPTIONS_INIT, type)) {
  set_handlers({});
}

Channel::~Channel() {
  queue_.close();
  for (SendQueue::Run run = queue_.front(kMaxFrame); run.messages != 0;
       run = queue_.front(kMaxFrame))
    queue_.pop(run);
  queue_.shrink();
}

void Channel::set_handlers(const Handlers& handlers) {
  const std::lock_guard lock(handlers_mutex_);
  all_handlers_.push_back(std::make_unique<Handlers>(handlers));
  handlers_.store(all_handlers_.back().get(), std::memory_order_release);
}

// ---- writing
// -------------------------------------------------------------------------------------

tml_status Channel::not_up() const {
  const tmlx_channel_state s = state();
  return s == TMLX_STATE_CLOSING || !open ? TMLX_E_CLOSED : TMLX_E_CONNECT;
}

tml_status Channel::check(std::span<const std::byte> pl, unsigned& level) {
  if (pl.size() < kMinPlSize || pl.size() % 4 != 0) return TMLX_E_INVALID;
  if (pl.size() > options_.max_message) return TMLX_E_TOO_BIG;
  const PlView view = view_pl(pl.data());
  if (view.length != pl.size()) return TMLX_E_INVALID;
  if ((view.type == kPlRedirect) != data() && !options_.lenient) return TMLX_E_INVALID;  // row 10
  level = view.transaction ? kTransactionLevel : view.priority;
  return TML_SUCCESS;
}

void Channel::schedule() { loop().schedule(*this); }

tml_status Channel::write(std::span<const std::byte> pl, int timeout) {
  unsigned level = 0;
  if (const tml_status bad = check(pl, level); bad != TML_SUCCESS) return bad;
  const auto time = [this] { return nanoseconds(loop().inside() ? loop().time() : now()); };
  for (;;) {
    const SendQueue::Pushed pushed = queue_.push(level, pl, queue_.idle() ? time() : 0);
    switch (pushed.result) {
      case SendQueue::Push::QueuedFirst:
        queue_.stamp(level, time());
        [[fallthrough]];
      case SendQueue::Push::Queued:
        if (pushed.schedule || congestion_began()) schedule();
        return TML_SUCCESS;
      case SendQueue::Push::Closed:
        return not_up();
      case SendQueue::Push::Full:
        break;
    }
    if (timeout == 0 || loop().inside()) {
      want_writable_.store(true, std::memory_order_seq_cst);
      schedule();  // the drain may just have passed: it looks again
      counters_.add(Counter::WritesRefused);
      return timeout == 0 ? TMLX_E_QUEUE_FULL : TMLX_E_WOULD_BLOCK;
    }
    counters_.add(Counter::WritesBlocked);
    writers_.fetch_add(1, std::memory_order_acq_rel);
    const bool room = loop().wait(timeout, [&] {
      return queue_.queued() <= queue_.limit() / 2 || !up() ||
             (pl.size() > queue_.limit() / 2 && queue_.has_room(level, pl.size() + kHeaderSize));
    });
    writers_.fetch_sub(1, std::memory_order_acq_rel);
    if (!room) {
      counters_.add(Counter::WritesRefused);
      return TMLX_E_TIMEOUT;
    }
  }
}

// Nobody drains a queue that is blocked: to tell of its congestion the I/O thread must be called.
bool Channel::congestion_began() const {
  return queue_.queued() > queue_.limit() / 4 * 3 && !congested_.load(std::memory_order_relaxed);
}

bool Channel::offer(std::span<const std::byte> pl, SharedFrame* shared, unsigned level,
                    Instant at) {
  if (pl.size() > options_.max_message) return false;
  const SendQueue::Pushed pushed = shared != nullptr ? queue_.push(level, shared, nanoseconds(at))
                                                     : queue_.push(level, pl, nanoseconds(at));
  if (pushed.result == SendQueue::Push::Full) counters_.add(Counter::DropQueueFull);
  if (pushed.result == SendQueue::Push::Full || pushed.result == SendQueue::Push::Closed)
    return false;
  if (pushed.schedule || congestion_began()) schedule();
  return true;
}

void Channel::drain() {
  scheduled_.store(false, std::memory_order_seq_cst);
  if (link_) {
    link_->drain_channel();
  } else if (!up()) {
    discard_queue(Counter::DropChannelDown);
  }
  after_drain();
}

void Channel::answer_leave(std::uint32_t group, std::uint32_t request) {
  leaves_.emplace_back(group, request);
  after_drain();
}

void Channel::after_drain() {
  if (!leaves_.empty() && queue_.queued() == 0 && link_) {
    const auto leaves = std::exchange(leaves_, {});
    for (const auto& [group, request] : leaves)
      link_->fsm().answer(MsgType::LeaveResponse, group, request, 0);
    link_->pump();
  }
  const std::size_t queued = queue_.queued(), limit = queue_.limit();
  if (queued > limit / 4 * 3 && !congested_.exchange(true)) emit(TMLX_EVENT_CONGESTED);
  if (queued < limit / 4 && congested_.exchange(false)) emit(TMLX_EVENT_CONGESTION_CLEARED);
  if (queued > limit / 2) return;
  // A writer says that it waits, then looks at the queue; we shortened the queue, now look for
  // writers. That both read and write writers_ makes one of them see the other.
  if (writers_.fetch_add(0, std::memory_order_acq_rel) != 0) loop().wake_waiters();
  if (want_writable_.load(std::memory_order_relaxed) &&
      want_writable_.exchange(false, std::memory_order_seq_cst))
    emit(TMLX_EVENT_WRITABLE);
}

void Channel::sent(const SendQueue::Run& run, Instant at) {
  counters_.add(Counter::MessagesSent, run.messages);
  counters_.add(Counter::OctetsSent, run.octets.size());
  if (run.first_ns != 0) queue_time_.add_ns(nanoseconds(at) - run.first_ns);
}

void Channel::discard_queue(Counter reason) {
  for (SendQueue::Run run = queue_.front(kMaxFrame); run.messages != 0;
       run = queue_.front(kMaxFrame)) {
    counters_.add(reason, run.messages);
    queue_.pop(run);
  }
}

void Channel::report_skips(Instant at) {
  constexpr std::array<Counter, kSkips> all{Counter::TmlUnknown, Counter::TmlMalformed,
                                            Counter::TmlUnexpected, Counter::ReservedBits};
  constexpr std::array<const char*, kSkips> names{"unknown type", "malformed", "unexpected",
                                                  "reserved bits set"};
  std::uint64_t now = 0;
  for (const Counter c : all) now += counters_.get(c);
  if (now == skips_reported_total_ || at - last_skip_report_ < kReportEvery) return;
  std::string detail;
  for (std::size_t i = 0; i < kSkips; ++i) {
    const std::uint64_t is = counters_.get(all[i]), was = std::exchange(skips_reported_[i], is);
    if (is == was) continue;
    detail += (detail.empty() ? "" : ", ") + std::string(names[i]) + " " + std::to_string(is - was);
  }
  tmlx_event event{};
  event.type = TMLX_EVENT_SKIPPED;
  event.count = now - skips_reported_total_;
  event.detail = detail.c_str();
  skips_reported_total_ = now;
  last_skip_report_ = at;
  emit(event);
}

void Channel::report_drops(Instant at) {
  std::uint64_t drops = 0;
  for (const Counter c : {Counter::DropQueueFull, Counter::DropTtl, Counter::DropForcedClose,
                          Counter::DropChannelDown, Counter::DropWrongChannel, Counter::DropUnread})
    drops += counters_.get(c);
  if (drops == drops_reported_ || at - last_drop_report_ < kReportEvery) return;
  tmlx_event event{};
  event.type = TMLX_EVENT_DROPPED;
  event.count = drops - drops_reported_;
  event.detail = "messages were dropped; the channel's drops counters say why";
  drops_reported_ = drops;
  last_drop_report_ = at;
  emit(event);
}

// ---- reading
// -------------------------------------------------------------------------------------

void Channel::deliver(std::span<const tmlx_message> messages) {
  const Handlers* h = handlers();
  counters_.add(Counter::MessagesReceived, messages.size());
  if (h->messages != nullptr) {
    h->messages(h->user, descriptor(), messages.data(), messages.size());
    return;
  }
  bool wanted = false, full = false;
  for (const tmlx_message& m : messages) {
    bool w = false;
    full = reads_.put(m.data, m.size, w);
    wanted |= w;
  }
  if (full && link_ && link_->pause_reading()) counters_.add(Counter::Throttled);
  loop().wake_waiters();
  if (wanted) emit(TMLX_EVENT_MSG_AVAILABLE);
}

tml_status Channel::read(const tmlx_buffer& into, int timeout, std::size_t& size) {
  if (has_message_handler()) return TMLX_E_INVALID;
  for (;;) {
    bool resume = false;
    const tml_status got = reads_.take(into, size, timeout == 0, resume);
    if (resume)
      loop().post([this] {
        if (link_) link_->resume_reading();
      });
    if (got != TMLX_E_WOULD_BLOCK) return got;
    if (!open) return TMLX_E_CLOSED;
    if (timeout == 0 || loop().inside()) return TMLX_E_WOULD_BLOCK;
    if (!loop().wait(timeout, [&] { return !reads_.empty() || !open; })) return TMLX_E_TIMEOUT;
  }
}

// ---- the connection comes and goes
// ---------------------------------------------------------------

void Channel::attach(const std::shared_ptr<Link>& link) {
  link_ = link;
  const std::lock_guard lock(text_mutex_);
  peer_address_ = link->peer_address();
  tls_ = link->tls_text();
  identity_ = link->identity();
}

void Channel::set_state(tmlx_channel_state s) {
  state_ = s;
  loop().wake_waiters();
}

void Channel::link_up() {
  reads_.set_limit(options_.receive_queue);
  queue_.open(context_.pool(), options_.send_queue);
  {
    const std::lock_guard lock(text_mutex_);
    peer_address_ = link_->peer_address();
    tls_ = link_->tls_text();
    identity_ = link_->identity();
  }
  const Instant at = now();
  up_since_ns_ = static_cast<std::uint64_t>(nanoseconds(at));
  last_received_ns_ = up_since_ns_.load();
  counters_.add(Counter::ChannelUps);
  if (dialer) dialer->succeeded();
  set_state(TMLX_STATE_UP);
  emit(TMLX_EVENT_CHANNEL_UP);
  if (!data() && link_ && !link_->server())
    for (const std::uint32_t group : joined) {  // membership died with the old connection
      requests[next_request] = {group, true, nullptr};
      link_->fsm().join(group, next_request++);
    }
  context_.on_up(*this);
}

void Channel::link_down(tmlx_reason reason, bool peer_closed, const std::string& detail) {
  const bool was_up = state() == TMLX_STATE_UP || state() == TMLX_STATE_CLOSING;
  const bool closing = state() == TMLX_STATE_CLOSING || !open;
  link_.reset();
  queue_.close();
  discard_queue(closing ? Counter::DropForcedClose : Counter::DropChannelDown);
  up_since_ns_ = 0;
  if (was_up) {
    counters_.add(closing                           ? Counter::DownClosed
                  : peer_closed                     ? Counter::DownPeerClosed
                  : reason == TMLX_REASON_IO        ? Counter::DownIo
                  : reason == TMLX_REASON_DEAD_PEER ? Counter::DownDeadPeer
                  : reason == TMLX_REASON_REPLACED  ? Counter::DownReplaced
                                                    : Counter::DownProtocol);
  }
  if (!was_up)
    last_failure_ = reason == TMLX_REASON_AUTH      ? TMLX_E_AUTH
                    : reason == TMLX_REASON_VERSION ? TMLX_E_VERSION
                                                    : TMLX_E_CONNECT;
  for (auto& [id, request] : requests)
    if (request.result) *request.result = TMLX_E_CONNECT;
  requests.clear();
  leaves_.clear();
  set_state(TMLX_STATE_DOWN);
  after_drain();
  if (!closing && was_up)
    emit(peer_closed ? TMLX_EVENT_CLOSE : TMLX_EVENT_CHANNEL_DOWN, reason, detail.c_str());
  context_.on_down(*this, reason, peer_closed);
  if (dialer && open) dialer->lost(reason, peer_closed, was_up, detail);
}

void Channel::begin_close(tml_close_mode mode, tmlx_reason reason) {
  if (dialer) dialer->cancel();
  if (!link_) return set_state(TMLX_STATE_DOWN);
  const bool was_up = up();
  set_state(TMLX_STATE_CLOSING);
  queue_.close();
  if (mode == TML_CLOSE_FORCED || !was_up) discard_queue(Counter::DropForcedClose);
  link_->close(mode, static_cast<ReasonCode>(reason));
}

void Channel::emit(tmlx_event event) {
  const Handlers* h = handlers();
  if (h->event == nullptr) return;
  event.size = sizeof event;
  event.descriptor = descriptor();
  event.channel_type = type_;
  event.element_id = element_id();
  if (event.detail == nullptr) event.detail = "";
  loop().called_back();
  h->event(h->user, &event);
}

void Channel::emit(tmlx_event_type type, tmlx_reason reason, const char* detail) {
  tmlx_event event{};
  event.type = type;
  event.reason = reason;
  event.detail = detail;
  emit(event);
}

void Channel::info(tmlx_channel_info& out) const {
  out.descriptor = descriptor();
  out.channel_type = type_;
  out.state = state();
  out.element_id = element_id();
  {
    const std::lock_guard lock(text_mutex_);
    copy_text(out.peer_address, sizeof out.peer_address, peer_address_);
    copy_text(out.tls, sizeof out.tls, tls_);
    copy_text(out.identity, sizeof out.identity, identity_);
  }
  out.up_since_ns = up_since_ns_;
  out.last_received_ns = last_received_ns_;
  out.queued_octets = queue_.queued();
  out.receive_queued_octets = reads_.octets();
  fill(out.rtt, rtt_);
  fill(out.queue_time, queue_time_);
}

}  // namespace forces::tml
