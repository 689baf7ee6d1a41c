#include "ce/ctl/element/membership.hpp"

#include <fmt/format.h>

#include "ce/ctl/commands.hpp"
#include "ce/ctl/table.hpp"

namespace forces::ctl {
namespace {

// "2", "3 only 10.0.0.1", "4 not 10.0.0.2".
std::string port_text(const control::MembershipPort& port) {
  std::string text = std::to_string(port.port());
  if (port.sources().empty()) return text;
  text.append(port.mode() == "include" ? " only" : " not");
  for (const auto& source : port.sources()) text.append(" ").append(source);
  return text;
}

std::string ports_text(const control::Membership& membership) {
  std::string text;
  for (const auto& port : membership.ports()) {
    text.append(text.empty() ? "" : ", ").append(port_text(port));
  }
  return text;
}

}  // namespace

void add_membership(CLI::App& app, Invocation& invocation) {
  auto* group =
      app.add_subcommand("membership", "groups joined at an fe's ports (with --socket of the fe)")
          ->require_subcommand(1)
          ->fallthrough();
  group->add_subcommand("list", "MARS, queriers, groups with their ports and sources")
      ->fallthrough()
      ->callback([&invocation] {
        invocation.request.emplace().mutable_membership_list();
        invocation.role = "fe";
      });
}

std::string text_of(const control::MembershipList& list) {
  std::string text;
  Table parties({"FAMILY", "ROLE", "STATE", "CE", ">CMI", "ALL CONFIRMED"});
  for (const auto& party : list.parties()) {
    parties.row({party.family(), party.role(), party.state(),
                 party.ce() == 0 ? "-" : fmt::format("{:#x}", party.ce()),
                 party.cmi() == 0 ? "-" : std::to_string(party.cmi()),
                 party.settled() ? "yes" : "no"});
  }
  text += parties.empty() ? "no MARS yet: this fe has not been associated\n" : parties.text();
  Table links({">PORT", "FAMILY", "STATE", "QUERIER", "ROUTER", ">GROUPS"});
  for (const auto& link : list.links()) {
    links.row({std::to_string(link.port()), link.family(), link.up() ? "up" : "down",
               link.querier().empty() ? "-" : link.querier(), link.router() ? "yes" : "no",
               std::to_string(link.groups())});
  }
  text.append("\n").append(links.text());
  Table groups({"GROUP", "MARS", "PORTS"});
  for (const auto& one : list.memberships()) {
    groups.row({one.group(), one.confirmed() ? "confirmed" : "-", ports_text(one)});
  }
  if (!groups.empty()) text.append("\n").append(groups.text());
  return text;
}

}  // namespace forces::ctl
