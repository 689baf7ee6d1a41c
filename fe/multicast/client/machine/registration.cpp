// Registration, and what is done when a MARS fails or sends us away: sections 5.2.3 and 5.4.
#include <algorithm>
#include <utility>

#include "fe/multicast/client/client.hpp"

namespace forces::mars::client {

void Client::start(const AtmAddress& first, Instant now) {
  if (state_ == State::Idle) register_with(first, now);
}

void Client::stop(Instant now) {
  if (state_ == State::Idle) return;
  quiet();
  groups_.clear();
  const bool registered = state_ == State::Registered;
  if (!registered) {
    arm(Timer::Mars, {}, mars_.due, Instant::max());
    return on_deregistration_copy(now);
  }
  state_ = State::Deregistering;
  mars_.tries = 0;
  mars_.sequence = ++sequence_;
  send_registration(current_, mars_, now);
}

void Client::register_with(const AtmAddress& mars, Instant now) {
  if (!current_.empty() && current_ != mars) out_.push(Release{current_});
  quiet();
  current_ = mars;
  state_ = State::Registering;
  mars_.tries = 0;
  mars_.sequence = ++sequence_;
  send_registration(mars, mars_, now);
}

// Nothing is asked of a MARS that we are not registered with; paths stay as they are.
void Client::quiet() {
  end_soft();
  arm(Timer::Silence, {}, silence_, Instant::max());
  for (auto& [range, membership] : groups_) {
    arm(Timer::Membership, range, membership.exchange.due, Instant::max());
  }
  for (auto& [group, path] : paths_) {
    path.asking = false;
    path.tries = 0;
    arm(Timer::Path, {group, group}, path.due, Instant::max());
  }
}

void Client::send_registration(const AtmAddress& mars, Exchange& exchange, Instant now) {
  Message m = message_of(state_ == State::Deregistering ? leaving() : entering());
  m.flags = Flags{}.with_registers(true).with_sequence(exchange.sequence);
  if (exchange.tries++ > 0) ++counters_.retransmitted;
  send(mars, m);
  arm(&exchange == &mars_ ? Timer::Mars : Timer::Soft, {}, exchange.due,
      now + config_.times.retransmit);
}

void Client::on_registration_copy(const AtmAddress& mars, const Message& m, Instant now) {
  const bool soft = soft_ == mars && m.flags.sequence() == soft_exchange_.sequence;
  const bool awaited =
      state_ == State::Registering && mars == current_ && m.flags.sequence() == mars_.sequence;
  if (!soft && !awaited) {
    ++counters_.foreign;
    return;
  }
  if (soft) {
    end_soft();
    out_.push(Release{std::exchange(current_, mars)});
  }
  arm(Timer::Mars, {}, mars_.due, Instant::max());
  arm(Timer::Silence, {}, silence_, now + config_.times.silence);
  state_ = State::Registered;
  failed_ = 0;
  cmi_ = m.cmi;
  hsn_ = m.msn;
  map_ = {};
  out_.push(Registered{mars, cmi_});
  if (soft) return;  // neither rejoins nor revalidates: the servers know
  say_again(now, !std::exchange(was_registered_, true));
  revalidate(now, nullptr);
}

void Client::on_deregistration_copy(Instant) {
  arm(Timer::Mars, {}, mars_.due, Instant::max());
  for (auto& [group, path] : paths_) {
    set_leaves(group, path, {});
    arm(Timer::Path, {group, group}, path.due, Instant::max());
  }
  paths_.clear();
  state_ = State::Idle;
  was_registered_ = false;
  out_.push(Deregistered{});
  out_.push(Release{std::exchange(current_, {})});
}

// Section 5.4.1: the present MARS first, after a random time; then the next of the table at once;
// then the others, a minute apart.
void Client::fail_mars(Instant now) {
  if (state_ == State::Idle) return;
  if (state_ == State::Deregistering) return on_deregistration_copy(now);
  ++counters_.failures;
  out_.push(Failed{current_});
  quiet();
  Duration wait = random();
  if (state_ == State::Registered) {
    failed_ = 0;
  } else {
    const auto at = std::ranges::find(table_, current_);
    const auto next = at == table_.end() || at + 1 == table_.end() ? table_.begin() : at + 1;
    wait = ++failed_ == 1 && *next != current_ ? Duration::zero() : config_.times.looping;
    if (*next != current_) out_.push(Release{std::exchange(current_, *next)});
  }
  state_ = State::Waiting;
  arm(Timer::Mars, {}, mars_.due, now + wait);
}

void Client::on_mars_timer(Instant now) {
  if (state_ == State::Waiting) return register_with(current_, now);
  if (mars_.tries <= config_.times.retransmissions) {
    return send_registration(current_, mars_, now);
  }
  fail_mars(now);
}

void Client::on_soft_timer(Instant now) {
  if (soft_exchange_.tries > config_.times.retransmissions) return end_soft();  // we stay
  send_registration(*soft_, soft_exchange_, now);
}

void Client::end_soft() {
  arm(Timer::Soft, {}, soft_exchange_.due, Instant::max());
  soft_.reset();
}

void Client::on_vc_lost(const AtmAddress& mars, Instant now) {
  if (soft_ == mars) return end_soft();
  const bool in_use = state_ != State::Idle && state_ != State::Waiting;
  if (mars == current_ && in_use) fail_mars(now);
}

void Client::on_reachable(const AtmAddress& mars, Instant now) {
  const bool known = std::ranges::find(table_, mars) != table_.end();
  if (known && state_ == State::Waiting) register_with(mars, now);
}

void Client::on_redirect_map(const Message& part, Instant now) {
  const auto status = map_.add(part);
  if (status == Assembly::Status::More) return;
  const auto whole = std::exchange(map_, {}).result();
  if (status == Assembly::Status::Broken) {
    ++counters_.broken_parts;
    if (part.part == 1) on_redirect_map(part, now);  // the next one
    return;
  }
  track(part.msn, now);
  arm(Timer::Silence, {}, silence_, now + config_.times.silence);
  if (whole->targets.empty()) return;
  table_ = whole->targets;
  for (const AtmAddress& mars : config_.mars) {
    if (std::ranges::find(table_, mars) == table_.end()) table_.push_back(mars);
  }
  if (table_.front() != current_) redirect(table_.front(), whole->hard, now);
}

void Client::redirect(const AtmAddress& to, bool hard, Instant now) {
  if (state_ != State::Registered || soft_ == to) return;
  ++counters_.redirects;
  if (hard) return register_with(to, now);
  end_soft();
  soft_ = to;
  soft_exchange_ = {.sequence = ++sequence_};
  send_registration(to, soft_exchange_, now);
}

}  // namespace forces::mars::client
