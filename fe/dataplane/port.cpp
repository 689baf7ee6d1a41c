#include "fe/dataplane/port.hpp"

#include "fe/dataplane/ports/packet_port.hpp"
#include "fe/dataplane/ports/raw_port.hpp"
#include "fe/dataplane/ports/replay_port.hpp"

namespace forces::fe::dataplane {

Received Port::accept(wire::Bytes octets) {
  const auto what = classify(octets);
  if (!what) {
    counters_.not_ip.add();
    return {Received::Status::Handled, 0, {}};
  }
  if (!wanted(what->packet_class)) {
    counters_.not_selected.add();
    return {Received::Status::Handled, 0, {}};
  }
  counters_.received.add();
  return {Received::Status::Packet, ip_length(octets), *what};
}

std::unique_ptr<Port> make_port(PortConfig config) {
  switch (config.kind) {
    case PortKind::Raw:
      return std::make_unique<RawPort>(std::move(config));
    case PortKind::Packet:
      return std::make_unique<PacketPort>(std::move(config));
    case PortKind::Replay:
      return std::make_unique<ReplayPort>(std::move(config));
  }
  return nullptr;
}

std::string_view to_string(PortKind kind) {
  switch (kind) {
    case PortKind::Raw:
      return "raw";
    case PortKind::Packet:
      return "packet";
    case PortKind::Replay:
      return "replay";
  }
  return "unknown";
}

}  // namespace forces::fe::dataplane
