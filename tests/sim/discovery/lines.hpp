// What passes the fibres of a virtual network beside RSVP: traces, which FEs send and hear, and
// traffic. Equipment on a fibre that nobody controls makes other labels of labels.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "tests/sim/signaling/transport.hpp"

namespace forces::signaling::test {

class Lines {
 public:
  // What a label is at the other end; nothing: it leads nowhere. The same both ways.
  using Box = std::function<std::optional<Label>(Label)>;

  explicit Lines(Transport& network) : network_(network) {}
  void start() { tick(); }
  // The CE of a node begins anew: it is told everything again.
  void forget(std::uint32_t number);
  // Where traffic from a user's slot comes to an end.
  struct End {
    FePort port{};
    Label label = 0;
    friend bool operator==(const End&, const End&) = default;
  };
  [[nodiscard]] End passes(const LinkEnd& user, Label label);

  std::map<std::size_t, Box> boxes;                         // by fibre
  std::map<FePort, std::map<Label, std::string>> injected;  // what is heard there besides
  std::size_t disturbed = 0;                                // traces on slots that carry something

 private:
  using Texts = std::map<Label, std::string>;
  void tick();
  void hear(const FePort& port, const LinkEnd& end, Texts texts);
  [[nodiscard]] std::optional<Label> across(std::size_t fibre, Label label) const;

  Transport& network_;
  std::map<FePort, Texts> told_;
};

}  // namespace forces::signaling::test
