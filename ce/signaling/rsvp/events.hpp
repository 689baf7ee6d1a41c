// What comes out of an engine: packets to send, and what happened. In this order they are to be
// performed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "ce/signaling/rsvp/config.hpp"
#include "proto/rsvp/message.hpp"

namespace forces::signaling::engine {

// A message of a neighbour without what is the engine's own (INTEGRITY, MESSAGE_ID and its ACKs,
// TIME_VALUES); all else is there, known or not, in its order. May be kept as long as one likes.
using MessagePtr = std::shared_ptr<const rsvp::Message>;

// --- packets -----------------------------------------------------------------------------------
// IP protocol 46, no router alert (RFC 3473 section 10.2).
struct Send {
  ChannelId channel = 0;
  Ipv4 source = 0, destination = 0;
  std::uint8_t ttl = 255;
  rsvp::Octets octets;  // of RSVP
};
// A message that is not for us: on to its destination, octets unmodified (RFC 3473 section 4.3).
struct Forward {
  Ipv4 source = 0, destination = 0;
  std::uint8_t ttl = 255;  // one less than it came with
  rsvp::Octets octets;
};

// --- the upstream half of an LSP: a Path came, we answer with a Resv -----------------------------
enum class PathChange : std::uint8_t {
  New,
  Modified,  // other content, or from another neighbour than before (PathReceived::before), to whom
             // our Resv is then no longer sent: who accepts the move calls set_resv() again
  Recovery,  // New, with a RECOVERY_LABEL: of an LSP that an earlier process of ours had
};
struct PathReceived {  // not for a refresh that changes nothing
  LspKey key;
  NodeId from;
  NodeId before{};  // who sent it until now; none when New or Recovery
  PathChange change{};
  MessagePtr path{};
};
enum class Gone : std::uint8_t {
  Torn,             // a PathTear or ResvTear
  Timeout,          // never established, and not refreshed
  NeighborRemoved,  // by remove_neighbor()
};
// And with it what set_resv() said. A tear comes also for an LSP that is not here, once for each
// time it is heard: it may end what an earlier process had. ResvGone alike.
struct PathGone {
  LspKey key;
  NodeId from;
  Gone why{};
  MessagePtr tear{};  // null but for Torn
};
struct ResvErrReceived {  // about our Resv; nothing was removed
  LspKey key;
  NodeId from;
  MessagePtr error{};
};

// --- the downstream half: we sent a Path, a Resv comes -------------------------------------------
struct ResvReceived {  // not for a refresh that changes nothing
  LspKey key;
  NodeId from;
  bool modified = false;  // there was one
  MessagePtr resv{};      // one flow descriptor: a Resv of several LSPs comes as several events
};
struct ResvGone {
  LspKey key;
  NodeId from;
  Gone why{};
  MessagePtr tear{};
};
struct PathErrReceived {  // about our Path
  LspKey key;
  NodeId from;
  bool state_removed =
      false;  // Path_State_Removed: the downstream half is gone, no PathTear needed
  MessagePtr error{};
};
// A PathTear that was ours to deliver: it was acknowledged; or, of a neighbour that acknowledges
// nothing, said as often as it may be; or the neighbour was removed. Not after set_path() for this
// LSP and neighbour, which takes the tear back.
struct TearDelivered {
  LspKey key;
  NodeId to;
};
// RFC 5063: what the downstream neighbour has of an LSP that this process does not know.
struct RecoveryPathReceived {
  LspKey key;
  NodeId from;
  bool late = false;  // after the Recovery Period
  MessagePtr path{};
};

// --- either half -------------------------------------------------------------------------------
enum class Half : std::uint8_t { Upstream, Downstream };
// Established state that was not refreshed for its lifetime although the neighbour is there, or was
// not given back in the Recovery Period. It is kept: who wants it away says so.
struct Unsynchronized {
  LspKey key;
  Half half{};
  NodeId neighbor;
};
struct Resynchronized {  // refreshed or given back after that
  LspKey key;
  Half half{};
  NodeId neighbor;
};

// --- Notify ------------------------------------------------------------------------------------
struct NotifyReceived {  // once, however often it was sent; already acknowledged
  NodeId from;           // as its IP source address says
  MessagePtr message{};
  // RFC 2961: of two of one epoch the one with the lower identifier was sent first, whichever came
  // first.
  std::optional<rsvp::MessageId> id{};
};
struct NotifyDelivered {
  std::uint64_t ticket = 0;
  NodeId to;
};
struct NotifyFailed {  // sent as often as Rl says, no acknowledgment
  std::uint64_t ticket = 0;
  NodeId to;
};
struct ResvConfReceived {
  NodeId from;
  MessagePtr message{};
};

// --- neighbours --------------------------------------------------------------------------------
enum class NeighborEvent : std::uint8_t {
  Up,         // Hellos pass in both directions, for the first time
  Lost,       // they do not; all state is kept
  Back,       // it was the control channel: state is refreshed, nothing was lost
  Restarted,  // it is another process now; Paths are sent again, with RECOVERY_LABEL where known
  RestartTimeOver,  // Lost for longer than its Restart Time; all state is kept
};
struct NeighborChanged {
  NodeId node;
  NeighborEvent event{};
  bool preserved = false;  // Restarted: it says that it kept its forwarding state
};
// What was not given back until now is Unsynchronized; those events came before this one.
struct RecoveryEnded {
  NodeId node;
  bool ours = false;  // this process is the one that recovers; false: the neighbour restarted
  std::size_t unsynchronized = 0;
};
// RFC 2747 section 5.3: the last key is over; it goes on to be used.
struct KeysExpired {
  NodeId node;
  std::uint64_t key = 0;
};

using Output =
    std::variant<Send, Forward, PathReceived, PathGone, ResvErrReceived, ResvReceived, ResvGone,
                 PathErrReceived, TearDelivered, RecoveryPathReceived, Unsynchronized,
                 Resynchronized, NotifyReceived, NotifyDelivered, NotifyFailed, ResvConfReceived,
                 NeighborChanged, RecoveryEnded, KeysExpired>;

[[nodiscard]] std::string_view to_string(PathChange change);
[[nodiscard]] std::string_view to_string(Gone why);
[[nodiscard]] std::string_view to_string(NeighborEvent event);

}  // namespace forces::signaling::engine
