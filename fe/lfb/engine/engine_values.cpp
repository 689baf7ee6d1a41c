// What the FE itself reads and changes in its LFBs, and the end of an association.
#include "fe/lfb/engine/engine.hpp"

namespace forces::fe::lfb {

using pl::ResultCode;
using wire::Bytes;

const Component* Engine::stored(const Target& target, std::uint32_t component,
                                Instance*& instance) {
  if (store_.find(target, instance) != ResultCode::Success) return nullptr;
  const Component* const found = instance->lfb_class->component(component);
  return found != nullptr && !found->live ? found : nullptr;
}

std::optional<Bytes> Engine::value(const Target& target, std::uint32_t component) {
  show_committed();
  Instance* instance = nullptr;
  const Component* const found = stored(target, component, instance);
  if (found == nullptr || instance->value(*found).table != nullptr) return std::nullopt;
  return instance->value(*found).octets;
}

void Engine::each_row(const Target& target, std::uint32_t component,
                      const std::function<void(std::uint32_t, Bytes)>& f) {
  show_committed();
  Instance* instance = nullptr;
  const Component* const found = stored(target, component, instance);
  if (found == nullptr || instance->value(*found).table == nullptr) return;
  instance->value(*found).table->for_each(0, pl::kLastRow, [&](std::uint32_t row, Bytes octets) {
    f(row, octets);
    return true;
  });
}

bool Engine::put(const Target& target, std::uint32_t component, Bytes value, Instant now) {
  show_committed();
  Instance* instance = nullptr;
  const Component* const found = stored(target, component, instance);
  if (found == nullptr || instance->value(*found).table != nullptr) return false;
  if (check(*found->type, value) != ResultCode::Success) return false;
  journal_.set(*instance, *found, value);
  notify(events_.raise(Changes(journal_), self_, now));
  journal_.clear();
  return true;
}

bool Engine::set_initial(const Target& target, std::uint32_t component, Bytes value) {
  if (!put(target, component, value, Instant{})) return false;
  Instance* instance = nullptr;
  const Component* const found = stored(target, component, instance);
  instance->value(*found).initial.assign(value.begin(), value.end());
  return true;
}

bool Engine::put_row(const Target& target, std::uint32_t component, std::uint32_t row, Bytes value,
                     Instant now) {
  show_committed();
  Instance* instance = nullptr;
  const Component* const found = stored(target, component, instance);
  if (found == nullptr) return false;
  const Table* const table = instance->value(*found).table.get();
  if (table == nullptr || check(*found->type->element, value) != ResultCode::Success ||
      table->allows(row, value) != ResultCode::Success) {
    return false;
  }
  journal_.put_row(*instance, *found, row, value);
  notify(events_.raise(Changes(journal_), self_, now));
  journal_.clear();
  return true;
}

void Engine::put_rows(const Target& target, std::uint32_t component,
                      std::span<const RowUpdate> rows, Instant now) {
  show_committed();
  Instance* instance = nullptr;
  const Component* const found = stored(target, component, instance);
  if (found == nullptr || instance->value(*found).table == nullptr) return;
  const auto put_all = [&](bool silent) {
    for (const RowUpdate& row : rows) {
      if (row.silent != silent) continue;
      const Table& table = *instance->value(*found).table;
      if (!row.value) {
        journal_.erase_row(*instance, *found, row.row);
      } else if (check(*found->type->element, *row.value) == ResultCode::Success &&
                 table.allows(row.row, *row.value) == ResultCode::Success) {
        journal_.put_row(*instance, *found, row.row, *row.value);
      }
    }
    if (!silent) notify(events_.raise(Changes(journal_), self_, now));
    journal_.clear();
  };
  put_all(true);
  put_all(false);
}

bool Engine::erase_row(const Target& target, std::uint32_t component, std::uint32_t row,
                       Instant now) {
  show_committed();
  Instance* instance = nullptr;
  const Component* const found = stored(target, component, instance);
  if (found == nullptr || instance->value(*found).table == nullptr) return false;
  journal_.erase_row(*instance, *found, row);
  const bool there = !journal_.empty();
  notify(events_.raise(Changes(journal_), self_, now));
  journal_.clear();
  return there;
}

void Engine::live_changed(const Target& target, std::uint32_t component, Bytes before, Bytes after,
                          Instant now) {
  Instance* instance = nullptr;
  if (store_.find(target, instance) != ResultCode::Success) return;
  const Component* const found = instance->lfb_class->component(component);
  if (found == nullptr || !found->live) return;
  notify(events_.raise(Change{instance, found, std::nullopt, before, after}, self_, now));
}

void Engine::reset() {
  abandon_transaction();
  for (auto& [target, instance] : store_.instances()) {
    instance.registrations.clear();
    for (const Component& component : instance.lfb_class->components) {
      Value& value = instance.value(component);
      if (component.live || component.access != Access::ReadWrite) continue;  // no CE has set it
      if (component.kept) continue;
      if (value.table == nullptr) {
        journal_.set(instance, component, value.initial);
        continue;
      }
      std::vector<std::uint32_t> rows;
      value.table->for_each(0, pl::kLastRow, [&](std::uint32_t row, Bytes) {
        rows.push_back(row);
        return true;
      });
      for (const std::uint32_t row : rows) journal_.erase_row(instance, component, row);
    }
  }
  if (!journal_.empty()) sink_.applied(Changes(journal_));
  journal_.clear();
}

}  // namespace forces::fe::lfb
