#include "ce/provision/optical_ports.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "proto/model/classes/classes.hpp"
#include "proto/model/packing.hpp"
#include "proto/wire/reader.hpp"
#include "proto/wire/writer.hpp"

namespace forces::ce::provision {

using model::optical_port::kFailedLabels;
using model::optical_port::kPorts;
using model::optical_port::kTraceReceived;
using model::optical_port::kTraceSent;
using wire::Bytes;

namespace {

constexpr std::uint32_t kUp = 1;  // OperStatus

std::vector<pl::BodyTlv> body(std::uint32_t instance, pl::Oper oper) {
  return {pl::LfbSelect{{kOpticalPort}, {instance}, {std::move(oper)}}};
}

const model::Type& trace_type() {
  return *model::kOpticalPortClass.component(kTraceReceived)->type->element->fields[2].type;
}

}  // namespace

std::vector<pl::BodyTlv> optical_port_query(std::uint32_t instance) {
  pl::Oper get{.type = pl::OperType::Get};
  for (const std::uint32_t component : {kPorts, kFailedLabels, kTraceReceived}) {
    pl::PathData path;
    path.ids = {component};
    get.elements.push_back({std::move(path)});
  }
  return body(instance, std::move(get));
}

std::vector<pl::BodyTlv> optical_port_subscription(std::uint32_t instance) {
  wire::ByteWriter on;
  on.u32(1);
  const Bytes octets = on.written();
  pl::Oper set{.type = pl::OperType::SetProp};
  for (const model::Event& event : model::kOpticalPortClass.events) {
    pl::PathData path;
    path.ids = {model::kOpticalPortClass.event_base, event.id};
    path.items.push_back({pl::SparseData{{{2, {octets.begin(), octets.end()}}}}});
    set.elements.push_back({std::move(path)});
  }
  return body(instance, std::move(set));
}

std::vector<pl::BodyTlv> trace_config(std::uint32_t instance,
                                      std::span<const TraceChange> changes) {
  pl::LfbSelect select{{kOpticalPort}, {instance}, {}};
  for (const TraceChange& change : changes) {
    const auto type = change.text ? pl::OperType::Set : pl::OperType::Del;
    if (select.operations.empty() || select.operations.back().type != type) {
      select.operations.push_back({.type = type});
    }
    pl::PathData path;
    path.ids = {kTraceSent, change.number};
    if (change.text) {
      wire::ByteWriter row;
      row.u32(change.port);
      row.u32(change.label);
      model::write_member(trace_type(), std::as_bytes(std::span(*change.text)), row);
      const Bytes octets = row.written();
      path.items.push_back({pl::FullData{{octets.begin(), octets.end()}}});
    }
    select.operations.back().elements.push_back({std::move(path)});
  }
  return {std::move(select)};
}

std::size_t refused_traces(const pl::MessageView& answer) {
  std::size_t refused = 0;
  for (const pl::LfbSelectView select : answer.selects()) {
    if (select.class_id.value != kOpticalPort) continue;
    for (const pl::OperView oper : select.operations) {
      (void)pl::for_each_leaf(oper.items(), [&](const pl::Leaf& leaf) {
        const bool bad =
            leaf.item.is_result() && leaf.item.result().code != pl::ResultCode::Success;
        refused += bad ? 1 : 0;
        return true;
      });
    }
  }
  return refused;
}

bool OpticalPortReader::take(const pl::MessageView& answer) {
  bool good = true;
  const auto row_of = [&](std::uint32_t component, Bytes octets) {
    wire::ByteReader r(octets);
    if (component == kPorts) {
      const std::uint32_t port = r.u32("port");
      (void)r.take(3, "switching, encoding, signal");
      const std::uint8_t status = r.u8("status");
      if (r.ok()) up_[port] = status == kUp;
    } else if (component == kFailedLabels) {
      FailedLabels labels;
      labels.port = r.u32("port");
      labels.first = r.u32("first");
      labels.last = r.u32("last");
      if (r.ok()) failed_.push_back(labels);
    } else {
      ReceivedTrace trace;
      trace.port = r.u32("port");
      trace.label = r.u32("label");
      Bytes rest = r.rest();
      const auto text = model::detail::take(trace_type(), rest);
      if (!text) {
        good = false;
        return;
      }
      trace.trace.resize(text->value.size());
      std::ranges::transform(text->value, trace.trace.begin(),
                             [](std::byte b) { return static_cast<char>(b); });
      if (r.ok()) traces_.push_back(std::move(trace));
    }
    good &= r.ok();
  };
  for (const pl::LfbSelectView select : answer.selects()) {
    if (select.class_id.value != kOpticalPort) continue;
    for (const pl::OperView oper : select.operations) {
      (void)pl::for_each_leaf(oper.items(), [&](const pl::Leaf& leaf) {
        const auto ids = leaf.path.ids();
        if (leaf.item.is_result()) {
          const auto code = leaf.item.result().code;
          good &= code == pl::ResultCode::Success || code == pl::ResultCode::Empty;
          return true;
        }
        const auto* const component =
            ids.empty() ? nullptr : model::kOpticalPortClass.component(ids[0]);
        if (component == nullptr || !leaf.item.is(pl::TlvType::FullData)) return true;
        if (ids.size() == 2) {
          row_of(ids[0], leaf.item.value);
        } else {
          good &=
              model::for_each_row(*component->type, leaf.item.value, [&](std::uint32_t, Bytes row) {
                row_of(ids[0], row);
                return true;
              });
        }
        return true;
      });
    }
  }
  return good;
}

bool is_optical_port_event(const pl::MessageView& notification) {
  return std::ranges::any_of(notification.selects(), [](const pl::LfbSelectView& select) {
    return select.class_id.value == kOpticalPort;
  });
}

}  // namespace forces::ce::provision
