#include "ce/ctl/render.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace forces::ctl {
namespace {

using control::Response;
using testing::ContainsRegex;
using testing::HasSubstr;

struct DurationCase {
  std::uint64_t ms;
  const char* text;
};
class DurationText : public testing::TestWithParam<DurationCase> {};
TEST_P(DurationText, HasTwoUnitsAtMost) {
  EXPECT_EQ(duration_text(GetParam().ms), GetParam().text);
}
INSTANTIATE_TEST_SUITE_P(
    Table, DurationText,
    testing::Values(DurationCase{0, "-"}, DurationCase{15, "15ms"}, DurationCase{999, "999ms"},
                    DurationCase{1'999, "1s"}, DurationCase{60'000, "1min"},
                    DurationCase{61'500, "1min 1s"}, DurationCase{3'600'000, "1h"},
                    DurationCase{3'600'000 + 59'000, "1h"}, DurationCase{7'500'000, "2h 5min"},
                    DurationCase{277'200'000, "3d 5h"}));

TEST(RenderText, ARouteHasItsStateAtEachFe) {
  Response response;
  auto& route = *response.mutable_routes()->add_routes();
  route.set_prefix("192.0.2.0/24");
  route.set_protocol("ospf");
  route.add_next_hops("10.98.1.2 fe1p1");
  route.add_next_hops("10.98.2.2 fe2p1");
  auto& good = *route.add_states();
  good.set_fe(1);
  good.set_state("acknowledged");
  auto& bad = *route.add_states();
  bad.set_fe(2);
  bad.set_state("failed");
  bad.set_error("E_NOT_SUPPORTED");
  const auto text = render_text(response);
  EXPECT_THAT(text, HasSubstr("192.0.2.0/24  ospf      10.98.1.2 fe1p1, 10.98.2.2 fe2p1"));
  EXPECT_THAT(text, HasSubstr("1:acknowledged 2:failed(E_NOT_SUPPORTED)"));
}

TEST(RenderText, TheMasterOfEachFe) {
  Response response;
  auto& ha = *response.mutable_ha_status();
  ha.set_id(0x40000001);
  auto& mine = *ha.add_fes();
  mine.set_fe(1);
  mine.set_master(0x40000001);
  mine.set_mine(true);
  mine.set_mode("hot_standby");
  ha.add_fes()->set_fe(2);
  EXPECT_EQ(render_text(response),
            "this CE is 0x40000001\n"
            "FE  MASTER                 MODE\n"
            " 1  0x40000001 (this one)  hot_standby\n"
            " 2  unknown\n");
}

TEST(RenderText, AnFeShowsItsModelAndItsTables) {
  Response response;
  auto& e = *response.mutable_element();
  e.set_id(1);
  auto& lpm = *e.add_classes();
  lpm.set_id(10);
  lpm.set_name("IPv4UcastLPM");
  lpm.set_version("1.0");
  lpm.add_instances(1);
  auto& link = *e.add_topology();
  link.set_from("IPv4UcastLPM.1 NormalOut 0");
  link.set_to("IPv4NextHop.1 PktIn 0");
  e.add_neighbors("2");
  e.mutable_tables()->set_state("in step");
  e.mutable_tables()->set_wanted(7);
  const auto text = render_text(response);
  EXPECT_THAT(text, HasSubstr("   10  IPv4UcastLPM  1.0      1\n"));
  EXPECT_THAT(text, HasSubstr("IPv4UcastLPM.1 NormalOut 0  IPv4NextHop.1 PktIn 0\n"));
  EXPECT_THAT(text, HasSubstr("rows wanted        7\n"));
  EXPECT_THAT(text, HasSubstr("neighbor 2\n"));
}

TEST(RenderText, AnFeThatTellsOfItsKernelShowsIt) {
  Response response;
  auto& tables = *response.mutable_element()->mutable_tables();
  tables.set_kernel("unknown");
  EXPECT_THAT(render_text(response), testing::Not(HasSubstr("kernel")));
  tables.set_kernel("running");
  tables.set_kernel_installed(41);
  tables.set_kernel_waiting(2);
  tables.set_kernel_failed_hops(1);
  const auto text = render_text(response);
  EXPECT_THAT(text,
              ContainsRegex("routes in the kernel +41 installed, 2 waiting, 0 pending, 0 failed"));
  EXPECT_THAT(text, HasSubstr("next hops that failed"));
}

google::protobuf::Value text_value(const char* text) {
  google::protobuf::Value value;
  value.set_string_value(text);
  return value;
}

TEST(RenderText, MembershipsHaveTheMarsThePortsAndTheGroups) {
  Response response;
  auto& list = *response.mutable_memberships();
  auto& party = *list.add_parties();
  party.set_family("ipv4");
  party.set_role("member");
  party.set_state("registered");
  party.set_ce(0x40000001);
  party.set_cmi(17);
  party.set_settled(true);
  auto& link = *list.add_links();
  link.set_port(2);
  link.set_family("ipv4");
  link.set_up(true);
  link.set_querier("ours");
  link.set_groups(1);
  auto& one = *list.add_memberships();
  one.set_group("232.1.1.1");
  one.set_confirmed(true);
  auto& port = *one.add_ports();
  port.set_port(2);
  port.set_mode("include");
  port.add_sources("10.0.0.1");
  one.add_ports()->set_port(3);
  EXPECT_EQ(render_text(response),
            "FAMILY  ROLE    STATE       CE          CMI  ALL CONFIRMED\n"
            "ipv4    member  registered  0x40000001   17  yes\n"
            "\n"
            "PORT  FAMILY  STATE  QUERIER  ROUTER  GROUPS\n"
            "   2  ipv4    up     ours     no           1\n"
            "\n"
            "GROUP      MARS       PORTS\n"
            "232.1.1.1  confirmed  2 only 10.0.0.1, 3\n");
  list.clear_parties();
  list.clear_memberships();
  EXPECT_TRUE(render_text(response).starts_with("no MARS yet"));
}

TEST(RenderText, AFabricHasPortsRowsAndWhatWasCounted) {
  Response response;
  auto& fabric = *response.mutable_fabric();
  fabric.set_file("/var/lib/forces-fe/fabric");
  fabric.set_file_state("in step");
  fabric.set_file_octets(74);
  fabric.set_active(1);
  auto& port = *fabric.add_ports();
  port.set_id(1);
  port.set_device("eth1");
  port.set_signal("vc4");
  port.set_labels("65536-4194304/65536");
  port.set_state("up");
  port.set_received(7);
  auto& row = *fabric.add_rows();
  row.set_subscript(12);
  row.set_in_port(1);
  row.set_in_label(0x10000);
  row.set_out_port(2);
  row.set_out_label(0x60000);
  row.set_state("active");
  row.set_status("working");
  row.set_frames(7);
  row.set_owner("0a00000100000000000000000000000000000000");
  auto& passed = *fabric.add_counters();
  passed.set_name("fabric_frames");
  passed.set_reason("passed");
  passed.set_value(7);
  fabric.add_counters()->set_name("fabric_file_failures");
  EXPECT_EQ(render_text(response),
            "file /var/lib/forces-fe/fabric (in step, 74 octets)\n"
            "1 active, 0 reserved, 0 failed\n"
            "\n"
            "PORT  DEVICE  SIGNAL  LABELS               STATE  FAILED LABELS  RECEIVED  SENT\n"
            "   1  eth1    vc4     65536-4194304/65536  up                           7     0\n"
            "\n"
            "ROW  IN    LABEL  OUT    LABEL  STATE   STATUS   FRAMES  DROPPED  OWNER\n"
            " 12   1  0x10000    2  0x60000  active  working       7        0  0a000001\n"
            "\n"
            "COUNTER                VALUE\n"
            "fabric_frames{passed}      7\n");
}

TEST(RenderText, LfbsAreATable) {
  Response response;
  EXPECT_EQ(render_text([] {
              Response none;
              none.mutable_lfbs();
              return none;
            }()),
            "none\n");
  auto& known = *response.mutable_lfbs()->add_lfbs();
  known.set_path("FEPO.1");
  known.set_class_id(2);
  known.set_version("1.2");
  known.set_known(true);
  auto& other = *response.mutable_lfbs()->add_lfbs();
  other.set_path("Foo.3");
  other.set_class_id(70'000);
  EXPECT_EQ(render_text(response),
            "LFB     CLASS  VERSION\n"
            "FEPO.1      2  1.2\n"
            "Foo.3   70000           by numbers only\n");
}

TEST(RenderText, ComponentsOfAnLfbHaveNamesTypesAccessAndValues) {
  Response response;
  auto& lfb = *response.mutable_lfb();
  auto& number = *lfb.add_components();
  number.set_id(5);
  number.set_name("CEHDI");
  number.set_type("uint32, 10 or more");
  number.set_access("read-write");
  number.mutable_value()->set_number_value(30'000);
  auto& table = *lfb.add_components();
  table.set_id(9);
  table.set_name("BackupCEs");
  table.set_type("table of uint32");
  table.set_access("read-only");
  table.set_rows(2);
  auto& bad = *lfb.add_components();
  bad.set_id(15);
  bad.set_name("AllCEs");
  bad.set_error("E_BUSY");
  EXPECT_EQ(render_text(response),
            "ID  NAME       ACCESS      VALUE     TYPE\n"
            " 5  CEHDI      read-write  30000     uint32, 10 or more\n"
            " 9  BackupCEs  read-only   (2 rows)  table of uint32\n"
            "15  AllCEs                 E_BUSY\n");
}

TEST(RenderText, RowsHaveTheirFieldsInTheOrderOfTheTable) {
  Response response;
  auto& lfb = *response.mutable_lfb();
  lfb.add_columns("Prefixlen");
  lfb.add_columns("Address");
  auto& row = *lfb.add_rows();
  row.set_subscript(17);
  auto& fields = *row.mutable_value()->mutable_struct_value()->mutable_fields();
  fields["Address"] = text_value("10.0.0.0");
  fields["Prefixlen"].set_number_value(24);
  EXPECT_EQ(render_text(response),
            "ROW  Prefixlen  Address\n"
            " 17  24         10.0.0.0\n");
  lfb.clear_columns();
  lfb.set_next(18);
  EXPECT_EQ(render_text(response),
            "ROW  VALUE\n"
            " 17  {Address: 10.0.0.0, Prefixlen: 24}\n"
            "more: --from 18\n");
  lfb.clear_rows();
  lfb.set_next(0);
  EXPECT_EQ(render_text(response), "no rows\n");
}

TEST(RenderText, AValueIsAlone) {
  Response response;
  *response.mutable_lfb()->mutable_value() = text_value("10.0.0.1");
  EXPECT_EQ(render_text(response), "10.0.0.1\n");
  auto& fields = *response.mutable_lfb()->mutable_value()->mutable_struct_value()->mutable_fields();
  fields["10"].set_bool_value(true);
  fields["9"].set_number_value(4294967295);
  fields["a"].mutable_list_value()->add_values()->set_number_value(1);
  EXPECT_EQ(render_text(response),
            "9   4294967295\n"
            "10  true\n"
            "a   [1]\n");
}

TEST(RenderText, ADoneChangeHasItsWarnings) {
  Response response;
  response.mutable_done()->set_message("set FEPO.1/CEHDI at FE 2");
  EXPECT_EQ(render_text(response), "set FEPO.1/CEHDI at FE 2\n");
  response.mutable_done()->add_warnings("it comes back");
  EXPECT_EQ(render_text(response), "set FEPO.1/CEHDI at FE 2\nwarning: it comes back\n");
}

TEST(RenderText, StatusIsALineForEachFact) {
  Response response;
  auto& s = *response.mutable_status();
  s.set_program("ce");
  s.set_version("0.1.0");
  s.set_id(0x40000001);
  s.set_state("running");
  s.set_pid(42);
  s.set_uptime_ms(61'000);
  s.set_security("tls");
  auto& listener = *s.add_listeners();
  listener.set_purpose("control");
  listener.set_address("127.0.0.1");
  listener.set_port(6704);
  s.set_elements(3);
  s.set_associated(2);
  s.set_channels(6);
  s.set_channels_up(4);
  s.set_config_file("/etc/forces/ce.toml");
  EXPECT_EQ(render_text(response),
            "program              ce 0.1.0\n"
            "id                   0x40000001\n"
            "state                running\n"
            "pid                  42\n"
            "up                   1min 1s\n"
            "security             tls\n"
            "control              127.0.0.1:6704\n"
            "FEs                  2 associated of 3\n"
            "channels             4 up of 6\n"
            "configuration        /etc/forces/ce.toml\n"
            "log lines held back  0\n");
}

TEST(RenderText, ElementsAreATable) {
  Response response;
  auto& list = *response.mutable_elements();
  EXPECT_EQ(render_text(response), "none\n");
  auto& fe = *list.add_elements();
  fe.set_id(2);
  fe.set_name("two");
  fe.set_state("associated");
  fe.set_up_ms(1'000);
  fe.set_control("up");
  fe.set_data("down");
  fe.set_address("127.0.0.1:40000");
  fe.set_port_count(1);
  auto& ce = *list.add_elements();
  ce.set_id(0x40000001);
  ce.set_state("associated");
  ce.set_master(true);
  EXPECT_EQ(render_text(response),
            "        ID  NAME  STATE                UP  CONTROL  DATA  ADDRESS          PORTS\n"
            "         2  two   associated           1s  up       down  127.0.0.1:40000      1\n"
            "0x40000001        associated (master)   -                                      0\n");
}

TEST(RenderText, AnElementHasItsPortsAndCounters) {
  Response response;
  auto& fe = *response.mutable_element();
  fe.set_id(2);
  fe.set_state("associated");
  fe.set_control("up");
  fe.set_control_channel(7);
  auto& port = *fe.add_ports();
  port.set_id(1);
  port.set_device("fe2p1");
  port.set_state("open");
  auto& moved = *port.add_counters();
  moved.set_name("redirect_from_fe");
  moved.set_value(5);
  port.add_counters()->set_name("zero");
  auto& dropped = *fe.add_counters();
  dropped.set_name("dropped");
  dropped.set_reason("ttl");
  dropped.set_value(3);
  EXPECT_EQ(render_text(response),
            "id              2\n"
            "state           associated\n"
            "associated for  -\n"
            "control         up (channel 7)\n"
            "\n"
            "PORT  DEVICE  KIND  ADDRESS  STATE  COUNTERS\n"
            "   1  fe2p1                  open   redirect_from_fe=5\n"
            "\n"
            "COUNTER       VALUE\n"
            "dropped{ttl}      3\n");
}

TEST(RenderText, ChannelsShowQueueAndRoundTrip) {
  Response response;
  auto& c = *response.mutable_channels()->add_channels();
  c.set_handle(5);
  c.set_peer(2);
  c.set_type("control");
  c.set_state("up");
  c.set_up_ms(2'000);
  c.set_silent_ms(300);
  c.set_queued_octets(100'000);
  c.mutable_rtt()->set_count(3);
  c.mutable_rtt()->set_p50_us(64);
  c.set_address("127.0.0.1:1");
  c.set_tls("none");
  EXPECT_EQ(render_text(response),
            "CHANNEL  PEER  TYPE     STATE  UP  SILENT  QUEUED  RTT P50  ADDRESS      TLS\n"
            "      5     2  control  up     2s   300ms  97 KiB   <=64us  127.0.0.1:1  none\n");
}

TEST(RenderText, StatsHaveTheirLabelsInOrder) {
  Response response;
  auto& a = *response.mutable_stats()->add_samples();
  a.set_name("drops_total");
  a.set_type("counter");
  (*a.mutable_labels())["reason"] = "ttl";
  (*a.mutable_labels())["peer"] = "2";
  a.set_value(12'345'678);
  auto& h = *response.mutable_stats()->add_samples();
  h.set_name("rtt_seconds");
  h.set_type("histogram");
  h.set_value(0.5);
  h.set_count(10);
  EXPECT_EQ(render_text(response),
            "METRIC                                  VALUE\n"
            "drops_total{peer=\"2\",reason=\"ttl\"}   12345678\n"
            "rtt_seconds                         0.5 in 10\n");
}

TEST(RenderText, AnUnknownAnswerIsSaidToBeOne) {
  EXPECT_EQ(render_text({}), "an answer that this forcesctl does not know\n");
}

TEST(RenderJson, IsTheMessageInsideWithItsFieldNames) {
  Response response;
  response.mutable_status()->set_program("ce");
  const auto json = render_json(response);
  EXPECT_TRUE(json.starts_with("{\n")) << json;
  EXPECT_THAT(json, HasSubstr("\"program\": \"ce\""));
  EXPECT_THAT(json, HasSubstr("\"channels_up\": 0"));  // zeros too: a program can rely on the key
}

TEST(RenderText, GroupsMembersAndServersAreTables) {
  Response response;
  auto& groups = *response.mutable_groups();
  auto& block = *groups.add_blocks();
  block.set_first("224.0.0.0");
  block.set_last("239.255.255.255");
  block.set_members(2);
  auto& group = *groups.add_groups();
  group.set_group("239.1.2.3");
  group.set_members(12);
  group.set_servers(1);
  auto text = render_text(response);
  EXPECT_THAT(text, ContainsRegex("224.0.0.0 to 239.255.255.255 +2 +-"));
  EXPECT_THAT(text, ContainsRegex("239.1.2.3 +12 +1"));

  auto& members = *response.mutable_group();
  members.set_group("239.1.2.3");
  auto& member = *members.add_members();
  member.set_fe(7);
  member.set_endpoint("192.0.2.7:4789");
  member.set_ours(true);
  members.add_servers()->set_fe(8);
  text = render_text(response);
  EXPECT_THAT(text, HasSubstr("group 239.1.2.3\n"));
  EXPECT_THAT(text, ContainsRegex("7 +192.0.2.7:4789 +member +here"));
  EXPECT_THAT(text, ContainsRegex("8 +- +MCS +with another server"));

  auto& node = *response.mutable_mars_clients()->add_clients();
  node.set_fe(7);
  node.set_protocol("ipv4");
  node.set_cmi(101);
  node.set_ranges(3);
  node.set_age_ms(61'000);
  node.set_state("registered");
  text = render_text(response);
  EXPECT_THAT(text, HasSubstr("not ready"));
  EXPECT_THAT(text, ContainsRegex("7 +- +ipv4 +101 +3 +1min 1s +registered"));

  auto& mcs = *response.mutable_mars_mcs()->add_mcs();
  mcs.set_fe(9);
  mcs.set_group("239.1.2.3");
  EXPECT_THAT(render_text(response), ContainsRegex("9 +- +239.1.2.3 +with another server"));
}

TEST(RenderText, AServerGroupShowsWhetherItIsInSync) {
  Response response;
  auto& neighbor = *response.mutable_scsp_neighbors()->add_neighbors();
  neighbor.set_id(0x40000002);
  neighbor.set_state("aligned");
  neighbor.set_master(true);
  auto& again = *neighbor.add_counters();
  again.set_name("retransmissions");
  again.set_value(5);
  EXPECT_THAT(render_text(response), ContainsRegex("0x40000002 +aligned +master +0 +0 +0 +5"));

  auto& cache = *response.mutable_scsp_cache();
  cache.set_state("in_sync");
  cache.set_entries(30);
  cache.set_own(10);
  cache.set_octets(1'500);
  auto& other = *cache.add_originators();
  other.set_originator(0x40000003);
  other.set_entries(20);
  other.set_digest("00000000000000ab");
  const auto text = render_text(response);
  EXPECT_THAT(text, HasSubstr("in_sync: 30 records, 10 of them our own, 1500 octets\n"));
  EXPECT_THAT(text, ContainsRegex("0x40000003 +20 +00000000000000ab +not heard of"));
}

TEST(RenderText, AConnectionHasItsWaysAndWhatWentWrong) {
  Response response;
  auto& connection = *response.mutable_connection();
  connection.set_name("blue");
  connection.set_state("up");
  connection.set_frozen(true);
  connection.mutable_lsp()->set_sender("192.0.2.1");
  connection.mutable_lsp()->set_end_point("192.0.2.3");
  connection.mutable_lsp()->set_tunnel(1);
  connection.mutable_lsp()->set_lsp(2);
  connection.set_call_number(7);
  connection.set_call("a call");
  connection.add_current("192.0.2.1:12 0x20000");
  connection.add_current("192.0.2.3");
  connection.set_setup_ms(12.34);
  auto& failure = *connection.add_failures();
  failure.set_cause("blocked_link");
  failure.set_code(1);
  failure.set_value(2);
  failure.set_node("192.0.2.2");
  failure.set_link("192.0.2.2:23");
  failure.set_age_ms(61'000);
  EXPECT_EQ(
      render_text(response),
      "connection blue up, frozen\n"
      "LSP 192.0.2.1 to 192.0.2.3 tunnel 1 lsp 2\n"
      "call a call, short Call ID 7\n"
      "way now 192.0.2.1:12 0x20000 | 192.0.2.3\n"
      "set up in 12.3ms\n"
      "failure blocked_link (1/2), said by 192.0.2.2, about link 192.0.2.2:23, 1min 1s ago\n");
}

TEST(RenderText, CallsNeighborsAndLinksAreTables) {
  Response response;
  auto& call = *response.mutable_calls()->add_calls();
  call.set_handle(3);
  call.set_state("active");
  call.set_role("caller");
  call.set_sender("192.0.2.1");
  call.set_end_point("192.0.2.3");
  call.set_service_level(0);
  call.set_name("blue");
  EXPECT_THAT(render_text(response),
              HasSubstr("   3  active  caller  192.0.2.1  192.0.2.3      0            0  blue\n"));
  auto& neighbor = *response.mutable_neighbors()->add_neighbors();
  neighbor.set_node("192.0.2.2");
  neighbor.set_state("up");
  neighbor.set_recovering("them");
  auto& drop = *neighbor.add_drops();
  drop.set_reason("bad_digest");
  drop.set_value(3);
  EXPECT_THAT(render_text(response),
              ContainsRegex("192.0.2.2 +up, recovering them .*bad_digest 3"));
  auto& link = *response.mutable_te_links()->add_links();
  link.set_a("192.0.2.1:12");
  link.set_b("192.0.2.2:21");
  link.set_free("any");
  link.add_srlgs(7);
  link.add_srlgs(9);
  EXPECT_THAT(render_text(response),
              ContainsRegex("192.0.2.1:12 +192.0.2.2:21 +down .*any .*7, 9"));
}

TEST(RenderText, AListThatGoesOnSaysHow) {
  Response response;
  response.mutable_connections()->set_next("blue");
  EXPECT_THAT(render_text(response), testing::EndsWith("more: --after blue\n"));
  response.mutable_lsps()->set_next(7);
  EXPECT_THAT(render_text(response), testing::EndsWith("more: --after 7\n"));
  response.mutable_te_links()->set_next(8);
  EXPECT_THAT(render_text(response), testing::EndsWith("more: --after 8\n"));
  response.mutable_te_links()->set_next(0);
  EXPECT_THAT(render_text(response), testing::Not(HasSubstr("more")));
}

TEST(RenderText, WhatAPolicyAsksOfConnectionsIsSaid) {
  Response response;
  auto& open = *response.mutable_policy()->add_points();
  open.set_name("open");
  open.set_protection(0x3f);
  EXPECT_THAT(render_text(response), testing::Not(HasSubstr("of connections")));
  auto& narrow = *response.mutable_policy()->add_points();
  narrow.set_name("narrow");
  narrow.add_signals(6);
  narrow.set_max_bandwidth(150'336);
  narrow.set_protection(0x10);
  const auto text = render_text(response);
  const auto connections = text.substr(text.find("of connections"));
  EXPECT_THAT(connections, ContainsRegex("narrow +6 +- +150336 +- +- +0x10 +-\n"));
  EXPECT_THAT(connections, testing::Not(HasSubstr("open")));
}

// Every answer that there is can be shown.
TEST(RenderText, KnowsEveryAnswer) {
  const auto* const answers = Response::descriptor()->oneof_decl(0);
  for (int i = 0; i < answers->field_count(); ++i) {
    Response response;
    (void)response.GetReflection()->MutableMessage(&response, answers->field(i));
    EXPECT_THAT(render_text(response), testing::Not(HasSubstr("does not know")))
        << answers->field(i)->name();
  }
}

}  // namespace
}  // namespace forces::ctl
