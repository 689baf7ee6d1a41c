// What is on its way to one neighbour and what is asked of it: the DCS retransmit queue (RFC 2334
// section 2.3) and the CSA Request List (section 2.2.2.1).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "ce/multicast/scsp/config.hpp"
#include "common/core/hash_index.hpp"

namespace forces::multicast::sync {

// Slots of the cache, each once, so always in its newest instance: first those that wait to be
// sent, then those that wait to be acknowledged, in the order in which they are due.
class RetransmitQueue {
 public:
  struct Item {
    std::uint32_t slot = 0;
    std::uint32_t previous = kNone, next = kNone;
    std::uint16_t hops = 0;
    std::uint8_t sends = 0;
    bool sent = false;  // on that list
    Instant due{};
  };

  // To be sent, as if it had never been. True: it was not there.
  bool push(std::uint32_t slot, std::uint16_t hops);
  bool erase(std::uint32_t slot);  // true: it was there
  [[nodiscard]] bool contains(std::uint32_t slot) const { return find(slot) != kNone; }
  // The next one to be sent; null: none.
  [[nodiscard]] const Item* first_unsent() const { return head(unsent_); }
  void sent(Instant due);  // that one
  // The first one that is not acknowledged in time, to be sent again; null: none.
  [[nodiscard]] const Item* take_expired(Instant now);
  [[nodiscard]] std::optional<Instant> next_due() const;

  [[nodiscard]] std::size_t unsent() const { return unsent_.size; }
  [[nodiscard]] std::size_t unacknowledged() const { return sent_.size; }
  template <class Visit>
  void clear(Visit&& visit) {  // visit(slot) of each
    for (const List* list : {&unsent_, &sent_}) {
      for (std::uint32_t i = list->head; i != kNone; i = items_[i].next) visit(items_[i].slot);
    }
    reset();
  }

 private:
  static constexpr std::uint32_t kNone = HashIndex::kNone;
  struct List {
    std::uint32_t head = kNone, tail = kNone;
    std::size_t size = 0;
  };

  [[nodiscard]] std::uint32_t find(std::uint32_t slot) const {
    return index_.find(slot, [&](std::uint32_t i) { return items_[i].slot == slot; });
  }
  [[nodiscard]] const Item* head(const List& list) const {
    return list.head == kNone ? nullptr : &items_[list.head];
  }
  void append(List& list, std::uint32_t item);
  void remove(List& list, std::uint32_t item);
  void reset();

  std::vector<Item> items_;
  std::vector<std::uint32_t> free_;
  HashIndex index_;
  List unsent_, sent_;
};

// The CRL: what waits to be asked for, and what the one CSUS that may be outstanding asked for.
class RequestList {
 public:
  struct Wanted {
    EntryId id{};
    SequenceNumber sequence{};  // that the neighbour has
    bool answered = false;
  };

  void want(const EntryId& id, SequenceNumber sequence) { waiting_.push_back({id, sequence}); }
  // The CSUS asked for it. Whatever came, it is not asked for again.
  bool answer(const EntryId& id);
  [[nodiscard]] bool outstanding() const { return open_ > 0; }
  [[nodiscard]] std::size_t size() const { return waiting_.size() + open_; }

  // The next to be asked for; null: none. Then drop() or ask() it.
  [[nodiscard]] const Wanted* next() const {
    return waiting_.empty() ? nullptr : &waiting_.front();
  }
  void drop() { waiting_.pop_front(); }
  void ask();
  // What was not answered is the next to be asked for.
  void give_up();
  void clear();

 private:
  std::deque<Wanted> waiting_;
  std::vector<Wanted> asked_;
  HashIndex index_;  // of asked_
  std::size_t open_ = 0;
};

}  // namespace forces::multicast::sync
