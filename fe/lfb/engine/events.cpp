#include "fe/lfb/engine/events.hpp"

#include <algorithm>
#include <chrono>

namespace forces::fe::lfb {

using pl::ResultCode;
using wire::Bytes;

namespace {

// The registration that counts for an occurrence: the one with the longest prefix of its path.
Registration* find(Instance& instance, EventIds path) {
  for (;; path.pop_back()) {
    const auto at = instance.registrations.find(path);
    if (at != instance.registrations.end() && at->second.properties.registration) {
      return *at->second.properties.registration != 0 ? &at->second : nullptr;
    }
    if (path.empty()) return nullptr;
  }
}

// Section 4.8.5.2. True when the condition has come about.
bool crosses(Condition condition, std::uint64_t value, Registration& r) {
  const std::uint64_t threshold = r.properties.threshold.value_or(0);
  const std::uint64_t v = r.properties.hysteresis.value_or(0);
  if (condition == Condition::GreaterThan) {
    if (value <= (threshold > v ? threshold - v : 0)) r.armed = true;
    if (value <= threshold || !r.armed) return false;
  } else {
    if (value >= threshold + v) r.armed = true;
    if (value >= threshold || !r.armed) return false;
  }
  r.armed = false;
  return true;
}

// Sections 4.8.5.1, 4.8.5.3 and 4.8.5.4: one condition that is passed is enough.
bool passes_filters(Registration& r, Instant now) {
  const std::uint32_t count = r.properties.count.value_or(0);
  const std::uint32_t interval = r.properties.interval.value_or(0);
  bool passes = !r.notified_at || (count == 0 && interval == 0);
  if (!passes && interval != 0) {
    passes = now - *r.notified_at > std::chrono::milliseconds(interval);
  }
  if (!passes && count != 0) passes = r.occurrences > count;
  r.occurrences = passes ? 1 : r.occurrences + 1;
  if (passes) r.notified_at = now;
  return passes;
}

std::optional<Bytes> part(const Change& change, std::optional<Bytes> value,
                          std::span<const std::uint32_t> ids) {
  if (!value) return std::nullopt;
  const Type& type = change.row ? *change.component->type->element : *change.component->type;
  const Part found = part_of(type, *value, ids);
  if (found.code != ResultCode::Success) return std::nullopt;
  return found.value;
}

}  // namespace

std::size_t subscripts_of(const Event& event) {
  return static_cast<std::size_t>(std::ranges::count(event.target.path(), kAny));
}

void arm(Instance& instance, const Event& event, std::span<const std::uint32_t> subscripts,
         Reader& reader, Registration& registration) {
  std::vector<std::uint32_t> path;
  std::size_t next = 0;
  for (const std::uint32_t id : event.target.path()) {
    path.push_back(id == kAny ? subscripts[next++] : id);
  }
  const Location at = locate(instance, path);
  if (at.code != ResultCode::Success || at.is_whole_table()) return;
  const Part part = reader.read(instance, at);
  const auto value =
      part.code == ResultCode::Success ? number_of(*part.type, part.value) : std::nullopt;
  if (!value) return;
  registration.notified_value = *value;
  (void)crosses(event.condition, *value, registration);
}

// The notifications of one instance share a message while they fit.
class Events::Message {
 public:
  explicit Message(pl::ForcesId self) {
    header_.type = pl::MsgType::EventNotification;
    header_.source = self;
    header_.flags = pl::Flags{}.with_priority(pl::default_priority(header_.type));
  }
  void add(const Instance& instance, std::span<const std::uint32_t> path,
           const std::optional<Bytes>& data) {
    const std::size_t size = 32 + 4 * path.size() + (data ? data->size() : 0);
    if (instance_ != &instance || writer_->room() < size) begin(instance);
    const auto scope = writer_->path(path);
    if (data) writer_->full_data(*data);
  }
  [[nodiscard]] std::vector<pl::Octets> finish() {
    end();
    return std::move(done_);
  }

 private:
  void begin(const Instance& instance) {
    end();
    instance_ = &instance;
    writer_.emplace(header_);
    select_.emplace(writer_->lfb_select({instance.lfb_class->id}, {instance.id}));
    oper_.emplace(writer_->operation(pl::OperType::Report));
  }
  void end() {
    if (!writer_) return;
    oper_.reset();
    select_.reset();
    auto octets = std::move(*writer_).finish();
    if (octets) done_.push_back(std::move(*octets));
    writer_.reset();
  }

  pl::Header header_{};
  const Instance* instance_ = nullptr;
  std::optional<pl::MessageWriter> writer_;
  std::optional<pl::MessageWriter::Scope> select_, oper_;
  std::vector<pl::Octets> done_;
};

std::vector<pl::Octets> Events::raise(const Changes& changes, pl::ForcesId self, Instant now) {
  Message message(self);
  for (std::size_t i = 0; i < changes.size(); ++i) raise(changes[i], now, message);
  return message.finish();
}

std::vector<pl::Octets> Events::raise(const Change& change, pl::ForcesId self, Instant now) {
  Message message(self);
  raise(change, now, message);
  return message.finish();
}

void Events::raise(const Change& change, Instant now, Message& message) {
  if (change.component == nullptr || change.instance->registrations.empty()) return;
  for (const Event& event : change.instance->lfb_class->events) {
    if (event.target.ids[0] != change.component->id) continue;
    const bool needs_row = change.component->type->kind == Kind::Array;
    const auto target = event.target.path();
    if (needs_row && change.row && target.size() > 1 && target[1] != kAny &&
        target[1] != *change.row) {
      continue;  // an event of another row
    }
    occurred(change, event, now, message);
  }
}

void Events::occurred(const Change& change, const Event& event, Instant now, Message& message) {
  const auto subscript = subscripts_of(event) > 0 ? change.row : std::nullopt;
  EventIds path{event.id};
  if (subscript) path.push_back(*subscript);
  Registration* const registration = find(*change.instance, std::move(path));
  if (registration == nullptr) return;
  // Filters are of single events: those of a prefix have none, and no state (section 4.7.6.4).
  const auto in_unit =
      event.target.path().subspan(change.row ? std::min<std::size_t>(2, event.target.size) : 1);
  const auto before = part(change, change.before, in_unit);
  const auto after = part(change, change.after, in_unit);
  bool happened = false;
  switch (event.condition) {
    case Condition::Created:
      happened = change.row && !change.before && change.after;
      break;
    case Condition::Deleted:
      happened = change.row && change.before && !change.after;
      break;
    case Condition::Changed: {
      happened = before && after && !std::ranges::equal(*before, *after);
      const std::uint64_t v = registration->properties.hysteresis.value_or(0);
      if (!happened || v == 0) break;
      const Type& unit = change.row ? *change.component->type->element : *change.component->type;
      const Part type = type_of(unit, in_unit);
      const auto value = number_of(*type.type, *after);
      if (!value) break;
      const std::uint64_t last = registration->notified_value;
      happened = (*value > last ? *value - last : last - *value) >= v;
      if (happened) registration->notified_value = *value;
      break;
    }
    case Condition::GreaterThan:
    case Condition::LessThan: {
      const Type& unit = change.row ? *change.component->type->element : *change.component->type;
      const Part type = type_of(unit, in_unit);
      const auto value =
          after && type.type != nullptr ? number_of(*type.type, *after) : std::nullopt;
      happened = value && registration->properties.threshold &&
                 crosses(event.condition, *value, *registration);
      break;
    }
  }
  if (!happened || !passes_filters(*registration, now)) return;
  report(change, event, message);
}

Part Events::value_at(const Change& change, const EventPath& path) {
  std::vector<std::uint32_t> ids;
  for (const std::uint32_t id : path.path()) {
    ids.push_back(id == kAny ? change.row.value_or(0) : id);
  }
  const bool same_unit = ids.front() == change.component->id &&
                         (!change.row || (ids.size() > 1 && ids[1] == *change.row));
  if (same_unit && (change.after || change.before)) {
    const Type& unit = change.row ? *change.component->type->element : *change.component->type;
    return part_of(unit, change.after ? *change.after : *change.before,
                   std::span(ids).subspan(change.row ? 2 : 1));
  }
  const Location at = locate(*change.instance, ids);
  if (at.code != ResultCode::Success) return {at.code};
  if (at.is_whole_table()) return {ResultCode::NotSupported};
  return reader_.read(*change.instance, at);
}

// Section 4.7.6.3: as if what is reported were a struct. With a part that is not there no data at
// all, for FULLDATA has every part.
void Events::report(const Change& change, const Event& event, Message& message) {
  wire::ByteWriter data;
  bool whole = true;
  for (const EventPath& path : event.reports) {
    const Part value = value_at(change, path);
    whole = whole && value.code == ResultCode::Success && value.type != nullptr;
    if (whole) write_member(*value.type, value.value, data);
  }
  std::vector<std::uint32_t> path{change.instance->lfb_class->event_base, event.id};
  if (subscripts_of(event) > 0 && change.row) path.push_back(*change.row);
  message.add(*change.instance, path,
              whole && !event.reports.empty() ? std::optional(data.written()) : std::nullopt);
}

}  // namespace forces::fe::lfb
