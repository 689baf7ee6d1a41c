#include "ce/signaling/rsvp/engine.hpp"

#include "ce/signaling/rsvp/core/core.hpp"
#include "ce/signaling/rsvp/core/parts.hpp"

namespace forces::signaling::engine {

std::string_view to_string(Status status) {
  switch (status) {
    case Status::Done:
      return "done";
    case Status::NoNeighbor:
      return "no_neighbor";
    case Status::NoState:
      return "no_state";
    case Status::Malformed:
      return "malformed";
    case Status::Limit:
      return "limit";
  }
  return "unknown";
}

Engine::Engine(const Config& config, Instant now) : core_(std::make_unique<Core>(config, now)) {}
Engine::~Engine() = default;

void Engine::on_packet(const Datagram& packet, Instant now) {
  core_->at(now);
  core_->on_packet(packet);
}
void Engine::on_channel(ChannelId channel, bool up, Instant now) {
  core_->at(now);
  core_->on_channel(channel, up);
}
void Engine::on_time(Instant now) {
  core_->at(now);
  core_->on_time();
}
std::optional<Output> Engine::poll_output() { return core_->poll(); }
std::optional<Instant> Engine::next_deadline() const { return core_->next_deadline(); }

void Engine::set_neighbor(const NeighborConfig& neighbor, Instant now) {
  core_->at(now);
  core_->set_neighbor(neighbor);
}
void Engine::remove_neighbor(NodeId node, Instant now) {
  core_->at(now);
  core_->remove_neighbor(node);
}
void Engine::set_learned_security(const Security& security, Instant now) {
  core_->at(now);
  core_->set_learned_security(security);
}
void Engine::set_restart(const Restart& restart, Instant now) {
  core_->at(now);
  core_->set_restart(restart);
}
void Engine::end_recovery(Instant now) {
  core_->at(now);
  core_->end_recovery();
}

Status Engine::set_path(const LspKey& key, NodeId next_hop, rsvp::Message path, Instant now) {
  core_->at(now);
  return core_->set_path(key, next_hop, std::move(path));
}
Status Engine::tear_path(const LspKey& key, Instant now) {
  core_->at(now);
  return core_->tear_path(key);
}
Status Engine::tear_path(const LspKey& key, rsvp::Message tear, Instant now) {
  core_->at(now);
  return core_->tear_path(key, std::nullopt, std::move(tear));
}
Status Engine::tear_path(const LspKey& key, NodeId next_hop, rsvp::Message tear, Instant now) {
  core_->at(now);
  return core_->tear_path(key, next_hop, std::move(tear));
}
Status Engine::send_resv_err(const LspKey& key, rsvp::Message error, Instant now) {
  core_->at(now);
  return core_->send_resv_err(key, std::move(error));
}
Status Engine::set_resv(const LspKey& key, rsvp::Message resv, Instant now) {
  core_->at(now);
  return core_->set_resv(key, std::move(resv));
}
Status Engine::tear_resv(const LspKey& key, Instant now) {
  core_->at(now);
  return core_->tear_resv(key);
}
Status Engine::tear_resv(const LspKey& key, rsvp::Message tear, Instant now) {
  core_->at(now);
  return core_->tear_resv(key, std::move(tear));
}
Status Engine::keep(const LspKey& key, Instant now) {
  core_->at(now);
  return core_->keep(key);
}
Status Engine::send_path_err(const LspKey& key, rsvp::Message error, Instant now) {
  core_->at(now);
  return core_->send_path_err(key, std::move(error));
}
std::uint64_t Engine::notify(NodeId to, rsvp::Message message, Instant now) {
  core_->at(now);
  return core_->notify(to, std::move(message));
}
Status Engine::send_resv_conf(NodeId to, rsvp::Message message, Instant now) {
  core_->at(now);
  return core_->send_resv_conf(to, std::move(message));
}

MessagePtr Engine::received_path(const LspKey& key) const {
  const Lsp* const lsp = core_->find(key);
  return lsp != nullptr && lsp->up ? lsp->up->path.message : nullptr;
}
MessagePtr Engine::received_resv(const LspKey& key) const {
  const Lsp* const lsp = core_->find(key);
  return lsp != nullptr && lsp->down && lsp->down->resv ? lsp->down->resv->message : nullptr;
}
NodeId Engine::previous_hop(const LspKey& key) const {
  const Lsp* const lsp = core_->find(key);
  return lsp != nullptr && lsp->up ? lsp->up->path.from->config.node : NodeId{};
}
NodeId Engine::next_hop(const LspKey& key) const {
  const Lsp* const lsp = core_->find(key);
  return lsp != nullptr && lsp->down ? lsp->down->path.to->config.node : NodeId{};
}
bool Engine::neighbor_up(NodeId node) const {
  const Neighbor* const n = core_->find(node);
  return n != nullptr && !n->lost();
}
Snapshot Engine::snapshot() const { return core_->snapshot(); }

// --- to any node ---

std::uint64_t Engine::Core::notify(NodeId to, rsvp::Message message) {
  Neighbor* n = node(to);
  if (n == nullptr) n = learn(to.value);
  if (n == nullptr || full(*n)) return 0;
  if (!prepare(message, rsvp::MessageType::Notify, config_.node, config_.times.refresh)) return 0;
  auto body = encode_objects(message.objects);
  if (body.empty()) return 0;
  n->used = now_;
  const auto* const status = message.find<rsvp::AdminStatus>();
  constexpr std::uint32_t kNoNews = rsvp::admin_status::kCall | rsvp::admin_status::kDelete;
  const bool news = status == nullptr || (status->bits & kNoNews) == 0;
  const auto key = news ? key_of(message) : std::nullopt;
  if (key) forget_sent(*key, *n, rsvp::MessageType::Notify);
  Pending& p = post(*n, Sent::Notify, rsvp::MessageType::Notify, std::move(body));
  p.ticket = ++tickets_;
  if (key) {
    p.key = *key;
    by_lsp_.emplace(*key, &p);
  }
  return p.ticket;
}

Status Engine::Core::send_resv_conf(NodeId to, rsvp::Message message) {
  Neighbor* n = node(to);
  if (n == nullptr) n = learn(to.value);
  if (n == nullptr) return Status::NoNeighbor;
  if (full(*n)) return Status::Limit;
  if (!prepare(message, rsvp::MessageType::ResvConf, config_.node, config_.times.refresh)) {
    return Status::Malformed;
  }
  auto body = encode_objects(message.objects);
  if (body.empty()) return Status::Malformed;
  post(*n, Sent::Error, rsvp::MessageType::ResvConf, std::move(body));
  return Status::Done;
}

}  // namespace forces::signaling::engine
