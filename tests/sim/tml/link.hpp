// One connection's end: a ChannelFsm and a SendQueue on a virtual socket, and the invariants that
// hold at every moment. It decides nothing, like the Link of libtml.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/tml/frame.hpp"
#include "tests/sim/tml/socket.hpp"
#include "tests/unit/tml/channel/trail.hpp"
#include "tests/unit/tml/queue/frames.hpp"
#include "tml/src/core/channel_fsm.hpp"
#include "tml/src/core/peer_table.hpp"
#include "tml/src/core/send_queue.hpp"

namespace forces::test {

using namespace std::chrono_literals;

class Link;

// What a run of the simulation found out.
struct Findings {
  std::vector<std::string> broken;  // invariants; none is to be
  std::uint64_t ups = 0, dead = 0, peer_closed = 0, messages = 0, round_trips = 0, lost = 0;
};

// The process that a link belongs to.
struct Process {
  virtual void on_hello(Link&, const tml::output::HelloReceived&) {}
  virtual void on_up(Link&, const std::optional<tml::PairToken>&) = 0;
  virtual void on_group(Link&, const tml::ChannelOutput&) = 0;
  virtual void on_ended(Link&, const tml::output::Disconnect&) = 0;

  std::string name;
  bool stopped = false;  // SIGSTOP
  Instant woke{};

 protected:
  ~Process() = default;
};

class Link final : public Socket::Owner, public std::enable_shared_from_this<Link> {
 public:
  Link(World& world, Findings& findings, Process& process, SocketPtr to, tml::ChannelConfig config,
       bool draft_only = false)
      : world_(world),
        findings_(findings),
        process_(process),
        socket_(std::move(to)),
        draft_only_(draft_only),
        server(config.server),
        data(config.channel_type == tml::kChannelData),
        fsm(std::move(config), world.now()) {}
  ~Link() {
    queue_.close();
    discard();
  }

  void start() {
    socket_->attach(*this);
    fsm.on_connected(world_.now());
    pump();
  }

  // ---- the PL ----
  // False: refused. The number of a message tells its level and its place.
  bool write(unsigned level, std::size_t octets) {
    const auto pushed = queue_.push(level, tml::pl_message(sent_[level] * 8 + level, octets));
    const bool taken = pushed.result == tml::SendQueue::Push::Queued ||
                       pushed.result == tml::SendQueue::Push::QueuedFirst;
    if (taken) ++sent_[level];
    if (pushed.schedule) drain_after(100us);
    return taken;
  }
  void throttle(bool on) {
    throttled_ = on;
    quiet_since_ = world_.now();
    socket_->stall(on || process_.stopped);
    fsm.set_throttled(on, world_.now());
    pump();
  }
  void close(tml::ReasonCode reason) {
    queue_.close();
    fsm.close(reason, 2s, world_.now());
    pump();
    drain_after(100us);
  }
  void close_now(tml::ReasonCode reason, std::string text) {
    fsm.close_now(reason, std::move(text), world_.now());
    pump();
  }

  // ---- the process stops and goes on ----
  void stop() { socket_->stall(true); }
  void wake() {
    const auto keep = shared_from_this();
    socket_->stall(throttled_);
    if (const auto due = fsm.next_deadline(); due && *due <= world_.now()) {
      fsm.on_timer(world_.now());
      pump();
    }
  }
  void crash() { socket_->close(); }  // the kernel ends its connections
  void power_loss() { socket_->vanish(); }

  void pump() {
    if (pumping_) return;
    pumping_ = true;
    const auto keep = shared_from_this();
    while (auto out = fsm.poll_output()) {
      world_.trace(process_.name + (data ? " data " : " control ") + tml::text(*out));
      perform(*out);
    }
    pumping_ = false;
    arm();
  }

  // Half-open is found within the dead interval and a heartbeat (row 14).
  void audit() {
    if (fsm.state() != tml::ChannelState::Up || throttled_ || process_.stopped) return;
    const Instant alive = std::max({heard_, quiet_since_, process_.woke});
    if (world_.now() - alive > fsm.dead() + fsm.heartbeat()) broken("silence goes unnoticed");
  }

 private:
  void on_octets(std::span<const std::byte> octets) override {
    const auto keep = shared_from_this();
    heard_ = world_.now();
    fsm.on_received(world_.now());
    in_.insert(in_.end(), octets.begin(), octets.end());
    parse();
    pump();
  }
  void on_end() override {
    const auto keep = shared_from_this();
    fsm.on_eof(world_.now());
    pump();
  }

  void parse() {
    if (std::exchange(parsing_, true)) return;
    in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(parse_frames()));
    parsing_ = false;
  }
  std::size_t parse_frames() {
    std::size_t used = 0;
    while (fsm.state() != tml::ChannelState::Closed) {
      const auto rest = std::span<const std::byte>(in_).subspan(used);
      const tml::Frame frame = tml::scan_frame(rest, tml::kMaxPlSize);
      if (frame.status == tml::FrameStatus::NeedMore) break;
      if (frame.status != tml::FrameStatus::Complete) return broken("framing lost"), used;
      const auto whole = rest.first(frame.length);
      if (!frame.pl) {
        used += frame.length;
        const auto message = tml::decode_message(whole);
        if (!message) return broken("a message that does not decode"), used;
        fsm.on_message(*message, world_.now());
        pump();
        continue;
      }
      if (fsm.state() == tml::ChannelState::Hello) {
        fsm.on_early_pl(tml::view_pl(whole.data() + tml::kHeaderSize).source, world_.now());
        pump();
      }
      if (fsm.state() == tml::ChannelState::Pairing) break;  // until it is paired
      used += frame.length;
      receive(whole);
    }
    return used;
  }

  // Inside a level everything arrives, once, in order (row 11).
  void receive(std::span<const std::byte> frame) {
    if (fsm.state() != tml::ChannelState::Up && fsm.state() != tml::ChannelState::Draining) return;
    const std::uint64_t number = tml::numbers(frame).at(0);
    if (received_[number % 8]++ != number / 8) broken("messages of one level out of order");
    ++findings_.messages;
  }

  void drain_after(Duration wait) {
    world_.after(wait, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->drain();
    });
  }
  void drain() {
    if (fsm.state() == tml::ChannelState::Closed) return discard();
    if (process_.stopped) return drain_after(10ms);
    std::size_t total = 0;
    while (total < 16384) {
      const auto run = queue_.front(4096);
      if (run.messages == 0) break;
      socket_->send(run.octets);
      total += run.octets.size();
      queue_.pop(run);
    }
    if (total != 0) fsm.on_sent(world_.now());
    if (!queue_.idle()) return drain_after(1ms);
    fsm.on_drained(world_.now());
    pump();
  }
  void discard() {
    for (auto run = queue_.front(4096); run.messages != 0; run = queue_.front(4096))
      queue_.pop(run);
  }

  void perform(const tml::ChannelOutput& out) {
    using namespace tml::output;
    if (ended_) broken("an output after the end");
    if (const auto* send = std::get_if<Send>(&out)) return transmit(send->message);
    if (const auto* hello = std::get_if<HelloReceived>(&out))
      return process_.on_hello(*this, *hello);
    if (const auto* up = std::get_if<Up>(&out)) {
      ++findings_.ups;
      quiet_since_ = world_.now();
      queue_.open(pool_, 256 * 1024);
      process_.on_up(*this, up->token);
      parse();  // what waited for the pair
    } else if (const auto* end = std::get_if<Disconnect>(&out)) {
      finish(*end);
    } else if (const auto* trip = std::get_if<RoundTrip>(&out)) {
      ++findings_.round_trips;
      if (trip->time < Duration{}) broken("a round trip back in time");
    } else if (std::holds_alternative<HeartbeatLost>(out)) {
      ++findings_.lost;
    } else if (std::holds_alternative<PeerClosed>(out)) {
      ++findings_.peer_closed;
    } else if (!std::holds_alternative<HeartbeatRestored>(out)) {
      process_.on_group(*this, out);
    }
  }

  void transmit(tml::Message message) {
    if (draft_only_ && message.type == tml::MsgType::Heartbeat) {
      if (message.hb_flags == tml::kHbReply) return;  // knows no such thing
      message = {.type = tml::MsgType::Heartbeat};
    }
    const auto octets = tml::encode_message(message);
    if (!octets) return broken("a message that does not encode");
    socket_->send(*octets);
  }

  void finish(const tml::output::Disconnect& end) {
    ended_ = true;
    if (end.reason == tml::ReasonCode::DeadPeer && end.local) {
      ++findings_.dead;
      // Slow is not dead: whatever came within the interval was life.
      if (world_.now() - heard_ < fsm.dead()) broken("declared dead while octets arrived");
    }
    queue_.close();
    discard();
    socket_->close();
    process_.on_ended(*this, end);
  }

  void arm() {
    const auto due = fsm.next_deadline();
    if (due == armed_) return;
    armed_ = due;
    if (!due) return;
    world_.at(*due, [weak = weak_from_this(), at = *due] {
      const auto self = weak.lock();
      if (!self || self->armed_ != at) return;
      self->armed_.reset();
      if (self->process_.stopped) return;  // wake() looks
      self->fsm.on_timer(self->world_.now());
      self->pump();
    });
  }

  void broken(const char* what) {
    findings_.broken.push_back(std::to_string(world_.now().time_since_epoch() / 1ms) +
                               " ms: " + process_.name + (data ? " data: " : " control: ") + what);
  }

  World& world_;
  Findings& findings_;
  Process& process_;
  SocketPtr socket_;
  bool draft_only_, pumping_ = false, parsing_ = false, ended_ = false, throttled_ = false;
  std::optional<Instant> armed_;
  Instant heard_{}, quiet_since_{};
  std::vector<std::byte> in_;
  std::array<std::uint64_t, 8> sent_{}, received_{};
  tml::ChunkPool pool_;
  tml::SendQueue queue_;

 public:
  const bool server, data;
  std::uint64_t id = 0;     // CE: of the peer table
  std::uint32_t pl_id = 0;  // CE: whose it is
  tml::Claim claim;         // CE
  tml::ChannelFsm fsm;
};

}  // namespace forces::test
