#include "fe/forwarding/optical/optical.hpp"

#include <algorithm>
#include <array>

namespace forces::fe::forwarding {

using daemon::Severity;
using optical::Fabric;
using optical::Frame;
using optical::FrameKind;
using pl::ResultCode;

namespace {

constexpr Duration kRetry = std::chrono::seconds(1);

bool is_row(const lfb::Change& change) {
  return change.component != nullptr && change.instance->lfb_class == &lfb::kCrossConnectClass &&
         change.component->id == lfb::cross_connect::kTable;
}

std::string text_of(const optical::LabelSet& labels) {
  std::string text;
  for (const auto& [first, last] : labels.ranges()) {
    text.append(text.empty() ? "" : " ").append(optical::text_of({first, last, 1}));
  }
  return text;
}

}  // namespace

Optical::Optical(const optical::FabricConfig& config)
    : config_(config),
      fabric_(config_),
      lines_(config_.ports),
      lfbs_(fabric_),
      keeper_(config_.file, config_.sync) {}

void Optical::attach(lfb::Engine& engine) {
  if (there()) lfbs_.attach(engine);
}

bool Optical::open(Instant now) {
  if (!there()) return true;
  bool good = true;
  auto opened = keeper_.open();
  const std::scoped_lock lock(mutex_);
  if (!opened.failure.empty()) {
    note(Severity::Error, "fabric_file_failed",
         opened.failure + "; no cross-connect is taken until that is mended and fe restarted");
    good = false;
  }
  if (!opened.note.empty()) note(Severity::Error, "fabric_file_damaged", std::move(opened.note));
  std::size_t elsewhere = 0;
  for (const auto& [index, row] : opened.rows) {
    if (!lfbs_.restore(index, row)) {
      note(Severity::Error, "fabric_row_lost",
           "row " + std::to_string(index) + " of the file has the labels of another");
      keeper_.erase(index);
      continue;
    }
    if (fabric_.judge(row) != Fabric::Verdict::Good) ++elsewhere;
  }
  size_ = fabric_.size();
  if (keeper_.is_open()) {
    note(Severity::Info, "fabric_restored",
         std::to_string(size_) + " cross-connects of " + config_.file);
  }
  if (elsewhere > 0) {
    note(
        Severity::Warning, "fabric_ports_missing",
        std::to_string(elsewhere) + " cross-connects name ports or labels that are not configured");
  }
  for (std::string& failure : lines_.open()) {
    note(Severity::Error, "port_failed", std::move(failure));
    good = false;
  }
  if (lines_.fd() >= 0) {
    lines_.look(
        {.link = [&](std::uint32_t port, bool up) { fabric_.on_link(port, up); }, .frame = {}});
  }
  lfbs_.publish(now);
  return good;
}

// ---- Frames
// --------------------------------------------------------------------------------------

bool Optical::receive(Instant now) {
  const std::scoped_lock lock(mutex_);
  lines_.receive({.link = [&](std::uint32_t port, bool up) { fabric_.on_link(port, up); },
                  .frame = [&](std::uint32_t port,
                               std::span<std::byte> octets) { on_frame(port, octets, now); }});
  return fabric_.has_news();
}

void Optical::on_frame(std::uint32_t port, std::span<std::byte> octets, Instant now) {
  const auto leaves = adapter_.on_octets(port, octets, now);
  if (!leaves) return;
  if (lines_.send(leaves->onward.out.port, leaves->octets)) {
    fabric_.on_sent(leaves->onward, leaves->payload);
  } else {
    fabric_.on_not_sent(leaves->onward);
  }
}

void Optical::send_traces(Instant now) {
  for (const Fabric::Trace& trace : fabric_.traces_due(now)) {
    std::array<std::byte, optical::kFrameHeader + optical::kMostTrace> octets{};
    const wire::Bytes text = std::as_bytes(std::span(trace.text));
    optical::write_header(std::span(octets).first<optical::kFrameHeader>(),
                          Frame{trace.from.label, FrameKind::Trace, 0, text});
    std::ranges::copy(text, octets.begin() + optical::kFrameHeader);
    (void)lines_.send(trace.from.port,
                      std::span(octets).first(optical::kFrameHeader + text.size()));
  }
}

void Optical::turn(Instant now) {
  if (!there()) return;
  {
    const std::scoped_lock lock(mutex_);
    send_traces(now);
    fabric_.on_time(now);
    lfbs_.publish(now);
  }
  if (retry_at_ && now >= *retry_at_) flush(now);
}

std::optional<Instant> Optical::next_deadline() const {
  if (!there()) return std::nullopt;
  const std::scoped_lock lock(mutex_);
  const auto at = fabric_.next_deadline();
  return at && retry_at_ ? std::min(*at, *retry_at_) : at ? at : retry_at_;
}

void Optical::obey(lfb::FeState state) {
  if (state == lfb::FeState::OperDisable) return;
  const bool stop = state == lfb::FeState::AdminDisable;
  if (!there() || std::exchange(frames_stopped_, stop) == stop) return;
  const std::scoped_lock lock(mutex_);
  fabric_.enable(!stop);
  note(Severity::Info, "fabric", stop ? "frames are stopped, rows stay" : "frames pass");
}

// ---- The file
// ------------------------------------------------------------------------------------

void Optical::flush(Instant now) {
  if (!there() || !keeper_.dirty()) return;
  const bool was_broken = keeper_.broken();
  if (was_broken && retry_at_ && now < *retry_at_) return;
  // Frames go on while the disk is waited for.
  const auto each = [this](const auto& f) {
    for (const auto& [index, view] : rows(0, optical::kMostRows)) f(index, view.cross);
  };
  const std::string why = keeper_.commit(size_, each);
  retry_at_ = why.empty() ? std::nullopt : std::optional(now + kRetry);
  if (!why.empty() && !was_broken) {
    note(Severity::Error, "fabric_file_failed",
         why + "; what was set last is not in the file, and no change is taken until it is");
  } else if (why.empty() && was_broken) {
    note(Severity::Info, "fabric_file", "in step again");
  }
}

// ---- Sink
// ----------------------------------------------------------------------------------------

ResultCode Optical::check(const lfb::Change& change) const {
  if (!there()) return ResultCode::Success;
  if (is_row(change) && (!keeper_.is_open() || keeper_.broken())) return ResultCode::InternalError;
  return lfbs_.check(change);
}

void Optical::applied(const lfb::Changes& changes) {
  if (!there()) return;
  const std::scoped_lock lock(mutex_);
  for (const FabricLfbs::RowChange& change : lfbs_.apply(changes)) {
    change.row ? keeper_.set(change.index, *change.row) : keeper_.erase(change.index);
  }
  size_ = fabric_.size();
}

void Optical::settled(Instant now) {
  if (!there()) return;
  const std::scoped_lock lock(mutex_);
  lfbs_.publish(now);
}

// ---- The operator
// --------------------------------------------------------------------------------

bool Optical::set_fault(std::uint32_t port, std::optional<Fabric::Labels> labels, bool failed,
                        Instant now) {
  const std::scoped_lock lock(mutex_);
  const bool done = failed ? fabric_.fail(port, labels) : fabric_.restore(port, labels);
  if (!done) return false;
  lfbs_.publish(now);
  note(Severity::Warning, "fabric_fault",
       "port " + std::to_string(port) +
           (labels ? " labels " + optical::text_of({labels->first, labels->last, 1}) : "") +
           (failed ? ": failed on command" : ": restored on command"));
  return true;
}

std::vector<std::pair<std::uint32_t, optical::RowView>> Optical::rows(std::uint32_t first,
                                                                      std::size_t most) const {
  const std::scoped_lock lock(mutex_);
  return fabric_.rows(first, most);
}

FabricSnapshot Optical::snapshot() const {
  FabricSnapshot shot;
  shot.there = there();
  if (!there()) return shot;
  shot.file = keeper_.path();
  shot.file_state = !keeper_.is_open() ? "none" : keeper_.broken() ? "behind" : "in step";
  shot.file_octets = keeper_.counters().octets;
  const std::scoped_lock lock(mutex_);
  const Fabric::Totals totals = fabric_.totals();
  shot.reserved = totals.reserved;
  shot.active = totals.active;
  shot.failed = totals.failed;
  const optical::FabricCounters& c = fabric_.counters();
  const optical::KeeperCounters& k = keeper_.counters();
  shot.counters = {{"fabric_frames", "passed", c.passed},
                   {"fabric_frames", "malformed", c.malformed},
                   {"fabric_frames", "no_row", c.no_row},
                   {"fabric_frames", "not_active", c.not_active},
                   {"fabric_frames", "failed", c.failed},
                   {"fabric_frames", "hops", c.hops},
                   {"fabric_frames", "disabled", c.disabled},
                   {"fabric_frames", "not_sent", c.not_sent},
                   {"fabric_traces", "sent", c.traces_sent},
                   {"fabric_traces", "received", c.traces_received},
                   {"fabric_traces", "refused", c.traces_refused},
                   {"fabric_file_batches", "", k.batches},
                   {"fabric_file_rewrites", "", k.rewrites},
                   {"fabric_file_failures", "", k.failures}};
  for (const auto& [id, port] : fabric_.ports()) {
    OpticalPortSnapshot& one = shot.ports.emplace_back();
    one.port = id;
    one.device = port.config.device;
    one.signal = optical::kSignalNames[static_cast<std::size_t>(port.config.signal)];
    for (const optical::LabelRange& range : port.config.labels) {
      one.labels.append(one.labels.empty() ? "" : " ").append(optical::text_of(range));
    }
    one.failed_labels = text_of(port.failed_labels);
    one.state = port.failed ? "failed" : port.link ? "up" : "down";
    one.received = port.received;
    one.sent = port.sent;
  }
  return shot;
}

}  // namespace forces::fe::forwarding
