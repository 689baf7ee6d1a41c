// What a node is made of, as the configuration says: its FEs, the links between them, and the
// interfaces at which TE links and users begin.
#pragma once

#include <chrono>
#include <cstdint>

#include "ce/signaling/resource/label_set.hpp"
#include "common/core/time.hpp"

namespace forces::signaling::resource {

struct ManagerConfig {
  NodeId self{};
  // How long reserved rows of nobody are kept for whom may claim them after a restart.
  Duration claim_time = std::chrono::seconds(120);
  Duration retry_min = std::chrono::seconds(1);  // of what an FE refused to erase, doubled up to
  Duration retry_max = std::chrono::seconds(60);
};

// An interface of the node: one end of a TE link, or a port of a user (an access port).
struct InterfaceConfig {
  std::uint32_t id = 0;  // LinkEnd.interface
  FePort port{};
  LinkEnd remote{};      // the other end of the TE link; node 0: an access port
  LabelRanges labels{};  // that the port has
  te::Switching switching = te::Switching::Tdm;
  te::Encoding encoding = te::Encoding::Sdh;
  // A serial compound link: labels of the other end are mapped by a table (RFC 4139 section 4.5).
  // False: both ends are at one fibre and number alike.
  bool compound = false;
  bool discover = false;  // the table is filled by traces in free slots, which each end sends
  friend bool operator==(const InterfaceConfig&, const InterfaceConfig&) = default;
};

struct FeConfig {
  std::uint32_t id = 0;
  bool converts_labels = true;  // a row may lead from one label to another
  friend bool operator==(const FeConfig&, const FeConfig&) = default;
};

// A fibre between two FEs of the node; both ends number alike, both directions.
struct InterFeLink {
  FePort a{}, b{};
  LabelRanges labels{};
  friend bool operator==(const InterFeLink&, const InterFeLink&) = default;
};

}  // namespace forces::signaling::resource
