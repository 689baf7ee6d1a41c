// What owns an engine in a storm: a connection controller without routes, labels' meaning or calls.
// Where an LSP goes is written down beforehand; its ingress has a journal of what is wanted.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/rsvp/network.hpp"

namespace forces::signaling::engine::sim {

struct Plan {  // of one LSP
  std::vector<NodeId> route;
  bool wanted = true;
  bool established = false;  // its ingress saw a Resv
};

class Owners {
 public:
  explicit Owners(Network& network) : network_(network) {}

  std::map<LspKey, Plan> plans;
  std::vector<std::string> wrong;  // what must never happen

  void own(Node& node) {
    node.owner = [this](Node& at, const Output& event) { on_event(at, event); };
  }
  void create(const LspKey& key, std::vector<NodeId> route) {
    Node& ingress = network_.at(route.front());
    plans[key] = {std::move(route)};
    if (!ingress.runs()) return;
    send_path(ingress, key);
    ingress.pump();
  }
  void remove(const LspKey& key) {
    Plan& plan = plans.at(key);
    plan.wanted = false;
    Node& ingress = network_.at(plan.route.front());
    if (!ingress.runs()) return;
    tear(ingress, key);
    ingress.pump();
  }
  // A process that begins again has its journal, and the rest from its neighbours.
  void restart(Node& node) {
    orphans_.erase(node.id());
    torn_.erase(node.id());
    alarms_.erase(node.id());
    node.start(true);
    for (const auto& [key, plan] : plans) {
      if (!plan.wanted && plan.route.front() == node.id()) tear(node, key);
    }
    node.pump();
  }

  // An operator looks at the alarms that still stand.
  void operator_round() {
    for (auto& [id, keys] : std::map(alarms_)) {
      Node& node = network_.at(id);
      if (!node.runs()) continue;
      for (const LspKey& key : keys) operator_decides(node, key);
      node.pump();
    }
  }

  // Every half where it belongs, and none anywhere else.
  [[nodiscard]] std::vector<std::string> differences() {
    std::vector<std::string> found;
    for (const auto& [key, plan] : plans) {
      for (std::size_t i = 0; i < plan.route.size(); ++i) {
        Engine& e = network_.at(plan.route[i]).engine();
        const NodeId before = i == 0 || !plan.wanted ? NodeId{} : plan.route[i - 1];
        const bool last = i + 1 == plan.route.size();
        const NodeId after = last || !plan.wanted ? NodeId{} : plan.route[i + 1];
        if (e.previous_hop(key) != before) found.push_back(name(key, i) + ": upstream");
        if (e.next_hop(key) != after) found.push_back(name(key, i) + ": downstream");
        if (!last && (e.received_resv(key) != nullptr) != plan.wanted) {
          found.push_back(name(key, i) + ": resv");
        }
      }
    }
    return found;
  }

 private:
  static std::string name(const LspKey& key, std::size_t hop) {
    return std::to_string(key.tunnel_id) + " at hop " + std::to_string(hop);
  }
  [[nodiscard]] std::size_t place(const Node& node, const Plan& plan) const {
    std::size_t i = 0;
    while (plan.route[i] != node.id()) ++i;
    return i;
  }
  static std::uint32_t interface(NodeId from, NodeId to) {
    return (from.value ^ to.value) & 0xffff;
  }
  static std::uint32_t label(const LspKey& key) { return std::uint32_t{key.tunnel_id} << 16; }

  void send_path(Node& node, const LspKey& key) {
    const Plan& plan = plans.at(key);
    const std::size_t i = place(node, plan);
    const NodeId next = plan.route[i + 1];
    static_cast<void>(node.engine().set_path(
        key, next, path(key, node.id(), interface(node.id(), next)), network_.world.now()));
  }
  void send_resv(Node& node, const LspKey& key, NodeId to) {
    static_cast<void>(node.engine().set_resv(
        key, resv(key, to, label(key), rsvp::Style::kSharedExplicit, interface(node.id(), to)),
        network_.world.now()));
  }
  void tear(Node& node, const LspKey& key) {
    if (node.engine().next_hop(key) != NodeId{}) {
      static_cast<void>(node.engine().tear_path(key, network_.world.now()));
      return;
    }
    const Plan& plan = plans.at(key);
    tear_at(node, key, plan.route[place(node, plan) + 1]);
  }
  void tear_at(Node& node, const LspKey& key, NodeId next) {
    rsvp::Message m{.type = rsvp::MessageType::PathTear};
    m.objects.emplace_back(session(key));
    m.objects.emplace_back(hop(node.id(), interface(node.id(), next)));
    m.objects.emplace_back(rsvp::SenderTemplate{rsvp::Address::v4(key.sender.value), key.lsp_id});
    static_cast<void>(node.engine().tear_path(key, next, m, network_.world.now()));
  }
  void released(const Node& node, const LspKey& key, Gone why) {
    const Plan& plan = plans.at(key);
    if (plan.wanted && plan.established) {
      wrong.push_back(name(key, place(node, plan)) + " released: " + std::string(to_string(why)));
    }
  }

  void on_event(Node& node, const Output& event) {
    Engine& e = node.engine();
    if (const auto* const p = std::get_if<PathReceived>(&event)) {
      const bool egress = plans.at(p->key).route.back() == node.id();
      // The fabric keeps the cross-connects of what was established.
      if (plans.at(p->key).established) static_cast<void>(e.keep(p->key, network_.world.now()));
      if (egress) {
        send_resv(node, p->key, p->from);
      } else {
        send_path(node, p->key);
        if (e.received_resv(p->key) != nullptr) send_resv(node, p->key, p->from);
      }
      orphans_[node.id()].erase(p->key);
    } else if (const auto* const r = std::get_if<ResvReceived>(&event)) {
      Plan& plan = plans.at(r->key);
      if (plan.route.front() == node.id()) plan.established = true;
      if (const NodeId up = e.previous_hop(r->key); up != NodeId{}) send_resv(node, r->key, up);
    } else if (const auto* const g = std::get_if<PathGone>(&event)) {
      released(node, g->key, g->why);
      torn_[node.id()].insert(g->key);
      if (plans.at(g->key).route.back() != node.id()) tear(node, g->key);
    } else if (const auto* const rg = std::get_if<ResvGone>(&event)) {
      released(node, rg->key, rg->why);
    } else if (const auto* const rp = std::get_if<RecoveryPathReceived>(&event)) {
      const Plan& plan = plans.at(rp->key);
      const bool ingress = plan.route.front() == node.id();
      if (ingress && plan.wanted) {
        send_path(node, rp->key);
      } else if (ingress || torn_[node.id()].contains(rp->key)) {
        tear(node, rp->key);
      } else {
        orphans_[node.id()].insert(rp->key);
        if (rp->late) operator_decides(node, rp->key);
      }
    } else if (const auto* const end = std::get_if<RecoveryEnded>(&event)) {
      if (end->ours) after_recovery(node);
    } else if (const auto* const un = std::get_if<Unsynchronized>(&event)) {
      alarms_[node.id()].insert(un->key);
      operator_decides(node, un->key);
    } else if (const auto* const re = std::get_if<Resynchronized>(&event)) {
      alarms_[node.id()].erase(re->key);
    }
  }
  // What the ingress wants and nobody gave back is set up again.
  void after_recovery(Node& node) {
    for (const auto& [key, plan] : plans) {
      const bool missing = node.engine().next_hop(key) == NodeId{};
      if (plan.wanted && plan.route.front() == node.id() && missing) send_path(node, key);
    }
    for (const LspKey& key : std::set<LspKey>(orphans_[node.id()])) operator_decides(node, key);
  }
  // The state is kept until somebody who knows says that it is of no use.
  void operator_decides(Node& node, const LspKey& key) {
    const Plan& plan = plans.at(key);
    if (plan.wanted) return;
    Engine& e = node.engine();
    if (plan.route.back() != node.id()) tear(node, key);
    if (e.previous_hop(key) == NodeId{}) return;
    static_cast<void>(e.send_path_err(
        key, path_err(key, {rsvp::ErrorCode::Policy, 0}, rsvp::ErrorSpec::kPathStateRemoved),
        network_.world.now()));
  }

  Network& network_;
  std::map<NodeId, std::set<LspKey>> orphans_, torn_, alarms_;  // of the process that runs
};

}  // namespace forces::signaling::engine::sim
