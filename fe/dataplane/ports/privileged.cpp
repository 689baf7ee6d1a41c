#include "fe/dataplane/ports/privileged.hpp"

namespace forces::fe::dataplane {

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
