#include "ce/association/controller_report.hpp"

#include "ce/redirect/redirector.hpp"

namespace forces::ce {

daemon::Note note_of(const FeChanged& changed) {
  const auto [from, to, cause] = changed.change;
  const bool bad = to != FeState::Associated && from != FeState::Down && from != FeState::Waiting;
  return {bad ? daemon::Severity::Warning : daemon::Severity::Info,
          to == FeState::Associated ? "association_up" : "association_state", changed.fe_id,
          std::string(to_string(to)) + ": " + std::string(to_string(cause))};
}

std::optional<daemon::Note> note_of(const MasterChanged& changed) {
  return daemon::Note{daemon::Severity::Info, "master_changed", changed.fe_id,
                      changed.mine ? "this CE is the master" : "this CE is not the master"};
}

std::optional<daemon::Note> note_of(const InventoryChanged&) { return std::nullopt; }

std::optional<daemon::Note> note_of(const PortStatus& port) {
  return daemon::Note{daemon::Severity::Info, "port_status", port.fe_id,
                      "port " + std::to_string(port.port) + (port.up ? " is up" : " is down")};
}

namespace {
constexpr std::string_view kKinds[]{"next hop ", "set ", "prefix row "};
constexpr std::string_view kCopyTables[]{"PeerTable", "CopyTable", "IPv6CopyTable", "ServedTable",
                                         "IPv6ServedTable"};  // by provision::CopyTable
}  // namespace

std::optional<daemon::Note> note_of(const RowsRemoved& removed) {
  const auto& [count, first, prefix] = removed.removed;
  const std::string name =
      prefix ? text_of({prefix->address, prefix->length})
             : std::string(kKinds[static_cast<std::size_t>(provision::info(first.table).kind)]) +
                   std::to_string(first.number);
  return daemon::Note{daemon::Severity::Info, "rows_removed", removed.fe_id,
                      std::to_string(count) + " that no route wants, the first " + name};
}

std::optional<daemon::Note> note_of(const SetsReplaced& replaced) {
  return daemon::Note{daemon::Severity::Warning, "sets_replaced", replaced.fe_id,
                      "it has no class EcmpHops: routes over several next hops use the first only"};
}

std::optional<daemon::Note> note_of(const CopiesFailed& failed) {
  const auto& [row, code, count] = failed.failed;
  return daemon::Note{daemon::Severity::Warning, "copies_failed", failed.fe_id,
                      std::to_string(count) + " rows for copies refused, one of " +
                          std::string(kCopyTables[static_cast<std::size_t>(row.table)]) + " with " +
                          std::string(pl::to_string(code)) +
                          ": its packets of these groups do not reach all FEs. All rows are read "
                          "and sent again, ever more seldom; if it lasts, see the log of the FE, "
                          "and `forcesctl lfb get " +
                          std::to_string(failed.fe_id) +
                          " MulticastForwarding.1` for what it has: FE and ce may be of different "
                          "versions, or its table full"};
}

std::optional<daemon::Note> note_of(const RowsFailed& failed) {
  const auto& [last, code, count] = failed.failed;
  return daemon::Note{daemon::Severity::Warning, "rows_failed", failed.fe_id,
                      std::to_string(count) + " refused, the last " +
                          std::string(kKinds[static_cast<std::size_t>(last.kind)]) +
                          std::to_string(last.number) + " with " +
                          std::string(pl::to_string(code))};
}

std::optional<daemon::Note> note_of(const TransactionEnded& ended) {
  const auto& record = ended.record;
  const bool good = record.state == provision::TransactionState::Completed;
  return daemon::Note{
      good ? daemon::Severity::Info : daemon::Severity::Warning, "transaction_ended",
      record.failed_fe,
      std::to_string(record.id) + ": " + std::string(provision::to_string(record.state))};
}

std::optional<daemon::Note> note_of(const Answered&) { return std::nullopt; }

daemon::CounterSamples samples(const RedirectPortCounters& c) {
  return {{"redirect_from_fe", "", c.from_fe.get()},
          {"redirect_to_fe", "", c.to_fe.get()},
          {"redirect_drops", "no_device", c.no_device.get()},
          {"redirect_drops", "device_full", c.device_full.get()},
          {"redirect_drops", "device_error", c.device_error.get()},
          {"redirect_drops", "not_ipv4", c.not_ipv4.get()},
          {"redirect_drops", "too_large", c.too_large.get()},
          {"redirect_drops", "not_associated", c.not_associated.get()},
          {"redirect_drops", "not_master", c.not_master.get()},
          {"redirect_drops", "no_channel", c.no_channel.get()},
          {"redirect_drops", "queue_full", c.queue_full.get()},
          {"redirect_drops", "channel_error", c.channel_error.get()}};
}

void append(daemon::CounterSamples& all, const RedirectFeCounters& c) {
  all.push_back({"redirect_refused", "malformed", c.malformed.get()});
  all.push_back({"redirect_refused", "wrong_source", c.wrong_source.get()});
  all.push_back({"redirect_refused", "no_packet", c.no_packet.get()});
  all.push_back({"redirect_refused", "no_port", c.no_port.get()});
  all.push_back({"redirect_refused", "unknown_port", c.unknown_port.get()});
  all.push_back({"redirect_refused", "not_associated", c.not_associated.get()});
}

}  // namespace forces::ce
