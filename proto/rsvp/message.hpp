// A message of RSVP as a value: its objects in the order in which they came or shall go.
#pragma once

#include <expected>
#include <optional>
#include <ranges>
#include <variant>
#include <vector>

#include "proto/rsvp/object.hpp"

namespace forces::rsvp {

struct Message {
  MessageType type{};
  std::uint8_t flags = 0;  // kRefreshReductionCapable
  std::uint8_t send_ttl = 255;
  bool with_checksum = true;
  std::vector<Object> objects{};
  std::vector<Message> bundled{};  // of a Bundle; no Bundles themselves

  // The first, where the standards say that only the first counts; null: there is none.
  template <class T>
  [[nodiscard]] const T* find() const {
    for (const Object& object : objects) {
      if (const T* const found = std::get_if<T>(&object)) return found;
    }
    return nullptr;
  }
  template <class T>
  [[nodiscard]] T* find() {
    return const_cast<T*>(std::as_const(*this).find<T>());
  }
  // All of them: LABEL_SET, POLICY_DATA, MESSAGE_ID_ACK and others may come several times.
  template <class T>
  [[nodiscard]] auto all() const {
    return objects |
           std::views::filter([](const Object& o) { return std::holds_alternative<T>(o); }) |
           std::views::transform([](const Object& o) -> const T& { return std::get<T>(o); });
  }

  friend bool operator==(const Message&, const Message&) = default;
};

// Why a message cannot be taken, and what its sender may be told, if anything: a PathErr, ResvErr
// or Notify with this error. Without an answer the message is discarded in silence.
struct Refusal {
  Error error;
  std::optional<ErrorValue> answer{};
  friend bool operator==(const Refusal&, const Refusal&) = default;
};

// `octets` are one message and nothing else, of a Bundle all sub-messages are good. Objects that
// are not known are no error here: see unacceptable().
[[nodiscard]] std::expected<Message, Refusal> decode_message(wire::Bytes octets);
[[nodiscard]] std::expected<Message, Refusal> decode_message(const MessageView& view);

// The first object for which the whole message must be rejected (RFC 2205 section 3.10): error 13
// or 14. The objects of a Bundle's sub-messages are not looked at, those have answers of their own.
[[nodiscard]] std::optional<Refusal> unacceptable(const MessageView& view);
[[nodiscard]] std::optional<ErrorValue> unacceptable(const Message& message);

// The objects that a node which does not know them hands on in messages that result from this one.
[[nodiscard]] std::vector<UnknownObject> to_forward(const Message& message);

// `recycled` gives its memory. With an INTEGRITY object: its digest is written as it is; see
// integrity.hpp for what comes then.
[[nodiscard]] Result<Octets> encode_message(const Message& message, Octets recycled = {});

// For a message of which only some objects are values: header, then objects, then finish().
class MessageWriter {
 public:
  MessageWriter(MessageType type, std::uint8_t flags, std::uint8_t send_ttl, Octets recycled = {});
  void object(const Object& object) { encode_object(object, w_); }
  void object(const ObjectView& view) { w_.bytes(view.octets); }
  void message(wire::Bytes sub_message) { w_.bytes(sub_message); }  // of a Bundle
  [[nodiscard]] std::size_t size() const { return w_.size(); }
  [[nodiscard]] Result<Octets> finish(bool with_checksum = true) &&;

 private:
  wire::ByteWriter w_;
};

}  // namespace forces::rsvp
