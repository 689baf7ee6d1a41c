#include "ce/ctl/commands.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "ce/ctl/client.hpp"
#include "ce/ctl/element/fabric.hpp"
#include "ce/ctl/element/membership.hpp"
#include "ce/ctl/lfb/lfb_commands.hpp"
#include "ce/ctl/multicast/multicast_commands.hpp"
#include "ce/ctl/render.hpp"
#include "ce/ctl/signaling/signaling_commands.hpp"

namespace forces::ctl {
namespace {

// `fe ...` at a ce and `ce ...` at an fe: the other ends of the associations.
void add_elements(CLI::App& app, Invocation& invocation, const std::string& peer,
                  const std::string& role, const std::string& about) {
  auto* group = app.add_subcommand(peer, about)->require_subcommand(1)->fallthrough();
  auto* list = group->add_subcommand("list", "all of them, a line each")->fallthrough();
  list->callback([&invocation, role] {
    invocation.request.emplace().mutable_element_list();
    invocation.role = role;
  });
  auto* show = group->add_subcommand("show", "one, with its ports and counters")->fallthrough();
  auto id = std::make_shared<std::uint32_t>(0);
  show->add_option("ID", *id, "PL ID, decimal or 0x...")->required();
  show->callback([&invocation, role, id] {
    invocation.request.emplace().mutable_element_show()->set_id(*id);
    invocation.role = role;
  });
}

void add_channels(CLI::App& app, Invocation& invocation) {
  auto* group = app.add_subcommand("channel", "TML channels (control and data)")
                    ->require_subcommand(1)
                    ->fallthrough();
  auto* list = group->add_subcommand("list", "all of them, a line each")->fallthrough();
  list->callback([&invocation] { invocation.request.emplace().mutable_channel_list(); });
  auto* show = group->add_subcommand("show", "one, with its counters")->fallthrough();
  auto handle = std::make_shared<std::uint64_t>(0);
  show->add_option("CHANNEL", *handle, "the number in the first column of `channel list`")
      ->required();
  show->callback([&invocation, handle] {
    invocation.request.emplace().mutable_channel_show()->set_handle(*handle);
  });
}

// What only a ce has: routes, transactions and mastership.
void add_routes(CLI::App& app, Invocation& invocation) {
  auto* group = app.add_subcommand("route", "routes of zebra, and how far they are at each FE")
                    ->require_subcommand(1)
                    ->fallthrough();
  auto* list = group->add_subcommand("list", "all of them, a line each")->fallthrough();
  auto fe = std::make_shared<std::uint32_t>(0);
  list->add_option("--fe", *fe, "only the state at this FE");
  list->callback([&invocation, fe] {
    invocation.request.emplace().mutable_route_list()->set_fe(*fe);
    invocation.role = "ce";
  });
  auto* transactions = app.add_subcommand("transaction", "changes of several FEs at once")
                           ->require_subcommand(1)
                           ->fallthrough();
  transactions->add_subcommand("list", "the last hundred, and how they ended")
      ->fallthrough()
      ->callback([&invocation] {
        invocation.request.emplace().mutable_transaction_list();
        invocation.role = "ce";
      });
}

void add_ha(CLI::App& app, Invocation& invocation) {
  auto* group = app.add_subcommand("ha", "which CE each FE obeys (RFC 7121)")
                    ->require_subcommand(1)
                    ->fallthrough();
  group->add_subcommand("status", "the master of each FE")->fallthrough()->callback([&invocation] {
    invocation.request.emplace().mutable_ha_status();
    invocation.role = "ce";
  });
  auto* change = group->add_subcommand("switch", "hand FEs over to another CE")->fallthrough();
  auto to = std::make_shared<std::uint32_t>(0);
  auto fes = std::make_shared<std::vector<std::uint32_t>>();
  change->add_option("CE", *to, "PL ID of the new master, 0x...")->required();
  change->add_option("--fe", *fes, "only these FEs; nothing: all whose master this CE is");
  change->callback([&invocation, to, fes] {
    auto& request = *invocation.request.emplace().mutable_ha_switch();
    request.set_to(*to);
    for (const std::uint32_t fe : *fes) request.add_fes(fe);
    invocation.role = "ce";
  });
}

void add_log(CLI::App& app, Invocation& invocation) {
  auto* group =
      app.add_subcommand("log", "what the daemon logs")->require_subcommand(1)->fallthrough();
  auto* level = group->add_subcommand("level", "show the levels, or set them")->fallthrough();
  auto request = std::make_shared<control::LogLevelRequest>();
  level->add_option_function<std::string>(
      "LEVEL", [request](const std::string& text) { request->set_level(text); },
      "trace, debug, info, warning, error or off; nothing: only show");
  level->add_option_function<std::string>(
      "--component", [request](const std::string& text) { request->set_component(text); },
      "only of this component");
  level->callback(
      [&invocation, request] { *invocation.request.emplace().mutable_log_level() = *request; });
}

}  // namespace

void add_commands(CLI::App& app, Invocation& invocation) {
  app.add_option("--socket", invocation.socket, "the daemon's local socket; of an fe: its fe.sock")
      ->envname("FORCES_SOCKET")
      ->capture_default_str();
  app.add_flag("--json", invocation.json, "print JSON (names as in proto/schema/control.proto)");
  app.add_option("--timeout", invocation.timeout_s, "seconds to wait for an answer")
      ->check(CLI::Range(0.1, 3600.0))
      ->default_str("5; of what takes its time 300");

  app.add_subcommand("status", "what runs, since when, and how it is")
      ->fallthrough()
      ->callback([&invocation] { invocation.request.emplace().mutable_status(); });
  add_elements(app, invocation, "fe", "ce", "FEs of a ce");
  add_elements(app, invocation, "ce", "fe", "CEs of an fe (with --socket of the fe)");
  add_channels(app, invocation);
  add_routes(app, invocation);
  add_lfb(app, invocation);
  add_ha(app, invocation);
  add_fabric(app, invocation);
  add_membership(app, invocation);
  add_signaling(app, invocation);
  add_multicast(app, invocation);
  auto filter = std::make_shared<std::string>();
  auto* stats = app.add_subcommand("stats", "every metric, as at /metrics")->fallthrough();
  stats->add_option("--filter", *filter, "only metrics whose name contains this");
  stats->callback(
      [&invocation, filter] { invocation.request.emplace().mutable_stats()->set_filter(*filter); });
  add_log(app, invocation);
  auto* tls =
      app.add_subcommand("tls", "certificates in use")->require_subcommand(1)->fallthrough();
  tls->add_subcommand("reload", "read CA, CRL, certificate and key again; live channels stay")
      ->fallthrough()
      ->callback([&invocation] { invocation.request.emplace().mutable_tls_reload(); });
  app.footer(
      "Examples:\n"
      "  forcesctl status\n"
      "  forcesctl fe show 2\n"
      "  forcesctl route list --fe 2\n"
      "  forcesctl lfb get 2 FEPO.1\n"
      "  forcesctl lfb set 2 FEObject.1/FEName edge2\n"
      "  forcesctl --socket /run/forces/fe.sock channel list --json\n"
      "  forcesctl --socket /run/forces/fe.sock fabric fail 3 0x10000-0x40000\n"
      "  forcesctl --socket /run/forces/fe.sock membership list\n"
      "  forcesctl spc create 1 192.0.2.3:7 --name blue\n"
      "  forcesctl connection show blue\n"
      "  forcesctl group members 239.1.2.3\n"
      "  forcesctl stats --filter drops\n"
      "  forcesctl log level debug --component association\n"
      "  echo 100f00060000000240000001000000000000000700000000 | forcesctl decode pl\n"
      "Exit status: 0, 1 the daemon refused or something did not decode, 64 usage, 69 no daemon.");
}

int execute(const Invocation& invocation) {
  const double seconds = invocation.timeout_s.value_or(invocation.waits ? kPatience : kTimeout);
  const auto timeout = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  const auto no_answer = [](const std::string& why) {
    fmt::print(stderr, "forcesctl: {}\n", why);
    return kExitUnavailable;
  };
  if (!invocation.role.empty()) {
    control::Request request;
    request.mutable_status();
    const auto status = ask(invocation.socket, request, timeout);
    if (!status) return no_answer(status.error());
    if (const auto& program = status->status().program(); program != invocation.role) {
      fmt::print(stderr,
                 "forcesctl: {} is the socket of {}, whose peers are shown by `forcesctl {} ...`\n",
                 invocation.socket, program == "fe" ? "an fe" : "a ce",
                 program == "fe" ? "ce" : "fe");
      return kExitRefused;
    }
  }
  const auto progress = [](const std::string& text) {
    if (!text.empty()) fmt::print(stderr, "forcesctl: still waiting: {}\n", text);
  };
  const auto response = ask_all(invocation.socket, *invocation.request, timeout, progress);
  if (!response) return no_answer(response.error());
  if (response->has_error()) {
    fmt::print(stderr, "forcesctl: {}", render_text(*response));
    if (invocation.json) fmt::print("{}", render_json(*response));
    return kExitRefused;
  }
  if (response->has_pending()) {
    if (!response->pending().progress().empty()) {
      return no_answer(fmt::format("not ended in {:g} s (--timeout SECONDS), and it goes on: {}",
                                   seconds, response->pending().progress()));
    }
    return no_answer(
        fmt::format("no FE has answered in {:g} s (--timeout SECONDS); what was asked "
                    "for may still be done",
                    seconds));
  }
  fmt::print("{}", invocation.json ? render_json(*response) : render_text(*response));
  return EXIT_SUCCESS;
}

}  // namespace forces::ctl
