// Memberships in the element: the shell around multicast::Service, whose outputs go to ports, to
// the kernel's multicast routes and to the CEs. It has no mutex: the owner guards it with that of
// the core.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "fe/association/core/element_core.hpp"
#include "fe/forwarding/planes.hpp"
#include "fe/multicast/service/service.hpp"
#include "fe/redirect/redirector.hpp"

namespace forces::fe {

class Membership {
 public:
  Membership(const ElementConfig& config, std::uint64_t seed, ElementCore& core,
             forwarding::Planes& planes, Redirector& redirect);

  void on_packet(std::uint32_t port, wire::Bytes packet, Instant now) {
    service_.on_packet(port, packet, now);
  }
  void on_changed(std::uint32_t ce, const StateChanged& change, Instant now);
  void on_vc(std::uint32_t ce, const VcReceived& received, Instant now) {
    service_.on_vc(ce, received.kind, received.sdu, now);
  }
  void set_mcs(std::vector<multicast::Address> groups, Instant now) {
    service_.set_mcs(std::move(groups), now);
  }
  // Also looks at the interfaces, once in a while.
  void turn(Instant now);
  void stop(Instant now) { service_.stop(now); }
  // Performs what the service asks for. True: the core has something to send.
  bool serve(Instant now);

  [[nodiscard]] daemon::Notes take_notes() { return service_.take_notes(); }
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  void append_to(ElementSnapshot& shot) const;
  [[nodiscard]] const multicast::Service& service() const { return service_; }

 private:
  struct Port {
    std::uint32_t id = 0;
    dataplane::PortKind kind{};
    std::string device, address;
  };
  void look(Instant now);
  void tell_cmis(Instant now);

  std::vector<Port> ports_;
  std::vector<std::uint32_t> ces_;
  ElementCore& core_;
  forwarding::Planes& planes_;
  Redirector& redirect_;
  multicast::Service service_;
  Instant look_at_{};
  std::optional<Instant> earlier_until_{};
  std::array<std::uint16_t, 2> cmis_{};  // of IPv4, IPv6; as the data plane has them
  std::uint64_t queries_unsent_ = 0;
};

}  // namespace forces::fe
