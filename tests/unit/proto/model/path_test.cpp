// Paths that are typed: where they lead, and why they lead nowhere.
#include "proto/model/path.hpp"

#include <gtest/gtest.h>

#include <iterator>
#include <random>

#include "proto/model/json/json.hpp"
#include "tests/support/octets/hex.hpp"

namespace forces::model {
namespace {

using test::to_hex;

struct Pointed {
  const char* text;
  const char* whole;  // the path by names; or a part of what is wrong with it
  std::vector<std::uint32_t> ids;
  const char* type;  // "": not known
};
const std::vector<ClassName> kOthers{{70'000, "Foo"}, {10, "IPv4UcastLPM"}};

TEST(LfbPaths, LeadByNamesAndNumbers) {
  for (const auto& [text, whole, ids, type] : std::initializer_list<Pointed>{
           {"FEPO.1", "FEPO.1", {}, ""},
           {"2.1/4", "FEPO.1/CEHBPolicy", {4}, "uint8, 0 to 1"},
           {"fepo.1/cehdi", "FEPO.1/CEHDI", {5}, "uint32, 10 or more"},
           {"IPv4UcastLPM.1/PrefixTable/17",
            "IPv4UcastLPM.1/IPv4PrefixTable/17",
            {1, 17},
            "{Address, Prefixlen, ECMPFlag, DefaultRouteFlag, Reserved, HopSelector}"},
           {"IPv4NextHop.1/1/0/NextHopIPAddr",
            "IPv4NextHop.1/IPv4NextHopTable/0/NextHopIPAddr",
            {1, 0, 3},
            "IPv4 address"},
           {"12.0x1/1/0/3",
            "IPv4NextHop.1/IPv4NextHopTable/0/NextHopIPAddr",
            {1, 0, 3},
            "IPv4 address"},
           {"65794.1/IPv4EcmpTable/5/2/Weight",
            "EcmpHops.1/IPv4EcmpTable/5/2/Weight",
            {1, 5, 2, 2},
            "uint16, 1 to 256"},
           {"10.1/99", "IPv4UcastLPM.1/99", {99}, ""},
           {"10.1/1/17/6/8", "IPv4UcastLPM.1/IPv4PrefixTable/17/HopSelector/8", {1, 17, 6, 8}, ""},
           {"Foo.3/1/2", "Foo.3/1/2", {1, 2}, ""},
           {"70001.3/1", "70001.3/1", {1}, ""},
           {"FEPO.1/61/1", "FEPO.1/Events/PrimaryCEDown", {61, 1}, ""},
           {"FEPO.1/Events/PrimaryCEChanged", "FEPO.1/Events/PrimaryCEChanged", {61, 2}, ""},
       }) {
    const auto path = read_path(text, kOthers);
    ASSERT_TRUE(path) << text << ": " << path.error();
    EXPECT_EQ(path->text, whole);
    EXPECT_EQ(path->ids, ids) << text;
    EXPECT_EQ(path->type != nullptr ? describe(*path->type) : "", type) << text;
    EXPECT_FALSE(path->key);
  }
}

TEST(LfbPaths, ThatLeadNowhereAreExplained) {
  for (const auto& [text, why] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", "\"\" names no LFB: a path begins with CLASS.INSTANCE, as in FEObject.1"},
           {"FEPO", "\"FEPO\" names no LFB: a path begins with CLASS.INSTANCE, as in FEObject.1"},
           {"FEPO.x",
            "\"FEPO.x\" names no LFB: a path begins with CLASS.INSTANCE, as in FEObject.1"},
           {"Bar.1", "there is no LFB class \"Bar\"; its number would do"},
           {"UcastLPM.1", "there is no LFB class \"UcastLPM\"; its number would do"},  // two end so
           {"IPv4NextHop.1/Table2",
            "IPv4NextHop has no component \"Table2\"; it has 1 IPv4NextHopTable"},
           {"IPv4NextHop.1/1/x",
            "\"x\" is no number; below IPv4NextHop.1/IPv4NextHopTable there are only such"},
           {"IPv4NextHop.1/1/0/Addr2",
            "there is no field \"Addr2\" below IPv4NextHop.1/IPv4NextHopTable/0; "
            "there are 1 L3PortID, 2 MTU, 3 NextHopIPAddr, 4 MediaEncapInfoIndex, 5 "
            "LFBOutputSelectIndex"},
           {"FEPO.1/CEHDI/x", "FEPO.1/CEHDI (uint32, 10 or more) has no parts"},
           {"FEPO.1//1", "a step of the path is empty"},
           {"FEPO.1/61/Foo", "FEPO has no event \"Foo\""},
           {"Foo.1/a", "\"a\" is no number; below Foo.1 there are only such"},
           {"IPv4UcastLPM.1/PrefixTable[10.0.0.0/24", "a [ without its ]"},
           {"IPv4UcastLPM.1/PrefixTable[10.0.0.0/24]x", "behind ] comes / or nothing"},
           {"IPv4UcastLPM.1/PrefixTable[10.0.0.0]",
            "the key of IPv4UcastLPM.1/IPv4PrefixTable has 2 parts: table of {Address, Prefixlen, "
            "ECMPFlag, "
            "DefaultRouteFlag, Reserved, HopSelector}; key 1: Address, Prefixlen"},
           {"IPv4UcastLPM.1/PrefixTable[10.0.0.0/33]",
            "Prefixlen: 33 is not within 0 to 32 (uint8, 0 to 32)"},
           {"IPv4UcastLPM.1/PrefixTable[2#10.0.0.0/24]",
            "IPv4UcastLPM.1/IPv4PrefixTable has no key 2"},
           {"IPv4NextHop.1/1[5]", "IPv4NextHop.1/IPv4NextHopTable has no key"},
           {"FEPO.1/CEHDI[5]", "FEPO.1/CEHDI has no key"},
       }) {
    const auto path = read_path(text, kOthers);
    ASSERT_FALSE(path) << text;
    EXPECT_EQ(path.error(), why);
  }
}

TEST(LfbPaths, ARowIsFoundByItsKey) {
  const auto path = read_path("IPv4UcastLPM.1/PrefixTable[10.0.0.0/24]/HopSelector", {});
  ASSERT_TRUE(path) << path.error();
  EXPECT_EQ(path->text, "IPv4UcastLPM.1/IPv4PrefixTable[10.0.0.0/24]/HopSelector");
  ASSERT_TRUE(path->key);
  EXPECT_EQ(path->key->key_id, 1U);
  EXPECT_EQ(to_hex(path->key->key), "0a00000018");
  const auto outer = std::get<pl::PathData>(path->element({}).value);
  EXPECT_TRUE(pl::selectors_agree(outer));
  EXPECT_EQ(outer.ids, (std::vector<std::uint32_t>{1}));
  ASSERT_EQ(outer.items.size(), 1U);
  EXPECT_EQ(std::get<pl::PathData>(outer.items[0].value).ids, (std::vector<std::uint32_t>{6}));

  const auto second = read_path("CrossConnect.1/CrossConnectTable[2#7,8]", {});
  ASSERT_TRUE(second) << second.error();
  EXPECT_EQ(second->key->key_id, 2U);
  EXPECT_EQ(to_hex(second->key->key), "0000000700000008");
  EXPECT_TRUE(std::get<pl::PathData>(second->element({}).value).items.empty());
}

TEST(LfbPaths, OfNumbersAreNamed) {
  const std::uint32_t ids[]{1, 17, 6};
  EXPECT_EQ(path_text({10, 1}, ids), "IPv4UcastLPM.1/IPv4PrefixTable/17/HopSelector");
  EXPECT_EQ(path_text({70'000, 2}, ids), "70000.2/1/17/6");
}

TEST(LfbPaths, OfWhateverIsTypedAreReadOrRefused) {
  std::mt19937 random(7);  // NOLINT(bugprone-random-generator-seed): the same every time
  const std::string_view pieces[]{"IPv4UcastLPM", ".", "1",  "/", "PrefixTable", "[",
                                  "10.0.0.0",     ",", "24", "]", "#",           "0x",
                                  "FEPO",         "61"};
  int read = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = i % 2 == 0 ? "IPv4UcastLPM.1/" : "";
    for (auto n = random() % 8; n > 0; --n) text += pieces[random() % std::size(pieces)];
    const auto path = read_path(text, kOthers);
    if (path) {
      ++read;
      EXPECT_TRUE(pl::selectors_agree(std::get<pl::PathData>(path->element({}).value)));
    } else {
      EXPECT_NE(path.error(), "");
    }
  }
  EXPECT_GT(read, 10);
}

}  // namespace
}  // namespace forces::model
