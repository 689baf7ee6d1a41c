// What calls and connections of this node ask and tell each other.
#include <algorithm>
#include <utility>

#include "ce/signaling/service/node.hpp"

namespace forces::signaling {

using rsvp::Address;

namespace {

ason::calls::ConnectionAsk ask_of(const LspKey& key, std::uint16_t call_id, std::string name) {
  return {.key = key,
          .ends = {Address::v4(key.sender.value), Address::v4(key.end_point.value)},
          .call_id = call_id,
          .name = std::move(name)};
}

}  // namespace

ason::DomainPlan TransportNode::plan_of(const ason::DomainAsk& ask) {
  using namespace ason::calls;
  const Address exit = Address::v4(ask.exit.value);
  const SegmentPlan plan = calls_.plan_towards(exit);
  ason::DomainPlan made{
      .stitched = plan.realisation == Realisation::Stitched,
      .nested = plan.realisation == Realisation::Nested,
      .connections = static_cast<std::uint8_t>(std::min(plan.working + plan.recovery, 255))};
  if (!made.stitched || ask.call.id == 0) return made;
  // Segments of a segment of the call are connections of it.
  const auto verdict = calls_.may_connect(ask_of(ask.lsp, ask.call.id, ask.call.name));
  const Call* const call = calls_.show(verdict.call);
  if (call == nullptr || !call->established()) return made;
  for (const Side side : {Side::Down, Side::Up}) {
    const auto& leg = call->leg(side);
    const auto id = leg && leg->peer == exit ? calls_.segment_id(verdict.call, side) : std::nullopt;
    if (id) made.call = {.id = id->number, .name = id->name};
  }
  return made;
}

bool TransportNode::refuses_route(NodeId from) const {
  const auto domain_of = [this](NodeId node) {
    const te::Node* const known = database_.node(node);
    return known == nullptr ? 0 : known->domain;
  };
  const std::uint32_t theirs = domain_of(from);
  const bool same = theirs != 0 && theirs == domain_of(id_);
  const auto refuses = [&](NodeId node) {
    return calls_.policy().refuses_route(Address::v4(node.value), same);
  };
  if (refuses(from)) return true;
  // Peers of a point are call controllers; beside us there may be another node of their domain.
  return theirs != 0 && !same && std::ranges::any_of(database_.nodes(), [&](const auto& known) {
           return known.second.domain == theirs && refuses(known.first);
         });
}

void TransportNode::answer_ask(const ason::AskCall& ask, Instant now) {
  auto question = ask_of(ask.key, ask.call_id, ask.name);
  if (!ask.ingress) question.neighbor = Address::v4(ask.neighbor.value);
  question.shared = ask.shared;
  question.promise = !ask.transit;  // nobody tells when one that only passes is gone
  const bool sdh = ask.signal.encoding == te::Encoding::Sdh;
  question.request = {.signal = sdh ? ask.signal.type : std::uint8_t{0},
                      .signals = ask.signal.labels() * ask.signal.width(),
                      .lsp_flags = ask.lsp_flags,
                      .bandwidth = ask.signal.bandwidth()};
  const auto verdict = calls_.may_connect(question);
  using Mine = ason::CallVerdict::Answer;
  using Theirs = ason::calls::ConnectionVerdict::Answer;
  // Where it only passes its call need not be known (RFC 4974 section 8.2).
  const bool passes = ask.transit && verdict.answer == Theirs::Wait;
  ason::CallVerdict answer{.error = passes ? rsvp::ErrorValue{} : verdict.error};
  answer.answer = verdict.answer == Theirs::Yes || passes ? Mine::Yes
                  : verdict.answer == Theirs::Wait        ? Mine::Wait
                                                          : Mine::No;
  connections_.on_call_verdict(ask.key, answer, now);
}

void TransportNode::tell_calls(const ason::CallConnection& connection, Instant now) {
  const auto question = ask_of(connection.key, connection.call_id, connection.name);
  const ason::calls::Connection told{
      .key = connection.key,
      .role = connection.recovery ? ason::calls::ConnectionRole::Recovery
                                  : ason::calls::ConnectionRole::Working,
      .state =
          connection.up ? ason::calls::ConnectionState::Up : ason::calls::ConnectionState::Gone,
      .bandwidth = connection.bandwidth,
  };
  (void)calls_.on_connection(question, told, now);
}

}  // namespace forces::signaling
