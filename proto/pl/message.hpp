// A whole PL message as a tree: RFC 5810 section 6 and figure 17, table 2.
//
// For messages that are few, and for tests. What must be fast goes by body/view.hpp and
// body/writer.hpp, on which this stands; redirected packets go by redirect.hpp.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "proto/pl/body/path_data.hpp"
#include "proto/pl/header.hpp"

namespace forces::pl {

struct Oper {  // RFC 5810 section 6.2.2; empty for COMMIT and TRCOMP
  OperType type{};
  std::vector<Element> elements{};
  Octets unknown{};  // the content instead of `elements` when the type is none of the 14
  friend bool operator==(const Oper&, const Oper&) = default;
};

struct LfbSelect {  // RFC 5810 section 7.1.5
  LfbClassId class_id{};
  LfbInstanceId instance_id{};
  std::vector<Oper> operations{};
  friend bool operator==(const LfbSelect&, const LfbSelect&) = default;
};

struct AsResult {  // RFC 5810 section 7.5.2
  AssociationResult result{};
  friend bool operator==(const AsResult&, const AsResult&) = default;
};

struct AsTreason {  // RFC 5810 section 7.5.3
  TeardownReason reason{};
  friend bool operator==(const AsTreason&, const AsTreason&) = default;
};

struct Metadata {
  std::vector<Ilv> items;
  friend bool operator==(const Metadata&, const Metadata&) = default;
};

struct RedirectData {
  Octets packet;
  friend bool operator==(const RedirectData&, const RedirectData&) = default;
};

struct Redirect {  // RFC 5810 section 7.9: either part may be absent, none may come twice
  std::vector<std::variant<RawTlv, Metadata, RedirectData>> items;
  friend bool operator==(const Redirect&, const Redirect&) = default;
};

using BodyTlv = std::variant<RawTlv, LfbSelect, AsResult, AsTreason, Redirect>;

struct Message {
  Header header;  // encode_message() computes the length itself
  std::vector<BodyTlv> body{};
  friend bool operator==(const Message&, const Message&) = default;

  // The first TLV of a kind, or null.
  template <class T>
  [[nodiscard]] const T* find() const {
    for (const BodyTlv& tlv : body) {
      if (const T* found = std::get_if<T>(&tlv)) return found;
    }
    return nullptr;
  }
};

[[nodiscard]] Message to_tree(const MessageView& view);

// `message` is one whole message: neither less nor more than its header says.
[[nodiscard]] Result<Message> decode_message(wire::Bytes message);

[[nodiscard]] Result<Octets> encode_message(const Message& message);

}  // namespace forces::pl
