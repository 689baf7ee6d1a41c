// Priority, back-pressure, ageing, liveness and reconnection over real sockets (rows 11 to 18).
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/e2e/tml/harness.hpp"
#include "tests/e2e/tml/raw_peer.hpp"

namespace e2e {
namespace {

// A CE whose handlers can be held up: the queue of the FE then fills.
class Flow : public testing::Test {
 protected:
  void SetUp() override {
    ce.control.user = ce.data.user = this;
    ce.control.event_handler = ce.data.event_handler = [](void* self, const tmlx_event* e) {
      Log::on_event(&static_cast<Flow*>(self)->ce.log, e);
    };
    ce.control.message_handler = ce.data.message_handler =
        [](void* self, tml_descriptor d, const tmlx_message* m, std::size_t n) {
          auto* flow = static_cast<Flow*>(self);
          std::unique_lock lock(flow->mutex);
          flow->gate.wait_for(lock, kBound, [&] { return flow->open; });
          lock.unlock();
          Log::on_messages(&flow->ce.log, d, m, n);
        };
  }
  void TearDown() override { let(true); }
  void let(bool through) {
    const std::lock_guard lock(mutex);
    open = through;
    gate.notify_all();
  }
  std::mutex mutex;
  std::condition_variable gate;
  bool open = true;
  Ce ce;
  Fe fe{2};
};

// Writes until nothing moves any more; returns how many were accepted.
std::uint64_t fill(tml_descriptor d,
                   const std::function<std::vector<std::uint8_t>(std::uint64_t)>& make) {
  std::uint64_t n = 0;
  while (n < 1'000'000 && send(d, make(n), 150) == TML_SUCCESS) ++n;
  return n;
}

TEST_F(Flow, HigherPriorityOvertakesWhatIsQueued) {
  ce.start();
  fe.open_both(ce);
  let(false);
  const std::uint64_t low =
      fill(fe.control_channel, [](std::uint64_t i) { return message(1024, i, 1); });
  ASSERT_EQ(send(fe.control_channel, message(64, 1'000'000, 7), 0), TML_SUCCESS)
      << "the last eighth is kept for the upper levels";
  let(true);
  ASSERT_TRUE(ce.log.wait_messages(low + 1));
  const auto got = ce.log.messages();
  std::size_t place = 0;
  while (number_of(got[place].data()) != 1'000'000) ++place;
  EXPECT_LT(place, got.size() - 100) << "it waited behind what was queued";
  std::uint64_t next = 0;  // and the others kept their order
  for (const auto& m : got)
    if (number_of(m.data()) != 1'000'000) {
      ASSERT_EQ(number_of(m.data()), next++);
    }
}

TEST_F(Flow, MessagesOfATransactionKeepTheirOrderWhateverTheirPri) {
  ce.start();
  fe.open_both(ce);
  let(false);
  (void)fill(fe.control_channel, [](std::uint64_t) { return message(1024, 9'999, 0); });
  for (std::uint64_t i = 0; i < 50; ++i)
    ASSERT_EQ(send(fe.control_channel, message(64, i, static_cast<unsigned>(i % 8), 0x03, true), 0),
              TML_SUCCESS);
  let(true);
  ASSERT_TRUE(eventually([&] {
    std::size_t n = 0;
    for (const auto& m : ce.log.messages()) n += number_of(m.data()) < 50;
    return n == 50;
  }));
  std::uint64_t next = 0;
  for (const auto& m : ce.log.messages())
    if (number_of(m.data()) < 50) {
      ASSERT_EQ(number_of(m.data()), next++);
    }
}

TEST_F(Flow, ControlPushesBackAndLosesNothing) {
  ce.start();
  fe.control.options.send_queue = 64 * 1024;
  fe.open_both(ce);
  let(false);
  std::atomic<std::uint64_t> written{0};
  std::thread writer([&] {
    for (std::uint64_t i = 0; i < 20'000; ++i, ++written)
      ASSERT_EQ(send(fe.control_channel, message(1024, i)), TML_SUCCESS);
  });
  ASSERT_TRUE(eventually([&] { return counter(fe.control_channel, "writes_blocked") > 0; }));
  EXPECT_LT(written, 20'000u);
  let(true);
  writer.join();
  ASSERT_TRUE(ce.log.wait_messages(20'000));
  const auto got = ce.log.messages();
  for (std::uint64_t i = 0; i < got.size(); ++i) ASSERT_EQ(number_of(got[i].data()), i);
  EXPECT_EQ(counter(fe.control_channel, "drops", "queue_full"), 0u);
}

TEST_F(Flow, WritableFollowsQueueFullAndCongestionIsTold) {
  ce.start();
  fe.control.options.send_queue = 64 * 1024;
  fe.open_both(ce);
  let(false);
  (void)fill(fe.control_channel, [](std::uint64_t i) { return message(1024, i); });
  EXPECT_TRUE(fe.log.wait_event(TMLX_EVENT_CONGESTED));
  EXPECT_EQ(send(fe.control_channel, message(1024), 0), TMLX_E_QUEUE_FULL);
  EXPECT_EQ(fe.log.count(TMLX_EVENT_WRITABLE), 0u);
  let(true);
  EXPECT_TRUE(fe.log.wait_event(TMLX_EVENT_WRITABLE));
  EXPECT_TRUE(fe.log.wait_event(TMLX_EVENT_CONGESTION_CLEARED));
}

TEST_F(Flow, OldDataIsShedAndCountedWhileControlIsNot) {
  ce.start();
  fe.data.options.message_ttl_ms = 100;
  fe.data.options.send_queue = 256 * 1024;
  fe.open_both(ce);
  let(false);
  // More than the kernel's buffers take; the queue moves on because what is old goes.
  std::uint64_t accepted = 0;
  while (counter(fe.data_channel, "drops", "ttl") == 0 && accepted < 100'000) {
    ASSERT_EQ(send(fe.data_channel, redirect(1024, accepted), 10'000), TML_SUCCESS);
    ++accepted;
  }
  ASSERT_GT(counter(fe.data_channel, "drops", "ttl"), 0u);
  EXPECT_TRUE(fe.log.wait_event(TMLX_EVENT_DROPPED, 1, TML_CHANNEL_DATA));
  let(true);
  ASSERT_TRUE(eventually([&] {
    return ce.log.messages().size() + counter(fe.data_channel, "drops", "ttl") == accepted;
  })) << "every message arrived or was counted";
}

TEST_F(Flow, ControlOfAllGoesAheadOfDataOfAny) {
  ce.start();
  fe.data.options.message_ttl_ms = -1;
  fe.open_both(ce);
  std::atomic<bool> stop{false};
  std::thread flood([&] {
    while (!stop) (void)send(fe.data_channel, redirect(1400), 100);
  });
  auto worst = 0ms;
  for (int i = 0; i < 20; ++i) {
    const auto start = std::chrono::steady_clock::now();
    ASSERT_EQ(send(fe.control_channel, message(64, static_cast<std::uint64_t>(i) + 1, 7)),
              TML_SUCCESS);
    ASSERT_TRUE(eventually([&] {
      return counter(ce.channel(TML_CHANNEL_CONTROL), "messages_received") ==
             static_cast<std::uint64_t>(i) + 1;
    }));
    worst = std::max(worst, std::chrono::duration_cast<std::chrono::milliseconds>(
                                std::chrono::steady_clock::now() - start));
  }
  stop = true;
  flood.join();
  EXPECT_LT(worst, 2000ms) << "control starved (the bench measures microseconds)";
}

TEST_F(Flow, AWatchedDescriptorThatIsAlwaysReadableLeavesOthersTheirTurn) {
  ce.start();
  fe.open_both(ce);
  const int always = ::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);  // nobody reads it
  std::atomic<std::uint64_t> calls{0};
  const auto ready = [](void* n, int) { ++*static_cast<std::atomic<std::uint64_t>*>(n); };
  ASSERT_EQ(tmlx_watch(ce.context, always, ready, &calls), TML_SUCCESS);
  ASSERT_TRUE(eventually([&] { return calls > 100; }));
  ASSERT_EQ(send(fe.control_channel, message(64, 1, 7)), TML_SUCCESS);
  EXPECT_TRUE(eventually(
      [&] { return counter(ce.channel(TML_CHANNEL_CONTROL), "messages_received") == 1; }, 5'000ms));
  EXPECT_EQ(tmlx_watch(ce.context, always, nullptr, nullptr), TML_SUCCESS);
  ::close(always);
}

// ---- tmlRead holds the peer back
// -----------------------------------------------------------------

TEST(FlowRead, ASlowReaderIsHeldBackNotDeclaredDead) {
  Ce ce;
  ce.control.message_handler = nullptr;
  ce.control.options.receive_queue = 64 * 1024;
  ce.control.options.heartbeat_ms = 50;
  ce.control.options.dead_ms = 200;
  ce.start();
  Fe fe(2);
  fe.control.options.heartbeat_ms = 50;
  fe.control.options.dead_ms = 200;
  fe.open_both(ce);
  std::uint64_t n = 0;
  while (send(fe.control_channel, message(4096, n), 20) == TML_SUCCESS) ++n;  // until nothing moves
  const tml_descriptor d = ce.channel(TML_CHANNEL_CONTROL);
  EXPECT_GE(counter(d, "receive_throttled"), 1u);
  std::vector<std::uint8_t> buffer(4096);
  const tmlx_buffer into{buffer.data(), buffer.size()};
  for (std::uint64_t i = 0; i < n; ++i) {
    std::size_t size = 0;
    ASSERT_EQ(tmlRead(d, &into, 10'000, &size), TML_SUCCESS);
    ASSERT_EQ(number_of(buffer.data()), i);
  }
  EXPECT_EQ(ce.log.count(TMLX_EVENT_CHANNEL_DOWN), 0u);
  EXPECT_EQ(fe.log.count(TMLX_EVENT_CHANNEL_DOWN), 0u);
}

// ---- liveness, reconnection
// ----------------------------------------------------------------------

TEST(Liveness, AHalfOpenPeerIsFoundWithinTheDeadInterval) {
  Ce ce;
  ce.control.options.heartbeat_ms = 50;
  ce.control.options.dead_ms = 300;
  ce.start();
  RawPeer silent(ce.port(TML_CHANNEL_CONTROL));
  const auto last_octet = std::chrono::steady_clock::now();  // or a little later
  ASSERT_TRUE(silent.send(hello(5)));
  ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_CHANNEL_UP));
  ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_HB_LOST));
  ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_CHANNEL_DOWN));
  EXPECT_EQ(ce.log.last(TMLX_EVENT_CHANNEL_DOWN).reason, TMLX_REASON_DEAD_PEER);
  EXPECT_GE(std::chrono::steady_clock::now() - last_octet, 300ms);
}

TEST(Liveness, RoundTripsOfHeartbeatsAreMeasured) {
  Ce ce;
  ce.control.options.heartbeat_ms = 20;
  ce.start();
  Fe fe(2);
  fe.control.options.heartbeat_ms = 20;
  fe.open_both(ce);
  EXPECT_TRUE(eventually([&] {
    tmlx_channel_info info = TMLX_CHANNEL_INFO_INIT;
    return tmlx_channel_get_info(fe.control_channel, &info) == TML_SUCCESS && info.rtt.count >= 3;
  }));
}

TEST(Reconnect, AfterAControlFlapBothChannelsComeBackUnderTheSameDescriptors) {
  auto ce = std::make_unique<Ce>();
  ce->start();
  const int control = ce->port(TML_CHANNEL_CONTROL), data = ce->port(TML_CHANNEL_DATA);
  Fe fe(2);
  fe.open_both(*ce);
  const tmlx_group_attributes group{sizeof group, fe.control_channel, 0xc0000001, 10'000};
  ASSERT_EQ(tmlMulticastGroupJoin(&group), TML_SUCCESS);
  ce.reset();
  ASSERT_TRUE(fe.log.wait_event(TMLX_EVENT_CLOSE, 1, TML_CHANNEL_CONTROL));
  EXPECT_EQ(fe.log.last(TMLX_EVENT_CLOSE, TML_CHANNEL_CONTROL).reason, TMLX_REASON_SHUTDOWN);
  EXPECT_EQ(send(fe.control_channel, message(24)), TMLX_E_CONNECT);
  ce = std::make_unique<Ce>();
  ce->control.port = control;
  ce->data.port = data;
  ce->start();
  ASSERT_TRUE(fe.log.wait_event(TMLX_EVENT_CHANNEL_UP, 2, TML_CHANNEL_CONTROL));
  ASSERT_TRUE(fe.log.wait_event(TMLX_EVENT_CHANNEL_UP, 2, TML_CHANNEL_DATA));
  ASSERT_EQ(send(fe.control_channel, message(24, 5)), TML_SUCCESS);
  EXPECT_TRUE(ce->log.wait_messages(1));
  EXPECT_TRUE(ce->log.wait_event(TMLX_EVENT_JOIN)) << "membership is renewed";
}

}  // namespace
}  // namespace e2e
