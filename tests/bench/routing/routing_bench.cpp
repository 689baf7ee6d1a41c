// Google Benchmark of ce/routing: from the octets zebra sends to the rows FEs are given.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

#include "ce/routing/fib/fib_builder.hpp"
#include "ce/routing/fpm/decoder.hpp"
#include "ce/routing/fpm/encoder.hpp"
#include "ce/routing/fpm/framer.hpp"

namespace forces::ce::routing {
namespace {

constexpr std::uint32_t kNeighbours = 64;

// What zebra sends for `routes` /32s over 64 neighbours at two FEs, a group of `paths` each.
std::vector<std::byte> table(std::uint32_t routes, std::uint32_t paths) {
  fpm::Encoder out;
  for (std::uint32_t i = 0; i < kNeighbours; ++i) {
    out.next_hop_add({1 + i, {.ifindex = 1 + i % 2, .gateway = IpAddress::v4(0x0a620000 + i)}, {}});
    fpm::NextHop group{1000 + i, {}, {}};
    for (std::uint32_t n = 0; n < paths; ++n)
      group.members.push_back({1 + (i + n) % kNeighbours, 1});
    if (paths > 1) out.next_hop_add(group);
  }
  fpm::Route r;
  r.table = fpm::kTableMain;
  r.type = fpm::RouteType::Unicast;
  r.priority = 20;
  r.prefix.length = 32;
  for (std::uint32_t i = 0; i < routes; ++i) {
    r.prefix.address = IpAddress::v4(0x14000000 + i);
    r.next_hop_id = (paths > 1 ? 1000 : 1) + i % kNeighbours;
    out.route_add(r);
  }
  auto octets = std::move(out).finish();
  if (!octets) std::abort();
  return std::move(*octets);
}

// Calls visit(message) for each, in reads of 64 KiB; then between reads pause().
template <class Visit, class Pause>
void play(std::span<const std::byte> stream, Visit&& visit, Pause&& pause) {
  fpm::Framer framer;
  fpm::Message m;
  while (!stream.empty()) {
    const auto room = framer.prepare();
    const std::size_t n = std::min({room.size(), stream.size(), std::size_t{65536}});
    std::ranges::copy(stream.first(n), room.begin());
    framer.commit(n);
    stream = stream.subspan(n);
    for (;;) {
      const auto frame = framer.next();
      if (!frame) std::abort();
      if (!*frame) break;
      fpm::FrameReader in(**frame);
      while (in.next(m)) visit(m);
      if (!in.ok()) std::abort();
    }
    pause();
  }
}

void fpm_decode(benchmark::State& state) {
  const auto stream = table(100'000, 1);
  for (auto _ : state) {
    std::uint64_t messages = 0;
    play(stream, [&](const fpm::Message&) { ++messages; }, [] {});
    benchmark::DoNotOptimize(messages);
  }
  state.SetItemsProcessed(state.iterations() * 100'000);
}
BENCHMARK(fpm_decode)->Unit(benchmark::kMillisecond);

std::size_t allocated() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// routes, FEs, paths a route: the whole way, each FE polled between reads.
void fpm_to_rows(benchmark::State& state) {
  const auto routes = static_cast<std::uint32_t>(state.range(0));
  const auto fes = static_cast<FeId>(state.range(1));
  const auto stream = table(routes, static_cast<std::uint32_t>(state.range(2)));
  std::size_t octets = 0;
  for (auto _ : state) {
    const std::size_t before = allocated();
    auto rib = std::make_unique<Rib>();
    auto fib = std::make_unique<FibBuilder>(*rib);
    std::vector<InterFeLink> links;
    for (FeId fe = 1; fe <= fes; ++fe) {
      fib->on_fe(fe);
      if (fe > 1) {
        links.push_back({{{1, 100 + fe}, IpAddress::v4(1), {}}, {{fe, 1}, IpAddress::v4(2), {}}});
      }
    }
    fib->set_links(links);
    fib->on_interface(1, {1, 1}, 1500);
    fib->on_interface(2, {fes > 1 ? 2u : 1u, 2}, 1500);
    rib->on_connected();
    std::uint64_t rows = 0;
    play(
        stream, [&](const fpm::Message& m) { rib->on_message(m, Instant{}); },
        [&] {
          fib->update();
          for (FeId fe = 1; fe <= fes; ++fe) {
            while (fib->poll(fe)) ++rows;
          }
        });
    if (fib->prefixes() != routes || rows < std::uint64_t{routes} * fes) std::abort();
    octets = std::max(octets, allocated() - before);
  }
  state.SetItemsProcessed(state.iterations() * routes);
  state.counters["octets_a_route"] = static_cast<double>(octets) / routes;
}
BENCHMARK(fpm_to_rows)
    ->Args({100'000, 1, 1})
    ->Args({100'000, 2, 1})
    ->Args({100'000, 16, 1})
    ->Args({100'000, 2, 16})
    ->Args({1'000'000, 2, 1})
    ->Unit(benchmark::kMillisecond);

// A neighbour's group changes under 100,000 routes; a link fails.
void group_changes(benchmark::State& state) {
  const auto stream = table(100'000, 2);
  Rib rib;
  FibBuilder fib(rib);
  fib.on_fe(1);
  fib.on_interface(1, {1, 1}, 1500);
  fib.on_interface(2, {1, 2}, 1500);
  rib.on_connected();
  play(stream, [&](const fpm::Message& m) { rib.on_message(m, Instant{}); }, [] {});
  fib.update();
  while (fib.poll(1)) {
  }
  fpm::Message m;
  m.kind = fpm::MessageKind::NextHopAdd;
  m.sender = 1;
  std::uint32_t round = 0;
  for (auto _ : state) {
    for (std::uint32_t i = 0; i < kNeighbours; ++i) {
      m.next_hop = {1000 + i, {}, {{1 + i, 1}}};
      if (round % 2 != 0) m.next_hop.members.push_back({1 + (i + 1) % kNeighbours, 1});
      rib.on_message(m, Instant{});
    }
    fib.update();
    while (fib.poll(1)) {
    }
    ++round;
  }
  state.SetItemsProcessed(state.iterations() * 100'000);
}
BENCHMARK(group_changes)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace forces::ce::routing

BENCHMARK_MAIN();
