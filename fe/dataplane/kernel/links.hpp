// The interfaces and addresses of the namespace, from messages; what changed is handed out. No I/O.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string_view>
#include <variant>

#include "fe/dataplane/kernel/rows.hpp"

namespace forces::fe::dataplane::kernel {

struct LinkChanged {
  Link link;
  bool gone = false;
};
struct AddressChanged {
  InterfaceAddress address;
  bool gone = false;
};
using LinkEvent = std::variant<LinkChanged, AddressChanged>;

class Links {
 public:
  void on_link(const Link& link, bool gone);
  void on_address(const InterfaceAddress& address, bool gone);
  // Around a complete dump: what was known and did not come again is gone. A second begin starts
  // over.
  void begin_dump();
  void end_dump();

  [[nodiscard]] std::optional<LinkEvent> poll_event();  // only when something is other than before
  [[nodiscard]] const Link* find(std::uint32_t index) const;
  [[nodiscard]] const Link* find(std::string_view name) const;
  template <class F>
  void for_each_link(F&& f) const {
    for (const auto& [index, known] : links_) f(known.link);
  }
  template <class F>
  void for_each_address(F&& f) const {
    for (const auto& [address, seen] : addresses_) f(address);
  }

 private:
  struct Known {
    Link link;
    bool seen = true;
  };
  void forget_addresses(std::uint32_t interface);

  std::map<std::uint32_t, Known> links_;
  std::map<InterfaceAddress, bool> addresses_;  // seen
  std::deque<LinkEvent> events_;
};

}  // namespace forces::fe::dataplane::kernel
