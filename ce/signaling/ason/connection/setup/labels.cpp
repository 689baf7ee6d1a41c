// Labels: what the messages say, as a wish to the resource manager; its refusals, as errors.
#include <algorithm>

#include "ce/signaling/ason/connection/core.hpp"

namespace forces::signaling::ason {
namespace {

using rsvp::ErrorCode;
using rsvp::ErrorValue;
using Why = resource::Refusal::Why;

constexpr ErrorValue label_error(std::uint16_t value) { return {ErrorCode::RoutingProblem, value}; }

constexpr ErrorValue kBlocked{ErrorCode::AdmissionControl, rsvp::admission::kBandwidth};

rsvp::AcceptableLabelSet acceptable_set(const te::LabelRanges& labels) {
  // One object: a range where it is one, else a list.
  if (labels.ranges().size() == 1 && labels.size() > 2) {
    const auto& range = labels.ranges().front();
    return {.action = rsvp::AcceptableLabelSet::Action::InclusiveRange,
            .subchannels = {range.first, range.last}};
  }
  constexpr std::size_t kMost = 256;
  return {.action = rsvp::AcceptableLabelSet::Action::InclusiveList,
          .subchannels = labels.list(kMost)};
}

}  // namespace

te::Signal signal_of(const rsvp::Message& path) {
  te::Signal signal;
  if (const auto* const request = path.find<rsvp::LabelRequest>()) {
    signal.switching = static_cast<te::Switching>(request->switching);
    signal.encoding = static_cast<te::Encoding>(request->encoding);
  }
  if (const auto* const tspec = path.find<rsvp::SenderTspec>()) {
    if (const auto* const sdh = tspec->sonet_sdh()) {
      signal.type = sdh->signal_type;
      signal.rcc = sdh->rcc;
      signal.ncc = sdh->ncc;
      signal.nvc = sdh->nvc;
      signal.multiplier = sdh->multiplier;
    } else if (const auto* const otn = std::get_if<rsvp::G709>(&tspec->traffic)) {
      signal.type = otn->signal_type;
      signal.nvc = otn->nvc;
      signal.multiplier = otn->multiplier;
    }
  }
  return signal;
}

std::expected<resource::Wants, Trouble> Controller::Core::wants(const Lsp& lsp) const {
  const rsvp::Message& path = lsp.path();
  resource::Wants wants{.owner = {lsp.key, call_id_of(path)},
                        .signal = signal_of(path),
                        .bidirectional = lsp.bidirectional(),
                        .in = {.interface = lsp.in},
                        .out = {.interface = lsp.out}};
  if (lsp.deleting) wants.alarm_mask = ~std::uint32_t{0};
  wants.shared = shares(path);
  const auto exact = [](const te::Labels& labels) {
    return labels.empty() ? std::nullopt : std::optional(labels);
  };
  for (const auto& segment : {lsp.segment_in, lsp.segment_out}) {
    if (segment) wants.over.push_back(*segment);
  }
  if (lsp.labels_fixed) {
    wants.in.label = exact(lsp.labels.in);
    wants.in.upstream = exact(lsp.labels.upstream_in);
    wants.out.label = exact(lsp.labels.out);
    wants.out.upstream = exact(lsp.labels.upstream_out);
    wants.established = lsp.established;
    return wants;
  }
  const auto of = [&](const std::optional<LspKey>& segment) -> const resource::Reservation* {
    const Lsp* const there = segment ? find(*segment) : nullptr;
    return there == nullptr ? nullptr : &there->labels;
  };
  wants.out.label = lsp.out_labels.down;
  wants.out.upstream = lsp.out_labels.up;
  if (lsp.segment_out) {
    const auto* const labels = of(lsp.segment_out);
    if (labels == nullptr) return std::unexpected(trouble(lsp, kBlocked, {}));
    wants.out.label = exact(labels->out);
    wants.out.upstream = exact(labels->upstream_out);
  }
  if (const Lsp* const other = fellow(lsp); other != nullptr && lsp.role == Role::Egress &&
                                            other->out == lsp.out && !wants.out.label &&
                                            !other->labels.out.empty()) {
    // In place of another LSP of the session: the user stays on his label.
    wants.out.label = other->labels.out;
    if (!other->labels.upstream_out.empty()) wants.out.upstream = other->labels.upstream_out;
  }
  for (const auto& [link, labels] : lsp.history.all().labels) {
    if (link == LinkEnd{config.self, lsp.out} || link == far_end(lsp.out)) {
      wants.out.except |= labels;
    }
  }
  if (lsp.role == Role::Ingress) {
    wants.in.label = lsp.in_labels.down;
    wants.in.upstream = lsp.in_labels.up;
    return wants;
  }

  const auto bad = [&](ErrorValue error, const resource::Refusal* why, const rsvp::Words& up) {
    Trouble trouble_in = trouble(lsp, error, {.link = lsp.from, .up = up});
    trouble_in.upstream = true;
    if (why != nullptr && !why->acceptable.empty()) {
      trouble_in.acceptable = acceptable_set(manager.to_remote(lsp.in, why->acceptable));
    }
    return std::unexpected(std::move(trouble_in));
  };
  if (lsp.segment_in) {  // RFC 5150 section 5.1.2: what the Path says of labels is ignored
    const auto* const labels = of(lsp.segment_in);
    if (labels == nullptr) return bad(kBlocked, nullptr, {});
    wants.in.label = exact(labels->in);
    wants.in.upstream = exact(labels->upstream_in);
    return wants;
  }
  std::vector<resource::LabelSetPart> parts;
  for (const rsvp::LabelSet& set : path.all<rsvp::LabelSet>()) {
    parts.push_back({static_cast<resource::LabelSetPart::Action>(set.action), set.subchannels});
  }
  if (!parts.empty()) {
    const auto set = resource::read_label_set(parts);
    if (!set) return bad(label_error(rsvp::routing::kLabelSet), nullptr, {});
    wants.in.allowed = manager.to_local(lsp.in, *set);
    if (wants.in.allowed->empty()) {
      return bad(label_error(rsvp::routing::kLabelSet), nullptr, {});
    }
  }
  if (const auto* const label = path.find<rsvp::SuggestedLabel>()) {
    if (const auto local = manager.to_local(lsp.in, label->labels)) wants.in.suggested = *local;
  }
  if (const auto* const label = path.find<rsvp::RecoveryLabel>()) {
    if (const auto local = manager.to_local(lsp.in, label->labels)) wants.in.suggested = *local;
  }
  if (const auto* const label = path.find<rsvp::UpstreamLabel>()) {
    const auto local = manager.to_local(lsp.in, label->labels);
    if (!local) {
      return bad(label_error(rsvp::routing::kUnacceptableLabel), &local.error(), label->labels);
    }
    wants.in.upstream = *local;
  }
  return wants;
}

// ason.md 2.6. Of the link that the Path came on its sender's end is named, for he is to act.
Trouble Controller::Core::refusal(const Lsp& lsp, const resource::Refusal& why) const {
  const bool of_in = why.interface == lsp.in && why.interface != lsp.out;
  const bool of_sender = of_in && lsp.role != Role::Ingress;
  const bool of_egress = !of_in && lsp.next == NodeId{};
  Blocked blocked;
  blocked.link = of_sender ? lsp.from : LinkEnd{config.self, of_in ? lsp.in : lsp.out};
  ErrorValue error = kBlocked;
  switch (why.why) {
    case Why::UnknownInterface:
      error = label_error(rsvp::routing::kUnknownInterface);
      break;
    case Why::InterfaceDown:
    case Why::NoFabricRoute:
    case Why::Differs:
    case Why::UnknownConnection:
      if (why.why == Why::NoFabricRoute && lsp.next != NodeId{}) {
        blocked.link = LinkEnd{config.self, lsp.out};
      }
      break;
    case Why::WrongSwitching:
      error = label_error(rsvp::routing::kSwitchingType);
      break;
    case Why::WrongEncoding:
      error = label_error(rsvp::routing::kEncoding);
      break;
    case Why::WrongSignal:
      error = {ErrorCode::TrafficControl, rsvp::traffic::kUnsupportedService};
      break;
    case Why::BadLabel:
    case Why::LabelBusy:
    case Why::NotVerified:
      error = label_error(rsvp::routing::kUnacceptableLabel);
      break;
    case Why::LabelSetEmpty:
      // Nothing left to offer on the way out is a full link; in what was offered, an empty set.
      error = of_sender ? label_error(rsvp::routing::kLabelSet) : kBlocked;
      break;
    case Why::Contention:
      error = label_error(rsvp::routing::kLabelAllocation);
      break;
  }
  if (about_label(error) && of_sender) {
    if (const auto* const label = lsp.path().find<rsvp::UpstreamLabel>())
      blocked.up = label->labels;
  }
  if (of_egress) {
    // RFC 4003 section 2.1: whatever is wrong with the end that was asked for.
    if (lsp.out_labels.down) blocked.down = *lsp.out_labels.down;
    if (lsp.out_labels.up) blocked.up = *lsp.out_labels.up;
    if (!blocked.down.empty() || why.why == Why::UnknownInterface ||
        why.why == Why::InterfaceDown) {
      error = label_error(config.oif.contains(lsp.in) ? rsvp::routing::kInvalidSpcInterface
                                                      : rsvp::routing::kBadExplicitRoute);
    }
  }
  Trouble result = trouble(lsp, error, std::move(blocked));
  result.upstream = of_sender;
  result.reason = resource::to_string(why.why);
  if (of_sender && about_label(error) && !why.acceptable.empty()) {
    result.acceptable = acceptable_set(manager.to_remote(lsp.in, why.acceptable));
  }
  return result;
}

std::vector<rsvp::LabelSet> Controller::Core::offered(const Lsp& lsp) const {
  const te::Node* const self = database.node(config.self);
  te::LabelRanges set = te::LabelRanges::of(lsp.labels.out);
  if (!lsp.labels_fixed && !lsp.out_labels.down && (self == nullptr || self->converts_labels)) {
    te::LabelRanges free = manager.free_labels(lsp.out, resource::Way::Send);
    for (const auto& [link, labels] : lsp.history.all().labels) {
      if (link == LinkEnd{config.self, lsp.out} || link == far_end(lsp.out)) free -= labels;
    }
    // A thousand slots are four thousand octets, which no link passes whole. Those from which a
    // label would be chosen here are enough: what is taken makes room for others.
    constexpr std::size_t kMostOffered = 128;
    if (free.ranges().size() > kMostOffered) {
      const auto far = far_end(lsp.out);
      free = te::LabelRanges::of(free.list(kMostOffered, far && config.self > far->node));
    }
    set |= free;
  }
  std::vector<rsvp::LabelSet> sets;
  for (const resource::LabelSetPart& part : resource::write_label_set(set)) {
    sets.push_back({.action = static_cast<rsvp::LabelSet::Action>(part.action),
                    .subchannels = part.subchannels});
  }
  return sets;
}

}  // namespace forces::signaling::ason
