#include "common/runtime/config.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

namespace forces::runtime {
namespace {

using namespace std::chrono_literals;

enum class Colour : std::uint8_t { Red, Green };
constexpr std::array<std::string_view, 2> kColours{"red", "green"};

struct Leaf {
  std::uint16_t id = 7;
};
struct Item {
  std::uint32_t id = 0;
  std::vector<Leaf> leaves;
};
struct Sample {
  std::string name = "default";
  std::uint16_t port = 6704;
  std::uint32_t hex = 0x40000001;
  bool flag = false;
  Duration wait = 1s;
  Octets size = 64_KiB;
  Colour colour = Colour::Red;
  std::vector<std::string> words;
  std::vector<Item> items;
};

void visit(ConfigVisitor& v, Sample& s) {
  v.table("top", [&] {
    v.text("name", s.name);
    v.number("port", s.port, {.min = 1, .max = 70'000});
    v.number("hex", s.hex, {.min = 0x40000000, .max = 0x7fffffff, .hex = true});
    v.flag("flag", s.flag);
    v.duration("wait", s.wait, {.min = 10ms, .max = 1h, .off = "never"});
    v.octets("size", s.size, {.min = 1_KiB, .max = 1_MiB});
    v.choice("colour", s.colour, kColours);
    v.texts("words", s.words);
    v.check(s.name != "bad", "name", "must not be bad");
  });
  v.tables("item", s.items, [&](Item& item) {
    v.number("id", item.id, {.min = 1, .max = 9});
    v.required("id");
    v.tables("leaf", item.leaves,
             [&](Leaf& leaf) { v.number("id", leaf.id, {.min = 1, .max = 9}); });
  });
}

std::vector<std::string> problems_of(std::string_view toml, Sample& into) {
  std::vector<std::string> all;
  for (const auto& p : read_config(toml, "f", [&](ConfigVisitor& v) { visit(v, into); })) {
    all.push_back(p.text());
  }
  return all;
}

struct ProblemCase {
  const char* name;
  std::string_view toml;
  std::vector<std::string> want;
};
const ProblemCase kProblems[] = {
    {"NothingIsFine", "", {}},
    {"WrongKindOfText",
     "[top]\nname = 3",
     {"f:2:8: top.name: expected a string, found an integer 3"}},
    {"WrongKindOfNumber",
     "[top]\nport = \"x\"",
     {"f:2:8: top.port: expected an integer, found a string \"x\""}},
    {"AFloatIsNoInteger",
     "[top]\nport = 1.0",
     {"f:2:8: top.port: expected an integer, found a floating-point number 1.0"}},
    {"NumberTooSmall", "[top]\nport = 0", {"f:2:8: top.port: 0 is out of range: 1 to 65535"}},
    {"TheTypesOwnLimitHolds",
     "[top]\nport = 70000",
     {"f:2:8: top.port: 70000 is out of range: 1 to 65535"}},
    {"NegativeNumber", "[top]\nport = -1", {"f:2:8: top.port: -1 is out of range: 1 to 65535"}},
    {"HexRange",
     "[top]\nhex = 1",
     {"f:2:7: top.hex: 0x1 is out of range: 0x40000000 to 0x7fffffff"}},
    {"WrongKindOfFlag",
     "[top]\nflag = \"yes\"",
     {"f:2:8: top.flag: expected true or false, found a string \"yes\""}},
    {"DurationWithoutUnit",
     "[top]\nwait = \"500\"",
     {"f:2:8: top.wait: expected a duration such as \"500ms\" (units: ns us ms s min h), found "
      "\"500\""}},
    {"DurationAsNumber",
     "[top]\nwait = 500",
     {"f:2:8: top.wait: expected a duration such as \"500ms\" (units: ns us ms s min h), found an "
      "integer 500"}},
    {"DurationOutOfRange",
     "[top]\nwait = \"1ms\"",
     {"f:2:8: top.wait: 1ms is out of range: 10ms to 1h, or never"}},
    {"SizeOutOfRange", "[top]\nsize = 12", {"f:2:8: top.size: 12B is out of range: 1KiB to 1MiB"}},
    {"SizeWithoutSense",
     "[top]\nsize = \"big\"",
     {"f:2:8: top.size: expected a size such as \"64KiB\", or a number of octets, found a string "
      "\"big\""}},
    {"UnknownWord",
     "[top]\ncolour = \"gren\"",
     {"f:2:10: top.colour: expected one of red, green, found \"gren\"; did you mean `green`?"}},
    {"ListOfSomethingElse",
     "[top]\nwords = [\"a\", 1]",
     {"f:2:15: top.words: expected an array of strings, found an integer 1"}},
    {"UnknownKeyWithASuggestion",
     "[top]\nnmae = \"x\"",
     {"f:2:1: top.nmae: unknown key; did you mean `name`?"}},
    {"UnknownKeyWithoutOne", "[top]\nzzzzzzzz = 1", {"f:2:1: top.zzzzzzzz: unknown key"}},
    {"UnknownTable", "[tip]\nname = \"x\"", {"f:1:2: tip: unknown key; did you mean `top`?"}},
    {"AValueForATable", "top = 1", {"f:1:7: top: expected a table, found an integer 1"}},
    {"ATableForAList",
     "[item]\nid = 1",
     {"f:1:1: item: expected an array of tables: [[item]], found a table"}},
    {"AMissingKeyIsReportedAtItsTable",
     "[[item]]\nid = 1\n[[item]]\n",
     {"f:3:1: item[1].id: is required, and missing"}},
    {"PathsNameEveryLevel",
     "[[item]]\nid = 1\n[[item.leaf]]\nid = 1\n[[item.leaf]]\nid = 10",
     {"f:6:6: item[0].leaf[1].id: 10 is out of range: 1 to 9"}},
    {"AFailedCheckStandsAtItsKey", "[top]\nname = \"bad\"", {"f:2:8: top.name: must not be bad"}},
    {"SyntaxErrorsHaveAPlace",
     "[top]\nname = ",
     {"f:2:8: Error while parsing key-value pair: encountered end-of-file"}},
    {"EveryProblemIsListedInOrder",
     "[[item]]\nid = 11\n[top]\nport = 0\nnme = 1\nflag = 2\n",
     {"f:2:6: item[0].id: 11 is out of range: 1 to 9",
      "f:4:8: top.port: 0 is out of range: 1 to 65535",
      "f:5:1: top.nme: unknown key; did you mean `name`?",
      "f:6:8: top.flag: expected true or false, found an integer 2"}},
};
class ConfigProblemText : public testing::TestWithParam<ProblemCase> {};
TEST_P(ConfigProblemText, NamesFileLineColumnKeyAndReason) {
  Sample s;
  EXPECT_EQ(problems_of(GetParam().toml, s), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(Table, ConfigProblemText, testing::ValuesIn(kProblems),
                         [](const auto& c) { return c.param.name; });

TEST(ConfigRead, TakesEveryKindOfValue) {
  Sample s;
  EXPECT_TRUE(problems_of(R"(
[top]
name = "n"
port = 1
hex = 0x40000002
flag = true
wait = "never"
size = "2KiB"
colour = "green"
words = ["a", "b"]
[[item]]
id = 1
[[item]]
id = 2
leaf = [{id = 3}]
)",
                          s)
                  .empty());
  EXPECT_EQ(s.name, "n");
  EXPECT_EQ(s.port, 1);
  EXPECT_EQ(s.hex, 0x40000002U);
  EXPECT_TRUE(s.flag);
  EXPECT_EQ(s.wait, kOff);
  EXPECT_EQ(s.size, 2_KiB);
  EXPECT_EQ(s.colour, Colour::Green);
  EXPECT_EQ(s.words, (std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(s.items.size(), 2U);
  ASSERT_EQ(s.items[1].leaves.size(), 1U);
  EXPECT_EQ(s.items[1].leaves[0].id, 3);
}

TEST(ConfigRead, AWrongValueLeavesTheDefault) {
  Sample s;
  EXPECT_FALSE(problems_of("[top]\nport = 0\nname = 1\nwait = 2\ncolour = \"blue\"", s).empty());
  EXPECT_EQ(s.port, 6704);
  EXPECT_EQ(s.name, "default");
  EXPECT_EQ(s.wait, 1s);
  EXPECT_EQ(s.colour, Colour::Red);
}

TEST(ConfigPrint, ParsesBackToTheSame) {
  Sample s;
  s.name = "quotes \" and \\ and\nnewline";
  s.wait = kOff;
  s.words = {"a b", ""};
  s.items = {{1, {{3}, {4}}}, {2, {}}};
  const auto printed = print_config([&](ConfigVisitor& v) { visit(v, s); });
  Sample again;
  EXPECT_EQ(problems_of(printed, again), std::vector<std::string>{}) << printed;
  EXPECT_EQ(print_config([&](ConfigVisitor& v) { visit(v, again); }), printed);
  EXPECT_EQ(again.name, s.name);
  EXPECT_EQ(again.items[0].leaves[1].id, 4);
}

TEST(ConfigFile, ThatCannotBeReadIsAProblem) {
  const auto problems = read_config_file("/nonexistent/x.toml", [](ConfigVisitor&) {});
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].text(), "/nonexistent/x.toml: No such file or directory");
  EXPECT_EQ(read_config_file("/", [](ConfigVisitor&) {}).size(), 1U);  // a folder
}

TEST(ConfigFile, OfMoreThanAMebibyteIsNotRead) {
  const std::string path = testing::TempDir() + "forces_large.toml";
  std::ofstream(path) << std::string((1 << 20) + 1, '#');
  const auto problems = read_config_file(path, [](ConfigVisitor&) {});
  std::remove(path.c_str());
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].message, "is larger than 1 MiB");
}

}  // namespace
}  // namespace forces::runtime
