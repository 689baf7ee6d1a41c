#include "fe/forwarding/optical/fabric_lfbs.hpp"

#include <algorithm>
#include <string>

namespace forces::fe::forwarding {

using optical::CrossConnect;
using optical::Endpoint;
using optical::Fabric;
using pl::ResultCode;
using wire::ByteReader;
using wire::Bytes;
namespace component = lfb::optical_port;

namespace {

constexpr std::uint8_t kUp = 1, kDown = 2;

bool is_table(const lfb::Change& change, const lfb::LfbClass& lfb, std::uint32_t id) {
  return change.component != nullptr && change.instance->lfb_class == &lfb &&
         change.component->id == id && change.row;
}
bool is_row(const lfb::Change& change) {
  return is_table(change, lfb::kCrossConnectClass, lfb::cross_connect::kTable);
}
bool is_trace_sent(const lfb::Change& change) {
  return is_table(change, lfb::kOpticalPortClass, component::kTraceSent);
}

struct TraceRow {
  Endpoint at{};
  std::string text{};
};
// Port and label, then the text as a member: behind its length (RFC 5810 section 7.1.8).
TraceRow trace_of(const lfb::Type& row, Bytes octets) {
  ByteReader r(octets);
  TraceRow trace;
  trace.at = {r.u32("PHYPortID"), r.u32("Label")};
  constexpr std::array<std::uint32_t, 1> kText{3};
  const lfb::Part text = lfb::part_of(row, octets, kText);
  trace.text.assign(reinterpret_cast<const char*>(text.value.data()), text.value.size());
  return trace;
}

ResultCode result_of(Fabric::Verdict verdict) {
  switch (verdict) {
    case Fabric::Verdict::Good:
      return ResultCode::Success;
    case Fabric::Verdict::NoSuchPort:
    case Fabric::Verdict::NoSuchLabel:
      return ResultCode::ValueOutOfRange;
    case Fabric::Verdict::ToItself:
      return ResultCode::InvalidParameters;
  }
  return ResultCode::InternalError;
}

const lfb::Type& type_of_table(std::uint32_t id) {
  return *lfb::kOpticalPortClass.component(id)->type->element;
}

}  // namespace

CrossConnect cross_connect_of(Bytes octets) {
  ByteReader r(octets);
  CrossConnect row;
  row.in = {r.u32("InPort"), r.u32("InLabel")};
  row.out = {r.u32("OutPort"), r.u32("OutLabel")};
  row.state = r.u8("State") == 0 ? optical::RowState::Reserved : optical::RowState::Active;
  row.alarm_mask = r.u32("AlarmMask");
  std::ranges::copy(r.take(row.owner.size(), "Owner"), row.owner.begin());
  return row;
}

void write_cross_connect(const CrossConnect& row, wire::ByteWriter& out) {
  out.u32(row.in.port);
  out.u32(row.in.label);
  out.u32(row.out.port);
  out.u32(row.out.label);
  out.u8(static_cast<std::uint8_t>(row.state));
  out.u32(row.alarm_mask);
  out.bytes(row.owner);
}

template <class Name>
std::uint32_t FabricLfbs::Subscripts<Name>::of(const Name& name) {
  const auto at = by_name_.find(name);
  if (at != by_name_.end()) return at->second;
  auto index = static_cast<std::uint32_t>(by_name_.size());  // all below are in use
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  }
  by_name_.emplace(name, index);
  return index;
}

template <class Name>
std::optional<std::uint32_t> FabricLfbs::Subscripts<Name>::release(const Name& name) {
  const auto at = by_name_.find(name);
  if (at == by_name_.end()) return std::nullopt;
  const std::uint32_t index = at->second;
  by_name_.erase(at);
  free_.push_back(index);
  return index;
}

void FabricLfbs::attach(lfb::Engine& engine) {
  engine_ = &engine;
  engine.store().add(lfb::kCrossConnectClass, kCrossConnect.instance_id);
  engine.store().add(lfb::kOpticalPortClass, kOpticalPort.instance_id);
  std::uint32_t range_index = 0;
  for (const auto& [id, port] : fabric_.ports()) {
    publish_port(id, Instant{});
    if (port.config.inside != 0) {
      wire::ByteWriter w;
      w.u32(id);
      w.u32(port.config.inside);
      (void)engine.put_row(kOpticalPort, component::kAdaptations, id, w.written(), Instant{});
    }
    for (const optical::LabelRange& range : port.config.labels) {
      wire::ByteWriter w;
      w.u32(id);
      w.u32(range.first);
      w.u32(range.last);
      w.u32(range.step);
      (void)engine.put_row(kOpticalPort, component::kLabels, range_index++, w.written(), Instant{});
    }
  }
}

bool FabricLfbs::restore(std::uint32_t index, const CrossConnect& row) {
  wire::ByteWriter w;
  write_cross_connect(row, w);
  if (!engine_->put_row(kCrossConnect, lfb::cross_connect::kTable, index, w.written(), Instant{})) {
    return false;
  }
  fabric_.set(index, row);
  return true;
}

ResultCode FabricLfbs::check(const lfb::Change& change) const {
  if (!change.after) return ResultCode::Success;
  if (is_row(change)) {
    const CrossConnect row = cross_connect_of(*change.after);
    // Who wants the labels of another deletes its row first; in one message nothing is interrupted.
    if (change.before && cross_connect_of(*change.before).owner != row.owner) {
      return ResultCode::Perm;
    }
    return result_of(fabric_.judge(row));
  }
  if (is_trace_sent(change)) {
    const TraceRow trace = trace_of(type_of_table(component::kTraceSent), *change.after);
    const ResultCode code = result_of(fabric_.judge(trace.at));
    if (code != ResultCode::Success) return code;
    return optical::is_trace(std::as_bytes(std::span(trace.text))) ? ResultCode::Success
                                                                   : ResultCode::InvalidParameters;
  }
  return ResultCode::Success;
}

std::vector<FabricLfbs::RowChange> FabricLfbs::apply(const lfb::Changes& changes) {
  std::vector<RowChange> rows;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const lfb::Change change = changes[i];
    if (is_row(change)) {
      RowChange& one = rows.emplace_back(RowChange{*change.row, std::nullopt});
      if (change.after) {
        one.row = cross_connect_of(*change.after);
        fabric_.set(*change.row, *one.row);
      } else {
        fabric_.erase(*change.row);
      }
    } else if (is_trace_sent(change)) {
      const lfb::Type& type = type_of_table(component::kTraceSent);
      if (change.before) fabric_.stop_trace(trace_of(type, *change.before).at);
      if (!change.after) continue;
      TraceRow trace = trace_of(type, *change.after);
      fabric_.send_trace(trace.at, std::move(trace.text));
    }
  }
  return rows;
}

void FabricLfbs::publish(Instant now) {
  if (!fabric_.has_news()) return;
  const Fabric::News news = fabric_.take_news();
  for (const std::uint32_t port : news.ports) publish_port(port, now);
  publish_rows(news.rows, now);
  publish_traces(news.traces, now);
}

void FabricLfbs::publish_rows(const std::vector<std::uint32_t>& rows, Instant now) {
  if (rows.empty()) return;
  static constexpr std::array kStatuses{std::byte{0}, std::byte{1}, std::byte{2}};
  std::vector<lfb::Engine::RowUpdate> updates;
  updates.reserve(rows.size());
  for (const std::uint32_t index : rows) {
    const optical::RowView* const view = fabric_.row(index);
    if (view == nullptr) {
      updates.push_back({index, std::nullopt, false});
      continue;
    }
    const bool silent = (view->cross.alarm_mask & lfb::cross_connect::kNoStatusEvents) != 0;
    const auto at = static_cast<std::size_t>(view->status);
    updates.push_back({index, Bytes(kStatuses).subspan(at, 1), silent});
  }
  engine_->put_rows(kCrossConnect, lfb::cross_connect::kStatus, updates, now);
}

void FabricLfbs::publish_port(std::uint32_t id, Instant now) {
  const Fabric::Port& port = fabric_.ports().at(id);
  const optical::SignalNumbers numbers = optical::numbers_of(port.config.signal);
  wire::ByteWriter w;
  w.u32(id);
  w.u8(numbers.switching);
  w.u8(numbers.encoding);
  w.u8(numbers.signal);
  w.u8(port.up() ? kUp : kDown);
  (void)engine_->put_row(kOpticalPort, component::kPorts, id, w.written(), now);

  std::vector<FailedRange> gone;
  for (const auto& [range, index] : failed_.all()) {
    const auto& ranges = port.failed_labels.ranges();
    const auto at = ranges.find(range.first);
    if (range.port == id && (at == ranges.end() || at->second != range.last)) gone.push_back(range);
  }
  for (const FailedRange& range : gone) {
    (void)engine_->erase_row(kOpticalPort, component::kFailedLabels,
                             failed_.release(range).value_or(0), now);
  }
  for (const auto& [first, last] : port.failed_labels.ranges()) {
    const FailedRange range{id, first, last};
    if (failed_.all().contains(range)) continue;
    wire::ByteWriter row;
    row.u32(id);
    row.u32(first);
    row.u32(last);
    (void)engine_->put_row(kOpticalPort, component::kFailedLabels, failed_.of(range), row.written(),
                           now);
  }
}

void FabricLfbs::publish_traces(const std::vector<Endpoint>& traces, Instant now) {
  const lfb::Type& type = type_of_table(component::kTraceReceived);
  for (const Endpoint& at : traces) {
    const std::string* const text = fabric_.received_trace(at);
    if (text == nullptr) {
      if (const auto index = received_.release(at)) {
        (void)engine_->erase_row(kOpticalPort, component::kTraceReceived, *index, now);
      }
      continue;
    }
    wire::ByteWriter w;
    w.u32(at.port);
    w.u32(at.label);
    lfb::write_member(*type.members()[2].type, std::as_bytes(std::span(*text)), w);
    (void)engine_->put_row(kOpticalPort, component::kTraceReceived, received_.of(at), w.written(),
                           now);
  }
}

}  // namespace forces::fe::forwarding
