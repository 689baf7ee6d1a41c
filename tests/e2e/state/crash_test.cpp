// kill -9 in the middle of batches: all that were said to be durable are there, none in part.
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>
#include <thread>

#include "ce/state/open_store.hpp"
#include "ce/state/outbox.hpp"
#include "tests/unit/ce/state/support.hpp"

namespace forces::state {
namespace {

using test::Folder;

Octets key_of(std::uint64_t n) {
  Octets key;
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<std::byte>(n >> shift));
  return key;
}
std::uint64_t number_of(Bytes key) {
  std::uint64_t n = 0;
  for (const std::byte b : key) n = n << 8 | std::to_integer<std::uint64_t>(b);
  return n;
}
std::uint64_t last_of(const Store& store) {
  const auto last = store.get("last", {});
  return last && *last ? number_of(**last) : 0;
}

// The child: batch n writes n to three tables, and n goes into the pipe when the outbox lets it.
[[noreturn]] void write_for_ever(const std::string& file, int pipe) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  test::News news;
  ThreadedOptions options;
  options.news = news.handler();
  auto opened = open_store({.file = file}, options);
  if (!opened) _exit(1);
  Store& store = **opened;
  Outbox<std::uint64_t> outbox;
  std::uint64_t next = last_of(store) + 1;
  for (;;) {
    while (outbox.waiting() < 50) {
      outbox.persist({"path", key_of(next), Octets(300, static_cast<std::byte>(next))});
      outbox.persist({"call", key_of(next), Octets(100, static_cast<std::byte>(next))});
      outbox.persist({"last", {}, key_of(next)});
      outbox.send(next++);
      outbox.commit(store);
    }
    const bool told = news.until(store, [&](const Event& event) {
      if (const auto* durable = std::get_if<Durable>(&event)) outbox.on_durable(durable->up_to);
      return true;
    });
    if (!told) _exit(2);
    while (const auto said = outbox.poll()) {
      if (write(pipe, &*said, sizeof *said) != sizeof *said) _exit(3);
    }
  }
}

TEST(KilledStore, HasWhatItSaidWasDurableAndNoHalfBatch) {
  const Folder folder;
  std::mt19937 random(20261126);
  std::uint64_t before = 0, announced = 0;
  for (int round = 0; round < 15; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      write_for_ever(folder.file(), ends[1]);
    }
    close(ends[1]);
    std::uint64_t said = 0, n = 0;
    // Every fifth is killed wherever it is, perhaps while it opens the file.
    std::uint64_t until = round % 5 == 0 ? 0 : 1 + random() % 600;
    for (; until > 0 && read(ends[0], &n, sizeof n) == sizeof n; --until) said = n;
    EXPECT_EQ(until, 0U) << "the child ended by itself";
    // Having said something it is idle; any moment of its next commits shall be met.
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 8000));
    kill(child, SIGKILL);
    while (read(ends[0], &n, sizeof n) == sizeof n) said = n;  // said before it died
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;

    auto opened = open_store({.file = folder.file()}, {});
    ASSERT_TRUE(opened) << opened.error().text;
    ASSERT_EQ((*opened)->snapshot().kept_as, "") << "a crash is no damage";
    const std::uint64_t last = last_of(**opened);
    ASSERT_GE(last, said) << "round " << round;
    ASSERT_GE(last, before) << "round " << round;
    for (const auto& [table, size] : {std::pair{"path", 300U}, std::pair{"call", 100U}}) {
      std::uint64_t expected = 0;
      ASSERT_TRUE((*opened)->scan(table, {}, [&](Bytes key, Bytes value) {
        return number_of(key) == ++expected &&
               Octets(value.begin(), value.end()) == Octets(size, static_cast<std::byte>(expected));
      }));
      ASSERT_EQ(expected, last) << table << " in round " << round;
    }
    before = last;
    if (said != 0) announced = said;
  }
  EXPECT_GT(announced, 1000U) << "the test did something";
}

}  // namespace
}  // namespace forces::state
