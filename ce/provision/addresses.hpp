// The addresses of an FE's ports: class PortAddress (65795, ours). The table is small, so it is
// read whole after the association and after every event of it; what changed is told by port.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "ce/provision/exchange.hpp"
#include "ce/routing/address.hpp"

namespace forces::ce::provision {

inline constexpr std::uint32_t kPortAddress = 65'795;

using routing::InterfaceAddress;
struct PortAddresses {  // all that the port has
  std::uint32_t port = 0;
  std::vector<InterfaceAddress> addresses;
  friend bool operator==(const PortAddresses&, const PortAddresses&) = default;
};

class AddressReader {
 public:
  static constexpr std::size_t kMostRows = 4096;

  // Instance 0: the FE has no such LFB.
  void start(std::uint32_t instance);
  void stop();
  void on_master() { subscribe_ = due_ = instance_ != 0; }
  void on_backup() { subscribe_ = false; }

  void on_answer(const Answer& answer);
  void on_unanswered();
  void on_event(const pl::LfbSelectView& select);
  void pump(Exchange& exchange, bool may_configure, Instant now);
  [[nodiscard]] std::optional<PortAddresses> poll_output() { return out_.poll(); }

 private:
  using ByPort = std::map<std::uint32_t, std::set<InterfaceAddress>>;

  void read(wire::Bytes value);
  void tell();
  void subscribe(Exchange& exchange, Instant now);
  void ask(Exchange& exchange, Instant now);

  std::uint32_t instance_ = 0;
  bool subscribe_ = false, due_ = false, asked_ = false, whole_ = false;
  std::size_t rows_ = 0;
  ByPort reading_, told_;
  OutputQueue<PortAddresses> out_;
};

}  // namespace forces::ce::provision
