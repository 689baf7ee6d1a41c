// The manager inside. What is wanted of a connection is its plan and its goal; what there is are
// the rows that FEs are known to have. settle() compares the two and does what is next, so every
// call and every event ends in it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "ce/signaling/resource/core/plan.hpp"
#include "common/core/outputs.hpp"

namespace forces::signaling::resource {

enum class Goal : std::uint8_t { Keep, Reserve, Activate, Release };

// Why traffic of a connection does not pass: a port, or a row.
struct Cause {
  FePort port;                            // of a row where it comes in
  std::optional<std::uint32_t> number{};  // of the row
  friend auto operator<=>(const Cause&, const Cause&) = default;
};

struct Connection {
  using RowId = std::pair<std::uint32_t, std::uint32_t>;  // FE, number

  Owner owner{};
  Wants wants{};
  Goal goal = Goal::Keep;
  Plan plan{};
  std::optional<Plan> before{};  // to go back to when labels of a Resv are refused
  Goal before_goal = Goal::Reserve;
  std::map<RowId, Row> there{};  // what FEs have, by their last word
  std::set<HoldKey> holds{};
  std::set<RowId> numbers{};          // rows of which it has the number
  std::size_t awaited = 0;            // labels that another one must let go first
  std::uint64_t transaction = 0;      // under way
  std::set<std::uint32_t> unclear{};  // FEs that may have other rows of it, until they are read
  bool settled_once = false;          // it was reserved or active, or found
  Goal told = Goal::Keep;             // the last goal that was told to be reached
  std::optional<Settled> refused{};   // what to tell when its release has come to an end
  std::set<Cause> causes{};
  std::optional<Instant> timer{};  // of Keep: to be given back; else: to try again
  Duration back_off{};

  [[nodiscard]] bool any_active() const;
  [[nodiscard]] bool uses(std::uint32_t interface) const {
    return goal != Goal::Keep &&
           (wants.in.interface == interface || wants.out.interface == interface);
  }
};

struct Fe {
  FeConfig config{};
  bool up = false;
  bool known = false;                         // its rows have been read
  bool asked = false;                         // to be read
  std::size_t open = 0;                       // transactions under way
  std::map<std::uint32_t, LspKey> numbers{};  // rows that are there or planned
  LabelRanges taken{};                        // the same numbers, to find a free one
  std::optional<Instant> doubted{};
};

struct Manager::Impl {
  explicit Impl(const ManagerConfig& given) : config(given) {}

  // configure.cpp
  bool set_interface(const InterfaceConfig& interface);
  bool remove_interface(std::uint32_t id);
  bool set_inter_fe_link(const InterFeLink& link);
  bool remove_inter_fe_link(const FePort& end);
  void associate(std::uint32_t interface);  // its table has changed
  [[nodiscard]] bool may_lose(const FePort& port, const LabelRanges& labels) const;

  // reserve.cpp
  std::expected<Reservation, Refusal> reserve(const Wants& wants, Instant now);
  std::expected<Reservation, Refusal> activate(const LspKey& lsp, const std::optional<Labels>& out,
                                               Instant now);
  void release(const LspKey& lsp, Instant now);
  [[nodiscard]] std::optional<Refusal> judge(const Wants& wants) const;
  struct Contenders {
    std::set<HoldKey> going;  // labels that are waited for
    std::set<LspKey> losers;  // who shall let go of them
  };
  [[nodiscard]] std::expected<Contenders, Refusal> contenders(const Wants& wants) const;
  [[nodiscard]] static bool needs(const Connection& connection, const HoldKey& key);
  [[nodiscard]] static bool same(const Connection& connection, const Wants& wants);
  [[nodiscard]] bool part_of(const Connection& connection, const Wants& wants) const;
  std::expected<Reservation, Refusal> adopt(Connection& connection, const Wants& wants,
                                            Instant now);
  void use(Connection& connection, Plan plan);
  [[nodiscard]] const InterfaceConfig& interface_of(const Side& of) const;
  [[nodiscard]] std::uint32_t new_number(Fe& fe, const LspKey& lsp);

  // settle.cpp
  void settle(const LspKey& lsp, Instant now);
  void on_result(std::uint64_t id, const TransactionResult& result, Instant now);
  [[nodiscard]] std::map<Connection::RowId, Row> desired(const Connection& connection) const;
  void reached(const LspKey& lsp, Instant now);
  void refused(Connection& connection, const TransactionResult& result, Instant now);
  void drop_unneeded(Connection& connection, Instant now);
  void forget(const LspKey& lsp, Instant now);
  void let_go(Connection& connection, const HoldKey& key);
  void hold(Connection& connection, const HoldKey& key, bool wait);
  void doubt(Fe& fe);
  void read_if_due(Fe& fe);
  void set_timer(Connection& connection, std::optional<Instant> at);
  void retry_later(Connection& connection, Instant now);
  void wake(Instant now);  // who got the last label that it waited for, or may share again

  // share.cpp
  [[nodiscard]] bool may_share(const Wants& wants, const LspKey& with) const;
  [[nodiscard]] std::vector<LspKey> fellows(const Wants& wants) const;
  [[nodiscard]] bool left_out(const Connection& connection, const PlannedRow& planned) const;
  void take_over(Connection& to, Connection& from);
  [[nodiscard]] bool lent(const Connection& connection) const;
  [[nodiscard]] bool share(Connection& connection, std::vector<LspKey>& then);

  // events.cpp
  void on_fe_up(std::uint32_t fe, Instant now);
  void on_fe_down(std::uint32_t fe);
  void on_rows(std::uint32_t fe, std::span<const FoundRow> rows, Instant now);
  void on_port(const FePort& port, bool up);
  void on_row_status(std::uint32_t fe, std::uint32_t number, RowStatus status);
  void hit(Connection& connection, const Cause& cause, bool failing);
  void on_time(Instant now);

  // views.cpp
  [[nodiscard]] ConnectionState state(const Connection& connection) const;
  [[nodiscard]] ConnectionView view(const Connection& connection) const;
  struct Chain {  // one slot, one direction, from end to end
    Terminal from{}, to{};
    std::vector<Connection::RowId> rows{};
  };
  [[nodiscard]] std::vector<Chain> chains(const Connection& connection) const;
  [[nodiscard]] Terminal terminal(const FePort& port, Label label) const;

  [[nodiscard]] Connection* find(const LspKey& lsp);
  [[nodiscard]] const Connection* find(const LspKey& lsp) const;
  [[nodiscard]] bool fe_ready(std::uint32_t fe) const;
  [[nodiscard]] bool interface_up(const InterfaceConfig& interface) const;
  void changed(const FePort& port);

  ManagerConfig config;
  std::map<std::uint32_t, InterfaceConfig> interfaces;
  std::map<std::uint32_t, LabelTable> tables;
  std::map<std::uint32_t, std::set<LabelFault>> alarms;
  Fabric fabric;
  PortBook ports;
  std::map<std::uint32_t, Fe> fes;
  std::map<LspKey, Connection> connections;
  struct Open {
    LspKey lsp;
    std::vector<FeRows> fes;
  };
  std::unordered_map<std::uint64_t, Open> transactions;
  std::uint64_t last_transaction = 0;
  std::set<std::pair<Instant, LspKey>> timers;
  std::deque<LspKey> awake;
  std::set<std::uint32_t> dirty;  // interfaces
  OutputQueue<Output> out;
};

}  // namespace forces::signaling::resource
