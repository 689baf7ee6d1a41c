// Mastership as etcd gives it: a key that lives as long as a lease, which a thread keeps alive.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "ce/state/etcd/client.hpp"
#include "common/core/time.hpp"

namespace forces::state::etcd {

class Lease {
 public:
  // Told on the thread that asks, and then on the lease's.
  struct Hooks {
    // At most once: etcd ended it, or could not be asked for the whole of its life. From then on
    // another may be master.
    std::function<void(Failure)> lost{};
    // After each answer: no other is before this. An owner that must not act a moment longer looks
    // here, for `lost` may come late, behind a question that waits for its answer.
    std::function<void(Instant)> good_until{};
  };
  [[nodiscard]] static std::expected<std::unique_ptr<Lease>, Failure> grant(
      const ClientOptions& options, std::chrono::seconds life, Hooks hooks);
  ~Lease();  // revokes it, so that the next one need not wait
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  [[nodiscard]] const std::string& id() const;  // as JSON has it: a number in text

 private:
  class Impl;
  explicit Lease(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace forces::state::etcd
