// Octets as what happens to an engine: packets of a neighbour, of another one and of strangers,
// time that passes, calls of its owner. Whatever comes: its timers do not spin, what it sends can
// be read, and with its neighbours all state is gone. An input that is a message of RSVP is that
// message, from a neighbour that was Up.
#include <algorithm>
#include <cstdint>
#include <span>

#include "ce/signaling/rsvp/engine.hpp"
#include "tests/fuzz/events.hpp"
#include "tests/sim/rsvp/messages.hpp"

namespace {

using namespace forces;
using namespace forces::signaling;
using namespace forces::signaling::engine;
using namespace std::chrono_literals;

constexpr NodeId kSelf = sim::node_id(1), kLeft = sim::node_id(2), kRight = sim::node_id(3);
using forces::fuzz::require;

class Run {
 public:
  Run() : engine_(config(), now_) { drain(); }
  ~Run() {
    for (const NodeId n : {kLeft, kRight}) engine_.remove_neighbor(n, now_);
    drain();
    const Snapshot s = engine_.snapshot();
    require(s.lsps == 0);
    for (const NeighborSnapshot& n : s.neighbors) require(n.learned && n.paths_sent == 0);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void packet(NodeId from, NodeId to, wire::Bytes octets) {
    std::vector<std::byte> whole(octets.begin(), octets.end());
    if (whole.size() >= rsvp::kHeaderSize) {  // what is not tried here: version, checksum, length
      whole[0] = (whole[0] & std::byte{0x0f}) | std::byte{0x10};
      wire::store_be<2>(&whole[2], 0);
      whole.resize(whole.size() / 4 * 4);
      wire::store_be<2>(&whole[6], whole.size());
    }
    engine_.on_packet({0, from.value, to.value, 64, whole}, now_);
    drain();
  }
  void message(NodeId from, const rsvp::Message& m) {
    if (const auto octets = rsvp::encode_message(m)) packet(from, kSelf, *octets);
  }
  void hello(NodeId from, std::uint32_t instance, std::uint32_t reflected, bool ack) {
    rsvp::Message m{.type = rsvp::MessageType::Hello, .flags = 1};
    m.objects.reserve(3);
    m.objects.emplace_back(rsvp::Hello{ack, instance, reflected});
    m.objects.emplace_back(rsvp::RestartCap{1'000, 2'000});
    m.objects.emplace_back(rsvp::Capability{7});
    message(from, m);
  }
  void up(NodeId n, std::uint32_t instance) { hello(n, instance, instance_of(n), false); }
  void sleep(Duration time) {
    fuzz::sleep_until(engine_, now_, now_ + time, [this] { drain(); });
  }
  void call(std::uint8_t what, std::uint8_t which) {
    const NodeId other = (which & 1) != 0 ? kLeft : kRight;
    const LspKey key = sim::lsp_key(kLeft, kRight, which & 3, which >> 2 & 3);
    switch (what % 9) {
      case 0:
        static_cast<void>(engine_.set_path(key, other, sim::path(key, kSelf, which), now_));
        break;
      case 1:
        static_cast<void>(engine_.tear_path(key, now_));
        break;
      case 2:
        static_cast<void>(engine_.set_resv(
            key,
            sim::resv(key, kLeft, which,
                      (which & 64) != 0 ? rsvp::Style::kSharedExplicit : rsvp::Style::kFixedFilter),
            now_));
        break;
      case 3:
        static_cast<void>(engine_.tear_resv(key, now_));
        break;
      case 4:
        static_cast<void>(engine_.send_path_err(
            key, sim::path_err(key, {rsvp::ErrorCode::Policy, 3}, which), now_));
        break;
      case 5:
        static_cast<void>(engine_.notify((which & 2) != 0 ? other : sim::node_id(which),
                                         sim::notify_message(key), now_));
        break;
      case 6:
        engine_.set_neighbor({.node = other,
                              .adjacent = (which & 2) != 0,
                              .refresh_reduction = static_cast<RefreshReduction>(which >> 2 & 1)},
                             now_);
        break;
      case 7:
        engine_.on_channel(which, (which & 1) != 0, now_);
        break;
      case 8:
        engine_.end_recovery(now_);
        break;
      default:
        break;
    }
    drain();
  }
  [[nodiscard]] std::uint32_t instance_of(NodeId n) const {
    for (const NeighborSnapshot& one : engine_.snapshot().neighbors) {
      if (one.node == n) return one.our_instance;
    }
    return 0;
  }

 private:
  static Config config() {
    Config c;
    c.node = kSelf;
    c.times.refresh = 1s;
    c.times.hello = 100ms;
    c.limits.states_per_neighbor = 20;
    c.limits.unacknowledged_per_neighbor = 50;
    c.limits.learned_neighbors = 4;
    c.restart.recovering = true;
    c.restart.recovery = 3s;
    c.neighbors.push_back({.node = kLeft, .channels = {1, 2}});
    c.neighbors.push_back({.node = kRight});
    return c;
  }
  void drain() {
    while (const auto output = engine_.poll_output()) {
      const auto* const send = std::get_if<Send>(&*output);
      if (send != nullptr) require(rsvp::decode_message(send->octets).has_value());
    }
    for (const NeighborSnapshot& n : engine_.snapshot().neighbors) {
      require(n.paths_received <= 20 && n.unsynchronized <= n.paths_received + n.resvs_received);
    }
  }

  Instant now_{};
  Engine engine_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto left = std::as_bytes(std::span(data, size));
  Run run;
  run.up(kLeft, 11);
  if (size >= 8 && (data[0] >> 4) == 1) {
    run.packet(kLeft, kSelf, left);
    run.packet(kLeft, kRight, left);
    run.sleep(2s);
    return 0;
  }
  const auto octet = [&left] {
    if (left.empty()) return std::uint8_t{0};
    const auto value = std::to_integer<std::uint8_t>(left.front());
    left = left.subspan(1);
    return value;
  };
  for (int budget = 0; budget < 200 && !left.empty(); ++budget) {
    const std::uint8_t what = octet();
    const std::uint8_t which = octet();
    const NodeId from = (which & 1) != 0 ? kLeft : kRight;
    const LspKey key = sim::lsp_key(kLeft, kRight, which & 3, which >> 2 & 3);
    switch (what % 8) {
      case 0: {
        const std::size_t wanted = octet() * std::size_t{4};
        const auto some = left.first(std::min(left.size(), wanted));
        left = left.subspan(some.size());
        run.packet(from, kSelf, some);
        break;
      }
      case 1:
        run.sleep(std::chrono::milliseconds(which * 20));
        break;
      case 2:
      case 3:
        run.call(octet(), which);
        break;
      case 4:  // it may be another process now
        run.hello(from, 10 + (which >> 5), (which & 2) != 0 ? run.instance_of(from) : which & 4,
                  (which & 8) != 0);
        break;
      case 5: {
        rsvp::Message m = sim::path(key, from, which);
        m.flags = 1;
        m.objects.insert(m.objects.begin(),
                         rsvp::MessageId{rsvp::MessageId::kAckDesired, which & 1U, octet()});
        m.objects.insert(m.objects.begin() + 3, rsvp::TimeValues{1'000});
        if ((which & 32) != 0) m.objects.emplace_back(rsvp::RecoveryLabel{2, {which}});
        if ((which & 64) != 0) m.type = rsvp::MessageType::RecoveryPath;
        if ((which & 128) != 0) m.type = rsvp::MessageType::PathTear;
        run.message(from, m);
        break;
      }
      case 6: {
        rsvp::Message m = sim::resv(key, kSelf, which);
        m.flags = 1;
        if ((which & 16) == 0) {
          m.objects.insert(m.objects.begin(), rsvp::MessageId{1, 0, octet()});
        }
        m.objects.insert(m.objects.end() - 4, rsvp::TimeValues{1'000});
        if ((which & 32) != 0)
          m.objects.emplace_back(rsvp::FilterSpec{rsvp::Address::v4(kLeft.value), 2});
        if ((which & 128) != 0) m.type = rsvp::MessageType::ResvTear;
        run.message(from, m);
        break;
      }
      case 7: {
        rsvp::Message m{.type = rsvp::MessageType::Srefresh, .flags = 1};
        m.objects.reserve(3);
        const std::uint32_t id = octet();
        m.objects.emplace_back(
            rsvp::MessageIdAck{.nack = (which & 2) != 0,
                               .flags = static_cast<std::uint8_t>(which & 4 ? 2 : 0),
                               .epoch = 0,
                               .id = id});
        m.objects.emplace_back(rsvp::MessageIdList{
            static_cast<std::uint8_t>((which & 8) != 0 ? 2 : 0), which & 1U, {id, id + 1}});
        run.message(from, m);
        break;
      }
      default:
        break;
    }
  }
  run.sleep(30s);
  return 0;
}
