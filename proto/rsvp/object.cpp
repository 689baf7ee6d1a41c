#include "proto/rsvp/object.hpp"

#include <array>
#include <utility>

namespace forces::rsvp {
namespace {

template <class T>
constexpr bool kHasFamily = requires { T::is_v6(std::uint8_t{}); };

template <class T>
void read_body(T& value, Reading& c) {
  if constexpr (kHasFamily<T>) c.family(T::is_v6(c.c_type()));
  if constexpr (requires { value.set_c_type(std::uint8_t{}); }) value.set_c_type(c.c_type());
  if constexpr (requires { value.read(c); }) {
    value.read(c);
  } else {
    T::layout(value, c);
  }
}

template <class T>
void write_body(const T& value, Writing& c) {
  if constexpr (kHasFamily<T>) c.family(T::is_v6(value.c_type()));
  if constexpr (requires { value.write(c); }) {
    value.write(c);
  } else {
    T::layout(value, c);
  }
}

void write_body(const UnknownObject& value, Writing& c) { c.rest(value.octets, "rsvp.object"); }

template <class T>
std::uint8_t number_of(const T&) {
  return std::to_underlying(T::kClass);
}
std::uint8_t number_of(const UnknownObject& object) { return object.number; }

// What is known of a class: how an object of it is read, and its C-Types.
struct ClassRow {
  std::optional<Error> (*read)(const ObjectView&, Object&) = nullptr;
  bool (*has)(std::uint8_t c_type) = nullptr;
};

template <class T>
std::optional<Error> read_as(const ObjectView& view, Object& into) {
  Reading c(view.body(), view.offset + kObjectHeader, view.c_type);
  read_body(into.emplace<T>(), c);
  wire::ByteReader& r = c.reader();
  if (!r.empty()) r.fail(Errc::BadLength, "rsvp.object.length", view.offset);
  if (!r.ok()) return r.error();
  return std::nullopt;
}

template <class... Ts>
constexpr std::array<ClassRow, 256> rows(const std::variant<UnknownObject, Ts...>*) {
  std::array<ClassRow, 256> table{};
  ((table[std::to_underlying(Ts::kClass)] = {&read_as<Ts>, &Ts::has}), ...);
  return table;
}
constexpr auto kRows = rows(static_cast<const Object*>(nullptr));

}  // namespace

std::uint8_t class_number(const Object& object) {
  return std::visit([](const auto& value) { return number_of(value); }, object);
}

std::uint8_t c_type(const Object& object) {
  return std::visit([](const auto& value) { return value.c_type(); }, object);
}

Treatment treatment(std::uint8_t number, std::uint8_t c_type) {
  const ClassRow& row = kRows[number];
  if (row.has != nullptr) return row.has(c_type) ? Treatment::Known : Treatment::RejectCType;
  if (number == 0) return Treatment::Ignore;  // RFC 2205 appendix A: the NULL class
  if (number < 0x80) return Treatment::RejectClass;
  return number < 0xc0 ? Treatment::Ignore : Treatment::Forward;
}

std::optional<Error> decode_object(const ObjectView& view, Object& into) {
  const ClassRow& row = kRows[view.number];
  if (row.has != nullptr && row.has(view.c_type)) return row.read(view, into);
  into = UnknownObject{view.number, view.c_type, Reading::octets(view.body())};
  return std::nullopt;
}

Result<Object> decode_object(const ObjectView& view) {
  Result<Object> object;
  if (const auto error = decode_object(view, *object)) return fail(*error);
  return object;
}

void encode_object(const Object& object, wire::ByteWriter& w) {
  const std::size_t start = w.size();
  w.u16(0);
  std::visit(
      [&](const auto& value) {
        w.u8(number_of(value));
        w.u8(value.c_type());
        Writing c(w);
        write_body(value, c);
      },
      object);
  w.patch_u16(start, w.size() - start, "rsvp.object.length");
}

}  // namespace forces::rsvp
