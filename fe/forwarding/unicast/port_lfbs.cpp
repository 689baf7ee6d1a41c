#include "fe/forwarding/unicast/port_lfbs.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <string>

#include "common/core/number.hpp"
#include "fe/forwarding/topology.hpp"

namespace forces::fe::forwarding {

using dataplane::kernel::Address;
using dataplane::kernel::AddressChanged;
using dataplane::kernel::Family;
using dataplane::kernel::InterfaceAddress;
using dataplane::kernel::Link;
using dataplane::kernel::LinkChanged;
using pl::ResultCode;
namespace phy = lfb::ether_phy_cop;

namespace {

constexpr std::uint8_t kUp = 1, kDown = 2;  // PortStatusType (RFC 6956 section 4.2); 0: disabled

// LANSpeedType (RFC 6956 section 4.1).
std::uint32_t lan_speed(std::uint32_t megabits) {
  struct Named {
    std::uint32_t megabits, value;
  };
  static constexpr Named kNamed[]{{0, 0},       {10, 1},      {100, 2},
                                  {1'000, 3},   {10'000, 4},  {40'000, 5},
                                  {100'000, 6}, {400'000, 7}, {1'000'000, 8}};
  const auto* const at = std::ranges::find(kNamed, megabits, &Named::megabits);
  return at == std::ranges::end(kNamed) ? 9 : at->value;  // LAN_SPEED_OTHER
}

// "10.98.0.1/24", as the configuration has checked it.
std::optional<std::pair<Address, std::uint8_t>> address_of(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return std::nullopt;
  Address address;
  if (inet_pton(AF_INET, text.substr(0, slash).c_str(), address.octets.data()) != 1) {
    return std::nullopt;
  }
  const auto length = whole_number<std::uint8_t>(std::string_view(text).substr(slash + 1));
  if (!length || *length > 32) return std::nullopt;
  return std::pair(address, *length);
}

std::uint64_t number_in(const lfb::Component& component, std::optional<wire::Bytes> value) {
  return value ? lfb::number_of(*component.type, *value).value_or(0) : 0;
}

}  // namespace

PortLfbs::PortLfbs(const std::vector<dataplane::PortConfig>& ports) {
  for (const dataplane::PortConfig& config : ports) {
    Port port;
    port.id = config.port_id;
    port.device = config.interface;
    if (config.kind == dataplane::PortKind::Replay) port.device.clear();
    if (const auto own = address_of(config.address)) {
      port.configured = Row{port.id, own->first, own->second};
    }
    ports_.push_back(std::move(port));
  }
}

void PortLfbs::attach(lfb::Engine& engine) {
  engine_ = &engine;
  engine.store().add(lfb::kPortAddressClass, kPortAddress.instance_id);
  for (const Port& port : ports_) {
    wire::ByteWriter id, up;
    id.u32(port.id);
    up.u8(kUp);
    (void)engine.set_initial(ether_phy_cop(port.id), phy::kPortId, id.written());
    (void)engine.set_initial(ether_phy_cop(port.id), phy::kAdminStatus, up.written());
    put(port.id, phy::kOperStatus, kUp, Instant{});
    put(port.id, phy::kCarrierStatus, 1, Instant{});
  }
  refresh_addresses(Instant{});
}

void PortLfbs::put(std::uint32_t port, std::uint32_t component, std::uint8_t value, Instant now) {
  const std::byte octet{value};
  (void)engine_->put(ether_phy_cop(port), component, {&octet, 1}, now);
}

std::vector<PortLfbs::Moved> PortLfbs::resync(const dataplane::kernel::Links& links, Instant now) {
  following_ = true;
  std::vector<Moved> moved;
  for (Port& port : ports_) {
    if (port.device.empty()) continue;
    const std::uint32_t before = port.interface;
    take(port, links.find(std::string_view(port.device)), now);
    if (port.interface != before) moved.push_back({port.id, port.interface});
  }
  addresses_.clear();
  links.for_each_address([&](const InterfaceAddress& address) { addresses_.insert(address); });
  refresh_addresses(now);
  return moved;
}

std::vector<PortLfbs::Moved> PortLfbs::on_link(const LinkChanged& changed, Instant now) {
  std::vector<Moved> moved;
  for (Port& port : ports_) {
    const std::uint32_t before = port.interface;
    const bool named = !port.device.empty() && port.device == changed.link.name.data();
    if (named && !changed.gone) {
      take(port, &changed.link, now);
    } else if (port.interface == changed.link.index && before != 0) {  // gone, or another name
      take(port, nullptr, now);
    }
    if (port.interface != before) moved.push_back({port.id, port.interface});
  }
  if (!moved.empty()) refresh_addresses(now);
  return moved;
}

void PortLfbs::on_address(const AddressChanged& changed, Instant now) {
  if (changed.gone) {
    addresses_.erase(changed.address);
  } else {
    addresses_.insert(changed.address);
  }
  refresh_addresses(now);
}

void PortLfbs::take(Port& port, const Link* link, Instant now) {
  port.interface = link != nullptr ? link->index : 0;
  if (link != nullptr) admin_is(port, link->admin_up);
  if (link == nullptr) port.admin_wanted.reset();
  port.carrier = link != nullptr && link->carrier;
  put(port.id, phy::kCarrierStatus, port.carrier ? 1 : 0, now);
  put(port.id, phy::kOperStatus, link != nullptr && link->up ? kUp : kDown, now);
}

void PortLfbs::on_speed(std::string_view device, std::uint32_t megabits, Instant now) {
  for (const Port& port : ports_) {
    if (port.device != device) continue;
    wire::ByteWriter w;
    w.u32(lan_speed(port.carrier ? megabits : 0));  // LAN_SPEED_NONE: nothing connected
    (void)engine_->put(ether_phy_cop(port.id), phy::kOperLinkSpeed, w.written(), now);
  }
}

bool PortLfbs::admin_component_up(std::uint32_t port) {
  const auto value = engine_->value(ether_phy_cop(port), phy::kAdminStatus);
  return value && value->size() == 1 && value->front() == std::byte{kUp};
}

// What somebody at the FE does to the interface is where a new association begins; what a CE does
// is not (RFC 5810 section 4.2.2.3).
void PortLfbs::admin_is(Port& port, bool up) {
  port.admin_up = up;
  if (port.admin_wanted && *port.admin_wanted != up) return;  // older than what was asked
  const bool was_asked = port.admin_wanted.has_value();
  port.admin_wanted.reset();
  if (was_asked || admin_component_up(port.id) == up) return;
  const std::byte status{up ? kUp : kDown};
  (void)engine_->set_initial(ether_phy_cop(port.id), phy::kAdminStatus, {&status, 1});
}

const PortLfbs::Port* PortLfbs::find(const lfb::Change& change) const {
  if (change.component == nullptr || change.instance->lfb_class != &lfb::kEtherPhyCopClass) {
    return nullptr;
  }
  const auto at = std::ranges::find(ports_, change.instance->id, &Port::id);
  return at == ports_.end() ? nullptr : &*at;
}

ResultCode PortLfbs::check(const lfb::Change& change) const {
  const Port* const port = find(change);
  if (port == nullptr || change.row) return ResultCode::Success;
  const std::uint64_t before = number_in(*change.component, change.before);
  if (number_in(*change.component, change.after) == before) return ResultCode::Success;
  if (change.component->id != phy::kAdminStatus || port->device.empty() || !following_) {
    return ResultCode::NotSupported;
  }
  return port->interface == 0 ? ResultCode::Busy : ResultCode::Success;
}

std::optional<PortLfbs::AdminRequest> PortLfbs::asked(const lfb::Change& change) {
  const Port* const found = find(change);
  if (found == nullptr || change.component->id != phy::kAdminStatus || !change.after) {
    return std::nullopt;
  }
  Port& port = ports_[static_cast<std::size_t>(found - ports_.data())];
  const bool up = number_in(*change.component, change.after) == kUp;
  if (port.interface == 0) return std::nullopt;
  if (port.admin_wanted.value_or(port.admin_up) == up) return std::nullopt;
  port.admin_wanted = up;
  return AdminRequest{port.id, port.interface, up};
}

void PortLfbs::refused(std::uint32_t id, Instant now) {
  const auto port = std::ranges::find(ports_, id, &Port::id);
  if (port == ports_.end()) return;
  port->admin_wanted.reset();
  put(id, phy::kAdminStatus, port->admin_up ? kUp : kDown, now);
}

void PortLfbs::refresh_addresses(Instant now) {
  std::set<Row> wanted;
  for (const Port& port : ports_) {
    if (port.configured) wanted.insert(*port.configured);
    if (port.interface == 0) continue;
    for (const InterfaceAddress& a : addresses_) {
      if (a.interface == port.interface) wanted.insert({port.id, a.address, a.length});
    }
  }
  for (auto at = rows_.begin(); at != rows_.end();) {
    if (wanted.contains(at->first)) {
      ++at;
      continue;
    }
    (void)engine_->erase_row(kPortAddress, lfb::port_address::kTable, at->second, now);
    free_rows_.insert(at->second);
    at = rows_.erase(at);
  }
  for (const Row& row : wanted) {
    if (rows_.contains(row)) continue;
    const bool again = !free_rows_.empty();
    const auto index = again ? *free_rows_.begin() : static_cast<std::uint32_t>(rows_.size());
    wire::ByteWriter w;
    w.u32(row.port);
    w.u8(row.address.family == Family::Ipv4 ? 4 : 6);
    w.bytes(std::as_bytes(std::span(row.address.octets)));
    w.u8(row.length);
    if (!engine_->put_row(kPortAddress, lfb::port_address::kTable, index, w.written(), now)) return;
    if (again) free_rows_.erase(free_rows_.begin());
    rows_.emplace(row, index);
  }
}

}  // namespace forces::fe::forwarding
