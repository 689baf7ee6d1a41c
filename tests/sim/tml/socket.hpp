// TCP as its users see it: octets arrive in order, late, in pieces of any size, and not at all
// while the path is cut; nothing is lost as long as both hosts live.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "tests/support/sim/world.hpp"

namespace forces::test {

enum Direction : unsigned { kToCe = 0, kToFe = 1 };

class Socket;
using SocketPtr = std::shared_ptr<Socket>;

// Between one FE's host and the CE's.
struct Path {
  Duration latency = std::chrono::milliseconds(1);
  Duration jitter = std::chrono::milliseconds(3);
  std::size_t piece = 4096;  // octets that arrive together, at most
  Duration gap{};            // between two pieces: a slow line
  std::array<bool, 2> cut{};
  std::vector<std::weak_ptr<Socket>> sockets;
};

class Socket : public std::enable_shared_from_this<Socket> {
 public:
  struct Owner {
    virtual void on_octets(std::span<const std::byte> octets) = 0;
    virtual void on_end() = 0;

   protected:
    ~Owner() = default;
  };

  // The FE's end and the CE's.
  static std::pair<SocketPtr, SocketPtr> connect(World& world, Path& path) {
    SocketPtr fe(new Socket(world, path, kToFe)), ce(new Socket(world, path, kToCe));
    fe->peer_ = ce;
    ce->peer_ = fe;
    path.sockets.push_back(fe);
    path.sockets.push_back(ce);
    return {fe, ce};
  }

  void attach(Owner& owner) {
    owner_ = &owner;
    pump();
  }
  void send(std::span<const std::byte> octets) {
    const SocketPtr peer = peer_.lock();
    if (finished_ || !peer) return;
    while (!octets.empty()) {
      const std::size_t n = std::min<std::size_t>(1 + world_.pick(path_.piece), octets.size());
      peer->arrive({octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(n)}, path_.gap);
      octets = octets.subspan(n);
    }
  }
  // The peer hears the end, after what was sent; this end hears nothing any more.
  void close() {
    owner_ = nullptr;
    if (std::exchange(finished_, true)) return;
    if (const SocketPtr peer = peer_.lock()) peer->arrive({}, {});
  }
  // The host lost its power: nobody hears anything, until it runs again and knows of no connection.
  void vanish() {
    owner_ = nullptr;
    vanished_ = finished_ = true;
  }
  // The owner does not read; what comes waits.
  void stall(bool stalled) {
    stalled_ = stalled;
    pump();
  }
  void pump() {
    if (scheduled_ || in_.empty()) return;
    scheduled_ = true;
    world_.at(in_.front().at, [weak = weak_from_this()] {
      if (const SocketPtr self = weak.lock()) self->deliver();
    });
  }

 private:
  struct Piece {
    Instant at;
    std::vector<std::byte> octets;  // none: the end
  };
  Socket(World& world, Path& path, Direction inwards)
      : world_(world), path_(path), inwards_(inwards) {}

  void arrive(std::vector<std::byte> octets, Duration gap) {
    const auto jitter = static_cast<std::uint64_t>(path_.jitter.count());
    const Instant at = world_.now() + path_.latency + Duration(world_.pick(jitter + 1));
    last_ = std::max(last_ + gap, at);  // in order
    in_.push_back({last_, std::move(octets)});
    pump();
  }
  void deliver() {
    scheduled_ = false;
    if (in_.empty() || path_.cut[inwards_] || stalled_) return;  // whoever changes that pumps
    if (vanished_) {  // the host that came back resets what it does not know
      in_.clear();
      if (const SocketPtr peer = peer_.lock()) peer->arrive({}, {});
      return;
    }
    const Piece piece = std::move(in_.front());
    in_.pop_front();
    const SocketPtr keep = shared_from_this();
    if (owner_ != nullptr && piece.octets.empty()) {
      owner_->on_end();
    } else if (owner_ != nullptr) {
      owner_->on_octets(piece.octets);
    }
    pump();
  }

  World& world_;
  Path& path_;
  const Direction inwards_;
  std::weak_ptr<Socket> peer_;
  Owner* owner_ = nullptr;
  std::deque<Piece> in_;
  Instant last_{};
  bool scheduled_ = false, stalled_ = false, finished_ = false, vanished_ = false;
};

inline void cut(Path& path, Direction direction) { path.cut[direction] = true; }

// What waited is sent again, after TCP's own patience.
inline void mend(World& world, Path& path) {
  path.cut = {};
  std::erase_if(path.sockets, [](const auto& weak) { return weak.expired(); });
  for (const auto& weak : path.sockets) {
    world.after(std::chrono::milliseconds(world.pick(1000)), [weak] {
      if (const SocketPtr socket = weak.lock()) socket->pump();
    });
  }
}

}  // namespace forces::test
