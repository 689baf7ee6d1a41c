// What a call controller is told, asked and says: values only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "ce/signaling/ason/call/call.hpp"
#include "ce/signaling/ason/call/policy.hpp"
#include "proto/rsvp/message.hpp"

namespace forces::signaling::ason::calls {

// Parts of a long Call ID of ours: `CCC-CARRIER-APC/addr/16 hex digits` (C5).
struct CallNaming {
  std::string country = "XXX", carrier = "CARRIER", access_point = "APC";
};

struct CallTimes {
  Duration answer = std::chrono::seconds(5);    // until a request is sent again
  unsigned answer_tries = 3;                    // requests in all
  Duration refresh = std::chrono::seconds(60);  // twice the shortest of the LSPs; at least 60 s
  unsigned quarantine = 5;  // refresh periods until identifiers of an unconfirmed release are free
  Duration hold = std::chrono::seconds(5);  // a Path with an unknown Call_ID waits (D11)
};

struct CallConfig {
  Address address{};                 // where Notify messages of ours come from
  std::vector<Address> addresses{};  // others that are ours
  CallNaming naming{};
  CallTimes times{};
  PolicyConfig policy{};
  std::optional<rsvp::LinkCapability> capability{};  // of our access links
  std::size_t max_calls = 20'000;
  std::uint64_t seed = 1;  // another one for every process
};

// --- outputs ---
struct PersistCall {
  std::string key{};
  std::optional<std::vector<std::byte>> octets{};  // none: remove it
};
struct SendNotify {
  Address to{}, from{};
  rsvp::Message message{};
  std::uint64_t ticket = 0;
};
struct CallChanged {
  CallHandle handle = 0;
  CallId id{};
  CallState state{};  // Null: it is gone
  Reason reason{};    // why, if it failed
};
enum class AlarmKind : std::uint8_t {
  NoAnswer,       // a refresh is not answered; the call stays (R1)
  Refused,        // it is refused; the call stays
  ReleaseFailed,  // a release is not confirmed, or the other side still has connections
  JournalDamaged,
};
[[nodiscard]] std::string_view to_string(AlarmKind kind);
struct CallAlarm {
  CallHandle handle = 0;
  CallId id{};
  AlarmKind kind{};
  bool raised = true;
  Reason reason{};
};
using CallOutput = std::variant<PersistCall, SendNotify, CallChanged, CallAlarm>;

// --- operator ---
struct CreateCall {
  std::string name{};          // empty: one is made
  bool network_names = false;  // ask with Call_ID 0: the first core node gives identifiers
  Address end_point{};
  std::optional<Address> sender{};                         // none: ours
  std::optional<Address> source_tna{}, destination_tna{};  // the users
  std::optional<std::uint8_t> service_level{};
  std::vector<rsvp::PolicyData> policy{};
  std::optional<rsvp::CallAttributes> attributes{};
  std::optional<rsvp::LinkCapability> capability{};  // none: that of the configuration
};
struct ModifyCall {
  std::optional<std::uint8_t> service_level{};
  rsvp::Route add_capability{};     // links, each with what is behind its identifier
  rsvp::Route remove_capability{};  // identifiers of links; their subobjects go with them
};
struct Failed {  // the newest last
  CallHandle handle = 0;
  CallId id{};
  Reason reason{};
  Instant when{};
};

// --- connections ---
struct ConnectionAsk {
  LspKey key{};
  // It begins or ends at this node: it is one more of its call, and what it may have is promised to
  // it until on_connection() has the key.
  bool promise = false;
  bool shared = false;  // SE style: it takes the place of another LSP of its session
  Ends ends{};
  std::uint16_t call_id = 0;
  std::string name{};                 // Session Name: correlates LSPs of one segment
  std::optional<Address> neighbor{};  // where it comes from or goes to
  ConnectionRequest request{};
};
struct ConnectionVerdict {
  enum class Answer : std::uint8_t {
    Yes,
    Wait,  // the call is not set up, or unknown; after `hold` the answer is `error`
    No,    // with `error`
  };
  Answer answer = Answer::Yes;
  CallHandle call = 0;  // 0: a conventional connection
  CallId id{};
  rsvp::ErrorValue error{};
  std::string text{};
  Duration hold{};
  bool hide_route = false;
  SegmentPlan up{}, down{};
};

struct CallCounters {
  std::uint64_t setups_sent = 0, setups_received = 0, accepted = 0, refused = 0, failed = 0;
  std::uint64_t releases_sent = 0, releases_received = 0, released = 0, unconfirmed = 0;
  std::uint64_t refreshes_sent = 0, refreshes_received = 0, contentions = 0, collisions = 0;
  std::uint64_t adopted = 0, unknown = 0, ignored = 0;
  std::map<std::pair<rsvp::ErrorCode, std::uint16_t>, std::uint64_t> errors{};  // sent, received
};

enum class JournalKept : std::uint8_t {
  Yes,  // what it does not know of, does not exist
  No,   // lost, or the first start: peers may give calls back for a while
};

struct NotifyOrigin {
  Address from{}, to{};        // of the IP header
  bool authenticated = false;  // INTEGRITY was asked for and matched
};

}  // namespace forces::signaling::ason::calls
