#include "ce/ctl/lfb/lfb_commands.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "ce/ctl/commands.hpp"
#include "proto/model/json/json.hpp"

namespace forces::ctl {
namespace {

constexpr const char* kPaths =
    "A PATH is CLASS.INSTANCE/COMPONENT/..., by names or numbers; the end of a name is enough "
    "where\n"
    "only one has it, and a row of a table with a key is also TABLE[KEY]:\n"
    "  IPv4UcastLPM.1/IPv4PrefixTable/17/HopSelector\n"
    "  10.1/1/17/6\n"
    "  IPv4UcastLPM.1/PrefixTable[10.0.0.0/24]\n";

struct Change {
  std::uint32_t fe = 0;
  std::vector<std::uint32_t> others;
  std::string path;
  std::string value;
};

void take(const Change& change, Invocation& invocation, bool set) {
  auto& request = *invocation.request.emplace().mutable_lfb_change();
  request.add_fes(change.fe);
  for (const std::uint32_t fe : change.others) request.add_fes(fe);
  request.set_path(change.path);
  invocation.role = "ce";
  if (!set) return;
  const auto value = model::json_of_text(change.value);
  if (!value) {
    throw CLI::ValidationError("VALUE", fmt::format("{} is no JSON", change.value));
  }
  *request.mutable_value() = *value;
}

void add_get(CLI::App& group, Invocation& invocation) {
  auto* get = group.add_subcommand("get", "the LFBs of an FE, or what a path leads to")
                  ->fallthrough()
                  ->footer(kPaths);
  auto request = std::make_shared<control::LfbGetRequest>();
  get->add_option_function<std::uint32_t>(
         "FE", [request](std::uint32_t fe) { request->set_fe(fe); }, "PL ID")
      ->required();
  get->add_option_function<std::string>(
      "PATH", [request](const std::string& path) { request->set_path(path); },
      "nothing: which LFBs there are");
  get->add_flag_callback(
      "--properties", [request] { request->set_properties(true); },
      "access, sizes, registrations of events (RFC 5812 section 4.8) instead of values");
  get->add_option_function<std::uint32_t>(
      "--from", [request](std::uint32_t row) { request->set_from(row); },
      "of a table: the first subscript");
  get->add_option_function<std::uint32_t>(
         "--count", [request](std::uint32_t count) { request->set_count(count); },
         "of a table: rows at most; nothing: all")
      ->check(CLI::PositiveNumber);
  get->callback([&invocation, request] {
    *invocation.request.emplace().mutable_lfb_get() = *request;
    invocation.role = "ce";
  });
}

void add_change(CLI::App& group, Invocation& invocation, bool set) {
  auto* command = group.add_subcommand(
      set ? "set" : "del",
      set ? "change a component, a row, or fields of a row" : "delete a row of a table");
  command->fallthrough();
  auto change = std::make_shared<Change>();
  command->add_option("FE", change->fe, "PL ID")->required();
  command->add_option("PATH", change->path, "what; see below")->required();
  std::string footer = kPaths;
  if (set) {
    command->add_option("VALUE", change->value, "JSON, or text without quotes")->required();
    footer +=
        "A VALUE is a number, true, false, an address, text, or JSON: {\"FIELD\": VALUE, ...} for "
        "a row,\n"
        "whose fields that are not named keep their values, {\"SUBSCRIPT\": VALUE, ...} for a "
        "whole table.\n"
        "`lfb get FE CLASS.INSTANCE` tells types. Octets, and what has no known type: 0x0a0b.\n";
  }
  command->footer(footer);
  command
      ->add_option("--fe", change->others,
                   "at this FE too, in one transaction: at all or at none; again for more")
      ->allow_extra_args(false);
  command->callback([&invocation, change, set] { take(*change, invocation, set); });
}

}  // namespace

void add_lfb(CLI::App& app, Invocation& invocation) {
  auto* group = app.add_subcommand("lfb", "what FEs have in their LFBs, and changing it")
                    ->require_subcommand(1)
                    ->fallthrough();
  add_get(*group, invocation);
  add_change(*group, invocation, true);
  add_change(*group, invocation, false);
}

}  // namespace forces::ctl
