// How an LFB class is described (RFC 5812 section 4): rows of constants, one a component, that both
// ends read. Nothing here knows a class.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace forces::model {

enum class Kind : std::uint8_t {
  Unsigned,  // of 1, 2, 4 or 8 octets
  Boolean,
  Fixed,   // octets of one size: an address
  Octets,  // a variable number of them
  Text,
  Struct,
  Array,
};

struct Component;

// RFC 5812 section 4.5.3: the fields whose values name one row. No two rows have the same.
struct Key {
  std::uint32_t id = 1;
  std::span<const std::uint32_t> fields{};
};

struct Type {
  Kind kind = Kind::Unsigned;
  std::uint32_t size = 0;     // octets; of Octets and Text: at most; of Array: rows at most
  std::uint64_t minimum = 0;  // of Unsigned
  std::uint64_t maximum = ~std::uint64_t{0};
  bool fixed = false;  // an array of which the subscripts end at `size`
  const Component* fields = nullptr;
  std::uint32_t field_count = 0;
  const Type* element = nullptr;
  std::span<const Key> keys{};

  [[nodiscard]] std::span<const Component> members() const;
};

// RFC 5812 section 4.7.4.
enum class Access : std::uint8_t { ReadOnly, ReadWrite, WriteOnly, ReadReset, TriggerOnly };

struct Component {
  std::uint32_t id = 0;
  std::string_view name{};
  const Type* type = nullptr;
  Access access = Access::ReadWrite;
  std::uint64_t value = 0;                    // that an Unsigned or a Boolean has at first
  std::string_view text{};                    // of a Text; of an Array its rows as they are packed
  std::span<const std::uint64_t> settable{};  // when a CE may not set all that the type has
  bool defaulted = false;  // a field that may be left out where a row is made of SPARSEDATA
  bool live = false;       // not stored: asked for when somebody reads it (hooks.hpp)
  bool kept = false;       // stays as CEs have set it when the association is over
};

inline std::span<const Component> Type::members() const { return {fields, field_count}; }

inline constexpr std::uint32_t kAny = 0xffffffff;  // a subscript that the event takes as it comes

struct EventPath {
  std::array<std::uint32_t, 4> ids{};
  std::uint8_t size = 0;

  constexpr EventPath() = default;
  constexpr EventPath(std::initializer_list<std::uint32_t> list) {
    for (const std::uint32_t id : list) ids[size++] = id;
  }
  [[nodiscard]] std::span<const std::uint32_t> path() const { return {ids.data(), size}; }
};

enum class Condition : std::uint8_t { Created, Deleted, Changed, GreaterThan, LessThan };

struct Event {  // RFC 5812 section 4.7.6
  std::uint32_t id = 0;
  std::string_view name{};
  EventPath target{};
  Condition condition = Condition::Changed;
  std::span<const EventPath> reports{};
};

struct LfbClass {
  std::uint32_t id = 0;
  std::string_view name{};
  std::string_view version{};
  std::span<const Component> components{};  // in the order of definition, then capabilities
  std::uint32_t event_base = 0;
  std::span<const Event> events{};

  [[nodiscard]] const Component* component(std::uint32_t wanted) const {
    for (const Component& c : components) {
      if (c.id == wanted) return &c;
    }
    return nullptr;
  }
  [[nodiscard]] const Event* event(std::uint32_t wanted) const {
    for (const Event& e : events) {
      if (e.id == wanted) return &e;
    }
    return nullptr;
  }
};

// An LFB instance: its class and its number.
struct Target {
  std::uint32_t class_id = 0, instance_id = 0;
  friend auto operator<=>(const Target&, const Target&) = default;
};

// What the tables are written with.
consteval Type number(std::uint32_t octets, std::uint64_t minimum = 0,
                      std::uint64_t maximum = ~std::uint64_t{0}) {
  return {.kind = Kind::Unsigned, .size = octets, .minimum = minimum, .maximum = maximum};
}
consteval Type text(std::uint32_t octets) { return {.kind = Kind::Text, .size = octets}; }
consteval Type octets(std::uint32_t most) { return {.kind = Kind::Octets, .size = most}; }
consteval Type fixed(std::uint32_t octets) { return {.kind = Kind::Fixed, .size = octets}; }
template <std::size_t N>
consteval Type structure(const Component (&fields)[N]) {
  return {.kind = Kind::Struct, .fields = fields, .field_count = N};
}
consteval Type array(const Type& element, std::uint32_t rows, std::span<const Key> keys = {}) {
  return {.kind = Kind::Array, .size = rows, .element = &element, .keys = keys};
}
consteval Type fixed_array(const Type& element, std::uint32_t rows) {
  return {.kind = Kind::Array, .size = rows, .fixed = true, .element = &element};
}

inline constexpr Type kU8 = number(1), kU16 = number(2), kU32 = number(4), kU64 = number(8);
inline constexpr Type kBoolean{.kind = Kind::Boolean, .size = 1};
inline constexpr Type kIpv4 = fixed(4), kIpv6 = fixed(16), kMac = fixed(6);

}  // namespace forces::model
