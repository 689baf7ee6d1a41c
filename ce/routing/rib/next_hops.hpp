// Next-hop groups as zebra names them, and those that routes spell out: the middle layer between
// routes and forwarding, so that a changed group is one change and not one for each route.
//
// A group may be named before it is defined (the replay sends groups before their members), and its
// definition may change under the routes that use it. Groups have one level, as in the kernel: what
// a group names and is itself a group counts as unresolved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "ce/routing/address.hpp"
#include "ce/routing/fpm/message.hpp"

namespace forces::ce::routing {

enum class HopKind : std::uint8_t { Forward, Blackhole, Unreachable, Prohibit };

struct NextHop {
  HopKind kind = HopKind::Forward;
  bool encapsulated = false;  // needs labels or a tunnel that rows cannot express
  std::uint16_t weight = 1;
  std::uint32_t ifindex = 0;
  IpAddress gateway = {};  // unspecified: on the link
  friend bool operator==(const NextHop&, const NextHop&) = default;
};

using GroupId = std::uint32_t;
inline constexpr std::uint32_t kNone = 0xffffffff;  // no group, no route

class NextHops {
 public:
  // zebra's group of that number; undefined until define() says what it is.
  [[nodiscard]] GroupId by_id(std::uint32_t id);
  void define(const fpm::NextHop& hop);
  void undefine(std::uint32_t id);
  // A new zebra numbers anew. What routes still use stays as it is, under no number.
  void forget_ids();
  // The group of a route that spells its next hops out; equal ones are one group.
  [[nodiscard]] GroupId intern(std::span<const NextHop> hops);

  // A route begins and ceases to use a group.
  void acquire(GroupId group) { ++groups_[group].references; }
  void release(GroupId group);

  // Appends the next hops that are defined.
  void resolve(GroupId group, std::vector<NextHop>& out) const;
  // Unlike any earlier value of any group whenever the answer of resolve() may be another.
  [[nodiscard]] std::uint64_t version(GroupId group) const { return groups_[group].version; }
  // The head of the list of routes, which the Rib keeps.
  [[nodiscard]] std::uint32_t& first_route(GroupId group) { return groups_[group].first_route; }

  // Groups whose meaning changed since take_changed() was called last; may repeat.
  [[nodiscard]] std::vector<GroupId>& changed() { return changed_; }

  [[nodiscard]] std::size_t size() const { return groups_.size() - free_.size(); }

 private:
  struct Member {
    GroupId group;
    std::uint16_t weight;
    friend bool operator==(const Member&, const Member&) = default;
  };
  struct Group {
    std::uint32_t id = 0;          // zebra's; 0: none, or forgotten
    std::uint32_t references = 0;  // by routes, by groups, by the table of ids
    std::uint32_t first_route = kNone;
    bool defined = false;
    bool interned = false;
    std::uint64_t version = 0;
    std::vector<NextHop> direct;
    std::vector<Member> members;
    std::vector<GroupId> parents;  // that name this one; one entry for each time
  };

  GroupId make();
  void free_if_unused(GroupId group);
  void set(GroupId group, std::vector<NextHop> direct, std::vector<Member> members, bool defined);
  void mark(GroupId group);

  std::vector<Group> groups_;
  std::vector<GroupId> free_;
  std::unordered_map<std::uint32_t, GroupId> by_id_;
  std::unordered_multimap<std::uint64_t, GroupId> interned_;  // by hash of the next hops
  std::vector<GroupId> changed_;
  std::uint64_t clock_ = 0;
};

}  // namespace forces::ce::routing
