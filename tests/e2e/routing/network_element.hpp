// A whole network element as its user starts it: the release ce and one fe as processes, each in a
// network namespace of its own, TLS between them; zebra's part is played by fpm::Encoder.
//
//   ours (ce; FPM on loopback)  fe1p1 = TUN device 10.98.1.1/24
//        | ctl 10.97.1.0/24
//   the FE's                    port1 = veth 10.98.1.1/24, its other end in the same namespace
//
// What fails throws std::runtime_error: nothing here is worth going on after.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tests/e2e/daemons/child.hpp"
#include "tests/support/netns.hpp"

namespace forces::test {

using Clock = std::chrono::steady_clock;

inline constexpr std::uint8_t kForcesProtocol = 220;  // of an FE's rows in its kernel
inline constexpr std::uint32_t kGateways = 16;        // next hops 10.98.1.2 and up

// Route n is 16.0.0.0/28 + n, over gateway n % kGateways.
[[nodiscard]] std::string prefix_of(std::uint32_t n);
[[nodiscard]] std::string gateway_of(std::uint32_t n);

// Below /tmp; goes with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/forces-element-XXXXXX";
};

// The FE as the ce shows it.
struct FeState {
  std::string association, tables;
  Clock::time_point associated_at{};
  std::uint64_t wanted = 0, acknowledged = 0, sent = 0, read_backs = 0;  // rows; since ce began
  [[nodiscard]] bool associated() const { return association == "associated"; }
  // Every row of so many routes and of their next hops is known to be at the FE.
  [[nodiscard]] bool in_step(std::uint32_t routes) const {
    return associated() && tables == "synced" && wanted == routes + kGateways &&
           acknowledged == wanted;
  }
};

class NetworkElement {
 public:
  // Why this machine cannot have one; empty: it can.
  [[nodiscard]] static std::string missing();
  // Moves the caller into a fresh namespace, the ce's, for good.
  NetworkElement();
  ~NetworkElement();
  NetworkElement(const NetworkElement&) = delete;
  NetworkElement& operator=(const NetworkElement&) = delete;

  void start();  // ce and fe, until they are associated and in step about nothing
  void start_ce();
  void kill_ce();
  [[nodiscard]] static bool has_device();  // of the ce, for the FE's port

  // What zebra sends for so many routes; `first` of them are left out.
  [[nodiscard]] std::vector<std::byte> table(std::uint32_t routes, std::uint32_t first = 0) const;
  [[nodiscard]] std::vector<std::byte> withdrawal(std::uint32_t route) const;
  // Connects when nobody is connected, and sends; when its first octet left.
  Clock::time_point feed(std::span<const std::byte> octets);

  // The cable between ce and fe.
  void cut();
  void mend();

  [[nodiscard]] FeState state() const;
  FeState wait_for(const std::string& what, const std::function<bool(const FeState&)>& holds,
                   std::chrono::seconds bound = std::chrono::seconds(60)) const;
  // "PREFIX via GATEWAY" of every route of ours in the FE's kernel.
  [[nodiscard]] std::set<std::string> routes_in_kernel() const;
  [[nodiscard]] const Namespace& fe_side() const { return fe_side_; }
  // CPU time of ce and of fe so far, all threads.
  [[nodiscard]] std::chrono::nanoseconds ce_cpu() const { return cpu_of(*ce_); }
  [[nodiscard]] std::chrono::nanoseconds fe_cpu() const { return cpu_of(*fe_); }
  [[nodiscard]] std::string log() const;  // of both

 private:
  void write_configuration() const;
  void hang_up();
  [[nodiscard]] static std::chrono::nanoseconds cpu_of(const e2e::Child& program);

  TemporaryFolder made_;
  const std::string& folder_ = made_.path();
  Namespace fe_side_;
  int fpm_ = -1;
  std::unique_ptr<e2e::Child> ce_, fe_;
};

// A port as that of the FE, in the namespace that the caller is in.
void make_port();
// How many routes of protocol 220 there are.
[[nodiscard]] std::size_t count_routes();

}  // namespace forces::test
