// How the rest of the FE takes part in its LFBs: a Sink is told what CEs changed, a Provider has
// the values that nobody stores.
#pragma once

#include <cstddef>

#include "common/core/time.hpp"
#include "fe/lfb/store/store.hpp"
#include "proto/pl/codes.hpp"
#include "proto/wire/writer.hpp"

namespace forces::fe::lfb {

// The changes of one message or transaction, in order; or what takes them back.
class Changes {
 public:
  explicit Changes(const Journal& journal, bool reversed = false)
      : journal_(&journal), reversed_(reversed) {}
  [[nodiscard]] std::size_t size() const { return journal_->size(); }
  [[nodiscard]] Change operator[](std::size_t i) const {
    if (!reversed_) return journal_->change(i);
    Change change = journal_->change(size() - 1 - i);
    std::swap(change.before, change.after);
    return change;
  }

 private:
  const Journal* journal_;
  bool reversed_;
};

class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  virtual ~Sink() = default;

  // Asked before a change is made: anything but E_SUCCESS refuses it. Without `after` a row goes.
  [[nodiscard]] virtual pl::ResultCode check(const Change&) { return pl::ResultCode::Success; }
  // Once it is certain: after the message, or with the commit. A component that is live and has no
  // octets is a counter to be reset; one without a component is a registration to an event.
  virtual void applied(const Changes& changes) = 0;
  // After applied(), when the engine can be changed again: what follows from the changes is put
  // into it here, and stands before anybody reads.
  virtual void settled(Instant) {}
};

class Provider {
 public:
  Provider() = default;
  Provider(const Provider&) = delete;
  Provider& operator=(const Provider&) = delete;
  virtual ~Provider() = default;

  // Writes the value of a live component as it is now, packed; false: there is none.
  [[nodiscard]] virtual bool read(const Instance& instance, const Component& component,
                                  wire::ByteWriter& out) = 0;
};

}  // namespace forces::fe::lfb
