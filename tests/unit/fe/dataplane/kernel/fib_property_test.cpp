// Any sequence of rows set and removed, links that flap, programs that interfere, answers and
// announcements that come late: in the end the kernel has what is wanted, and setting it all again
// costs nothing.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <stdexcept>

#include "fe/dataplane/kernel/fib.hpp"
#include "tests/unit/fe/dataplane/kernel/model_kernel.hpp"
#include "tests/unit/fe/dataplane/kernel/rows.hpp"

namespace forces::fe::dataplane::kernel {
namespace {

using namespace test;

constexpr std::uint32_t kHops = 5, kSets = 3, kRoutes = 8, kLinks = 2;
constexpr std::uint32_t kLinkMtu = 1500;

// Seen by RapidCheck, which shrinks, and by a plain test alike.
void require(bool holds, int line) {
  if (!holds) throw std::runtime_error("line " + std::to_string(line));
}

class World {
 public:
  World() {
    kernel_.unreachable.insert(address("10.0.0.3"));
    kernel_.refused.insert(numbered(7));
    for (std::uint32_t link = 1; link <= kLinks; ++link) {
      kernel_.link(link, true);
      fib_.on_link(link, true, kLinkMtu);
    }
  }

  void command(std::uint64_t seed) {
    random_ = seed;
    switch (pick(14)) {
      case 0:
      case 1: {
        // One draw to a statement: compilers order the arguments of a call as they like.
        const std::string gateway = "10.0.0." + std::to_string(pick(4));
        NextHop hop = via(gateway, 1 + pick(kLinks));
        if (pick(6) == 0) hop = {.discard = true};
        const auto mtu = static_cast<std::uint16_t>(pick(3) == 0 ? 1400 + 200 * pick(2) : 0);
        const ObjectId id = hop4(pick(kHops));
        const auto reject = hop.discard ? static_cast<Reject>(pick(3)) : Reject::No;
        hops_[id] = {hop, mtu, reject};
        require(fib_.set_next_hop(id, hop, mtu, reject), __LINE__);
        break;
      }
      case 2: {
        const ObjectId id = hop4(pick(kHops));
        hops_.erase(id);
        fib_.remove_object(id);
        break;
      }
      case 3: {
        std::vector<Member> members;
        for (std::uint32_t hop = 0; hop < kHops; ++hop) {
          if (pick(2) == 0) members.push_back({hop4(hop), static_cast<std::uint16_t>(1 + pick(2))});
        }
        const ObjectId id = set4(pick(kSets));
        sets_[id] = members;
        require(fib_.set_members(id, members), __LINE__);
        break;
      }
      case 4: {
        const ObjectId id = set4(pick(kSets));
        sets_.erase(id);
        fib_.remove_object(id);
        break;
      }
      case 5:
      case 6:
      case 7: {
        const ObjectId target = pick(2) == 0 ? hop4(pick(kHops)) : set4(pick(kSets));
        const Prefix prefix = numbered(pick(kRoutes));
        routes_[prefix] = target;
        require(fib_.set_route(prefix, target), __LINE__);
        break;
      }
      case 8: {
        const Prefix prefix = numbered(pick(kRoutes));
        routes_.erase(prefix);
        fib_.remove_route(prefix);
        break;
      }
      case 9: {  // a link flaps, or changes; the news come later
        const std::uint32_t link = 1 + pick(kLinks);
        const bool up = !kernel_.up[link];
        kernel_.link(link, up);
        news_.push_back([=, this] { fib_.on_link(link, up, kLinkMtu); });
        break;
      }
      case 10: {  // another program deletes something of ours
        if (pick(2) == 0) {
          const Prefix prefix = numbered(pick(kRoutes));
          if (kernel_.routes.erase(prefix) == 1) {
            news_.push_back([=, this] { fib_.on_route_gone(prefix); });
          }
        } else if (const ObjectId id = hop4(pick(kHops)); kernel_.next_hops.contains(id)) {
          kernel_.remove(id);
          news_.push_back([=, this] { fib_.on_object_gone(id); });
        }
        break;
      }
      case 11:  // hand out a few operations; the kernel is quicker than its answers
        for (std::uint32_t n = pick(6); n > 0; --n) {
          auto request = fib_.poll_operation();
          if (!request) break;
          answers_.push_back(
              [this, ticket = request->ticket, error = kernel_.apply(request->operation)] {
                fib_.on_result(ticket, error);
              });
        }
        break;
      case 12:
        deliver(answers_, pick(6));
        deliver(news_, pick(3));
        break;
      case 13:
        deliver(news_, pick(3));
        if (fib_.in_flight() == 0) read_back(fib_, kernel_);
        fib_.review(pick(2 * kRoutes));
        break;
    }
  }

  // Everything arrives and is worked off.
  void finish() {
    deliver(answers_, answers_.size());
    deliver(news_, news_.size());
    require(settle(fib_, kernel_, 10'000) <= 10'000U, __LINE__);
    fib_.sweep();
    require(settle(fib_, kernel_, 10'000) <= 10'000U, __LINE__);
    require(!fib_.has_work(), __LINE__);
  }

  void check() {
    std::map<ObjectId, NextHop> hops;
    std::map<ObjectId, std::uint16_t> mtus;
    for (const auto& [id, wanted] : hops_) {
      const NextHop& hop = wanted.hop;
      mtus[id] = !hop.discard && wanted.mtu < kLinkMtu ? wanted.mtu : std::uint16_t{0};
      if (hop.discard ||
          (kernel_.up[hop.interface] && !kernel_.unreachable.contains(*hop.gateway))) {
        hops[id] = hop;
      }
    }
    require(kernel_.next_hops == hops, __LINE__);
    std::map<ObjectId, std::vector<Member>> sets;
    for (const auto& [id, wanted] : sets_) {
      for (const Member& member : wanted) {
        if (hops.contains(member.next_hop)) sets[id].push_back(member);
      }
    }
    require(kernel_.sets == sets, __LINE__);
    std::map<Prefix, ModelKernel::Route> routes;
    for (const auto& [prefix, target] : routes_) {
      const bool there = hops.contains(target) || sets.contains(target);
      const auto state = fib_.status(prefix)->state;
      if (!there) {
        require(state == RowState::Waiting, __LINE__);
      } else if (kernel_.refused.contains(prefix)) {
        require(state == RowState::Failed, __LINE__);
      } else {
        require(state == RowState::Installed, __LINE__);
        const Reject reject = reject_of(target);
        routes[prefix] = {reject == Reject::No ? target : kNoObject, mtu_of(target, mtus), reject};
      }
    }
    require(kernel_.routes.size() == routes.size(), __LINE__);
    for (const auto& [prefix, route] : routes) require(kernel_.routes[prefix] == route, __LINE__);
  }

  // All rows again; what had been refused may be tried again, and is not set here.
  std::size_t apply_again() {
    for (const auto& [id, wanted] : hops_) {
      if (fib_.status(id)->state != RowState::Failed) {
        require(fib_.set_next_hop(id, wanted.hop, wanted.mtu, wanted.reject), __LINE__);
      }
    }
    for (const auto& [id, members] : sets_) require(fib_.set_members(id, members), __LINE__);
    for (const auto& [prefix, target] : routes_) {
      if (fib_.status(prefix)->state != RowState::Failed)
        require(fib_.set_route(prefix, target), __LINE__);
    }
    return settle(fib_, kernel_);
  }

 private:
  std::uint32_t pick(std::uint32_t bound) {  // splitmix64
    random_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t x = random_;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
    return static_cast<std::uint32_t>((x ^ x >> 31) % bound);
  }
  static void deliver(std::deque<std::function<void()>>& queue, std::size_t count) {
    for (; count > 0 && !queue.empty(); --count) {
      queue.front()();
      queue.pop_front();
    }
  }
  std::uint16_t mtu_of(ObjectId target, std::map<ObjectId, std::uint16_t>& mtus) {
    if (!is_set(target)) return mtus[target];
    std::uint16_t least = 0;
    for (const Member& member : sets_[target]) {
      const std::uint16_t mtu = mtus[member.next_hop];
      if (mtu != 0 && (least == 0 || mtu < least)) least = mtu;
    }
    return least;
  }

  Reject reject_of(ObjectId target) {
    if (is_set(target) && sets_[target].size() == 1) target = sets_[target].front().next_hop;
    return is_set(target) ? Reject::No : hops_.at(target).reject;
  }

  struct Hop {
    NextHop hop;
    std::uint16_t mtu = 0;
    Reject reject = Reject::No;
  };
  Fib fib_;
  ModelKernel kernel_;
  std::map<ObjectId, Hop> hops_;
  std::map<ObjectId, std::vector<Member>> sets_;
  std::map<Prefix, ObjectId> routes_;
  std::deque<std::function<void()>> answers_, news_;
  std::uint64_t random_ = 0;
};

RC_GTEST_PROP(FibProperty, TheKernelEndsAsWanted, (const std::vector<std::uint16_t>& script)) {
  World world;
  std::uint64_t position = 0;
  for (const std::uint16_t step : script) world.command(step * 0x100000001b3ULL + ++position);
  world.finish();
  world.check();
  require(world.apply_again() == 0U, __LINE__);
  world.check();
}

// The same with far more steps than RapidCheck's containers have; the seed is the number in the
// message.
TEST(FibProperty, LongSequencesEndAsWanted) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    World world;
    for (std::uint64_t step = 0; step < 400; ++step) world.command(seed << 32 | step);
    try {
      world.finish();
      world.check();
      EXPECT_EQ(world.apply_again(), 0U);
    } catch (const std::runtime_error& failed) {
      FAIL() << failed.what();
    }
  }
}

}  // namespace
}  // namespace forces::fe::dataplane::kernel
