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
  // After each event, if it waits. True: again, as soon as what this has set going was performed.
  virtual bool look(TransportNode::Rooms& rooms, Instant now) = 0;
  // What it was about is no more; another ce may run the node, or this one does from its journal.
  virtual void node_gone(Instant now) = 0;
};

}  // namespace forces::signaling
