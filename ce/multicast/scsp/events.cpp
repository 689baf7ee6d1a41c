#include "ce/multicast/scsp/events.hpp"

namespace forces::multicast::sync {

std::string_view to_string(HelloState state) {
  switch (state) {
    case HelloState::Down:
      return "Down";
    case HelloState::Waiting:
      return "Waiting";
    case HelloState::Unidirectional:
      return "Unidirectional";
    case HelloState::Bidirectional:
      return "Bidirectional";
  }
  return "unknown";
}

std::string_view to_string(AlignmentState state) {
  switch (state) {
    case AlignmentState::Down:
      return "Down";
    case AlignmentState::Negotiation:
      return "Negotiation";
    case AlignmentState::CacheSummarize:
      return "CacheSummarize";
    case AlignmentState::UpdateCache:
      return "UpdateCache";
    case AlignmentState::Aligned:
      return "Aligned";
  }
  return "unknown";
}

}  // namespace forces::multicast::sync
