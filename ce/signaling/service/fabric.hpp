// The node's hands at its FEs: transactions over cross-connects, tables read back, states of ports
// and rows from events. Sans I/O: FeAccess asks, answers come in.
//
// When an FE is ours (again) its events are subscribed to, then its ports are read, then its rows
// are asked for by the manager. One transaction is under way at an FE at a time; the next waits.
// Traces are set in small messages with a pause behind each, so that a port of thousands of slots
// holds nothing up.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "ce/association/controller.hpp"
#include "ce/provision/cross_connects.hpp"
#include "ce/signaling/service/node.hpp"
#include "ce/signaling/service/trace_book.hpp"
#include "proto/model/classes/classes.hpp"

namespace forces::signaling {

// Answers come by Fabric::on_answer with the ticket; 0: it cannot be asked (now).
class FeAccess {
 public:
  FeAccess() = default;
  FeAccess(const FeAccess&) = default;
  FeAccess& operator=(const FeAccess&) = default;
  virtual ~FeAccess() = default;
  [[nodiscard]] virtual std::uint64_t period(std::uint32_t fe) = 0;  // Controller::period()
  [[nodiscard]] virtual std::uint64_t ask(std::uint32_t fe,
                                          const std::vector<pl::BodyTlv>& query) = 0;
  [[nodiscard]] virtual std::uint64_t configure(std::uint32_t fe,
                                                const std::vector<pl::BodyTlv>& config) = 0;
  [[nodiscard]] virtual std::uint64_t transact(
      const std::vector<ce::provision::TransactionPart>& parts) = 0;
};

class Fabric {
 public:
  static constexpr std::uint32_t kPage = 4096;  // rows of a question
  static constexpr Duration kRetry = std::chrono::milliseconds(20);
  static constexpr Duration kAskAgain = std::chrono::seconds(1);
  static constexpr std::size_t kTraces = 64;  // of a message
  static constexpr Duration kTracePause = std::chrono::milliseconds(50);

  Fabric(FeAccess& access, TransportNode& node, std::set<std::uint32_t> fes)
      : access_(access), node_(node), fes_(std::move(fes)) {}

  void on_fe(std::uint32_t fe, Instant now);
  void on_event(std::uint32_t fe, wire::Bytes message, Instant now);
  void on_answer(std::uint64_t ticket, const ce::OperatorAnswer& answer, Instant now);
  void on_time(Instant now);
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  void perform(const resource::Transaction& transaction, Instant now);
  void perform(const resource::ReadRows& read, Instant now);
  void perform(const SendTraces& traces, Instant now);

  struct Counters {
    std::uint64_t transactions = 0, refused = 0, unknown = 0, reads = 0, events = 0, bad = 0;
    std::uint64_t traces_set = 0, traces_refused = 0;
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  enum class What : std::uint8_t { Subscribe, Ports, Rows, Traces, Transaction };
  struct Question {
    What what{};
    std::uint32_t fe = 0;
    std::uint64_t period = 0;
  };
  struct Fe {
    std::uint64_t period = 0;       // 0: not ours
    std::uint64_t transaction = 0;  // under way: its ticket
    // Rows that are being read: from this number on.
    std::optional<std::uint32_t> reading{};
    ce::provision::CrossConnectReader reader{};
    bool ports_due = false, subscribe_due = false, asking_ports = false, asking_rows = false;
    bool subscribed = false;             // and its table of traces to send is empty: it has said so
    std::map<std::uint32_t, bool> up{};  // ports
    std::map<std::uint32_t, te::LabelRanges> failed{};  // labels of ports
    // What was read last, over associations: of what is not there any more the node is told.
    std::map<FePort, std::map<Label, std::string>> heard{};
    TraceBook traces{model::optical_port::kMostTraces};
    Instant next_traces{};
  };

  void pump(Instant now);
  void ask(std::uint32_t id, Fe& fe, Instant now);
  [[nodiscard]] bool start(const resource::Transaction& transaction, Instant now);
  void on_ports(std::uint32_t id, Fe& fe, const std::vector<pl::Octets>& messages, Instant now);
  void on_rows(std::uint32_t id, Fe& fe, const std::vector<pl::Octets>& messages, Instant now);
  void hear(std::uint32_t id, Fe& fe, const std::vector<ce::provision::ReceivedTrace>& traces,
            Instant now);
  void on_traces_set(Fe& fe, const std::vector<pl::Octets>& messages, Instant now);
  void look_again(Instant at);  // not later than then
  void on_transaction(std::uint64_t ticket, const ce::OperatorAnswer& answer, Instant now);

  FeAccess& access_;
  TransportNode& node_;
  const std::set<std::uint32_t> fes_;  // that are of the node
  std::map<std::uint32_t, Fe> known_;
  std::map<std::uint64_t, Question> questions_;
  std::deque<resource::Transaction> waiting_;
  std::map<std::uint64_t, resource::Transaction> under_way_;  // by ticket
  std::optional<Instant> retry_;
  Counters counters_;
};

}  // namespace forces::signaling
