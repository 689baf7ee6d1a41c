// A core without I/O, one step at a time.
#pragma once

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "common/core/time.hpp"

namespace forces::test {

constexpr Instant at(Duration d) { return Instant(d); }

template <class Core>
using OutputOf = decltype(std::declval<Core&>().poll_output())::value_type;

template <class Core>
std::vector<OutputOf<Core>> outputs_of(Core& core) {
  std::vector<OutputOf<Core>> all;
  while (auto output = core.poll_output()) all.push_back(std::move(*output));
  return all;
}

// What its timers say until `end`, each fired when it is due.
template <class Core>
std::vector<std::pair<Duration, OutputOf<Core>>> run_until(Core& core, Instant end) {
  std::vector<std::pair<Duration, OutputOf<Core>>> all;
  for (int budget = 0; budget < 10'000; ++budget) {
    const auto due = core.next_deadline();
    if (!due || *due > end) return all;
    core.on_timer(*due);
    for (auto& output : outputs_of(core)) {
      all.emplace_back(due->time_since_epoch(), std::move(output));
    }
  }
  ADD_FAILURE() << "the deadline does not move";
  return all;
}

}  // namespace forces::test
