// The label and resource manager of a node: which label of which interface is whose, and the rows
// of the fabric that make it so. Sans I/O: calls and events in, outputs polled.
//
// A connection is reserved (on Path), activated (on Resv), released. Labels are decided at once;
// rows follow by transactions, whose results come back. What is wanted is kept for each connection
// and compared with what its FEs have: so a repeated call, an answer that is lost and an FE that
// comes back all end the same way. A label is free again only when no FE has a row of it.
//
// FEs are read when they come (ReadRows). Rows of nobody are told (Found), keep their labels, and
// are taken over by reserve() for their LSP. Reserved ones are given back when nobody claimed them
// in time; active ones never, but by give_back() (R1 of ason.md: nothing established is released by
// a failure of the control plane).
//
// All labels here are ours, also those of the other end of a link: map them by to_local() first.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "ce/signaling/resource/config.hpp"
#include "ce/signaling/resource/label_table.hpp"
#include "ce/signaling/resource/rows.hpp"
#include "common/core/time.hpp"

namespace forces::signaling::resource {

// One side of a connection at this node.
struct Side {
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
struct LabelAlarm {  // of an association table: the slot is not used
  std::uint32_t interface = 0;
  LabelFault fault{};
  bool raised = true;
  friend bool operator==(const LabelAlarm&, const LabelAlarm&) = default;
};

using Output =
    std::variant<Transaction, ReadRows, Settled, Yielded, Hit, Found, InterfaceChanged, LabelAlarm>;

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

class Manager {
 public:
  explicit Manager(const ManagerConfig& config);
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  // Configuration. What is in use can only grow: false, and nothing changed, when a connection has
  // a label that would go, or when it is not valid (number 0, a port twice).
  bool set_fe(const FeConfig& fe);
  bool set_interface(const InterfaceConfig& interface);
  bool remove_interface(std::uint32_t id);
  bool set_inter_fe_link(const InterFeLink& link);
  bool remove_inter_fe_link(const FePort& end);
  // The operator's: these labels are not given to anybody new, in both directions.
  void block(std::uint32_t interface, const LabelRanges& labels);

  // Connections. reserve() again with the same is answered the same and does nothing; with what is
  // found at FEs it takes that over, active or reserved as it is. An exact label that does not
  // differ from the one it has is the same.
  [[nodiscard]] std::expected<Reservation, Refusal> reserve(const Wants& wants, Instant now);
  // `out`: the labels of the Resv; nullopt: as reserved. Others are taken if they can be.
  [[nodiscard]] std::expected<Reservation, Refusal> activate(const LspKey& lsp,
                                                             const std::optional<Labels>& out,
                                                             Instant now);
  void release(const LspKey& lsp, Instant now);  // whatever its state; Found: as give_back()
  // The operator's: rows of nobody go, also active ones.
  void give_back(const LspKey& lsp, Instant now);
  bool set_alarm_mask(const LspKey& lsp, std::uint32_t mask, Instant now);

  // Events. Ports are up until something else is said. Who cannot read the rows of an FE that was
  // asked for says so by on_fe_down(), or reads again.
  void on_fe_up(std::uint32_t fe, Instant now);  // associated, and ours to write to
  void on_fe_down(std::uint32_t fe, Instant now);
  void on_rows(std::uint32_t fe, std::span<const FoundRow> rows, Instant now);
  void on_result(std::uint64_t transaction, const TransactionResult& result, Instant now);
  void on_port(const FePort& port, bool up, Instant now);
  void on_row_status(std::uint32_t fe, std::uint32_t number, RowStatus status, Instant now);
  // Labels of a port that the FE cannot use now.
  void on_failed_labels(const FePort& port, const LabelRanges& labels, Instant now);

  // Label association of a compound link; false: there is no such one.
  bool provision_receive(std::uint32_t interface, Label remote, Label local);
  bool provision_send(std::uint32_t interface, Label local, Label remote);
  bool withdraw_association(std::uint32_t interface, Label local);
  bool on_trace(std::uint32_t interface, Label local, const Trace& trace);
  [[nodiscard]] const LabelTable* label_table(std::uint32_t interface) const;
  // What was received about this interface, in our numbers. A list with a label that has no pair is
  // refused (BadLabel, with what would do); of a set such labels are left out. to_remote() gives an
  // acceptable set in the numbers of the other end.
  [[nodiscard]] std::expected<Labels, Refusal> to_local(std::uint32_t interface,
                                                        std::span<const Label> received) const;
  [[nodiscard]] LabelRanges to_local(std::uint32_t interface, const LabelRanges& received) const;
  [[nodiscard]] LabelRanges to_remote(std::uint32_t interface, const LabelRanges& ours) const;

  void on_time(Instant now);
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  [[nodiscard]] std::optional<Output> poll_output();

  [[nodiscard]] const InterfaceConfig* interface(std::uint32_t id) const;
  [[nodiscard]] std::vector<std::uint32_t> interfaces() const;
  [[nodiscard]] std::optional<std::uint32_t> interface_at(const FePort& port) const;
  [[nodiscard]] bool interface_up(std::uint32_t id) const;
  [[nodiscard]] LabelRanges free_labels(std::uint32_t interface, Way way) const;
  [[nodiscard]] LabelRanges free_labels(std::uint32_t interface) const;  // in both ways
  [[nodiscard]] std::vector<LabelView> labels(std::uint32_t interface) const;
  [[nodiscard]] std::optional<ConnectionView> connection(const LspKey& lsp) const;
  [[nodiscard]] std::vector<LspKey> connections() const;  // in their order
  // Whose label this is: for a RECOVERY_LABEL (RFC 5063) that a neighbour names.
  [[nodiscard]] std::optional<LspKey> owner_of(std::uint32_t interface, Way way, Label label) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace forces::signaling::resource
