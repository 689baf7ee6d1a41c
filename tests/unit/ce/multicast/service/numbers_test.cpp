// Sequence numbers over restarts: what is used is said before.
#include "ce/multicast/service/numbers.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace forces::multicast {
namespace {

using scsp::SequenceNumber;

class MulticastNumbers : public testing::Test {
 protected:
  MulticastNumbers() {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    file = folder_ + "/numbers";
  }
  ~MulticastNumbers() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string text() const {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& what) const { std::ofstream(file) << what; }

  std::string folder_ = testing::TempDir() + "forces_numbers_XXXXXX";
  std::string file;
};

TEST_F(MulticastNumbers, EveryStartIsABlockAboveTheOneBefore) {
  auto first = Numbers::open(file);
  ASSERT_TRUE(first) << first.error();
  EXPECT_EQ(first->used(), scsp::kReservedSequence);
  const auto second = Numbers::open(file);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->used().value, scsp::kReservedSequence.value + Numbers::kBlock);
  EXPECT_EQ(Numbers::open(file)->used().value, scsp::kReservedSequence.value + 2 * Numbers::kBlock);
}

TEST_F(MulticastNumbers, AFolderIsNoFile) {
  std::filesystem::create_directory(file);
  const auto numbers = Numbers::open(file);
  ASSERT_FALSE(numbers);
  EXPECT_EQ(numbers.error(), file + " is no file");
}

TEST_F(MulticastNumbers, ABlockIsTakenBeforeItsNumbersAreUsed) {
  auto numbers = Numbers::open(file);
  ASSERT_TRUE(numbers);
  const std::int32_t first = scsp::kReservedSequence.value;
  const std::string before = text();
  ASSERT_TRUE(numbers->reach({first + Numbers::kBlock / 2 - 1}));
  EXPECT_EQ(text(), before);
  ASSERT_TRUE(numbers->reach({first + Numbers::kBlock / 2}));
  EXPECT_NE(text(), before);
  EXPECT_GT(Numbers::open(file)->used().value, first + Numbers::kBlock);
}

// The group had a greater one: the file was lost.
TEST_F(MulticastNumbers, ANumberFarAboveIsReachedAtOnce) {
  auto numbers = Numbers::open(file);
  ASSERT_TRUE(numbers);
  ASSERT_TRUE(numbers->reach({1'000'000}));
  EXPECT_EQ(Numbers::open(file)->used().value, 1'000'000 + Numbers::kBlock);
}

TEST_F(MulticastNumbers, NearTheEndTheFileStays) {
  write("scsp-sequence 2147483000\n");
  auto numbers = Numbers::open(file);
  ASSERT_TRUE(numbers);
  EXPECT_EQ(numbers->used().value, 2147483000);
  EXPECT_TRUE(numbers->reach(scsp::kLastSequence));
  EXPECT_EQ(text(), "scsp-sequence 2147483000\n");
}

TEST_F(MulticastNumbers, WhatIsNoSuchFileIsNamed) {
  for (const char* const what :
       {"", "scsp-sequence", "scsp-sequence ", "scsp-sequence 1", "scsp-sequence 1x\n",
        "scsp-sequence 99999999999\n", "something else\n", "other-numbers 5\n"}) {
    write(what);
    const auto opened = Numbers::open(file);
    ASSERT_FALSE(opened) << what;
    EXPECT_NE(opened.error().find(file), std::string::npos);
  }
}

TEST_F(MulticastNumbers, AFolderThatIsNotThereIsNamed) {
  const auto opened = Numbers::open(folder_ + "/none/numbers");
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().find("/none/"), std::string::npos) << opened.error();
}

}  // namespace
}  // namespace forces::multicast
