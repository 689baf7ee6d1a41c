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
//   *_touched     announcements of routes and next hops of ours in the FE's kernel meanwhile
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/e2e/routing/network_element.hpp"
#include "tests/e2e/routing/route_monitor.hpp"
#include "tests/e2e/routing/zebra.hpp"

namespace {

using namespace forces::test;
using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr auto kBound = 300s;
constexpr std::uint8_t kZebraStatic = 196;  // RTPROT_ZSTATIC

double seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }
void require(bool good, const std::string& what) {
  if (!good) throw std::runtime_error(what);
}

// With a monitor beside it, as the FE's kernel has.
double ip_batch(std::uint32_t routes) {
  const Namespace ours;
  const Inside inside(ours);
  make_port();
  const std::string file = "/tmp/end_to_end_bench." + std::to_string(::getpid());
  {
    std::ofstream out(file);
    for (std::uint32_t n = 0; n < routes; ++n) {
      out << "route add " << prefix_of(n) << " via " << gateway_of(n)
          << " dev port1 proto 220 metric 20\n";
    }
  }
  RouteMonitor monitor(kForcesProtocol);
  const auto began = Clock::now();
  const bool good = run("ip -batch " + file);
  const double took = seconds(Clock::now() - began);
  require(good && count_routes() == routes && monitor.counts().set == routes, "ip -batch");
  ::unlink(file.c_str());
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
  NetworkElement element(FORCES_BIN);
  try {
    const auto in_step = [&](const FeState& fe) { return fe.in_step(routes); };
    element.start();
    const auto monitor = monitor_of(element);

    const auto began = element.feed(element.table(routes));
    const auto there = monitor->set(routes, kBound);
    require(there.has_value(), "routes are missing");
    took["load"] = seconds(*there - began);
    {
      const Inside inside(element.fe_side());
      require(count_routes() == routes, "other routes than wanted");
    }
    const auto loaded = element.wait_for("acknowledgement", in_step, kBound);

    monitor->clear();
    auto from = Clock::now();
    element.kill_ce();
    element.start_ce();
    auto fe = element.wait_for("association", [](const FeState& now) { return now.associated(); });
    element.feed(element.table(routes));
    element.wait_for("in step", in_step, kBound);
    took["restart"] = seconds(Clock::now() - fe.associated_at);
    took["restart_from_kill"] = seconds(Clock::now() - from);
    took["restart_touched"] = touched(*monitor);

    monitor->clear();
    const auto read_backs = element.state().read_backs;
    element.cut();
    (void)element.wait_for("loss", [](const FeState& now) { return now.association == "down"; });
    from = Clock::now();
    element.mend();
    fe = element.wait_for(
        "in step", [&](const FeState& now) { return in_step(now) && now.read_backs > read_backs; },
        kBound);
    took["reassociate"] = seconds(Clock::now() - fe.associated_at);
    took["reassociate_from_mend"] = seconds(Clock::now() - from);
    took["reassociate_touched"] = touched(*monitor);
  } catch (const std::exception&) {
    std::fputs(element.log().c_str(), stderr);
    throw;
  }
  return took;
}

// No octet of zebra's is seen here: both times are from the start of staticd, and compare the FE's
// kernel with zebra's own.
Json with_zebra(std::uint32_t routes) {
  NetworkElement element(FORCES_BIN);
  element.start();
  const auto monitor = monitor_of(element);
  RouteMonitor own(kZebraStatic);
  std::string configuration;
  for (std::uint32_t n = 0; n < routes; ++n) {
    configuration += "ip route " + prefix_of(n) + " " + gateway_of(n) + "\n";
  }
  Zebra zebra;
  zebra.start_zebra("fpm address 127.0.0.1 port 2620\n");
  require(e2e::eventually([&] { return zebra.ready_for_staticd(); }), "no zebra");
  std::this_thread::sleep_for(2s);  // it connects
  const auto began = Clock::now();
  zebra.start_staticd(configuration);
  const auto at_fe = monitor->set(routes, kBound), at_zebra = own.set(routes, kBound);
  require(at_fe && at_zebra, "routes are missing");
  return {{"zebra_kernel", seconds(*at_zebra - began)}, {"fe_kernel", seconds(*at_fe - began)}};
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
        double ip = 0;
        if (i % 2 == 0) ip = ip_batch(routes);
        Json took = round(routes);
        if (i % 2 != 0) ip = ip_batch(routes);
        took["ip"] = ip;
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
