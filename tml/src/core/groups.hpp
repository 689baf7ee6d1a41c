// Multicast groups at a CE (draft section 6.3; rows 19, 20): the first join creates a group, the
// last leave removes it. Members are numbers of the owner's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

namespace forces::tml {

// Status TLV of Join and Leave Responses.
inline constexpr std::uint32_t kGroupOk = 0, kGroupRefused = 1, kGroupInvalid = 2,
                               kGroupNotMember = 3;

class Groups {
 public:
  using Member = std::uint32_t;  // element ID
  struct Joined {
    std::uint64_t incarnation;  // of the group; a group that was gone and came back has another
    bool created;
    bool added;  // false: was a member already
  };
  Joined join(std::uint32_t group, Member member) {
    auto [it, created] = groups_.try_emplace(group);
    if (created) it->second.incarnation = ++last_;
    auto& members = it->second.members;
    const bool added = std::find(members.begin(), members.end(), member) == members.end();
    if (added) members.push_back(member);
    return {it->second.incarnation, created, added};
  }
  // False: was no member.
  bool leave(std::uint32_t group, Member member) {
    const auto it = groups_.find(group);
    if (it == groups_.end()) return false;
    const bool was = std::erase(it->second.members, member) != 0;
    if (it->second.members.empty()) groups_.erase(it);
    return was;
  }
  // The groups a member was in; it is in none afterwards.
  std::vector<std::uint32_t> leave_all(Member member) {
    std::vector<std::uint32_t> left;
    for (auto it = groups_.begin(); it != groups_.end();) {
      if (std::erase(it->second.members, member) != 0) left.push_back(it->first);
      it = it->second.members.empty() ? groups_.erase(it) : std::next(it);
    }
    return left;
  }
  // Null when there is no such group, or when it is another incarnation.
  const std::vector<Member>* members(std::uint32_t group, std::uint64_t incarnation) const {
    const auto it = groups_.find(group);
    if (it == groups_.end() || it->second.incarnation != incarnation) return nullptr;
    return &it->second.members;
  }
  std::uint64_t incarnation(std::uint32_t group) const {
    const auto it = groups_.find(group);
    return it == groups_.end() ? 0 : it->second.incarnation;
  }

 private:
  struct Group {
    std::uint64_t incarnation = 0;
    std::vector<Member> members;
  };
  std::map<std::uint32_t, Group> groups_;
  std::uint64_t last_ = 0;
};

}  // namespace forces::tml
