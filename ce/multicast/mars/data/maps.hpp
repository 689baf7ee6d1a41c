// Host maps and server maps of one protocol (RFC 2022 section 6.2): which ATM addresses are members
// of a group, by whose word, and which serve it.
//
// Several servers may say that one address is a member, while it moves from one to another or is
// lost by one; a membership changes only with the first and the last of them.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "ce/multicast/mars/data/ranges.hpp"
#include "common/core/ids.hpp"

namespace forces::mars::server {

using ServerId = StrongId<struct MarsServerTag>;  // SCSP's: LSID, Originator ID; unsigned

// A record of the cache: whoever says it, under which key.
struct Holder {
  ServerId server;
  std::uint32_t key = 0;
  friend auto operator<=>(const Holder&, const Holder&) = default;
};

class Maps {
 public:
  // The groups that `who` was not in before, by whatever range; empty: nothing to tell anybody.
  // The same holder again changes layer3grp only.
  Ranges join(const AtmAddress& who, const GroupRange& range, Holder holder, bool layer3);
  // The groups that `who` is no longer in.
  Ranges leave(const AtmAddress& who, const GroupRange& range, Holder holder);

  // Members through a join of the group or of a block around it, ascending, each once. Whoever
  // serves the group is in its server map only.
  [[nodiscard]] std::vector<AtmAddress> hosts(const ProtocolAddress& group) const;
  [[nodiscard]] bool is_member(const AtmAddress& who, const ProtocolAddress& group) const;
  // Groups that somebody joined with layer3grp (section 5.3).
  [[nodiscard]] std::vector<ProtocolAddress> layer3_groups(const GroupRange& range) const;

  // True: `who` was not, or is no longer, in the server map.
  bool serve(const AtmAddress& who, const ProtocolAddress& group, Holder holder);
  bool unserve(const AtmAddress& who, const ProtocolAddress& group, Holder holder);
  [[nodiscard]] std::vector<AtmAddress> servers(const ProtocolAddress& group) const;
  // Of any group in `range`.
  [[nodiscard]] bool serves(const AtmAddress& who, const GroupRange& range) const;
  // Groups of `among` that have a server map.
  [[nodiscard]] Ranges served(const Ranges& among) const;
  // Whether an MCS that is registered with `server` serves any of them.
  [[nodiscard]] bool served_by(ServerId server, const Ranges& among) const;

  [[nodiscard]] std::size_t groups() const { return groups_.size(); }
  // For an operator: groups behind `after` that somebody joined alone, or serves, ascending.
  [[nodiscard]] std::vector<ProtocolAddress> groups(const ProtocolAddress& after,
                                                    std::size_t most) const;
  [[nodiscard]] const std::map<GroupRange, std::set<AtmAddress>>& blocks() const { return blocks_; }
  using Servers = std::map<AtmAddress, std::vector<Holder>>;  // by whose word
  [[nodiscard]] const std::map<ProtocolAddress, Servers>& served() const { return served_; }

  // For who forwards by them: a group or a block whose members or servers are others since the last
  // call; all of them at the first. Of a group that nobody joined alone or serves, none: the blocks
  // around it have it.
  struct Change {
    GroupRange range{};
    std::vector<AtmAddress> hosts{}, servers{};
  };
  [[nodiscard]] std::vector<Change> take_changes();

 private:
  struct Holding {
    Holder holder;
    bool layer3 = false;
  };
  using Holdings = std::vector<Holding>;  // one, but while an address moves
  struct Host {
    std::map<ProtocolAddress, Holdings> singles;
    std::map<GroupRange, Holdings> blocks;
  };
  struct Group {
    std::set<AtmAddress> hosts;
    std::size_t layer3 = 0;  // holdings with the flag
  };
  Holdings& holdings(Host& host, const GroupRange& range) {
    return range.single() ? host.singles[range.min] : host.blocks[range];
  }
  [[nodiscard]] static Ranges uncovered(const Host& host, const GroupRange& range);

  std::map<AtmAddress, Host> hosts_;
  std::map<ProtocolAddress, Group> groups_;            // of single joins
  std::map<GroupRange, std::set<AtmAddress>> blocks_;  // of block joins: routers, few
  std::map<ProtocolAddress, Servers> served_;
  void note(const GroupRange& range) {
    if (followed_) changed_.insert(range);
  }

  bool followed_ = false;
  std::set<GroupRange> changed_;
};

}  // namespace forces::mars::server
