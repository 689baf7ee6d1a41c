// Stores as tests see them: text for octets, rows as lists, a folder of its own, waiting for news.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "ce/state/store.hpp"
#include "ce/state/threaded.hpp"

namespace forces::state::test {

inline Octets octets(std::string_view text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}
inline std::string text(Bytes octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}
inline Change put(std::string_view table, std::string_view key, std::string_view value) {
  return {std::string(table), octets(key), octets(value)};
}
inline Change removed(std::string_view table, std::string_view key) {
  return {std::string(table), octets(key), std::nullopt};
}

using Rows = std::vector<std::pair<std::string, std::string>>;

template <class From>
Rows rows_of(const From& store, std::string_view table, std::string_view from = {}) {
  Rows rows;
  const auto visit = [&](Bytes key, Bytes value) {
    rows.emplace_back(text(key), text(value));
    return true;
  };
  if constexpr (std::is_void_v<decltype(store.scan(table, Bytes(), visit))>) {
    store.scan(table, octets(from), visit);
  } else {
    const auto done = store.scan(table, octets(from), visit);
    EXPECT_TRUE(done) << done.error().text;
  }
  return rows;
}

inline std::vector<Event> events_of(Store& store) {
  std::vector<Event> all;
  while (auto event = store.poll_event()) all.push_back(std::move(*event));
  return all;
}
inline std::uint64_t durable_of(const Event& event) {
  const auto* durable = std::get_if<Durable>(&event);
  return durable == nullptr ? 0 : durable->up_to.value;
}
inline bool is_failure(const Event& event, Reason reason) {
  const auto* failed = std::get_if<Failed>(&event);
  return failed != nullptr && failed->failure.reason == reason;
}

class Folder {
 public:
  // Where syncs cost nothing, for tests to which the disk below is nothing.
  static std::filesystem::path in_memory() {
    return std::filesystem::is_directory("/dev/shm") ? "/dev/shm"
                                                     : std::filesystem::temp_directory_path();
  }
  explicit Folder(const std::filesystem::path& in = std::filesystem::temp_directory_path()) {
    std::string name = (in / "state-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string file(std::string_view name = "ce.state") const {
    return (path_ / name).string();
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // Names that begin so, in order, but for logs.
  [[nodiscard]] std::vector<std::string> names(std::string_view begin = {}) const {
    std::vector<std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      auto name = entry.path().filename().string();
      if (name.starts_with(begin) && !name.ends_with("-wal")) all.push_back(std::move(name));
    }
    std::ranges::sort(all);
    return all;
  }

 private:
  std::filesystem::path path_;
};

inline std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The news of a ThreadedStore: waits until the events say so, with a bound.
class News {
 public:
  static constexpr std::chrono::seconds kBound{20};

  [[nodiscard]] std::function<void()> handler() {
    return [this] {
      const std::lock_guard lock(mutex_);
      ++told_;
      changed_.notify_all();
    };
  }
  // Events up to the one that is `wanted`; false: it did not come.
  template <class Wanted>
  [[nodiscard]] bool until(Store& store, Wanted&& wanted) {
    const auto end = std::chrono::steady_clock::now() + kBound;
    std::unique_lock lock(mutex_);
    for (;;) {
      const auto seen = told_;
      while (auto event = store.poll_event()) {
        seen_.push_back(*event);
        if (wanted(seen_.back())) return true;
      }
      if (!changed_.wait_until(lock, end, [&] { return told_ != seen; })) return false;
    }
  }
  [[nodiscard]] bool until_durable(Store& store, BatchId id) {
    return until(store, [&](const Event& event) { return durable_of(event) >= id.value; });
  }
  [[nodiscard]] const std::vector<Event>& seen() const { return seen_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t told_ = 0;
  std::vector<Event> seen_;
};

}  // namespace forces::state::test
