#include "tests/sim/discovery/lines.hpp"

#include <algorithm>
#include <vector>

namespace forces::signaling::test {

std::optional<Label> Lines::across(std::size_t fibre, Label label) const {
  if (!network_.channels[fibre].transport) return std::nullopt;
  const auto box = boxes.find(fibre);
  return box == boxes.end() ? label : box->second(label);
}

void Lines::tick() {
  for (std::size_t i = 0; i < network_.plan.fibres.size(); ++i) {
    const auto& fibre = network_.plan.fibres[i];
    for (const auto& [near, end] : {std::pair(fibre.a, fibre.b), std::pair(fibre.b, fibre.a)}) {
      const FePort from = network_.plan.port(near), to = network_.plan.port(end);
      const Member& sender = network_.at(number_of(near.node));
      Texts texts;
      if (const auto sent = sender.traces.find(from); sent != sender.traces.end()) {
        for (const auto& [label, text] : sent->second) {
          disturbed += static_cast<std::size_t>(
              std::ranges::count_if(sender.rows, [&, at = label](const auto& row) {
                return row.first.first == from.fe && row.second.out_port == from.port &&
                       row.second.out_label == at;
              }));
          if (const auto there = across(i, label)) texts[*there] = text;
        }
      }
      for (const auto& [label, text] : injected[to]) texts[label] = text;
      hear(to, end, std::move(texts));
    }
  }
  network_.world.after(1s, [this] { tick(); });
}

void Lines::hear(const FePort& port, const LinkEnd& end, Texts texts) {
  Member& member = network_.at(number_of(end.node));
  if (!member.running() || !member.fe_up(port.fe)) return;
  Texts& told = told_[port];
  std::vector<resource::HeardTrace> news;
  for (const auto& [label, text] : told) {
    if (!texts.contains(label)) news.push_back({.label = label});
  }
  for (const auto& [label, text] : texts) {
    const auto before = told.find(label);
    if (before != told.end() && before->second == text) continue;
    news.push_back({label, resource::Trace::parse(text).value_or(resource::Trace{})});
  }
  told = std::move(texts);
  if (news.empty()) return;
  member.node->on_traces(port, news, network_.world.now());
  member.pump();
}

void Lines::forget(std::uint32_t number) {
  std::erase_if(told_, [&](const auto& one) { return one.first.fe % kNodesOfFes == number; });
}

Lines::End Lines::passes(const LinkEnd& user, Label label) {
  End at{network_.plan.port(user), label};
  for (std::size_t hops = 0; hops < 2 * network_.plan.nodes.size(); ++hops) {
    const Member& member = network_.at(at.port.fe % kNodesOfFes);
    const auto row = std::ranges::find_if(member.rows, [&](const auto& one) {
      return one.second.active && one.first.first == at.port.fe &&
             one.second.in_port == at.port.port && one.second.in_label == at.label;
    });
    if (row == member.rows.end()) return at;  // it gets no further
    const FePort out{at.port.fe, row->second.out_port};
    const auto* const far = network_.far(out);
    if (far == nullptr) return {out, row->second.out_label};
    const auto there = across(far->fibre, row->second.out_label);
    if (!there) return {out, row->second.out_label};
    at = {network_.plan.port(far->end), *there};
  }
  return at;
}

}  // namespace forces::signaling::test
