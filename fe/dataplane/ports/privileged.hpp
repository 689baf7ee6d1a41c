// A thread that does errands with the capabilities of the thread that made it. Capabilities are of
// a thread: those of libtml are there before the daemon drops its privileges, and have none after;
// the one that dropped them keeps what [process] names. rtnetlink looks at who calls send().
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace forces::fe::dataplane {

[[nodiscard]] bool has_net_admin();  // the calling thread

class PrivilegedThread {
 public:
  PrivilegedThread();
  ~PrivilegedThread();
  PrivilegedThread(const PrivilegedThread&) = delete;
  PrivilegedThread& operator=(const PrivilegedThread&) = delete;

  // Waits until it is done. One caller at a time.
  void run(const std::function<void()>& errand);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void()>* errand_ = nullptr;  // to be done
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace forces::fe::dataplane
