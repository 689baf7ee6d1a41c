#include "ce/provision/inventory.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>
#include <utility>

#include "proto/pl/body/properties.hpp"
#include "proto/wire/tlv.hpp"

namespace forces::ce::provision {

using pl::OperType;
using wire::ByteReader;
using wire::Bytes;

namespace {

constexpr std::uint32_t kEtherPhyCop = 3, kObjectInstance = 1;
constexpr std::size_t kMostRows = 4096;  // of each table of FE Object
constexpr std::size_t kMostText = 64;    // octets
constexpr std::size_t kPortsAMessage = 256;

// FE Object (RFC 5812 section 5.1), FEPO (RFC 5810 appendix B), EtherPHYCop (RFC 6956 5.1.1).
constexpr std::uint32_t kTopologyId = 1, kSelectors = 2, kName = 3, kVendor = 5, kModel = 6,
                        kState = 7, kNeighbors = 8, kSupported = 31;
constexpr std::uint32_t kVersion = 1, kFailoverPolicy = 10, kHaMode = 14;
constexpr std::uint32_t kPhyPortId = 1, kAdminStatus = 2, kOperStatus = 3;
constexpr std::array<std::uint32_t, 2> kStatusChanged{60, 1};

// What may stand in a log or on a terminal.
std::string text_of(Bytes octets) {
  std::string text;
  for (const std::byte b : octets.first(std::min(octets.size(), kMostText))) {
    const char c = static_cast<char>(b);
    text.push_back(c >= 0x20 && c != 0x7f ? c : '?');
  }
  return text;
}

std::string read_text(ByteReader& r) { return text_of(wire::read_tlv(r, "text").value.rest()); }

LfbInstance read_instance(ByteReader& r) {
  const std::uint32_t class_id = r.u32("class"), instance_id = r.u32("instance");
  return {class_id, instance_id};
}

// Rows of index and content until the end, or until one that cannot be read.
template <class Row, class F>
std::vector<Row> read_rows(Bytes value, F&& read) {
  std::vector<Row> rows;
  ByteReader r(value);
  while (!r.empty() && rows.size() < kMostRows) {
    r.u32("index");
    Row row = read(r);
    if (r.ok()) rows.push_back(std::move(row));
  }
  return rows;
}

LfbClass read_class(ByteReader& r) {
  LfbClass c;
  c.name = read_text(r);
  c.class_id = r.u32("class");
  c.version = read_text(r);
  r.u32("limit");
  for (int i = 0; i < 4; ++i) (void)wire::read_tlv(r, "limits");
  return c;
}

LfbLink read_link(ByteReader& r) {
  LfbLink l;
  l.from = read_instance(r);
  l.from_group = read_text(r);
  l.from_index = r.u32("index");
  l.to = read_instance(r);
  l.to_group = read_text(r);
  l.to_index = r.u32("index");
  return l;
}

FeNeighbor read_neighbor(ByteReader& r) {
  FeNeighbor n;
  n.neighbor_id = r.u32("neighbor");
  n.interface_to_neighbor = read_text(r);
  n.neighbor_interface = read_text(r);
  return n;
}

std::optional<std::uint8_t> octet_of(Bytes value) {
  value = pl::without_counted_pad(value, 1);
  if (value.size() != 1) return std::nullopt;
  return static_cast<std::uint8_t>(value.front());
}

PortState port_state(Bytes value) {
  const auto octet = octet_of(value);
  return octet && *octet <= 2 ? static_cast<PortState>(*octet) : PortState::Unknown;
}

void get(pl::MessageWriter& w, std::uint32_t class_id, std::uint32_t instance,
         std::initializer_list<std::uint32_t> components) {
  const auto select = w.lfb_select({class_id}, {instance});
  const auto operation = w.operation(OperType::Get);
  for (const std::uint32_t component : components) {
    const auto path = w.path(std::span(&component, 1));
  }
}

// A part of a table goes behind the rows of the part before.
template <class Row>
void append(std::vector<Row>& rows, std::vector<Row> more) {
  if (rows.size() + more.size() > kMostRows) return;
  rows.insert(rows.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
}

}  // namespace

std::string_view to_string(PortState state) {
  static constexpr std::string_view kNames[]{"disabled", "up", "down", "unknown"};
  return kNames[static_cast<std::size_t>(state)];
}

std::vector<std::uint32_t> Inventory::instances_of(std::uint32_t class_id) const {
  std::vector<std::uint32_t> found;
  for (const LfbInstance& i : instances) {
    if (i.class_id == class_id) found.push_back(i.instance_id);
  }
  return found;
}

TableInstances Inventory::table_instances() const {
  TableInstances all{};
  for (std::size_t i = 0; i < kTables; ++i) {
    const auto found = instances_of(info(static_cast<Table>(i)).class_id);
    all[i] = instances.empty() ? 1 : found.empty() ? 0 : *std::ranges::min_element(found);
  }
  return all;
}

void InventoryReader::start(bool data_up, Instant now) {
  stop();
  data_up_ = data_up;
  capability_ = topology_ = Step::Wanted;
  topology_at_ = now + topology_wait_;
}

// What is known stays known to who looks; it is asked again at the next association.
void InventoryReader::stop() {
  capability_ = topology_ = ports_ = Step::Idle;
  subscribe_ = false;
  topology_at_.reset();
}

void InventoryReader::on_master() {
  subscribe_ = true;
  if (ports_ != Step::Idle) ports_ = Step::Wanted;
}

void InventoryReader::on_answer(const Answer& answer) {
  for (const pl::LfbSelectView select : answer.message.selects()) {
    for (const pl::OperView oper : select.operations) {
      (void)pl::for_each_leaf(oper.items(), [&](const pl::Leaf& leaf) {
        const auto ids = leaf.path.ids();
        if (!leaf.item.is(pl::TlvType::FullData) || ids.size() != 1) return true;
        if (select.class_id == pl::kFeObject) {
          take_object(ids[0], leaf.item.value);
        } else if (select.class_id == pl::kFeProtocolObject) {
          take_protocol(ids[0], leaf.item.value);
        } else if (select.class_id.value == kEtherPhyCop) {
          take_port(select.instance_id.value, ids[0], leaf.item.value);
        }
        return true;
      });
    }
  }
  if (!answer.last) return;
  if (answer.purpose == Purpose::Capability && capability_ == Step::Asked) {
    capability_ = Step::Done;
    inventory_.capability_known = true;
    std::vector<FePort> ports;
    for (const std::uint32_t instance : inventory_.instances_of(kEtherPhyCop)) {
      const auto old = std::ranges::find(inventory_.ports, instance, &FePort::instance_id);
      ports.push_back(old == inventory_.ports.end() ? FePort{.instance_id = instance} : *old);
    }
    inventory_.ports = std::move(ports);
  } else if (answer.purpose == Purpose::Topology && topology_ == Step::Asked) {
    topology_ = Step::Done;
    inventory_.topology_known = true;
  } else if (answer.purpose == Purpose::Ports && ports_asked_ != 0 && --ports_asked_ == 0) {
    if (ports_ == Step::Asked) ports_ = Step::Done;
    inventory_.ports_known = true;
  }
}

// Asked again: what is needed here is small.
void InventoryReader::on_unanswered(Purpose purpose) {
  if (purpose == Purpose::Capability && capability_ == Step::Asked) capability_ = Step::Wanted;
  if (purpose == Purpose::Topology && topology_ == Step::Asked) topology_ = Step::Wanted;
  if (purpose == Purpose::Ports && ports_asked_ != 0 && --ports_asked_ == 0) {
    if (ports_ == Step::Asked) ports_ = Step::Wanted;
  }
}

void InventoryReader::take_object(std::uint32_t component, Bytes value) {
  switch (component) {
    case kTopologyId:
      return append(inventory_.links, read_rows<LfbLink>(value, read_link));
    case kSelectors:
      return append(inventory_.instances, read_rows<LfbInstance>(value, read_instance));
    case kName:
      inventory_.fe_name = text_of(value);
      return;
    case kVendor:
      inventory_.vendor = text_of(value);
      return;
    case kModel:
      inventory_.model = text_of(value);
      return;
    case kState:
      inventory_.fe_state = octet_of(value);
      return;
    case kNeighbors:
      return append(inventory_.neighbors, read_rows<FeNeighbor>(value, read_neighbor));
    case kSupported:
      return append(inventory_.classes, read_rows<LfbClass>(value, read_class));
    default:
      return;
  }
}

void InventoryReader::take_protocol(std::uint32_t component, Bytes value) {
  if (component == kVersion) inventory_.protocol_version = octet_of(value);
  if (component == kFailoverPolicy) inventory_.failover_policy = octet_of(value);
  if (component == kHaMode) inventory_.ha_mode = octet_of(value);
}

void InventoryReader::take_port(std::uint32_t instance, std::uint32_t component, Bytes value) {
  const auto port = std::ranges::find(inventory_.ports, instance, &FePort::instance_id);
  if (port == inventory_.ports.end()) return;
  if (component == kPhyPortId && value.size() == 4) {
    port->port_id = static_cast<std::uint32_t>(wire::load_be<4>(value.data()));
  } else if (component == kAdminStatus) {
    port->admin = port_state(value);
  } else if (component == kOperStatus) {
    port->oper = port_state(value);
  }
  tell(*port);
}

void InventoryReader::on_event(const pl::LfbSelectView& select) {
  if (select.class_id.value != kEtherPhyCop) return;
  for (const pl::OperView oper : select.operations) {
    if (oper.type != OperType::Report) continue;
    (void)pl::for_each_leaf(oper.items(), [&](const pl::Leaf& leaf) {
      if (std::ranges::equal(leaf.path.ids(), kStatusChanged) &&
          leaf.item.is(pl::TlvType::FullData)) {
        take_port(select.instance_id.value, kOperStatus, leaf.item.value);
      }
      return true;
    });
  }
}

void InventoryReader::tell(const FePort& port) {
  if (!port.port_id || port.oper == PortState::Unknown) return;
  const bool up = port.oper == PortState::Up;
  const auto [at, fresh] = told_.try_emplace(*port.port_id, up);
  if (!fresh && at->second == up) return;
  at->second = up;
  out_.push(PortStatus{*port.port_id, up});
}

void InventoryReader::pump(Exchange& exchange, bool may_configure, Instant now) {
  if (capability_ == Step::Wanted) ask_capability(exchange, now);
  if (capability_ != Step::Done) return;
  if (topology_ == Step::Wanted && (data_up_ || !topology_at_ || now >= *topology_at_)) {
    topology_at_.reset();
    ask_topology(exchange, now);
    if (ports_ == Step::Idle) ports_ = Step::Wanted;
  }
  if (ports_ != Step::Wanted) return;
  if (subscribe_ && may_configure) subscribe(exchange, now);
  if (!subscribe_) ask_ports(exchange, now);
}

std::optional<Instant> InventoryReader::next_deadline() const {
  if (capability_ != Step::Done || topology_ != Step::Wanted) return std::nullopt;
  return topology_at_;
}

void InventoryReader::ask_capability(Exchange& exchange, Instant now) {
  capability_ = Step::Asked;
  inventory_.classes.clear();
  inventory_.instances.clear();
  pl::MessageWriter query = exchange.begin(pl::MsgType::Query);
  get(query, pl::kFeObject.value, kObjectInstance,
      {kSupported, kSelectors, kName, kVendor, kModel, kState});
  get(query, pl::kFeProtocolObject.value, kObjectInstance, {kVersion, kFailoverPolicy, kHaMode});
  (void)exchange.submit(std::move(query), Purpose::Capability, now);
}

void InventoryReader::ask_topology(Exchange& exchange, Instant now) {
  topology_ = Step::Asked;
  inventory_.links.clear();
  inventory_.neighbors.clear();
  pl::MessageWriter query = exchange.begin(pl::MsgType::Query);
  get(query, pl::kFeObject.value, kObjectInstance, {kTopologyId, kNeighbors});
  (void)exchange.submit(std::move(query), Purpose::Topology, now);
}

void InventoryReader::ask_ports(Exchange& exchange, Instant now) {
  ports_ = Step::Asked;
  ports_asked_ = 0;
  for (std::size_t first = 0; first < inventory_.ports.size(); first += kPortsAMessage) {
    pl::MessageWriter query = exchange.begin(pl::MsgType::Query);
    const std::size_t end = std::min(inventory_.ports.size(), first + kPortsAMessage);
    for (std::size_t i = first; i < end; ++i) {
      get(query, kEtherPhyCop, inventory_.ports[i].instance_id,
          {kPhyPortId, kAdminStatus, kOperStatus});
    }
    (void)exchange.submit(std::move(query), Purpose::Ports, now);
    ++ports_asked_;
  }
  if (ports_asked_ != 0) return;
  ports_ = Step::Done;
  inventory_.ports_known = true;
}

void InventoryReader::subscribe(Exchange& exchange, Instant now) {
  subscribe_ = false;
  for (std::size_t first = 0; first < inventory_.ports.size(); first += kPortsAMessage) {
    pl::MessageWriter config = exchange.begin(pl::MsgType::Config);
    const std::size_t end = std::min(inventory_.ports.size(), first + kPortsAMessage);
    for (std::size_t i = first; i < end; ++i) {
      const auto select = config.lfb_select({kEtherPhyCop}, {inventory_.ports[i].instance_id});
      const auto operation = config.operation(OperType::SetProp);
      const auto path = config.path(kStatusChanged);
      pl::write_properties(config, pl::EventProperties{.registration = 1});
    }
    (void)exchange.submit(std::move(config), Purpose::Subscriptions, now);
  }
}

}  // namespace forces::ce::provision
