// Discovery octet by octet: two controllers (TransportNode and Fabric) and two FEs (engine, LFBs
// and fabric of the daemon), and equipment between that turns 64 slots round.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "ce/signaling/service/fabric.hpp"
#include "ce/state/memory.hpp"
#include "fe/forwarding/optical/fabric_lfbs.hpp"
#include "tests/sim/signaling/plan.hpp"
#include "tests/support/sim/world.hpp"

namespace forces::signaling::test {
namespace {

namespace optical = fe::dataplane::optical;
using forces::test::World;
using resource::LabelState;

constexpr std::uint32_t kSlots = 64, kPort = 12;

// An FE and the controller that has it.
class Element : public FeAccess, public fe::lfb::Sink {
 public:
  Element(World& world, NodeId self, NodeId other) : world_(world), self_(self), other_(other) {
    associate();
  }
  void associate() {
    ++period_;
    engine.emplace(*this);
    engine->set_id(1);
    lfbs.emplace(fabric);
    lfbs->attach(*engine);
    if (ce) ce->on_fe(1, world_.now());
  }
  // The process of the controller begins anew; its FE drops what the old one had set, or (graceful
  // restart, CEFailoverPolicy 1) does not.
  void boot(bool keeps = false) {
    if (!keeps) engine->reset();
    ce.reset();
    node.reset();
    store.crash(0);
    NodeConfig config{.id = self_};
    config.nodes = {{.id = self_}, {.id = other_}};
    config.fes = {{.id = 1}};
    config.interfaces = {{.id = kPort,
                          .port = {1, kPort},
                          .remote = {other_, kPort},
                          .labels = te::LabelRanges::sdh_slots(1, kSlots),
                          .compound = true,
                          .discover = true}};
    auto made = TransportNode::make(std::move(config), store, world_.now());
    if (!made) std::abort();
    node = std::move(*made);
    ce.emplace(*this, *node, std::set<std::uint32_t>{1});
    ce->on_fe(1, world_.now());
    pump();
  }
  void pump() {
    if (lfbs) lfbs->publish(world_.now());
    while (auto output = engine->poll_output()) {
      const auto* const notify = std::get_if<fe::lfb::Notify>(&*output);
      if (notify != nullptr && ce) ce->on_event(1, notify->octets, world_.now());
      if (notify == nullptr) answer_ = std::get<fe::lfb::Respond>(std::move(*output)).octets;
    }
    if (!node) return;
    while (const auto output = node->poll_output()) {
      if (const auto* const read = std::get_if<resource::ReadRows>(&*output)) {
        ce->perform(*read, world_.now());
      } else if (const auto* const traces = std::get_if<SendTraces>(&*output)) {
        ce->perform(*traces, world_.now());
      }
    }
    store.sync();
    node->on_store(world_.now());
  }
  std::size_t verified() {
    return node->operate(
        [](TransportNode::Rooms& rooms) {
          const auto entries = rooms.manager.label_table(kPort)->entries();
          return static_cast<std::size_t>(std::ranges::count(entries, LabelState::Verified,
                                                             &resource::LabelTable::Entry::state));
        },
        world_.now());
  }

  // FeAccess
  std::uint64_t period(std::uint32_t /*fe*/) override { return period_; }
  std::uint64_t ask(std::uint32_t /*fe*/, const std::vector<pl::BodyTlv>& query) override {
    return send(pl::MsgType::Query, query);
  }
  std::uint64_t configure(std::uint32_t /*fe*/, const std::vector<pl::BodyTlv>& config) override {
    configs.push_back(world_.now());
    return send(pl::MsgType::Config, config);
  }
  std::uint64_t transact(const std::vector<ce::provision::TransactionPart>& /*parts*/) override {
    return 0;
  }
  // fe::lfb::Sink
  pl::ResultCode check(const fe::lfb::Change& change) override { return lfbs->check(change); }
  void applied(const fe::lfb::Changes& changes) override { (void)lfbs->apply(changes); }

  optical::Fabric fabric{optical::FabricConfig{
      .ports = {{kPort, "", optical::Signal::Vc4, {{slot(1), slot(kSlots), slot(1)}}}}}};
  std::optional<fe::lfb::Engine> engine;
  std::optional<fe::forwarding::FabricLfbs> lfbs;
  state::MemoryStore store;
  std::unique_ptr<TransportNode> node;
  std::optional<Fabric> ce;
  std::vector<Instant> configs;

 private:
  std::uint64_t send(pl::MsgType type, const std::vector<pl::BodyTlv>& body) {
    pl::Message m;
    m.header.type = type;
    m.header.source = {0x40000001};
    m.header.destination = {1};
    m.header.flags = pl::Flags{}
                         .with_ack(pl::Ack::Always)
                         .with_execution_mode(pl::ExecutionMode::ContinueOnFailure);
    m.body = body;
    const auto octets = pl::encode_message(m);
    EXPECT_TRUE(octets);
    const std::uint64_t ticket = ++tickets_;
    world_.after(1ms, [this, ticket, octets = *octets, period = period_] {
      answer_.clear();
      if (period == period_) {
        EXPECT_TRUE(engine->on_message(octets, true, world_.now()));
        pump();
      }
      ce::OperatorAnswer answer;
      answer.done = true;
      if (!answer_.empty()) answer.by_fe[1] = {answer_};
      ce->on_answer(ticket, answer, world_.now());
      pump();
    });
    return ticket;
  }

  World& world_;
  const NodeId self_, other_;
  std::uint64_t period_ = 0, tickets_ = 0;
  pl::Octets answer_;
};

class Elements : public testing::Test {
 protected:
  Elements() {
    a.boot();
    z.boot();
    tick();
  }
  // Every 10 ms: timers, and the traces that are due, at the other end.
  void tick() {
    pass(a, z);
    pass(z, a);
    for (Element* const one : {&a, &z}) {
      one->fabric.on_time(world.now());
      one->ce->on_time(world.now());
      one->node->on_time(world.now());
      one->pump();
    }
    world.after(10ms, [this] { tick(); });
  }
  void pass(Element& from, Element& to) {
    for (const auto& trace : from.fabric.traces_due(world.now())) {
      const optical::Frame frame{slot(kSlots + 1) - trace.from.label, optical::FrameKind::Trace, 0,
                                 std::as_bytes(std::span(trace.text))};
      (void)to.fabric.on_frame(kPort, frame, world.now());
    }
  }
  bool all_verified(Duration most) {
    const Instant end = world.now() + most;
    while (world.now() < end) {
      if (a.verified() == kSlots && z.verified() == kSlots) return true;
      (void)world.run_for(100ms);
    }
    return false;
  }
  World world;
  Element a{world, node_id(1), node_id(2)}, z{world, node_id(2), node_id(1)};
};

TEST_F(Elements, SixtyFourSlotsFindTheirOtherEndsInFiveSeconds) {
  EXPECT_TRUE(all_verified(5s));
  EXPECT_EQ(a.ce->counters().traces_refused + z.ce->counters().traces_refused, 0U);
  EXPECT_EQ(a.ce->counters().bad, 0U);
  // Each slot is set when it begins, and when it is heard; a trace that nobody changes costs
  // nothing.
  const auto set = a.ce->counters().traces_set;
  EXPECT_LE(set, 3 * kSlots);
  (void)world.run_for(60s);
  EXPECT_EQ(a.ce->counters().traces_set, set);
}

TEST_F(Elements, TracesAreSetInPacesAndNotAllAtOnce) {
  ASSERT_TRUE(all_verified(5s));
  ASSERT_GE(a.configs.size(), 3U);  // the first are the subscription
  for (std::size_t i = 2; i < a.configs.size(); ++i) {
    EXPECT_GE(a.configs[i] - a.configs[i - 1], Fabric::kTracePause);
  }
}

TEST_F(Elements, AControllerThatBeginsAnewHasThePairsAndSetsItsTracesAgain) {
  ASSERT_TRUE(all_verified(5s));
  a.boot();
  EXPECT_EQ(a.verified(), kSlots) << "of the journal";
  (void)world.run_for(5s);
  EXPECT_EQ(a.ce->counters().traces_set, kSlots) << "which say at once what is heard";
  EXPECT_EQ(z.verified(), kSlots);
}

TEST_F(Elements, WhatAnFeKeptOverARestartOfItsControllerIsInNobodysWay) {
  ASSERT_TRUE(all_verified(5s));
  a.engine->reset();
  const ce::provision::TraceChange old{
      .number = 9, .port = kPort, .label = slot(1), .text = "of an older life"};
  (void)a.configure(1, ce::provision::trace_config(1, std::span(&old, 1)));
  (void)world.run_for(10ms);
  a.boot(true);
  (void)world.run_for(10s);
  EXPECT_EQ(a.ce->counters().traces_refused, 0U);
  EXPECT_EQ(z.verified(), kSlots);
}

TEST_F(Elements, AnFeThatBeginsAnewIsToldEverythingAgain) {
  ASSERT_TRUE(all_verified(5s));
  const auto set = a.ce->counters().traces_set;
  const optical::FabricConfig same{.ports = {a.fabric.ports().at(kPort).config}};
  a.lfbs.reset();
  a.fabric = optical::Fabric(same);
  a.associate();
  a.pump();
  (void)world.run_for(6s);
  EXPECT_EQ(a.ce->counters().traces_set, set + kSlots);
  EXPECT_EQ(a.verified(), kSlots);
}

TEST_F(Elements, ATraceThatIsLostIsToldAndThePairStays) {
  ASSERT_TRUE(all_verified(5s));
  a.fabric.set(0, {{kPort, slot(1)}, {kPort, slot(2)}, optical::RowState::Active, 0, {}});
  (void)world.run_for(10s);
  EXPECT_EQ(z.fabric.received_trace({kPort, slot(kSlots - 1)}), nullptr)
      << "slot 2 of the other end carries something now";
  EXPECT_EQ(z.verified(), kSlots);
}

}  // namespace
}  // namespace forces::signaling::test
