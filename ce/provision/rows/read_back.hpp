// Reads the tables of an FE: first how many rows each has and the highest number (GET-PROP, RFC
// 5812 section 4.8.2), then their rows by TABLERANGE (RFC 7391 section 3.1), a few pages under way
// at a time. Pages grow where numbers are scattered. An FE with empty tables costs one round trip.
//
// An FE that knows no properties is paged all the same until nothing more is there; one that knows
// no ranges is asked for the whole table; a table that cannot be read either counts as empty.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>

#include "ce/provision/exchange.hpp"
#include "ce/provision/rows/found_rows.hpp"
#include "ce/provision/rows/row_book.hpp"

namespace forces::ce::provision {

// The LFB instance that has a table; 0: the FE has none.
using TableInstances = std::array<std::uint32_t, kTables>;

class ReadBack {
 public:
  explicit ReadBack(std::uint32_t rows_a_page) : page_(rows_a_page) {}

  void start(const TableInstances& instances, Exchange& exchange, Instant now);
  // An answer to a Query of Purpose::ReadRows. False: it was not one of this reading.
  bool on_answer(const Answer& answer, FoundRows& found, RowBook& book);
  // Asks for what is next. Call it after start() and on_answer().
  void ask(Exchange& exchange, Instant now);

  [[nodiscard]] bool done() const { return asked_.empty() && !more(); }
  [[nodiscard]] bool failed() const { return failed_; }  // too many rows
  // Tables that turned out not to be there have no instance any more.
  [[nodiscard]] const TableInstances& instances() const { return instances_; }
  [[nodiscard]] std::uint64_t pages() const { return pages_; }

 private:
  enum class Phase : std::uint8_t { Properties, Pages, Whole, Done };
  struct Reading {
    Phase phase = Phase::Done;
    bool whole_asked = false;
    std::uint32_t next = 0, last = pl::kLastRow;  // numbers still to be asked for
    std::uint32_t width = 0;                      // of a page
    bool known = false;                           // `last` is the FE's word
  };
  struct Page {
    Table table{};
    std::uint32_t start = 0, end = 0;
    std::uint32_t rows = 0;
    bool whole = false;
    std::optional<pl::ResultCode> failed{};
  };
  static constexpr std::size_t kUnderWay = 4;

  [[nodiscard]] bool more() const;
  void on_properties(const Answer& answer);
  void on_page(const Answer& answer, Page& page, FoundRows& found, RowBook& book);
  void end_of_page(const Page& page);
  void ask_page(Table table, Exchange& exchange, Instant now);

  std::uint32_t page_;
  TableInstances instances_{};
  std::array<Reading, kTables> tables_;
  std::map<std::uint64_t, std::optional<Page>> asked_;  // nullopt: properties
  std::uint64_t pages_ = 0;
  bool failed_ = false;
};

}  // namespace forces::ce::provision
