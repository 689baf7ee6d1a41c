// The forwarding plane of one network namespace: wanted rows in, the kernel made to agree. The
// shell around Fib, Kernel and Monitor, for one loop and one thread.
//
//   Plane plane; if (auto what = plane.open(); !what.empty()) ...   // in the namespace
//   watch plane.fd() for reading -> plane.step();
//   after setting rows: plane.step(); while plane.busy() again (one batch each, so that others get
//   their turn)
//
// A step takes some milliseconds at the most, however many routes there are: dumps, too, are read
// and worked off in parts.
//
// open() reads back what the kernel has, so rows that are set to what is there already cost no
// operation.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "fe/dataplane/kernel/fib.hpp"
#include "fe/dataplane/kernel/kernel.hpp"
#include "fe/dataplane/kernel/monitor.hpp"

namespace forces::fe::dataplane::kernel {

inline constexpr std::size_t kMaxPlaneEvents = 4096;
inline constexpr int kDatagramsAStep = 4;            // of a dump: some 2,000 rows
inline constexpr std::size_t kReviewAStep = 16'384;  // rows

struct PlaneCounters {
  KernelCounters kernel;
  MonitorCounters monitor;
  std::uint64_t read_backs = 0, refused = 0, events_dropped = 0;
  PlaneCounters& operator+=(const PlaneCounters& more);
};
struct RefusedRow {  // in the words of the kernel
  std::variant<Prefix, ObjectId> row;
  int error = 0;
  std::string text;
};
// Routes and next hops of ours that other programs touched; what the kernel takes along by itself
// is mended and counted only.
using PlaneEvent =
    std::variant<LinkChanged, AddressChanged, RouteTouched, ObjectTouched, RefusedRow>;

class Plane {
 public:
  explicit Plane(const Identity& identity = {});

  // Empty, or what failed. Waits (about a second a million routes) until all is read back.
  [[nodiscard]] std::string open();
  [[nodiscard]] int fd() const { return poller_.get(); }
  void send_by(Kernel::Send send) { kernel_.send_by(std::move(send)); }

  // Takes what is to be read, and sends at most one batch. Empty, or what failed: then the plane is
  // of no use any more and is to be opened again; the kernel goes on forwarding meanwhile.
  [[nodiscard]] std::string step();
  // More can be done at once: step() again without waiting for fd(). With retries due it is not
  // busy.
  [[nodiscard]] bool busy() const;
  // Everything is done, and no reading back is under way.
  [[nodiscard]] bool settled() const { return !read_back_wanted_ && !dump_ && !fib_.has_work(); }

  [[nodiscard]] Fib& fib() { return fib_; }
  [[nodiscard]] const Links& links() const { return monitor_.links(); }
  // Beyond kMaxPlaneEvents they are dropped and counted; links() and Fib::status() are what holds.
  [[nodiscard]] std::optional<PlaneEvent> poll_event();
  // Reads back and mends what differs: after step() reported a loss it happens by itself.
  void audit() { read_back_wanted_ = true; }
  [[nodiscard]] PlaneCounters counters() const;

 private:
  [[nodiscard]] std::error_code take_events();
  [[nodiscard]] std::error_code run_batch();
  [[nodiscard]] std::error_code read_back();
  void take_row(Message& message);
  void tell(PlaneEvent event);

  Identity identity_;
  Fib fib_;
  Kernel kernel_;
  Monitor monitor_;
  Fd poller_;
  bool links_complete_ = false, read_back_wanted_ = true, read_back_again_ = false;
  std::optional<Dump> dump_;
  std::deque<std::pair<std::uint64_t, std::variant<Prefix, ObjectId>>> under_way_;  // by ticket
  std::deque<PlaneEvent> events_;
  std::uint64_t read_backs_ = 0, refused_ = 0, events_dropped_ = 0;
};

}  // namespace forces::fe::dataplane::kernel
