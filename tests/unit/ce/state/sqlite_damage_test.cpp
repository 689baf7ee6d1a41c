// A file that is damaged is moved aside, whatever is the matter with it, and never used.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "ce/state/sqlite/open.hpp"
#include "tests/unit/ce/state/support.hpp"

namespace forces::state {
namespace {

using test::Folder;
using test::put;
using test::rows_of;

// 200 rows of 300 octets, closed in good order: all of it is in the file, none in the log.
void fill(const Folder& folder) {
  auto result = sqlite::open({.file = folder.file(), .vfs = {}});
  ASSERT_TRUE(result) << result.error().text;
  Batch batch;
  for (int n = 0; n < 200; ++n) {
    batch.push_back(put("path", std::to_string(n), std::string(300, 'v')));
  }
  ASSERT_TRUE(result->backend->commit({&batch, 1}));
}

struct Damage {
  const char* name;
  void (*harm)(std::string& file);
};

class SqliteDamage : public testing::TestWithParam<Damage> {};

TEST_P(SqliteDamage, IsMovedAsideAndTheStateBeginsEmpty) {
  const Folder folder;
  fill(folder);
  std::string octets = test::content(folder.file());
  ASSERT_GT(octets.size(), 60'000U);
  GetParam().harm(octets);
  std::ofstream(folder.file(), std::ios::binary) << octets;

  auto result = sqlite::open({.file = folder.file(), .vfs = {}});
  ASSERT_TRUE(result) << result.error().text;
  EXPECT_TRUE(result->kept_as.starts_with(folder.file() + ".damaged-")) << result->kept_as;
  EXPECT_EQ(test::content(result->kept_as), octets) << "kept as it was found";
  EXPECT_NE(result->damage, "");
  EXPECT_EQ(rows_of(*result->backend, "path").size(), 0U);
  const Batch batch{put("path", "new", "1")};
  ASSERT_TRUE(result->backend->commit({&batch, 1}));
  result->backend.reset();

  auto again = sqlite::open({.file = folder.file(), .vfs = {}});
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(again->kept_as, "");
  EXPECT_EQ(rows_of(*again->backend, "path").size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Of, SqliteDamage,
    testing::Values(
        Damage{"APage", [](std::string& f) { f.replace(8192, 4096, 4096, '\xa5'); }},
        Damage{"APageOfZeros", [](std::string& f) { f.replace(4096, 4096, 4096, '\0'); }},
        Damage{"TheFirstPage", [](std::string& f) { f.replace(0, 4096, 4096, '\0'); }},
        Damage{"TheEnd", [](std::string& f) { f.resize(f.size() / 2); }},
        Damage{"AllButTheHeader", [](std::string& f) { f.resize(100); }},
        Damage{"AllButAFewOctets", [](std::string& f) { f.resize(10); }},
        // SQLite itself would hand this out.
        Damage{"ABitInsideAValue", [](std::string& f) { f[f.rfind("vvvvvvvv")] ^= 4; }}),
    [](const auto& of) { return std::string(of.param.name); });

TEST(SqliteDamaged, KeepsEveryDamagedFile) {
  const Folder folder;
  for (int time = 0; time < 3; ++time) {  // within one second: names must differ
    fill(folder);
    std::filesystem::resize_file(folder.file(), 5000);
    auto result = sqlite::open({.file = folder.file(), .vfs = {}});
    ASSERT_TRUE(result) << result.error().text;
    EXPECT_NE(result->kept_as, "");
  }
  EXPECT_EQ(folder.names("ce.state.damaged-").size(), 3U);
}

TEST(SqliteDamaged, TheLogGoesAlong) {
  const Folder folder;
  fill(folder);
  std::filesystem::resize_file(folder.file(), 9000);
  std::ofstream(folder.file() + "-wal") << "what a log holds";
  auto result = sqlite::open({.file = folder.file(), .vfs = {}});
  ASSERT_TRUE(result) << result.error().text;
  ASSERT_NE(result->kept_as, "");
  EXPECT_EQ(test::content(result->kept_as + "-wal"), "what a log holds");
}

TEST(SqliteDamaged, AFileThatWasNeverOursIsLeftAlone) {
  const Folder folder;
  std::string octets = "SQLite format 3";  // somebody's database, damaged: no application of ours
  octets.resize(5000, '\x11');
  octets[15] = '\0';
  std::ofstream(folder.file(), std::ios::binary) << octets;
  const auto result = sqlite::open({.file = folder.file(), .vfs = {}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::NotOurs);
  EXPECT_EQ(test::content(folder.file()), octets);
}

// While it runs: a row is not handed out when it is not what was written.
TEST(SqliteDamaged, ARowThatChangedUnderItIsNotHandedOut) {
  const Folder folder;
  fill(folder);
  auto result = sqlite::open({.file = folder.file(), .vfs = {}});
  ASSERT_TRUE(result) << result.error().text;
  {
    auto raw = sqlite::Database::open(folder.file(), SQLITE_OPEN_READWRITE, {});
    ASSERT_TRUE(
        raw->run("UPDATE entry SET value = CAST('forged' AS BLOB) WHERE key = CAST('7' AS "
                 "BLOB)"));
  }
  std::size_t seen = 0;
  const auto done = result->backend->scan("path", {}, [&](Bytes, Bytes value) {
    EXPECT_EQ(value.size(), 300U);
    return ++seen < 1000;
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().reason, Reason::Damaged);
  EXPECT_NE(done.error().text.find("a row of path is not as it was written"), std::string::npos);
}

}  // namespace
}  // namespace forces::state
