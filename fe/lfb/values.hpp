// What of this FE's LFBs rules its associations, as plain values (element_lfbs.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/core/time.hpp"

namespace forces::fe::lfb {

// The parts of FEPO that rule an association (RFC 5810 section 7.3.1); the same for every CE.
struct LivenessPolicy {
  std::uint8_t ce_heartbeat_policy = 0;                   // 0: the CE sends heartbeats; 1: none
  std::uint8_t fe_heartbeat_policy = 0;                   // 0: the FE sends none; 1: every FEHI
  Duration ce_dead = std::chrono::seconds(30);            // CEHDI
  Duration fe_interval = std::chrono::milliseconds(500);  // FEHI
};

struct CeStatistics {  // AllCEs.Statistics (RFC 7121 section 3.1)
  std::uint64_t received_packets = 0, received_error_packets = 0;
  std::uint64_t received_octets = 0, received_error_octets = 0;
  std::uint64_t sent_packets = 0, sent_error_packets = 0;
  std::uint64_t sent_octets = 0, sent_error_octets = 0;
};

enum class CeStatus : std::uint8_t {  // AllCEs.CEStatus (RFC 7121 section 3.1)
  Disconnected = 0,
  Connected = 1,
  Associated = 2,
  IsMaster = 3,
  LostConnection = 4,
  Unreachable = 5,
};

struct KnownCe {  // a row of AllCEs
  std::uint32_t ce_id = 0;
  CeStatistics statistics{};
  CeStatus status = CeStatus::Disconnected;
};

struct FeProtocol {  // class 2: RFC 5810 appendix B, version 1.1 of RFC 7121
  std::uint32_t fe_id = 0;
  LivenessPolicy liveness{};
  std::uint32_t ce_id = 0;  // master, 0: none
  std::uint8_t failover_policy = 0;
  Duration failover_timeout = std::chrono::seconds(300);  // CEFTI
  std::uint32_t last_ce_id = 0;
  std::uint8_t ha_mode = 0;
  std::vector<KnownCe> all_ces{};
};

enum class FeState : std::uint8_t { AdminDisable = 0, OperDisable = 1, OperEnable = 2 };

struct FeObject {  // class 1: RFC 5812 section 5.1
  std::string name;
  std::string vendor = "ForCES";
  std::string model = "Linux reference FE";
  FeState state = FeState::OperDisable;
};

struct Values {
  FeProtocol protocol{};
  FeObject object{};
  std::uint64_t packets_from_ce = 0;  // RedirectIn: NumPacketsReceived (RFC 6956 section 5.4.1)
  std::uint64_t packets_to_ce = 0;    // RedirectOut: NumPacketsSent (RFC 6956 section 5.4.2)
};

}  // namespace forces::fe::lfb
