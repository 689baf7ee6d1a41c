// One group on one link: RFC 3376 sections 6.2 to 6.6 and 7.3, RFC 3810 sections 7 and 8.3.
#include "tests/unit/fe/multicast/lab.hpp"

namespace forces::fe::multicast::test {
namespace {

using Strings = std::vector<std::string>;

// A row of the tables of sections 6.4.1 and 6.4.2. States are built by records 100 s before: timers
// of the old state then have 160 s of their 260 s left. Sources are numbers.
struct Row {
  const char* name;
  RecordType before_type;
  std::vector<unsigned> before;
  std::vector<unsigned> allowed;  // EXCLUDE: X
  RecordType type;
  std::vector<unsigned> named;
  const char* filter;   // at once
  const char* asked;    // at once
  const char* at_160s;  // when what was not refreshed is over, nobody answering
  const char* at_260s;
};
const Row kRows[] = {
    {"IncludeIsIn",
     RecordType::IsInclude,
     {1, 2},
     {},
     RecordType::IsInclude,
     {2, 3},
     "in 1,2,3",
     "",
     "in 2,3",
     ""},
    {"IncludeIsEx",
     RecordType::IsInclude,
     {1, 2},
     {},
     RecordType::IsExclude,
     {2, 3},
     "ex 3",
     "",
     "ex 2,3",
     ""},
    {"ExcludeIsIn",
     RecordType::IsExclude,
     {3, 4},
     {1},
     RecordType::IsInclude,
     {2, 3},
     "ex 4",
     "",
     "in 2,3",
     ""},
    {"ExcludeIsEx",
     RecordType::IsExclude,
     {3, 4},
     {1},
     RecordType::IsExclude,
     {1, 3, 5},
     "ex 3",
     "",
     "ex 1,3",
     ""},
    {"IncludeAllow",
     RecordType::IsInclude,
     {1, 2},
     {},
     RecordType::AllowNewSources,
     {2, 3},
     "in 1,2,3",
     "",
     "in 2,3",
     ""},
    {"IncludeBlock",
     RecordType::IsInclude,
     {1, 2},
     {},
     RecordType::BlockOldSources,
     {2, 3},
     "in 1,2",
     "0 1 {2}",
     "",
     ""},
    {"IncludeToEx",
     RecordType::IsInclude,
     {1, 2},
     {},
     RecordType::ToExclude,
     {2, 3},
     "ex 3",
     "0 1 {2}",
     "ex 2,3",
     ""},
    {"IncludeToIn",
     RecordType::IsInclude,
     {1, 2},
     {},
     RecordType::ToInclude,
     {2, 3},
     "in 1,2,3",
     "0 1 {1}",
     "in 2,3",
     ""},
    {"ExcludeAllow",
     RecordType::IsExclude,
     {3, 4},
     {1},
     RecordType::AllowNewSources,
     {2, 3},
     "ex 4",
     "",
     "in 2,3",
     ""},
    {"ExcludeBlock",
     RecordType::IsExclude,
     {3, 4},
     {1},
     RecordType::BlockOldSources,
     {1, 3, 5},
     "ex 3,4",
     "0 1 {1,5}",
     "",
     ""},
    {"ExcludeToEx",
     RecordType::IsExclude,
     {3, 4},
     {1},
     RecordType::ToExclude,
     {1, 3, 5},
     "ex 3",
     "0 1 {1,5}",
     "ex 1,3,5",
     ""},
    {"ExcludeToIn",
     RecordType::IsExclude,
     {3, 4},
     {1},
     RecordType::ToInclude,
     {2, 3},
     "ex 4",
     "0 1|0 1 {1}",
     "in 2,3",
     ""},
};

std::vector<Address> sources(const std::vector<unsigned>& numbers) {
  std::vector<Address> out;
  for (const unsigned n : numbers) out.push_back(source(n));
  return out;
}

class Rfc3376Section6_4 : public testing::TestWithParam<Row> {};
TEST_P(Rfc3376Section6_4, DoesWhatItsRowSays) {
  const Row& row = GetParam();
  LinkConfig config = link();
  // General queries far away: they would have nobody answer.
  Lab lab({config});
  lab.advance(40s);  // behind the queries of start-up
  lab.record(row.before_type, group(), sources(row.before));
  if (!row.allowed.empty()) lab.record(RecordType::AllowNewSources, group(), sources(row.allowed));
  lab.advance(100s);
  (void)lab.queries();
  const Instant start = lab.now;
  lab.record(row.type, group(), sources(row.named));
  EXPECT_EQ(lab.wanted(group()), row.filter);
  std::string asked;
  for (const std::string& one : lab.asked(start))
    asked.append(asked.empty() ? "" : "|").append(one);
  EXPECT_EQ(asked, row.asked);
  lab.advance(160s);
  EXPECT_EQ(lab.wanted(group()), row.at_160s);
  lab.advance(100s);
  EXPECT_EQ(lab.wanted(group()), row.at_260s);
  EXPECT_EQ(lab.edge.groups(), 0U);
}
INSTANTIATE_TEST_SUITE_P(Tables, Rfc3376Section6_4, testing::ValuesIn(kRows),
                         [](const auto& c) { return c.param.name; });

// Whoever asks lowers these timers at once; so this is seen where somebody else is the querier.
TEST(Rfc3376Section6_4_2, NewSourcesOfToExHaveTheGroupTimer) {
  Lab lab;
  lab.query(Address::ipv4(0xc0000200), {.max_response = 10s, .robustness = 2, .interval = 125s});
  lab.record(RecordType::IsExclude, group());
  lab.advance(100s);
  lab.record(RecordType::ToExclude, group(), {source(5)});
  EXPECT_EQ(lab.wanted(group()), "ex");
  lab.advance(160s);
  EXPECT_EQ(lab.wanted(group()), "ex 5");
}

TEST(Rfc3376Section6_4_2, NewSourcesOfBlockHaveTheGroupTimer) {
  Lab lab;
  lab.query(Address::ipv4(0xc0000200), {.max_response = 10s, .robustness = 2, .interval = 125s});
  lab.record(RecordType::IsExclude, group());
  lab.advance(100s);
  lab.record(RecordType::BlockOldSources, group(), {source(5)});
  lab.record(RecordType::IsExclude, group(), {source(5)});
  EXPECT_EQ(lab.wanted(group()), "ex");
  lab.advance(160s);
  EXPECT_EQ(lab.wanted(group()), "ex 5");
}

TEST(Rfc3376Section6_2, AGroupEndsWhenNobodyReportsItForTheMembershipInterval) {
  Lab lab;
  lab.record(RecordType::IsExclude, group());
  lab.advance(259s);
  EXPECT_EQ(lab.wanted(group()), "ex");
  lab.record(RecordType::IsExclude, group());
  lab.advance(260s - 1ns);
  EXPECT_EQ(lab.wanted(group()), "ex") << "2 times 125 s and 10 s from the last report";
  lab.advance(1ns);
  EXPECT_EQ(lab.wanted(group()), "");
}

TEST(Rfc3376Section6_5, ExcludeTurnsToIncludeWhenItsTimerEndsAndSourcesGoOn) {
  Lab lab;
  lab.record(RecordType::IsExclude, group(), {source(3)});
  lab.advance(10s);
  lab.record(RecordType::AllowNewSources, group(), {source(1)});
  (void)lab.heard();
  lab.advance(250s);
  EXPECT_EQ(lab.heard(), (Strings{"egress 1 1: in 1"}));
  lab.advance(10s);
  EXPECT_EQ(lab.heard(), (Strings{"egress 1 1: ", "left 1"}));
}

TEST(Rfc3376Section6_5, ASourceWhoseTimerEndsInExcludeIsBlocked) {
  Lab lab;
  lab.record(RecordType::IsExclude, group(), {source(3)});
  lab.record(RecordType::IsInclude, group(), {source(3)});
  EXPECT_EQ(lab.wanted(group()), "ex");
  lab.advance(100s);
  lab.record(RecordType::IsExclude, group(), {source(3)});
  EXPECT_EQ(lab.wanted(group()), "ex") << "somebody else may want it";
  lab.advance(160s);
  EXPECT_EQ(lab.wanted(group()), "ex 3");
}

TEST(Rfc3376Section6_6_3_1, AGroupIsAskedForRobustnessTimesBeforeItEnds) {
  Lab lab;
  lab.advance(40s);
  lab.record(RecordType::IsExclude, group());
  (void)lab.queries();
  const Instant start = lab.now;
  lab.record(RecordType::ToInclude, group());
  EXPECT_EQ(lab.wanted(group()), "ex");
  lab.advance(2s - 1ns);
  EXPECT_EQ(lab.wanted(group()), "ex");
  lab.advance(1ns);
  EXPECT_EQ(lab.wanted(group()), "") << "Last Member Query Time";
  EXPECT_EQ(lab.asked(start), (Strings{"0 1", "1000 1"}));
}

TEST(Rfc3376Section6_6_3_1, AnAnswerKeepsItAndTheNextQuerySuppresses) {
  Lab lab;
  lab.advance(40s);
  lab.record(RecordType::IsExclude, group());
  (void)lab.queries();
  const Instant start = lab.now;
  lab.record(RecordType::ToInclude, group());
  lab.advance(500ms);
  lab.record(RecordType::IsExclude, group());
  lab.advance(59s);
  EXPECT_EQ(lab.asked(start), (Strings{"0 1", "1000 1 S"}));
  EXPECT_EQ(lab.wanted(group()), "ex");
}

TEST(Rfc3376Section6_6_3_1, ALeaveThatIsRepeatedBeginsNothingAnew) {
  Lab lab;
  lab.advance(40s);
  lab.record(RecordType::IsExclude, group());
  (void)lab.queries();
  const Instant start = lab.now;
  lab.record(RecordType::ToInclude, group());
  lab.advance(700ms);
  lab.record(RecordType::ToInclude, group());
  lab.advance(1300ms);
  EXPECT_EQ(lab.wanted(group()), "");
  EXPECT_EQ(lab.asked(start), (Strings{"0 1", "1000 1"}));
}

TEST(Rfc3376Section6_6_3_2, SourcesAreAskedForInTwoListsOnceOneIsAnsweredFor) {
  Lab lab;
  lab.advance(40s);
  lab.record(RecordType::IsInclude, group(), {source(1), source(2)});
  (void)lab.queries();
  const Instant start = lab.now;
  lab.record(RecordType::BlockOldSources, group(), {source(1), source(2)});
  lab.advance(500ms);
  lab.record(RecordType::IsInclude, group(), {source(2)});
  lab.advance(10s);
  EXPECT_EQ(lab.asked(start), (Strings{"0 1 {1,2}", "1000 1 {1}", "1000 1 S {2}"}));
  EXPECT_EQ(lab.wanted(group()), "in 2");
}

TEST(Rfc3376Section6_6_3_2, ABlockThatIsRepeatedBeginsNothingAnew) {
  Lab lab;
  lab.advance(40s);
  lab.record(RecordType::IsInclude, group(), {source(1), source(2)});
  (void)lab.queries();
  const Instant start = lab.now;
  lab.record(RecordType::BlockOldSources, group(), {source(1)});
  lab.advance(700ms);
  lab.record(RecordType::BlockOldSources, group(), {source(1)});
  lab.advance(1300ms);
  EXPECT_EQ(lab.wanted(group()), "in 2");
  lab.advance(10s);
  EXPECT_EQ(lab.asked(start), (Strings{"0 1 {1}", "1000 1 {1}"}));
}

TEST(Rfc3376Section6_6_3_2, ListsThatAreTooLongForAPacketAreCut) {
  LinkConfig config = link();
  config.most_sources = 100;
  Lab lab({config});
  std::vector<Address> many;
  for (unsigned n = 0; n < 100; ++n) many.push_back(source(n));
  lab.record(RecordType::IsInclude, group(), many);
  (void)lab.queries();
  lab.record(RecordType::BlockOldSources, group(), many);
  const auto queries = lab.queries();
  ASSERT_EQ(queries.size(), 2U);
  EXPECT_EQ(queries[0].query().sources.size(), 64U);
  EXPECT_EQ(queries[1].query().sources.size(), 36U);
  EXPECT_EQ(queries[1].query().sources[35], many.back());
}

TEST(Rfc3376Section6_6_1, AQueryOfAnotherRouterLowersTimersUnlessItSuppresses) {
  Lab lab;
  const Address other = Address::ipv4(0xc0000200);
  const igmp::Query ask{.group = group(), .max_response = 1s, .robustness = 3, .interval = 125s};
  lab.query(other, {.robustness = 3, .interval = 125s});
  lab.record(RecordType::IsExclude, group());
  igmp::Query suppressed = ask;
  suppressed.suppress = true;
  lab.query(other, suppressed);
  lab.advance(100s);
  EXPECT_EQ(lab.wanted(group()), "ex");
  lab.query(other, ask);
  lab.advance(3s - 1ns);
  EXPECT_EQ(lab.wanted(group()), "ex") << "the robustness of the querier counts";
  lab.advance(1ns);
  EXPECT_EQ(lab.wanted(group()), "");

  lab.record(RecordType::IsInclude, group(), {source(1), source(2)});
  wire::ByteWriter w;
  w.bytes(source(2).bytes());
  igmp::Query sources = ask;
  sources.sources = igmp::Sources(Family::Ipv4, w.written());
  lab.query(other, sources);
  lab.advance(3s);
  EXPECT_EQ(lab.wanted(group()), "in 1");
}

TEST(Rfc3376Section6_6_2, WhoIsNotTheQuerierAsksNothing) {
  Lab lab;
  lab.record(RecordType::IsExclude, group());
  (void)lab.queries();
  lab.query(Address::ipv4(0xc0000200), {.robustness = 2, .interval = 125s});
  lab.record(RecordType::ToInclude, group());
  lab.leave(group());
  lab.advance(200s);
  EXPECT_TRUE(lab.queries().empty());
  EXPECT_EQ(lab.wanted(group()), "ex");
}

TEST(Rfc3376Section6_6_2, QuestionsEndWithTheRoleOfTheQuerier) {
  Lab lab;
  lab.record(RecordType::IsExclude, group());
  lab.record(RecordType::ToInclude, group());
  (void)lab.queries();
  lab.query(Address::ipv4(0xc0000200), {.robustness = 2, .interval = 125s});
  lab.advance(10s);
  EXPECT_TRUE(lab.queries().empty());
}

// RFC 3376 section 7.3.2; RFC 2236 section 3.
TEST(Rfc3376Section7_3_2, Version2ReportAndLeave) {
  Lab lab;
  lab.advance(40s);
  (void)lab.heard();
  (void)lab.queries();
  lab.report(Version::V2, group());
  EXPECT_EQ(lab.heard(), (Strings{"egress 1 1: ex", "joined 1"}));
  const Instant start = lab.now;
  lab.leave(group());
  lab.advance(2s);
  EXPECT_EQ(lab.asked(start), (Strings{"0 1", "1000 1"}));
  EXPECT_EQ(lab.heard(), (Strings{"egress 1 1: ", "left 1"}));
}

TEST(Rfc3376Section7_3_2, WithAVersion2HostBlockAndSourcesOfToExcludeAreIgnored) {
  Lab lab;
  lab.report(Version::V2, group());
  (void)lab.queries();
  lab.record(RecordType::BlockOldSources, group(), {source(1)});
  lab.record(RecordType::ToExclude, group(), {source(2)});
  lab.advance(3s);
  EXPECT_EQ(lab.wanted(group()), "ex");
  EXPECT_TRUE(lab.queries().empty());
  lab.record(RecordType::ToInclude, group());
  EXPECT_EQ(lab.queries().size(), 1U);
}

TEST(Rfc3376Section7_3_2, WithAVersion1HostNobodyLeaves) {
  Lab lab;
  lab.report(Version::V1, group());
  lab.report(Version::V2, group());
  (void)lab.queries();
  lab.leave(group());
  lab.record(RecordType::ToInclude, group());
  EXPECT_TRUE(lab.queries().empty());
  lab.advance(259s);
  EXPECT_EQ(lab.wanted(group()), "ex");
}

TEST(Rfc3376Section7_3_2, OlderHostsAreForgottenAfterTheirInterval) {
  Lab lab;
  lab.report(Version::V1, group());
  lab.advance(200s);
  lab.record(RecordType::IsExclude, group());
  lab.advance(60s);
  (void)lab.queries();
  lab.record(RecordType::ToInclude, group());
  EXPECT_EQ(lab.queries().size(), 1U) << "260 s after the report of version 1";
}

TEST(Rfc3376Section7_3_1, AQuerierOfVersion2SpeaksItAndHearsNothingElse) {
  LinkConfig config = link();
  config.version = Version::V2;
  Lab lab({config});
  EXPECT_EQ(lab.queries().at(0).query().version, Version::V2);
  lab.record(RecordType::IsExclude, group());
  EXPECT_EQ(lab.wanted(group()), "");
  EXPECT_EQ(lab.edge.links()[0]->counters().reports_ignored, 1U);
  lab.report(Version::V2, group());
  lab.leave(group());
  EXPECT_EQ(lab.queries().at(0).query().version, Version::V2);
}

TEST(Rfc3376Section4_2_12, RecordsOfUnknownTypesAreIgnored) {
  Lab lab;
  lab.record(static_cast<RecordType>(7), group(), {source(1)});
  lab.record(static_cast<RecordType>(0), group());
  EXPECT_EQ(lab.edge.groups(), 0U);
  EXPECT_EQ(lab.edge.links()[0]->counters().records_ignored, 2U);
}

TEST(Rfc3376Section4_2, SeveralRecordsOfOneReportAndSourcesTwice) {
  Lab lab;
  wire::ByteWriter w;
  append_record(RecordType::IsInclude, group(1), std::vector{source(2), source(1), source(2)}, w);
  append_record(static_cast<RecordType>(9), group(2), {}, w);
  append_record(RecordType::IsExclude, group(3), {}, w);
  lab.receive(igmp::Records(Family::Ipv4, 3, w.written()));
  EXPECT_EQ(lab.wanted(group(1)), "in 1,2");
  EXPECT_EQ(lab.wanted(group(2)), "");
  EXPECT_EQ(lab.wanted(group(3)), "ex");
}

TEST(Rfc3376Section4_2_13, AReportOfNobodyIsTaken) {
  Lab lab;
  lab.receive({.source = Address::zero(Family::Ipv4),
               .destination = group(),
               .message = igmp::Report{Version::V2, group()}});
  EXPECT_EQ(lab.wanted(group()), "ex");
}

TEST(Rfc3376Section6, RecordsThatMeanNothingMakeNoGroup) {
  Lab lab;
  lab.record(RecordType::IsInclude, group());
  lab.record(RecordType::ToInclude, group());
  lab.record(RecordType::AllowNewSources, group());
  lab.record(RecordType::BlockOldSources, group(), {source(1)});
  lab.leave(group());
  EXPECT_EQ(lab.edge.links()[0]->groups(), 0U);
  EXPECT_EQ(lab.heard(), (Strings{"querier 1 ours"}));
}

// RFC 3810: the same with other octets.
TEST(Rfc3810Section7, MembershipOfIpv6) {
  Lab lab({link_six()});
  lab.advance(40s);
  (void)lab.queries();
  lab.record(RecordType::ToExclude, group_six(), {source_six(7)});
  EXPECT_EQ(lab.wanted(group_six()), "ex 7");
  const Instant start = lab.now;
  lab.record(RecordType::ToInclude, group_six(), {source_six(8)});
  lab.advance(2s);
  EXPECT_EQ(lab.asked(start), (Strings{"0 1", "1000 1"}));
  EXPECT_EQ(lab.wanted(group_six()), "in 8");
  lab.record(RecordType::BlockOldSources, group_six(), {source_six(8)});
  const auto query = lab.queries().at(0);
  EXPECT_EQ(query.packet.destination, group_six());
  EXPECT_EQ(query.query().sources[0], source_six(8));
  EXPECT_EQ(query.query().max_response, 1s);
}

TEST(Rfc3810Section8_3_2, WithAVersion1ListenerBlockIsIgnored) {
  Lab lab({link_six()});
  lab.report(Version::V2, group_six());
  (void)lab.queries();
  lab.record(RecordType::BlockOldSources, group_six(), {source_six(1)});
  EXPECT_TRUE(lab.queries().empty());
  lab.leave(group_six());
  lab.advance(2s);
  EXPECT_EQ(lab.wanted(group_six()), "");
}

TEST(Rfc3810Section6_2, WhatIsNotSentAsRequiredIsRefused) {
  Lab lab({link_six()});
  const auto refused = [&](const Address& from, std::uint8_t hop_limit, bool alert) {
    lab.receive({.source = from,
                 .destination = group_six(),
                 .hop_limit = hop_limit,
                 .router_alert = alert,
                 .message = igmp::Report{Version::V2, group_six()}});
    return lab.edge.groups() == 0;
  };
  EXPECT_TRUE(refused(source_six(1), 1, true));
  EXPECT_TRUE(refused(Address::zero(Family::Ipv6), 1, true));
  EXPECT_TRUE(refused(ipv6(0xfe, 0x80, 9), 2, true));
  EXPECT_TRUE(refused(ipv6(0xfe, 0x80, 9), 1, false));
  EXPECT_EQ(lab.edge.links()[0]->counters().not_as_required, 4U);
  EXPECT_FALSE(refused(ipv6(0xfe, 0x80, 9), 1, true));
}

}  // namespace
}  // namespace forces::fe::multicast::test
