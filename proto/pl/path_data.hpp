// What stands inside an operation: paths, their selectors, data and results, as a tree.
//
// The tree keeps what a message said, known or not, so that encoding it again gives the same
// octets. It judges form only; whether a path, a flag or a value makes sense is for the LFB that it
// names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/core/result.hpp"
#include "proto/pl/codes.hpp"
#include "proto/wire/reader.hpp"
#include "proto/wire/writer.hpp"

namespace forces::pl {

using Octets = std::vector<std::byte>;

inline constexpr std::size_t kMaxDepth = 16;         // PATH-DATA inside PATH-DATA
inline constexpr std::size_t kMaxElements = 32'768;  // TLVs and ILVs of one message

// A TLV without a meaning here, kept as it came.
struct RawTlv {
  std::uint16_t type = 0;
  Octets value;
  friend bool operator==(const RawTlv&, const RawTlv&) = default;
};

struct Ilv {  // RFC 5810 section 6.3
  std::uint32_t id = 0;
  Octets value;
  friend bool operator==(const Ilv&, const Ilv&) = default;
};

struct FullData {  // RFC 5810 section 7.1.8: how the value is packed is the component's business
  Octets value;
  friend bool operator==(const FullData&, const FullData&) = default;
};

struct SparseData {
  std::vector<Ilv> items;
  friend bool operator==(const SparseData&, const SparseData&) = default;
};

struct ResultTlv {  // RFC 5810 section 7.1.7
  std::uint8_t code = 0;
  friend bool operator==(const ResultTlv&, const ResultTlv&) = default;
};

struct ExtendedResult {  // RFC 7391 section 3.2.3
  std::uint32_t code = 0;
  std::string cause;
  friend bool operator==(const ExtendedResult&, const ExtendedResult&) = default;
};

struct KeyInfo {  // RFC 5810 section 7.1.4
  std::uint32_t key_id = 0;
  Octets key;  // content of its FULLDATA-TLV
  friend bool operator==(const KeyInfo&, const KeyInfo&) = default;
};

struct TableRange {  // RFC 7391 section 3.1
  std::uint32_t start = 0, end = 0;
  friend bool operator==(const TableRange&, const TableRange&) = default;
};

// Path flags. RFC 5810 figure 18 draws F_SELKEY as the most significant bit; RFC 7391 section 3.1
// counts from the other end, as tcpdump does. We send the first form and understand both.
inline constexpr std::uint16_t kSelKey = 0x8000;
inline constexpr std::uint16_t kSelTableRange = 0x4000;
inline constexpr std::uint16_t kSelKeyLsb = 0x0001;
inline constexpr std::uint16_t kSelTableRangeLsb = 0x0002;

struct Element;

struct PathData {  // RFC 5810 section 7.1.2
  std::uint16_t flags = 0;
  std::vector<std::uint32_t> ids{};
  std::optional<KeyInfo> key{};
  std::optional<TableRange> range{};
  std::vector<Element> items;  // data, results or further paths with this one as prefix
  friend bool operator==(const PathData& a, const PathData& b);
};

// The flags say exactly what follows: one selector at most, and the one that is there. A PATH-DATA
// that fails this still decodes; its operation is to be answered with E_INVALID_FLAGS, or with
// E_INVALID_TFLAGS when a range is concerned.
[[nodiscard]] bool selectors_agree(const PathData& path);

struct Element {
  std::variant<RawTlv, PathData, FullData, SparseData, ResultTlv, ExtendedResult> value;
  friend bool operator==(const Element&, const Element&) = default;
};

// Counts down over one message; a decoder stops when it is used up.
struct ElementBudget {
  std::size_t left = kMaxElements;
  // False, with an error in `r`, when nothing is left.
  [[nodiscard]] bool take(wire::ByteReader& r, std::size_t at);
};

// All TLVs that `r` holds.
[[nodiscard]] Result<std::vector<Element>> decode_elements(wire::ByteReader& r,
                                                           ElementBudget& budget);
// All ILVs that `r` holds. Errors name `field`.
[[nodiscard]] Result<std::vector<Ilv>> decode_ilvs(wire::ByteReader& r, std::string_view field,
                                                   ElementBudget& budget);

// Errors are sticky in `w`; nesting beyond kMaxDepth is one.
void encode_elements(const std::vector<Element>& elements, wire::ByteWriter& w);
void encode_ilvs(const std::vector<Ilv>& items, wire::ByteWriter& w);

}  // namespace forces::pl
