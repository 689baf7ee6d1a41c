#include "fe/dataplane/multicast/endpoints.hpp"

#include <algorithm>
#include <cstring>

#include "proto/mars/data.hpp"

namespace forces::fe::dataplane::multicast {
namespace {

constexpr std::size_t kIpv4Header = 20, kIpv6Header = 40;

constexpr std::uint64_t key_of(const Endpoint& e) {
  return std::uint64_t{e.address} << 16 | e.port;
}

Address address_at(Family family, Bytes packet, std::size_t at) {
  Address out{family, {}};
  std::memcpy(out.octets.data(), packet.data() + at, out.size());
  return out;
}

}  // namespace

std::string_view to_string(Drop drop) {
  static constexpr std::array<std::string_view, static_cast<std::size_t>(Drop::kCount)> kNames{
      "disabled", "not_a_peer", "malformed", "not_forwarded",
      "own",      "not_served", "no_copies", "no_cmi"};
  return kNames[static_cast<std::size_t>(drop)];
}

bool is_forwarded(const Address& group) {
  const auto& o = group.octets;
  if (group.family == Family::Ipv6) return o[0] == 0xff && (o[1] & 0x0f) > 2;
  return o[0] >> 4 == 0xe && (o[0] != 224 || o[1] != 0 || o[2] != 0);
}

std::optional<Address> group_of(Family family, Bytes packet) {
  const bool v4 = family == Family::Ipv4;
  if (packet.size() < (v4 ? kIpv4Header : kIpv6Header)) return std::nullopt;
  const auto first = std::to_integer<std::uint8_t>(packet[0]);
  if (first >> 4 != (v4 ? 4 : 6)) return std::nullopt;
  if (v4) {
    const std::size_t header = (first & 0x0fU) * 4U, total = wire::load_be<2>(packet.data() + 2);
    if (header < kIpv4Header || total < header || total > packet.size()) return std::nullopt;
  } else if (wire::load_be<2>(packet.data() + 4) + kIpv6Header > packet.size()) {
    return std::nullopt;
  }
  const Address group = address_at(family, packet, v4 ? 16 : 24);
  const bool multicast = v4 ? group.octets[0] >> 4 == 0xe : group.octets[0] == 0xff;
  return multicast ? std::optional(group) : std::nullopt;
}

std::size_t CopyTable::Hash::operator()(const Address& a) const noexcept {
  std::array<std::uint64_t, 2> halves{};
  static_assert(sizeof halves == sizeof a.octets);
  std::memcpy(halves.data(), a.octets.data(), sizeof halves);
  const std::uint64_t mixed = (halves[0] ^ halves[1] * 0x9e3779b97f4a7c15U) * 0xff51afd7ed558ccdU;
  return mixed ^ mixed >> 32;
}

void CopyTable::set(std::uint32_t index, std::optional<CopyRow> row) {
  if (const auto at = rows_.find(index); at != rows_.end()) {
    const CopyRow& before = at->second;
    if (before.first != before.last) {
      std::erase(ranges_, before);
    } else if (const auto group = groups_.find(before.first); group != groups_.end()) {
      std::erase(group->second, before.to);
      if (group->second.empty()) groups_.erase(group);
    }
    rows_.erase(at);
  }
  if (!row) return;
  rows_[index] = *row;
  if (row->first == row->last) {
    groups_[row->first].push_back(row->to);
  } else {
    ranges_.push_back(*row);
  }
}

std::span<const Endpoint> CopyTable::find(const Address& group) {
  if (const auto at = groups_.find(group); at != groups_.end()) return at->second;
  found_.clear();
  for (const CopyRow& range : ranges_) {
    if (group < range.first || range.last < group) continue;
    if (std::ranges::find(found_, range.to) == found_.end()) found_.push_back(range.to);
  }
  return found_;
}

Endpoints::Endpoints() {
  set_cmi(Family::Ipv4, 0);
  set_cmi(Family::Ipv6, 0);
}

void Endpoints::set_peer(std::uint32_t index, const std::optional<Endpoint>& row) {
  if (const auto at = peer_rows_.find(index); at != peer_rows_.end()) {
    peers_.erase(key_of(at->second));
    peer_rows_.erase(at);
  }
  if (!row) return;
  peer_rows_[index] = *row;
  peers_.insert(key_of(*row));
}

void Endpoints::set_cmi(Family family, std::uint16_t cmi) {
  const std::uint16_t before = std::exchange(cmis_[side(family)], cmi);
  if (before != cmi) earlier_cmis_[side(family)] = before;
  FrameHeader& header = headers_[side(family)];
  std::ranges::copy(wire::snap_header(wire::SnapPid::MulticastType1), header.begin());
  wire::store_be<2>(header.data() + wire::kSnapSize, cmi);
  wire::store_be<2>(header.data() + wire::kSnapSize + 2,
                    (family == Family::Ipv4 ? mars::kIpv4 : mars::kIpv6).type);
}

Verdict Endpoints::drop(Drop why) {
  ++drops_[static_cast<std::size_t>(why)];
  return {.drop = why};
}

Verdict Endpoints::on_packet(Bytes packet) {
  if (!enabled_) return drop(Drop::Disabled);
  const bool six = !packet.empty() && std::to_integer<unsigned>(packet[0]) >> 4 == 6;
  const Family family = six ? Family::Ipv6 : Family::Ipv4;
  const auto group = group_of(family, packet);
  if (!group) return drop(Drop::Malformed);
  const auto copies = copies_[side(family)].find(*group);
  if (copies.empty()) return drop(Drop::NoCopies);
  if (cmis_[side(family)] == 0) return drop(Drop::NoCmi);
  return {.copies = copies, .header = &headers_[side(family)]};
}

Verdict Endpoints::on_frame(const Endpoint& from, bool at_server, Bytes frame) {
  if (!enabled_) return drop(Drop::Disabled);
  if (!peers_.contains(key_of(from))) return drop(Drop::NotAPeer);
  const auto snap = wire::decode_snap(frame);
  if (!snap) return drop(Drop::Malformed);
  mars::ProtocolType protocol;
  std::uint16_t cmi = 0;
  Bytes packet;
  // Type #2 has no CMI, and is never sent but always taken (RFC 2022 section 5.5.2).
  if (snap->pid == wire::SnapPid::MulticastType1) {
    const auto one = mars::decode_type1(snap->payload);
    if (!one) return drop(Drop::Malformed);
    protocol = one->protocol;
    cmi = one->cmi;
    packet = one->packet;
  } else if (snap->pid == wire::SnapPid::MulticastType2) {
    const auto two = mars::decode_type2(snap->payload);
    if (!two) return drop(Drop::Malformed);
    protocol = two->protocol;
    packet = two->packet;
  }
  const bool six = protocol == mars::kIpv6;
  const Family family = six ? Family::Ipv6 : Family::Ipv4;
  const auto group = six || protocol == mars::kIpv4 ? group_of(family, packet) : std::nullopt;
  if (!group) return drop(Drop::Malformed);
  if (!is_forwarded(*group)) return drop(Drop::NotForwarded);
  if (at_server) {
    const auto copies = served_[side(family)].find(*group);
    if (copies.empty()) return drop(Drop::NotServed);
    ++received_;
    return {.copies = copies};
  }
  const std::size_t at = side(family);
  if (cmi != 0 && (cmi == cmis_[at] || cmi == earlier_cmis_[at])) return drop(Drop::Own);
  ++received_;
  return {.deliver = packet};
}

}  // namespace forces::fe::dataplane::multicast
