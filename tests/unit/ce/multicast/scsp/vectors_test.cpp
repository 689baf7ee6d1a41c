// The exchange of tests/vectors between 10.1.1.2 (this server) and 10.1.1.1, with the MARS as the
// client; and what relaying costs.
#include "tests/support/octets/vectors.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

#include "proto/mars/csa.hpp"
#include "tests/unit/ce/multicast/scsp/server.hpp"

namespace {
std::atomic<std::size_t> allocations;
}  // namespace

// Counts; never inlined, or g++ pairs malloc() with the delete of the other one.
[[gnu::noinline]] void* operator new(std::size_t n) {
  ++allocations;
  if (void* const p = std::malloc(n)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace forces::multicast::sync::test {
namespace {

constexpr ServerId kUs{0x0a010102}, kThem{0x0a010101};

Octets vector(const std::string& name) {
  for (const auto& v : forces::test::load_vectors("scsp/scsp.hex")) {
    if (v.name.substr(0, v.name.find(' ')) == name) return v.octets;
  }
  throw std::runtime_error("no vector " + name);
}

struct Exchange {
  Exchange() : engine(config(), {}) {
    engine.on_link_up(kThem, {});
    give(forces::test::hex(
        "01050024e4ad000000030003000000000003001700000000040400000a0101010a010102"));
  }
  static Config config() {
    Config c{.id = kUs, .server_group = kGroup};
    c.neighbors = {{.id = kThem}};
    c.ca_sequence = 905'969'665;
    c.check_body = [](Bytes body, std::size_t base) -> Result<void> {
      const auto entry = mars::decode_entry(body, base);
      if (!entry) return fail(entry.error());
      return {};
    };
    return c;
  }
  // What we answer to a packet, the last of it.
  scsp::Packet give(const Octets& packet) {
    engine.on_packet(kThem, packet, {});
    while (auto output = engine.poll_output()) {
      if (auto* const send = std::get_if<Send>(&*output)) last = std::move(send->packet);
    }
    return scsp::decode_packet(last).value_or(scsp::Packet{});
  }
  [[nodiscard]] AlignmentState state() const { return engine.snapshot().neighbors.at(0).alignment; }

  Engine engine;
  Octets last;
};

TEST(ScspVectorExchange, NegotiationSummaryAndSolicitation) {
  Exchange x;
  EXPECT_EQ(x.state(), AlignmentState::Negotiation);
  // A slave with two entries; one of them is ours, of an earlier process.
  scsp::Packet answer = x.give(vector("ca_slave_2csas_pid3"));
  EXPECT_EQ(answer.alignment, (scsp::AlignmentPart{905'969'666, true, false, false}));
  answer =
      x.give(Server::write(kThem, MsgType::CacheAlignment, {}, {.sequence = 905'969'666}, kUs));
  EXPECT_EQ(x.state(), AlignmentState::UpdateCache);
  EXPECT_EQ(answer.type, MsgType::CsuSolicit);
  EXPECT_EQ(answer.records.size(), 2u);
}

TEST(ScspVectorExchange, RecordsOfEveryStateAreTakenAndAcknowledged) {
  Exchange x;
  x.give(Server::write(kThem, MsgType::CacheAlignment, {}, {.sequence = 905'969'665}, kUs));
  x.give(Server::write(kThem, MsgType::CacheAlignment, {}, {.sequence = 905'969'666}, kUs));
  ASSERT_EQ(x.state(), AlignmentState::Aligned);
  for (const char* const name :
       {"csu_request_mars_redirect_e164_sub", "csu_request_mars_mcs_serve",
        "csu_request_mars_client_register_nospa", "csu_request_mars_client_join_block",
        "csu_request_mars_client_deregister", "csu_request_mars_mcs_deregister",
        "csu_request_mars_solicited"}) {
    SCOPED_TRACE(name);
    const Octets packet = vector(name);
    const scsp::Packet answer = x.give(packet);
    EXPECT_EQ(answer.type, MsgType::CsuReply);
    ASSERT_EQ(answer.records.size(), 1u);
    const scsp::RecordView sent = *scsp::decode_packet(packet)->records.begin();
    EXPECT_TRUE(scsp::same_instance(sent, *answer.records.begin()));
    const auto kept =
        x.engine.record({{*scsp::id_number(sent.originator)}, *scsp::id_number(sent.key)});
    ASSERT_TRUE(kept.has_value());
    EXPECT_EQ(text(kept->body), text(sent.body));
  }
  EXPECT_EQ(x.engine.snapshot().entries, 7u);
  // Of three records the last one is a purge: nobody else has to hear of it, and it is gone.
  EXPECT_EQ(x.give(vector("csu_request_mars_3csa")).records.size(), 3u);
  EXPECT_FALSE(x.engine.record({{0x0a010103}, 3}).has_value());
  EXPECT_EQ(x.state(), AlignmentState::Aligned);
}

TEST(ScspUpdateSpeed, ARecordThatIsRelayedIsNotAllocated) {
  Server s({kSmall, kGreat, kThird});
  for (const ServerId n : {kSmall, kGreat, kThird}) s.align(n);
  std::vector<Csa> records;
  for (std::uint32_t k = 0; k < 100; ++k)
    records.push_back({kElsewhere, k, 1, 9, false, "0123456789"});
  std::vector<Octets> packets;
  for (std::int32_t i = 1; i <= 3; ++i) {
    for (Csa& c : records) c.sequence = i;
    packets.push_back(Server::write(kGreat, MsgType::CsuRequest, records));
  }
  std::size_t used = 0, sent = 0;
  for (const Octets& packet : packets) {
    allocations = 0;
    s.engine.on_packet(kGreat, packet, s.now);
    sent = 0;
    while (const auto output = s.engine.poll_output()) {
      if (std::get_if<Send>(&*output) != nullptr) ++sent;
    }
    used = allocations;
  }
  EXPECT_EQ(sent, 3u);  // a reply, and a request to each of the others
  EXPECT_LT(used, 60u);
}

}  // namespace
}  // namespace forces::multicast::sync::test
