// How a core without I/O speaks: it pushes outputs, its shell polls until there is none.
#pragma once

#include <deque>
#include <optional>
#include <utility>

namespace forces {

template <class Output>
class OutputQueue {
 public:
  void push(Output output) { queue_.push_back(std::move(output)); }
  [[nodiscard]] std::optional<Output> poll() {
    std::optional<Output> next;
    if (queue_.empty()) return next;
    next.emplace(std::move(queue_.front()));
    queue_.pop_front();
    return next;
  }

 private:
  std::deque<Output> queue_;
};

// std::visit(Overloaded{...}, output): a case for every output, or it does not compile.
template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

}  // namespace forces
