#include "fe/dataplane/kernel/monitor.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace forces::fe::dataplane::kernel {
namespace {
constexpr std::size_t kInput = 64 * 1024;
constexpr int kDatagramsAtOnce = 64;

std::error_code last_error() { return {errno, std::system_category()}; }
}  // namespace

Monitor::Monitor(const Identity& identity, int receive_buffer)
    : identity_(identity), receive_buffer_(receive_buffer), input_(kInput) {}

std::error_code Monitor::open(std::uint32_t own) {
  if (const auto error =
          open_socket(links_socket_, {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR})) {
    return error;
  }
  if (const auto error = open_socket(routes_socket_, {})) return error;
  if (const auto error = filter_own(own)) return error;
  // Joined after the filter stands: nothing gets by it.
  for (const unsigned group : {RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_NEXTHOP}) {
    if (::setsockopt(routes_socket_.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
                     sizeof group) != 0) {
      return last_error();
    }
  }
  return start_dump();
}

std::error_code Monitor::open_socket(Fd& socket, const std::vector<unsigned>& groups) const {
  socket = Fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!socket.valid()) return last_error();
  const int size = receive_buffer_;
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
    (void)::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }
  sockaddr_nl own{};
  own.nl_family = AF_NETLINK;
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) {
    return last_error();
  }
  for (const unsigned group : groups) {
    if (::setsockopt(socket.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) !=
        0) {
      return last_error();
    }
  }
  return {};
}

// Passes next hops, routes of our protocol, and routes that replace another, unless we caused them.
// Loads of the filter are big-endian, netlink's header is in the order of the host: hence htons and
// htonl.
std::error_code Monitor::filter_own(std::uint32_t own) const {
  constexpr auto kType = static_cast<std::uint32_t>(offsetof(nlmsghdr, nlmsg_type));
  constexpr auto kFlags = static_cast<std::uint32_t>(offsetof(nlmsghdr, nlmsg_flags));
  constexpr auto kSender = static_cast<std::uint32_t>(offsetof(nlmsghdr, nlmsg_pid));
  constexpr auto kProtocol =
      static_cast<std::uint32_t>(sizeof(nlmsghdr) + offsetof(rtmsg, rtm_protocol));
  std::array code{
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kSender),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(own), 8, 0),
      sock_filter BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kType),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWNEXTHOP), 5, 0),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELNEXTHOP), 4, 0),
      sock_filter BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kProtocol),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, identity_.protocol, 2, 0),
      sock_filter BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kFlags),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, htons(NLM_F_REPLACE), 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, ~0U),
      sock_filter BPF_STMT(BPF_RET | BPF_K, 0),
  };
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  if (::setsockopt(routes_socket_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) !=
      0) {
    return last_error();
  }
  return {};
}

std::error_code Monitor::start_dump() {
  phase_ = Phase::Links;
  spoiled_ = false;
  links_.begin_dump();
  return ask(Dump::Links);
}

std::error_code Monitor::ask(Dump dump) {
  alignas(nlmsghdr) std::array<std::byte, kMaxRequest> request{};
  const std::size_t length = encode(dump, identity_, ++sequence_, request);
  if (::send(links_socket_.get(), request.data(), length, 0) < 0 && errno != EBUSY) {
    return last_error();
  }
  return {};
}

std::error_code Monitor::next_phase(bool inconsistent) {
  spoiled_ = spoiled_ || inconsistent;
  if (phase_ == Phase::Links) {
    phase_ = Phase::Addresses;
    return ask(Dump::Addresses);
  }
  if (spoiled_) return start_dump();
  phase_ = Phase::Complete;
  links_.end_dump();
  while (auto event = links_.poll_event()) {
    std::visit([&](auto& changed) { events_.emplace_back(std::move(changed)); }, *event);
  }
  if (std::exchange(lost_links_, false)) events_.emplace_back(Lost{true});
  if (std::exchange(first_, false)) events_.emplace_back(LinksComplete{});
  return {};
}

std::error_code Monitor::on_link_readable() {
  for (int i = 0; i < kDatagramsAtOnce; ++i) {
    const ssize_t got = ::recv(links_socket_.get(), input_.data(), input_.size(), MSG_TRUNC);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
    if (got < 0 && errno != ENOBUFS) return last_error();
    if (got < 0 || static_cast<std::size_t>(got) > input_.size()) {
      ++counters_.losses;
      lost_links_ = true;
      if (phase_ != Phase::Complete) {
        spoiled_ = true;  // the dump under way ends first, then it is made again
      } else if (const auto error = start_dump()) {
        return error;
      }
      continue;
    }
    if (const auto error =
            take_link_octets(std::span(input_).first(static_cast<std::size_t>(got)))) {
      return error;
    }
  }
  return {};
}

std::error_code Monitor::take_link_octets(std::span<const std::byte> octets) {
  while (!octets.empty()) {
    const auto message = take_message(octets);
    if (!message) {
      ++counters_.bad_messages;
      continue;
    }
    const bool of_dump = phase_ != Phase::Complete && message->sequence == sequence_;
    if (of_dump && (message->flags & NLM_F_DUMP_INTR) != 0) spoiled_ = true;
    if (const auto* link = std::get_if<LinkMessage>(&message->body)) {
      links_.on_link(link->link, link->deleted);
    } else if (const auto* address = std::get_if<AddressMessage>(&message->body)) {
      links_.on_address(address->address, address->deleted);
    } else if (of_dump) {
      const auto* done = std::get_if<DumpDone>(&message->body);
      const auto* failed = std::get_if<Acknowledged>(&message->body);
      if (done == nullptr && failed == nullptr) continue;
      if (const auto error = next_phase(failed != nullptr)) return error;
    }
    while (auto event = links_.poll_event()) {
      std::visit([&](auto& changed) { events_.emplace_back(std::move(changed)); }, *event);
    }
  }
  return {};
}

std::error_code Monitor::on_route_readable() {
  for (int i = 0; i < kDatagramsAtOnce; ++i) {
    const ssize_t got = ::recv(routes_socket_.get(), input_.data(), input_.size(), MSG_TRUNC);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
    if (got < 0 && errno != ENOBUFS) return last_error();
    if (got < 0 || static_cast<std::size_t>(got) > input_.size()) {
      ++counters_.losses;
      events_.emplace_back(Lost{});
      continue;
    }
    take_route_octets(std::span(input_).first(static_cast<std::size_t>(got)));
  }
  return {};
}

void Monitor::take_route_octets(std::span<const std::byte> octets) {
  while (!octets.empty()) {
    auto message = take_message(octets);
    if (!message) {
      ++counters_.bad_messages;
      continue;
    }
    if (const auto* route = std::get_if<RouteMessage>(&message->body)) {
      take_route(*message, *route);
      continue;
    }
    const auto* object = std::get_if<ObjectMessage>(&message->body);
    if (object == nullptr) continue;
    const bool ours = object->row.protocol == identity_.protocol;
    if (!ours && !is_valid(object->row.id)) continue;  // somebody else's own
    const bool by_kernel = message->sender == 0;
    ++(by_kernel ? counters_.touched_by_kernel : counters_.touched_by_others);
    events_.emplace_back(ObjectTouched{object->row, object->deleted, by_kernel});
  }
}

void Monitor::take_route(const Message& message, const RouteMessage& route) {
  const RouteRow& row = route.row;
  if (row.table != identity_.table || row.priority != identity_.priority) return;
  const bool ours = row.protocol == identity_.protocol;
  const bool replaced = !ours && !route.deleted && (message.flags & NLM_F_REPLACE) != 0;
  if (!ours && !replaced) return;
  const bool by_kernel = message.sender == 0;
  ++(by_kernel ? counters_.touched_by_kernel : counters_.touched_by_others);
  events_.emplace_back(RouteTouched{row, route.deleted || replaced, by_kernel});
}

std::optional<MonitorEvent> Monitor::poll_event() {
  if (events_.empty()) return {};
  MonitorEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

}  // namespace forces::fe::dataplane::kernel
