// Octets as the file of the fabric, and as frames at its ports. What was read is written and read
// again as the same rows; frames leave by rows that are active, and by no other.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "fe/dataplane/optical/adapter.hpp"
#include "fe/dataplane/optical/record.hpp"

namespace {

using namespace forces::fe::dataplane::optical;

// Two lines, and an adaptation: 3 is inside of 4.
FabricConfig four_ports() {
  FabricConfig config;
  config.ports.push_back({1, "", Signal::Any, {{0, 255, 1}}});
  config.ports.push_back({2, "", Signal::Vc4, {{0x10000, 0x400000, 0x10000}}});
  config.ports.push_back({3, "", Signal::Vc12, {{0, 62, 1}}, 4});
  config.ports.push_back({4, "", Signal::Vc4, {{0, 0, 1}}});
  return config;
}

void file(forces::wire::Bytes octets) {
  const auto found = read_fabric_file(octets);
  if (!found) return;
  if (found->good > octets.size() || found->rows.size() > kMostRows) std::abort();
  if (found->tail.has_value() != (found->good != octets.size())) std::abort();
  forces::wire::ByteWriter entries, again;
  for (const auto& [index, row] : found->rows) write_entry(index, row, entries);
  write_file_header(again);
  write_batch(entries.written(), again);
  const auto same = read_fabric_file(again.written());
  if (!same || same->tail || same->rows != found->rows) std::abort();
}

// Operations: what, then its octets.
void frames(forces::wire::Bytes octets) {
  Fabric fabric{four_ports()};
  Adapter adapter{fabric};
  forces::wire::ByteReader r(octets);
  forces::Instant now{std::chrono::seconds(1)};
  while (!r.empty()) {
    const std::uint8_t what = r.u8("what");
    const std::uint32_t port = 1 + what % 2;
    now += std::chrono::milliseconds(100);
    switch (what >> 1 & 7) {
      case 0:
      case 1: {
        CrossConnect row;
        row.in = {r.u32("port") % 6, r.u32("label")};
        row.out = {r.u32("port") % 6, r.u32("label")};
        row.state = static_cast<RowState>(r.u8("state") & 1);
        fabric.set(r.u8("index"), row);
        break;
      }
      case 2:
        fabric.erase(r.u8("index"));
        break;
      case 3: {
        const std::uint32_t first = r.u32("first"), last = r.u32("last");
        if (last < first) break;
        (void)((what & 0x10) != 0 ? fabric.fail(port, Fabric::Labels{first, last})
                                  : fabric.restore(port, Fabric::Labels{first, last}));
        break;
      }
      case 4:
        fabric.on_link(port, (what & 0x10) != 0);
        break;
      case 5:
        fabric.on_time(now);
        for (const std::uint32_t row : fabric.take_news().rows) (void)fabric.row(row);
        break;
      default: {
        const auto part = r.take(std::min<std::size_t>(r.u8("length"), r.remaining()), "frame");
        std::vector<std::byte> room(part.begin(), part.end());
        const auto leaves = adapter.on_octets(port, room, now);
        if (!leaves) break;
        // By an active row, and not into an adaptation; whole, with the label of the row.
        const RowView* const row = fabric.row(leaves->onward.row);
        const auto frame = decode_frame(leaves->octets);
        if (row == nullptr || row->cross.state != RowState::Active ||
            row->cross.out != leaves->onward.out || leaves->onward.out.port == 3 ||
            leaves->onward.out.port == 4 || !frame || frame->label != leaves->onward.out.label ||
            frame->hops != leaves->onward.hops || frame->payload.size() != leaves->payload) {
          std::abort();
        }
        fabric.on_sent(leaves->onward, leaves->payload);
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto octets = std::as_bytes(std::span(data, size));
  file(octets);
  // Behind a checksum that is right most of what a file can hold is reached.
  forces::wire::ByteWriter whole;
  write_file_header(whole);
  write_batch(octets, whole);
  file(whole.written());
  frames(octets);
  return 0;
}
