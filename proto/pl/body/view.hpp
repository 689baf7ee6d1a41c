// A PL message as it lies in its octets: views of its TLVs, without a copy or an allocation.
//
// MessageView::parse() checks the form of the whole message once, so that nothing is carried out of
// a message whose end turns out to be rubbish. The views behind it cannot fail: they are spans of
// the message and must not outlive it. Form only is judged; whether a path, a flag or a value makes
// sense is for the LFB that it names (body/grammar.hpp has what the RFC says of it).
//
//   FORCES_TRY(message, pl::MessageView::parse(octets));
//   for (const pl::LfbSelectView& select : message.selects())
//     for (const pl::OperView& oper : select.operations)
//       for (const pl::ItemView& item : oper.items())
//         if (item.is(TlvType::PathData)) apply(oper.type, item.path());
//
// PATH-DATA nests (RFC 5810 figure 17): the items of a path are data, results or further paths.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/core/result.hpp"
#include "proto/pl/body/quirks.hpp"
#include "proto/pl/body/ranges.hpp"
#include "proto/pl/header.hpp"
#include "proto/wire/reader.hpp"

namespace forces::pl {

inline constexpr std::size_t kMaxDepth = 16;         // PATH-DATA inside PATH-DATA
inline constexpr std::size_t kMaxElements = 32'768;  // TLVs and ILVs of one message
inline constexpr std::size_t kMaxTlv = 65'535;       // octets of a TLV: its length has 16 bits

// Path flags. RFC 5810 figure 18 draws F_SELKEY as the most significant bit; RFC 7391 section 3.1
// counts from the other end, as tcpdump does. We send the first form and understand both.
inline constexpr std::uint16_t kSelKey = 0x8000;
inline constexpr std::uint16_t kSelTableRange = 0x4000;
inline constexpr std::uint16_t kSelKeyLsb = 0x0001;
inline constexpr std::uint16_t kSelTableRangeLsb = 0x0002;

struct KeyView {  // RFC 5810 section 7.1.4
  std::uint32_t key_id = 0;
  wire::Bytes key{};  // content of its FULLDATA-TLV
};

struct TableRange {  // RFC 7391 section 3.1
  std::uint32_t start = 0, end = 0;
  friend bool operator==(const TableRange&, const TableRange&) = default;
};
inline constexpr std::uint32_t kLastRow = 0xffffffff;  // as TableRange::end

struct ResultView {  // RFC 5810 section 7.1.7, RFC 7391 section 3.2.3
  ResultCode code{};
  std::string_view cause{};           // of an EXTENDEDRESULT
  std::optional<wire::Bytes> data{};  // of a RESULT: figure 17 allows a FULLDATA-TLV in it
};

class PathView;

// A TLV inside an operation or a path.
struct ItemView {
  TlvType type{};
  wire::Bytes value{};  // of FULLDATA: the data

  ItemView() = default;
  ItemView(std::uint32_t number, wire::Bytes content)
      : type(static_cast<TlvType>(number)), value(content) {}

  [[nodiscard]] bool is(TlvType wanted) const { return type == wanted; }
  [[nodiscard]] bool is_result() const {
    return is(TlvType::Result) || is(TlvType::ExtendedResult);
  }
  [[nodiscard]] PathView path() const;                             // of PATH-DATA
  [[nodiscard]] IlvRange ilvs() const { return IlvRange(value); }  // of SPARSEDATA
  [[nodiscard]] ResultView result() const;                         // of RESULT, EXTENDEDRESULT
};
using ItemRange = TlvRange<ItemView>;

// RFC 5810 section 7.1.2 and figure 17: flags, IDs, one selector at most, then items.
class PathView {
 public:
  PathView() = default;
  explicit PathView(wire::Bytes value) {  // of the PATH-DATA-TLV
    if (value.size() < kHeader) return;
    flags = static_cast<std::uint16_t>(wire::load_be<2>(value.data()));
    const std::size_t count = wire::load_be<2>(value.data() + 2);
    value = value.subspan(kHeader);
    ids = IdsView(value.first(std::min(4 * count, value.size())));
    items = ItemRange(value.subspan(ids.octets().size()));
    const auto first = items.begin();
    if (first == items.end()) return;
    const TlvType type = (*first).type;
    if (type == TlvType::KeyInfo || type == TlvType::TableRange) read_selectors();
  }

  std::uint16_t flags = 0;
  IdsView ids{};
  std::optional<KeyView> key{};
  std::optional<TableRange> range{};
  ItemRange items{};

 private:
  static constexpr std::size_t kHeader = 4;
  void read_selectors();
};

inline PathView ItemView::path() const { return PathView(value); }

// The flags say exactly what follows: one selector at most, and the one that is there. A PATH-DATA
// that fails this still decodes; its operation is to be answered with E_INVALID_FLAGS, or with
// E_INVALID_TFLAGS when a range is concerned.
[[nodiscard]] constexpr bool selectors_agree(std::uint16_t flags, bool has_key, bool has_range) {
  const bool says_key = (flags & (kSelKey | kSelKeyLsb)) != 0;
  const bool says_range = (flags & (kSelTableRange | kSelTableRangeLsb)) != 0;
  // RFC 7391 section 3.1: the two exclude each other.
  return says_key == has_key && says_range == has_range && !(says_key && says_range);
}

// Figure 21: an operation. Items of a type that is_known() does not know mean nothing.
struct OperView {
  OperType type{};
  wire::Bytes value{};

  OperView() = default;
  OperView(std::uint32_t number, wire::Bytes content)
      : type(static_cast<OperType>(number)), value(content) {}
  [[nodiscard]] ItemRange items() const { return ItemRange(value); }
};

// RFC 5810 section 7.1.5.
struct LfbSelectView {
  LfbClassId class_id{};
  LfbInstanceId instance_id{};
  TlvRange<OperView> operations{};

  LfbSelectView() = default;
  LfbSelectView(std::uint32_t number, wire::Bytes value);
};

// A TLV at the top of a message.
struct BodyView {
  TlvType type{};
  wire::Bytes value{};

  BodyView() = default;
  BodyView(std::uint32_t number, wire::Bytes content)
      : type(static_cast<TlvType>(number)), value(content) {}
};

class MessageView {
 public:
  // `message` is one whole message: neither less nor more than its header says.
  [[nodiscard]] static Result<MessageView> parse(wire::Bytes message);

  [[nodiscard]] const Header& header() const { return header_; }
  // What a peer did that is not quite as the RFC has it, and was tolerated.
  [[nodiscard]] Quirks quirks() const { return quirks_; }
  [[nodiscard]] TlvRange<BodyView> body() const { return TlvRange<BodyView>(body_); }
  // Only the LFBselect-TLVs.
  [[nodiscard]] TlvRange<LfbSelectView, static_cast<std::uint16_t>(TlvType::LfbSelect)> selects()
      const {
    return TlvRange<LfbSelectView, static_cast<std::uint16_t>(TlvType::LfbSelect)>(body_);
  }

 private:
  Header header_{};
  wire::Bytes body_{};
  Quirks quirks_{};
};

// Whatever a peer wrapped in how many paths (RFC 6984 section 5.1 has the forms): every leaf below
// `items` in order, with the whole path to it. A leaf is a FULLDATA, SPARSEDATA, RESULT or
// EXTENDEDRESULT, or a path in which there is nothing (a type of 0 and the path's own selectors).
// For what selects by path alone: responses and reports. Gives false, and goes no further, when `f`
// does or when a path is longer than kMaxPathIds.
struct Leaf {
  const Path& path;
  const PathView* last;  // the innermost PATH-DATA; null directly in an operation
  ItemView item;
};
template <class F>
bool for_each_leaf(const ItemRange& items, F&& f);

// RFC 6053 section 3.4 issue 4: some senders count the padding in the length of a FULLDATA. Gives
// the `expected` octets when nothing but up to 3 zero octets follows them; else `data` as it is.
[[nodiscard]] wire::Bytes without_counted_pad(wire::Bytes data, std::size_t expected);

namespace detail {
template <class F>
bool visit_leaves(const ItemRange& items, Path& path, const PathView* last, F& f) {
  bool any = false;
  for (const ItemView item : items) {
    any = true;
    if (!item.is(TlvType::PathData)) {
      if (!f(Leaf{path, last, item})) return false;
      continue;
    }
    const PathView inner = item.path();
    const std::size_t above = path.size();
    if (!path.append(inner.ids) || !visit_leaves(inner.items, path, &inner, f)) return false;
    path.truncate(above);
  }
  return any || last == nullptr || f(Leaf{path, last, ItemView{}});
}
}  // namespace detail

template <class F>
bool for_each_leaf(const ItemRange& items, F&& f) {
  Path path;
  return detail::visit_leaves(items, path, nullptr, f);
}

}  // namespace forces::pl
