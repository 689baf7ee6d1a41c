#include "ce/routing/fib/topology.hpp"

#include <gtest/gtest.h>

#include "tests/unit/ce/routing/support.hpp"

namespace forces::ce::routing {
namespace {

InterFeLink link(FePort a, FePort b, bool v6 = true) {
  const auto end = [&](FePort p, const char* host) {
    LinkEnd e{.port = p, .v4 = ip(str("10.0.", p.fe, ".") + host)};
    if (v6) e.v6 = ip(str("2001:db8:", p.fe, "::") + host);
    return e;
  };
  return {end(a, str(a.port).c_str()), end(b, str(b.port).c_str()), 9000, true};
}

TEST(FeTopology, TheShortestPathBeginsAtTheRightPort) {
  // 1 - 2 - 3 - 4, and 1 - 5 - 4.
  const Topology t({link({1, 12}, {2, 21}), link({2, 23}, {3, 32}), link({3, 34}, {4, 43}),
                    link({1, 15}, {5, 51}), link({5, 54}, {4, 45})});
  EXPECT_EQ(t.towards(1, 4, Family::V4), (Topology::Via{15, 9000, ip("10.0.5.51")}));
  EXPECT_EQ(t.towards(1, 3, Family::V4), (Topology::Via{12, 9000, ip("10.0.2.21")}));
  EXPECT_EQ(t.towards(4, 1, Family::V6), (Topology::Via{45, 9000, ip("2001:db8:5::54")}));
  EXPECT_FALSE(t.towards(1, 1, Family::V4));
  EXPECT_FALSE(t.towards(1, 9, Family::V4));
}

TEST(FeTopology, ALinkThatIsDownOrWithoutTheFamilyIsNone) {
  auto direct = link({1, 12}, {2, 21}, false);
  EXPECT_TRUE(Topology({direct}).towards(1, 2, Family::V4));
  EXPECT_FALSE(Topology({direct}).towards(1, 2, Family::V6));
  direct.up = false;
  EXPECT_FALSE(Topology({direct}).towards(1, 2, Family::V4));
}

TEST(FeTopology, OfEqualPathsTheLowestNumbersWin) {
  const auto a = link({1, 7}, {2, 21}), b = link({1, 3}, {2, 22});
  EXPECT_EQ(Topology({a, b}).towards(1, 2, Family::V4)->port, 3u);
  EXPECT_EQ(Topology({b, a}).towards(1, 2, Family::V4)->port, 3u);
}

}  // namespace
}  // namespace forces::ce::routing
