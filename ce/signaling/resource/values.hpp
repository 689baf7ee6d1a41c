// What is asked of the resource manager, what it answers and says, what can be looked at. Values
// only.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "ce/signaling/resource/label_table.hpp"
#include "ce/signaling/resource/rows.hpp"

namespace forces::signaling::resource {

// One side of a connection at this node.
struct Side {
  // 0: it ends here without a row, and only has its labels at the other side: an LSP that others
  // are to use as a link (RFC 5150).
  std::uint32_t interface = 0;
  // Labels of the direction from sender to receiver: exactly these (a LABEL, a label of the ERO, a
  // RECOVERY_LABEL), or else from these (LABEL_SET; nullopt: any), these first (SUGGESTED_LABEL).
  std::optional<Labels> label{};
  std::optional<LabelRanges> allowed{};
  std::optional<Labels> suggested{};
  // Of the direction back: exactly these (UPSTREAM_LABEL, an ERO label with U = 1).
  std::optional<Labels> upstream{};
  // Labels not to be taken on this side, in either direction (crankback history).
  LabelRanges except{};
  friend bool operator==(const Side&, const Side&) = default;
};

struct Wants {
  Owner owner{};
  te::Signal signal{};
  bool bidirectional = true;
  Side in{}, out{};              // towards the sender, towards the receiver
  bool upstream_active = false;  // from the Path on (RFC 3473 section 3.1)
  std::uint32_t alarm_mask = 0;
  // Labels and rows of other LSPs of its session are there for it as well (SE style; RFC 3209
  // section 4.6.4). Of two that have a row in common the one that became active last has it; the
  // other one has it back when that goes, and is Active meanwhile.
  bool shared = false;
  // It was up, and what FEs had of it is lost: its labels are not given to anybody else because a
  // port is down just now, and a refusal of its rows is tried again. For the labels of both ends.
  bool established = false;
  // LSPs without rows that it uses as links: their labels are there for it, and its rows use them.
  std::vector<LspKey> over{};
  [[nodiscard]] bool rowless() const { return in.interface == 0 || out.interface == 0; }
  friend bool operator==(const Wants&, const Wants&) = default;
};

// The labels of a connection. Back and forth they are the same ones, unless something forces
// others; those back are empty when it is not bidirectional.
struct Reservation {
  Labels in{}, out{};
  Labels upstream_in{}, upstream_out{};
  std::vector<LspKey> yielded{};  // who lost a label to it (see Yielded)
  friend bool operator==(const Reservation&, const Reservation&) = default;
};

struct Refusal {
  enum class Why : std::uint8_t {
    UnknownInterface,   // 24/16, 24/1
    InterfaceDown,      // the port, or its FE
    WrongSwitching,     // 24/12
    WrongEncoding,      // 24/14
    WrongSignal,        // 21/4, 21/2: see Signal::fault()
    BadLabel,           // 24/6: not of this interface, not for this signal, or no pair of the table
    LabelBusy,          // 24/6: another one has it
    LabelSetEmpty,      // 24/11: none is left
    Contention,         // 24/9: the other end wants it as well, and has the lower node ID
    NoFabricRoute,      // no way through the node with free labels
    Differs,            // the LSP is there, and is not this
    UnknownConnection,  //
    NotVerified,        // the label association of this link is not known yet
  };
  Why why{};
  std::uint32_t interface = 0;  // 0: of no interface
  LabelRanges acceptable{};     // there, when it is about a label
  std::optional<LspKey> holder{};
  friend bool operator==(const Refusal&, const Refusal&) = default;
};
[[nodiscard]] std::string_view to_string(Refusal::Why why);  // "label_busy"

enum class ConnectionState : std::uint8_t {
  Found,       // rows of nobody
  Reserving,   // rows are under way
  Reserved,    //
  Activating,  //
  Active,      //
  Releasing,   // labels are still held
};
[[nodiscard]] std::string_view to_string(ConnectionState state);

// --- Outputs, besides Transaction (rows.hpp) ---

struct ReadRows {  // all rows of this FE, when no transaction is open there: on_rows()
  std::uint32_t fe = 0;
  friend bool operator==(const ReadRows&, const ReadRows&) = default;
};
// A call has come to its end.
struct Settled {
  enum class What : std::uint8_t {
    Reserved,
    Active,
    Released,         // it is forgotten
    ReserveRefused,   // by an FE; it is forgotten
    ActivateRefused,  // it is reserved as before
    Lost,             // not released by us: an FE has no row of it any more; it is set again
  };
  LspKey lsp{};
  What what{};
  std::uint32_t fe = 0, code = 0;  // of what was refused
  friend bool operator==(const Settled&, const Settled&) = default;
};
[[nodiscard]] std::string_view to_string(Settled::What what);
// It lost a label to a neighbour with a higher node ID (RFC 3471 section 4.2) and is being
// released: reserve it again with another label.
struct Yielded {
  LspKey loser{}, winner{};
  std::uint32_t interface = 0;
  Labels labels{};
  friend bool operator==(const Yielded&, const Yielded&) = default;
};
// Its traffic does not pass, or passes again. Told for each cause; `failing` says whether any is
// left.
struct Hit {
  LspKey lsp{};
  bool failing = true;
  FePort port{};                // that went down or came up; of a failed row where it comes in
  std::uint32_t interface = 0;  // at that port; 0: within the node
  friend bool operator==(const Hit&, const Hit&) = default;
};
// Rows that nobody wanted when they were read.
struct Found {
  Owner owner{};
  bool active = false;  // any of them
  std::uint32_t fe = 0;
  friend bool operator==(const Found&, const Found&) = default;
};
// Free labels, or up and down, of an interface are not what they were: for the TE database.
struct InterfaceChanged {
  std::uint32_t interface = 0;
  friend bool operator==(const InterfaceChanged&, const InterfaceChanged&) = default;
};
// Pairs of a compound link's labels are not what they were: for a journal.
struct AssociationChanged {
  std::uint32_t interface = 0;
  friend bool operator==(const AssociationChanged&, const AssociationChanged&) = default;
};
struct LabelAlarm {  // of an association table: the slot is not used
  std::uint32_t interface = 0;
  LabelFault fault{};
  bool raised = true;
  friend bool operator==(const LabelAlarm&, const LabelAlarm&) = default;
};

using Output = std::variant<Transaction, ReadRows, Settled, Yielded, Hit, Found, InterfaceChanged,
                            AssociationChanged, LabelAlarm>;

// What is read on a slot from now on (LabelTable::on_trace()).
struct HeardTrace {
  Label label = 0;
  std::optional<Trace> trace{};
};

// --- What can be looked at ---

enum class Way : std::uint8_t { Receive, Send };  // seen from the node
enum class LabelUse : std::uint8_t {
  Free,
  Reserved,
  Active,
  Failed,   // by the FE's word
  Blocked,  // by the operator, or its association is not usable
};

struct LabelView {
  Label label = 0;
  Way way{};
  LabelUse use{};
  std::optional<LspKey> owner{};
  friend bool operator==(const LabelView&, const LabelView&) = default;
};
struct RowAt {
  std::uint32_t fe = 0;
  RowChange at{};
  friend bool operator==(const RowAt&, const RowAt&) = default;
};
// An end of a way through the node, by its rows.
struct Terminal {
  FePort port{};
  std::uint32_t interface = 0;  // 0: not of an interface
  Label label = 0;
  friend bool operator==(const Terminal&, const Terminal&) = default;
};
struct ConnectionView {
  Owner owner{};
  ConnectionState state{};
  bool failing = false;
  bool active_rows = false;  // any
  Reservation labels{};      // not of Found
  std::uint32_t in = 0, out = 0;
  std::vector<RowAt> rows{};  // as the FEs have them, by their last word
  // Of each way through the node that these rows make, slot by slot: where it begins and ends.
  std::vector<std::pair<Terminal, Terminal>> ways{};
};

}  // namespace forces::signaling::resource
