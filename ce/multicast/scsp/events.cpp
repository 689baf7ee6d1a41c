#include "ce/multicast/scsp/events.hpp"

namespace forces::multicast::sync {

std::string_view to_string(HelloState state) {
  switch (state) {
    case HelloState::Down:
      return "down";
    case HelloState::Waiting:
      return "waiting";
    case HelloState::Unidirectional:
      return "unidirectional";
    case HelloState::Bidirectional:
      return "bidirectional";
  }
  return "unknown";
}

std::string_view to_string(AlignmentState state) {
  switch (state) {
    case AlignmentState::Down:
      return "down";
    case AlignmentState::Negotiation:
      return "negotiation";
    case AlignmentState::CacheSummarize:
      return "cache_summarize";
    case AlignmentState::UpdateCache:
      return "update_cache";
    case AlignmentState::Aligned:
      return "aligned";
  }
  return "unknown";
}

}  // namespace forces::multicast::sync
