#include "fe/lfb/engine/location.hpp"

#include <algorithm>

namespace forces::fe::lfb {

using pl::ResultCode;

Location locate(Instance& instance, std::span<const std::uint32_t> path) {
  if (path.empty()) return {ResultCode::InvalidPath};
  const LfbClass& lfb = *instance.lfb_class;
  const Component* const component = lfb.component(path.front());
  if (component == nullptr) {
    const bool event = !lfb.events.empty() && path.front() == lfb.event_base;
    return {event ? ResultCode::InvalidPath : ResultCode::ComponentDoesNotExist};
  }
  const auto below = path.subspan(1);
  const Part possible = type_of(*component->type, below);
  return {possible.code, component, possible.type, below, instance.value(*component).table.get()};
}

Part Reader::read(Instance& instance, const Location& location) {
  const Component& component = *location.component;
  if (component.access == Access::WriteOnly || component.access == Access::TriggerOnly) {
    return {ResultCode::Perm};
  }
  if (component.live) {
    live_.truncate(0);
    if (provider_ == nullptr || !provider_->read(instance, component, live_)) {
      return {ResultCode::InternalError};
    }
    return part_of(*component.type, live_.written(), location.below);
  }
  if (location.table == nullptr) {
    return part_of(*component.type, instance.value(component).octets, location.below);
  }
  const auto row = location.table->row(location.below.front());
  if (!row) return {ResultCode::ComponentDoesNotExist};
  return part_of(*component.type->element, *row, location.below.subspan(1));
}

ResultCode Reader::enter(Instance& instance, const pl::PathView& view, pl::Path& path,
                         std::optional<std::uint32_t>& row) {
  if (!path.append(view.ids)) return ResultCode::InvalidPath;
  if (!view.key) return ResultCode::Success;
  std::uint32_t found = 0;
  const ResultCode bad = find_row(instance, path.ids(), *view.key, found);
  if (bad != ResultCode::Success) return bad;
  row = found;
  return path.append(found) ? ResultCode::Success : ResultCode::InvalidPath;
}

ResultCode Reader::find_row(Instance& instance, std::span<const std::uint32_t> path,
                            const pl::KeyView& key, std::uint32_t& row) {
  const Location at = locate(instance, path);
  if (at.code != ResultCode::Success) return at.code;
  if (at.type->kind != Kind::Array) return ResultCode::ComponentNotATable;
  const auto known = std::ranges::find(at.type->keys, key.key_id, &Key::id);
  if (known == at.type->keys.end()) return ResultCode::InvalidParameters;
  std::optional<std::uint32_t> found;
  if (at.is_whole_table()) {
    found = at.table->find(*known, key.key);
  } else {
    const Part rows = read(instance, at);
    if (rows.code != ResultCode::Success) return rows.code;
    (void)for_each_row(*at.type, rows.value, [&](std::uint32_t index, wire::Bytes value) {
      copy_key(*at.type, *known, value, key_);
      if (std::ranges::equal(key_, key.key)) found = index;
      return !found;
    });
  }
  if (!found) return ResultCode::NotFound;
  row = *found;
  return ResultCode::Success;
}

}  // namespace forces::fe::lfb
