// Descriptors: process-wide, since the draft's calls carry nothing else. A lookup is two loads.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "tml/tml.h"

namespace forces::tml {

class Channel;
class Context;

struct GroupHandle {
  Context* context = nullptr;
  std::uint32_t group = 0;
  std::uint64_t incarnation = 0;
};

// value = generation:40 | kind:2 | index:22. A value is never used again.
class Handles {
 public:
  static Handles& instance();

  tml_descriptor add(Channel& channel) { return add(&channel, kChannel); }
  tml_descriptor add(GroupHandle& group) { return add(&group, kGroup); }
  void remove(tml_descriptor d);

  Channel* channel(tml_descriptor d) const { return static_cast<Channel*>(find(d, kChannel)); }
  GroupHandle* group(tml_descriptor d) const { return static_cast<GroupHandle*>(find(d, kGroup)); }
  // For a descriptor that finds nothing: was there ever one like it?
  bool was_issued(tml_descriptor d) const;

 private:
  static constexpr std::uint64_t kChannel = 1, kGroup = 2;
  static constexpr std::size_t kPage = 4096, kPages = 1024;
  struct Slot {
    std::atomic<std::uint64_t> value{0};
    std::atomic<void*> object{nullptr};
  };
  using Page = std::array<Slot, kPage>;

  tml_descriptor add(void* object, std::uint64_t kind);
  void* find(tml_descriptor d, std::uint64_t kind) const {
    if (((d.value >> 22) & 3) != kind) return nullptr;
    const Slot* slot = at(d.value & 0x3fffff);
    if (slot == nullptr || slot->value.load(std::memory_order_acquire) != d.value) return nullptr;
    return slot->object.load(std::memory_order_relaxed);
  }
  Slot* at(std::uint64_t index) const {
    Page* page = pages_[index / kPage].load(std::memory_order_acquire);
    return page == nullptr ? nullptr : &(*page)[index % kPage];
  }

  mutable std::mutex mutex_;
  std::array<std::atomic<Page*>, kPages> pages_{};
  std::vector<std::unique_ptr<Page>> owned_;
  std::vector<std::uint32_t> free_;
  std::uint32_t used_ = 0;
  std::uint64_t generation_ = 0;
};

}  // namespace forces::tml
