#include "fe/dataplane/optical/adapter.hpp"

#include <algorithm>

namespace forces::fe::dataplane::optical {

std::optional<Adapter::Leaves> Adapter::on_octets(std::uint32_t port, std::span<std::byte> octets,
                                                  Instant now) {
  constexpr std::size_t kMostPayload = 0xffff;
  // Each layer counts its own hops: without a limit for all, many layers go round for long.
  for (unsigned steps = 0; steps < kMostHops; ++steps) {
    auto frame = decode_frame(octets);
    if (!frame) {
      fabric_.on_malformed();
      return std::nullopt;
    }
    const auto onward = fabric_.on_frame(port, *frame, now);
    if (!onward) return std::nullopt;
    frame->label = onward->out.label;
    frame->hops = onward->hops;
    const std::size_t payload = frame->payload.size();
    write_header(octets.first<kFrameHeader>(), *frame);
    octets = octets.first(kFrameHeader + payload);

    if (const auto server = fabric_.around(onward->out.port)) {
      if (octets.size() > kMostPayload) {
        fabric_.on_not_sent(*onward);
        return std::nullopt;
      }
      fabric_.on_sent(*onward, payload);
      other_.resize(kFrameHeader + octets.size());
      std::ranges::copy(octets, other_.begin() + kFrameHeader);
      write_header(std::span(other_).first<kFrameHeader>(),
                   {server->label, FrameKind::Traffic, onward->hops, octets});
      room_.swap(other_);
      octets = room_;
      port = server->port;
      continue;
    }
    if (const auto client = fabric_.inside(onward->out.port)) {
      fabric_.on_sent(*onward, payload);
      if (frame->kind == FrameKind::Trace) return std::nullopt;  // it was heard; none is inside
      octets = octets.subspan(kFrameHeader);
      port = *client;
      continue;
    }
    return Leaves{*onward, octets, payload};
  }
  fabric_.on_circle();
  return std::nullopt;
}

}  // namespace forces::fe::dataplane::optical
