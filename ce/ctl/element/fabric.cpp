#include "ce/ctl/element/fabric.hpp"

#include <fmt/format.h>

#include <memory>

#include "ce/ctl/commands.hpp"
#include "ce/ctl/table.hpp"

namespace forces::ctl {
namespace {

// The cookie without the zeros at its end, which most have.
std::string owner_text(std::string owner) {
  while (owner.ends_with("00")) owner.resize(owner.size() - 2);
  return owner.empty() ? "-" : owner;
}

void add_fault(CLI::App& group, Invocation& invocation, bool restore) {
  auto* command =
      group.add_subcommand(restore ? "restore" : "fail",
                           restore ? "end a fault" : "a fault on command, as if it were real");
  command->fallthrough();
  auto request = std::make_shared<control::FabricFaultRequest>();
  request->set_restore(restore);
  command
      ->add_option_function<std::uint32_t>(
          "PORT", [request](std::uint32_t port) { request->set_port(port); }, "its id")
      ->required();
  command->add_option_function<std::string>(
      "LABELS", [request](const std::string& labels) { request->set_labels(labels); },
      "a label or FIRST-LAST; nothing: the whole port");
  command->callback([&invocation, request] {
    *invocation.request.emplace().mutable_fabric_fault() = *request;
    invocation.role = "fe";
  });
}

}  // namespace

void add_fabric(CLI::App& app, Invocation& invocation) {
  auto* group = app.add_subcommand("fabric", "cross-connects of an fe (with --socket of the fe)")
                    ->require_subcommand(1)
                    ->fallthrough();
  group->add_subcommand("show", "ports, cross-connects, and what passed each")
      ->fallthrough()
      ->callback([&invocation] {
        invocation.request.emplace().mutable_fabric_show();
        invocation.role = "fe";
      });
  add_fault(*group, invocation, false);
  add_fault(*group, invocation, true);
}

std::string text_of(const control::Fabric& fabric) {
  std::string text = fmt::format("file {} ({}, {} octets)\n{} active, {} reserved, {} failed\n\n",
                                 fabric.file(), fabric.file_state(), fabric.file_octets(),
                                 fabric.active(), fabric.reserved(), fabric.failed());
  Table ports(
      {">PORT", "DEVICE", "SIGNAL", "LABELS", "STATE", "FAILED LABELS", ">RECEIVED", ">SENT"});
  for (const auto& port : fabric.ports()) {
    ports.row({std::to_string(port.id()), port.device().empty() ? "-" : port.device(),
               port.signal(), port.labels(), port.state(), port.failed_labels(),
               std::to_string(port.received()), std::to_string(port.sent())});
  }
  text += ports.text();
  Table rows({">ROW", ">IN", ">LABEL", ">OUT", ">LABEL", "STATE", "STATUS", ">FRAMES", ">DROPPED",
              "OWNER"});
  for (const auto& row : fabric.rows()) {
    rows.row({std::to_string(row.subscript()), std::to_string(row.in_port()),
              fmt::format("{:#x}", row.in_label()), std::to_string(row.out_port()),
              fmt::format("{:#x}", row.out_label()), row.state(), row.status(),
              std::to_string(row.frames()), std::to_string(row.dropped()),
              owner_text(row.owner())});
  }
  if (!rows.empty()) text += fmt::format("\n{}", rows.text());
  Table counters({"COUNTER", ">VALUE"});
  for (const auto& counter : fabric.counters()) {
    if (counter.value() == 0) continue;
    counters.row({counter.reason().empty()
                      ? counter.name()
                      : fmt::format("{}{{{}}}", counter.name(), counter.reason()),
                  std::to_string(counter.value())});
  }
  if (!counters.empty()) text += fmt::format("\n{}", counters.text());
  return text;
}

}  // namespace forces::ctl
