// Multicast through the kernel: a sender at one port, receivers at others that join by the IGMP of
// their own kernels; what the edge makes of it becomes leaves, set by the CE of the test.
#include "fe/forwarding/multicast/multicast.hpp"

#include <algorithm>

#include "fe/dataplane/port.hpp"
#include "fe/multicast/edge/edge.hpp"
#include "tests/e2e/forwarding/driver.hpp"
#include "tests/e2e/forwarding/host.hpp"

namespace forces::fe::forwarding::test {
namespace {

using multicast::Address;

class MulticastInKernel : public Driver {
 protected:
  void SetUp() override {
    Driver::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    config.ports.clear();
    for (int n = 1; n <= 3; ++n) {
      const std::string id = std::to_string(n);
      ASSERT_TRUE(host(n).made());
      ASSERT_TRUE(net::run(std::string("printf '%s\\n' 'link add m")
                               .append(id)
                               .append(" type veth peer name eth netns ")
                               .append(host(n).path())
                               .append("' 'addr add 10.")
                               .append(id)
                               .append(".0.1/24 dev m")
                               .append(id)
                               .append("' 'addr add 2001:db8:")
                               .append(id)
                               .append("::1/64 dev m")
                               .append(id)
                               .append(" nodad' 'link set m")
                               .append(id)
                               .append(" up' | ip -batch -")));
      host(n).configure(n);
      config.ports.push_back({.port_id = static_cast<std::uint32_t>(n),
                              .interface = std::string("m").append(id),
                              .classes = {}});
    }
  }
  void TearDown() override {
    ports_.clear();
    Driver::TearDown();
  }
  Host& host(int port) { return hosts_[static_cast<std::size_t>(port - 1)]; }

  // The edge, with ports of its own that hear IGMP.
  void open_edge() {
    std::vector<multicast::LinkConfig> links;
    for (const auto& port : config.ports) {
      multicast::LinkConfig link{.port = port.port_id,
                                 .address = Address::ipv4(0x0a000001U + (port.port_id << 16))};
      link.timing.last_member_interval = 100ms;
      links.push_back(link);
      auto hearing = port;
      hearing.classes = {dataplane::PacketClass::Igmp};
      ports_.push_back(dataplane::make_port(hearing));
      ASSERT_EQ(ports_.back()->open(), "");
    }
    edge_ = std::make_unique<multicast::Edge>(links);
    for (const auto& port : config.ports) edge_->on_port(port.port_id, true, now());
  }
  static Instant now() { return Instant{std::chrono::steady_clock::now().time_since_epoch()}; }
  // Packets of IGMP in and out, and what follows from them as rows.
  void serve() {
    std::array<std::byte, 2048> octets{};
    for (const auto& port : ports_) {
      for (const int fd : port->fds()) {
        for (;;) {
          const auto got = port->receive(fd, octets, now());
          if (got.status == dataplane::Received::Status::Empty) break;
          if (got.status == dataplane::Received::Status::Packet) {
            edge_->on_packet(port->config().port_id, wire::Bytes(octets).first(got.size), now());
          }
        }
      }
    }
    edge_->on_timer(now());
    while (auto output = edge_->poll_output()) {
      if (const auto* query = std::get_if<multicast::SendQuery>(&*output)) {
        EXPECT_TRUE(ports_[query->port - 1]->send(query->packet, now()));
      }
      const auto* egress = std::get_if<multicast::EgressChanged>(&*output);
      if (egress == nullptr || egress->group != Address::ipv4(kGroupFour)) continue;
      EXPECT_EQ(egress->filter.nothing() ? del(kMulticast, {2, egress->port})
                                         : set(kMulticast, {2, egress->port}, leaf(egress->port)),
                "E_SUCCESS");
    }
  }
  template <class Condition>
  bool serving_until(Condition&& condition) {
    return e2e::eventually([&] {
      serve();
      return condition();
    });
  }
  bool wanted_at(std::vector<std::uint32_t> ports) {
    std::vector<std::uint32_t> now;
    for (const auto& one : edge_->egress(Address::ipv4(kGroupFour))) now.push_back(one.port);
    return now == ports;
  }
  // Sends until the condition holds.
  template <class Condition>
  bool sending_until(const std::string& text, Condition&& condition) {
    return e2e::eventually([&] {
      host(1).send(text);
      return condition();
    });
  }
  // 0: PacketsIn, 1: CopiesOut, 2: NoGroupPackets.
  std::uint64_t statistic(std::size_t n) {
    const std::string all = get(kMulticast, {3});
    return all.size() == 48 ? std::stoull(all.substr(16 * n, 16), nullptr, 16) : 0;
  }
  // Five packets, and waits until the kernel has counted them.
  bool send_five(const std::string& text, std::size_t counted_as) {
    const std::uint64_t before = statistic(counted_as);
    for (int n = 0; n < 5; ++n) host(1).send(text);
    return e2e::eventually([&] { return statistic(counted_as) >= before + 4; });
  }
  static std::string hex32(std::uint32_t n) {
    wire::ByteWriter w;
    w.u32(n);
    return to_hex(w.written());
  }
  static std::string group_row(std::uint32_t in_port = 0, std::uint32_t source = 0) {
    return hex32(kGroupFour) + hex32(source) + hex32(in_port);
  }
  static std::string leaf(std::uint32_t port) { return hex32(0) + hex32(port); }

 private:
  std::array<Host, 3> hosts_;
  std::vector<std::unique_ptr<dataplane::Port>> ports_;
  std::unique_ptr<multicast::Edge> edge_;
};

TEST_F(MulticastInKernel, FramesGoWhereHostsHaveJoinedByIgmpAndNowhereElse) {
  start();
  open_edge();
  EXPECT_EQ(set(kMulticast, {1, 0}, group_row()), "E_SUCCESS");
  host(2).join();
  ASSERT_TRUE(serving_until([&] { return wanted_at({2}); }));
  ASSERT_TRUE(sending_until("one", [&] { return host(2).saw("one") > 0; }));

  host(3).join();
  ASSERT_TRUE(serving_until([&] { return wanted_at({2, 3}); }));
  ASSERT_TRUE(
      sending_until("two", [&] { return host(2).saw("two") > 0 && host(3).saw("two") > 0; }));
  EXPECT_EQ(host(3).saw("one"), 0U) << "before it joined";

  host(2).leave();
  ASSERT_TRUE(serving_until([&] { return wanted_at({3}); }));
  ASSERT_TRUE(sending_until("three", [&] { return host(3).saw("three") > 0; }));
  EXPECT_EQ(host(2).saw("three"), 0U) << "after it left";
  EXPECT_EQ(host(1).saw("three"), 0U) << "where it came from";

  EXPECT_GT(statistic(0), 0U);
  EXPECT_GT(statistic(1), 0U);
  EXPECT_EQ(statistic(2), 0U);
}

TEST_F(MulticastInKernel, RowsOfSourcesAndInPortsAreObeyed) {
  start();
  EXPECT_EQ(set(kMulticast, {1, 0}, group_row(2)), "E_SUCCESS");  // from port 2 only
  EXPECT_EQ(set(kMulticast, {2, 0}, leaf(3)), "E_SUCCESS");
  ASSERT_TRUE(send_five("other port", 2));
  EXPECT_EQ(set(kMulticast, {1, 0}, group_row(1)), "E_SUCCESS");
  ASSERT_TRUE(sending_until("this port", [&] { return host(3).saw("this port") > 0; }));
  EXPECT_EQ(host(3).saw("other port"), 0U);
  // A row of the sender, without leaves: blocked.
  EXPECT_EQ(set(kMulticast, {1, 1}, group_row(0, 0x0a010002)), "E_SUCCESS");
  ASSERT_TRUE(send_five("blocked", 0));
  EXPECT_EQ(del(kMulticast, {1, 1}), "E_SUCCESS");
  ASSERT_TRUE(sending_until("again", [&] { return host(3).saw("again") > 0; }));
  EXPECT_EQ(host(3).saw("blocked"), 0U);
}

TEST_F(MulticastInKernel, WithoutAGroupPacketsAreCountedAndADisabledFeForwardsNothing) {
  start();
  EXPECT_EQ(set(kMulticast, {1, 7},
                "ef090909"
                "00000000"
                "00000000"),
            "E_SUCCESS");
  ASSERT_TRUE(send_five("none", 2));
  EXPECT_EQ(set(kMulticast, {1, 0}, group_row()), "E_SUCCESS");
  EXPECT_EQ(set(kMulticast, {2, 0}, leaf(2)), "E_SUCCESS");
  ASSERT_TRUE(sending_until("some", [&] { return host(2).saw("some") > 0; }));
  EXPECT_EQ(set({1, 1}, {7}, "00"), "E_SUCCESS");  // FEState AdminDisable
  ASSERT_TRUE(send_five("disabled", 0));
  EXPECT_EQ(set({1, 1}, {7}, "02"), "E_SUCCESS");
  ASSERT_TRUE(sending_until("enabled", [&] { return host(2).saw("enabled") > 0; }));
  EXPECT_EQ(host(2).saw("disabled"), 0U);
}

TEST_F(MulticastInKernel, Ipv6IsForwardedLikewise) {
  start();
  const in6_addr address = group_six();
  const std::string group = to_hex(std::as_bytes(std::span(address.s6_addr)));
  EXPECT_EQ(set(kMulticast, {4, 0}, group + std::string(32, '0') + hex32(0)), "E_SUCCESS");
  EXPECT_EQ(set(kMulticast, {5, 0}, hex32(0) + hex32(3)), "E_SUCCESS");
  ASSERT_TRUE(e2e::eventually([&] {
    host(1).send_six("six");
    return host(3).saw("six") > 0;
  }));
  EXPECT_EQ(host(2).saw("six"), 0U);
}

TEST_F(MulticastInKernel, RowsThatCannotBeAreRefused) {
  start();
  EXPECT_EQ(set(kMulticast, {1, 0},
                "0a010101"
                "00000000"
                "00000000"),
            "E_VALUE_OUT_OF_RANGE");
  EXPECT_EQ(set(kMulticast, {1, 0},
                "e0000005"
                "00000000"
                "00000000"),
            "E_VALUE_OUT_OF_RANGE");
  EXPECT_EQ(set(kMulticast, {1, 0}, group_row(9)), "E_VALUE_OUT_OF_RANGE");
  EXPECT_EQ(set(kMulticast, {2, 0}, leaf(9)), "E_VALUE_OUT_OF_RANGE");
  EXPECT_EQ(set(kMulticast, {2, 0}, hex32(0) + hex32(0)), "E_VALUE_OUT_OF_RANGE");
  // Without an endpoint of its own no copies go to others.
  EXPECT_EQ(set(kMulticast, {9, 0}, hex32(kGroupFour) + hex32(kGroupFour) + "0a000001" + "1000"),
            "E_NOT_SUPPORTED");
}

TEST_F(MulticastInKernel, RowsOfEndpointsAreTakenAndChecked) {
  config.endpoint = {.address = 0x7f000001, .port = 5790, .server_port = 5791};
  start();
  EXPECT_EQ(get(kMulticast, {6}), "7f000001169e169f");
  EXPECT_EQ(set(kMulticast, {7}, "00070008"), "E_SUCCESS");
  EXPECT_EQ(set(kMulticast, {8, 1}, "0a0000021000"), "E_SUCCESS");
  EXPECT_EQ(set(kMulticast, {8, 2}, "0a0000020000"), "E_VALUE_OUT_OF_RANGE") << "no port";
  EXPECT_EQ(set(kMulticast, {8, 2}, "ef0000021000"), "E_VALUE_OUT_OF_RANGE") << "no host";
  const std::string group = hex32(kGroupFour);
  EXPECT_EQ(set(kMulticast, {9, 1}, group + group + "7f0000011000"), "E_SUCCESS");
  EXPECT_EQ(set(kMulticast, {9, 2},
                "e0000001e0000001"
                "7f0000011000"),
            "E_VALUE_OUT_OF_RANGE");
  EXPECT_EQ(set(kMulticast, {9, 2},
                "e0000000efffffff"
                "7f0000011000"),
            "E_SUCCESS")
      << "a router";
  EXPECT_EQ(set(kMulticast, {9, 3},
                "efffffffe0000000"
                "7f0000011000"),
            "E_VALUE_OUT_OF_RANGE");
  EXPECT_EQ(set(kMulticast, {11, 1}, group + group + "0a0000021000"), "E_SUCCESS");
  EXPECT_EQ(set(kMulticast, {11, 2},
                "e0000000efffffff"
                "0a0000021000"),
            "E_VALUE_OUT_OF_RANGE");
  ASSERT_TRUE(e2e::eventually([&] {
    host(1).send("out");
    return counter("multicast_copies_sent") > 0;
  }));
  EXPECT_NE(get(kMulticast, {13}).substr(0, 16), std::string(16, '0'));
  EXPECT_EQ(set(kMulticast, {7}, "00000000"), "E_SUCCESS");
  EXPECT_TRUE(e2e::eventually([&] {
    host(1).send("no member");
    return counter("multicast_copies_dropped") > 0;
  }));
}

TEST_F(MulticastInKernel, AnotherMulticastRouterOfTheNamespaceIsNamed) {
  dataplane::multicast::Mroute other(dataplane::kernel::Family::Ipv4);
  ASSERT_EQ(other.open(), "");
  ASSERT_EQ(other.start(), "");
  start();
  EXPECT_EQ(set(kMulticast, {1, 0}, group_row()), "E_SUCCESS");
  EXPECT_TRUE(noted("multicast_failed MRT_INIT: Address already in use"));
}

TEST_F(MulticastInKernel, AnInterfaceThatIsMadeAnewIsUsed) {
  start();
  EXPECT_EQ(set(kMulticast, {1, 0}, group_row()), "E_SUCCESS");
  EXPECT_EQ(set(kMulticast, {2, 0}, leaf(2)), "E_SUCCESS");
  ASSERT_TRUE(sending_until("before", [&] { return host(2).saw("before") > 0; }));
  ASSERT_TRUE(net::run(
      std::string("printf '%s\\n' 'link del m2' 'link add m2 type veth peer name eth netns ")
          .append(host(2).path())
          .append("' 'addr add 10.2.0.1/24 dev m2' 'link set m2 up' | ip -batch -")));
  host(2).configure(2);
  EXPECT_TRUE(sending_until("after", [&] { return host(2).saw("after") > 0; }));
}

}  // namespace
}  // namespace forces::fe::forwarding::test
