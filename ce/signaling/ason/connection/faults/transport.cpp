// The transport of what is up fails, or passes again: Notify (RFC 3473 section 4.3, RFC 4872), and
// what the ingress does about it.
#include <algorithm>
#include <utility>

#include "ce/signaling/ason/connection/core.hpp"

namespace forces::signaling::ason {
namespace {

using rsvp::ErrorCode;

std::optional<NodeId> notify_node(const rsvp::Message& path) {
  const auto* const request = path.find<rsvp::NotifyRequest>();
  if (request == nullptr || request->address.is_v6() || request->address.v4() == 0) {
    return std::nullopt;
  }
  return NodeId{request->address.v4()};
}

}  // namespace

void Controller::Core::on_hit(const resource::Hit& hit, Instant now) {
  Lsp* const lsp = find(hit.lsp);
  if (lsp == nullptr || lsp->failing == hit.failing) return;
  if (!hit.failing && segment_fails(*lsp)) return;
  lsp->failing = hit.failing;
  if (lsp->doomed || lsp->deleting || !lsp->path_in) return;
  out.push(
      ConnectionAlarm{.key = lsp->key, .kind = AlarmKind::TransportFailed, .raised = hit.failing});
  if (!lsp->established) {
    if (!hit.failing || lsp->recovering || lsp->plane == Plane::None) return;
    // Still being set up: as any other blockage of the link.
    const bool at_in = hit.interface == lsp->in && hit.interface != 0;
    Trouble why = trouble(*lsp, {ErrorCode::AdmissionControl, rsvp::admission::kBandwidth},
                          {.link = at_in && lsp->role != Role::Ingress ? lsp->from
                                   : at_in ? LinkEnd{config.self, lsp->in}
                                           : out_link(*lsp)});
    why.upstream = at_in && lsp->role != Role::Ingress;
    why.reason = "transport_failed";
    return setup_failed(*lsp, std::move(why), now);
  }
  tell_transport(*lsp);
  if (lsp->role == Role::Ingress) {
    const Trouble news = trouble(
        *lsp,
        {ErrorCode::Notify, hit.failing ? rsvp::notify::kLspFailure : rsvp::notify::kLspRecovered},
        {.link = LinkEnd{config.self, hit.interface == lsp->in ? lsp->in : lsp->out}});
    on_lsp_failed(*lsp, news.spec, now);
  }
}

// The link is named from the upstream side: it is that node's to route around.
void Controller::Core::tell_transport(Lsp& lsp) {
  if (lsp.role == Role::Ingress || !lsp.path_in) return;
  lsp.told = true;
  const Lsp* const within = adjacency_at(lsp.in);
  const bool at_in = lsp.in != 0 && (!manager.interface_up(lsp.in) ||
                                     (within != nullptr && !within->failing_at.empty()));
  const Trouble news = trouble(
      lsp,
      {ErrorCode::Notify, lsp.failing ? rsvp::notify::kLspFailure : rsvp::notify::kLspRecovered},
      {.link = at_in ? lsp.from : out_link(lsp)});
  if (const auto node = notify_node(lsp.path())) {
    out.push(SendNotify{*node, lsp_notify(lsp.path(), news.spec)});
  } else {
    out.push(SendPathErr{lsp.key, path_err(lsp.path(), news.spec)});
  }
}

// Which Notify it was is not asked: all that this node was to know is told again, until it hears.
void Controller::Core::on_notify_failed(NodeId to, Instant now) {
  untold.insert(to);
  if (tell_at == Instant::max()) tell_at = now + config.tell_again;
}

void Controller::Core::tell_again(Instant now) {
  if (now < tell_at) return;
  tell_at = Instant::max();
  const std::set<NodeId> nodes = std::exchange(untold, {});
  std::vector<LspKey> keys;
  for (const auto& [key, lsp] : lsps) {
    if (!lsp.told || lsp.doomed || lsp.deleting || !lsp.path_in) continue;
    const auto node = notify_node(lsp.path());
    if (node && nodes.contains(*node)) keys.push_back(key);
  }
  std::ranges::sort(keys);
  for (const LspKey& key : keys) {
    tell_transport(*find(key));
  }
}

// RFC 3473 section 9: the control channel and not the LSP.
void Controller::Core::tell_degraded(NodeId neighbor, bool degraded) {
  if (!config.tell_degraded) return;
  std::vector<LspKey> keys;
  for (const auto& [key, lsp] : lsps) {
    if (lsp.next != neighbor || lsp.role == Role::Ingress || !lsp.resv_out || lsp.doomed) continue;
    keys.push_back(key);
  }
  std::ranges::sort(keys);
  for (const LspKey& key : keys) {
    const Lsp& lsp = *find(key);
    const Trouble news =
        trouble(lsp,
                {ErrorCode::Notify, degraded ? rsvp::notify::kControlChannelDegraded
                                             : rsvp::notify::kControlChannelActive},
                {.link = LinkEnd{config.self, lsp.out}});
    out.push(SendPathErr{key, path_err(lsp.path(), news.spec)});
  }
}

bool Controller::Core::on_notify(const engine::NotifyReceived& event, Instant now) {
  if (!event.message) return false;
  const auto* const spec = event.message->find<rsvp::ErrorSpec>();
  if (spec == nullptr) return false;
  bool ours = false;
  // A Notify may be about several LSPs (RFC 3473 section 4.3.1); with the C bit it is a call's.
  for (std::size_t i = 0; i < event.message->objects.size(); ++i) {
    if (!std::holds_alternative<rsvp::Session>(event.message->objects[i])) continue;
    rsvp::Message part{.type = rsvp::MessageType::Notify};
    for (std::size_t j = i; j < event.message->objects.size(); ++j) {
      if (j > i && std::holds_alternative<rsvp::Session>(event.message->objects[j])) break;
      part.objects.push_back(event.message->objects[j]);
    }
    const std::uint32_t status = admin_status(part);
    if ((status & rsvp::admin_status::kCall) != 0) continue;
    const auto key = key_of(part);
    if (!key) continue;
    Lsp* const lsp = find(*key);
    if (lsp == nullptr || lsp->role != Role::Ingress) continue;
    ours = true;
    if (event.id) {
      // What is repeated may come behind what was said later.
      const auto [last, first] = lsp->heard.try_emplace(event.from, *event.id);
      if (!first && last->second.epoch == event.id->epoch &&
          static_cast<std::int32_t>(event.id->id - last->second.id) < 0) {
        continue;
      }
      last->second = *event.id;
    }
    if ((status & rsvp::admin_status::kDelete) != 0) {
      // RFC 3473 section 7.3: a node on the way asks for its end.
      delete_lsp(*lsp, now);
    } else if (spec->error.code == ErrorCode::Notify) {
      on_lsp_failed(*lsp, *spec, now);
    }
  }
  return ours;
}

// 25/9 to 25/11 at the ingress, told by whom it may. Also of an LSP that is not up yet: a Notify
// may be faster than the Resv, and comes only once.
void Controller::Core::on_lsp_failed(Lsp& lsp, const rsvp::ErrorSpec& spec, Instant now) {
  Connection* const connection = connection_of(lsp);
  if (connection == nullptr || lsp.doomed || lsp.deleting) return;
  const NodeId where{spec.node.is_v6() ? 0 : spec.node.v4()};
  const std::size_t before = lsp.failing_at.size();
  if (spec.error.value == rsvp::notify::kLspRecovered) {
    lsp.failing_at.erase(where);
    if (lsp.failing_at.size() != before && lsp.persisted) persist(lsp);
    return judge_transport(lsp, {}, nullptr, now);
  }
  if (spec.error.value != rsvp::notify::kLspFailure &&
      spec.error.value != rsvp::notify::kLspLocallyFailed) {
    return;
  }
  te::Exclusions named;
  collect(spec, named);
  Failure failure{.error = spec.error, .node = where, .reason = "lsp_failed", .at = now};
  if (!named.links.empty()) failure.link = *named.links.begin();
  lsp.failing_at.insert(where);
  if (lsp.failing_at.size() != before && lsp.persisted) persist(lsp);
  remember(*connection, failure);
  judge_transport(lsp, named, &failure, now);
}

// The connection is what its current LSP is.
void Controller::Core::judge_transport(Lsp& lsp, const te::Exclusions& named,
                                       const Failure* failure, Instant now) {
  Connection* const connection = connection_of(lsp);
  if (connection == nullptr || !lsp.established || lsp.doomed || lsp.deleting) return;
  if (connection->current != lsp.key) return;
  if (connection->request.carries_others()) segment_transport(lsp, now);
  if (lsp.failing_at.empty()) {
    if (connection->replacement || connection->state != ConnectionState::Broken) return;
    connection->broken = {};
    if (lsp.why == Lsp::Due::Restore) clear_timer(lsp);
    return set_state(*connection, ConnectionState::Up);
  }
  connection->broken |= named;
  if (connection->state == ConnectionState::Up) {
    connection->broken_since = now;
    set_state(*connection, ConnectionState::Broken, failure);
  }
  // Both ends of a link, and all LSPs on it, tell: a moment is waited for the whole picture.
  if (connection->request.recovery == Recovery::Reroute && !connection->frozen &&
      !connection->replacement && lsp.why != Lsp::Due::Restore) {
    set_timer(lsp, Lsp::Due::Restore, config.restore_wait, now);
  }
}

}  // namespace forces::signaling::ason
