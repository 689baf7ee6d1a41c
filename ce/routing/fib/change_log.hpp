// Rows in the order of their last change, and readers that each stand somewhere in that order: what
// a reader has not seen is what follows it. A row that changes again moves to the end, so a reader
// that is slow sees its latest state once, and no queue grows. Every step takes constant time; a
// reader that starts again from the front is sent every row.
//
// A retired row stays in its place until every reader has passed it, then its number is free.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace forces::ce::routing {

class ChangeLog {
 public:
  using Row = std::uint32_t;
  using Reader = std::uint32_t;

  ChangeLog() : ends_{kEnd, kEnd} {}

  // A reader in front of every row. Rows retired before are not shown to it.
  [[nodiscard]] Reader attach();
  void detach(Reader reader);
  void rewind(Reader reader);

  void touch(Row row);   // added, changed, or alive again
  void retire(Row row);  // removed
  void drop(Row row);    // leaves at once, unseen

  [[nodiscard]] bool retired(Row row) const { return retired_.contains(row); }
  // The next row that the reader has not seen; then it has.
  [[nodiscard]] std::optional<Row> next(Reader reader);
  [[nodiscard]] bool pending(Reader reader) const;
  // Retired rows that no reader will see any more.
  [[nodiscard]] std::optional<Row> poll_reclaimed();

 private:
  static constexpr std::uint32_t kEnd = 0xffffffff;
  static constexpr std::uint32_t kUnlinked = 0xfffffffe;
  static constexpr std::uint32_t kReaderBit = 0x80000000;  // readers and rows share one list

  struct Link {
    std::uint32_t previous = kUnlinked, next = kUnlinked;
  };
  struct Retired {
    std::uint64_t stamp;
    std::uint32_t readers;  // that have not passed it
  };
  struct ReaderState {
    Link link;
    std::uint64_t attached;  // the stamp of that time
  };

  [[nodiscard]] Link& link(std::uint32_t node);
  [[nodiscard]] const Link& link(std::uint32_t node) const;
  void unlink(std::uint32_t node);
  void insert_after(std::uint32_t node, std::uint32_t previous);
  void pass(Row row, const ReaderState& reader);
  void pass_all(Reader reader);

  Link ends_;  // next: the first node; previous: the last
  std::vector<Link> rows_;
  std::vector<ReaderState> readers_;
  std::vector<Reader> free_readers_;
  std::uint32_t attached_ = 0;
  std::unordered_map<Row, Retired> retired_;
  std::vector<Row> reclaimed_;
  std::uint64_t stamp_ = 0;
};

}  // namespace forces::ce::routing
