// What each workload measures, independent of the transport that carries it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "tests/bench/harness/options.hpp"
#include "tests/bench/harness/pair.hpp"

namespace forces::bench {

// Nearest rank: the smallest sample which at least the part p of all samples does not exceed.
double percentile_us(std::vector<std::uint64_t>& samples_ns, double p);

// W1, receiver: checks every message; rate and CPU between two looks at the clock.
class RateWindow {
 public:
  RateWindow(const Options& options, Board& board);
  void take(std::uint64_t sequence, std::size_t size) {
    if (sequence != next_ || size != size_) [[unlikely]] {
      fail("W1: a message is lost, out of order or of the wrong size");
    }
    ++next_;
    if ((next_ & 63) == 1 || next_ == count_) [[unlikely]]
      look();
  }

 private:
  void look();

  Board& board_;
  std::size_t size_;
  std::uint64_t count_;
  std::uint64_t warm_;
  std::uint64_t length_;
  std::uint64_t next_ = 0;
  std::uint64_t first_at_ = 0;
  std::uint64_t opened_at_ = 0;
  std::uint64_t opened_next_ = 0;
  std::uint64_t cpu_client_ = 0;
  std::uint64_t cpu_server_ = 0;
};

// W1, sender: is the message of this number to be sent?
inline bool wants_more(const Options& options, const Board& board, std::uint64_t sequence) {
  if (options.count != 0) return sequence < options.count;
  return !board.enough.load(std::memory_order_relaxed);
}

// W2, client: times its round trips. Usage: while (trips.more()) { ...; trips.done(); }
class RoundTrips {
 public:
  RoundTrips(const Options& options, const Board& board);
  bool more();  // begins the next one
  std::uint64_t sequence() const { return sequence_; }
  void done();  // its echo has been checked
  void report(const char* peer, const Options& options);

 private:
  const Board& board_;
  std::uint64_t warm_up_;
  std::uint64_t wanted_;
  bool bounded_;  // by time as well
  std::uint64_t sequence_ = 0;
  std::uint64_t sent_at_ = 0;
  std::uint64_t started_at_ = 0;
  std::uint64_t ended_at_ = 0;
  std::uint64_t cpu_ = 0;
  std::vector<std::uint64_t> samples_;
};

// W3, client: an open loop. Ping k is due at the start + k ms whatever became of those before it;
// its latency runs from there.
class PingSchedule {
 public:
  PingSchedule(const Options& options, Board& board);
  std::uint64_t start() const { return start_; }
  std::optional<std::uint64_t> next();  // the number of a ping that is due now
  void on_echo(std::uint64_t sequence, std::size_t size);
  // All are answered, or the last one is 3 s late.
  bool over() const { return answered_ == total_ || now_ns() > due(total_) + 3'000'000'000u; }
  void report(const char* peer, const Options& options);

 private:
  std::uint64_t due(std::uint64_t k) const;

  Board& board_;
  std::uint64_t total_;
  std::uint64_t start_;
  std::uint64_t sent_ = 0;
  std::uint64_t answered_ = 0;
  std::uint64_t opened_at_ = 0;
  std::uint64_t opened_data_ = 0;
  std::uint64_t closed_at_ = 0;
  std::uint64_t closed_data_ = 0;
  std::vector<std::uint64_t> samples_;
};

// A timer descriptor that is readable at the start of a schedule and each millisecond after it.
int open_ticker(const PingSchedule& schedule);

// W4, client: counts copies; the last one of a round tells the server.
class RoundCounter {
 public:
  RoundCounter(const Options& options, Board& board) : board_(board), peers_(options.peers) {}
  void take(std::uint64_t round, std::size_t size);
  bool over() const { return round_ == kFanOutWarmUp + kFanOutRounds; }

 private:
  Board& board_;
  std::size_t peers_;
  std::size_t got_ = 0;
  std::uint64_t round_ = 0;
};

// W4: the client just before its first connect; the server when the last hello is in.
void storm_begins(Board& board);
void storm_ends(Board& board);

void report_window(const char* peer, const Options& options, const Board& board);
void report_storm(const char* peer, const Options& options, const Board& board, std::size_t conns);

}  // namespace forces::bench
