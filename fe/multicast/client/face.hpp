// What a MARS client is told and says.
#pragma once

#include <chrono>
#include <cstdint>
#include <variant>
#include <vector>

#include "common/core/time.hpp"
#include "proto/mars/message.hpp"

namespace forces::mars::client {

// RFC 2022 appendix E.
struct Times {
  Duration retransmit = std::chrono::seconds(10);  // of JOIN, LEAVE, REQUEST; between parts
  unsigned retransmissions = 5;
  Duration random_least = std::chrono::seconds(1);  // before reconnecting, rejoining, revalidating
  Duration random_most = std::chrono::seconds(10);
  Duration looping = std::chrono::seconds(60);   // when every MARS of the table has failed
  Duration silence = std::chrono::seconds(240);  // without a REDIRECT_MAP
  Duration nobody =
      std::chrono::seconds(5);  // without a leaf, before asking again; twice that at most
};

struct Config {
  AtmAddress address{};
  ProtocolType protocol = kIpv4;
  ProtocolAddress protocol_address{};
  bool mcs = false;                // MSERV and UNSERV instead of JOIN and LEAVE
  std::vector<AtmAddress> mars{};  // in order of preference, at least one
  std::uint64_t seed = 1;
  Times times{};
};

// Which VC a message came on; the owner checks who is at its other end (section 5.4.3).
enum class Via : std::uint8_t { Private, Control };

// Outputs, in order.
struct Send {  // on the point-to-point VC, which is opened when there is none
  AtmAddress mars{};
  Octets octets;
};
struct Release {  // VCs to and from this MARS: it is no longer ours
  AtmAddress mars{};
};
struct Registered {
  AtmAddress mars{};
  std::uint16_t cmi = 0;  // in front of every packet of ours (section 5.5.1)
};
struct Failed {  // the MARS does not answer, or cannot be reached; we go on by ourselves
  AtmAddress mars{};
};
struct Deregistered {};
struct LeafAdded {  // of the VC that packets to `group` go out on; the first one opens it
  ProtocolAddress group{};
  AtmAddress leaf{};
};
struct LeafDropped {
  ProtocolAddress group{};
  AtmAddress leaf{};
};
using Output =
    std::variant<Send, Release, Registered, Failed, Deregistered, LeafAdded, LeafDropped>;

struct Counters {
  std::uint64_t malformed = 0, foreign = 0;  // not from our MARS, or not for us
  std::uint64_t retransmitted = 0, revalidations = 0, broken_parts = 0, failures = 0, redirects = 0;
};

}  // namespace forces::mars::client
