// The forwarding plane of an FE: what CEs set in its LFBs becomes rows of the kernel, what the
// kernel says of links, addresses and rows becomes values of LFBs. The shell around Translator,
// PortLfbs, PlaneLfb and kernel::Plane; it has no mutex: the owner guards it with that of the
// engine.
//
//   attach() the engine; open() while privileged; start() on the thread that has kept
//   CAP_NET_ADMIN; watch fd() for reading -> turn(); turn() also while busy() and at
//   next_deadline(); fd() may be another one after a turn.
//
// Rows of an earlier life of the FE stay in the kernel until the CE has had `stale_timeout` from
// the association to set them again. Without an association they stay no longer than the policy has
// it: CEFTI when it is to go on forwarding, `stale_timeout` else.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "fe/dataplane/ip_statistics.hpp"
#include "fe/dataplane/kernel/plane.hpp"
#include "fe/dataplane/ports/privileged.hpp"
#include "fe/forwarding/config.hpp"
#include "fe/forwarding/unicast/plane_lfb.hpp"
#include "fe/forwarding/unicast/port_lfbs.hpp"
#include "fe/forwarding/unicast/translator.hpp"
#include "fe/lfb/values.hpp"
#include "tml/daemon/events.hpp"

namespace forces::fe::forwarding {

struct ForwardingSnapshot {
  std::string_view state = "off";  // "running", "failed"
  kernel::RouteCounts routes{};
  daemon::CounterSamples counters{};
};

class Forwarding final : public lfb::Sink, public lfb::Provider {
 public:
  Forwarding(const ForwardingConfig& config, const std::vector<dataplane::PortConfig>& ports);

  void attach(lfb::Engine& engine);
  // In the namespace. False: rows cannot be installed; the notes say why.
  bool open(const lfb::FeProtocol& policy, Instant now);
  void start();
  [[nodiscard]] int fd() const { return plane_ && !failed_ ? plane_->fd() : -1; }
  // Events may be in the engine after it.
  void turn(Instant now);
  [[nodiscard]] bool busy() const;
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  // What was asked for is in effect before its answer leaves: AdminStatus of ports, and FEState.
  // Not OperEnable, nothing that arrives at a port is forwarded; only as long as an FE that has
  // just started is OperDisable, it is as the life before left it. True: events may be in the
  // engine.
  [[nodiscard]] bool obey(lfb::FeState state);

  void on_associated(Instant now);
  void on_unassociated();  // and forwarding goes on
  void on_discarded();     // RFC 5810 section 4.2.2.3: all state is invalid
  // At the end, with CEFailoverPolicy 0: also what nobody has set again goes. Then flush() until it
  // is false: nothing is left to do, or it cannot be done.
  void discard_all();
  [[nodiscard]] bool flush();

  [[nodiscard]] daemon::Notes take_notes() { return std::exchange(notes_, {}); }
  [[nodiscard]] ForwardingSnapshot snapshot(Instant now);

  // Sink, Provider.
  [[nodiscard]] pl::ResultCode check(const lfb::Change& change) override;
  void applied(const lfb::Changes& changes) override;
  [[nodiscard]] bool read(const lfb::Instance& instance, const lfb::Component& component,
                          wire::ByteWriter& out) override;

 private:
  void open_plane(Instant now);
  void replay();
  void fail(std::string text, Instant now);
  void sweep(std::string_view why);
  void take_events(Instant now);
  void take(const kernel::LinkChanged& changed, Instant now);
  void resync(Instant now);
  void move(const std::vector<PortLfbs::Moved>& moved);
  bool switch_links();
  void set_gate(bool open);
  void do_privileged(const std::function<void()>& errand);
  void send_privileged();
  void report(Instant now);
  void note(daemon::Severity severity, std::string_view event, std::string text) {
    notes_.push_back({severity, event, 0, std::move(text)});
  }
  [[nodiscard]] const kernel::RouteCounts& counts();

  struct Unreported {  // at most one note in kReportEvery
    std::uint64_t count = 0;
    std::string last;
    Instant after{};
  };
  void report(Unreported& what, daemon::Severity severity, std::string_view event, Instant now);

  ForwardingConfig config_;
  std::vector<std::uint32_t> ports_;
  std::vector<std::string> devices_;
  lfb::Engine* engine_ = nullptr;
  Translator translator_;
  PortLfbs port_lfbs_;
  PlaneLfb plane_lfb_;
  std::unique_ptr<kernel::Plane> plane_;
  bool failed_ =
      false;  // plane_ is of no use any more, and kept until its descriptor is not watched
  std::optional<Instant> retry_at_, sweep_at_;
  Duration retry_after_ = std::chrono::seconds(1);
  bool swept_ = false, associated_ = false;
  bool unprivileged_ = false;  // and it was said
  std::unique_ptr<dataplane::PrivilegedThread> privileged_;
  bool active_ = false;  // something was to be done since the last settled()
  std::vector<PortLfbs::AdminRequest> admin_requests_;
  Unreported refused_, touched_;
  kernel::RouteCounts counts_{};
  bool counts_outdated_ = true;
  Instant counted_at_{};
  kernel::PlaneCounters earlier_{};  // of planes that failed
  std::uint64_t events_dropped_ = 0, link_changes_ = 0;
  lfb::FeState state_ = lfb::FeState::OperDisable;
  bool gate_open_ = true;  // as far as we know
  std::array<dataplane::IpCounts, 2> statistics_{dataplane::IpCounts{true},
                                                 dataplane::IpCounts{false}};
  daemon::Notes notes_;
};

}  // namespace forces::fe::forwarding
