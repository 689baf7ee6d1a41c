#include "ce/signaling/resource/manager.hpp"

#include <algorithm>
#include <array>

#include "ce/signaling/resource/core/impl.hpp"

namespace forces::signaling::resource {

std::string_view to_string(Refusal::Why why) {
  static constexpr std::array<std::string_view, 13> kNames{
      "unknown_interface", "interface_down",  "wrong_switching", "wrong_encoding",
      "wrong_signal",      "bad_label",       "label_busy",      "label_set_empty",
      "contention",        "no_fabric_route", "differs",         "unknown_connection",
      "not_verified"};
  const auto index = static_cast<std::size_t>(why);
  return index < kNames.size() ? kNames[index] : "unknown";
}

std::string_view to_string(ConnectionState state) {
  static constexpr std::array<std::string_view, 6> kNames{"found",      "reserving", "reserved",
                                                          "activating", "active",    "releasing"};
  const auto index = static_cast<std::size_t>(state);
  return index < kNames.size() ? kNames[index] : "unknown";
}

std::string_view to_string(Settled::What what) {
  static constexpr std::array<std::string_view, 6> kNames{
      "reserved", "active", "released", "reserve_refused", "activate_refused", "lost"};
  const auto index = static_cast<std::size_t>(what);
  return index < kNames.size() ? kNames[index] : "unknown";
}

namespace {

constexpr std::size_t kMostLabels = 4'096;  // wavelengths may be a whole range

}  // namespace

Manager::Manager(const ManagerConfig& config) : impl_(std::make_unique<Impl>(config)) {}
Manager::~Manager() = default;

bool Manager::set_fe(const FeConfig& config) {
  if (config.id == 0) return false;
  Fe& fe = impl_->fes[config.id];
  const bool loses = fe.config.converts_labels && !config.converts_labels;
  if (loses && !fe.numbers.empty()) return false;
  fe.config = config;
  impl_->fabric.set(config);
  return true;
}

bool Manager::set_interface(const InterfaceConfig& interface) {
  return impl_->set_interface(interface);
}
bool Manager::set_far_end(std::uint32_t id, const LinkEnd& remote) {
  const auto at = impl_->interfaces.find(id);
  if (at == impl_->interfaces.end()) return false;
  at->second.remote = remote;
  return true;
}
bool Manager::remove_interface(std::uint32_t id) { return impl_->remove_interface(id); }
bool Manager::set_inter_fe_link(const InterFeLink& link) { return impl_->set_inter_fe_link(link); }
bool Manager::remove_inter_fe_link(const FePort& end) { return impl_->remove_inter_fe_link(end); }

void Manager::block(std::uint32_t interface, const LabelRanges& labels) {
  const InterfaceConfig* const config = this->interface(interface);
  if (config == nullptr) return;
  impl_->ports.find(config->port)->blocked = labels;
  impl_->dirty.insert(interface);
}

std::expected<Reservation, Refusal> Manager::reserve(const Wants& wants, Instant now) {
  auto result = impl_->reserve(wants, now);
  impl_->wake(now);
  return result;
}

std::expected<Reservation, Refusal> Manager::activate(const LspKey& lsp,
                                                      const std::optional<Labels>& out,
                                                      Instant now) {
  auto result = impl_->activate(lsp, out, now);
  impl_->wake(now);
  return result;
}

void Manager::release(const LspKey& lsp, Instant now) {
  impl_->release(lsp, now);
  impl_->wake(now);
}

void Manager::give_back(const LspKey& lsp, Instant now) {
  const Connection* const connection = impl_->find(lsp);
  if (connection != nullptr && connection->goal == Goal::Keep) release(lsp, now);
}

bool Manager::set_alarm_mask(const LspKey& lsp, std::uint32_t mask, Instant now) {
  Connection* const connection = impl_->find(lsp);
  if (connection == nullptr ||
      (connection->goal != Goal::Reserve && connection->goal != Goal::Activate)) {
    return false;
  }
  connection->wants.alarm_mask = mask;
  impl_->settle(lsp, now);
  return true;
}

void Manager::on_fe_up(std::uint32_t fe, Instant now) { impl_->on_fe_up(fe, now); }
void Manager::on_fe_down(std::uint32_t fe, Instant /*now*/) { impl_->on_fe_down(fe); }
void Manager::on_rows(std::uint32_t fe, std::span<const FoundRow> rows, Instant now) {
  impl_->on_rows(fe, rows, now);
}
void Manager::on_result(std::uint64_t transaction, const TransactionResult& result, Instant now) {
  impl_->on_result(transaction, result, now);
  impl_->wake(now);
}
void Manager::on_port(const FePort& port, bool up, Instant /*now*/) { impl_->on_port(port, up); }
void Manager::on_row_status(std::uint32_t fe, std::uint32_t number, RowStatus status,
                            Instant /*now*/) {
  impl_->on_row_status(fe, number, status);
}
void Manager::on_failed_labels(const FePort& port, const LabelRanges& labels, Instant /*now*/) {
  impl_->ports.add(port).failed = labels;
  impl_->changed(port);
}

bool Manager::provision_receive(std::uint32_t interface, Label remote, Label local) {
  const auto table = impl_->tables.find(interface);
  if (table == impl_->tables.end()) return false;
  table->second.provision_receive(remote, local);
  impl_->associate(interface);
  return true;
}

bool Manager::provision_send(std::uint32_t interface, Label local, Label remote) {
  const auto table = impl_->tables.find(interface);
  if (table == impl_->tables.end()) return false;
  table->second.provision_send(local, remote);
  impl_->associate(interface);
  return true;
}

bool Manager::withdraw_association(std::uint32_t interface, Label local) {
  const auto table = impl_->tables.find(interface);
  if (table == impl_->tables.end()) return false;
  table->second.withdraw(local);
  impl_->associate(interface);
  return true;
}

bool Manager::on_traces(std::uint32_t interface, std::span<const HeardTrace> heard) {
  const auto table = impl_->tables.find(interface);
  if (table == impl_->tables.end()) return false;
  const LinkEnd& from = impl_->interfaces.at(interface).remote;
  bool news = false;
  for (const HeardTrace& one : heard) {
    news |= table->second.on_trace(from, one.label, one.trace);
  }
  if (news) impl_->associate(interface);
  return true;
}

bool Manager::restore_association(std::uint32_t interface, Label local, Label remote) {
  const auto table = impl_->tables.find(interface);
  if (table == impl_->tables.end()) return false;
  table->second.restore(local, remote);
  impl_->associate(interface);
  return true;
}

std::map<Label, Trace> Manager::traces(std::uint32_t interface) const {
  std::map<Label, Trace> all;
  const InterfaceConfig* const config = this->interface(interface);
  if (config == nullptr || !config->compound || !config->discover) return all;
  if (!impl_->fe_ready(config->port.fe)) return all;  // nobody knows what is free
  const Port& port = *impl_->ports.find(config->port);
  const auto heard = impl_->tables.at(interface).heard();
  const auto send = static_cast<std::size_t>(Way::Send);
  for (const Label label : (port.labels - port.failed - port.held[send]).list(kMostLabels)) {
    Trace& trace = all[label];
    trace.sender = {impl_->config.self, interface};
    trace.label = label;
    if (const auto at = heard.find(label); at != heard.end()) trace.heard = at->second;
  }
  return all;
}

const LabelTable* Manager::label_table(std::uint32_t interface) const {
  const auto table = impl_->tables.find(interface);
  return table == impl_->tables.end() ? nullptr : &table->second;
}

std::expected<Labels, Refusal> Manager::to_local(std::uint32_t interface,
                                                 std::span<const Label> received) const {
  if (!impl_->interfaces.contains(interface)) {
    return std::unexpected(Refusal{.why = Refusal::Why::UnknownInterface, .interface = interface});
  }
  Labels ours(received.begin(), received.end());
  const LabelTable* const table = label_table(interface);
  if (table == nullptr) return ours;
  for (Label& label : ours) {
    const auto local = table->to_local(label);
    if (!local) {
      const bool none = table->usable().empty();
      return std::unexpected(
          Refusal{.why = none ? Refusal::Why::NotVerified : Refusal::Why::BadLabel,
                  .interface = interface,
                  .acceptable = free_labels(interface)});
    }
    label = *local;
  }
  return ours;
}

LabelRanges Manager::to_local(std::uint32_t interface, const LabelRanges& received) const {
  const LabelTable* const table = label_table(interface);
  if (table == nullptr) return received;
  LabelRanges ours;
  for (const LabelTable::Entry& entry : table->entries()) {
    if (entry.state == LabelState::Verified && received.contains(entry.remote)) {
      ours.insert(entry.local);
    }
  }
  return ours;
}

LabelRanges Manager::to_remote(std::uint32_t interface, const LabelRanges& ours) const {
  const LabelTable* const table = label_table(interface);
  if (table == nullptr) return ours;
  LabelRanges theirs;
  for (const LabelTable::Entry& entry : table->entries()) {
    if (entry.state == LabelState::Verified && ours.contains(entry.local)) {
      theirs.insert(entry.remote);
    }
  }
  return theirs;
}

void Manager::on_time(Instant now) { impl_->on_time(now); }

std::optional<Instant> Manager::next_deadline() const {
  if (impl_->timers.empty()) return std::nullopt;
  return impl_->timers.begin()->first;
}

std::optional<Output> Manager::poll_output() {
  if (auto output = impl_->out.poll()) return output;
  if (impl_->dirty.empty()) return std::nullopt;
  return InterfaceChanged{impl_->dirty.extract(impl_->dirty.begin()).value()};
}

const InterfaceConfig* Manager::interface(std::uint32_t id) const {
  const auto at = impl_->interfaces.find(id);
  return at == impl_->interfaces.end() ? nullptr : &at->second;
}

std::vector<std::uint32_t> Manager::interfaces() const {
  std::vector<std::uint32_t> all;
  for (const auto& [id, interface] : impl_->interfaces) all.push_back(id);
  return all;
}

std::optional<std::uint32_t> Manager::interface_at(const FePort& at) const {
  const Port* const port = impl_->ports.find(at);
  if (port == nullptr || port->interface == 0) return std::nullopt;
  return port->interface;
}

bool Manager::interface_up(std::uint32_t id) const {
  const InterfaceConfig* const config = interface(id);
  return config != nullptr && impl_->interface_up(*config);
}

LabelRanges Manager::free_labels(std::uint32_t interface, Way way) const {
  const InterfaceConfig* const config = this->interface(interface);
  return config == nullptr ? LabelRanges{} : impl_->ports.find(config->port)->free(way);
}

LabelRanges Manager::free_labels(std::uint32_t interface) const {
  return free_labels(interface, Way::Receive) & free_labels(interface, Way::Send);
}

bool Manager::in_use(std::uint32_t interface) const {
  const InterfaceConfig* const config = this->interface(interface);
  return config != nullptr && impl_->ports.find(config->port)->in_use();
}

std::vector<LabelView> Manager::labels(std::uint32_t interface) const {
  std::vector<LabelView> all;
  const InterfaceConfig* const config = this->interface(interface);
  if (config == nullptr) return all;
  const Port& port = *impl_->ports.find(config->port);
  for (const Way way : {Way::Receive, Way::Send}) {
    LabelRanges held = port.held[static_cast<std::size_t>(way)];
    for (const Label label : (port.labels | held).list(kMostLabels)) {
      LabelView view{.label = label, .way = way};
      if (const Hold* const hold = impl_->ports.hold({config->port, way, label})) {
        view.owner = hold->holder;
        const Connection* const connection = impl_->find(hold->holder);
        const bool active =
            connection != nullptr && std::ranges::any_of(connection->there, [&](const auto& row) {
              const bool receives = way == Way::Receive;
              return row.second.active && row.first.first == config->port.fe &&
                     (receives ? row.second.in_port : row.second.out_port) == config->port.port &&
                     (receives ? row.second.in_label : row.second.out_label) == label;
            });
        view.use = active ? LabelUse::Active : LabelUse::Reserved;
      }
      if (port.failed.contains(label)) {
        view.use = LabelUse::Failed;
      } else if (!view.owner &&
                 (port.blocked.contains(label) || port.unassociated.contains(label))) {
        view.use = LabelUse::Blocked;
      }
      all.push_back(view);
    }
  }
  return all;
}

std::optional<ConnectionView> Manager::connection(const LspKey& lsp) const {
  const Connection* const found = impl_->find(lsp);
  if (found == nullptr) return std::nullopt;
  return impl_->view(*found);
}

std::vector<LspKey> Manager::connections() const {
  std::vector<LspKey> all;
  for (const auto& [lsp, connection] : impl_->connections) all.push_back(lsp);
  return all;
}

std::optional<LspKey> Manager::owner_of(std::uint32_t interface, Way way, Label label) const {
  const InterfaceConfig* const config = this->interface(interface);
  if (config == nullptr) return std::nullopt;
  const Hold* const hold = impl_->ports.hold({config->port, way, label});
  return hold == nullptr ? std::nullopt : std::optional(hold->holder);
}

}  // namespace forces::signaling::resource
