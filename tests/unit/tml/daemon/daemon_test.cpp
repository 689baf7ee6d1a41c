#include "tml/daemon/daemon.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace forces::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kBefore =
    "[log]\nlevel = \"info\"\n\n[[fe]]\nid = 1\n\n[[fe]]\nid = 2\n";

TEST(ChangedTables, AreNoneWhenNothingChanged) {
  EXPECT_THAT(changed_tables(kBefore, kBefore), IsEmpty());
}

TEST(ChangedTables, NameTheTableOfAChangedKey) {
  EXPECT_THAT(
      changed_tables(kBefore, "[log]\nlevel = \"debug\"\n\n[[fe]]\nid = 1\n\n[[fe]]\nid = 2\n"),
      ElementsAre("log"));
}

TEST(ChangedTables, NameAListWhoseItemWentOrCame) {
  EXPECT_THAT(changed_tables(kBefore, "[log]\nlevel = \"info\"\n\n[[fe]]\nid = 1\n"),
              ElementsAre("fe"));
  EXPECT_THAT(changed_tables("[log]\nlevel = \"info\"\n", kBefore), ElementsAre("fe"));
  EXPECT_THAT(changed_tables(kBefore, "[log]\nlevel = \"info\"\n"), ElementsAre("fe"));
}

}  // namespace
}  // namespace forces::daemon
