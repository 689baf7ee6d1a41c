// The control element's protocol layer as the daemon sees it: it takes every channel of libtml,
// keeps an association with each FE, and moves redirected packets between FE ports and TUN devices.
//
// Order of use: construct; tmlx_context_create with on_context_event as its handler and the
// controller as its user; open_ports() while privileged; start(); and at the end stop(), then
// tmlx_context_destroy(). Every call after the constructor may come from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ce/association/core/snapshot.hpp"
#include "ce/association/observer.hpp"
#include "ce/provision/provisioner.hpp"
#include "ce/provision/rows/row_book.hpp"
#include "ce/provision/transaction.hpp"
#include "ce/redirect/port_config.hpp"
#include "ce/routing/service.hpp"
#include "common/core/time.hpp"
#include "proto/pl/vc.hpp"
#include "tml/daemon/events.hpp"
#include "tml/tml.h"

namespace forces::ce {

struct FeConfig {
  std::uint32_t fe_id = 0;
  std::string name;
  std::vector<PortConfig> ports;
};

// Both ends' FEPO heartbeat components (RFC 5810 appendix B), set by Config after association.
struct HeartbeatConfig {
  bool ce_sends = true;                                   // CEHBPolicy 0
  bool fe_sends = false;                                  // FEHBPolicy 1; else the CE polls the FE
  Duration ce_dead = std::chrono::seconds(30);            // CEHDI: the FE gives the CE up
  Duration fe_interval = std::chrono::milliseconds(500);  // FEHI
  Duration poll_interval = std::chrono::seconds(1);  // AlwaysACK after this much silence of the FE
  Duration fe_dead = std::chrono::seconds(10);       // the CE gives the FE up
  bool configure_fe = true;  // send the values above; else the FE's own are left alone
};

struct ControllerConfig {
  std::uint32_t ce_id = 0x40000001;
  std::string address = "127.0.0.1";
  int control_port = TMLX_PORT_CONTROL;  // TMLX_PORT_EPHEMERAL: any
  int data_port = 0;                     // 0: control port + 1
  tmlx_channel_options control_options = TMLX_CHANNEL_OPTIONS_INIT;
  tmlx_channel_options data_options = TMLX_CHANNEL_OPTIONS_INIT;
  std::vector<FeConfig> fes;
  bool allow_unknown_fes = false;  // associate FEs that are not in `fes`
  std::uint32_t assign_first = 0;  // FE IDs given to FEs that come with ID 0 (section 6.1);
  std::uint32_t assign_last = 0;   // 0: none is given
  HeartbeatConfig heartbeat;
  provision::ProvisionConfig provision;
  routing::ServiceConfig routing;
};

// How far a route is at one FE.
struct RouteAtFe {
  std::uint32_t fe_id = 0;
  provision::RowState state{};
  // Of Failed: what the FE answered, or what its kernel said afterwards.
  pl::ResultCode code = pl::ResultCode::Success;
  provision::InKernel kernel{};
};
struct RouteReport {
  routing::RouteLine route;
  std::vector<RouteAtFe> fes;
};
// What FEs answered to one request of the operator, so far.
struct OperatorAnswer {
  bool done = false;
  std::map<std::uint32_t, std::vector<pl::Octets>> by_fe;  // whole messages; none: no answer came
  std::optional<provision::TransactionRecord> transaction;
};

enum class Answers : std::uint8_t {
  Kept,  // for answer(), kTicketLife long
  Told,  // to the observer
};

class Controller {
 public:
  Controller(ControllerConfig config, daemon::EventSink sink);
  ~Controller();
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  // For tmlx_config.event_handler; `controller` is the Controller.
  static void on_context_event(void* controller, const tmlx_event* event);

  // Before start(), and it outlives stop(). None: nullptr.
  void set_observer(FeObserver* observer);
  // Likewise: where rows of copies between FEs come from. It is called under the controller's
  // mutex, from any thread, and says copies_changed() without a mutex of its own that it takes
  // then.
  void set_copy_source(provision::CopySource* source);
  void copies_changed();

  // The same for VCs of MARS messages; without one they are what nobody has defined.
  void set_vc_observer(VcObserver* observer);
  // To those of these VCs that are still there; how many they are. What a full queue refuses is
  // counted as pl_send_failures: MARS repeats what it needs.
  std::size_t send_vc(std::span<const VcOfFe> to, pl::VcKind kind, wire::Bytes sdu);

  // Makes the TUN devices (CAP_NET_ADMIN). False: at least one failed; the sink has said which, and
  // that port counts and drops its packets.
  bool open_ports();

  // Listens for control and data channels. `context` must outlive stop().
  [[nodiscard]] tml_status start(tmlx_context* context);

  // Takes the FEs, heartbeat values and ports of a re-read configuration; identity and listening
  // addresses stay. An FE that is no longer configured is torn down.
  void reconfigure(const ControllerConfig& config);

  // Teardown to every FE (reason 0); tmlx_context_destroy() then closes the channels. Idempotent.
  void stop();

  [[nodiscard]] ControllerSnapshot snapshot() const;

  // For the operator. Routes from the id `first` on, with their state at FE `fe_id` (0: at all);
  // the id to go on with, or none.
  [[nodiscard]] std::optional<routing::RouteId> routes(routing::RouteId first, std::size_t most,
                                                       std::uint32_t fe_id,
                                                       std::vector<RouteReport>& out) const;
  [[nodiscard]] std::optional<provision::Inventory> inventory(std::uint32_t fe_id) const;
  [[nodiscard]] std::vector<provision::TransactionRecord> transactions() const;
  // Each gives a ticket by which answer() has what came back; 0: no FE could be asked. Tickets are
  // forgotten with their answer, and after kTicketLife.
  [[nodiscard]] std::uint64_t ask(const std::vector<std::uint32_t>& fes,
                                  const std::vector<pl::BodyTlv>& query,
                                  Answers answers = Answers::Kept);
  [[nodiscard]] std::uint64_t configure(std::uint32_t fe_id, const std::vector<pl::BodyTlv>& config,
                                        Answers answers = Answers::Kept);
  [[nodiscard]] std::uint64_t transact(const std::vector<provision::TransactionPart>& parts,
                                       Answers answers = Answers::Kept);
  // RFC 7121: hands these FEs over to another CE.
  [[nodiscard]] std::uint64_t switch_master(const std::vector<std::uint32_t>& fes,
                                            std::uint32_t ce_id);
  [[nodiscard]] std::optional<OperatorAnswer> answer(std::uint64_t ticket);
  static constexpr Duration kTicketLife = std::chrono::minutes(1);

  // For the observer. While this FE is associated with us as its master: a number that every such
  // time has for itself; else 0.
  [[nodiscard]] std::uint64_t period(std::uint32_t fe_id) const;
  // An IP packet out of an FE's port. False: it is dropped, and counted at the port if that is
  // configured.
  bool send_packet(std::uint32_t fe_id, std::uint32_t port_id, wire::Bytes packet);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace forces::ce
