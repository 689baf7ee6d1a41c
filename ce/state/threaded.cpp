#include "ce/state/threaded.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace forces::state {

class ThreadedStore::Impl {
 public:
  Impl(std::unique_ptr<Backend> backend, ThreadedOptions options)
      : backend_(std::move(backend)), options_(std::move(options)), pause_(options_.retry) {
    now_.kept_as = options_.kept_as;
    thread_ = std::thread([this] { run(); });
  }
  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    work_.notify_one();
    thread_.join();
    if (now_.submitted > now_.durable) {
      options_.log.error("state was not saved",
                         {{"batches", now_.submitted - now_.durable}, {"error", now_.trouble}});
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  BatchId submit(Batch batch) {
    const std::lock_guard lock(mutex_);
    const BatchId id{++now_.submitted};
    if (final_) return id;  // it would wait for ever
    now_.pending_octets += octets_of(batch);
    now_.largest_batch = std::max<std::uint64_t>(now_.largest_batch, batch.size());
    queue_.push_back(std::move(batch));
    work_.notify_one();
    return id;
  }

  std::optional<Event> poll_event() {
    const std::lock_guard lock(mutex_);
    std::optional<Event> next;
    if (events_.empty()) return next;
    next.emplace(std::move(events_.front()));
    events_.pop_front();
    return next;
  }

  Snapshot snapshot() const {
    const std::lock_guard lock(mutex_);
    Snapshot now = now_;
    now.overloaded = now.pending_octets > options_.most_pending_octets;
    return now;
  }

  const Backend& backend() const { return *backend_; }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!final_) {
      if (group_.empty()) {
        work_.wait(lock, [this] { return ending_ || !queue_.empty(); });
        if (queue_.empty()) return;
        gather();
      }
      lock.unlock();
      const auto before = std::chrono::steady_clock::now();
      const auto done = backend_->commit(group_);
      const Duration took = std::chrono::steady_clock::now() - before;
      lock.lock();
      const bool last = ending_ && !done;
      const bool news = done ? committed(took) : failed(done.error());
      if (news && options_.news) {
        lock.unlock();
        options_.news();
        lock.lock();
      }
      if (last) return;
      if (!done && !final_) {
        work_.wait_for(lock, pause_, [this] { return ending_; });
        pause_ = std::min(pause_ * 2, options_.retry_most);
      }
    }
  }

  void gather() {
    const Backend::Limits most = backend_->limits();
    std::size_t changes = 0, octets = 0;
    for (;;) {
      changes += queue_.front().size();
      octets += octets_of(queue_.front());
      group_.push_back(std::move(queue_.front()));
      queue_.pop_front();
      if (queue_.empty() || changes + queue_.front().size() > most.changes) return;
      if (most.octets - std::min(octets, most.octets) < octets_of(queue_.front())) return;
    }
  }

  bool committed(Duration took) {
    ++now_.commits;
    now_.durable += group_.size();
    now_.largest_group = std::max<std::uint64_t>(now_.largest_group, group_.size());
    now_.commit_time += took;
    now_.longest_commit = std::max(now_.longest_commit, took);
    for (const auto& batch : group_) {
      const std::size_t octets = octets_of(batch);
      now_.changes += batch.size();
      now_.octets += octets;
      now_.pending_octets -= octets;
    }
    group_.clear();
    pause_ = options_.retry;
    if (std::exchange(now_.failed, false)) {
      now_.trouble.clear();
      events_.emplace_back(Recovered{});
      options_.log.info("state is saved again", {{"waiting", now_.submitted - now_.durable}});
    }
    // An owner that is slow to poll finds one Durable, not a thousand.
    if (!events_.empty() && std::holds_alternative<Durable>(events_.back())) events_.pop_back();
    events_.emplace_back(Durable{{now_.durable}});
    return true;
  }

  bool failed(const Failure& failure) {
    ++now_.failures[static_cast<std::size_t>(failure.reason)];
    now_.trouble = failure.text;
    options_.log.limited(observe::Level::Error, "state cannot be saved, nothing new is announced",
                         {{"reason", to_string(failure.reason)},
                          {"error", failure.text},
                          {"waiting", now_.submitted - now_.durable}});
    if (failure.reason == Reason::NotMaster) {
      final_ = true;
      queue_.clear();
      now_.pending_octets = 0;
    }
    if (std::exchange(now_.failed, true) && failure.reason == reason_) return false;
    reason_ = failure.reason;
    events_.emplace_back(Failed{failure});
    return true;
  }

  std::unique_ptr<Backend> backend_;
  ThreadedOptions options_;
  mutable std::mutex mutex_;  // of all below
  std::condition_variable work_;
  std::deque<Batch> queue_;
  std::vector<Batch> group_;  // being committed; the thread's alone
  std::deque<Event> events_;
  Snapshot now_;
  Reason reason_{};  // of the last failure
  Duration pause_;
  bool ending_ = false, final_ = false;
  std::thread thread_;
};

ThreadedStore::ThreadedStore(std::unique_ptr<Backend> backend, ThreadedOptions options)
    : impl_(std::make_unique<Impl>(std::move(backend), std::move(options))) {}
ThreadedStore::~ThreadedStore() = default;

BatchId ThreadedStore::submit(Batch batch) { return impl_->submit(std::move(batch)); }
std::optional<Event> ThreadedStore::poll_event() { return impl_->poll_event(); }
std::expected<void, Failure> ThreadedStore::scan(std::string_view table, Bytes from,
                                                 const Visitor& visit) const {
  return impl_->backend().scan(table, from, visit);
}
Snapshot ThreadedStore::snapshot() const { return impl_->snapshot(); }

}  // namespace forces::state
