// The words for the C API's enumerations.
#include "tml/tml.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

extern "C" {

const char* tmlx_version(void) {
  return TEXT(TML_VERSION_MAJOR) "." TEXT(TML_VERSION_MINOR) "." TEXT(TML_VERSION_PATCH);
}

const char* tmlx_strerror(tml_status status) {
  switch (status) {
    case TML_SUCCESS:
      return "success";
    case TML_ALREADY_REGISTERED:
      return "the channel is open and registered already";
    case TMLX_E_INVALID:
      return "an argument is wrong, or the call makes no sense here";
    case TMLX_E_NOT_INIT:
      return "no context, or tmlInit is missing";
    case TMLX_E_BAD_DESCRIPTOR:
      return "no such channel or group";
    case TMLX_E_CLOSED:
      return "the channel is closed";
    case TMLX_E_WOULD_BLOCK:
      return "nothing there, or waiting is not allowed on this thread";
    case TMLX_E_TIMEOUT:
      return "the time given has passed";
    case TMLX_E_QUEUE_FULL:
      return "the send queue is full";
    case TMLX_E_TOO_BIG:
      return "the message is larger than this channel takes";
    case TMLX_E_BUFFER_TOO_SMALL:
      return "the buffer is too small for the message";
    case TMLX_E_CONNECT:
      return "no connection to the peer";
    case TMLX_E_AUTH:
      return "authentication failed";
    case TMLX_E_PERM:
      return "refused";
    case TMLX_E_NO_GROUP:
      return "the group has no members";
    case TMLX_E_NOT_MEMBER:
      return "not a member of the group";
    case TMLX_E_PARTIAL:
      return "accepted for some members only";
    case TMLX_E_VERSION:
      return "the peer speaks another TML version";
    case TMLX_E_UNSUPPORTED:
      return "not built in";
    case TMLX_E_INTERNAL:
      return "internal error";
    case TMLX_E_NO_MEMORY:
      return "out of memory";
  }
  return "unknown status";
}

const char* tmlx_event_name(tmlx_event_type type) {
  switch (type) {
    case TMLX_EVENT_CHANNEL_UP:
      return "channel_up";
    case TMLX_EVENT_CHANNEL_DOWN:
      return "channel_down";
    case TMLX_EVENT_CLOSE:
      return "close";
    case TMLX_EVENT_MSG_AVAILABLE:
      return "msg_available";
    case TMLX_EVENT_WRITABLE:
      return "writable";
    case TMLX_EVENT_CONGESTED:
      return "congested";
    case TMLX_EVENT_CONGESTION_CLEARED:
      return "congestion_cleared";
    case TMLX_EVENT_JOIN:
      return "join";
    case TMLX_EVENT_LEAVE:
      return "leave";
    case TMLX_EVENT_JOIN_REFUSED:
      return "join_refused";
    case TMLX_EVENT_HB_LOST:
      return "hb_lost";
    case TMLX_EVENT_HB_RESTORED:
      return "hb_restored";
    case TMLX_EVENT_PEER_REPLACED:
      return "peer_replaced";
    case TMLX_EVENT_AUTH_FAILED:
      return "auth_failed";
    case TMLX_EVENT_CERT_EXPIRING:
      return "cert_expiring";
    case TMLX_EVENT_DROPPED:
      return "dropped";
    case TMLX_EVENT_CONNECT_FAILED:
      return "connect_failed";
    case TMLX_EVENT_SKIPPED:
      return "skipped";
    case TMLX_EVENT_PROTOCOL_ERROR:
      return "protocol_error";
  }
  return "unknown";
}

const char* tmlx_reason_name(tmlx_reason reason) {
  switch (reason) {
    case TMLX_REASON_ADMIN:
      return "admin";
    case TMLX_REASON_FRAMING:
      return "framing";
    case TMLX_REASON_VERSION:
      return "version";
    case TMLX_REASON_AUTH:
      return "auth";
    case TMLX_REASON_OVERLOAD:
      return "overload";
    case TMLX_REASON_REPLACED:
      return "replaced";
    case TMLX_REASON_DEAD_PEER:
      return "dead_peer";
    case TMLX_REASON_SHUTDOWN:
      return "shutdown";
    case TMLX_REASON_PROTOCOL:
      return "protocol";
    case TMLX_REASON_IO:
      return "io";
  }
  return "unknown";
}

const char* tmlx_state_name(tmlx_channel_state state) {
  switch (state) {
    case TMLX_STATE_CONNECTING:
      return "connecting";
    case TMLX_STATE_HANDSHAKE:
      return "handshake";
    case TMLX_STATE_PAIRING:
      return "pairing";
    case TMLX_STATE_UP:
      return "up";
    case TMLX_STATE_CLOSING:
      return "closing";
    case TMLX_STATE_DOWN:
      return "down";
  }
  return "unknown";
}

}  // extern "C"
