// Two-phase commit over FEs (RFC 5810 section 4.3.1.2): the coordinator. Configs with SOT and MOT
// are validated by each FE; when all are good, COMMIT with EOT goes to all; when all have
// committed, TRCOMP. A failure, a time-out or a lost FE before that aborts it at all FEs (COMMIT
// with ABT).
//
// An FE that is lost or silent frees itself: what it has not committed is forgotten when its time
// is up or its association ends. Such an FE may have committed all the same, so its rows are read
// again. A CE has one transaction open at an FE at a time; no other Config goes there meanwhile.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "common/core/outputs.hpp"
#include "common/core/time.hpp"
#include "proto/pl/message.hpp"

namespace forces::ce::provision {

struct TransactionPart {  // of one FE: the bodies of its Configs, in order
  std::uint32_t fe = 0;
  std::vector<std::vector<pl::BodyTlv>> configs;
};

enum class TransactionState : std::uint8_t { Validating, Committing, Completed, Aborting, Aborted };
[[nodiscard]] std::string_view to_string(TransactionState state);
enum class FeOutcome : std::uint8_t {
  Validating,
  Ready,      // has validated everything
  Committed,  // has answered COMMIT
  Refused,    // with a code
  Silent,     // did not answer in time
  Lost,       // its association, or that we are its master
};
[[nodiscard]] std::string_view to_string(FeOutcome outcome);

struct TransactionFe {
  std::uint32_t fe = 0;
  FeOutcome outcome = FeOutcome::Validating;
  pl::ResultCode code = pl::ResultCode::Success;  // of Refused
  bool aborted = false;                           // has answered ABT
  friend bool operator==(const TransactionFe&, const TransactionFe&) = default;
};
struct TransactionRecord {
  std::uint64_t id = 0;
  TransactionState state = TransactionState::Validating;
  std::uint32_t failed_fe = 0;  // who began the end, 0: nobody
  Instant began{}, ended{};
  std::vector<TransactionFe> fes{};
};

// Which paths of a Config have no RESULT yet. In a transaction the flags of an answer do not say
// whether it is whole: AT and TP are the request's, copied, or count parts (RFC 7391 section 3.3).
class AwaitedResults {
 public:
  explicit AwaitedResults(const std::vector<pl::BodyTlv>& config);
  // True: every path has its result. One at a shorter path is that of all below it; one at a longer
  // path is that of a row that a key named.
  [[nodiscard]] bool take(const pl::MessageView& answer);

 private:
  struct Awaited {
    pl::LfbClassId class_id;
    std::vector<std::uint32_t> ids;
  };
  std::deque<Awaited> awaited_;
};

// What a coordinator asks of the associations.
class TransactionCarrier {
 public:
  TransactionCarrier() = default;
  TransactionCarrier(const TransactionCarrier&) = default;
  TransactionCarrier& operator=(const TransactionCarrier&) = default;
  virtual ~TransactionCarrier() = default;

  // Whether this CE may configure the FE and nobody else's transaction is open there.
  [[nodiscard]] virtual bool free(std::uint32_t fe) = 0;
  // While held, no other Config goes to the FE.
  virtual void hold(std::uint32_t fe, bool held) = 0;
  // A Config with AT; the correlator by which it is answered, 0: it could not be sent, or needs
  // no answer.
  virtual std::uint64_t send(std::uint32_t fe, pl::TransactionPhase phase,
                             const std::vector<pl::BodyTlv>& body, bool answered) = 0;
  // Nobody knows what this FE has done.
  virtual void distrust(std::uint32_t fe) = 0;
};

class Coordinator {
 public:
  static constexpr std::size_t kHistory = 100;

  // nullopt: nothing to do, an FE named twice, or one that is not free.
  std::optional<std::uint64_t> begin(const std::vector<TransactionPart>& parts,
                                     TransactionCarrier& carrier, Instant now);

  void on_answer(std::uint32_t fe, std::uint64_t correlator, pl::ResultCode code,
                 TransactionCarrier& carrier, Instant now);
  void on_unanswered(std::uint32_t fe, std::uint64_t correlator, TransactionCarrier& carrier,
                     Instant now);
  void on_fe_lost(std::uint32_t fe, TransactionCarrier& carrier, Instant now);

  // One that has ended.
  [[nodiscard]] std::optional<TransactionRecord> poll_output() { return out_.poll(); }
  // Those that are open, then the last that have ended, the newest first.
  [[nodiscard]] std::vector<TransactionRecord> list() const;
  [[nodiscard]] bool open_at(std::uint32_t fe) const { return by_fe_.contains(fe); }

 private:
  struct Transaction {
    TransactionRecord record;
    std::map<std::uint32_t, std::set<std::uint64_t>> awaited;  // by FE
    std::map<std::uint32_t, std::uint64_t> abort_awaited;
  };

  [[nodiscard]] Transaction* of(std::uint32_t fe);
  [[nodiscard]] static TransactionFe& part(Transaction& t, std::uint32_t fe);
  void advance(Transaction& t, TransactionCarrier& carrier, Instant now);
  void fail(Transaction& t, TransactionFe& fe, FeOutcome outcome, TransactionCarrier& carrier,
            Instant now);
  void end(Transaction& t, TransactionState state, TransactionCarrier& carrier, Instant now);

  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, Transaction> open_;
  std::map<std::uint32_t, std::uint64_t> by_fe_;
  std::deque<TransactionRecord> history_;
  OutputQueue<TransactionRecord> out_;
};

}  // namespace forces::ce::provision
