// The querier, routers behind ports, limits, static groups, and the FE as a whole.
#include <atomic>
#include <cstdlib>
#include <new>

#include "tests/unit/fe/multicast/lab.hpp"

// Counts what this program allocates. noinline: else g++ takes the free() below for a mismatch.
namespace {
std::atomic<std::size_t> allocations{0};
}
[[gnu::noinline]] void* operator new(std::size_t n) {
  ++allocations;
  if (void* p = std::malloc(n)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace forces::fe::multicast::test {
namespace {

using Strings = std::vector<std::string>;

const Address kLower = Address::ipv4(0xc0000200), kHigher = Address::ipv4(0xc0000202);

TEST(Rfc3376Section8, QueriesOfStartUpThenOneEachInterval) {
  Lab lab;
  const Instant start = lab.now;
  lab.advance(300s);
  EXPECT_EQ(lab.asked(start),
            (Strings{"0 general", "31250 general", "156250 general", "281250 general"}));
}

TEST(Rfc3376Section4_1, AGeneralQuerySaysHowTheQuerierWorks) {
  LinkConfig config = link();
  config.timing.robustness = 3;
  config.timing.query_interval = 60s;
  config.timing.query_response = 5s;
  Lab lab({config});
  const auto sent = lab.queries().at(0);
  EXPECT_EQ(sent.packet.destination, igmp::all_systems(Family::Ipv4));
  EXPECT_EQ(sent.packet.source, config.address);
  EXPECT_EQ(sent.query(), (igmp::Query{.version = Version::V3,
                                       .group = Address::zero(Family::Ipv4),
                                       .max_response = 5s,
                                       .robustness = 3,
                                       .interval = 60s}));
}

TEST(Rfc3810Section5_1, AGeneralQueryOfMldGoesToAllNodes) {
  Lab lab({link_six()});
  const auto sent = lab.queries().at(0);
  EXPECT_EQ(sent.packet.destination, igmp::all_systems(Family::Ipv6));
  EXPECT_EQ(sent.query().max_response, 10s);
}

TEST(Rfc3376Section6_6_2, TheLowestAddressAsks) {
  Lab lab;
  (void)lab.heard();
  lab.query(kHigher, {.robustness = 2, .interval = 125s});
  lab.query(link().address, {.robustness = 2, .interval = 125s});
  EXPECT_TRUE(lab.edge.links()[0]->querier().ours());
  (void)lab.heard();
  lab.query(kLower, {.robustness = 2, .interval = 125s});
  EXPECT_FALSE(lab.edge.links()[0]->querier().ours());
  EXPECT_EQ(lab.heard(), (Strings{"querier 1 0"}));
  (void)lab.queries();
  lab.advance(250s);
  EXPECT_TRUE(lab.queries().empty());
}

TEST(Rfc3376Section8_5, WhenTheOtherQuerierIsSilentWeAskAgain) {
  Lab lab;
  lab.query(kLower, {.max_response = 20s, .robustness = 3, .interval = 50s});
  (void)lab.queries();
  (void)lab.heard();
  const Instant start = lab.now;
  lab.advance(161s);
  EXPECT_EQ(lab.heard(), (Strings{"querier 1 ours", "router 1 gone"}));
  EXPECT_EQ(lab.asked(start), (Strings{"160000 general"}))
      << "3 times 50 s and half of 20 s, as that querier said";
  EXPECT_EQ(lab.edge.links()[0]->querier().timing(), Timing{}) << "and now with our own";
}

TEST(Rfc3376Section4_1_6, TheQueriersValuesRuleMembership) {
  Lab lab;
  lab.query(kLower, {.max_response = 4s, .robustness = 4, .interval = 30s});
  lab.record(RecordType::IsExclude, group());
  lab.advance(124s - 1ns);
  EXPECT_EQ(lab.wanted(group()), "ex");
  lab.advance(1ns);
  EXPECT_EQ(lab.wanted(group()), "") << "4 times 30 s and 4 s";
}

TEST(Rfc3376Section4_1_6, WhatAQueryDoesNotSayStaysAsConfigured) {
  Lab lab;
  lab.query(kLower, {.version = Version::V2, .max_response = 10s});
  EXPECT_EQ(lab.edge.links()[0]->querier().timing(), Timing{});
  EXPECT_EQ(lab.edge.links()[0]->counters().queries_of_others, 1U) << "section 7.3.1: to be told";
}

TEST(Rfc4541Section2_1_1, AQueryOf0000ElectsNobodyAndWhoHasItGivesWay) {
  Lab lab;
  lab.query(Address::zero(Family::Ipv4), {.robustness = 2, .interval = 125s});
  EXPECT_TRUE(lab.edge.links()[0]->querier().ours());
  EXPECT_FALSE(lab.edge.links()[0]->router());
  LinkConfig config = link();
  config.address = Address::zero(Family::Ipv4);
  Lab nameless({config});
  EXPECT_EQ(nameless.queries().size(), 1U);
  nameless.query(kHigher, {.robustness = 2, .interval = 125s});
  EXPECT_FALSE(nameless.edge.links()[0]->querier().ours());
}

TEST(Querier, OneThatOnlyListensNeverAsks) {
  LinkConfig config = link();
  config.querier = false;
  Lab lab({config});
  lab.query(kHigher, {.max_response = 4s, .robustness = 4, .interval = 30s});
  EXPECT_EQ(lab.edge.links()[0]->querier().timing().robustness, 4);
  lab.record(RecordType::IsExclude, group());
  lab.record(RecordType::ToInclude, group());
  lab.advance(1h);
  EXPECT_TRUE(lab.queries().empty());
  EXPECT_EQ(lab.edge.links()[0]->querier().timing(), Timing{});
}

TEST(RouterPort, IsLearnedFromQueriesAndForgotten) {
  Lab lab;
  (void)lab.heard();
  lab.query(kHigher, {.robustness = 2, .interval = 125s});
  EXPECT_EQ(lab.heard(), (Strings{"router 1 there"})) << "also who loses the election";
  lab.advance(200s);
  lab.query(kHigher, {.robustness = 2, .interval = 125s});
  lab.advance(254s);
  EXPECT_EQ(lab.heard(), Strings{});
  lab.advance(1s);
  EXPECT_EQ(lab.heard(), (Strings{"router 1 gone"}));
  lab.edge.on_router(1, Family::Ipv4, 105s, lab.now);
  lab.advance(105s);
  EXPECT_EQ(lab.heard(), (Strings{"router 1 there", "router 1 gone"}));
}

TEST(RouterPort, MayBeConfiguredOrForbidden) {
  LinkConfig always = link(1), never = link(2);
  always.router = RouterPort::Always;
  never.router = RouterPort::Never;
  Lab lab({always, never});
  EXPECT_EQ(lab.heard(), (Strings{"router 1 there", "querier 1 ours", "querier 2 ours"}));
  lab.query(kLower, {.robustness = 2, .interval = 125s}, 2);
  lab.edge.on_router(2, Family::Ipv4, 105s, lab.now);
  lab.take();
  EXPECT_EQ(lab.heard(), Strings{});
  EXPECT_TRUE(lab.edge.links()[1]->querier().ours());
  EXPECT_EQ(lab.edge.links()[1]->counters().queries_refused, 1U);
  lab.advance(1h);
  EXPECT_TRUE(lab.edge.links()[0]->router());
}

TEST(Edge, JoinsWithTheFirstPortAndLeavesWithTheLast) {
  Lab lab({link(1), link(2)});
  (void)lab.heard();
  lab.report(Version::V2, group(), 1);
  lab.record(RecordType::IsInclude, group(), {source(5)}, 2);
  EXPECT_EQ(lab.heard(), (Strings{"egress 1 1: ex", "joined 1", "egress 2 1: in 5"}));
  EXPECT_EQ(lab.edge.egress(group()).size(), 2U);
  lab.leave(group(), 1);
  lab.advance(2s);
  EXPECT_EQ(lab.heard(), (Strings{"egress 1 1: "}));
  lab.record(RecordType::BlockOldSources, group(), {source(5)}, 2);
  lab.advance(2s);
  EXPECT_EQ(lab.heard(), (Strings{"egress 2 1: ", "left 1"}));
}

TEST(Edge, APortThatGoesDownForgetsAndBeginsAnew) {
  Lab lab({link(1), link(2)});
  lab.report(Version::V2, group(), 1);
  lab.query(kLower, {.robustness = 2, .interval = 125s});
  (void)lab.heard();
  lab.edge.on_port(1, false, lab.now);
  lab.take();
  EXPECT_EQ(lab.heard(), (Strings{"egress 1 1: ", "left 1", "router 1 gone"}));
  lab.report(Version::V2, group(), 1);
  (void)lab.queries();
  lab.advance(300s);
  for (const auto& one : lab.queries()) EXPECT_EQ(one.port, 2U);
  EXPECT_EQ(lab.edge.groups(), 0U);
  const Instant start = lab.now;
  lab.edge.on_port(1, true, lab.now);
  lab.take();
  EXPECT_EQ(lab.asked(start), (Strings{"0 general"}));
  EXPECT_EQ(lab.heard(), (Strings{"querier 1 ours"}));
}

TEST(Edge, AnotherAddressElectsAnewAndForgetsNobody) {
  Lab lab;
  lab.report(Version::V2, group());
  lab.query(Address::ipv4(0xc0000101), {.version = Version::V3});  // below ours, 192.0.2.1
  (void)lab.heard();
  (void)lab.queries();
  lab.edge.on_address(1, Address::ipv4(0xc0000142), lab.now);
  lab.take();
  EXPECT_EQ(lab.heard(), std::vector<std::string>{"querier 1 ours"}) << "elected anew";
  const auto queries = lab.queries();
  ASSERT_EQ(queries.size(), 1U);
  EXPECT_EQ(queries[0].packet.source, Address::ipv4(0xc0000142));
  EXPECT_EQ(lab.wanted(group()), "ex");
  lab.edge.on_address(1, Address::ipv4(0xc0000142), lab.now);
  lab.edge.on_address(2, Address::ipv4(0xc0000142), lab.now);
  lab.take();
  EXPECT_TRUE(lab.heard().empty()) << "the same again, or a port that is none";
}

TEST(Edge, GroupsThatNeverLeaveTheirLinkAreNotKept) {  // RFC 3376 section 6, RFC 4541 2.1.2
  Lab lab({link(), link_six()});
  lab.report(Version::V2, Address::ipv4(0xe00000fb));
  lab.record(RecordType::IsExclude, Address::ipv4(0x0a000001));
  lab.record(RecordType::IsExclude, ipv6(0xff, 0x02, 0xfb));
  EXPECT_EQ(lab.edge.groups(), 0U);
  EXPECT_EQ(lab.edge.links()[0]->counters().records_ignored, 2U);
  EXPECT_EQ(lab.edge.links()[1]->counters().records_ignored, 1U);
}

TEST(Edge, FamiliesOfAPortAreApart) {
  Lab lab({link(), link_six()});
  lab.report(Version::V2, group());
  lab.report(Version::V2, group_six());
  EXPECT_EQ(lab.edge.groups(), 2U);
  EXPECT_EQ(lab.edge.links()[0]->groups(), 1U);
  EXPECT_EQ(lab.edge.links()[1]->groups(), 1U);
}

TEST(Edge, WhatIsNoPacketOfItsPortsIsCounted) {
  Lab lab;
  lab.report(Version::V2, group(), 9);
  lab.report(Version::V2, group_six(), 1);
  EXPECT_EQ(lab.edge.counters().unknown_port, 2U);
  lab.edge.on_packet(1, {}, lab.now);
  EXPECT_EQ(lab.edge.counters().refused[static_cast<std::size_t>(Errc::Truncated)], 1U);
}

TEST(StaticGroups, AreWantedAsLongAsThePortIsUp) {
  LinkConfig config = link();
  config.static_groups = {{group(1), {}}, {group(2), {source(2), source(1)}}};
  Lab lab({config});
  EXPECT_EQ(lab.heard(), (Strings{"egress 1 1: ex", "joined 1", "egress 1 2: in 1,2", "joined 2",
                                  "querier 1 ours"}));
  lab.report(Version::V2, group(1));
  lab.leave(group(1));
  lab.advance(1h);
  EXPECT_EQ(lab.wanted(group(1)), "ex");
  lab.edge.on_port(1, false, lab.now);
  lab.take();
  EXPECT_EQ(lab.wanted(group(1)), "");
}

TEST(StaticGroups, AddToWhatHostsWant) {
  LinkConfig config = link();
  config.static_groups = {{group(), {source(1), source(2)}}};
  Lab lab({config});
  lab.record(RecordType::IsInclude, group(), {source(3)});
  EXPECT_EQ(lab.wanted(group()), "in 1,2,3");
  lab.record(RecordType::IsExclude, group(), {source(1), source(4)});
  EXPECT_EQ(lab.wanted(group()), "ex 4");
  lab.advance(300s);
  EXPECT_EQ(lab.wanted(group()), "in 1,2");
}

TEST(Limits, OfGroupsAreToldOnceAndCounted) {
  LinkConfig config = link();
  config.most_groups = 2;
  Lab lab({config, link(2)});
  (void)lab.heard();
  for (unsigned n = 1; n <= 4; ++n) lab.report(Version::V2, group(n));
  EXPECT_EQ(lab.heard(), (Strings{"egress 1 1: ex", "joined 1", "egress 1 2: ex", "joined 2",
                                  "limit 1 3 groups"}));
  EXPECT_EQ(lab.edge.links()[0]->counters().groups_refused, 2U);
  lab.report(Version::V2, group(1));
  EXPECT_EQ(lab.edge.links()[0]->counters().groups_refused, 2U) << "one that is there has room";
  for (unsigned n = 3; n <= 6; ++n) lab.report(Version::V2, group(n), 2);
  EXPECT_EQ(lab.edge.links()[1]->groups(), 4U) << "another port is not harmed";
  (void)lab.heard();
  lab.leave(group(1));
  lab.advance(2s);
  lab.report(Version::V2, group(7));
  lab.report(Version::V2, group(8));
  EXPECT_EQ(lab.heard(),
            (Strings{"egress 1 1: ", "left 1", "egress 1 7: ex", "joined 7", "limit 1 8 groups"}));
}

TEST(Limits, OfSourcesAreToldOnceAGroupAndCounted) {
  LinkConfig config = link();
  config.most_sources = 2;
  Lab lab({config});
  (void)lab.heard();
  lab.record(RecordType::IsInclude, group(), {source(1), source(2), source(3), source(4)});
  lab.record(RecordType::IsInclude, group(), {source(5)});
  EXPECT_EQ(lab.heard(), (Strings{"limit 1 1 sources", "egress 1 1: in 1,2", "joined 1"}));
  EXPECT_EQ(lab.edge.links()[0]->counters().sources_refused, 3U);
  lab.record(RecordType::IsExclude, group(2), {source(1), source(2), source(3)});
  EXPECT_EQ(lab.heard(), (Strings{"limit 1 2 sources", "egress 1 2: ex 1,2", "joined 2"}));
}

TEST(EdgeConfig, SaysWhatCannotBe) {
  EXPECT_EQ(problem_of(link()), "");
  EXPECT_EQ(problem_of(link_six()), "");
  const auto bad = [](LinkConfig config, auto&& change) {
    change(config);
    return !problem_of(config).empty();
  };
  EXPECT_TRUE(bad(link(), [](auto& c) { c.version = Version::V1; }));
  EXPECT_TRUE(bad(link(), [](auto& c) { c.timing.robustness = 0; }));
  EXPECT_TRUE(bad(link(), [](auto& c) { c.timing.robustness = 8; }));
  EXPECT_TRUE(bad(link(), [](auto& c) { c.timing.query_response = 125s; }));
  EXPECT_TRUE(bad(link(), [](auto& c) { c.timing.last_member_interval = 99ms; }));
  EXPECT_TRUE(bad(link(), [](auto& c) {
    c.version = Version::V2;
    c.timing.query_response = 26s;
  }));
  EXPECT_TRUE(bad(link(), [](auto& c) { c.address = group(); }));
  EXPECT_TRUE(bad(link(), [](auto& c) { c.static_groups = {{group_six(), {}}}; }));
  EXPECT_TRUE(bad(link(), [](auto& c) { c.static_groups = {{Address::ipv4(0xe0000001), {}}}; }));
  EXPECT_TRUE(bad(link_six(), [](auto& c) { c.address = source_six(1); }));
  EXPECT_FALSE(bad(link_six(), [](auto& c) {
    c.address = Address::zero(Family::Ipv6);
    c.querier = false;
  }));
}

// A report of what is known costs no allocation.
TEST(Edge, ARefreshAllocatesNothing) {
  Lab lab;
  wire::ByteWriter records, w;
  append_record(RecordType::IsInclude, group(1), std::vector{source(1), source(2)}, records);
  append_record(RecordType::IsExclude, group(2), {}, records);
  igmp::encode_packet({.source = Address::ipv4(0xc0000263),
                       .destination = igmp::all_report_listeners(Family::Ipv4),
                       .message = igmp::Records(Family::Ipv4, 2, records.written())},
                      w);
  lab.edge.on_packet(1, w.written(), lab.now);
  lab.take();
  const std::size_t before = allocations;
  lab.edge.on_packet(1, w.written(), lab.now + 1s);
  EXPECT_EQ(allocations, before);
}

}  // namespace
}  // namespace forces::fe::multicast::test
