#include "fe/multicast/client/client.hpp"

#include <algorithm>
#include <utility>

namespace forces::mars::client {

Client::Client(Config config)
    : config_(std::move(config)), random_(config_.seed), table_(config_.mars) {}

void Client::arm(Timer timer, const GroupRange& of, Instant& slot, Instant when) {
  if (slot != Instant::max()) timers_.erase({slot, timer, of});
  slot = when;
  if (when != Instant::max()) timers_.insert({when, timer, of});
}

Duration Client::random() {
  const Duration least = config_.times.random_least, most = config_.times.random_most;
  const auto span = static_cast<std::uint64_t>((most - least).count()) + 1;
  return least + Duration(static_cast<Duration::rep>(random_() % span));
}

Message Client::message_of(Operation operation) const {
  return {.operation = operation,
          .protocol = config_.protocol,
          .source = config_.address,
          .source_protocol = config_.protocol_address};
}

void Client::send(const AtmAddress& to, const Message& m) {
  if (auto octets = encode_message(m)) out_.push(Send{to, std::move(*octets)});
}

std::optional<Instant> Client::next_deadline() const {
  if (timers_.empty()) return std::nullopt;
  return std::get<Instant>(*timers_.begin());
}

void Client::on_timer(Instant now) {
  while (!timers_.empty() && std::get<Instant>(*timers_.begin()) <= now) {
    const auto [when, timer, of] = *timers_.begin();
    switch (timer) {
      case Timer::Mars:
        on_mars_timer(now);
        break;
      case Timer::Soft:
        on_soft_timer(now);
        break;
      case Timer::Silence:
        fail_mars(now);
        break;
      case Timer::Membership:
        on_membership_timer(of, now);
        break;
      case Timer::Path:
        on_path_timer(of.min, now);
        break;
    }
  }
}

void Client::on_message(const AtmAddress& mars, Via via, Bytes octets, Instant now) {
  const auto decoded = decode_message(octets);
  if (!decoded || tlv_action(decoded->tlvs) != TlvAction::Process) {
    ++counters_.malformed;
    return;
  }
  const Message& m = *decoded;
  const bool ours = m.source == config_.address;
  const bool copy = ours && m.flags.copy() && m.flags.registers();
  if (copy && m.protocol == config_.protocol && m.operation == entering()) {
    return on_registration_copy(mars, m, now);
  }
  // Section 5.4.3: nobody else is believed. What is late of an earlier MARS is foreign, too.
  const bool trusted = mars == current_ && m.protocol == config_.protocol &&
                       (state_ == State::Registered || state_ == State::Deregistering);
  if (!trusted) {
    ++counters_.foreign;
    return;
  }
  if (copy && m.operation == leaving()) {
    // Unasked it says that the MARS has dropped us: it takes us for another's client.
    if (state_ == State::Registered) return fail_mars(now);
    if (m.flags.sequence() == mars_.sequence) return on_deregistration_copy(now);
    ++counters_.foreign;
    return;
  }
  if (state_ == State::Deregistering) return;  // nothing else is of interest, no timer begins
  switch (m.operation) {
    case Operation::Join:
    case Operation::Leave:
    case Operation::Mserv:
    case Operation::Unserv:
    case Operation::Sjoin:
    case Operation::Sleave:
      if (!m.flags.copy()) break;
      track(m.msn, now);
      if (ours) on_copy(m);
      return on_change(m, now);
    case Operation::Multi:
      if (ours && via == Via::Private) return on_multi(m, now);
      break;
    case Operation::Nak:
      if (ours && via == Via::Private) return on_nak(m, now);
      break;
    case Operation::Migrate:
      track(m.msn, now);
      return on_migrate(m, now);
    case Operation::RedirectMap:
      if (via == Via::Control && m.source == mars) return on_redirect_map(m, now);
      break;
    default:
      break;
  }
  ++counters_.foreign;
}

bool Client::settled() const {
  return state_ == State::Registered && std::ranges::all_of(groups_, [](const auto& group) {
           return group.second.wanted && group.second.confirmed;
         });
}

bool Client::confirmed(const GroupRange& range) const {
  const auto at = groups_.find(range);
  return at != groups_.end() && at->second.wanted && at->second.confirmed;
}

const std::set<AtmAddress>* Client::leaves(const ProtocolAddress& group) const {
  const auto at = paths_.find(group);
  return at == paths_.end() || !at->second.open ? nullptr : &at->second.leaves;
}

}  // namespace forces::mars::client
