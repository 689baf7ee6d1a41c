// Carries copies of multicast packets between the kernel and other FEs: a TUN device on one side,
// UDP on the other, Endpoints between them. A thread of its own, so that no flood of packets keeps
// libtml's from what CEs say; packets are moved in batches, without an allocation.
//
//   open() while privileged; start(); rows and counters by with(), from any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "fe/dataplane/multicast/config.hpp"
#include "fe/dataplane/multicast/endpoints.hpp"
#include "fe/dataplane/ports/socket.hpp"

namespace forces::fe::dataplane::multicast {

struct CarrierCounters {
  std::uint64_t copies_sent = 0;
  std::uint64_t copies_congested = 0;  // no room in the socket
  std::uint64_t copies_failed = 0;     // otherwise
  std::uint64_t delivered = 0;         // to the kernel
  std::uint64_t not_delivered = 0;     // the kernel did not take it, or it is longer than any
};

class Carrier {
 public:
  explicit Carrier(EndpointConfig config);
  ~Carrier();
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;

  // In the namespace of the calling thread. Empty text: open.
  [[nodiscard]] std::string open();
  void start();
  void stop();

  // While f runs no packet is looked at: all that it changes is seen at once. It waits for one
  // batch at the most.
  template <class F>
  decltype(auto) with(F&& f) {
    std::unique_lock turn(turn_);
    const std::scoped_lock lock(mutex_);
    turn.unlock();
    return std::forward<F>(f)(endpoints_);
  }
  [[nodiscard]] CarrierCounters counters();
  // Somebody has deleted the device: packets are no longer carried from and to the kernel.
  [[nodiscard]] bool lost() const { return lost_.load(std::memory_order_relaxed); }

  // One batch from everywhere, without waiting; false: there was nothing. What the thread does.
  bool carry();

 private:
  struct Batch;
  enum class Side : std::uint8_t { Member, Server };
  [[nodiscard]] Fd open_socket(std::uint16_t port, std::string& what) const;
  [[nodiscard]] bool read_packets();
  [[nodiscard]] bool read_frames(Side side);
  void copy(const Verdict& verdict, Bytes octets, Side from);
  void send();
  void run();

  EndpointConfig config_;
  Fd tun_, wake_;
  std::array<Fd, 2> sockets_;  // of the member, of the MCS
  // Who wants mutex_ holds turn_ while it waits, so that the thread, which takes it again and
  // again, keeps nobody out.
  std::mutex turn_, mutex_;
  Endpoints endpoints_;
  CarrierCounters counters_;
  std::unique_ptr<Batch> batch_;
  std::atomic<bool> lost_{false};
  std::thread thread_;
};

}  // namespace forces::fe::dataplane::multicast
