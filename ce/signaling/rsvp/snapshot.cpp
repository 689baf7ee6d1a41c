#include "ce/signaling/rsvp/snapshot.hpp"

namespace forces::signaling::engine {

std::string_view to_string(Drop reason) {
  switch (reason) {
    case Drop::Malformed:
      return "malformed";
    case Drop::Unacceptable:
      return "unacceptable";
    case Drop::Incomplete:
      return "incomplete";
    case Drop::Stranger:
      return "stranger";
    case Drop::WrongType:
      return "wrong_type";
    case Drop::OutOfOrder:
      return "out_of_order";
    case Drop::NoState:
      return "no_state";
    case Drop::Limit:
      return "limit";
    case Drop::NotYetRecovered:
      return "not_yet_recovered";
    case Drop::NoIntegrity:
      return "no_integrity";
    case Drop::UnknownKey:
      return "unknown_key";
    case Drop::BadDigest:
      return "bad_digest";
    case Drop::Replayed:
      return "replayed";
    case Drop::AwaitingHandshake:
      return "awaiting_handshake";
  }
  return "unknown";
}

std::string_view to_string(NeighborState state) {
  switch (state) {
    case NeighborState::Unknown:
      return "unknown";
    case NeighborState::Up:
      return "up";
    case NeighborState::Lost:
      return "lost";
  }
  return "unknown";
}

}  // namespace forces::signaling::engine
