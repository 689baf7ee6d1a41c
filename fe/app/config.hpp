// The configuration file of fe: deploy/config/fe.toml is the commented example.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/runtime/config.hpp"
#include "fe/association/element.hpp"
#include "fe/dataplane/optical/config.hpp"
#include "fe/dataplane/port_config.hpp"
#include "fe/multicast/service/config.hpp"
#include "tml/daemon/settings.hpp"

namespace forces::fe {

struct Settings {
  std::uint32_t id = 1;  // [fe]; 0: the CE assigns one
  std::string name = "fe";
  Duration backoff_min = std::chrono::milliseconds(100);  // [tml]
  Duration backoff_max = std::chrono::seconds(30);
  FepoConfig fepo;  // [association]
  Duration takeover_after = std::chrono::seconds(1);
  Duration setup_timeout = std::chrono::seconds(5);
  Duration retry_min = std::chrono::milliseconds(500);
  Duration retry_max = std::chrono::seconds(30);
  std::vector<CeConfig> ces;                    // [[ce]]
  std::vector<dataplane::PortConfig> ports;     // [[port]]
  std::vector<dataplane::ClassConfig> classes;  // [redirect.<class>]: one of each class
  forwarding::ForwardingConfig forwarding;      // [forwarding]
  dataplane::optical::FabricConfig fabric;      // [fabric]
  multicast::MulticastConfig multicast;         // [multicast]
  daemon::CommonSettings common;

  Settings();
};

void visit(runtime::ConfigVisitor& v, Settings& s);

[[nodiscard]] ElementConfig element_config(const Settings& s);

}  // namespace forces::fe
