#include "fe/app/multicast_report.hpp"

#include <string>

#include "tml/daemon/report.hpp"

namespace forces::fe {
namespace {

using multicast::to_string;

constexpr std::size_t kGroupsInPage = 1'000;

daemon::CounterSamples samples(const multicast::LinkCounters& c) {
  return {{"queries_sent", "", c.queries_sent},
          {"queries_heard", "", c.queries_heard},
          {"queries_of_others", "", c.queries_of_others},
          {"reports", "", c.reports},
          {"leaves", "", c.leaves},
          {"records", "", c.records},
          {"refused", "queries", c.queries_refused},
          {"refused", "records", c.records_ignored},
          {"refused", "version", c.reports_ignored},
          {"refused", "not_as_required", c.not_as_required},
          {"refused", "groups", c.groups_refused},
          {"refused", "sources", c.sources_refused}};
}

daemon::CounterSamples samples(const mars::client::Counters& c) {
  return {{"mars_malformed", "", c.malformed},         {"mars_foreign", "", c.foreign},
          {"mars_retransmitted", "", c.retransmitted}, {"mars_broken_parts", "", c.broken_parts},
          {"mars_failures", "", c.failures},           {"mars_redirects", "", c.redirects}};
}

void fill(control::Membership& out, const multicast::GroupSnapshot& group) {
  out.set_group(multicast::text_of(group.group));
  out.set_confirmed(group.confirmed);
  for (const auto& egress : group.ports) {
    auto& port = *out.add_ports();
    port.set_port(egress.port);
    port.set_mode(egress.filter.mode == multicast::Mode::Exclude ? "exclude" : "include");
    for (const auto& source : egress.filter.sources) {
      port.add_sources(multicast::text_of(source));
    }
  }
}

void fill(control::MembershipList& out, const multicast::MembershipSnapshot& shot) {
  out.set_groups(shot.groups);
  for (const auto& party : shot.parties) {
    auto& one = *out.add_parties();
    one.set_family(std::string(to_string(party.family)));
    one.set_role(party.mcs ? "mcs" : "member");
    one.set_state(std::string(party.state));
    one.set_ce(party.ce);
    one.set_cmi(party.cmi);
    one.set_settled(party.settled);
    daemon::report(one, samples(party.counters));
  }
  for (const auto& link : shot.links) {
    auto& one = *out.add_links();
    one.set_port(link.port);
    one.set_family(std::string(to_string(link.family)));
    one.set_up(link.up);
    one.set_querier(link.querier            ? "ours"
                    : link.asking.is_zero() ? std::string()
                                            : multicast::text_of(link.asking));
    one.set_router(link.router);
    one.set_groups(link.groups);
    daemon::report(one, samples(link.counters));
  }
}

}  // namespace

// `after` is how many groups were shown. What joins and leaves between two pages may be missing or
// be there twice.
std::optional<control::Response> answer_multicast(const Element& element,
                                                  const control::Request& request) {
  if (!request.has_membership_list()) return std::nullopt;
  control::Response response;
  const std::uint64_t after = request.membership_list().after();
  const auto shot = element.snapshot().multicast;
  if (!shot.enabled) {
    response.mutable_error()->set_code(control::Error::NOT_FOUND);
    response.mutable_error()->set_message("[multicast] is not enabled");
    return response;
  }
  auto& out = *response.mutable_memberships();
  if (after == 0) fill(out, shot);
  const auto groups = element.groups(after, kGroupsInPage);
  for (const auto& group : groups) fill(*out.add_memberships(), group);
  if (groups.size() == kGroupsInPage) out.set_next(after + groups.size());
  return response;
}

void report_multicast(observe::Families& families, const multicast::MembershipSnapshot& shot) {
  if (!shot.enabled) return;
  daemon::report_gauge(families, "fe_multicast_groups", "Groups that are wanted at any port", {},
                       static_cast<double>(shot.groups));
  for (const auto& link : shot.links) {
    const observe::Labels labels{{"port", std::to_string(link.port)},
                                 {"family", std::string(to_string(link.family))}};
    daemon::report_gauge(families, "fe_multicast_port_groups", "Groups that hosts have joined",
                         labels, static_cast<double>(link.groups));
    daemon::report_gauge(families, "fe_multicast_port_querier", "1 while this FE asks the hosts",
                         labels, link.querier ? 1 : 0);
    daemon::report_gauge(families, "fe_multicast_port_router", "1 while a router is there", labels,
                         link.router ? 1 : 0);
    daemon::report(families, "fe_multicast_port", labels, samples(link.counters));
  }
  for (const auto& party : shot.parties) {
    const observe::Labels labels{{"family", std::string(to_string(party.family))},
                                 {"role", party.mcs ? "mcs" : "member"}};
    daemon::report_gauge(families, "fe_multicast_mars_registered",
                         "1 while a MARS has registered us", labels,
                         party.state == "registered" ? 1 : 0);
    daemon::report_gauge(families, "fe_multicast_mars_settled",
                         "1 while the MARS has confirmed every group", labels,
                         party.settled ? 1 : 0);
    daemon::report(families, "fe_multicast", labels, samples(party.counters));
  }
}

}  // namespace forces::fe
