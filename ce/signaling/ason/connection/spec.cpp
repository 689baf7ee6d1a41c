#include "ce/signaling/ason/connection/spec.hpp"

#include <algorithm>
#include <cctype>

namespace forces::signaling::ason {

std::string_view to_string(CrankbackScope scope) {
  switch (scope) {
    case CrankbackScope::None:
      return "none";
    case CrankbackScope::EndToEnd:
      return "end_to_end";
    case CrankbackScope::Boundary:
      return "boundary";
    case CrankbackScope::Segment:
      return "segment";
  }
  return "unknown";
}

std::string_view to_string(Recovery recovery) {
  switch (recovery) {
    case Recovery::None:
      return "none";
    case Recovery::Reroute:
      return "reroute";
    case Recovery::OnePlusOne:
      return "one_plus_one";
  }
  return "unknown";
}

std::string_view to_string(ConnectionState state) {
  switch (state) {
    case ConnectionState::Setup:
      return "setup";
    case ConnectionState::Up:
      return "up";
    case ConnectionState::Broken:
      return "broken";
    case ConnectionState::Restoring:
      return "restoring";
    case ConnectionState::Failed:
      return "failed";
    case ConnectionState::Releasing:
      return "releasing";
    case ConnectionState::Released:
      return "released";
  }
  return "unknown";
}

std::string reason_of(rsvp::ErrorValue error) {
  if (error == rsvp::ErrorValue{rsvp::ErrorCode::AdmissionControl, rsvp::admission::kBandwidth}) {
    return "blocked_link";
  }
  if (error == rsvp::ErrorValue{rsvp::ErrorCode::RoutingProblem, rsvp::routing::kRerouteLimit}) {
    return "rerouting_limit";
  }
  std::string_view name = rsvp::value_name(error);
  if (name.empty()) name = rsvp::to_string(error.code);
  std::string reason;
  for (const char c : name) {
    const auto octet = static_cast<unsigned char>(c);
    if (std::isalnum(octet) != 0) {
      reason += static_cast<char>(std::tolower(octet));
    } else if (!reason.empty() && reason.back() != '_') {
      reason += '_';
    }
  }
  while (!reason.empty() && reason.back() == '_') reason.pop_back();
  return reason;
}

}  // namespace forces::signaling::ason
