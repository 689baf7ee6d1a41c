// Who asks on a link: the router with the lowest address (RFC 3376 section 6.6.2, RFC 2236
// sections 3 and 7, RFC 3810 section 7.6.2).
#pragma once

#include <optional>

#include "fe/multicast/edge/config.hpp"
#include "proto/igmp/message.hpp"

namespace forces::fe::multicast {

class Querier {
 public:
  explicit Querier(const LinkConfig& config) : config_(config), timing_(config.timing) {}

  enum class State : std::uint8_t { Initial, Querier, NonQuerier };  // RFC 2236 section 7

  void start(Instant now);
  void stop();
  // True: the state or the querier is another one.
  [[nodiscard]] bool on_query(const Address& source, const igmp::Query& query, Instant now);
  // True: the state is another one.
  [[nodiscard]] bool on_timer(Instant now);
  // A General Query is due; asked for once.
  [[nodiscard]] bool take_query(Instant now);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool ours() const { return state_ == State::Querier; }
  [[nodiscard]] const Address& address() const { return elected_; }
  [[nodiscard]] const Timing& timing() const { return timing_; }
  [[nodiscard]] std::optional<Instant> next_deadline() const;

 private:
  void be_querier(Instant now, std::uint8_t startup_queries);

  const LinkConfig& config_;
  State state_ = State::Initial;
  Timing timing_;
  Address elected_{};
  std::uint8_t startup_left_ = 0;
  std::optional<Instant> query_at_, other_until_;
};

}  // namespace forces::fe::multicast
