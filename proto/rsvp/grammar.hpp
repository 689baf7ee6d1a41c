// What stands where in a message: RFC 2205 section 3.1, RFC 2961, RFC 3473 section 11, RFC 4974
// section 5.4. Order is a recommendation: whatever order has a meaning is taken.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "proto/rsvp/message.hpp"

namespace forces::rsvp {

// The first object that this type of message must have and this one has not; offset is 0. Nothing
// is known of messages of an unknown type.
[[nodiscard]] std::optional<Error> missing(const Message& message);

// RFC 2205 section 3.1.4 and RFC 3209 section 3.2: of a Resv, ResvErr, ResvTear or ResvConf. What
// is not there is null; pointers are into the message.
struct FlowDescriptor {
  const Flowspec* flowspec = nullptr;  // of this one, or an earlier one's where it was left out
  const FilterSpec* filter = nullptr;
  const Label* label = nullptr;
  const RecordRoute* route = nullptr;
  std::span<const Object> objects{};  // from its FILTER_SPEC to the next flow descriptor
};

// Fixed filter: a reservation each. Shared explicit: one FLOWSPEC, a FILTER_SPEC for each LSP.
// A LABEL or RECORD_ROUTE that stands in front of every FILTER_SPEC is an error.
[[nodiscard]] Result<std::vector<FlowDescriptor>> flow_descriptors(const Message& message);

// RFC 3473 section 4.3 and RFC 4974 section 5.4.1: a SESSION and what follows it to the next.
struct NotifySession {
  const Session* session = nullptr;
  std::span<const Object> objects{};  // with the SESSION

  template <class T>
  [[nodiscard]] const T* find() const {
    for (const Object& object : objects) {
      if (const T* const found = std::get_if<T>(&object)) return found;
    }
    return nullptr;
  }
};
[[nodiscard]] std::vector<NotifySession> notify_sessions(const Message& message);

}  // namespace forces::rsvp
