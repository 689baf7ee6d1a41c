// Google Benchmark of proto/: what a message costs before any transport touches it. The PL messages
// are those of tests/vectors, the rest is made here.
#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "proto/pl/body/view.hpp"
#include "proto/pl/body/writer.hpp"
#include "proto/pl/header.hpp"
#include "proto/pl/message.hpp"
#include "proto/pl/redirect.hpp"
#include "proto/tml/frame.hpp"
#include "proto/tml/message.hpp"
#include "tests/support/octets/vectors.hpp"

namespace forces::bench {
namespace {

// A result that is an error would make a fast and meaningless benchmark.
template <class T>
T must(Result<T> result) {
  if (!result) std::abort();
  return std::move(*result);
}

std::vector<test::Vector> pl_vectors() { return test::load_vectors("forces-pl/pl.hex"); }

std::size_t octets_of(const std::vector<test::Vector>& vectors) {
  std::size_t octets = 0;
  for (const test::Vector& vector : vectors) octets += vector.octets.size();
  return octets;
}

void count(benchmark::State& state, std::size_t messages, std::size_t octets) {
  const auto rounds = state.iterations();
  state.SetItemsProcessed(rounds * static_cast<std::int64_t>(messages));
  state.SetBytesProcessed(rounds * static_cast<std::int64_t>(octets));
}

void pl_decode_header(benchmark::State& state) {
  const auto vectors = pl_vectors();
  for (auto _ : state) {
    for (const test::Vector& vector : vectors) {
      benchmark::DoNotOptimize(pl::decode_header(wire::Bytes(vector.octets)));
    }
  }
  count(state, vectors.size(), vectors.size() * pl::Header::kSize);
}
BENCHMARK(pl_decode_header);

void pl_decode_message(benchmark::State& state) {
  const auto vectors = pl_vectors();
  for (auto _ : state) {
    for (const test::Vector& vector : vectors) {
      benchmark::DoNotOptimize(pl::decode_message(vector.octets));
    }
  }
  count(state, vectors.size(), octets_of(vectors));
}
BENCHMARK(pl_decode_message);

void pl_encode_message(benchmark::State& state) {
  const auto vectors = pl_vectors();
  std::vector<pl::Message> messages;
  for (const test::Vector& vector : vectors) {
    if (auto message = pl::decode_message(vector.octets)) messages.push_back(std::move(*message));
  }
  std::size_t octets = 0;
  for (const pl::Message& message : messages) octets += must(pl::encode_message(message)).size();
  for (auto _ : state) {
    for (const pl::Message& message : messages) {
      benchmark::DoNotOptimize(pl::encode_message(message));
    }
  }
  count(state, messages.size(), octets);
}
BENCHMARK(pl_encode_message);

// A Config that sets 100 rows of the IPv4 prefix table (RFC 6956 section 5.3.1: 12 octets each),
// one PATH-DATA a row: what a controller sends all day.
pl::Header config_header() {
  return {.type = pl::MsgType::Config,
          .source = pl::ForcesId{0x40000001},
          .destination = pl::ForcesId{2},
          .correlator = 7,
          .flags = pl::Flags{}
                       .with_ack(pl::Ack::Always)
                       .with_priority(4)
                       .with_execution_mode(pl::ExecutionMode::ContinueOnFailure)};
}

std::vector<std::byte> lpm_config() {
  constexpr std::uint32_t kRows = 100;
  pl::MessageWriter w(config_header());
  {
    const auto select = w.lfb_select(pl::LfbClassId{10}, pl::LfbInstanceId{1});
    const auto set = w.operation(pl::OperType::Set);
    for (std::uint32_t row = 1; row <= kRows; ++row) {
      wire::ByteWriter data;
      data.u32(0x0a000000 + (row << 8));
      data.u32(24 << 24);
      data.u32(row);
      w.path_with_data(std::array{1U, row}, data.written());
    }
  }
  return must(std::move(w).finish());
}

// Every octet of the message is judged, and what was found is written again. Memory is that of the
// message before.
std::vector<std::byte> again(wire::Bytes octets, std::vector<std::byte> memory) {
  const auto message = must(pl::MessageView::parse(octets));
  pl::MessageWriter w(message.header(), std::move(memory));
  for (const auto select : message.selects()) {
    const auto select_scope = w.lfb_select(select.class_id, select.instance_id);
    for (const auto oper : select.operations) {
      const auto oper_scope = w.operation(oper.type);
      for (const auto item : oper.items()) {
        const pl::PathView path = item.path();
        for (const auto data : path.items) w.path_with_data(path.ids, data.value);
      }
    }
  }
  return must(std::move(w).finish());
}

void pl_lpm_config_decode_encode(benchmark::State& state) {
  const auto octets = lpm_config();
  auto memory = again(octets, {});
  if (memory != octets) std::abort();
  for (auto _ : state) {
    memory = again(octets, std::move(memory));
    benchmark::DoNotOptimize(memory.data());
    benchmark::ClobberMemory();
  }
  count(state, 1, octets.size());
}
BENCHMARK(pl_lpm_config_decode_encode);

void pl_lpm_config_decode(benchmark::State& state) {
  const auto octets = lpm_config();
  for (auto _ : state) {
    const auto message = must(pl::MessageView::parse(octets));
    std::uint32_t sum = 0;
    for (const auto select : message.selects()) {
      for (const auto oper : select.operations) {
        for (const auto item : oper.items()) {
          const pl::PathView path = item.path();
          sum += path.ids[1];
          for (const auto data : path.items) sum += static_cast<std::uint32_t>(data.value[3]);
        }
      }
    }
    benchmark::DoNotOptimize(sum);
  }
  count(state, 1, octets.size());
}
BENCHMARK(pl_lpm_config_decode);

// The same through trees of values.
void pl_lpm_config_tree(benchmark::State& state) {
  const auto octets = lpm_config();
  for (auto _ : state) {
    benchmark::DoNotOptimize(pl::encode_message(must(pl::decode_message(octets))));
  }
  count(state, 1, octets.size());
}
BENCHMARK(pl_lpm_config_tree);

void pl_lpm_config_memcpy(benchmark::State& state) {
  const auto octets = lpm_config();
  std::vector<std::byte> copy(octets.size());
  for (auto _ : state) {
    std::memcpy(copy.data(), octets.data(), octets.size());
    benchmark::DoNotOptimize(copy.data());
    benchmark::ClobberMemory();
  }
  count(state, 1, octets.size());
}
BENCHMARK(pl_lpm_config_memcpy);

// A packet of the given size that came in at a port: the metadata that a redirect carries.
struct Redirected {
  explicit Redirected(std::size_t size) : packet(size, std::byte{0x45}) {}
  std::array<std::byte, 4> port = pl::metadata_octets(3);
  std::array<pl::MetadataView, 1> metadata = {pl::MetadataView{1, port}};
  std::vector<std::byte> packet;
  pl::RedirectAddress address{pl::ForcesId{1}, pl::ForcesId{0x40000001}};
};

void pl_encode_redirect(benchmark::State& state) {
  const Redirected r(static_cast<std::size_t>(state.range(0)));
  std::vector<std::byte> out(70'000);
  std::size_t octets = 0;
  for (auto _ : state) {
    octets = must(pl::encode_redirect(r.address, r.metadata, r.packet, out));
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  count(state, 1, octets);
}
BENCHMARK(pl_encode_redirect)->Arg(64)->Arg(1500);

void pl_decode_redirect(benchmark::State& state) {
  const Redirected r(static_cast<std::size_t>(state.range(0)));
  const auto message = must(pl::encode_redirect(r.address, r.metadata, r.packet));
  for (auto _ : state) {
    pl::RedirectReader reader(message);
    const auto redirect = reader.next();
    if (!redirect || !redirect->packet() || !redirect->metadata_u32(1)) std::abort();
    benchmark::DoNotOptimize(redirect);
  }
  count(state, 1, message.size());
}
BENCHMARK(pl_decode_redirect)->Arg(64)->Arg(1500);

// The Heartbeat of row 7 of the decisions: who we are, and that an answer is wanted.
tml::Message heartbeat() {
  return {.type = tml::MsgType::Heartbeat,
          .pl_id = 1,
          .channel_type = tml::kChannelControl,
          .hb_interval_ms = 1000,
          .dead_interval_ms = 3000,
          .hb_sequence = 7,
          .hb_flags = tml::kHbReplyWanted,
          .timestamp = 1'000'000};
}

void tml_encode_message(benchmark::State& state) {
  const tml::Message message = heartbeat();
  for (auto _ : state) benchmark::DoNotOptimize(tml::encode_message(message));
  count(state, 1, must(tml::encode_message(message)).size());
}
BENCHMARK(tml_encode_message);

void tml_decode_message(benchmark::State& state) {
  const auto frame = must(tml::encode_message(heartbeat()));
  for (auto _ : state) benchmark::DoNotOptimize(tml::decode_message(frame));
  count(state, 1, frame.size());
}
BENCHMARK(tml_decode_message);

// The receiver's loop over what one TLS record or one receive brought.
void tml_split_frames(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const std::size_t frames = 256 * 1024 / (tml::kHeaderSize + size);
  std::vector<std::byte> stream(frames * (tml::kHeaderSize + size));
  for (std::size_t i = 0; i != frames; ++i) {
    std::byte* const frame = stream.data() + i * (tml::kHeaderSize + size);
    tml::put_pl_header(frame, size);
    const auto words = size / 4;
    frame[tml::kHeaderSize] = std::byte{0x10};
    frame[tml::kHeaderSize + 2] = static_cast<std::byte>(words >> 8);
    frame[tml::kHeaderSize + 3] = static_cast<std::byte>(words & 0xff);
  }
  for (auto _ : state) {
    std::span<const std::byte> left = stream;
    std::size_t found = 0;
    while (!left.empty()) {
      const tml::Frame frame = tml::scan_frame(left, tml::kMaxPlSize);
      if (frame.status != tml::FrameStatus::Complete || !frame.pl) std::abort();
      left = left.subspan(frame.length);
      ++found;
    }
    if (found != frames) std::abort();
  }
  count(state, frames, stream.size());
}
BENCHMARK(tml_split_frames)->Arg(64)->Arg(1024)->Arg(16384);

}  // namespace
}  // namespace forces::bench

BENCHMARK_MAIN();
