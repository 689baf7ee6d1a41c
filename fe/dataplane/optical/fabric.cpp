#include "fe/dataplane/optical/fabric.hpp"

#include <algorithm>
#include <utility>

namespace forces::fe::dataplane::optical {

Fabric::Fabric(const FabricConfig& config) : trace_interval_(config.trace_interval) {
  for (const OpticalPortConfig& port : config.ports) {
    ports_[port.port_id].config = port;
    if (port.inside != 0) inside_[port.inside] = port.port_id;
  }
}

// ---- Cross-connects
// ------------------------------------------------------------------------------

Fabric::Verdict Fabric::judge(const Endpoint& end) const {
  const auto port = ports_.find(end.port);
  if (port == ports_.end()) return Verdict::NoSuchPort;
  return contains(port->second.config.labels, end.label) ? Verdict::Good : Verdict::NoSuchLabel;
}

Fabric::Verdict Fabric::judge(const CrossConnect& row) const {
  if (row.in == row.out) return Verdict::ToItself;
  const Verdict in = judge(row.in);
  return in == Verdict::Good ? judge(row.out) : in;
}

void Fabric::set(std::uint32_t index, const CrossConnect& row) {
  const auto [at, made] = rows_.try_emplace(index);
  RowView& view = at->second;
  const bool elsewhere = made || view.cross.in != row.in || view.cross.out != row.out;
  if (!made && elsewhere) {
    forget_ends(index, view.cross);
  }
  if (elsewhere) view = {};
  view.cross = row;
  by_input_[key(row.in)] = index;
  by_output_[key(row.out)] = index;
  const RowStatus status = status_of(row);
  if (std::exchange(view.status, status) != status) news_.rows.push_back(index);
}

void Fabric::forget_ends(std::uint32_t index, const CrossConnect& row) {
  const auto forget = [index](auto& rows, std::uint64_t end) {
    const auto at = rows.find(end);
    if (at != rows.end() && at->second == index) rows.erase(at);
  };
  forget(by_input_, key(row.in));
  forget(by_output_, key(row.out));
}

void Fabric::erase(std::uint32_t index) {
  const auto at = rows_.find(index);
  if (at == rows_.end()) return;
  forget_ends(index, at->second.cross);
  rows_.erase(at);
  news_.rows.push_back(index);
}

const RowView* Fabric::row(std::uint32_t index) const {
  const auto at = rows_.find(index);
  return at == rows_.end() ? nullptr : &at->second;
}

std::vector<std::pair<std::uint32_t, RowView>> Fabric::rows(std::uint32_t first,
                                                            std::size_t most) const {
  std::vector<std::uint32_t> indices;
  for (const auto& [index, view] : rows_) {
    if (index >= first) indices.push_back(index);
  }
  const std::size_t count = std::min(most, indices.size());
  std::ranges::partial_sort(indices, indices.begin() + static_cast<std::ptrdiff_t>(count));
  std::vector<std::pair<std::uint32_t, RowView>> all;
  for (std::size_t i = 0; i < count; ++i) all.emplace_back(indices[i], rows_.at(indices[i]));
  return all;
}

Fabric::Totals Fabric::totals() const {
  Totals totals;
  for (const auto& [index, view] : rows_) {
    ++(view.cross.state == RowState::Active ? totals.active : totals.reserved);
    if (view.status == RowStatus::Failed) ++totals.failed;
  }
  return totals;
}

// ---- Ports
// ---------------------------------------------------------------------------------------

bool Fabric::broken(const Endpoint& end) const {
  const auto port = ports_.find(end.port);
  return port == ports_.end() || port->second.failed ||
         port->second.failed_labels.contains(end.label);
}

bool Fabric::works(const Endpoint& end) const {
  return judge(end) == Verdict::Good && !broken(end) && ports_.at(end.port).link;
}

RowStatus Fabric::status_of(const CrossConnect& row) const {
  return works(row.in) && works(row.out) ? RowStatus::Working : RowStatus::Failed;
}

void Fabric::refresh(std::uint32_t port) {
  news_.ports.push_back(port);
  for (auto& [index, view] : rows_) {
    if (view.cross.in.port != port && view.cross.out.port != port) continue;
    const RowStatus status = status_of(view.cross);
    if (std::exchange(view.status, status) != status) news_.rows.push_back(index);
  }
}

std::optional<Endpoint> Fabric::around(std::uint32_t client) const {
  const auto at = ports_.find(client);
  if (at == ports_.end() || at->second.config.inside == 0) return std::nullopt;
  const auto server = ports_.find(at->second.config.inside);
  if (server == ports_.end() || server->second.config.labels.empty()) return std::nullopt;
  return Endpoint{server->first, server->second.config.labels.front().first};
}

std::optional<std::uint32_t> Fabric::inside(std::uint32_t server) const {
  const auto at = inside_.find(server);
  return at == inside_.end() ? std::nullopt : std::optional(at->second);
}

void Fabric::on_link(std::uint32_t port, bool up) {
  const auto at = ports_.find(port);
  if (at == ports_.end() || at->second.link == up) return;
  at->second.link = up;
  refresh(port);
}

bool Fabric::fail(std::uint32_t port, std::optional<Labels> labels) {
  const auto at = ports_.find(port);
  if (at == ports_.end()) return false;
  if (labels) {
    if (!meets(at->second.config.labels, labels->first, labels->last)) return false;
    at->second.failed_labels.add(labels->first, labels->last);
  } else {
    at->second.failed = true;
  }
  refresh(port);
  return true;
}

bool Fabric::restore(std::uint32_t port, std::optional<Labels> labels) {
  const auto at = ports_.find(port);
  if (at == ports_.end()) return false;
  if (labels) {
    if (!meets(at->second.config.labels, labels->first, labels->last)) return false;
    at->second.failed_labels.remove(labels->first, labels->last);
  } else {
    at->second.failed = false;
    at->second.failed_labels.clear();
  }
  refresh(port);
  return true;
}

// ---- Frames
// --------------------------------------------------------------------------------------

// The state of the link does not count here: what arrived, arrived, and news of a link may be late.
std::optional<Fabric::Onward> Fabric::on_frame(std::uint32_t port, const Frame& frame,
                                               Instant now) {
  const Endpoint in{port, frame.label};
  const auto drop = [](std::uint64_t& reason) {
    ++reason;
    return std::nullopt;
  };
  const auto known = ports_.find(port);
  if (known == ports_.end()) return drop(counters_.malformed);
  ++known->second.received;
  if (!enabled_) return drop(counters_.disabled);
  const auto found = by_input_.find(key(in));
  RowView* const view = found == by_input_.end() ? nullptr : &rows_.at(found->second);
  if (broken(in)) {
    if (view != nullptr) ++view->dropped;
    return drop(counters_.failed);
  }
  if (frame.kind == FrameKind::Trace) hear(in, frame, now);
  if (view == nullptr) {
    // A trace that ends here has come where it should.
    return frame.kind == FrameKind::Trace ? std::nullopt : drop(counters_.no_row);
  }
  const auto lose = [&](std::uint64_t& reason) {
    ++view->dropped;
    return drop(reason);
  };
  if (view->cross.state != RowState::Active) return lose(counters_.not_active);
  if (broken(view->cross.out)) return lose(counters_.failed);
  if (frame.hops >= kMostHops) return lose(counters_.hops);
  return Onward{view->cross.out, static_cast<std::uint8_t>(frame.hops + 1), found->second};
}

void Fabric::on_sent(const Onward& frame, std::size_t octets) {
  ++counters_.passed;
  const auto port = ports_.find(frame.out.port);
  if (port != ports_.end()) ++port->second.sent;
  const auto at = rows_.find(frame.row);
  if (at == rows_.end()) return;
  ++at->second.frames;
  at->second.octets += octets;
}

void Fabric::on_not_sent(const Onward& frame) {
  ++counters_.not_sent;
  const auto at = rows_.find(frame.row);
  if (at != rows_.end()) ++at->second.dropped;
}

// ---- Traces
// --------------------------------------------------------------------------------------

void Fabric::send_trace(const Endpoint& from, std::string text) {
  if (sent_.empty()) next_trace_ = {};  // at once
  sent_[from] = std::move(text);
}

void Fabric::stop_trace(const Endpoint& from) { sent_.erase(from); }

std::vector<Fabric::Trace> Fabric::traces_due(Instant now) {
  std::vector<Trace> due;
  if (sent_.empty() || now < next_trace_) return due;
  next_trace_ = now + trace_interval_;
  for (const auto& [from, text] : sent_) {
    if (!enabled_ || broken(from) || by_output_.contains(key(from))) continue;
    due.push_back({from, text});
    ++counters_.traces_sent;
  }
  return due;
}

const std::string* Fabric::received_trace(const Endpoint& at) const {
  const auto found = received_.find(at);
  return found == received_.end() ? nullptr : &found->second.text;
}

void Fabric::hear(const Endpoint& at, const Frame& frame, Instant now) {
  auto found = received_.find(at);
  if (found == received_.end()) {
    if (judge(at) != Verdict::Good || received_.size() == kMostTraces) {
      ++counters_.traces_refused;
      return;
    }
    if (received_.empty()) next_look_ = now + trace_interval_;
    found = received_.emplace(at, Received{}).first;
  }
  ++counters_.traces_received;
  found->second.heard = now;
  const std::string_view text(reinterpret_cast<const char*>(frame.payload.data()),
                              frame.payload.size());
  if (found->second.text == text) return;
  found->second.text = text;
  news_.traces.push_back(at);
}

void Fabric::on_time(Instant now) {
  if (received_.empty() || now < next_look_) return;
  next_look_ = now + trace_interval_;
  std::erase_if(received_, [&](const auto& one) {
    const bool lost = now - one.second.heard >= kMissed * trace_interval_;
    if (lost) news_.traces.push_back(one.first);
    return lost;
  });
}

std::optional<Instant> Fabric::next_deadline() const {
  std::optional<Instant> at;
  if (!sent_.empty()) at = next_trace_;
  if (!received_.empty() && (!at || next_look_ < *at)) at = next_look_;
  return at;
}

Fabric::News Fabric::take_news() {
  News news = std::exchange(news_, {});
  const auto each_once = [](auto& list) {
    std::ranges::sort(list);
    const auto rest = std::ranges::unique(list);
    list.erase(rest.begin(), rest.end());
  };
  each_once(news.rows);
  each_once(news.ports);
  each_once(news.traces);
  return news;
}

}  // namespace forces::fe::dataplane::optical
