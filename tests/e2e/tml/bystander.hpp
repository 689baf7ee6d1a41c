// An FE that has nothing to do with the test and must not notice it: it sends on both channels all
// the while, and at the end everything has arrived, in order, over the connections of the start.
#pragma once

#include <atomic>
#include <thread>

#include "tests/e2e/tml/harness.hpp"

namespace e2e {

class Bystander {
 public:
  explicit Bystander(Ce& ce) : ce_(ce) {}
  ~Bystander() { stop(); }

  // Before the CE starts: its handlers sort what the bystander sent from what the test looks at.
  void watch() {
    for (auto* a : {&ce_.control, &ce_.data}) {
      a->user = this;
      a->event_handler = [](void* self, const tmlx_event* e) {
        Log::on_event(&static_cast<Bystander*>(self)->ce_.log, e);
      };
      a->message_handler = [](void* self, tml_descriptor d, const tmlx_message* m, std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) static_cast<Bystander*>(self)->sort(d, m[i]);
      };
    }
    fe.data.options.message_ttl_ms = -1;
  }
  void start() {
    fe.open_both(ce_);
    if (testing::Test::HasFatalFailure()) return;
    writer_ = std::thread([this] {
      for (std::uint64_t i = 0; !stop_; ++i) {
        ASSERT_EQ(send(fe.control_channel, message(64, kOwn | i), 10'000), TML_SUCCESS);
        ASSERT_EQ(send(fe.data_channel, redirect(64, kOwn | i), 10'000), TML_SUCCESS);
        sent_ = i + 1;
        std::this_thread::sleep_for(2ms);
      }
    });
    ASSERT_TRUE(eventually([&] { return arrived_[1] != 0; }));
  }
  void check() {
    if (!writer_.joinable()) return;
    stop();
    EXPECT_TRUE(eventually([&] { return arrived_[0] == sent_ && arrived_[1] == sent_; }))
        << "sent " << sent_ << ", arrived " << arrived_[0] << " and " << arrived_[1];
    EXPECT_EQ(out_of_order_, 0u);
    EXPECT_EQ(fe.log.count(TMLX_EVENT_CHANNEL_UP), 2u) << "a channel was set up again";
    EXPECT_EQ(fe.log.count(TMLX_EVENT_CHANNEL_DOWN), 0u);
    EXPECT_EQ(fe.log.count(TMLX_EVENT_CLOSE), 0u);
    EXPECT_EQ(fe.log.count(TMLX_EVENT_HB_LOST), 0u);
  }
  Fe fe{9};

 private:
  static constexpr std::uint64_t kOwn = std::uint64_t{1} << 63;
  void stop() {
    stop_ = true;
    if (writer_.joinable()) writer_.join();
  }
  void sort(tml_descriptor d, const tmlx_message& m) {
    const std::uint64_t number = number_of(m.data);
    if ((number & kOwn) == 0) return Log::on_messages(&ce_.log, d, &m, 1);
    const bool data = static_cast<const std::uint8_t*>(m.data)[1] == 0x06;
    if ((number ^ kOwn) != arrived_[data ? 1 : 0]++) ++out_of_order_;
  }
  Ce& ce_;
  std::thread writer_;
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> sent_{0}, out_of_order_{0};
  std::array<std::atomic<std::uint64_t>, 2> arrived_{};
};

}  // namespace e2e
