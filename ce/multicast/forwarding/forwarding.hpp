// From the maps of a MARS to the rows of FEs: whom each FE of ours sends its packets of a group to,
// what an MCS of ours gives to whom, whom each may hear. Sans I/O.
//
// A cluster member is an FE, and its ATM address says where it takes copies
// (proto/mars/element_address). Without an MCS a packet goes to all members of its group (a mesh);
// with one, to the MCS alone, which gives it to all (RFC 2022 section 3). Of several MCSs of a
// group the one with the lowest address is used, by every CE alike: they would all give each packet
// to all. An address that is of no element, or takes no copies, is left out.
//
// Order. A row by which an FE sends may be set only where whoever it names is ready: an MCS has its
// rows, and all who get copies from it may hear it. So what makes ready is set first, what sends
// follows when every FE of ours has it; what made ready goes `linger` after nobody sends by it any
// more. FEs of other CEs cannot be seen: where an MCS comes and it or a member is theirs, `others`
// is waited for. No packet is lost or comes twice while a group moves from its members to an MCS or
// back; an FE that does not answer holds the others up for `patience`, and then only itself loses.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "ce/provision/copies/rows.hpp"
#include "common/core/outputs.hpp"
#include "common/core/time.hpp"
#include "proto/mars/address.hpp"
#include "proto/mars/element_address.hpp"

namespace forces::multicast::forwarding {

namespace provision = ce::provision;

enum class Family : std::uint8_t { Ipv4, Ipv6 };

struct ForwardingTimes {
  Duration linger = std::chrono::seconds(10);
  Duration patience = std::chrono::seconds(2);
  Duration others = std::chrono::seconds(1);
  Duration orphans = std::chrono::seconds(90);  // members of our earlier life rejoin until then
};

struct ForwardingCounters {
  std::uint64_t impatient = 0;  // rows were set though an FE had not answered
  std::uint64_t foreign = 0;    // addresses of no FE, groups that nobody forwards
};

// What an operator may see of it.
struct ForwardingSnapshot {
  struct Fe {
    std::uint32_t id = 0;
    std::size_t rows = 0;  // wanted there
    bool set = false;      // it has all of them
  };
  ForwardingCounters counters{};
  std::size_t waiting = 0;  // groups whose senders wait until FEs are ready
  std::vector<Fe> fes{};    // of ours, by ID
};

class Forwarding {
 public:
  // `start`: from when on it is told of maps.
  explicit Forwarding(ForwardingTimes times = {}, Instant start = {})
      : times_(times), orphans_until_(start + times.orphans) {}

  // Whoever is registered with any server, as member or as MCS: it may send.
  void set_member(Family family, const mars::AtmAddress& who, bool present, Instant now);
  // The maps of a group, or of a block that was joined (without servers). `hosts` of a group has
  // those of the blocks around it in it. Both empty: gone.
  void set_group(Family family, const mars::GroupRange& range,
                 const std::vector<mars::AtmAddress>& hosts,
                 const std::vector<mars::AtmAddress>& servers, Instant now);

  // An FE whose rows are ours to set; told again, it begins again.
  void on_fe(std::uint32_t fe, Instant now);
  void on_fe_gone(std::uint32_t fe);
  // It has the rows of this version.
  void on_set(std::uint32_t fe, std::uint64_t version, Instant now);
  void on_timer(Instant now);
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  // An FE whose rows are others.
  [[nodiscard]] std::optional<std::uint32_t> poll_changed();
  // Of an FE that is not ours: 0, and none.
  [[nodiscard]] std::uint64_t version(std::uint32_t fe) const;
  [[nodiscard]] const provision::CopyRows& rows(std::uint32_t fe) const;

  [[nodiscard]] Instant orphans_until() const { return orphans_until_; }  // as CopySource has it

  [[nodiscard]] const ForwardingCounters& counters() const { return counters_; }
  [[nodiscard]] ForwardingSnapshot snapshot() const;

 private:
  using Endpoint = mars::CopyEndpoint;
  struct GroupKey {
    Family family{};
    mars::GroupRange range{};
    friend auto operator<=>(const GroupKey&, const GroupKey&) = default;
  };
  struct Party {  // who takes copies
    Endpoint endpoint{};
    std::uint32_t fe = 0;
    friend auto operator<=>(const Party&, const Party&) = default;
  };
  struct Target {  // where packets go, but those of FE `but`: it is that one's own endpoint
    Endpoint to{};
    std::uint32_t but = 0;
    friend auto operator<=>(const Target&, const Target&) = default;
  };
  struct Group {
    std::set<Party> hosts;
    std::set<Party> servers;
  };
  struct Fe {
    provision::CopyRows rows;
    std::map<provision::CopyRow, Instant> leaving;  // rows that go then
    std::uint64_t version = 0, set = 0;
    std::uint64_t ready = 0;  // the version that others wait for
  };

  [[nodiscard]] std::set<Party> parties(const std::vector<mars::AtmAddress>& all);
  [[nodiscard]] static provision::CopyRow row(const GroupKey& key, bool served, const Endpoint& to);
  [[nodiscard]] static provision::CopyRow peer(const Endpoint& who);
  [[nodiscard]] static std::set<Target> targets(const Group& group);

  void hear(const Endpoint& who, bool present, Instant now);
  void serve(const GroupKey& key, const Group& before, const Group& after, Instant now);
  void make_ready(std::uint32_t fe, Fe& state, const provision::CopyRow& row);
  void let_go(std::uint32_t fe, Fe& state, const provision::CopyRow& row, Duration after,
              Instant now);
  void send_later(const GroupKey& key, const Group& group, Instant now);
  void try_sending(Instant now);
  void set_senders(const GroupKey& key);
  void changed(std::uint32_t fe, Fe& state);
  [[nodiscard]] bool ready() const;

  ForwardingTimes times_;
  Instant orphans_until_;
  std::map<Endpoint, std::size_t> heard_;  // how often each was told of
  std::set<std::pair<Family, mars::AtmAddress>> members_;
  std::map<GroupKey, Group> groups_;
  std::map<GroupKey, std::set<Target>> sending_;  // what FEs send by
  struct Waiting {
    std::set<Target> wanted;
    Instant not_before{};
  };
  std::map<GroupKey, Waiting> waiting_;  // groups that shall go elsewhere
  Instant patient_until_{};              // with them
  std::map<std::uint32_t, Fe> fes_;
  std::set<std::uint32_t> changed_;
  std::uint64_t last_version_ = 0;
  ForwardingCounters counters_;
};

}  // namespace forces::multicast::forwarding
