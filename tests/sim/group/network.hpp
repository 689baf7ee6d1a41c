// Servers of a group with SCSP between them, FEs with associations to all of them: links that lose,
// double and reorder, break, or go silent; partitions; associations that break, which each side
// notices in its own time; processes that are killed; clocks that do not agree.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/group/fe.hpp"
#include "tests/sim/group/server.hpp"
#include "tests/support/sim/world.hpp"

namespace forces::multicast::sim {

using namespace std::chrono_literals;

inline ProtocolAddress group(std::uint32_t n) { return mars::ipv4_address(0xef000000 + n); }
inline GroupRange one(std::uint32_t n) { return {group(n), group(n)}; }
inline GroupRange block(std::uint32_t from, std::uint32_t to) { return {group(from), group(to)}; }

struct Weather {
  unsigned loss = 0, twice = 0;         // of 1,000 packets between servers
  Duration latency = 1ms, jitter = 0s;  // the same
  unsigned mars_loss = 0;               // of 1,000 private messages of RFC 2022
  Duration half_open = 0s;              // until a side notices that the other is gone, at most
};

class Network {
 public:
  static constexpr std::uint32_t kGroups = 16;
  using Ends = std::pair<std::uint32_t, std::uint32_t>;  // IDs of servers, the lower first

  struct Link {
    bool up = false;
    unsigned cut = 0;  // 1: from the lower ID, 2: to it: octets vanish, and nobody is told
    std::uint64_t epoch = 0;
    bool works = false;  // in both directions, of servers that run
    Instant since{};     // it works, or not
  };

  explicit Network(std::uint64_t seed) : world(seed) {}

  test::World world;
  Weather weather;

  // Numbers 1 to n, with SCSP between these pairs of them.
  void build(std::uint32_t n, const std::set<std::pair<std::uint32_t, std::uint32_t>>& pairs,
             const sync::Config& scsp, std::int64_t most_ppm);
  Fe& add_fe(std::uint32_t id, bool mcs, std::vector<std::uint32_t> table, std::int64_t most_ppm);

  void start(Server& server);
  // Silently: its neighbours are not told that their VCs are gone.
  void kill(Server& server, bool silently);
  void start(Fe& fe);
  void crash(Fe& fe);
  void connect(Ends ends);
  void disconnect(Ends ends);
  void cut(Ends ends, unsigned ways);
  void set_side(Server& server, unsigned side);
  // The association breaks, and is there again when the FE has noticed; `away`: not before that.
  void part(std::uint32_t fe, std::uint32_t ce, Duration away = 0s);

  // For servers and FEs.
  void send(sync::ServerId from, sync::ServerId to, const Octets& packet);
  void to_server(ce::VcOfFe from, std::uint32_t ce, Octets sdu);
  void to_fe(std::uint32_t ce, ce::VcOfFe to, pl::VcKind kind, const Octets& sdu);
  void gone(std::uint32_t fe);  // it has ended
  void fault(std::string what);

  [[nodiscard]] bool run(Duration time) { return world.run_for(time, 50'000'000); }
  [[nodiscard]] std::map<std::uint32_t, std::unique_ptr<Server>>& servers() { return servers_; }
  [[nodiscard]] std::map<std::uint32_t, std::unique_ptr<Fe>>& fes() { return fes_; }
  [[nodiscard]] std::map<Ends, Link>& links() { return links_; }
  [[nodiscard]] Server& server(std::uint32_t id) { return *servers_.at(id); }
  [[nodiscard]] Fe& fe(std::uint32_t id) { return *fes_.at(id); }
  // The VC of that association, if it stands for both sides; 0: none.
  [[nodiscard]] std::uint64_t vc(std::uint32_t fe, std::uint32_t ce) const;
  // What no process may do at any time, as it was seen; the first ones.
  [[nodiscard]] const std::string& faults() const { return faults_; }

 private:
  struct Association {
    std::uint64_t vc = 0;  // 0: none
    bool kept_away = false;
    Instant to_server{}, to_fe{};  // what was sent before arrives before
  };
  void touch(Ends ends, Link& link);
  void associate_soon(std::uint32_t fe, std::uint32_t ce);
  void associate(std::uint32_t fe, std::uint32_t ce);
  [[nodiscard]] Duration some(Duration most);
  [[nodiscard]] test::LocalClock clock(std::int64_t most_ppm);
  [[nodiscard]] bool lost(unsigned of_thousand) {
    return of_thousand > 0 && world.pick(1'000) < of_thousand;
  }

  std::map<std::uint32_t, std::unique_ptr<Server>> servers_;
  std::map<std::uint32_t, std::unique_ptr<Fe>> fes_;
  std::map<Ends, Link> links_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Association> associations_;  // FE, CE
  std::uint64_t last_vc_ = 0;
  std::string faults_;
};

}  // namespace forces::multicast::sim
