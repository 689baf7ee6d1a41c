// What an FE forwards by, as the engine and the element see it: the kernel's tables and, where
// there are optical ports, the fabric.
#pragma once

#include "fe/forwarding/forwarding.hpp"
#include "fe/forwarding/optical/optical.hpp"

namespace forces::fe::forwarding {

class Planes final : public lfb::Sink, public lfb::Provider {
 public:
  Planes(const ForwardingConfig& kernel, const std::vector<dataplane::PortConfig>& ports,
         const dataplane::optical::FabricConfig& fabric)
      : kernel_(kernel, ports), fabric_(fabric) {}

  [[nodiscard]] Forwarding& kernel() { return kernel_; }
  [[nodiscard]] Optical& fabric() { return fabric_; }

  void attach(lfb::Engine& engine) {
    kernel_.attach(engine);
    fabric_.attach(engine);
  }
  // False: something is not as configured; the notes say what.
  bool open(const lfb::FeProtocol& policy, Instant now) {
    const bool good = kernel_.open(policy, now);
    return fabric_.open(now) && good;
  }
  void turn(Instant now) {
    kernel_.turn(now);
    fabric_.turn(now);
  }
  [[nodiscard]] std::optional<Instant> next_deadline() const {
    const auto one = kernel_.next_deadline(), other = fabric_.next_deadline();
    return one && other ? std::min(one, other) : one ? one : other;
  }
  // What was asked for is in effect, and on the disk, before its answer leaves. True: events may be
  // in the engine.
  [[nodiscard]] bool obey(lfb::FeState state, Instant now) {
    fabric_.obey(state);
    fabric_.flush(now);
    return kernel_.obey(state);
  }
  [[nodiscard]] daemon::Notes take_notes() {
    daemon::Notes notes = kernel_.take_notes();
    for (daemon::Note& note : fabric_.take_notes()) notes.push_back(std::move(note));
    return notes;
  }

  [[nodiscard]] pl::ResultCode check(const lfb::Change& change) override {
    const pl::ResultCode code = kernel_.check(change);
    return code == pl::ResultCode::Success ? fabric_.check(change) : code;
  }
  void applied(const lfb::Changes& changes) override {
    kernel_.applied(changes);
    fabric_.applied(changes);
  }
  void settled(Instant now) override { fabric_.settled(now); }
  [[nodiscard]] bool read(const lfb::Instance& instance, const lfb::Component& component,
                          wire::ByteWriter& out) override {
    return kernel_.read(instance, component, out);
  }

 private:
  Forwarding kernel_;
  Optical fabric_;
};

}  // namespace forces::fe::forwarding
