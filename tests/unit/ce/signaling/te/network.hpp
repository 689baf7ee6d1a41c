// TE networks in one line: nodes by letters, links by pairs of them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>

#include "ce/signaling/te/path_finder.hpp"

namespace forces::signaling::te {

inline NodeId node_of(char letter) { return {static_cast<std::uint32_t>(letter)}; }

class Network {
 public:
  Database db;
  PathFinder finder{db};

  // "A-B" with the metric, both directions; interfaces are numbered from 1 on at each node.
  Link link(char a, char b, std::uint32_t metric = 1, std::uint32_t slots = 4) {
    ensure(a);
    ensure(b);
    Link link;
    link.ends = {LinkEnd{node_of(a), ++interfaces_[a]}, LinkEnd{node_of(b), ++interfaces_[b]}};
    for (Direction& way : link.directions) {
      way.metric = metric;
      way.free = LabelRanges::sdh_slots(1, slots);
    }
    EXPECT_TRUE(db.set(link));
    return link;
  }
  void ensure(char letter) {
    if (db.node(node_of(letter)) != nullptr) return;
    EXPECT_TRUE(db.set(Node{.id = node_of(letter)}));
  }
  void set(char letter, auto&& change) {
    ensure(letter);
    Node node = *db.node(node_of(letter));
    change(node);
    EXPECT_TRUE(db.set(node));
  }
  void change(const Link& link, auto&& change) {
    Link copy = *db.link(link.ends[0]);
    change(copy);
    EXPECT_TRUE(db.set(copy));
  }

  static Request request(char from, char to) {
    Request r;
    r.source = node_of(from);
    r.destination = node_of(to);
    return r;
  }
  // "ABC", or the reason.
  std::string find(const Request& r) {
    const auto path = finder.find(r);
    return path ? text(*path, r.source) : std::string(to_string(path.error().reason));
  }
  std::string find(char from, char to) { return find(request(from, to)); }
  std::string pair(const Request& r, Disjoint disjoint = {}) {
    const auto pair = finder.find_pair(r, disjoint);
    if (!pair) return std::string(to_string(pair.error().reason));
    return text(pair->working, r.source) + " " + text(pair->recovery, r.source);
  }
  static std::string text(const Path& path, NodeId from) {
    std::string letters(1, static_cast<char>(from.value));
    for (const PathHop& hop : path.hops) letters.push_back(static_cast<char>(hop.in.node.value));
    return letters;
  }

 private:
  std::map<char, std::uint32_t> interfaces_;
};

// A to Z by B and C, or by the longer D.
class Diamond : public testing::Test {
 protected:
  Diamond() {
    ab = net.link('A', 'B');
    bz = net.link('B', 'Z');
    ac = net.link('A', 'C', 2);
    cz = net.link('C', 'Z', 2);
    ad = net.link('A', 'D', 5);
    dz = net.link('D', 'Z', 5);
  }
  Network net;
  Link ab, bz, ac, cz, ad, dz;
};

}  // namespace forces::signaling::te
