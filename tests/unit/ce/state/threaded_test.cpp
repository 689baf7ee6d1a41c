// The store's thread against a backend that the test holds by the hand.
#include "ce/state/threaded.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <deque>
#include <sstream>
#include <thread>

#include "ce/state/memory.hpp"
#include "ce/state/report.hpp"
#include "tests/unit/ce/state/support.hpp"

namespace forces::state {
namespace {

using namespace std::chrono_literals;
using test::News;
using test::put;

// What the test and the backend share: a commit waits until it is let go, or fails.
struct Disk {
  std::mutex mutex;
  std::condition_variable changed;
  bool held = false, inside = false;
  std::optional<Failure> failure;
  std::deque<std::size_t> groups;  // batches of each commit that was tried
  Backend::Limits most;
  Tables tables;

  void hold(bool on) {
    const std::lock_guard lock(mutex);
    held = on;
    changed.notify_all();
  }
  void fail(std::optional<Failure> with) {
    const std::lock_guard lock(mutex);
    failure = std::move(with);
  }
  bool until_inside() {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, News::kBound, [this] { return inside; });
  }
  bool until_tried(std::size_t times) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, News::kBound, [&] { return groups.size() >= times; });
  }
};

class HeldBackend final : public Backend {
 public:
  explicit HeldBackend(Disk& disk) : disk_(disk) {}
  std::expected<void, Failure> commit(std::span<const Batch> batches) override {
    std::unique_lock lock(disk_.mutex);
    disk_.inside = true;
    disk_.groups.push_back(batches.size());
    disk_.changed.notify_all();
    disk_.changed.wait(lock, [this] { return !disk_.held; });
    disk_.inside = false;
    if (disk_.failure) return std::unexpected(*disk_.failure);
    for (const auto& batch : batches) disk_.tables.apply(batch);
    return {};
  }
  std::expected<void, Failure> scan(std::string_view table, Bytes from,
                                    const Store::Visitor& visit) const override {
    const std::lock_guard lock(disk_.mutex);
    disk_.tables.scan(table, from, visit);
    return {};
  }
  Limits limits() const override { return disk_.most; }

 private:
  Disk& disk_;
};

class ThreadedStoreTest : public testing::Test {
 protected:
  std::unique_ptr<ThreadedStore> make(ThreadedOptions options = {}) {
    options.news = news.handler();
    options.retry = options.retry_most = 1ms;
    options.log = log.component("state");
    return std::make_unique<ThreadedStore>(std::make_unique<HeldBackend>(disk), options);
  }
  static Batch one(int n) { return {put("t", std::to_string(n), "v")}; }

  Disk disk;
  News news;
  std::ostringstream lines;
  observe::Log log{
      {.limit = {}, .sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(lines), .now = {}}};
};

TEST_F(ThreadedStoreTest, ManyBatchesAreOneCommitWhileOneRuns) {
  const auto store = make();
  disk.hold(true);
  (void)store->submit(one(0));
  ASSERT_TRUE(disk.until_inside());
  BatchId last;
  for (int n = 1; n <= 100; ++n) last = store->submit(one(n));
  EXPECT_TRUE(test::rows_of(*store, "t").empty());
  disk.hold(false);
  ASSERT_TRUE(news.until_durable(*store, last));
  EXPECT_EQ(last.value, 101U);
  EXPECT_EQ(disk.groups, (std::deque<std::size_t>{1, 100}));
  EXPECT_EQ(test::rows_of(*store, "t").size(), 101U);
  const auto now = store->snapshot();
  EXPECT_EQ(now.submitted, 101U);
  EXPECT_EQ(now.durable, 101U);
  EXPECT_EQ(now.commits, 2U);
  EXPECT_EQ(now.changes, 101U);
  EXPECT_EQ(now.largest_group, 100U);
  EXPECT_EQ(now.pending_octets, 0U);
}

TEST_F(ThreadedStoreTest, AGroupHasNoMoreChangesThanTheBackendTakes) {
  disk.most.changes = 4;
  const auto store = make();
  disk.hold(true);
  (void)store->submit(one(0));
  ASSERT_TRUE(disk.until_inside());
  BatchId last;
  for (int n = 1; n <= 6; ++n) last = store->submit(one(n));
  Batch large;  // more than the limit by itself: alone
  for (int n = 10; n < 20; ++n) large.push_back(put("t", std::to_string(n), "v"));
  last = store->submit(large);
  disk.hold(false);
  ASSERT_TRUE(news.until_durable(*store, last));
  EXPECT_EQ(disk.groups, (std::deque<std::size_t>{1, 4, 2, 1}));
}

TEST_F(ThreadedStoreTest, AGroupHasNoMoreOctetsThanTheBackendTakes) {
  disk.most.octets = 10;  // each batch has 3
  const auto store = make();
  disk.hold(true);
  (void)store->submit(one(0));
  ASSERT_TRUE(disk.until_inside());
  for (int n = 1; n <= 5; ++n) (void)store->submit(one(n));
  const BatchId last = store->submit({put("t", "large", "more than ten octets")});
  disk.hold(false);
  ASSERT_TRUE(news.until_durable(*store, last));
  EXPECT_EQ(disk.groups, (std::deque<std::size_t>{1, 3, 2, 1}));
}

TEST_F(ThreadedStoreTest, AFailureIsToldLoggedCountedAndTriedAgain) {
  const auto store = make();
  disk.fail(Failure{Reason::Full, "ce.state: no space left"});
  const BatchId first = store->submit(one(1));
  ASSERT_TRUE(news.until(*store, [](const Event& e) { return test::is_failure(e, Reason::Full); }));
  ASSERT_TRUE(disk.until_tried(3));
  EXPECT_EQ(test::events_of(*store).size(), 0U) << "told once, not at each try";
  const auto failing = store->snapshot();
  EXPECT_TRUE(failing.failed);
  EXPECT_EQ(failing.trouble, "ce.state: no space left");
  EXPECT_GE(failing.failures[static_cast<std::size_t>(Reason::Full)], 1U);
  EXPECT_EQ(failing.durable, 0U);
  const BatchId second = store->submit(one(2));
  disk.fail(std::nullopt);
  ASSERT_TRUE(news.until_durable(*store, second));
  ASSERT_GE(news.seen().size(), 3U);
  EXPECT_TRUE(std::holds_alternative<Recovered>(news.seen()[1]));
  EXPECT_GE(test::durable_of(news.seen()[2]), first.value);
  EXPECT_FALSE(store->snapshot().failed);
  EXPECT_EQ(test::rows_of(*store, "t").size(), 2U);
  EXPECT_NE(lines.str().find("nothing new is announced"), std::string::npos) << lines.str();
  EXPECT_NE(lines.str().find("no space left"), std::string::npos) << lines.str();
  EXPECT_NE(lines.str().find("saved again"), std::string::npos) << lines.str();
}

TEST_F(ThreadedStoreTest, AnotherReasonIsToldToo) {
  const auto store = make();
  disk.fail(Failure{Reason::Full, "full"});
  (void)store->submit(one(1));
  ASSERT_TRUE(news.until(*store, [](const Event& e) { return test::is_failure(e, Reason::Full); }));
  disk.fail(Failure{Reason::ReadOnly, "read-only"});
  EXPECT_TRUE(
      news.until(*store, [](const Event& e) { return test::is_failure(e, Reason::ReadOnly); }));
}

TEST_F(ThreadedStoreTest, IsOverloadedBeyondItsBound) {
  const auto store = make({.news = {}, .log = {}, .most_pending_octets = 10, .kept_as = {}});
  disk.hold(true);
  (void)store->submit(one(1));
  EXPECT_FALSE(store->snapshot().overloaded);
  (void)store->submit({put("t", "key", "a value")});
  EXPECT_TRUE(store->snapshot().overloaded);
  const BatchId last = store->submit(one(2));
  disk.hold(false);
  ASSERT_TRUE(news.until_durable(*store, last));
  EXPECT_FALSE(store->snapshot().overloaded);
}

TEST_F(ThreadedStoreTest, AtItsEndItSavesWhatWaits) {
  auto store = make();
  disk.hold(true);
  for (int n = 0; n < 10; ++n) (void)store->submit(one(n));
  std::thread ending([&] { store.reset(); });
  disk.hold(false);
  ending.join();
  EXPECT_EQ(test::rows_of(HeldBackend(disk), "t").size(), 10U);
  EXPECT_EQ(lines.str(), "");
}

TEST_F(ThreadedStoreTest, AtItsEndItSaysWhatItCouldNotSave) {
  auto store = make();
  disk.fail(Failure{Reason::Io, "the disk is gone"});
  for (int n = 0; n < 10; ++n) (void)store->submit(one(n));
  store.reset();
  EXPECT_NE(lines.str().find("state was not saved"), std::string::npos) << lines.str();
  EXPECT_NE(lines.str().find("batches=10"), std::string::npos) << lines.str();
}

TEST_F(ThreadedStoreTest, WhoIsNotMasterWritesNeverAgain) {
  const auto store = make();
  disk.fail(Failure{Reason::NotMaster, "ce2 is master"});
  (void)store->submit(one(1));
  ASSERT_TRUE(
      news.until(*store, [](const Event& e) { return test::is_failure(e, Reason::NotMaster); }));
  disk.fail(std::nullopt);
  const BatchId second = store->submit(one(2));
  EXPECT_EQ(second.value, 2U);
  EXPECT_EQ(store->snapshot().pending_octets, 0U) << "not kept for ever";
  EXPECT_TRUE(test::events_of(*store).empty());
  EXPECT_TRUE(test::rows_of(*store, "t").empty());
}

TEST_F(ThreadedStoreTest, ItsFiguresAreMetrics) {
  const auto store = make({.news = {}, .log = {}, .kept_as = "ce.state.damaged"});
  ASSERT_TRUE(news.until_durable(*store, store->submit(one(1))));
  disk.fail(Failure{Reason::ReadOnly, "read-only"});
  (void)store->submit(one(2));
  ASSERT_TRUE(
      news.until(*store, [](const Event& e) { return test::is_failure(e, Reason::ReadOnly); }));
  observe::Metrics metrics;
  const auto handle = metrics.add([&] { return families_of(store->snapshot()); });
  const std::string text = metrics.text();
  for (const char* line :
       {"ce_state_failed 1\n", "ce_state_overloaded 0\n", "ce_state_found_damaged 1\n",
        "ce_state_pending_batches 1\n", "ce_state_batches_total 1\n", "ce_state_commits_total 1\n",
        "ce_state_changes_total 1\n", "ce_state_failures_total{reason=\"full\"} 0\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "not in\n" << text;
  }
  EXPECT_EQ(text.find("ce_state_failures_total{reason=\"read_only\"} 0\n"), std::string::npos);
}

}  // namespace
}  // namespace forces::state
