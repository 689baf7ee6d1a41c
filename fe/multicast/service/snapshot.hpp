// What the operator sees of memberships: plain values, copied out at once.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "fe/multicast/client/client.hpp"
#include "fe/multicast/edge/edge.hpp"

namespace forces::fe::multicast {

struct ServiceCounters {
  std::uint64_t vc_sent = 0, vc_received = 0;
  std::uint64_t vc_malformed = 0;  // no LLC/SNAP of MARS control, or too short
  std::uint64_t vc_unclaimed = 0;  // of a family or role that we have not
};

struct GroupSnapshot {
  Address group{};
  std::vector<Edge::Egress> ports{};
  bool confirmed = false;  // the MARS has said that we are in
};
struct LinkSnapshot {
  std::uint32_t port = 0;
  Family family{};
  bool up = false, router = false, querier = false;
  Address asking{};  // whose queries there are; zero: nobody's
  std::size_t groups = 0;
  LinkCounters counters{};
};
struct PartySnapshot {
  Family family{};
  bool mcs = false;
  std::string_view state;  // "registered", "waiting" ...
  std::uint32_t ce = 0;    // 0: none
  std::uint16_t cmi = 0;   // while registered
  bool settled = false;
  mars::client::Counters counters{};
};
struct MembershipSnapshot {
  bool enabled = false;
  std::size_t groups = 0;
  EdgeCounters edge{};
  ServiceCounters counters{};
  std::vector<LinkSnapshot> links{};
  std::vector<PartySnapshot> parties{};
};

[[nodiscard]] std::string_view to_string(mars::client::Client::State state);

}  // namespace forces::fe::multicast
