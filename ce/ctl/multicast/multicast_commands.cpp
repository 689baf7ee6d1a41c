#include "ce/ctl/multicast/multicast_commands.hpp"

#include <memory>
#include <string>

#include "ce/ctl/commands.hpp"

namespace forces::ctl {
namespace {

CLI::App* group(CLI::App& app, const char* name, const char* about) {
  return app.add_subcommand(name, about)->require_subcommand(1)->fallthrough();
}

// `fill` puts the question into a Request of a ce.
template <class Fill>
void asks(CLI::App* command, Invocation& invocation, Fill fill, bool waits = false) {
  command->fallthrough()->callback([&invocation, fill, waits] {
    fill(invocation.request.emplace());
    invocation.role = "ce";
    invocation.waits = waits;
  });
}

void add_groups(CLI::App& app, Invocation& invocation) {
  auto* groups = group(app, "group", "multicast groups, of all servers of the server group");
  asks(groups->add_subcommand("list", "groups and blocks with members, a line each"), invocation,
       [](auto& r) { r.mutable_group_list(); });
  auto* members = groups->add_subcommand("members", "who is in a group, and which MCSs serve it");
  auto address = std::make_shared<std::string>();
  members->add_option("GROUP", *address, "its address, such as 239.1.2.3 or ff0e::1")->required();
  asks(members, invocation, [address](auto& r) { r.mutable_group_members()->set_group(*address); });
}

void add_scsp(CLI::App& app, Invocation& invocation) {
  auto* scsp = group(app, "scsp", "the other servers of the server group (RFC 2334)");
  asks(scsp->add_subcommand("neighbors", "the state of each neighbor"), invocation,
       [](auto& r) { r.mutable_scsp_neighbor_list(); });
  asks(scsp->add_subcommand("cache", "whether it is in sync, and what each server has said"),
       invocation, [](auto& r) { r.mutable_scsp_cache(); });
}

void add_mars(CLI::App& app, Invocation& invocation) {
  auto* mars = group(app, "mars", "the MARS of this ce (RFC 2022)");
  asks(mars->add_subcommand("clients", "cluster members that are registered here"), invocation,
       [](auto& r) { r.mutable_mars_client_list(); });
  asks(mars->add_subcommand("mcs",
                            "multicast servers of all servers, and the groups that they serve"),
       invocation, [](auto& r) { r.mutable_mars_mcs_list(); });
}

void add_drain(CLI::App& app, Invocation& invocation) {
  auto* drain = app.add_subcommand(
      "drain", "send all clients and MCSs to another ce, and wait until this one may be stopped");
  auto request = std::make_shared<control::DrainRequest>();
  auto* to = drain->add_option_function<std::uint32_t>(
      "CE", [request](const std::uint32_t& id) { request->set_to(id); },
      "PL ID of the ce that takes them, 0x...; nothing: one that is alive");
  drain->add_flag_callback(
      "--hard", [request] { request->set_hard(true); },
      "they join their groups there anew, instead of being handed over");
  auto* cancel = drain->add_flag_callback(
      "--cancel", [request] { request->set_cancel(true); }, "no longer: they may come back");
  to->excludes(cancel);
  drain->footer("Example: forcesctl drain 0x40000002\n");
  asks(drain, invocation, [request](auto& r) { *r.mutable_drain() = *request; }, true);
}

}  // namespace

void add_multicast(CLI::App& app, Invocation& invocation) {
  add_groups(app, invocation);
  add_scsp(app, invocation);
  add_mars(app, invocation);
  add_drain(app, invocation);
}

}  // namespace forces::ctl
