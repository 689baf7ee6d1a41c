// `forcesctl lfb ...`: asks FEs what the path leads to, and changes it there: at one FE by a
// Config, at several by a transaction. Answers are tickets (Pending) until the FEs have answered.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "ce/app/lfb/question.hpp"
#include "ce/association/controller.hpp"

namespace forces::ce {

class LfbRequests {
 public:
  // No result: the request is for somebody else.
  [[nodiscard]] control::Response answer(Controller& controller, const control::Request& request);

 private:
  struct Change {
    std::string what;  // "set X", "deleted X"
    std::vector<std::uint32_t> fes;
    std::vector<std::string> warnings;
  };
  using Waiting = std::variant<LfbQuestion, Change>;
  static constexpr std::size_t kMostWaiting = 1'000;  // nobody asks for the eldest any more

  [[nodiscard]] control::Response get(Controller& controller,
                                      const control::LfbGetRequest& request);
  [[nodiscard]] control::Response change(Controller& controller,
                                         const control::LfbChangeRequest& request);
  [[nodiscard]] control::Response taken(Controller& controller, std::uint64_t ticket);
  [[nodiscard]] control::Response ask(Controller& controller, LfbQuestion question);
  [[nodiscard]] control::Response wait(std::uint64_t ticket, Waiting waiting);

  std::map<std::uint64_t, Waiting> waiting_;
};

}  // namespace forces::ce
