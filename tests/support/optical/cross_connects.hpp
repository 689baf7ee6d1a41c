// FEs with cross-connects as far as rows go: transactions at all or none, the keys of class
// CrossConnect (65792), reading back. And a manager with a small node, driven until it is quiet.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "ce/signaling/resource/manager.hpp"
#include "common/core/outputs.hpp"

namespace forces::test {

using signaling::FePort;
using signaling::Label;
using signaling::LspKey;
namespace resource = signaling::resource;

constexpr Label slot(std::uint32_t n) { return n << 16; }  // of a VC-4

class ModelFes {
 public:
  static constexpr std::uint32_t kExists = 0x0a, kNotFound = 0x0b, kPerm = 0x1d;
  struct Fe {
    std::map<std::uint32_t, resource::Row> rows;
    std::set<std::uint32_t> failed;  // rows that do not work
    bool refuses = false;
  };
  std::map<std::uint32_t, Fe> fes;
  std::size_t transactions = 0, sets = 0, erases = 0;

  resource::TransactionResult run(const resource::Transaction& t) {
    ++transactions;
    auto copy = fes;
    for (const resource::FeRows& part : t.fes) {
      Fe& fe = copy[part.fe];
      if (fe.refuses) return refuse(part.fe, kPerm);
      for (const resource::RowChange& change : part.changes) {
        const auto code = apply(fe, change);
        if (code != 0) return refuse(part.fe, code);
      }
    }
    for (const resource::FeRows& part : t.fes) {
      for (const resource::RowChange& change : part.changes) ++(change.erase ? erases : sets);
    }
    fes = std::move(copy);
    return {};
  }
  [[nodiscard]] std::vector<resource::FoundRow> read(std::uint32_t id) const {
    std::vector<resource::FoundRow> all;
    const auto at = fes.find(id);
    if (at == fes.end()) return all;
    for (const auto& [number, row] : at->second.rows) {
      all.push_back({.number = number,
                     .row = row,
                     .status = at->second.failed.contains(number) ? resource::RowStatus::Failed
                                                                  : resource::RowStatus::Working});
    }
    return all;
  }
  [[nodiscard]] std::size_t rows() const {
    std::size_t count = 0;
    for (const auto& [id, fe] : fes) count += fe.rows.size();
    return count;
  }

 private:
  static resource::TransactionResult refuse(std::uint32_t fe, std::uint32_t code) {
    return {.kind = resource::TransactionResult::Kind::Refused, .fe = fe, .code = code};
  }
  static std::uint32_t apply(Fe& fe, const resource::RowChange& change) {
    if (change.erase) {
      for (const auto& [number, row] : fe.rows) {
        if (row.in_port != change.row.in_port || row.in_label != change.row.in_label) continue;
        fe.failed.erase(number);
        fe.rows.erase(number);
        return 0;
      }
      return kNotFound;
    }
    for (const auto& [number, row] : fe.rows) {
      // As FEs have it: another owner's row is to be erased first.
      if (number == change.number && row.owner != change.row.owner) return kPerm;
      if (number == change.number) continue;
      const bool in = row.in_port == change.row.in_port && row.in_label == change.row.in_label;
      const bool out = row.out_port == change.row.out_port && row.out_label == change.row.out_label;
      if (in || out) return kExists;
    }
    fe.rows[change.number] = change.row;
    return 0;
  }
};

// Node 10 with two FEs. Interfaces 1 (to node 20) and 2 (to node 5) are at FE 1, 4 (to node 30) at
// FE 2; 3 and 5 are users' ports at FE 1 and 2; slots 1 to 4 each. FE 1 and 2 have two fibres.
class OpticalNode {
 public:
  using Output = resource::Output;
  static constexpr std::uint32_t kSelf = 10;

  explicit OpticalNode(ModelFes& model, bool up = true) : fes(model) {
    add(1, {1, 1}, {{20}, 1});
    add(2, {1, 2}, {{5}, 1});
    add(3, {1, 3}, {});
    add(4, {2, 1}, {{30}, 1});
    add(5, {2, 3}, {});
    const auto slots = resource::LabelRanges::sdh_slots(1, 4);
    manager.set_inter_fe_link({.a = {1, 9}, .b = {2, 9}, .labels = slots});
    manager.set_inter_fe_link({.a = {1, 8}, .b = {2, 8}, .labels = slots});
    if (!up) return;
    manager.on_fe_up(1, now);
    manager.on_fe_up(2, now);
    run();
    said.clear();
  }
  void add(std::uint32_t id, FePort port, signaling::LinkEnd remote) {
    manager.set_interface({.id = id,
                           .port = port,
                           .remote = remote,
                           .labels = resource::LabelRanges::sdh_slots(1, 4)});
  }

  static LspKey lsp(std::uint16_t n) { return {.end_point = {99}, .sender = {98}, .tunnel_id = n}; }
  static resource::Wants wants(std::uint16_t n, std::uint32_t in, std::uint32_t out) {
    resource::Wants w;
    w.owner = {.lsp = lsp(n), .call_id = 7};
    w.in.interface = in;
    w.out.interface = out;
    return w;
  }
  // Performs what it says; with `hold` transactions stay in `held`.
  void run() {
    while (auto output = manager.poll_output()) {
      if (const auto* t = std::get_if<resource::Transaction>(&*output)) {
        if (hold) {
          held.push_back(*t);
        } else {
          perform(*t);
        }
      } else if (const auto* read = std::get_if<resource::ReadRows>(&*output)) {
        ++readings;
        if (!deaf) manager.on_rows(read->fe, fes.read(read->fe), now);
      } else {
        said.push_back(*output);
      }
    }
  }
  void perform(const resource::Transaction& t) { manager.on_result(t.id, fes.run(t), now); }
  void release_held() {
    hold = false;
    while (!held.empty()) {
      const resource::Transaction t = held.front();
      held.pop_front();
      perform(t);
    }
    run();
  }
  // The last of these that was said, and all are forgotten.
  template <class T>
  std::vector<T> all() {
    std::vector<T> found;
    std::erase_if(said, [&](const Output& output) {
      const T* const one = std::get_if<T>(&output);
      if (one != nullptr) found.push_back(*one);
      return one != nullptr;
    });
    return found;
  }
  bool settled(std::uint16_t n, resource::Settled::What what) {
    for (const auto& s : all<resource::Settled>()) {
      if (s.lsp == lsp(n) && s.what == what) return true;
    }
    return false;
  }

  ModelFes& fes;
  Instant now{std::chrono::seconds(1)};
  resource::Manager manager{{.self = {kSelf}}};
  std::vector<Output> said;
  std::deque<resource::Transaction> held;
  bool hold = false;
  bool deaf = false;  // readings are not answered
  std::size_t readings = 0;
};

}  // namespace forces::test
