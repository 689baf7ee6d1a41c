#include "ce/routing/fpm/encoder.hpp"

#include <cstring>
#include <utility>

#include "ce/routing/fpm/netlink.hpp"

namespace forces::ce::routing::fpm {

template <class T>
void Encoder::put(T value) {  // host order
  const std::size_t at = out_.size();
  out_.resize(at + sizeof value);
  std::memcpy(out_.data() + at, &value, sizeof value);
}

void Encoder::patch_u16(std::size_t at, std::uint16_t value) {
  std::memcpy(out_.data() + at, &value, sizeof value);
}

void Encoder::begin_frame() {
  frame_ = out_.size();
  open_ = true;
  put(kVersion);
  put(kTypeNetlink);
  put(std::uint16_t{0});
}

void Encoder::end_frame() {
  const std::size_t length = out_.size() - frame_;
  if (length > kMaxFrame) too_large_ = true;
  out_[frame_ + 2] = static_cast<std::byte>(length >> 8 & 0xff);
  out_[frame_ + 3] = static_cast<std::byte>(length & 0xff);
  open_ = false;
}

template <class Body>
void Encoder::message(std::uint16_t type, std::uint16_t flags, Body&& body) {
  const bool own_frame = !open_;
  if (own_frame) begin_frame();
  const std::size_t start = out_.size();
  put(std::uint32_t{0});
  put(type);
  put(flags);
  put(std::uint32_t{0});
  put(sender_);
  body();
  const auto length = static_cast<std::uint32_t>(out_.size() - start);
  std::memcpy(out_.data() + start, &length, sizeof length);
  out_.resize(out_.size() + (4 - length % 4) % 4);
  if (own_frame) end_frame();
}

template <class Body>
void Encoder::attribute(std::uint16_t type, Body&& body) {
  const std::size_t start = out_.size();
  put(std::uint16_t{0});
  put(type);
  body();
  const std::size_t length = out_.size() - start;
  if (length > kMaxFrame) too_large_ = true;
  patch_u16(start, static_cast<std::uint16_t>(length));
  out_.resize(out_.size() + (4 - length % 4) % 4);
}

void Encoder::address(std::uint16_t type, const IpAddress& a) {
  attribute(type, [&] {
    for (std::size_t i = 0; i < a.size(); ++i) put(a.octets[i]);
  });
}

void Encoder::number(std::uint16_t type, std::uint32_t value) {
  attribute(type, [&] { put(value); });
}

void Encoder::path(const Path& p, Family family) {
  if (p.gateway.unspecified()) return;
  if (p.gateway.family == family) {
    address(netlink::rta::kGateway, p.gateway);
    return;
  }
  attribute(netlink::rta::kVia, [&] {
    put(static_cast<std::uint16_t>(p.gateway.family == Family::V4 ? netlink::kInet
                                                                  : netlink::kInet6));
    for (std::size_t i = 0; i < p.gateway.size(); ++i) put(p.gateway.octets[i]);
  });
}

void Encoder::route(std::uint16_t type, std::uint16_t flags, const Route& r) {
  const Family family = r.prefix.address.family;
  message(type, flags, [&] {
    put(family == Family::V4 ? netlink::kInet : netlink::kInet6);
    put(r.prefix.length);
    put(r.source_length);
    put(std::uint8_t{0});
    put(static_cast<std::uint8_t>(r.table < 256 ? r.table : 0));
    put(r.protocol);
    put(std::uint8_t{0});
    put(std::to_underlying(r.type));
    put(std::uint32_t{0});
    address(netlink::rta::kDst, r.prefix.address);
    number(netlink::rta::kPriority, r.priority);
    if (r.table >= 256) number(netlink::rta::kTable, r.table);
    if (r.next_hop_id != 0) number(netlink::rta::kNhId, r.next_hop_id);
    if (r.paths.size() == 1) {
      path(r.paths[0], family);
      number(netlink::rta::kOif, r.paths[0].ifindex);
    } else if (!r.paths.empty()) {
      attribute(netlink::rta::kMultipath, [&] {
        for (const Path& p : r.paths) {
          const std::size_t start = out_.size();
          put(std::uint16_t{0});
          put(std::uint8_t{0});
          put(static_cast<std::uint8_t>(p.weight - 1));
          put(p.ifindex);
          path(p, family);
          patch_u16(start, static_cast<std::uint16_t>(out_.size() - start));
        }
      });
    }
  });
}

void Encoder::route_add(const Route& r) {
  route(netlink::kNewRoute, netlink::kRequestCreate | netlink::kReplace, r);
}

void Encoder::route_delete(const Route& r) {
  Route bare{.prefix = r.prefix,
             .source_length = r.source_length,
             .table = r.table,
             .protocol = r.protocol,
             .priority = r.priority,
             .paths = {}};
  route(netlink::kDelRoute, netlink::kRequestCreate, bare);
}

void Encoder::next_hop_add(const NextHop& hop) {
  const bool group = !hop.members.empty();
  message(netlink::kNewNextHop, netlink::kRequestCreate | netlink::kReplace, [&] {
    const auto family = hop.path.gateway.family == Family::V4 ? netlink::kInet : netlink::kInet6;
    put(group ? std::uint8_t{0} : family);
    put(std::uint8_t{0});
    put(netlink::kProtocolZebra);
    put(std::uint8_t{0});
    put(std::uint32_t{0});
    number(netlink::nha::kId, hop.id);
    if (group) {
      attribute(netlink::nha::kGroup, [&] {
        for (const GroupMember& m : hop.members) {
          put(m.id);
          put(static_cast<std::uint8_t>(m.weight - 1));
          put(std::uint8_t{0});
          put(std::uint16_t{0});
        }
      });
      return;
    }
    if (hop.path.blackhole) {
      attribute(netlink::nha::kBlackhole, [] {});
      return;
    }
    if (!hop.path.gateway.unspecified()) address(netlink::nha::kGateway, hop.path.gateway);
    number(netlink::nha::kOif, hop.path.ifindex);
  });
}

void Encoder::next_hop_delete(std::uint32_t id) {
  message(netlink::kDelNextHop, 0, [&] {
    put(std::uint64_t{0});
    number(netlink::nha::kId, id);
  });
}

void Encoder::end_of_table() {
  message(netlink::kDone, 0, [] {});
}

void Encoder::other(std::uint16_t type, wire::Bytes body) {
  message(type, 0, [&] { out_.insert(out_.end(), body.begin(), body.end()); });
}

Result<std::vector<std::byte>> Encoder::finish() && {
  if (too_large_) return fail(Errc::TooLarge, "fpm.length");
  return std::move(out_);
}

}  // namespace forces::ce::routing::fpm
