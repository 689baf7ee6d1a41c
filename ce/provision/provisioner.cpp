#include "ce/provision/provisioner.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "proto/pl/body/properties.hpp"

namespace forces::ce::provision {

using pl::MsgType;
using pl::OperType;
using pl::ResultCode;

namespace {

void write(const std::vector<pl::BodyTlv>& body, pl::MessageWriter& w) {
  for (const pl::BodyTlv& tlv : body) {
    const auto* select = std::get_if<pl::LfbSelect>(&tlv);
    if (select == nullptr) continue;  // nothing else stands in a Query or a Config
    const auto scope = w.lfb_select(select->class_id, select->instance_id);
    for (const pl::Oper& oper : select->operations) {
      const auto operation = w.operation(oper.type);
      pl::write(oper.elements, w);
    }
  }
}

// Tables that FibSync and CopySync write.
bool touches_rows(const std::vector<pl::BodyTlv>& body) {
  return std::ranges::any_of(body, [](const pl::BodyTlv& tlv) {
    const auto* select = std::get_if<pl::LfbSelect>(&tlv);
    return select != nullptr && (table_of(select->class_id, 1) || table_of(select->class_id, 2) ||
                                 select->class_id.value == kMulticastForwarding);
  });
}

void earlier(std::optional<Instant>& at, const std::optional<Instant>& other) {
  if (other && (!at || *other < *at)) at = other;
}

}  // namespace

Provisioner::Provisioner(std::uint32_t ce_id, std::uint32_t fe_id, const ProvisionConfig& config)
    : exchange_(ce_id, fe_id, config.exchange),
      mastership_(ce_id, config.ask_master_every),
      inventory_(config.topology_wait),
      sync_(fe_id, exchange_, config.sync),
      copies_(fe_id, exchange_) {}

void Provisioner::set_settings(std::vector<pl::Element> elements) {
  settings_ = std::move(elements);
  settings_due_ = true;
}

void Provisioner::on_associated(bool data_up, Instant now) {
  on_lost();
  connected_ = true;
  mastership_.start();
  inventory_.start(data_up, now);
  addresses_due_ = true;
}

void Provisioner::on_lost() {
  connected_ = false;
  mastership_.stop();
  inventory_.stop();
  addresses_.stop();
  sync_.stop();
  copies_.stop();
  plane_.stop();
  sync_due_ = addresses_due_ = plane_due_ = copies_due_ = touched_ = false;
  abandon(Instant{});
  follow_master(Instant{});
  flush(Instant{});
}

void Provisioner::on_channel_lost() { connected_ = false; }

void Provisioner::on_channel_back(bool data_up, Instant now) {
  abandon(now);
  connected_ = true;
  mastership_.on_unanswered();
  inventory_.start(data_up, now);
  addresses_due_ = true;
  if (!is_mine()) return;
  inventory_.on_master();
  plane_due_ = true;
  settings_due_ = subscribe_due_ = true;
  sync_.distrust(now);
  copies_due_ = true;
}

// Nobody will answer what was asked before; who asked in an operator's name is told.
void Provisioner::abandon(Instant now) {
  bad_.clear();
  touching_.clear();
  while (const auto lost = exchange_.poll_abandoned()) {
    if (lost->purpose == Purpose::Transaction || lost->purpose == Purpose::Operator) {
      on_unanswered(*lost, now);
    }
  }
}

std::expected<Taken, Refused> Provisioner::on_response(const pl::Header& header, wire::Bytes octets,
                                                       Instant now) {
  const auto answer = exchange_.on_response(header, octets, now);
  if (!answer) return std::unexpected(answer.error());
  ResultCode code = ResultCode::Success;
  bool good = true;
  switch (answer->purpose) {
    case Purpose::Mastership:
      mastership_.on_answer(*answer);
      break;
    case Purpose::Capability:
    case Purpose::Topology:
    case Purpose::Ports:
      inventory_.on_answer(*answer);
      if (answer->last) out_.push(InventoryRead{});
      break;
    case Purpose::Addresses:
      addresses_.on_answer(*answer);
      break;
    case Purpose::Plane:
      plane_.on_answer(*answer, sync_, now);
      break;
    case Purpose::Settings:
    case Purpose::Subscriptions:
      good = succeeded(answer->message);
      break;
    case Purpose::ReadRows:
    case Purpose::WriteRows:
      good = sync_.on_answer(*answer, now);
      break;
    case Purpose::ReadCopies:
    case Purpose::WriteCopies:
      good = copies_.on_answer(*answer, now);
      break;
    case Purpose::Transaction: {
      good = succeeded(answer->message, &code);
      const auto at = results_.find(answer->correlator);
      if (at == results_.end()) break;  // it had its results before
      const bool whole = at->second.take(answer->message) || answer->last;
      if (good && !whole) break;
      results_.erase(at);
      out_.push(TransactionAnswered{answer->correlator, code});
      break;
    }
    case Purpose::Operator:
      good = succeeded(answer->message);
      out_.push(OperatorAnswered{answer->correlator, {octets.begin(), octets.end()}, answer->last});
      if (answer->last && touching_.erase(answer->correlator) != 0) touched_ = true;
      break;
  }
  if (!good) bad_.insert(answer->correlator);
  if (!answer->last) return Taken{false, good};
  return Taken{true, bad_.erase(answer->correlator) == 0};
}

void Provisioner::on_unanswered(const Unanswered& lost, Instant now) {
  bad_.erase(lost.correlator);
  switch (lost.purpose) {
    case Purpose::Mastership:
      mastership_.on_unanswered();
      break;
    case Purpose::Capability:
    case Purpose::Topology:
    case Purpose::Ports:
      inventory_.on_unanswered(lost.purpose);
      break;
    case Purpose::Addresses:
      addresses_.on_unanswered();
      break;
    case Purpose::Plane:
      plane_.on_unanswered();
      break;
    case Purpose::Settings:
      settings_due_ = subscribe_due_ = true;
      break;
    case Purpose::Subscriptions:
      inventory_.on_master();
      addresses_.on_master();
      plane_due_ = true;
      break;
    case Purpose::ReadRows:
    case Purpose::WriteRows:
      sync_.distrust(now);
      break;
    case Purpose::ReadCopies:
    case Purpose::WriteCopies:
      copies_.on_unanswered(now);
      break;
    case Purpose::Transaction:
      results_.erase(lost.correlator);
      out_.push(TransactionAnswered{lost.correlator, ResultCode::TimedOut, true});
      break;
    case Purpose::Operator:
      out_.push(OperatorAnswered{lost.correlator, {}, true});
      if (touching_.erase(lost.correlator) != 0) touched_ = true;
      break;
  }
}

bool Provisioner::on_event(wire::Bytes octets, Instant now) {
  const auto message = pl::MessageView::parse(octets);
  if (!message) return false;
  for (const pl::LfbSelectView select : message->selects()) {
    mastership_.on_event(select);
    inventory_.on_event(select);
    addresses_.on_event(select);
    plane_.on_event(select, now);
  }
  return true;
}

void Provisioner::on_timer(Instant now) {
  while (const auto lost = exchange_.poll_unanswered(now)) {
    on_unanswered(*lost, now);
    // An FE drops the Configs of who is not its master without a word.
    if (is_mine()) mastership_.ask();
  }
  mastership_.on_timer(now);
  sync_.on_timer(now);
}

std::optional<Instant> Provisioner::next_deadline() const {
  if (!connected_) return std::nullopt;
  std::optional<Instant> at = exchange_.next_deadline();
  earlier(at, mastership_.next_deadline());
  earlier(at, inventory_.next_deadline());
  earlier(at, sync_.next_deadline());
  earlier(at, copies_.next_deadline());
  earlier(at, plane_.next_deadline(sync_));
  return at;
}

// What begins and ends with being the master.
void Provisioner::follow_master(Instant) {
  const bool mine = is_mine();
  if (mine == was_mine_) return;
  was_mine_ = mine;
  out_.push(MasterChanged{mine});
  if (mine) {
    settings_due_ = subscribe_due_ = sync_due_ = copies_due_ = true;
    inventory_.on_master();
    addresses_.on_master();
    return;
  }
  settings_due_ = subscribe_due_ = sync_due_ = copies_due_ = false;
  inventory_.on_backup();
  addresses_.on_backup();
  sync_.stop();
  copies_.stop();
  plane_.stop();
  plane_due_ = false;
}

std::uint32_t Provisioner::first_instance(std::uint32_t class_id) const {
  const auto found = inventory().instances_of(class_id);
  return found.empty() ? 0 : *std::ranges::min_element(found);
}

void Provisioner::pump(Instant now) {
  if (connected_) {
    mastership_.pump(exchange_, now);
    follow_master(now);
    if (may_configure() && (settings_due_ || subscribe_due_)) send_settings(now);
    inventory_.pump(exchange_, may_configure(), now);
    if (std::exchange(touched_, touched_ && held_) && !held_) distrust(now);
    if (sync_due_ && may_configure() && inventory_.capability_read()) {
      sync_due_ = false;
      plane_due_ = true;
      sync_.start(inventory().table_instances(), now);
    }
    sync_.pump(now);
    if (copies_due_ && may_configure() && inventory_.capability_read()) {
      copies_due_ = false;
      copies_.start(first_instance(kMulticastForwarding));
    }
    copies_.pump(now);
    if (plane_due_ && is_mine() && inventory_.capability_read()) {
      plane_due_ = false;
      plane_.start(first_instance(kKernelPlane));
    }
    plane_.pump(exchange_, sync_, may_configure(), now);
    if (addresses_due_ && inventory_.capability_read()) {
      addresses_due_ = false;
      addresses_.start(first_instance(kPortAddress));
      if (is_mine()) addresses_.on_master();
    }
    addresses_.pump(exchange_, may_configure(), now);
  }
  flush(now);
}

void Provisioner::flush(Instant now) {
  while (auto octets = exchange_.poll_output()) out_.push(std::move(*octets));
  while (const auto port = inventory_.poll_output()) {
    out_.push(*port);
    plane_.on_link(now);
  }
  while (auto addresses = addresses_.poll_output()) out_.push(std::move(*addresses));
  while (auto note = sync_.poll_note()) {
    std::visit([&](auto& told) { out_.push(std::move(told)); }, *note);
  }
  while (const auto failed = sync_.poll_output()) out_.push(*failed);
  while (const auto failed = copies_.poll_output()) out_.push(*failed);
}

// RFC 5810 section 7.3.1: heartbeats are governed by FEPO components that the master sets; its
// events say when there is another.
void Provisioner::send_settings(Instant now) {
  static constexpr std::array<std::array<std::uint32_t, 2>, 2> kEvents{
      {{kFepoEvents, kPrimaryCeDown}, {kFepoEvents, kPrimaryCeChanged}}};
  const bool set = settings_due_ && !settings_.empty();
  const bool subscribe = std::exchange(subscribe_due_, false);
  settings_due_ = false;
  if (!set && !subscribe) return;
  pl::MessageWriter config = exchange_.begin(MsgType::Config);
  {
    const auto select = config.lfb_select(pl::kFeProtocolObject, {1});
    if (set) {
      const auto operation = config.operation(OperType::Set);
      pl::write(settings_, config);
    }
    if (subscribe) {
      const auto operation = config.operation(OperType::SetProp);
      for (const auto& event : kEvents) {
        const auto path = config.path(event);
        pl::write_properties(config, pl::EventProperties{.registration = 1});
      }
    }
  }
  (void)exchange_.submit(std::move(config), Purpose::Settings, now);
}

std::uint64_t Provisioner::request(MsgType type, const std::vector<pl::BodyTlv>& body,
                                   Instant now) {
  const bool may = type == MsgType::Query ? connected_ : type == MsgType::Config && may_configure();
  if (!may) return 0;
  pl::MessageWriter message = exchange_.begin(type);
  write(body, message);
  const std::uint64_t ticket = exchange_.submit(std::move(message), Purpose::Operator, now);
  if (ticket != 0 && type == MsgType::Config && touches_rows(body)) touching_.insert(ticket);
  return ticket;
}

std::uint64_t Provisioner::switch_master(std::uint32_t ce_id, Instant now) {
  std::array<std::byte, 4> value{};
  wire::store_be<4>(value.data(), ce_id);
  pl::PathData path;
  path.ids = {kCeId};
  path.items.push_back({pl::FullData{{value.begin(), value.end()}}});
  pl::LfbSelect select{pl::kFeProtocolObject, {1}, {}};
  select.operations.push_back({.type = OperType::Set});
  select.operations.back().elements.push_back({std::move(path)});
  std::vector<pl::BodyTlv> body;
  body.emplace_back(std::move(select));
  const std::uint64_t ticket = request(MsgType::Config, body, now);
  if (ticket != 0) mastership_.ask();  // behind it, whether or not there are events
  return ticket;
}

void Provisioner::hold(bool held) {
  held_ = held;
  sync_.hold(held);
  copies_.hold(held);
}

std::uint64_t Provisioner::send_transaction(pl::TransactionPhase phase,
                                            const std::vector<pl::BodyTlv>& body, bool answered,
                                            Instant now) {
  if (!connected_) return 0;
  touched_ = touched_ || touches_rows(body);  // read back once it no longer holds us
  const pl::Flags flags = Exchange::flags(MsgType::Config)
                              .with_execution_mode(pl::ExecutionMode::AllOrNone)
                              .with_atomic(true)
                              .with_phase(phase);
  pl::MessageWriter config = exchange_.begin(MsgType::Config, flags);
  write(body, config);
  const std::uint64_t correlator =
      exchange_.submit(std::move(config), Purpose::Transaction, now, answered);
  if (correlator != 0) results_.emplace(correlator, AwaitedResults(body));
  return correlator;
}

}  // namespace forces::ce::provision
