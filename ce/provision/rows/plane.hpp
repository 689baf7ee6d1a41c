// What an FE's kernel has of the rows that it acknowledged: class KernelPlane (65796, ours).
//
// E_SUCCESS of a row says that the FE has stored it; what the kernel said of it is in the counts
// and the tables of refused rows. They are read when the rows are at rest, after every PlaneSettled
// and once more a second later, for the event is asked for at most once in 100 ms and one may be
// lost. A reading tells of the rows that were acknowledged before it and not sent again meanwhile.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "ce/provision/exchange.hpp"
#include "ce/provision/rows/fib_sync.hpp"

namespace forces::ce::provision {

inline constexpr std::uint32_t kKernelPlane = 65'796;

enum class PlaneState : std::uint8_t { Off = 0, Running = 1, Failed = 2, Unknown = 3 };
[[nodiscard]] std::string_view to_string(PlaneState state);

// A row of NextHop or EcmpHops, by the FE's number.
struct HopAtFe {
  Family family{};
  bool set = false;
  std::uint32_t number = 0;
  friend auto operator<=>(const HopAtFe&, const HopAtFe&) = default;
};

// As it was last read.
struct KernelPlane {
  PlaneState state = PlaneState::Unknown;
  std::uint32_t waiting = 0, pending = 0, installed = 0, failed = 0, stale = 0;  // routes
  std::map<routing::IpPrefix, std::uint32_t> failed_routes{};                    // errno
  std::map<HopAtFe, std::uint32_t> failed_hops{};
  // Both tables have every refused row, and every route that waits is known: what is in neither is
  // in the kernel.
  bool sure = false;

  [[nodiscard]] bool known() const { return state != PlaneState::Unknown; }
};

// Of a row that the FE has, at the kernel behind it.
struct InKernel {
  RowState state = RowState::Acknowledged;  // or Installed, Failed
  std::uint32_t error = 0;                  // errno, of Failed
  bool by_next_hop = false;                 // it is its next hop that was refused
};

class PlaneReader {
 public:
  static constexpr Duration kAskEvery = std::chrono::milliseconds(100);
  static constexpr Duration kAskAgain = std::chrono::seconds(1);

  // Instance 0: the FE has no such LFB.
  void start(std::uint32_t instance);
  void stop();
  void on_event(const pl::LfbSelectView& select, Instant now);
  void on_link(Instant now) { look(now); }  // routes wait for a link that is down
  void on_answer(const Answer& answer, FibSync& sync, Instant now);
  void on_unanswered();
  void pump(Exchange& exchange, const FibSync& sync, bool may_configure, Instant now);
  [[nodiscard]] std::optional<Instant> next_deadline(const FibSync& sync) const;

  [[nodiscard]] const KernelPlane& plane() const { return plane_; }
  // A prefix row that leads to these next hops (the members of its set, if it has one).
  [[nodiscard]] InKernel look_up(const RowBook& book, RowKey key, const routing::IpPrefix& prefix,
                                 std::span<const std::uint32_t> hops) const;

 private:
  void look(Instant now);
  void take(std::uint32_t component, const pl::ItemView& item);
  void judge(FibSync& sync);
  [[nodiscard]] std::optional<std::uint32_t> error_of(const RowBook& book, Family family, bool set,
                                                      std::uint32_t number) const;
  void subscribe(Exchange& exchange, Instant now);
  void ask(Exchange& exchange, const FibSync& sync, Instant now);

  std::uint32_t instance_ = 0;
  bool subscribe_ = false, asked_ = false;
  std::optional<Instant> due_;  // when to ask next
  bool again_ = false;          // and a second later
  Instant asked_at_{};
  std::uint64_t asked_version_ = 0, judged_version_ = 0;  // of FibSync
  KernelPlane plane_, reading_;
  bool whole_ = false;  // every component of the reading could be read
};

}  // namespace forces::ce::provision
