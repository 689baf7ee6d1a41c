// `forcesctl lfb` and /api/v1/lfb: what an operator reads and changes at FEs, and what is refused.
#include "tests/e2e/daemons/http.hpp"
#include "tests/e2e/daemons/network.hpp"

namespace e2e {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

class Lfb : public Network {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(start_all());
    ASSERT_TRUE(eventually([&] {
      return fe(1)["master"] == true && fe(2)["master"] == true && get("1").status == 0 &&
             get("2").status == 0;
    }));
  }
  Answer lfb(const std::string& verb, std::vector<std::string> words) {
    words.insert(words.begin(), {"lfb", verb});
    return ctl("ce", words);
  }
  Answer get(const std::string& fe, std::vector<std::string> words = {}) {
    words.insert(words.begin(), fe);
    return lfb("get", words);
  }
  Json value(const std::string& fe, const std::string& path) {
    const auto answer = get(fe, {path, "--json"});
    EXPECT_EQ(answer.status, 0) << answer.err;
    return answer.status == 0 ? answer.json()["value"] : Json();
  }
  void refused(const Answer& answer, const std::string& why) {
    EXPECT_EQ(answer.status, 1) << answer.out;
    EXPECT_EQ(answer.out, "");
    EXPECT_THAT(answer.err, HasSubstr(why));
  }
  void done(const Answer& answer, const std::string& what) {
    EXPECT_EQ(answer.status, 0) << answer.err;
    EXPECT_EQ(answer.out, what + "\n");
  }
};

TEST_F(Lfb, OfAnFeAreListedAndShown) {
  const auto list = get("1");
  EXPECT_THAT(list.out, ContainsRegex("^LFB +CLASS +VERSION\n"));
  EXPECT_THAT(list.out, ContainsRegex("\nFEPO.1 +2 +1.2\n"));
  EXPECT_THAT(list.out, ContainsRegex("\nIPv4UcastLPM.1 +10 +1.0\n"));
  const auto fepo = get("1", {"FEPO.1"});
  EXPECT_THAT(fepo.out, ContainsRegex("^ID +NAME +ACCESS +VALUE +TYPE\n"));
  EXPECT_THAT(fepo.out, ContainsRegex("\n +5 +CEHDI +read-write +[0-9]+ +uint32, 10 or more\n"));
  EXPECT_THAT(fepo.out, ContainsRegex("\n +2 +FEID +read-only +1 +uint32\n"));
  EXPECT_THAT(fepo.out, ContainsRegex("\n15 +AllCEs +read-only +\\(1 row\\) +table of"));
  const auto json = get("1", {"FEPO.1", "--json"}).json()["components"];
  EXPECT_EQ(json[1]["name"], "FEID");
  EXPECT_EQ(json[1]["value"], 1);
  // By names and by numbers, of either FE.
  EXPECT_EQ(value("2", "FEPO.1/FEID"), 2);
  EXPECT_EQ(value("2", "2.1/2"), 2);
  EXPECT_EQ(get("2", {"FEPO.1/FEID"}).out, "2\n");
  const auto ces = get("1", {"FEPO.1/AllCEs"});
  EXPECT_THAT(ces.out, ContainsRegex("^ROW +CEID +Statistics +CEStatus\n"));
  EXPECT_THAT(ces.out, ContainsRegex("\n +0 +1073741825 +\\{RecvBytes: [0-9]+, .*\\} +3\n"));
  // A row by its key, and what is below it.
  EXPECT_EQ(get("1", {"FEPO.1/AllCEs[0x40000001]/CEStatus"}).out, "3\n");
  EXPECT_EQ(get("1", {"FEPO.1/AllCEs[0x40000001]/CEStatus", "--json"}).json()["path"],
            "FEPO.1/AllCEs/0/CEStatus");
}

TEST_F(Lfb, AComponentIsSetAndReadBack) {
  done(lfb("set", {"1", "FEObject.1/FEName", "edge of all"}), "set FEObject.1/FEName at FE 1");
  EXPECT_EQ(value("1", "FEObject.1/FEName"), "edge of all");
  EXPECT_EQ(value("2", "FEObject.1/FEName"), "fe2");
  done(lfb("set", {"1", "feobject.1/name", "fe1"}), "set FEObject.1/FEName at FE 1");
  done(lfb("set", {"1", "2.1/7", "0x64"}), "set FEPO.1/FEHI at FE 1");
  EXPECT_EQ(value("1", "FEPO.1/FEHI"), 100);
}

TEST_F(Lfb, ARowIsMadeChangedAndDeleted) {
  const std::string row = "FEObject.1/FENeighbors/3";
  done(lfb("set", {"1", row, R"({"NeighborID": 7, "NeighborInterface": "eth1"})"}),
       "set " + row + " at FE 1");
  EXPECT_EQ(value("1", row),
            Json({{"NeighborID", 7}, {"InterfaceToNeighbor", ""}, {"NeighborInterface", "eth1"}}));
  done(lfb("set", {"1", row, R"({"NeighborID": 9})"}), "set " + row + " at FE 1");
  EXPECT_EQ(value("1", row)["NeighborInterface"], "eth1") << "what was not named stays";
  done(lfb("set", {"1", row + "/InterfaceToNeighbor", "p1"}),
       "set " + row + "/InterfaceToNeighbor at FE 1");
  EXPECT_THAT(get("1", {"FEObject.1/FENeighbors"}).out,
              ContainsRegex("^ROW +NeighborID +InterfaceToNeighbor +NeighborInterface\n"
                            " +3 +9 +p1 +eth1\n$"));
  done(lfb("del", {"1", row}), "deleted " + row + " at FE 1");
  EXPECT_EQ(get("1", {"FEObject.1/FENeighbors"}).out, "no rows\n");
  refused(get("1", {row}), "E_COMPONENT_DOES_NOT_EXIST: there is no such component or row");
  refused(lfb("del", {"1", row}), "FE 1 refused: E_NOT_FOUND: there is no such row");
}

TEST_F(Lfb, WhatCannotBeIsRefusedWithAReason) {
  const struct {
    std::vector<std::string> words;
    const char* why;
  } cases[] = {
      {{"get", "1", "FEPO"}, "a path begins with CLASS.INSTANCE"},
      {{"get", "1", "Foo.1"}, "there is no LFB class \"Foo\""},
      {{"get", "1", "FEPO.1/Foo"}, "FEPO has no component \"Foo\"; it has 1 CurrentRunningVersion"},
      {{"get", "1", "FEPO.1/99"}, "FE 1: FEPO.1/99: E_COMPONENT_DOES_NOT_EXIST"},
      {{"get", "1", "FEPO.2"}, "E_LFB_INSTANCE_ID_NOT_FOUND"},
      {{"get", "1", "70000.1"}, "E_LFB_UNKNOWN: the FE has no such LFB class: `lfb get FE` lists"},
      {{"get", "77"}, "there is no FE 77"},
      {{"get", "77", "FEPO.1"}, "FE 77 cannot be asked"},
      {{"set", "77", "FEPO.1/CEHDI", "5000"}, "there is no FE 77"},
      {{"set", "1", "FEPO.1", "5000"}, "FEPO.1 is a whole LFB; what of it?"},
      {{"set", "1", "FEPO.1/CEHDI", "soon"}, "FEPO.1/CEHDI: \"soon\" is no uint32, 10 or more"},
      {{"set", "1", "FEPO.1/CEHDI", "9"}, "FEPO.1/CEHDI: 9 is not within 10 to 4294967295"},
      {{"set", "1", "FEObject.1/FENeighbors/1", R"({"NeighborID": -1})"},
       "FEObject.1/FENeighbors/1 NeighborID: -1 is no uint32"},
      {{"set", "1", "FEObject.1/FENeighbors/1", R"({"NeighborInterface": "x"})"},
       "FE 1 refused: E_INVALID_PARAMETERS: something is missing"},
      {{"set", "1", "FEPO.1/FEID", "9"}, "FE 1 refused: E_READ_ONLY: no CE can change this"},
      {{"set", "1", "FEObject.1/FEState", "1"}, "FE 1 refused: E_VALUE_OUT_OF_RANGE"},
      {{"set", "1", "FEPO.1/99", "five"},
       "the type of FEPO.1/99 is not known here: write the value"},
      {{"set", "1", "FEPO.1/99", "0x05"}, "FE 1 refused: E_COMPONENT_DOES_NOT_EXIST"},
      {{"del", "1", "FEPO.1/CEHDI"}, "FE 1 refused: E_COMPONENT_NOT_A_TABLE"},
  };
  for (const auto& c : cases) {
    auto words = c.words;
    words.insert(words.begin(), "lfb");
    refused(ctl("ce", words), c.why);
  }
  EXPECT_EQ(value("1", "FEPO.1/FEID"), 1);
  EXPECT_EQ(ctl("ce", {"lfb", "set", "1", "FEPO.1/CEHDI"}).status, 64);
  EXPECT_THAT(ctl("ce", {"lfb", "set", "--help"}).out, HasSubstr("IPv4UcastLPM.1/PrefixTable["));
  EXPECT_THAT(ctl("fe1", {"lfb", "get", "1"}).err, HasSubstr("is the socket of an fe"));
}

TEST_F(Lfb, SeveralFesAreOneTransaction) {
  const std::string row = "FEPO.1/MulticastFEIDs/5";
  done(lfb("set", {"1", row, "0xffffff01", "--fe", "2"}),
       "set " + row + " at FE 1, FE 2, in one transaction");
  EXPECT_EQ(value("1", row), 0xffffff01);
  EXPECT_EQ(value("2", row), 0xffffff01);
  done(lfb("del", {"2", row}), "deleted " + row + " at FE 2");
  // FE 2 has no such row any more, so FE 1 keeps its own.
  refused(lfb("del", {"1", row, "--fe", "2"}),
          "nothing was changed at any FE: FE 2 refused: E_NOT_FOUND");
  EXPECT_EQ(value("1", row), 0xffffff01);
  refused(lfb("set", {"1", "FEPO.1/FEID", "9", "--fe", "2"}), "E_READ_ONLY");
  EXPECT_EQ(value("1", "FEPO.1/FEID"), 1);
  EXPECT_EQ(value("2", "FEPO.1/FEID"), 2);
  refused(lfb("set", {"1", row, "7", "--fe", "77"}), "there is no FE 77");
  const auto list = ctl("ce", {"transaction", "list"});
  EXPECT_THAT(list.out, ContainsRegex("\n +2 +aborted +1 2 .*E_NOT_FOUND"));
  EXPECT_THAT(list.out, ContainsRegex("\n +1 +completed +1 2 "));
}

TEST_F(Lfb, PropertiesOfComponentsAndEvents) {
  done(lfb("set", {"1", "FEObject.1/FENeighbors/3", R"({"NeighborID": 7})"}),
       "set FEObject.1/FENeighbors/3 at FE 1");
  const auto json = [&](const char* path) {
    return get("1", {path, "--properties", "--json"}).json()["value"];
  };
  EXPECT_EQ(json("FEObject.1/FENeighbors"), Json({{"accessibility", "read-write"},
                                                  {"entryCount", 1},
                                                  {"highestUsedSubscript", 3},
                                                  {"firstUnusedSubscript", 0}}));
  EXPECT_EQ(json("FEObject.1/FEName"),
            Json({{"accessibility", "read-write"}, {"stringLength", 3}, {"maxStringLength", 40}}));
  EXPECT_EQ(json("FEPO.1/FEID"), Json({{"accessibility", "read-only"}}));
  EXPECT_EQ(json("FEPO.1/Events/PrimaryCEChanged")["registration"], 1) << "this ce subscribes";
  const auto all = get("1", {"FEPO.1", "--properties"});
  EXPECT_THAT(all.out, ContainsRegex("\n +2 +FEID .*\\{accessibility: read-only\\} +uint32\n"));
  EXPECT_THAT(all.out, ContainsRegex("\n +2 +PrimaryCEChanged .*registration: 1\\} +event\n"));
}

TEST_F(Lfb, ALargeTableIsReadInPagesAcrossGaps) {
  std::string rows = "[0";
  for (int i = 1; i < 2'500; ++i) rows += fmt::format(",{}", i);
  const std::string table = "FEPO.1/MulticastFEIDs";
  done(lfb("set", {"1", table, rows + "]"}), "set " + table + " at FE 1");
  done(lfb("set", {"1", table + "/4000000000", "7"}), "set " + table + "/4000000000 at FE 1");
  const auto all = get("1", {table, "--json"}).json()["rows"];
  ASSERT_EQ(all.size(), 2'501U);
  for (std::size_t i = 0; i < 2'500; ++i) {
    ASSERT_EQ(all[i]["subscript"], i);
    ASSERT_EQ(all[i]["value"], i);
  }
  EXPECT_EQ(all[2'500]["subscript"], 4'000'000'000U);
  EXPECT_THAT(get("1", {table, "--from", "1200", "--count", "2"}).out,
              ContainsRegex("^ +ROW +VALUE\n1200 +1200\n1201 +1201\nmore: --from 1202\n$"));
  EXPECT_EQ(get("1", {table, "--from", "4000000001"}).out, "no rows\n");
}

TEST_F(Lfb, AreReadOverHttp) {
  const auto api = [&](const std::string& page, int status = 200) {
    const auto answer = http(http_port("ce"), "/api/v1/" + page);
    EXPECT_EQ(answer.status, status) << page << "\n" << answer.body;
    return Json::parse(answer.body, nullptr, false);
  };
  EXPECT_EQ(api("lfb/1/FEPO.1/FEID")["value"], 1);
  EXPECT_FALSE(api("lfb/1")["lfbs"].empty());
  EXPECT_EQ(api("lfb/1/FEPO.1")["components"][1]["name"], "FEID");
  EXPECT_EQ(api("lfb/1/FEPO.1/AllCEs?count=1")["rows"][0]["value"]["CEID"], 0x40000001);
  EXPECT_EQ(api("lfb/1/FEPO.1/FEID?properties=1")["value"]["accessibility"], "read-only");
  EXPECT_EQ(api("lfb/1/FEPO.1/Foo", 400)["code"], "INVALID");
  EXPECT_EQ(api("lfb/77", 404)["code"], "NOT_FOUND");
  EXPECT_EQ(api("lfb/1/70000.1", 500)["code"], "FAILED");
  EXPECT_EQ(api("ha")["fes"].size(), 2U);
  EXPECT_TRUE(api("transaction")["transactions"].empty());
  EXPECT_THAT(api("route", 500)["message"].get<std::string>(), HasSubstr("takes no routes"));
}

TEST_F(Lfb, AnFeThatDoesNotAnswerIsNotWaitedForForEver) {
  child("fe1").signal(SIGSTOP);
  const auto silent = ctl("ce", {"--timeout", "0.5", "lfb", "get", "1", "FEPO.1"});
  child("fe1").signal(SIGCONT);
  EXPECT_EQ(silent.status, 69);
  EXPECT_THAT(silent.err, HasSubstr("no FE has answered in 0.5 s"));
  EXPECT_TRUE(eventually([&] { return get("1", {"FEPO.1/FEID"}).status == 0; }));
}

class RoutedLfb : public Network {};

TEST_F(RoutedLfb, ATableOfTheRoutingIsChangedWithAWarning) {
  ASSERT_NO_FATAL_FAILURE(certificates());
  ASSERT_NO_FATAL_FAILURE(start_ce(ce_toml("[routing]\nenabled = true\nfpm_port = 0\n")));
  start_fe(1, fe_toml(1));
  ASSERT_TRUE(eventually([&] { return fe(1)["master"] == true; }));
  const auto set = ctl("ce", {"lfb", "set", "1", "IPv4NextHop.1/1/900",
                              R"({"L3PortID": 1, "MTU": 1500, "NextHopIPAddr": "192.0.2.1",
                                  "MediaEncapInfoIndex": 0, "LFBOutputSelectIndex": 0})"});
  EXPECT_EQ(set.status, 0) << set.err;
  EXPECT_THAT(set.out, HasSubstr("set IPv4NextHop.1/IPv4NextHopTable/900 at FE 1\n"
                                 "warning: the routing of this ce owns this table"));
  EXPECT_EQ(ctl("ce", {"lfb", "get", "1", "IPv4NextHop.1/1/900/NextHopIPAddr"}).out, "192.0.2.1\n");
  const auto other = ctl("ce", {"lfb", "set", "1", "FEObject.1/FEName", "x"});
  EXPECT_THAT(other.out, testing::Not(HasSubstr("warning")));
}

class TwoCes : public Network {
 protected:
  static std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
      text.replace(at, from.size(), to);
    }
    return text;
  }
};

TEST_F(TwoCes, OnlyTheMasterChangesAndBothRead) {
  ASSERT_NO_FATAL_FAILURE(certificates({"--ce", "1", "2", "--fe", "1"}));
  auto second = replaced(ce_toml(), "id = 0x40000001", "id = 0x40000002");
  second = replaced(replaced(second, "/ce.sock", "/ce2.sock"), "/ce-1.", "/ce-2.");
  ASSERT_NO_FATAL_FAILURE(start_ce(ce_toml()));
  start("ce2", "ce", second);
  ASSERT_TRUE(answers("ce2"));
  const auto backup = fmt::format(
      "[[ce]]\nid = 0x40000002\naddress = \"127.0.0.1\"\ncontrol_port = {}\ndata_port = {}\n",
      port("ce2", "control"), port("ce2", "data"));
  start_fe(
      1, replaced(
             fe_toml(1), "[association]\n",
             "[association]\nha_mode = \"hot_standby\"\nfailover_policy = \"keep_forwarding\"\n") +
             backup);
  ASSERT_TRUE(eventually([&] {
    return fe(1)["master"] == true &&
           ctl("ce2", {"ha", "status"}).out.find("0x40000001") != std::string::npos;
  }));
  const auto read = ctl("ce2", {"lfb", "get", "1", "FEPO.1/CEID"});
  EXPECT_EQ(read.out, "1073741825\n") << read.err;
  const auto set = ctl("ce2", {"lfb", "set", "1", "FEObject.1/FEName", "x"});
  EXPECT_EQ(set.status, 1);
  EXPECT_THAT(set.err,
              HasSubstr("FE 1 obeys CE 0x40000001, and only its master can change it: ask there"));
  EXPECT_EQ(ctl("ce", {"lfb", "set", "1", "FEObject.1/FEName", "x"}).status, 0);
  EXPECT_EQ(ctl("ce2", {"lfb", "get", "1", "FEObject.1/FEName"}).out, "x\n");
}

}  // namespace
}  // namespace e2e
