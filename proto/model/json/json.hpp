// Values as an operator reads and writes them: JSON, by the type that a class table gives.
//
//   number, boolean     as they are; one of 8 octets is decimal text, for JSON's numbers are
//   doubles 4, 16, 6 octets     an IPv4, IPv6, MAC address as text; other octets "0x0a0b" text
//   text; {"hex": "0x..."} when it is not UTF-8 struct              object by field names array
//   object by subscripts; a list is taken too, its subscripts count from 0
//
// What to_json() gives, from_json() takes. Numbers are also taken as text, decimal or 0x..., fields
// also by their number.
#pragma once

#include <google/protobuf/struct.pb.h>

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "proto/model/model.hpp"
#include "proto/pl/body/path_data.hpp"

namespace forces::model {

using Json = google::protobuf::Value;

// Octets that are no value of the type come as {"hex": "0x..."}: a peer may have another version of
// the class.
[[nodiscard]] Json to_json(const Type& type, wire::Bytes value);
// Of a FULLDATA or SPARSEDATA; fields that it leaves out are left out.
[[nodiscard]] Json to_json(const Type& type, const pl::ItemView& data);
[[nodiscard]] std::string hex_text(wire::Bytes octets);

struct Complaint {
  std::string where;  // "3.Prefixlen"; empty: the value itself
  std::string what;
  [[nodiscard]] std::string text() const { return where.empty() ? what : where + ": " + what; }
};

// The octets of a whole value, checked.
[[nodiscard]] std::expected<pl::Octets, Complaint> octets_of(const Type& type, const Json& value);
// The data of a SET: FULLDATA; SPARSEDATA when a struct is given without all of its fields.
[[nodiscard]] std::expected<pl::Element, Complaint> data_of(const Type& type, const Json& value);
// "0x0a0b", "0a0b", "0a 0b"
[[nodiscard]] std::optional<pl::Octets> octets_of_hex(std::string_view text);

// A value as it is typed: JSON where it looks like it, or else text. nullopt: it looks like it and
// is none. Numbers stay text and so exact.
[[nodiscard]] std::optional<Json> json_of_text(std::string_view text);

// "uint8, 0 to 32", "table of {Address, Prefixlen}, key Address, Prefixlen".
[[nodiscard]] std::string describe(const Type& type);
[[nodiscard]] std::string_view describe(Access access);

}  // namespace forces::model
