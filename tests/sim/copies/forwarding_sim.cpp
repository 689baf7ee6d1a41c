// Two CEs with FEs of theirs, members that come and go, MCSs that take groups over and give them
// back, FEs that lose their CE for a while; news reach the CEs, and rows the FEs, after some time.
// After every single event a packet of every FE to every group is followed by the rows that stand
// in the FEs then: nobody gets one twice, and whoever has been a member for a while gets it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "ce/multicast/forwarding/forwarding.hpp"
#include "tests/support/sim/soak.hpp"

namespace forces::multicast::forwarding {
namespace {

using namespace std::chrono_literals;
using mars::AtmAddress;
using provision::CopyRow;
using provision::CopyRows;
using provision::CopyTable;

constexpr std::uint16_t kMember = 5000, kServer = 5001;
constexpr std::uint32_t kFes = 6, kGroups = 3, kNet = 0x0a000000;  // FE 3 is 10.0.0.3
constexpr Duration kSettled = 6s;  // news, patience, others and rows, one after the other

AtmAddress address(std::uint32_t fe, std::uint16_t port) {
  return mars::encode_element({{fe}, {kNet + fe, port}});
}
mars::GroupRange range(std::uint32_t group) {
  const auto one = mars::ipv4_address(0xef000000 + group);
  return {one, one};
}

class Storm {
 public:
  explicit Storm(std::uint64_t seed) : random_(seed) {
    for (auto& ce : ces_) ce = std::make_unique<Forwarding>();
    for (std::uint32_t fe = 1; fe <= kFes; ++fe) {
      for (auto& ce : ces_) ce->set_member(Family::Ipv4, address(fe, kMember), true, now_);
      ce_of(fe).on_fe(fe, now_);
    }
    pump();
    run_until(now_ + 10s);
  }
  void play(Duration length) {
    const Instant end = now_ + length;
    while (now_ < end && !testing::Test::HasFatalFailure()) {
      act();
      run_until(now_ + below(2500) * 1ms);
    }
  }
  // When all is quiet.
  void check_end() {
    run_until(now_ + 30s);
    for (std::uint32_t fe = 1; fe <= kFes; ++fe) {
      if (fes_[fe].lost) continue;
      EXPECT_EQ(fes_[fe].rows, ce_of(fe).rows(fe)) << "FE " << fe;
      std::size_t served = 0, copies = 0, peers = 0;
      for (const CopyRow& row : fes_[fe].rows) {
        (row.table == CopyTable::Peers     ? peers
         : row.table == CopyTable::Served4 ? served
                                           : copies) += 1;
      }
      std::size_t want_served = 0, want_copies = 0;
      std::set<std::uint32_t> mcss;
      for (std::uint32_t group = 0; group < kGroups; ++group) {
        const Group& g = groups_[group];
        if (g.servers.contains(fe)) want_served += g.hosts.size();
        want_copies += g.servers.empty() ? g.hosts.size() - g.hosts.count(fe) : 1;
        mcss.insert(g.servers.begin(), g.servers.end());
      }
      EXPECT_EQ(served, want_served);
      EXPECT_EQ(copies, want_copies);
      EXPECT_EQ(peers, kFes + mcss.size());
    }
    EXPECT_GT(checked_, 1000U) << "settled members were looked at";
  }
  [[nodiscard]] std::uint64_t trace() const { return trace_; }

 private:
  struct Group {
    std::set<std::uint32_t> hosts, servers;
  };
  struct Fe {
    CopyRows rows;
    bool busy = false;  // a message is under way
    unsigned life = 0;  // of the association: what is under way ends with it
    bool lost = false;
    Instant disturbed{};  // until then nothing is expected of it
  };

  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }
  Forwarding& ce_of(std::uint32_t fe) { return *ces_[fe % 2]; }
  void at(Instant when, std::function<void()> what) { queue_.emplace(when, std::move(what)); }

  void run_until(Instant end) {
    for (;;) {
      Instant next = queue_.empty() ? end : queue_.begin()->first;
      for (auto& ce : ces_) {
        if (const auto due = ce->next_deadline()) next = std::min(next, std::max(*due, now_));
      }
      if (next >= end) break;
      ASSERT_LT(++steps_, 2'000'000U) << "it turns round and round";
      now_ = next;
      if (!queue_.empty() && queue_.begin()->first == now_) {
        const auto what = std::move(queue_.begin()->second);
        queue_.erase(queue_.begin());
        what();
      } else {
        for (auto& ce : ces_) ce->on_timer(now_);
      }
      pump();
      check();
      if (testing::Test::HasFatalFailure()) return;
    }
    now_ = end;
  }

  // Rows on their way to FEs, one message at a time, as CopySync does.
  void pump() {
    for (auto& ce : ces_) {
      while (const auto fe = ce->poll_changed()) send(*fe);
    }
  }
  void send(std::uint32_t id) {
    Fe& fe = fes_[id];
    if (fe.busy || fe.lost) return;
    fe.busy = true;
    const std::uint64_t version = ce_of(id).version(id);
    const unsigned life = fe.life;
    at(now_ + (1 + below(200)) * 1ms, [this, id, version, life, rows = ce_of(id).rows(id)] {
      if (fes_[id].life != life) return;
      fes_[id].rows = rows;
      at(now_ + (1 + below(200)) * 1ms, [this, id, version, life] {
        if (fes_[id].life != life) return;
        fes_[id].busy = false;
        ce_of(id).on_set(id, version, now_);
        if (ce_of(id).version(id) != version) send(id);
      });
    });
  }
  // What the maps say reaches each CE in order.
  void tell(std::uint32_t group) {
    for (std::size_t ce = 0; ce < 2; ++ce) {
      news_at_[ce] = std::max(news_at_[ce] + 1us, now_ + below(300) * 1ms);
      std::vector<AtmAddress> hosts, servers;
      for (const std::uint32_t fe : groups_[group].hosts) hosts.push_back(address(fe, kMember));
      for (const std::uint32_t fe : groups_[group].servers) servers.push_back(address(fe, kServer));
      at(news_at_[ce], [this, ce, group, hosts, servers] {
        ces_[ce]->set_group(Family::Ipv4, range(group), hosts, servers, now_);
      });
    }
  }
  void act() {
    const std::uint32_t fe = 1 + below(kFes), group = below(kGroups);
    Group& g = groups_[group];
    const std::uint32_t what = below(10);
    trace_ = trace_ * 31 + what * 100 + fe * 10 + group;
    if (what < 5) {
      if (g.hosts.erase(fe) == 0) {
        g.hosts.insert(fe);
        joined_[{group, fe}] = now_;
      }
      tell(group);
    } else if (what < 9) {
      if (g.servers.erase(fe) == 0) g.servers.insert(fe);
      tell(group);
    } else if (fes_[fe].lost) {
      fes_[fe].lost = false;
      fes_[fe].disturbed = now_ + kSettled;
      ce_of(fe).on_fe(fe, now_);
      fes_[fe].busy = false;
    } else {
      fes_[fe].lost = true;  // and keeps its rows
      ce_of(fe).on_fe_gone(fe);
      ++fes_[fe].life;
    }
    pump();
  }

  [[nodiscard]] bool disturbed(std::uint32_t fe) {
    return fes_[fe].lost || now_ < fes_[fe].disturbed;
  }
  [[nodiscard]] bool hears(std::uint32_t fe, std::uint32_t from, std::uint16_t port) {
    return fes_[fe].rows.contains(
        CopyRow{.table = CopyTable::Peers, .address = kNet + from, .port = port});
  }
  template <class F>
  void each(std::uint32_t fe, CopyTable table, std::uint32_t group, F&& f) {
    for (const CopyRow& row : fes_[fe].rows) {
      if (row.table == table && row.first[3] == group) f(row.address - kNet, row.port);
    }
  }
  void check() {
    for (std::uint32_t group = 0; group < kGroups; ++group) {
      for (std::uint32_t sender = 1; sender <= kFes; ++sender) {
        std::map<std::uint32_t, int> got;
        bool by_disturbed = disturbed(sender);
        each(sender, CopyTable::Copies4, group, [&](std::uint32_t to, std::uint16_t port) {
          by_disturbed = by_disturbed || disturbed(to);
          if (!hears(to, sender, kMember)) return;
          if (port == kMember) {
            ++got[to];
            return;
          }
          each(to, CopyTable::Served4, group, [&, mcs = to](std::uint32_t host, std::uint16_t) {
            if (hears(host, mcs, kServer)) ++got[host];
          });
        });
        got.erase(sender);  // its own, by the CMI
        for (const auto& [fe, times] : got) {
          ASSERT_LE(times, 1) << "FE " << fe << " from " << sender << " group " << group;
        }
        if (by_disturbed) continue;
        for (const std::uint32_t host : groups_[group].hosts) {
          if (host == sender || disturbed(host) || now_ < joined_[{group, host}] + kSettled)
            continue;
          ++checked_;
          ASSERT_EQ(got[host], 1) << "FE " << host << " from " << sender << " group " << group;
        }
      }
    }
  }

  std::mt19937_64 random_;
  Instant now_{1h};
  std::array<std::unique_ptr<Forwarding>, 2> ces_;
  std::array<Instant, 2> news_at_{};
  std::map<std::uint32_t, Fe> fes_;
  std::map<std::uint32_t, Group> groups_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Instant> joined_;
  std::multimap<Instant, std::function<void()>> queue_;
  std::uint64_t steps_ = 0, checked_ = 0, trace_ = 0;
};

TEST(CopiesStorm, NoPacketIsLostOrComesTwiceWhateverMoves) {
  forces::test::play_seeds(forces::test::seeds(40), [](std::uint64_t seed) {
    Storm storm(seed);
    storm.play(10min);
    if (HasFatalFailure()) return;
    storm.check_end();
  });
}

TEST(CopiesStorm, TheSameSeedIsTheSameStorm) {
  Storm one(3), other(3);
  one.play(1min);
  other.play(1min);
  EXPECT_EQ(one.trace(), other.trace());
}

}  // namespace
}  // namespace forces::multicast::forwarding
