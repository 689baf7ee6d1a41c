// The durable store: tables of key -> value octets, changed by batches.
//
// A batch is atomic, and batches become durable in the order they were given. An owner gives a
// batch, goes on, and hears Durable later; what announces the batch leaves only then (`Outbox`).
// submit() never blocks and never fails: while the store cannot write (disk full, read-only, a
// server away) batches wait in memory, Failed is told once, and nothing becomes durable until
// Recovered. An owner asks snapshot().overloaded before it takes new work.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/core/ids.hpp"
#include "common/core/time.hpp"

namespace forces::state {

using Octets = std::vector<std::byte>;
using Bytes = std::span<const std::byte>;

struct Change {
  std::string table;
  Octets key;
  std::optional<Octets> value;  // nothing: the key is removed
  friend bool operator==(const Change&, const Change&) = default;
};
using Batch = std::vector<Change>;
[[nodiscard]] std::size_t octets_of(const Batch& batch);

// Counted from 1 in each life of a store.
using BatchId = StrongId<struct BatchTag, std::uint64_t>;

enum class Reason : std::uint8_t {  // append only: values are metric labels
  Full,                             // no space left, or a quota
  ReadOnly,
  Io,            // the operating system failed otherwise; the text says how
  Damaged,       // what is stored contradicts itself
  NotOurs,       // the file is something else
  NewerVersion,  // written by a version that knows more than this one
  InUse,         // another process has it
  Moved,         // the file was moved or deleted while it was in use
  Unreachable,   // the server does not answer
  NotMaster,     // another `ce` of the group writes; final for this life
  Refused,       // the server, or the library, does not take it; the text says why
};
inline constexpr std::size_t kReasons = 11;
[[nodiscard]] std::string_view to_string(Reason reason);

struct Failure {
  Reason reason{};
  std::string text;  // for the operator: what, where, and what to do where that is known
};

struct Durable {
  BatchId up_to;  // this batch and all before it
};
struct Failed {
  Failure failure;
};
struct Recovered {};  // since Failed; a Durable follows
using Event = std::variant<Durable, Failed, Recovered>;

struct Snapshot {
  bool failed = false;      // nothing becomes durable at present
  bool overloaded = false;  // more waits than the store was told to keep: take no new work
  std::string trouble;      // of the failure
  std::string kept_as;      // what was found damaged at the start is there now
  std::uint64_t submitted = 0, durable = 0;  // batches
  std::uint64_t commits = 0, changes = 0, octets = 0;
  std::uint64_t largest_group = 0;  // batches in one commit
  std::uint64_t largest_batch = 0;  // changes
  std::size_t pending_octets = 0;
  Duration commit_time{}, longest_commit{};
  std::array<std::uint64_t, kReasons> failures{};
};

class Store {
 public:
  // False: enough.
  using Visitor = std::function<bool(Bytes key, Bytes value)>;

  virtual ~Store() = default;
  [[nodiscard]] virtual BatchId submit(Batch batch) = 0;
  [[nodiscard]] virtual std::optional<Event> poll_event() = 0;
  // What is durable of a table, from the key `from` on, in the order of the octets of keys. The
  // visitor may submit, but not scan.
  [[nodiscard]] virtual std::expected<void, Failure> scan(std::string_view table, Bytes from,
                                                          const Visitor& visit) const = 0;
  [[nodiscard]] virtual Snapshot snapshot() const = 0;

  [[nodiscard]] std::expected<std::optional<Octets>, Failure> get(std::string_view table,
                                                                  Bytes key) const;
};

}  // namespace forces::state
