// The traces that an FE is to send on its optical ports, beside those that it was told to send
// (TraceSentTable of class OpticalPort): what is to be said next. No I/O.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ce/provision/optical_ports.hpp"

namespace forces::signaling {

class TraceBook {
 public:
  using Texts = std::map<std::uint32_t, std::string>;  // by label

  explicit TraceBook(std::uint32_t most_rows);  // of the table

  // What is to be sent on a port from now on, and nothing else there.
  void want(std::uint32_t port, const Texts& texts);
  // The FE begins anew, with an empty table.
  void restart();
  // Whether next() has something, which is to be asked of the FE; done() with its answer is to come
  // before the next. Not answered: it is due again.
  [[nodiscard]] bool due() const { return asked_.empty() && !open_.empty(); }
  [[nodiscard]] std::vector<ce::provision::TraceChange> next(std::size_t most);
  void done(bool answered);

 private:
  using Slot = std::pair<std::uint32_t, std::uint32_t>;  // port, label
  struct Row {
    std::uint32_t number = 0;
    std::string text{};  // as the FE has it; empty: nobody knows
  };
  void look(const Slot& slot);

  std::uint32_t most_rows_;
  std::map<Slot, std::string> wanted_;
  std::map<Slot, Row> there_;
  std::set<Slot> open_;  // where these two differ
  std::set<std::uint32_t> free_;
  std::vector<ce::provision::TraceChange> asked_;
};

}  // namespace forces::signaling
