// MARSs of one server group, clients and MCSs with them, on a virtual network.
//
// Where SCSP will stand is an ideal one: a cache a server, newest instance wins, every change goes
// to whoever can be reached, and when two can reach each other again they compare all that they
// have.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ce/multicast/mars/server.hpp"
#include "fe/multicast/client/client.hpp"
#include "tests/support/sim/world.hpp"

namespace forces::test {

using namespace std::chrono_literals;
using mars::AtmAddress;
using mars::GroupRange;
using mars::Octets;
using mars::ProtocolAddress;
using mars::client::Client;
using mars::server::ControlVc;
using mars::server::Server;
using mars::server::ServerId;

inline ProtocolAddress group(std::uint32_t n) { return mars::ipv4_address(0xef000000 + n); }
inline GroupRange one(std::uint32_t n) { return {group(n), group(n)}; }
inline GroupRange block(std::uint32_t from, std::uint32_t to) { return {group(from), group(to)}; }

class MarsNetwork {
 public:
  static constexpr std::uint32_t kGroups = 16;  // 0 to 15, in which the storm lives

  struct Record {
    std::int64_t sequence = 0;
    Octets body;
  };
  struct ServerNode {
    std::uint32_t id = 0;
    mars::server::Config config;
    std::unique_ptr<Server> core;
    std::map<std::pair<std::uint32_t, std::uint32_t>, Record> cache;  // (originator, key)
    std::array<std::map<std::uint32_t, std::uint64_t>, 2> leaves;     // of CCVC and SCVC: VC
    unsigned side = 0;                                                // of a partition
    std::uint64_t life = 0;
    Instant since{};  // up, and reached by all of its side
    std::optional<Instant> armed;
  };
  struct ClientNode {
    std::uint32_t id = 0;
    mars::client::Config config;
    std::unique_ptr<Client> core;
    std::map<GroupRange, Instant> wants;                    // since when
    std::map<ProtocolAddress, std::set<AtmAddress>> paths;  // as its outputs say
    std::uint64_t life = 0, failures = 0;
    bool stopping = false;
    Instant since{};                   // as it is: alive or dead, with this MARS
    std::optional<Instant> settled{};  // since when
    std::optional<Instant> armed;
  };

  explicit MarsNetwork(std::uint64_t seed = 1) : world(seed) {}

  World world;
  Duration delay = 5ms, jitter = 0ms;
  Duration half_open = 0s;  // until a server notices that a client is gone
  std::uint64_t control_loss = 0;
  std::uint64_t loss = 0;  // of 1,000 MARS messages
  bool announce_losses = true;

  void add_server(std::uint32_t id);
  ClientNode& add_client(std::uint32_t id, std::vector<std::uint32_t> table, bool mcs = false);
  void start_server(std::uint32_t id);
  void crash_server(std::uint32_t id);
  void start_client(std::uint32_t id);  // with what it wants
  void crash_client(std::uint32_t id);
  void stop_client(std::uint32_t id);  // deregisters
  // Servers of different sides do not reach each other.
  void set_side(std::uint32_t server, unsigned side);
  // The VCs between them break once; the server notices after half_open.
  void cut(std::uint32_t client, std::uint32_t server);
  void redirect(std::uint32_t server, std::uint32_t to, bool hard);  // to == server: no longer

  void join(std::uint32_t client, const GroupRange& range);
  void leave(std::uint32_t client, GroupRange range);
  void open(std::uint32_t client, std::uint32_t group);

  [[nodiscard]] bool run(Duration time) { return world.run_for(time, 50'000'000); }
  // What is not as it must be when nothing has happened for long enough; "" is fine.
  [[nodiscard]] std::string judge();
  // What may not be at any time: a member that is settled is known to whoever is in touch with its
  // server; nobody is known who is dead for longer than `bound`.
  [[nodiscard]] std::string watch(Duration grace, Duration bound);

  std::map<std::uint32_t, ServerNode>& servers() { return servers_; }
  std::map<std::uint32_t, ClientNode>& clients() { return clients_; }
  [[nodiscard]] const mars::server::Maps& maps(std::uint32_t server) const {
    return servers_.at(server).core->clusters().front().maps();
  }
  [[nodiscard]] bool up(std::uint32_t server) const { return servers_.at(server).core != nullptr; }
  static AtmAddress address(std::uint32_t id);
  static std::uint32_t id_of(const AtmAddress& address);

 private:
  void pump_server(std::uint32_t id);
  void pump_client(std::uint32_t id);
  // In order on each of the ways between two.
  void travel(std::uint64_t way, std::function<void()> what);
  void to_server(std::uint32_t client, std::uint32_t server, Octets octets);
  void release(std::uint32_t client, std::uint32_t server);
  void to_client(std::uint32_t server, std::uint32_t client, mars::client::Via via, Octets octets);
  void vc_lost(std::uint32_t client, std::uint32_t server);
  // The VCs that they have now; the next message opens another.
  void leaf_lost(std::uint32_t server, std::uint32_t client, Duration after);
  [[nodiscard]] std::uint64_t vc(std::uint32_t client, std::uint32_t server) const;
  void drop_data_leaf(std::uint32_t gone);
  [[nodiscard]] bool lost(std::uint64_t of) { return of > 0 && world.pick(1000) < of; }
  // The ideal SCSP.
  [[nodiscard]] bool connected(std::uint32_t a, std::uint32_t b) const;
  void originate(std::uint32_t id, std::uint32_t key, Octets body);
  void flood(std::uint32_t from, std::uint32_t to, std::pair<std::uint32_t, std::uint32_t> at,
             Record record);
  void take(std::uint32_t id, std::pair<std::uint32_t, std::uint32_t> at, const Record& record,
            std::uint32_t from);
  void compare(std::uint32_t from, std::uint32_t to);
  [[nodiscard]] bool wants(std::uint32_t client, std::uint32_t g, Duration for_at_least) const;

  std::map<std::uint32_t, ServerNode> servers_;
  std::map<std::uint32_t, ClientNode> clients_;
  std::map<std::uint64_t, Instant> ways_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t>
      vcs_;  // client, server: how many
};

}  // namespace forces::test
