// What stands inside an operation as a tree of values: for messages that are few. The ways without
// a tree are body/view.hpp and body/writer.hpp, on which this one stands.
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

#include "proto/pl/body/view.hpp"
#include "proto/pl/body/writer.hpp"
#include "proto/pl/codes.hpp"

namespace forces::pl {

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
  std::optional<Octets> data{};  // figure 17 allows a FULLDATA-TLV; we send none
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

struct Element;

struct PathData {  // RFC 5810 section 7.1.2
  std::uint16_t flags = 0;
  std::vector<std::uint32_t> ids{};
  std::optional<KeyInfo> key{};
  std::optional<TableRange> range{};
  std::vector<Element> items;  // data, results or further paths with this one as prefix
  friend bool operator==(const PathData& a, const PathData& b);
};

[[nodiscard]] bool selectors_agree(const PathData& path);

struct Element {
  std::variant<RawTlv, PathData, FullData, SparseData, ResultTlv, ExtendedResult> value;
  friend bool operator==(const Element&, const Element&) = default;
};

// The trees of checked views.
[[nodiscard]] std::vector<Element> to_tree(const ItemRange& items);
[[nodiscard]] std::vector<Ilv> to_tree(const IlvRange& items);

// Errors are sticky in `w`; nesting beyond kMaxDepth is one.
void write(const std::vector<Element>& elements, MessageWriter& w);
void write(const std::vector<Ilv>& items, MessageWriter& w);

}  // namespace forces::pl
