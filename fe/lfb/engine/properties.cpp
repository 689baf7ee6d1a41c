// SET-PROP (RFC 5812 section 4.8): of events, for nothing else has properties that can be set.
#include "proto/pl/body/properties.hpp"

#include "fe/lfb/engine/config.hpp"
#include "fe/lfb/engine/events.hpp"

namespace forces::fe::lfb {

using pl::ResultCode;

namespace {

constexpr std::size_t kMaxRegistrations = 1024;  // of an LFB instance

bool has_threshold(Condition condition) {
  return condition == Condition::GreaterThan || condition == Condition::LessThan;
}

// Section 4.7.6.4: thresholds and filters are of single events; which of them this one has.
ResultCode allowed(const Event* event, std::size_t subscripts, const pl::EventProperties& p) {
  if (!p.threshold && !p.hysteresis && !p.count && !p.interval) return ResultCode::Success;
  if (event == nullptr || subscripts < subscripts_of(*event)) return ResultCode::EventError;
  if (p.threshold && !has_threshold(event->condition)) return ResultCode::ReadOnly;
  const bool rows =
      event->condition == Condition::Created || event->condition == Condition::Deleted;
  return p.hysteresis && rows ? ResultCode::ReadOnly : ResultCode::Success;
}

}  // namespace

ResultCode Config::set_properties(const pl::ItemView& data) {
  const auto ids = path_.ids();
  const LfbClass& lfb = *instance_->lfb_class;
  if (ids.empty() || lfb.events.empty() || ids.front() != lfb.event_base) {
    const ResultCode bad = locate(*instance_, ids).code;
    return bad == ResultCode::Success ? ResultCode::ReadOnly : bad;
  }
  const Event* const event = ids.size() > 1 ? lfb.event(ids[1]) : nullptr;
  if (ids.size() > 1 && event == nullptr) return ResultCode::ComponentDoesNotExist;
  const std::size_t subscripts = ids.size() > 2 ? ids.size() - 2 : 0;
  if (event != nullptr && subscripts > subscripts_of(*event)) return ResultCode::InvalidPath;

  const auto wanted = pl::read_event_properties(data);
  if (!wanted) return ResultCode::InvalidTlv;
  if (wanted->accessibility) return ResultCode::ReadOnly;
  const ResultCode bad = allowed(event, subscripts, *wanted);
  if (bad != ResultCode::Success) return bad;

  const EventIds key(ids.begin() + 1, ids.end());
  const auto at = instance_->registrations.find(key);
  const bool there = at != instance_->registrations.end();
  if (!there && instance_->registrations.size() >= kMaxRegistrations) {
    return ResultCode::MemoryError;
  }
  Registration registration;
  if (there) registration.properties = at->second.properties;
  pl::EventProperties& p = registration.properties;
  if (wanted->registration) p.registration = wanted->registration;
  if (wanted->threshold) p.threshold = wanted->threshold;
  if (wanted->hysteresis) p.hysteresis = wanted->hysteresis;
  if (wanted->count) p.count = wanted->count;
  if (wanted->interval) p.interval = wanted->interval;
  if (event != nullptr && subscripts == subscripts_of(*event)) {
    arm(*instance_, *event, ids.subspan(2), reader_, registration);
  }
  journal_->subscribe(*instance_, key, registration);
  return ResultCode::Success;
}

}  // namespace forces::fe::lfb
