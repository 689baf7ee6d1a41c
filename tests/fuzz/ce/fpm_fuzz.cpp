// Octets as the stream of an FPM connection, in pieces: what decodes encodes to the same; what an
// FE is given never refers to a row it has not; a table that is withdrawn leaves nothing behind.
#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <span>

#include "ce/routing/fib/fib_builder.hpp"
#include "ce/routing/fpm/decoder.hpp"
#include "ce/routing/fpm/encoder.hpp"
#include "ce/routing/fpm/framer.hpp"
#include "tests/fuzz/events.hpp"

namespace {

using namespace forces;
using namespace forces::ce::routing;
using forces::fuzz::require;

void round_trip(const fpm::Message& m) {
  fpm::Encoder out(m.sender);
  switch (m.kind) {
    case fpm::MessageKind::RouteAdd:
      // The encoder has no labels, and a single path has no weight.
      if (std::ranges::any_of(m.route.paths, &fpm::Path::encapsulated)) return;
      if (m.route.paths.size() == 1 && m.route.paths[0].weight != 1) return;
      if (m.route.paths.size() == 1 && m.route.paths[0].ifindex == 0 &&
          m.route.paths[0].gateway.unspecified()) {
        return;
      }
      out.route_add(m.route);
      break;
    case fpm::MessageKind::NextHopAdd:
      if (m.next_hop.path.encapsulated || m.next_hop.path.blackhole) return;
      if (!m.next_hop.members.empty()) return;
      out.next_hop_add(m.next_hop);
      break;
    default:
      return;
  }
  const auto octets = std::move(out).finish();
  if (!octets) return;
  fpm::FrameReader in(wire::Bytes(*octets).subspan(fpm::kHeaderSize));
  fpm::Message again;
  require(in.next(again) && again.kind == m.kind);
  for (fpm::Path& p : again.route.paths) {  // an absent gateway has the family of the route
    if (p.gateway.unspecified()) p.gateway.family = m.route.prefix.address.family;
  }
  fpm::Route want = m.route;
  for (fpm::Path& p : want.paths) {
    if (p.gateway.unspecified()) p.gateway.family = want.prefix.address.family;
  }
  if (m.kind == fpm::MessageKind::RouteAdd) {
    require(again.route == want);
  } else {
    require(again.next_hop.id == m.next_hop.id && again.next_hop.path == m.next_hop.path);
  }
}

struct Fe {
  std::set<HopSelector> hops;
  std::map<HopSelector, EcmpRow> sets;
  std::map<RowId, PrefixRow> prefixes;

  void apply(const NextHopRow& r) { hops.insert(r.hop_selector); }
  void apply(const EcmpRow& r) {
    require(!r.members.empty());
    for (const EcmpMember& m : r.members) require(hops.contains(m.hop_selector));
    sets[r.hop_selector] = r;
  }
  void apply(const PrefixRow& r) {
    require(r.ecmp_flag ? sets.contains(r.hop_selector) : hops.contains(r.hop_selector));
    prefixes[r.row] = r;
  }
  void apply(const PrefixGone& r) { prefixes.erase(r.row); }
  void apply(const EcmpGone& r) { sets.erase(r.hop_selector); }
  void apply(const NextHopGone& r) { hops.erase(r.hop_selector); }
  void take(FibBuilder& fib, int budget) {
    while (budget-- > 0) {
      const auto delta = fib.poll(1);
      if (!delta) return;
      std::visit([this](const auto& row) { apply(row); }, *delta);
    }
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Rib rib;
  FibBuilder fib(rib);
  Fe fe;
  for (std::uint32_t i = 0; i < 6; ++i) fib.on_interface(i, {1 + i % 2, i}, 1500);
  fib.on_fe(1);
  rib.on_connected();
  fpm::Framer framer;
  fpm::Message m;
  std::set<IpPrefix> prefixes;
  std::set<std::uint32_t> ids;
  auto left = std::as_bytes(std::span(data, size));
  bool open = true;
  for (std::size_t piece = 1; open && !left.empty(); piece = piece % 69 + 1) {
    const auto now = left.first(std::min(piece, left.size()));
    left = left.subspan(now.size());
    const auto room = framer.prepare();
    require(room.size() >= now.size());
    std::ranges::copy(now, room.begin());
    framer.commit(now.size());
    for (;;) {
      const auto frame = framer.next();
      if (!frame || !*frame) {
        open = frame.has_value();
        break;
      }
      fpm::FrameReader in(**frame);
      while (in.next(m)) {
        round_trip(m);
        rib.on_message(m, Instant{});
        if (m.kind == fpm::MessageKind::RouteAdd) prefixes.insert(m.route.prefix);
        if (m.kind == fpm::MessageKind::NextHopAdd) ids.insert(m.next_hop.id);
      }
      if (!in.ok()) require(in.error().offset <= (*frame)->size());
    }
    fib.update();
    fe.take(fib, static_cast<int>(piece % 7));
  }
  fib.update();
  fe.take(fib, 1 << 20);
  require(fe.prefixes.size() == fib.prefixes());
  fpm::Message gone;
  gone.kind = fpm::MessageKind::RouteDelete;
  gone.route.table = fpm::kTableMain;
  for (const IpPrefix& p : prefixes) {
    gone.route.prefix = p;
    rib.on_message(gone, Instant{});
  }
  gone.kind = fpm::MessageKind::NextHopDelete;
  for (const std::uint32_t id : ids) {
    gone.next_hop.id = id;
    rib.on_message(gone, Instant{});
  }
  fib.update();
  fe.take(fib, 1 << 20);
  require(fe.prefixes.empty() && fe.sets.empty() && fe.hops.empty());
  require(rib.size() == 0 && rib.next_hops() == 0 && fib.next_hops() == 0 && fib.sets() == 0);
  return 0;
}
