// What must be true of a network that was left in peace. Rows are judged by where light goes, not
// by what controllers say of them.
#include <algorithm>

#include "tests/sim/signaling/storm.hpp"

namespace forces::signaling::test {
namespace {

using ason::ConnectionState;
using resource::Way;
using Rooms = TransportNode::Rooms;

std::string words(const LspKey& key) {
  return std::to_string(number_of(key.sender)) + ">" + std::to_string(number_of(key.end_point)) +
         "/" + std::to_string(key.tunnel_id) + "/" + std::to_string(key.lsp_id);
}

}  // namespace

struct NetworkStorm::Judge {
  explicit Judge(Transport& judged) : network(judged) {
    for (const auto& [number, member] : network.members) {
      for (const auto& lsp : member->operate([](Rooms& r) { return r.connections.lsps(); })) {
        lsps[number][lsp.key] = lsp;
      }
      for (const auto& [id, row] : member->rows) {
        by_input[{{id.first, row.in_port}, row.in_label}] = {number, id};
      }
    }
  }
  void say(std::uint32_t number, const std::string& what) {
    bad.push_back(std::string("N").append(std::to_string(number)).append(": ").append(what));
  }

  struct Place {
    FePort port;
    Label label = 0;
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  // Where what comes in here leaves the network, along active rows of these LSPs, which are counted
  // as used; nullopt: it does not.
  std::optional<Place> trace(Place at, const std::set<LspKey>& of) {
    std::vector<Label> carried;  // slots within the one that it is in
    for (int hops = 0; hops < 200; ++hops) {
      const auto found = by_input.find({at.port, at.label});
      if (found == by_input.end()) return std::nullopt;
      const auto& [number, id] = found->second;
      const resource::Row& row = network.at(number).rows.at(id);
      if (!row.active || !of.contains(row.owner.lsp)) return std::nullopt;
      used.insert(found->second);
      at = {{id.first, row.out_port}, row.out_label};
      const std::uint32_t other = id.first < kNodesOfFes ? id.first + kNodesOfFes : number;
      if (row.out_port == kJoint) {
        at.port.fe = other;
      } else if (const auto server = network.plan.around(at.port)) {
        carried.push_back(at.label);
        at = {*server, slot(1)};
      } else if (const auto client = network.plan.inside(at.port); client && !carried.empty()) {
        at = {*client, carried.back()};
        carried.pop_back();
      } else if (const auto* const far = network.far(at.port)) {
        at.port = network.plan.port(far->end);
      } else {
        return at;
      }
    }
    return std::nullopt;
  }

  // A segment or an adjacency, from its ingress on. At its ends a segment has labels and no rows.
  void check_segment(std::uint32_t at, const LspKey& key, const LspKey& user) {
    ++segments;
    const ason::LspView* before = nullptr;
    bool adjacency = false;
    for (int hops = 0; hops < 100; ++hops) {
      const auto here = lsps[at].find(key);
      if (here == lsps[at].end()) return say(at, words(key) + " ends before it");
      const ason::LspView& lsp = here->second;
      seen.insert({at, key});
      if (lsp.state != "up" || lsp.failing || lsp.unsynchronized) {
        say(at, words(key) + " is " + lsp.state + (lsp.failing ? ", failing" : ""));
      }
      if (before != nullptr && (lsp.in_down != before->out_down || lsp.in_up != before->out_up)) {
        say(at, words(key) + " has other labels than at the node before");
      }
      const bool end = lsp.next == NodeId{};
      // An adjacency has both ways, also where all that is in it goes one way.
      adjacency |= lsp.adjacency;
      for (const auto& [id, row] : network.at(at).rows) {
        if (adjacency && row.owner.lsp == key) used.insert({at, id});
      }
      const bool carries = std::ranges::find(lsp.carries, user) != lsp.carries.end();
      const bool alone = lsp.carries.size() == 1 || lsp.adjacency;
      if ((hops == 0 || end) && !(carries && alone)) {
        say(at, words(key) + " does not carry what goes over it");
      }
      if (end) return;
      before = &lsp;
      at = number_of(lsp.next);
    }
  }

  // An LSP from end to end: what its nodes know of it, and its light.
  void check_lsp(const LspKey& key, const Wish& wish) {
    std::uint32_t at = wish.from;
    const auto first = lsps[at].find(key);
    if (first == lsps[at].end()) return say(at, words(key) + " is not there");
    const ason::LspView* lsp = &first->second;
    const Place begin{network.plan.port({node_id(at), 1}), lsp->in_down.at(0)};
    std::set<LspKey> own{key};
    for (int hops = 0; hops < 100; ++hops) {
      seen.insert({at, key});
      if (lsp->state != "up") say(at, words(key) + " is " + lsp->state);
      if (lsp->failing) say(at, words(key) + " is said to be failing");
      if (lsp->unsynchronized) say(at, words(key) + " is not synchronized");
      if (lsp->next == NodeId{}) break;
      if (lsp->segment_out) {
        own.insert(*lsp->segment_out);
        check_segment(number_of(lsp->segment_out->sender), *lsp->segment_out, key);
        at = number_of(lsp->next);
        const auto next = lsps[at].find(key);
        if (next == lsps[at].end()) return say(at, words(key) + " ends before it");
        const ason::LspView* const before = std::exchange(lsp, &next->second);
        if (lsp->segment_in != before->segment_out) {
          say(at, words(key) + " comes by another segment");
        }
        if (lsp->nested && (lsp->in_down != before->out_down || lsp->in_up != before->out_up)) {
          say(at, words(key) + " has other labels than at the node before");
        }
        continue;
      }
      const auto* const far = network.far(network.plan.port({node_id(at), lsp->out}));
      if (far == nullptr || far->end.node != lsp->next)
        return say(at, words(key) + " leads astray");
      at = number_of(far->end.node);
      const auto next = lsps[at].find(key);
      if (next == lsps[at].end()) return say(at, words(key) + " ends before it");
      const ason::LspView* const before = std::exchange(lsp, &next->second);
      if (lsp->in != far->end.interface || lsp->in_down != before->out_down ||
          lsp->in_up != before->out_up) {
        say(at, words(key) + " has other labels than at the node before");
      }
    }
    if (at != wish.to) return say(at, words(key) + " ends here");
    const Place last{network.plan.port({node_id(at), 1}), lsp->out_down.at(0)};
    if (trace(begin, own) != last) say(wish.from, words(key) + " passes no light");
    if (!wish.both_ways) return;
    const Place back_begin{last.port, lsp->out_up.at(0)};
    const Place back_last{begin.port, first->second.in_up.at(0)};
    if (trace(back_begin, own) != back_last) say(at, words(key) + " passes no light back");
  }

  // What nobody needs: rows, labels, LSPs, in any room.
  void check_rest() {
    for (const auto& [number, member] : network.members) {
      std::size_t mine = 0;
      for (const auto& [key, lsp] : lsps[number]) {
        const bool known = seen.contains({number, key});
        mine += known ? 1U : 0U;
        if (!known) say(number, words(key) + " is left, " + lsp.role + ", " + lsp.state);
      }
      std::map<std::pair<FePort, Way>, te::LabelRanges> held;
      for (const auto& [id, row] : member->rows) {
        if (!used.contains({number, id}))
          say(number, "a row of " + words(row.owner.lsp) + " is left");
        held[{{id.first, row.in_port}, Way::Receive}].insert(row.in_label);
        held[{{id.first, row.out_port}, Way::Send}].insert(row.out_label);
      }
      member->operate([&](Rooms& rooms) {
        for (const LspKey& key : rooms.manager.connections()) {
          if (!seen.contains({number, key})) say(number, "labels of " + words(key) + " are held");
        }
        for (const std::uint32_t id : rooms.manager.interfaces()) {
          const auto& interface = *rooms.manager.interface(id);
          for (const Way way : {Way::Receive, Way::Send}) {
            const auto free = interface.labels - held[{interface.port, way}];
            if (rooms.manager.free_labels(id, way) != free) {
              say(number, "a label of interface " + std::to_string(id) + " is leaked");
            }
          }
        }
        const auto engine = rooms.engine.snapshot();
        if (engine.lsps != mine) {
          say(number,
              "the engine has " + std::to_string(engine.lsps) + " LSPs of " + std::to_string(mine));
        }
        for (const auto& neighbor : engine.neighbors) {
          if (neighbor.adjacent && neighbor.state != engine::NeighborState::Up) {
            say(number, "a neighbour is lost");
          }
        }
      });
    }
  }

  void check_calls() {
    std::map<std::uint32_t, std::map<std::string, ason::calls::Call>> known;
    for (const auto& [number, member] : network.members) {
      member->operate([&](Rooms& rooms) {
        for (const auto* const call : rooms.calls.list()) known[number][call->id.name] = *call;
      });
    }
    for (const auto& [number, calls] : known) {
      for (const auto& [name, call] : calls) {
        if (call.state() != ason::calls::CallState::Active) {
          say(number, name + " is " + std::string(to_string(call.state())));
        }
        for (const auto side : {ason::calls::Side::Up, ason::calls::Side::Down}) {
          const auto& leg = call.leg(side);
          if (!leg) continue;
          const auto& there = known[number_of({leg->peer.v4()})];
          const auto other = there.find(name);
          const auto* const back =
              other == there.end() ? nullptr : &other->second.leg(ason::calls::other(side));
          if (back == nullptr || !*back || number_of({(*back)->peer.v4()}) != number) {
            say(number, name + " is half a call: not at " + ason::calls::to_text(leg->peer));
          }
        }
        for (const auto& connection : call.connections) {
          if (!seen.contains({number, connection.key})) {
            say(number, name + " has a connection that is gone: " + words(connection.key));
          }
        }
      }
    }
  }

  Transport& network;
  std::map<std::uint32_t, std::map<LspKey, ason::LspView>> lsps;
  using Row = std::pair<std::uint32_t, Member::RowId>;  // at a node
  std::map<std::pair<FePort, Label>, Row> by_input;
  std::set<Row> used;
  std::uint64_t segments = 0;
  std::set<std::pair<std::uint32_t, LspKey>> seen;
  std::vector<std::string> bad;
};

std::vector<std::string> NetworkStorm::problems() {
  Judge judge(network_);
  judge.bad = wrong_;
  if (network_.spins) judge.bad.emplace_back("a node spins");
  for (const auto& [name, wish] : connections_) {
    const auto view =
        network_.at(wish.from).operate([&](Rooms& rooms) { return rooms.connections.show(name); });
    if (!view || view->state == ConnectionState::Failed) continue;
    if (view->state == ConnectionState::Up) {
      judge.check_lsp(view->lsp, wish);
    } else {
      judge.say(wish.from, name + " is " + std::string(to_string(view->state)));
    }
  }
  judge.check_rest();
  judge.check_calls();
  told_.segments = std::max(told_.segments, judge.segments);
  return judge.bad;
}

std::vector<std::string> NetworkStorm::leftovers() {
  Judge judge(network_);
  judge.check_rest();
  for (const auto& [number, member] : network_.members) {
    const auto calls = member->operate([](Rooms& rooms) { return rooms.calls.held(); });
    for (const auto& one : member->operate([](Rooms& r) { return r.connections.list(); })) {
      judge.say(number, one.name + " is left, " + std::string(to_string(one.state)));
    }
    if (calls != 0) judge.say(number, std::to_string(calls) + " calls are left");
    std::size_t records = 0;
    (void)member->store.scan(TransportNode::kTable, {}, [&](state::Bytes, state::Bytes) {
      ++records;
      return true;
    });
    // That it was started, and that calls are all in it.
    if (records > 2) judge.say(number, std::to_string(records - 2) + " records are left");
  }
  return judge.bad;
}

}  // namespace forces::signaling::test
