#include "fe/forwarding/unicast/translator.hpp"

#include <limits>

namespace forces::fe::forwarding {

using kernel::Family;
using kernel::ObjectId;
using kernel::ObjectKind;
using pl::ResultCode;
using wire::Bytes;

ResultCode Translator::check(const lfb::Change& change) const {
  if (change.component == nullptr || !change.row || !change.after) return ResultCode::Success;
  const auto table = table_of(*change.instance->lfb_class, change.component->id);
  return table ? judge(*table, *change.row, *change.after, ports_) : ResultCode::Success;
}

bool Translator::apply(const lfb::Change& change) {
  if (change.component == nullptr || !change.row) return false;
  const auto table = table_of(*change.instance->lfb_class, change.component->id);
  if (!table) return false;
  const auto object = [&](ObjectKind kind) { return object_id(table->family, kind, *change.row); };
  switch (table->kind) {
    case TableKind::Prefixes:
      set_prefix(table->family, change.before, change.after);
      break;
    case TableKind::NextHops:
      set_next_hop(
          object(ObjectKind::NextHop),
          change.after ? std::optional(next_hop_row(table->family, *change.after)) : std::nullopt);
      break;
    case TableKind::Sets:
      set_members(object(ObjectKind::Set), table->family, change.after);
      break;
  }
  return true;
}

void Translator::replay(const ForwardingTable& table, std::uint32_t index, Bytes row) {
  switch (table.kind) {
    case TableKind::Prefixes:
      return set_prefix(table.family, std::nullopt, row);
    case TableKind::NextHops:
      return set_next_hop(object_id(table.family, ObjectKind::NextHop, index),
                          next_hop_row(table.family, row));
    case TableKind::Sets:
      return set_members(object_id(table.family, ObjectKind::Set, index), table.family, row);
  }
}

void Translator::set_members(ObjectId id, Family family, std::optional<Bytes> row) {
  if (fib_ == nullptr) return;
  if (row) {
    note(fib_->set_members(id, members_of(family, *row)));
  } else {
    fib_->remove_object(id);
  }
}

void Translator::set_prefix(Family family, std::optional<Bytes> before,
                            std::optional<Bytes> after) {
  if (fib_ == nullptr) return;
  const auto old = before ? std::optional(prefix_row(family, *before)) : std::nullopt;
  const auto now = after ? std::optional(prefix_row(family, *after)) : std::nullopt;
  if (old && (!now || now->prefix != old->prefix)) fib_->remove_route(old->prefix);
  if (!now) return;
  const auto kind = now->ecmp ? ObjectKind::Set : ObjectKind::NextHop;
  note(fib_->set_route(now->prefix, object_id(family, kind, now->hop_selector)));
}

void Translator::set_next_hop(ObjectId id, std::optional<NextHopRow> row) {
  if (row) {
    next_hops_[id.value] = *row;
    want(id, *row);
  } else {
    next_hops_.erase(id.value);
    if (fib_ != nullptr) fib_->remove_object(id);
  }
}

void Translator::want(ObjectId id, const NextHopRow& row) {
  if (fib_ == nullptr) return;
  if (row.lfb_output_select_index != kOutputPort) {
    auto reject = kernel::Reject::No;
    if (row.lfb_output_select_index == kOutputUnreachable) reject = kernel::Reject::Unreachable;
    if (row.lfb_output_select_index == kOutputProhibited) reject = kernel::Reject::Prohibited;
    return note(fib_->set_next_hop(id, {.discard = true}, 0, reject));
  }
  const auto at = interfaces_.find(row.l3_port_id);
  if (at == interfaces_.end() || at->second == 0) return fib_->remove_object(id);
  kernel::NextHop hop{.interface = at->second};
  if (row.next_hop_ip_addr != kernel::Address{row.next_hop_ip_addr.family, {}}) {
    hop.gateway = row.next_hop_ip_addr;
  }
  // No link takes more than 65,535 octets at once but loopback: as good as no limit.
  const bool limited = row.mtu <= std::numeric_limits<std::uint16_t>::max();
  note(fib_->set_next_hop(id, hop,
                          limited ? static_cast<std::uint16_t>(row.mtu) : std::uint16_t{0}));
}

void Translator::set_interface(std::uint32_t port, std::uint32_t interface) {
  std::uint32_t& known = interfaces_[port];
  if (known == interface) return;
  known = interface;
  for (const auto& [number, row] : next_hops_) {
    if (row.l3_port_id == port && row.lfb_output_select_index == kOutputPort) {
      want(ObjectId{number}, row);
    }
  }
}

}  // namespace forces::fe::forwarding
