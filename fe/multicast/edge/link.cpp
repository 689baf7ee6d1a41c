#include "fe/multicast/edge/link.hpp"

#include <algorithm>

namespace forces::fe::multicast {

using igmp::RecordType;
using igmp::Version;

namespace {

constexpr std::size_t kSourcesInQuery = 64;  // fits 1,280 octets in IPv6

// Union of what two want.
Filter merged(const Filter& a, const Filter& b) {
  Filter out;
  const auto into = std::back_inserter(out.sources);
  if (a.mode == Mode::Include && b.mode == Mode::Include) {
    std::ranges::set_union(a.sources, b.sources, into);
  } else if (a.mode == Mode::Exclude && b.mode == Mode::Exclude) {
    out.mode = Mode::Exclude;
    std::ranges::set_intersection(a.sources, b.sources, into);
  } else {
    const Filter& all_but = a.mode == Mode::Exclude ? a : b;
    const Filter& some = a.mode == Mode::Exclude ? b : a;
    out.mode = Mode::Exclude;
    std::ranges::set_difference(all_but.sources, some.sources, into);
  }
  return out;
}

// A record of a group that is not there, which leaves it so.
bool means_nothing(RecordType type, bool has_sources) {
  switch (type) {
    case RecordType::IsExclude:
    case RecordType::ToExclude:
      return false;
    case RecordType::BlockOldSources:
      return true;
    default:
      return !has_sources;
  }
}

void sort_unique(std::vector<Address>& addresses) {
  std::ranges::sort(addresses);
  const auto more = std::ranges::unique(addresses);
  addresses.erase(more.begin(), more.end());
}

}  // namespace

std::string problem_of(const LinkConfig& c) {
  const Timing& t = c.timing;
  const bool six = c.address.family == Family::Ipv6;
  if (c.version == Version::V1) return "version 1 is not spoken";
  if (t.robustness == 0 || t.robustness > 7) return "robustness is 1 to 7";
  // What the codes of queries can say; IGMPv2 has only a linear one.
  const Duration unit = igmp::response_unit(c.address.family);
  const bool linear = c.version == Version::V2;
  if (t.last_member_interval < unit) return "last_member_interval is below what a query can say";
  if (linear && std::max(t.query_response, t.last_member_interval) / unit > (six ? 0xffff : 0xff)) {
    return "query_response or last_member_interval is more than a query of version 2 can say";
  }
  if (t.query_response <= Duration::zero() || t.query_response >= t.query_interval) {
    return "query_response is not below query_interval";  // RFC 3376 section 8.3
  }
  if (t.query_interval > std::chrono::seconds(31'744)) return "query_interval is above 31744 s";
  if (six && c.querier && !c.address.is_link_local()) {
    return "a querier of MLD needs a link-local address";  // RFC 3810 section 5.1.14
  }
  if (c.address.is_multicast()) return "address is a group";
  for (const StaticGroup& one : c.static_groups) {
    if (one.group.family != c.address.family || !one.group.is_multicast() ||
        one.group.is_of_the_link()) {
      return "a static group is no group of this family, or never leaves its link";
    }
  }
  return {};
}

Link::Link(const LinkConfig& config, Outputs& outputs)
    : config_(config), outputs_(outputs), querier_(config_) {
  for (const StaticGroup& one : config_.static_groups) {
    Filter filter{one.sources.empty() ? Mode::Exclude : Mode::Include, one.sources};
    sort_unique(filter.sources);
    const auto [at, fresh] = statics_.try_emplace(one.group, filter);
    if (!fresh) at->second = merged(at->second, filter);
  }
}

void Link::up(Instant now) {
  if (std::exchange(up_, true)) return;
  for (const auto& [group, filter] : statics_) tell(group);
  if (config_.router == RouterPort::Always) set_router(true);
  querier_.start(now);
  tell_querier();
  send_general(now);
}

void Link::down() {
  if (!std::exchange(up_, false)) return;
  groups_.clear();
  schedule_.clear();
  while (!wanted_.empty()) tell(Address(*wanted_.begin()));
  router_until_.reset();
  set_router(false);
  querier_.stop();
  groups_limit_told_ = false;
}

void Link::on_address(const Address& address, Instant now) {
  if (std::exchange(config_.address, address) == address || !up_) return;
  querier_.stop();
  querier_.start(now);
  tell_querier();
  send_general(now);
}

void Link::on_packet(const igmp::Packet& packet, Instant now) {
  if (!up_ || packet.source.family != config_.address.family) return;
  if (!igmp::sent_as_required(packet)) {
    ++counters_.not_as_required;
    return;
  }
  on_timer(now);  // what is over does not depend on who is called first
  std::visit(Overloaded{
                 [&](const igmp::Query& query) { on_query(packet.source, query, now); },
                 [&](const igmp::Report& report) {
                   ++counters_.reports;
                   if (!keeps(report.group)) return void(++counters_.records_ignored);
                   if (Entry* entry = find_or_make(report.group)) {
                     entry->group.on_report(report.version, context(now));
                     settle(report.group, now);
                   }
                 },
                 [&](const igmp::Leave& leave) {
                   ++counters_.leaves;
                   const auto at = groups_.find(leave.group);
                   // RFC 2236 section 3: who is not the querier ignores it.
                   if (at == groups_.end() || !querier_.ours()) return;
                   at->second.group.on_leave(context(now));
                   settle(at, now);
                 },
                 [&](const igmp::Records& records) { on_records(records, now); },
             },
             packet.message);
}

void Link::on_records(const igmp::Records& records, Instant now) {
  if (config_.version != Version::V3) return void(++counters_.reports_ignored);
  ++counters_.reports;
  for (auto walk = records.walk(); const auto record = walk.next();) {
    ++counters_.records;
    if (!igmp::is_known(record->type) || !keeps(record->group)) {
      ++counters_.records_ignored;
      continue;
    }
    const bool known = groups_.contains(record->group);
    if (!known && means_nothing(record->type, !record->sources.empty())) continue;
    Entry* entry = find_or_make(record->group);
    if (entry == nullptr) continue;
    sources_.clear();
    for (std::size_t i = 0; i < record->sources.size(); ++i) {
      sources_.push_back(record->sources[i]);
    }
    sort_unique(sources_);
    entry->group.on_record(record->type, sources_, context(now));
    settle(record->group, now);
  }
}

void Link::on_query(const Address& source, const igmp::Query& query, Instant now) {
  if (config_.router == RouterPort::Never) return void(++counters_.queries_refused);
  ++counters_.queries_heard;
  if (query.version != config_.version) ++counters_.queries_of_others;
  const bool ours = querier_.ours();
  if (querier_.on_query(source, query, now)) tell_querier();
  if (ours && !querier_.ours()) {
    // Nothing more is asked here; timers that were lowered for it stay as they are.
    for (auto& [group, entry] : groups_) entry.group.take_questions(context(now), questions_);
  }
  if (!source.is_zero() && source != config_.address)
    on_router(querier_.timing().other_querier(), now);
  if (query.group.is_zero() || query.suppress) return;
  const auto at = groups_.find(query.group);
  if (at == groups_.end()) return;
  sources_.clear();
  for (std::size_t i = 0; i < query.sources.size(); ++i) sources_.push_back(query.sources[i]);
  // RFC 2236 section 3: Last Member Query Count times what the query says.
  at->second.group.on_query(sources_, querier_.timing().robustness * query.max_response, now);
  settle(at, now);
}

void Link::on_router(Duration hold, Instant now) {
  if (!up_ || config_.router != RouterPort::Learn) return;
  router_until_ = now + hold;
  set_router(true);
}

void Link::on_timer(Instant now) {
  if (!up_) return;
  if (querier_.on_timer(now)) tell_querier();
  send_general(now);
  if (router_until_ && *router_until_ <= now) {
    router_until_.reset();
    set_router(false);
  }
  while (!schedule_.empty() && schedule_.begin()->first <= now) {
    const auto at = groups_.find(schedule_.begin()->second);
    schedule_.erase(schedule_.begin());
    at->second.in_schedule = false;
    settle(at, now);
  }
}

std::optional<Instant> Link::next_deadline() const {
  std::optional<Instant> at = up_ ? querier_.next_deadline() : std::nullopt;
  const auto consider = [&](std::optional<Instant> other) {
    if (other && (!at || *other < *at)) at = other;
  };
  consider(router_until_);
  if (!schedule_.empty()) consider(schedule_.begin()->first);
  return at;
}

Link::Entry* Link::find_or_make(const Address& group) {
  const auto at = groups_.find(group);
  if (at != groups_.end()) return &at->second;
  if (groups_.size() < config_.most_groups) return &groups_[group];
  ++counters_.groups_refused;
  limit(Limit::Groups, group, groups_limit_told_);
  return nullptr;
}

void Link::settle(Groups::iterator at, Instant now) {
  const Address address = at->first;
  Group& group = at->second.group;
  group.expire(now);
  questions_.clear();
  group.take_questions(context(now), questions_);
  for (const Group::Question& question : questions_) send(address, question);
  if (const std::size_t refused = group.refused(); refused > 0) {
    counters_.sources_refused += refused;
    limit(Limit::Sources, address, at->second.limit_told);
  } else if (group.sources() < config_.most_sources) {
    at->second.limit_told = false;
  }
  const bool changed = group.changed();
  if (group.empty()) {
    if (at->second.in_schedule) schedule_.erase({at->second.scheduled, address});
    groups_.erase(at);
    groups_limit_told_ = false;
  } else if (const auto deadline = group.next_deadline();
             !at->second.in_schedule || *deadline < at->second.scheduled) {
    if (at->second.in_schedule) schedule_.erase({at->second.scheduled, address});
    at->second.scheduled = *deadline;  // a group that is not empty has a timer
    at->second.in_schedule = true;
    schedule_.emplace(*deadline, address);
  }
  if (changed) tell(address);
}

Filter Link::filter(const Address& group) const {
  if (!up_) return {};
  const auto learned = groups_.find(group);
  const auto fixed = statics_.find(group);
  if (fixed == statics_.end()) {
    return learned == groups_.end() ? Filter{} : learned->second.group.filter();
  }
  if (learned == groups_.end()) return fixed->second;
  return merged(learned->second.group.filter(), fixed->second);
}

void Link::tell(const Address& group) {
  Filter now = filter(group);
  const bool wanted = !now.nothing();
  std::optional<bool> turned;
  if (wanted && wanted_.insert(group).second) turned = true;
  if (!wanted && wanted_.erase(group) > 0) turned = false;
  outputs_.egress({config_.port, group, std::move(now)}, turned);
}

void Link::limit(Limit what, const Address& group, bool& told) {
  if (!std::exchange(told, true)) outputs_.push(LimitReached{config_.port, group, what});
}

void Link::tell_querier() {
  outputs_.push(
      QuerierChanged{config_.port, config_.address.family, querier_.ours(), querier_.address()});
}

void Link::set_router(bool present) {
  if (std::exchange(router_, present) == present) return;
  outputs_.push(RouterChanged{config_.port, config_.address.family, present});
}

void Link::send_general(Instant now) {
  if (!querier_.take_query(now)) return;
  send({.version = config_.version,
        .group = Address::zero(config_.address.family),
        .max_response = config_.timing.query_response});
}

void Link::send(const Address& group, const Group::Question& question) {
  igmp::Query query{.version = config_.version,
                    .group = group,
                    .max_response = config_.timing.last_member_interval,
                    .suppress = question.suppress};
  if (question.sources.empty()) return send(query);
  for (std::size_t at = 0; at < question.sources.size(); at += kSourcesInQuery) {
    wire::ByteWriter w;
    const std::size_t end = std::min(question.sources.size(), at + kSourcesInQuery);
    for (std::size_t i = at; i < end; ++i) w.bytes(question.sources[i].bytes());
    query.sources = igmp::Sources(group.family, w.written());
    send(query);
  }
}

void Link::send(const igmp::Query& query) {
  igmp::Query out = query;
  out.robustness = config_.timing.robustness;
  out.interval = config_.timing.query_interval;
  wire::ByteWriter w;
  igmp::encode_packet(
      {.source = config_.address,
       .destination = out.group.is_zero() ? igmp::all_systems(out.group.family) : out.group,
       .message = out},
      w);
  auto packet = std::move(w).finish();
  if (!packet) return;  // problem_of() says what cannot be said
  ++counters_.queries_sent;
  outputs_.push(SendQuery{config_.port, std::move(*packet)});
}

}  // namespace forces::fe::multicast
