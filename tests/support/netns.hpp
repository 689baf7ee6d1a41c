// Network namespaces, for tests with real interfaces.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace forces::test {

// Moves this process (tests are one process each, or run in any order after it) into a fresh
// network namespace. False without the privilege; then the test is to be skipped with that reason.
inline bool enter_fresh_namespace() {
  if (::unshare(CLONE_NEWNET) != 0) return false;
  return std::system("ip link set lo up") == 0;
}

// `ip` or another tool; true when it succeeded.
inline bool run(const std::string& command) { return std::system(command.c_str()) == 0; }

// One more namespace, which lives for as long as this object and the processes in it.
class Namespace {
 public:
  Namespace() {
    const int before = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (enter_fresh_namespace()) fd_ = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (::setns(before, CLONE_NEWNET) != 0 && fd_ >= 0) std::abort();
    ::close(before);
  }
  ~Namespace() {
    if (fd_ >= 0) ::close(fd_);
  }
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;

  [[nodiscard]] bool made() const { return fd_ >= 0; }  // false without the privilege
  [[nodiscard]] int fd() const { return fd_; }
  // What `ip link add ... netns` takes.
  [[nodiscard]] std::string path() const {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd_);
  }

 private:
  int fd_ = -1;
};

// While it lives, the calling thread is in that namespace: sockets are made and children started
// there.
class Inside {
 public:
  explicit Inside(const Namespace& other)
      : before_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    if (::setns(other.fd(), CLONE_NEWNET) != 0) std::abort();
  }
  ~Inside() {
    if (::setns(before_, CLONE_NEWNET) != 0) std::abort();
    ::close(before_);
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  int before_;
};

}  // namespace forces::test
