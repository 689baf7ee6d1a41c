#include "ce/multicast/scsp/engine.hpp"

#include <utility>

#include "ce/multicast/scsp/core/core.hpp"

namespace forces::multicast::sync {

Engine::Engine(Config config, Instant now)
    : core_(std::make_unique<Core>(std::move(config), now)) {}
Engine::~Engine() = default;

void Engine::on_link_up(ServerId neighbor, Instant now) { core_->on_link(neighbor, true, now); }
void Engine::on_link_down(ServerId neighbor, Instant now) { core_->on_link(neighbor, false, now); }
void Engine::on_packet(ServerId neighbor, Bytes packet, Instant now) {
  core_->on_packet(neighbor, packet, now);
}
void Engine::on_time(Instant now) { core_->on_time(now); }
std::optional<Output> Engine::poll_output() { return core_->poll_output(); }
std::optional<Instant> Engine::next_deadline() const { return core_->next_deadline(); }

void Engine::set_neighbor(NeighborConfig neighbor, Instant now) {
  core_->set_neighbor(std::move(neighbor), now);
}
void Engine::remove_neighbor(ServerId neighbor, Instant now) {
  core_->remove_neighbor(neighbor, now);
}

Status Engine::originate(std::uint32_t key, Bytes body, Instant now) {
  return core_->originate(key, body, now);
}
Status Engine::purge(std::uint32_t key, Instant now) { return core_->purge(key, now); }
void Engine::forget(ServerId originator, Instant now) { core_->forget(originator, now); }
void Engine::forget(ServerId originator, std::span<const std::uint32_t> keys, Instant now) {
  core_->forget(originator, keys, now);
}
void Engine::summarise(Instant now) { core_->summarise(now); }

std::optional<Record> Engine::record(const EntryId& id) const { return core_->record(id); }
void Engine::for_each(const std::function<void(const Record&)>& visit) const {
  core_->for_each(visit);
}
bool Engine::synchronized() const { return core_->synchronized(); }
SequenceNumber Engine::greatest() const { return core_->greatest(); }
Snapshot Engine::snapshot() const { return core_->snapshot(); }

}  // namespace forces::multicast::sync
