// One I/O thread: readiness from Asio, then work in the order that keeps control ahead of data.
//
// A turn: wait for readiness (or not, when work is left); serve every readable control connection;
// send what was written, control of all channels before data of any; give each readable data
// connection a bounded share, looking at control in between. Two ways to run: a thread of the
// library's own, or the application's thread inside tmlx_poll.
#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "common/core/time.hpp"
#include "tml/octets/stream.hpp"

namespace forces::tml {

class Channel;
class Link;

// The system's monotonic clock as the cores see it.
[[nodiscard]] Instant now();

// Something with a deadline.
class Timed {
 public:
  virtual std::optional<Instant> deadline() const = 0;
  virtual void on_timer(Instant now) = 0;

 protected:
  ~Timed() = default;

 private:
  friend class Loop;
  std::optional<Instant> armed_;
};

// Something that waits again at the end of a turn. A wait that begins inside the handler of the one
// before it may be over at once, in the same look at what is ready, and then nothing else is
// served.
class Rewaiting {
 public:
  virtual void wait_again() = 0;

 protected:
  ~Rewaiting() = default;
};

class Loop {
 public:
  explicit Loop(bool threaded) : threaded_(threaded), io_(1) {}
  ~Loop();
  void start();
  void stop();  // ends the thread; not from it

  asio::io_context& io() { return io_; }
  Buffers& buffers() { return buffers_; }
  bool threaded() const { return threaded_; }

  // Any thread: the channel has something to send.
  void schedule(Channel& channel);
  // Any thread: runs on the loop, later.
  void post(std::function<void()> work);
  // Any thread: runs on the loop before this returns (here and now when this is the loop's thread).
  void run(const std::function<void()>& work);
  // True inside a callback or other work of this loop.
  bool inside() const { return running_thread_.load() == std::this_thread::get_id(); }
  // Waits until `done`, which must be cheap and thread-safe, at most timeout ms (-1: for ever).
  // False: time is up. Not from inside(). Whoever makes done true calls wake_waiters().
  bool wait(int timeout, const std::function<bool()>& done);
  void wake_waiters();

  // Caller-driven: one turn. False: nothing happened.
  bool poll(int timeout);

  // ---- on the loop only ----
  void called_back() { ++callbacks_; }
  // The time of this turn: near enough for protocol timers, and free.
  Instant time() const { return time_; }
  void readable(const std::shared_ptr<Link>& link, bool control);
  // The deadline of `timed` may be earlier than before (a later one needs no call), or is new.
  void arm(Timed& timed);
  void disarm(Timed& timed);
  void at_turns_end(std::shared_ptr<Rewaiting> again) { rewaiting_.push_back(std::move(again)); }
  // Destroys at the end of the turn, when no call of it is on the stack.
  void retire(std::shared_ptr<Link> link) { retired_.push_back(std::move(link)); }

 private:
  bool turn(std::optional<Instant> until);
  bool wait_ready(std::optional<Instant> until);
  void serve_control();
  void serve_data();
  bool flush();
  bool flush_control();
  void fire_timers();
  void set_timer();
  void wake();

  const bool threaded_;
  std::multimap<Instant, Timed*> timers_;  // before io_: links that die with it disarm themselves
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> guard_{io_.get_executor()};
  Buffers buffers_;
  std::thread thread_;
  std::recursive_mutex turn_mutex_;  // caller-driven: one thread at a time
  std::atomic<std::thread::id> running_thread_{};
  std::atomic<bool> stop_{false}, asleep_{false};
  std::atomic<Channel*> dirty_{nullptr};
  Channel* data_dirty_ = nullptr;  // data channels that wait for their turn to send
  Channel** data_dirty_end_ = &data_dirty_;
  std::size_t data_dirty_count_ = 0;
  std::deque<std::shared_ptr<Link>> control_, data_;
  std::vector<std::shared_ptr<Link>> retired_;
  std::vector<std::shared_ptr<Rewaiting>> rewaiting_;
  std::uint64_t callbacks_ = 0;
  Instant time_ = now();
  asio::steady_timer timer_{io_};
  std::optional<Instant> timer_at_;
  bool busy_ = false;  // the last turn did something: one yield before sleeping

  std::mutex wait_mutex_;
  std::condition_variable waiters_cv_;
  std::atomic<int> waiters_{0};
};

}  // namespace forces::tml
