// Memberships of an FE: what hosts say at its ports becomes leaves of its own (at once, and with or
// without a CE) and the memberships of one MARS client, which stands for all ports (RFC 2022
// section 5; RFC 4605, whose upstream is the MARS).
//
// A MARS is a CE, its VC the association with it: it is there while we are associated, and its
// table is that of our CEs, until a REDIRECT_MAP has put another in front. RFC 2022 section 5.4.1
// lets a client wait for 1 to 10 s before it goes on after a failure, for a VC may come back.
// Deviation: an association that is lost has been given up by both ends, so if there is another CE
// to go to, we go there at once; groups are rejoined at random within that time all the same.
//
// No I/O and no clock: after each input poll_output() and take_notes(), then on_timer() at
// next_deadline(). One thread at a time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "common/core/outputs.hpp"
#include "fe/multicast/client/client.hpp"
#include "fe/multicast/edge/edge.hpp"
#include "fe/multicast/service/config.hpp"
#include "fe/multicast/service/snapshot.hpp"
#include "proto/pl/vc.hpp"
#include "tml/daemon/events.hpp"

namespace forces::fe::multicast {

struct SendVc {  // point-to-point, to a CE that we are associated with
  std::uint32_t ce = 0;
  mars::Octets sdu;
};
// SendQuery, EgressChanged and RouterChanged are the edge's.
using ServiceOutput = std::variant<SendQuery, EgressChanged, RouterChanged, SendVc>;

// What the system says of a port's interface. Zero: it has none.
struct Interface {
  bool up = false;
  Address address = Address::zero(Family::Ipv4);
  Address link_local = Address::zero(Family::Ipv6);
  friend bool operator==(const Interface&, const Interface&) = default;
};

class Service {
 public:
  // `ces` in order of preference. problem_of() is empty for each port.
  Service(MulticastConfig config, std::vector<std::uint32_t> ces, std::uint64_t seed);

  // A link of IPv6 is up with its link-local address only (RFC 3810 section 5.1.14).
  void on_interface(std::uint32_t port, const Interface& interface, Instant now);
  // A whole IP packet of IGMP or MLD.
  void on_packet(std::uint32_t port, wire::Bytes packet, Instant now);
  // An association is there, as FE `fe_id`.
  void on_associated(std::uint32_t ce, std::uint32_t fe_id, Instant now);
  void on_lost(std::uint32_t ce, Instant now);
  void on_vc(std::uint32_t ce, pl::VcKind kind, wire::Bytes sdu, Instant now);
  // The groups that we are the MCS of are these from now on (RFC 2022 section 6.2.1).
  void set_mcs(std::vector<Address> groups, Instant now);
  void on_timer(Instant now);
  void stop(Instant now);  // deregisters

  [[nodiscard]] std::optional<ServiceOutput> poll_output() { return out_.poll(); }
  [[nodiscard]] daemon::Notes take_notes() { return std::exchange(notes_, {}); }
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  // What the MARS gave us to mark our copies with (RFC 2022 section 5.5.1); nothing: we are not
  // registered.
  [[nodiscard]] std::optional<std::uint16_t> cmi(Family family) const;
  [[nodiscard]] const MulticastConfig& config() const { return config_; }
  [[nodiscard]] MembershipSnapshot snapshot() const;
  // From the `first` one on, in order of their addresses; at most `most`.
  [[nodiscard]] std::vector<GroupSnapshot> groups(std::size_t first, std::size_t most) const;

 private:
  // One cluster member, or one MCS, for one family.
  struct Party {
    Family family{};
    bool mcs = false;
    std::unique_ptr<mars::client::Client> core{};
  };
  void make_parties(std::uint32_t fe_id, std::uint32_t ce, Instant now);
  mars::client::Client& make_party(Family family, bool mcs, std::uint32_t ce, Instant now);
  void want(const mars::GroupRange& range, Family family, bool layer3, bool wanted, Instant now);
  void settle(Instant now);
  void take(Output& output, Instant now);
  void take(Party& party, mars::client::Output& output);
  // The first CE of the table that we are associated with.
  [[nodiscard]] std::optional<std::uint32_t> reachable(std::uint32_t but = 0) const;
  void leave_for_another(Party& party, std::uint32_t lost, Instant now);
  [[nodiscard]] const Party* party_of(Family family, bool mcs) const;
  void note(daemon::Severity severity, std::string_view event, std::uint32_t element,
            std::string text) {
    notes_.push_back({severity, event, element, std::move(text)});
  }

  MulticastConfig config_;
  std::vector<std::uint32_t> ces_;
  std::uint64_t seed_;
  Edge edge_;
  std::map<std::uint32_t, Interface> interfaces_;  // by port
  std::set<std::uint32_t> associated_;             // CEs
  std::uint32_t fe_id_ = 0;                        // of the parties
  std::vector<Party> parties_;
  std::map<mars::GroupRange, bool> wanted_;  // of members; whether it is of layer 3
  std::map<Family, std::size_t> routers_;    // ports that have one
  std::vector<std::pair<std::size_t, mars::AtmAddress>> unreachable_;  // party, where it sent to
  ServiceCounters counters_;
  OutputQueue<ServiceOutput> out_;
  daemon::Notes notes_;
};

}  // namespace forces::fe::multicast
