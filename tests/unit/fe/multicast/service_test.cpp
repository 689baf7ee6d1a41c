// Ports, hosts and MARSs around a Service: packets as hosts send them, VCs as a CE has them.
#include "fe/multicast/service/service.hpp"

#include <gtest/gtest.h>

#include "proto/wire/snap.hpp"
#include "tests/support/sim/mars_stub.hpp"
#include "tests/unit/fe/multicast/lab.hpp"

namespace forces::fe::multicast::test {
namespace {

using forces::test::MarsStub;
using mars::Operation;

constexpr std::uint32_t kFe = 7, kCe1 = 0x40000001, kCe2 = 0x40000002;
using Said = std::vector<std::string>;

mars::GroupRange range(const Address& group) {
  const auto one = *mars::ProtocolAddress::from(group.bytes());
  return {one, one};
}
mars::AtmAddress mars_of(std::uint32_t ce) { return mars::encode_element({.id = {ce}}); }

MulticastConfig config_of(std::vector<std::uint32_t> ports) {
  MulticastConfig config{.enabled = true, .endpoint = {0xc0000201, 5000}, .mcs_port = 5001};
  for (const std::uint32_t port : ports) config.ports.push_back({.port_id = port});
  return config;
}

class Membership : public testing::Test {
 protected:
  void make(MulticastConfig config) {
    for (const MulticastPort& port : config.ports) ASSERT_EQ(problem_of(config, port), "");
    service.emplace(std::move(config), std::vector{kCe1, kCe2}, 1);
    for (const auto& port : service->config().ports) up(port.port_id);
    (void)said();
  }
  void SetUp() override {
    make(config_of({1, 2}));
    marses.emplace(kCe1, MarsStub(mars_of(kCe1), 100));
    marses.emplace(kCe2, MarsStub(mars_of(kCe2), 200));
  }
  void up(std::uint32_t port, bool is = true) {
    service->on_interface(port,
                          {.up = is,
                           .address = Address::ipv4(0xc0000200 + port),
                           .link_local = ipv6(0xfe, 0x80, static_cast<std::uint8_t>(port))},
                          now);
  }
  void report(const Address& group, std::uint32_t port, bool leave = false) {
    const bool v4 = group.family == Family::Ipv4;
    wire::ByteWriter w;
    igmp::encode_packet({.source = v4 ? Address::ipv4(0xc0000263) : ipv6(0xfe, 0x80, 0x63),
                         .destination = igmp::all_report_listeners(group.family),
                         .message = leave ? igmp::Message{igmp::Leave{group}}
                                          : igmp::Message{igmp::Report{Version::V2, group}}},
                        w);
    service->on_packet(port, w.written(), now);
  }
  // Queries are left out; MARSs answer at once.
  Said said() {
    while (auto output = service->poll_output()) {
      if (auto* send = std::get_if<SendVc>(&*output)) {
        on_send(*send);
      } else if (!std::holds_alternative<SendQuery>(*output)) {
        said_.push_back(std::holds_alternative<EgressChanged>(*output)
                            ? Lab::text_of(Output(std::get<EgressChanged>(*output)))
                            : Lab::text_of(Output(std::get<RouterChanged>(*output))));
      } else {
        ++queries;
      }
    }
    for (const auto& note : service->take_notes()) {
      notes.append(note.event).append(" ").append(note.text).append("\n");
    }
    return std::exchange(said_, {});
  }
  void on_send(const SendVc& send) {
    const auto snap = wire::decode_snap(send.sdu);
    ASSERT_TRUE(snap);
    ASSERT_EQ(snap->pid, wire::SnapPid::MarsControl);
    EXPECT_TRUE(associated.contains(send.ce)) << "there is no VC";
    deliver(send.ce, marses.at(send.ce).on_message(snap->payload));
  }
  void deliver(std::uint32_t ce, const std::vector<MarsStub::Reply>& replies) {
    for (const auto& reply : replies) {
      const auto operation = std::to_integer<unsigned>(reply.octets[17]);
      const bool server = operation == 3 || operation == 7;
      const auto kind = !reply.control ? pl::VcKind::PointToPoint
                        : server       ? pl::VcKind::Server
                                       : pl::VcKind::Cluster;
      service->on_vc(ce, kind, forces::test::sdu_of(reply.octets), now);
    }
  }
  void associate(std::uint32_t ce) {
    associated.insert(ce);
    service->on_associated(ce, kFe, now);
    (void)said();
    service->on_timer(now);  // what was wanted before the first registration is said with it
    (void)said();
  }
  void lose(std::uint32_t ce) {
    associated.erase(ce);
    service->on_lost(ce, now);
    (void)said();
  }
  void advance(Duration time) {
    const Instant end = now + time;
    for (int budget = 10'000; budget > 0; --budget) {
      const auto at = service->next_deadline();
      if (!at || *at > end) break;
      ASSERT_GE(*at, now) << "a deadline in the past";
      now = *at;
      service->on_timer(now);
      for (auto& one : said()) later.push_back(std::move(one));
    }
    now = end;
  }
  std::string ports_of(const Address& group) {
    std::string text;
    for (const auto& one : service->groups(0, 1'000)) {
      if (one.group != group) continue;
      for (const auto& port : one.ports) text.append(std::to_string(port.port)).append(" ");
      text.append(one.confirmed ? "confirmed" : "not confirmed");
    }
    return text;
  }
  MarsStub& first() { return marses.at(kCe1); }
  MarsStub& second() { return marses.at(kCe2); }

  std::optional<Service> service;
  Instant now{1h};
  std::map<std::uint32_t, MarsStub> marses;
  std::set<std::uint32_t> associated;
  std::size_t queries = 0;
  Said later;  // said while time passed
  std::string notes;

 private:
  Said said_;
};

TEST_F(Membership, AHostThatJoinsNeedsNoCe) {
  EXPECT_GE(queries, 4U) << "of both families at both ports";
  report(group(1), 2);
  EXPECT_EQ(said(), Said{"egress 2 1: ex"});
  EXPECT_EQ(ports_of(group(1)), "2 not confirmed");
  report(group(1), 2, true);
  advance(3s);
  EXPECT_EQ(later, Said{"egress 2 1: "});
}

TEST_F(Membership, WhatIsJoinedBeforeTheFirstAssociationIsToldToTheMars) {
  report(group(1), 1);
  report(group_six(), 2);
  associate(kCe1);
  EXPECT_EQ(first().members(range(group(1))), 1U);
  EXPECT_EQ(first().members(range(group_six())), 1U);
  EXPECT_EQ(first().registered.size(), 2U) << "one member for each family";
  const auto& [protocol, address] = first().registered.begin()->first;
  const auto element = mars::decode_element(address);
  ASSERT_TRUE(element);
  EXPECT_EQ(element->id.value, kFe);
  EXPECT_EQ(element->endpoint, (mars::CopyEndpoint{0xc0000201, 5000}));
  EXPECT_EQ(service->cmi(Family::Ipv4), 100);
  EXPECT_EQ(service->cmi(Family::Ipv6), 101);
  EXPECT_EQ(ports_of(group(1)), "1 confirmed");
}

TEST_F(Membership, ThePortsAreOneMember) {
  associate(kCe1);
  report(group(1), 1);
  report(group(1), 2);
  (void)said();
  EXPECT_EQ(first().count(Operation::Join), 3U) << "two registrations, one group";
  EXPECT_EQ(ports_of(group(1)), "1 2 confirmed");
  report(group(1), 1, true);
  advance(3s);
  EXPECT_EQ(first().members(range(group(1))), 1U) << "port 2 is still in";
  report(group(1), 2, true);
  advance(3s);
  EXPECT_EQ(first().members(range(group(1))), 0U);
}

TEST_F(Membership, ARouterPortIsABlockJoin) {
  associate(kCe1);
  service->on_packet(
      1,
      [] {
        wire::ByteWriter w;
        igmp::encode_packet({.source = Address::ipv4(0xc00002f0),
                             .destination = igmp::all_systems(Family::Ipv4),
                             .message = igmp::Query{.version = Version::V3,
                                                    .group = Address::zero(Family::Ipv4),
                                                    .max_response = 10s}},
                            w);
        return std::move(w).finish().value();
      }(),
      now);
  EXPECT_EQ(said(), Said{"router 1 there"});
  const mars::GroupRange all{mars::ipv4_address(0xe0000000), mars::ipv4_address(0xefffffff)};
  EXPECT_EQ(first().members(all), 1U);
  EXPECT_FALSE(first().heard.back().flags.layer3_group());
  EXPECT_TRUE(service->groups(0, 10).empty()) << "a block is no group";
  advance(256s);
  EXPECT_EQ(first().members(all), 0U) << "the router is gone";
}

TEST_F(Membership, ALostCeIsLeftForAnotherAtOnce) {
  associate(kCe1);
  associate(kCe2);
  report(group(1), 1);
  (void)said();
  EXPECT_TRUE(second().heard.empty()) << "one MARS at a time";
  lose(kCe1);
  EXPECT_EQ(second().registered.size(), 2U) << "without a second's wait";
  EXPECT_EQ(ports_of(group(1)), "1 not confirmed");
  advance(10s);
  EXPECT_EQ(ports_of(group(1)), "1 confirmed");
  EXPECT_EQ(service->cmi(Family::Ipv4), 200);
  EXPECT_EQ(later, Said{}) << "what is forwarded here has not changed";
}

TEST_F(Membership, WithoutAnyCeItWaitsForTheNextAssociation) {
  associate(kCe1);
  report(group(1), 1);
  (void)said();
  lose(kCe1);
  EXPECT_EQ(service->cmi(Family::Ipv4), std::nullopt);
  report(group(2), 2);
  EXPECT_EQ(said(), Said{"egress 2 2: ex"}) << "hosts go on joining";
  associate(kCe2);
  advance(10s);
  EXPECT_EQ(second().members(range(group(1))), 1U);
  EXPECT_EQ(second().members(range(group(2))), 1U);
}

TEST_F(Membership, ARedirectMapIsFollowedAndOneToAnUnreachableCeIsNot) {
  associate(kCe1);
  report(group(1), 1);
  (void)said();
  deliver(kCe1, first().redirect_map(mars::kIpv4, {mars_of(kCe2), mars_of(kCe1)}, true));
  (void)said();
  EXPECT_EQ(service->cmi(Family::Ipv4), 100) << "there is no association with the other";
  EXPECT_NE(notes.find("mars_failed"), std::string::npos);
  associate(kCe2);
  deliver(kCe1, first().redirect_map(mars::kIpv4, {mars_of(kCe2), mars_of(kCe1)}, false));
  (void)said();
  EXPECT_EQ(service->cmi(Family::Ipv4), 200);
  EXPECT_EQ(service->cmi(Family::Ipv6), 101) << "each protocol has a MARS of its own";
}

TEST_F(Membership, AnFeThatHasAnotherIdIsAnotherMember) {
  associate(kCe1);
  report(group(1), 1);
  (void)said();
  lose(kCe1);
  associated.insert(kCe1);
  service->on_associated(kCe1, kFe + 1, now);
  (void)said();
  service->on_timer(now);
  (void)said();
  std::size_t found = 0;
  for (const auto& [who, ranges] : first().in) {
    const auto element = mars::decode_element(who.second);
    if (element && element->id.value == kFe + 1) found += ranges.size();
  }
  EXPECT_EQ(found, 1U);
}

TEST_F(Membership, AnMcsIsAnEndpointOfItsOwnAndItsGroupsComeAndGo) {
  associate(kCe1);
  service->set_mcs({group(9)}, now);
  (void)said();
  service->on_timer(now);
  (void)said();
  EXPECT_EQ(first().count(Operation::Mserv), 2U) << "registered, and serving";
  ASSERT_EQ(first().members(range(group(9))), 1U);
  for (const auto& [who, ranges] : first().in) {
    if (!ranges.contains(range(group(9)))) continue;
    EXPECT_EQ(mars::decode_element(who.second)->endpoint, (mars::CopyEndpoint{0xc0000201, 5001}));
  }
  service->set_mcs({group(8)}, now);
  (void)said();
  EXPECT_EQ(first().members(range(group(9))), 0U);
  EXPECT_EQ(first().members(range(group(8))), 1U);
  lose(kCe1);
  associate(kCe2);
  advance(10s);
  EXPECT_EQ(second().members(range(group(8))), 1U);
}

TEST_F(Membership, AnMcsThatIsNewBeginsWithTheFirstCeOfTheTable) {
  service.emplace(config_of({1}), std::vector{kCe2, kCe1}, 1);
  associate(kCe2);
  associate(kCe1);
  service->set_mcs({group(9)}, now);
  (void)said();
  service->on_timer(now);
  (void)said();
  EXPECT_EQ(second().members(range(group(9))), 1U);
  EXPECT_EQ(first().count(Operation::Mserv), 0U);
}

TEST_F(Membership, StaticGroupsAreJoinedWithoutAHost) {
  MulticastConfig config = config_of({1, 2});
  config.ports[1].static_groups = {*static_group_from("239.1.1.5 10.0.0.1"),
                                   *static_group_from("ff1e::5")};
  service.emplace(config, std::vector{kCe1, kCe2}, 1);
  up(2);
  EXPECT_EQ(said(), (Said{"egress 2 5: in 1", "egress 2 5: ex"}));
  associate(kCe1);
  EXPECT_EQ(first().members(range(group(5))), 1U);
}

TEST_F(Membership, APortWithoutALinkLocalAddressAsksInIpv4Only) {
  make(config_of({1}));
  service->on_interface(1, {.up = true, .address = Address::ipv4(0xc0000201)}, now);
  (void)said();
  const auto links = service->snapshot().links;
  ASSERT_EQ(links.size(), 2U);
  EXPECT_TRUE(links[0].up);
  EXPECT_FALSE(links[1].up);
}

TEST_F(Membership, APortThatGoesDownForgetsAndOneWithAnotherAddressDoesNot) {
  report(group(1), 1);
  (void)said();
  service->on_interface(
      1, {.up = true, .address = Address::ipv4(0xc0000242), .link_local = ipv6(0xfe, 0x80, 1)},
      now);
  EXPECT_EQ(said(), Said{});
  EXPECT_EQ(service->snapshot().links[0].asking, Address::ipv4(0xc0000242));
  up(1, false);
  EXPECT_EQ(said(), Said{"egress 1 1: "});
}

TEST_F(Membership, LimitsAreToldAndHarmNoOtherPort) {
  MulticastConfig config = config_of({1, 2});
  config.ports[0].most_groups = 1;
  make(config);
  report(group(1), 1);
  report(group(2), 1);
  report(group(2), 2);
  EXPECT_EQ(said(), (Said{"egress 1 1: ex", "egress 2 2: ex"}));
  EXPECT_NE(notes.find("multicast_limit port 1 ipv4: no room for 239.1.1.2"), std::string::npos)
      << notes;
}

TEST_F(Membership, WhatIsNoVcOfOursIsCountedAndHarmsNobody) {
  associate(kCe1);
  report(group(1), 1);
  (void)said();
  const auto map = first().redirect_map(mars::kIpv4, {mars_of(kCe2)}, true)[0].octets;
  const auto whole = forces::test::sdu_of(map);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    service->on_vc(kCe1, pl::VcKind::Cluster, wire::Bytes(whole).first(size), now);
  }
  auto other = whole;
  other[7] = std::byte{5};  // SCSP
  service->on_vc(kCe1, pl::VcKind::Cluster, other, now);
  service->on_vc(kCe1, pl::VcKind::Server, whole, now);
  service->on_vc(kCe2, pl::VcKind::Cluster, whole, now);
  (void)said();
  const auto counters = service->snapshot().counters;
  EXPECT_EQ(counters.vc_malformed, 8U + 18U + 1U);
  EXPECT_EQ(counters.vc_unclaimed, 1U) << "we are no MCS";
  EXPECT_EQ(service->cmi(Family::Ipv4), 100);
  EXPECT_EQ(service->snapshot().parties[0].counters.malformed, map.size() - 18);
  EXPECT_EQ(service->snapshot().parties[0].counters.foreign, 1U) << "of a CE that is not our MARS";
}

TEST_F(Membership, GroupsAreListedInPages) {
  for (unsigned n = 1; n <= 25; ++n) report(group(n), 1);
  (void)said();
  std::set<Address> seen;
  for (std::size_t first = 0;; first += 10) {
    const auto page = service->groups(first, 10);
    for (const auto& one : page) EXPECT_TRUE(seen.insert(one.group).second);
    if (page.size() < 10) break;
  }
  EXPECT_EQ(seen.size(), 25U);
}

TEST_F(Membership, StopDeregisters) {
  associate(kCe1);
  report(group(1), 1);
  (void)said();
  service->stop(now);
  (void)said();
  EXPECT_TRUE(first().registered.empty());
}

TEST(MembershipConfig, ReadsAddressesAndStaticGroups) {
  EXPECT_EQ(address_from("239.1.1.1"), group(1));
  EXPECT_EQ(text_of(*address_from("ff1e::1")), "ff1e::1");
  EXPECT_EQ(address_from("239.1.1"), std::nullopt);
  EXPECT_EQ(address_from(""), std::nullopt);
  const auto one = static_group_from("232.1.1.1  10.0.0.1 10.0.0.2");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->sources.size(), 2U);
  EXPECT_EQ(text_of(*one), "232.1.1.1 10.0.0.1 10.0.0.2");
  EXPECT_FALSE(static_group_from("232.1.1.1 ::1"));
  EXPECT_FALSE(static_group_from("232.1.1.1 x"));
  EXPECT_FALSE(static_group_from(" "));
}

TEST(MembershipConfig, SaysWhatCannotBe) {
  MulticastConfig config = config_of({1});
  EXPECT_EQ(problem_of(config, config.ports[0]), "");
  config.timing.query_response = config.timing.query_interval;
  EXPECT_NE(problem_of(config, config.ports[0]), "");
  config = config_of({1});
  config.ports[0].static_groups = {*static_group_from("10.0.0.1")};
  EXPECT_NE(problem_of(config, config.ports[0]), "");
  config.ports[0].static_groups = {*static_group_from("ff1e::1")};
  EXPECT_EQ(problem_of(config, config.ports[0]), "");
  config.families = {Family::Ipv4};
  EXPECT_NE(problem_of(config, config.ports[0]), "") << "of a family that is not spoken";
}

}  // namespace
}  // namespace forces::fe::multicast::test
