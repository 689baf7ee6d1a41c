#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <map>

#include "ce/state/memory.hpp"
#include "ce/state/sqlite/open.hpp"
#include "tests/unit/ce/state/support.hpp"

namespace forces::state {
namespace {

using test::Folder;
using test::put;
using test::removed;
using test::Rows;
using test::rows_of;

std::unique_ptr<Backend> opened(const Folder& folder) {
  auto result = sqlite::open({.file = folder.file(), .vfs = {}});
  if (!result) {
    ADD_FAILURE() << result.error().text;
    return nullptr;
  }
  EXPECT_EQ(result->kept_as, "") << result->damage;
  return std::move(result->backend);
}
// Refused with this reason; the text.
std::string refusal(const Folder& folder, Reason reason) {
  const auto result = sqlite::open({.file = folder.file(), .vfs = {}});
  if (result) {
    ADD_FAILURE() << "was opened";
    return {};
  }
  EXPECT_EQ(to_string(result.error().reason), to_string(reason)) << result.error().text;
  return result.error().text;
}
void change(const Folder& folder, const char* sql) {
  auto raw = sqlite::Database::open(folder.file(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, {});
  ASSERT_TRUE(raw) << raw.error().text;
  const auto done = raw->run(sql);
  ASSERT_TRUE(done) << done.error().text;
}

TEST(SqliteStore, KeepsWhatWasCommitted) {
  const Folder folder;
  {
    const auto backend = opened(folder);
    const Batch first{put("path", "a", "1"), put("path", "b", "1"), put("call", "a", "other")};
    const Batch second{put("path", "a", "2"), removed("path", "b"), removed("path", "never")};
    const Batch groups[] = {first, second};
    ASSERT_TRUE(backend->commit(groups));
    EXPECT_EQ(rows_of(*backend, "path"), (Rows{{"a", "2"}}));
  }
  const auto again = opened(folder);
  EXPECT_EQ(rows_of(*again, "path"), (Rows{{"a", "2"}}));
  EXPECT_EQ(rows_of(*again, "call"), (Rows{{"a", "other"}}));
  EXPECT_EQ(rows_of(*again, "none"), Rows{});
}

TEST(SqliteStore, ScansInTheOrderOfUnsignedOctetsFromAKeyOn) {
  const Folder folder;
  const auto backend = opened(folder);
  const std::string zeros(3, '\0');
  const Batch batch{put("t", "\x80", "3"), put("t", "", ""), put("t", "a", "1"),
                    put("t", "ab", zeros), put("t", zeros, "z")};
  ASSERT_TRUE(backend->commit({&batch, 1}));
  EXPECT_EQ(rows_of(*backend, "t"),
            (Rows{{"", ""}, {zeros, "z"}, {"a", "1"}, {"ab", zeros}, {"\x80", "3"}}));
  EXPECT_EQ(rows_of(*backend, "t", "aa"), (Rows{{"ab", zeros}, {"\x80", "3"}}));
  std::size_t seen = 0;
  ASSERT_TRUE(backend->scan("t", {}, [&](Bytes, Bytes) { return ++seen < 2; }));
  EXPECT_EQ(seen, 2U) << "enough is enough";
  EXPECT_EQ(rows_of(*backend, "t").size(), 5U);
}

TEST(SqliteStore, IsForItsOwnerOnly) {
  const Folder folder;
  const auto backend = opened(folder);
  for (const auto& name : folder.names()) {
    struct stat found{};
    ASSERT_EQ(stat(folder.file(name).c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0600U) << name;
  }
}

TEST(SqliteStore, ANewerSchemaIsRefusedWithAClearMessage) {
  const Folder folder;
  {
    const Batch batch{put("t", "a", "1")};
    ASSERT_TRUE(opened(folder)->commit({&batch, 1}));
  }
  change(folder, "PRAGMA user_version = 2");
  const std::string before = test::content(folder.file());
  const std::string text = refusal(folder, Reason::NewerVersion);
  EXPECT_NE(text.find("schema version 2, this program knows 1"), std::string::npos) << text;
  EXPECT_NE(text.find(folder.file()), std::string::npos) << text;
  EXPECT_EQ(test::content(folder.file()), before);
  EXPECT_TRUE(folder.names("ce.state.damaged").empty());
  change(folder, "PRAGMA user_version = 1");
  EXPECT_EQ(rows_of(*opened(folder), "t").size(), 1U);
}

TEST(SqliteStore, ADatabaseOfSomebodyElseIsLeftAlone) {
  const Folder folder;
  change(folder, "CREATE TABLE entry (part TEXT); INSERT INTO entry VALUES ('theirs')");
  const std::string before = test::content(folder.file());
  (void)refusal(folder, Reason::NotOurs);
  EXPECT_EQ(test::content(folder.file()), before);
  change(folder, "PRAGMA application_id = 252006674");
  (void)refusal(folder, Reason::NotOurs);
}

TEST(SqliteStore, AFileThatIsNoDatabaseIsLeftAlone) {
  const Folder folder;
  const std::string words = "root:x:0:0:root:/root:/bin/bash\n" + std::string(200, 'x');
  std::ofstream(folder.file()) << words;
  for (int time = 0; time < 2; ++time) {  // also when a first try has left something behind
    (void)refusal(folder, Reason::NotOurs);
    EXPECT_EQ(test::content(folder.file()), words);
    EXPECT_EQ(folder.names(), std::vector<std::string>{"ce.state"});
  }
}

TEST(SqliteStore, IsUsedByOneProcessAtATime) {
  const Folder folder;
  auto first = opened(folder);
  const std::string text = refusal(folder, Reason::InUse);
  EXPECT_NE(text.find("another process"), std::string::npos) << text;
  const Batch batch{put("t", "a", "1")};
  ASSERT_TRUE(first->commit({&batch, 1})) << "and the first one is not disturbed";
  first.reset();
  EXPECT_EQ(rows_of(*opened(folder), "t").size(), 1U);
}

TEST(SqliteStore, APlaceThatIsNotThereIsNamed) {
  const auto result = sqlite::open({.file = "/nonexistent/folder/ce.state", .vfs = {}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::Io);
  EXPECT_EQ(result.error().text, "/nonexistent/folder/ce.state: No such file or directory");
  const Folder folder;
  std::filesystem::create_directory(folder.file());
  EXPECT_NE(refusal(folder, Reason::Io).find("Is a directory"), std::string::npos);
}

TEST(SqliteStore, AFileThatIsMovedAwayWhileInUseIsNoticed) {
  const Folder folder;
  const auto backend = opened(folder);
  const Batch batch{put("t", "a", "1")};
  ASSERT_TRUE(backend->commit({&batch, 1}));
  for (const char* part : {"", "-wal"}) {
    const std::string file = folder.file() + part;
    std::filesystem::rename(file, folder.file("elsewhere"));
    const auto done = backend->commit({&batch, 1});
    ASSERT_FALSE(done) << part;
    EXPECT_EQ(done.error().reason, Reason::Moved);
    EXPECT_NE(done.error().text.find(file + ": was moved"), std::string::npos);
    std::filesystem::rename(folder.file("elsewhere"), file);
    EXPECT_TRUE(backend->commit({&batch, 1})) << "moved back";
  }
}

// A batch that cannot be written leaves nothing of its group.
TEST(SqliteStore, AGroupIsWrittenWholeOrNotAtAll) {
  const Folder folder;
  opened(folder).reset();
  change(folder,
         "CREATE TRIGGER t BEFORE INSERT ON entry WHEN new.key = CAST('bad' AS BLOB) "
         "BEGIN SELECT RAISE(ABORT, 'disk on fire'); END");
  const auto backend = opened(folder);
  const Batch groups[] = {{put("t", "a", "1")}, {put("t", "b", "1"), put("t", "bad", "1")}};
  const auto done = backend->commit(groups);
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().text.find("disk on fire"), std::string::npos) << done.error().text;
  EXPECT_EQ(rows_of(*backend, "t"), Rows{});
  ASSERT_TRUE(backend->commit(std::span(groups).first(1))) << "the next one works";
  EXPECT_EQ(rows_of(*backend, "t"), (Rows{{"a", "1"}}));
}

// Against tables in memory: any changes in any groups, looked at now and after it was opened again.
RC_GTEST_PROP(SqliteStoreProperty, HasWhatTablesInMemoryHave, ()) {
  const Folder folder(Folder::in_memory());
  Tables model;
  const auto key =
      rc::gen::container<std::string>(rc::gen::elementOf(std::string("\0\x7f\xff", 3)));
  const auto value = rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  const auto rounds = *rc::gen::inRange(1, 4);
  for (int round = 0; round < rounds; ++round) {
    const auto backend = opened(folder);
    RC_ASSERT(backend != nullptr);
    for (const char* table : {"t", "u"}) {
      RC_ASSERT(rows_of(*backend, table) == rows_of(model, table));
    }
    std::vector<Batch> group(*rc::gen::inRange<std::size_t>(0, 4));
    for (auto& batch : group) {
      for (int n = *rc::gen::inRange(0, 6); n > 0; --n) {
        const std::string table = *rc::gen::elementOf(std::vector<std::string>{"t", "u"});
        batch.push_back(*rc::gen::weightedElement<bool>({{3, true}, {1, false}})
                            ? put(table, *key, *value)
                            : removed(table, *key));
      }
      model.apply(batch);
    }
    RC_ASSERT(backend->commit(group).has_value());
    const std::string from = *key;
    for (const char* table : {"t", "u"}) {
      RC_ASSERT(rows_of(*backend, table, from) == rows_of(model, table, from));
    }
  }
}

}  // namespace
}  // namespace forces::state
