// Octets as what the kernel says over rtnetlink: reading ends, whatever they are; and what a Fib
// makes of such news are operations that can be encoded and that leave it without work once all are
// answered.
#include <cstdint>
#include <cstring>
#include <vector>

#include "fe/dataplane/kernel/fib.hpp"
#include "fe/dataplane/kernel/links.hpp"
#include "fe/dataplane/kernel/netlink.hpp"
#include "tests/fuzz/events.hpp"

namespace {

using namespace forces;
using namespace forces::fe::dataplane::kernel;
using forces::fuzz::require;

struct Listener {
  Fib& fib;
  Links& links;
  void operator()(const RouteMessage& m) {
    require(is_valid(m.row.prefix));
    m.deleted ? fib.on_route_gone(m.row.prefix) : fib.on_route_seen(m.row);
  }
  void operator()(const ObjectMessage& m) {
    if (!is_valid(m.row.id)) return;
    m.deleted ? fib.on_object_gone(m.row.id) : fib.on_object_seen(m.row);
  }
  void operator()(const LinkMessage& m) {
    links.on_link(m.link, m.deleted);
    fib.on_link(m.link.index, m.link.up && !m.deleted, m.link.mtu);
  }
  void operator()(const AddressMessage& m) {
    links.on_address(m.address, m.deleted);
    if (!m.deleted) fib.on_address(m.address.interface);
  }
  void operator()(const Acknowledged&) {}
  void operator()(const DumpDone&) {}
  void operator()(const Ignored&) {}
};

// Rows of ours that what is said may be about.
void want_some(Fib& fib, std::uint8_t interface) {
  const ObjectId hop = object_id(Family::Ipv4, ObjectKind::NextHop, 1);
  const ObjectId set = object_id(Family::Ipv4, ObjectKind::Set, 1);
  Address gateway;
  gateway.octets = {10, 0, 0, 1};
  if (interface == 0) interface = 1;
  require(fib.set_next_hop(hop, {.gateway = gateway, .interface = interface}));
  require(fib.set_members(set, {{hop, 1}}));
  Prefix prefix;
  prefix.address.octets = {192, 0, 2};
  prefix.length = 24;
  require(fib.set_route(prefix, set));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Fib fib;
  Links links;
  want_some(fib, data[0]);
  // As a receive buffer is: aligned for nlmsghdr.
  std::vector<std::uint32_t> aligned((size + 2) / 4);
  if (size > 1) std::memcpy(aligned.data(), data + 1, size - 1);
  auto octets = std::as_bytes(std::span(aligned)).first(size - 1);
  while (!octets.empty()) {
    const std::size_t before = octets.size();
    const auto message = take_message(octets);
    require(octets.size() < before);
    if (message) std::visit(Listener{fib, links}, message->body);
  }
  while (links.poll_event()) {
  }
  alignas(std::uint32_t) std::byte request[kMaxRequest];
  for (int step = 0; step < 10'000; ++step) {
    const auto wanted = fib.poll_operation();
    if (!wanted) break;
    const std::size_t length = encode(wanted->operation, Identity{}, request);
    require(length > 0 && length <= kMaxRequest);
    (void)fib.on_result(wanted->ticket, data[0] % 7 == 0 ? 22 : 0);
  }
  require(!fib.has_work());
  return 0;
}
