#include "fe/dataplane/multicast/routes.hpp"

#include <algorithm>
#include <utility>

namespace forces::fe::dataplane::multicast {

bool SourceFilter::passes(const Address& source) const {
  return std::ranges::binary_search(sources, source) != exclude;
}

void Routes::set_group(std::uint32_t index, std::optional<GroupRow> row) {
  if (const auto at = groups_.find(index); at != groups_.end()) {
    const GroupRow before = at->second;
    by_name_.erase({before.group, before.source});
    groups_.erase(at);
    if (!row || row->group != before.group) revise(before.group);
  }
  if (!row) return;
  groups_[index] = *row;
  by_name_[{row->group, row->source}] = index;
  revise(row->group);
}

void Routes::set_leaf(std::uint32_t index, std::optional<LeafRow> row) {
  const auto revise_group = [this](std::uint32_t group_index) {
    if (const auto at = groups_.find(group_index); at != groups_.end()) revise(at->second.group);
  };
  if (const auto at = leaves_.find(index); at != leaves_.end()) {
    const LeafRow before = at->second;
    ports_of_.erase({before.group_index, before.out_port});
    leaves_.erase(at);
    if (!row || row->group_index != before.group_index) revise_group(before.group_index);
  }
  if (!row) return;
  leaves_[index] = *row;
  ports_of_.emplace(row->group_index, row->out_port);
  revise_group(row->group_index);
}

void Routes::set_local(const Address& group, std::uint32_t port,
                       std::optional<SourceFilter> filter) {
  if (filter) {
    local_[{group, port}] = std::move(*filter);
  } else {
    local_.erase({group, port});
  }
  revise(group);
}

void Routes::set_router(std::uint32_t port, bool present) {
  if (present) {
    routers_.insert(port);
  } else {
    routers_.erase(port);
  }
  for (auto& [flow, state] : flows_) decide(flow, state, false);
}

void Routes::set_beyond(const Address& first, const Address& last, bool on) {
  const auto change = [on](auto& all, const auto& one) {
    if (on) {
      all.insert(one);
    } else if (const auto at = all.find(one); at != all.end()) {
      all.erase(at);
    }
  };
  if (first == last) {
    change(beyond_, first);
  } else {
    change(ranges_beyond_, std::pair(first, last));
  }
  for (auto at = flows_.lower_bound({first, {first.family, {}}});
       at != flows_.end() && at->first.group <= last; ++at) {
    decide(at->first, at->second, false);
  }
}

bool Routes::beyond(const Address& group) const {
  return beyond_.contains(group) || std::ranges::any_of(ranges_beyond_, [&](const auto& range) {
           return range.first <= group && group <= range.second;
         });
}

void Routes::enable(bool on) {
  if (std::exchange(enabled_, on) == on) return;
  for (auto& [flow, state] : flows_) decide(flow, state, false);
}

void Routes::on_packet(const Flow& flow, std::uint32_t port, Instant now) {
  const auto at = flows_.find(flow);
  if (at == flows_.end() && flows_.size() >= kMostFlows) {
    ++counters_.refused;
    return;
  }
  FlowState& state = at == flows_.end() ? flows_[flow] : at->second;
  state.in_port = port;
  state.active_at = now;
  decide(flow, state, true);  // it asks again: our answer got lost, or the port is another
}

void Routes::on_count(const Flow& flow, std::uint64_t packets, Instant now) {
  const auto at = flows_.find(flow);
  if (at == flows_.end()) return;
  FlowState& state = at->second;
  if (packets != state.packets) {
    // A route that was made anew counts from zero.
    const std::uint64_t more = packets > state.packets ? packets - state.packets : packets;
    (state.has_group ? counters_.packets : counters_.no_group_packets) += more;
    state.packets = packets;
    state.active_at = now;
  } else if (now - state.active_at >= kIdle) {
    operations_.push(DeleteFlow{flow});
    flows_.erase(at);
  }
}

void Routes::forget_flows() { flows_.clear(); }

std::vector<Flow> Routes::flows() const {
  std::vector<Flow> out;
  for (const auto& [flow, state] : flows_) out.push_back(flow);
  return out;
}

// The row of this source, else that of any source; with another InPort it forwards nothing.
const std::uint32_t* Routes::row_of(const Flow& flow, std::uint32_t port) const {
  auto at = by_name_.find(flow);
  if (at == by_name_.end()) at = by_name_.find({flow.group, {flow.group.family, {}}});
  if (at == by_name_.end()) return nullptr;
  const std::uint32_t wanted = groups_.at(at->second).in_port;
  return wanted == 0 || wanted == port ? &at->second : nullptr;
}

bool Routes::add_local(const Flow& flow, std::vector<std::uint32_t>& out) const {
  bool any = !routers_.empty();
  out.insert(out.end(), routers_.begin(), routers_.end());
  for (auto at = local_.lower_bound({flow.group, 0});
       at != local_.end() && at->first.first == flow.group; ++at) {
    any = true;
    if (at->second.passes(flow.source)) out.push_back(at->first.second);
  }
  return any;
}

void Routes::decide(const Flow& flow, FlowState& state, bool tell_always) {
  std::vector<std::uint32_t> out;
  const std::uint32_t* row = row_of(flow, state.in_port);
  if (row != nullptr) {
    for (auto at = ports_of_.lower_bound({*row, 0}); at != ports_of_.end() && at->first == *row;
         ++at) {
      out.push_back(at->second);
    }
  }
  const bool elsewhere = beyond(flow.group);
  if (elsewhere) out.push_back(kEndpoints);
  state.has_group = add_local(flow, out) || row != nullptr || elsewhere;
  if (!enabled_) out.clear();
  std::ranges::sort(out);
  const auto twice = std::ranges::unique(out);
  out.erase(twice.begin(), twice.end());
  std::erase(out, state.in_port);
  if (!tell_always && out == state.out_ports) return;
  state.out_ports = out;
  operations_.push(SetFlow{flow, state.in_port, std::move(out)});
}

void Routes::revise(const Address& group) {
  for (auto at = flows_.lower_bound({group, {group.family, {}}});
       at != flows_.end() && at->first.group == group; ++at) {
    decide(at->first, at->second, false);
  }
}

}  // namespace forces::fe::dataplane::multicast
