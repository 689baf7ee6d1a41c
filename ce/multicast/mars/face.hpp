// What a MARS is told, says and counts. Values; times are durations of the owner's clock.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "ce/multicast/mars/data/maps.hpp"
#include "common/core/ids.hpp"
#include "common/core/time.hpp"
#include "proto/mars/csa.hpp"
#include "proto/mars/message.hpp"
#include "proto/wire/snap.hpp"

namespace forces::mars::server {

// A point-to-point VC, as the owner names it. It knows who is at its other end, and lets a party
// speak for its own addresses only.
using Vc = StrongId<struct VcTag, std::uint64_t>;

// The point-to-multipoint VCs of a protocol (RFC 2022 sections 5.2.3, 6.2.3).
enum class ControlVc : std::uint8_t { Cluster, Server };  // CCVC: clients; SCVC: MCSs
[[nodiscard]] std::string_view to_string(ControlVc control);

struct ProtocolConfig {
  ProtocolType protocol = kIpv4;
  ProtocolAddress address{};  // ours, for MIGRATE; may be null
  CmiRange cmis{1, 1024};     // disjoint from those of all other servers (RFC 2443 section 2)
  std::uint32_t first_csn = 0, first_ssn = 0;
  // How far into the range CMIs begin. After a restart at another place: clients keep the CMI of
  // before until they are registered again, and who is given it meanwhile takes their packets for
  // its own (RFC 2022 section 5.5.1).
  std::uint32_t first_cmi = 0;
};

struct Times {
  Duration redirect_map = std::chrono::seconds(60);    // RFC 2022 6.1.3: at most 120 s
  Duration redirect_entry = std::chrono::seconds(60);  // RFC 2443 5.1: at most 120 s
  Duration flush = std::chrono::seconds(240);  // two updates missed, of a server that has 120 s
  Duration align = std::chrono::seconds(10);   // then we begin without neighbours
  Duration settle = std::chrono::seconds(10);  // longer than a record takes through the group
  Duration rejoin = std::chrono::seconds(90);  // members of our earlier life rejoin until then
};

struct Config {
  ServerId id;
  AtmAddress address{};
  std::vector<ProtocolConfig> protocols{ProtocolConfig{}};
  std::vector<AtmAddress> backups{};  // behind the servers that are learned
  bool alone = false;                 // no server group: ready at once
  std::size_t mtu = wire::kDefaultAtmMtu;
  std::size_t ranges_of_a_node = 65'536;
  // Says LEAVE and SLEAVE of a member that is lost or deregisters. RFC 2022 sends nothing then, for
  // there the senders' VCs lose a leaf; ours are no VCs.
  bool announce_losses = true;
  Times times{};
};

// Outputs, in order. All octets of messages stand behind LLC/SNAP.
struct SendPrivate {
  Vc vc;
  Octets octets;
};
struct SendControl {  // to all leaves
  ControlVc control{};
  ProtocolType protocol{};
  Octets octets;
};
struct AddLeaf {  // also of a leaf that is there, whose VC is another now
  ControlVc control{};
  ProtocolType protocol{};
  AtmAddress leaf{};
  Vc vc;  // which it registered on
};
struct DropLeaf {
  ControlVc control{};
  ProtocolType protocol{};
  AtmAddress leaf{};
};
struct Originate {  // a new instance of our record `key`; SCSP numbers and floods it
  std::uint32_t key = 0;
  Octets body;
};
struct Forget {  // SCSP drops these from its cache, and tells nobody (RFC 2443 section 5.1)
  ServerId originator;
  std::vector<std::uint32_t> keys;
};
struct Summarise {  // a server lives that we forgot: SCSP compares caches with its neighbours anew,
  ServerId originator;  // for one of them may have kept what is not said again
};
struct Notice {  // for the log
  enum class What : std::uint8_t {
    ServerFound,    // `server`, at `address`
    ServerLost,     // flushed
    CmiOverlap,     // `server` gives out CMIs of our range: the configuration is wrong
    NoCmi,          // `address` cannot register
    NodeMoved,      // `address` registered with `server`
    TooManyRanges,  // `address` is in as many groups and blocks as it may be, and wants another
    TlvReported,    // `address` sent a TLV whose Type.x asks for a report
  };
  What what{};
  ServerId server{};
  AtmAddress address{};
};
[[nodiscard]] std::string_view to_string(Notice::What what);
using Output =
    std::variant<SendPrivate, SendControl, AddLeaf, DropLeaf, Originate, Forget, Summarise, Notice>;

// Why a message was not acted on. Nobody is answered: MARS knows no errors.
enum class Drop : std::uint8_t {
  Malformed,
  Tlv,              // RFC 2022 section 10.3
  NotFromEndpoint,  // an operation of a MARS, copy set, several pairs, no group
  OtherProtocol,
  NotReady,  // still learning what the group knows
  NotRegistered,
  BothMaps,       // host and server of one group
  BlockOfServer,  // an MCS serves single groups
  NoCmi,
  TooManyRanges,
};
inline constexpr std::size_t kDrops = static_cast<std::size_t>(Drop::TooManyRanges) + 1;
[[nodiscard]] std::string_view to_string(Drop drop);

struct Counters {
  std::array<std::uint64_t, 14> received{};  // by operation
  std::array<std::uint64_t, kDrops> dropped{};
  std::uint64_t private_sent = 0, cluster_sent = 0, server_sent = 0;
  std::uint64_t records_received = 0, records_ignored = 0, records_originated = 0;
  std::uint64_t servers_flushed = 0, nodes_moved = 0;
};

}  // namespace forces::mars::server
