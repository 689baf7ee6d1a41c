#include "proto/mars/rules.hpp"

#include <utility>

#include "proto/scsp/fault.hpp"

namespace forces::mars {
namespace {

constexpr std::size_t kIdSize = 4;
constexpr std::size_t kGroupAt = 21, kCountAt = 22, kFlagWordAt = 24;

}  // namespace

Result<void> check_from_endpoint(const Message& m) {
  switch (m.operation) {
    case Operation::Request:
      if (m.group.empty()) return fail(Errc::Missing, "mars.tpa", kGroupAt + 2);
      return {};
    case Operation::GrouplistRequest:
      if (m.ranges.empty() || m.ranges.front().min.empty()) {
        return fail(Errc::Missing, "mars.pnum", kCountAt);
      }
      return {};
    case Operation::Join:
    case Operation::Leave:
    case Operation::Mserv:
    case Operation::Unserv:
      break;
    default:
      return fail(Errc::UnknownType, "mars.op.type", 17);
  }
  if (m.flags.copy()) return fail(Errc::BadValue, "mars.flags", kFlagWordAt);
  if (m.ranges.size() > 1) return fail(Errc::TooMany, "mars.pnum", kCountAt);
  if (m.flags.registers()) return {};
  if (m.ranges.empty()) return fail(Errc::Missing, "mars.pnum", kCountAt);
  if (m.ranges.front().min.empty()) return fail(Errc::Missing, "mars.tpln", kGroupAt);
  return {};
}

bool layer3_group(const Message& m) {
  return m.flags.layer3_group() && m.ranges.size() == 1 && m.ranges.front().single();
}

Result<void> check_scsp(const scsp::Packet& packet) {
  if (packet.protocol != std::to_underlying(scsp::ProtocolId::Mars)) {
    return fail(Errc::BadValue, scsp::kFieldProtocol, 0);
  }
  const auto at = static_cast<std::size_t>(packet.sender.data() - packet.octets.data());
  if (packet.sender.size() != kIdSize) return fail(Errc::BadLength, "scsp.sender_length", at - 4);
  const bool unheard = packet.type == scsp::MsgType::Hello && packet.receiver.empty();
  if (packet.receiver.size() != kIdSize && !unheard) {
    return fail(Errc::BadLength, "scsp.receiver_length", at - 3);
  }
  for (const scsp::RecordView record : packet.records) {
    if (record.key.size() != kIdSize) {
      return fail(Errc::BadLength, "scsp.record.key_length", record.offset + 4);
    }
    if (record.originator.size() != kIdSize) {
      return fail(Errc::BadLength, "scsp.record.originator_length", record.offset + 5);
    }
  }
  return {};
}

}  // namespace forces::mars
