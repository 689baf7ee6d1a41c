#include <CLI/CLI.hpp>
#include <iostream>

#include "ce/ctl/commands.hpp"
#include "ce/ctl/decode/run.hpp"

int main(int argc, char** argv) {
  CLI::App app{"Asks a running ce or fe, and decodes messages.", "forcesctl"};
  forces::ctl::Invocation invocation;
  int decode_status = EXIT_SUCCESS;
  forces::ctl::add_commands(app, invocation);
  forces::decode::add_decode(app, decode_status);
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
