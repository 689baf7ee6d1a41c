// The LFB instances of this FE and the values of their components. Every change goes through a
// Journal, which can take it back, do it again, and tell the dataplane and the events what
// happened.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/core/time.hpp"
#include "fe/lfb/model.hpp"
#include "fe/lfb/store/table.hpp"
#include "proto/pl/body/properties.hpp"

namespace forces::fe::lfb {

// What a CE asked of an event, and how far the filters of RFC 5812 section 4.8.5 are.
struct Registration {
  pl::EventProperties properties{};
  std::optional<Instant> notified_at{};
  std::uint64_t notified_value = 0;
  std::uint32_t occurrences = 0;  // since the last notification, it included
  bool armed = true;              // the value has been on the other side of the threshold
};
using EventIds = std::vector<std::uint32_t>;  // event and subscripts; none: all of the class

struct Value {
  pl::Octets octets;             // of what is no array
  std::unique_ptr<Table> table;  // of what is one
  pl::Octets initial;            // RFC 5810 section 4.2.2.3: where a new association begins
};

struct Instance {
  const LfbClass* lfb_class = nullptr;
  std::uint32_t id = 0;
  std::vector<Value> values;  // in the order of lfb_class->components
  std::map<EventIds, Registration> registrations;

  Instance(const LfbClass& its_class, std::uint32_t its_id);
  [[nodiscard]] Value& value(const Component& component) {
    return values[static_cast<std::size_t>(&component - lfb_class->components.data())];
  }
  [[nodiscard]] Target target() const { return {lfb_class->id, id}; }
};

// One change, before and after; nothing where a row was or is not.
struct Change {
  Instance* instance = nullptr;
  const Component* component = nullptr;  // null: a registration to an event
  std::optional<std::uint32_t> row{};    // of a table
  std::optional<wire::Bytes> before{}, after{};
};

class Journal {
 public:
  // Does it and keeps how it was. What is the same already is no change. The caller has checked.
  void set(Instance& instance, const Component& component, wire::Bytes value);
  void put_row(Instance& instance, const Component& component, std::uint32_t row,
               wire::Bytes value);
  void erase_row(Instance& instance, const Component& component, std::uint32_t row);
  // A counter that somebody else holds (hooks.hpp) starts again: a change without octets.
  void reset(Instance& instance, const Component& component);
  void subscribe(Instance& instance, const EventIds& event, const Registration& registration);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] Change change(std::size_t i) const;

  void undo(std::size_t to = 0);  // and forgets what was undone
  void step_out();                // undoes all, to be done again by step_in()
  void step_in();
  void clear();  // keeps its memory

 private:
  static constexpr std::uint32_t kNothing = 0xffffffff;
  struct Entry {
    Instance* instance;
    const Component* component;
    std::uint32_t row;
    bool is_row;
    std::uint32_t before, before_size, after, after_size;
  };
  struct Subscription {
    EventIds event;
    std::optional<Registration> before;
    Registration after;
  };
  std::uint32_t keep(wire::Bytes octets);
  void add(Instance& instance, const Component& component, std::optional<std::uint32_t> row,
           std::optional<wire::Bytes> before, std::optional<wire::Bytes> after);
  void apply(const Entry& entry, bool forward);

  std::vector<Entry> entries_;
  std::vector<std::byte> octets_;
  std::vector<Subscription> subscriptions_;
};

class Store {
 public:
  // A class that this FE knows; instances of it may come.
  void know(const LfbClass& lfb_class);
  Instance& add(const LfbClass& lfb_class, std::uint32_t instance_id);

  // Success and the instance, or why there is none.
  [[nodiscard]] pl::ResultCode find(const Target& target, Instance*& found);
  [[nodiscard]] std::map<Target, Instance>& instances() { return instances_; }
  [[nodiscard]] const std::map<Target, Instance>& instances() const { return instances_; }
  [[nodiscard]] const std::vector<const LfbClass*>& classes() const { return classes_; }

 private:
  std::vector<const LfbClass*> classes_;
  std::map<Target, Instance> instances_;
};

}  // namespace forces::fe::lfb
