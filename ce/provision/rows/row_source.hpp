// Where the rows that an FE shall have come from.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "ce/routing/fib/rows.hpp"

namespace forces::ce::provision {

using routing::FeId;

class RowSource {
 public:
  RowSource() = default;
  RowSource(const RowSource&) = delete;
  RowSource& operator=(const RowSource&) = delete;
  virtual ~RowSource() = default;

  // From now on poll(fe) gives every row, then changes. Given again it begins again.
  virtual void on_fe(FeId fe) = 0;
  virtual void on_fe_gone(FeId fe) = 0;
  // The next change; no row that was given refers to one that was not. nullopt: nothing for now.
  [[nodiscard]] virtual std::optional<routing::Delta> poll(FeId fe) = 0;
  // What is not among the rows is not wanted. False while some may still come.
  [[nodiscard]] virtual bool complete() const = 0;
  // How many prefixes lead to nothing but next hops and sets that have failed there.
  using HasFailed = std::function<bool(routing::Family, bool set, routing::HopSelector)>;
  [[nodiscard]] virtual std::size_t leading_only_to(FeId, const HasFailed&) const { return 0; }
};

}  // namespace forces::ce::provision
