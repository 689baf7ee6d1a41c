// What decodes must encode, and decode to the same value again; and the views must stay inside the
// message. The length and the checksum patched in make almost every input reach the objects; once
// more as a single object, whose class and C-Type the input chooses, it reaches every layout.
#include <cstdlib>
#include <span>
#include <vector>

#include "proto/rsvp/grammar.hpp"
#include "proto/rsvp/integrity.hpp"

namespace {

namespace rsvp = forces::rsvp;
using forces::wire::Bytes;

void inside(Bytes part, Bytes whole) {
  if (part.empty()) return;
  if (part.data() < whole.data() || part.data() + part.size() > whole.data() + whole.size()) {
    std::abort();
  }
}

void walk(const rsvp::Message& message) {
  (void)rsvp::missing(message);
  if (const auto flows = rsvp::flow_descriptors(message)) {
    for (const auto& flow : *flows) {
      if (flow.objects.empty() || flow.filter == nullptr) std::abort();
    }
  }
  for (const auto& session : rsvp::notify_sessions(message)) {
    if (session.session != &std::get<rsvp::Session>(session.objects.front())) std::abort();
  }
  for (const auto& error : message.all<rsvp::ErrorSpec>()) {
    for (const auto& tlv : error.tlvs) {
      // At most one accessor has an answer: the type says which.
      const int answers = tlv.address().has_value() + tlv.if_index().has_value() +
                          tlv.number().has_value() + tlv.labels().has_value() +
                          tlv.isis_area().has_value() + tlv.route().has_value() +
                          tlv.exclusions().has_value();
      if (answers > 1) std::abort();
      (void)tlv.text();
    }
  }
  for (const auto& route : message.all<rsvp::ExplicitRoute>()) {
    for (const auto& subobject : route.route) {
      if (const auto* hop = subobject.as<rsvp::ExclusionHop>()) (void)rsvp::exclusions(*hop);
    }
  }
  for (const auto& uni : message.all<rsvp::GeneralizedUni>()) {
    for (const auto& subobject : uni.subobjects) {
      (void)subobject.tna();
      (void)subobject.egress_label();
      (void)subobject.service_level();
    }
  }
  for (const auto& sub_message : message.bundled) walk(sub_message);
}

void check(Bytes octets) {
  const auto view = rsvp::MessageView::parse(octets);
  const auto message = rsvp::decode_message(octets);
  if (message && !view) std::abort();
  if (view) {
    std::size_t count = 0;
    for (const rsvp::ObjectView object : view->objects()) {
      inside(object.octets, octets);
      ++count;
    }
    if (count != view->objects().size()) std::abort();
    inside(view->bundled(), octets);
    if (const auto integrity = rsvp::find_integrity(*view); integrity && *integrity) {
      std::size_t total = 0;
      for (const Bytes part : (*integrity)->digested(octets)) total += part.size();
      if (total != octets.size()) std::abort();
      inside((*integrity)->digest, octets);
    }
    const auto refusal = rsvp::unacceptable(*view);
    if (message && refusal.has_value() != rsvp::unacceptable(*message).has_value()) std::abort();
  }
  if (!message) return;
  walk(*message);
  const auto again = rsvp::encode_message(*message);
  if (!again || rsvp::decode_message(*again) != message) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto octets = std::as_bytes(std::span(data, size));
  check(octets);
  if (size < rsvp::kHeaderSize || size > rsvp::kMaxMessage) return 0;
  std::vector<std::byte> patched(octets.begin(), octets.end());
  patched.resize(size / 4 * 4);
  patched[0] = static_cast<std::byte>(0x10 | (data[0] & 0x0f));
  forces::wire::store_be<2>(&patched[6], patched.size());
  rsvp::put_checksum(patched);
  check(patched);
  if (patched.size() < rsvp::kHeaderSize + rsvp::kObjectHeader) return 0;
  forces::wire::store_be<2>(&patched[8], patched.size() - rsvp::kHeaderSize);
  rsvp::put_checksum(patched);
  check(patched);
  return 0;
}
