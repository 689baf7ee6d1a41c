// What comes out of an engine, in the order in which it is to be performed, and what an operator
// sees of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "ce/multicast/scsp/config.hpp"

namespace forces::multicast::sync {

// RFC 2334 section 2.1.
enum class HelloState : std::uint8_t { Down, Waiting, Unidirectional, Bidirectional };
[[nodiscard]] std::string_view to_string(HelloState state);

// Section 2.2; Negotiation is Master/Slave Negotiation.
enum class AlignmentState : std::uint8_t {
  Down,
  Negotiation,
  CacheSummarize,
  UpdateCache,
  Aligned,
};
[[nodiscard]] std::string_view to_string(AlignmentState state);

struct Send {
  ServerId to{};
  Octets packet;  // without LLC/SNAP
};
struct HelloChanged {
  ServerId neighbor{};
  HelloState state{};
};
struct AlignmentChanged {
  ServerId neighbor{};
  AlignmentState state{};
};

// --- for the client ------------------------------------------------------------------------------
// A neighbour had a newer instance of an entry. Its content is asked of Engine::record(), which
// gives the newest when several came. An entry of our own comes only when this process does not
// have it (it is of an earlier one, or was purged): it is to be originated again if it still holds,
// and to be ended if not.
enum class Change : std::uint8_t { New, Updated, Purged };
struct Changed {
  EntryId id{};
  Change change{};
};
// The group has given back what it knows of this server, or there is none: what was originated
// until now leaves, and what is found of our own and was not originated is of an earlier process.
struct Synchronized {
  bool alone = false;
};
// An entry of our own is gone everywhere: purge() is done.
struct Purged {
  std::uint32_t key = 0;
};

// --- to be logged, at most so many an interval ---------------------------------------------------
struct Abnormal {  // section 2.1: the HFSM goes to Waiting
  ServerId neighbor{};
  Error error{};  // Missing in "scsp.csu_reply": a record was not acknowledged in csu_sends times
};

using Output =
    std::variant<Send, HelloChanged, AlignmentChanged, Changed, Synchronized, Purged, Abnormal>;

struct Counters {  // of one neighbour
  std::uint64_t packets_received = 0, packets_sent = 0;
  std::uint64_t records_received = 0, records_sent = 0;  // CSA
  std::uint64_t newer = 0, same = 0, older = 0;          // of those received
  std::uint64_t hop_limited = 0;                         // newer, but at their last hop
  std::uint64_t records_discarded = 0;                   // RFC 2443 section 3
  std::uint64_t records_refused = 0;            // no room, or being purged: not acknowledged
  std::uint64_t retransmissions = 0;            // CSA records
  std::uint64_t solicited = 0, nulls_sent = 0;  // CSAS asked for; that we did not have
  std::uint64_t alignments = 0;                 // Aligned was reached
  std::uint64_t packets_ignored = 0;            // in a state that has no use for them
  std::uint64_t packets_discarded = 0;          // for another server or group
  std::uint64_t unsigned_packets = 0;           // not sent: no key is valid
  std::uint64_t authentication_failures = 0;
  std::array<std::uint64_t, 16> abnormal{};  // by Errc
};

struct NeighborSnapshot {
  ServerId id{};
  HelloState hello{};
  AlignmentState alignment{};
  bool master = false;     // we are, since the last negotiation
  std::size_t unsent = 0;  // CSA records that wait for their turn
  std::size_t unacknowledged = 0;
  std::size_t wanted = 0;  // the CSA Request List
  Counters counters{};
};

struct Snapshot {
  ServerId id{};
  bool synchronized = false;
  std::size_t entries = 0, own = 0;
  std::size_t record_octets = 0;              // of the protocol specific parts
  std::size_t overhead_octets = 0;            // of everything else that is kept for entries, about
  std::uint64_t reclaimed = 0;                // own entries of which the group had a newer instance
  std::vector<NeighborSnapshot> neighbors{};  // by ID
};

}  // namespace forces::multicast::sync
