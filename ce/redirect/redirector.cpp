#include "ce/redirect/redirector.hpp"

#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/runtime/timer.hpp"
#include "proto/pl/redirect.hpp"

namespace forces::ce {
namespace {

// IP precedence is what routing daemons set (CS6); 0 is "normal", which the PL calls 1.
unsigned priority_of(wire::Bytes packet) {
  const auto first = static_cast<unsigned>(packet[0]), second = static_cast<unsigned>(packet[1]);
  const unsigned precedence = first >> 4 == 4 ? second >> 5 : (first & 0xf) >> 1;
  return std::max(1U, precedence);
}

// What is for an FE's port. Of IPv6 not ICMP, nor what begins with options: neighbour discovery and
// MLD of this host are of a link that is not there, and the FE's kernel does its own.
bool is_for_port(wire::Bytes packet) {
  const unsigned version = packet.empty() ? 0 : static_cast<unsigned>(packet[0]) >> 4;
  if (version == 4) return packet.size() >= 20;
  if (version != 6 || packet.size() < 40) return false;
  const auto next = static_cast<unsigned>(packet[6]);
  return next != 0 && next != IPPROTO_ICMPV6;
}

}  // namespace

Redirector::~Redirector() { stop(); }

Redirector::Fe& Redirector::fe(std::uint32_t fe_id) {  // under the unique lock
  auto& slot = fes_[fe_id];
  if (!slot) {
    slot = std::make_unique<Fe>();
    slot->fe_id = fe_id;
  }
  return *slot;
}

std::vector<std::string> Redirector::configure(std::uint32_t fe_id,
                                               const std::vector<PortConfig>& ports) {
  const std::scoped_lock configuring(configuring_);
  std::vector<std::unique_ptr<Port>> gone;
  Fe* owner = nullptr;
  std::vector<PortConfig> wanted = ports;
  {
    const std::unique_lock lock(mutex_);
    owner = &fe(fe_id);
    for (auto& port : owner->ports) {
      const auto same = std::ranges::find(wanted, port->config);
      const bool failed = !port->tun && !port->config.tun.empty();
      if (same == wanted.end() || failed) {  // what failed is tried again
        gone.push_back(std::move(port));
      } else {
        wanted.erase(same);
      }
    }
    std::erase(owner->ports, nullptr);
  }
  for (const auto& port : gone) {
    unwatch(*port);  // waits for a running read, so not under the lock
    if (port->tun) devices_.forget(port->tun->index());
  }
  gone.clear();
  devices_.open();

  std::vector<std::string> failures;
  for (const PortConfig& config : wanted) {
    auto port = std::make_unique<Port>(*this, *owner, config);
    if (!config.tun.empty()) {
      auto tun = Tun::open(config);
      if (tun) {
        port->tun.emplace(std::move(*tun));
      } else {
        failures.push_back(std::move(tun.error()));
      }
    }
    Port& added = *port;
    {
      const std::unique_lock lock(mutex_);
      if (added.tun && config.shared) added.tun->set_active(owner->master);
      owner->ports.push_back(std::move(port));
      mirror(added);
    }
    if (context_ != nullptr) watch(added);
  }
  return failures;
}

std::vector<std::uint32_t> Redirector::fes() const {
  const std::shared_lock lock(mutex_);
  std::vector<std::uint32_t> ids;
  for (const auto& [id, fe] : fes_) ids.push_back(id);
  return ids;
}

void Redirector::watch(Port& port) {
  if (port.tun) (void)tmlx_watch(context_, port.tun->fd(), &Redirector::on_ready, &port);
}

void Redirector::unwatch(const Port& port) {
  if (port.tun && context_ != nullptr) {
    (void)tmlx_watch(context_, port.tun->fd(), nullptr, nullptr);
  }
}

tml_status Redirector::start(tmlx_context* context, Devices::Note note) {
  const std::scoped_lock configuring(configuring_);
  context_ = context;
  devices_.start(std::move(note));
  for (const auto& [id, fe] : fes_) {
    for (const auto& port : fe->ports) watch(*port);
  }
  return TML_SUCCESS;
}

void Redirector::stop() {
  const std::scoped_lock configuring(configuring_);
  for (const auto& [id, fe] : fes_) {
    for (const auto& port : fe->ports) unwatch(*port);
  }
  devices_.stop();
  context_ = nullptr;
}

void Redirector::set_associated(std::uint32_t fe_id, bool associated) {
  const std::unique_lock lock(mutex_);
  fe(fe_id).associated.store(associated, std::memory_order_relaxed);
}

void Redirector::set_master(std::uint32_t fe_id, bool master) {
  const std::unique_lock lock(mutex_);
  Fe& known = fe(fe_id);
  known.master.store(master, std::memory_order_relaxed);
  for (const auto& port : known.ports) {
    if (port->tun && port->config.shared) port->tun->set_active(master);
  }
}

void Redirector::set_port_up(std::uint32_t fe_id, std::uint32_t port_id, bool up) {
  const std::unique_lock lock(mutex_);
  for (const auto& port : fe(fe_id).ports) {
    if (port->config.port_id != port_id || port->up == up) continue;
    port->up = up;
    if (!port->tun) continue;
    port->tun->set_carrier(up);
    devices_.carrier_changed(port->tun->index(), up);
  }
}

void Redirector::set_addresses(std::uint32_t fe_id, std::uint32_t port_id,
                               Devices::Addresses addresses) {
  const std::unique_lock lock(mutex_);
  Fe& known = fe(fe_id);
  known.addresses[port_id] = std::move(addresses);
  for (const auto& port : known.ports) {
    if (port->config.port_id == port_id) mirror(*port);
  }
}

void Redirector::mirror(const Port& port) {  // under the unique lock
  const auto at = port.fe.addresses.find(port.config.port_id);
  if (!port.tun || !port.config.mirrors() || at == port.fe.addresses.end()) return;
  devices_.want(port.tun->index(), port.fe.fe_id, port.config.tun, at->second);
}

std::string Redirector::address_of(const Port& port) const {
  if (!port.config.mirrors() || !port.tun) return port.config.address;
  std::string all;
  for (const auto& address : devices_.given(port.tun->index())) {
    all += (all.empty() ? "" : ", ") + text_of(address);
  }
  return all;
}

void Redirector::set_channel(std::uint32_t fe_id, std::uint64_t data_channel) {
  const std::unique_lock lock(mutex_);
  Fe& known = fe(fe_id);
  by_channel_.erase(known.channel.exchange(data_channel, std::memory_order_relaxed));
  if (data_channel != 0) by_channel_[data_channel] = &known;
}

std::uint64_t Redirector::channel(std::uint32_t fe_id) const {
  const std::shared_lock lock(mutex_);
  const auto at = fes_.find(fe_id);
  return at == fes_.end() ? 0 : at->second->channel.load(std::memory_order_relaxed);
}

Redirector::Traffic Redirector::traffic(std::uint32_t fe_id) const {
  const std::shared_lock lock(mutex_);
  const auto at = fes_.find(fe_id);
  if (at == fes_.end()) return {};
  return {Instant(Duration(at->second->heard.load(std::memory_order_relaxed))),
          Instant(Duration(at->second->sent.load(std::memory_order_relaxed)))};
}

// ---- FE to device ------------------------------------------------------------------------------

void Redirector::on_messages(std::uint64_t channel, const tmlx_message* messages, std::size_t count,
                             Instant now) {
  const std::shared_lock lock(mutex_);
  const auto at = by_channel_.find(channel);
  if (at == by_channel_.end()) return unknown_channel_.add(count);
  Fe& from = *at->second;
  from.heard.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  for (std::size_t i = 0; i < count; ++i) {
    from_channel(from, {static_cast<const std::byte*>(messages[i].data), messages[i].size});
  }
}

void Redirector::from_channel(Fe& from, wire::Bytes message) {
  if (is_heartbeat(message)) return;
  pl::RedirectReader reader(message);
  if (!reader.header()) return from.counters.malformed.add();
  if (reader.header()->source.value != from.fe_id) return from.counters.wrong_source.add();
  if (!from.associated.load(std::memory_order_relaxed)) return from.counters.not_associated.add();
  while (const auto redirect = reader.next()) {
    const auto& packet = redirect->packet();
    if (!packet || packet->empty()) {
      from.counters.no_packet.add();
      continue;
    }
    auto id = redirect->metadata_u32(pl::MetadataId::PhyPortId);
    if (!id) id = redirect->metadata_u32(pl::MetadataId::L3PortId);
    if (!id) {
      from.counters.no_port.add();
      continue;
    }
    const auto port =
        std::ranges::find_if(from.ports, [&](const auto& p) { return p->config.port_id == *id; });
    if (port == from.ports.end()) {
      from.counters.unknown_port.add();
      continue;
    }
    if (taker_ && taker_(from.fe_id, *id, *packet)) {
      (*port)->counters.from_fe.add();
      continue;
    }
    to_device(**port, *packet);
  }
  if (reader.error()) from.counters.malformed.add();
}

void Redirector::to_device(Port& port, wire::Bytes packet) {
  port.counters.from_fe.add();
  if (!port.tun) return port.counters.no_device.add();
  if (::write(port.tun->fd(), packet.data(), packet.size()) >= 0) return;
  const bool full = errno == EAGAIN || errno == ENOBUFS;
  (full ? port.counters.device_full : port.counters.device_error).add();
}

// ---- Device to FE ------------------------------------------------------------------------------

void Redirector::on_ready(void* port, int fd) {
  Port& at = *static_cast<Port*>(port);
  at.owner.from_device(at, fd);
}

void Redirector::from_device(Port& port, int fd) {
  const Instant now = runtime::now();
  for (int i = 0; i < kPacketsATurn; ++i) {
    const ssize_t got = ::read(fd, packet_.data(), packet_.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {  // somebody deleted the device: it would be "readable" for ever
      port.counters.device_error.add();
      (void)tmlx_watch(context_, fd, nullptr, nullptr);
      return;
    }
    (void)to_channel(port, wire::Bytes(packet_).first(static_cast<std::size_t>(got)), message_,
                     now);
  }
}

bool Redirector::to_channel(Port& port, wire::Bytes packet, std::span<std::byte> message,
                            Instant now) {
  RedirectPortCounters& counters = port.counters;
  const auto drop = [](Counter& reason) {
    reason.add();
    return false;
  };
  if (!is_for_port(packet)) return drop(counters.not_ipv4);
  if (!port.fe.associated.load(std::memory_order_relaxed)) return drop(counters.not_associated);
  if (!port.fe.master.load(std::memory_order_relaxed)) return drop(counters.not_master);
  const std::uint64_t channel = port.fe.channel.load(std::memory_order_relaxed);
  if (channel == 0) return drop(counters.no_channel);

  // RFC 6956 section 5.4.1.1: "there MUST exist a RedirectIndex metadata".
  const auto index = pl::metadata_octets(port.config.port_id);
  const std::array metadata{
      pl::MetadataView{static_cast<std::uint32_t>(pl::MetadataId::RedirectIndex), index}};
  const auto size = pl::encode_redirect({{ce_id_}, {port.fe.fe_id}, priority_of(packet)}, metadata,
                                        packet, message);
  if (!size) return drop(counters.too_large);
  switch (tmlWrite({channel}, message.data(), *size, 0, nullptr)) {
    case TML_SUCCESS:
      port.fe.sent.store(now.time_since_epoch().count(), std::memory_order_relaxed);
      counters.to_fe.add();
      return true;
    case TMLX_E_QUEUE_FULL:
      return drop(counters.queue_full);
    case TMLX_E_TOO_BIG:
      return drop(counters.too_large);
    case TMLX_E_CLOSED:
    case TMLX_E_BAD_DESCRIPTOR:
      return drop(counters.no_channel);
    default:
      return drop(counters.channel_error);
  }
}

bool Redirector::send(std::uint32_t fe_id, std::uint32_t port_id, wire::Bytes packet, Instant now) {
  const std::shared_lock lock(mutex_);
  const auto fe = fes_.find(fe_id);
  if (fe == fes_.end()) return false;
  const auto port = std::ranges::find_if(
      fe->second->ports, [&](const auto& p) { return p->config.port_id == port_id; });
  if (port == fe->second->ports.end()) return false;
  std::vector<std::byte> message(packet.size() + 128);
  return to_channel(**port, packet, message, now);
}

}  // namespace forces::ce
