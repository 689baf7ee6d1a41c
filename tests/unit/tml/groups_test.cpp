// Multicast groups of a CE (draft section 6.3; rows 19, 20).
#include "tml/src/core/groups.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/pl/ids.hpp"

namespace forces::tml {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pointee;

constexpr std::uint32_t kA = 0xc0000001, kB = 0xc0000002;

TEST(TmlGroups, OnlyMulticastIdsAreGroups) {  // RFC 5810 figure 12
  EXPECT_FALSE(pl::is_multicast({0}));
  EXPECT_FALSE(pl::is_multicast({0x40000001}));
  EXPECT_FALSE(pl::is_multicast({0xbfffffff}));
  EXPECT_TRUE(pl::is_multicast({0xc0000000}));
  EXPECT_TRUE(pl::is_multicast({0xffffffef}));
  EXPECT_FALSE(pl::is_multicast({0xfffffff0}));
  EXPECT_FALSE(pl::is_multicast(pl::kAllFes));
  EXPECT_FALSE(pl::is_multicast({0xffffffff}));
}

TEST(TmlGroups, TheFirstJoinCreatesTheGroup) {
  Groups groups;
  EXPECT_EQ(groups.incarnation(kA), 0U);
  const auto first = groups.join(kA, 1), second = groups.join(kA, 2);
  EXPECT_TRUE(first.created && first.added);
  EXPECT_FALSE(second.created);
  EXPECT_TRUE(second.added);
  EXPECT_EQ(first.incarnation, second.incarnation);
  EXPECT_EQ(groups.incarnation(kA), first.incarnation);
  EXPECT_THAT(groups.members(kA, first.incarnation), Pointee(ElementsAre(1, 2)));
}

TEST(TmlGroups, JoiningTwiceIsBeingInOnce) {
  Groups groups;
  const auto first = groups.join(kA, 1), again = groups.join(kA, 1);
  EXPECT_FALSE(again.added);
  EXPECT_THAT(groups.members(kA, first.incarnation), Pointee(ElementsAre(1)));
  EXPECT_TRUE(groups.leave(kA, 1));
  EXPECT_EQ(groups.incarnation(kA), 0U);
}

TEST(TmlGroups, TheLastLeaveRemovesTheGroup) {
  Groups groups;
  const auto joined = groups.join(kA, 1);
  (void)groups.join(kA, 2);
  EXPECT_TRUE(groups.leave(kA, 1));
  EXPECT_THAT(groups.members(kA, joined.incarnation), Pointee(ElementsAre(2)));
  EXPECT_TRUE(groups.leave(kA, 2));
  EXPECT_EQ(groups.members(kA, joined.incarnation), nullptr);
}

TEST(TmlGroups, LeavingAGroupOneIsNotInChangesNothing) {
  Groups groups;
  const auto joined = groups.join(kA, 1);
  EXPECT_FALSE(groups.leave(kA, 2));
  EXPECT_FALSE(groups.leave(kB, 1));
  EXPECT_THAT(groups.members(kA, joined.incarnation), Pointee(ElementsAre(1)));
}

TEST(TmlGroups, AGroupThatCameBackIsAnother) {
  Groups groups;
  const auto before = groups.join(kA, 1);
  (void)groups.leave(kA, 1);
  const auto after = groups.join(kA, 1);
  EXPECT_TRUE(after.created);
  EXPECT_NE(after.incarnation, before.incarnation);
  EXPECT_EQ(groups.members(kA, before.incarnation), nullptr);  // an old descriptor reaches nobody
  EXPECT_THAT(groups.members(kA, after.incarnation), Pointee(ElementsAre(1)));
}

TEST(TmlGroups, APeerThatIsGoneIsInNoGroup) {
  Groups groups;
  const auto a = groups.join(kA, 1);
  (void)groups.join(kA, 2);
  (void)groups.join(kB, 1);
  EXPECT_THAT(groups.leave_all(1), ElementsAre(kA, kB));
  EXPECT_THAT(groups.leave_all(1), IsEmpty());
  EXPECT_THAT(groups.members(kA, a.incarnation), Pointee(ElementsAre(2)));
  EXPECT_EQ(groups.incarnation(kB), 0U);
}

}  // namespace
}  // namespace forces::tml
