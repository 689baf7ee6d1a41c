// Google Benchmark of ce/multicast/mars: joins of clients, from octets to octets; joins that other
// servers say; requests.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <vector>

#include "ce/multicast/mars/server.hpp"
#include "proto/wire/writer.hpp"
#include "tests/support/octets/atm.hpp"

namespace forces::mars::server {
namespace {

using test::atm;

struct Mars {
  Mars(std::uint32_t clients, bool router) : server(config()) {
    server.start(now);
    for (std::uint32_t n = 1; n <= clients; ++n) hear(n, Flags{}.with_registers(true), {});
    if (router) {
      hear(1, {}, {{ipv4_address(0xe0000000), ipv4_address(0xefffffff)}});
    }
    drain();
  }
  static Config config() {
    Config c;
    c.id = ServerId{1};
    c.address = atm(0);
    c.alone = true;
    c.protocols.front().cmis = {1, 65535};
    return c;
  }
  static Octets message(Operation op, std::uint32_t n, Flags flags,
                        std::vector<GroupRange> ranges) {
    const auto octets = encode_message(
        {.operation = op, .source = atm(n), .flags = flags, .ranges = std::move(ranges)});
    if (!octets) std::abort();
    return *octets;
  }
  void hear(std::uint32_t n, Flags flags, std::vector<GroupRange> ranges) {
    server.on_message(Vc{n}, message(Operation::Join, n, flags, std::move(ranges)), now);
  }
  std::size_t drain() {
    std::size_t octets = 0;
    while (const auto output = server.poll_output()) {
      if (const auto* const o = std::get_if<SendControl>(&*output)) octets += o->octets.size();
      if (const auto* const o = std::get_if<Originate>(&*output)) octets += o->body.size();
    }
    return octets;
  }

  Instant now{};
  Server server;
};

constexpr std::uint32_t kClients = 1'000, kGroups = 50;

// Every client joins fifty groups, then leaves them. With a router, client 1 is in all of them by a
// block.
void joins(benchmark::State& state) {
  Mars mars(kClients, state.range(0) != 0);
  std::vector<Octets> messages;
  for (const Operation op : {Operation::Join, Operation::Leave}) {
    for (std::uint32_t i = 0; i < kClients * kGroups; ++i) {
      const auto group = ipv4_address(0xef000000U + (i * 7 + i / kClients) % (kGroups * 10));
      messages.push_back(Mars::message(op, 1 + i % kClients, {}, {{group, group}}));
    }
  }
  std::size_t octets = 0;
  for (auto _ : state) {
    std::uint64_t vc = 0;
    for (const Octets& m : messages) {
      mars.server.on_message(Vc{vc++}, m, mars.now);
      octets += mars.drain();
    }
  }
  if (mars.server.counters().cluster_sent == 0 && state.range(0) == 0) std::abort();
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(messages.size()));
  state.counters["octets"] = static_cast<double>(octets) / static_cast<double>(state.iterations());
}
BENCHMARK(joins)->Arg(0)->Arg(1)->ArgName("router")->Unit(benchmark::kMillisecond);

// The same from another server.
void records(benchmark::State& state) {
  Mars mars(1, false);
  std::vector<std::pair<std::uint32_t, Octets>> all;
  const auto add = [&](std::uint32_t key, const CacheEntry& entry) {
    wire::ByteWriter w;
    encode_entry(entry, w);
    auto body = std::move(w).finish();
    if (!body) std::abort();
    all.emplace_back(key, std::move(*body));
  };
  const ServerId other{2};
  add(0, {.state = State::Redirect, .source = atm(1'000'000)});
  for (std::uint32_t n = 0; n < kClients; ++n) {
    add(300 + n, {.state = State::ClientJoin,
                  .flags = Flags{}.with_registers(true),
                  .cmi = static_cast<std::uint16_t>(n),
                  .source = atm(10'000 + n)});
  }
  for (const auto& [key, body] : all) mars.server.on_record(other, key, body, mars.now);
  all.clear();
  for (const State what : {State::ClientJoin, State::ClientLeave}) {
    for (std::uint32_t i = 0; i < kClients * kGroups; ++i) {
      const auto group = ipv4_address(0xef000000U + (i * 7 + i / kClients) % (kGroups * 10));
      add(10'000 + i, {.state = what,
                       .cmi = static_cast<std::uint16_t>(i % kClients),
                       .source = atm(10'000 + i % kClients),
                       .range = GroupRange{group, group}});
    }
  }
  for (auto _ : state) {
    for (const auto& [key, body] : all) {
      mars.server.on_record(other, key, body, mars.now);
      benchmark::DoNotOptimize(mars.drain());
    }
  }
  if (mars.server.counters().cluster_sent == 0) std::abort();
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(all.size()));
}
BENCHMARK(records)->Unit(benchmark::kMillisecond);

// A request for a group of so many members.
void requests(benchmark::State& state) {
  Mars mars(2'000, false);
  const auto group = ipv4_address(0xef000001);
  for (std::uint32_t n = 1; n <= static_cast<std::uint32_t>(state.range(0)); ++n) {
    mars.hear(n, {}, {{group, group}});
  }
  mars.drain();
  const auto octets =
      encode_message({.operation = Operation::Request, .source = atm(1), .group = group});
  if (!octets) std::abort();
  for (auto _ : state) {
    mars.server.on_message(Vc{1}, *octets, mars.now);
    std::size_t answers = 0;
    while (mars.server.poll_output()) ++answers;
    if (answers == 0) std::abort();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(requests)->Arg(1)->Arg(100)->Arg(2'000)->ArgName("members");

}  // namespace
}  // namespace forces::mars::server

BENCHMARK_MAIN();
