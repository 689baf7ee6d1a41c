// Which segments there are, whose they are, and which of them an LSP may go over.
#include <algorithm>

#include "ce/signaling/ason/connection/core.hpp"

namespace forces::signaling::ason {

Controller::Core::Pool Controller::Core::pool_of(const CallReference& call, const LspKey& lsp) {
  return call.id != 0 ? Pool{call.id, {}} : Pool{0, session_of(lsp)};
}

const std::set<std::string>& Controller::Core::in_pool(const Pool& pool) const {
  static const std::set<std::string> kNone;
  const auto at = pools.find(pool);
  return at == pools.end() ? kNone : at->second;
}

bool Controller::Core::needed(const Connection& segment) const {
  const ConnectionRequest& request = segment.request;
  const Pool pool = pool_of(request.call, *request.segment);
  // Of more than the plan has, as a restoration leaves them, those go that nobody uses.
  const auto there = std::ranges::count_if(in_pool(pool), [&](const std::string& name) {
    const Connection& one = connections.find(name)->second;
    return !one.leaving && one.request.egress == request.egress;
  });
  if (config.domain &&
      there > config.domain({.lsp = *request.segment, .exit = request.egress}).connections) {
    return false;
  }
  // A spare one is for who leaves the domain where it does.
  if (pool.first == 0) {
    auto at = lsps.lower_bound(pool.second);
    for (; at != lsps.end() && same_session(at->first, pool.second); ++at) {
      if (at->second.segment_out && at->second.next == request.egress) return true;
    }
    return false;
  }
  return std::ranges::any_of(in_pool(pool), [&](const std::string& name) {
    const Connection& one = connections.find(name)->second;
    return one.request.egress == request.egress && one.current && users.contains(*one.current);
  });
}

// Of its pool, of nobody, and that of another one of its session.
std::set<std::string> Controller::Core::candidates(const Lsp& lsp, const Pool& pool,
                                                   NodeId exit) const {
  std::set<std::string> names = in_pool(pool);
  if (const auto at = resting.find(exit); at != resting.end())
    names.insert(at->second.begin(), at->second.end());
  const Lsp* const other = fellow(lsp);
  const Lsp* const used = other && other->segment_out ? find(*other->segment_out) : nullptr;
  const auto its = used == nullptr ? connections.end() : connections.find(used->connection);
  if (its != connections.end()) {
    const ConnectionRequest& request = its->second.request;
    const auto& all = in_pool(pool_of(request.call, *request.segment));
    names.insert(all.begin(), all.end());
    names.insert(its->first);
  }
  return names;
}

Connection* Controller::Core::usable_segment(const Lsp& lsp, NodeId exit,
                                             const CallReference& call) {
  te::Exclusions excluded = lsp.history.all();
  if (const auto* const xro = lsp.path().find<rsvp::ExcludeRoute>()) collect(*xro, excluded);
  for (const std::string& name : candidates(lsp, pool_of(call, lsp.key), exit)) {
    Connection& connection = connections.find(name)->second;
    const Lsp* const segment = free_segment(connection, lsp);
    if (segment == nullptr || connection.request.egress != exit ||
        signal_of(segment->path()) != signal_of(lsp.path()) ||
        segment->bidirectional() != lsp.bidirectional() ||
        excluded.links.contains({config.self, segment->link_id}) ||
        connection.request.call.id != call.id || connection.request.call.name != call.name) {
      continue;
    }
    return &connection;
  }
  return nullptr;
}

// At most one LSP goes over it (RFC 5150 section 4), or some that share all that they have.
const Lsp* Controller::Core::free_segment(const Connection& connection, const Lsp& lsp) const {
  const Lsp* const segment = connection.current ? find(*connection.current) : nullptr;
  if (connection.leaving || segment == nullptr || !segment->established || segment->recovering ||
      segment->doomed || segment->deleting || segment->failing || !segment->failing_at.empty()) {
    return nullptr;
  }
  const auto at = users.find(segment->key);
  const bool taken = at != users.end() && std::ranges::any_of(at->second, [&](const LspKey& one) {
                       return !same_session(one, lsp.key) || !shares(lsp.path());
                     });
  return taken ? nullptr : segment;
}

std::vector<LspKey> Controller::Core::carried_by(const LspKey& segment) const {
  const Lsp* const lsp = find(segment);
  if (lsp != nullptr && is_adjacency(*lsp)) return nested_in(lsp->link_id);
  const auto at = users.find(segment);
  if (at == users.end()) return {};
  return {at->second.begin(), at->second.end()};
}

// RFC 5150 section 5.1.5: not at once, so that not all ends at one time, and it may be wanted
// again. One of a call keeps the call: it waits for the next try of an LSP, not for another one.
Duration Controller::Core::rest_of(const Connection& segment) const {
  constexpr Duration kOfCall = std::chrono::seconds(1);
  return segment.request.call.id != 0 ? std::min(config.segment_idle, kOfCall)
                                      : config.segment_idle;
}

void Controller::Core::rest_if_idle(Connection& connection, Instant now) {
  Lsp* const segment = connection.current ? find(*connection.current) : nullptr;
  if (connection.leaving || segment == nullptr || !segment->established ||
      segment->why == Lsp::Due::Idle || users.contains(segment->key) || needed(connection)) {
    return;
  }
  resting[connection.request.egress].insert(connection.request.name);
  set_timer(*segment, Lsp::Due::Idle, rest_of(connection), now);
}

void Controller::Core::on_idle(Lsp& segment, Instant now) {
  Connection* const connection = connection_of(segment);
  if (connection == nullptr) return;
  if (is_adjacency(segment)) {
    if (manager.in_use(segment.link_id)) return;  // who lets go of it sees to the rest
    // Who is between two ways, or not read yet.
    if (!fabric_read || !nested_in(segment.link_id).empty()) {
      return set_timer(segment, Lsp::Due::Idle, config.segment_idle, now);
    }
    return release(*connection, now);
  }
  if (users.contains(segment.key) || needed(*connection)) {
    resting[connection->request.egress].erase(segment.connection);
    return;
  }
  // Rows that are there over it are somebody's, also if nobody has said yet whose (R1).
  const auto holder =
      segment.labels.out.empty()
          ? std::nullopt
          : manager.owner_of(segment.out, resource::Way::Send, segment.labels.out.front());
  if (!fabric_read || segment.recovering || (holder && *holder != segment.key)) {
    return set_timer(segment, Lsp::Due::Idle, rest_of(*connection), now);
  }
  release(*connection, now);
}

// What segments have on the way is there for an LSP that may go over them.
void Controller::Core::share_segments(const Lsp& lsp, te::Request& request) const {
  if (lsp.role != Role::Ingress) share_adjacencies(request);
  if (lsp.role == Role::Ingress || pools.empty()) return;
  std::set<std::string> names = candidates(lsp, {0, session_of(lsp.key)}, {});
  for (const auto& [exit, some] : resting) names.insert(some.begin(), some.end());
  for (const std::string& name : names) {
    const Lsp* const segment = free_segment(connections.find(name)->second, lsp);
    if (segment == nullptr) continue;
    request.shared[{config.self, segment->out}] |= te::LabelRanges::of(segment->labels.out);
    const auto* const rro =
        segment->resv_in ? segment->resv_in->find<rsvp::RecordRoute>() : nullptr;
    if (rro != nullptr) collect_labels(rro->route, request.shared);
  }
}

void Controller::Core::know_segment(const ConnectionRequest& segment) {
  pools[pool_of(segment.call, *segment.segment)].insert(segment.name);
}

void Controller::Core::forget_segment(const ConnectionRequest& segment) {
  const auto from = [&](auto& index, const auto& key) {
    const auto at = index.find(key);
    if (at == index.end()) return;
    at->second.erase(segment.name);
    if (at->second.empty()) index.erase(at);
  };
  from(pools, pool_of(segment.call, *segment.segment));
  from(resting, segment.egress);
}

}  // namespace forces::signaling::ason
