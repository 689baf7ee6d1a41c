// Ranges, maps and the replica by themselves; the first two against sets of single groups.
#include <algorithm>
#include <random>
#include <set>

#include "tests/unit/ce/multicast/mars/fixture.hpp"

namespace forces::mars::server {
namespace {

TEST(MarsRanges, SubtractionLosesNothingThatTouchesAHole) {  // RFC 2022 appendix A does
  EXPECT_EQ(subtract({block(1, 9)}, {one(1)}), Ranges{block(2, 9)});
  EXPECT_EQ(subtract({block(1, 9)}, {one(9)}), Ranges{block(1, 8)});
  EXPECT_EQ(subtract({block(1, 9)}, {one(4), one(5)}), (Ranges{block(1, 3), block(6, 9)}));
  EXPECT_EQ(subtract({block(4, 5)}, {block(1, 4), block(2, 3)}), Ranges{one(5)});
  EXPECT_EQ(subtract({one(4)}, {block(1, 9)}), Ranges{});
  EXPECT_EQ(subtract({block(1, 2), block(5, 9)}, {block(2, 6)}), (Ranges{one(1), block(7, 9)}));
}

TEST(MarsRanges, TheEndsOfTheAddressesAreNoWrapAround) {
  const ProtocolAddress last = ipv4_address(0xffffffff), first = ipv4_address(0);
  EXPECT_EQ(after(last), std::nullopt);
  EXPECT_EQ(before(first), std::nullopt);
  EXPECT_EQ(after(ipv4_address(0x00ffffff)), ipv4_address(0x01000000));
  EXPECT_EQ(before(ipv4_address(0x01000000)), ipv4_address(0x00ffffff));
  EXPECT_EQ(subtract({{first, last}}, {{last, last}}), (Ranges{{first, ipv4_address(0xfffffffe)}}));
  EXPECT_EQ(subtract({{first, last}}, {{first, last}}), Ranges{});
}

TEST(MarsRanges, AddressesOfAnotherLengthAreNotTouched) {
  const auto six = *ProtocolAddress::from(std::array<std::byte, 16>{});
  EXPECT_EQ(subtract({block(1, 9)}, {{six, six}}), Ranges{block(1, 9)});
  EXPECT_EQ(subtract({{six, six}}, {block(1, 9)}), (Ranges{{six, six}}));
}

constexpr std::uint32_t kSpace = 40;

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint32_t operator()(std::uint32_t below) {
    return static_cast<std::uint32_t>(engine_() % below);
  }

 private:
  std::mt19937_64 engine_;
};

std::set<std::uint32_t> as_set(const Ranges& ranges) {
  std::set<std::uint32_t> all;
  for (std::uint32_t g = 0; g < kSpace; ++g) {
    if (std::ranges::any_of(ranges, [&](const GroupRange& r) { return r.contains(group(g)); })) {
      all.insert(g);
    }
  }
  return all;
}

GroupRange random_range(Random& random) {
  const std::uint32_t a = random(kSpace), b = random(3) == 0 ? random(kSpace) : a;
  return block(std::min(a, b), std::max(a, b));
}

TEST(MarsRanges, AreSetsOfGroups) {
  Random random(1);
  for (int i = 0; i < 1000; ++i) {
    Ranges from, holes;
    for (std::uint32_t n = random(6); n > 0; --n) from.push_back(random_range(random));
    for (std::uint32_t n = random(8); n > 0; --n) holes.push_back(random_range(random));
    const std::set<std::uint32_t> all = as_set(from), without = as_set(holes);
    from = merged(std::move(from));
    std::ranges::sort(holes);
    ASSERT_EQ(as_set(from), all);
    const Ranges rest = subtract(from, holes);
    std::set<std::uint32_t> want;
    std::ranges::set_difference(all, without, std::inserter(want, want.end()));
    ASSERT_EQ(as_set(rest), want);
    for (std::size_t n = 1; n < rest.size(); ++n) ASSERT_LT(rest[n - 1].max, rest[n].min);
  }
}

// Every change is told once, and tells the difference.
TEST(MarsMaps, TellWhatChangesForARandomLife) {
  Random random(2);
  Maps maps;
  struct Fact {
    std::uint8_t who;
    GroupRange range;
    Holder holder;
    auto operator<=>(const Fact&) const = default;
  };
  std::map<Fact, bool> facts;  // layer3grp
  const auto groups_of = [&](std::uint8_t who) {
    Ranges ranges;
    for (const auto& [fact, layer3] : facts) {
      if (fact.who == who) ranges.push_back(fact.range);
    }
    return as_set(ranges);
  };
  for (int i = 0; i < 4000; ++i) {
    Fact fact{static_cast<std::uint8_t>(random(4)), random_range(random), {ServerId{random(2)}, 1}};
    const auto was = groups_of(fact.who);
    Ranges told;
    std::set<std::uint32_t> now, want;
    if (random(2) == 0 || facts.empty()) {
      const bool layer3 = fact.range.single() && random(2) == 0;
      facts[fact] = layer3;
      told = maps.join(atm(fact.who), fact.range, fact.holder, layer3);
      now = groups_of(fact.who);
      std::ranges::set_difference(now, was, std::inserter(want, want.end()));
    } else {
      if (random(4) != 0) {
        fact = std::next(facts.begin(),
                         static_cast<long>(random(static_cast<std::uint32_t>(facts.size()))))
                   ->first;
      }
      const auto before = groups_of(fact.who);
      facts.erase(fact);
      told = maps.leave(atm(fact.who), fact.range, fact.holder);
      now = groups_of(fact.who);
      std::ranges::set_difference(before, now, std::inserter(want, want.end()));
    }
    ASSERT_EQ(as_set(told), want) << i;
    for (std::size_t n = 1; n < told.size(); ++n) ASSERT_LT(told[n - 1].max, told[n].min);
    const std::uint32_t g = random(kSpace);
    std::vector<AtmAddress> members;
    bool noted = false;
    for (std::uint8_t who = 0; who < 4; ++who) {
      const bool in = groups_of(who).contains(g);
      if (in) members.push_back(atm(who));
      ASSERT_EQ(maps.is_member(atm(who), group(g)), in);
    }
    for (const auto& [f, layer3] : facts) noted = noted || (layer3 && f.range == one(g));
    ASSERT_EQ(maps.hosts(group(g)), members);
    ASSERT_EQ(maps.layer3_groups(one(g)).size(), noted ? 1U : 0U);
  }
}

TEST(MarsMaps, NobodyIsInBothMapsOfAGroup) {  // RFC 2022 section 6.2
  Maps maps;
  (void)maps.join(atm(1), one(1), {kUs, 1}, false);
  (void)maps.join(atm(2), one(1), {kUs, 2}, false);
  EXPECT_TRUE(maps.serve(atm(2), group(1), {kOther, 3}));
  EXPECT_EQ(maps.hosts(group(1)), std::vector{atm(1)});
  EXPECT_EQ(maps.servers(group(1)), std::vector{atm(2)});
}

TEST(MarsMaps, AreListedInPages) {
  Maps maps;
  for (const std::uint32_t n : {5, 1, 3}) (void)maps.join(atm(1), one(n), {kUs, n}, false);
  (void)maps.join(atm(2), GroupRange{group(1), group(9)}, {kUs, 9}, false);
  for (const std::uint32_t n : {3, 4}) (void)maps.serve(atm(3), group(n), {kOther, n});
  using Page = std::vector<ProtocolAddress>;
  EXPECT_EQ(maps.groups({}, 10), (Page{group(1), group(3), group(4), group(5)}));
  EXPECT_EQ(maps.groups({}, 2), (Page{group(1), group(3)}));
  EXPECT_EQ(maps.groups(group(3), 2), (Page{group(4), group(5)}));
  EXPECT_EQ(maps.groups(group(5), 2), Page{});
  EXPECT_EQ(maps.blocks().size(), 1U);
}

Claim client(std::uint8_t n, std::uint16_t cmi, std::optional<GroupRange> range = {}) {
  return {.who = atm(n), .cmi = cmi, .range = range};
}
std::string text(const Replica::Effects& effects) {
  std::string all;
  for (const Effect& e : effects) {
    all += e.on ? "+" : e.said ? "!" : "-";
    all += e.claim.range ? std::to_string(e.holder.key) : "r";
  }
  return all;
}

TEST(MarsReplica, ARangeIsInForceWhileItsNodeIsRegisteredAndItsServerLives) {
  Replica replica;
  Replica::Effects effects;
  const auto after = [&](auto&& what) {
    effects.clear();
    what();
    return text(effects);
  };
  const auto put = [&](std::uint32_t key, std::optional<Claim> claim) {
    return after([&] { replica.put({kOther, key}, claim, effects); });
  };
  EXPECT_EQ(put(1, client(1, 50, one(1))), "");
  EXPECT_EQ(after([&] { replica.set_alive(kOther, true, effects); }), "");
  EXPECT_EQ(put(2, client(1, 50)), "+r+1");
  EXPECT_EQ(put(3, client(1, 50, one(3))), "+3");
  EXPECT_EQ(put(4, client(1, 51, one(4))), "") << "another CMI is another registration";
  EXPECT_EQ(put(5, client(2, 50, one(5))), "") << "as is another address";
  EXPECT_EQ(after([&] { replica.set_alive(kOther, false, effects); }), "-1-3-r");
  EXPECT_EQ(after([&] { replica.set_alive(kOther, true, effects); }), "+r+1+3");
  EXPECT_EQ(put(3, client(1, 50, one(6))), "!3+3") << "the same key says something else";
  EXPECT_EQ(put(1, std::nullopt), "!1");
  EXPECT_EQ(put(2, std::nullopt), "-3-r");
  EXPECT_EQ(put(2, client(1, 50)), "+r+3");
}

TEST(MarsReplica, OrderOfRecordsDoesNotMatter) {
  const std::vector<std::pair<std::uint32_t, Claim>> all{{1, client(1, 50)},
                                                         {2, client(1, 50, one(1))},
                                                         {3, client(1, 50, block(1, 9))},
                                                         {4, client(2, 60)},
                                                         {5, client(2, 60, one(1))}};
  std::vector<int> order{0, 1, 2, 3, 4, 5};  // 5: the server is found
  do {
    Replica replica;
    std::set<std::pair<std::uint32_t, bool>> in_force;
    Replica::Effects effects;
    for (const int i : order) {
      if (i == 5) {
        replica.set_alive(kOther, true, effects);
      } else {
        replica.put({kOther, all[static_cast<std::size_t>(i)].first},
                    all[static_cast<std::size_t>(i)].second, effects);
      }
    }
    ASSERT_EQ(effects.size(), 5U);
    for (const Effect& e : effects) ASSERT_TRUE(e.on);
  } while (std::ranges::next_permutation(order).found);
}

TEST(MarsNumbers, KeysAreReusedAndThoseInUseAreNot) {
  Keys keys;
  keys.take(Keys::kFirst + 1);
  const auto a = keys.allocate(), b = keys.allocate();
  EXPECT_EQ(a, Keys::kFirst);
  EXPECT_EQ(b, Keys::kFirst + 2);
  keys.release(Keys::kFirst + 1);
  keys.release(a);
  EXPECT_EQ(keys.allocate(), a);
  EXPECT_EQ(keys.allocate(), Keys::kFirst + 1);
  EXPECT_EQ(keys.allocate(), Keys::kFirst + 3);
}

TEST(MarsNumbers, CmisAreOfTheRangeAndComeBackLate) {  // item 12
  Cmis cmis({10, 12});
  cmis.reserve(11);
  EXPECT_EQ(cmis.allocate(), 10);
  EXPECT_EQ(cmis.allocate(), 12);
  EXPECT_EQ(cmis.allocate(), std::nullopt);
  cmis.release(10);
  cmis.release(12);
  EXPECT_EQ(cmis.allocate(), 10) << "the range starts again";
  cmis.end_reservations();
  EXPECT_EQ(cmis.allocate(), 11);
}

TEST(MarsNumbers, CmisBeginWhereTheyAreTold) {
  Cmis cmis({10, 12}, 5);
  EXPECT_EQ(cmis.allocate(), 12);
  EXPECT_EQ(cmis.allocate(), 10);
}

}  // namespace
}  // namespace forces::mars::server
