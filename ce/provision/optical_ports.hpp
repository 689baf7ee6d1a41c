// The optical ports of an FE (class OpticalPort, 65797) as octets: questions, their answers, the
// subscription to what happens to ports and labels, the traces to be sent.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "proto/pl/message.hpp"

namespace forces::ce::provision {

inline constexpr std::uint32_t kOpticalPort = 65'797;

// A GET of PortTable, FailedLabelTable and TraceReceivedTable.
[[nodiscard]] std::vector<pl::BodyTlv> optical_port_query(std::uint32_t instance);
// The SET-PROP that subscribes to all of its events.
[[nodiscard]] std::vector<pl::BodyTlv> optical_port_subscription(std::uint32_t instance);

struct FailedLabels {
  std::uint32_t port = 0, first = 0, last = 0;
  friend bool operator==(const FailedLabels&, const FailedLabels&) = default;
};
struct ReceivedTrace {
  std::uint32_t port = 0, label = 0;
  std::string trace;
  friend bool operator==(const ReceivedTrace&, const ReceivedTrace&) = default;
};

// A row of TraceSentTable, which a CE sets by a subscript of its choice.
struct TraceChange {
  std::uint32_t number = 0;
  std::uint32_t port = 0, label = 0;
  std::optional<std::string> text{};  // nothing: the row goes
  friend bool operator==(const TraceChange&, const TraceChange&) = default;
};
[[nodiscard]] std::vector<pl::BodyTlv> trace_config(std::uint32_t instance,
                                                    std::span<const TraceChange> changes);
// How many of them an FE has refused, by its answer.
[[nodiscard]] std::size_t refused_traces(const pl::MessageView& answer);

// Takes all parts of an answer.
class OpticalPortReader {
 public:
  // False: something in it is no row, or a RESULT that is not E_EMPTY.
  bool take(const pl::MessageView& answer);
  [[nodiscard]] const std::map<std::uint32_t, bool>& up() const { return up_; }  // by port
  [[nodiscard]] const std::vector<FailedLabels>& failed() const { return failed_; }
  [[nodiscard]] const std::vector<ReceivedTrace>& traces() const { return traces_; }

 private:
  std::map<std::uint32_t, bool> up_;
  std::vector<FailedLabels> failed_;
  std::vector<ReceivedTrace> traces_;
};

// Whether an EventNotification is about an OpticalPort: then it is time to ask again.
[[nodiscard]] bool is_optical_port_event(const pl::MessageView& notification);

}  // namespace forces::ce::provision
