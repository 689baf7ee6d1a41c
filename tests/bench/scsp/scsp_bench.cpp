// Google Benchmark of ce/multicast/scsp: what it costs to teach an empty server a whole cache, in
// one process and over a socket, what an entry takes, and what a change costs each server of a
// line.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdlib>
#include <deque>
#include <memory>

#include "ce/multicast/link/hub.hpp"
#include "ce/signaling/digest.hpp"
#include "tests/e2e/tml/certificates.hpp"

namespace forces::multicast {
namespace {

using namespace std::chrono_literals;
using sync::Engine;
using sync::ServerId;

constexpr std::uint32_t kEntries = 100'000;

// The specific part of a client's join of an IPv4 group with an NSAP: RFC 2443 section 3.
std::vector<std::byte> body() { return std::vector<std::byte>(52, std::byte{7}); }

sync::Config config(std::uint32_t id, const std::vector<std::uint32_t>& others, bool keys = false) {
  sync::Config c{.id = {id}};
  c.restarted = false;
  c.times.alone = 0s;
  for (const std::uint32_t o : others) c.neighbors.push_back({.id = {o}});
  if (!keys) return c;
  c.hmac = [](wire::Bytes secret, std::span<const wire::Bytes> parts) {
    return signaling::hmac(signaling::engine::Digest::HmacMd5, secret, parts);
  };
  for (auto& n : c.neighbors) {
    n.security.send.push_back({.spi = n.id.value, .secret = std::vector<std::byte>(16)});
    n.security.receive.push_back({.spi = id, .secret = std::vector<std::byte>(16)});
  }
  return c;
}

// Engines that reach each other at once and lose nothing.
struct Direct {
  void add(sync::Config c) {
    const ServerId id = c.id;
    engines[id] = std::make_unique<Engine>(std::move(c), now);
    engines[id]->on_time(now);
  }
  void drain(ServerId from) {
    while (auto output = engines[from]->poll_output()) {
      if (auto* const send = std::get_if<sync::Send>(&*output)) {
        octets += send->packet.size();
        ++packets;
        way.push_back({from, send->to, std::move(send->packet)});
      }
    }
  }
  void run() {
    while (!way.empty()) {
      const Packet p = std::move(way.front());
      way.pop_front();
      engines[p.to]->on_packet(p.from, p.octets, now);
      drain(p.to);
    }
  }
  void meet(std::uint32_t a, std::uint32_t b) {
    engines[{a}]->on_link_up({b}, now);
    engines[{b}]->on_link_up({a}, now);
    drain({a});
    drain({b});
    run();
  }
  struct Packet {
    ServerId from, to;
    sync::Octets octets;
  };
  Instant now{1h};
  std::map<ServerId, std::unique_ptr<Engine>> engines;
  std::deque<Packet> way;
  std::uint64_t octets = 0, packets = 0;
};

void fill(Engine& engine, Instant now) {
  const auto b = body();
  for (std::uint32_t k = 0; k < kEntries; ++k) {
    if (engine.originate(k, b, now) != sync::Status::Done) std::abort();
  }
}

void align_an_empty_server(benchmark::State& state) {
  double octets = 0, packets = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto d = std::make_unique<Direct>();
    d->add(config(1, {2}, state.range(0) != 0));
    d->add(config(2, {1}, state.range(0) != 0));
    fill(*d->engines[{2}], d->now);
    d->drain({2});
    state.ResumeTiming();
    d->meet(1, 2);
    state.PauseTiming();
    const auto s = d->engines[{1}]->snapshot();
    if (s.entries != kEntries || s.neighbors[0].alignment != sync::AlignmentState::Aligned) {
      std::abort();
    }
    octets = static_cast<double>(d->octets);
    packets = static_cast<double>(d->packets);
    d.reset();
    state.ResumeTiming();
  }
  state.counters["per entry, both servers"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * kEntries,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["octets an entry"] = octets / kEntries;
  state.counters["packets"] = packets;
}
BENCHMARK(align_an_empty_server)->Arg(0)->Arg(1)->ArgName("keys")->Unit(benchmark::kMillisecond);

void memory_of_an_entry(benchmark::State& state) {
  for (auto _ : state) {
    const std::size_t before = mallinfo2().uordblks;
    Direct d;
    d.add(config(1, {2}));
    d.add(config(2, {1}));
    const std::size_t empty = mallinfo2().uordblks - before;
    fill(*d.engines[{2}], d.now);
    d.drain({2});
    const std::size_t one = mallinfo2().uordblks - before - empty;
    d.meet(1, 2);
    const std::size_t both = mallinfo2().uordblks - before - empty;
    const double record = static_cast<double>(body().size());
    state.counters["of its originator"] = static_cast<double>(one) / kEntries - record;
    state.counters["of who was taught"] = static_cast<double>(both - one) / kEntries - record;
  }
}
BENCHMARK(memory_of_an_entry)->Iterations(1)->Unit(benchmark::kMillisecond);

void a_change_through_a_line(benchmark::State& state) {
  constexpr std::uint32_t kServers = 16;
  Direct d;
  for (std::uint32_t i = 1; i <= kServers; ++i) {
    std::vector<std::uint32_t> others;
    if (i > 1) others.push_back(i - 1);
    if (i < kServers) others.push_back(i + 1);
    d.add(config(i, others));
  }
  for (std::uint32_t i = 1; i < kServers; ++i) d.meet(i, i + 1);
  const auto b = body();
  std::uint32_t key = 0;
  for (auto _ : state) {
    if (d.engines[{1}]->originate(key, b, d.now) != sync::Status::Done) std::abort();
    d.drain({1});
    d.run();
    if (!d.engines[{kServers}]->record({{1}, key})) std::abort();
    ++key;
  }
  state.counters["per server"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * kServers,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(a_change_through_a_line)->Unit(benchmark::kMicrosecond);

// Two servers of one thread over loopback; the time of both, sockets and TLS included.
void align_over_loopback(benchmark::State& state) {
  e2e::Pki pki;
  const auto with_tls = [&](link::HubConfig& c) {
    c.plaintext = state.range(0) == 0;
    if (c.plaintext) return;
    const auto files =
        pki.issue(std::string("URI:urn:forces:ce:").append(std::to_string(c.engine.id.value)));
    c.tls.ca_file = pki.ca();
    c.tls.cert_file = files.cert;
    c.tls.key_file = files.key;
  };
  for (auto _ : state) {
    state.PauseTiming();
    asio::io_context io;
    link::HubConfig one{.engine = config(1, {})};
    one.address = "127.0.0.1";
    one.peers = {{.id = {2}}};
    with_tls(one);
    bool aligned = false;
    link::Hub listens(io, one, [&aligned](const sync::Output& output) {
      const auto* const moved = std::get_if<sync::AlignmentChanged>(&output);
      if (moved != nullptr && moved->state == sync::AlignmentState::Aligned) aligned = true;
    });
    if (!listens.start()) std::abort();
    link::HubConfig two{.engine = config(2, {})};
    two.address = "127.0.0.1";
    two.peers = {{.id = {1}, .address = "127.0.0.1", .port = listens.port()}};
    with_tls(two);
    link::Hub dials(io, two, {});
    const auto b = body();
    for (std::uint32_t k = 0; k < kEntries; ++k) dials.originate(k, b);
    while (!dials.engine().synchronized()) io.run_one_for(1s);  // it is alone
    state.ResumeTiming();
    if (!dials.start()) std::abort();
    while (!aligned) io.run_one_for(1s);
    state.PauseTiming();
    if (listens.engine().snapshot().entries != kEntries) std::abort();
    listens.stop();
    dials.stop();
    state.ResumeTiming();
  }
  state.counters["per entry, both servers"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * kEntries,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(align_over_loopback)->Arg(0)->Arg(1)->ArgName("tls")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace forces::multicast

BENCHMARK_MAIN();
