// Groups that we are in: sections 5.2.1 and 5.2.2.
#include "fe/multicast/client/client.hpp"

namespace forces::mars::client {

void Client::join(const GroupRange& range, bool layer3, Instant now) {
  if (state_ == State::Deregistering) return;
  Membership& membership = groups_[range];
  const bool stands = membership.wanted && membership.layer3 == layer3 &&
                      (membership.confirmed || membership.exchange.tries > 0);
  if (stands) return;
  membership.wanted = true;
  membership.layer3 = layer3;
  membership.confirmed = false;
  membership.exchange.tries = 0;
  membership.exchange.sequence = ++sequence_;
  if (state_ == State::Registered) on_membership_timer(range, now);
}

void Client::leave(const GroupRange& range, Instant now) {
  const auto at = groups_.find(range);
  if (at == groups_.end() || !at->second.wanted) return;
  Membership& membership = at->second;
  if (!was_registered_) {  // no MARS has heard of it
    groups_.erase(at);
    return;
  }
  membership.wanted = membership.confirmed = false;
  membership.exchange.tries = 0;
  membership.exchange.sequence = ++sequence_;
  if (state_ == State::Registered) on_membership_timer(range, now);
}

void Client::on_membership_timer(const GroupRange& range, Instant now) {
  Membership& membership = groups_.at(range);
  Exchange& exchange = membership.exchange;
  if (exchange.tries > config_.times.retransmissions) return fail_mars(now);
  Message m = message_of(membership.wanted ? entering() : leaving());
  m.flags = Flags{}
                .with_sequence(exchange.sequence)
                .with_layer3_group(membership.layer3 && membership.wanted && !mcs());
  m.ranges = {range};
  if (exchange.tries++ > 0) ++counters_.retransmitted;
  send(current_, m);
  arm(Timer::Membership, range, exchange.due, now + config_.times.retransmit);
}

// Our own words back, from either VC. A punched one is for others.
void Client::on_copy(const Message& m) {
  if (m.flags.punched() || m.ranges.size() != 1) return;
  const auto at = groups_.find(m.ranges.front());
  if (at == groups_.end()) return;
  Membership& membership = at->second;
  const bool matches = m.operation == (membership.wanted ? entering() : leaving()) &&
                       m.flags.sequence() == membership.exchange.sequence;
  if (!matches) return;
  arm(Timer::Membership, at->first, membership.exchange.due, Instant::max());
  membership.exchange.tries = 0;
  membership.confirmed = true;
  if (!membership.wanted) groups_.erase(at);
}

// With another MARS, or again with the same one. Spread over time, but for the first time.
void Client::say_again(Instant now, bool at_once) {
  for (auto& [range, membership] : groups_) {
    membership.confirmed = false;
    membership.exchange.tries = 0;
    membership.exchange.sequence = ++sequence_;
    arm(Timer::Membership, range, membership.exchange.due, at_once ? now : now + random());
  }
}

}  // namespace forces::mars::client
