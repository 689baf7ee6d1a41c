#include <map>
#include <string>
#include <utility>

#include "tests/bench/harness/workloads.hpp"

int main(int argc, char** argv) {
  using namespace forces::bench;
  using End = void (*)(const Options&, Board&);
  static const std::map<std::string, std::pair<End, End>> kWorkloads = {
      {"W1", {stream_server, stream_client}},
      {"W2", {ping_server, ping_client}},
      {"W3", {flood_server, flood_client}},
      {"W4", {fan_out_server, fan_out_client}}};
  const Options options = parse_options(argc, argv);
  const auto& [server, client] = kWorkloads.at(options.work);
  const Board& board = run_pair(
      options, [&](Board& b) { server(options, b); }, [&](Board& b) { client(options, b); });
  if (options.work == "W1") report_window(kPeer, options, board);
  if (options.work == "W4") report_storm(kPeer, options, board, connections(options));
  return 0;
}
