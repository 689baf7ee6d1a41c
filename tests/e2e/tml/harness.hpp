// A CE and FEs in one process, over loopback, with certificates made on the spot.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/e2e/tml/certificates.hpp"
#include "tml/tml.h"

namespace e2e {

using namespace std::chrono_literals;

inline constexpr std::uint32_t kCe = 0x40000001;
inline constexpr std::chrono::seconds kBound{20};  // no test waits longer for anything

// A PL message: Config on control, PacketRedirect on data.
inline std::vector<std::uint8_t> message(std::size_t size, std::uint64_t number = 0,
                                         unsigned priority = 1, std::uint8_t type = 0x03,
                                         bool transaction = false) {
  std::vector<std::uint8_t> m(std::max<std::size_t>(size, 24), 0x5a);
  std::fill_n(m.begin(), 24, std::uint8_t{0});
  m[0] = 0x10;
  m[1] = type;
  m[2] = static_cast<std::uint8_t>(size / 4 >> 8);
  m[3] = static_cast<std::uint8_t>(size / 4);
  for (int i = 0; i < 8; ++i)
    m[static_cast<std::size_t>(12 + i)] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
  m[20] = static_cast<std::uint8_t>(priority << 3);
  m[21] = transaction ? 0x20 : 0;
  return m;
}
inline std::vector<std::uint8_t> redirect(std::size_t size, std::uint64_t number = 0,
                                          unsigned priority = 1) {
  return message(size, number, priority, 0x06);
}
inline std::uint64_t number_of(const void* data) {
  const auto* p = static_cast<const std::uint8_t*>(data);
  std::uint64_t n = 0;
  for (int i = 12; i < 20; ++i) n = n << 8 | p[i];
  return n;
}

struct Event {
  tmlx_event_type type;
  tml_descriptor descriptor;
  tml_channel_type channel;
  std::uint32_t element, group_id;
  tml_descriptor group;
  tml_status status;
  tmlx_reason reason;
  std::uint64_t count;
  std::string detail;
};

// What callbacks saw; waits for conditions.
class Log {
 public:
  static void on_event(void* self, const tmlx_event* e) { static_cast<Log*>(self)->add(*e); }
  static void on_messages(void* self, tml_descriptor, const tmlx_message* m, std::size_t n) {
    auto* log = static_cast<Log*>(self);
    const std::lock_guard lock(log->mutex_);
    for (std::size_t i = 0; i < n; ++i) {
      log->messages_.emplace_back(static_cast<const std::uint8_t*>(m[i].data),
                                  static_cast<const std::uint8_t*>(m[i].data) + m[i].size);
    }
    log->cv_.notify_all();
  }
  template <class Predicate>
  [[nodiscard]] bool wait(Predicate done, std::chrono::milliseconds bound = kBound) {
    std::unique_lock lock(mutex_);
    return cv_.wait_for(lock, bound, done);
  }
  // The n-th event (from 1) of this type, and channel type if given.
  [[nodiscard]] bool wait_event(tmlx_event_type type, std::size_t n = 1, int channel = 0) {
    return wait([&] { return count_locked(type, channel) >= n; });
  }
  // What a daemon writes into its log: an event of this type and reason whose text has `part`.
  [[nodiscard]] bool told(tmlx_event_type type, tmlx_reason reason, const std::string& part) {
    return wait([&] {
      return std::any_of(events_.begin(), events_.end(), [&](const Event& e) {
        return e.type == type && e.reason == reason && e.detail.find(part) != std::string::npos;
      });
    });
  }
  [[nodiscard]] bool wait_messages(std::size_t n) {
    return wait([&] { return messages_.size() >= n; });
  }
  std::size_t count(tmlx_event_type type, int channel = 0) {
    const std::lock_guard lock(mutex_);
    return count_locked(type, channel);
  }
  Event last(tmlx_event_type type, int channel = 0) {
    const std::lock_guard lock(mutex_);
    for (auto e = events_.rbegin(); e != events_.rend(); ++e)
      if (e->type == type && (channel == 0 || e->channel == channel)) return *e;
    return {};
  }
  std::vector<std::vector<std::uint8_t>> messages() {
    const std::lock_guard lock(mutex_);
    return messages_;
  }
  std::function<void(const tmlx_event&)> hook;  // set before use; runs on the I/O thread

 private:
  void add(const tmlx_event& e) {
    {
      const std::lock_guard lock(mutex_);
      events_.push_back({e.type, e.descriptor, e.channel_type, e.element_id, e.group_id, e.group,
                         e.status, e.reason, e.count, e.detail});
      cv_.notify_all();
    }
    if (hook) hook(e);
  }
  std::size_t count_locked(tmlx_event_type type, int channel) const {
    std::size_t n = 0;
    for (const Event& e : events_) n += e.type == type && (channel == 0 || e.channel == channel);
    return n;
  }
  std::mutex mutex_;
  std::condition_variable cv_;
  std::deque<Event> events_;
  std::vector<std::vector<std::uint8_t>> messages_;
};

template <class Done>
[[nodiscard]] bool eventually(Done done, std::chrono::milliseconds bound = kBound) {
  const auto end = std::chrono::steady_clock::now() + bound;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

inline std::uint64_t counter(const std::uint64_t* values, const std::string& name,
                             const std::string& label = "") {
  for (std::size_t i = 0; i < tmlx_counter_count(); ++i) {
    const auto* info = tmlx_counter_info(i);
    if (name == info->name && label == info->label) return values[i];
  }
  ADD_FAILURE() << "no counter " << name << " " << label;
  return 0;
}
inline std::uint64_t counter(tmlx_context* c, const std::string& name,
                             const std::string& label = "") {
  std::vector<std::uint64_t> v(tmlx_counter_count());
  EXPECT_EQ(tmlx_context_counters(c, v.data(), v.size()), TML_SUCCESS);
  return counter(v.data(), name, label);
}
inline std::uint64_t counter(tml_descriptor d, const std::string& name,
                             const std::string& label = "") {
  std::vector<std::uint64_t> v(tmlx_counter_count());
  EXPECT_EQ(tmlx_channel_counters(d, v.data(), v.size()), TML_SUCCESS);
  return counter(v.data(), name, label);
}

// Owns a context and the log of its callbacks.
struct Element {
  Log log;
  tmlx_context* context = nullptr;
  tmlx_tls tls = TMLX_TLS_INIT;
  tmlx_config config = TMLX_CONFIG_INIT;
  std::vector<std::string> files;

  explicit Element(std::uint32_t id) {
    config.local_id = id;
    config.tls = &tls;
    config.event_handler = Log::on_event;
    config.user = &log;
    tls.flags = TMLX_TLS_PLAINTEXT;
  }
  ~Element() { tmlx_context_destroy(context); }
  Element(const Element&) = delete;
  Element& operator=(const Element&) = delete;

  void certify(const Pki& pki, const Pki::Files& own, std::uint32_t flags = 0) {
    files = {pki.ca(), own.cert, own.key};
    tls.flags = flags;
    tls.ca_file = files[0].c_str();
    tls.cert_file = files[1].c_str();
    tls.key_file = files[2].c_str();
  }
  void create() {
    ASSERT_EQ(tmlx_context_create(&config, &context), TML_SUCCESS) << tmlx_last_error();
  }
};

struct Ce : Element {
  tmlx_init_attributes control = TMLX_INIT_ATTRIBUTES_INIT, data = TMLX_INIT_ATTRIBUTES_INIT;
  explicit Ce(std::uint32_t id = kCe) : Element(id) {
    for (auto* a : {&control, &data}) {
      a->event_handler = Log::on_event;
      a->message_handler = Log::on_messages;
      a->user = &log;
      a->port = TMLX_PORT_EPHEMERAL;
    }
  }
  void start() {
    create();
    control.context = data.context = context;
    ASSERT_EQ(tmlInit(TML_CHANNEL_CONTROL, &control), TML_SUCCESS) << tmlx_last_error();
    ASSERT_EQ(tmlInit(TML_CHANNEL_DATA, &data), TML_SUCCESS) << tmlx_last_error();
  }
  int port(tml_channel_type t) { return tmlx_listen_port(context, t); }
  // The CE's end of the last channel that came up.
  tml_descriptor channel(tml_channel_type t) {
    return log.last(TMLX_EVENT_CHANNEL_UP, t).descriptor;
  }
};

struct Fe : Element {
  tmlx_channel_attributes control = TMLX_CHANNEL_ATTRIBUTES_INIT,
                          data = TMLX_CHANNEL_ATTRIBUTES_INIT;
  tml_descriptor control_channel{0}, data_channel{0};
  explicit Fe(std::uint32_t id) : Element(id) {
    for (auto* a : {&control, &data}) {
      a->message_handler = Log::on_messages;
      a->user = &log;
      a->backoff_min_ms = 20;
      a->backoff_max_ms = 200;
    }
  }
  void start(Ce& ce) {
    create();
    control.context = data.context = context;
    control.port = ce.port(TML_CHANNEL_CONTROL);
    data.port = ce.port(TML_CHANNEL_DATA);
  }
  tml_status open(tml_channel_type t) {
    return tmlOpen(t, kCe, TML_MODE_UNICAST, t == TML_CHANNEL_CONTROL ? &control : &data,
                   Log::on_event, t == TML_CHANNEL_CONTROL ? &control_channel : &data_channel);
  }
  void open_both(Ce& ce) {
    start(ce);
    ASSERT_EQ(open(TML_CHANNEL_CONTROL), TML_SUCCESS) << tmlx_last_error();
    ASSERT_EQ(open(TML_CHANNEL_DATA), TML_SUCCESS) << tmlx_last_error();
    ASSERT_TRUE(log.wait_event(TMLX_EVENT_CHANNEL_UP, 1, TML_CHANNEL_CONTROL));
    ASSERT_TRUE(log.wait_event(TMLX_EVENT_CHANNEL_UP, 1, TML_CHANNEL_DATA));
    ASSERT_TRUE(ce.log.wait_event(TMLX_EVENT_CHANNEL_UP, 1, TML_CHANNEL_DATA));
  }
};

inline tml_status send(tml_descriptor d, const std::vector<std::uint8_t>& m, int timeout = -1) {
  return tmlWrite(d, m.data(), m.size(), timeout, nullptr);
}

}  // namespace e2e
