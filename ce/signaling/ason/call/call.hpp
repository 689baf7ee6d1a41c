// A call as a call controller knows it (RFC 4974): identities, segments, connections. Values only.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ce/signaling/ids.hpp"
#include "common/core/time.hpp"
#include "proto/rsvp/object.hpp"

namespace forces::signaling::ason::calls {

using Address = rsvp::Address;

// Who calls whom: SENDER_TEMPLATE and SESSION. They stay the same from controller to controller,
// whatever the addresses of the packets (RFC 4974 section 7.3.1).
struct Ends {
  Address sender{};
  Address end_point{};

  [[nodiscard]] Ends reversed() const { return {end_point, sender}; }
  // Calls are symmetric: identifiers are unique to the pair, in whatever direction.
  [[nodiscard]] Ends pair() const { return sender < end_point ? *this : reversed(); }
  friend auto operator<=>(const Ends&, const Ends&) = default;
};

// The long Call ID is octets that nobody reads a meaning from, up to 255; the short one is not 0.
struct CallId {
  std::string name{};
  std::uint16_t number = 0;
  Ends ends{};
  friend bool operator==(const CallId&, const CallId&) = default;
};

using CallHandle = std::uint64_t;  // of this controller alone; 0: none

enum class CallState : std::uint8_t {
  Null,
  SetupSent,
  SetupReceived,
  Active,
  ReleaseSent,
  ReleaseReceived,
  Recovering,  // Active before a restart; not confirmed by the peer since
};
[[nodiscard]] std::string_view to_string(CallState state);

// How a segment gets its connections, and how many: for the connection controller (RFC 5151).
enum class Realisation : std::uint8_t { Contiguous, Stitched, Nested };
[[nodiscard]] std::string_view to_string(Realisation realisation);
struct SegmentPlan {
  Realisation realisation = Realisation::Contiguous;
  std::uint8_t working = 1;
  std::uint8_t recovery = 0;
  friend bool operator==(const SegmentPlan&, const SegmentPlan&) = default;
};

enum class Side : std::uint8_t { Up, Down };  // towards the caller, towards the callee
[[nodiscard]] constexpr Side other(Side side) { return side == Side::Up ? Side::Down : Side::Up; }

// Why something failed, for machines: `cause` is one of a fixed set of words, code and value are
// those of ERROR_SPEC (0/0: nothing was signalled), `where` is the node that said so.
struct Reason {
  std::string cause{};  // empty: nothing has failed
  rsvp::ErrorValue error{};
  std::string text{};
  std::string where{};
  friend bool operator==(const Reason&, const Reason&) = default;
};

// What goes from end to end and no controller between changes (CALL_ID, class 11bbbbbb and others).
struct Carried {
  std::vector<rsvp::PolicyData> policy{};
  std::optional<rsvp::CallAttributes> attributes{};
  std::optional<rsvp::CallId> call_id{};
  std::optional<rsvp::GeneralizedUni> uni{};
  std::vector<rsvp::Object> others{};  // of classes 11bbbbbb: passed on as they are

  [[nodiscard]] std::optional<std::uint8_t> service_level() const;
  [[nodiscard]] std::optional<Address> tna(std::uint8_t type) const;  // UniSubobject::kSourceTna
  void set_service_level(std::uint8_t level);
  void set_tna(std::uint8_t type, const Address& tna);
  friend bool operator==(const Carried&, const Carried&) = default;
};

// The part of a call between this controller and the next.
struct Segment {
  Address peer{};
  std::string point{};  // name of the reference point
  CallState state = CallState::Null;
  SegmentPlan plan{};
  std::uint16_t local_number = 0;  // short Call ID of LSPs between the two controllers alone
  rsvp::Session::Kind kind = rsvp::Session::Kind::LspTunnelIpv4;
  std::optional<rsvp::LinkCapability> capability{};  // what the peer said
  bool was_active = false;
  bool declared = false;  // deleted without an answer: the identifiers wait (RFC 4974 6.6.3)

  // The exchange that is going on; not kept on disk.
  bool awaiting = false;    // an answer to a refresh
  bool unanswered = false;  // an alarm is raised
  bool refused = false;     // another
  unsigned tries = 0;
  std::uint64_t ticket = 0;  // of the last setup
  Instant due = Instant::max();
  Instant forget = Instant::max();  // of a declared one
};

enum class ConnectionRole : std::uint8_t { Working, Recovery };
enum class ConnectionState : std::uint8_t { Starting, Up, Gone };
// Of which segments a connection is: one that is contiguous through this node is of both.
enum class ConnectionSide : std::uint8_t { Up, Down, Both };
struct Connection {
  LspKey key{};
  ConnectionRole role = ConnectionRole::Working;
  ConnectionState state = ConnectionState::Starting;
  ConnectionSide side = ConnectionSide::Both;
  double bandwidth = 0;  // octets a second, for the policy of the call
  friend bool operator==(const Connection&, const Connection&) = default;
};

struct Call {
  CallHandle handle = 0;
  CallId id{};
  bool user_assigned = false;  // asked for with Call_ID 0: the first core node gives identifiers
  bool user_told = false;      // its user has the answer with them
  Carried carried{};
  std::optional<rsvp::LinkCapability> capability{};  // of our own access link
  std::optional<Segment> up{};                       // none: the caller is ours
  std::optional<Segment> down{};                     // none: the callee is
  std::vector<Connection> connections{};
  // LSPs that may be set up here and are not there yet: two that ask at once are not both told that
  // the last place is free. Of no journal: after a restart they ask again.
  std::vector<Connection> promised{};
  std::optional<Carried> change{};  // asked for, not yet accepted downstream
  Reason reason{};
  unsigned contentions = 0;
  bool told_gone = false;  // a CallChanged said so; identifiers may still wait

  [[nodiscard]] std::optional<Segment>& leg(Side side) { return side == Side::Up ? up : down; }
  [[nodiscard]] const std::optional<Segment>& leg(Side side) const {
    return side == Side::Up ? up : down;
  }
  [[nodiscard]] bool initiator() const { return !up && down; }
  [[nodiscard]] bool terminator() const { return up && !down; }
  [[nodiscard]] bool local() const { return !up && !down; }  // both users are at this node
  // Of the whole: that of the segment which has further to go.
  [[nodiscard]] CallState state() const;
  [[nodiscard]] bool pending() const {
    return state() == CallState::SetupSent || state() == CallState::SetupReceived;
  }
  [[nodiscard]] bool established() const {
    return state() == CallState::Active || state() == CallState::Recovering;
  }
  [[nodiscard]] bool releasing() const {
    return state() == CallState::ReleaseSent || state() == CallState::ReleaseReceived;
  }
};

[[nodiscard]] std::string to_text(const Address& address);

}  // namespace forces::signaling::ason::calls
