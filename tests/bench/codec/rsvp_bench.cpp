// What an RSVP message costs: the golden Path of 364 octets and its Resv.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/rsvp/message.hpp"
#include "tests/support/octets/vectors.hpp"

namespace forces::bench {
namespace {

using rsvp::Octets;

Octets golden_rsvp(std::string_view number) {
  for (test::Vector& vector : test::load_vectors("rsvp/golden.hex")) {
    if (vector.name.starts_with(number)) return std::move(vector.octets);
  }
  std::abort();
}

void per_message(benchmark::State& state, const Octets& octets) {
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(octets.size()));
}

// What a refresh costs that is compared with the octets of the state.
void rsvp_view_path(benchmark::State& state) {
  const Octets octets = golden_rsvp("01");
  for (auto _ : state) {
    const auto view = rsvp::MessageView::parse(octets);
    if (!view) std::abort();
    std::size_t objects = 0;
    for (const rsvp::ObjectView object : view->objects()) objects += object.c_type;
    benchmark::DoNotOptimize(objects);
  }
  per_message(state, octets);
}
BENCHMARK(rsvp_view_path);

void rsvp_decode(benchmark::State& state, std::string_view number) {
  const Octets octets = golden_rsvp(number);
  for (auto _ : state) {
    auto message = rsvp::decode_message(octets);
    if (!message) std::abort();
    benchmark::DoNotOptimize(message);
  }
  per_message(state, octets);
}
BENCHMARK_CAPTURE(rsvp_decode, path, "01");
BENCHMARK_CAPTURE(rsvp_decode, resv, "02");
BENCHMARK_CAPTURE(rsvp_decode, srefresh, "14");

void rsvp_encode(benchmark::State& state, std::string_view number) {
  const Octets octets = golden_rsvp(number);
  const auto message = rsvp::decode_message(octets);
  if (!message) std::abort();
  Octets recycled;
  for (auto _ : state) {
    auto again = rsvp::encode_message(*message, std::move(recycled));
    if (!again) std::abort();
    recycled = std::move(*again);
    benchmark::DoNotOptimize(recycled.data());
  }
  per_message(state, octets);
}
BENCHMARK_CAPTURE(rsvp_encode, path, "01");
BENCHMARK_CAPTURE(rsvp_encode, resv, "02");

void rsvp_copy_path(benchmark::State& state) {
  const auto message = rsvp::decode_message(golden_rsvp("01"));
  for (auto _ : state) {
    auto copy = *message;
    benchmark::DoNotOptimize(copy);
  }
}
BENCHMARK(rsvp_copy_path);

}  // namespace
}  // namespace forces::bench
