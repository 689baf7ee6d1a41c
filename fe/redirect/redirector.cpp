#include "fe/redirect/redirector.hpp"

#include <utility>

#include "common/runtime/timer.hpp"

namespace forces::fe {
namespace {

using dataplane::Received;

constexpr auto kRelaxed = std::memory_order_relaxed;
// RFC 6956 section 4.4: why the packet left the forwarding path.
constexpr std::uint32_t kRouterAlertOptions = 6, kDstAddressException = 10;

}  // namespace

Redirector::Redirector(std::vector<dataplane::PortConfig> ports,
                       const std::vector<dataplane::ClassConfig>& classes)
    : open_(ports.size(), false), policer_(classes) {
  for (auto& config : ports) ports_.push_back(dataplane::make_port(std::move(config)));
  for (const auto& port : ports_) watched_.push_back({this, port.get()});
}

Redirector::~Redirector() { stop(); }

std::vector<std::string> Redirector::open() {
  std::vector<std::string> failures;
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    std::string failure = ports_[i]->open();
    open_[i] = failure.empty();
    if (!open_[i]) failures.push_back(std::move(failure));
  }
  return failures;
}

tml_status Redirector::start(tmlx_context* context) {
  context_ = context;
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    if (!open_[i]) continue;
    for (const int fd : ports_[i]->fds()) {
      const tml_status status = tmlx_watch(context, fd, &Redirector::on_ready, &watched_[i]);
      if (status != TML_SUCCESS) return status;
    }
  }
  return TML_SUCCESS;
}

void Redirector::stop() {
  if (context_ == nullptr) return;
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    if (!open_[i]) continue;
    for (const int fd : ports_[i]->fds()) (void)tmlx_watch(context_, fd, nullptr, nullptr);
  }
  context_ = nullptr;
}

void Redirector::set_target(std::uint32_t fe_id, std::uint32_t master, std::uint64_t data_channel) {
  fe_id_.store(fe_id, kRelaxed);
  channel_.store(data_channel, kRelaxed);
  master_.store(master, kRelaxed);
}

Redirector::Totals Redirector::totals(std::uint32_t ce_id) const {
  const auto at = ces_.find(ce_id);
  if (at == ces_.end()) return {};
  const Ce& ce = at->second;
  return {ce.received_packets.get(),
          ce.received_octets.get(),
          ce.received_errors.get(),
          ce.sent_packets.get(),
          ce.sent_octets.get(),
          ce.sent_errors.get(),
          Instant(Duration(ce.received_at.load(kRelaxed))),
          Instant(Duration(ce.sent_at.load(kRelaxed)))};
}

// ---- Port to CE --------------------------------------------------------------------------------

void Redirector::on_ready(void* watched, int fd) {
  const Watched& at = *static_cast<const Watched*>(watched);
  at.owner->from_port(*at.port, fd);
}

void Redirector::from_port(dataplane::Port& port, int fd) {
  const Instant now = runtime::now();
  for (int i = 0; i < kPacketsATurn; ++i) {
    const Received received = port.receive(fd, packet_, now);
    if (received.status == Received::Status::Empty) return;
    if (received.status == Received::Status::Packet) deliver(port, received, now);
  }
}

void Redirector::deliver(const dataplane::Port& port, const Received& received, Instant now) {
  const dataplane::PacketClass packet_class = received.what.packet_class;
  const bool kept = port.config().membership && packet_class == dataplane::PacketClass::Igmp &&
                    listener_.packet != nullptr;
  // A flood is shed before either.
  if (kept && !policer_.take(packet_class, now)) return;
  if (kept) {
    listener_.packet(listener_.user, port.config().port_id,
                     wire::Bytes(packet_).first(received.size), now);
  }
  if (port.selected(packet_class)) to_ce(port, received, kept, now);
}

void Redirector::to_ce(const dataplane::Port& port, const Received& received, bool allowed,
                       Instant now) {
  const dataplane::PacketClass packet_class = received.what.packet_class;
  const auto at = ces_.find(master_.load(kRelaxed));
  if (at == ces_.end()) return counters_.no_master.add();
  // After the check for a master: what nobody would get does not use up the class's allowance.
  if (!allowed && !policer_.take(packet_class, now)) return;
  const std::uint64_t channel = channel_.load(kRelaxed);
  if (channel == 0) return counters_.no_channel.add();

  const auto id = pl::metadata_octets(port.config().port_id);
  const auto exception =
      pl::metadata_octets(received.what.router_alert ? kRouterAlertOptions : kDstAddressException);
  const std::array metadata{
      pl::MetadataView{std::to_underlying(pl::MetadataId::PhyPortId), id},
      pl::MetadataView{std::to_underlying(pl::MetadataId::ExceptionId), exception}};
  const auto size =
      pl::encode_redirect({{fe_id_.load(kRelaxed)}, {at->first}, policer_.priority(packet_class)},
                          metadata, wire::Bytes(packet_).first(received.size), message_);
  if (!size) return counters_.too_large.add();

  Ce& ce = at->second;
  const tml_status status = tmlWrite({channel}, message_.data(), *size, 0, nullptr);
  if (status == TML_SUCCESS) {
    ce.sent_packets.add();
    ce.sent_octets.add(*size);
    ce.sent_at.store(now.time_since_epoch().count(), kRelaxed);
    return counters_.to_ce.add();
  }
  ce.sent_errors.add();
  switch (status) {
    case TMLX_E_QUEUE_FULL:
      return counters_.queue_full.add();
    case TMLX_E_TOO_BIG:
      return counters_.too_large.add();
    case TMLX_E_CLOSED:
    case TMLX_E_BAD_DESCRIPTOR:
      return counters_.no_channel.add();
    default:
      return counters_.channel_error.add();
  }
}

// ---- CE to port --------------------------------------------------------------------------------

void Redirector::on_messages(std::uint32_t ce_id, const tmlx_message* messages, std::size_t count,
                             Instant now) {
  const auto at = ces_.find(ce_id);
  if (at == ces_.end()) return counters_.wrong_source.add(count);
  at->second.received_at.store(now.time_since_epoch().count(), kRelaxed);
  for (std::size_t i = 0; i < count; ++i) {
    from_message(at->second, ce_id,
                 {static_cast<const std::byte*>(messages[i].data), messages[i].size}, now);
  }
}

void Redirector::from_message(Ce& ce, std::uint32_t ce_id, wire::Bytes message, Instant now) {
  if (is_heartbeat(message)) return;
  const auto refuse = [&](dataplane::Counter& reason) {
    reason.add();
    ce.received_errors.add();
  };
  pl::RedirectReader reader(message);
  if (!reader.header()) return refuse(counters_.malformed);
  if (reader.header()->source.value != ce_id) return refuse(counters_.wrong_source);
  if (master_.load(kRelaxed) != ce_id) return refuse(counters_.not_master);
  ce.received_packets.add();
  ce.received_octets.add(message.size());
  while (const auto redirect = reader.next()) to_port(*redirect, now);
  if (reader.error()) refuse(counters_.malformed);
}

void Redirector::to_port(const pl::RedirectView& redirect, Instant now) {
  const auto index = redirect.metadata_u32(pl::MetadataId::RedirectIndex);
  if (!index) return counters_.no_index.add();
  if (!redirect.packet() || redirect.packet()->empty()) return counters_.no_packet.add();
  counters_.from_ce.add();
  dataplane::Port* const port = open_port(*index);
  if (port == nullptr) return counters_.unknown_port.add();
  if (!port->send(*redirect.packet(), now)) counters_.not_sent.add();
}

dataplane::Port* Redirector::open_port(std::uint32_t id) const {
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    if (open_[i] && ports_[i]->config().port_id == id) return ports_[i].get();
  }
  return nullptr;
}

bool Redirector::send(std::uint32_t port, wire::Bytes packet, Instant now) {
  dataplane::Port* const out = open_port(port);
  return out != nullptr && out->send(packet, now);
}

}  // namespace forces::fe
