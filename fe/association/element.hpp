// The forwarding element's protocol layer as the daemon sees it: it opens the channels to its CEs,
// keeps the associations and the choice of a master (RFC 7121), answers for its LFBs, and moves
// packets for the control plane between its ports and the master.
//
// Order of use: construct; tmlx_context_create with on_context_event as its handler and the element
// as its user; open_ports() while privileged; start(); and at the end stop(), then
// tmlx_context_destroy(). Every call after the constructor may come from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/core/time.hpp"
#include "fe/association/core/snapshot.hpp"
#include "fe/dataplane/multicast/config.hpp"
#include "fe/dataplane/optical/fabric.hpp"
#include "fe/dataplane/port_config.hpp"
#include "fe/forwarding/config.hpp"
#include "fe/multicast/service/config.hpp"
#include "tml/daemon/events.hpp"
#include "tml/tml.h"

namespace forces::fe {

struct CeConfig {
  std::uint32_t ce_id = 0;
  std::string address;
  int control_port = TMLX_PORT_CONTROL;
  int data_port = 0;  // 0: control port + 1
};

// First values of FEPO components (RFC 5810 appendix B); the master may change them.
struct FepoConfig {
  std::uint8_t ce_heartbeat_policy = 0;         // 0: the CE sends heartbeats, 1: it sends none
  std::uint8_t fe_heartbeat_policy = 0;         // 0: the FE sends none of its own, 1: every FEHI
  Duration ce_dead = std::chrono::seconds(30);  // CEHDI
  Duration fe_interval = std::chrono::milliseconds(500);  // FEHI
  std::uint8_t failover_policy = 0;  // CEFailoverPolicy: 1 = keep forwarding until CEFTI
  Duration failover_timeout = std::chrono::seconds(300);  // CEFTI
  std::uint8_t ha_mode = 0;  // 0 none, 1 cold, 2 hot standby (RFC 7121)
};

struct ElementConfig {
  std::uint32_t fe_id = 1;    // 0: the CE assigns one
  std::string name = "fe";    // FEName
  std::vector<CeConfig> ces;  // AllCEs in order of priority; the first is tried first
  FepoConfig fepo;
  // How long a backup waits, in hot standby, for a master whose control channel is down.
  Duration takeover_after = std::chrono::seconds(1);
  Duration setup_timeout = std::chrono::seconds(5);     // for the AssociationSetupResponse
  Duration retry_min = std::chrono::milliseconds(500);  // after a refusal or timeout, doubled
  Duration retry_max = std::chrono::seconds(30);
  tmlx_channel_options control_options = TMLX_CHANNEL_OPTIONS_INIT;
  tmlx_channel_options data_options = TMLX_CHANNEL_OPTIONS_INIT;
  int backoff_min_ms = 0;  // reconnects of the TML; 0: libtml's defaults
  int backoff_max_ms = 0;
  std::vector<dataplane::PortConfig> ports;
  std::vector<dataplane::ClassConfig> classes;  // overrides of the default rates
  forwarding::ForwardingConfig forwarding;
  dataplane::optical::FabricConfig fabric;
  multicast::MulticastConfig multicast;           // its ports are those with PortConfig::membership
  dataplane::multicast::EndpointConfig endpoint;  // of copies of multicast packets
  std::uint64_t random_seed = 0;                  // 0: from the system
};

class Element {
 public:
  Element(ElementConfig config, daemon::EventSink sink);
  ~Element();
  Element(const Element&) = delete;
  Element& operator=(const Element&) = delete;

  // For tmlx_config.event_handler; `element` is the Element.
  static void on_context_event(void* element, const tmlx_event* event);

  // Opens the sockets of the ports (CAP_NET_RAW) and the kernel's forwarding plane (CAP_NET_ADMIN).
  // False: something failed; the sink has said what. Nothing is redirected at such a port, and
  // without the plane LFBs answer but no route is installed.
  bool open_ports();

  // The first tmlOpen. `context` must outlive stop(). The calling thread's CAP_NET_ADMIN is what
  // routes are installed with.
  [[nodiscard]] tml_status start(tmlx_context* context);

  // Takes the rates of a re-read configuration, and the groups that we are the MCS of; identity,
  // CEs and ports stay.
  void reconfigure(const ElementConfig& config);

  // Teardown to every CE (reason 0), then closes the channels. Idempotent.
  void stop();

  [[nodiscard]] ElementSnapshot snapshot() const;

  // The optical fabric: `most` cross-connects by subscript, and faults on command, which are told
  // to the CE as if they were real. False: no such port, or it has none of these labels.
  using CrossConnects = std::vector<std::pair<std::uint32_t, dataplane::optical::RowView>>;
  [[nodiscard]] CrossConnects cross_connects(std::uint32_t first, std::size_t most) const;
  bool set_fault(std::uint32_t port, std::optional<dataplane::optical::Fabric::Labels> labels,
                 bool failed);

  // Groups that are wanted at ports, from the `first` one on in order of their addresses.
  [[nodiscard]] std::vector<multicast::GroupSnapshot> groups(std::size_t first,
                                                             std::size_t most) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace forces::fe
