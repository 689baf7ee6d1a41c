// What an operator sees of an engine: `signaling neighbors`, and counters.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "ce/signaling/rsvp/config.hpp"

namespace forces::signaling::engine {

enum class Drop : std::uint8_t {  // append only: metric labels
  Malformed,                      // version, lengths, checksum, an object that does not decode
  Unacceptable,                   // an unknown class or C-Type for which it must be refused
  Incomplete,                     // a mandatory object is missing
  Stranger,                       // from no neighbour
  WrongType,                      // of a type that is not known, or not from this neighbour
  OutOfOrder,                     // RFC 2961 section 4.5
  NoState,                        // about an LSP that is not here, or not with this neighbour
  Limit,                          // it has as much as it may
  NotYetRecovered,                // before the first Hello of a Recovery Period
  NoIntegrity,                    // RFC 2747: none, or not where it belongs
  UnknownKey,                     // or outside of its lifetime
  BadDigest,
  Replayed,
  AwaitingHandshake,
};
inline constexpr std::size_t kDrops = 14;
[[nodiscard]] std::string_view to_string(Drop reason);

struct Counters {
  std::uint64_t packets_received = 0, packets_sent = 0;    // of IP
  std::uint64_t messages_received = 0, messages_sent = 0;  // of RSVP, those in Bundles each
  std::uint64_t hellos_received = 0, hellos_sent = 0;
  std::uint64_t triggers_received = 0,
                refreshes_received = 0;  // Path and Resv; Srefreshed ones each
  std::uint64_t triggers_sent = 0, refreshes_sent = 0;
  std::uint64_t bundles_received = 0, bundles_sent = 0;
  std::uint64_t srefreshes_received = 0, srefreshes_sent = 0;
  std::uint64_t acks_received = 0, acks_sent = 0;         // objects
  std::uint64_t nacks_received = 0, nacks_sent = 0;       //
  std::uint64_t retransmissions = 0, unacknowledged = 0;  // given up after Rl
  std::uint64_t recovery_paths_received = 0, recovery_paths_sent = 0;
  std::uint64_t errors_answered = 0;  // PathErr and ResvErr of the engine's own
  std::uint64_t challenges_sent = 0, responses_sent = 0;
  std::uint64_t losses = 0, restarts = 0;
  std::array<std::uint64_t, kDrops> drops{};
};

enum class NeighborState : std::uint8_t {
  Unknown,  // no Hello yet, or none wanted
  Up,
  Lost,
};
[[nodiscard]] std::string_view to_string(NeighborState state);

struct NeighborSnapshot {
  NodeId node{};
  bool adjacent = false, learned = false;
  NeighborState state{};
  Instant since{};  // of the state
  bool refresh_reduction = false;
  ChannelId channel = 0;                               // in use
  std::uint32_t our_instance = 0, their_instance = 0;  // RFC 3209 section 5
  bool restart_cap = false;                            // what it announces
  std::uint32_t restart_ms = 0, recovery_ms = 0;
  std::uint32_t capability = 0;                         // RFC 5063 section 4.2
  bool recovering_them = false, recovering_us = false;  // a Recovery Period is going on
  std::size_t paths_received = 0, resvs_received = 0;   // states
  std::size_t paths_sent = 0, resvs_sent = 0;
  std::size_t unacknowledged = 0, unsynchronized = 0;
  std::uint64_t key = 0;  // that signs; 0: none
  Counters counters{};
};

struct Snapshot {
  NodeId node{};
  std::uint32_t epoch = 0;
  std::size_t lsps = 0;
  std::vector<NeighborSnapshot> neighbors{};  // by node ID
  Counters strangers{};                       // what came from no neighbour
};

}  // namespace forces::signaling::engine
