// Values as RFC 5810 sections 7.1.1 and 7.1.8 pack them, read and changed by their type. A value is
// its FULLDATA content; inside of another one strings, octetstrings and arrays have a TLV around.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "proto/model/model.hpp"
#include "proto/pl/body/writer.hpp"
#include "proto/pl/codes.hpp"
#include "proto/wire/reader.hpp"
#include "proto/wire/writer.hpp"

namespace forces::model {

// Of one component or one row (a set of 1,024 next hops has 10,240). The rest of a TLV of 65,535
// octets is for what stands around it.
inline constexpr std::size_t kMaxValue = 16'384;

// Octets of every value of the type; 0 when they differ.
[[nodiscard]] std::uint32_t fixed_size(const Type& type);

// Whether this is a value of the type, within its limits:
//   E_CONTENTS_TOO_LONG, E_INVALID_TLV (too short, or an inner TLV that is none),
//   E_VALUE_OUT_OF_RANGE, E_INVALID_ARRAY_CREATION, E_INVALID_PARAMETERS (rows out of order)
[[nodiscard]] pl::ResultCode check(const Type& type, wire::Bytes value);

// A number of any size, and a boolean.
[[nodiscard]] std::optional<std::uint64_t> number_of(const Type& type, wire::Bytes value);

struct Part {
  pl::ResultCode code = pl::ResultCode::Success;
  const Type* type = nullptr;
  wire::Bytes value{};
};
// The part of `value` that `ids` lead to. With a `value` of no octets the type alone: whether such
// a path can be.
[[nodiscard]] Part part_of(const Type& type, wire::Bytes value, std::span<const std::uint32_t> ids);
[[nodiscard]] Part type_of(const Type& type, std::span<const std::uint32_t> ids);

// `value` again, with its part at `ids` replaced by `by`, or without that row.
[[nodiscard]] pl::ResultCode splice(const Type& type, wire::Bytes value,
                                    std::span<const std::uint32_t> ids,
                                    std::optional<wire::Bytes> by, wire::ByteWriter& out);

// `value` with what ILVs say of it. Without a value to begin with, fields that are not named must
// have a default (E_INVALID_PARAMETERS).
[[nodiscard]] pl::ResultCode merge(const Type& type, std::optional<wire::Bytes> value,
                                   wire::Bytes ilvs, wire::ByteWriter& out);
// Whether the value of an ILV is a run of ILVs again (rule 4 of section 7.1.8) and no packed value.
[[nodiscard]] bool is_sparse(const Type& type, wire::Bytes ilvs);

// As a part of another value; the first value of a component.
void write_member(const Type& type, wire::Bytes value, wire::ByteWriter& out);
void write_default(const Component& component, wire::ByteWriter& out);
// As the content of a SPARSEDATA or of an ILV in it.
void write_sparse(const Type& type, wire::Bytes value, pl::MessageWriter& w);
[[nodiscard]] std::size_t sparse_size(const Type& type, wire::Bytes value);

// The fields of a key, one behind the other, as a KEYINFO has them.
void copy_key(const Type& array, const Key& key, wire::Bytes row, pl::Octets& into);

// Calls f(index, value) for the rows of a packed array until it gives false; false when the
// octets are none.
template <class F>
bool for_each_row(const Type& array, wire::Bytes rows, F&& f);

namespace detail {
// Takes the octets of one member from the front of `in`; `value` is without the TLV around it.
struct Member {
  wire::Bytes raw{}, value{};
};
[[nodiscard]] std::optional<Member> take(const Type& type, wire::Bytes& in);
[[nodiscard]] std::optional<std::uint32_t> take_index(wire::Bytes& in);
}  // namespace detail

template <class F>
bool for_each_row(const Type& array, wire::Bytes rows, F&& f) {
  while (!rows.empty()) {
    const auto index = detail::take_index(rows);
    if (!index) return false;
    const auto row = detail::take(*array.element, rows);
    if (!row) return false;
    if (!f(*index, row->value)) return true;
  }
  return true;
}

}  // namespace forces::model
