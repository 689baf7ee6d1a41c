// The tables of endpoints of MulticastForwarding: what a CE sets in them, and what is counted.
#include <algorithm>
#include <cstring>

#include "fe/forwarding/multicast/multicast.hpp"
#include "fe/lfb/model.hpp"

namespace forces::fe::forwarding {

using dataplane::kernel::Address;
using dataplane::kernel::Family;
using dataplane::multicast::CopyRow;
using dataplane::multicast::Endpoint;
using dataplane::multicast::Endpoints;
using pl::ResultCode;
using wire::ByteReader;
namespace component = lfb::multicast;

namespace {

enum class What : std::uint8_t { Copies, Served, Peers };
struct EndpointTable {
  What what{};
  Family family{};
};
std::optional<EndpointTable> endpoint_table_of(const lfb::Change& change) {
  if (change.component == nullptr || !change.row) return std::nullopt;
  if (change.instance->lfb_class != &lfb::kMulticastClass) return std::nullopt;
  switch (change.component->id) {
    case component::kPeers:
      return EndpointTable{What::Peers, Family::Ipv4};
    case component::kCopies:
      return EndpointTable{What::Copies, Family::Ipv4};
    case component::kIpv6Copies:
      return EndpointTable{What::Copies, Family::Ipv6};
    case component::kServed:
      return EndpointTable{What::Served, Family::Ipv4};
    case component::kIpv6Served:
      return EndpointTable{What::Served, Family::Ipv6};
    default:
      return std::nullopt;
  }
}

// The octets are a row of the type that the class declares.
Endpoint read_endpoint(ByteReader& r) {
  Endpoint out;
  out.address = r.u32("endpoint");
  out.port = r.u16("endpoint_port");
  return out;
}
Endpoint peer_of(wire::Bytes row) {
  ByteReader r(row);
  return read_endpoint(r);
}
CopyRow copy_of(Family family, wire::Bytes row) {
  ByteReader r(row);
  CopyRow out{{family, {}}, {family, {}}, {}};
  for (Address* group : {&out.first, &out.last}) {
    const wire::Bytes octets = r.take(group->size(), "group");
    std::memcpy(group->octets.data(), octets.data(), octets.size());
  }
  out.to = read_endpoint(r);
  return out;
}

bool can_be(const Endpoint& e) {  // an address of one host
  const std::uint32_t net = e.address >> 24;
  return net != 0 && net < 224 && e.port != 0;
}
bool is_multicast(const Address& a) {
  return a.family == Family::Ipv4 ? a.octets[0] >> 4 == 0xe : a.octets[0] == 0xff;
}
bool can_be(const CopyRow& row) {
  if (!can_be(row.to)) return false;
  // A range may have groups in it that never leave their link; routers join such.
  if (row.first == row.last) return dataplane::multicast::is_forwarded(row.first);
  return row.first < row.last && is_multicast(row.first) && is_multicast(row.last);
}

}  // namespace

ResultCode Multicast::check_endpoints(const lfb::Change& change) const {
  const auto table = endpoint_table_of(change);
  if (!table || !change.after) return ResultCode::Success;
  const bool server = table->what == What::Served;
  if (!endpoint_.enabled() || (server && endpoint_.server_port == 0)) {
    return ResultCode::NotSupported;
  }
  bool good = false;
  if (table->what == What::Peers) {
    good = can_be(peer_of(*change.after));
  } else {
    const CopyRow row = copy_of(table->family, *change.after);
    good = can_be(row) && (!server || row.first == row.last);  // an MCS serves single groups
  }
  return good ? ResultCode::Success : ResultCode::ValueOutOfRange;
}

// All of a message is seen at once: while a group moves from its members to an MCS no packet goes
// to both, or to none. So the kernel is told of what goes behind all that comes.
void Multicast::apply_endpoints(const lfb::Changes& changes) {
  std::vector<CopyRow> gone;
  carrier_.with([&](Endpoints& endpoints) {
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const lfb::Change change = changes[i];
      if (const auto table = endpoint_table_of(change)) {
        if (table->what == What::Peers) {
          endpoints.set_peer(*change.row,
                             change.after ? std::optional(peer_of(*change.after)) : std::nullopt);
          continue;
        }
        const auto read = [&](const std::optional<wire::Bytes>& row) {
          return row ? std::optional(copy_of(table->family, *row)) : std::nullopt;
        };
        const auto before = read(change.before), after = read(change.after);
        if (table->what == What::Served) {
          endpoints.set_served(table->family, *change.row, after);
          continue;
        }
        endpoints.set_copy(table->family, *change.row, after);
        if (after) side_of(table->family).routes.set_beyond(after->first, after->last, true);
        if (before) gone.push_back(*before);
      } else if (change.component != nullptr &&
                 change.instance->lfb_class == &lfb::kMulticastClass) {
        if (change.component->id == component::kMember && change.after) {
          ByteReader r(*change.after);
          for (std::uint16_t& cmi : set_cmis_) cmi = r.u16("cmi");
          apply_cmis(endpoints);
        }
      }
    }
  });
  for (const CopyRow& row : gone) {
    side_of(row.first.family).routes.set_beyond(row.first, row.last, false);
  }
}

void Multicast::apply_cmis(Endpoints& endpoints) {
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    const std::size_t n = family == Family::Ipv4 ? 0 : 1;
    endpoints.set_cmi(family, registered_cmis_[n] != 0 ? registered_cmis_[n] : set_cmis_[n]);
  }
}

void Multicast::set_cmi(Family family, std::uint16_t cmi) {
  registered_cmis_[family == Family::Ipv4 ? 0 : 1] = cmi;
  carrier_.with([this](Endpoints& endpoints) { apply_cmis(endpoints); });
}

Multicast::EndpointStatistics Multicast::endpoint_totals() {
  const auto carried = carrier_.counters();
  return carrier_.with([&](const Endpoints& endpoints) {
    EndpointStatistics sum;
    using dataplane::multicast::Drop;
    sum.copies = carried.copies_sent;
    sum.received = endpoints.received();
    for (const Drop why : {Drop::NotAPeer, Drop::Malformed, Drop::NotForwarded, Drop::NotServed}) {
      sum.frames_dropped += endpoints.dropped(why);
    }
    sum.frames_dropped += carried.not_delivered;
    sum.packets_dropped =
        endpoints.dropped(Drop::NoCmi) + carried.copies_congested + carried.copies_failed;
    return sum;
  });
}

void Multicast::add_endpoint_counters(daemon::CounterSamples& out) {
  if (!endpoint_.enabled()) return;
  const auto carried = carrier_.counters();
  out.push_back({"multicast_copies_sent", "", carried.copies_sent});
  out.push_back({"multicast_copies_lost", "congested", carried.copies_congested});
  out.push_back({"multicast_copies_lost", "failed", carried.copies_failed});
  out.push_back({"multicast_copies_delivered", "", carried.delivered});
  out.push_back({"multicast_copies_dropped", "not_delivered", carried.not_delivered});
  carrier_.with([&](const Endpoints& endpoints) {
    using dataplane::multicast::Drop;
    out.push_back({"multicast_copies_received", "", endpoints.received()});
    for (std::size_t i = 0; i < static_cast<std::size_t>(Drop::kCount); ++i) {
      const auto why = static_cast<Drop>(i);
      out.push_back({"multicast_copies_dropped", to_string(why), endpoints.dropped(why)});
    }
  });
}

}  // namespace forces::fe::forwarding
