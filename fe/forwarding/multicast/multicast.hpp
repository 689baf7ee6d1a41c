// MulticastForwarding: rows of groups and leaves become multicast routes of the kernel. The shell
// around Routes and Mroute of both families; it has no mutex: the owner guards it with that of the
// engine.
//
//   attach() the engine; open() while privileged; watch fds() for reading -> turn(); turn() also at
//   next_deadline(). The kernel becomes a multicast router with the first row, or leaf of the FE's
//   own, of a family.
//
// With an endpoint it also carries copies from and to other FEs: start() once privileges are as
// they stay, stop() at the end.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "fe/dataplane/multicast/carrier.hpp"
#include "fe/dataplane/multicast/mroute.hpp"
#include "fe/dataplane/port_config.hpp"
#include "fe/lfb/engine/engine.hpp"
#include "fe/lfb/values.hpp"
#include "tml/daemon/events.hpp"

namespace forces::fe::forwarding {

struct MulticastTable;

inline constexpr lfb::Target kMulticast{65'793, 1};

class Multicast {
 public:
  Multicast(bool kernel, const std::vector<dataplane::PortConfig>& ports,
            const dataplane::multicast::EndpointConfig& endpoint = {});

  void attach(lfb::Engine& engine);
  // False: rows cannot be installed; the notes say why.
  bool open();
  [[nodiscard]] std::vector<int> fds() const;
  void start() { carrier_.start(); }
  void stop() { carrier_.stop(); }
  void turn(Instant now);
  [[nodiscard]] std::optional<Instant> next_deadline() const { return look_at_; }
  // Leaves of the FE's own, beside those of the rows: dataplane/multicast/routes.hpp.
  void set_local(const dataplane::kernel::Address& group, std::uint32_t port,
                 std::optional<dataplane::multicast::SourceFilter> filter);
  void set_router(dataplane::kernel::Family family, std::uint32_t port, bool present);
  // As the MARS client of this FE was registered; while it is 0 what CEs have set in ClusterMember
  // counts.
  void set_cmi(dataplane::kernel::Family family, std::uint16_t cmi);
  void end_earlier_cmis();  // see Endpoints
  // RFC 5810 section 4.4.1: what is not enabled forwards nothing.
  void obey(lfb::FeState state);
  [[nodiscard]] daemon::Notes take_notes() { return std::exchange(notes_, {}); }
  [[nodiscard]] daemon::CounterSamples counters();

  // As lfb::Sink and lfb::Provider have them. E_VALUE_OUT_OF_RANGE: a Group that is none or never
  // leaves its link; a port that is none, or has no interface; an Endpoint that is none.
  // E_NOT_SUPPORTED: rows of endpoints where none is configured.
  [[nodiscard]] pl::ResultCode check(const lfb::Change& change) const;
  void applied(const lfb::Changes& changes);
  [[nodiscard]] bool read(const lfb::Instance& instance, const lfb::Component& component,
                          wire::ByteWriter& out);

 private:
  enum class State : std::uint8_t { Off, Ready, Running, Failed };
  struct Side {
    explicit Side(dataplane::kernel::Family f) : family(f), mroute(f) {}
    dataplane::kernel::Family family;
    dataplane::multicast::Mroute mroute;
    dataplane::multicast::Routes routes;
    std::vector<std::uint32_t> interfaces{};  // that the kernel has, by number of the port; 0: none
    State state = State::Off;
  };
  struct Statistics {
    std::uint64_t packets = 0, copies = 0, no_group = 0;
  };
  struct EndpointStatistics {
    std::uint64_t copies = 0, received = 0, frames_dropped = 0, packets_dropped = 0;
  };

  [[nodiscard]] Side& side_of(dataplane::kernel::Family family) {
    return sides_[family == dataplane::kernel::Family::Ipv4 ? 0 : 1];
  }
  void begin(Side& side);
  void follow_interfaces(Side& side);
  void listen(Side& side, Instant now);
  void perform(Side& side);
  void count(Side& side, Instant now);
  [[nodiscard]] std::optional<std::uint32_t> number_of(std::uint32_t port) const;
  [[nodiscard]] Statistics totals() const;
  [[nodiscard]] EndpointStatistics endpoint_totals();
  [[nodiscard]] pl::ResultCode check_endpoints(const MulticastTable& table, wire::Bytes row) const;
  void apply_endpoints(const lfb::Changes& changes);
  void apply_cmis(dataplane::multicast::Endpoints& endpoints);
  void add_endpoint_counters(daemon::CounterSamples& out);
  void note(daemon::Severity severity, std::string_view event, std::string text) {
    notes_.push_back({severity, event, 0, std::move(text)});
  }

  struct Port {
    std::uint32_t id = 0;
    std::string device;
  };
  bool kernel_;
  dataplane::multicast::EndpointConfig endpoint_;
  dataplane::multicast::Carrier carrier_{endpoint_};
  std::array<std::uint16_t, 2> registered_cmis_{}, set_cmis_{};
  EndpointStatistics endpoints_reset_at_;
  std::vector<Port> ports_;  // those with an interface; the place is the number in the kernel
  std::array<Side, 2> sides_{Side(dataplane::kernel::Family::Ipv4),
                             Side(dataplane::kernel::Family::Ipv6)};
  std::optional<Instant> look_at_, count_at_;
  Statistics reset_at_;
  std::uint64_t refused_ = 0;  // operations
  bool enabled_ = true;        // as Routes and Endpoints are
  bool told_lost_ = false;
  Instant now_{};  // of the last turn
  daemon::Notes notes_;
};

}  // namespace forces::fe::forwarding
