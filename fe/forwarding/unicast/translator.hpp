// From changes of the LPM, NextHop and EcmpHops LFBs to what Fib shall want. No I/O, no clock.
//
// A NextHop row names a port of the FE; the kernel wants the index of an interface, which may not
// be there yet, or become another one. So NextHop rows are kept here; one whose port has no
// interface is not wanted of Fib, and what names it waits there.
#pragma once

#include <map>
#include <unordered_map>

#include "fe/dataplane/kernel/fib.hpp"
#include "fe/forwarding/unicast/rows.hpp"

namespace forces::fe::forwarding {

class Translator {
 public:
  explicit Translator(std::vector<std::uint32_t> ports) : ports_(std::move(ports)) {}

  // From now on rows go there, or nowhere. It knows no row yet: replay() follows.
  void use(kernel::Fib* fib) { fib_ = fib; }
  // Rows that the engine holds.
  void replay(const ForwardingTable& table, std::uint32_t index, wire::Bytes row);

  [[nodiscard]] pl::ResultCode check(const lfb::Change& change) const;
  bool apply(const lfb::Change& change);  // false: of another table
  // 0: the port has none.
  void set_interface(std::uint32_t port, std::uint32_t interface);

  // Rows that Fib did not take though check() had passed them: there should be none.
  [[nodiscard]] std::uint64_t contradictions() const { return contradictions_; }

 private:
  void set_prefix(kernel::Family family, std::optional<wire::Bytes> before,
                  std::optional<wire::Bytes> after);
  void set_members(kernel::ObjectId id, kernel::Family family, std::optional<wire::Bytes> row);
  void set_next_hop(kernel::ObjectId id, std::optional<NextHopRow> row);
  void want(kernel::ObjectId id, const NextHopRow& row);
  void note(bool taken) { contradictions_ += taken ? 0 : 1; }

  std::vector<std::uint32_t> ports_;
  std::map<std::uint32_t, std::uint32_t> interfaces_;        // by port
  std::unordered_map<std::uint32_t, NextHopRow> next_hops_;  // by ObjectId
  kernel::Fib* fib_ = nullptr;
  std::uint64_t contradictions_ = 0;
};

}  // namespace forces::fe::forwarding
