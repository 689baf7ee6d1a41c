#include "fe/multicast/edge/group.hpp"

#include <algorithm>

namespace forces::fe::multicast {

using igmp::RecordType;
using igmp::Version;

namespace {
bool named(std::span<const Address> sources, const Address& source) {
  return std::ranges::binary_search(sources, source);
}
}  // namespace

Version Group::compatibility(Instant now) const {
  if (v1_until_ && now < *v1_until_) return Version::V1;
  if (v2_until_ && now < *v2_until_) return Version::V2;
  return Version::V3;
}

void Group::on_report(Version version, const Context& c) {
  (version == Version::V1 ? v1_until_ : v2_until_) = c.now + c.timing.membership();
  apply(RecordType::IsExclude, {}, c);
}

void Group::on_leave(const Context& c) {
  if (compatibility(c.now) != Version::V1) apply(RecordType::ToInclude, {}, c);
}

void Group::on_record(RecordType type, std::span<const Address> sources, const Context& c) {
  const Version version = compatibility(c.now);
  if (version != Version::V3) {
    if (type == RecordType::BlockOldSources) return;
    if (type == RecordType::ToExclude) sources = {};
    if (type == RecordType::ToInclude && version == Version::V1) return;
  }
  apply(type, sources, c);
}

// The tables of sections 6.4.1 and 6.4.2, and what they have in common.
void Group::apply(RecordType type, std::span<const Address> sources, const Context& c) {
  const Instant fresh = c.now + c.timing.membership();
  const bool including = mode_ == Mode::Include;
  const Instant group_timer = until_;
  switch (type) {
    case RecordType::IsInclude:
    case RecordType::AllowNewSources:
      return start(sources, fresh, c);
    case RecordType::ToInclude:
      start(sources, fresh, c);
      // Q(G,A-B); Q(G,X-A) and Q(G).
      ask(c, [&](const Address& source) { return !named(sources, source); });
      if (!including) ask_group(c);
      return;
    case RecordType::IsExclude:
      return exclude(sources, fresh, c);
    case RecordType::ToExclude:
      exclude(sources, group_timer, c);
      // Q(G,A*B); Q(G,A-Y).
      return ask(c, [&](const Address& source) { return named(sources, source); });
    case RecordType::BlockOldSources:
      if (!including) block(sources, c);
      return ask(c, [&](const Address& source) { return named(sources, source); });
    default:
      return;  // section 4.2.12
  }
}

Group::Source* Group::room_for(const Address& source, const Context& c) {
  if (sources_.size() >= c.most_sources) {
    ++refused_;
    return nullptr;
  }
  return &sources_[source];
}

// (B)=GMI: into A, or into X and out of Y.
void Group::start(std::span<const Address> sources, Instant until, const Context& c) {
  for (const Address& source : sources) {
    const auto at = sources_.find(source);
    Source* one = at == sources_.end() ? room_for(source, c) : &at->second;
    if (one == nullptr) continue;
    const bool appears = at == sources_.end() ? mode_ == Mode::Include : !one->running;
    changed_ = changed_ || appears;
    one->until = until;
    one->running = true;
  }
}

// (A-X-Y)=Group Timer.
void Group::block(std::span<const Address> sources, const Context& c) {
  for (const Address& source : sources) {
    if (sources_.contains(source)) continue;
    if (Source* one = room_for(source, c)) one->until = until_;
  }
}

void Group::exclude(std::span<const Address> sources, Instant fresh, const Context& c) {
  // Delete (A-B); (X-A) and (Y-A).
  for (auto at = sources_.begin(); at != sources_.end();) {
    if (named(sources, at->first)) {
      ++at;
      continue;
    }
    changed_ = changed_ || !at->second.running;
    at = sources_.erase(at);
  }
  const bool including = std::exchange(mode_, Mode::Exclude) == Mode::Include;
  changed_ = changed_ || including;
  for (const Address& source : sources) {
    if (sources_.contains(source)) continue;
    Source* one = room_for(source, c);
    if (one == nullptr) continue;
    one->running = !including;  // (B-A)=0; (A-X-Y)=GMI or Group Timer
    one->until = fresh;
  }
  until_ = c.now + c.timing.membership();
}

// Section 6.6.3.2.
template <class Chosen>
void Group::ask(const Context& c, Chosen&& chosen) {
  if (!c.querier) return;
  const Instant soon = c.now + c.timing.last_member_time();
  for (auto& [source, state] : sources_) {
    if (!state.running || state.until <= soon || !chosen(source)) continue;
    state.until = soon;
    state.questions = c.timing.robustness;
    ask_sources_at_ = c.now;
  }
}

// Section 6.6.3.1. One that is under way already is not begun anew.
void Group::ask_group(const Context& c) {
  if (!c.querier) return;
  const Instant soon = c.now + c.timing.last_member_time();
  if (group_questions_ > 0 && until_ <= soon) return;
  until_ = std::min(until_, soon);
  group_questions_ = c.timing.robustness;
  ask_group_at_ = c.now;
}

// Section 6.6.1.
void Group::on_query(std::span<const Address> sources, Duration time, Instant now) {
  if (sources.empty()) {
    if (mode_ == Mode::Exclude) until_ = std::min(until_, now + time);
    return;
  }
  for (const Address& source : sources) {
    const auto at = sources_.find(source);
    if (at != sources_.end() && at->second.running) {
      at->second.until = std::min(at->second.until, now + time);
    }
  }
}

// Section 6.5, and the table of section 6.2.2.
void Group::expire(Instant now) {
  const bool ends = mode_ == Mode::Exclude && until_ <= now;
  for (auto at = sources_.begin(); at != sources_.end();) {
    Source& one = at->second;
    const bool over = one.running && one.until <= now;
    if (over) {
      changed_ = true;
      one.running = false;
      one.questions = 0;
    }
    if (!one.running && (ends || mode_ == Mode::Include)) {
      at = sources_.erase(at);
    } else {
      ++at;
    }
  }
  if (!ends) return;
  mode_ = Mode::Include;
  changed_ = true;
  group_questions_ = 0;
  ask_group_at_.reset();
}

void Group::take_questions(const Context& c, std::vector<Question>& out) {
  if (!c.querier) {
    ask_group_at_.reset();
    ask_sources_at_.reset();
    group_questions_ = 0;
    return;
  }
  const Instant soon = c.now + c.timing.last_member_time();
  if (ask_group_at_ && *ask_group_at_ <= c.now) {
    out.push_back({.suppress = until_ > soon});
    --group_questions_;
    ask_group_at_.reset();
    if (group_questions_ > 0) ask_group_at_ = c.now + c.timing.last_member_interval;
  }
  if (!ask_sources_at_ || *ask_sources_at_ > c.now) return;
  // Two lists: those that have been answered for meanwhile go out with S.
  Question clear, suppressed{.suppress = true};
  bool more = false;
  for (auto& [source, state] : sources_) {
    if (state.questions == 0) continue;
    (state.until > soon ? suppressed : clear).sources.push_back(source);
    more = --state.questions > 0 || more;
  }
  for (Question* question : {&clear, &suppressed}) {
    if (!question->sources.empty()) out.push_back(std::move(*question));
  }
  ask_sources_at_.reset();
  if (more) ask_sources_at_ = c.now + c.timing.last_member_interval;
}

Filter Group::filter() const {
  Filter filter{.mode = mode_};
  for (const auto& [source, state] : sources_) {
    if (mode_ == Mode::Include || !state.running) filter.sources.push_back(source);
  }
  return filter;
}

std::optional<Instant> Group::next_deadline() const {
  std::optional<Instant> at;
  const auto consider = [&](std::optional<Instant> other) {
    if (other && (!at || *other < *at)) at = other;
  };
  if (mode_ == Mode::Exclude) consider(until_);
  for (const auto& [source, state] : sources_) {
    if (state.running) consider(state.until);
  }
  consider(ask_group_at_);
  consider(ask_sources_at_);
  return at;
}

}  // namespace forces::fe::multicast
