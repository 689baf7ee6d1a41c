// Labels and rows for a connection: which way through the fabric, which label at each place of it.
// Decides from the books and changes nothing.
#pragma once

#include <expected>
#include <set>
#include <vector>

#include "ce/signaling/resource/core/books/fabric.hpp"
#include "ce/signaling/resource/core/books/ports.hpp"

namespace forces::signaling::resource {

struct PlannedRow {
  std::uint32_t fe = 0;
  std::uint32_t number = 0;
  Row row{};          // without owner, state and mask
  bool back = false;  // of the direction towards the sender
};

struct Plan {
  Reservation labels{};
  std::vector<PlannedRow> rows{};
  std::vector<HoldKey> ends{};  // labels that it has without a row
};

class Planner {
 public:
  Planner(const PortBook& ports, const Fabric& fabric, const Wants& wants,
          const InterfaceConfig& in, const InterfaceConfig& out, NodeId self,
          const std::set<HoldKey>& going, const std::vector<LspKey>& fellows)
      : ports_(ports),
        fabric_(fabric),
        wants_(wants),
        in_(in),
        out_(out),
        self_(self),
        going_(going),
        fellows_(fellows) {}

  [[nodiscard]] std::expected<Plan, Refusal> plan() const;
  // Labels for a side as they are available there: where a list may begin.
  [[nodiscard]] LabelRanges starts(const Side& side, const FePort& port, Way way) const;

 private:
  // A place on the way: an interface, or a fibre between two FEs.
  struct Place {
    FePort enters, leaves;  // ports at which the forward direction comes in and goes out
    bool first = false, last = false;
    const Side* side = nullptr;
  };
  struct Choice {
    Labels forward, back;
  };
  [[nodiscard]] LabelRanges starts(const Place& place, bool back) const;
  [[nodiscard]] std::expected<Plan, Refusal> one_end() const;
  [[nodiscard]] std::expected<Plan, Refusal> along(const FabricWay& way) const;
  [[nodiscard]] std::expected<Choice, Refusal> choose(std::span<const Place> group) const;
  [[nodiscard]] std::expected<Labels, Refusal> exact(std::span<const Place> group, const Place& of,
                                                     const Labels& labels, bool back) const;
  [[nodiscard]] Refusal none_left(std::span<const Place> group) const;
  [[nodiscard]] std::optional<Labels> pick(const LabelRanges& starts,
                                           std::span<const Place> group) const;
  [[nodiscard]] const InterfaceConfig& config(const Place& place) const {
    return place.first ? in_ : out_;
  }

  const PortBook& ports_;
  const Fabric& fabric_;
  const Wants& wants_;
  const InterfaceConfig &in_, &out_;
  NodeId self_{};
  const std::set<HoldKey>& going_;
  const std::vector<LspKey>& fellows_;  // whose labels it may have as well
};

}  // namespace forces::signaling::resource
