// The resource manager of a node against the LFB engine of FEs: transactions by the coordinator and
// Configs, the table read back by Queries, status by notifications. Octets all the way.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "ce/provision/cross_connects.hpp"
#include "ce/provision/exchange.hpp"
#include "ce/provision/transaction.hpp"
#include "ce/signaling/resource/manager.hpp"
#include "common/core/outputs.hpp"
#include "fe/lfb/engine/engine.hpp"
#include "fe/lfb/model.hpp"

namespace forces {
namespace {

using namespace ce::provision;
using namespace signaling;
using namespace signaling::resource;

struct Silent : fe::lfb::Sink {
  void applied(const fe::lfb::Changes&) override {}
};

class CrossConnectSim : public testing::Test, public TransactionCarrier {
 protected:
  struct OneFe {
    Silent sink;
    fe::lfb::Engine engine{sink};
  };
  static constexpr std::uint32_t kCe = 0x40000001;

  CrossConnectSim() {
    for (const std::uint32_t id : {1U, 2U}) {
      fes[id] = std::make_unique<OneFe>();
      fes[id]->engine.set_id(id);
      fes[id]->engine.store().add(model::kCrossConnectClass, 1);
    }
    start();
  }
  void start() {
    manager = std::make_unique<Manager>(ManagerConfig{.self = {10}});
    said.clear();
    for (const auto& [id, port] : {std::pair(1U, FePort{1, 1}), std::pair(2U, FePort{2, 1})}) {
      manager->set_interface({.id = id, .port = port, .labels = LabelRanges::sdh_slots(1, 4)});
    }
    manager->set_inter_fe_link({.a = {1, 9}, .b = {2, 9}, .labels = LabelRanges::sdh_slots(1, 4)});
    for (const auto& [id, fe] : fes) {
      (void)ask(id, pl::MsgType::Config, {}, cross_connect_subscription(1));
      manager->on_fe_up(id, now);
    }
    run();
  }

  // --- TransactionCarrier ---
  bool free(std::uint32_t) override { return true; }
  void hold(std::uint32_t, bool) override {}
  void distrust(std::uint32_t) override {}
  std::uint64_t send(std::uint32_t fe, pl::TransactionPhase phase,
                     const std::vector<pl::BodyTlv>& body, bool answered) override {
    const auto flags = pl::Flags{}
                           .with_execution_mode(pl::ExecutionMode::AllOrNone)
                           .with_atomic(true)
                           .with_phase(phase);
    const auto answers = ask(fe, pl::MsgType::Config, flags, body);
    if (!answered) return 0;
    AwaitedResults awaited(body);
    pl::ResultCode code = pl::ResultCode::Success;
    bool whole = body.empty();
    for (const pl::Octets& octets : answers) {
      const auto view = pl::MessageView::parse(octets);
      EXPECT_TRUE(view);
      (void)succeeded(*view, &code);
      whole = awaited.take(*view);
    }
    EXPECT_TRUE(whole || code != pl::ResultCode::Success) << "a path without a result";
    waiting.emplace_back(fe, ++correlator, code);
    return correlator;
  }

  std::vector<pl::Octets> ask(std::uint32_t fe, pl::MsgType type, pl::Flags flags,
                              const std::vector<pl::BodyTlv>& body) {
    pl::Message m;
    m.header.type = type;
    m.header.source = {kCe};
    m.header.destination = {fe};
    m.header.correlator = 7;
    m.header.flags = flags.with_ack(pl::Ack::Always).with_priority(5);
    if (!flags.atomic()) {
      m.header.flags = m.header.flags.with_execution_mode(pl::ExecutionMode::ContinueOnFailure);
    }
    m.body = body;
    const auto octets = pl::encode_message(m);
    EXPECT_TRUE(octets);
    EXPECT_TRUE(fes[fe]->engine.on_message(*octets, true, now));
    return drain(fe);
  }
  std::vector<pl::Octets> drain(std::uint32_t fe) {
    std::vector<pl::Octets> answers;
    while (auto output = fes[fe]->engine.poll_output()) {
      if (auto* respond = std::get_if<fe::lfb::Respond>(&*output)) {
        answers.push_back(std::move(respond->octets));
      } else {
        const auto& octets = std::get<fe::lfb::Notify>(*output).octets;
        for (const auto& event : read_cross_connect_events(*pl::MessageView::parse(octets))) {
          manager->on_row_status(fe, event.number, event.status, now);
        }
      }
    }
    return answers;
  }
  void perform(const Transaction& t) {
    std::vector<TransactionPart> parts;
    for (const FeRows& rows : t.fes) {
      parts.push_back({.fe = rows.fe, .configs = cross_connect_configs(1, rows.changes, 3)});
    }
    ASSERT_TRUE(coordinator.begin(parts, *this, now));
    while (!waiting.empty()) {
      const auto [fe, number, code] = waiting.front();
      waiting.pop_front();
      coordinator.on_answer(fe, number, code, *this, now);
    }
    const auto record = coordinator.poll_output();
    ASSERT_TRUE(record);
    TransactionResult result;
    if (record->state != TransactionState::Completed) {
      result.kind = TransactionResult::Kind::Refused;
      result.fe = record->failed_fe;
      for (const TransactionFe& fe : record->fes) {
        if (fe.fe == record->failed_fe) result.code = static_cast<std::uint32_t>(fe.code);
      }
    }
    manager->on_result(t.id, result, now);
  }
  void read(std::uint32_t fe) {
    CrossConnectReader reader;
    // Two pages, as a large table has them.
    for (const pl::TableRange range : {pl::TableRange{0, 2}, pl::TableRange{3, pl::kLastRow}}) {
      for (const auto& octets : ask(fe, pl::MsgType::Query, {}, cross_connect_query(1, range))) {
        EXPECT_TRUE(reader.take(*pl::MessageView::parse(octets))) << to_string(reader.code());
      }
    }
    manager->on_rows(fe, reader.rows(), now);
  }
  void run() {
    while (auto output = manager->poll_output()) {
      if (const auto* t = std::get_if<Transaction>(&*output)) {
        perform(*t);
      } else if (const auto* r = std::get_if<ReadRows>(&*output)) {
        read(r->fe);
      } else {
        said.push_back(*output);
      }
    }
  }
  std::size_t rows(std::uint32_t fe) {
    std::size_t count = 0;
    fes[fe]->engine.each_row({kCrossConnect, 1}, 1, [&](std::uint32_t, wire::Bytes) { ++count; });
    return count;
  }
  static Wants wants(std::uint16_t n, std::uint16_t vcs = 0) {
    Wants w;
    w.owner.lsp = {.end_point = {99}, .sender = {98}, .tunnel_id = n};
    w.signal.nvc = vcs;
    w.in.interface = 1;
    w.out.interface = 2;
    return w;
  }
  ConnectionState state(std::uint16_t n) { return manager->connection(wants(n).owner.lsp)->state; }

  Instant now{std::chrono::seconds(1)};
  std::map<std::uint32_t, std::unique_ptr<OneFe>> fes;
  std::unique_ptr<Manager> manager;
  Coordinator coordinator;
  std::deque<std::tuple<std::uint32_t, std::uint64_t, pl::ResultCode>> waiting;
  std::uint64_t correlator = 0;
  std::vector<Output> said;
};

TEST_F(CrossConnectSim, RowsAreReservedActiveAndGone) {
  ASSERT_TRUE(manager->reserve(wants(1, 3), now));
  run();
  EXPECT_EQ(state(1), ConnectionState::Reserved);
  EXPECT_EQ(rows(1), 6U);
  EXPECT_EQ(rows(2), 6U);
  ASSERT_TRUE(manager->activate(wants(1).owner.lsp, {}, now));
  run();
  EXPECT_EQ(state(1), ConnectionState::Active);
  fes[1]->engine.each_row({kCrossConnect, 1}, 1, [&](std::uint32_t, wire::Bytes octets) {
    const auto row = read_cross_connect(octets);
    ASSERT_TRUE(row);
    EXPECT_TRUE(row->active);
    EXPECT_EQ(row->owner, wants(1).owner);
  });
  manager->release(wants(1).owner.lsp, now);
  run();
  EXPECT_EQ(rows(1) + rows(2), 0U);
  EXPECT_TRUE(manager->connections().empty());
}

TEST_F(CrossConnectSim, ARestartedManagerReadsItsRowsAndTouchesNone) {
  const auto labels = manager->reserve(wants(1, 3), now);
  ASSERT_TRUE(labels);
  ASSERT_TRUE(manager->activate(wants(1).owner.lsp, {}, now));
  run();
  start();
  ASSERT_EQ(said.size(), 3U) << "what is found, and free labels of two interfaces";
  EXPECT_EQ(std::get<Found>(said[0]).owner, wants(1).owner);
  const auto committed = fes[1]->engine.counters().committed;
  EXPECT_EQ(manager->reserve(wants(1, 3), now), labels);
  run();
  EXPECT_EQ(state(1), ConnectionState::Active);
  EXPECT_EQ(fes[1]->engine.counters().committed, committed);
}

TEST_F(CrossConnectSim, ARefusalOfOneFeChangesNoOther) {
  // Somebody else's row at FE 2 has the place where the second fibre label would lead.
  Row foreign{.in_port = 9, .in_label = 0x10000, .out_port = 7, .out_label = 0x10000, .owner = {}};
  ASSERT_TRUE(fes[2]->engine.put_row({kCrossConnect, 1}, 1, 40, pack(foreign), now));
  (void)drain(2);
  ASSERT_TRUE(manager->reserve(wants(1), now));
  run();
  EXPECT_EQ(rows(1), 0U);
  EXPECT_EQ(rows(2), 1U);
  const auto refused = std::ranges::find_if(
      said, [](const Output& o) { return std::holds_alternative<Settled>(o); });
  ASSERT_NE(refused, said.end());
  EXPECT_EQ(std::get<Settled>(*refused).what, Settled::What::ReserveRefused);
  EXPECT_EQ(std::get<Settled>(*refused).fe, 2U);
  // It was read after that, so another label is taken.
  ASSERT_TRUE(manager->reserve(wants(1), now));
  run();
  EXPECT_EQ(state(1), ConnectionState::Reserved);
  EXPECT_EQ(rows(2), 3U);
}

TEST_F(CrossConnectSim, AnEventOfARowHitsItsOwner) {
  ASSERT_TRUE(manager->reserve(wants(1), now));
  run();
  said.clear();
  const auto view = manager->connection(wants(1).owner.lsp);
  const std::uint32_t number = view->rows.at(0).at.number;
  for (const std::byte octet : {std::byte{1}, std::byte{2}}) {
    ASSERT_TRUE(fes[1]->engine.put_row({kCrossConnect, 1}, 2, number, {&octet, 1}, now));
    (void)drain(1);
  }
  run();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_TRUE(std::get<Hit>(said[0]).failing);
}

}  // namespace
}  // namespace forces
