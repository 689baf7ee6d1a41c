// What the forwarding element's protocol layer shows of itself: plain values, copied out at once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fe/forwarding/optical/snapshot.hpp"
#include "fe/multicast/service/snapshot.hpp"
#include "tml/daemon/events.hpp"

namespace forces::fe {

struct CeSnapshot {
  std::uint32_t ce_id = 0;
  std::string address;
  std::string_view state;  // "closed", "connecting", "setup_sent", "backoff", "associated"
  bool master = false;
  bool control_up = false;
  bool data_up = false;
  std::uint64_t control_channel = 0;  // libtml descriptors; 0: none
  std::uint64_t data_channel = 0;
  std::uint64_t associated_ms = 0;
  std::uint64_t last_heard_ms = 0;
  daemon::CounterSamples counters;
};

struct ClassSnapshot {
  std::string_view name;  // "ospf", "bgp" ...
  std::uint64_t passed = 0;
  std::uint64_t dropped = 0;  // by the token bucket
};

struct PortSnapshot {
  std::uint32_t port_id = 0;
  std::string interface;
  std::string_view kind;  // "raw", "packet", "replay"
  bool open = false;
  daemon::CounterSamples counters;
};

struct RoutesSnapshot {            // in the kernel
  std::string_view state = "off";  // "running", "failed"
  std::uint64_t waiting = 0, pending = 0, installed = 0, failed = 0, stale = 0;
};

struct ElementSnapshot {
  std::uint32_t fe_id = 0;
  std::string_view state;  // "pre_association", "associated", "not_associated" (RFC 7121 figure 4)
  std::string_view fe_state;  // "admin_disable", "oper_disable", "oper_enable"
  std::uint32_t master = 0;   // CE ID, 0: none
  daemon::CounterSamples counters;
  std::vector<CeSnapshot> ces;
  std::vector<ClassSnapshot> classes;
  std::vector<PortSnapshot> ports;
  RoutesSnapshot routes;
  forwarding::FabricSnapshot fabric;
  multicast::MembershipSnapshot multicast;
};

}  // namespace forces::fe
