// Forwarding, shared by who tells it of maps (the thread of the MARS) and the controller, which
// takes rows from it. Its mutex is taken inside of the controller's, never around it.
//
//   source.with([&](Forwarding& f) { f.set_group(...); });   // any thread, not under the mutex of
//   controller.copies_changed();                             // the controller
//
// Time is the controller's: it calls on_timer() at next_deadline().
#pragma once

#include <mutex>
#include <utility>

#include "ce/multicast/forwarding/forwarding.hpp"

namespace forces::multicast::forwarding {

class ForwardingSource final : public provision::CopySource {
 public:
  explicit ForwardingSource(ForwardingTimes times = {}, Instant start = {})
      : forwarding_(times, start) {}

  template <class F>
  decltype(auto) with(F&& f) {
    const std::scoped_lock lock(mutex_);
    return std::forward<F>(f)(forwarding_);
  }

  template <class F>
  decltype(auto) with(F&& f) const {
    const std::scoped_lock lock(mutex_);
    return std::forward<F>(f)(forwarding_);
  }

  void on_fe(std::uint32_t fe, Instant now) override {
    with([&](Forwarding& f) { f.on_fe(fe, now); });
  }
  void on_fe_gone(std::uint32_t fe) override {
    with([&](Forwarding& f) { f.on_fe_gone(fe); });
  }
  [[nodiscard]] std::uint64_t version(std::uint32_t fe) override {
    return with([&](Forwarding& f) { return f.version(fe); });
  }
  [[nodiscard]] provision::CopyRows rows(std::uint32_t fe) override {
    return with([&](Forwarding& f) { return f.rows(fe); });
  }
  [[nodiscard]] Instant orphans_until() override {
    return with([&](Forwarding& f) { return f.orphans_until(); });
  }
  void on_set(std::uint32_t fe, std::uint64_t version, Instant now) override {
    with([&](Forwarding& f) { f.on_set(fe, version, now); });
  }
  [[nodiscard]] std::optional<std::uint32_t> poll_changed() override {
    return with([&](Forwarding& f) { return f.poll_changed(); });
  }
  void on_timer(Instant now) override {
    with([&](Forwarding& f) { f.on_timer(now); });
  }
  [[nodiscard]] std::optional<Instant> next_deadline() override {
    return with([&](Forwarding& f) { return f.next_deadline(); });
  }

 private:
  mutable std::mutex mutex_;
  Forwarding forwarding_;
};

}  // namespace forces::multicast::forwarding
