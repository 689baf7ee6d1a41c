// What an engine is told when it is made: values only. Times are those of the owner's clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "ce/signaling/ids.hpp"
#include "common/core/time.hpp"
#include "proto/wire/reader.hpp"

namespace forces::signaling::engine {

// An IPv4 address of the control plane, most significant octet first.
using Ipv4 = std::uint32_t;

// A way on which packets reach a neighbour: an FE port, a tunnel. The owner numbers them. 0: none
// in particular, the packet goes where its destination address leads.
using ChannelId = std::uint32_t;

// RFC 2747. The HMAC itself is given from outside (ce/signaling/digest.hpp has that of OpenSSL):
// its digest over the parts, one behind the other; empty when it cannot.
enum class Digest : std::uint8_t { HmacMd5, HmacSha1 };
using Hmac = std::function<std::vector<std::byte>(Digest digest, wire::Bytes secret,
                                                  std::span<const wire::Bytes> parts)>;

// RFC 2747 section 5: of several keys that may sign, the one whose `send_from` is the latest signs.
// To change a key without a loss, let the new one be accepted before anybody sends with it, and the
// old one for a while after.
struct Key {
  std::uint64_t id = 0;  // 48 bits, unique among the keys of a neighbour
  Digest digest = Digest::HmacMd5;
  std::vector<std::byte> secret{};
  Instant send_from = Instant::min(), send_until = Instant::max();
  Instant accept_from = Instant::min(), accept_until = Instant::max();
};

struct Security {
  std::vector<Key> keys{};  // of both directions; none: no INTEGRITY is sent, and none asked for
  std::size_t window = 32;  // sequence numbers that may come out of order, at most 64
  bool handshake = true;    // ask for the sequence number before the first message is believed
  // RFC 2747 section 4.3: of who does not answer challenges (handshake flag 0), believe the first.
  bool accept_without_handshake = true;
};

enum class RefreshReduction : std::uint8_t {
  Auto,    // as its messages say, and assumed until one came
  Never,   // plain refreshes, no MESSAGE_ID but in a Notify
  Always,  // whatever its messages say
};

struct NeighborConfig {
  NodeId node{};
  Ipv4 control = 0;                   // where messages go; 0: the node ID. Hellos go to the node ID
  std::vector<Ipv4> addresses{};      // others that it sends from
  std::vector<ChannelId> channels{};  // preferred first; none: by address
  bool adjacent = true;               // false: only Notify messages pass between us
  bool hello = true;
  std::uint8_t hello_ttl = 1;  // RFC 3209 section 5.1; more where IP routers stand between us
  // RFC 3473 section 9: only where faults of the data plane are seen without the control channel.
  bool restart_cap = true;
  RefreshReduction refresh_reduction = RefreshReduction::Auto;
  Security security{};
};

struct Times {
  Duration refresh = std::chrono::seconds(30);  // R of RFC 2205 section 3.7
  unsigned keep = 3;                            // K
  Duration hello = std::chrono::seconds(5);
  Duration rapid = std::chrono::milliseconds(500);  // Rf of RFC 2961 section 6.2
  unsigned delta = 1;                               // Delta: each wait is 1 + delta times the last
  unsigned rapid_limit = 3;                         // Rl
  Duration ack_delay = std::chrono::milliseconds(20);
  // After a fault of the control channel, all state is refreshed within this, where the neighbour
  // names no Recovery Time.
  Duration resync = std::chrono::seconds(10);
};

// RFC 3473 section 9.
struct Restart {
  Duration restart = std::chrono::seconds(60);  // Duration::max(): may take as long as it likes
  Duration recovery = std::chrono::seconds(120);
  // The fabric says that it kept its cross-connects; false: Recovery Time 0 is announced.
  bool preserved = true;
  // An earlier process had state that neighbours shall give back: there is a Recovery Period with
  // each neighbour, from its first Hello on.
  bool recovering = false;
};

struct Limits {
  std::size_t states_per_neighbor = 20'000;  // Path and Resv states that it gave us, each
  std::size_t unacknowledged_per_neighbor = 40'000;
  std::size_t learned_neighbors = 1'024;
  std::size_t packet_octets = 1'400;  // of a Bundle, Srefresh or Ack: larger ones are split
};

struct Config {
  NodeId node{};
  std::vector<Ipv4> addresses{};  // others that are ours
  Times times{};
  Restart restart{};
  Limits limits{};
  std::vector<NeighborConfig> neighbors{};
  // A sender of a Notify that is not configured becomes a neighbour for Notify only, with this
  // Security, as does whom we send one.
  bool learn = true;
  Security learned_security{};
  // Epoch, instances, jitter and cookies come from here: another one for every process, not to be
  // guessed where keys are used.
  std::uint64_t seed = 1;
  // RFC 2747 section 3.2: larger than anything an earlier process used: seconds of a wall clock
  // shifted left by 32 will do.
  std::uint64_t sequence_base = 0;
  Hmac hmac{};  // needed where there are keys
};

}  // namespace forces::signaling::engine
