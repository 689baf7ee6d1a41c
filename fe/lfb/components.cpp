#include "fe/lfb/components.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace forces::fe::lfb {
namespace {

using pl::ResultCode;
using wire::ByteReader;
using wire::Bytes;
using wire::ByteWriter;

constexpr std::uint32_t kRedirectIn = 14, kRedirectOut = 15;  // RFC 6956 section 8.1
constexpr std::size_t kMaxName = 40;                          // string[40], RFC 5812 section 5.1
// Shorter timers would only burn both ends' time.
constexpr Duration kShortest = std::chrono::milliseconds(10);

std::uint32_t milliseconds(Duration d) { return static_cast<std::uint32_t>(whole_milliseconds(d)); }

// A value of exactly one size (RFC 5810 section 7.1.1: atoms are packed raw).
template <class T>
ResultCode read(Bytes data, T& value) {
  if (data.size() > sizeof(T)) return ResultCode::ContentsTooLong;
  if (data.size() < sizeof(T)) return ResultCode::InvalidTlv;
  ByteReader r(data);
  if constexpr (sizeof(T) == 1) value = r.u8("value");
  if constexpr (sizeof(T) == 4) value = r.u32("value");
  return ResultCode::Success;
}

template <std::uint8_t Max>
ResultCode set_choice(Bytes data, std::uint8_t& into) {
  std::uint8_t value = 0;
  if (const ResultCode bad = read(data, value); bad != ResultCode::Success) return bad;
  if (value > Max) return ResultCode::ValueOutOfRange;
  into = value;
  return ResultCode::Success;
}

ResultCode set_interval(Bytes data, Duration& into) {
  std::uint32_t value = 0;
  if (const ResultCode bad = read(data, value); bad != ResultCode::Success) return bad;
  const Duration interval = std::chrono::milliseconds(value);
  if (interval < kShortest) return ResultCode::ValueOutOfRange;
  into = interval;
  return ResultCode::Success;
}

ResultCode set_name(Values& v, Bytes data) {
  if (data.size() > kMaxName) return ResultCode::ContentsTooLong;
  v.object.name.assign(reinterpret_cast<const char*>(data.data()), data.size());
  return ResultCode::Success;
}

// Errata 3487 of RFC 5812: FEState is read-write. A CE may disable and enable, no more.
ResultCode set_state(Values& v, Bytes data) {
  std::uint8_t value = 0;
  if (const ResultCode bad = read(data, value); bad != ResultCode::Success) return bad;
  const auto state = static_cast<FeState>(value);
  if (state != FeState::AdminDisable && state != FeState::OperEnable) {
    return ResultCode::ValueOutOfRange;
  }
  v.object.state = state;
  return ResultCode::Success;
}

// RFC 7121 section 3.2: the master hands over to a CE that the FE knows.
ResultCode set_master(Values& v, Bytes data) {
  std::uint32_t value = 0;
  if (const ResultCode bad = read(data, value); bad != ResultCode::Success) return bad;
  for (const KnownCe& ce : v.protocol.all_ces) {
    const bool able = ce.status == CeStatus::Associated || ce.status == CeStatus::IsMaster;
    if (ce.ce_id != value || !able) continue;
    v.protocol.ce_id = value;
    return ResultCode::Success;
  }
  return ResultCode::ValueOutOfRange;
}

// A table at its own path: rows of index and content (RFC 5810 section 7.1.8).
void get_backup_ces(const Values& v, ByteWriter& w) {
  std::uint32_t index = 0;
  for (const KnownCe& ce : v.protocol.all_ces) {
    if (ce.ce_id == v.protocol.ce_id) continue;
    w.u32(index++);
    w.u32(ce.ce_id);
  }
}

void get_all_ces(const Values& v, ByteWriter& w) {
  std::uint32_t index = 0;
  for (const KnownCe& ce : v.protocol.all_ces) {
    w.u32(index++);
    w.u32(ce.ce_id);
    const CeStatistics& s = ce.statistics;
    for (const std::uint64_t n :
         {s.received_packets, s.received_error_packets, s.received_octets, s.received_error_octets,
          s.sent_packets, s.sent_error_packets, s.sent_octets, s.sent_error_octets}) {
      w.u64(n);
    }
    w.u8(static_cast<std::uint8_t>(ce.status));
  }
}

void get_selectors(const Values&, ByteWriter& w) {
  std::uint32_t index = 0;
  for (const std::uint32_t class_id :
       {pl::kFeObject.value, pl::kFeProtocolObject.value, kRedirectIn, kRedirectOut}) {
    w.u32(index++);
    w.u32(class_id);
    w.u32(1);
  }
}

struct Component {
  std::uint32_t class_id, id;
  void (*get)(const Values& values, ByteWriter& into);
  ResultCode (*set)(Values& values, Bytes data);  // null: read-only
};
constexpr std::uint32_t kFeo = pl::kFeObject.value, kFepo = pl::kFeProtocolObject.value;
constexpr std::array kComponents{
    // RFC 5812 section 5.1
    Component{kFeo, 2, &get_selectors, nullptr},
    Component{kFeo, 3, [](const Values& v, ByteWriter& w) { w.text(v.object.name); }, &set_name},
    Component{kFeo, 4, [](const Values& v, ByteWriter& w) { w.u32(v.protocol.fe_id); }, nullptr},
    Component{kFeo, 5, [](const Values& v, ByteWriter& w) { w.text(v.object.vendor); }, nullptr},
    Component{kFeo, 6, [](const Values& v, ByteWriter& w) { w.text(v.object.model); }, nullptr},
    Component{
        kFeo, 7,
        [](const Values& v, ByteWriter& w) { w.u8(static_cast<std::uint8_t>(v.object.state)); },
        &set_state},
    Component{kFeo, 30, [](const Values&, ByteWriter& w) { w.u8(0); }, nullptr},
    // RFC 5810 appendix B, RFC 7121 section 3.1
    Component{kFepo, 1, [](const Values&, ByteWriter& w) { w.u8(1); }, nullptr},
    Component{kFepo, 2, [](const Values& v, ByteWriter& w) { w.u32(v.protocol.fe_id); }, nullptr},
    Component{kFepo, 4,
              [](const Values& v, ByteWriter& w) { w.u8(v.protocol.liveness.ce_heartbeat_policy); },
              [](Values& v, Bytes d) {
                return set_choice<1>(d, v.protocol.liveness.ce_heartbeat_policy);
              }},
    Component{
        kFepo, 5,
        [](const Values& v, ByteWriter& w) { w.u32(milliseconds(v.protocol.liveness.ce_dead)); },
        [](Values& v, Bytes d) { return set_interval(d, v.protocol.liveness.ce_dead); }},
    Component{kFepo, 6,
              [](const Values& v, ByteWriter& w) { w.u8(v.protocol.liveness.fe_heartbeat_policy); },
              [](Values& v, Bytes d) {
                return set_choice<1>(d, v.protocol.liveness.fe_heartbeat_policy);
              }},
    Component{kFepo, 7,
              [](const Values& v, ByteWriter& w) {
                w.u32(milliseconds(v.protocol.liveness.fe_interval));
              },
              [](Values& v, Bytes d) { return set_interval(d, v.protocol.liveness.fe_interval); }},
    Component{kFepo, 8, [](const Values& v, ByteWriter& w) { w.u32(v.protocol.ce_id); },
              &set_master},
    Component{kFepo, 9, &get_backup_ces, nullptr},
    Component{kFepo, 10, [](const Values& v, ByteWriter& w) { w.u8(v.protocol.failover_policy); },
              [](Values& v, Bytes d) { return set_choice<1>(d, v.protocol.failover_policy); }},
    Component{
        kFepo, 11,
        [](const Values& v, ByteWriter& w) { w.u32(milliseconds(v.protocol.failover_timeout)); },
        [](Values& v, Bytes d) { return set_interval(d, v.protocol.failover_timeout); }},
    Component{kFepo, 12, [](const Values&, ByteWriter& w) { w.u8(0); },
              [](Values&, Bytes d) {
                std::uint8_t only_zero = 0;
                return set_choice<0>(d, only_zero);
              }},
    Component{kFepo, 13, [](const Values& v, ByteWriter& w) { w.u32(v.protocol.last_ce_id); },
              nullptr},
    Component{kFepo, 14, [](const Values& v, ByteWriter& w) { w.u8(v.protocol.ha_mode); },
              [](Values& v, Bytes d) { return set_choice<2>(d, v.protocol.ha_mode); }},
    Component{kFepo, 15, &get_all_ces, nullptr},
    // RFC 6956 sections 5.4.1 and 5.4.2
    Component{kRedirectIn, 1, [](const Values& v, ByteWriter& w) { w.u64(v.packets_from_ce); },
              nullptr},
    Component{kRedirectOut, 1, [](const Values& v, ByteWriter& w) { w.u64(v.packets_to_ce); },
              nullptr},
};

// Of the standard, but not in this FE yet: MulticastFEIDs, LFBTopology, FENeighbors, capabilities.
constexpr bool is_planned(std::uint32_t class_id, std::uint32_t id) {
  if (class_id == kFepo) return id == 3 || id == 16 || (id >= 30 && id <= 32) || id == 61;
  return class_id == kFeo && (id == 1 || id == 8 || id == 31);
}

ResultCode locate(const Target& target, std::span<const std::uint32_t> path,
                  const Component*& found) {
  if (const ResultCode bad = find(target); bad != ResultCode::Success) return bad;
  if (path.empty()) return ResultCode::NotSupported;  // the whole LFB at once
  const std::uint32_t class_id = target.class_id.value;
  const auto row = std::ranges::find_if(
      kComponents, [&](const Component& c) { return c.class_id == class_id && c.id == path[0]; });
  if (row == kComponents.end()) {
    return is_planned(class_id, path[0]) ? ResultCode::NotSupported
                                         : ResultCode::ComponentDoesNotExist;
  }
  const bool table =
      class_id == kFeo ? row->id == 2 : class_id == kFepo && (row->id == 9 || row->id == 15);
  if (path.size() > 1) return table ? ResultCode::NotSupported : ResultCode::InvalidPath;
  found = &*row;
  return ResultCode::Success;
}

}  // namespace

ResultCode find(const Target& target) {
  const bool known = std::ranges::any_of(
      kComponents, [&](const Component& c) { return c.class_id == target.class_id.value; });
  if (!known) return ResultCode::LfbUnknown;
  return target.instance_id.value == 1 ? ResultCode::Success : ResultCode::LfbInstanceIdNotFound;
}

ResultCode get(const Values& values, const Target& target, std::span<const std::uint32_t> path,
               ByteWriter& into) {
  const Component* component = nullptr;
  const ResultCode result = locate(target, path, component);
  if (result == ResultCode::Success) component->get(values, into);
  return result;
}

ResultCode set(Values& values, const Target& target, std::span<const std::uint32_t> path,
               Bytes data) {
  const Component* component = nullptr;
  const ResultCode result = locate(target, path, component);
  if (result != ResultCode::Success) return result;
  return component->set == nullptr ? ResultCode::ReadOnly : component->set(values, data);
}

}  // namespace forces::fe::lfb
