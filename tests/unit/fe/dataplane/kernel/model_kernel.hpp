// What the Linux kernel does with operations and links, as far as Fib relies on it (tried on 6.18).
#pragma once

#include <cerrno>
#include <map>
#include <optional>
#include <set>

#include "fe/dataplane/kernel/fib.hpp"

namespace forces::fe::dataplane::kernel::test {

class ModelKernel {
 public:
  struct Route {
    ObjectId target;  // none, when it rejects: its type says all
    std::uint16_t mtu = 0;
    Reject reject = Reject::No;
    friend bool operator==(const Route&, const Route&) = default;
  };
  std::map<ObjectId, NextHop> next_hops;
  std::map<ObjectId, std::vector<Member>> sets;
  std::map<Prefix, Route> routes;
  std::map<std::uint32_t, bool> up;
  std::set<Address> unreachable;  // gateways
  std::set<Prefix> refused;       // routes
  std::uint64_t route_operations = 0, object_operations = 0;

  int apply(const Operation& operation) {
    return std::visit([this](const auto& o) { return make(o); }, operation);
  }

  void link(std::uint32_t interface, bool is_up) {
    up[interface] = is_up;
    if (is_up) return;
    std::vector<ObjectId> over;
    for (const auto& [id, hop] : next_hops) {
      if (!hop.discard && hop.interface == interface) over.push_back(id);
    }
    for (const ObjectId id : over) remove(id);
  }

  void remove(ObjectId id) {
    next_hops.erase(id);
    sets.erase(id);
    std::erase_if(routes, [&](const auto& route) { return route.second.target == id; });
    std::vector<ObjectId> empty;
    for (auto& [set, members] : sets) {
      std::erase_if(members, [&](const Member& m) { return m.next_hop == id; });
      if (members.empty()) empty.push_back(set);
    }
    for (const ObjectId set : empty) remove(set);
  }

 private:
  [[nodiscard]] bool has(ObjectId id) const { return next_hops.contains(id) || sets.contains(id); }

  int make(const SetNextHop& o) {
    ++object_operations;
    if (!o.create && !has(o.id)) return ENOENT;
    if (!o.next_hop.discard && !up[o.next_hop.interface]) return ENETDOWN;
    if (o.next_hop.gateway && unreachable.contains(*o.next_hop.gateway)) return ENETUNREACH;
    next_hops[o.id] = o.next_hop;
    return 0;
  }
  int make(const SetMembers& o) {
    ++object_operations;
    if (!o.create && !has(o.id)) return ENOENT;
    if (o.members.empty()) return EINVAL;
    for (const Member& member : o.members) {
      if (!next_hops.contains(member.next_hop)) return EINVAL;
    }
    sets[o.id] = o.members;
    return 0;
  }
  int make(const DeleteObject& o) {
    ++object_operations;
    if (!has(o.id)) return ENOENT;
    remove(o.id);
    return 0;
  }
  int make(const SetRoute& o) {
    ++route_operations;
    if (o.reject == Reject::No && !has(o.target)) return EINVAL;
    if (refused.contains(o.prefix)) return ENOMEM;
    routes[o.prefix] = {o.reject == Reject::No ? o.target : kNoObject, o.mtu, o.reject};
    return 0;
  }
  int make(const DeleteRoute& o) {
    ++route_operations;
    return routes.erase(o.prefix) == 1 ? 0 : ESRCH;
  }
};

// Works off what is to be done; how many operations it took.
inline std::size_t settle(Fib& fib, ModelKernel& kernel, std::size_t limit = 1'000'000) {
  std::size_t operations = 0;
  do {
    fib.review(100);
    while (auto request = fib.poll_operation()) {
      fib.on_result(request->ticket, kernel.apply(request->operation));
      if (++operations > limit) return operations;
    }
  } while (fib.reviewing());
  return operations;
}

inline void read_back(Fib& fib, const ModelKernel& kernel) {
  fib.begin_read_back();
  for (const auto& [id, hop] : kernel.next_hops) fib.on_object_seen({id, 0, hop, {}});
  for (const auto& [id, members] : kernel.sets) fib.on_object_seen({id, 0, {}, members});
  for (const auto& [prefix, route] : kernel.routes) {
    RouteRow row;
    row.prefix = prefix;
    row.target = route.target;
    row.reject = route.reject;
    row.mtu = route.mtu;
    fib.on_route_seen(row);
  }
  fib.end_read_back();
}

}  // namespace forces::fe::dataplane::kernel::test
