// Makes the rows of one FE those of a CopySource: reads what it has, keeps what is right whatever
// its number, sends the differences, and tells the source when they are there.
//
// One message is under way at a time. In it are all changes of a group, what comes before what
// goes, so that the FE, which takes a message at once, never sends a packet to both or to none.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "ce/provision/copies/rows.hpp"
#include "ce/provision/exchange.hpp"
#include "ce/provision/rows/row_book.hpp"
#include "common/core/outputs.hpp"

namespace forces::ce::provision {

struct CopiesFailed {  // and all is read and sent again, ever more seldom
  CopyRow row{};       // one of them
  pl::ResultCode code{};
  std::uint64_t count = 0;
};

class CopySync {
 public:
  enum class State : std::uint8_t { Off, Absent, Reading, Running };
  static constexpr std::size_t kRowsAMessage = 1000;  // about; a group is not torn apart
  static constexpr Duration kAgainFirst = std::chrono::seconds(5);
  static constexpr Duration kAgainMost = std::chrono::seconds(300);

  CopySync(std::uint32_t fe_id, Exchange& exchange) : fe_(fe_id), exchange_(exchange) {}

  void set_source(CopySource* source);
  // This CE is the master. Instance 0: the FE has no such LFB.
  void start(std::uint32_t instance);
  void stop();
  void hold(bool held) { held_ = held; }  // a transaction is open
  void distrust() { read_ = instance_ != 0 && state_ != State::Off; }

  // False: not as it should be. Of Purpose::ReadCopies and WriteCopies.
  bool on_answer(const Answer& answer, Instant now);
  void on_unanswered(Instant now);
  void pump(Instant now);
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  [[nodiscard]] std::optional<CopiesFailed> poll_output() { return out_.poll(); }

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] std::size_t rows() const { return have_.size(); }
  [[nodiscard]] std::uint64_t failures() const { return failures_; }

 private:
  struct Sent {
    CopyRow row{};
    std::uint32_t number = 0;
    bool erase = false;
    bool answered = false;
  };
  void read(Instant now);
  void take(const Answer& answer);
  void end_reading(Instant now);
  void write(Instant now);
  [[nodiscard]] bool is_kept(const CopyRow& row, const CopyRows& wanted) const;
  void send(std::vector<Sent> changes, Instant now);
  void take_result(const pl::LfbSelectView& select, bool erase, const pl::Leaf& leaf);
  void settle(Sent& sent, pl::ResultCode code);
  void again(Instant now);

  std::uint32_t fe_;
  Exchange& exchange_;
  CopySource* source_ = nullptr;
  State state_ = State::Off;
  std::uint32_t instance_ = 0;
  bool held_ = false, told_ = false;
  bool read_ = false;             // is due
  std::uint64_t correlator_ = 0;  // of what is under way
  bool endpoint_ = false;         // that reading found it
  std::map<CopyRow, std::uint32_t> have_;
  CopyRows found_;                        // when it was read, and not wanted since
  std::optional<Instant> orphans_until_;  // while some are kept
  std::array<NumbersInUse, kCopyTables> numbers_;
  std::vector<Sent> sent_;
  std::optional<CopiesFailed> failed_;  // of the message that is under way
  std::uint64_t set_ = 0;               // the version that the FE has
  std::uint64_t failures_ = 0;
  Instant not_before_{};
  Duration wait_ = kAgainFirst;
  OutputQueue<CopiesFailed> out_;
};

}  // namespace forces::ce::provision
