#include "common/runtime/units.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace forces::runtime {
namespace {

using namespace std::chrono_literals;

struct DurationCase {
  const char* name;
  std::string_view text;
  std::optional<Duration> want;
};
const DurationCase kDurations[] = {
    {"Milliseconds", "500ms", 500ms},
    {"Seconds", "3s", 3s},
    {"Minutes", "5min", 5min},
    {"Hours", "24h", 24h},
    {"Microseconds", "10us", 10us},
    {"ASpaceBeforeTheUnit", "2 s", 2s},
    {"Zero", "0s", 0s},
    {"AUnitIsNeeded", "500", std::nullopt},
    {"NoFractions", "1.5s", std::nullopt},
    {"NoSign", "-1s", std::nullopt},
    {"NoLeadingSpace", " 1s", std::nullopt},
    {"NoTrailingText", "1s ", std::nullopt},
    {"MIsNoMinute", "1m", std::nullopt},
    {"Empty", "", std::nullopt},
    {"LargerThanNumbersAre", "99999999999999999999s", std::nullopt},
    {"LargerThanADurationIs", "9000000000h", std::nullopt},
};
class DurationText : public testing::TestWithParam<DurationCase> {};
TEST_P(DurationText, Parses) { EXPECT_EQ(parse_duration(GetParam().text), GetParam().want); }
TEST_P(DurationText, PrintsBackToTheSameValue) {
  if (!GetParam().want) return;
  EXPECT_EQ(parse_duration(to_text(*GetParam().want)), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(Durations, DurationText, testing::ValuesIn(kDurations),
                         [](const auto& c) { return c.param.name; });

struct OctetsCase {
  const char* name;
  std::string_view text;
  std::optional<Octets> want;
};
const OctetsCase kSizes[] = {
    {"Octets", "262140B", Octets{262'140}},
    {"Kibi", "64KiB", 64_KiB},
    {"Mebi", "1MiB", 1_MiB},
    {"Kilo", "64kB", Octets{64'000}},
    {"Zero", "0B", Octets{0}},
    {"AUnitIsNeeded", "64", std::nullopt},
    {"LowerCaseIsAnotherUnit", "64kib", std::nullopt},
    {"Wraps", "99999999999GiB", std::nullopt},
};
class OctetsText : public testing::TestWithParam<OctetsCase> {};
TEST_P(OctetsText, Parses) { EXPECT_EQ(parse_octets(GetParam().text), GetParam().want); }
TEST_P(OctetsText, PrintsBackToTheSameValue) {
  if (!GetParam().want) return;
  EXPECT_EQ(parse_octets(to_text(*GetParam().want)), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(Sizes, OctetsText, testing::ValuesIn(kSizes),
                         [](const auto& c) { return c.param.name; });

TEST(DurationText, TakesTheLargestUnitThatDivides) {
  EXPECT_EQ(to_text(Duration(1500ms)), "1500ms");
  EXPECT_EQ(to_text(Duration(120s)), "2min");
  EXPECT_EQ(to_text(Duration(24h)), "24h");
}

TEST(OctetsText, TakesTheLargestUnitThatDivides) {
  EXPECT_EQ(to_text(Octets{65'536}), "64KiB");
  EXPECT_EQ(to_text(Octets{262'140}), "262140B");
}

}  // namespace
}  // namespace forces::runtime
