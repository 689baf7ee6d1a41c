#include "ce/app/multicast/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <asio/ip/address.hpp>
#include <set>
#include <utility>

#include "ce/app/signaling/text.hpp"
#include "ce/signaling/digest.hpp"

namespace forces::ce {
namespace {

using namespace std::chrono_literals;
using runtime::ConfigVisitor;
namespace sync = multicast::sync;

constexpr std::uint32_t kMinCeId = 0x40000000, kMaxCeId = 0x7fffffff;

bool is_address(const std::string& text) {
  asio::error_code error;
  (void)asio::ip::make_address(text, error);
  return !error;
}

// RFC 2443 section 5.1: an update within 120 s, and a server that missed two of them is flushed.
void visit_times(ConfigVisitor& v, mars::server::Times& t) {
  v.duration("redirect_map", t.redirect_map, {.min = 100ms, .max = 120s});
  v.duration("redirect_entry", t.redirect_entry, {.min = 100ms, .max = 120s});
  v.duration("flush", t.flush, {.min = 200ms, .max = 1h});
  v.check(t.flush >= 2 * t.redirect_entry, "flush", "must be at least twice redirect_entry");
  v.duration("align", t.align, {.min = 0ms, .max = 10min});
  v.duration("settle", t.settle, {.min = 10ms, .max = 10min});
  v.duration("rejoin", t.rejoin, {.min = 0ms, .max = 1h});
}

void visit_scsp(ConfigVisitor& v, ScspSettings& s, const std::string& otherwise, bool plaintext) {
  v.text("address", s.address);
  v.check(s.address.empty() || is_address(s.address), "address", "is no IP address");
  v.check(!plaintext || daemon::is_loopback(s.address.empty() ? otherwise : s.address), "address",
          "must be of loopback while plaintext is set in [tls]: neighbors would be believed "
          "whatever they say");
  v.number("port", s.port, {.min = 0, .max = 65535});
  v.number("server_group", s.server_group, {.min = 0, .max = 65535});
  v.duration("hello", s.hello, {.min = 1s, .max = 10min});
  v.check(s.hello % 1s == Duration::zero(), "hello", "must be whole seconds");
  v.number("dead_factor", s.dead_factor, {.min = 1, .max = 1000});
  v.number("hop_count", s.hop_count, {.min = 1, .max = 65535});
  v.duration("redial", s.redial, {.min = 10ms, .max = 10min});
  v.duration("redial_most", s.redial_most, {.min = 10ms, .max = 1h});
  v.check(s.redial <= s.redial_most, "redial_most", "must not be shorter than redial");
}

void visit_neighbor(ConfigVisitor& v, MulticastNeighborSettings& s, std::uint32_t id,
                    std::set<std::uint32_t>& ids) {
  v.number("id", s.id, {.min = kMinCeId, .max = kMaxCeId, .hex = true});
  v.required("id");
  v.check(s.id != id, "id", "is this ce's own");
  v.check(ids.insert(s.id).second, "id", "occurs twice");
  v.text("address", s.address);
  v.check(s.address.empty() || is_address(s.address), "address", "is no IP address");
  v.check(s.id >= id || !s.address.empty(), "address",
          "is needed: of two servers the one with the greater id dials the other");
  v.number("port", s.port, {.min = 1, .max = 65535});
}

void visit_key(ConfigVisitor& v, ScspKeySettings& key, const std::set<std::uint32_t>& neighbors,
               std::set<std::pair<std::uint32_t, std::uint32_t>>& seen) {
  v.number("spi", key.spi, {.min = 1, .max = 0xffffffff});
  v.text("secret_file", key.secret_file);
  v.texts("neighbors", key.neighbors);
  std::set<std::uint32_t> its;
  for (const std::string& text : key.neighbors) {
    const auto id = number_in(text);
    const bool known = id && neighbors.contains(*id);
    v.check(known, "neighbors", fmt::format("\"{}\" is the id of no [[multicast.neighbor]]", text));
    if (known) its.insert(*id);
  }
  visit(v, static_cast<KeyTimes&>(key));
  v.required("spi");
  v.required("secret_file");
  if (key.spi == 0) return;  // told of already
  bool first = true;
  for (const std::uint32_t id : key.neighbors.empty() ? neighbors : its) {
    first = seen.insert({id, key.spi}).second && first;
  }
  v.check(first, "spi", "is another key's of the same neighbor");
}

bool is_of(const ScspKeySettings& key, std::uint32_t neighbor) {
  const auto same = [&](const std::string& text) { return number_in(text) == neighbor; };
  return key.neighbors.empty() || std::ranges::any_of(key.neighbors, same);
}

std::vector<std::byte> hmac_md5(wire::Bytes secret, std::span<const wire::Bytes> parts) {
  return signaling::hmac(signaling::engine::Digest::HmacMd5, secret, parts);
}

// Of the connections to neighbours: the files of [tls].
tml::TlsConfig multicast_tls(const daemon::TlsSettings& tls) {
  tml::TlsConfig config;
  if (tls.allow_tls12) config.flags |= TMLX_TLS_ALLOW_12;
  if (!tls.resumption) config.flags |= TMLX_TLS_NO_RESUMPTION;
  config.ca_file = tls.ca;
  config.crl_file = tls.crl;
  config.cert_file = tls.cert;
  config.key_file = tls.key;
  config.key_log_file = tls.key_log;
  return config;
}

}  // namespace

void visit(ConfigVisitor& v, MulticastSettings& s, std::uint32_t id, const std::string& address,
           const daemon::CommonSettings& common) {
  v.table("multicast", [&] {
    v.flag("enabled", s.enabled);
    v.texts("protocols", s.protocols);
    std::set<std::string> protocols;
    for (const std::string& protocol : s.protocols) {
      v.check(protocol == "ipv4" || protocol == "ipv6", "protocols",
              "\"" + protocol + "\" is neither ipv4 nor ipv6");
      v.check(protocols.insert(protocol).second, "protocols", "one occurs twice");
    }
    v.check(!s.protocols.empty(), "protocols", "must not be empty");
    v.number("cmi_first", s.cmi_first, {.min = 1, .max = 65535});
    v.number("cmi_last", s.cmi_last, {.min = 1, .max = 65535});
    v.check(s.cmi_first <= s.cmi_last, "cmi_last", "must not be less than cmi_first");
    v.text("file", s.file);
    v.check(!s.enabled || s.neighbors.empty() || !s.file.empty(), "file",
            "must not be empty: a server that begins again with numbers it has used is not heard");
    v.number("ranges_of_a_client", s.ranges_of_a_client, {.min = 1, .max = 1'000'000});
    v.table("times", [&] { visit_times(v, s.times); });
    v.table("scsp", [&] { visit_scsp(v, s.scsp, address, s.enabled && common.tls.plaintext); });
    std::set<std::uint32_t> ids;
    v.tables("neighbor", s.neighbors,
             [&](MulticastNeighborSettings& one) { visit_neighbor(v, one, id, ids); });
    std::set<std::pair<std::uint32_t, std::uint32_t>> spis;
    v.tables("key", s.keys, [&](ScspKeySettings& one) { visit_key(v, one, ids, spis); });
  });
}

std::expected<std::vector<sync::NeighborConfig>, std::string> multicast_neighbors(
    const MulticastSettings& s) {
  std::vector<sync::NeighborConfig> all;
  for (const MulticastNeighborSettings& one : s.neighbors) {
    sync::NeighborConfig& neighbor = all.emplace_back();
    neighbor.id = {one.id};
    for (const ScspKeySettings& key : s.keys) {
      if (!is_of(key, one.id)) continue;
      const auto secret =
          read_secret(fmt::format("[[multicast.key]] {}", key.spi), key.secret_file);
      if (!secret) return std::unexpected(secret.error());
      auto& [send, receive] = neighbor.security;
      send.push_back({key.spi, *secret, instant_of(key.send_from, Instant::min()),
                      instant_of(key.send_until, Instant::max())});
      receive.push_back({key.spi, *secret, instant_of(key.accept_from, Instant::min()),
                         instant_of(key.accept_until, Instant::max())});
    }
    if (!neighbor.security.send.empty() && hmac_md5(neighbor.security.send[0].secret, {}).empty()) {
      return std::unexpected(
          "[[multicast.key]]: OpenSSL has no HMAC-MD5 here, as in FIPS mode; without keys "
          "neighbors "
          "are authenticated by TLS");
    }
  }
  return all;
}

std::expected<multicast::ServiceConfig, std::string> multicast_config(
    const MulticastSettings& s, std::uint32_t id, const std::string& address,
    const daemon::CommonSettings& common) {
  auto neighbors = multicast_neighbors(s);
  if (!neighbors) return std::unexpected(neighbors.error());
  multicast::ServiceConfig config;
  config.ce_id = id;
  config.numbers_file = s.file;
  config.mars.times = s.times;
  config.mars.ranges_of_a_node = s.ranges_of_a_client;
  config.mars.protocols.clear();
  auto protocols = s.protocols;
  std::ranges::sort(protocols);  // lists begin with IPv4
  for (const std::string& protocol : protocols) {
    config.mars.protocols.push_back({.protocol = protocol == "ipv4" ? mars::kIpv4 : mars::kIpv6,
                                     .cmis = {s.cmi_first, s.cmi_last}});
  }
  auto& hub = config.hub;
  hub.engine.server_group = s.scsp.server_group;
  hub.engine.hop_count = s.scsp.hop_count;
  hub.engine.times.hello = std::chrono::duration_cast<std::chrono::seconds>(s.scsp.hello);
  hub.engine.times.dead_factor = s.scsp.dead_factor;
  hub.engine.times.alone = std::max<Duration>(s.times.align, hub.engine.times.ca);
  hub.address = s.scsp.address.empty() ? address : s.scsp.address;
  hub.port = s.scsp.port;
  hub.redial = s.scsp.redial;
  hub.redial_most = s.scsp.redial_most;
  hub.plaintext = common.tls.plaintext;
  hub.tls = multicast_tls(common.tls);
  hub.engine.hmac = &hmac_md5;
  for (std::size_t i = 0; i < s.neighbors.size(); ++i) {
    hub.peers.push_back({.id = (*neighbors)[i].id,
                         .address = s.neighbors[i].address,
                         .port = s.neighbors[i].port,
                         .security = std::move((*neighbors)[i].security)});
  }
  return config;
}

}  // namespace forces::ce
