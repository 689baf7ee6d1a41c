// Octets as a packet at an FE port: any class or none, and never beyond what is there.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "fe/dataplane/classifier.hpp"
#include "fe/dataplane/ports/arp.hpp"
#include "fe/dataplane/ports/replay_port.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace forces::fe::dataplane;
  const auto octets = std::as_bytes(std::span(data, size));
  const auto what = classify(octets);
  const std::size_t length = ip_length(octets);
  if (length > size) std::abort();
  if (what) {
    // What follows the packet's own length (link padding) decides nothing.
    if (classify(octets.first(length)) != what) std::abort();
    if (static_cast<std::size_t>(what->packet_class) >= kPacketClasses) std::abort();
  }
  if (const auto arp = decode_arp(octets)) {
    const auto again = encode_arp(*arp);
    if (!std::ranges::equal(again, octets.first(again.size()))) std::abort();
  }
  (void)decode_capture(octets);
  return 0;
}
