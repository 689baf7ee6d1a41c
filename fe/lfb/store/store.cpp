#include "fe/lfb/store/store.hpp"

#include <algorithm>

namespace forces::fe::lfb {

using pl::ResultCode;
using wire::Bytes;

Instance::Instance(const LfbClass& its_class, std::uint32_t its_id)
    : lfb_class(&its_class), id(its_id) {
  for (const Component& component : its_class.components) {
    Value value;
    if (component.type->kind == Kind::Array) {
      if (!component.live) value.table = std::make_unique<Table>(*component.type);
      const auto rows = std::as_bytes(std::span(component.text));
      (void)for_each_row(*component.type, rows, [&](std::uint32_t index, Bytes row) {
        value.table->put(index, row);
        return true;
      });
    } else if (!component.live) {
      wire::ByteWriter w;
      write_default(component, w);
      value.octets.assign(w.written().begin(), w.written().end());
      value.initial = value.octets;
    }
    values.push_back(std::move(value));
  }
}

void Store::know(const LfbClass& lfb_class) {
  if (std::ranges::find(classes_, &lfb_class) == classes_.end()) classes_.push_back(&lfb_class);
}

Instance& Store::add(const LfbClass& lfb_class, std::uint32_t instance_id) {
  know(lfb_class);
  const Target target{lfb_class.id, instance_id};
  return instances_.try_emplace(target, lfb_class, instance_id).first->second;
}

ResultCode Store::find(const Target& target, Instance*& found) {
  const auto at = instances_.find(target);
  if (at != instances_.end()) {
    found = &at->second;
    return ResultCode::Success;
  }
  found = nullptr;
  const auto known = std::ranges::find(classes_, target.class_id, &LfbClass::id);
  if (known == classes_.end()) return ResultCode::LfbUnknown;
  const auto any = instances_.lower_bound({target.class_id, 0});
  const bool used = any != instances_.end() && any->first.class_id == target.class_id;
  return used ? ResultCode::LfbInstanceIdNotFound : ResultCode::LfbNotFound;
}

std::uint32_t Journal::keep(Bytes octets) {
  const auto at = static_cast<std::uint32_t>(octets_.size());
  octets_.insert(octets_.end(), octets.begin(), octets.end());
  return at;
}

void Journal::add(Instance& instance, const Component& component, std::optional<std::uint32_t> row,
                  std::optional<Bytes> before, std::optional<Bytes> after) {
  const auto size = [](const std::optional<Bytes>& octets) {
    return octets ? static_cast<std::uint32_t>(octets->size()) : kNothing;
  };
  entries_.push_back({&instance, &component, row.value_or(0), row.has_value(),
                      keep(before.value_or(Bytes{})), size(before), keep(after.value_or(Bytes{})),
                      size(after)});
}

void Journal::set(Instance& instance, const Component& component, Bytes value) {
  pl::Octets& octets = instance.value(component).octets;
  if (std::ranges::equal(octets, value)) return;
  add(instance, component, std::nullopt, octets, value);
  octets.assign(value.begin(), value.end());
}

void Journal::put_row(Instance& instance, const Component& component, std::uint32_t row,
                      Bytes value) {
  Table& table = *instance.value(component).table;
  const auto old = table.row(row);
  if (old && std::ranges::equal(*old, value)) return;
  add(instance, component, row, old, value);
  table.put(row, value);
}

void Journal::erase_row(Instance& instance, const Component& component, std::uint32_t row) {
  Table& table = *instance.value(component).table;
  const auto old = table.row(row);
  if (!old) return;
  add(instance, component, row, old, std::nullopt);
  table.erase(row);
}

void Journal::reset(Instance& instance, const Component& component) {
  add(instance, component, std::nullopt, std::nullopt, std::nullopt);
}

void Journal::subscribe(Instance& instance, const EventIds& event,
                        const Registration& registration) {
  const auto at = instance.registrations.find(event);
  const bool there = at != instance.registrations.end();
  entries_.push_back(
      {&instance, nullptr, static_cast<std::uint32_t>(subscriptions_.size()), false, 0, 0, 0, 0});
  subscriptions_.push_back({event, there ? std::optional(at->second) : std::nullopt, registration});
  instance.registrations[event] = registration;
}

Change Journal::change(std::size_t i) const {
  const Entry& e = entries_[i];
  if (e.component == nullptr) return {e.instance, nullptr};
  const auto part = [&](std::uint32_t at, std::uint32_t size) -> std::optional<Bytes> {
    if (size == kNothing) return std::nullopt;
    return Bytes(octets_).subspan(at, size);
  };
  return {e.instance, e.component, e.is_row ? std::optional(e.row) : std::nullopt,
          part(e.before, e.before_size), part(e.after, e.after_size)};
}

void Journal::apply(const Entry& e, bool forward) {
  if (e.component == nullptr) {
    const Subscription& s = subscriptions_[e.row];
    if (forward) {
      e.instance->registrations[s.event] = s.after;
    } else if (s.before) {
      e.instance->registrations[s.event] = *s.before;
    } else {
      e.instance->registrations.erase(s.event);
    }
    return;
  }
  if (e.component->live) return;
  Value& value = e.instance->value(*e.component);
  const std::uint32_t size = forward ? e.after_size : e.before_size;
  const Bytes octets =
      Bytes(octets_).subspan(forward ? e.after : e.before, size == kNothing ? 0 : size);
  if (!e.is_row) {
    value.octets.assign(octets.begin(), octets.end());
  } else if (size == kNothing) {
    value.table->erase(e.row);
  } else {
    value.table->put(e.row, octets);
  }
}

void Journal::undo(std::size_t to) {
  while (entries_.size() > to) {
    const Entry& last = entries_.back();
    apply(last, false);
    if (last.component == nullptr) {
      subscriptions_.pop_back();
    } else {
      octets_.resize(last.before);
    }
    entries_.pop_back();
  }
}

void Journal::step_out() {
  for (std::size_t i = entries_.size(); i-- > 0;) apply(entries_[i], false);
}

void Journal::step_in() {
  for (const Entry& entry : entries_) apply(entry, true);
}

void Journal::clear() {
  entries_.clear();
  octets_.clear();
  subscriptions_.clear();
}

}  // namespace forces::fe::lfb
