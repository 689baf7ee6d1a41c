#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "ce/ctl/commands.hpp"
#include "ce/ctl/decode/run.hpp"

namespace {

// What is wrong, and what the command that was meant takes.
std::string explain(const CLI::App* app, const CLI::Error& error) {
  std::string words = app->get_name();
  while (!app->get_subcommands().empty()) {
    app = app->get_subcommands().front();
    words += " " + app->get_name();
  }
  std::string commands;
  for (const auto* one : app->get_subcommands([](const CLI::App*) { return true; })) {
    commands += (commands.empty() ? "" : ", ") + one->get_name();
  }
  return words + ": " + error.what() + "\n" +
         (commands.empty() ? "" : "Commands: " + commands + ".\n") + "Try `" + words +
         " --help`.\n";
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Asks a running ce or fe, and decodes messages.", "forcesctl"};
  forces::ctl::Invocation invocation;
  int decode_status = EXIT_SUCCESS;
  forces::ctl::add_commands(app, invocation);
  forces::decode::add_decode(app, decode_status);
  app.failure_message(explain);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EXIT_SUCCESS : forces::ctl::kExitUsage;
  }
  if (app.get_subcommands().empty()) {
    std::cerr << "forcesctl: which command?\n\n" << app.help();
    return forces::ctl::kExitUsage;
  }
  return invocation.request ? forces::ctl::execute(invocation) : decode_status;
}
