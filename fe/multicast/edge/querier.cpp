#include "fe/multicast/edge/querier.hpp"

#include <algorithm>

namespace forces::fe::multicast {

void Querier::start(Instant now) {
  if (config_.querier) return be_querier(now, config_.timing.robustness);
  state_ = State::NonQuerier;
  elected_ = Address::zero(config_.address.family);
}

void Querier::stop() {
  state_ = State::Initial;
  timing_ = config_.timing;
  query_at_.reset();
  other_until_.reset();
}

void Querier::be_querier(Instant now, std::uint8_t startup_queries) {
  state_ = State::Querier;
  timing_ = config_.timing;
  elected_ = config_.address;
  startup_left_ = startup_queries;
  query_at_ = now;
  other_until_.reset();
}

bool Querier::on_query(const Address& source, const igmp::Query& query, Instant now) {
  // RFC 4541 section 2.1.1: 0.0.0.0 is no candidate, and who has it gives way to anybody.
  if (source.is_zero() || state_ == State::Initial) return false;
  const bool gives_way = !config_.querier || config_.address.is_zero();
  if (!gives_way && source >= config_.address) return false;
  // Sections 4.1.6 and 4.1.7; what a query of version 1 or 2 does not say stays as configured.
  timing_ = config_.timing;
  if (query.robustness != 0) timing_.robustness = query.robustness;
  if (query.interval > Duration::zero()) timing_.query_interval = query.interval;
  if (query.group.is_zero() && query.max_response > Duration::zero()) {
    timing_.query_response = query.max_response;
  }
  query_at_.reset();
  other_until_ = now + timing_.other_querier();
  const bool before = std::exchange(state_, State::NonQuerier) == State::NonQuerier;
  return std::exchange(elected_, source) != source || !before;
}

bool Querier::on_timer(Instant now) {
  if (!other_until_ || now < *other_until_) return false;
  other_until_.reset();
  if (config_.querier) {
    be_querier(now, 1);
  } else {
    timing_ = config_.timing;
    elected_ = Address::zero(config_.address.family);
  }
  return true;
}

bool Querier::take_query(Instant now) {
  if (!query_at_ || now < *query_at_) return false;
  if (startup_left_ > 0) --startup_left_;
  query_at_ = now + (startup_left_ > 0 ? timing_.startup_interval() : timing_.query_interval);
  return true;
}

std::optional<Instant> Querier::next_deadline() const {
  if (query_at_ && other_until_) return std::min(*query_at_, *other_until_);
  return query_at_ ? query_at_ : other_until_;
}

}  // namespace forces::fe::multicast
