#include "tests/bench/harness/options.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>

namespace forces::bench {

Options parse_options(int argc, char** argv) {
  Options options;
  bool no_flood = false;
  CLI::App app("One workload between two processes of this machine; one JSON line on success.");
  app.add_option("workload", options.work, "stream, round trip, control under flood, fan-out")
      ->required()
      ->check(CLI::IsMember({"W1", "W2", "W3", "W4"}));
  app.add_flag("--tls", options.tls, "TLS 1.3, both sides authenticated");
  app.add_option("--size", options.size, "W1: octets of a message");
  app.add_option("--warm", options.warm, "W1: seconds before the window");
  app.add_option("--secs", options.seconds, "W1, W3: seconds measured");
  app.add_option("--count", options.count, "W1, W2: exact number of messages, nothing warmed up");
  app.add_option("--n", options.peers, "W4: connections");
  app.add_flag("--no-flood", no_flood, "W3: pings only");
  app.add_option("--variant", options.variant, "see README.md");
  app.add_option("--pin", options.pin)->check(CLI::IsMember({"split", "one", "none"}));
  app.add_option("--certs", options.certs, "folder of the certificates");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  options.flood = !no_flood;
  return options;
}

}  // namespace forces::bench
