#include "ce/signaling/ason/call/book.hpp"

#include <iterator>
#include <utility>

#include "common/core/assert.hpp"

namespace forces::signaling::ason::calls {

Call& CallBook::add(Call call) {
  while (call.handle == 0 || calls_.contains(call.handle)) {
    // A call that was known before a journal was lost shall not be taken for a new one.
    call.handle = random_() >> 16;
  }
  const CallHandle handle = call.handle;
  Call& added = calls_.emplace(handle, std::move(call)).first->second;
  index(added);
  for (const Connection& connection : added.connections) by_lsp_[connection.key] = handle;
  return added;
}

void CallBook::erase(CallHandle handle) {
  const auto at = calls_.find(handle);
  if (at == calls_.end()) return;
  Call& call = at->second;
  unindex(call);
  std::erase_if(by_local_number_, [&](const auto& entry) { return entry.second == handle; });
  for (const Connection& connection : call.connections) by_lsp_.erase(connection.key);
  for (const Side side : {Side::Up, Side::Down}) {
    if (call.leg(side)) due_.erase({call.leg(side)->due, handle, side});
  }
  calls_.erase(at);
}

void CallBook::index(const Call& call) {
  const Ends pair = call.id.ends.pair();
  FORCES_ASSERT(by_name_.emplace(std::pair(pair, call.id.name), call.handle).second);
  by_bare_name_.emplace(call.id.name, call.handle);
  if (call.id.number != 0) by_number_.emplace(std::pair(pair, call.id.number), call.handle);
}

void CallBook::unindex(const Call& call) {
  const auto drop = [&](auto& map, const auto& key) {
    auto [from, to] = map.equal_range(key);
    while (from != to) from = from->second == call.handle ? map.erase(from) : std::next(from);
  };
  const Ends pair = call.id.ends.pair();
  drop(by_name_, std::pair(pair, call.id.name));
  drop(by_bare_name_, call.id.name);
  drop(by_number_, std::pair(pair, call.id.number));
}

Call* CallBook::find(CallHandle handle) {
  const auto at = calls_.find(handle);
  return at != calls_.end() ? &at->second : nullptr;
}

const Call* CallBook::find(CallHandle handle) const {
  const auto at = calls_.find(handle);
  return at != calls_.end() ? &at->second : nullptr;
}

Call* CallBook::find_name(const Ends& ends, const std::string& name) {
  const auto at = by_name_.find({ends.pair(), name});
  return at != by_name_.end() ? find(at->second) : nullptr;
}

Call* CallBook::find_name(std::string_view name) {
  const auto [from, to] = by_bare_name_.equal_range(name);
  return from != to && std::next(from) == to ? find(from->second) : nullptr;
}

Call* CallBook::find_number(const Ends& ends, std::uint16_t number, CallHandle not_this) {
  Call* found = nullptr;
  auto [at, to] = by_number_.equal_range({ends.pair(), number});
  for (; at != to; ++at) {
    Call* const call = find(at->second);
    if (at->second == not_this || call == nullptr) continue;
    if (found == nullptr || call->established()) found = call;
  }
  return found;
}

Call* CallBook::find_local(const Ends& ends, std::uint16_t number) {
  const auto at = by_local_number_.find({ends.pair(), number});
  return at != by_local_number_.end() ? find(at->second) : nullptr;
}

Call* CallBook::find_lsp(const LspKey& key) {
  const auto at = by_lsp_.find(key);
  return at != by_lsp_.end() ? find(at->second) : nullptr;
}

void CallBook::set_id(Call& call, CallId id) {
  unindex(call);
  call.id = std::move(id);
  index(call);
}

void CallBook::set_local_number(Call& call, Side side, const Address& own) {
  auto& leg = call.leg(side);
  if (!leg) return;
  const Ends pair = Ends{own, leg->peer}.pair();
  if (leg->local_number == 0) leg->local_number = free_number(pair);
  if (leg->local_number != 0) {
    by_local_number_.emplace(std::pair(pair, leg->local_number), call.handle);
  }
}

void CallBook::add_lsp(Call& call, const Connection& connection) {
  call.connections.push_back(connection);
  by_lsp_[connection.key] = call.handle;
}

void CallBook::erase_lsp(Call& call, const LspKey& key) {
  std::erase_if(call.connections, [&](const Connection& c) { return c.key == key; });
  by_lsp_.erase(key);
}

bool CallBook::in_use(const Ends& pair, std::uint16_t number) const {
  return by_number_.contains({pair, number}) || by_local_number_.contains({pair, number});
}

std::uint16_t CallBook::free_number(const Ends& ends) {
  const Ends pair = ends.pair();
  // Anywhere, so that both ends, or one that lost its memory, seldom take the same.
  const auto start = static_cast<std::uint16_t>(random_());
  for (std::uint32_t i = 0; i <= 0xffff; ++i) {
    const auto number = static_cast<std::uint16_t>(start + i);
    if (number != 0 && !in_use(pair, number)) return number;
  }
  return 0;
}

void CallBook::set_due(Call& call, Side side, Instant due) {
  auto& leg = call.leg(side);
  if (!leg) return;
  due_.erase({leg->due, call.handle, side});
  leg->due = due;
  if (due != Instant::max()) due_.emplace(due, call.handle, side);
}

std::optional<Instant> CallBook::next_due() const {
  if (due_.empty()) return std::nullopt;
  return std::get<Instant>(*due_.begin());
}

std::optional<std::pair<CallHandle, Side>> CallBook::due(Instant now) const {
  if (due_.empty() || std::get<Instant>(*due_.begin()) > now) return std::nullopt;
  return std::pair(std::get<CallHandle>(*due_.begin()), std::get<Side>(*due_.begin()));
}

}  // namespace forces::signaling::ason::calls
