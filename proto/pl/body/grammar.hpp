// What RFC 5810 allows to stand where: tables 1 and 2 and the words around them, with RFC 7391.
// The codec takes more than that, so that a wrong request can be answered with these results.
#pragma once

#include <optional>

#include "proto/pl/body/view.hpp"
#include "proto/pl/codes.hpp"

namespace forces::pl {

// Table 1: may a message of this type hold such an operation?
[[nodiscard]] bool may_hold(MsgType message, OperType oper);

// Sections 6.1 and 7.6.2 to 7.7.2: what answers a message or an operation, if anything does.
[[nodiscard]] std::optional<MsgType> response_to(MsgType request);
[[nodiscard]] std::optional<OperType> response_to(OperType request);

// Whether one PATH-DATA of such an operation has the form that table 2 asks for, with its selectors
// (section 7.1.2, RFC 7391 section 3.1); the paths in it are judged on their own.
//   E_SUCCESS
//   E_INVALID_FLAGS       a flag without its KEYINFO or the reverse, or a selector in an answer
//   E_INVALID_TFLAGS      the same of a TABLERANGE; one in other than GET and DEL, with a KEYINFO
//   or
//                         below another
//   E_INVALID_TLV         a TLV that must not be there, or kinds that must not stand together
//   E_INVALID_PARAMETERS  nothing where there must be something
[[nodiscard]] ResultCode judge(OperType oper, const PathView& path, bool below_range = false);

// The header of an answer of `self`: IDs, correlator and priority come from the request (sections
// 6.1, 7.10; RFC 5811 section 4.2.1.2).
[[nodiscard]] Header response_header(const Header& request, MsgType type, ForcesId self);

// RFC 7391 section 3.3: an answer that is too large for a message comes in parts of one correlator,
// of which the last has a result and no data.
enum class Part : std::uint8_t { Whole, First, Middle, Last };
[[nodiscard]] Part part_of(Flags flags);
[[nodiscard]] Flags with_part(Flags flags, Part part);

}  // namespace forces::pl
