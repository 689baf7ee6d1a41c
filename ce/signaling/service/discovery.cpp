// Label association of compound links, found by traces (RFC 4139 section 4.5): what the node sends
// on its free slots and hears there, and the pairs that it keeps in its journal.
#include <array>
#include <charconv>
#include <cstdio>
#include <utility>

#include "ce/signaling/service/node.hpp"
#include "proto/wire/reader.hpp"
#include "proto/wire/writer.hpp"

namespace forces::signaling {
namespace {

// A pair of labels that traces have shown: "pair/0000000d/00010000", and the remote label.
std::string pair_key(std::uint32_t interface, Label local) {
  std::array<char, 32> text{};
  const int size = std::snprintf(text.data(), text.size(), "pair/%08x/%08x", interface, local);
  return {text.data(), static_cast<std::size_t>(size)};
}
std::optional<LabelPair> read_pair(std::string_view key, wire::Bytes octets) {
  LabelPair pair;
  const auto number = [&](std::size_t at, std::uint32_t& value) {
    const char* const end = key.data() + at + 8;
    const auto read = std::from_chars(key.data() + at, end, value, 16);
    return read.ec == std::errc{} && read.ptr == end;
  };
  wire::ByteReader r(octets);
  pair.remote = r.u32("remote");
  const std::size_t interface = TransportNode::kPairKeys.size(), local = interface + 9;
  if (key.size() != local + 8 || !number(interface, pair.interface) || !number(local, pair.local) ||
      !r.ok()) {
    return std::nullopt;
  }
  return pair;
}

}  // namespace

void TransportNode::on_traces(const FePort& port, std::span<const resource::HeardTrace> heard,
                              Instant now) {
  if (const auto interface = manager_.interface_at(port)) {
    (void)manager_.on_traces(*interface, heard);
  }
  pump(now);
}

void TransportNode::follow_traces(std::uint32_t interface) {
  std::map<Label, std::string> texts;
  for (const auto& [label, trace] : manager_.traces(interface)) texts[label] = trace.text();
  auto& sent = traces_[interface];
  if (sent == texts) return;
  sent = texts;
  out_.push(SendTraces{ports_.at(interface), std::move(texts)});
}

// Slots that are in use carry no traces: a pair must be known again after a restart, or what a
// neighbour says of them means nothing (R1, R2).
void TransportNode::follow_association(std::uint32_t interface) {
  const resource::InterfaceConfig* const config = manager_.interface(interface);
  const resource::LabelTable* const table = manager_.label_table(interface);
  if (config == nullptr || table == nullptr || !config->discover) return;
  auto found = table->discovered();
  auto& kept = pairs_[interface];
  for (const auto& [local, remote] : kept) {
    if (!found.contains(local)) persist(pair_key(interface, local), std::nullopt);
  }
  for (const auto& [local, remote] : found) {
    const auto before = kept.find(local);
    if (before != kept.end() && before->second == remote) continue;
    wire::ByteWriter value;
    value.u32(remote);
    const wire::Bytes octets = value.written();
    persist(pair_key(interface, local), std::vector<std::byte>(octets.begin(), octets.end()));
  }
  kept = std::move(found);
}

void TransportNode::recover_association(std::string_view key, state::Bytes octets) {
  const auto pair = read_pair(key, octets);
  const auto* const config = pair ? manager_.interface(pair->interface) : nullptr;
  if (config == nullptr || !config->compound || !config->discover) {
    return persist(key, std::nullopt);  // of a link that is not any more, or is provisioned now
  }
  pairs_[pair->interface][pair->local] = pair->remote;
  (void)manager_.restore_association(pair->interface, pair->local, pair->remote);
}

}  // namespace forces::signaling
