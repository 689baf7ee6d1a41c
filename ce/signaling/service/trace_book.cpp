#include "ce/signaling/service/trace_book.hpp"

#include <ranges>

namespace forces::signaling {

TraceBook::TraceBook(std::uint32_t most_rows) : most_rows_(most_rows) { restart(); }

void TraceBook::want(std::uint32_t port, const Texts& texts) {
  std::vector<Slot> gone;
  for (auto at = wanted_.lower_bound({port, 0}); at != wanted_.end() && at->first.first == port;
       ++at) {
    if (!texts.contains(at->first.second)) gone.push_back(at->first);
  }
  for (const Slot& slot : gone) {
    wanted_.erase(slot);
    look(slot);
  }
  for (const auto& [label, text] : texts) {
    wanted_[{port, label}] = text;
    look({port, label});
  }
}

void TraceBook::restart() {
  there_.clear();
  open_.clear();
  asked_.clear();
  free_.clear();
  for (std::uint32_t number = 0; number < most_rows_; ++number) {
    free_.insert(free_.end(), number);
  }
  for (const auto& [slot, text] : wanted_) open_.insert(slot);
}

void TraceBook::look(const Slot& slot) {
  const auto wanted = wanted_.find(slot);
  const auto there = there_.find(slot);
  const bool same = wanted == wanted_.end()
                        ? there == there_.end()
                        : there != there_.end() && there->second.text == wanted->second;
  same ? (void)open_.erase(slot) : (void)open_.insert(slot);
}

std::vector<ce::provision::TraceChange> TraceBook::next(std::size_t most) {
  for (const Slot& slot : open_) {
    if (asked_.size() == most) break;
    ce::provision::TraceChange change{.port = slot.first, .label = slot.second};
    if (const auto wanted = wanted_.find(slot); wanted != wanted_.end()) {
      change.text = wanted->second;
    }
    if (const auto there = there_.find(slot); there != there_.end()) {
      change.number = there->second.number;
    } else if (!free_.empty()) {
      change.number = free_.extract(free_.begin()).value();
      there_[slot].number = change.number;
    } else {
      continue;  // the table is full; of what is not sent nothing is learned
    }
    asked_.push_back(std::move(change));
  }
  return asked_;
}

void TraceBook::done(bool answered) {
  const auto asked = std::exchange(asked_, {});
  for (const ce::provision::TraceChange& change : asked) {
    const Slot slot{change.port, change.label};
    if (!answered) {
      there_[slot].text.clear();  // it may have been done all the same
    } else if (change.text) {
      there_[slot].text = *change.text;
    } else {
      free_.insert(change.number);
      there_.erase(slot);
    }
    look(slot);
  }
}

}  // namespace forces::signaling
