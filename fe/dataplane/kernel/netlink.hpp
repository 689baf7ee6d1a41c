// Messages of rtnetlink, built and read over buffers with libmnl's helpers. No socket.
#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <span>
#include <string>
#include <variant>

#include "common/core/result.hpp"
#include "fe/dataplane/kernel/rows.hpp"

namespace forces::fe::dataplane::kernel {

// No message that encode() builds is longer: a set of kMaxMembers is the longest.
inline constexpr std::size_t kMaxRequest = 64 + kMaxMembers * 8;

enum class Dump : std::uint8_t { Links, Addresses, NextHops, Ipv4Routes, Ipv6Routes };

// Writes one request at the start of `out`, which must have kMaxRequest octets aligned for
// nlmsghdr; its length. Requests set (create or replace) or delete. Errors come back in any case,
// success only when `flags` has NLM_F_ACK.
[[nodiscard]] std::size_t encode(const Operation& operation, const Identity& identity,
                                 std::span<std::byte> out);
// Of routes and next hops only those of `identity`, as far as the kernel filters (the reader
// filters too).
[[nodiscard]] std::size_t encode(Dump dump, const Identity& identity, std::uint32_t sequence,
                                 std::span<std::byte> out);

struct Acknowledged {  // NLMSG_ERROR: error 0 is success, else an errno
  int error = 0;
  std::string text{};  // the kernel's own words (extended ack), often empty
};
struct DumpDone {
  int error = 0;
};
struct RouteMessage {
  RouteRow row;
  bool deleted = false;
};
struct ObjectMessage {
  ObjectRow row;
  bool deleted = false;
};
struct LinkMessage {
  Link link;
  bool deleted = false;
};
struct AddressMessage {
  InterfaceAddress address;
  bool deleted = false;
};
struct Ignored {};  // of a type, family or kind that is none of our concern

struct Message {
  std::uint32_t sequence = 0, sender = 0;  // sender 0: the kernel itself
  std::uint16_t flags = 0;                 // NLM_F_REPLACE, NLM_F_DUMP_INTR
  std::variant<Ignored, Acknowledged, DumpDone, RouteMessage, ObjectMessage, LinkMessage,
               AddressMessage>
      body;
};

// Takes the first message off `octets` (what one receive call gave, aligned for nlmsghdr). After an
// error of one message the next can still be read, unless its length is the error: then `octets` is
// empty.
[[nodiscard]] Result<Message> take_message(std::span<const std::byte>& octets);

}  // namespace forces::fe::dataplane::kernel
