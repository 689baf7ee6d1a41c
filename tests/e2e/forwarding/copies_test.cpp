// Copies between the data planes of three FEs: each in a namespace of its own with a host behind
// its port, joined by a network of theirs. Rows come as messages of a CE.
#include <sys/socket.h>

#include <algorithm>
#include <ctime>
#include <thread>

#include "fe/dataplane/port.hpp"
#include "fe/forwarding/multicast/multicast.hpp"
#include "tests/e2e/forwarding/host.hpp"
#include "tests/e2e/tml/harness.hpp"
#include "tests/unit/fe/forwarding/forwarder.hpp"

namespace forces::fe::forwarding::test {
namespace {

using namespace std::chrono_literals;
using dataplane::kernel::Address;
using dataplane::kernel::Family;
using dataplane::multicast::Endpoint;

constexpr std::uint16_t kMember = 5000, kServer = 5001;
constexpr std::uint32_t kPeers = 8, kCopies = 9, kIpv6Copies = 10, kServed = 11;

std::string hex32(std::uint32_t n) {
  wire::ByteWriter w;
  w.u32(n);
  return to_hex(w.written());
}
std::string hex(const Endpoint& e) {
  wire::ByteWriter w;
  w.u32(e.address);
  w.u16(e.port);
  return to_hex(w.written());
}
Instant now() { return Instant{std::chrono::steady_clock::now().time_since_epoch()}; }

// The multicast part of an FE, number 1 to 3. Its endpoint is 192.0.2.<number>.
class Fe : public lfb::Sink, public lfb::Provider {
 public:
  explicit Fe(unsigned number) : number_(number) {}
  ~Fe() override { plane_.stop(); }

  [[nodiscard]] Endpoint member() const { return {0xc0000200U + number_, kMember}; }
  [[nodiscard]] Endpoint server() const { return {0xc0000200U + number_, kServer}; }
  [[nodiscard]] const net::Namespace& space() const { return space_; }
  Host& host() { return host_; }

  void open() {
    ASSERT_TRUE(space_.made() && host_.made());
    const std::string n = std::to_string(number_);
    const net::Inside inside(space_);
    ASSERT_TRUE(
        net::run(std::string("printf '%s\\n' 'link add port type veth peer name eth netns ")
                     .append(host_.path())
                     .append("' 'addr add 10.")
                     .append(n)
                     .append(".0.1/24 dev port' 'addr add 2001:db8:")
                     .append(n)
                     .append("::1/64 dev port nodad' 'addr add 192.0.2.")
                     .append(n)
                     .append("/24 dev wan' 'link set port up' 'link set wan up' | ip -batch -")));
    host_.configure(static_cast<int>(number_));
    plane_.attach(engine_);
    EXPECT_TRUE(plane_.open()) << notes();
    plane_.obey(lfb::FeState::OperEnable);
    plane_.start();
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
      plane_.set_cmi(family, static_cast<std::uint16_t>(100 + number_));
    }
  }
  // Answers what the kernel asks.
  void turn() {
    const net::Inside inside(space_);
    plane_.turn(now());
  }
  void listen(bool on = true) {  // somebody at the port
    for (const Address& group : {four(), six()}) {
      plane_.set_local(group, 1,
                       on ? std::optional(dataplane::multicast::SourceFilter{}) : std::nullopt);
    }
  }
  static Address four() { return {Family::Ipv4, {239, 1, 1, 1}}; }
  static Address six() {
    Address out{Family::Ipv6, {}};
    const in6_addr group = group_six();
    std::ranges::copy(group.s6_addr, out.octets.begin());
    return out;
  }

  // One Config: rows that come, by subscript, and rows that go.
  using Rows = std::vector<std::pair<std::uint32_t, std::string>>;
  void change(std::uint32_t table, const Rows& set, const std::vector<std::uint32_t>& del = {}) {
    std::vector<pl::Element> rows, gone;
    for (const auto& [index, row] : set)
      rows.push_back(path({table, index}, {lfb::test::data(row)}));
    for (const std::uint32_t index : del) gone.push_back(path({table, index}));
    pl::Message m = message(pl::MsgType::Config, OperType::Set, kMulticast, std::move(rows));
    if (!gone.empty()) {
      auto& select = std::get<pl::LfbSelect>(m.body.at(0));
      if (set.empty()) select.operations.clear();
      select.operations.push_back({.type = OperType::Del});
      select.operations.back().elements = std::move(gone);
    }
    const auto octets = pl::encode_message(m);
    ASSERT_TRUE(octets && engine_.on_message(*octets, true, now()));
    while (auto output = engine_.poll_output()) {
      const auto* answer = std::get_if<lfb::Respond>(&*output);
      ASSERT_NE(answer, nullptr);
      ASSERT_TRUE(all_good(answer->octets)) << to_hex(answer->octets);
    }
  }
  void hears(const std::vector<Endpoint>& peers) {
    Rows rows;
    for (const Endpoint& peer : peers) rows.emplace_back(rows.size(), hex(peer));
    change(kPeers, rows);
  }
  static std::string row(const Endpoint& to) {
    return hex32(kGroupFour) + hex32(kGroupFour) + hex(to);
  }
  std::uint64_t counter(std::string_view name, std::string_view reason = "") {
    for (const auto& sample : plane_.counters()) {
      if (sample.name == name && sample.reason == reason) return sample.value;
    }
    return ~std::uint64_t{0};
  }
  std::string notes() {
    std::string all;
    for (const auto& note : plane_.take_notes()) all += note.text + "\n";
    return all;
  }

  pl::ResultCode check(const lfb::Change& change) override { return plane_.check(change); }
  void applied(const lfb::Changes& changes) override {
    const net::Inside inside(space_);
    plane_.applied(changes);
  }
  bool read(const lfb::Instance& instance, const lfb::Component& component,
            wire::ByteWriter& out) override {
    return plane_.read(instance, component, out);
  }

 private:
  static bool all_good(const pl::Octets& octets) {
    const auto answer = pl::decode_message(octets);
    if (!answer) return false;
    for (const auto& body : answer->body) {
      for (const auto& oper : std::get<pl::LfbSelect>(body).operations) {
        for (const auto& element : oper.elements) {
          const pl::Element* e = &element;
          while (const auto* p = std::get_if<pl::PathData>(&e->value)) e = &p->items.at(0);
          const auto* result = std::get_if<pl::ResultTlv>(&e->value);
          if (result == nullptr || result->code != 0) return false;
        }
      }
    }
    return true;
  }

  unsigned number_;
  net::Namespace space_;
  Host host_;
  std::vector<dataplane::PortConfig> ports_{{.port_id = 1, .interface = "port", .classes = {}}};
  Multicast plane_{
      true, ports_, {.address = 0xc0000200U + number_, .port = kMember, .server_port = kServer}};
  lfb::Engine engine_{*this, this};
};

class MulticastCopies : public testing::Test {
 protected:
  void SetUp() override {
    if (!net::enter_fresh_namespace()) GTEST_SKIP() << "needs root: a network namespace";
    if (::access("/dev/net/tun", R_OK | W_OK) != 0) GTEST_SKIP() << "needs /dev/net/tun";
    std::string batch = "'link add hub type bridge' 'link set hub up'";
    for (const auto& fe : fes_) {
      const std::string n = std::to_string(fe->member().address & 0xff);
      batch.append(" 'link add p").append(n).append(" type veth peer name wan netns ");
      batch.append(fe->space().path()).append("' 'link set p").append(n);
      batch.append(" master hub up'");
    }
    ASSERT_TRUE(net::run("printf '%s\\n' " + batch + " | ip -batch -"));
    for (const auto& fe : fes_) {
      fe->open();
      if (HasFatalFailure()) return;
    }
    b().listen();
    c().listen();
  }
  Fe& a() { return *fes_[0]; }
  Fe& b() { return *fes_[1]; }
  Fe& c() { return *fes_[2]; }

  void all_hear_all() {
    for (const auto& fe : fes_) {
      fe->hears({a().member(), b().member(), c().member(), b().server()});
    }
  }
  void mesh() { a().change(kCopies, {{0, Fe::row(b().member())}, {1, Fe::row(c().member())}}); }
  // The MCS of B serves the group.
  void serve() {
    b().change(
        kServed,
        {{0, Fe::row(a().member())}, {1, Fe::row(b().member())}, {2, Fe::row(c().member())}});
  }
  void turn() {
    for (const auto& fe : fes_) fe->turn();
  }
  template <class Condition>
  bool eventually(Condition&& condition) {
    return e2e::eventually([&] {
      turn();
      return condition();
    });
  }
  bool at_both(const std::string& text) {
    return b().host().saw(text) > 0 && c().host().saw(text) > 0;
  }
  // Until B and C see them: routes of the flow are in all kernels.
  void warm_up() {
    int n = 0;
    ASSERT_TRUE(eventually([&] {
      a().host().send(std::string("warm ").append(std::to_string(n)));
      return at_both(std::string("warm ").append(std::to_string(n++ / 2)));
    }));
  }

 private:
  std::array<std::unique_ptr<Fe>, 3> fes_{std::make_unique<Fe>(1), std::make_unique<Fe>(2),
                                          std::make_unique<Fe>(3)};
};

TEST_F(MulticastCopies, MembersElsewhereGetEachPacketOnce) {
  all_hear_all();
  mesh();
  warm_up();
  for (int n = 0; n < 50; ++n) {
    a().host().send(std::string("text ").append(std::to_string(n)));
    turn();
  }
  ASSERT_TRUE(eventually([&] { return at_both("text 49"); }));
  for (int n = 0; n < 50; ++n) {
    const std::string text = std::string("text ").append(std::to_string(n));
    EXPECT_EQ(b().host().saw(text), 1U) << text;
    EXPECT_EQ(c().host().saw(text), 1U) << text;
  }
  EXPECT_EQ(b().host().ttl(), 2) << "two routers: that of the sender and that of the receiver";
  EXPECT_EQ(a().host().saw("text 49"), 0U) << "where it came from";
  c().listen(false);
  a().host().send("left");
  ASSERT_TRUE(eventually([&] { return b().host().saw("left") > 0; }));
  EXPECT_EQ(c().host().saw("left"), 0U);
  a().change(kCopies, {}, {0, 1});
  a().host().send("nobody");
  EXPECT_EQ(a().counter("multicast_copies_lost", "failed"), 0U);
  EXPECT_EQ(b().host().saw("nobody"), 0U);
}

// An MCS hands on what comes to it without the device.
TEST_F(MulticastCopies, ADeviceThatIsDeletedIsToldAndNotLookedAtAgain) {
  all_hear_all();
  serve();
  a().change(kCopies, {{0, Fe::row(b().server())}});
  warm_up();
  {
    const net::Inside inside(b().space());
    ASSERT_TRUE(net::run("ip link del fe-multicast"));
  }
  std::string said;
  ASSERT_TRUE(eventually([&] { return !(said += b().notes()).empty(); }));
  EXPECT_NE(said.find("fe-multicast is gone"), std::string::npos) << said;
  const auto used = [] {
    timespec time{};
    (void)::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  };
  const auto before = used();
  ASSERT_TRUE(eventually([&] {
    a().host().send("served");
    return c().host().saw("served") > 0;
  }));
  std::this_thread::sleep_for(500ms);
  EXPECT_LT(used() - before, 250ms);
  turn();
  EXPECT_EQ(b().notes(), "");
}

TEST_F(MulticastCopies, Ipv6GroupsGoOverTheSameEndpoints) {
  all_hear_all();
  const Address six = Fe::six();
  const std::string group = to_hex(std::as_bytes(std::span(six.octets)));
  a().change(kIpv6Copies,
             {{0, group + group + hex(b().member())}, {7, group + group + hex(c().member())}});
  ASSERT_TRUE(eventually([&] {
    a().host().send_six("six");
    return at_both("six");
  }));
  a().host().send_six("once");
  ASSERT_TRUE(eventually([&] { return at_both("once"); }));
  EXPECT_EQ(b().host().saw("once") + c().host().saw("once"), 2U);
  EXPECT_EQ(b().host().ttl(), 2);
}

TEST_F(MulticastCopies, AnMcsGivesThemToAllAndWhoSentThemDropsItsOwn) {
  all_hear_all();
  serve();
  a().listen();
  a().change(kCopies, {{0, Fe::row(b().server())}});
  warm_up();
  a().host().send("served");
  ASSERT_TRUE(eventually(
      [&] { return at_both("served") && a().counter("multicast_copies_dropped", "own") > 0; }));
  EXPECT_EQ(b().host().saw("served"), 1U);
  EXPECT_EQ(c().host().saw("served"), 1U);
  EXPECT_EQ(a().host().saw("served"), 0U) << "its CMI says that it is its own";
  // Of a sender beside the MCS.
  b().change(kCopies, {{0, Fe::row(b().server())}});
  ASSERT_TRUE(eventually([&] {
    b().host().send("beside");
    return a().host().saw("beside") > 0 && c().host().saw("beside") > 0;
  }));
  EXPECT_EQ(b().host().saw("beside"), 0U);
  EXPECT_GT(b().counter("multicast_copies_dropped", "own"), 0U);
}

TEST_F(MulticastCopies, NoPacketIsLostOrTwiceWhileTheGroupMovesToTheMcsAndBack) {
  all_hear_all();
  serve();
  mesh();
  warm_up();
  constexpr int kPackets = 600;
  for (int n = 0; n < kPackets; ++n) {
    a().host().send(std::string("m").append(std::to_string(n)));
    if (n % 20 == 10) a().change(kCopies, {{2, Fe::row(b().server())}}, {0, 1});
    if (n % 20 == 0 && n > 0) {
      a().change(kCopies, {{0, Fe::row(b().member())}, {1, Fe::row(c().member())}}, {2});
    }
    turn();
    for (Fe* fe : {&b(), &c()}) (void)fe->host().saw("");  // before the wires' buffers are full
  }
  const std::string last = std::string("m").append(std::to_string(kPackets - 1));
  const auto missing = [&] {
    std::string out;
    for (int n = 0; n < kPackets; ++n) {
      const std::string text = std::string("m").append(std::to_string(n));
      if (b().host().saw(text) == 0) out.append(" b").append(text);
      if (c().host().saw(text) == 0) out.append(" c").append(text);
    }
    return out;
  };
  ASSERT_TRUE(eventually([&] { return at_both(last); })) << missing();
  EXPECT_TRUE(eventually([&] {  // the MCS is a longer way
    std::size_t seen = 0;
    for (int n = 0; n < kPackets; ++n) {
      const std::string text = std::string("m").append(std::to_string(n));
      seen += b().host().saw(text) + c().host().saw(text);
    }
    return seen >= 2 * kPackets;
  }));
  for (int n = 0; n < kPackets; ++n) {
    const std::string text = std::string("m").append(std::to_string(n));
    ASSERT_EQ(b().host().saw(text), 1U) << text;
    ASSERT_EQ(c().host().saw(text), 1U) << text;
  }
  EXPECT_GT(b().counter("multicast_copies_received"), 0U);
}

TEST_F(MulticastCopies, WhoWeWereNotToldOfIsNotHeardAndCounted) {
  mesh();
  b().hears({a().member()});
  ASSERT_TRUE(eventually([&] {
    a().host().send("stranger");
    return b().host().saw("stranger") > 0 &&
           c().counter("multicast_copies_dropped", "not_a_peer") > 0;
  }));
  EXPECT_EQ(c().host().saw("stranger"), 0U);
  EXPECT_EQ(c().counter("multicast_copies_delivered"), 0U);
  c().hears({a().member()});
  EXPECT_TRUE(eventually([&] {
    a().host().send("known");
    return c().host().saw("known") > 0;
  }));
}

// Copies are longer than what they carry; the network between the FEs takes 1500 octets.
TEST_F(MulticastCopies, APacketAsLongAsTheLinkTakesIsCutBetweenTheFesAndWholeBehind) {
  all_hear_all();
  mesh();
  warm_up();
  const std::string text(1472, 'x');
  a().host().send(text);
  ASSERT_TRUE(eventually([&] { return at_both(text); }));
  EXPECT_EQ(b().host().saw(text), 1U);
}

TEST_F(MulticastCopies, TheTablesSayWhatIsSentAndDropped) {
  all_hear_all();
  mesh();
  warm_up();
  const std::uint64_t sent = a().counter("multicast_copies_sent");
  EXPECT_GE(sent, 2U);
  EXPECT_EQ(a().counter("multicast_copies_lost", "congested"), 0U);
  EXPECT_EQ(a().counter("multicast_copies_lost", "failed"), 0U);
  EXPECT_GE(b().counter("multicast_copies_received"), 1U);
  EXPECT_EQ(b().counter("multicast_copies_dropped", "malformed"), 0U);
}

}  // namespace
}  // namespace forces::fe::forwarding::test
