// Redirected packets at the CE (RFC 5810 section 7.9, RFC 6956 sections 5.4.1 and 5.4.2): from an
// FE's data channel to the TUN device of the port they came in at, and back.
//
// Packets move on libtml's I/O threads, without a hand-over and without an allocation. A packet
// that cannot move now is dropped and counted: routing protocols repeat, and a queue here would
// only be a second one behind libtml's and the device's.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

#include "ce/redirect/devices.hpp"
#include "ce/redirect/port_config.hpp"
#include "ce/redirect/tun.hpp"
#include "common/core/time.hpp"
#include "proto/wire/reader.hpp"
#include "tml/tml.h"

namespace forces::ce {

class Counter {  // grows only; read from any thread
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct RedirectPortCounters {
  Counter from_fe;         // packets that came; what a device did not take is counted below as well
  Counter to_fe;           // packets that the channel took
  Counter no_device;       // from FE: the port has no TUN device
  Counter device_full;     // from FE: the device's queue is full
  Counter device_error;    // from FE: the device is down, or refused the packet
  Counter not_ipv4;        // to FE: neither IPv4 nor, of IPv6, what routing daemons send
  Counter too_large;       // to FE: beyond what a REDIRECT-TLV or the channel can carry
  Counter not_associated;  // to FE
  Counter not_master;      // to FE: another CE is
  Counter no_channel;      // to FE: no data channel
  Counter queue_full;      // to FE: the channel sheds
  Counter channel_error;   // to FE
};

struct RedirectFeCounters {  // of packets that never reached a port
  Counter malformed, wrong_source, no_packet, no_port, unknown_port, not_associated;
};

class Redirector {
 public:
  explicit Redirector(std::uint32_t ce_id) : ce_id_(ce_id) {}
  ~Redirector();
  Redirector(const Redirector&) = delete;
  Redirector& operator=(const Redirector&) = delete;

  // Makes what is new and drops what is gone. One text for every port that failed.
  std::vector<std::string> configure(std::uint32_t fe_id, const std::vector<PortConfig>& ports);
  [[nodiscard]] std::vector<std::uint32_t> fes() const;

  // `note` is told by a thread of its own what could not be done to devices.
  [[nodiscard]] tml_status start(tmlx_context* context, Devices::Note note = {});
  void stop();

  void set_associated(std::uint32_t fe_id, bool associated);
  // Whose master we are: packets for other FEs would not be sent on by them (RFC 7121 section 3.2),
  // and are left to their master where the device is shared.
  void set_master(std::uint32_t fe_id, bool master);
  // The state of an FE's port becomes the carrier of its device.
  void set_port_up(std::uint32_t fe_id, std::uint32_t port_id, bool up);
  // All that the FE's port has. They become those of its device, if the configuration gives none.
  void set_addresses(std::uint32_t fe_id, std::uint32_t port_id, Devices::Addresses addresses);
  void set_channel(std::uint32_t fe_id, std::uint64_t data_channel);  // 0: down
  [[nodiscard]] std::uint64_t channel(std::uint32_t fe_id) const;

  // Packets are offered to it first, on the I/O thread that has them; it calls nothing here. True:
  // taken, and no device gets it. Set before start().
  using Taker = std::function<bool(std::uint32_t fe_id, std::uint32_t port_id, wire::Bytes packet)>;
  void set_taker(Taker taker) { taker_ = std::move(taker); }
  // Out of an FE's port, from any thread. False: it is dropped, and counted at the port.
  bool send(std::uint32_t fe_id, std::uint32_t port_id, wire::Bytes packet, Instant now);

  // From a data channel's message handler. Heartbeats are life, and passed over.
  void on_messages(std::uint64_t channel, const tmlx_message* messages, std::size_t count,
                   Instant now);

  [[nodiscard]] static bool is_heartbeat(wire::Bytes message) {
    return message.size() > 1 && message[1] == std::byte{0x0f};
  }

  struct Traffic {
    Instant heard{}, sent{};
  };
  [[nodiscard]] Traffic traffic(std::uint32_t fe_id) const;

  struct PortView {
    std::uint32_t port_id;
    std::string tun;
    bool open;
    std::string address;  // of the device: the configuration's, or those of the FE's port
    const RedirectPortCounters& counters;
  };
  // Calls visit(const RedirectFeCounters&, const std::vector<PortView>&); false: no such FE.
  template <class Visit>
  bool inspect(std::uint32_t fe_id, Visit&& visit) const {
    const std::shared_lock lock(mutex_);
    const auto at = fes_.find(fe_id);
    if (at == fes_.end()) return false;
    std::vector<PortView> views;
    for (const auto& port : at->second->ports) {
      views.push_back({port->config.port_id, port->config.tun, port->tun.has_value(),
                       address_of(*port), port->counters});
    }
    visit(at->second->counters, views);
    return true;
  }
  [[nodiscard]] const Counter& unknown_channel() const { return unknown_channel_; }

 private:
  struct Fe;
  struct Port {
    Port(Redirector& o, Fe& f, PortConfig c) : owner(o), fe(f), config(std::move(c)) {}
    Redirector& owner;
    Fe& fe;
    PortConfig config;
    std::optional<Tun> tun;
    bool up = true;
    RedirectPortCounters counters;
  };
  struct Fe {
    std::uint32_t fe_id = 0;
    std::vector<std::unique_ptr<Port>> ports;
    std::map<std::uint32_t, Devices::Addresses> addresses;  // by port, as the FE has them
    std::atomic<bool> associated{false}, master{false};
    std::atomic<std::uint64_t> channel{0};
    std::atomic<Duration::rep> heard{0}, sent{0};
    RedirectFeCounters counters;
  };
  static constexpr std::size_t kMaxPacket = 65535;
  static constexpr int kPacketsATurn = 64;  // then the I/O thread serves others

  static void on_ready(void* port, int fd);
  void from_device(Port& port, int fd);
  bool to_channel(Port& port, wire::Bytes packet, std::span<std::byte> message, Instant now);
  void from_channel(Fe& fe, wire::Bytes message);
  static void to_device(Port& port, wire::Bytes packet);
  void watch(Port& port);
  void unwatch(const Port& port);
  void mirror(const Port& port);
  [[nodiscard]] std::string address_of(const Port& port) const;
  Fe& fe(std::uint32_t fe_id);

  const std::uint32_t ce_id_;
  tmlx_context* context_ = nullptr;
  std::mutex configuring_;           // one configure(), start() or stop() at a time
  mutable std::shared_mutex mutex_;  // the tables; packets only share it
  std::map<std::uint32_t, std::unique_ptr<Fe>> fes_;
  std::map<std::uint64_t, Fe*> by_channel_;
  Counter unknown_channel_;
  Taker taker_;
  Devices devices_;
  // Of I/O thread 0, where every device is read.
  std::array<std::byte, kMaxPacket> packet_;
  std::array<std::byte, kMaxPacket + 128> message_;
};

}  // namespace forces::ce
