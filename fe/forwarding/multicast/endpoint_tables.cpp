// The tables of endpoints of MulticastForwarding: what a CE sets in them, and what is counted.
#include "fe/forwarding/multicast/multicast.hpp"
#include "fe/forwarding/multicast/rows.hpp"
#include "fe/lfb/model.hpp"

namespace forces::fe::forwarding {

using dataplane::kernel::Family;
using dataplane::multicast::CopyRow;
using dataplane::multicast::Endpoints;
using pl::ResultCode;
using Kind = MulticastTable::Kind;

ResultCode Multicast::check_endpoints(const MulticastTable& table, wire::Bytes row) const {
  const bool server = table.kind == Kind::Served;
  if (!endpoint_.enabled() || (server && endpoint_.server_port == 0)) {
    return ResultCode::NotSupported;
  }
  bool good = false;
  if (table.kind == Kind::Peers) {
    good = takes_packets(peer_row(row));
  } else {
    const CopyRow copy = copy_row(table.family, row);
    good = can_be(copy) && (!server || copy.first == copy.last);  // an MCS serves single groups
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
      if (!is_multicast(change)) continue;
      if (change.component->id == lfb::multicast::kMember && change.after) {
        wire::ByteReader r(*change.after);
        for (std::uint16_t& cmi : set_cmis_) cmi = r.u16("cmi");
        apply_cmis(endpoints);
      }
      const auto table = multicast_table_of(change);
      if (!table || table->kind == Kind::Groups || table->kind == Kind::Leaves) continue;
      if (table->kind == Kind::Peers) {
        endpoints.set_peer(*change.row,
                           change.after ? std::optional(peer_row(*change.after)) : std::nullopt);
        continue;
      }
      const auto read = [&](const std::optional<wire::Bytes>& row) {
        return row ? std::optional(copy_row(table->family, *row)) : std::nullopt;
      };
      const auto before = read(change.before), after = read(change.after);
      if (table->kind == Kind::Served) {
        endpoints.set_served(table->family, *change.row, after);
        continue;
      }
      endpoints.set_copy(table->family, *change.row, after);
      if (after) side_of(table->family).routes.set_beyond(after->first, after->last, true);
      if (before) gone.push_back(*before);
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

void Multicast::end_earlier_cmis() {
  carrier_.with([](Endpoints& endpoints) { endpoints.end_earlier_cmis(); });
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
