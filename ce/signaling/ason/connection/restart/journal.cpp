// The journal: what a restarted process knows of its own (R2, R4 to R6). Its octets are protobuf;
// what came or goes by RSVP is kept as RSVP has it.
#include <array>
#include <charconv>
#include <cstdio>

#include "ce/signaling/ason/connection/core.hpp"
#include "proto/schema/journal.pb.h"

namespace forces::signaling::ason {
namespace {

using rsvp::Message;

std::string text(wire::Bytes octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

std::string pack(const Message& message) {
  const auto octets = rsvp::encode_message(message);
  return octets ? text(*octets) : std::string();
}

engine::MessagePtr unpack(const std::string& octets) {
  if (octets.empty()) return nullptr;
  auto message = rsvp::decode_message(std::as_bytes(std::span(octets)));
  return message ? std::make_shared<const Message>(*std::move(message)) : nullptr;
}

std::string pack(const rsvp::Route& route) {
  if (route.empty()) return {};
  return pack(Message{.type = rsvp::MessageType::Path, .objects = {rsvp::ExplicitRoute{route}}});
}

rsvp::Route unpack_route(const std::string& octets) {
  const auto message = unpack(octets);
  const auto* const route = message ? message->find<rsvp::ExplicitRoute>() : nullptr;
  return route == nullptr ? rsvp::Route{} : route->route;
}

std::string pack(const te::Exclusions& exclusions) {
  const rsvp::Route route = exclude_route(exclusions);
  if (route.empty()) return {};
  return pack(Message{.type = rsvp::MessageType::Path, .objects = {rsvp::ExcludeRoute{route}}});
}

te::Exclusions unpack_exclusions(const std::string& octets) {
  te::Exclusions exclusions;
  const auto message = unpack(octets);
  if (const auto* const route = message ? message->find<rsvp::ExcludeRoute>() : nullptr) {
    collect(*route, exclusions);
  }
  return exclusions;
}

void put(const rsvp::Words& words, auto* field) { field->Assign(words.begin(), words.end()); }
rsvp::Words words(const auto& field) { return {field.begin(), field.end()}; }

void put(const Terminal& terminal, journal::ConnectionTerminal& record) {
  record.set_node(terminal.end.node.value);
  record.set_interface(terminal.end.interface);
  if (terminal.labels.down) put(*terminal.labels.down, record.mutable_down());
  if (terminal.labels.up) put(*terminal.labels.up, record.mutable_up());
}

Terminal terminal(const journal::ConnectionTerminal& record) {
  Terminal one{.end = {{record.node()}, record.interface()}};
  if (record.down_size() != 0) one.labels.down = words(record.down());
  if (record.up_size() != 0) one.labels.up = words(record.up());
  return one;
}

std::string digits_of(const LspKey& key) {
  std::array<char, 48> digits{};
  const int length =
      std::snprintf(digits.data(), digits.size(), "%08x%08x%08x%04x%04x", key.end_point.value,
                    key.extended_tunnel_id, key.sender.value, key.tunnel_id, key.lsp_id);
  return {digits.data(), static_cast<std::size_t>(length)};
}
std::string lsp_key(const LspKey& key) { return "lsp/" + digits_of(key); }
std::string tear_key(const TearId& id) {
  std::array<char, 16> next{};
  const int length = std::snprintf(next.data(), next.size(), "%08x", id.second.value);
  return "tear/" + digits_of(id.first) + "/" +
         std::string(next.data(), static_cast<std::size_t>(length));
}

void put(const LspKey& key, auto& record) {  // an LspRecord or LspName
  record.set_end_point(key.end_point.value);
  record.set_extended_tunnel_id(key.extended_tunnel_id);
  record.set_sender(key.sender.value);
  record.set_tunnel_id(key.tunnel_id);
  record.set_lsp_id(key.lsp_id);
}

std::vector<std::byte> octets_of(const auto& record) {
  const std::string octets = record.SerializeAsString();
  const auto bytes = std::as_bytes(std::span(octets));
  return {bytes.begin(), bytes.end()};
}

// Of what a Path says about an LSP as a whole: the way back of base_path().
void read_request(const Message& path, ConnectionRequest& request) {
  if (const auto* const session = path.find<rsvp::Session>()) {
    request.call.id = session->call_id;
    request.egress = {session->end_point.v4()};
  }
  if (const auto* const label = path.find<rsvp::LabelRequest>()) request.label_request = *label;
  if (const auto* const tspec = path.find<rsvp::SenderTspec>()) request.tspec = *tspec;
  if (const auto* const attribute = path.find<rsvp::SessionAttribute>()) {
    request.affinities = attribute->affinities;
    request.setup_priority = attribute->setup_priority;
    request.holding_priority = attribute->holding_priority;
    if (request.call.id != 0) request.call.name = attribute->name;
    if (request.name.empty()) request.name = attribute->name;
  }
  request.crankback = crankback_scope(path);
  request.contiguous = must_be_contiguous(path);
  if (const auto* const xro = path.find<rsvp::ExcludeRoute>()) request.exclude = xro->route;
  for (const rsvp::Object& object : path.objects) {
    if (std::holds_alternative<rsvp::CallId>(object) ||
        std::holds_alternative<rsvp::GeneralizedUni>(object)) {
      request.call.objects.push_back(object);
    }
  }
}

LspKey key_of_record(const auto& record) {
  return {.end_point = {record.end_point()},
          .extended_tunnel_id = record.extended_tunnel_id(),
          .sender = {record.sender()},
          .tunnel_id = static_cast<std::uint16_t>(record.tunnel_id()),
          .lsp_id = static_cast<std::uint16_t>(record.lsp_id())};
}

}  // namespace

void request_of(const Message& path, ConnectionRequest& request) { read_request(path, request); }

void Controller::Core::persist(const Lsp& lsp) {
  journal::LspRecord record;
  put(lsp.key, record);
  record.set_role(static_cast<std::uint32_t>(lsp.role));
  record.set_connection(lsp.connection);
  if (lsp.path_in) record.set_path(pack(lsp.path()));
  record.set_previous(lsp.previous.value);
  record.set_from_node(lsp.from.node.value);
  record.set_from_interface(lsp.from.interface);
  record.set_in(lsp.in);
  record.set_next(lsp.next.value);
  record.set_out(lsp.out);
  record.set_onward(pack(lsp.onward));
  put(lsp.labels.in, record.mutable_in_down());
  put(lsp.labels.upstream_in, record.mutable_in_up());
  put(lsp.labels.out, record.mutable_out_down());
  put(lsp.labels.upstream_out, record.mutable_out_up());
  if (lsp.resv_in) record.set_resv(pack(*lsp.resv_in));
  record.set_established(lsp.established);
  record.set_deleting(lsp.deleting);
  record.set_doomed(lsp.doomed);
  if (lsp.below) {
    record.set_below_node(lsp.below->node.value);
    record.set_below_interface(lsp.below->interface);
  }
  for (const NodeId node : lsp.failing_at) record.add_failing_at(node.value);
  record.set_history(pack(lsp.history.all()));
  record.set_tries(lsp.attempts.here);
  record.set_total(lsp.attempts.total);
  record.set_contentions(lsp.attempts.contentions);
  record.set_both_ways(lsp.both_ways);
  record.set_away(pack(lsp.away));
  if (lsp.segment_in) put(*lsp.segment_in, *record.mutable_segment_in());
  if (lsp.segment_out) put(*lsp.segment_out, *record.mutable_segment_out());
  record.set_link_id(lsp.link_id);
  if (lsp.role == Role::Ingress) {
    put(Terminal{{config.self, lsp.in}, lsp.in_labels}, *record.mutable_terminal());
  }
  const_cast<Lsp&>(lsp).persisted = true;
  out.push(Persist{lsp_key(lsp.key), octets_of(record)});
}

void Controller::Core::persist(const TearId& id, const Tear& tear) {
  journal::LspRecord record;
  put(id.first, record);
  record.set_next(id.second.value);
  record.set_path(pack(*tear.message));
  out.push(Persist{tear_key(id), octets_of(record)});
}

void Controller::Core::forget(const LspKey& key) { out.push(Persist{lsp_key(key), {}}); }
void Controller::Core::forget(const TearId& id) { out.push(Persist{tear_key(id), {}}); }

void Controller::Core::persist(const Connection& connection) {
  const ConnectionRequest& request = connection.request;
  journal::ConnectionRecord record;
  record.set_name(request.name);
  record.set_state(static_cast<std::uint32_t>(connection.state));
  record.set_tunnel_id(connection.tunnel_id);
  record.set_last_lsp(connection.last_lsp);
  const auto id = [](const std::optional<LspKey>& key) { return key ? key->lsp_id : 0U; };
  record.set_current(id(connection.current));
  record.set_replacement(id(connection.replacement));
  record.set_second(id(connection.second));
  record.set_frozen(connection.frozen);
  record.set_leaving(connection.leaving);
  const LspKey key{.end_point = request.egress,
                   .extended_tunnel_id = config.self.value,
                   .sender = config.self,
                   .tunnel_id = connection.tunnel_id};
  record.set_path(pack(base_path(request, key, {})));
  if (request.segment) put(*request.segment, *record.mutable_segment());
  record.set_adjacency(request.adjacency);
  put(request.ingress, *record.mutable_ingress());
  put(request.egress_end, *record.mutable_egress());
  put(request.recovery_ingress, *record.mutable_recovery_ingress());
  put(request.recovery_egress, *record.mutable_recovery_egress());
  record.set_egress_node(request.egress.value);
  record.set_bidirectional(request.bidirectional);
  record.set_crankback(static_cast<std::uint32_t>(request.crankback));
  record.set_recovery(static_cast<std::uint32_t>(request.recovery));
  record.set_node_limit(request.limits.node);
  record.set_connection_limit(request.limits.connection);
  record.set_contention_limit(request.limits.contention);
  record.set_setup_ms(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(request.limits.setup).count()));
  record.set_explicit_route(pack(request.explicit_route));
  record.set_nominal(pack(connection.nominal));
  record.set_route(pack(connection.route));
  record.set_broken(pack(connection.broken));
  record.set_disjoint_nodes(request.disjoint.nodes);
  record.set_disjoint_srlgs(request.disjoint.srlgs);
  record.set_link_protection(request.link_protection);
  out.push(Persist{"connection/" + request.name, octets_of(record)});
}

void Controller::Core::forget_connection(const std::string& name) {
  const auto at = connections.find(name);
  if (at != connections.end() && at->second.request.segment) forget_segment(at->second.request);
  out.push(Persist{"connection/" + name, {}});
}

void Controller::Core::recover(std::string_view key, std::span<const std::byte> octets,
                               Instant now) {
  const auto damaged = [&](const LspKey& which) {
    damaged_journal = true;
    out.push(ConnectionAlarm{.key = which, .kind = AlarmKind::JournalDamaged});
  };
  const int size = static_cast<int>(octets.size());
  if (key.starts_with("connection/")) {
    journal::ConnectionRecord record;
    if (!record.ParseFromArray(octets.data(), size) || record.name().empty()) return damaged({});
    Connection connection{.created = now, .began = now};
    ConnectionRequest& request = connection.request;
    request.name = record.name();
    if (const auto path = unpack(record.path())) read_request(*path, request);
    request.egress = {record.egress_node()};
    request.ingress = terminal(record.ingress());
    request.egress_end = terminal(record.egress());
    request.recovery_ingress = terminal(record.recovery_ingress());
    request.recovery_egress = terminal(record.recovery_egress());
    request.bidirectional = record.bidirectional();
    request.crankback = static_cast<CrankbackScope>(record.crankback() & 3U);
    request.recovery = static_cast<Recovery>(std::min(record.recovery(), 2U));
    request.limits = {.node = record.node_limit(),
                      .connection = record.connection_limit(),
                      .contention = record.contention_limit(),
                      .setup = std::chrono::milliseconds(record.setup_ms())};
    request.explicit_route = unpack_route(record.explicit_route());
    request.disjoint = {.nodes = record.disjoint_nodes(), .srlgs = record.disjoint_srlgs()};
    request.link_protection = static_cast<std::uint8_t>(record.link_protection());
    if (record.has_segment()) request.segment = key_of_record(record.segment());
    request.adjacency = record.adjacency();
    connection.state = static_cast<ConnectionState>(std::min(record.state(), 6U));
    connection.tunnel_id = static_cast<std::uint16_t>(record.tunnel_id());
    connection.last_lsp = static_cast<std::uint16_t>(record.last_lsp());
    const auto lsp = [&](std::uint32_t id) -> std::optional<LspKey> {
      if (id == 0) return std::nullopt;
      return LspKey{.end_point = request.egress,
                    .extended_tunnel_id = config.self.value,
                    .sender = config.self,
                    .tunnel_id = connection.tunnel_id,
                    .lsp_id = static_cast<std::uint16_t>(id)};
    };
    connection.current = lsp(record.current());
    connection.replacement = lsp(record.replacement());
    connection.second = lsp(record.second());
    connection.frozen = record.frozen();
    connection.leaving = record.leaving();
    connection.nominal = unpack_route(record.nominal());
    connection.route = unpack_route(record.route());
    connection.broken = unpack_exclusions(record.broken());
    tunnels.insert(connection.tunnel_id);
    connections.insert_or_assign(record.name(), std::move(connection));
    return;
  }
  if (!key.starts_with("lsp/") && !key.starts_with("tear/")) return;
  journal::LspRecord record;
  if (!record.ParseFromArray(octets.data(), size)) return damaged({});
  if (key.starts_with("tear/")) {
    const TearId id{key_of_record(record), {record.next()}};
    Tear tear{.message = unpack(record.path())};
    if (!tear.message || tear_key(id) != key) return damaged(id.first);
    tears.insert_or_assign(id, std::move(tear));
    return;
  }
  Lsp lsp;
  lsp.key = key_of_record(record);
  lsp.path_in = unpack(record.path());
  if (!lsp.path_in || lsp_key(lsp.key) != key) return damaged(lsp.key);
  lsp.role = static_cast<Role>(std::min(record.role(), 2U));
  lsp.connection = record.connection();
  lsp.previous = {record.previous()};
  lsp.from = {{record.from_node()}, record.from_interface()};
  lsp.in = record.in();
  lsp.next = {record.next()};
  lsp.out = record.out();
  lsp.onward = unpack_route(record.onward());
  lsp.labels.in = words(record.in_down());
  lsp.labels.upstream_in = words(record.in_up());
  lsp.labels.out = words(record.out_down());
  lsp.labels.upstream_out = words(record.out_up());
  lsp.labels_fixed = !lsp.labels.in.empty() || !lsp.labels.out.empty();
  lsp.resv_in = unpack(record.resv());
  lsp.established = record.established();
  lsp.deleting = record.deleting();
  lsp.doomed = record.doomed();
  if (record.below_node() != 0) {
    lsp.below = LinkEnd{{record.below_node()}, record.below_interface()};
  } else if (record.downstream()) {
    lsp.below = LinkEnd{lsp.next, lsp.out};  // of a ce that knew no better
  }
  for (const std::uint32_t node : record.failing_at()) lsp.failing_at.insert({node});
  lsp.history.restore(unpack_exclusions(record.history()), database);
  lsp.attempts = {record.tries(), record.total(), record.contentions()};
  lsp.both_ways = record.both_ways();
  lsp.away = unpack_exclusions(record.away());
  lsp.in_labels = terminal(record.terminal()).labels;
  if (record.has_segment_in()) lsp.segment_in = key_of_record(record.segment_in());
  if (record.has_segment_out()) lsp.segment_out = key_of_record(record.segment_out());
  lsp.link_id = record.link_id();
  lsp.persisted = true;
  lsp.journaled = true;
  lsp.recovering = true;
  lsp.admitted = lsp.established;
  lsp.created = now;
  const LspKey which = lsp.key;
  lsps.insert_or_assign(which, std::move(lsp));
}

}  // namespace forces::signaling::ason
