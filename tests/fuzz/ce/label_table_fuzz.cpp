// Octets as a trace in text, and as what happens to the label tables at both ends of a compound
// link. Whatever it is: what is usable is one to one, and once traces pass all slots both ends know
// what the equipment between them does.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "ce/signaling/resource/label_table.hpp"

namespace {

using forces::signaling::Label;
using forces::signaling::LinkEnd;
using forces::signaling::resource::LabelState;
using forces::signaling::resource::LabelTable;
using forces::signaling::resource::Trace;

constexpr Label kSlots = 4;  // 1 to 4
constexpr std::array<LinkEnd, 2> kEnds{{{{1}, 7}, {{2}, 8}}};

struct Link {
  std::array<LabelTable, 2> tables;
  Label turn = 0;  // what the equipment adds to a slot of end 0; it takes it away on the way back

  [[nodiscard]] Label across(std::size_t from, Label label) const {
    const Label by = from == 0 ? turn : kSlots - turn;
    return 1 + (label - 1 + by) % kSlots;
  }
  void pass(std::size_t from, Label label) {
    const std::size_t to = 1 - from;
    const Trace trace = tables[from].trace(kEnds[from], label);
    if (Trace::parse(trace.text()) != trace) std::abort();
    (void)tables[to].on_trace(kEnds[from], across(from, label), trace);
  }
  void check() const {
    for (const LabelTable& table : tables) {
      std::size_t verified = 0;
      for (const auto& entry : table.entries()) {
        if (entry.state != LabelState::Verified) continue;
        ++verified;
        if (table.to_local(entry.remote) != entry.local) std::abort();
        if (table.to_remote(entry.local) != entry.remote) std::abort();
      }
      if (table.usable().list(100).size() != verified) std::abort();
    }
  }
};

void live(const std::uint8_t* data, std::size_t size) {
  Link link;
  for (std::size_t i = 0; i + 1 < size; i += 2) {
    const std::size_t at = data[i] & 1U;
    LabelTable& table = link.tables[at];
    const Label label = 1 + data[i + 1] % kSlots, other = 1 + data[i + 1] / kSlots % kSlots;
    switch (data[i] >> 1 & 7) {
      case 0:
      case 1:
        link.pass(at, label);
        break;
      case 2:
        (void)table.on_trace(kEnds[1 - at], label, std::nullopt);
        break;
      case 3:
        (void)table.on_trace(kEnds[1 - at], label, Trace{.sender = {{9}, 9}, .label = other});
        break;
      case 4:
        table.provision_receive(other, label);
        break;
      case 5:
        table.provision_send(label, other);
        break;
      case 6:
        table.withdraw(label);
        break;
      default:
        link.turn = label - 1;
    }
    link.check();
  }
  for (LabelTable& table : link.tables) {
    for (Label label = 1; label <= kSlots; ++label) table.withdraw(label);
  }
  for (int round = 0; round < 3; ++round) {
    for (Label label = 1; label <= kSlots; ++label) {
      link.pass(0, label);
      link.pass(1, label);
    }
    link.check();
  }
  for (Label label = 1; label <= kSlots; ++label) {
    if (link.tables[0].to_remote(label) != link.across(0, label)) std::abort();
    if (link.tables[1].to_remote(label) != link.across(1, label)) std::abort();
  }
  if (!link.tables[0].faults().empty() || !link.tables[1].faults().empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMost = 4'096;
  if (size > kMost) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto trace = Trace::parse(text);
  if (trace && Trace::parse(trace->text()) != trace) std::abort();
  live(data, size);
  return 0;
}
