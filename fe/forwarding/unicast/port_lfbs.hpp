// The ports of the FE as its LFBs show them: EtherPHYCop of each, which follows its link, and the
// table of PortAddress. No I/O; what it finds out goes into the engine and raises events there.
//
// A port without a device (replay), or one whose links nobody tells of, counts as Up.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "fe/dataplane/kernel/links.hpp"
#include "fe/dataplane/port_config.hpp"
#include "fe/lfb/engine/engine.hpp"

namespace forces::fe::forwarding {

class PortLfbs {
 public:
  explicit PortLfbs(const std::vector<dataplane::PortConfig>& ports);

  // The instances of EtherPHYCop are there; that of PortAddress is added. `engine` outlives this.
  void attach(lfb::Engine& engine);

  struct Moved {  // the port's interface is another one now; 0: none
    std::uint32_t port = 0, interface = 0;
  };
  // All that is known of links and addresses, at first and after news were lost.
  [[nodiscard]] std::vector<Moved> resync(const dataplane::kernel::Links& links, Instant now);
  [[nodiscard]] std::vector<Moved> on_link(const dataplane::kernel::LinkChanged& changed,
                                           Instant now);
  void on_address(const dataplane::kernel::AddressChanged& changed, Instant now);
  // OperLinkSpeed of the ports on this interface, after their link was told of. 0: not known.
  void on_speed(std::string_view device, std::uint32_t megabits, Instant now);

  // Sets of EtherPHYCop: E_NOT_SUPPORTED for another speed or duplex mode than that which is, and
  // for AdminStatus of a port that no link is known for ever; E_BUSY while it has no interface.
  [[nodiscard]] pl::ResultCode check(const lfb::Change& change) const;
  struct AdminRequest {
    std::uint32_t port = 0, interface = 0;
    bool up = false;
  };
  // What a change of AdminStatus asks of the interface.
  [[nodiscard]] std::optional<AdminRequest> asked(const lfb::Change& change);
  // It could not be done: the component says again how it is.
  void refused(std::uint32_t port, Instant now);

 private:
  struct Row {
    std::uint32_t port = 0;
    dataplane::kernel::Address address;
    std::uint8_t length = 0;
    friend auto operator<=>(const Row&, const Row&) = default;
  };
  struct Port {
    std::uint32_t id = 0;
    std::string device;
    std::optional<Row> configured;  // the address of a port that the kernel has none for
    std::uint32_t interface = 0;
    bool carrier = true;
    bool admin_up = true;              // of the interface, as last told
    std::optional<bool> admin_wanted;  // a CE asked for it, and the kernel has not said yet
  };

  void take(Port& port, const dataplane::kernel::Link* link, Instant now);
  void admin_is(Port& port, bool up);
  void refresh_addresses(Instant now);
  void put(std::uint32_t port, std::uint32_t component, std::uint8_t value, Instant now);
  [[nodiscard]] bool admin_component_up(std::uint32_t port);
  [[nodiscard]] const Port* find(const lfb::Change& change) const;

  std::vector<Port> ports_;
  lfb::Engine* engine_ = nullptr;
  bool following_ = false;
  std::set<dataplane::kernel::InterfaceAddress> addresses_;  // of all interfaces
  std::map<Row, std::uint32_t> rows_;                        // of PortAddressTable: subscripts
  std::set<std::uint32_t> free_rows_;
};

}  // namespace forces::fe::forwarding
