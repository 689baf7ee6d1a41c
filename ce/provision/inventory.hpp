// What an FE says of itself after its association: the questions of figure 4 of the draft and of
// RFC 5810 section 4.4.1, in their order. Capability at once; topology when the data channel is up
// or has not come in time; ports right behind it. What an FE answers with an error is left out.
//
// The master subscribes to PHYPortStatusChanged before it asks for the ports, so that no change is
// between the two. Events come to every associated CE (RFC 7121 section 3.2).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ce/provision/exchange.hpp"
#include "ce/provision/rows/read_back.hpp"

namespace forces::ce::provision {

struct LfbClass {  // a row of SupportedLFBs
  std::uint32_t class_id = 0;
  std::string name, version;
  friend bool operator==(const LfbClass&, const LfbClass&) = default;
};
struct LfbInstance {  // LFBSelectors
  std::uint32_t class_id = 0, instance_id = 0;
  friend auto operator<=>(const LfbInstance&, const LfbInstance&) = default;
};
struct LfbLink {  // LFBTopology
  LfbInstance from;
  std::string from_group;
  std::uint32_t from_index = 0;
  LfbInstance to;
  std::string to_group;
  std::uint32_t to_index = 0;
  friend bool operator==(const LfbLink&, const LfbLink&) = default;
};
struct FeNeighbor {  // FENeighbors
  std::uint32_t neighbor_id = 0;
  std::string interface_to_neighbor, neighbor_interface;
  friend bool operator==(const FeNeighbor&, const FeNeighbor&) = default;
};
// NOLINTNEXTLINE(performance-enum-size): as wide as on the wire
enum class PortState : std::uint8_t { Disabled, Up, Down, Unknown };  // RFC 6956 section 4.4
[[nodiscard]] std::string_view to_string(PortState state);
struct FePort {  // an EtherPHYCop instance
  std::uint32_t instance_id = 0;
  std::optional<std::uint32_t> port_id{};
  PortState admin = PortState::Unknown, oper = PortState::Unknown;
  friend bool operator==(const FePort&, const FePort&) = default;
};

struct Inventory {
  std::string fe_name, vendor, model;
  std::optional<std::uint8_t> fe_state{};  // FEState: 0 AdminDisable, 1 OperDisable, 2 OperEnable
  std::optional<std::uint8_t> protocol_version{}, failover_policy{}, ha_mode{};
  std::vector<LfbClass> classes;
  std::vector<LfbInstance> instances;
  std::vector<LfbLink> links;
  std::vector<FeNeighbor> neighbors;
  std::vector<FePort> ports;
  bool capability_known = false, topology_known = false, ports_known = false;

  [[nodiscard]] std::vector<std::uint32_t> instances_of(std::uint32_t class_id) const;
  // The first instance of each; of an FE that told no instances, 1.
  [[nodiscard]] TableInstances table_instances() const;
};

struct PortStatus {
  std::uint32_t port = 0;  // PHYPortID
  bool up = false;
  friend bool operator==(const PortStatus&, const PortStatus&) = default;
};

class InventoryReader {
 public:
  explicit InventoryReader(Duration topology_wait) : topology_wait_(topology_wait) {}

  void start(bool data_up, Instant now);
  void stop();
  void on_data(bool up) { data_up_ = up; }
  // From now on this CE may subscribe.
  void on_master();
  void on_backup() { subscribe_ = false; }

  void on_answer(const Answer& answer);
  void on_unanswered(Purpose purpose);
  void on_event(const pl::LfbSelectView& select);
  void pump(Exchange& exchange, bool may_configure, Instant now);
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  [[nodiscard]] std::optional<PortStatus> poll_output() { return out_.poll(); }

  [[nodiscard]] const Inventory& inventory() const { return inventory_; }
  // In this association.
  [[nodiscard]] bool capability_read() const { return capability_ == Step::Done; }

 private:
  enum class Step : std::uint8_t { Idle, Wanted, Asked, Done };

  void take_object(std::uint32_t component, wire::Bytes value);
  void take_protocol(std::uint32_t component, wire::Bytes value);
  void take_port(std::uint32_t instance, std::uint32_t component, wire::Bytes value);
  void ask_capability(Exchange& exchange, Instant now);
  void ask_topology(Exchange& exchange, Instant now);
  void ask_ports(Exchange& exchange, Instant now);
  void subscribe(Exchange& exchange, Instant now);
  void tell(const FePort& port);

  Duration topology_wait_;
  bool data_up_ = false;
  Step capability_ = Step::Idle, topology_ = Step::Idle, ports_ = Step::Idle;
  bool subscribe_ = false;
  std::size_t ports_asked_ = 0;
  std::optional<Instant> topology_at_;
  Inventory inventory_;
  std::map<std::uint32_t, bool> told_;  // by PHYPortID
  OutputQueue<PortStatus> out_;
};

}  // namespace forces::ce::provision
