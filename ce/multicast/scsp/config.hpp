// What an engine is told when it is made: values only. Times are those of the owner's clock.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "common/core/ids.hpp"
#include "common/core/result.hpp"
#include "common/core/time.hpp"
#include "proto/scsp/codes.hpp"
#include "proto/scsp/writer.hpp"
#include "proto/wire/snap.hpp"

namespace forces::multicast::sync {

using scsp::Octets;
using scsp::SequenceNumber;
using wire::Bytes;

// LSID, DCSID and Originator ID. Four octets, as are Cache Keys (RFC 2443 section 4).
using ServerId = StrongId<struct ServerIdTag>;

// Keys are unique among those of one originator only (RFC 2334 section B.2.0.2).
struct EntryId {
  ServerId originator{};
  std::uint32_t key = 0;
  friend auto operator<=>(const EntryId&, const EntryId&) = default;
};

[[nodiscard]] constexpr std::uint64_t hash(const EntryId& id) {
  return std::uint64_t{id.originator.value} << 32 | id.key;
}

// HMAC-MD5 over the parts, one behind the other; empty when it cannot.
using Hmac = std::function<std::vector<std::byte>(Bytes secret, std::span<const Bytes> parts)>;

// RFC 2334 section B.3.1.3: <SPI, DCS ID> with key and lifetime, entered by hand.
struct Key {
  std::uint32_t spi = 0;
  std::vector<std::byte> secret{};
  Instant from = Instant::min(), until = Instant::max();
};
struct Security {
  // SPIs that the neighbour has given out. Of several that are valid the one with the latest `from`
  // signs. When there are keys and none is valid, what would be sent is dropped.
  std::vector<Key> send{};
  // SPIs that we have given out, any of which is accepted. None: nothing is asked for.
  std::vector<Key> receive{};
};

struct NeighborConfig {  // a DCS
  ServerId id{};
  Security security{};
};

struct Times {
  std::chrono::seconds hello{3};  // HelloInterval
  std::uint16_t dead_factor = 3;
  Duration ca = std::chrono::seconds(3);    // CAReXmtInterval
  Duration csus = std::chrono::seconds(3);  // CSUSReXmtInterval
  Duration csu = std::chrono::seconds(2);   // CSUReXmtInterval
  // Without a neighbour that aligns, own entries wait so long for what an earlier process left in
  // the group (section B.2.0.2).
  Duration alone = std::chrono::seconds(30);
  // Copies of a purge that are late are known again for so long.
  Duration purge = std::chrono::seconds(60);
};

struct Limits {
  std::size_t entries = 1'000'000;
  std::size_t packet_octets = wire::kDefaultAtmMtu;  // of what we send; a larger record goes alone
  std::size_t window = 1'024;  // CSA records on their way to a neighbour, not acknowledged
  unsigned csu_sends = 5;      // of a CSA record, then the neighbour goes to Waiting
};

struct Config {
  ServerId id{};
  std::uint16_t protocol = static_cast<std::uint16_t>(scsp::ProtocolId::Mars);
  std::uint16_t server_group = 0;
  std::uint16_t hop_count = 64;  // at least the number of servers of the group without one
  Times times{};
  Limits limits{};
  std::vector<NeighborConfig> neighbors{};
  // There may have been an earlier process of this server: its sequence numbers are not reused.
  bool restarted = true;
  // What the first sequence number of an entry is above that of the earlier process, or above 0.
  std::uint16_t restart_constant = 1;
  // No earlier process of this server has given an entry a greater one: ours are above it, also
  // where nobody could be asked. Engine::greatest() is to be kept for the next process.
  SequenceNumber used = scsp::kReservedSequence;
  // Of the first CA message; unlike that of an earlier process: seconds of a wall clock will do.
  std::uint32_t ca_sequence = 1;
  Hmac hmac{};  // needed where there are keys
  // Judges the protocol specific part of a CSA at `base` in its packet, as mars::decode_entry()
  // does; scsp::fault_of() of the error says what follows. None: everything is well formed.
  std::function<Result<void>(Bytes body, std::size_t base)> check_body{};
  // From the body of an entry the one that removes it at other servers. None: the same.
  std::function<Octets(Bytes body)> purge_body{};
};

}  // namespace forces::multicast::sync
