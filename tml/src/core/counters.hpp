// Every counter of libtml, once: the C API, /metrics and forcesctl read this one list.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace forces::tml {

enum class Scope : std::uint8_t { Context = 1, Channel = 2 };

// X(enumerator, name, reason label or "", scope, help). Append only.
#define TML_COUNTERS(X)                                                                           \
  X(ConnectionsAccepted, "connections_accepted", "", Context, "TCP connections accepted")         \
  X(RefusedHalfOpen, "connections_refused", "half_open_limit", Context,                           \
    "TCP connections closed before they were identified")                                         \
  X(RefusedPeers, "connections_refused", "peer_limit", Context, "")                               \
  X(RefusedDescriptors, "connections_refused", "no_descriptor", Context, "")                      \
  X(TlsHandshakes, "tls_handshakes", "full", Context, "TLS handshakes completed")                 \
  X(TlsResumed, "tls_handshakes", "resumed", Context, "")                                         \
  X(TlsFailed, "tls_handshakes_failed", "protocol", Context, "TLS handshakes that failed")        \
  X(TlsBadCertificate, "tls_handshakes_failed", "certificate", Context, "")                       \
  X(TlsNoCertificate, "tls_handshakes_failed", "no_certificate", Context, "")                     \
  X(TlsVersion, "tls_handshakes_failed", "version", Context, "")                                  \
  X(TlsPlaintext, "tls_handshakes_failed", "not_tls", Context, "")                                \
  X(HandshakeTimeout, "peers_refused", "handshake_timeout", Context,                              \
    "Peers refused after the connection was accepted")                                            \
  X(WrongIdentity, "peers_refused", "identity", Context, "")                                      \
  X(IdInUse, "peers_refused", "id_in_use", Context, "")                                           \
  X(WrongToken, "peers_refused", "token", Context, "")                                            \
  X(Unpaired, "peers_refused", "unpaired", Context, "")                                           \
  X(BadHello, "peers_refused", "first_frame", Context, "")                                        \
  X(HelloVersion, "peers_refused", "version", Context, "")                                        \
  X(HelloFraming, "peers_refused", "framing", Context, "")                                        \
  X(ConnectFailures, "connect_failures", "", Context, "Attempts to connect to a CE that failed")  \
  X(TlsReloads, "tls_reloads", "", Context, "Certificates and CRLs read again")                   \
  X(TlsReloadsFailed, "tls_reloads_failed", "", Context, "Reloads refused; the old ones stay")    \
  X(ChannelUps, "channel_ups", "", Channel, "Times the channel came up")                          \
  X(DownClosed, "channel_downs", "closed", Channel, "Times the channel went down")                \
  X(DownPeerClosed, "channel_downs", "peer_closed", Channel, "")                                  \
  X(DownIo, "channel_downs", "io", Channel, "")                                                   \
  X(DownDeadPeer, "channel_downs", "dead_peer", Channel, "")                                      \
  X(DownProtocol, "channel_downs", "protocol", Channel, "")                                       \
  X(DownReplaced, "channel_downs", "replaced", Channel, "")                                       \
  X(MessagesSent, "messages_sent", "", Channel, "PL messages handed to TLS")                      \
  X(OctetsSent, "octets_sent", "", Channel, "Octets of frames handed to TLS")                     \
  X(MessagesReceived, "messages_received", "", Channel, "PL messages delivered to the PL")        \
  X(OctetsReceived, "octets_received", "", Channel, "Octets of frames received")                  \
  X(TmlSent, "tml_messages_sent", "", Channel, "TML messages sent (heartbeats, joins, closes)")   \
  X(TmlReceived, "tml_messages_received", "", Channel, "TML messages received")                   \
  X(TmlUnknown, "tml_messages_skipped", "unknown_type", Channel, "TML messages skipped")          \
  X(TmlMalformed, "tml_messages_skipped", "malformed", Channel, "")                               \
  X(TmlUnexpected, "tml_messages_skipped", "unexpected", Channel, "")                             \
  X(DropQueueFull, "drops", "queue_full", Channel, "PL messages not accepted or lost, by reason") \
  X(DropTtl, "drops", "ttl", Channel, "")                                                         \
  X(DropForcedClose, "drops", "forced_close", Channel, "")                                        \
  X(DropChannelDown, "drops", "channel_down", Channel, "")                                        \
  X(DropWrongChannel, "drops", "wrong_channel", Channel, "")                                      \
  X(DropUnread, "drops", "unread", Channel, "")                                                   \
  X(WrongChannelAccepted, "wrong_channel_accepted", "", Channel,                                  \
    "PL messages on the wrong channel that a lenient channel took")                               \
  X(Throttled, "receive_throttled", "", Channel, "Times reading stopped: the PL was slower")      \
  X(WritesBlocked, "writes_blocked", "", Channel, "tmlWrite calls that had to wait for room")     \
  X(WritesRefused, "writes_refused", "", Channel,                                                 \
    "tmlWrite calls that found no room and did not wait; the caller still has the message")       \
  X(HeartbeatsLost, "heartbeats_lost", "", Channel,                                               \
    "Times the peer fell silent for half the limit")                                              \
  X(FramingErrors, "framing_errors", "", Channel, "Streams lost to an impossible length")         \
  X(VersionErrors, "version_errors", "", Channel, "Frames of another TML version")                \
  X(GroupJoins, "group_joins", "", Channel, "Multicast group joins accepted")                     \
  X(GroupJoinsRefused, "group_joins_refused", "", Channel, "Multicast group joins refused")       \
  X(GroupLeaves, "group_leaves", "", Channel, "Multicast group leaves")                           \
  X(ReservedBits, "reserved_bits", "", Channel, "Frames whose reserved bits were set, and ignored")

enum class Counter : std::uint16_t {
#define X(id, name, label, scope, help) id,
  TML_COUNTERS(X)
#undef X
};

struct CounterRow {
  const char* name;
  const char* label;
  const char* help;
  Scope scope;
};
inline constexpr CounterRow kCounterRows[] = {
#define X(id, name, label, scope, help) {name, label, help, Scope::scope},
    TML_COUNTERS(X)
#undef X
};
inline constexpr std::size_t kCounters = std::size(kCounterRows);

// Any thread may add. The per-message path adds once a batch.
class Counters {
 public:
  void add(Counter c, std::uint64_t n = 1) {
    values_[static_cast<std::size_t>(c)].fetch_add(n, std::memory_order_relaxed);
  }
  std::uint64_t get(Counter c) const {
    return values_[static_cast<std::size_t>(c)].load(std::memory_order_relaxed);
  }
  std::uint64_t get(std::size_t i) const { return values_[i].load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<std::uint64_t>, kCounters> values_{};
};

}  // namespace forces::tml
