// Redirected packets at the FE: RedirectOut and RedirectIn of RFC 6956 sections 5.4.1 and 5.4.2.
//
// From a port, past its class's token bucket, to the master's data channel; and from the master to
// the port that RedirectIndex names. Packets move on libtml's I/O threads, without a hand-over and
// without an allocation. A packet that cannot move now is dropped and counted.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/core/time.hpp"
#include "fe/dataplane/policer.hpp"
#include "fe/dataplane/port.hpp"
#include "proto/pl/redirect.hpp"
#include "tml/tml.h"

namespace forces::fe {

struct RedirectCounters {
  dataplane::Counter to_ce;    // NumPacketsSent of RedirectOut
  dataplane::Counter from_ce;  // NumPacketsReceived of RedirectIn
  // To the CE:
  dataplane::Counter no_master;   // no association, or the FE is disabled
  dataplane::Counter no_channel;  // the master's data channel is down
  dataplane::Counter queue_full;  // the channel sheds
  dataplane::Counter too_large;   // beyond a REDIRECT-TLV or the channel
  dataplane::Counter channel_error;
  // From a CE:
  dataplane::Counter malformed;
  dataplane::Counter wrong_source;
  dataplane::Counter not_master;  // RFC 7121 section 3.2
  dataplane::Counter no_index;    // RFC 6956 section 5.4.1.1: "will be dropped by the LFB"
  dataplane::Counter no_packet;
  dataplane::Counter unknown_port;
  dataplane::Counter not_sent;  // the port refused; its own counters say why
};

// Who keeps memberships at ports that say so (PortConfig::membership): gets every IGMP and MLD
// packet within the allowance of its class, whether the CE is to have it as well or not. Called on
// the thread that reads the ports.
struct MembershipListener {
  void (*packet)(void* user, std::uint32_t port, wire::Bytes octets, Instant now) = nullptr;
  void* user = nullptr;
};

class Redirector {
 public:
  Redirector(std::vector<dataplane::PortConfig> ports,
             const std::vector<dataplane::ClassConfig>& classes);
  ~Redirector();
  Redirector(const Redirector&) = delete;
  Redirector& operator=(const Redirector&) = delete;

  // One text for every port that failed.
  std::vector<std::string> open();
  void set_listener(const MembershipListener& listener) { listener_ = listener; }  // before start()
  [[nodiscard]] tml_status start(tmlx_context* context);
  void stop();
  // One IP packet of the FE's own out of a port, from any thread. False: no such port, or it did
  // not leave.
  bool send(std::uint32_t port, wire::Bytes packet, Instant now);
  // On the thread that reads the ports (libtml's I/O thread 0).
  void set_classes(const std::vector<dataplane::ClassConfig>& classes) {
    policer_.configure(classes);
  }

  // Where packets go: the master and its data channel, 0 for none of either.
  void set_target(std::uint32_t fe_id, std::uint32_t master, std::uint64_t data_channel);

  struct Totals {  // of one CE's data channel
    std::uint64_t received_packets = 0, received_octets = 0, received_errors = 0;
    std::uint64_t sent_packets = 0, sent_octets = 0, sent_errors = 0;
    Instant received_at{}, sent_at{};
  };
  // From the data channel of CE `ce_id`. Heartbeats are life, and passed over.
  void on_messages(std::uint32_t ce_id, const tmlx_message* messages, std::size_t count,
                   Instant now);
  [[nodiscard]] Totals totals(std::uint32_t ce_id) const;
  [[nodiscard]] static bool is_heartbeat(wire::Bytes message) {
    return message.size() > 1 && message[1] == std::byte{0x0f};
  }

  [[nodiscard]] const RedirectCounters& counters() const { return counters_; }
  [[nodiscard]] const dataplane::Policer& policer() const { return policer_; }
  [[nodiscard]] std::span<const std::unique_ptr<dataplane::Port>> ports() const { return ports_; }
  [[nodiscard]] bool is_open(std::size_t port) const { return open_[port]; }
  void add_ce(std::uint32_t ce_id) { ces_.try_emplace(ce_id); }  // before start()

 private:
  struct Ce {
    dataplane::Counter received_packets, received_octets, received_errors;
    dataplane::Counter sent_packets, sent_octets, sent_errors;
    std::atomic<Duration::rep> received_at{0}, sent_at{0};
  };
  struct Watched {
    Redirector* owner;
    dataplane::Port* port;
  };
  static constexpr std::size_t kMaxPacket = 65535;
  static constexpr int kPacketsATurn = 64;  // then the I/O thread serves others

  static void on_ready(void* watched, int fd);
  void from_port(dataplane::Port& port, int fd);
  void deliver(const dataplane::Port& port, const dataplane::Received& received, Instant now);
  // `allowed`: the allowance of its class was taken.
  void to_ce(const dataplane::Port& port, const dataplane::Received& received, bool allowed,
             Instant now);
  void from_message(Ce& ce, std::uint32_t ce_id, wire::Bytes message, Instant now);
  void to_port(const pl::RedirectView& redirect, Instant now);
  [[nodiscard]] dataplane::Port* open_port(std::uint32_t id) const;

  std::vector<std::unique_ptr<dataplane::Port>> ports_;
  std::vector<bool> open_;
  std::vector<Watched> watched_;
  dataplane::Policer policer_;
  MembershipListener listener_;
  RedirectCounters counters_;
  std::map<std::uint32_t, Ce> ces_;
  tmlx_context* context_ = nullptr;
  std::atomic<std::uint32_t> fe_id_{0}, master_{0};
  std::atomic<std::uint64_t> channel_{0};
  // Of I/O thread 0, where every port is read.
  std::array<std::byte, kMaxPacket> packet_;
  std::array<std::byte, kMaxPacket + 128> message_;
};

}  // namespace forces::fe
