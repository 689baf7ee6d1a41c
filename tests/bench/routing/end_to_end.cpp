// Routes from zebra's FPM stream to the kernel of an FE, through the real ce and fe with TLS
// between them, against `ip -batch` of the same routes in a namespace of the same kind, in turns.
// One JSON line: what each round took, in seconds, and how many announcements of touched rows were
// seen.
//
//   end_to_end_bench [ROUTES [ROUNDS]]   as root; exit status 77: this machine cannot
//   end_to_end_bench --zebra [ROUTES]    a real zebra with static routes in place of the encoder,
//   once
//
//   ip            `ip -batch`, from its start to its end
//   load          from the first FPM octet to the announcement of the last route in the FE's kernel
//   restart       ce was killed (SIGKILL) and started again; zebra sends the same routes as soon as
//   the FE is
//                 associated: from the association until ce knows every row to be there
//   reassociate   the cable was cut until the association was lost: the same, zebra stayed
//   connected
//   *_cpu         CPU seconds of ip, or of ce and fe: what a busy machine does not blur
//   *_touched     announcements of routes and next hops of ours in the FE's kernel meanwhile
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "tests/e2e/routing/network_element.hpp"
#include "tests/e2e/routing/route_monitor.hpp"
#include "tests/e2e/routing/zebra.hpp"

namespace {

using namespace forces::test;
using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr auto kBound = 300s;

double seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }
void require(bool good, const std::string& what) {
  if (!good) throw std::runtime_error(what);
}

std::string write_batch(const TemporaryFolder& folder, std::uint32_t routes,
                        const std::string& device, const std::string& marks) {
  const std::string file = folder.path() + "/batch";
  std::ofstream out(file);
  for (std::uint32_t n = 0; n < routes; ++n) {
    out << "route add " << prefix_of(n) << " via " << gateway_of(n) << " dev " << device << ' '
        << marks << '\n';
  }
  return file;
}

// With a monitor beside it, as the FE's kernel has.
Json ip_batch(std::uint32_t routes) {
  const Namespace ours;
  const Inside inside(ours);
  make_port();
  const TemporaryFolder folder;
  const std::string file = write_batch(folder, routes, "port1", "proto 220 metric 20");
  RouteMonitor monitor(kForcesProtocol);
  const auto children = [] {
    rusage used{};
    ::getrusage(RUSAGE_CHILDREN, &used);
    return seconds(std::chrono::seconds(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                   std::chrono::microseconds(used.ru_utime.tv_usec + used.ru_stime.tv_usec));
  };
  const double cpu = children();
  const auto began = Clock::now();
  const bool good = run("ip -batch " + file);
  const Json took{{"ip", seconds(Clock::now() - began)}, {"ip_cpu", children() - cpu}};
  require(good && count_routes() == routes && monitor.counts().set == routes, "ip -batch");
  (void)run("ip link delete port1");
  return took;
}

std::uint64_t touched(RouteMonitor& monitor) {
  const auto seen = monitor.counts();
  require(seen.lost == 0, "the monitor lost announcements");
  return seen.all();
}

std::unique_ptr<RouteMonitor> monitor_of(const NetworkElement& element) {
  const Inside inside(element.fe_side());
  return std::make_unique<RouteMonitor>(kForcesProtocol);
}

Json round(std::uint32_t routes) {
  Json took;
  NetworkElement element;
  const auto cpu = [&] { return seconds(element.ce_cpu() + element.fe_cpu()); };
  const auto in_step = [&](const FeState& fe) { return fe.in_step(routes); };
  try {
    element.start();
    const auto monitor = monitor_of(element);
    auto table = element.table(routes);

    double used = cpu();
    const auto began = element.feed(table);
    const auto there = monitor->set(routes, kBound);
    require(there.has_value(), "routes are missing");
    took["load"] = seconds(*there - began);
    took["load_cpu"] = cpu() - used;
    {
      const Inside inside(element.fe_side());
      require(count_routes() == routes, "other routes than wanted");
    }
    (void)element.wait_for("acknowledgement", in_step, kBound);

    monitor->clear();
    auto from = Clock::now();
    element.kill_ce();
    element.start_ce();
    require(e2e::eventually([&] { return element.has_device(); }), "no TUN device");
    table = element.table(routes);
    auto fe = element.wait_for("association", [](const FeState& now) { return now.associated(); });
    used = cpu();
    element.feed(table);
    (void)element.wait_for("in step", in_step, kBound);
    took["restart"] = seconds(Clock::now() - fe.associated_at);
    took["restart_cpu"] = cpu() - used;
    took["restart_from_kill"] = seconds(Clock::now() - from);
    took["restart_touched"] = touched(*monitor);

    monitor->clear();
    const auto read_backs = element.state().read_backs;
    element.cut();
    (void)element.wait_for("loss", [](const FeState& now) { return now.association == "down"; });
    from = Clock::now();
    used = cpu();
    element.mend();
    fe = element.wait_for(
        "in step", [&](const FeState& now) { return in_step(now) && now.read_backs > read_backs; },
        kBound);
    took["reassociate"] = seconds(Clock::now() - fe.associated_at);
    took["reassociate_cpu"] = cpu() - used;
    took["reassociate_from_mend"] = seconds(Clock::now() - from);
    took["reassociate_touched"] = touched(*monitor);
  } catch (const std::exception&) {
    std::fputs(element.log().c_str(), stderr);
    throw;
  }
  return took;
}

// zebra finds the routes in its kernel when it starts, and sends them as fast as it can: FRR's
// package has no sharpd, and staticd takes minutes for 10,000 routes. From zebra's start to the
// last route in the FE's kernel; the connected route of the port is one more.
Json with_zebra(std::uint32_t routes) {
  NetworkElement element;
  element.start();
  const auto monitor = monitor_of(element);
  const TemporaryFolder folder;
  const std::string file = write_batch(folder, routes, "fe1p1", "proto boot");
  require(run("ip -batch " + file), "ip -batch beside zebra");
  Zebra zebra;
  const auto began = Clock::now();
  zebra.start_zebra("fpm address 127.0.0.1 port 2620\n");
  const auto there = monitor->set(routes + 1, kBound);
  require(there.has_value(), "routes are missing: " + std::to_string(monitor->counts().set));
  return {{"load", seconds(*there - began)}};
}

}  // namespace

int main(int argc, char** argv) {
  const bool zebra = argc > 1 && std::strcmp(argv[1], "--zebra") == 0;
  const auto argument = [&](int at, int otherwise) {
    return argc > at ? std::atoi(argv[at]) : otherwise;
  };
  const auto routes = static_cast<std::uint32_t>(argument(zebra ? 2 : 1, 100'000));
  std::string missing = NetworkElement::missing();
  if (missing.empty() && zebra && !Zebra::installed()) missing = "no FRR";
  if (!missing.empty()) {
    std::fprintf(stderr, "end_to_end_bench: skipped: %s\n", missing.c_str());
    return 77;
  }
  try {
    Json result{{"routes", routes}};
    if (zebra) {
      result["zebra"] = with_zebra(routes);
    } else {
      result["rounds"] = Json::array();
      for (int i = 0; i < argument(2, 5); ++i) {
        // In turns: who is first in a round is second in the next.
        Json took = i % 2 == 0 ? ip_batch(routes) : round(routes);
        took.update(i % 2 == 0 ? round(routes) : ip_batch(routes));
        result["rounds"].push_back(std::move(took));
      }
    }
    std::printf("%s\n", result.dump().c_str());
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "end_to_end_bench: %s\n", failure.what());
    return 1;
  }
  return 0;
}
