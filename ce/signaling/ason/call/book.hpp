// All calls of a controller, found by handle, by long and short Call ID and by LSP; their timers.
#pragma once

#include <map>
#include <optional>
#include <random>
#include <set>
#include <tuple>
#include <unordered_map>

#include "ce/signaling/ason/call/call.hpp"

namespace forces::signaling::ason::calls {

class CallBook {
 public:
  explicit CallBook(std::uint64_t seed) : random_(seed) {}

  // Gives it a handle, if it has none. Its name is free (find_name). The reference stays good.
  Call& add(Call call);
  void erase(CallHandle handle);
  [[nodiscard]] Call* find(CallHandle handle);
  [[nodiscard]] const Call* find(CallHandle handle) const;

  // Of the pair, in whatever direction.
  [[nodiscard]] Call* find_name(const Ends& ends, const std::string& name);
  // A call of the pair that is wanted; null: none.
  template <class Wanted>
  [[nodiscard]] Call* find_if(const Ends& ends, Wanted wanted) {
    const Ends pair = ends.pair();
    for (auto at = by_name_.lower_bound({pair, {}}); at != by_name_.end(); ++at) {
      if (at->first.first != pair) break;
      Call* const call = find(at->second);
      if (call != nullptr && wanted(*call)) return call;
    }
    return nullptr;
  }
  // Two calls may have a number for a moment, until one is told to take another (RFC 4974 6.5): an
  // established one comes before others. `not_this` is left out.
  [[nodiscard]] Call* find_number(const Ends& ends, std::uint16_t number, CallHandle not_this = 0);
  // By the name alone: for an LSP of one segment, and for the operator. Null also when several have
  // it.
  [[nodiscard]] Call* find_name(std::string_view name);
  [[nodiscard]] Call* find_local(const Ends& ends, std::uint16_t number);
  [[nodiscard]] Call* find_lsp(const LspKey& key);

  void set_id(Call& call, CallId id);
  void set_local_number(Call& call, Side side, const Address& own);
  void add_lsp(Call& call, const Connection& connection);
  void erase_lsp(Call& call, const LspKey& key);

  // A short Call ID that neither a call of the pair nor a segment between the two has; 0: all are
  // in use.
  [[nodiscard]] std::uint16_t free_number(const Ends& ends);
  [[nodiscard]] std::uint64_t random() { return random_(); }

  void set_due(Call& call, Side side, Instant due);
  [[nodiscard]] std::optional<Instant> next_due() const;
  [[nodiscard]] std::optional<std::pair<CallHandle, Side>> due(Instant now) const;

  [[nodiscard]] std::size_t size() const { return calls_.size(); }
  [[nodiscard]] const std::map<CallHandle, Call>& all() const { return calls_; }
  [[nodiscard]] std::map<CallHandle, Call>& all() { return calls_; }

 private:
  void index(const Call& call);
  void unindex(const Call& call);
  [[nodiscard]] bool in_use(const Ends& pair, std::uint16_t number) const;

  std::map<CallHandle, Call> calls_;
  std::map<std::pair<Ends, std::string>, CallHandle> by_name_;
  std::multimap<std::string, CallHandle, std::less<>> by_bare_name_;
  std::multimap<std::pair<Ends, std::uint16_t>, CallHandle> by_number_;
  std::map<std::pair<Ends, std::uint16_t>, CallHandle> by_local_number_;
  std::unordered_map<LspKey, CallHandle> by_lsp_;
  std::set<std::tuple<Instant, CallHandle, Side>> due_;
  std::mt19937_64 random_;
};

}  // namespace forces::signaling::ason::calls
