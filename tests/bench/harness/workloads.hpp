// What a bench program consists of: its name, and two ends for each workload. harness/main.cpp,
// which every program compiles, calls them.
#pragma once

#include <cstddef>

#include "tests/bench/harness/measure.hpp"
#include "tests/bench/harness/options.hpp"
#include "tests/bench/harness/pair.hpp"

namespace forces::bench {

extern const char* const kPeer;
std::size_t connections(const Options& options);  // W4: how many its result is divided by

void stream_server(const Options& options, Board& board);  // W1
void stream_client(const Options& options, Board& board);
void ping_server(const Options& options, Board& board);  // W2
void ping_client(const Options& options, Board& board);
void flood_server(const Options& options, Board& board);  // W3
void flood_client(const Options& options, Board& board);
void fan_out_server(const Options& options, Board& board);  // W4
void fan_out_client(const Options& options, Board& board);

}  // namespace forces::bench
