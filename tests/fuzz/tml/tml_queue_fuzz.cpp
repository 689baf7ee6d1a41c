// A SendQueue does what eight plain lists with a budget would do.
#include <algorithm>
#include <array>
#include <deque>
#include <span>

#include "tests/fuzz/events.hpp"
#include "tests/unit/tml/queue/frames.hpp"
#include "tml/src/core/send_queue.hpp"

namespace {

using namespace forces::tml;
using Push = SendQueue::Push;
using forces::fuzz::require;

class Model {
 public:
  explicit Model(std::size_t limit) : limit_(limit) { queue_.open(pool_, limit); }
  ~Model() {
    queue_.close();
    while (sent(1 << 20)) {
    }
    queue_.shrink();
  }

  void push(unsigned level, std::size_t octets, bool shared) {
    const auto pl = pl_message(next_, octets);
    const std::size_t frame = kHeaderSize + octets;
    const std::size_t allowed = level >= 4 ? limit_ : limit_ - limit_ / 8;
    SendQueue::Pushed pushed;
    if (shared) {
      SharedFrame* one = SharedFrame::make(pl);
      pushed = queue_.push(level, one);
      one->release();
    } else {
      pushed = queue_.push(level, pl);
    }
    if (!open_) {
      require(pushed.result == Push::Closed && !pushed.schedule);
    } else if (queued_ != 0 && queued_ + frame > allowed) {
      require(pushed.result == Push::Full && !pushed.schedule);
    } else {
      require(pushed.result == Push::Queued || pushed.result == Push::QueuedFirst);
      require(pushed.schedule == (queued_ == 0));
      if (pushed.result == Push::QueuedFirst) queue_.stamp(level, now_);
      logs_[level].push_back({next_++, frame, now_});
      queued_ += frame;
    }
    check();
  }

  bool sent(std::size_t limit) {
    const SendQueue::Run run = queue_.front(limit);
    unsigned level = 8;
    while (level > 0 && logs_[level - 1].empty()) --level;
    require((run.messages == 0) == (level == 0));
    if (run.messages == 0) return false;
    require(run.level == level - 1);
    require(run.messages == 1 || run.octets.size() <= limit);
    take(run);
    return true;
  }

  // What the owner of a data channel does each eighth of the TTL.
  void shed() {
    for (;;) {
      const SendQueue::Run run = queue_.expired(now_ - kTtl, now_ - kTtl / 8, now_);
      if (run.messages == 0) break;
      for (std::size_t i = 0; i < run.messages; ++i)
        require(logs_[run.level].at(i).born < now_ - kTtl);
      take(run);
    }
    // Looked at each eighth since they came, none is much older than the TTL.
    if (now_ - last_shed_ > kTtl / 8) watched_since_ = now_;
    last_shed_ = now_;
    for (const auto& log : logs_)
      for (const Queued& message : log)
        require(std::max(message.born, watched_since_) >= now_ - kTtl - 3 * kTtl / 8);
    check();
  }

  void wait(std::int64_t time) { now_ += time; }
  void shrink() { queue_.shrink(); }
  void close() {
    queue_.close();
    open_ = false;
  }
  void open() {
    queue_.open(pool_, limit_);
    open_ = true;
  }

 private:
  struct Queued {
    std::uint64_t number;
    std::size_t frame;
    std::int64_t born;
  };
  void take(const SendQueue::Run& run) {
    auto& log = logs_[run.level];
    const auto got = numbers(run.octets);
    require(got.size() == run.messages && got.size() <= log.size());
    for (const std::uint64_t number : got) {
      require(number == log.front().number);
      queued_ -= log.front().frame;
      log.pop_front();
    }
    queue_.pop(run);
    check();
  }
  void check() const {
    require(queue_.queued() == queued_);
    require(queue_.idle() == (queued_ == 0));
  }

  static constexpr std::int64_t kTtl = 800;
  ChunkPool pool_;
  SendQueue queue_;
  std::size_t limit_, queued_ = 0;
  std::array<std::deque<Queued>, 8> logs_;
  std::uint64_t next_ = 0;
  std::int64_t now_ = 1000, last_shed_ = 0, watched_since_ = 0;
  bool open_ = true;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::span<const std::uint8_t> in(data, size);
  const auto octet = [&in]() -> unsigned {
    if (in.empty()) return 0;
    const unsigned value = in.front();
    in = in.subspan(1);
    return value;
  };
  Model model(std::size_t{1} << (10 + octet() % 11));  // 1 KiB to 1 MiB
  while (!in.empty()) {
    const unsigned op = octet(), level = op / 16 % 8;
    switch (op % 16) {
      case 0:
      case 1:
      case 2:
        model.push(level, kMinPlSize + octet() * 4, false);
        break;
      case 3:
        model.push(level, kMinPlSize + octet() * 160, false);
        break;  // about kInline
      case 4:
        model.push(level, kMinPlSize + octet() * 1024, false);
        break;
      case 5:
        model.push(level, kMinPlSize + octet() * 16, true);
        break;
      case 6:
        model.push(level, kMaxPlSize, octet() % 2 == 0);
        break;
      case 7:
      case 8:
        (void)model.sent(octet() * 64);
        break;
      case 9:
        (void)model.sent(1 << 20);
        break;
      case 10:
        model.shed();
        break;
      case 11:
        model.wait(octet() * 4);
        break;
      case 12:
        model.shrink();
        break;
      case 13:
        model.close();
        break;
      case 14:
        model.open();
        break;
      default:
        for (unsigned n = octet(); n > 0; --n) model.push(level, kMinPlSize + n % 9 * 4, false);
    }
  }
  return 0;
}
