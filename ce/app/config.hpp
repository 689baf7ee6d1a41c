// The configuration file of ce: deploy/config/ce.toml is the commented example.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ce/app/multicast/config.hpp"
#include "ce/app/signaling/config.hpp"
#include "ce/association/controller.hpp"
#include "ce/routing/service.hpp"
#include "common/runtime/config.hpp"
#include "tml/daemon/settings.hpp"
#include "tml/daemon/tml_context.hpp"

namespace forces::ce {

struct LinkEndSettings {
  std::uint32_t fe_id = 0, port_id = 0;
  std::string address, address6;  // of the FE there; "": the link does not carry the family
};
struct LinkSettings {  // between two FEs
  LinkEndSettings a, b;
  std::uint32_t mtu = 1500;
};

struct Settings {
  std::uint32_t id = 0x40000001;  // [ce]
  std::string name = "ce";
  std::string address = "127.0.0.1";               // [tml]
  std::uint16_t control_port = TMLX_PORT_CONTROL;  // 0: any free one
  std::uint16_t data_port = 0;  // 0: control_port + 1, or any free one when control_port is 0
  daemon::AdmissionSettings admission;
  HeartbeatConfig heartbeat;  // [association]
  bool allow_unknown_fes = false;
  std::uint32_t assign_first = 0;
  std::uint32_t assign_last = 0;
  std::vector<FeConfig> fes;        // [[fe]]
  std::vector<LinkSettings> links;  // [[link]]
  routing::ServiceConfig routing;   // [routing]; its links are those above
  bool shared_devices = false;      // [ha]
  AsonSettings ason;                // [te], [signaling], [policy]
  MulticastSettings multicast;      // [multicast]
  daemon::CommonSettings common;

  Settings();
};

void visit(runtime::ConfigVisitor& v, Settings& s);

[[nodiscard]] ControllerConfig controller_config(const Settings& s);
[[nodiscard]] routing::ServiceConfig routing_config(const Settings& s);

}  // namespace forces::ce
