#include "ce/state/report.hpp"

#include <chrono>
#include <string>

namespace forces::state {

observe::Families families_of(const Snapshot& snapshot) {
  using prometheus::MetricType;
  observe::Families all;
  const auto gauge = [&](const char* name, const char* help, double value) {
    observe::add_sample(all, name, help, MetricType::Gauge, {}).gauge.value = value;
  };
  const auto counter = [&](const char* name, const char* help, double value,
                           const observe::Labels& labels = {}) {
    observe::add_sample(all, name, help, MetricType::Counter, labels).counter.value = value;
  };
  const auto seconds = [](Duration d) { return std::chrono::duration<double>(d).count(); };

  gauge("ce_state_failed", "1 while state cannot be saved and nothing new is announced",
        snapshot.failed ? 1 : 0);
  gauge("ce_state_overloaded", "1 while so much waits to be saved that no new work is taken",
        snapshot.overloaded ? 1 : 0);
  gauge("ce_state_found_damaged", "1 when this process began empty, its file being damaged",
        snapshot.kept_as.empty() ? 0 : 1);
  gauge("ce_state_pending_batches", "Batches that are not durable yet",
        static_cast<double>(snapshot.submitted - snapshot.durable));
  gauge("ce_state_pending_octets", "Octets that are not durable yet",
        static_cast<double>(snapshot.pending_octets));
  gauge("ce_state_longest_commit_seconds", "The slowest commit of this process",
        seconds(snapshot.longest_commit));
  counter("ce_state_batches_total", "Batches made durable", static_cast<double>(snapshot.durable));
  counter("ce_state_changes_total", "Rows written and removed",
          static_cast<double>(snapshot.changes));
  counter("ce_state_octets_total", "Octets of keys and values made durable",
          static_cast<double>(snapshot.octets));
  counter("ce_state_commits_total", "Commits, each of many batches",
          static_cast<double>(snapshot.commits));
  counter("ce_state_commit_seconds_total", "Time spent in commits", seconds(snapshot.commit_time));
  for (std::size_t i = 0; i < kReasons; ++i) {
    counter("ce_state_failures_total", "Commits that failed, by reason",
            static_cast<double>(snapshot.failures[i]),
            {{"reason", std::string(to_string(static_cast<Reason>(i)))}});
  }
  return all;
}

}  // namespace forces::state
