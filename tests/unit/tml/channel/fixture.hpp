// An FE's and a CE's end of one channel, for the tests of ChannelFsm.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/tml/channel/trail.hpp"

namespace forces::tml {

using namespace std::chrono_literals;
using Trail = std::vector<std::string>;
using testing::ElementsAre;
using testing::IsEmpty;

inline PairToken token_of(int first) {
  PairToken token{};
  token[0] = static_cast<std::byte>(first);
  return token;
}

class TmlChannel : public testing::Test {
 protected:
  static constexpr std::uint32_t kFe = 2, kCe = 0x40000001;

  static ChannelConfig config(bool server) {
    return {.server = server,
            .channel_type = kChannelControl,
            .local_id = server ? kCe : kFe,
            .peer_id = server ? 0 : kCe,
            .heartbeat = 1s,
            .dead = 4s,
            .hello_timeout = 10s,
            .pairing_timeout = 5s,
            .max_message = 1000,
            .token = std::nullopt};
  }
  // Not at the epoch: a stamp of zero must not look like one of ours.
  static Instant at(Duration since_start) { return Instant{1000s} + since_start; }
  static Message heartbeat() { return Message{.type = MsgType::Heartbeat}; }
  static Message message(MsgType type) { return Message{.type = type}; }
  static Message channel_close(ReasonCode code, std::string why = {}) {
    Message m{.type = MsgType::ChannelClose};
    m.reason = Reason{static_cast<std::uint32_t>(code), std::move(why)};
    return m;
  }
  static Message group_message(MsgType type, std::uint32_t group, std::uint32_t request) {
    Message m{.type = type};
    m.group_id = group;
    m.request_id = request;
    return m;
  }

  // Up at time 0 with a peer that negotiates nothing: heartbeat 1 s, dead 4 s.
  static ChannelFsm client_up(ChannelConfig c = config(false)) {
    ChannelFsm fsm(std::move(c), at(0s));
    fsm.on_connected(at(0s));
    fsm.on_message(heartbeat(), at(0s));
    (void)trail(fsm);
    EXPECT_EQ(fsm.state(), ChannelState::Up);
    return fsm;
  }
  static ChannelFsm server_up(ChannelConfig c = config(true)) {
    ChannelFsm fsm(std::move(c), at(0s));
    fsm.on_connected(at(0s));
    fsm.on_message(heartbeat(), at(0s));
    fsm.accept(at(0s), token_of(9));
    (void)trail(fsm);
    EXPECT_EQ(fsm.state(), ChannelState::Up);
    return fsm;
  }
  // Fires the timer at each deadline until `end`, as an owner does that is never late; a peer
  // answers nothing. Returns the outputs, each with its time in ms.
  static Trail run(ChannelFsm& fsm, Duration end) {
    Trail all;
    for (int steps = 0; steps < 1000; ++steps) {
      const auto due = fsm.next_deadline();
      if (!due || *due > at(end)) return all;
      fsm.on_timer(*due);
      const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(*due - at(0s)).count();
      for (const std::string& output : trail(fsm)) all.push_back(std::to_string(ms) + " " + output);
    }
    ADD_FAILURE() << "the timer spins";
    return all;
  }
};

}  // namespace forces::tml
