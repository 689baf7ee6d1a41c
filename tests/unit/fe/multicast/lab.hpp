// An edge with a virtual clock, and packets as hosts and routers send them.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fe/multicast/edge/edge.hpp"
#include "tests/support/octets/print.hpp"

namespace forces::fe::multicast::test {

using namespace std::chrono_literals;
using igmp::RecordType;
using igmp::Version;

inline Address group(unsigned n = 1) { return Address::ipv4(0xef010100U + n); }
inline Address source(unsigned n) { return Address::ipv4(0x0a000000U + n); }
inline Address ipv6(std::uint8_t first, std::uint8_t second, std::uint8_t last) {
  Address out = Address::zero(Family::Ipv6);
  out.octets[0] = std::byte{first};
  out.octets[1] = std::byte{second};
  out.octets[15] = std::byte{last};
  return out;
}
inline Address group_six(std::uint8_t n = 1) { return ipv6(0xff, 0x1e, n); }
inline Address source_six(std::uint8_t n) { return ipv6(0x20, 0x01, n); }

inline LinkConfig link(std::uint32_t port = 1) {
  return {.port = port, .address = Address::ipv4(0xc0000201)};  // 192.0.2.1
}
inline LinkConfig link_six(std::uint32_t port = 1) {
  return {.port = port, .address = ipv6(0xfe, 0x80, 1)};
}

// g++ 12 has a false warning of "a" + std::string at -O3.
inline std::string text(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) out.append(part);
  return out;
}

struct Lab {
  explicit Lab(std::vector<LinkConfig> links) : edge(links) {
    for (const LinkConfig& one : links) {
      EXPECT_EQ(problem_of(one), "");
      edge.on_port(one.port, true, now);
    }
    take();
  }
  Lab() : Lab({link()}) {}

  // To the end of this time, from deadline to deadline.
  void advance(Duration time) {
    const Instant end = now + time;
    for (int budget = 100'000; budget > 0; --budget) {
      const auto at = edge.next_deadline();
      if (!at || *at > end) break;
      ASSERT_GE(*at, now) << "a deadline in the past";
      const bool same = *at == now;
      now = *at;
      edge.on_timer(now);
      take();
      ASSERT_FALSE(same && edge.next_deadline() == now) << "a deadline that stays";
    }
    now = end;
  }
  void take() {
    while (auto output = edge.poll_output()) {
      if (auto* query = std::get_if<SendQuery>(&*output)) {
        packets.push_back(std::move(query->packet));
        sent.push_back({now, query->port, decoded(packets.back())});
      } else {
        if (const auto* egress = std::get_if<EgressChanged>(&*output)) {
          told[{egress->port, egress->group}] = text_of(egress->filter);
        }
        said.push_back(text_of(*output));
      }
    }
  }
  // Everything said since the last call, but for queries.
  std::vector<std::string> heard() { return std::exchange(said, {}); }
  struct Sent {
    Instant at;
    std::uint32_t port;
    igmp::Packet packet;
    [[nodiscard]] const igmp::Query& query() const { return std::get<igmp::Query>(packet.message); }
  };
  std::vector<Sent> queries() { return std::exchange(sent, {}); }
  // The same as text, with the time since `start`: "0 general", "1000 239.1.1.1 S {1,2}".
  std::vector<std::string> asked(Instant start) {
    std::vector<std::string> out;
    for (const Sent& one : queries()) {
      const igmp::Query& q = one.query();
      std::string words = std::to_string(whole_milliseconds(one.at - start));
      words.append(q.group.is_zero() ? " general" : text({" ", name_of(q.group)}));
      if (q.suppress) words.append(" S");
      for (std::size_t i = 0; i < q.sources.size(); ++i) {
        words.append(i == 0 ? " {" : ",").append(name_of(q.sources[i]));
      }
      if (!q.sources.empty()) words.append("}");
      out.push_back(std::move(words));
    }
    return out;
  }

  void receive(const igmp::Packet& packet, std::uint32_t port = 1) {
    wire::ByteWriter w;
    encode_packet(packet, w);
    edge.on_packet(port, w.written(), now);
    take();
  }
  void receive(const igmp::Message& message, Family family = Family::Ipv4, std::uint32_t port = 1) {
    const bool v4 = family == Family::Ipv4;
    receive({.source = v4 ? Address::ipv4(0xc0000263) : ipv6(0xfe, 0x80, 0x63),
             .destination = igmp::all_report_listeners(family),
             .message = message},
            port);
  }
  void report(Version version, const Address& group, std::uint32_t port = 1) {
    receive(igmp::Report{version, group}, group.family, port);
  }
  void leave(const Address& group, std::uint32_t port = 1) {
    receive(igmp::Leave{group}, group.family, port);
  }
  void record(RecordType type, const Address& group, std::vector<Address> sources = {},
              std::uint32_t port = 1) {
    wire::ByteWriter w;
    append_record(type, group, sources, w);
    receive(igmp::Records(group.family, 1, w.written()), group.family, port);
  }
  void query(const Address& from, igmp::Query query, std::uint32_t port = 1) {
    if (query.group.is_zero()) query.group = Address::zero(from.family);
    receive({.source = from, .destination = igmp::all_systems(from.family), .message = query},
            port);
  }
  // What is forwarded to a port, as text: "" nothing, "in 1,2", "ex". It is also what was told.
  std::string wanted(const Address& group, std::uint32_t port = 1) {
    std::string words;
    for (const auto& one : edge.egress(group)) {
      if (one.port == port) words = text_of(one.filter);
    }
    const auto at = told.find({port, group});
    EXPECT_EQ(at == told.end() ? "" : at->second, words);
    return words;
  }

  static std::string name_of(const Address& address) {
    // The last octet tells all that a test needs of its addresses.
    return std::to_string(std::to_integer<int>(address.octets[address.size() - 1]));
  }
  static std::string text_of(const Filter& filter) {
    if (filter.nothing()) return "";
    std::string words = filter.mode == Mode::Include ? "in" : "ex";
    for (const Address& one : filter.sources) {
      words.append(&one == filter.sources.data() ? " " : ",").append(name_of(one));
    }
    return words;
  }
  static std::string text_of(const Output& output) {
    const auto number = [](std::uint32_t n) { return std::to_string(n); };
    return std::visit(
        Overloaded{
            [](const SendQuery&) { return std::string("query"); },
            [&](const EgressChanged& e) {
              return text(
                  {"egress ", number(e.port), " ", name_of(e.group), ": ", text_of(e.filter)});
            },
            [](const Joined& j) { return text({"joined ", name_of(j.group)}); },
            [](const Left& l) { return text({"left ", name_of(l.group)}); },
            [&](const RouterChanged& r) {
              return text({"router ", number(r.port), r.present ? " there" : " gone"});
            },
            [&](const QuerierChanged& q) {
              return text({"querier ", number(q.port), " ", q.ours ? "ours" : name_of(q.querier)});
            },
            [&](const LimitReached& l) {
              return text({"limit ", number(l.port), " ", name_of(l.group),
                           l.limit == Limit::Groups ? " groups" : " sources"});
            },
        },
        output);
  }

  Edge edge;
  Instant now{1h};
  std::vector<std::string> said;
  std::map<std::pair<std::uint32_t, Address>, std::string> told;
  std::vector<Sent> sent;

 private:
  static igmp::Packet decoded(const std::vector<std::byte>& octets) {
    const auto packet = igmp::decode_packet(octets);
    EXPECT_TRUE(packet.has_value());
    EXPECT_TRUE(packet && igmp::sent_as_required(*packet));
    return packet.value_or(igmp::Packet{});
  }
  std::deque<std::vector<std::byte>> packets;  // what `sent` looks at
};

}  // namespace forces::fe::multicast::test
