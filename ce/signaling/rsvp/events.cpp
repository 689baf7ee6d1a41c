#include "ce/signaling/rsvp/events.hpp"

namespace forces::signaling::engine {

std::string_view to_string(PathChange change) {
  switch (change) {
    case PathChange::New:
      return "new";
    case PathChange::Modified:
      return "modified";
    case PathChange::Recovery:
      return "recovery";
  }
  return "unknown";
}

std::string_view to_string(Gone why) {
  switch (why) {
    case Gone::Torn:
      return "torn";
    case Gone::Timeout:
      return "timeout";
    case Gone::NeighborRemoved:
      return "neighbor_removed";
  }
  return "unknown";
}

std::string_view to_string(NeighborEvent event) {
  switch (event) {
    case NeighborEvent::Up:
      return "up";
    case NeighborEvent::Lost:
      return "lost";
    case NeighborEvent::Back:
      return "back";
    case NeighborEvent::Restarted:
      return "restarted";
    case NeighborEvent::RestartTimeOver:
      return "restart_time_over";
  }
  return "unknown";
}

}  // namespace forces::signaling::engine
