// The transport of what is up fails, or passes again: Notify (RFC 3473 section 4.3, RFC 4872), and
// what the ingress does about it.
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
  lsp->failing = hit.failing;
  if (lsp->doomed || lsp->deleting || !lsp->path_in) return;
  out.push(
      ConnectionAlarm{.key = lsp->key, .kind = AlarmKind::TransportFailed, .raised = hit.failing});
  if (!lsp->established) {
    if (!hit.failing || lsp->recovering || lsp->plane == Plane::None) return;
    // Still being set up: as any other blockage of the link.
    const bool at_in = hit.interface == lsp->in && hit.interface != 0;
    Trouble why = trouble(*lsp, {ErrorCode::AdmissionControl, rsvp::admission::kBandwidth},
                          {.link = at_in && lsp->role != Role::Ingress
                                       ? lsp->from
                                       : LinkEnd{config.self, at_in ? lsp->in : lsp->out}});
    why.upstream = at_in && lsp->role != Role::Ingress;
    why.reason = "transport_failed";
    return setup_failed(*lsp, std::move(why), now);
  }
  // The link is named from the upstream side: it is that node's to route around.
  const bool at_in = hit.interface == lsp->in && hit.interface != 0;
  LinkEnd link{config.self, lsp->out};
  if (at_in) link = lsp->role == Role::Ingress ? LinkEnd{config.self, lsp->in} : lsp->from;
  const Trouble news = trouble(
      *lsp,
      {ErrorCode::Notify, hit.failing ? rsvp::notify::kLspFailure : rsvp::notify::kLspRecovered},
      {.link = link});
  if (lsp->role == Role::Ingress) return on_lsp_failed(*lsp, news.spec, now);
  if (const auto node = notify_node(lsp->path())) {
    out.push(SendNotify{*node, lsp_notify(lsp->path(), news.spec)});
  } else {
    out.push(SendPathErr{lsp->key, path_err(lsp->path(), news.spec)});
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
    if ((status & rsvp::admin_status::kDelete) != 0) {
      // RFC 3473 section 7.3: a node on the way asks for its end.
      delete_lsp(*lsp, now);
    } else if (spec->error.code == ErrorCode::Notify) {
      on_lsp_failed(*lsp, *spec, now);
    }
  }
  return ours;
}

// 25/9 to 25/11 at the ingress, told by whom it may.
void Controller::Core::on_lsp_failed(Lsp& lsp, const rsvp::ErrorSpec& spec, Instant now) {
  Connection* const connection = connection_of(lsp);
  if (connection == nullptr || !lsp.established || lsp.doomed || lsp.deleting) return;
  const bool current = connection->current == lsp.key;
  if (spec.error.value == rsvp::notify::kLspRecovered) {
    lsp.failing = false;
    if (!current || connection->replacement || connection->state != ConnectionState::Broken) return;
    connection->broken = {};
    if (lsp.why == Lsp::Due::Restore) clear_timer(lsp);
    return set_state(*connection, ConnectionState::Up);
  }
  if (spec.error.value != rsvp::notify::kLspFailure &&
      spec.error.value != rsvp::notify::kLspLocallyFailed) {
    return;
  }
  te::Exclusions named;
  collect(spec, named);
  Failure failure{.error = spec.error,
                  .node = {spec.node.is_v6() ? 0 : spec.node.v4()},
                  .reason = "lsp_failed",
                  .at = now};
  if (!named.links.empty()) failure.link = *named.links.begin();
  lsp.failing = true;
  if (connection->failures.size() >= 16) connection->failures.erase(connection->failures.begin());
  connection->failures.push_back(failure);
  if (!current) return;
  connection->broken |= named;
  if (connection->state == ConnectionState::Up) {
    connection->broken_since = now;
    set_state(*connection, ConnectionState::Broken, &failure);
  }
  // Both ends of a link, and all LSPs on it, tell: a moment is waited for the whole picture.
  if (connection->request.recovery == Recovery::Reroute && !connection->frozen &&
      !connection->replacement && lsp.why != Lsp::Due::Restore) {
    set_timer(lsp, Lsp::Due::Restore, config.restore_wait, now);
  }
}

}  // namespace forces::signaling::ason
