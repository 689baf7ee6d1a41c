// Rows of class CrossConnect (65792) at FEs, as they are wanted, sent and found. Values only; their
// octets are ce/provision/cross_connects.
#pragma once

#include <cstdint>
#include <vector>

#include "ce/signaling/ids.hpp"

namespace forces::signaling::resource {

struct Row {  // one direction, one slot
  std::uint32_t in_port = 0;
  Label in_label = 0;
  std::uint32_t out_port = 0;
  Label out_label = 0;
  bool active = false;  // else reserved
  std::uint32_t alarm_mask = 0;
  Owner owner{};
  friend bool operator==(const Row&, const Row&) = default;
};

struct RowChange {
  std::uint32_t number = 0;  // of the row in the table
  Row row{};                 // to be set; of `erase` as it is there
  bool erase = false;
  friend bool operator==(const RowChange&, const RowChange&) = default;
};

struct FeRows {
  std::uint32_t fe = 0;
  std::vector<RowChange> changes{};  // in order: what goes stands before what comes
  friend bool operator==(const FeRows&, const FeRows&) = default;
};

// To be done at all these FEs or at none (RFC 5810 section 4.3.1.2). Transactions that have an FE
// in common are to be done in their order; several may be put together.
struct Transaction {
  std::uint64_t id = 0;
  std::vector<FeRows> fes{};
  friend bool operator==(const Transaction&, const Transaction&) = default;
};

struct TransactionResult {
  enum class Kind : std::uint8_t {
    Done,     // at all of them
    Refused,  // nothing was done anywhere
    Unknown,  // nobody knows what the FEs in `unclear` (none: all) have done; the others: nothing
  };
  Kind kind = Kind::Done;
  std::uint32_t fe = 0;    // who refused, or was lost
  std::uint32_t code = 0;  // of RFC 5810 section 7.1.7
  std::vector<std::uint32_t> unclear{};
};

enum class RowStatus : std::uint8_t { Unknown, Working, Failed };

struct FoundRow {  // by a reading
  std::uint32_t number = 0;
  Row row{};
  RowStatus status = RowStatus::Unknown;
  friend bool operator==(const FoundRow&, const FoundRow&) = default;
};

}  // namespace forces::signaling::resource
