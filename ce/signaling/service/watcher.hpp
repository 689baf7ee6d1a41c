// Work that goes on over several events, such as a connection that waits for its call.
#pragma once

#include "ce/signaling/service/node.hpp"

namespace forces::signaling {

// On the thread of the node.
class Watcher {
 public:
  Watcher() = default;
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  virtual ~Watcher() = default;
  [[nodiscard]] virtual bool waits() const = 0;
  virtual void look(TransportNode::Rooms& rooms, Instant now) = 0;  // after each event, if it waits
};

}  // namespace forces::signaling
