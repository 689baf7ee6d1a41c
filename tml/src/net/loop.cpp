#include "tml/src/net/loop.hpp"

#include <algorithm>

#include "tml/src/net/link.hpp"

namespace forces::tml {
namespace {

std::chrono::steady_clock::time_point to_steady(Instant t) {
  return std::chrono::steady_clock::time_point(
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(t.time_since_epoch()));
}

}  // namespace

Instant now() {
  return Instant(
      std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

Loop::~Loop() { stop(); }

void Loop::start() {
  if (!threaded_) return;
  thread_ = std::thread([this] {
    running_thread_ = std::this_thread::get_id();
    while (!stop_.load(std::memory_order_relaxed)) turn(std::nullopt);
  });
}

void Loop::stop() {
  stop_ = true;
  if (thread_.joinable()) {
    wake();
    thread_.join();
  }
  running_thread_ = std::this_thread::get_id();
  io_.poll();  // handlers of what was closed
  control_.clear();
  data_.clear();
  retired_.clear();
  rewaiting_.clear();
  running_thread_ = std::thread::id{};
}

void Loop::wake() {
  asio::post(io_, [] {});
}

void Loop::schedule(Channel& channel) {
  if (channel.scheduled_.exchange(true, std::memory_order_seq_cst)) return;
  Channel* head = dirty_.load(std::memory_order_relaxed);
  do channel.next_dirty_ = head;
  while (!dirty_.compare_exchange_weak(head, &channel, std::memory_order_seq_cst,
                                       std::memory_order_relaxed));
  if (asleep_.load(std::memory_order_seq_cst) && asleep_.exchange(false)) wake();
}

void Loop::post(std::function<void()> work) { asio::post(io_, std::move(work)); }

void Loop::run(const std::function<void()>& work) {
  if (inside()) return work();
  if (threaded_) {
    std::mutex mutex;
    std::condition_variable cv;
    bool done = false;
    post([&] {
      work();
      const std::lock_guard lock(mutex);
      done = true;
      cv.notify_one();
    });
    std::unique_lock lock(mutex);
    cv.wait(lock, [&] { return done; });
    return;
  }
  const std::lock_guard lock(turn_mutex_);
  running_thread_ = std::this_thread::get_id();
  time_ = now();
  work();
  flush();
  running_thread_ = std::thread::id{};
}

bool Loop::wait(int timeout, const std::function<bool()>& done) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout);
  if (!threaded_) {
    while (!done()) {
      int left = 1000;
      if (timeout >= 0) {
        const auto rest = until - std::chrono::steady_clock::now();
        if (rest <= std::chrono::steady_clock::duration{}) return false;
        left =
            static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(
                                 std::min<std::chrono::nanoseconds>(rest, std::chrono::seconds(1)))
                                 .count());
      }
      {
        const std::lock_guard lock(turn_mutex_);
        running_thread_ = std::this_thread::get_id();
        turn(now() + std::chrono::milliseconds(left));
        running_thread_ = std::thread::id{};
      }
    }
    return true;
  }
  waiters_.fetch_add(1, std::memory_order_seq_cst);
  std::unique_lock lock(wait_mutex_);
  const bool ok = timeout < 0 ? (waiters_cv_.wait(lock, done), true)
                              : waiters_cv_.wait_until(lock, until, done);
  waiters_.fetch_sub(1, std::memory_order_seq_cst);
  return ok;
}

void Loop::wake_waiters() {
  if (waiters_.load(std::memory_order_seq_cst) == 0) return;
  const std::lock_guard lock(wait_mutex_);
  waiters_cv_.notify_all();
}

bool Loop::poll(int timeout) {
  const std::lock_guard lock(turn_mutex_);
  running_thread_ = std::this_thread::get_id();
  std::optional<Instant> until;
  if (timeout >= 0) until = now() + std::chrono::milliseconds(timeout);
  // What the caller wrote goes out before the wait. If that gave it something to do, it need not
  // wait.
  const std::uint64_t before = callbacks_;
  bool did = timeout != 0 && flush();
  if (!did || callbacks_ == before) did |= turn(until);
  running_thread_ = std::thread::id{};
  return did;
}

bool Loop::turn(std::optional<Instant> until) {
  const bool work_left = !control_.empty() || !data_.empty() || data_dirty_count_ != 0;
  bool did = wait_ready(work_left ? std::optional(Instant{}) : until) || work_left;
  time_ = now();
  serve_control();
  did |= flush();
  serve_data();
  fire_timers();
  did |= flush();
  retired_.clear();
  for (const auto& one : rewaiting_) one->wait_again();
  rewaiting_.clear();
  busy_ = did;
  return did;
}

// One system timer for the earliest deadline, moved only when that comes earlier: waiting itself
// then needs no time-out, which the kernel would set up and take down each time.
void Loop::set_timer() {
  if (timers_.empty()) return;
  const Instant first = timers_.begin()->first;
  if (timer_at_ && *timer_at_ <= first) return;
  timer_at_ = first;
  timer_.expires_at(to_steady(first));
  timer_.async_wait([this](const asio::error_code& ec) {
    if (!ec) timer_at_.reset();
  });
}

bool Loop::wait_ready(std::optional<Instant> until) {
  if (until == Instant{}) return io_.poll() != 0;
  // A writer that shares our processor may be in the middle of a burst: let it go on for its time
  // slice before we sleep, so that the burst leaves in one batch. With nobody waiting this returns
  // at once.
  if (threaded_ && busy_) std::this_thread::yield();
  asleep_.store(true, std::memory_order_seq_cst);
  if (dirty_.load(std::memory_order_seq_cst) != nullptr) {
    asleep_.store(false, std::memory_order_relaxed);
    return io_.poll() != 0;
  }
  set_timer();
  const std::size_t ran = until ? io_.run_one_until(to_steady(*until)) : io_.run_one();
  asleep_.store(false, std::memory_order_relaxed);
  // Something else may be ready too. That matters only when control could have to wait for it.
  if (ran != 0 && control_.empty()) io_.poll();
  return ran != 0;
}

void Loop::readable(const std::shared_ptr<Link>& link, bool control) {
  (control ? control_ : data_).push_back(link);
}

void Loop::serve_control() {
  for (std::size_t n = control_.size(); n != 0; --n) {
    const std::shared_ptr<Link> link = std::move(control_.front());
    control_.pop_front();
    if (link->serve()) control_.push_back(link);
  }
}

void Loop::serve_data() {
  for (std::size_t n = data_.size(); n != 0; --n) {
    const std::shared_ptr<Link> link = std::move(data_.front());
    data_.pop_front();
    if (link->serve()) data_.push_back(link);
    io_.poll();
    serve_control();
    flush_control();
  }
}

// What producers scheduled: sends for control channels, lines up data channels.
bool Loop::flush_control() {
  if (dirty_.load(std::memory_order_relaxed) == nullptr) return false;
  Channel* list = dirty_.exchange(nullptr, std::memory_order_seq_cst);
  Channel* oldest = nullptr;
  while (list != nullptr) {  // the list has the newest in front
    Channel* next = list->next_dirty_;
    list->next_dirty_ = oldest;
    oldest = list;
    list = next;
  }
  while (oldest != nullptr) {
    Channel* channel = oldest;
    oldest = channel->next_dirty_;
    if (channel->data()) {
      channel->next_dirty_ = nullptr;
      *data_dirty_end_ = channel;
      data_dirty_end_ = &channel->next_dirty_;
      ++data_dirty_count_;
    } else {
      channel->drain();
    }
  }
  return true;
}

// Control first, and again between two data channels. One that has more to send waits in line.
bool Loop::flush() {
  bool did = flush_control();
  for (std::size_t n = data_dirty_count_; n != 0; --n) {
    Channel* channel = data_dirty_;
    data_dirty_ = channel->next_dirty_;
    if (data_dirty_ == nullptr) data_dirty_end_ = &data_dirty_;
    --data_dirty_count_;
    channel->drain();
    flush_control();
    did = true;
  }
  return did;
}

void Loop::arm(Timed& timed) {
  const std::optional<Instant> at = timed.deadline();
  if (timed.armed_ && at && *timed.armed_ <= *at) return;  // it fires early and arms itself again
  disarm(timed);
  if (!at) return;
  timers_.emplace(*at, &timed);
  timed.armed_ = at;
}

void Loop::disarm(Timed& timed) {
  if (!timed.armed_) return;
  const auto [first, last] = timers_.equal_range(*timed.armed_);
  const auto found = std::find_if(first, last, [&](const auto& t) { return t.second == &timed; });
  if (found != last) timers_.erase(found);
  timed.armed_.reset();
}

void Loop::fire_timers() {
  if (timers_.empty()) return;
  const Instant at = time_;
  // Whatever is armed anew waits for the next turn: a deadline in the past cannot spin here.
  for (std::size_t budget = timers_.size(); budget != 0 && !timers_.empty(); --budget) {
    const auto first = timers_.begin();
    if (first->first > at) return;
    Timed& timed = *first->second;
    timers_.erase(first);
    timed.armed_.reset();
    timed.on_timer(at);
  }
}

}  // namespace forces::tml
