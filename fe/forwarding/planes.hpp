// What an FE forwards by, as the engine and the element see it: the kernel's tables, those of
// multicast apart, and, where there are optical ports, the fabric.
#pragma once

#include "fe/forwarding/multicast/multicast.hpp"
#include "fe/forwarding/optical/optical.hpp"
#include "fe/forwarding/unicast/forwarding.hpp"

namespace forces::fe::forwarding {

class Planes final : public lfb::Sink, public lfb::Provider {
 public:
  Planes(const ForwardingConfig& kernel, const std::vector<dataplane::PortConfig>& ports,
         const dataplane::optical::FabricConfig& fabric,
         const dataplane::multicast::EndpointConfig& endpoint)
      : kernel_(kernel, ports), multicast_(kernel.kernel, ports, endpoint), fabric_(fabric) {}

  [[nodiscard]] Forwarding& kernel() { return kernel_; }
  [[nodiscard]] Multicast& multicast() { return multicast_; }
  [[nodiscard]] Optical& fabric() { return fabric_; }

  void attach(lfb::Engine& engine) {
    kernel_.attach(engine);
    multicast_.attach(engine);
    fabric_.attach(engine);
  }
  // False: something is not as configured; the notes say what.
  bool open(const lfb::FeProtocol& policy, Instant now) {
    bool good = kernel_.open(policy, now);
    good = multicast_.open() && good;
    return fabric_.open(now) && good;
  }
  void turn(Instant now) {
    kernel_.turn(now);
    multicast_.turn(now);
    fabric_.turn(now);
  }
  [[nodiscard]] std::optional<Instant> next_deadline() const {
    std::optional<Instant> first;
    for (const auto at :
         {kernel_.next_deadline(), multicast_.next_deadline(), fabric_.next_deadline()}) {
      if (at && (!first || *at < *first)) first = at;
    }
    return first;
  }
  // What was asked for is in effect, and on the disk, before its answer leaves. True: events may be
  // in the engine.
  [[nodiscard]] bool obey(lfb::FeState state, Instant now) {
    multicast_.obey(state);
    fabric_.obey(state);
    fabric_.flush(now);
    return kernel_.obey(state);
  }
  [[nodiscard]] daemon::Notes take_notes() {
    daemon::Notes notes = kernel_.take_notes();
    for (daemon::Note& note : multicast_.take_notes()) notes.push_back(std::move(note));
    for (daemon::Note& note : fabric_.take_notes()) notes.push_back(std::move(note));
    return notes;
  }

  [[nodiscard]] pl::ResultCode check(const lfb::Change& change) override {
    pl::ResultCode code = kernel_.check(change);
    if (code == pl::ResultCode::Success) code = multicast_.check(change);
    return code == pl::ResultCode::Success ? fabric_.check(change) : code;
  }
  void applied(const lfb::Changes& changes) override {
    kernel_.applied(changes);
    multicast_.applied(changes);
    fabric_.applied(changes);
  }
  void settled(Instant now) override { fabric_.settled(now); }
  [[nodiscard]] bool read(const lfb::Instance& instance, const lfb::Component& component,
                          wire::ByteWriter& out) override {
    return multicast_.read(instance, component, out) || kernel_.read(instance, component, out);
  }

 private:
  Forwarding kernel_;
  Multicast multicast_;
  Optical fabric_;
};

}  // namespace forces::fe::forwarding
