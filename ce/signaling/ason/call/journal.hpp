// A call as octets of the state store: proto/schema/journal.proto, CallRecord.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ce/signaling/ason/call/call.hpp"
#include "proto/wire/reader.hpp"

namespace forces::signaling::ason::calls {

struct JournalEntry {
  std::string key{};
  std::vector<std::byte> octets{};
};

inline constexpr std::string_view kCallKeys = "call/";  // what all of them begin with
// Its presence says that the journal has all calls of this controller. A store that is new, or was
// lost, has it only when neighbours have had their time to give calls back.
inline constexpr std::string_view kWholeKey = "call/whole";
[[nodiscard]] std::string journal_key(CallHandle handle);
[[nodiscard]] std::vector<std::byte> to_journal(const Call& call);
// Nothing: damaged. What is of the moment (timers, tries, alarms) is not in it.
[[nodiscard]] std::optional<Call> from_journal(wire::Bytes octets);

}  // namespace forces::signaling::ason::calls
