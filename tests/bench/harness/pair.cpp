#include "tests/bench/harness/pair.hpp"

#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <new>

namespace forces::bench {
namespace {

std::uint64_t read_clock(clockid_t clock) {
  timespec at{};
  clock_gettime(clock, &at);
  return static_cast<std::uint64_t>(at.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(at.tv_nsec);
}

void settle(const Options& options, int core) {
  prctl(PR_SET_TIMERSLACK, 1);  // the default of 50 us would show in every timed wait
  if (options.pin == "none" || sysconf(_SC_NPROCESSORS_ONLN) < 2) return;
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(options.pin == "one" ? 0 : static_cast<std::size_t>(core), &cores);
  if (sched_setaffinity(0, sizeof cores, &cores) != 0) fail("sched_setaffinity");
}

unsigned time_limit() {
  const char* seconds = std::getenv("PEER_ALARM");
  const int given = seconds == nullptr ? 0 : std::atoi(seconds);
  return given > 0 ? static_cast<unsigned>(given) : 40;
}

}  // namespace

void fail(std::string_view why) {
  std::fprintf(stderr, "bench: %.*s (errno says: %s)\n", static_cast<int>(why.size()), why.data(),
               std::strerror(errno));
  std::_Exit(1);
}

std::uint64_t now_ns() { return read_clock(CLOCK_MONOTONIC); }

std::uint64_t cpu_ns(pid_t whose) {
  clockid_t clock{};
  return clock_getcpuclockid(whose, &clock) == 0 ? read_clock(clock) : 0;
}

std::size_t resident_octets() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  if (!(statm >> total >> resident)) fail("/proc/self/statm");
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

int await_port(const std::atomic<int>& port) {
  while (port.load() == 0) usleep(200);
  return port.load();
}

Board& run_pair(const Options& options, const Role& server, const Role& client) {
  void* page =
      mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) fail("mmap");
  Board& board = *new (page) Board;
  if (pipe(board.ack.data()) != 0) fail("pipe");
  std::signal(SIGPIPE, SIG_IGN);
  board.client = getpid();
  alarm(time_limit());
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    alarm(time_limit());
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    settle(options, 1);
    board.server = getpid();
    server(board);
    std::exit(0);  // not _Exit: profilers write their files at a normal end
  }
  settle(options, 0);
  client(board);
  board.client_done = true;
  int status = 0;
  if (waitpid(child, &status, 0) != child || status != 0) fail("the server process failed");
  return board;
}

}  // namespace forces::bench
