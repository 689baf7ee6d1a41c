// What ControllerCore shows of itself.

#include <array>
#include <utility>

#include "ce/association/core/controller_core.hpp"

namespace forces::ce {
namespace {

struct Row {
  std::string_view name;
  std::uint64_t FeCounters::* value;
};
constexpr std::array kRows{
    Row{"pl_messages_received", &FeCounters::received},
    Row{"pl_messages_sent", &FeCounters::sent},
    Row{"pl_setups", &FeCounters::setups},
    Row{"pl_setups_refused", &FeCounters::setups_refused},
    Row{"pl_associations", &FeCounters::associations},
    Row{"pl_associations_lost", &FeCounters::associations_lost},
    Row{"pl_heartbeats_received", &FeCounters::heartbeats_received},
    Row{"pl_heartbeats_sent", &FeCounters::heartbeats_sent},
    Row{"pl_teardowns_received", &FeCounters::teardowns_received},
    Row{"pl_teardowns_sent", &FeCounters::teardowns_sent},
    Row{"pl_configs_done", &FeCounters::configs_done},
    Row{"pl_configs_failed", &FeCounters::configs_failed},
};
constexpr std::array<std::string_view, kDrops> kDropNames{"malformed",         "wrong_source",
                                                          "wrong_destination", "wrong_state",
                                                          "wrong_type",        "wrong_correlator"};

void show(const provision::Provisioner& provisioner, FeSnapshot& fe) {
  using provision::RowState;
  const provision::Mastership& mastership = provisioner.mastership();
  const provision::RowBook& rows = provisioner.sync().rows();
  fe.master = provision::to_string(mastership.master());
  fe.master_ce = mastership.named();
  fe.sync = provision::to_string(provisioner.sync().state());
  fe.rows_acknowledged = rows.count(RowState::Acknowledged) + rows.count(RowState::Installed);
  fe.rows_failed = rows.count(RowState::Failed);
  fe.rows_left_out = rows.count(RowState::LeftOut);
  fe.rows_wanted = fe.rows_acknowledged + fe.rows_failed + fe.rows_left_out +
                   rows.count(RowState::Wanted) + rows.count(RowState::Sent);
  fe.rows_orphaned = provisioner.sync().orphans();
  const provision::KernelPlane& plane = provisioner.plane().plane();
  fe.kernel = provision::to_string(plane.state);
  fe.kernel_installed = plane.installed;
  fe.kernel_waiting = plane.waiting;
  fe.kernel_pending = plane.pending;
  fe.kernel_failed = plane.failed;
  fe.kernel_failed_hops = plane.failed_hops.size();
}

void append(const provision::Provisioner& provisioner, daemon::CounterSamples& all) {
  const provision::ExchangeCounters& asked = provisioner.exchange().counters();
  const provision::SyncCounters& rows = provisioner.sync().counters();
  all.push_back({"pl_queries_sent", "", asked.queries});
  all.push_back({"pl_configs_sent", "", asked.configs});
  all.push_back({"pl_unanswered", "", asked.timeouts});
  all.push_back({"rows_sent", "", rows.sent});
  all.push_back({"rows_adopted", "", rows.adopted});
  all.push_back({"rows_deleted", "", rows.deleted});
  all.push_back({"rows_orphans_deleted", "", rows.orphans_deleted});
  all.push_back({"rows_refused", "", rows.refused});
  all.push_back({"rows_read_back", "", rows.readings});
}

}  // namespace

std::string_view to_string(Drop reason) { return kDropNames[std::to_underlying(reason)]; }

void FeCounters::add(const FeCounters& other) {
  for (const Row& row : kRows) this->*row.value += other.*row.value;
  for (std::size_t i = 0; i < kDrops; ++i) drops[i] += other.drops[i];
}

daemon::CounterSamples FeCounters::samples() const {
  daemon::CounterSamples all;
  for (const Row& row : kRows) all.push_back({row.name, "", this->*row.value});
  for (std::size_t i = 0; i < kDrops; ++i) all.push_back({"pl_drops", kDropNames[i], drops[i]});
  return all;
}

ControllerSnapshot ControllerCore::snapshot(Instant now) const {
  ControllerSnapshot shot;
  shot.ce_id = ce_id_;
  shot.counters = strangers_.samples();
  for (const auto& [id, peer] : peers_) {
    FeSnapshot fe;
    fe.fe_id = id;
    const FeConfig* config = configured(id);
    fe.configured = config != nullptr;
    if (config != nullptr) fe.name = config->name;
    fe.state = to_string(peer.fsm.state());
    fe.control_up = peer.control != 0;
    fe.data_up = peer.data != 0;
    fe.control_channel = peer.control;
    fe.data_channel = peer.data;
    fe.associations = peer.counters.associations;
    if (peer.fsm.associated()) {
      fe.associated_ms = whole_milliseconds(now - peer.fsm.associated_at());
      fe.last_heard_ms = whole_milliseconds(now - peer.fsm.heard_at());
    }
    show(peer.provisioner, fe);
    fe.counters = peer.counters.samples();
    append(peer.provisioner, fe.counters);
    shot.fes.push_back(std::move(fe));
  }
  return shot;
}

}  // namespace forces::ce
