#include "ce/signaling/resource/core/plan.hpp"

#include <algorithm>

namespace forces::signaling::resource {

std::expected<Plan, Refusal> Planner::plan() const {
  if (wants_.rowless()) return one_end();
  const auto ways = [&](bool working) {
    return fabric_.ways(in_.port, out_.port, [&](const FePort& port) {
      const Port* const here = ports_.find(port);
      const auto across = fabric_.across(port);
      const Port* const there = across ? ports_.find(*across) : nullptr;
      return here != nullptr && there != nullptr && (!working || (here->up && there->up));
    });
  };
  std::vector<FabricWay> all = ways(true);
  if (all.empty() && wants_.established) all = ways(false);
  std::optional<Refusal> why;
  for (const FabricWay& way : all) {
    auto plan = along(way);
    if (plan) return plan;
    if (!why || (why->why == Refusal::Why::NoFabricRoute &&
                 plan.error().why != Refusal::Why::NoFabricRoute)) {
      why = plan.error();
    }
  }
  return std::unexpected(why.value_or(Refusal{.why = Refusal::Why::NoFabricRoute}));
}

std::expected<Plan, Refusal> Planner::one_end() const {
  const bool into = wants_.in.interface != 0;  // comes in, and ends here
  const FePort& port = (into ? in_ : out_).port;
  const Place place{.enters = into ? port : FePort{},
                    .leaves = into ? FePort{} : port,
                    .first = into,
                    .last = !into,
                    .side = into ? &wants_.in : &wants_.out};
  const auto choice = choose(std::span(&place, 1));
  if (!choice) return std::unexpected(choice.error());
  Plan plan;
  (into ? plan.labels.in : plan.labels.out) = choice->forward;
  (into ? plan.labels.upstream_in : plan.labels.upstream_out) = choice->back;
  const Way there = into ? Way::Receive : Way::Send, back = into ? Way::Send : Way::Receive;
  for (const Label slot : wants_.signal.slots(choice->forward)) {
    plan.ends.push_back({port, there, slot});
  }
  for (const Label slot : wants_.signal.slots(choice->back))
    plan.ends.push_back({port, back, slot});
  return plan;
}

LabelRanges Planner::starts(const Side& side, const FePort& port, Way way) const {
  LabelRanges free =
      ports_.available(port, way, wants_.owner.lsp, going_, fellows_, wants_.established);
  free -= side.except;
  return wants_.signal.starts(free);
}

LabelRanges Planner::starts(const Place& place, bool back) const {
  static const Side kInternal;
  const Side& side = place.side != nullptr ? *place.side : kInternal;
  const Way in = back ? Way::Send : Way::Receive, out = back ? Way::Receive : Way::Send;
  LabelRanges set;
  if (place.first) {
    set = starts(side, place.enters, in);
  } else if (place.last) {
    set = starts(side, place.leaves, out);
  } else {
    set = starts(side, place.leaves, out) & starts(side, place.enters, in);
  }
  if (place.side != nullptr && !back && side.allowed) set &= *side.allowed;
  return set;
}

std::expected<Plan, Refusal> Planner::along(const FabricWay& way) const {
  // Places: the incoming side, fibres, the outgoing side. Of a fibre `leaves` is at the FE before,
  // `enters` at the one behind.
  std::vector<Place> places(way.size() + 1);
  for (std::size_t i = 0; i < way.size(); ++i) {
    places[i].enters = {way[i].fe, way[i].in_port};
    places[i + 1].leaves = {way[i].fe, way[i].out_port};
  }
  places.front().first = true;
  places.front().side = &wants_.in;
  places.back().last = true;
  places.back().side = &wants_.out;

  std::vector<Choice> choices(places.size());
  for (std::size_t begin = 0; begin < places.size();) {
    std::size_t end = begin + 1;  // places between which no FE converts have the same label
    while (end < places.size() && !fabric_.converts(way[end - 1].fe)) ++end;
    auto choice = choose(std::span(places).subspan(begin, end - begin));
    if (!choice) return std::unexpected(choice.error());
    for (std::size_t i = begin; i < end; ++i) choices[i] = *choice;
    begin = end;
  }

  Plan plan;
  plan.labels.in = choices.front().forward;
  plan.labels.out = choices.back().forward;
  plan.labels.upstream_in = choices.front().back;
  plan.labels.upstream_out = choices.back().back;
  const te::Signal& signal = wants_.signal;
  for (std::size_t i = 0; i < way.size(); ++i) {
    const Labels before = signal.slots(choices[i].forward);
    const Labels behind = signal.slots(choices[i + 1].forward);
    for (std::size_t s = 0; s < before.size(); ++s) {
      plan.rows.push_back({.fe = way[i].fe,
                           .row = {.in_port = way[i].in_port,
                                   .in_label = before[s],
                                   .out_port = way[i].out_port,
                                   .out_label = behind[s]}});
    }
    if (!wants_.bidirectional) continue;
    const Labels towards = signal.slots(choices[i].back);
    const Labels from = signal.slots(choices[i + 1].back);
    for (std::size_t s = 0; s < towards.size(); ++s) {
      plan.rows.push_back({.fe = way[i].fe,
                           .row = {.in_port = way[i].out_port,
                                   .in_label = from[s],
                                   .out_port = way[i].in_port,
                                   .out_label = towards[s]},
                           .back = true});
    }
  }
  return plan;
}

std::expected<Planner::Choice, Refusal> Planner::choose(std::span<const Place> group) const {
  LabelRanges forward = LabelRanges::all(), back = LabelRanges::all();
  for (const Place& place : group) {
    forward &= starts(place, false);
    if (wants_.bidirectional) back &= starts(place, true);
  }
  Choice choice;
  const Labels *there = nullptr, *here = nullptr;
  for (const Place& place : group) {
    if (place.side == nullptr) continue;
    if (place.side->label) {
      auto labels = exact(group, place, *place.side->label, false);
      if (!labels) return std::unexpected(labels.error());
      if (there != nullptr && choice.forward != *labels) return std::unexpected(none_left(group));
      choice.forward = *std::move(labels);
      there = &choice.forward;
    }
    if (place.side->upstream && wants_.bidirectional) {
      auto labels = exact(group, place, *place.side->upstream, true);
      if (!labels) return std::unexpected(labels.error());
      if (here != nullptr && choice.back != *labels) return std::unexpected(none_left(group));
      choice.back = *std::move(labels);
      here = &choice.back;
    }
  }
  if (!wants_.bidirectional) {
    if (there != nullptr) return choice;
    auto labels = pick(forward, group);
    if (!labels) return std::unexpected(none_left(group));
    choice.forward = *std::move(labels);
    return choice;
  }
  // The same labels in both directions wherever that can be.
  if (there != nullptr && here != nullptr) return choice;
  if (there == nullptr && here == nullptr) {
    auto labels = pick(forward & back, group);
    if (!labels) return std::unexpected(none_left(group));
    choice.forward = choice.back = *std::move(labels);
  } else if (there == nullptr) {
    if (forward.contains_all(choice.back)) {
      choice.forward = choice.back;
    } else if (auto labels = pick(forward, group)) {
      choice.forward = *std::move(labels);
    } else {
      return std::unexpected(none_left(group));
    }
  } else {
    if (back.contains_all(choice.forward)) {
      choice.back = choice.forward;
    } else if (auto labels = pick(back, group)) {
      choice.back = *std::move(labels);
    } else {
      return std::unexpected(none_left(group));
    }
  }
  return choice;
}

std::expected<Labels, Refusal> Planner::exact(std::span<const Place> group, const Place& of,
                                              const Labels& labels, bool back) const {
  Refusal refusal{.interface = config(of).id, .acceptable = starts(of, back)};
  const Port* const port = ports_.find(config(of).port);
  const Labels slots = wants_.signal.slots(labels);
  const bool possible =
      port != nullptr && wants_.signal.acceptable(labels) && port->labels.contains_all(slots);
  const bool inside = back || !of.side->allowed || of.side->allowed->contains_all(labels);
  if (!possible || !inside || !(port->labels - port->unassociated).contains_all(slots)) {
    refusal.why = Refusal::Why::BadLabel;
    return std::unexpected(refusal);
  }
  if (!refusal.acceptable.contains_all(labels)) {
    refusal.why = Refusal::Why::LabelBusy;
    const bool first = of.first;
    const Way way = first != back ? Way::Receive : Way::Send;
    for (const Label slot : slots) {
      const Hold* const hold = ports_.hold({config(of).port, way, slot});
      if (hold != nullptr) refusal.holder = hold->next.value_or(hold->holder);
    }
    return std::unexpected(refusal);
  }
  // The other places of its group must take it as well.
  for (const Place& place : group) {
    if (&place == &of || starts(place, back).contains_all(labels)) continue;
    return std::unexpected(none_left(group));
  }
  return labels;
}

Refusal Planner::none_left(std::span<const Place> group) const {
  const Place* end = nullptr;
  for (const Place& place : group) {
    if (place.side == nullptr) continue;
    LabelRanges set = starts(place, false);
    if (wants_.bidirectional && !place.side->upstream) set &= starts(place, true);
    if (set.size() < wants_.signal.labels()) {
      return {.why = Refusal::Why::LabelSetEmpty, .interface = config(place).id};
    }
    if (end == nullptr) end = &place;
  }
  if (end != nullptr && group.size() > 1) {
    return {.why = Refusal::Why::LabelSetEmpty, .interface = config(*end).id};
  }
  return {.why = Refusal::Why::NoFabricRoute};
}

std::optional<Labels> Planner::pick(const LabelRanges& from, std::span<const Place> group) const {
  const std::size_t count = wants_.signal.labels();
  for (const Place& place : group) {
    const bool suggested = place.side != nullptr && place.side->suggested &&
                           wants_.signal.acceptable(*place.side->suggested) &&
                           from.contains_all(*place.side->suggested);
    if (suggested) return place.side->suggested;
  }
  if (from.size() < count) return std::nullopt;
  // Those of a fellow: where both go the same way nothing is moved at all.
  for (const Place& place : group) {
    const FePort& port = place.first ? place.enters : place.leaves;
    const Way way = place.first ? Way::Receive : Way::Send;
    for (const LspKey& fellow : fellows_) {
      const LabelRanges theirs = from & wants_.signal.starts(ports_.held_by(port, way, fellow));
      if (theirs.size() >= count) return theirs.list(count);
    }
  }
  // What it has already, so that nothing is moved without need.
  for (const Place& place : group) {
    if (place.side != nullptr) continue;
    const auto held = [&](const FePort& port, Way way) {
      return from & wants_.signal.starts(ports_.held_by(port, way, wants_.owner.lsp));
    };
    for (const LabelRanges& own :
         {held(place.leaves, Way::Send), held(place.enters, Way::Receive)}) {
      if (own.size() >= count) return own.list(count);
    }
  }
  // RFC 3471 section 4.2: the node with the higher ID takes from the high end.
  bool from_top = false;
  for (const Place& place : group) {
    if (place.side == nullptr) continue;
    const NodeId remote = config(place).remote.node;
    if (remote.value != 0 && self_ > remote) from_top = true;
  }
  return from.list(count, from_top);
}

}  // namespace forces::signaling::resource
