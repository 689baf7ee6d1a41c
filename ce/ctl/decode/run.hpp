// `forcesctl decode`: messages in, one line of JSON each out. Needs no daemon.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming)
class App;
}

namespace forces::decode {

struct DecodeOptions {
  std::string protocol;                          // a row of protocols()
  bool reencode = false;                         // print the hex of decode-then-encode instead
  std::string pcap_file;                         // read this capture instead of the input
  std::vector<std::uint16_t> ports{6704, 6705};  // TCP ports of the TML in it
};

// The octets that a line of input stands for: hex, with blanks anywhere; in a line with other words
// the last one is the hex. '#' begins a comment. Empty when the line holds nothing.
[[nodiscard]] Result<std::vector<std::byte>> octets_of_line(std::string_view line);

// Exit status: 0, or 1 when a message did not decode (all others are printed all the same), 64 for
// an unknown protocol, 66 when the capture cannot be read.
[[nodiscard]] int run_decode(const DecodeOptions& options, std::istream& in, std::ostream& out,
                             std::ostream& err);

// Adds the subcommand; when it is the one called, it runs at once and leaves its exit status.
void add_decode(CLI::App& app, int& exit_status);

}  // namespace forces::decode
