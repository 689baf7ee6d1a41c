// Events (RFC 5812 sections 4.7.6 and 4.8.5): which of them a change is, whether somebody wants to
// know, and whether the filters let it pass.
#pragma once

#include <span>
#include <vector>

#include "common/core/time.hpp"
#include "fe/lfb/engine/location.hpp"
#include "proto/pl/body/writer.hpp"

namespace forces::fe::lfb {

// How many subscripts stand in the path of an event.
[[nodiscard]] std::size_t subscripts_of(const Event& event);

// A registration begins: only what becomes true from now on is an occurrence.
void arm(Instance& instance, const Event& event, std::span<const std::uint32_t> subscripts,
         Reader& reader, Registration& registration);

class Events {
 public:
  explicit Events(Reader& reader) : reader_(reader) {}

  // Notifications of these changes, whole messages from `self` without a destination.
  [[nodiscard]] std::vector<pl::Octets> raise(const Changes& changes, pl::ForcesId self,
                                              Instant now);
  [[nodiscard]] std::vector<pl::Octets> raise(const Change& change, pl::ForcesId self, Instant now);

 private:
  class Message;
  void raise(const Change& change, Instant now, Message& message);
  void occurred(const Change& change, const Event& event, Instant now, Message& message);
  void report(const Change& change, const Event& event, Message& message);
  // What stands at a path of the event: of the row that changed as it was reported.
  [[nodiscard]] Part value_at(const Change& change, const EventPath& path);

  Reader& reader_;
};

}  // namespace forces::fe::lfb
