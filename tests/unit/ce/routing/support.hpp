// Addresses and routes in the words of a test.
#pragma once

#include <arpa/inet.h>

#include <cstring>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "ce/routing/fib/rows.hpp"
#include "ce/routing/fpm/message.hpp"

namespace forces::ce::routing {

// Text out of parts. (g++ 12 sees overlapping copies in "a" + std::to_string(n).)
template <class... Parts>
std::string str(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

inline IpAddress ip(const std::string& text) {
  IpAddress a;
  a.family = text.find(':') == std::string::npos ? Family::V4 : Family::V6;
  if (inet_pton(a.family == Family::V4 ? AF_INET : AF_INET6, text.c_str(), a.octets.data()) != 1) {
    throw std::invalid_argument(text);
  }
  return a;
}

inline IpPrefix prefix(const std::string& text) {
  const auto slash = text.find('/');
  return {ip(text.substr(0, slash)), static_cast<std::uint8_t>(std::stoi(text.substr(slash + 1)))};
}

inline std::string text(const IpAddress& a) {
  char out[INET6_ADDRSTRLEN];
  return inet_ntop(a.family == Family::V4 ? AF_INET : AF_INET6, a.octets.data(), out, sizeof out);
}
inline std::string text(const IpPrefix& p) { return str(text(p.address), "/", int{p.length}); }
inline void PrintTo(const IpAddress& a, std::ostream* os) { *os << text(a); }
inline void PrintTo(const IpPrefix& p, std::ostream* os) { *os << text(p); }
inline void PrintTo(const NextHopRow& r, std::ostream* os) {
  *os << "hop " << r.hop_selector << ": port " << r.l3_port_id << " mtu " << r.mtu << " via "
      << text(r.next_hop_ip_addr) << " output " << r.lfb_output_select_index;
}

namespace fpm {

inline Route route(const std::string& to, std::vector<Path> paths = {}, std::uint32_t id = 0) {
  Route r;
  r.prefix = prefix(to);
  r.table = kTableMain;
  r.protocol = 196;  // RTPROT_ZSTATIC
  r.type = RouteType::Unicast;
  r.priority = 20;
  r.next_hop_id = id;
  r.paths = std::move(paths);
  return r;
}

inline Path via(const std::string& gateway, std::uint32_t ifindex) {
  return {.ifindex = ifindex, .gateway = ip(gateway)};
}

inline NextHop single(std::uint32_t id, Path path) { return {id, path, {}}; }
inline NextHop group(std::uint32_t id, std::vector<GroupMember> members) {
  return {id, {}, std::move(members)};
}

inline Message add(Route r, std::uint32_t sender = 1) {
  return {MessageKind::RouteAdd, 24, sender, std::move(r), {}};
}
inline Message withdraw(Route r, std::uint32_t sender = 1) {
  return {MessageKind::RouteDelete, 25, sender, std::move(r), {}};
}
inline Message define(NextHop h, std::uint32_t sender = 1) {
  return {MessageKind::NextHopAdd, 104, sender, {}, std::move(h)};
}
inline Message undefine(std::uint32_t id, std::uint32_t sender = 1) {
  return {MessageKind::NextHopDelete, 105, sender, {}, {.id = id, .path = {}, .members = {}}};
}
inline Message end_of_table(std::uint32_t sender = 1) {
  return {MessageKind::EndOfTable, 3, sender, {}, {}};
}

}  // namespace fpm
}  // namespace forces::ce::routing
