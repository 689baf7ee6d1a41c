// What the kernel announces: links, addresses, and routes and next hops of ours that others touch.
//
// Two sockets, so that a storm of routes cannot push out the news of a link. A filter in the kernel
// keeps from the second what the socket of our own requests causes, and what is not ours by its
// marks. When announcements were lost (ENOBUFS), links and addresses are dumped again and the
// differences handed out; for routes `Lost` is handed out: the owner reads back.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <system_error>
#include <variant>
#include <vector>

#include "fe/dataplane/kernel/links.hpp"
#include "fe/dataplane/kernel/netlink.hpp"
#include "fe/dataplane/ports/socket.hpp"

namespace forces::fe::dataplane::kernel {

struct RouteTouched {  // gone: there is no route of ours for this prefix any more
  RouteRow row;
  bool gone = false;
  bool by_kernel = false;  // not another program: the kernel itself, e.g. with a link
};
struct ObjectTouched {  // gone: the kernel has no object of ours by this number
  ObjectRow row;
  bool gone = false;
  bool by_kernel = false;
};
struct Lost {  // announcements were lost; links: of links, and a link may have gone and come back
  bool links = false;
};
struct LinksComplete {};  // the first dump is through: what there is has been handed out
using MonitorEvent =
    std::variant<LinkChanged, AddressChanged, RouteTouched, ObjectTouched, Lost, LinksComplete>;

struct MonitorCounters {
  std::uint64_t losses = 0, bad_messages = 0;
  std::uint64_t touched_by_others = 0, touched_by_kernel = 0;  // routes and next hops of ours
};

class Monitor {
 public:
  explicit Monitor(const Identity& identity = {}, int receive_buffer = 2 << 20);

  // In the calling thread's network namespace; `own` is Kernel::port_id(). Starts the first dump.
  [[nodiscard]] std::error_code open(std::uint32_t own);
  [[nodiscard]] int link_fd() const { return links_socket_.get(); }
  [[nodiscard]] int route_fd() const { return routes_socket_.get(); }

  // Reads what is there, but no more than a bounded part: level-triggered polling calls again.
  [[nodiscard]] std::error_code on_link_readable();
  [[nodiscard]] std::error_code on_route_readable();
  [[nodiscard]] std::optional<MonitorEvent> poll_event();

  [[nodiscard]] const Links& links() const { return links_; }
  [[nodiscard]] const MonitorCounters& counters() const { return counters_; }

 private:
  enum class Phase : std::uint8_t { Links, Addresses, Complete };

  [[nodiscard]] std::error_code open_socket(Fd& socket, const std::vector<unsigned>& groups) const;
  [[nodiscard]] std::error_code filter_own(std::uint32_t own) const;
  [[nodiscard]] std::error_code start_dump();
  [[nodiscard]] std::error_code ask(Dump dump);
  [[nodiscard]] std::error_code next_phase(bool inconsistent);
  [[nodiscard]] std::error_code take_link_octets(std::span<const std::byte> octets);
  void take_route_octets(std::span<const std::byte> octets);
  void take_route(const Message& message, const RouteMessage& route);

  Identity identity_;
  int receive_buffer_;
  Fd links_socket_, routes_socket_;
  std::vector<std::byte> input_;
  Links links_;
  Phase phase_ = Phase::Links;
  bool first_ = true, spoiled_ = false, lost_links_ = false;
  std::uint32_t sequence_ = 0;
  std::deque<MonitorEvent> events_;
  MonitorCounters counters_;
};

}  // namespace forces::fe::dataplane::kernel
