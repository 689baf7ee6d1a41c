#include "ce/ctl/decode/run.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "ce/ctl/decode/capture.hpp"
#include "ce/ctl/decode/hex.hpp"
#include "ce/ctl/decode/protocols.hpp"
#include "ce/ctl/decode/tcp_stream.hpp"
#include "proto/tml/frame.hpp"

namespace forces::decode {
namespace {

using wire::Bytes;

constexpr std::string_view kBlanks = " \t\r";
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 64;
constexpr int kExitNoInput = 66;

std::vector<std::string_view> split_words(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t at = line.find_first_not_of(kBlanks); at != std::string_view::npos;
       at = line.find_first_not_of(kBlanks, at)) {
    const std::size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

bool all_hex_digits(std::string_view word) {
  return word.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// Prints messages and remembers whether one failed.
class Printer {
 public:
  Printer(const Protocol& protocol, bool reencode, std::ostream& out)
      : protocol_(protocol), reencode_(reencode), out_(out) {}

  // `about` goes in front of the message's own members, e.g. where a capture had it from.
  void message(Bytes octets, Json about = Json::object()) {
    if (reencode_) {
      const auto again = protocol_.reencode(octets);
      if (!again) return failure(again.error(), std::move(about));
      out_ << to_hex(*again) << '\n';
      return;
    }
    const auto json = protocol_.to_json(octets);
    if (!json) return failure(json.error(), std::move(about));
    about.update(*json);
    out_ << dump(about) << '\n';
  }

  void failure(const Error& error, Json about = Json::object()) {
    failed_ = true;
    about.update(error_json(error));
    out_ << dump(about) << '\n';
  }

  [[nodiscard]] int exit_status() const { return failed_ ? kExitFailed : 0; }

 private:
  const Protocol& protocol_;
  bool reencode_;
  std::ostream& out_;
  bool failed_ = false;
};

// The TML streams of a capture, one a direction of a connection.
class StreamDecoder {
 public:
  StreamDecoder(const Protocol& protocol, const std::vector<std::uint16_t>& ports, Printer& printer)
      : protocol_(protocol), ports_(ports), printer_(printer) {}

  void on_segment(const Segment& segment) {
    if (!is_ours(segment.source_port) && !is_ours(segment.destination_port)) return;
    Direction& direction = directions_[{segment.source, segment.destination}];
    if (segment.syn) {
      finish(direction);
      direction = Direction{};
      direction.stream.begin(segment.sequence + 1);
    }
    direction.about = {
        {"time", segment.time}, {"src", segment.source}, {"dst", segment.destination}};
    if (direction.dead) return;
    direction.stream.on_segment(segment.sequence + (segment.syn ? 1 : 0), segment.payload);
    drain(direction);
  }

  // What is left when the capture ends.
  void finish() {
    for (auto& [ends, direction] : directions_) finish(direction);
  }

 private:
  struct Direction {
    TcpStream stream;
    Json about;
    bool dead = false;  // the stream is lost: nothing after the first error can be trusted
  };

  bool is_ours(std::uint16_t port) const { return std::ranges::find(ports_, port) != ports_.end(); }

  void drain(Direction& d) {
    if (d.stream.position() == 0 && is_tls(d.stream.ready())) {
      return kill(d, {Errc::BadValue, 0, "tls.record"});
    }
    for (;;) {
      const Bytes ready = d.stream.ready();
      const tml::Frame frame = tml::scan_frame(ready, tml::kMaxPlSize);
      switch (frame.status) {
        case tml::FrameStatus::Complete:
          if (const auto octets = protocol_.in_tml_frame(ready.first(frame.length))) {
            printer_.message(*octets, d.about);
          }
          d.stream.consume(frame.length);
          continue;
        case tml::FrameStatus::BadVersion:
          return kill(d, {Errc::BadVersion, 0, "tml.version"});
        case tml::FrameStatus::BadLength:
          return kill(d, frame.pl ? Error{Errc::BadLength, 6, "pl.length"}
                                  : Error{Errc::BadLength, 2, "tml.length"});
        case tml::FrameStatus::NeedMore:
          break;
      }
      break;
    }
    if (d.stream.lost()) kill(d, {Errc::Missing, 0, "tcp.segment"});
  }

  // A handshake record is also a well-formed TML header, only with reserved bits that nobody sets.
  static bool is_tls(Bytes octets) {
    return octets.size() >= 3 && octets[0] == std::byte{0x16} && octets[1] == std::byte{0x03} &&
           octets[2] <= std::byte{0x04};
  }

  // Places count from the beginning of the stream.
  void kill(Direction& d, Error error) {
    error.offset += static_cast<std::uint32_t>(d.stream.position());
    printer_.failure(error, d.about);
    d.dead = true;
  }

  void finish(Direction& d) {
    if (d.dead) return;
    if (d.stream.has_hole()) {
      kill(d, {Errc::Missing, static_cast<std::uint32_t>(d.stream.ready().size()), "tcp.segment"});
    } else if (!d.stream.ready().empty()) {
      kill(d, {Errc::Truncated, static_cast<std::uint32_t>(d.stream.ready().size()), "tml.frame"});
    }
  }

  const Protocol& protocol_;
  const std::vector<std::uint16_t>& ports_;
  Printer& printer_;
  std::map<std::pair<std::string, std::string>, Direction> directions_;
};

int run_capture(const DecodeOptions& options, const Protocol& protocol, Printer& printer,
                std::ostream& err) {
  if (protocol.in_tml_frame == nullptr) {
    err << "decode " << protocol.name << ": captures are not supported\n";
    return kExitUsage;
  }
  StreamDecoder decoder(protocol, options.ports, printer);
  const std::string problem =
      read_capture(options.pcap_file, [&](const Segment& segment) { decoder.on_segment(segment); });
  decoder.finish();
  if (!problem.empty()) {
    err << "decode: " << problem << '\n';
    return kExitNoInput;
  }
  return printer.exit_status();
}

}  // namespace

Result<std::vector<std::byte>> octets_of_line(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const auto words = split_words(line);
  if (words.empty()) return std::vector<std::byte>{};
  return from_hex(std::ranges::all_of(words, all_hex_digits) ? line : words.back());
}

int run_decode(const DecodeOptions& options, std::istream& in, std::ostream& out,
               std::ostream& err) {
  const Protocol* protocol = find_protocol(options.protocol);
  if (protocol == nullptr) {
    err << "decode: unknown protocol " << options.protocol << '\n';
    return kExitUsage;
  }
  Printer printer(*protocol, options.reencode, out);
  if (!options.pcap_file.empty()) return run_capture(options, *protocol, printer, err);
  for (std::string line; std::getline(in, line);) {
    const auto octets = octets_of_line(line);
    if (!octets) {
      printer.failure(octets.error());
    } else if (!octets->empty()) {
      printer.message(*octets);
    }
  }
  return printer.exit_status();
}

void add_decode(CLI::App& app, int& exit_status) {
  CLI::App* decode = app.add_subcommand(
      "decode", "Messages in hex, one a line on standard input, to one JSON object a line");
  decode->require_subcommand(1);
  for (const Protocol& protocol : protocols()) {
    CLI::App* command =
        decode->add_subcommand(std::string(protocol.name), std::string(protocol.help));
    const auto options = std::make_shared<DecodeOptions>();
    options->protocol = protocol.name;
    command->add_flag("--reencode", options->reencode,
                      "print the hex of decode-then-encode instead");
    if (protocol.in_tml_frame != nullptr) {
      command->add_option("--pcap", options->pcap_file, "read this capture of an unencrypted TML")
          ->check(CLI::ExistingFile);
      command->add_option("--port", options->ports, "TCP ports of the TML in the capture")
          ->capture_default_str();
    }
    command->callback([options, &exit_status] {
      exit_status = run_decode(*options, std::cin, std::cout, std::cerr);
    });
  }
}

}  // namespace forces::decode
