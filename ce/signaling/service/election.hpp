// The lease of a node in etcd, for a Service: a thread that campaigns, and tells. What it does when
// is Tenure's.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "ce/signaling/service/tenure.hpp"
#include "ce/state/etcd/backend.hpp"

namespace forces::signaling {

class Election {
 public:
  // Called on the election's thread, `lost` and `good_until` also on the lease's.
  struct Hooks {
    std::function<bool()> ours;  // an FE of the node obeys us
    std::function<void(std::unique_ptr<state::Backend>)> won;
    std::function<void(std::string why)> lost;  // what was won is to be given back
    std::function<void(Instant)> good_until;    // who has won may act until then
    std::function<void(std::string why)> waits;
    std::function<void(const std::string& holder)> hand_over;
  };

  Election(state::etcd::Options options, Hooks hooks);
  ~Election();  // after what was won is gone: its lease tells until then
  Election(const Election&) = delete;
  Election& operator=(const Election&) = delete;

  void stop();     // no campaign after it; idempotent
  void give_up();  // what was won is not to be used: it ran out, or cannot be read

 private:
  void run();
  void campaign(Instant now);
  void on_lost(std::uint64_t term, const std::string& why);

  state::etcd::Options options_;
  Hooks hooks_;
  Tenure tenure_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false, holds_ = false;
  std::uint64_t term_ = 0;  // a lease that is lost late is not the one that came after it
  std::thread thread_;
};

}  // namespace forces::signaling
