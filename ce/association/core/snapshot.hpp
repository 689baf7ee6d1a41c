// What the control element's protocol layer shows of itself: plain values, copied out at once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ce/routing/service.hpp"
#include "tml/daemon/events.hpp"

namespace forces::ce {

struct PortSnapshot {
  std::uint32_t port_id = 0;
  std::string tun{};      // "" when the port has no device
  std::string address{};  // of the device
  bool open = false;
  daemon::CounterSamples counters;
};

struct FeSnapshot {
  std::uint32_t fe_id = 0;
  std::string name;  // from the configuration, "" for an FE that is not in it
  bool configured = false;
  std::string_view state;  // "down", "waiting", "associated", "channel_lost"
  bool control_up = false;
  bool data_up = false;
  std::uint64_t control_channel = 0;  // libtml descriptors; 0: none
  std::uint64_t data_channel = 0;
  std::uint64_t associations = 0;   // set-ups granted so far
  std::uint64_t associated_ms = 0;  // for how long now
  std::uint64_t last_heard_ms = 0;  // since the last PL message; 0 when not associated
  std::string_view master;          // of FEPO.CEID: "mine", "another", "unknown"
  std::uint32_t master_ce = 0;      // the CE that it names, 0: none, or not known
  std::string_view sync;            // "idle", "reading", "sending", "synced", "waiting"
  std::uint64_t rows_wanted = 0;    // all that the source gave; the next three are of these
  std::uint64_t rows_acknowledged = 0;
  std::uint64_t rows_failed = 0;
  std::uint64_t rows_left_out = 0;  // the FE has no table for them
  std::uint64_t rows_orphaned = 0;  // the FE has them, nobody wants them
  // Routes in the FE's kernel, as it said when it was last asked.
  std::string_view kernel = "unknown";  // "off", "running", "failed"
  std::uint64_t kernel_installed = 0, kernel_waiting = 0, kernel_pending = 0, kernel_failed = 0;
  std::uint64_t kernel_failed_hops = 0;
  daemon::CounterSamples counters;
  std::vector<PortSnapshot> ports;
};

struct ControllerSnapshot {
  std::uint32_t ce_id = 0;
  int control_port = 0;
  int data_port = 0;
  daemon::CounterSamples counters;
  std::vector<FeSnapshot> fes;  // by FE ID
  routing::ServiceSnapshot routing;
};

}  // namespace forces::ce
