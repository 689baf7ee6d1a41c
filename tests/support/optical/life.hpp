// A life of a node by random numbers: reserve, activate, release, answers that are lost, FEs that
// refuse, vanish and come back, ports, restarts of the controller. At its end everything is
// repaired and claimed; then model FEs and manager must have the same picture.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/optical/cross_connects.hpp"

namespace forces::test {

using namespace std::chrono_literals;

class OpticalLife {
 public:
  // below(n): a number below n.
  using Below = std::function<std::uint32_t(std::uint32_t)>;
  explicit OpticalLife(Below below)
      : below_(std::move(below)), node_(std::make_unique<OpticalNode>(fes_)) {}

  void run(int steps) {
    for (int i = 0; i < steps; ++i) step();
    settle();
  }
  void step() {
    node_->now += std::chrono::milliseconds(below_(1'000));
    const auto n = static_cast<std::uint16_t>(1 + below_(kLsps));
    const LspKey lsp = OpticalNode::lsp(n);
    switch (below_(12)) {
      case 0:
      case 1:
      case 2: {
        const resource::Wants w = wants(n);
        const auto labels = manager().reserve(w, node_->now);
        if (!labels) break;
        wanted_[n] = w;
        if (w.rowless()) fix(wanted_[n], *labels);  // no row will say which they were
        if (labels->yielded.empty()) break;
        for (const LspKey& loser : labels->yielded) forget(loser.tunnel_id);
        break;
      }
      case 3:
      case 4:
        (void)manager().activate(lsp, {}, node_->now);
        break;
      case 5:
        if (below_(2) == 0) break;
        manager().release(lsp, node_->now);
        forget(n);
        break;
      case 6:
        fes_.fes[1 + below_(2)].refuses = below_(3) == 0;
        break;
      case 7:
        manager().on_fe_down(1 + below_(2), node_->now);
        break;
      case 8:
        manager().on_fe_up(1 + below_(2), node_->now);
        break;
      case 9:
        manager().on_port({1 + below_(2), 1 + below_(9)}, below_(4) != 0, node_->now);
        break;
      case 10:
        if (below_(6) == 0) restart();
        break;
      default:
        manager().on_time(node_->now);
        break;
    }
    pump();
  }
  // Repaired, claimed, and quiet.
  void settle() {
    for (auto& [id, fe] : fes_.fes) fe.refuses = false;
    for (std::uint32_t fe = 1; fe <= 2; ++fe) {
      for (std::uint32_t port = 1; port <= 9; ++port)
        manager().on_port({fe, port}, true, node_->now);
      manager().on_fe_up(fe, node_->now);
    }
    node_->hold = false;
    node_->run();
    for (const auto& [n, w] : std::map(wanted_)) {
      const auto labels = manager().reserve(w, node_->now);
      if (labels) continue;
      require(
          !established_.contains(OpticalNode::lsp(n)),
          "an established one cannot be claimed: " + std::string(to_string(labels.error().why)));
      forget(n);
    }
    // What the journal does not know is given up, were it active.
    for (const LspKey& lsp : manager().connections()) {
      if (manager().connection(lsp)->state == resource::ConnectionState::Found) {
        require(!established_.contains(lsp), "an established one was not claimed");
        manager().give_back(lsp, node_->now);
      }
    }
    for (int i = 0; i < 20; ++i) {
      node_->run();
      node_->now += 61s;
      manager().on_time(node_->now);
    }
    node_->run();
    note();
  }

  // What is not as it should be, in words; nothing when all is well.
  std::vector<std::string> check() {
    std::size_t rows = 0;
    std::map<std::pair<FePort, resource::Way>, std::set<Label>> held;
    for (const LspKey& lsp : manager().connections()) {
      const auto view = *manager().connection(lsp);
      const bool active = view.state == resource::ConnectionState::Active;
      require(active || view.state == resource::ConnectionState::Reserved,
              "a connection is " + std::string(to_string(view.state)));
      for (const resource::RowAt& at : view.rows) {
        ++rows;
        const auto& there = fes_.fes[at.fe].rows;
        const auto row = there.find(at.at.number);
        require(row != there.end() && row->second == at.at.row, "a row is another one at its FE");
        require(at.at.row.active || !active, "a row of an active connection is not active");
        held[{{at.fe, at.at.row.in_port}, resource::Way::Receive}].insert(at.at.row.in_label);
        held[{{at.fe, at.at.row.out_port}, resource::Way::Send}].insert(at.at.row.out_label);
      }
      if (wanted_[lsp.tunnel_id].rowless()) {
        check_segment(lsp, view, held);
        continue;
      }
      const std::size_t lists = view.labels.in.size() + view.labels.upstream_in.size();
      require(view.ways.size() == lists * wanted_[lsp.tunnel_id].signal.width(),
              "a way is missing or too many");
      for (const auto& [from, to] : view.ways) {
        require((from.interface == view.in && to.interface == view.out) ||
                    (from.interface == view.out && to.interface == view.in),
                "a way leads elsewhere");
      }
    }
    require(rows == fes_.rows(), "an FE has a row that nobody knows");
    for (const std::uint32_t id : manager().interfaces()) {
      for (const resource::Way way : {resource::Way::Receive, resource::Way::Send}) {
        auto free = resource::LabelRanges::sdh_slots(1, 4);
        for (const Label label : held[{manager().interface(id)->port, way}]) free.erase(label);
        require(manager().free_labels(id, way) == free, "a label is leaked");
      }
    }
    for (const auto& [lsp, labels] : established_) {
      const auto view = manager().connection(lsp);
      require(view && view->state == resource::ConnectionState::Active && view->labels == labels,
              "an established connection was released or changed");
    }
    return complaints_;
  }
  // It has labels and no rows.
  using Held = std::map<std::pair<FePort, resource::Way>, std::set<Label>>;
  void check_segment(const LspKey& lsp, const resource::ConnectionView& view, Held& held) {
    const resource::Wants& w = wanted_[lsp.tunnel_id];
    require(view.rows.empty(), "a segment has rows");
    const bool into = w.in.interface != 0;
    const FePort port = manager().interface(into ? w.in.interface : w.out.interface)->port;
    const auto hold = [&](resource::Way way, const resource::Labels& labels) {
      for (const Label label : w.signal.slots(labels)) held[{port, way}].insert(label);
    };
    hold(into ? resource::Way::Receive : resource::Way::Send,
         into ? view.labels.in : view.labels.out);
    hold(into ? resource::Way::Send : resource::Way::Receive,
         into ? view.labels.upstream_in : view.labels.upstream_out);
  }
  std::size_t established() const { return established_.size(); }

 private:
  void require(bool good, const std::string& what) {
    if (!good) complaints_.push_back(what);
  }
  Below below_;
  resource::Manager& manager() { return node_->manager; }
  static constexpr std::uint16_t kLsps = 12;
  static constexpr std::uint16_t kUsers = 8, kSegments = 11;  // from these on

  resource::Wants wants(std::uint16_t n) {
    const auto known = wanted_.find(n);
    if (known != wanted_.end()) return known->second;
    std::uint32_t in = 1 + below_(5), out = 1 + below_(5);
    resource::Wants w = OpticalNode::wants(n, in, out);
    if (n >= kSegments) {
      (below_(2) == 0 ? w.in : w.out).interface = 0;
      return w;
    }
    if (n >= kUsers) {
      const auto carrier = static_cast<std::uint16_t>(kSegments + below_(2));
      const auto segment = wanted_.find(carrier);
      if (segment != wanted_.end()) {
        // Its side towards the segment is the segment's.
        const bool into = segment->second.in.interface != 0;
        (into ? w.in : w.out) = into ? segment->second.in : segment->second.out;
        w.over = {OpticalNode::lsp(carrier)};
        return w;
      }
    }
    if (below_(4) == 0) w.signal.nvc = 2;
    if (below_(8) == 0) w.signal = {.rcc = 1, .ncc = 4};
    w.bidirectional = below_(4) != 0;
    w.upstream_active = below_(4) == 0;
    if (w.bidirectional && w.signal.labels() == 1 && below_(3) == 0) {
      w.in.upstream = resource::Labels{(1 + below_(4)) << 16};
    }
    return w;
  }
  static void fix(resource::Wants& w, const resource::Reservation& labels) {
    resource::Side& side = w.in.interface != 0 ? w.in : w.out;
    const bool into = w.in.interface != 0;
    side.label = into ? labels.in : labels.out;
    side.upstream = into ? labels.upstream_in : labels.upstream_out;
  }
  // What it says is performed; some answers are lost, before or after the FE did it.
  void pump() {
    node_->hold = true;
    node_->run();
    for (int lost = 0; !node_->held.empty();) {
      const resource::Transaction t = node_->held.front();
      node_->held.pop_front();
      const std::uint32_t luck = lost < 20 ? below_(10) : 9;  // bad luck comes to an end
      if (luck < 2) ++lost;
      if (luck == 0) {
        manager().on_result(t.id, {.kind = resource::TransactionResult::Kind::Unknown}, node_->now);
      } else if (luck == 1) {
        resource::Transaction half = t;
        half.fes.resize(1);
        (void)fes_.run(below_(2) == 0 ? half : t);
        manager().on_result(t.id, {.kind = resource::TransactionResult::Kind::Unknown}, node_->now);
      } else {
        node_->perform(t);
      }
      node_->run();
    }
    note();
  }
  void note() {
    for (const auto& said : node_->all<resource::Settled>()) {
      const auto n = said.lsp.tunnel_id;
      if (said.what == resource::Settled::What::Active) {
        const auto view = manager().connection(said.lsp);
        if (view && view->state == resource::ConnectionState::Active)
          established_[said.lsp] = view->labels;
      } else if (said.what == resource::Settled::What::ReserveRefused ||
                 said.what == resource::Settled::What::Released) {
        require(!established_.contains(said.lsp), "an established one was released");
        // A new reservation may have followed a release in the meantime.
        if (!manager().connection(said.lsp)) forget(n);
      }
    }
    node_->said.clear();
  }
  void forget(std::uint16_t n) {
    wanted_.erase(n);
    established_.erase(OpticalNode::lsp(n));
  }
  // The controller dies; its journal says what was wanted, half of it is lost.
  void restart() {
    const Instant now = node_->now;
    node_ = std::make_unique<OpticalNode>(fes_, false);
    node_->now = now;
    // No row keeps its labels: who is quicker has them.
    for (std::uint16_t n = kSegments; n <= kLsps; ++n) established_.erase(OpticalNode::lsp(n));
  }
  ModelFes fes_;
  std::unique_ptr<OpticalNode> node_;
  std::map<std::uint16_t, resource::Wants> wanted_;
  std::map<LspKey, resource::Reservation> established_;
  std::vector<std::string> complaints_;
};

}  // namespace forces::test
