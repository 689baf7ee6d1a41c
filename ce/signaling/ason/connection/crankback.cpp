#include "ce/signaling/ason/connection/crankback.hpp"

#include <algorithm>

namespace forces::signaling::ason {
namespace {

constexpr std::uint8_t kBudgetClass = 252;
constexpr std::uint32_t kBudgetMark = 0x41534f4e;  // "ASON": others use the class as well

template <class Key, class Version>
void stamp_new(const auto& blocked, std::map<Key, std::uint64_t>& stamps, Version&& version) {
  for (const auto& one : blocked) {
    if constexpr (requires { one.first; }) {
      stamps.try_emplace(one.first, version(one.first));
    } else {
      stamps.try_emplace(one, version(one));
    }
  }
}

}  // namespace

void History::stamp(const te::Database& database) {
  const auto of_link = [&](const LinkEnd& end) { return database.version_of(end); };
  stamp_new(blocked_.nodes, nodes_, [&](NodeId node) { return database.version_of(node); });
  stamp_new(blocked_.links, links_, of_link);
  stamp_new(blocked_.labels, labels_, of_link);
}

bool History::add(const rsvp::ErrorSpec& spec, const te::Database& database) {
  (void)current(database);
  const bool named = collect(spec, blocked_);
  stamp(database);
  return named;
}

void History::add_link(const LinkEnd& link, const te::Database& database) {
  blocked_.links.insert(link);
  stamp(database);
}

void History::add_labels(const LinkEnd& link, const te::Labels& labels,
                         const te::Database& database) {
  blocked_.labels[link] |= te::LabelRanges::of(labels);
  stamp(database);
}

const te::Exclusions& History::current(const te::Database& database) {
  std::erase_if(nodes_, [&](const auto& one) {
    if (database.version_of(one.first) <= one.second) return false;
    blocked_.nodes.erase(one.first);
    return true;
  });
  std::erase_if(links_, [&](const auto& one) {
    if (database.version_of(one.first) <= one.second) return false;
    blocked_.links.erase(one.first);
    return true;
  });
  std::erase_if(labels_, [&](const auto& one) {
    if (database.version_of(one.first) <= one.second) return false;
    blocked_.labels.erase(one.first);
    return true;
  });
  return blocked_;
}

void History::restore(te::Exclusions blocked, const te::Database& database) {
  clear();
  blocked_ = std::move(blocked);
  stamp(database);
}

bool may_be_routed_around(rsvp::ErrorValue error) {
  using rsvp::ErrorCode;
  using namespace rsvp::routing;
  switch (error.code) {
    case ErrorCode::AdmissionControl:
    case ErrorCode::TrafficControlSystem:
    case ErrorCode::RsvpSystem:
    case ErrorCode::Notify:
      return true;
    case ErrorCode::Policy:  // RFC 5151 section 4.3: another domain may let it through
      return error.value == rsvp::policy::kInterDomainPolicy ||
             error.value == rsvp::policy::kExplicitRouteRefused;
    case ErrorCode::RoutingProblem:
      return error.value == kNoRouteToDestination || error.value == kUnacceptableLabel ||
             error.value == kRouteLoop || error.value == kLabelAllocation ||
             error.value == kLabelSet || error.value == kLinkProtection ||
             error.value == kRerouteLimit || error.value == kRouteExcluded ||
             error.value == kBadStrictNode || error.value == kBadLooseNode;
    default:
      return false;
  }
}

Repair judge(rsvp::ErrorValue error, const RepairRules& rules, Attempts& attempts) {
  const bool allowed = rules.scope != CrankbackScope::None &&
                       (rules.ingress || rules.scope == CrankbackScope::Segment ||
                        (rules.scope == CrankbackScope::Boundary && rules.border));
  // Another label on the same link is no other way: who chose the label needs no leave for it
  // (RFC 3473 section 3.1), and where setups met it costs no try.
  if ((about_label(error) && rules.own_link) || (contention(error) && (allowed || rules.ingress))) {
    if (attempts.contentions >= rules.limits.contention) return Repair::Forward;
    ++attempts.contentions;
    return Repair::Retry;
  }
  if (!allowed || !may_be_routed_around(error)) return Repair::Forward;
  const bool over =
      error == rsvp::ErrorValue{rsvp::ErrorCode::RoutingProblem, rsvp::routing::kRerouteLimit};
  if (over && !rules.ingress) return Repair::Forward;
  if (rules.counts_all && attempts.total >= rules.limits.connection) return Repair::ConnectionLimit;
  if (attempts.here >= rules.limits.node) return Repair::NodeLimit;
  ++attempts.here;
  ++attempts.total;
  return Repair::Retry;
}

rsvp::UnknownObject Budget::object() const {
  rsvp::UnknownObject object{.number = kBudgetClass, .type = 1};
  for (const std::uint32_t word : {kBudgetMark, used, limit}) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      object.octets.push_back(static_cast<std::byte>(word >> shift));
    }
  }
  return object;
}

std::optional<Budget> Budget::of(const rsvp::Message& message) {
  for (const rsvp::UnknownObject& object : message.all<rsvp::UnknownObject>()) {
    if (object.number != kBudgetClass || object.type != 1 || object.octets.size() != 12) continue;
    const auto word = [&object](std::size_t at) {
      return static_cast<std::uint32_t>(wire::load_be<4>(object.octets.data() + at));
    };
    if (word(0) == kBudgetMark) return Budget{.used = word(4), .limit = word(8)};
  }
  return std::nullopt;
}

void set_budget(rsvp::Message& message, const Budget& budget) {
  std::erase_if(message.objects, [](const rsvp::Object& object) {
    const auto* const unknown = std::get_if<rsvp::UnknownObject>(&object);
    return unknown != nullptr && unknown->number == kBudgetClass && unknown->octets.size() == 12 &&
           wire::load_be<4>(unknown->octets.data()) == kBudgetMark;
  });
  const auto place = std::ranges::find_if(message.objects, [](const rsvp::Object& object) {
    return std::holds_alternative<rsvp::SenderTemplate>(object);
  });
  message.objects.emplace(place, budget.object());
}

}  // namespace forces::signaling::ason
