// Google Benchmark of ce/state: batches per second that are durable, by how many are on the way at
// once. Files go below $TMPDIR (default: the current folder, for /tmp may be memory).
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <string>

#include "ce/state/open_store.hpp"

namespace forces::state {
namespace {

Octets key_of(std::uint64_t n) {
  Octets key(16);
  for (std::size_t i = 0; i < 8; ++i) key[i] = static_cast<std::byte>(n >> (56 - 8 * i));
  return key;
}

// As a connection that is set up has: two rows, 10,000 connections in all.
Batch batch_of(std::uint64_t n, std::size_t octets) {
  const Octets key = key_of(n * 2654435761 % 10'000);
  return {{"rsvp.path", key, Octets(octets, static_cast<std::byte>(n))},
          {"connection", key, Octets(100, static_cast<std::byte>(n))}};
}

class Folder {
 public:
  Folder() {
    const char* base = std::getenv("TMPDIR");
    std::string name = std::string(base == nullptr ? "." : base) + "/state-bench-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string file() const { return path_ + "/ce.state"; }

 private:
  std::string path_;
};

// A window of batches is always on the way; items are batches that were said to be durable.
void run(benchmark::State& state, const StoreConfig& config) {
  const auto window = static_cast<std::uint64_t>(state.range(0));
  std::mutex mutex;
  std::condition_variable changed;
  bool told = false;
  ThreadedOptions options;
  options.news = [&] {
    const std::lock_guard lock(mutex);
    told = true;
    changed.notify_one();
  };
  auto opened = open_store(config, options);
  if (!opened) {
    state.SkipWithError(opened.error().text.c_str());
    return;
  }
  Store& store = **opened;
  std::uint64_t submitted = 0, durable = 0;
  const std::clock_t before = std::clock();  // of all threads: says more on a busy machine
  for (auto _ : state) {
    const std::uint64_t goal = durable + 1;
    while (submitted < durable + window) submitted = store.submit(batch_of(submitted, 300)).value;
    while (durable < goal) {
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return told; });
        told = false;
      }
      while (const auto event = store.poll_event()) {
        if (const auto* last = std::get_if<Durable>(&*event)) durable = last->up_to.value;
      }
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(durable));
  const auto now = store.snapshot();
  state.counters["batches_a_commit"] =
      static_cast<double>(now.durable) / static_cast<double>(now.commits);
  state.counters["cpu_us_a_batch"] = static_cast<double>(std::clock() - before) * 1e6 /
                                     CLOCKS_PER_SEC / static_cast<double>(durable);
  state.counters["commit_ms"] = std::chrono::duration<double, std::milli>(now.commit_time).count() /
                                static_cast<double>(now.commits);
}

void durable(benchmark::State& state) {
  const Folder folder;
  run(state, {.file = folder.file()});
}
BENCHMARK(durable)->Arg(1)->Arg(16)->Arg(256)->Arg(4096)->UseRealTime();

void without_sync(benchmark::State& state) {
  const Folder folder;
  run(state, {.file = folder.file(), .sync = sqlite::Sync::Never});
}
BENCHMARK(without_sync)->Arg(1)->Arg(256)->Arg(4096)->UseRealTime();

void in_memory(benchmark::State& state) { run(state, {.file = {}, .in_memory = true}); }
BENCHMARK(in_memory)->Arg(256)->UseRealTime();

// A start: the file is checked, and every row of 10,000 connections is read.
void open_10000_connections(benchmark::State& state) {
  const Folder folder;
  {
    auto opened = open_store({.file = folder.file()}, {});
    if (!opened) std::abort();
    for (std::uint64_t n = 0; n < 10'000; ++n) (void)(*opened)->submit(batch_of(n, 1000));
  }
  for (auto _ : state) {
    auto opened = open_store({.file = folder.file()}, {});
    if (!opened) std::abort();
    std::size_t rows = 0;
    for (const char* table : {"rsvp.path", "connection"}) {
      if (!(*opened)->scan(table, {}, [&](Bytes, Bytes) { return ++rows > 0; })) std::abort();
    }
    if (rows != 20'000) std::abort();
  }
}
BENCHMARK(open_10000_connections)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace forces::state

BENCHMARK_MAIN();
