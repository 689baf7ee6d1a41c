// No label is leaked, no row is an orphan, nothing established is touched unasked, whatever
// happens.
#include <gtest/gtest.h>

#include <random>

#include "tests/support/optical/life.hpp"

namespace forces::signaling::resource {
namespace {

TEST(ResourceProperty, AnyLifeEndsWithTheSamePictureOnBothSides) {
  std::size_t established = 0;
  for (std::uint32_t seed = 1; seed <= 400; ++seed) {
    std::mt19937 random(seed);
    test::OpticalLife life(
        [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); });
    life.run(120);
    ASSERT_EQ(life.check(), std::vector<std::string>{}) << "seed " << seed;
    established += life.established();
  }
  EXPECT_GT(established, 200U) << "something must have been set up at all";
}

}  // namespace
}  // namespace forces::signaling::resource
