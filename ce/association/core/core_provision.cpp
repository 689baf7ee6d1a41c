// ControllerCore: what its Provisioners and the coordinator of transactions say and are told.

#include <algorithm>
#include <utility>

#include "ce/association/core/controller_core.hpp"

namespace forces::ce {
namespace {

std::uint32_t milliseconds(Duration d) { return static_cast<std::uint32_t>(whole_milliseconds(d)); }

pl::Element set_path(std::uint32_t component, std::uint32_t value, std::size_t octets) {
  wire::ByteWriter w;
  if (octets == 1) {
    w.u8(static_cast<std::uint8_t>(value));
  } else {
    w.u32(value);
  }
  const wire::Bytes data = w.written();
  pl::PathData path;
  path.ids = {component};
  path.items.push_back({pl::FullData{{data.begin(), data.end()}}});
  return {std::move(path)};
}

}  // namespace

// The associations as a coordinator sees them, for the time of one call.
class ControllerCore::Carrier : public provision::TransactionCarrier {
 public:
  Carrier(ControllerCore& core, Instant now) : core_(core), now_(now) {}
  [[nodiscard]] bool free(std::uint32_t fe) override { return core_.is_master(fe); }
  void hold(std::uint32_t fe, bool held) override {
    if (Peer* const on = find(fe)) on->provisioner.hold(held);
  }
  std::uint64_t send(std::uint32_t fe, pl::TransactionPhase phase,
                     const std::vector<pl::BodyTlv>& body, bool answered) override {
    Peer* const on = find(fe);
    return on == nullptr ? 0 : on->provisioner.send_transaction(phase, body, answered, now_);
  }
  void distrust(std::uint32_t fe) override {
    if (Peer* const on = find(fe)) on->provisioner.distrust(now_);
  }

 private:
  // Whoever is found has something to send, and is pumped before the call of the core ends.
  [[nodiscard]] Peer* find(std::uint32_t fe) {
    const auto at = core_.peers_.find(fe);
    if (at == core_.peers_.end()) return nullptr;
    core_.touched_.insert(fe);
    return &at->second;
  }
  ControllerCore& core_;
  Instant now_;
};

std::vector<pl::Element> ControllerCore::heartbeat_settings() const {
  if (!heartbeat_.configure_fe) return {};
  std::vector<pl::Element> all;
  all.push_back(set_path(4, heartbeat_.ce_sends ? 0 : 1, 1));
  all.push_back(set_path(5, milliseconds(heartbeat_.ce_dead), 4));
  all.push_back(set_path(6, heartbeat_.fe_sends ? 1 : 0, 1));
  all.push_back(set_path(7, milliseconds(heartbeat_.fe_interval), 4));
  return all;
}

void ControllerCore::follow(std::uint32_t fe_id, Peer& on, const StateChanged& change,
                            Instant now) {
  const bool data_up = on.data != 0;
  if (change.to == FeState::ChannelLost) {
    on.provisioner.on_channel_lost();
  } else if (change.cause == Cause::SetupGranted) {
    return on.provisioner.on_associated(data_up, now);
  } else if (change.to == FeState::Associated) {
    return on.provisioner.on_channel_back(data_up, now);
  } else {
    on.provisioner.on_lost();
  }
  Carrier carrier(*this, now);
  coordinator_.on_fe_lost(fe_id, carrier, now);
}

std::optional<Drop> ControllerCore::on_response(Peer& from, const pl::Header& header,
                                                wire::Bytes octets, Instant now) {
  const auto taken = from.provisioner.on_response(header, octets, now);
  if (!taken) {
    return taken.error() == provision::Refused::Malformed ? Drop::Malformed : Drop::WrongCorrelator;
  }
  if (header.type == pl::MsgType::ConfigResponse && taken->last) {
    ++(taken->good ? from.counters.configs_done : from.counters.configs_failed);
  }
  return std::nullopt;
}

void ControllerCore::perform(std::uint32_t fe_id, Peer& on, provision::ProvisionOutput& output,
                             Instant now) {
  std::visit(
      Overloaded{
          [&](pl::Octets& octets) {
            if (on.control == 0) return;
            on.fsm.on_sent(now);
            send(fe_id, on, std::move(octets));
          },
          [&](const provision::MasterChanged& change) {
            out_.push(MasterChanged{fe_id, change.mine});
            if (change.mine) return;
            Carrier carrier(*this, now);
            coordinator_.on_fe_lost(fe_id, carrier, now);
          },
          [&](const provision::InventoryRead&) { out_.push(InventoryChanged{fe_id}); },
          [&](const provision::PortStatus& port) {
            out_.push(PortStatus{fe_id, port.port, port.up});
          },
          [&](provision::PortAddresses& addresses) {
            out_.push(PortAddresses{fe_id, std::move(addresses)});
          },
          [&](const provision::RowsFailed& failed) { out_.push(RowsFailed{fe_id, failed}); },
          [&](const provision::RowsRemoved& rows) { out_.push(RowsRemoved{fe_id, rows}); },
          [&](const provision::SetsReplaced&) { out_.push(SetsReplaced{fe_id}); },
          [&](const provision::CopiesFailed& failed) { out_.push(CopiesFailed{fe_id, failed}); },
          [&](const provision::TransactionAnswered& answer) {
            Carrier carrier(*this, now);
            if (answer.unanswered) {
              coordinator_.on_unanswered(fe_id, answer.correlator, carrier, now);
            } else {
              coordinator_.on_answer(fe_id, answer.correlator, answer.code, carrier, now);
            }
          },
          [&](provision::OperatorAnswered& answer) {
            out_.push(Answered{fe_id, answer.ticket, std::move(answer.octets), answer.last});
          },
      },
      output);
}

// What a coordinator did to other FEs than the one that is being pumped, or to it once more.
void ControllerCore::pump_touched(Instant now) {
  while (auto record = coordinator_.poll_output()) {
    out_.push(TransactionEnded{std::move(*record)});
  }
  if (std::exchange(pumping_touched_, true)) return;
  while (!touched_.empty()) {
    const std::uint32_t fe = *touched_.begin();
    touched_.erase(touched_.begin());
    if (peers_.contains(fe)) pump(fe, now);
  }
  pumping_touched_ = false;
}

// What one FE has, or the time, may be what the rows of others waited for.
void ControllerCore::pump_copies(Instant now) {
  if (copies_ == nullptr || std::exchange(pumping_copies_, true)) return;
  while (const auto fe = copies_->poll_changed()) {
    if (peers_.contains(*fe)) pump(*fe, now);
  }
  pumping_copies_ = false;
}

void ControllerCore::set_row_source(provision::RowSource* source, Instant now) {
  rows_ = source;
  for (auto& [id, known] : peers_) known.provisioner.set_source(source);
  on_rows(now);
}

void ControllerCore::set_copy_source(provision::CopySource* source, Instant now) {
  copies_ = source;
  for (auto& [id, known] : peers_) known.provisioner.set_copy_source(source);
  on_rows(now);
}

void ControllerCore::on_rows(Instant now) {
  for (const auto& [id, known] : peers_) pump(id, now);
}

std::uint64_t ControllerCore::ask(std::uint32_t fe_id, const std::vector<pl::BodyTlv>& query,
                                  Instant now) {
  const auto at = peers_.find(fe_id);
  if (at == peers_.end()) return 0;
  const std::uint64_t ticket = at->second.provisioner.request(pl::MsgType::Query, query, now);
  pump(fe_id, now);
  return ticket;
}

std::uint64_t ControllerCore::configure_fe(std::uint32_t fe_id,
                                           const std::vector<pl::BodyTlv>& config, Instant now) {
  const auto at = peers_.find(fe_id);
  if (at == peers_.end()) return 0;
  const std::uint64_t ticket = at->second.provisioner.request(pl::MsgType::Config, config, now);
  pump(fe_id, now);
  return ticket;
}

std::uint64_t ControllerCore::switch_master(std::uint32_t fe_id, std::uint32_t ce_id, Instant now) {
  const auto at = peers_.find(fe_id);
  if (at == peers_.end()) return 0;
  const std::uint64_t ticket = at->second.provisioner.switch_master(ce_id, now);
  pump(fe_id, now);
  return ticket;
}

std::optional<std::uint64_t> ControllerCore::transact(
    const std::vector<provision::TransactionPart>& parts, Instant now) {
  Carrier carrier(*this, now);
  const auto id = coordinator_.begin(parts, carrier, now);
  pump_touched(now);
  return id;
}

bool ControllerCore::is_master(std::uint32_t fe_id) const {
  const auto* const on = provisioner(fe_id);
  return on != nullptr && on->is_master();
}

const provision::Provisioner* ControllerCore::provisioner(std::uint32_t fe_id) const {
  const auto at = peers_.find(fe_id);
  return at == peers_.end() ? nullptr : &at->second.provisioner;
}

}  // namespace forces::ce
