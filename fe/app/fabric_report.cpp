#include "fe/app/fabric_report.hpp"

#include <fmt/format.h>

#include "tml/daemon/report.hpp"

namespace forces::fe {
namespace {

using control::Error;
using control::Response;
using dataplane::optical::RowState;
using dataplane::optical::RowStatus;
using dataplane::optical::RowView;

constexpr std::size_t kRowsInPage = 1'000;

Response failure(Error::Code code, std::string message) {
  Response response;
  response.mutable_error()->set_code(code);
  response.mutable_error()->set_message(std::move(message));
  return response;
}

void fill(control::CrossConnect& out, std::uint32_t index, const RowView& row) {
  out.set_subscript(index);
  out.set_in_port(row.cross.in.port);
  out.set_in_label(row.cross.in.label);
  out.set_out_port(row.cross.out.port);
  out.set_out_label(row.cross.out.label);
  out.set_state(row.cross.state == RowState::Active ? "active" : "reserved");
  out.set_status(row.status == RowStatus::Working ? "working" : "failed");
  out.set_alarm_mask(row.cross.alarm_mask);
  std::string owner;
  for (const std::byte octet : row.cross.owner) {
    owner += fmt::format("{:02x}", std::to_integer<unsigned>(octet));
  }
  out.set_owner(owner);
  out.set_frames(row.frames);
  out.set_octets(row.octets);
  out.set_dropped(row.dropped);
}

// `after` is one more than the last subscript that was shown.
Response show(const Element& element, const control::FabricShowRequest& request) {
  Response response;
  auto& out = *response.mutable_fabric();
  if (request.after() == 0) {
    const auto fabric = element.snapshot().fabric;
    out.set_file(fabric.file);
    out.set_file_state(std::string(fabric.file_state));
    out.set_file_octets(fabric.file_octets);
    out.set_reserved(fabric.reserved);
    out.set_active(fabric.active);
    out.set_failed(fabric.failed);
    for (const auto& port : fabric.ports) {
      auto& one = *out.add_ports();
      one.set_id(port.port);
      one.set_device(port.device);
      one.set_signal(port.signal);
      one.set_labels(port.labels);
      one.set_state(std::string(port.state));
      one.set_failed_labels(port.failed_labels);
      one.set_received(port.received);
      one.set_sent(port.sent);
    }
    daemon::report(out, fabric.counters);
  }
  if (request.after() > 0xffffffff) return response;
  const auto rows =
      element.cross_connects(static_cast<std::uint32_t>(request.after()), kRowsInPage);
  for (const auto& [index, row] : rows) fill(*out.add_rows(), index, row);
  if (rows.size() == kRowsInPage) out.set_next(std::uint64_t{rows.back().first} + 1);
  return response;
}

Response set_fault(Element& element, const control::FabricFaultRequest& request) {
  std::optional<dataplane::optical::Fabric::Labels> labels;
  if (!request.labels().empty()) {
    const auto range = dataplane::optical::label_range(request.labels());
    if (!range) {
      return failure(Error::INVALID,
                     fmt::format("\"{}\" is no label and no range of labels", request.labels()));
    }
    labels = {range->first, range->last};
  }
  if (!element.set_fault(request.port(), labels, !request.restore())) {
    return failure(Error::NOT_FOUND,
                   labels ? fmt::format("optical port {} has no label in {}, or is not there",
                                        request.port(), request.labels())
                          : fmt::format("there is no optical port {}", request.port()));
  }
  Response response;
  response.mutable_done()->set_message(fmt::format("port {}{}{} {}", request.port(),
                                                   labels ? " labels " : "", request.labels(),
                                                   request.restore() ? "restored" : "failed"));
  return response;
}

}  // namespace

std::optional<Response> answer_fabric(Element& element, const control::Request& request) {
  if (!request.has_fabric_show() && !request.has_fabric_fault()) return std::nullopt;
  if (!element.snapshot().fabric.there) {
    return failure(Error::NOT_FOUND, "this fe has no optical ports ([[fabric.port]])");
  }
  return request.has_fabric_show() ? show(element, request.fabric_show())
                                   : set_fault(element, request.fabric_fault());
}

void report_fabric(observe::Families& families, const forwarding::FabricSnapshot& fabric) {
  if (!fabric.there) return;
  for (const auto& [state, count] :
       {std::pair{"reserved", fabric.reserved}, {"active", fabric.active}}) {
    daemon::report_gauge(families, "fe_fabric_rows", "Cross-connects, by their state",
                         {{"state", state}}, static_cast<double>(count));
  }
  daemon::report_gauge(families, "fe_fabric_rows_failed",
                       "Cross-connects over a port or label that does not work", {},
                       static_cast<double>(fabric.failed));
  daemon::report_gauge(families, "fe_fabric_file_in_step",
                       "1 while the file has all cross-connects", {},
                       fabric.file_state == "in step" ? 1 : 0);
  daemon::report_gauge(families, "fe_fabric_file_octets", "Size of the file of cross-connects", {},
                       static_cast<double>(fabric.file_octets));
  for (const auto& port : fabric.ports) {
    const observe::Labels labels{{"port", std::to_string(port.port)}, {"device", port.device}};
    daemon::report_gauge(families, "fe_fabric_port_up", "1 while the optical port works", labels,
                         port.state == "up" ? 1 : 0);
    daemon::report(families, "fe_fabric_port", labels,
                   {{"received", "", port.received}, {"sent", "", port.sent}});
  }
}

}  // namespace forces::fe
