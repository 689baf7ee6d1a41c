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
#include <vector>

#include "ce/signaling/resource/config.hpp"
#include "ce/signaling/resource/values.hpp"
#include "common/core/time.hpp"

namespace forces::signaling::resource {

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
  // The other end of a link that is one only while an LSP carries it (RFC 4206); node 0: none. Also
  // of what is in use, for its labels stay what they are. False: there is no such interface.
  bool set_far_end(std::uint32_t id, const LinkEnd& remote);
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
  bool on_traces(std::uint32_t interface, std::span<const HeardTrace> heard);
  bool restore_association(std::uint32_t interface, Label local, Label remote);
  // What is to be sent on its slots now, for InterfaceConfig::discover: only on those that carry
  // nothing, as far as it is known what the FE has. It changes with InterfaceChanged.
  [[nodiscard]] std::map<Label, Trace> traces(std::uint32_t interface) const;
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
  [[nodiscard]] bool in_use(std::uint32_t interface) const;  // somebody has a label there
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
