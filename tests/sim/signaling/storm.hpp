// The life of a network of whole transport nodes from a seed: calls and connections made, changed
// and ended by their owners, while packets are lost, repeated, late and out of order, fibres and
// control channels are cut, nodes are killed, FEs are lost, refuse, or say nothing. Its owners'
// book says what must be true in the end.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/signaling/transport.hpp"

namespace forces::signaling::test {

struct StormSize {
  std::uint32_t nodes = 50;
  Duration life = 1h;
  // How LSPs cross domains: over segments, or in adjacencies, of their own.
  ason::calls::Realisation realisation{};
};
struct StormTold {  // what the life was like
  std::uint64_t calls = 0, connections = 0, established = 0, released = 0, changes = 0;
  std::uint64_t kills = 0, cuts = 0, fe_losses = 0, troubles = 0;
  std::uint64_t segments = 0;  // that something goes over, at the most
};

class NetworkStorm {
 public:
  NetworkStorm(std::uint64_t seed, StormSize size);

  void storm();
  // Everything is repaired, and long enough passes for every timer.
  void peace();
  // All owners end all that they have.
  void end();
  // What is not as it must be, in words; empty when all is well. Of what stands, after peace().
  [[nodiscard]] std::vector<std::string> problems();
  // Of what is left, after end().
  [[nodiscard]] std::vector<std::string> leftovers();

  [[nodiscard]] const StormTold& told() const { return told_; }
  [[nodiscard]] Transport& network() { return network_; }

 private:
  struct Wish {  // a connection
    std::uint32_t from = 0, to = 0;
    bool both_ways = true;
    std::string call{};
    bool established = false;  // and it was durable that it was
    bool ending = false;       // by its owner
  };
  struct CallWish {
    std::uint32_t from = 0, to = 0;
    ason::calls::CallHandle handle = 0;
    bool established = false, ending = false;
  };
  template <class Book>
  [[nodiscard]] typename Book::iterator any(Book& book);
  [[nodiscard]] std::uint64_t pick(std::uint64_t below) { return network_.world.pick(below); }
  [[nodiscard]] std::uint32_t any_node();
  [[nodiscard]] std::size_t any_fibre() { return pick(network_.channels.size()); }
  [[nodiscard]] Duration pick(Duration from, Duration to);
  void after(Duration wait, std::function<void()> what);  // unless it is peace by then

  // storm.cpp: what owners do, and what goes wrong
  void step();
  void call();
  void connect();
  void release();
  void end_call();
  void change();
  void kill();
  void cut();
  void lose_fe();
  void trouble();  // at an FE, or a disk
  void weather();
  void look();  // what stands now must not end by itself
  void count_segments();

  // judge.cpp
  struct Judge;

  Transport network_;
  StormSize size_;
  StormTold told_;
  std::map<std::string, Wish> connections_;
  std::map<std::string, CallWish> calls_;
  std::uint64_t names_ = 0;
  bool peace_ = false;
  std::vector<std::string> wrong_;
};

}  // namespace forces::signaling::test
