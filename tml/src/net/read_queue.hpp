// Messages that wait for tmlRead, bounded in octets. The I/O thread puts, any thread takes.
#pragma once

#include <cstring>
#include <deque>
#include <memory>
#include <mutex>

#include "tml/tml.h"

namespace forces::tml {

class ReadQueue {
 public:
  void set_limit(std::size_t octets) { limit_ = octets; }

  // True: beyond the limit now; stop reading from the peer until take() says resume.
  bool put(const void* data, std::size_t size, bool& wanted) {
    const std::lock_guard lock(mutex_);
    Entry entry{std::make_unique_for_overwrite<std::byte[]>(size), size};
    std::memcpy(entry.data.get(), data, size);
    queue_.push_back(std::move(entry));
    octets_ += size;
    wanted = notify_;
    notify_ = false;
    held_ = held_ || octets_ >= limit_;
    return held_;
  }
  // TMLX_E_WOULD_BLOCK: nothing there. `notify`: then tell once through `wanted` of put().
  tml_status take(const tmlx_buffer& into, std::size_t& size, bool notify, bool& resume) {
    const std::lock_guard lock(mutex_);
    size = 0;
    resume = false;
    if (queue_.empty()) {
      if (notify) notify_ = true;
      return TMLX_E_WOULD_BLOCK;
    }
    const Entry& first = queue_.front();
    size = first.size;
    if (first.size > into.capacity || into.data == nullptr) return TMLX_E_BUFFER_TOO_SMALL;
    std::memcpy(into.data, first.data.get(), first.size);
    octets_ -= first.size;
    queue_.pop_front();
    if (held_ && octets_ <= limit_ / 2) {
      held_ = false;
      resume = true;
    }
    return TML_SUCCESS;
  }
  bool empty() const {
    const std::lock_guard lock(mutex_);
    return queue_.empty();
  }
  std::size_t octets() const {
    const std::lock_guard lock(mutex_);
    return octets_;
  }
  // Returns how many were lost.
  std::size_t clear() {
    const std::lock_guard lock(mutex_);
    const std::size_t lost = queue_.size();
    queue_.clear();
    octets_ = 0;
    held_ = false;
    return lost;
  }

 private:
  struct Entry {
    std::unique_ptr<std::byte[]> data;
    std::size_t size;
  };
  mutable std::mutex mutex_;
  std::deque<Entry> queue_;
  std::size_t octets_ = 0, limit_ = 0;
  bool notify_ = false, held_ = false;
};

}  // namespace forces::tml
