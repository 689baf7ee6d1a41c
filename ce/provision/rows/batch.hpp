// Rows on their way to an FE: as many as fit into one large Config, in the order in which they were
// given, and after it was sent what each of its results is about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "ce/provision/exchange.hpp"
#include "ce/provision/rows/read_back.hpp"
#include "ce/provision/rows/row_book.hpp"

namespace forces::ce::provision {

// A row in a message.
struct RowSent {
  enum class What : std::uint8_t { Set, Delete, DeleteOrphan };
  Table table{};
  What what{};
  bool settled = false;
  std::uint32_t at_fe = 0;
  RowKey key{};          // not of orphans
  routing::Delta row{};  // of Set
};

class Batch {
 public:
  // Closes a message when it has so many octets.
  explicit Batch(std::size_t octets) : most_(octets) {}

  void set(const TableInstances& instances, RowSent row, wire::Bytes packed, Exchange& exchange,
           Instant now);
  void erase(const TableInstances& instances, RowSent row, Exchange& exchange, Instant now);
  // What is begun, if anything is.
  void submit(Exchange& exchange, Instant now);

  [[nodiscard]] std::size_t octets() const { return writer_ ? writer_->size() : 0; }
  [[nodiscard]] bool empty() const { return !writer_; }
  [[nodiscard]] std::size_t under_way() const { return sent_.size(); }
  void clear();

  // Calls f(row, code) for every row that has a result in this answer. With the last part of it,
  // gives how many rows had none; nullopt: nobody here sent it.
  template <class F>
  [[nodiscard]] std::optional<std::size_t> on_answer(const Answer& answer, F&& f) {
    const auto at = sent_.find(answer.correlator);
    if (at == sent_.end()) return std::nullopt;
    walk(answer.message, at->second, f);
    if (!answer.last) return 0;
    const std::size_t silent = at->second.rows.size() - at->second.settled;
    spare_ = std::move(at->second.rows);
    sent_.erase(at);
    return silent;
  }

 private:
  struct Sent {
    std::vector<RowSent> rows;
    std::size_t next = 0;  // where a result is expected: answers have the order of their request
    std::size_t settled = 0;
    std::vector<std::uint32_t> by_row;  // for answers that have not
  };

  void begin(const TableInstances& instances, Table table, bool erase, std::size_t size,
             Exchange& exchange, Instant now);
  void end_operation();
  [[nodiscard]] static RowSent* find(Sent& sent, Table table, bool erase, std::uint32_t at_fe);

  template <class F>
  static void settle(Sent& sent, RowSent& row, pl::ResultCode code, F& f) {
    if (row.settled) return;
    row.settled = true;
    ++sent.settled;
    f(row, code);
  }
  template <class F>
  static void walk(const pl::MessageView& message, Sent& sent, F& f) {
    for (const pl::LfbSelectView select : message.selects()) {
      for (const pl::OperView oper : select.operations) {
        const bool erase = oper.type == pl::OperType::DelResponse;
        if (!erase && oper.type != pl::OperType::SetResponse) continue;
        (void)pl::for_each_leaf(oper.items(), [&](const pl::Leaf& leaf) {
          if (!leaf.item.is_result()) return true;
          const pl::ResultCode code = leaf.item.result().code;
          const auto ids = leaf.path.ids();
          if (ids.size() >= 2) {
            const auto table = table_of(select.class_id, ids[0]);
            RowSent* const row = table ? find(sent, *table, erase, ids[1]) : nullptr;
            if (row != nullptr) settle(sent, *row, code, f);
            return true;
          }
          for (RowSent& row : sent.rows) {  // one result for the whole operation
            const TableInfo& table = info(row.table);
            const bool meant = table.class_id == select.class_id.value &&
                               (row.what != RowSent::What::Set) == erase &&
                               (ids.empty() || ids[0] == table.component);
            if (meant) settle(sent, row, code, f);
          }
          return false;
        });
      }
    }
  }

  std::size_t most_;
  std::optional<pl::MessageWriter> writer_;
  std::optional<pl::MessageWriter::Scope> select_, operation_;
  Table table_{};
  bool erase_ = false;
  std::vector<RowSent> rows_, spare_;
  std::map<std::uint64_t, Sent> sent_;
};

}  // namespace forces::ce::provision
