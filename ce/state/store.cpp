#include "ce/state/store.hpp"

#include <algorithm>

namespace forces::state {

std::size_t octets_of(const Batch& batch) {
  std::size_t octets = 0;
  for (const auto& change : batch) {
    octets += change.table.size() + change.key.size();
    if (change.value) octets += change.value->size();
  }
  return octets;
}

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::Full:
      return "full";
    case Reason::ReadOnly:
      return "read_only";
    case Reason::Io:
      return "io";
    case Reason::Damaged:
      return "damaged";
    case Reason::NotOurs:
      return "not_ours";
    case Reason::NewerVersion:
      return "newer_version";
    case Reason::InUse:
      return "in_use";
    case Reason::Moved:
      return "moved";
    case Reason::Unreachable:
      return "unreachable";
    case Reason::NotMaster:
      return "not_master";
    case Reason::Refused:
      return "refused";
  }
  return "unknown";
}

std::expected<std::optional<Octets>, Failure> Store::get(std::string_view table, Bytes key) const {
  std::optional<Octets> found;
  const auto looked = scan(table, key, [&](Bytes at, Bytes value) {
    if (std::ranges::equal(at, key)) found.emplace(value.begin(), value.end());
    return false;
  });
  if (!looked) return std::unexpected(looked.error());
  return found;
}

}  // namespace forces::state
