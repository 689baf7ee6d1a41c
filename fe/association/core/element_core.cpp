#include "fe/association/core/element_core.hpp"

#include <algorithm>
#include <utility>

#include "proto/pl/association.hpp"

namespace forces::fe {
namespace {

lfb::Values first_values(const ElementConfig& config) {
  lfb::Values values;
  values.object.name = config.name;
  lfb::FeProtocol& fepo = values.protocol;
  fepo.fe_id = config.fe_id;
  fepo.liveness = {config.fepo.ce_heartbeat_policy, config.fepo.fe_heartbeat_policy,
                   config.fepo.ce_dead, config.fepo.fe_interval};
  fepo.failover_policy = config.fepo.failover_policy;
  fepo.failover_timeout = config.fepo.failover_timeout;
  fepo.ha_mode = config.fepo.ha_mode;
  for (const CeConfig& ce : config.ces) fepo.all_ces.push_back({ce.ce_id});
  return values;
}

bool is_for(pl::ForcesId destination, std::uint32_t fe_id) {
  if (destination.value == fe_id) return true;
  return destination == pl::kAllFes || destination == pl::kAllElements ||
         pl::is_multicast(destination);  // the TML delivers groups to members only
}

}  // namespace

ElementCore::ElementCore(const ElementConfig& config, std::uint64_t seed, lfb::Sink* dataplane,
                         lfb::Provider* statistics)
    : lfbs_(first_values(config), dataplane, statistics),
      configured_id_(config.fe_id),
      multicast_(config.multicast.enabled),
      random_(seed),
      mastership_(config.ces.size(), values().protocol, config.takeover_after) {
  const RetryConfig retry{config.setup_timeout, config.retry_min, config.retry_max,
                          config.fe_id != 0};
  for (const CeConfig& ce : config.ces) {
    links_.push_back({ce.ce_id, CeFsm(retry, values().protocol.liveness, random_)});
  }
}

void ElementCore::start(Instant now) {
  mastership_.start();
  pump(now);
}

void ElementCore::stop(Instant now) {
  for (Link& link : links_) link.fsm.close(pl::TeardownReason::Normal, now);
  pump(now);
}

void ElementCore::on_control_up(std::size_t ce, Instant now) {
  links_[ce].control_up = true;
  links_[ce].fsm.on_channel_up(now);
  pump(now);
}

void ElementCore::on_control_down(std::size_t ce, Instant now) {
  links_[ce].control_up = false;
  links_[ce].fsm.on_channel_down(now);
  pump(now);
}

void ElementCore::on_data_up(std::size_t ce) { links_[ce].data_up = true; }
void ElementCore::on_data_down(std::size_t ce) { links_[ce].data_up = false; }

void ElementCore::on_control_closed(std::size_t ce, Instant now) {
  links_[ce].control_up = links_[ce].data_up = false;
  links_[ce].fsm.on_control_closed(now);
  pump(now);
}

void ElementCore::on_data_closed(std::size_t ce, Instant now) {
  links_[ce].data_up = false;
  links_[ce].fsm.on_data_closed(now);
  pump(now);
}

void ElementCore::on_data_traffic(std::size_t ce, const DataTraffic& total) {
  Link& link = links_[ce];
  link.data = total;
  link.fsm.on_heard(total.received_at);
  link.fsm.on_sent(total.sent_at);
}

void ElementCore::on_redirect_totals(std::uint64_t to_ce, std::uint64_t from_ce) {
  lfbs_.set_redirected(to_ce, from_ce);
}

void ElementCore::on_timer(Instant now) {
  mastership_.on_timer(now);
  for (Link& link : links_) link.fsm.on_timer(now);
  lfbs_.engine().on_timer(now);
  pump(now);
}

void ElementCore::on_message(std::size_t ce, wire::Bytes octets, Instant now) {
  Link& link = links_[ce];
  const auto header = pl::decode_header(octets);
  if (!header) return refuse(link, octets, now);
  if (header->source.value != link.ce_id) return drop(link, Drop::WrongSource, octets.size(), now);
  ++link.control.received_packets;
  link.control.received_octets += octets.size();
  dispatch(ce, *header, octets, now);
  pump(now);
}

// Counts, and tells of it once in a while: a flood of bad messages is no flood of lines.
void ElementCore::drop(Link& link, Drop reason, std::size_t octets, Instant now) {
  ++counters_.drops[std::to_underlying(reason)];
  ++link.control.received_error_packets;
  link.control.received_error_octets += octets;
  ++link.unreported;
  if (now < link.report_after) return;
  link.report_after = now + kDropReportEvery;
  out_.push(MessagesDropped{index_of(link), reason, std::exchange(link.unreported, 0)});
}

// What does not decode is dropped, and answered all the same where somebody waits for it: "the
// message receiver MUST send a Response message" (RFC 5810 section 6.1).
void ElementCore::refuse(Link& link, wire::Bytes octets, Instant now) {
  drop(link, Drop::Malformed, octets.size(), now);
  const auto header = pl::header_fields(octets);
  if (!header || header->source.value != link.ce_id || !link.fsm.associated()) return;
  const bool config = header->type == pl::MsgType::Config;
  if (!config && header->type != pl::MsgType::Query) return;
  if (config && mastership_.master() != index_of(link)) return;
  const auto good = pl::decode_header(octets);
  if (!good && good.error().code == Errc::BadVersion) {
    lfbs_.engine().refuse(*header, pl::ResultCode::VersionMismatch, "version 1 is spoken here");
  } else if (!good) {
    lfbs_.engine().refuse(*header, pl::ResultCode::InvalidHeader, "no length of a message");
  } else if (header->length != octets.size()) {
    lfbs_.engine().refuse(*header, pl::ResultCode::LengthMismatch, "more or fewer octets came");
  } else {
    lfbs_.engine().refuse(*header, pl::ResultCode::InvalidTlv, "the body does not decode");
  }
  ++counters_.failed_operations;
  flush_engine(index_of(link));
}

void ElementCore::dispatch(std::size_t ce, const pl::Header& header, wire::Bytes octets,
                           Instant now) {
  Link& link = links_[ce];
  const bool here = is_for(header.destination, fe_id());
  switch (header.type) {
    case pl::MsgType::AssociationSetupResponse:
      return on_setup_response(link, octets, now);
    case pl::MsgType::Query:
    case pl::MsgType::Config:
      return on_query_or_config(ce, header, octets, now);
    case pl::MsgType::AssociationTeardown:
      if (!here) return drop(link, Drop::WrongDestination, octets.size(), now);
      ++counters_.teardowns_received;
      if (!link.fsm.associated()) return drop(link, Drop::WrongState, octets.size(), now);
      return link.fsm.on_teardown(now);
    case pl::MsgType::Heartbeat:
      if (!here) return drop(link, Drop::WrongDestination, octets.size(), now);
      ++counters_.heartbeats_received;
      if (!link.fsm.on_heartbeat(header, now)) drop(link, Drop::WrongState, octets.size(), now);
      return;
    case pl::MsgType::MarsVc:
      if (!here) return drop(link, Drop::WrongDestination, octets.size(), now);
      return on_vc(link, octets, now);
    default:  // what only an FE sends, and what nobody has defined
      return drop(link, Drop::WrongType, octets.size(), now);
  }
}

void ElementCore::on_setup_response(Link& link, wire::Bytes octets, Instant now) {
  const auto response = pl::decode_association_setup_response(octets);
  if (!response) return drop(link, Drop::Malformed, octets.size(), now);
  const pl::ForcesId given = response->header.destination;
  const bool granted = response->result == pl::AssociationResult::Success;
  // RFC 5810 section 7.5.2: an FE that came with ID 0 finds its ID in the destination.
  const bool assigned = granted && fe_id() == 0 && pl::is_fe(given) && given.value != 0;
  if (given.value != fe_id() && !assigned) {
    return drop(link, Drop::WrongDestination, octets.size(), now);
  }
  if (link.fsm.state() != CeState::SetupSent)
    return drop(link, Drop::WrongState, octets.size(), now);
  if (!link.fsm.on_setup_response(response->header.correlator, response->result, now)) {
    return drop(link, Drop::WrongCorrelator, octets.size(), now);
  }
  if (!assigned || !link.fsm.associated()) return;
  lfbs_.set_fe_id(given.value, now);
  out_.push(IdAssigned{index_of(link), given.value});
}

// From any associated CE, for a MARS need not be the master's.
void ElementCore::on_vc(Link& link, wire::Bytes octets, Instant now) {
  if (!multicast_) return drop(link, Drop::WrongType, octets.size(), now);
  const auto vc = pl::decode_vc(octets);
  if (!vc) return drop(link, Drop::Malformed, octets.size(), now);
  if (!link.fsm.on_message(now)) return drop(link, Drop::WrongState, octets.size(), now);
  out_.push(VcReceived{index_of(link), vc->kind, {vc->sdu.begin(), vc->sdu.end()}});
}

void ElementCore::send_vc(std::size_t ce, wire::Bytes sdu) {
  if (ce >= links_.size() || !links_[ce].fsm.associated()) return;
  send(links_[ce], pl::encode_vc({fe_id()}, {links_[ce].ce_id}, pl::VcKind::PointToPoint, sdu));
}

void ElementCore::on_query_or_config(std::size_t ce, const pl::Header& header, wire::Bytes octets,
                                     Instant now) {
  Link& link = links_[ce];
  if (!link.fsm.on_message(now)) return drop(link, Drop::WrongState, octets.size(), now);
  const bool config = header.type == pl::MsgType::Config;
  // RFC 7121 section 3.2: a backup may ask, only the master may change; dropped, not answered.
  if (config && mastership_.master() != ce) return drop(link, Drop::NotMaster, octets.size(), now);
  refresh_table();
  const std::uint64_t failed = lfbs_.engine().counters().failed;
  if (!lfbs_.engine().on_message(octets, is_for(header.destination, fe_id()), now)) {
    return refuse(link, octets, now);
  }
  ++(config ? counters_.configs : counters_.queries);
  counters_.failed_operations += lfbs_.engine().counters().failed - failed;
  flush_engine(ce);
  const std::uint32_t master = values().protocol.ce_id;
  if (!config || master == link.ce_id) return;
  const auto named = std::ranges::find(links_, master, &Link::ce_id);
  if (named != links_.end()) mastership_.hand_over(index_of(*named), now);
}

// Answers go to who asked, notifications to every associated CE (RFC 7121 section 3.2).
void ElementCore::flush_engine(std::optional<std::size_t> asked) {
  while (auto output = lfbs_.engine().poll_output()) {
    if (auto* answer = std::get_if<lfb::Respond>(&*output)) {
      if (asked) send(links_[*asked], std::move(answer->octets));
      continue;
    }
    const pl::Octets& notification = std::get<lfb::Notify>(*output).octets;
    for (Link& link : links_) {
      if (!link.fsm.associated()) continue;
      pl::Octets octets = notification;
      wire::store_be<4>(octets.data() + 8, link.ce_id);
      send(link, std::move(octets));
    }
  }
}

void ElementCore::send(Link& link, Result<pl::Octets> octets) {
  if (!octets) {  // larger than a message can be
    ++link.control.sent_error_packets;
    return;
  }
  ++link.control.sent_packets;
  link.control.sent_octets += octets->size();
  out_.push(SendMessage{index_of(link), std::move(*octets)});
}

// AllCEs is made when somebody may look at it.
void ElementCore::refresh_table() {
  for (std::size_t i = 0; i < links_.size(); ++i) {
    const Link& link = links_[i];
    lfb::KnownCe& row = lfbs_.ces()[i];
    row.statistics = link.control;
    row.statistics.received_packets += link.data.received_packets;
    row.statistics.received_octets += link.data.received_octets;
    row.statistics.received_error_packets += link.data.received_errors;
    row.statistics.sent_packets += link.data.sent_packets;
    row.statistics.sent_octets += link.data.sent_octets;
    row.statistics.sent_error_packets += link.data.sent_errors;
    if (mastership_.master() == i) {
      row.status = lfb::CeStatus::IsMaster;
    } else if (link.fsm.state() == CeState::Associated) {
      row.status = lfb::CeStatus::Associated;
    } else if (link.control_up) {
      row.status = lfb::CeStatus::Connected;
    } else {
      const bool lost = link.lost || link.fsm.state() == CeState::ChannelLost;
      row.status = lost ? lfb::CeStatus::LostConnection : lfb::CeStatus::Disconnected;
    }
  }
}

void ElementCore::pump(Instant now) {
  for (bool again = true; again;) {
    again = false;
    for (std::size_t ce = 0; ce < links_.size(); ++ce) {
      while (const auto output = links_[ce].fsm.poll_output()) {
        perform(ce, *output, now);
        again = true;
      }
    }
    while (const auto output = mastership_.poll_output()) {
      perform(*output, now);
      again = true;
    }
  }
  flush_engine(std::nullopt);
}

void ElementCore::perform(std::size_t ce, const CeOutput& output, Instant now) {
  Link& link = links_[ce];
  const pl::ForcesId us{fe_id()}, them{link.ce_id};
  std::visit(Overloaded{
                 [&](const OpenChannels&) { out_.push(RequestChannels{ce, true}); },
                 [&](const CloseChannels&) { out_.push(RequestChannels{ce, false}); },
                 [&](const SendSetup& setup) {
                   ++counters_.setups;
                   // A new association to a first master gets its ID anew (section 6.1).
                   if (!mastership_.master()) lfbs_.set_fe_id(configured_id_, now);
                   send(link, pl::encode_association_setup({fe_id()}, them, setup.correlator));
                 },
                 [&](const SendHeartbeat& heartbeat) {
                   ++counters_.heartbeats_sent;
                   pl::Header request;
                   request.source = them;
                   request.correlator = heartbeat.correlator;
                   request.flags = pl::Flags{}.with_priority(heartbeat.priority);
                   send(link, pl::encode_heartbeat_reply(request, us));
                 },
                 [&](const SendTeardown& teardown) {
                   ++counters_.teardowns_sent;
                   send(link, pl::encode_association_teardown(us, them, teardown.reason));
                 },
                 [&](const AttemptFailed&) { mastership_.on_attempt_failed(ce); },
                 [&](const StateChanged& change) {
                   const auto is_up = [](CeState s) {
                     return s == CeState::Associated || s == CeState::ChannelLost;
                   };
                   out_.push(CeChanged{ce, change});
                   if (!is_up(change.from) && is_up(change.to)) {
                     ++counters_.setups_granted;
                     link.lost = false;
                     mastership_.on_associated(ce);
                   } else if (is_up(change.from) && !is_up(change.to)) {
                     ++counters_.associations_lost;
                     link.lost = true;
                     mastership_.on_lost(ce, now);
                   } else if (change.to == CeState::ChannelLost) {
                     mastership_.on_away(ce, now);
                   } else if (change.from == CeState::ChannelLost) {
                     mastership_.on_back(ce);
                   }
                 },
             },
             output);
}

void ElementCore::perform(const MastershipOutput& output, Instant now) {
  std::visit(
      Overloaded{
          [&](const TryCe& attempt) { links_[attempt.ce].fsm.open(now); },
          [&](const GiveUpCe& old) { links_[old.ce].fsm.close(pl::TeardownReason::Normal, now); },
          [&](const MasterChanged& change) {
            lfbs_.engine().abandon_transaction();
            // PrimaryCEDown is for whoever is there to hear it: of a master that has no successor
            // yet it is told to the next one (RFC 7121 figures 2 to 4).
            if (change.from) lost_master_ = links_[*change.from].ce_id;
            if (change.to) tell_lost_master(now);
            lfbs_.set_master(change.to ? links_[*change.to].ce_id : 0, now);
            out_.push(change);
          },
          [&](const ElementStateChanged& change) {
            if (change.to == ElementState::PreAssociation) {
              // "MUST discard any state it has as invalid" (RFC 5810 section 4.2.2.3).
              lfbs_.engine().reset();
              tell_lost_master(now);
              lfbs_.set_state(lfb::FeState::OperDisable, now);
            } else if (values().object.state == lfb::FeState::OperDisable) {
              lfbs_.set_state(lfb::FeState::OperEnable, now);
            }
            out_.push(change);
          },
      },
      output);
}

void ElementCore::tell_lost_master(Instant now) {
  if (lost_master_) lfbs_.set_last_master(*lost_master_, now);
  lost_master_.reset();
}

std::optional<Instant> ElementCore::next_deadline() const {
  std::optional<Instant> at = mastership_.next_deadline();
  const auto transaction = lfbs_.engine().next_deadline();
  if (transaction && (!at || *transaction < *at)) at = transaction;
  for (const Link& link : links_) {
    const auto other = link.fsm.next_deadline();
    if (other && (!at || *other < *at)) at = other;
  }
  return at;
}

std::optional<std::size_t> ElementCore::redirect_target() const {
  const auto master = mastership_.master();
  if (!master || links_[*master].fsm.state() != CeState::Associated) return std::nullopt;
  if (values().object.state != lfb::FeState::OperEnable) return std::nullopt;
  return master;
}

}  // namespace forces::fe
