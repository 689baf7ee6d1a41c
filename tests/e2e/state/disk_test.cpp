// A disk that is full, and one that is read-only: a small file system of the test's own.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstring>

#include "ce/state/open_store.hpp"
#include "ce/state/outbox.hpp"
#include "tests/unit/ce/state/support.hpp"

namespace forces::state {
namespace {

using namespace std::chrono_literals;
using test::Folder;
using test::News;
using test::put;

// 2 MiB of memory in a mount namespace that only this process sees.
class SmallDisk : public testing::Test {
 protected:
  void SetUp() override {
    if (unshare(CLONE_NEWNS) != 0 ||
        mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", folder.path().c_str(), "tmpfs", 0, "size=2m") != 0) {
      GTEST_SKIP() << "cannot mount: " << std::strerror(errno);
    }
    mounted = true;
  }
  void TearDown() override {
    if (!mounted) return;
    EXPECT_EQ(umount2(folder.path().c_str(), 0), 0) << std::strerror(errno);
  }
  // Until nothing more fits.
  void fill() const {
    const int filler = ::open(folder.file("filler").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const std::string page(4096, 'x');
    while (write(filler, page.data(), page.size()) > 0) continue;
    close(filler);
  }
  Folder folder;
  bool mounted = false;
};

TEST_F(SmallDisk, WhileItIsFullNothingIsAnnouncedAndThenAllIs) {
  News news;
  ThreadedOptions options;
  options.news = news.handler();
  options.retry = options.retry_most = 5ms;
  auto opened = open_store({.file = folder.file()}, options);
  ASSERT_TRUE(opened) << opened.error().text;
  Store& store = **opened;
  Outbox<int> outbox;
  const auto add = [&](int n) {
    outbox.persist(put("t", std::to_string(n), std::string(20'000, 'v')));
    outbox.send(n);
    outbox.commit(store);
  };
  const auto hear = [&](const Event& event) {
    if (const auto* durable = std::get_if<Durable>(&event)) outbox.on_durable(durable->up_to);
  };
  add(1);
  ASSERT_TRUE(news.until(store, [&](const Event& event) {
    hear(event);
    return test::durable_of(event) == 1;
  }));
  EXPECT_EQ(outbox.poll(), 1);

  fill();
  add(2);
  add(3);
  ASSERT_TRUE(news.until(store, [&](const Event& event) {
    hear(event);
    return test::is_failure(event, Reason::Full);
  }));
  EXPECT_EQ(outbox.poll(), std::nullopt);
  const auto full = store.snapshot();
  EXPECT_TRUE(full.failed);
  EXPECT_GE(full.failures[static_cast<std::size_t>(Reason::Full)], 1U);
  EXPECT_NE(full.trouble.find("full"), std::string::npos) << full.trouble;
  EXPECT_EQ(test::rows_of(store, "t").size(), 1U) << "what is there can be read";

  std::filesystem::remove(folder.file("filler"));
  ASSERT_TRUE(news.until(store, [&](const Event& event) {
    hear(event);
    return test::durable_of(event) == 3;
  }));
  EXPECT_EQ(outbox.poll(), 2);
  EXPECT_EQ(outbox.poll(), 3);
  EXPECT_FALSE(store.snapshot().failed);
  opened->reset();
  auto again = open_store({.file = folder.file()}, {});
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ((*again)->snapshot().kept_as, "") << "full is no damage";
  EXPECT_EQ(test::rows_of(**again, "t").size(), 3U);
}

TEST_F(SmallDisk, NoRoomForANewStateIsAnErrorAtTheStart) {
  fill();
  const auto opened = open_store({.file = folder.file()}, {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(to_string(opened.error().reason), "full") << opened.error().text;
}

TEST_F(SmallDisk, AReadOnlyFileSystemIsAnErrorAtTheStart) {
  {
    News news;
    ThreadedOptions options;
    options.news = news.handler();
    auto opened = open_store({.file = folder.file()}, options);
    ASSERT_TRUE(opened) << opened.error().text;
    ASSERT_TRUE(news.until_durable(**opened, (*opened)->submit({put("t", "a", "1")})));
  }
  ASSERT_EQ(mount(nullptr, folder.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  const auto opened = open_store({.file = folder.file()}, {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(to_string(opened.error().reason), "read_only") << opened.error().text;
  EXPECT_NE(opened.error().text.find("Read-only file system"), std::string::npos)
      << opened.error().text;
}

}  // namespace
}  // namespace forces::state
