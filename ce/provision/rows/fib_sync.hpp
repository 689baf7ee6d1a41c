// Keeps the tables of one FE as its RowSource wants them. Sans I/O.
//
// start() reads back what the FE has. Then rows come from the source, and each is compared with
// what was read, by content: what is right is adopted under the FE's number, the rest is sent. What
// the FE has and nobody wants is deleted when the source has been complete for a grace time.
//
// While there are found rows, next hops and sets wait until a row refers to them: so it is known
// which of several that look the same was meant. After an answer that is missing or makes no sense
// everything is read back again.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "ce/provision/exchange.hpp"
#include "ce/provision/rows/batch.hpp"
#include "ce/provision/rows/found_rows.hpp"
#include "ce/provision/rows/read_back.hpp"
#include "ce/provision/rows/row_book.hpp"
#include "ce/provision/rows/row_source.hpp"
#include "common/core/outputs.hpp"

namespace forces::ce::provision {

struct SyncConfig {
  std::size_t batch_octets = std::size_t{128} * 1024;
  std::uint32_t rows_a_page = 2048;
  Duration orphan_grace = std::chrono::seconds(60);
  Duration retry_min = std::chrono::seconds(5);  // of what failed, doubled up to
  Duration retry_max = std::chrono::seconds(300);
};

enum class SyncState : std::uint8_t {
  Idle,     // not ours to write to
  Reading,  // what the FE has
  Sending,  // differences
  Synced,   // all that the source has given is there or has failed
  Waiting,  // to read again
};
[[nodiscard]] std::string_view to_string(SyncState state);

struct RowsFailed {  // at most one in kFailureReportEvery
  RowKey last{};
  pl::ResultCode code{};
  std::uint64_t count = 0;  // rows that had not failed like this before
  friend bool operator==(const RowsFailed&, const RowsFailed&) = default;
};
inline constexpr Duration kFailureReportEvery = std::chrono::seconds(1);

struct RowsRemoved {  // that nobody wanted: of an earlier life of the CE, or written by somebody
  std::size_t count = 0;
  FoundRows::Row first;                       // by the FE's number
  std::optional<routing::IpPrefix> prefix{};  // of it, if it has one
};
// The FE has no class EcmpHops: what leads to a set leads to the first of its next hops.
struct SetsReplaced {};
using SyncNote = std::variant<RowsRemoved, SetsReplaced>;

struct SyncCounters {
  std::uint64_t sent = 0, adopted = 0, deleted = 0, orphans_deleted = 0;
  std::uint64_t refused = 0, readings = 0, pages = 0;
};

class FibSync {
 public:
  FibSync(FeId fe, Exchange& exchange, const SyncConfig& config)
      : fe_(fe),
        exchange_(exchange),
        config_(config),
        read_(config.rows_a_page),
        batch_(config.batch_octets) {}
  FibSync(const FibSync&) = delete;
  FibSync& operator=(const FibSync&) = delete;

  // Null: none. It must outlive this, or be taken away before.
  void set_source(RowSource* source);
  // The FE is ours to write to, and has these tables.
  void start(const TableInstances& instances, Instant now);
  void stop();
  // A transaction of others is open at the FE: nothing is written.
  void hold(bool held) { held_ = held; }
  // What it has may be anything: it is read again.
  void distrust(Instant now);

  // Of Purpose::ReadRows and WriteRows. Whether all results in it are good.
  bool on_answer(const Answer& answer, Instant now);
  void on_timer(Instant now);
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  // Sends what there is and the window lets through. Call it when the source has news, and after
  // every other call.
  void pump(Instant now);
  [[nodiscard]] std::optional<RowsFailed> poll_output() { return out_.poll(); }
  [[nodiscard]] std::optional<SyncNote> poll_note() { return notes_.poll(); }

  // Nothing is to be sent, nothing is unanswered.
  [[nodiscard]] bool at_rest() const {
    return state_ == SyncState::Synced || (started_ && source_ == nullptr);
  }
  // Another number after anything that it did to rows.
  [[nodiscard]] std::uint64_t version() const {
    return counters_.sent + counters_.deleted + counters_.orphans_deleted + counters_.adopted +
           counters_.readings;
  }
  // Every acknowledged row is in the FE's kernel, but for those that the reader of it knows.
  void in_kernel() { book_.promote(); }
  [[nodiscard]] std::size_t leading_only_to(const RowSource::HasFailed& failed) const {
    return source_ == nullptr ? 0 : source_->leading_only_to(fe_, failed);
  }

  [[nodiscard]] SyncState state() const { return state_; }
  [[nodiscard]] const RowBook& rows() const { return book_; }
  [[nodiscard]] const SyncCounters& counters() const { return counters_; }
  [[nodiscard]] std::size_t orphans() const { return found_.unclaimed() + doomed_.size(); }

 private:
  enum class Fed : std::uint8_t { More, Nothing, Blocked };

  void read(Instant now);
  void reset();
  [[nodiscard]] Fed feed(Instant now);
  [[nodiscard]] bool feed_retry(Instant now);
  [[nodiscard]] bool feed_unbound(Instant now);
  void delete_orphan(Instant now);
  void judge_orphans(Instant now);
  void forget_found();
  [[nodiscard]] bool has_table(Table table) const {
    return read_.instances()[static_cast<std::size_t>(table)] != 0;
  }

  void take(routing::Delta&& delta, Instant now);
  void take(routing::NextHopRow&& row, Instant now);
  void take(routing::EcmpRow&& row, Instant now);
  void take(routing::PrefixRow&& row, Instant now);
  void gone(RowKey key, Family family, Instant now);

  // Numbers at the FE; a row that is not there yet is adopted or sent first.
  std::uint32_t bind_hop(std::uint32_t number, std::uint32_t hint, Instant now);
  std::uint32_t bind_set(std::uint32_t number, std::uint32_t hint, Instant now);
  void adopt_hop(const routing::NextHopRow& row, std::uint32_t there);
  [[nodiscard]] bool adopt_set(const routing::EcmpRow& row, std::uint32_t hint);
  [[nodiscard]] bool match(const routing::EcmpRow& row, std::uint32_t found,
                           std::vector<std::uint32_t>& to) const;
  void adopted(RowKey key, Table table, std::uint32_t at_fe);
  void send(routing::NextHopRow&& row, Instant now);
  void send(routing::EcmpRow&& row, Instant now);
  void send(routing::PrefixRow&& row, Instant now);
  [[nodiscard]] bool leave_out(RowKey key, Table table);
  void replace_set(routing::PrefixRow& row);
  void sent(RowSent&& row, wire::Bytes packed, Instant now);

  void settle(RowSent& row, pl::ResultCode code, Instant now);
  void failed(RowSent& row, pl::ResultCode code, Instant now);
  void report(Instant now);

  FeId fe_;
  Exchange& exchange_;
  SyncConfig config_;
  RowSource* source_ = nullptr;
  SyncState state_ = SyncState::Idle;
  bool started_ = false, held_ = false;
  TableInstances instances_{};
  ReadBack read_;
  FoundRows found_;
  RowBook book_;
  Batch batch_;
  PackedRow packed_;
  std::optional<routing::Delta> waiting_;  // too much under way about this row
  std::unordered_map<std::uint32_t, routing::NextHopRow> hop_rows_;  // while there are found rows
  std::unordered_set<std::uint32_t> unbound_hops_;                   // of these
  std::unordered_map<std::uint32_t, routing::EcmpRow> unbound_sets_;
  std::unordered_map<std::uint32_t, std::uint32_t> first_of_set_;  // while there is no EcmpHops
  bool sets_replaced_ = false;                                     // and it was told
  std::vector<FoundRows::Row> doomed_;                             // orphans, the last first
  std::optional<Instant> orphans_until_;
  bool orphans_due_ = false;
  std::optional<Instant> read_at_;  // again
  Duration read_back_off_{};
  std::optional<Instant> retry_at_;  // what failed
  std::optional<RowKey> retrying_;   // from here on
  Duration retry_back_off_{};
  bool distrusted_ = false;
  RowsFailed untold_;
  Instant tell_after_{};
  SyncCounters counters_;
  OutputQueue<RowsFailed> out_;
  OutputQueue<SyncNote> notes_;
};

}  // namespace forces::ce::provision
