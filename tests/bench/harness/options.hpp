// The command line that every bench program shares.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace forces::bench {

struct Options {
  std::string work;             // W1 W2 W3 W4
  bool tls = false;             // mutual TLS 1.3; else plain
  std::size_t size = 64;        // W1: octets of a message
  double warm = 0.15;           // W1: seconds before the window opens
  double seconds = 0.4;         // W1: the window; W3: the timed part
  std::uint64_t count = 0;      // W1, W2: exactly so many messages; 0: by time
  std::size_t peers = 100;      // W4: connections
  bool flood = true;            // W3: data beside the pings
  std::string variant;          // program-specific words
  std::string pin = "split";    // split: a core for each process; one; none
  std::string certs = "certs";  // ca.crt, server.crt, server.key, client.crt, client.key

  bool is(std::string_view word) const { return variant.find(word) != std::string::npos; }
};

// Prints the usage and ends the process when the arguments make no sense.
Options parse_options(int argc, char** argv);

}  // namespace forces::bench
