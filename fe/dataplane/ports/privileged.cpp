#include "fe/dataplane/ports/privileged.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>

#include <array>

namespace forces::fe::dataplane {

bool has_net_admin() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return false;
  return (data[0].effective & 1U << CAP_NET_ADMIN) != 0;
}

PrivilegedThread::PrivilegedThread() : thread_([this] { work(); }) {}

PrivilegedThread::~PrivilegedThread() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void PrivilegedThread::run(const std::function<void()>& errand) {
  std::unique_lock lock(mutex_);
  errand_ = &errand;
  changed_.notify_all();
  changed_.wait(lock, [this] { return errand_ == nullptr; });
}

void PrivilegedThread::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return errand_ != nullptr || ending_; });
    if (errand_ == nullptr) return;
    (*errand_)();
    errand_ = nullptr;
    changed_.notify_all();
  }
}

}  // namespace forces::fe::dataplane
