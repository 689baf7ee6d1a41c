#include "tml/src/net/element/handles.hpp"

namespace forces::tml {

Handles& Handles::instance() {
  static Handles* const handles =
      new Handles;  // outlives every thread that may still hold a descriptor
  return *handles;
}

tml_descriptor Handles::add(void* object, std::uint64_t kind) {
  const std::lock_guard lock(mutex_);
  std::uint32_t index = 0;
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  } else {
    if (used_ == kPage * kPages) return {0};
    index = used_++;
    if (index % kPage == 0) {
      owned_.push_back(std::make_unique<Page>());
      pages_[index / kPage].store(owned_.back().get(), std::memory_order_release);
    }
  }
  Slot* slot = at(index);
  slot->object.store(object, std::memory_order_relaxed);
  const std::uint64_t value = (++generation_ << 24) | (kind << 22) | index;
  slot->value.store(value, std::memory_order_release);
  return {value};
}

void Handles::remove(tml_descriptor d) {
  const std::lock_guard lock(mutex_);
  const auto index = static_cast<std::uint32_t>(d.value & 0x3fffff);
  Slot* slot = index < used_ ? at(index) : nullptr;
  if (slot == nullptr || slot->value.load(std::memory_order_relaxed) != d.value) return;
  slot->value.store(0, std::memory_order_release);
  free_.push_back(index);
}

bool Handles::was_issued(tml_descriptor d) const {
  const std::lock_guard lock(mutex_);
  const std::uint64_t kind = (d.value >> 22) & 3;
  return (kind == kChannel || kind == kGroup) && (d.value & 0x3fffff) < used_ &&
         (d.value >> 24) != 0 && (d.value >> 24) <= generation_;
}

}  // namespace forces::tml
