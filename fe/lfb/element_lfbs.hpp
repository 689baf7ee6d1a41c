// The LFBs that every FE of ours has (FE Object, FE Protocol Object, RedirectIn, RedirectOut),
// with those of their values that rule an association kept as plain values beside the engine.
#pragma once

#include "fe/lfb/engine/engine.hpp"
#include "fe/lfb/model.hpp"
#include "fe/lfb/values.hpp"

namespace forces::fe::lfb {

class ElementLfbs : private Sink, private Provider {
 public:
  // Changes of other LFBs go to `dataplane`, their live values come from `statistics`; both may be
  // null and outlive this object.
  explicit ElementLfbs(Values first, Sink* dataplane = nullptr, Provider* statistics = nullptr);

  [[nodiscard]] Engine& engine() { return engine_; }
  [[nodiscard]] const Engine& engine() const { return engine_; }
  [[nodiscard]] const Values& values() const { return values_; }

  // What the FE itself finds out.
  void set_fe_id(std::uint32_t id, Instant now);
  void set_master(std::uint32_t ce_id, Instant now);
  void set_last_master(std::uint32_t ce_id, Instant now);
  void set_state(FeState state, Instant now);
  [[nodiscard]] std::vector<KnownCe>& ces() { return values_.protocol.all_ces; }
  void set_redirected(std::uint64_t to_ce, std::uint64_t from_ce) {
    values_.packets_to_ce = to_ce;
    values_.packets_from_ce = from_ce;
  }

 private:
  [[nodiscard]] pl::ResultCode check(const Change& change) override;
  void applied(const Changes& changes) override;
  void settled(Instant now) override {
    if (dataplane_ != nullptr) dataplane_->settled(now);
  }
  [[nodiscard]] bool read(const Instance& instance, const Component& component,
                          wire::ByteWriter& out) override;
  void take(const Target& target, std::uint32_t component, wire::Bytes value);
  void put(const Target& target, std::uint32_t component, std::uint64_t number, Instant now);

  Values values_;
  Sink* dataplane_;
  Provider* statistics_;
  Engine engine_;
};

}  // namespace forces::fe::lfb
