// Writes a PL message straight into its octets. Lengths are patched when a scope ends.
//
//   pl::MessageWriter w(header);
//   {
//     const auto select = w.lfb_select(class_id, instance_id);
//     const auto set = w.operation(OperType::Set);
//     for (; row != rows.end() && w.room() >= kRowSize; ++row) w.path_with_data({{1, row->index}},
//     row->octets);
//   }
//   send(std::move(w).finish());   // and the rest of the rows in another message
//
// An answer mirrors its request: for each PATH-DATA that is met, a scope path(view.ids), and in it
// the answers to what it holds. Scopes end in the reverse order of their beginning.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "common/core/result.hpp"
#include "proto/pl/body/view.hpp"
#include "proto/pl/header.hpp"
#include "proto/wire/writer.hpp"

namespace forces::pl {

using Octets = std::vector<std::byte>;

// RFC 7391 section 3.2.3.1: an FE sends one or the other, as FEPO.EResultAdmin says.
enum class ResultForm : std::uint8_t { Result, ExtendedResult };

inline constexpr std::size_t kMaxCause = 32;  // octets, as RFC 7391 section 3.2.3 recommends

// The first error wins and comes out of finish(): TooLarge for what its length field cannot say,
// TooDeep for paths beyond kMaxDepth.
class MessageWriter {
 public:
  class Scope;

  // The length of `header` is computed. Reuses the memory of `recycled`.
  explicit MessageWriter(const Header& header, Octets recycled = {},
                         ResultForm form = ResultForm::Result);

  [[nodiscard]] Scope lfb_select(LfbClassId class_id, LfbInstanceId instance_id);
  [[nodiscard]] Scope operation(OperType type);
  void empty_operation(OperType type);  // COMMIT, TRCOMP

  // PATH-DATA; with a selector its flag is set. Into the scope go data, results or further paths.
  [[nodiscard]] Scope path(std::span<const std::uint32_t> ids);
  [[nodiscard]] Scope path(std::span<const std::uint32_t> ids, const KeyView& key);
  [[nodiscard]] Scope path(std::span<const std::uint32_t> ids, const TableRange& range);
  // The path of a request again, as an answer has it: without its selector (RFC 5810
  // section 7.1.9).
  [[nodiscard]] Scope path(const IdsView& ids);

  [[nodiscard]] Scope full_data();    // write the value to out(), or scopes of full_data() in it
  [[nodiscard]] Scope sparse_data();  // ilv()s
  [[nodiscard]] Scope ilv(std::uint32_t id);
  void full_data(wire::Bytes data);
  void ilv(std::uint32_t id, wire::Bytes value);
  // As RESULT or EXTENDEDRESULT. A RESULT has no cause and 8 bits: a code beyond is sent as
  // E_UNSPECIFIED_ERROR. A cause is cut at kMaxCause octets, between characters.
  void result(ResultCode code, std::string_view cause = {});

  // A PATH-DATA with a FULLDATA at once: the way of a row of a table.
  void path_with_data(std::span<const std::uint32_t> ids, wire::Bytes data);
  void path_with_data(const IdsView& ids, wire::Bytes data);

  // What the methods above do not say.
  [[nodiscard]] Scope tlv(std::uint16_t type);
  [[nodiscard]] Scope tlv(TlvType type);
  [[nodiscard]] Scope raw_path(std::uint16_t flags, std::span<const std::uint32_t> ids);
  void key_info(const KeyView& key);
  void table_range(const TableRange& range);
  [[nodiscard]] wire::ByteWriter& out() { return out_; }

  // How many octets can still be written, headers and padding included, before the LFBselect that
  // is open or the message grows beyond its length field.
  [[nodiscard]] std::size_t room() const;
  [[nodiscard]] std::size_t size() const { return out_.size(); }
  [[nodiscard]] bool ok() const { return out_.ok(); }

  // The message; every scope has ended.
  [[nodiscard]] Result<Octets> finish() &&;

 private:
  enum class Kind : std::uint8_t { Tlv, Path, Ilv };

  [[nodiscard]] Scope begin(std::uint16_t type, Kind kind);
  [[nodiscard]] Scope begin_path(std::uint16_t flags, std::size_t count);
  [[nodiscard]] std::byte* path_with_data(std::size_t ids, wire::Bytes data);
  void end(std::size_t start, Kind kind);
  void leave(std::size_t start, Kind kind);

  static constexpr std::size_t kNone = 0;  // no TLV begins where the header does

  wire::ByteWriter out_;
  std::size_t outermost_ = kNone;  // where the TLV begins that is open at the top of the message
  std::size_t depth_ = 0;          // of paths
  ResultForm form_;
};

// An open TLV or ILV; ends with the object, or before by close().
class [[nodiscard]] MessageWriter::Scope {
 public:
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  Scope(Scope&& other) noexcept
      : writer_(std::exchange(other.writer_, nullptr)), start_(other.start_), kind_(other.kind_) {}
  Scope& operator=(Scope&&) = delete;
  ~Scope() { close(); }

  void close() {
    if (writer_ != nullptr) std::exchange(writer_, nullptr)->end(start_, kind_);
  }
  // Takes it back with all that it holds, e.g. a path of which only failures are to be reported.
  void discard() {
    if (writer_ == nullptr) return;
    writer_->out_.truncate(start_);
    std::exchange(writer_, nullptr)->leave(start_, kind_);
  }

 private:
  friend class MessageWriter;
  Scope(MessageWriter& writer, std::size_t start, Kind kind)
      : writer_(&writer), start_(start), kind_(kind) {}

  MessageWriter* writer_;
  std::size_t start_;
  Kind kind_;
};

inline MessageWriter::Scope MessageWriter::tlv(TlvType type) {
  return tlv(std::to_underlying(type));
}

}  // namespace forces::pl
