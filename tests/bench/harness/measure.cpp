#include "tests/bench/harness/measure.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace forces::bench {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kTick = 1'000'000;
constexpr std::uint64_t kPingWarmUp = 200;  // ticks

std::uint64_t in_ns(double seconds) {
  return static_cast<std::uint64_t>(seconds * static_cast<double>(kSecond));
}
double real(std::uint64_t value) { return static_cast<double>(value); }

using Fields = std::initializer_list<std::pair<const char*, double>>;

void print(const char* peer, const Options& options, Fields fields) {
  nlohmann::ordered_json line = {{"peer", peer},
                                 {"work", options.work},
                                 {"sec", options.tls ? "tls" : "plain"},
                                 {"variant", options.variant},
                                 {"pin", options.pin}};
  for (const auto& [name, value] : fields) {
    if (value == std::floor(value)) {
      line[name] = static_cast<std::int64_t>(value);
    } else {
      line[name] = value;
    }
  }
  std::printf("%s\n", line.dump().c_str());
}

}  // namespace

double percentile_us(std::vector<std::uint64_t>& samples_ns, double p) {
  if (samples_ns.empty()) fail("no sample");
  const auto rank = static_cast<std::size_t>(std::ceil(p * static_cast<double>(samples_ns.size())));
  const auto at =
      samples_ns.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::nth_element(samples_ns.begin(), at, samples_ns.end());
  return real(*at) / 1e3;
}

RateWindow::RateWindow(const Options& options, Board& board)
    : board_(board),
      size_(options.size),
      count_(options.count),
      warm_(in_ns(options.warm)),
      length_(in_ns(options.seconds)) {}

void RateWindow::look() {
  if (board_.enough.load(std::memory_order_relaxed)) return;
  const std::uint64_t now = now_ns();
  if (first_at_ == 0) first_at_ = now;
  if (opened_at_ == 0) {
    if (count_ == 0 && now - first_at_ < warm_) return;
    opened_at_ = now;
    opened_next_ = next_;
    cpu_client_ = cpu_ns(board_.client);
    cpu_server_ = cpu_ns(board_.server);
    return;
  }
  if (count_ != 0 ? next_ < count_ : now - opened_at_ < length_) return;
  board_.window = {.messages = next_ - opened_next_,
                   .ns = now - opened_at_,
                   .cpu_client = cpu_ns(board_.client) - cpu_client_,
                   .cpu_server = cpu_ns(board_.server) - cpu_server_};
  board_.enough = true;
}

RoundTrips::RoundTrips(const Options& options, const Board& board)
    : board_(board),
      warm_up_(options.count != 0 ? 0 : 1'000),
      wanted_(options.count != 0 ? options.count : 10'000),
      bounded_(options.count == 0) {
  samples_.reserve(wanted_);
}

bool RoundTrips::more() {
  if (sequence_ == warm_up_) {
    cpu_ = cpu_ns(board_.client) + cpu_ns(board_.server);
    started_at_ = now_ns();
  }
  const bool late = bounded_ && started_at_ != 0 && ended_at_ > started_at_ + kSecond * 3 / 2;
  if (sequence_ == warm_up_ + wanted_ || late) {
    cpu_ = cpu_ns(board_.client) + cpu_ns(board_.server) - cpu_;
    return false;
  }
  sent_at_ = now_ns();
  return true;
}

void RoundTrips::done() {
  ended_at_ = now_ns();
  if (sequence_++ >= warm_up_) samples_.push_back(ended_at_ - sent_at_);
}

void RoundTrips::report(const char* peer, const Options& options) {
  const double trips = static_cast<double>(samples_.size());
  print(peer, options,
        {{"p50_us", percentile_us(samples_, .5)},
         {"p99_us", percentile_us(samples_, .99)},
         {"p999_us", percentile_us(samples_, .999)},
         {"rtt_s", trips * 1e9 / real(ended_at_ - started_at_)},
         {"cpu_ns_rtt", real(cpu_) / trips}});
}

PingSchedule::PingSchedule(const Options& options, Board& board)
    : board_(board),
      total_(kPingWarmUp + in_ns(options.seconds) / kTick),
      start_(now_ns() + kTick) {
  samples_.reserve(total_);
}

std::uint64_t PingSchedule::due(std::uint64_t k) const { return start_ + k * kTick; }

std::optional<std::uint64_t> PingSchedule::next() {
  if (sent_ == total_ || now_ns() < due(sent_)) return std::nullopt;
  return sent_++;
}

void PingSchedule::on_echo(std::uint64_t sequence, std::size_t size) {
  const std::uint64_t now = now_ns();
  if (sequence != answered_ || size != kPingSize) fail("W3: wrong echo");
  ++answered_;
  if (sequence < kPingWarmUp) return;
  closed_at_ = now;
  closed_data_ = board_.data_messages;
  if (opened_at_ == 0) {
    opened_at_ = closed_at_;
    opened_data_ = closed_data_;
  }
  samples_.push_back(now - due(sequence));
}

void PingSchedule::report(const char* peer, const Options& options) {
  const double data = real(closed_data_ - opened_data_) * static_cast<double>(kDataSize);
  print(peer, options,
        {{"flood", options.flood ? 1 : 0},
         {"p50_us", percentile_us(samples_, .5)},
         {"p99_us", percentile_us(samples_, .99)},
         {"max_us", percentile_us(samples_, 1)},
         {"data_mb_s", data * 1e3 / real(closed_at_ - opened_at_)},
         {"unanswered", real(total_ - answered_)}});
}

int open_ticker(const PingSchedule& schedule) {
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  itimerspec when{};
  when.it_interval.tv_nsec = kTick;
  when.it_value.tv_sec = static_cast<time_t>(schedule.start() / kSecond);
  when.it_value.tv_nsec = static_cast<long>(schedule.start() % kSecond);
  if (timer < 0 || timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, nullptr) != 0) fail("timerfd");
  return timer;
}

void RoundCounter::take(std::uint64_t round, std::size_t size) {
  if (round != round_ || size != kFanOutSize) fail("W4: wrong copy");
  if (++got_ < peers_) return;
  board_.round_ended = now_ns();
  got_ = 0;
  ++round_;
  if (write(board_.ack[1], "+", 1) != 1) fail("W4: ack pipe");
}

void storm_begins(Board& board) {
  board.storm.cpu_client = cpu_ns(board.client);
  board.storm.cpu_server = cpu_ns(board.server);
  board.storm.begun = now_ns();
}

void storm_ends(Board& board) {
  board.storm.ended = now_ns();
  board.storm.cpu_client = cpu_ns(board.client) - board.storm.cpu_client;
  board.storm.cpu_server = cpu_ns(board.server) - board.storm.cpu_server;
}

void report_window(const char* peer, const Options& options, const Board& board) {
  const double messages = real(board.window.messages);
  const double seconds = real(board.window.ns) / 1e9;
  print(peer, options,
        {{"size", static_cast<double>(options.size)},
         {"msgs_s", messages / seconds},
         {"mb_s", messages * static_cast<double>(options.size) / seconds / 1e6},
         {"cpu_ns_tx", real(board.window.cpu_client) / messages},
         {"cpu_ns_rx", real(board.window.cpu_server) / messages}});
}

void report_storm(const char* peer, const Options& options, const Board& board, std::size_t conns) {
  std::vector<std::uint64_t> rounds(board.storm.rounds.begin(), board.storm.rounds.end());
  const double each = static_cast<double>(conns);
  const auto grown = static_cast<double>(board.storm.resident_idle) -
                     static_cast<double>(board.storm.resident_before);
  print(peer, options,
        {{"n", static_cast<double>(options.peers)},
         {"conns", each},
         {"fan_p50_us", percentile_us(rounds, .5)},
         {"fan_max_us", percentile_us(rounds, 1)},
         {"storm_ms", real(board.storm.ended - board.storm.begun) / 1e6},
         {"storm_cpu_server_us", real(board.storm.cpu_server) / 1e3 / each},
         {"storm_cpu_client_us", real(board.storm.cpu_client) / 1e3 / each},
         {"kib_conn", grown / 1024 / each}});
}

}  // namespace forces::bench
