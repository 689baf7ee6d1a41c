#include "fe/app/app.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace forces::fe {
namespace {

using testing::HasSubstr;

CeSnapshot ce_one() {
  CeSnapshot ce;
  ce.ce_id = 0x40000001;
  ce.address = "127.0.0.1";
  ce.state = "associated";
  ce.master = true;
  ce.control_up = true;
  ce.data_up = true;
  ce.data_channel = 5;
  ce.counters = {{"heartbeats_received", "", 9}};
  return ce;
}

TEST(FeElement, ShowsTheSnapshotOfACe) {
  const auto element = element_of(ce_one());
  EXPECT_EQ(element.id(), 0x40000001U);
  EXPECT_EQ(element.state(), "associated");
  EXPECT_TRUE(element.master());
  EXPECT_EQ(element.data(), "up");
  EXPECT_EQ(element.data_channel(), 5U);
  EXPECT_EQ(element.counters(0).value(), 9U);
}

TEST(FePort, ShowsItsKindAndState) {
  const auto port = port_of({.port_id = 1,
                             .interface = "eth1",
                             .kind = "raw",
                             .open = false,
                             .counters = {{"received", "", 2}}});
  EXPECT_EQ(port.device(), "eth1");
  EXPECT_EQ(port.kind(), "raw");
  EXPECT_EQ(port.state(), "failed");
  EXPECT_EQ(port.counters(0).name(), "received");
}

TEST(FeMetrics, AreTheSnapshotsCounters) {
  ElementSnapshot snapshot;
  snapshot.ces = {ce_one()};
  snapshot.classes = {{"ospf", 10, 3}};
  snapshot.ports = {{.port_id = 1,
                     .interface = "eth1",
                     .kind = "raw",
                     .open = true,
                     .counters = {{"rx", "", 2}}}};
  snapshot.routes = {.state = "running", .installed = 100, .failed = 1};
  observe::Metrics metrics;
  const auto source = metrics.add([&] { return families_of(snapshot); });
  const auto text = metrics.text();
  for (const auto* line :
       {"fe_association_up{ce=\"0x40000001\"} 1\n", "fe_master{ce=\"0x40000001\"} 1\n",
        "fe_heartbeats_received_total{ce=\"0x40000001\"} 9\n", "fe_forwarding_up 1\n",
        "fe_routes{state=\"installed\"} 100\n", "fe_routes{state=\"failed\"} 1\n",
        "fe_routes{state=\"waiting\"} 0\n", "fe_redirect_passed_total{class=\"ospf\"} 10\n",
        "fe_redirect_limited_total{class=\"ospf\"} 3\n",
        "fe_port_open{device=\"eth1\",port=\"1\"} 1\n",
        "fe_port_rx_total{device=\"eth1\",port=\"1\"} 2\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(FeReload, WhatChangesLiveIsKnown) {
  const App app;
  for (const auto* table : {"log", "redirect.ospf"}) EXPECT_TRUE(app.changes_live(table)) << table;
  for (const auto* table : {"fe", "ce", "port", "tml", "tls", "association", "forwarding"}) {
    EXPECT_FALSE(app.changes_live(table)) << table;
  }
}

}  // namespace
}  // namespace forces::fe
