// The fabric itself: cross-connects, what of its ports and labels works, and what becomes of a
// frame. No socket, no file, no clock.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "fe/dataplane/optical/config.hpp"
#include "fe/dataplane/optical/frame.hpp"

namespace forces::fe::dataplane::optical {

struct Endpoint {
  std::uint32_t port = 0, label = 0;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

enum class RowState : std::uint8_t { Reserved = 0, Active = 1 };
enum class RowStatus : std::uint8_t { Unknown = 0, Working = 1, Failed = 2 };

struct CrossConnect {
  Endpoint in{}, out{};
  RowState state = RowState::Reserved;
  std::uint32_t alarm_mask = 0;
  std::array<std::byte, 24> owner{};
  friend bool operator==(const CrossConnect&, const CrossConnect&) = default;
};

struct RowView {
  CrossConnect cross{};
  RowStatus status = RowStatus::Unknown;
  std::uint64_t frames = 0, octets = 0, dropped = 0;  // since the row leads where it leads
};

struct FabricCounters {
  std::uint64_t passed = 0, malformed = 0, no_row = 0, not_active = 0, failed = 0, hops = 0,
                disabled = 0, not_sent = 0;
  std::uint64_t traces_sent = 0, traces_received = 0, traces_refused = 0;
};

class Fabric {
 public:
  static constexpr std::size_t kMostTraces = 4'096;

  explicit Fabric(const FabricConfig& config);

  // ---- Cross-connects. Whether a row can be, by the configuration alone: any thread.
  enum class Verdict : std::uint8_t { Good, NoSuchPort, NoSuchLabel, ToItself };
  [[nodiscard]] Verdict judge(const CrossConnect& row) const;
  [[nodiscard]] Verdict judge(const Endpoint& end) const;
  // The inputs of rows differ. What cannot be is kept all the same, as Failed: a row of before a
  // restart, whose port is not configured any more.
  void set(std::uint32_t index, const CrossConnect& row);
  void erase(std::uint32_t index);
  [[nodiscard]] const RowView* row(std::uint32_t index) const;
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  // In order, from `first` on, `most` of them.
  [[nodiscard]] std::vector<std::pair<std::uint32_t, RowView>> rows(std::uint32_t first,
                                                                    std::size_t most) const;
  struct Totals {
    std::size_t reserved = 0, active = 0, failed = 0;
  };
  [[nodiscard]] Totals totals() const;

  // ---- Ports.
  struct Port {
    OpticalPortConfig config{};
    bool link = true;
    bool failed = false;  // on command, as the labels
    LabelSet failed_labels{};
    std::uint64_t received = 0, sent = 0;
    [[nodiscard]] bool up() const { return link && !failed; }
  };
  [[nodiscard]] const std::map<std::uint32_t, Port>& ports() const { return ports_; }
  // Of an adaptation: the slot that carries the port; the port that is in the slot of this one.
  [[nodiscard]] std::optional<Endpoint> around(std::uint32_t client) const;
  [[nodiscard]] std::optional<std::uint32_t> inside(std::uint32_t server) const;
  void on_link(std::uint32_t port, bool up);
  // The port, or labels of it. False: it has none of them. Restoring the port restores its labels.
  struct Labels {
    std::uint32_t first = 0, last = 0;
  };
  bool fail(std::uint32_t port, std::optional<Labels> labels);
  bool restore(std::uint32_t port, std::optional<Labels> labels);
  // Of the whole FE (FEState): nothing passes, the rows stay.
  void enable(bool on) { enabled_ = on; }

  // ---- Frames.
  struct Onward {
    Endpoint out{};
    std::uint8_t hops = 0;
    std::uint32_t row = 0;
  };
  // What becomes of a frame that arrived there; nothing: it ends here. Then whether it could leave.
  [[nodiscard]] std::optional<Onward> on_frame(std::uint32_t port, const Frame& frame, Instant now);
  void on_sent(const Onward& frame, std::size_t octets);
  void on_not_sent(const Onward& frame);
  void on_malformed() { ++counters_.malformed; }
  void on_circle() { ++counters_.hops; }

  // ---- Traces. They leave on slots that carry nothing: where a row leads out, none does.
  void send_trace(const Endpoint& from, std::string text);
  void stop_trace(const Endpoint& from);
  struct Trace {
    Endpoint from{};
    std::string_view text{};
  };
  // Those to be sent now; valid until the next change.
  [[nodiscard]] std::vector<Trace> traces_due(Instant now);
  [[nodiscard]] const std::string* received_trace(const Endpoint& at) const;
  void on_time(Instant now);  // traces that are not heard any more
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  // ---- What has changed since it was last asked, each once and in order.
  struct News {
    std::vector<std::uint32_t> rows{};   // there, gone, or of another status
    std::vector<std::uint32_t> ports{};  // up, down, or other labels failed
    std::vector<Endpoint> traces{};      // received, changed, lost
    [[nodiscard]] bool empty() const { return rows.empty() && ports.empty() && traces.empty(); }
  };
  [[nodiscard]] bool has_news() const { return !news_.empty(); }
  [[nodiscard]] News take_news();

  [[nodiscard]] const FabricCounters& counters() const { return counters_; }

 private:
  struct Received {
    std::string text;
    Instant heard{};
  };
  static constexpr int kMissed = 4;  // intervals without a trace, and it is lost

  [[nodiscard]] static std::uint64_t key(const Endpoint& end) {
    return std::uint64_t{end.port} << 32 | end.label;
  }
  [[nodiscard]] bool works(const Endpoint& end) const;
  [[nodiscard]] bool broken(const Endpoint& end) const;  // on command
  [[nodiscard]] RowStatus status_of(const CrossConnect& row) const;
  void forget_ends(std::uint32_t index, const CrossConnect& row);
  void refresh(std::uint32_t port);
  void hear(const Endpoint& at, const Frame& frame, Instant now);

  std::map<std::uint32_t, Port> ports_;
  std::map<std::uint32_t, std::uint32_t> inside_;  // clients by their servers
  std::unordered_map<std::uint32_t, RowView> rows_;
  std::unordered_map<std::uint64_t, std::uint32_t> by_input_, by_output_;
  std::map<Endpoint, std::string> sent_;
  std::map<Endpoint, Received> received_;
  Duration trace_interval_;
  Instant next_trace_{}, next_look_{};
  bool enabled_ = true;
  News news_;
  FabricCounters counters_;
};

}  // namespace forces::fe::dataplane::optical
