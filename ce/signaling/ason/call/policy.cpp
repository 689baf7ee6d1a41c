#include "ce/signaling/ason/call/policy.hpp"

#include <algorithm>
#include <utility>

namespace forces::signaling::ason::calls {

using rsvp::ErrorCode;
using rsvp::PolicyData;
using rsvp::UniSubobject;
namespace policy = rsvp::policy;
namespace routing = rsvp::routing;

namespace {

Refusal refuse(std::uint16_t value, std::string text) {
  return {{ErrorCode::Policy, value}, std::move(text)};
}

// Of a domain border the whole answer is that its policy does not want it (RFC 5151 section 3.2).
std::uint16_t at_border(const ReferencePoint& point, std::uint16_t value) {
  return point.kind == PointKind::Enni ? policy::kInterDomainPolicy : value;
}

bool listed(const std::vector<Prefix>& list, const Address& address) {
  return list.empty() ||
         std::ranges::any_of(list, [&](const Prefix& p) { return p.covers(address); });
}

}  // namespace

std::string_view to_string(PointKind kind) {
  switch (kind) {
    case PointKind::Uni:
      return "UNI";
    case PointKind::Inni:
      return "I-NNI";
    case PointKind::Enni:
      return "E-NNI";
  }
  return "unknown";
}

bool Prefix::covers(const Address& a) const {
  if (a.is_v6() != address.is_v6() && length != 0) return false;
  const auto left = address.octets(), right = a.octets();
  for (unsigned bit = 0; bit < length && bit < 8 * left.size(); bit += 8) {
    const unsigned bits = std::min(8U, length - bit);
    const unsigned mask = 0xff00U >> bits & 0xffU;
    const unsigned differs = std::to_integer<unsigned>(left[bit / 8] ^ right[bit / 8]);
    if ((differs & mask) != 0) return false;
  }
  return true;
}

const ReferencePoint* Policy::point(std::string_view name) const {
  const auto at = std::ranges::find(config_.points, name, &ReferencePoint::name);
  return at != config_.points.end() ? &*at : nullptr;
}

const ReferencePoint* Policy::point_of(const Address& peer) const {
  const ReferencePoint* best = nullptr;
  unsigned length = 0;
  for (const ReferencePoint& point : config_.points) {
    for (const Prefix& prefix : point.peers) {
      if (!prefix.covers(peer) || (best != nullptr && prefix.length <= length)) continue;
      best = &point;
      length = prefix.length;
    }
  }
  return best != nullptr ? best : point(config_.default_point);
}

const ManagerRoute* Policy::route_to(const Address& destination) const {
  const ManagerRoute* best = nullptr;
  for (const ManagerRoute& route : config_.routes) {
    if (!route.destination.covers(destination)) continue;
    if (best == nullptr || route.destination.length > best->destination.length) best = &route;
  }
  return best;
}

const ManagerRoute* Policy::route_to_user(const Carried& carried) const {
  const auto tna = carried.tna(UniSubobject::kDestinationTna);
  const ManagerRoute* const route = tna ? route_to(*tna) : nullptr;
  return route != nullptr && route->destination.length > 0 ? route : nullptr;
}

std::optional<Refusal> Policy::admit(const ReferencePoint& point, Side towards,
                                     const CallRequest& request, const CallUsage& usage) const {
  const Carried& carried = *request.carried;
  const bool comes_in = towards == Side::Up;
  if (comes_in && point.authenticated && !request.authenticated) {
    return refuse(policy::kUnauthorizedSender, "no INTEGRITY at " + point.name);
  }
  if (comes_in) {
    if (auto refusal = admit_policy_data(point, carried)) return refusal;
  }
  const Address caller = carried.tna(UniSubobject::kSourceTna).value_or(request.ends.sender);
  if (!listed(point.callers, caller)) {
    return refuse(at_border(point, policy::kUnauthorizedSender),
                  to_text(caller) + " may not call at " + point.name);
  }
  const Address callee =
      carried.tna(UniSubobject::kDestinationTna).value_or(request.ends.end_point);
  if (!listed(point.callees, callee)) {
    return refuse(at_border(point, policy::kUnauthorizedReceiver),
                  to_text(callee) + " may not be called at " + point.name);
  }
  if (auto refusal = admit_level(point, carried)) return refusal;
  if (point.calls != 0 && usage.calls >= point.calls) {
    return refuse(policy::kQuotaExceeded, point.name + " has all its calls");
  }
  if (point.calls_of_caller != 0 && usage.calls_of_caller >= point.calls_of_caller) {
    return refuse(policy::kQuotaExceeded, to_text(caller) + " has all its calls at " + point.name);
  }
  return std::nullopt;
}

std::optional<Refusal> Policy::admit_level(const ReferencePoint& point,
                                           const Carried& carried) const {
  const auto level = carried.service_level();
  if (!level) return std::nullopt;
  if (!config_.levels.empty()) {
    const auto known = std::ranges::find(config_.levels, *level, &ServiceLevel::level);
    if (known == config_.levels.end() || !known->available) {
      return Refusal{{ErrorCode::RoutingProblem, routing::kServiceLevel},
                     "service level " + std::to_string(*level) +
                         (known == config_.levels.end() ? " is unknown" : " is not available")};
    }
    if ((known->lsp_flags & ~point.protection) != 0) {
      return refuse(at_border(point, policy::kTypeRejected),
                    point.name + " does not let the protection of this service level pass");
    }
  }
  if (!point.levels.empty() && std::ranges::find(point.levels, *level) == point.levels.end()) {
    return refuse(policy::kTypeRejected,
                  "service level " + std::to_string(*level) + " is not for " + point.name);
  }
  return std::nullopt;
}

std::optional<Refusal> Policy::admit_policy_data(const ReferencePoint& point,
                                                 const Carried& carried) const {
  static constexpr std::uint16_t kBadElement = 13;  // RFC 2750: POLICY_ELEMENT has bad syntax
  for (const PolicyData& data : carried.policy) {
    if (data.elements.empty()) {
      return refuse(policy::kBadSyntax, "POLICY_DATA without an element");
    }
    if (!data.options.empty() && config_.integrity && !config_.integrity(data)) {
      return refuse(policy::kBadIntegrity, "INTEGRITY of POLICY_DATA does not match");
    }
  }
  const auto find = [&](std::uint16_t type) -> const rsvp::PolicyElement* {
    for (const PolicyData& data : carried.policy) {
      const auto at = std::ranges::find(data.elements, type, &rsvp::PolicyElement::type);
      if (at != data.elements.end()) return &*at;
    }
    return nullptr;
  };
  for (const std::uint16_t type : point.elements) {
    if (find(type) == nullptr) {
      return refuse(policy::kMissingElement,
                    "policy element " + std::to_string(type) + " is missing");
    }
  }
  if (point.credentials.empty()) return std::nullopt;
  const auto* const credential = find(kCredential);
  if (credential == nullptr) return refuse(policy::kMissingElement, "nobody says who asks");
  if (credential->value.empty())
    return refuse(kBadElement, "the element that says who asks is empty");
  const std::string_view who(reinterpret_cast<const char*>(credential->value.data()),
                             credential->value.size());
  if (std::ranges::find(point.credentials, who) == point.credentials.end()) {
    return refuse(policy::kUnauthorizedSender, "who asks is not known at " + point.name);
  }
  return std::nullopt;
}

std::optional<Refusal> Policy::admit_connection(const ReferencePoint& point,
                                                const ConnectionRequest& request,
                                                const ConnectionUsage& usage) {
  const bool signal = point.signals.empty() || request.signal == 0 ||
                      std::ranges::find(point.signals, request.signal) != point.signals.end();
  constexpr double kOctets = 1000 / 8.0;  // a second, in a kbit/s
  const bool size =
      (point.max_signals == 0 || request.signals <= point.max_signals) &&
      (point.max_bandwidth == 0 || request.bandwidth <= kOctets * point.max_bandwidth);
  if (!signal || !size) {
    return refuse(
        at_border(point, policy::kTypeRejected),
        point.name + (signal ? " does not carry so much" : " does not carry this signal"));
  }
  if ((request.lsp_flags & ~point.protection) != 0) {
    return refuse(at_border(point, policy::kTypeRejected),
                  point.name + " does not let this protection pass");
  }
  if (point.connections_of_call != 0 && usage.connections >= point.connections_of_call) {
    return refuse(policy::kQuotaExceeded, "the call has all its connections at " + point.name);
  }
  if (point.call_bandwidth != 0 &&
      usage.bandwidth + request.bandwidth > kOctets * point.call_bandwidth) {
    return refuse(policy::kQuotaExceeded, "the call has all its bandwidth at " + point.name);
  }
  return std::nullopt;
}

bool Policy::refuses_route(const Address& from, bool same_domain) const {
  const ReferencePoint* const point = point_of(from);
  return point != nullptr && point->refuse_explicit_route &&
         (!same_domain || point->kind == PointKind::Inni);
}

bool Policy::limits_connections(const PolicyConfig& config) {
  const ReferencePoint open;
  return std::ranges::any_of(config.points, [&](const ReferencePoint& point) {
    return !point.signals.empty() || point.max_signals != 0 || point.max_bandwidth != 0 ||
           point.call_bandwidth != 0 || point.connections_of_call != 0 ||
           point.protection != open.protection;
  });
}

}  // namespace forces::signaling::ason::calls
