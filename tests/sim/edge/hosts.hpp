// Hosts as RFC 3376 section 5 and RFC 2236 section 6 have them, as simple as can be: they report
// what they want when it changes and once more after it, and when they are asked.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>

#include "fe/multicast/edge/edge.hpp"
#include "tests/support/sim/world.hpp"

namespace forces::sim::edge {

using namespace std::chrono_literals;
using fe::multicast::Address;
using fe::multicast::Family;
using fe::multicast::Filter;
using fe::multicast::Mode;
using igmp::RecordType;
using igmp::Version;

class Host {
 public:
  using Send = std::function<void(const igmp::Packet&)>;
  Host(test::World& world, Version version, Address address, Send send)
      : world_(world), version_(version), address_(address), send_(std::move(send)) {}

  [[nodiscard]] Version version() const { return version_; }
  [[nodiscard]] Filter wants(const Address& group) const {
    const auto at = wanted_.find(group);
    return at == wanted_.end() ? Filter{} : at->second;
  }
  // Version 2 knows all sources or nothing.
  void want(const Address& group, Filter filter) {
    if (version_ == Version::V2) filter.sources.clear();
    const Filter before = std::exchange(wanted_[group], filter);
    if (before == filter) return;
    ++epoch_[group];
    version_ == Version::V2 ? tell_v2(group) : tell_change(group, before);
    // Robustness 2: once more within a second, as it is then.
    world_.after(Duration(1ms) * world_.pick(1000), [this, group, epoch = epoch_[group]] {
      if (epoch_[group] != epoch) return;
      version_ == Version::V2 ? tell_v2(group) : tell_state(group, true);
    });
  }
  void on_query(const igmp::Query& query) {
    std::vector<Address> named;
    for (std::size_t i = 0; i < query.sources.size(); ++i) named.push_back(query.sources[i]);
    const auto most = std::max<std::uint64_t>(1, whole_milliseconds(query.max_response));
    world_.after(Duration(1ms) * world_.pick(most), [this, group = query.group, named] {
      for (const auto& [one, filter] : wanted_) {
        if ((!group.is_zero() && group != one) || filter.nothing()) continue;
        if (version_ == Version::V2) {
          send(igmp::Report{Version::V2, one}, one);
        } else if (named.empty()) {
          tell_state(one, false);
        } else {
          std::vector<Address> passing;
          for (const Address& source : named) {
            if (filter.passes(source)) passing.push_back(source);
          }
          if (!passing.empty()) tell(RecordType::IsInclude, one, passing);
        }
      }
    });
  }

 private:
  void tell_v2(const Address& group) {
    if (wants(group).nothing()) return send(igmp::Leave{group}, igmp::all_routers(group.family));
    send(igmp::Report{Version::V2, group}, group);
  }
  void tell_state(const Address& group, bool change) {
    const Filter filter = wants(group);
    const bool in = filter.mode == Mode::Include;
    if (in && filter.sources.empty() && !change) return;
    tell(change ? (in ? RecordType::ToInclude : RecordType::ToExclude)
                : (in ? RecordType::IsInclude : RecordType::IsExclude),
         group, filter.sources);
  }
  void tell_change(const Address& group, const Filter& before) {
    const Filter now = wants(group);
    if (before.mode != now.mode) return tell_state(group, true);
    std::vector<Address> more, less;
    std::ranges::set_difference(now.sources, before.sources, std::back_inserter(more));
    std::ranges::set_difference(before.sources, now.sources, std::back_inserter(less));
    if (now.mode == Mode::Exclude) std::swap(more, less);
    if (!more.empty()) tell(RecordType::AllowNewSources, group, more);
    if (!less.empty()) tell(RecordType::BlockOldSources, group, less);
  }
  void tell(RecordType type, const Address& group, const std::vector<Address>& sources) {
    wire::ByteWriter w;
    igmp::append_record(type, group, sources, w);
    send(igmp::Records(group.family, 1, w.written()), igmp::all_report_listeners(group.family));
  }
  void send(const igmp::Message& message, const Address& to) {
    send_({.source = address_, .destination = to, .message = message});
  }

  test::World& world_;
  Version version_;
  Address address_;
  Send send_;
  std::map<Address, Filter> wanted_;
  std::map<Address, int> epoch_;
};

// One edge, its ports, and the hosts on them; packets are late and get lost.
class Network {
 public:
  Network(std::uint64_t seed, Family family, std::size_t ports, bool old_hosts)
      : world(seed), edge_(links(family, ports)), hosts(ports) {
    for (std::size_t port = 0; port < ports; ++port) {
      for (std::size_t n = 0; n < 3; ++n) {
        const bool old = old_hosts && n == 0;
        Address address = links(family, ports)[port].address;
        address.octets[address.size() - 1] = static_cast<std::byte>(10 + n);
        hosts[port].emplace_back(world, old ? Version::V2 : Version::V3, address,
                                 [this, port](const igmp::Packet& packet) { up(port, packet); });
      }
    }
    for (std::uint32_t port = 0; port < ports; ++port) edge_.on_port(port, true, world.now());
    pump();
  }

  // What is forwarded to a port, as the outputs had it.
  [[nodiscard]] bool passes(std::uint32_t port, const Address& group, const Address& source) const {
    const auto at = egress_.find({port, group});
    return at != egress_.end() && at->second.passes(source);
  }
  [[nodiscard]] bool joined(const Address& group) const { return joined_.contains(group); }
  [[nodiscard]] const fe::multicast::Edge& edge() const { return edge_; }

  test::World world;

 private:
  static std::vector<fe::multicast::LinkConfig> links(Family family, std::size_t ports) {
    std::vector<fe::multicast::LinkConfig> out;
    for (std::uint32_t port = 0; port < ports; ++port) {
      Address address = Address::ipv4(0xc0000201U + port * 256);
      if (family == Family::Ipv6) {
        address = Address::zero(family);
        address.octets[0] = std::byte{0xfe};
        address.octets[1] = std::byte{0x80};
        address.octets[15] = std::byte{1};
      }
      out.push_back({.port = port, .address = address});
    }
    return out;
  }
  [[nodiscard]] Duration delay() { return Duration(1ms) * (1 + world.pick(20)); }
  [[nodiscard]] bool is_lost() { return world.pick(100) < loss_percent; }

  void up(std::size_t port, const igmp::Packet& packet) {
    if (is_lost()) return;
    wire::ByteWriter w;
    igmp::encode_packet(packet, w);
    world.after(delay(), [this, port, octets = std::move(w).finish().value()] {
      edge_.on_packet(static_cast<std::uint32_t>(port), octets, world.now());
      pump();
    });
  }
  void pump() {
    while (auto output = edge_.poll_output()) {
      std::visit(Overloaded{
                     [&](fe::multicast::SendQuery& query) { down(query); },
                     [&](const fe::multicast::EgressChanged& changed) {
                       egress_[{changed.port, changed.group}] = changed.filter;
                     },
                     [&](const fe::multicast::Joined& joined) { joined_.insert(joined.group); },
                     [&](const fe::multicast::Left& left) { joined_.erase(left.group); },
                     [](const auto&) {},
                 },
                 *output);
    }
    const auto at = edge_.next_deadline();
    if (!at || armed_ == at) return;
    armed_ = at;
    world.at(*at, [this, at] {
      if (armed_ != at) return;
      armed_.reset();
      edge_.on_timer(world.now());
      pump();
    });
  }
  void down(const fe::multicast::SendQuery& query) {
    for (Host& host : hosts[query.port]) {
      if (is_lost()) continue;
      world.after(delay(), [&host, octets = query.packet] {
        const auto packet = igmp::decode_packet(octets).value();
        host.on_query(std::get<igmp::Query>(packet.message));
      });
    }
  }

  fe::multicast::Edge edge_;
  std::optional<Instant> armed_;
  std::map<std::pair<std::uint32_t, Address>, Filter> egress_;
  std::set<Address> joined_;

 public:
  std::vector<std::deque<Host>> hosts;
  unsigned loss_percent = 0;
};

}  // namespace forces::sim::edge
