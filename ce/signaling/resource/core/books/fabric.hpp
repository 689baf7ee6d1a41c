// The FEs of a node, the fibres between them, and the ways from port to port through them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "ce/signaling/resource/config.hpp"

namespace forces::signaling::resource {

struct Crossing {  // of one FE
  std::uint32_t fe = 0;
  std::uint32_t in_port = 0, out_port = 0;
  friend bool operator==(const Crossing&, const Crossing&) = default;
};
using FabricWay = std::vector<Crossing>;

class Fabric {
 public:
  static constexpr std::size_t kMostWays = 64;

  void set(const FeConfig& fe) { fes_[fe.id] = fe; }
  [[nodiscard]] bool has(std::uint32_t fe) const { return fes_.contains(fe); }
  [[nodiscard]] bool converts(std::uint32_t fe) const;
  void set(const InterFeLink& link);
  void remove(const FePort& end);
  [[nodiscard]] const InterFeLink* link(const FePort& end) const;
  // The other end of the fibre at this port.
  [[nodiscard]] std::optional<FePort> across(const FePort& end) const;

  // Ways over FEs that each stand in it once, the shortest first, then by the numbers of ports; by
  // fibres that `usable` says yes to. The first kMostWays.
  [[nodiscard]] std::vector<FabricWay> ways(const FePort& from, const FePort& to,
                                            const std::function<bool(const FePort&)>& usable) const;

 private:
  std::map<std::uint32_t, FeConfig> fes_;
  std::map<FePort, InterFeLink> links_;  // by both ends
};

}  // namespace forces::signaling::resource
