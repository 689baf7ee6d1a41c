// Three domains with users in the first and the last one; how LSPs cross the one between is what is
// under test.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "ce/signaling/ason/connection/message/compose.hpp"
#include "tests/sim/signaling/transport.hpp"

namespace forces::signaling::test {

using ason::ConnectionState;
using ason::calls::Realisation;
using ason::calls::SegmentPlan;
using Rooms = TransportNode::Rooms;

class Domains : public testing::Test {
 protected:
  // A VC-4, or what there is room for in one: a VC-12.
  ason::ConnectionRequest spc(std::string name, std::uint32_t number = 2, std::uint32_t from = 1,
                              std::uint32_t to = 7) const {
    ason::ConnectionRequest request;
    request.name = std::move(name);
    request.ingress.end = {node_id(1), from};
    request.ingress.labels = {.down = rsvp::Words{slot(number)}, .up = rsvp::Words{slot(number)}};
    request.egress = node_id(6);
    request.egress_end.end = {node_id(6), to};
    request.label_request = {
        .encoding = rsvp::LabelRequest::kSdh, .switching = rsvp::LabelRequest::kTdm, .g_pid = 34};
    request.tspec.traffic = rsvp::SonetSdh{.signal_type = signal, .multiplier = 1};
    return request;
  }
  void start(const SegmentPlan& plan, bool direct = false) { start(three_domains(plan, direct)); }
  void start(NetworkPlan plan) {
    signal = plan.adaptations.empty() ? 6 : 2;
    network = std::make_unique<Transport>(std::move(plan));
    network->start();
  }
  void TearDown() override {
    if (!HasFailure() || !network) return;
    for (const auto& [number, member] : network->members) {
      for (const auto& line : member->said) std::fprintf(stderr, "N%u %s\n", number, line.c_str());
    }
  }
  template <class F>
  auto at(std::uint32_t number, F&& f) {
    return network->at(number).operate(std::forward<F>(f));
  }
  void create(const ason::ConnectionRequest& request) {
    const auto made = at(1, [&](Rooms& rooms) { return rooms.connections.create(request, now()); });
    ASSERT_TRUE(made) << made.error().reason;
  }
  void release(const std::string& name, std::uint32_t number = 1) {
    at(number, [&](Rooms& rooms) { return rooms.connections.release(name, now()); });
  }
  [[nodiscard]] Instant now() const { return network->world.now(); }
  ConnectionState state(const std::string& name, std::uint32_t number = 1) {
    const auto view = at(number, [&](Rooms& rooms) { return rooms.connections.show(name); });
    return view ? view->state : ConnectionState::Released;
  }
  bool up(const std::string& name) {
    return network->until([&] { return state(name) == ConnectionState::Up; });
  }
  // Why it has failed, by the last that was said of it; nothing: it has not, or nobody says why.
  std::optional<ason::Failure> failed(const std::string& name, std::uint32_t number = 1) {
    if (!until([&] { return state(name, number) == ConnectionState::Failed; })) return std::nullopt;
    const auto view = at(number, [&](Rooms& rooms) { return rooms.connections.show(name); });
    return view->failures.empty() ? std::nullopt : std::optional(view->failures.back());
  }
  // Released, and nothing is left of it or of what carried it.
  bool ends(const std::string& name, Duration most = 30s) {
    release(name);
    return until([&] { return empty(); }, most);
  }
  // With and without its journal, for a while that neighbours notice.
  void restart(std::uint32_t number, bool journal = true, Duration away = 5s) {
    network->at(number).kill();
    if (!journal) network->at(number).forget();
    network->run(away);
    network->at(number).boot();
  }
  std::vector<ason::LspView> lsps(std::uint32_t number) {
    return at(number, [](Rooms& rooms) { return rooms.connections.lsps(); });
  }
  // Of the first connection of N1, and of segments or adjacencies; at a node.
  std::optional<ason::LspView> of_user(std::uint32_t number) {
    for (const auto& lsp : lsps(number)) {
      if (lsp.key.sender == node_id(1)) return lsp;
    }
    return std::nullopt;
  }
  std::vector<ason::LspView> segments(std::uint32_t number) {
    auto all = lsps(number);
    std::erase_if(all, [](const auto& lsp) { return lsp.key.sender == node_id(1); });
    return all;
  }
  std::vector<std::string> segment_names(std::uint32_t number) {
    std::vector<std::string> names;
    for (const auto& one : at(number, [](Rooms& r) { return r.connections.list(); })) {
      if (one.segment || one.adjacency != 0) names.push_back(one.name);
    }
    return names;
  }
  // Whether light passes from user to user, in both directions.
  bool passes(std::uint32_t number = 2, std::uint32_t from = 1, std::uint32_t to = 7) {
    const auto last = network->light({network->plan.port({node_id(1), from}), slot(number)});
    const FePort far = network->plan.port({node_id(6), to});
    if (!last || last->first != far) return false;
    const auto back = network->light({far, last->second});
    return back == Transport::Place{network->plan.port({node_id(1), from}), slot(number)};
  }
  const ason::calls::Call* call(std::uint32_t number) {
    const auto all = at(number, [](Rooms& rooms) { return rooms.calls.list(); });
    return all.size() == 1 ? all.front() : nullptr;
  }
  // A call of N1 that is set up.
  ason::CallReference call_to_6() {
    const auto made = at(1, [&](Rooms& rooms) {
      return rooms.calls.create({.end_point = rsvp::Address::v4(node_id(6).value)}, now());
    });
    EXPECT_TRUE(made && until([&] {
                  return call(1) != nullptr && call(1)->state() == ason::calls::CallState::Active;
                }));
    if (call(1) == nullptr) return {};
    return {.id = call(1)->id.number, .name = call(1)->id.name};
  }
  std::size_t rows() {
    std::size_t all = 0;
    for (const auto& [number, member] : network->members) all += member->rows.size();
    return all;
  }
  std::map<std::uint32_t, std::uint64_t> row_changes() {
    std::map<std::uint32_t, std::uint64_t> all;
    for (const auto& [number, member] : network->members) all[number] = member->row_changes;
    return all;
  }
  // Nothing is anywhere: rows, LSPs, labels, neighbours' state.
  bool empty() {
    if (rows() != 0) return false;
    for (const auto& [number, member] : network->members) {
      const bool none = member->operate([](Rooms& rooms) {
        return rooms.connections.lsps().empty() && rooms.connections.list().empty() &&
               rooms.manager.connections().empty() && rooms.engine.snapshot().lsps == 0;
      });
      if (!none) return false;
    }
    return true;
  }
  bool until(const std::function<bool()>& what, Duration most = 30s) {
    return network->until(what, most);
  }
  std::unique_ptr<Transport> network;
  std::uint8_t signal = 6;
};

}  // namespace forces::signaling::test
