// The file on a disk: what a life of the FE leaves for the next one.
#include "fe/dataplane/optical/keeper.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/unit/fe/dataplane/optical/rows.hpp"

namespace forces::fe::dataplane::optical {
namespace {

using namespace test;

class FabricKeeper : public testing::Test {
 protected:
  FabricKeeper() : folder_(testing::TempDir() + "fabric_XXXXXX") {
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
  }
  ~FabricKeeper() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path() const { return folder_ + "/fabric"; }
  [[nodiscard]] std::size_t size() const { return std::filesystem::file_size(path()); }
  // What the next life finds.
  std::map<std::uint32_t, CrossConnect> found() {
    Keeper keeper(path(), false);
    auto opened = keeper.open();
    EXPECT_EQ(opened.failure, "");
    note = opened.note;
    return opened.rows;
  }
  std::string commit(Keeper& keeper) {
    return keeper.commit(rows.size(), [this](const auto& f) {
      for (const auto& [index, row] : rows) f(index, row);
    });
  }
  void set(Keeper& keeper, std::uint32_t index, const CrossConnect& row) {
    rows[index] = row;
    keeper.set(index, row);
  }

  std::string folder_, note;
  std::map<std::uint32_t, CrossConnect> rows;  // what the fabric would have
};

TEST_F(FabricKeeper, KeepsRowsForTheNextLife) {
  {
    Keeper keeper(path(), true);
    const auto opened = keeper.open();
    EXPECT_EQ(opened.failure, "");
    EXPECT_TRUE(opened.rows.empty());
    set(keeper, 3, cross(slot(1, 1), slot(2, 6)));
    set(keeper, 9, cross(slot(2, 6), slot(1, 1), RowState::Reserved, 7));
    EXPECT_EQ(commit(keeper), "");
    keeper.erase(3);
    rows.erase(3);
    EXPECT_EQ(commit(keeper), "");
    EXPECT_EQ(keeper.counters().batches, 2U);
  }
  EXPECT_EQ(found(), rows);
  EXPECT_EQ(note, "");
}

TEST_F(FabricKeeper, WritesNothingWhereNothingHasChanged) {
  Keeper keeper(path(), true);
  ASSERT_EQ(keeper.open().failure, "");
  const std::size_t before = size();
  EXPECT_FALSE(keeper.dirty());
  EXPECT_EQ(commit(keeper), "");
  EXPECT_EQ(size(), before);
  EXPECT_EQ(keeper.counters().batches, 0U);
}

TEST_F(FabricKeeper, WhatIsNotCommittedIsNotThere) {
  {
    Keeper keeper(path(), true);
    ASSERT_EQ(keeper.open().failure, "");
    set(keeper, 3, cross(slot(1, 1), slot(2, 6)));
    EXPECT_TRUE(keeper.dirty());
  }
  EXPECT_TRUE(found().empty());
}

TEST_F(FabricKeeper, IsOfOneProcess) {
  Keeper keeper(path(), true);
  ASSERT_EQ(keeper.open().failure, "");
  Keeper another(path(), true);
  EXPECT_NE(another.open().failure.find("another process has it"), std::string::npos);
  EXPECT_FALSE(another.is_open());
}

TEST_F(FabricKeeper, ATailThatIsNotWholeIsPutAsideAndTheRestTaken) {
  {
    Keeper keeper(path(), true);
    ASSERT_EQ(keeper.open().failure, "");
    set(keeper, 3, cross(slot(1, 1), slot(2, 6)));
    EXPECT_EQ(commit(keeper), "");
    keeper.set(4, cross(slot(1, 2), slot(2, 7)));
    EXPECT_EQ(commit(keeper), "");
  }
  const std::size_t whole = size();
  std::filesystem::resize_file(path(), whole - 1);
  EXPECT_EQ(found(), rows);
  EXPECT_NE(note.find("truncated"), std::string::npos) << note;
  EXPECT_EQ(std::filesystem::file_size(path() + ".damaged"), whole - 1);
  EXPECT_EQ(found(), rows);
  EXPECT_EQ(note, "") << "it was mended";
}

TEST_F(FabricKeeper, AFileOfAnotherKindIsNotTouched) {
  std::ofstream(path()) << "something of somebody else";
  const std::size_t before = size();
  Keeper keeper(path(), true);
  EXPECT_NE(keeper.open().failure.find("no file of cross-connects"), std::string::npos);
  EXPECT_FALSE(keeper.is_open());
  EXPECT_EQ(size(), before);
}

TEST_F(FabricKeeper, WithoutAFolderItSaysSo) {
  Keeper keeper(folder_ + "/none/fabric", true);
  EXPECT_NE(keeper.open().failure.find("No such file"), std::string::npos);
}

TEST_F(FabricKeeper, HistoryDoesNotGrowForEver) {
  Keeper keeper(path(), false);
  ASSERT_EQ(keeper.open().failure, "");
  std::size_t largest = 0;
  for (int i = 0; i < 20'000; ++i) {
    set(keeper, 3, cross(slot(1, 1), slot(2, static_cast<std::uint32_t>(i % 64 + 1))));
    ASSERT_EQ(commit(keeper), "");
    largest = std::max(largest, size());
  }
  EXPECT_LE(largest, std::size_t{5'000} * 60);
  EXPECT_GE(keeper.counters().rewrites, 4U);
  EXPECT_LE(keeper.counters().rewrites, 6U);
}

// 65,536 rows, each set in a commit of its own: rewriting must not make it quadratic.
TEST_F(FabricKeeper, AFullTableCostsAsMuchForEachRowAsAnEmptyOne) {
  {
    Keeper keeper(path(), false);
    ASSERT_EQ(keeper.open().failure, "");
    for (std::uint32_t i = 0; i < kMostRows; ++i) {
      keeper.set(i, cross({1, i}, {2, i}));
      ASSERT_EQ(keeper.commit(i + 1, [](const auto&) { FAIL() << "no history to leave out"; }), "");
    }
    EXPECT_EQ(keeper.counters().rewrites, 0U);
  }
  EXPECT_EQ(found().size(), kMostRows);
}

// A limit for files of this process stands for a full disk.
class SmallDisk {
 public:
  explicit SmallDisk(std::size_t octets) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = octets;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SmallDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  rlimit before_{};
};

TEST_F(FabricKeeper, AFullDiskIsToldAndCaughtUpWith) {
  Keeper keeper(path(), true);
  ASSERT_EQ(keeper.open().failure, "");
  set(keeper, 1, cross(slot(1, 1), slot(2, 1)));
  ASSERT_EQ(commit(keeper), "");
  set(keeper, 2, cross(slot(1, 2), slot(2, 2)));
  {
    const SmallDisk full(size() + 20);  // a batch goes in half
    EXPECT_NE(commit(keeper), "");
    EXPECT_TRUE(keeper.broken());
    EXPECT_NE(commit(keeper), "") << "nor is there room for another file";
  }
  EXPECT_EQ(commit(keeper), "");
  EXPECT_FALSE(keeper.broken());
  EXPECT_EQ(keeper.counters().failures, 2U);
  set(keeper, 3, cross(slot(1, 3), slot(2, 3)));
  EXPECT_EQ(commit(keeper), "");
  Keeper reader(folder_ + "/copy", false);
  std::filesystem::copy_file(path(), folder_ + "/copy");
  EXPECT_EQ(reader.open().rows, rows);
}

}  // namespace
}  // namespace forces::fe::dataplane::optical
