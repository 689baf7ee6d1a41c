// What an FE's kernel says of its ports and routes, and what becomes of it at the CE: addresses and
// carrier of the TUN device, and which routes are installed.
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>
#include <cstdlib>
#include <cstring>

#include "ce/routing/fpm/encoder.hpp"
#include "fe/dataplane/ports/socket.hpp"
#include "tests/e2e/association/pair.hpp"
#include "tests/support/netns.hpp"
#include "tests/unit/ce/routing/support.hpp"

namespace forces::test {
namespace {

using ce::provision::RowState;
using fe::dataplane::Fd;

// Network namespaces of this thread.
Fd here() { return Fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)); }
template <class F>
auto in(const Fd& space, F&& f) {
  const Fd before = here();
  EXPECT_EQ(::setns(space.get(), CLONE_NEWNET), 0);
  struct Back {
    const Fd& to;
    ~Back() { EXPECT_EQ(::setns(to.get(), CLONE_NEWNET), 0); }
  } const back{before};
  return f();
}

// Three namespaces, all of this process: the CE's with the TUN device, the FE's with a veth pair,
// and one in which the two talk over loopback and zebra is listened to.
class RealPort : public testing::Test {
 protected:
  void SetUp() override {
    if (!enter_fresh_namespace()) GTEST_SKIP() << "needs root: network namespaces";
    meeting_ = here();
    ASSERT_TRUE(enter_fresh_namespace());
    ce_ = here();
    ASSERT_TRUE(enter_fresh_namespace());
    fe_ = here();
    ASSERT_TRUE(
        run("ip link add port type veth peer name far && ip link set port up && "
            "ip link set far up && ip addr add 10.98.0.1/24 dev port"));
    ASSERT_TRUE(eventually([] { return run("ip -o link show port | grep -q LOWER_UP"); }));
  }
  void start(const std::string& address = "") {
    in(ce_, [&] {
      ce.config.fes = {{1, "one", {{7, "fe1p7", address, 1500}}}};
      ce.config.routing.enabled = true;
      ce.config.routing.fpm.port = 0;
      ce.config.routing.rib.resync.quiet = 50ms;
      ce.make();
      tun_ = ::if_nametoindex("fe1p7");
    });
    in(meeting_, [&] { ce.start(); });
    fe.point_at(ce);
    fe.config.ports = {{.port_id = 7, .interface = "port", .classes = {}}};
    in(fe_, [&] { fe.make(); });
    in(meeting_, [&] { fe.start(); });
    ASSERT_TRUE(eventually([&] { return ce.associated(1); }));
  }

  [[nodiscard]] bool at_fe(const std::string& command) const {
    return in(fe_, [&] { return run(command); });
  }
  [[nodiscard]] bool at_ce(const std::string& command) const {
    return in(ce_, [&] { return run(command); });
  }
  [[nodiscard]] bool device_has(const std::string& address) const {
    return at_ce("ip -o addr show dev fe1p7 | grep -q ' " + address + " '");
  }

  e2e::Pki pki;
  CePart ce{pki, pki.ce(kCe)};
  FePart fe{pki, pki.fe(1), 1};
  Fd meeting_, ce_, fe_;
  unsigned tun_ = 0;
};

// ---- Addresses ----------------------------------------------------------------------------------

TEST_F(RealPort, AddressesOfThePortAreThoseOfTheDevice) {
  start();
  ASSERT_TRUE(eventually([&] { return device_has("10.98.0.1/24"); })) << ce.notes.text();
  ASSERT_TRUE(at_ce("ip addr add 10.1.1.1/24 dev fe1p7"));  // somebody else's
  ASSERT_TRUE(at_fe("ip addr add 10.98.5.1/24 dev port"));
  EXPECT_TRUE(eventually([&] { return device_has("10.98.5.1/24"); }));
  ASSERT_TRUE(at_fe("ip addr del 10.98.0.1/24 dev port"));
  EXPECT_TRUE(eventually([&] { return !device_has("10.98.0.1/24"); }));
  EXPECT_TRUE(device_has("10.98.5.1/24"));
  EXPECT_TRUE(device_has("10.1.1.1/24")) << "what is not ours stays";
  EXPECT_NE(ce.fe(1)->ports.at(0).address.find("10.98.5.1/24"), std::string::npos);
  EXPECT_EQ(ce.notes.count("port_address"), 0U) << ce.notes.text();
}

TEST_F(RealPort, AnAddressOfTheConfigurationIsTheOnlyOne) {
  start("10.77.0.1/24");
  EXPECT_TRUE(device_has("10.77.0.1/24"));
  ASSERT_TRUE(at_fe("ip addr add 10.98.5.1/24 dev port"));
  // It hears of the link afterwards, so it has heard of the address.
  ASSERT_TRUE(at_fe("ip link set far down"));
  ASSERT_TRUE(eventually([&] { return at_ce("ip -o link show fe1p7 | grep -q NO-CARRIER"); }));
  EXPECT_FALSE(device_has("10.98.0.1/24"));
  EXPECT_FALSE(device_has("10.98.5.1/24"));
}

TEST_F(RealPort, AnAddressThatTheHostHasElsewhereIsLeftThere) {
  ASSERT_TRUE(at_ce("ip addr add 10.98.0.1/32 dev lo"));
  start();
  EXPECT_TRUE(eventually([&] { return ce.notes.count("port_address") == 1; }));
  EXPECT_NE(ce.notes.text().find("another interface of this host has it"), std::string::npos);
  EXPECT_FALSE(device_has("10.98.0.1/24"));
}

TEST_F(RealPort, ADeviceThatIsMadeAnewHasTheAddressesAgain) {
  start();
  ASSERT_TRUE(eventually([&] { return device_has("10.98.0.1/24"); }));
  in(ce_, [&] {
    ce.config.fes.at(0).ports.at(0).mtu = 1400;
    ce.controller->reconfigure(ce.config);
  });
  EXPECT_TRUE(eventually([&] { return device_has("10.98.0.1/24"); }));
}

// ---- Link state ---------------------------------------------------------------------------------

// Switches an interface of this namespace.
void set_up(const char* name, bool up) {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  ASSERT_EQ(::ioctl(socket.get(), SIOCGIFFLAGS, &request), 0);
  request.ifr_flags = static_cast<short>(up ? request.ifr_flags | IFF_UP
                                            : request.ifr_flags & ~static_cast<short>(IFF_UP));
  ASSERT_EQ(::ioctl(socket.get(), SIOCSIFFLAGS, &request), 0);
}

// Hears what zebra hears.
class Links {
 public:
  Links() : socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)) {
    sockaddr_nl us{};
    us.nl_family = AF_NETLINK;
    us.nl_groups = RTMGRP_LINK;
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&us), sizeof us), 0);
  }
  // Until the kernel says that this interface runs, or does not.
  [[nodiscard]] bool running(unsigned index, bool wanted) {
    const auto end = std::chrono::steady_clock::now() + kBound;
    while (std::chrono::steady_clock::now() < end) {
      pollfd wait{socket_.get(), POLLIN, 0};
      if (::poll(&wait, 1, 100) <= 0) continue;
      alignas(nlmsghdr) std::array<char, 32'768> room{};
      const ssize_t got = ::recv(socket_.get(), room.data(), room.size(), 0);
      auto left = got < 0 ? 0U : static_cast<unsigned>(got);
      for (auto* m = reinterpret_cast<nlmsghdr*>(room.data()); NLMSG_OK(m, left);
           m = NLMSG_NEXT(m, left)) {
        const auto* about = static_cast<const ifinfomsg*>(NLMSG_DATA(m));
        if (m->nlmsg_type != RTM_NEWLINK || about->ifi_index != static_cast<int>(index)) continue;
        if (((about->ifi_flags & IFF_RUNNING) != 0) == wanted) return true;
      }
    }
    return false;
  }

 private:
  Fd socket_;
};

// Link down at an FE port becomes link down for FRR within 100 ms. FORCES_LINK_MS: another
// bound, for sanitizers. The quickest counts: a busy machine makes it longer, never shorter.
TEST_F(RealPort, LinkDownAtThePortIsLinkDownForRoutingDaemonsWithinABound) {
  start();
  const char* given = std::getenv("FORCES_LINK_MS");
  const std::chrono::milliseconds bound(given != nullptr ? std::atoi(given) : 100);
  auto links = in(ce_, [] { return std::make_unique<Links>(); });
  // One after another: the kernel tells of lost carriers at most once a second by itself.
  std::vector<double> took;
  for (int i = 0; i < 5; ++i) {
    auto began = std::chrono::steady_clock::now();
    in(fe_, [] { set_up("far", false); });
    ASSERT_TRUE(links->running(tun_, false));
    took.push_back(std::chrono::duration<double, std::milli>(  //
                       std::chrono::steady_clock::now() - began)
                       .count());
    in(fe_, [] { set_up("far", true); });
    ASSERT_TRUE(links->running(tun_, true));
  }
  std::ranges::sort(took);
  std::printf("from link down at the port to link down at the device: %.1f ms (%.1f to %.1f)\n",
              took[2], took.front(), took.back());
  EXPECT_LE(took.front(), static_cast<double>(bound.count()));
}

// ---- Installed ----------------------------------------------------------------------------------

class RealRoutes : public RealPort {
 protected:
  // As zebra would.
  void give(const std::vector<std::pair<std::string, std::string>>& routes) {
    in(meeting_, [&] {
      if (!zebra_.is_open()) {
        zebra_.connect(
            {asio::ip::address_v4::loopback(), ce.controller->snapshot().routing.fpm_port});
      }
    });
    ce::routing::fpm::Encoder out;
    for (const auto& [prefix, gateway] : routes) {
      out.route_add(ce::routing::fpm::route(prefix, {ce::routing::fpm::via(gateway, tun_)}));
    }
    const auto octets = *std::move(out).finish();
    asio::write(zebra_, asio::buffer(octets.data(), octets.size()));
  }
  [[nodiscard]] std::optional<ce::RouteAtFe> route(std::uint8_t second_octet) const {
    std::vector<ce::RouteReport> reports;
    (void)ce.controller->routes(0, 1000, 1, reports);
    for (const auto& report : reports) {
      if (report.route.prefix.address.octets[1] == second_octet) return report.fes.at(0);
    }
    return std::nullopt;
  }
  [[nodiscard]] bool becomes(std::uint8_t second_octet, RowState state) const {
    return eventually([&] {
      const auto at = route(second_octet);
      return at && at->state == state;
    });
  }

  asio::io_context io_;
  asio::ip::tcp::socket zebra_{io_};
};

TEST_F(RealRoutes, RoutesThatTheKernelHasAreInstalledAndRefusedOnesFailed) {
  start();
  give({{"10.1.0.0/16", "10.98.0.2"}, {"10.2.0.0/16", "10.66.0.2"}});
  EXPECT_TRUE(becomes(1, RowState::Installed));
  EXPECT_TRUE(at_fe("ip route show 10.1.0.0/16 proto 220 | grep -q 10.98.0.2"));
  ASSERT_TRUE(becomes(2, RowState::Failed)) << "nothing on the port leads to 10.66.0.2";
  const auto refused = route(2)->kernel;
  EXPECT_TRUE(refused.by_next_hop);
  EXPECT_TRUE(refused.error == EHOSTUNREACH || refused.error == ENETUNREACH) << refused.error;
  EXPECT_EQ(route(2)->code, pl::ResultCode::Success) << "the FE has taken the row";
  const auto shot = ce.fe(1);
  EXPECT_EQ(shot->kernel, "running");
  EXPECT_EQ(shot->kernel_installed, 1U);
  EXPECT_EQ(shot->kernel_failed_hops, 1U);
  EXPECT_EQ(shot->rows_acknowledged, 4U);

  ASSERT_TRUE(at_fe("ip addr add 10.66.0.1/24 dev port"));  // and now something does
  EXPECT_TRUE(becomes(2, RowState::Installed));
  EXPECT_TRUE(becomes(1, RowState::Installed));
}

TEST_F(RealRoutes, WithoutTheLinkNothingIsInstalled) {
  start();
  give({{"10.1.0.0/16", "10.98.0.2"}});
  ASSERT_TRUE(becomes(1, RowState::Installed));
  ASSERT_TRUE(at_fe("ip link set far down"));
  EXPECT_TRUE(becomes(1, RowState::Acknowledged))
      << "the FE has the row, the kernel has dropped it";
  ASSERT_TRUE(at_fe("ip link set far up"));
  EXPECT_TRUE(becomes(1, RowState::Installed));
}

TEST_F(RealRoutes, ACeThatComesBackFindsOutWhatIsInstalled) {
  fe.config.fepo.failover_policy = 1;  // keep forwarding
  start();
  give({{"10.1.0.0/16", "10.98.0.2"}});
  ASSERT_TRUE(becomes(1, RowState::Installed));
  zebra_.close();
  ce.end();
  in(ce_, [&] {
    ce.make();
    tun_ = ::if_nametoindex("fe1p7");
  });
  in(meeting_, [&] { ce.start(); });
  ASSERT_TRUE(eventually([&] { return ce.associated(1); }));
  give({{"10.1.0.0/16", "10.98.0.2"}});
  EXPECT_TRUE(becomes(1, RowState::Installed));
  EXPECT_TRUE(eventually([&] { return counter(ce.fe(1)->counters, "rows_adopted") == 2; }));
}

}  // namespace
}  // namespace forces::test
