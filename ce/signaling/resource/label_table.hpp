// The label association table of one end of a serial compound link (RFC 4139 section 4.5): which of
// our labels a label of the other end stands for, and back. A node always sends its own labels and
// maps what it receives.
//
// A pair of labels is usable when both tables have it and say the same: remote -> local and
// local -> remote. They are provisioned, or discovered: a trace sent on a slot names its sender and
// the slot, and what the sender hears on that slot itself.
//
// A slot that is in use carries no trace, and neither does one whose sender has no controller just
// now. So what was learned stays until another trace says something else, over restarts too
// (restore()); only the alarm of a foreign trace, and what a trace says against a provisioned row,
// end with that trace.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ce/signaling/resource/label_set.hpp"

namespace forces::signaling::resource {

enum class LabelState : std::uint8_t {
  Unknown,   // nothing is known
  Learning,  // one of the two tables has it
  Verified,  // both, and they agree
};

// A trace in 35 characters: "c0000201:00000003:00010000/00060000", node, interface and label of the
// sender, and behind the slash the label that it hears on that slot, or "-".
struct Trace {
  LinkEnd sender{};
  Label label = 0;
  std::optional<Label> heard{};
  [[nodiscard]] std::string text() const;
  [[nodiscard]] static std::optional<Trace> parse(std::string_view text);
  friend bool operator==(const Trace&, const Trace&) = default;
};

struct LabelFault {
  enum class What : std::uint8_t {
    OneSided,       // provisioned in one table only
    NotInverse,     // both have it, and lead elsewhere
    Contradiction,  // discovered is another one than was provisioned
    ForeignTrace,   // a trace of another link
  };
  What what{};
  bool remote = false;  // `label` is one of the other end
  Label label = 0;
  friend auto operator<=>(const LabelFault&, const LabelFault&) = default;
};
[[nodiscard]] std::string_view to_string(LabelFault::What what);

class LabelTable {
 public:
  // Rows of the operator. A row takes the place of one for the same label.
  void provision_receive(Label remote, Label local);  // remote -> local
  void provision_send(Label local, Label remote);     // local -> remote
  // Both rows of it, provisioned or not; what can be heard at this moment is learned again.
  void withdraw(Label local);
  // What is read on our slot `local` of the link whose other end is `from`, from now on; nullopt:
  // nothing any more. What is no trace of ours comes as Trace{}. False: it says what is known.
  bool on_trace(const LinkEnd& from, Label local, const std::optional<Trace>& trace);
  // What to send on our slot.
  [[nodiscard]] Trace trace(const LinkEnd& self, Label local) const;
  // What to say there, of each of our slots, as heard.
  [[nodiscard]] std::map<Label, Label> heard() const;
  // Pairs that traces have shown both ways, by our label; and one of them, from a journal.
  [[nodiscard]] std::map<Label, Label> discovered() const;
  void restore(Label local, Label remote);

  [[nodiscard]] LabelState state(Label local) const;
  [[nodiscard]] std::optional<Label> to_local(Label remote) const;  // only usable ones
  [[nodiscard]] std::optional<Label> to_remote(Label local) const;
  [[nodiscard]] LabelRanges usable() const;  // ours
  [[nodiscard]] std::vector<LabelFault> faults() const;

  struct Entry {
    Label local = 0, remote = 0;
    bool receive = false, send = false;            // which table has it
    bool provisioned = false, discovered = false;  // by whom it is known: one of them at least
    LabelState state{};
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  [[nodiscard]] std::vector<Entry> entries() const;  // in the order of our labels

 private:
  struct Row {
    std::optional<Label> provisioned{}, discovered{};
    [[nodiscard]] std::optional<Label> value() const;
    [[nodiscard]] bool contradicts() const;
  };
  using Table = std::map<Label, Row>;
  struct Heard {
    Trace trace{};
    bool foreign = false;
  };
  using Counts = std::map<Label, std::size_t>;  // of rows that lead to a label
  [[nodiscard]] static std::optional<Label> find(const Table& table, Label label);
  [[nodiscard]] static Counts count(const Table& table);
  [[nodiscard]] bool foreign(Label local) const;
  // The other end of our label; `locals` and `remotes` are the counts of the two tables.
  [[nodiscard]] std::optional<Label> pair_of(Label local, const Counts& locals,
                                             const Counts& remotes) const;
  [[nodiscard]] bool knows(Label local, const Trace& trace) const;
  void learn(Label local, const Heard& heard);
  bool doubt_no_more(Label local, const Trace& over);

  Table receive_, send_;  // by the label of the other end, by ours
  std::map<Label, Heard> heard_;
};

}  // namespace forces::signaling::resource
