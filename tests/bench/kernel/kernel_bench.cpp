// 100,000 routes into the kernel of a namespace of its own: `ip -batch` (routes with a gateway, and
// routes over a next hop object) against fe/dataplane/kernel, in turns. One JSON line; the ratios
// are medians of rounds.
//
//   kernel_bench [ROUTES [ROUNDS]]    as root
#include <net/if.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>

#include "fe/dataplane/kernel/plane.hpp"
#include "tests/support/netns.hpp"
#include "tests/unit/fe/dataplane/kernel/rows.hpp"

namespace {

using namespace forces::fe::dataplane::kernel;
using namespace forces::fe::dataplane::kernel::test;
using forces::test::run;

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "kernel_bench: %s\n", why.c_str());
  std::exit(1);
}

double seconds(const std::function<void()>& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

void write_batch(const std::string& file, std::uint32_t routes, const std::string& over) {
  std::ofstream out(file);
  for (std::uint32_t n = 0; n < routes; ++n) {
    const auto octets = numbered(n).address.octets;
    out << "route add " << +octets[0] << '.' << +octets[1] << '.' << +octets[2] << '.' << +octets[3]
        << "/28 " << over << " proto 220 metric 20\n";
  }
}

std::size_t installed(const Identity& identity) {
  Plane counted(identity);
  if (const auto failed = counted.open(); !failed.empty()) give_up(failed);
  return counted.fib().count_routes().stale;
}

void work_off(Plane& plane) {
  do {
    if (const auto failed = plane.step(); !failed.empty()) give_up(failed);
  } while (plane.busy());
}

}  // namespace

int main(int argc, char** argv) {
  const auto routes = static_cast<std::uint32_t>(argc > 1 ? std::atoi(argv[1]) : 100'000);
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  if (!forces::test::enter_fresh_namespace()) give_up("needs root: a network namespace");
  if (!run("ip link add port type veth peer name far && ip addr add 10.1.0.1/24 dev port && "
           "ip link set port up && ip link set far up")) {
    give_up("no veth pair");
  }
  const std::string folder = "/tmp/kernel_bench." + std::to_string(::getpid());
  if (!run("mkdir " + folder)) give_up("no folder");
  write_batch(folder + "/via", routes, "via 10.1.0.2 dev port");
  write_batch(folder + "/nhid", routes, "nhid 77");
  const Identity identity;
  std::map<std::string, std::vector<double>> took;
  const auto check = [&](const std::string& what) {
    if (const auto count = installed(identity); count != routes) {
      give_up(what + ": " + std::to_string(count) + " routes");
    }
  };
  for (int round = 0; round < rounds; ++round) {
    took["ip_via"].push_back(seconds([&] { run("ip -batch " + folder + "/via"); }));
    check("ip via");
    run("ip route flush proto 220");
    run("ip nexthop add id 77 via 10.1.0.2 dev port proto 220");
    took["ip_nhid"].push_back(seconds([&] { run("ip -batch " + folder + "/nhid"); }));
    check("ip nhid");
    run("ip nexthop del id 77");
    {
      Plane plane(identity);
      if (const auto failed = plane.open(); !failed.empty()) give_up(failed);
      const auto set_rows = [&](const char* gateway) {
        bool good = plane.fib().set_next_hop(hop4(1), via(gateway, ::if_nametoindex("port")));
        for (std::uint32_t n = 0; n < routes; ++n) {
          good = plane.fib().set_route(numbered(n), hop4(1)) && good;
        }
        if (!good) give_up("rows refused");
        work_off(plane);
      };
      took["fe"].push_back(seconds([&] { set_rows("10.1.0.2"); }));
      check("fe");
      took["fe_again"].push_back(seconds([&] { set_rows("10.1.0.2"); }));
      took["fe_next_hop_changed"].push_back(seconds([&] { set_rows("10.1.0.3"); }));
      if (plane.counters().kernel.operations != routes + 2)
        give_up("operations that were not needed");
      Plane restarted(identity);
      took["fe_read_back"].push_back(seconds([&] {
        if (const auto failed = restarted.open(); !failed.empty()) give_up(failed);
      }));
      took["octets_a_route"].push_back(static_cast<double>(plane.fib().route_octets()) / routes);
    }
    run("ip nexthop flush proto 220 >/dev/null 2>&1");
  }
  run("rm -r " + folder);
  std::map<std::string, double> median;
  for (auto& [name, values] : took) {
    std::ranges::sort(values);
    median[name] = values[values.size() / 2];
  }
  std::printf("{\"routes\": %u, \"rounds\": %d", routes, rounds);
  for (const auto& [name, value] : median) std::printf(", \"%s\": %.4g", name.c_str(), value);
  std::printf(", \"fe_to_ip_via\": %.3g, \"fe_to_ip_nhid\": %.3g, \"spread_fe\": [%.3g, %.3g]}\n",
              median["fe"] / median["ip_via"], median["fe"] / median["ip_nhid"], took["fe"].front(),
              took["fe"].back());
  return 0;
}
