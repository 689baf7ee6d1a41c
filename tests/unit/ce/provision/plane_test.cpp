// Which acknowledged rows are in the FE's kernel, by what its class KernelPlane says.
#include "ce/provision/rows/plane.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <deque>

#include "tests/support/octets/hex.hpp"
#include "tests/support/sim/steps.hpp"
#include "tests/unit/ce/provision/scripted_fe.hpp"

namespace forces::ce::provision {
namespace {

using namespace std::chrono_literals;
using routing::Delta;
using routing::IpAddress;
using routing::IpPrefix;
using routing::NextHopRow;
using routing::PrefixRow;
using test::at;

IpPrefix prefix(std::uint32_t value) { return {IpAddress::v4(0x0a000000 + (value << 8)), 24}; }

// Two next hops; prefix n leads to next hop 1 + n % 2.
struct Routes : RowSource {
  explicit Routes(std::uint32_t count) {
    for (std::uint32_t n = 1; n <= count; ++n) rows[n] = 1 + n % 2;
  }
  void put(std::uint32_t n) {
    rows[n] = 1 + n % 2;
    queue.emplace_back(PrefixRow{.row = n, .prefix = prefix(n), .hop_selector = rows[n]});
  }
  void on_fe(FeId) override {
    queue.clear();
    for (std::uint32_t n = 1; n <= 2; ++n) {
      queue.emplace_back(NextHopRow{
          .family = Family::V4, .hop_selector = n, .l3_port_id = n, .next_hop_ip_addr = {}});
    }
    for (const auto& [n, hop] : rows) put(n);
  }
  void on_fe_gone(FeId) override {}
  std::optional<Delta> poll(FeId) override {
    if (queue.empty()) return std::nullopt;
    Delta next = std::move(queue.front());
    queue.pop_front();
    return next;
  }
  [[nodiscard]] bool complete() const override { return true; }
  [[nodiscard]] std::size_t leading_only_to(FeId, const HasFailed& failed) const override {
    std::size_t count = 0;
    for (const auto& [row, hop] : rows) count += failed(Family::V4, false, hop) ? 1U : 0U;
    return count;
  }
  std::map<std::uint32_t, std::uint32_t> rows;
  std::deque<Delta> queue;
};

class PlaneTest : public testing::Test {
 protected:
  PlaneTest() { sync.set_source(&routes); }
  void start(std::uint32_t instance = 1) {
    sync.start({1, 1, 1, 1, 1, 1}, now);
    reader.start(instance);
    run();
  }
  // Everything that can happen without time passing.
  void run() {
    for (int budget = 0; budget < 1000; ++budget) {
      sync.pump(now);
      reader.pump(exchange, sync, true, now);
      auto request = exchange.poll_output();
      if (!request) return;
      const auto message = pl::MessageView::parse(*request).value();
      if ((*message.selects().begin()).class_id.value != kKernelPlane) {
        deliver(fe.answer(*request).value());
      } else if (message.header().type == pl::MsgType::Config) {
        ++subscriptions;
        subscription = *request;
        deliver(answer(*request));
      } else {
        ++asked;
        if (const auto reply = answer(*request); answers) deliver(reply);
      }
    }
    ADD_FAILURE() << "it does not end";
  }
  void deliver(const pl::Octets& octets) {
    const auto a = exchange.on_response(pl::decode_header(octets).value(), octets, now);
    ASSERT_TRUE(a);
    if (a->purpose == Purpose::Plane) return reader.on_answer(*a, sync, now);
    if (a->purpose != Purpose::Subscriptions) (void)sync.on_answer(*a, now);
  }
  pl::Octets answer(const pl::Octets& octets) {
    const auto request = pl::MessageView::parse(octets).value();
    pl::MessageWriter w(
        pl::response_header(request.header(), *pl::response_to(request.header().type), {1}));
    for (const pl::LfbSelectView select : request.selects()) {
      const auto scope = w.lfb_select(select.class_id, select.instance_id);
      for (const pl::OperView oper : select.operations) {
        const auto operation = w.operation(*pl::response_to(oper.type));
        for (const pl::ItemView item : oper.items()) {
          const auto path = w.path(item.path().ids);
          if (oper.type != pl::OperType::Get) {
            w.result(pl::ResultCode::Success);
          } else {
            w.full_data(value(item.path().ids[0]));
          }
        }
      }
    }
    return std::move(w).finish().value();
  }
  pl::Octets value(std::uint32_t component) const {
    if (component == cut) return test::hex("00000000 04");
    wire::ByteWriter w;
    switch (component) {
      case 1:
        w.u8(static_cast<std::uint8_t>(kernel.state));
        break;
      case 7:
        for (const auto& [name, error] : kernel.failed_routes) {
          w.u32(0);
          w.u8(4);
          w.bytes(std::as_bytes(std::span(name.address.octets)));
          w.u8(name.length);
          w.u32(error);
        }
        break;
      case 8:
        for (const auto& [hop, error] : kernel.failed_hops) {
          w.u32(0);
          w.u8(4);
          w.u8(hop.set ? 1 : 0);
          w.u32(hop.number);
          w.u32(error);
        }
        break;
      default:
        w.u32(std::array{kernel.waiting, kernel.pending, kernel.installed, kernel.failed,
                         kernel.stale}[component - 2]);
    }
    return {w.written().begin(), w.written().end()};
  }
  void settles() {  // PlaneSettled
    pl::Header header;
    header.type = pl::MsgType::EventNotification;
    pl::MessageWriter w(header);
    {
      const std::uint32_t ids[] = {60, 6};
      const auto select = w.lfb_select({kKernelPlane}, {1});
      const auto oper = w.operation(pl::OperType::Report);
      const auto path = w.path(ids);
      w.full_data(test::hex("00000001 00000000 00000000 00000000 00000000 00000000"));
    }
    const auto octets = std::move(w).finish().value();
    for (const auto select : pl::MessageView::parse(octets)->selects()) {
      reader.on_event(select, now);
    }
    run();
  }
  void pass(Duration time) {
    const Instant end = now + time;
    for (int budget = 0; budget < 1000; ++budget) {
      auto due = reader.next_deadline(sync);
      if (const auto other = sync.next_deadline(); other && (!due || *other < *due)) due = other;
      if (!due || *due > end) break;
      now = std::max(now, *due);
      sync.on_timer(now);
      run();
    }
    now = end;
  }
  InKernel state(std::uint32_t row) {
    const std::uint32_t hops[] = {routes.rows.at(row)};
    return reader.look_up(sync.rows(), {RowKind::Prefix, row}, prefix(row), hops);
  }
  RowState book(std::uint32_t row) { return sync.rows().state({RowKind::Prefix, row}); }

  Instant now = at(10s);
  Exchange exchange{0x40000001, 1, {}};
  ScriptedFe fe;
  Routes routes{6};
  FibSync sync{1, exchange, {}};
  PlaneReader reader;
  KernelPlane kernel{.state = PlaneState::Running, .installed = 6};
  pl::Octets subscription;
  std::uint32_t cut = 0;
  bool answers = true;
  int asked = 0, subscriptions = 0;
};

TEST_F(PlaneTest, AcknowledgedRowsAreInstalledOnceThePlaneHasSettled) {
  kernel.pending = 6;
  start();
  EXPECT_EQ(asked, 1) << "when the rows are at rest";
  EXPECT_EQ(state(1).state, RowState::Acknowledged);
  kernel.pending = 0;
  now += 200ms;
  settles();
  EXPECT_EQ(asked, 2);
  for (std::uint32_t row = 1; row <= 6; ++row) EXPECT_EQ(state(row).state, RowState::Installed);
  EXPECT_EQ(sync.rows().count(RowState::Installed), 8U) << "next hops as well";
  EXPECT_EQ(reader.plane().installed, 6U);
}

TEST_F(PlaneTest, SubscribesToBothEventsAtMostTenTimesASecond) {
  start();
  ASSERT_EQ(subscriptions, 1);
  const auto message = pl::MessageView::parse(subscription).value();
  int events = 0;
  for (const auto select : message.selects()) {
    for (const pl::OperView oper : select.operations) {
      EXPECT_EQ(oper.type, pl::OperType::SetProp);
      for (const pl::ItemView item : oper.items()) {
        ++events;
        const auto wanted = pl::read_event_properties(*item.path().items.begin());
        ASSERT_TRUE(wanted);
        EXPECT_EQ(wanted->registration, 1U);
        EXPECT_EQ(wanted->interval, 100U);
      }
    }
  }
  EXPECT_EQ(events, 2);
}

TEST_F(PlaneTest, ARowSentSinceIsNotInstalledBeforeTheNextSettling) {
  start();
  ASSERT_EQ(state(1).state, RowState::Installed);
  now += 1s;
  routes.put(7);
  routes.put(1);
  run();
  EXPECT_EQ(state(7).state, RowState::Acknowledged);
  EXPECT_EQ(state(1).state, RowState::Acknowledged) << "it was written again";
  EXPECT_EQ(state(2).state, RowState::Installed);
  EXPECT_EQ(asked, 1) << "its event is waited for";
  settles();
  EXPECT_EQ(state(7).state, RowState::Installed);
  EXPECT_EQ(state(1).state, RowState::Installed);
}

TEST_F(PlaneTest, AReadingSaysNothingOfARowThatWasSentMeanwhile) {
  answers = false;
  sync.start({1, 1, 1, 1, 1, 1}, now);
  reader.start(1);
  sync.pump(now);
  run();
  ASSERT_EQ(asked, 1);
  routes.put(7);
  run();  // acknowledged before the answer to the question
  ASSERT_EQ(book(7), RowState::Acknowledged);
  reader.on_unanswered();
  EXPECT_EQ(state(7).state, RowState::Acknowledged);
  answers = true;
  pass(2s);
  EXPECT_EQ(state(7).state, RowState::Installed);
}

TEST_F(PlaneTest, AnAnswerToAnOlderQuestionPromotesNothing) {
  pl::Octets question;
  answers = false;
  start();
  // The same question again, by hand: its answer is held back while a row goes out and is answered.
  reader.on_unanswered();
  now += 1s;
  sync.pump(now);
  reader.pump(exchange, sync, true, now);
  question = exchange.poll_output().value();
  routes.put(7);
  run();
  ASSERT_EQ(book(7), RowState::Acknowledged);
  deliver(answer(question));
  run();
  EXPECT_EQ(book(7), RowState::Acknowledged);
  EXPECT_EQ(state(1).state, RowState::Acknowledged) << "nobody can say which rows were meant";
  answers = true;
  pass(2s);
  EXPECT_EQ(state(7).state, RowState::Installed) << "asked again though no event came";
}

TEST_F(PlaneTest, ARefusedRouteHasFailedWithItsErrnoAndOthersAreInstalled) {
  kernel.failed = 1;
  kernel.failed_routes[prefix(3)] = EINVAL;
  start();
  EXPECT_EQ(state(3).state, RowState::Failed);
  EXPECT_EQ(state(3).error, static_cast<std::uint32_t>(EINVAL));
  EXPECT_FALSE(state(3).by_next_hop);
  EXPECT_EQ(state(1).state, RowState::Installed);
  kernel.failed = 0;
  kernel.failed_routes.clear();
  now += 1s;
  settles();
  EXPECT_EQ(state(3).state, RowState::Installed);
}

TEST_F(PlaneTest, RoutesOfARefusedNextHopHaveFailedByIt) {
  kernel.waiting = 3;
  kernel.failed_hops[{Family::V4, false, 2}] = EHOSTUNREACH;
  start();
  EXPECT_EQ(state(1).state, RowState::Failed);
  EXPECT_EQ(state(1).error, static_cast<std::uint32_t>(EHOSTUNREACH));
  EXPECT_TRUE(state(1).by_next_hop);
  EXPECT_EQ(state(2).state, RowState::Installed) << "the three that wait are those of next hop 2";
}

TEST_F(PlaneTest, WhatWaitsForNoKnownReasonLeavesAllAcknowledged) {
  start();
  ASSERT_EQ(state(2).state, RowState::Installed);
  kernel.waiting = 3;  // a link went down
  now += 1s;
  reader.on_link(now);
  run();
  for (std::uint32_t row = 1; row <= 6; ++row) EXPECT_EQ(state(row).state, RowState::Acknowledged);
  kernel.waiting = 0;
  now += 1s;
  settles();
  EXPECT_EQ(state(2).state, RowState::Installed);
}

TEST_F(PlaneTest, WhileSomethingIsPendingTheOthersStayInstalled) {
  start();
  kernel.pending = 1;
  now += 1s;
  settles();
  EXPECT_EQ(state(2).state, RowState::Installed);
  kernel.pending = 0;
  kernel.failed = 1;
  kernel.failed_routes[prefix(2)] = ENOMEM;
  pass(3s);  // its event was lost
  EXPECT_EQ(state(2).state, RowState::Failed);
}

TEST_F(PlaneTest, AnEventIsLookedAfterOnceMoreASecondLater) {
  start();
  now += 1s;
  const int before = asked;
  settles();
  settles();
  EXPECT_EQ(asked, before + 1) << "not more often than every 100 ms";
  pass(10s);
  EXPECT_EQ(asked, before + 3);
  EXPECT_FALSE(reader.next_deadline(sync)) << "and then there is peace";
}

TEST_F(PlaneTest, AnFeWithoutTheClassIsNeverAsked) {
  start(0);
  settles();
  pass(10s);
  EXPECT_EQ(asked + subscriptions, 0);
  EXPECT_EQ(state(1).state, RowState::Acknowledged);
  EXPECT_FALSE(reader.plane().known());
}

TEST_F(PlaneTest, APlaneThatDoesNotRunHasInstalledNothing) {
  for (const PlaneState is : {PlaneState::Off, PlaneState::Failed}) {
    kernel.state = is;
    start();
    EXPECT_EQ(state(1).state, RowState::Acknowledged);
    EXPECT_EQ(reader.plane().state, is);
    pass(100s);
    EXPECT_FALSE(reader.next_deadline(sync)) << "an event says when it runs";
  }
}

TEST_F(PlaneTest, ATableThatHasNotEveryRefusedRowLeavesTheRestAcknowledged) {
  kernel.failed = 1001;
  for (std::uint32_t n = 0; n < 1000; ++n) kernel.failed_routes[prefix(n + 3)] = EINVAL;
  start();
  EXPECT_EQ(state(3).state, RowState::Failed);
  EXPECT_EQ(state(1).state, RowState::Acknowledged);
}

TEST_F(PlaneTest, ValuesThatCannotBeReadSayNothing) {
  for (const std::uint32_t component : {2u, 5u, 7u, 8u}) {
    cut = component;
    start();
    EXPECT_EQ(state(1).state, RowState::Acknowledged) << component;
  }
  cut = 0;
  start();
  EXPECT_EQ(state(1).state, RowState::Installed);
}

}  // namespace
}  // namespace forces::ce::provision
