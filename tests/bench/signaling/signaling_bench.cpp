// What whole transport nodes cost: 100 of them on a virtual network, all connections through two in
// the middle. Times are those of the CPU, virtual time costs nothing; a line of JSON is the result,
// `tests/bench/run signaling` puts it beside what is to be reached.
//
//   signaling_bench [CONNECTIONS [EDGES]]
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <stdexcept>
#include <string>

#include "ce/state/open_store.hpp"
#include "tests/sim/signaling/transport.hpp"

namespace forces::signaling::test {
namespace {

using Rooms = TransportNode::Rooms;
using Clock = std::chrono::steady_clock;

double cpu() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
double wall() { return std::chrono::duration<double>(Clock::now().time_since_epoch()).count(); }
void require(bool good, const char* what) {
  if (!good) throw std::runtime_error(what);
}

// The store of `ce` in a file of its own, for one node.
class Disk {
 public:
  Disk() {
    const char* const base = std::getenv("TMPDIR");  // not memory, as /tmp may be
    folder_ = std::string(base == nullptr ? "." : base) + "/signaling-bench-XXXXXX";
    require(mkdtemp(folder_.data()) != nullptr, "no folder for the store");
    state::ThreadedOptions options;
    options.news = [this] {
      const std::lock_guard lock(mutex_);
      told_ = true;
      changed_.notify_one();
    };
    auto opened = state::open_store({.file = folder_ + "/ce.state"}, std::move(options));
    require(opened.has_value(), "the store does not open");
    store_ = std::move(*opened);
  }
  ~Disk() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  [[nodiscard]] state::Store& store() { return *store_; }
  // Until all that was submitted is durable: what gathers in the meantime is one commit.
  void wait() {
    for (;;) {
      const auto now = store_->snapshot();
      require(!now.failed, "the store failed");
      if (now.durable == now.submitted) return;
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return told_; });
      told_ = false;
    }
  }

 private:
  std::string folder_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool told_ = false;
  std::unique_ptr<state::Store> store_;
};

class Bench {
 public:
  explicit Bench(std::uint32_t edges, std::uint32_t connections, Disk* disk = nullptr)
      : edges_(edges), disk_(disk), network_(dumbbell(edges, connections)) {
    network_.keep_said = false;
    if (disk != nullptr) middle().other_store = &disk->store();
    network_.start();
    run(20s);  // Hellos are 5 s apart
  }

  // With `window` of them under way at once.
  void set_up(std::uint32_t count, std::uint32_t window) {
    std::uint32_t begun = 0;
    for (std::uint64_t up = 0; up < count; up = counted()) {
      for (; begun < count && begun < up + window; ++begun) create(begun);
      const Instant began = network_.world.now();
      run(5ms);
      require(network_.world.now() - began < 1min && !failed_, "a connection failed");
    }
    all_ = count;
  }
  void run(Duration time) {
    if (disk_ == nullptr) return network_.run(time);
    for (const Instant end = network_.world.now() + time; network_.world.now() < end;) {
      network_.run(1ms);
      for (Member& one = middle(); one.running() && one.node->waiting_for_store() != 0;) {
        disk_->wait();
        one.node->on_store(network_.world.now());
        one.pump();
      }
    }
  }
  [[nodiscard]] Member& middle() { return network_.at(kMiddle[0]); }
  [[nodiscard]] std::size_t held() {
    return middle().operate([](Rooms& rooms) { return rooms.connections.lsps().size(); });
  }
  [[nodiscard]] std::size_t synchronized() {
    return middle().operate([](Rooms& rooms) {
      return static_cast<std::size_t>(std::ranges::count_if(
          rooms.connections.lsps(),
          [](const auto& lsp) { return lsp.state == "up" && !lsp.unsynchronized; }));
    });
  }
  [[nodiscard]] std::uint64_t row_changes() const {
    std::uint64_t sum = 0;
    for (const auto& [number, member] : network_.members) sum += member->row_changes;
    return sum;
  }
  // All connections as their owners see them.
  [[nodiscard]] std::uint64_t up() {
    std::uint64_t sum = 0;
    for (const auto& [number, member] : network_.members) {
      for (const auto& one : member->operate([](Rooms& r) { return r.connections.list(); })) {
        sum += one.state == ason::ConnectionState::Up ? 1U : 0U;
      }
    }
    return sum;
  }
  // What the last page of a list costs, and the whole list: seconds.
  [[nodiscard]] double last_page(std::size_t most) {
    return middle().operate([&](Rooms& rooms) {
      const double from = cpu();
      const std::size_t count = rooms.connections.lsp_count();
      require(rooms.connections.lsps(count - most, most).size() == most, "a page is not full");
      return cpu() - from;
    });
  }
  [[nodiscard]] double whole_list() {
    return middle().operate([](Rooms& rooms) {
      const double from = cpu();
      require(!rooms.connections.lsps().empty(), "no list");
      return cpu() - from;
    });
  }
  [[nodiscard]] Transport& network() { return network_; }

 private:
  [[nodiscard]] std::uint64_t counted() {
    std::uint64_t up = 0;
    for (const auto& [number, member] : network_.members) {
      member->node->operate(
          [&](Rooms& rooms) {
            up += rooms.connections.counters().up;
            failed_ = failed_ || rooms.connections.counters().failed != 0;
          },
          network_.world.now());
    }
    return up;
  }
  void create(std::uint32_t i) {
    const std::uint32_t half = edges_ / 2;
    const std::uint32_t from = 3 + 2 * (i % half), to = 4 + 2 * ((i + i / half) % half);
    ason::ConnectionRequest request;
    request.name = std::string("c").append(std::to_string(i));
    request.ingress.end = {node_id(from), 1};
    request.egress = node_id(to);
    request.egress_end.end = {node_id(to), 1};
    request.label_request = {
        .encoding = rsvp::LabelRequest::kSdh, .switching = rsvp::LabelRequest::kTdm, .g_pid = 34};
    request.tspec.traffic = rsvp::SonetSdh{.signal_type = 6, .multiplier = 1};
    // Which of the parallel fibres: nobody floods what is free on them.
    request.explicit_route = {ason::link_hop({node_id(from), 2}),
                              ason::link_hop({node_id(kMiddle[0]), 1 + i / kStm256})};
    const auto made = network_.at(from).operate(
        [&](Rooms& rooms) { return rooms.connections.create(request, network_.world.now()); });
    require(made.has_value(), "a connection is refused");
  }

  std::uint32_t edges_;
  Disk* disk_;
  Transport network_;
  std::uint64_t all_ = 0;
  bool failed_ = false;
};

constexpr double kNodes = 4;  // of a connection over three hops

void print(const char* name, double value, bool last = false) {
  std::printf("\"%s\": %.6g%s", name, value, last ? "" : ", ");
}

// With a store of `ce` in the node that holds them all, and then an hour of refreshes.
void set_ups(std::uint32_t edges, std::uint32_t connections) {
  Bench bench(edges, connections);
  double cpu_from = cpu();
  bench.set_up(connections, 500);
  const double took = cpu() - cpu_from;
  require(bench.held() == connections, "not all are held by one node");
  print("held", connections);
  print("setup_us", took / connections * 1e6);
  print("setup_us_node", took / connections / kNodes * 1e6);
  print("setups_s", connections / took);
  print("list_page_us", bench.last_page(std::min(connections, 500U)) * 1e6);
  print("list_all_us", bench.whole_list() * 1e6);

  bench.run(60s);
  cpu_from = cpu();
  bench.run(1h);
  // A node in the middle holds all, the edges a fiftieth: half of the sum at most is one's in the
  // middle.
  print("refresh_core", (cpu() - cpu_from) / 3'600 / 2);
  require(bench.up() == connections, "a connection was lost in an hour of peace");
}

void set_ups_on_disk(std::uint32_t edges, std::uint32_t connections) {
  Disk disk;
  Bench bench(edges, connections, &disk);
  const double cpu_from = cpu(), wall_from = wall();
  bench.set_up(connections, 500);
  const double took = cpu() - cpu_from;
  const auto store = disk.store().snapshot();
  print("disk_setup_us_node", took / connections / kNodes * 1e6);
  print("disk_setups_s", connections / took);
  print("disk_wall_s", wall() - wall_from);
  print("disk_batches_a_commit",
        static_cast<double>(store.durable) / static_cast<double>(store.commits));
}

// kill -9 of the one in the middle, back after 5 s.
void recovery(std::uint32_t edges, std::uint32_t connections) {
  Bench bench(edges, connections);
  bench.set_up(connections, 500);
  bench.run(60s);
  const std::uint64_t rows = bench.row_changes();
  bench.middle().kill();
  bench.run(5s);
  const double cpu_from = cpu();
  const Instant began = bench.network().world.now();
  bench.middle().boot();
  const double boot = cpu() - cpu_from;
  while (bench.synchronized() != connections) {
    bench.run(100ms);
    require(bench.network().world.now() - began < 10min, "not all are recovered");
  }
  const auto took = std::chrono::duration<double>(bench.network().world.now() - began).count();
  bench.run(180s);  // beyond the Recovery Time
  require(bench.up() == connections, "a connection was lost");
  print("recovered", connections);
  print("recovery_s", took);
  print("recovery_time_s", std::chrono::duration<double>(engine::Restart{}.recovery).count());
  print("boot_cpu_s", boot);
  print("rows_changed", static_cast<double>(bench.row_changes() - rows), true);
}

}  // namespace
}  // namespace forces::signaling::test

int main(int argc, char** argv) {
  using namespace forces::signaling::test;
  const auto argument = [&](int at, int otherwise) {
    return static_cast<std::uint32_t>(argc > at ? std::atoi(argv[at]) : otherwise);
  };
  const std::uint32_t connections = argument(1, 10'000), edges = argument(2, 98);
  try {
    std::printf("{");
    set_ups(edges, connections);
    set_ups_on_disk(edges, connections);
    recovery(edges, connections / 10);
    std::printf("}\n");
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "signaling_bench: %s\n", failure.what());
    return 1;
  }
  return 0;
}
