#include "ce/multicast/scsp/core/queues.hpp"

#include <algorithm>

namespace forces::multicast::sync {
namespace {

constexpr std::size_t kKept = 1'024;  // records that an empty queue has memory for

}  // namespace

void RetransmitQueue::append(List& list, std::uint32_t item) {
  items_[item].previous = list.tail;
  items_[item].next = kNone;
  (list.tail == kNone ? list.head : items_[list.tail].next) = item;
  list.tail = item;
  ++list.size;
}

void RetransmitQueue::remove(List& list, std::uint32_t item) {
  const Item& i = items_[item];
  (i.previous == kNone ? list.head : items_[i.previous].next) = i.next;
  (i.next == kNone ? list.tail : items_[i.next].previous) = i.previous;
  --list.size;
}

bool RetransmitQueue::push(std::uint32_t slot, std::uint16_t hops) {
  std::uint32_t item = find(slot);
  if (item != kNone) {
    Item& i = items_[item];
    i.hops = std::max(i.hops, hops);
    i.sends = 0;
    if (!i.sent) return false;
    remove(sent_, item);
    i.sent = false;
    append(unsent_, item);
    return false;
  }
  item = static_cast<std::uint32_t>(items_.size());
  if (free_.empty()) {
    items_.emplace_back();
  } else {
    item = free_.back();
    free_.pop_back();
  }
  items_[item] = {.slot = slot, .hops = hops};
  append(unsent_, item);
  index_.insert(slot, item, [this](std::uint32_t i) { return items_[i].slot; });
  return true;
}

bool RetransmitQueue::erase(std::uint32_t slot) {
  const std::uint32_t item = find(slot);
  if (item == kNone) return false;
  remove(items_[item].sent ? sent_ : unsent_, item);
  index_.erase(slot, item, [this](std::uint32_t i) { return items_[i].slot; });
  free_.push_back(item);
  // A flood of the whole cache leaves no memory behind.
  if (unsent_.size + sent_.size == 0 && items_.capacity() > kKept) *this = {};
  return true;
}

void RetransmitQueue::sent(Instant due) {
  const std::uint32_t item = unsent_.head;
  remove(unsent_, item);
  Item& i = items_[item];
  i.sent = true;
  i.due = due;
  ++i.sends;
  append(sent_, item);
}

const RetransmitQueue::Item* RetransmitQueue::take_expired(Instant now) {
  const std::uint32_t item = sent_.head;
  if (item == kNone || now < items_[item].due) return nullptr;
  remove(sent_, item);
  items_[item].sent = false;
  append(unsent_, item);
  return &items_[item];
}

std::optional<Instant> RetransmitQueue::next_due() const {
  if (sent_.head == kNone) return std::nullopt;
  return items_[sent_.head].due;
}

void RetransmitQueue::reset() {
  if (items_.capacity() > kKept) {
    *this = {};
    return;
  }
  items_.clear();
  free_.clear();
  index_.clear();
  unsent_ = sent_ = {};
}

bool RequestList::answer(const EntryId& id) {
  const std::uint32_t at =
      index_.find(hash(id), [&](std::uint32_t i) { return asked_[i].id == id; });
  if (at == HashIndex::kNone) return false;
  if (!asked_[at].answered) {
    asked_[at].answered = true;
    --open_;
  }
  return true;
}

void RequestList::ask() {
  if (open_ == 0) {  // the CSUS before this one is over
    asked_.clear();
    index_.clear();
  }
  const auto at = static_cast<std::uint32_t>(asked_.size());
  const std::uint64_t h = hash(waiting_.front().id);
  const auto same = [&](std::uint32_t i) { return asked_[i].id == waiting_.front().id; };
  if (index_.find(h, same) == HashIndex::kNone) {
    asked_.push_back(waiting_.front());
    index_.insert(h, at, [this](std::uint32_t i) { return hash(asked_[i].id); });
    ++open_;
  }
  waiting_.pop_front();
}

void RequestList::give_up() {
  for (auto i = asked_.rbegin(); i != asked_.rend(); ++i) {
    if (!i->answered) waiting_.push_front(*i);
  }
  asked_.clear();
  index_.clear();
  open_ = 0;
}

void RequestList::clear() { *this = {}; }

}  // namespace forces::multicast::sync
