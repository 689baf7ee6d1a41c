// A port of the forwarding element, as far as the control plane is concerned.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/core/time.hpp"
#include "fe/dataplane/classifier.hpp"
#include "fe/dataplane/port_config.hpp"
#include "proto/wire/reader.hpp"

namespace forces::fe::dataplane {

// Grows only; read from any thread.
class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct PortCounters {
  Counter received;      // packets that were for the control plane
  Counter sent;          // packets of the control plane that left here
  Counter not_ip;        // received: no sane IP packet
  Counter not_selected;  // received: of a class that is not configured
  Counter receive_error;
  Counter send_error;   // the system refused (no route, too long, interface down)
  Counter send_full;    // no room in the socket's buffer
  Counter no_neighbor;  // Packet: no answer to ARP yet
  Counter off_link;     // Packet: the destination is not in the port's prefix
  Counter arp_answered;
};

struct Received {
  enum class Status : std::uint8_t {
    Packet,   // `size` octets of class `what`
    Handled,  // something was read that is not for the CE; go on
    Empty,    // nothing more
  };
  Status status = Status::Empty;
  std::size_t size = 0;
  Classified what{};
};

class Port {
 public:
  explicit Port(PortConfig config) : config_(std::move(config)) {}
  virtual ~Port() = default;
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  // Empty text: open. Else what failed, for the operator.
  [[nodiscard]] virtual std::string open() = 0;
  // To be watched for reading. Fixed once open.
  [[nodiscard]] std::span<const int> fds() const { return fds_; }
  // One packet from a readable fd, into `into`.
  [[nodiscard]] virtual Received receive(int fd, std::span<std::byte> into, Instant now) = 0;
  // One IP packet of the control plane. Counted either way; false: it was not sent.
  virtual bool send(wire::Bytes packet, Instant now) = 0;

  [[nodiscard]] const PortConfig& config() const { return config_; }
  [[nodiscard]] const PortCounters& counters() const { return counters_; }
  // The CE is to have packets of this class.
  [[nodiscard]] bool selected(PacketClass c) const {
    for (const PacketClass wanted : config_.classes) {
      if (wanted == c) return true;
    }
    return false;
  }

 protected:
  // Somebody is to have packets of this class: the CE, or who keeps memberships.
  [[nodiscard]] bool wanted(PacketClass c) const {
    return selected(c) || (config_.membership && c == PacketClass::Igmp);
  }
  // Cuts link padding, classifies and counts what was read.
  [[nodiscard]] Received accept(wire::Bytes octets);

  PortConfig config_;
  PortCounters counters_;
  std::vector<int> fds_;  // owned by the derived class
};

[[nodiscard]] std::unique_ptr<Port> make_port(PortConfig config);
[[nodiscard]] std::string_view to_string(PortKind kind);

}  // namespace forces::fe::dataplane
