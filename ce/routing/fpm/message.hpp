// What zebra says over FPM, as values: netlink messages of RFC 3549 and linux/rtnetlink.h,
// linux/nexthop.h, reduced to what forwarding needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ce/routing/address.hpp"

namespace forces::ce::routing::fpm {

// fpm/fpm.h of FRR: u8 version, u8 type, u16 length of the whole in network order.
inline constexpr std::size_t kHeaderSize = 4;
inline constexpr std::size_t kMaxFrame = 65535;
inline constexpr std::uint8_t kVersion = 1;
inline constexpr std::uint8_t kTypeNetlink = 1;
inline constexpr std::uint16_t kDefaultPort = 2620;

inline constexpr std::uint32_t kTableMain = 254;  // RT_TABLE_MAIN

enum class RouteType : std::uint8_t {  // RTN_*; may hold other values
  Unspecified = 0,                     // zebra withdraws with it
  Unicast = 1,
  Blackhole = 6,
  Unreachable = 7,
  Prohibit = 8,
};

// One way to go: an interface, and the gateway behind it.
struct Path {
  std::uint32_t ifindex = 0;
  IpAddress gateway = {};     // unspecified: the destination is on the link
  std::uint16_t weight = 1;   // 1 to 256: what netlink carries, plus one
  bool blackhole = false;     // NHA_BLACKHOLE
  bool encapsulated = false;  // MPLS labels or another encapsulation, which no row can express
  friend bool operator==(const Path&, const Path&) = default;
};

struct Route {
  IpPrefix prefix;
  std::uint8_t source_length = 0;  // of a source-specific route
  std::uint32_t table = 0;
  std::uint8_t protocol = 0;
  RouteType type = RouteType::Unspecified;
  std::uint32_t priority = 0;
  std::uint32_t next_hop_id = 0;  // RTA_NH_ID; 0: `paths` says it
  std::vector<Path> paths;        // RTA_OIF and RTA_GATEWAY, or RTA_MULTIPATH
  friend bool operator==(const Route&, const Route&) = default;
};

struct GroupMember {
  std::uint32_t id = 0;
  std::uint16_t weight = 1;
  friend bool operator==(const GroupMember&, const GroupMember&) = default;
};

struct NextHop {
  std::uint32_t id = 0;
  Path path;                         // of a single one
  std::vector<GroupMember> members;  // of a group
  friend bool operator==(const NextHop&, const NextHop&) = default;
};

enum class MessageKind : std::uint8_t {
  RouteAdd,  // or replace
  RouteDelete,
  NextHopAdd,  // or replace
  NextHopDelete,
  EndOfTable,  // NLMSG_DONE. No FRR up to 10.5 sends it; a sender that can mark the end should.
  Other,       // a message that says nothing about IP routes
};

// One object is decoded into again and again, so that vectors keep their memory: a route costs no
// allocation. Only the part that `kind` names is valid.
struct Message {
  MessageKind kind = MessageKind::Other;
  std::uint16_t netlink_type = 0;
  std::uint32_t sender = 0;  // nlmsg_pid: zebra's netlink socket, another one after a restart
  Route route;
  NextHop next_hop;
};

}  // namespace forces::ce::routing::fpm
