#include "fe/lfb/element_lfbs.hpp"

#include <algorithm>
#include <chrono>

namespace forces::fe::lfb {

using pl::ResultCode;
using wire::Bytes;
using wire::ByteWriter;

namespace {

std::uint64_t milliseconds(Duration d) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(d).count());
}

// The components of FEPO that rule an association, and where they are kept.
struct Kept {
  std::uint32_t component;
  std::uint64_t (*get)(const FeProtocol& fepo);
  void (*set)(FeProtocol& fepo, std::uint64_t value);
};
constexpr Kept kKept[]{
    {fe_protocol::kFeId, [](const FeProtocol& f) { return std::uint64_t{f.fe_id}; },
     [](FeProtocol& f, std::uint64_t v) { f.fe_id = static_cast<std::uint32_t>(v); }},
    {fe_protocol::kCeHbPolicy,
     [](const FeProtocol& f) { return std::uint64_t{f.liveness.ce_heartbeat_policy}; },
     [](FeProtocol& f, std::uint64_t v) {
       f.liveness.ce_heartbeat_policy = static_cast<std::uint8_t>(v);
     }},
    {fe_protocol::kCeHdi, [](const FeProtocol& f) { return milliseconds(f.liveness.ce_dead); },
     [](FeProtocol& f, std::uint64_t v) { f.liveness.ce_dead = std::chrono::milliseconds(v); }},
    {fe_protocol::kFeHbPolicy,
     [](const FeProtocol& f) { return std::uint64_t{f.liveness.fe_heartbeat_policy}; },
     [](FeProtocol& f, std::uint64_t v) {
       f.liveness.fe_heartbeat_policy = static_cast<std::uint8_t>(v);
     }},
    {fe_protocol::kFeHi, [](const FeProtocol& f) { return milliseconds(f.liveness.fe_interval); },
     [](FeProtocol& f, std::uint64_t v) { f.liveness.fe_interval = std::chrono::milliseconds(v); }},
    {fe_protocol::kCeId, [](const FeProtocol& f) { return std::uint64_t{f.ce_id}; },
     [](FeProtocol& f, std::uint64_t v) { f.ce_id = static_cast<std::uint32_t>(v); }},
    {fe_protocol::kFailoverPolicy,
     [](const FeProtocol& f) { return std::uint64_t{f.failover_policy}; },
     [](FeProtocol& f, std::uint64_t v) { f.failover_policy = static_cast<std::uint8_t>(v); }},
    {fe_protocol::kCeFti, [](const FeProtocol& f) { return milliseconds(f.failover_timeout); },
     [](FeProtocol& f, std::uint64_t v) { f.failover_timeout = std::chrono::milliseconds(v); }},
    {fe_protocol::kLastCeId, [](const FeProtocol& f) { return std::uint64_t{f.last_ce_id}; },
     [](FeProtocol& f, std::uint64_t v) { f.last_ce_id = static_cast<std::uint32_t>(v); }},
    {fe_protocol::kHaMode, [](const FeProtocol& f) { return std::uint64_t{f.ha_mode}; },
     [](FeProtocol& f, std::uint64_t v) { f.ha_mode = static_cast<std::uint8_t>(v); }},
};

void write_number(const Type& type, std::uint64_t number, ByteWriter& out) {
  write_default({.type = &type, .value = number}, out);
}

// LFBSelectors and SupportedLFBs, which are what the store holds. False for other components.
bool write_lists(const Store& store, const Component& component, ByteWriter& out) {
  std::uint32_t index = 0;
  if (component.id == fe_object::kSelectors) {
    for (const auto& [target, instance] : store.instances()) {
      out.u32(index++);
      write_selector(target, out);
    }
    return true;
  }
  if (component.id != fe_object::kSupported) return false;
  for (const LfbClass* known : store.classes()) {
    out.u32(index++);
    write_supported_lfb(*known, out);
  }
  return true;
}

// Rows of index and content (RFC 5810 section 7.1.8).
void write_backup_ces(const FeProtocol& fepo, ByteWriter& out) {
  std::uint32_t index = 0;
  for (const KnownCe& ce : fepo.all_ces) {
    if (ce.ce_id == fepo.ce_id) continue;
    out.u32(index++);
    out.u32(ce.ce_id);
  }
}

void write_all_ces(const FeProtocol& fepo, ByteWriter& out) {
  std::uint32_t index = 0;
  for (const KnownCe& ce : fepo.all_ces) {
    out.u32(index++);
    out.u32(ce.ce_id);
    const CeStatistics& s = ce.statistics;
    for (const std::uint64_t n :
         {s.received_packets, s.received_error_packets, s.received_octets, s.received_error_octets,
          s.sent_packets, s.sent_error_packets, s.sent_octets, s.sent_error_octets}) {
      out.u64(n);
    }
    out.u8(static_cast<std::uint8_t>(ce.status));
  }
}

}  // namespace

ElementLfbs::ElementLfbs(Values first, Sink* dataplane, Provider* statistics)
    : values_(std::move(first)),
      dataplane_(dataplane),
      statistics_(statistics),
      engine_(*this, this) {
  Store& store = engine_.store();
  store.add(kFeObjectClass, kFeObject.instance_id);
  store.add(kFeProtocolClass, kFeProtocol.instance_id);
  store.add(kRedirectInClass, 1);
  store.add(kRedirectOutClass, 1);
  engine_.set_id(values_.protocol.fe_id);
  for (const Kept& kept : kKept) {
    ByteWriter w;
    write_number(*kFeProtocolClass.component(kept.component)->type, kept.get(values_.protocol), w);
    (void)engine_.set_initial(kFeProtocol, kept.component, w.written());
  }
  const FeObject& object = values_.object;
  const auto text = [&](std::uint32_t component, const std::string& value) {
    (void)engine_.set_initial(kFeObject, component, std::as_bytes(std::span(value)));
  };
  text(fe_object::kName, object.name);
  text(fe_object::kVendor, object.vendor);
  text(fe_object::kModel, object.model);
  set_fe_id(values_.protocol.fe_id, Instant{});
  set_state(object.state, Instant{});
}

void ElementLfbs::put(const Target& target, std::uint32_t component, std::uint64_t number,
                      Instant now) {
  const LfbClass& lfb = target.class_id == kFeObject.class_id ? kFeObjectClass : kFeProtocolClass;
  ByteWriter w;
  write_number(*lfb.component(component)->type, number, w);
  if (engine_.put(target, component, w.written(), now)) take(target, component, w.written());
}

void ElementLfbs::set_fe_id(std::uint32_t id, Instant now) {
  put(kFeProtocol, fe_protocol::kFeId, id, now);
  put(kFeObject, fe_object::kFeId, id, now);
  engine_.set_id(id);
}

void ElementLfbs::set_master(std::uint32_t ce_id, Instant now) {
  put(kFeProtocol, fe_protocol::kCeId, ce_id, now);
}

void ElementLfbs::set_last_master(std::uint32_t ce_id, Instant now) {
  put(kFeProtocol, fe_protocol::kLastCeId, ce_id, now);
}

void ElementLfbs::set_state(FeState state, Instant now) {
  put(kFeObject, fe_object::kState, static_cast<std::uint64_t>(state), now);
}

// RFC 7121: the master hands over to a CE that the FE knows and is associated to (section 3.2); in
// cold standby it is to none, and goes there (section 2.1.1).
ResultCode ElementLfbs::check(const Change& change) {
  const Target target = change.instance->target();
  if (target == kFeProtocol && change.component->id == fe_protocol::kCeId) {
    const auto named = number_of(*change.component->type, *change.after).value_or(0);
    const bool cold = values_.protocol.ha_mode == 1;
    const auto is_able = [&](const KnownCe& ce) {
      return ce.ce_id == named &&
             (cold || ce.status == CeStatus::Associated || ce.status == CeStatus::IsMaster);
    };
    return std::ranges::any_of(values_.protocol.all_ces, is_able) ? ResultCode::Success
                                                                  : ResultCode::ValueOutOfRange;
  }
  return dataplane_ != nullptr ? dataplane_->check(change) : ResultCode::Success;
}

void ElementLfbs::applied(const Changes& changes) {
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const Change change = changes[i];
    if (change.component == nullptr || change.row || !change.after) continue;
    take(change.instance->target(), change.component->id, *change.after);
  }
  if (dataplane_ != nullptr) dataplane_->applied(changes);
}

void ElementLfbs::take(const Target& target, std::uint32_t component, Bytes value) {
  if (target == kFeObject && component == fe_object::kName) {
    values_.object.name.assign(reinterpret_cast<const char*>(value.data()), value.size());
  } else if (target == kFeObject && component == fe_object::kState) {
    values_.object.state = static_cast<FeState>(value.front());
  } else if (target == kFeProtocol) {
    const auto number = number_of(*kFeProtocolClass.component(component)->type, value).value_or(0);
    if (component == fe_protocol::kEResultAdmin) {
      engine_.set_result_form(number == 2 ? pl::ResultForm::ExtendedResult
                                          : pl::ResultForm::Result);
    }
    const auto* const kept = std::ranges::find(kKept, component, &Kept::component);
    if (kept != std::ranges::end(kKept)) kept->set(values_.protocol, number);
  }
}

bool ElementLfbs::read(const Instance& instance, const Component& component, ByteWriter& out) {
  const Target target = instance.target();
  if (target == kFeObject) return write_lists(engine_.store(), component, out);
  if (target == kFeProtocol) {
    component.id == fe_protocol::kAllCes ? write_all_ces(values_.protocol, out)
                                         : write_backup_ces(values_.protocol, out);
    return true;
  }
  if (instance.lfb_class == &kRedirectInClass) {
    out.u64(values_.packets_from_ce);
    return true;
  }
  if (instance.lfb_class == &kRedirectOutClass) {
    out.u64(values_.packets_to_ce);
    return true;
  }
  return statistics_ != nullptr && statistics_->read(instance, component, out);
}

}  // namespace forces::fe::lfb
