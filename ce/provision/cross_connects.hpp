// Rows of class CrossConnect (65792) as octets: changes for a Config, the table and its status out
// of answers, status out of events. What rows are wanted is ce/signaling/resource's business.
//
// A row is set by its number, whole, so that the same SET again changes nothing. It is deleted by
// key 1 (InPort, InLabel): what somebody else wrote under its number meanwhile stays.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "ce/signaling/resource/rows.hpp"
#include "proto/pl/message.hpp"

namespace forces::ce::provision {

inline constexpr std::uint32_t kCrossConnect = 65'792;

[[nodiscard]] pl::Octets pack(const signaling::resource::Row& row);
// nullopt: these octets are no row.
[[nodiscard]] std::optional<signaling::resource::Row> read_cross_connect(wire::Bytes packed);

// What a Config of a transaction holds: at most so many changes in one, in their order.
[[nodiscard]] std::vector<std::vector<pl::BodyTlv>> cross_connect_configs(
    std::uint32_t instance, std::span<const signaling::resource::RowChange> changes,
    std::size_t at_most = 512);

// A GET of the rows and of their status whose numbers are in this range.
[[nodiscard]] std::vector<pl::BodyTlv> cross_connect_query(std::uint32_t instance,
                                                           pl::TableRange range);

struct CrossConnectStatus {
  std::uint32_t number = 0;
  signaling::resource::RowStatus status{};
  friend bool operator==(const CrossConnectStatus&, const CrossConnectStatus&) = default;
};

// Takes answers to such queries, all parts of all pages, and puts rows and status together.
class CrossConnectReader {
 public:
  // False: something in it is no row, or a RESULT that is not E_EMPTY; what was read is not all.
  bool take(const pl::MessageView& answer);
  [[nodiscard]] std::vector<signaling::resource::FoundRow> rows() const;
  // The last code that made take() false.
  [[nodiscard]] pl::ResultCode code() const { return code_; }

 private:
  std::map<std::uint32_t, signaling::resource::FoundRow> rows_;
  std::map<std::uint32_t, signaling::resource::RowStatus> status_;
  pl::ResultCode code_ = pl::ResultCode::Success;
};

// Of event CrossConnectStatusChanged (60/1) in an EventNotification.
[[nodiscard]] std::vector<CrossConnectStatus> read_cross_connect_events(
    const pl::MessageView& notification);
// The SET-PROP body that subscribes to it.
[[nodiscard]] std::vector<pl::BodyTlv> cross_connect_subscription(std::uint32_t instance);

}  // namespace forces::ce::provision
