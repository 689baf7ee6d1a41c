// The optical fabric of an FE: the shell around Fabric, FabricLfbs, Keeper and Lines. Frames go
// through it on the thread that watches fd(); LFBs, file and operator come under the mutex of the
// engine's owner. A mutex of its own, which is taken last, is between the two, so that a long
// message of a CE holds up no frame.
//
//   attach() the engine; open() while privileged; watch fd() for reading -> receive(); when that is
//   true, and at next_deadline(): turn(); before what the engine says leaves: flush().
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "fe/dataplane/optical/adapter.hpp"
#include "fe/dataplane/optical/keeper.hpp"
#include "fe/dataplane/optical/lines.hpp"
#include "fe/forwarding/optical/fabric_lfbs.hpp"
#include "fe/forwarding/optical/snapshot.hpp"
#include "fe/lfb/values.hpp"

namespace forces::fe::forwarding {

class Optical {
 public:
  explicit Optical(const optical::FabricConfig& config);

  [[nodiscard]] bool there() const { return !config_.ports.empty(); }
  void attach(lfb::Engine& engine);
  // The file, then the lines. False: something is missing, and the notes say what.
  bool open(Instant now);
  [[nodiscard]] int fd() const { return lines_.fd(); }
  // Frames and links. True: turn() has something to do.
  [[nodiscard]] bool receive(Instant now);
  void turn(Instant now);
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  // RFC 5810 section 4.4.1, but for what established connections need: AdminDisable stops frames
  // until the FE is enabled again; that the FE lost its CE (OperDisable) does not.
  void obey(lfb::FeState state);
  // What has changed, into the file.
  void flush(Instant now);

  // The operator's faults. False: no such port, or it has none of these labels.
  [[nodiscard]] bool set_fault(std::uint32_t port, std::optional<optical::Fabric::Labels> labels,
                               bool failed, Instant now);
  [[nodiscard]] std::vector<std::pair<std::uint32_t, optical::RowView>> rows(
      std::uint32_t first, std::size_t most) const;
  [[nodiscard]] FabricSnapshot snapshot() const;
  [[nodiscard]] daemon::Notes take_notes() { return std::exchange(notes_, {}); }

  // As lfb::Sink has them.
  [[nodiscard]] pl::ResultCode check(const lfb::Change& change) const;
  void applied(const lfb::Changes& changes);
  void settled(Instant now);

 private:
  void on_frame(std::uint32_t port, std::span<std::byte> octets, Instant now);
  void send_traces(Instant now);
  void note(daemon::Severity severity, std::string_view event, std::string text) {
    notes_.push_back({severity, event, 0, std::move(text)});
  }

  optical::FabricConfig config_;
  mutable std::mutex mutex_;  // of fabric_ and lines_
  optical::Fabric fabric_;
  optical::Adapter adapter_{fabric_};
  optical::Lines lines_;
  FabricLfbs lfbs_;
  optical::Keeper keeper_;
  std::size_t size_ = 0;             // rows
  std::optional<Instant> retry_at_;  // the file
  bool frames_stopped_ = false;
  daemon::Notes notes_;
};

}  // namespace forces::fe::forwarding
