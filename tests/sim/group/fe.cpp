#include "tests/sim/group/fe.hpp"

#include <algorithm>
#include <utility>

#include "common/core/outputs.hpp"
#include "proto/mars/element_address.hpp"
#include "proto/wire/snap.hpp"
#include "tests/sim/group/network.hpp"

namespace forces::multicast::sim {

using mars::client::Client;

Fe::Fe(Network& network, std::uint32_t id, bool mcs, test::LocalClock clock,
       std::vector<std::uint32_t> table)
    : network_(network), id_(id), clock_(clock), table_(std::move(table)) {
  config_.address = address_of(id);
  config_.mcs = mcs;
  for (const std::uint32_t ce : table_) config_.mars.push_back(Server::address_of(ce));
}

AtmAddress Fe::address_of(std::uint32_t id) { return mars::encode_element({{id}, {}}); }

std::uint32_t Fe::id_of(const AtmAddress& address) {
  const auto element = mars::decode_element(address);
  return element ? element->id.value : 0;
}

Instant Fe::now() const { return clock_.at(network_.world.now()); }

bool Fe::registered() const { return runs() && core_->state() == Client::State::Registered; }

bool Fe::wants(const ProtocolAddress& group, Duration for_at_least) const {
  return runs() && std::ranges::any_of(wants_, [&](const auto& want) {
           return want.first.contains(group) && want.second + for_at_least <= network_.world.now();
         });
}

void Fe::start() {
  ++life_;
  since_ = network_.world.now();
  armed_ = Instant::max();
  config_.seed = network_.world.random()();
  core_ = std::make_unique<Client>(config_);
  for (auto& [range, since] : wants_) {
    since = since_;
    core_->join(range, range.single() && !mcs(), now());
  }
  settle();
}

void Fe::end() {
  ++life_;
  since_ = network_.world.now();
  core_.reset();
  stopping_ = false;
  vcs_.clear();
  paths_.clear();
  settled_.reset();
  reachable_.reset();
}

void Fe::crash() { end(); }

void Fe::stop() {
  wants_.clear();
  stopping_ = true;
  core_->stop(now());
  settle();
}

void Fe::join(const GroupRange& range) {
  if (stopping_) return;
  wants_.try_emplace(range, network_.world.now());
  if (!runs()) return;
  core_->join(range, range.single() && !mcs(), now());
  settle();
}

void Fe::leave(GroupRange range) {
  wants_.erase(range);
  if (!runs()) return;
  core_->leave(range, now());
  settle();
}

void Fe::open(const ProtocolAddress& group) {
  if (!runs() || stopping_) return;
  core_->open(group, now());
  settle();
}

void Fe::on_associated(std::uint32_t ce, std::uint64_t vc) {
  if (const auto old = vcs_.find(ce); old != vcs_.end()) on_lost(ce, old->second);
  if (!runs()) return;
  if (vcs_.empty()) reachable_ = network_.world.now();
  vcs_[ce] = vc;
  const AtmAddress mars = Server::address_of(ce);
  const bool idle = core_->state() == Client::State::Idle && !stopping_;
  idle ? core_->start(mars, now()) : core_->on_reachable(mars, now());
  settle();
}

void Fe::on_lost(std::uint32_t ce, std::uint64_t vc) {
  const auto at = vcs_.find(ce);
  if (!runs() || at == vcs_.end() || at->second != vc) return;
  vcs_.erase(at);
  if (vcs_.empty()) reachable_.reset();
  core_->on_vc_lost(Server::address_of(ce), now());
  leave_for_another(ce);
  settle();
}

void Fe::leave_for_another(std::uint32_t lost) {
  if (core_->state() != Client::State::Waiting) return;
  for (const std::uint32_t ce : table_) {
    if (ce != lost && vcs_.contains(ce)) {
      return core_->on_reachable(Server::address_of(ce), now());
    }
  }
}

void Fe::on_sdu(std::uint32_t ce, pl::VcKind kind, const Octets& sdu) {
  const auto snap = wire::decode_snap(sdu);
  if (!snap || snap->pid != wire::SnapPid::MarsControl) return network_.fault("no LLC/SNAP");
  const auto via =
      kind == pl::VcKind::PointToPoint ? mars::client::Via::Private : mars::client::Via::Control;
  core_->on_message(Server::address_of(ce), via, snap->payload, now());
  settle();
}

void Fe::settle() {
  if (!runs()) return;
  std::vector<std::uint32_t> unreachable;
  do {
    unreachable.clear();
    while (auto output = core_->poll_output()) perform(*output, unreachable);
    for (const std::uint32_t ce : unreachable) {
      core_->on_vc_lost(Server::address_of(ce), now());
      leave_for_another(ce);
    }
  } while (!unreachable.empty());
  if (stopping_ && core_->state() == Client::State::Idle) {
    network_.gone(id_);
    return end();
  }
  if (std::exchange(registered_, registered()) != registered()) {
    registered_since_ = network_.world.now();
  }
  if (!core_->settled()) {
    settled_.reset();
  } else if (!settled_) {
    settled_ = network_.world.now();
  }
  arm();
}

void Fe::perform(mars::client::Output& output, std::vector<std::uint32_t>& unreachable) {
  std::visit(
      Overloaded{[&](mars::client::Send& o) {
                   const std::uint32_t ce = id_of(o.mars);
                   const auto vc = vcs_.find(ce);
                   if (vc == vcs_.end()) return unreachable.push_back(ce);
                   const auto head = wire::snap_header(wire::SnapPid::MarsControl);
                   Octets sdu(head.size() + o.octets.size());
                   std::ranges::copy(o.octets, std::ranges::copy(head, sdu.begin()).out);
                   network_.to_server({id_, vc->second}, ce, std::move(sdu));
                 },
                 [](mars::client::Release&) {},  // the VC is the association, and stays
                 [&](mars::client::Registered&) { registered_since_ = network_.world.now(); },
                 [](mars::client::Failed&) {}, [](mars::client::Deregistered&) {},
                 [&](mars::client::LeafAdded& o) { paths_[o.group].insert(o.leaf); },
                 [&](mars::client::LeafDropped& o) { paths_[o.group].erase(o.leaf); }},
      output);
}

void Fe::arm() {
  const auto due = core_->next_deadline();
  if (!due || *due >= armed_) return;
  armed_ = *due;
  network_.world.at(clock_.when(*due), [this, mine = life_, when = *due] {
    if (life_ != mine || armed_ != when) return;
    armed_ = Instant::max();
    core_->on_timer(now());
    settle();
  });
}

}  // namespace forces::multicast::sim
