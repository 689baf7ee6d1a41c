// One engine, and neighbours that the test plays: it says what they send, octet for octet by the
// writer of proto/scsp, and looks at what they get.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "ce/multicast/scsp/engine.hpp"
#include "proto/scsp/packet.hpp"
#include "proto/scsp/writer.hpp"
#include "tests/support/octets/hex.hpp"

namespace forces::multicast::sync::test {

using namespace std::chrono_literals;
using scsp::MsgType;

inline constexpr ServerId kSmall{0x0a010102}, kSelf{0x0a010105}, kGreat{0x0a010109},
    kThird{0x0a01010a}, kElsewhere{0x0a010163};
inline constexpr std::uint16_t kGroup = 23;

struct Csa {  // a record as a value; without a body a CSAS
  ServerId originator{};
  std::uint32_t key = 0;
  std::int32_t sequence = 0;
  std::uint16_t hops = 1;
  bool null = false;
  std::string body{};
  friend bool operator==(const Csa&, const Csa&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Csa& c) {
    return out << std::hex << c.originator.value << '/' << c.key << std::dec << '#' << c.sequence
               << " hops " << c.hops << (c.null ? " null" : "") << " '" << c.body << "'";
  }
};
inline std::string text(Bytes octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}
inline Bytes octets(const std::string& text) { return std::as_bytes(std::span(text)); }

// What a neighbour got.
struct Got {
  MsgType type{};
  ServerId to{};               // the neighbour on whose VC it came
  std::uint32_t receiver = 0;  // 0: none
  scsp::AlignmentPart alignment{};
  scsp::HelloPart hello{};
  std::vector<Csa> records{};
  std::size_t size = 0;
};

struct Hello {
  std::vector<ServerId> heard{kSelf};
  std::uint16_t interval = 3, dead_factor = 3;
  std::uint16_t group = kGroup;
};
struct Ca {
  std::uint32_t sequence = 0;
  bool master = false, initialize = false, more = false;
};

class Server {
 public:
  explicit Server(std::initializer_list<ServerId> neighbors = {kGreat})
      : Server(config(neighbors)) {}
  explicit Server(Config config) : engine(std::move(config), now) { drain(); }

  static Config config(const std::vector<ServerId>& neighbors) {
    Config c{.id = kSelf, .server_group = kGroup};
    c.restarted = false;
    c.ca_sequence = 1'000;
    for (const ServerId n : neighbors) c.neighbors.push_back({.id = n});
    return c;
  }

  // --- what neighbours do ---
  void link(ServerId n, bool up = true) {
    up ? engine.on_link_up(n, now) : engine.on_link_down(n, now);
    drain();
  }
  void packet(ServerId n, Bytes packet) {
    engine.on_packet(n, packet, now);
    drain();
  }
  void hello(ServerId n, const Hello& h = {}) {
    std::vector<std::array<std::byte, 4>> ids;
    for (const ServerId id : h.heard) ids.push_back(scsp::id_octets(id.value));
    const auto sender = scsp::id_octets(n.value);
    scsp::Head head{.type = MsgType::Hello, .server_group = h.group, .sender = sender};
    head.hello = {h.interval, h.dead_factor, 0};
    if (!ids.empty()) head.receiver = ids.front();
    scsp::PacketWriter w(head);
    for (std::size_t i = 1; i < ids.size(); ++i) EXPECT_TRUE(w.receiver(ids[i]));
    packet(n, *std::move(w).finish());
  }
  [[nodiscard]] static Octets write(ServerId n, MsgType type, const std::vector<Csa>& records,
                                    const Ca& ca = {}, ServerId receiver = kSelf,
                                    const scsp::WriterOptions& options = {}) {
    const auto sender = scsp::id_octets(n.value), to = scsp::id_octets(receiver.value);
    scsp::Head head{.type = type, .server_group = kGroup, .sender = sender, .receiver = to};
    head.alignment = {ca.sequence, ca.master, ca.initialize, ca.more};
    scsp::PacketWriter w(head, options);
    for (const Csa& c : records) {
      const auto key = scsp::id_octets(c.key), originator = scsp::id_octets(c.originator.value);
      const Bytes body = type == MsgType::CsuRequest ? octets(c.body) : Bytes{};
      EXPECT_TRUE(w.record({c.hops, c.null, {c.sequence}, key, originator}, body));
    }
    return *std::move(w).finish();
  }
  void say(ServerId n, MsgType type, const std::vector<Csa>& records, const Ca& ca = {}) {
    packet(n, write(n, type, records, ca));
  }
  void ca(ServerId n, const Ca& ca, const std::vector<Csa>& records = {}) {
    say(n, MsgType::CacheAlignment, records, ca);
  }
  void request(ServerId n, const std::vector<Csa>& r) { say(n, MsgType::CsuRequest, r); }
  void reply(ServerId n, const std::vector<Csa>& r) { say(n, MsgType::CsuReply, r); }
  void solicit(ServerId n, const std::vector<Csa>& r) { say(n, MsgType::CsuSolicit, r); }

  // Up to Bidirectional.
  void meet(ServerId n) {
    link(n);
    hello(n);
  }
  // Up to Aligned; the neighbour has `theirs` and is not given what it lacks.
  void align(ServerId n, const std::vector<Csa>& theirs = {}) {
    meet(n);
    if (n > kSelf) {
      ca(n, {.sequence = 70, .master = true, .initialize = true, .more = true});
      ca(n, {.sequence = 71, .master = true}, summaries(theirs));
    } else {
      const std::uint32_t sequence = last(n, MsgType::CacheAlignment).alignment.sequence;
      ca(n, {.sequence = sequence}, summaries(theirs));
      ca(n, {.sequence = sequence + 1});
    }
    answer(n, theirs);
    EXPECT_EQ(alignment(n), AlignmentState::Aligned);
    got.clear();
  }
  // What the last CSUS asked for.
  void answer(ServerId n, std::vector<Csa> theirs) {
    if (theirs.empty()) return;
    for (Csa& c : theirs) c.hops = 1;
    request(n, theirs);
  }
  static std::vector<Csa> summaries(std::vector<Csa> of) {
    for (Csa& c : of) {
      c.hops = 1;
      c.body.clear();
    }
    return of;
  }

  // --- its client ---
  Status originate(std::uint32_t key, const std::string& body) {
    const Status s = engine.originate(key, octets(body), now);
    drain();
    return s;
  }
  Status purge(std::uint32_t key) {
    const Status s = engine.purge(key, now);
    drain();
    return s;
  }
  // "1#-5 text", or "none".
  [[nodiscard]] std::string entry(ServerId originator, std::uint32_t key) const {
    const auto r = engine.record({originator, key});
    return r ? std::to_string(r->sequence.value) + ' ' + text(r->body) : "none";
  }

  void pass(Duration time) {
    const Instant end = now + time;
    for (auto due = engine.next_deadline(); due && *due <= end; due = engine.next_deadline()) {
      ASSERT_GE(*due, now);
      now = *due;
      engine.on_time(now);
      drain();
      const auto next = engine.next_deadline();
      ASSERT_TRUE(!next || *next > now) << "spins";
    }
    now = end;
  }

  // --- what is seen ---
  [[nodiscard]] NeighborSnapshot of(ServerId n) const {
    for (auto& s : engine.snapshot().neighbors) {
      if (s.id == n) return s;
    }
    return {};
  }
  [[nodiscard]] HelloState hello_state(ServerId n) const { return of(n).hello; }
  [[nodiscard]] AlignmentState alignment(ServerId n) const { return of(n).alignment; }
  [[nodiscard]] std::vector<Got> all(ServerId n, MsgType type) const {
    std::vector<Got> found;
    for (const Got& g : got) {
      if (g.to == n && g.type == type) found.push_back(g);
    }
    return found;
  }
  [[nodiscard]] Got last(ServerId n, MsgType type) const {
    const auto found = all(n, type);
    return found.empty() ? Got{} : found.back();
  }
  [[nodiscard]] std::vector<Csa> records(ServerId n, MsgType type) const {
    std::vector<Csa> found;
    for (const Got& g : all(n, type)) {
      found.insert(found.end(), g.records.begin(), g.records.end());
    }
    return found;
  }
  template <class T>
  [[nodiscard]] std::vector<T> events_of() const {
    std::vector<T> found;
    for (const Output& e : events) {
      if (const T* const one = std::get_if<T>(&e)) found.push_back(*one);
    }
    return found;
  }
  [[nodiscard]] std::vector<AlignmentState> trail(ServerId n) const {
    std::vector<AlignmentState> states;
    for (const auto& e : events_of<AlignmentChanged>()) {
      if (e.neighbor == n) states.push_back(e.state);
    }
    return states;
  }

  void drain() {
    while (auto output = engine.poll_output()) {
      if (const Send* const send = std::get_if<Send>(&*output)) {
        receive(*send);
      } else {
        events.push_back(std::move(*output));
      }
    }
  }

  Instant now{1h};
  Engine engine;
  std::vector<Got> got;  // of all neighbours, in order
  std::vector<Output> events;
  std::vector<Octets> packets;

 private:
  void receive(const Send& send) {
    const auto p = scsp::decode_packet(send.packet);
    ASSERT_TRUE(p.has_value()) << p.error().field;
    Got g{.type = p->type, .to = send.to, .alignment = p->alignment, .hello = p->hello};
    g.receiver = scsp::id_number(p->receiver).value_or(0);
    g.size = send.packet.size();
    EXPECT_EQ(scsp::id_number(p->sender), kSelf.value);
    EXPECT_EQ(p->server_group, kGroup);
    EXPECT_EQ(p->protocol, 3);
    for (const scsp::RecordView r : p->records) {
      g.records.push_back({{*scsp::id_number(r.originator)},
                           *scsp::id_number(r.key),
                           r.sequence.value,
                           r.hop_count,
                           r.null,
                           text(r.body)});
    }
    got.push_back(std::move(g));
    packets.push_back(send.packet);
  }
};

inline constexpr std::int32_t kFirst = std::numeric_limits<std::int32_t>::min() + 1;
inline constexpr std::int32_t kPurge = std::numeric_limits<std::int32_t>::max();

}  // namespace forces::multicast::sync::test
