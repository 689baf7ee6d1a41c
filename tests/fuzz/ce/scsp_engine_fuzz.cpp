// Octets as what happens to a server of a group: packets of its neighbours as they come or made
// from what was chosen, VCs, time, calls of its client. Whatever comes: its timers do not spin,
// what it sends can be read, its cache has its limit, and without VCs nothing is on its way. An
// input that is an SCSP packet is that packet, from a neighbour in every state of Cache Alignment.
#include <algorithm>
#include <cstdint>
#include <span>

#include "ce/multicast/link/deframer.hpp"
#include "ce/multicast/scsp/engine.hpp"
#include "proto/mars/csa.hpp"
#include "proto/scsp/packet.hpp"
#include "proto/scsp/writer.hpp"
#include "proto/wire/checksum.hpp"
#include "tests/fuzz/events.hpp"

namespace {

using namespace forces;
using namespace forces::multicast::sync;
using namespace std::chrono_literals;
using forces::fuzz::require;
using scsp::MsgType;

constexpr ServerId kSelf{0x0a010102}, kLess{0x0a010101}, kMore{0x0a010103};
constexpr std::uint16_t kGroup = 23;
constexpr std::size_t kEntries = 40;

class Run {
 public:
  Run() : engine_(config(), now_) { drain(); }
  ~Run() {
    for (const ServerId n : {kLess, kMore}) engine_.on_link_down(n, now_);
    drain();
    const Snapshot s = engine_.snapshot();
    for (const NeighborSnapshot& n : s.neighbors) {
      require(n.alignment == AlignmentState::Down);
      require(n.unsent + n.unacknowledged + n.wanted == 0);
    }
    sleep(10min);  // purges end
    std::size_t seen = 0;
    engine_.for_each([&](const Record& r) {
      require(engine_.record(r.id).has_value());
      ++seen;
    });
    require(seen == engine_.snapshot().entries);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void packet(ServerId from, wire::Bytes octets) {
    std::vector<std::byte> whole(octets.begin(), octets.end());
    if (whole.size() >= 8) {  // what is not tried here: version, size, checksum
      whole[0] = std::byte{1};
      wire::store_be<2>(&whole[2], whole.size());
      wire::store_be<2>(&whole[4], 0);
      wire::store_be<2>(&whole[4], wire::internet_checksum(whole));
    }
    engine_.on_packet(from, whole, now_);
    drain();
  }
  void write(ServerId from, MsgType type, std::uint8_t flags, std::uint32_t sequence,
             std::span<const std::byte> records) {
    const auto sender = scsp::id_octets(from.value), us = scsp::id_octets(kSelf.value);
    scsp::Head h{.type = type, .server_group = kGroup, .sender = sender};
    if (type != MsgType::Hello || (flags & 1) != 0) h.receiver = us;
    h.hello = {.interval = 3, .dead_factor = flags, .family = 0};
    h.alignment = {sequence, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0};
    scsp::PacketWriter w(h);
    for (; type != MsgType::Hello && records.size() >= 4; records = records.subspan(4)) {
      const auto at = [&](std::size_t i) { return std::to_integer<std::uint32_t>(records[i]); };
      const auto key = scsp::id_octets(at(0) % 16);
      const auto originator =
          scsp::id_octets((at(1) & 3) == 0 ? kSelf.value : 0x0a010160 + at(1) % 4);
      // Small numbers, and those at both ends.
      const auto low = static_cast<std::int32_t>(at(2) & 15);
      const std::int32_t value = (at(2) & 0x20) != 0   ? scsp::kPurgeSequence.value - low
                                 : (at(2) & 0x40) != 0 ? scsp::kFirstSequence.value + low
                                                       : low - 8;
      const bool null = (at(3) & 0x80) != 0;
      const bool body = type == MsgType::CsuRequest && !null;
      static_cast<void>(w.record({.hop_count = static_cast<std::uint16_t>(at(3) & 3),
                                  .null = null,
                                  .sequence = {value},
                                  .key = key,
                                  .originator = originator},
                                 body ? records.first(at(3) >> 4 & 3) : wire::Bytes{}));
    }
    if (const auto octets = std::move(w).finish()) {
      engine_.on_packet(from, *octets, now_);
      drain();
    }
  }
  void link(ServerId n, bool up) {
    up ? engine_.on_link_up(n, now_) : engine_.on_link_down(n, now_);
    drain();
  }
  void call(std::uint8_t what, std::uint32_t key, wire::Bytes body) {
    switch (what % 4) {
      case 0:
      case 1:
        static_cast<void>(engine_.originate(key, body, now_));
        break;
      case 2:
        static_cast<void>(engine_.purge(key, now_));
        break;
      default:
        engine_.forget({0x0a010160 + key % 4}, now_);
        break;
    }
    drain();
  }
  void sleep(Duration time) {
    fuzz::sleep_until(engine_, now_, now_ + time, [this] { drain(); });
  }
  // As an answer would: the last number of the exchange.
  [[nodiscard]] std::uint32_t sequence(ServerId n) const {
    return n == kLess ? last_less_ : last_more_;
  }

 private:
  static Config config() {
    Config c{.id = kSelf, .server_group = kGroup};
    c.limits.entries = kEntries;
    c.limits.window = 5;
    c.limits.packet_octets = 120;
    c.times.alone = 5s;
    c.neighbors = {{.id = kLess}, {.id = kMore}};
    c.check_body = [](wire::Bytes body, std::size_t base) -> Result<void> {
      if (body.size() < 20) return {};
      const auto entry = mars::decode_entry(body, base);
      if (!entry) return fail(entry.error());
      return {};
    };
    return c;
  }
  void drain() {
    while (const auto output = engine_.poll_output()) {
      const auto* const send = std::get_if<Send>(&*output);
      if (send == nullptr) continue;
      const auto p = scsp::decode_packet(send->packet);
      require(p.has_value());
      if (p->type == MsgType::CacheAlignment) {
        (send->to == kLess ? last_less_ : last_more_) = p->alignment.sequence;
      }
    }
    const Snapshot s = engine_.snapshot();
    require(s.entries <= kEntries);
    for (const NeighborSnapshot& n : s.neighbors) {
      require(n.unacknowledged <= 5 && n.unsent <= kEntries);
      require((n.hello == HelloState::Bidirectional) == (n.alignment != AlignmentState::Down));
    }
  }

  Instant now_{1h};
  Engine engine_;
  std::uint32_t last_less_ = 0, last_more_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto left = std::as_bytes(std::span(data, size));
  static_cast<void>(multicast::link::Deframer(4'096).feed(
      left, [](wire::SnapPid, wire::Bytes message) { return message.size() < 4'096; }));
  Run run;
  if (size >= 8 && data[0] == 1 && data[1] >= 1 && data[1] <= 5) {
    run.link(kLess, true);
    run.packet(kLess, left);
    run.write(kLess, MsgType::Hello, 3, 0, {});
    run.packet(kLess, left);  // in Negotiation
    run.write(kLess, MsgType::CacheAlignment, 4, run.sequence(kLess), {});
    run.packet(kLess, left);  // in Cache Summarize
    run.write(kLess, MsgType::Hello, 3, 0, {});
    run.write(kLess, MsgType::CacheAlignment, 0, run.sequence(kLess), {});
    run.write(kLess, MsgType::CacheAlignment, 0, run.sequence(kLess), {});
    run.packet(kLess, left);  // Aligned
    run.sleep(30s);
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
    const ServerId from = (which & 1) != 0 ? kLess : kMore;
    const auto some = [&](std::size_t wanted) {
      const auto taken = left.first(std::min(left.size(), wanted));
      left = left.subspan(taken.size());
      return taken;
    };
    switch (what % 8) {
      case 0:
        run.packet(from, some(octet()));
        break;
      case 1:
        run.sleep(std::chrono::milliseconds(which * 20));
        break;
      case 2:
        run.link(from, (which & 2) != 0);
        break;
      case 3:
        run.call(octet(), which >> 1 & 15, some(which >> 5));
        break;
      case 4:  // a neighbour that does as it should
        run.link(from, true);
        run.write(from, MsgType::Hello, 3, 0, {});
        if (from == kMore) run.write(from, MsgType::CacheAlignment, 7, 7, {});
        run.write(from, MsgType::CacheAlignment, from == kMore ? 1 : 0,
                  run.sequence(from) + (from == kMore ? 1 : 0), some(which & 12));
        run.write(from, MsgType::CacheAlignment, 0, run.sequence(from), {});
        break;
      default: {
        const auto type = static_cast<MsgType>(1 + (which >> 1) % 5);
        const std::uint8_t flags = octet();
        const std::uint32_t next = run.sequence(from) + (flags >> 5) - 2;
        run.write(from, type, flags, next, some((which >> 4) * std::size_t{4}));
        break;
      }
    }
  }
  run.sleep(30s);
  return 0;
}
