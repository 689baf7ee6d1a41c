// Call control in Notify messages (RFC 4974 sections 5 and 6): a call's session as a value.
#pragma once

#include <optional>

#include "ce/signaling/ason/call/call.hpp"
#include "proto/rsvp/grammar.hpp"
#include "proto/rsvp/message.hpp"

namespace forces::signaling::ason::calls {

// By ERROR_SPEC and the bits of ADMIN_STATUS.
enum class CallMessage : std::uint8_t {
  Setup,     // R C: also a refresh, and a change
  Accept,    // C
  Release,   // R D C
  Released,  // D C
  Error,     // an error code, whatever the bits
};
[[nodiscard]] std::string_view to_string(CallMessage what);

struct CallNotify {
  CallMessage what = CallMessage::Setup;
  CallId id{};  // name and number may be empty and 0 (RFC 4974 section 7.2)
  rsvp::Session::Kind kind = rsvp::Session::Kind::LspTunnelIpv4;
  rsvp::ErrorSpec error{};  // of Error; the node is whoever found it
  Carried carried{};
  std::optional<rsvp::LinkCapability> capability{};
};

// Nothing: the session is not a call's. A call's has the C bit and SESSION_ATTRIBUTE; the C bit
// alone has no meaning on a Notify about an LSP (RFC 4974 section 6.3).
[[nodiscard]] std::optional<CallNotify> parse(const rsvp::ErrorSpec& error,
                                              const rsvp::NotifySession& session);

// `node` is the sender's address, for an ERROR_SPEC without an error. MESSAGE_ID and INTEGRITY are
// the engine's.
[[nodiscard]] rsvp::Message compose(const CallNotify& notify, const Address& node);

[[nodiscard]] rsvp::Session::Kind kind_for(const Address& end_point);

}  // namespace forces::signaling::ason::calls
