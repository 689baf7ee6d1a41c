#include "ce/association/core/controller_core.hpp"

#include <algorithm>
#include <utility>

#include "proto/pl/association.hpp"

namespace forces::ce {
namespace {

bool is_for(pl::ForcesId destination, std::uint32_t ce_id) {
  return destination.value == ce_id || destination == pl::kAllCes ||
         destination == pl::kAllElements || pl::is_multicast(destination);
}

}  // namespace

void ControllerCore::configure(const ControllerConfig& config) {
  ce_id_ = config.ce_id;
  configured_.clear();
  for (const FeConfig& fe : config.fes) configured_.emplace(fe.fe_id, fe);
  allow_unknown_ = config.allow_unknown_fes;
  assign_first_ = config.assign_first;
  assign_last_ = config.assign_last;
  heartbeat_ = config.heartbeat;
  provision_ = config.provision;
  for (const auto& [id, fe] : configured_) peer(id);  // shown from the start
}

void ControllerCore::reconfigure(const ControllerConfig& config, Instant now) {
  ControllerConfig same = config;
  same.ce_id = ce_id_;
  configure(same);
  std::vector<std::uint32_t> ids;
  for (const auto& [id, peer] : peers_) ids.push_back(id);
  for (const std::uint32_t id : ids) {
    Peer& known = peer(id);
    known.fsm.set_config(heartbeat_);
    if (configured(id) == nullptr && !allow_unknown_) {
      known.fsm.teardown(pl::TeardownReason::Normal, now);
    } else {
      known.provisioner.set_settings(heartbeat_settings());
    }
    pump(id, now);
    forget_if_unknown(id);
  }
}

void ControllerCore::stop(Instant now) {
  stopped_ = true;
  for (auto& [id, peer] : peers_) peer.fsm.teardown(pl::TeardownReason::Normal, now);
  for (auto& [id, peer] : peers_) pump(id, now);
}

const FeConfig* ControllerCore::configured(std::uint32_t fe_id) const {
  const auto at = configured_.find(fe_id);
  return at == configured_.end() ? nullptr : &at->second;
}

ControllerCore::Peer& ControllerCore::peer(std::uint32_t fe_id) {
  const auto [at, fresh] = peers_.try_emplace(fe_id, heartbeat_, ce_id_, fe_id, provision_);
  if (fresh) {
    at->second.provisioner.set_source(rows_);
    at->second.provisioner.set_copy_source(copies_);
    at->second.provisioner.set_settings(heartbeat_settings());
  }
  return at->second;
}

void ControllerCore::attach(std::uint32_t fe_id, std::uint64_t channel, Instant now) {
  Peer& known = peer(fe_id);
  if (known.control != 0 && known.control != channel) channels_.erase(known.control);
  known.control = channel;
  channels_[channel] = fe_id;
  known.fsm.on_channel_up(now);
  pump(fe_id, now);
}

// An FE that the configuration does not know is kept as long as it is here.
void ControllerCore::forget_if_unknown(std::uint32_t fe_id) {
  const auto at = peers_.find(fe_id);
  if (at == peers_.end() || configured(fe_id) != nullptr) return;
  if (at->second.fsm.state() != FeState::Down || at->second.control != 0) return;
  strangers_.add(at->second.counters);
  if (at->second.deadline) deadlines_.erase({*at->second.deadline, fe_id});
  peers_.erase(at);
}

void ControllerCore::on_control_up(std::uint32_t element_id, std::uint64_t channel, Instant now) {
  channels_[channel] = element_id;
  if (element_id != 0) attach(element_id, channel, now);
}

void ControllerCore::on_control_down(std::uint32_t element_id, std::uint64_t channel, Instant now) {
  const auto at = channels_.find(channel);
  const std::uint32_t fe_id = at == channels_.end() ? element_id : at->second;
  if (at != channels_.end()) channels_.erase(at);
  const auto known = peers_.find(fe_id);
  if (known == peers_.end() || known->second.control != channel) return;  // replaced already
  known->second.control = 0;
  known->second.fsm.on_channel_down(now);
  pump(fe_id, now);
  forget_if_unknown(fe_id);
}

void ControllerCore::on_data_up(std::uint32_t element_id, std::uint64_t channel, Instant now) {
  const auto at = peers_.find(element_id);
  if (at == peers_.end()) return;
  at->second.data = channel;
  at->second.provisioner.on_data(true);
  pump(element_id, now);
}

void ControllerCore::on_data_down(std::uint32_t element_id, std::uint64_t channel, Instant now) {
  const auto at = peers_.find(element_id);
  if (at == peers_.end() || at->second.data != channel) return;
  at->second.data = 0;
  at->second.provisioner.on_data(false);
  pump(element_id, now);
}

void ControllerCore::on_data_traffic(std::uint32_t fe_id, Instant heard, Instant sent) {
  const auto at = peers_.find(fe_id);
  if (at == peers_.end()) return;
  at->second.fsm.on_heard(heard);
  at->second.fsm.on_sent(sent);
}

void ControllerCore::on_timer(Instant now) {
  std::vector<std::uint32_t> due;
  for (const auto& [at, id] : deadlines_) {
    if (at > now) break;
    due.push_back(id);
  }
  for (const std::uint32_t id : due) {
    Peer& known = peer(id);
    known.fsm.on_timer(now);
    known.provisioner.on_timer(now);
    pump(id, now);
    forget_if_unknown(id);
  }
  if (copies_ != nullptr) copies_->on_timer(now);
  pump_copies(now);
}

void ControllerCore::on_message(std::uint64_t channel, wire::Bytes octets, Instant now) {
  const auto known = channels_.find(channel);
  if (known == channels_.end()) return drop(0, Drop::WrongState, now);
  const std::uint32_t fe_id = known->second;
  const auto header = pl::decode_header(octets);
  if (!header) return drop(fe_id, Drop::Malformed, now);
  if (!is_for(header->destination, ce_id_)) return drop(fe_id, Drop::WrongDestination, now);
  if (header->type == pl::MsgType::AssociationSetup) {
    return on_setup(channel, *header, octets, now);
  }
  if (fe_id == 0) return drop(0, Drop::WrongState, now);
  if (header->source.value != fe_id) return drop(fe_id, Drop::WrongSource, now);
  Peer& from = peer(fe_id);
  ++from.counters.received;
  const auto dropped = dispatch(from, *header, octets, now);
  pump(fe_id, now);
  if (dropped) drop(fe_id, *dropped, now);
}

void ControllerCore::on_data_message(std::uint64_t channel, wire::Bytes octets, Instant now) {
  const auto from =
      std::ranges::find_if(peers_, [&](const auto& known) { return known.second.data == channel; });
  if (from == peers_.end()) return drop(0, Drop::WrongState, now);
  on_message(from->second.control, octets, now);
}

// Counts, and tells of it once in a while: a flood of bad messages is no flood of lines. FE 0:
// nobody in particular.
void ControllerCore::drop(std::uint32_t fe_id, Drop reason, Instant now) {
  FeCounters& counters = fe_id == 0 ? strangers_ : peer(fe_id).counters;
  ++counters.drops[std::to_underlying(reason)];
  ++counters.unreported;
  if (now < counters.report_after) return;
  counters.report_after = now + kDropReportEvery;
  out_.push(MessagesDropped{fe_id, reason, std::exchange(counters.unreported, 0)});
}

// RFC 5810 section 6.1: source 0 asks for an ID. The ID that the TML has proved comes first. 0:
// none.
std::uint32_t ControllerCore::claimed_id(std::uint64_t channel, std::uint32_t source) const {
  const std::uint32_t proved = channels_.at(channel);
  if (proved != 0) return source == 0 || source == proved ? proved : 0;
  if (source == 0) return free_id();
  const auto other = peers_.find(source);  // nobody vouches for it: only a free ID may be taken
  const bool taken = other != peers_.end() && other->second.control != 0;
  return pl::is_fe({source}) && !taken ? source : 0;
}

std::uint32_t ControllerCore::free_id() const {
  if (assign_first_ == 0) return 0;
  for (std::uint32_t id = assign_first_; id <= assign_last_; ++id) {
    const auto at = peers_.find(id);
    if (at == peers_.end() || at->second.fsm.state() == FeState::Down) return id;
  }
  return 0;
}

void ControllerCore::refuse(std::uint64_t channel, const pl::Header& setup,
                            pl::AssociationResult result) {
  ++strangers_.setups;
  ++strangers_.setups_refused;
  auto octets =
      pl::encode_association_setup_response({ce_id_}, setup.source, setup.correlator, result);
  if (octets) out_.push(SendMessage{channel, channels_.at(channel), std::move(*octets)});
  out_.push(SetupRefused{channels_.at(channel), setup.source.value, result});
}

void ControllerCore::on_setup(std::uint64_t channel, const pl::Header& header, wire::Bytes octets,
                              Instant now) {
  if (!pl::decode_association_setup(octets)) {
    return drop(channels_.at(channel), Drop::Malformed, now);
  }
  // Who granted a setup on the way out would leave the FE with a dead CE until CEHDI is over.
  if (stopped_) return refuse(channel, header, pl::AssociationResult::PermissionDenied);
  const std::uint32_t fe_id = claimed_id(channel, header.source.value);
  if (fe_id == 0) return refuse(channel, header, pl::AssociationResult::FeIdInvalid);
  const bool assigned = assign_first_ != 0 && fe_id >= assign_first_ && fe_id <= assign_last_;
  const bool permitted = configured(fe_id) != nullptr || allow_unknown_ || assigned;
  if (channels_.at(channel) == 0) {
    if (!permitted) return refuse(channel, header, pl::AssociationResult::PermissionDenied);
    out_.push(BindId{channel, fe_id});
    attach(fe_id, channel, now);
  }
  Peer& from = peer(fe_id);
  ++from.counters.received;
  ++from.counters.setups;
  const auto verdict =
      permitted ? pl::AssociationResult::Success : pl::AssociationResult::PermissionDenied;
  if (!permitted) {
    ++from.counters.setups_refused;
    out_.push(SetupRefused{fe_id, header.source.value, verdict});
  }
  from.fsm.on_setup(header.correlator, verdict, now);
  pump(fe_id, now);
}

std::optional<Drop> ControllerCore::dispatch(Peer& from, const pl::Header& header,
                                             wire::Bytes octets, Instant now) {
  switch (header.type) {
    case pl::MsgType::AssociationTeardown:
      ++from.counters.teardowns_received;
      if (!from.fsm.associated()) return Drop::WrongState;
      from.fsm.on_teardown(now);
      return std::nullopt;
    case pl::MsgType::Heartbeat:  // RFC 5810 section 7.10: AlwaysACK of an FE gets no answer
      ++from.counters.heartbeats_received;
      break;
    case pl::MsgType::ConfigResponse:
    case pl::MsgType::QueryResponse:
    case pl::MsgType::EventNotification:
      break;
    case pl::MsgType::MarsVc:
      if (!carry_vcs_) return Drop::WrongType;
      break;
    default:  // what only a CE sends, redirects on control, and what nobody has defined
      return Drop::WrongType;
  }
  if (!from.fsm.on_message(now)) return Drop::WrongState;
  if (header.type == pl::MsgType::Heartbeat) return std::nullopt;
  if (header.type == pl::MsgType::MarsVc) return on_vc(from, header, octets);
  if (header.type != pl::MsgType::EventNotification) return on_response(from, header, octets, now);
  if (!from.provisioner.on_event(octets, now)) return Drop::Malformed;
  if (tell_events_ && from.provisioner.is_master()) {
    out_.push(FeEvent{header.source.value, {octets.begin(), octets.end()}});
  }
  return std::nullopt;
}

void ControllerCore::send(std::uint32_t fe_id, Peer& to, Result<pl::Octets> octets) {
  if (!octets) return;  // cannot be: what we build here is small
  ++to.counters.sent;
  out_.push(SendMessage{to.control, fe_id, std::move(*octets)});
}

void ControllerCore::pump(std::uint32_t fe_id, Instant now) {
  Peer& on = peer(fe_id);
  while (const auto output = on.fsm.poll_output()) perform(fe_id, on, *output, now);
  on.provisioner.pump(now);
  while (auto output = on.provisioner.poll_output()) perform(fe_id, on, *output, now);
  if (on.deadline) deadlines_.erase({*on.deadline, fe_id});
  on.deadline = on.fsm.next_deadline();
  const auto other = on.provisioner.next_deadline();
  if (other && (!on.deadline || *other < *on.deadline)) on.deadline = other;
  if (on.deadline) deadlines_.emplace(*on.deadline, fe_id);
  pump_touched(now);
  pump_copies(now);
}

void ControllerCore::perform(std::uint32_t fe_id, Peer& on, const FeOutput& output, Instant now) {
  const pl::ForcesId us{ce_id_}, them{fe_id};
  std::visit(
      Overloaded{
          [&](const SendSetupResponse& r) {
            send(fe_id, on,
                 pl::encode_association_setup_response(us, them, r.correlator, r.result));
          },
          [&](const SendHeartbeat& heartbeat) {
            ++on.counters.heartbeats_sent;
            send(fe_id, on,
                 pl::encode_heartbeat(us, them, heartbeat.correlator,
                                      heartbeat.always_ack ? pl::Ack::Always : pl::Ack::None));
          },
          [&](const SendTeardown& teardown) {
            ++on.counters.teardowns_sent;
            send(fe_id, on, pl::encode_association_teardown(us, them, teardown.reason));
          },
          [&](const StateChanged& change) {
            const auto is_up = [](FeState s) {
              return s == FeState::Associated || s == FeState::ChannelLost;
            };
            out_.push(FeChanged{fe_id, change});
            if (is_up(change.from) && !is_up(change.to)) ++on.counters.associations_lost;
            if (change.cause == Cause::SetupGranted) ++on.counters.associations;
            follow_vc(fe_id, on, change);
            follow(fe_id, on, change, now);
          },
      },
      output);
}

std::optional<Instant> ControllerCore::next_deadline() const {
  std::optional<Instant> first;
  if (!deadlines_.empty()) first = deadlines_.begin()->first;
  const auto other = copies_ != nullptr ? copies_->next_deadline() : std::nullopt;
  return other && (!first || *other < *first) ? other : first;
}

bool ControllerCore::associated(std::uint32_t fe_id) const {
  const auto at = peers_.find(fe_id);
  return at != peers_.end() && at->second.fsm.associated();
}

}  // namespace forces::ce
