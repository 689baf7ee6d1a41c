// The state of a router for one group on one link: RFC 3376 section 6 and 7.3, RFC 3810 section 7
// and 8.3. Names of the RFC: filter mode, group timer, source timers; INCLUDE (A), EXCLUDE (X,Y),
// where X are the sources whose timers run, and Y those that nobody there wants.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "fe/multicast/edge/outputs.hpp"

namespace forces::fe::multicast {

class Group {
 public:
  struct Context {
    Instant now;
    const Timing& timing;
    bool querier;  // else nothing is asked
    std::size_t most_sources;
  };

  // `sources` ascend, each once.
  void on_record(igmp::RecordType type, std::span<const Address> sources, const Context& c);
  void on_report(igmp::Version version, const Context& c);  // of version 1 or 2
  void on_leave(const Context& c);
  // A query without the S flag that somebody else sent; no sources: of the whole group. Timers are
  // lowered to `time` from now.
  void on_query(std::span<const Address> sources, Duration time, Instant now);
  // What the time has ended.
  void expire(Instant now);

  // Queries that are due; each is asked for once.
  struct Question {
    bool suppress = false;
    std::vector<Address> sources{};  // none: of the whole group
  };
  void take_questions(const Context& c, std::vector<Question>& out);

  [[nodiscard]] bool empty() const { return mode_ == Mode::Include && sources_.empty(); }
  [[nodiscard]] std::size_t sources() const { return sources_.size(); }
  [[nodiscard]] Filter filter() const;
  // The filter may be another one than at the last call.
  [[nodiscard]] bool changed() { return std::exchange(changed_, false); }
  // Sources for which there was no room since the last call.
  [[nodiscard]] std::size_t refused() { return std::exchange(refused_, 0); }
  [[nodiscard]] igmp::Version compatibility(Instant now) const;  // section 7.3.2
  [[nodiscard]] std::optional<Instant> next_deadline() const;

 private:
  struct Source {
    Instant until{};
    bool running = true;  // false: timer 0, in Y
    std::uint8_t questions = 0;
  };
  void apply(igmp::RecordType type, std::span<const Address> sources, const Context& c);
  void start(std::span<const Address> sources, Instant until, const Context& c);
  void block(std::span<const Address> sources, const Context& c);
  void exclude(std::span<const Address> sources, Instant fresh, const Context& c);
  Source* room_for(const Address& source, const Context& c);
  template <class Chosen>
  void ask(const Context& c, Chosen&& chosen);
  void ask_group(const Context& c);

  Mode mode_ = Mode::Include;
  Instant until_{};  // the group timer, in EXCLUDE
  std::map<Address, Source> sources_;
  std::optional<Instant> v1_until_, v2_until_;  // older hosts present
  std::optional<Instant> ask_group_at_, ask_sources_at_;
  std::uint8_t group_questions_ = 0;
  bool changed_ = false;
  std::size_t refused_ = 0;
};

}  // namespace forces::fe::multicast
