// One end of libtml for the bench, through tml.h alone.
#pragma once

#include <tml/tml.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "tests/bench/harness/options.hpp"
#include "tests/bench/transport/message.hpp"

namespace forces::bench {

// Ends the run unless the status is TML_SUCCESS.
void require(tml_status status, std::string_view what);

// Who a channel's messages and events go to. All calls come from the thread that runs the library.
class User {
 public:
  virtual ~User() = default;
  virtual void on_messages(tml_descriptor channel, std::span<const tmlx_message> messages) = 0;
  virtual void on_up(const tmlx_event&) {}

  std::uint64_t up() const { return up_; }      // channels that came up so far
  std::uint64_t gone() const { return gone_; }  // and that were closed

  // The two handlers of tml.h, with a User as `user`.
  static void handle_event(void* user, const tmlx_event* event);
  static void handle_messages(void* user, tml_descriptor channel, const tmlx_message* messages,
                              std::size_t count);

 private:
  std::atomic<std::uint64_t> up_{0};
  std::atomic<std::uint64_t> gone_{0};
};

class Endpoint {
 public:
  enum class Role { Ce, Fe };
  // `threaded`: the library's own I/O thread; else the caller runs it by turn().
  Endpoint(const Options& options, Role role, bool threaded);
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  tmlx_context* context() const { return context_; }
  bool threaded() const { return threaded_; }

  // CE: listens on a free port and returns it.
  int listen(tml_channel_type type, User& user);
  // FE: begins to open a channel; CHANNEL_UP tells. local_id 0 is kFeId.
  tml_descriptor open(tml_channel_type type, int port, User& user, std::uint32_t local_id = 0);

  // Lets the library work until the condition holds: runs it, or looks again ever more seldom. What
  // changes without the library's doing is noticed within `wait_ms`.
  template <class Condition>
  void run_until(Condition holds, int wait_ms = 100) {
    unsigned nap_us = 100;
    while (!holds()) {
      if (threaded_) {
        nap_us = sleep(nap_us);
      } else {
        turn(wait_ms);
      }
    }
  }
  // Caller-driven: lets the library do what there is to do.
  void turn(int timeout_ms);

  // A counter of the context by name and label.
  std::uint64_t counter(std::string_view name, std::string_view label) const;

 private:
  static unsigned sleep(unsigned us);  // returns the next, longer one

  bool threaded_;
  tmlx_context* context_ = nullptr;
};

}  // namespace forces::bench
