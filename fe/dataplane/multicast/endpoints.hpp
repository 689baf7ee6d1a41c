// Copies of multicast packets between FEs: who gets one of a packet, who may send us one. No I/O.
//
// A cluster member sends a packet to the endpoints of its group: those of the members, or that of
// the MCS that serves it (RFC 2022 section 3). A copy is a UDP payload: LLC/SNAP, the Cluster
// Member ID of who sent it first, the protocol, the packet (section 5.5.1). Whoever finds its own
// CMI drops it, for an MCS gave it back. The MCS part has an endpoint of its own, and hands on what
// comes there octet for octet: so a frame says by where it is sent whether it has been copied.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "fe/dataplane/kernel/rows.hpp"
#include "proto/mars/element_address.hpp"
#include "proto/wire/reader.hpp"
#include "proto/wire/snap.hpp"

namespace forces::fe::dataplane::multicast {

using kernel::Address;
using kernel::Family;
using wire::Bytes;

using Endpoint = mars::CopyEndpoint;  // IPv4 and UDP, whatever the family of the groups

struct CopyRow {
  Address first{}, last{};  // groups, of one family
  Endpoint to{};
  friend constexpr auto operator<=>(const CopyRow&, const CopyRow&) = default;
};

// A group that routers forward: not 224.0.0.0/24; not of scopes 0 to 2.
[[nodiscard]] bool is_forwarded(const Address& group);
// The destination of an IP packet, if it is a multicast one of this family that is whole.
[[nodiscard]] std::optional<Address> group_of(Family family, Bytes packet);

// The endpoints of each group. Rows of a group alone count, else those of ranges around it: who
// computes rows for a group has put in who joined the ranges.
class CopyTable {
 public:
  void set(std::uint32_t index, std::optional<CopyRow> row);
  // Each once. Valid until the next call.
  [[nodiscard]] std::span<const Endpoint> find(const Address& group);
  [[nodiscard]] std::size_t size() const { return rows_.size(); }

 private:
  struct Hash {
    std::size_t operator()(const Address& a) const noexcept;
  };
  std::map<std::uint32_t, CopyRow> rows_;
  std::unordered_map<Address, std::vector<Endpoint>, Hash> groups_;
  std::vector<CopyRow> ranges_;  // of routers, few
  std::vector<Endpoint> found_;
};

enum class Drop : std::uint8_t {
  Disabled,      // FEState is not OperEnable
  NotAPeer,      // from an endpoint that we were not told of
  Malformed,     // LLC/SNAP, encapsulation, or IP header
  NotForwarded,  // its group never leaves its link
  Own,           // reflected by an MCS
  NotServed,     // at the MCS: we do not serve the group
  NoCopies,      // from the kernel: nobody elsewhere is in the group
  NoCmi,         // from the kernel: we are no cluster member
  kCount,
};
[[nodiscard]] std::string_view to_string(Drop drop);

inline constexpr std::size_t kFrameHeader = wire::kSnapSize + 4;
using FrameHeader = std::array<std::byte, kFrameHeader>;

// What becomes of a packet or frame. Valid until the next call that is not const.
struct Verdict {
  std::optional<Drop> drop{};
  std::span<const Endpoint> copies{};   // to these, behind `header`
  const FrameHeader* header = nullptr;  // null: a frame, as it is
  Bytes deliver{};                      // to the kernel
};

class Endpoints {
 public:
  Endpoints();

  // Nothing: the row goes.
  void set_copy(Family family, std::uint32_t index, const std::optional<CopyRow>& row) {
    copies_[side(family)].set(index, row);
  }
  void set_served(Family family, std::uint32_t index, const std::optional<CopyRow>& row) {
    served_[side(family)].set(index, row);
  }
  void set_peer(std::uint32_t index, const std::optional<Endpoint>& row);
  // 0: no member. What an MCS still gives back of packets with the one before is ours as well,
  // until that is told to be over: CMIs are given out again.
  void set_cmi(Family family, std::uint16_t cmi);
  void end_earlier_cmis() { earlier_cmis_ = {}; }
  void enable(bool on) { enabled_ = on; }

  // The kernel forwards it to the endpoints.
  [[nodiscard]] Verdict on_packet(Bytes packet);
  // A UDP payload that came to the member's endpoint, or to that of the MCS.
  [[nodiscard]] Verdict on_frame(const Endpoint& from, bool at_server, Bytes frame);

  [[nodiscard]] std::uint64_t dropped(Drop why) const {
    return drops_[static_cast<std::size_t>(why)];
  }
  [[nodiscard]] std::uint64_t received() const { return received_; }  // frames, not dropped

 private:
  [[nodiscard]] static std::size_t side(Family family) { return family == Family::Ipv4 ? 0 : 1; }
  [[nodiscard]] Verdict drop(Drop why);

  std::array<CopyTable, 2> copies_, served_;
  std::array<FrameHeader, 2> headers_{};
  std::array<std::uint16_t, 2> cmis_{}, earlier_cmis_{};
  std::map<std::uint32_t, Endpoint> peer_rows_;
  std::unordered_set<std::uint64_t> peers_;
  bool enabled_ = true;
  std::uint64_t received_ = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(Drop::kCount)> drops_{};
};

}  // namespace forces::fe::dataplane::multicast
