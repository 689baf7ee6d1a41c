// The properties of components (RFC 5812 section 4.8), which SET-PROP and GET-PROP carry, and with
// them the subscription to events: a SET-PROP of the registration at the event's path.
#pragma once

#include <cstdint>
#include <optional>

#include "common/core/result.hpp"
#include "proto/pl/body/view.hpp"
#include "proto/pl/body/writer.hpp"

namespace forces::pl {

enum class Access : std::uint8_t { None = 0, ReadOnly = 1, WriteOnly = 2, ReadWrite = 3 };

// Section 4.8.5. What is absent is not touched by a SET-PROP.
struct EventProperties {
  std::optional<Access> accessibility{};
  std::optional<std::uint32_t> registration{};  // 0: no notifications
  std::optional<std::uint32_t> threshold{};
  std::optional<std::uint32_t> hysteresis{};
  std::optional<std::uint32_t> count{};     // of occurrences to suppress
  std::optional<std::uint32_t> interval{};  // milliseconds between notifications
  friend bool operator==(const EventProperties&, const EventProperties&) = default;
};

struct ArrayProperties {  // section 4.8.2
  Access accessibility{};
  std::uint32_t entry_count = 0, highest_used_subscript = 0, first_unused_subscript = 0;
  friend bool operator==(const ArrayProperties&, const ArrayProperties&) = default;
};

struct StringProperties {  // sections 4.8.3 and 4.8.4: of strings and octetstrings
  Access accessibility{};
  std::uint32_t length = 0, max_length = 0;
  friend bool operator==(const StringProperties&, const StringProperties&) = default;
};

// From a FULLDATA or SPARSEDATA. Of events also the FULLDATA of 4 octets that real controllers
// send, which is the registration alone (reference: golden message 1.5). Errors count from the
// TLV's value.
[[nodiscard]] Result<EventProperties> read_event_properties(const ItemView& data);
[[nodiscard]] Result<ArrayProperties> read_array_properties(const ItemView& data);
[[nodiscard]] Result<StringProperties> read_string_properties(const ItemView& data);
// Basic properties (section 4.8.1), which all others begin with.
[[nodiscard]] Result<Access> read_accessibility(const ItemView& data);

// Events as SPARSEDATA of what is there, the others as FULLDATA; into a path of `w`.
void write_properties(MessageWriter& w, const EventProperties& properties);
void write_properties(MessageWriter& w, const ArrayProperties& properties);
void write_properties(MessageWriter& w, const StringProperties& properties);
void write_properties(MessageWriter& w, Access accessibility);

}  // namespace forces::pl
