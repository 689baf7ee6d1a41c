/*
 * libtml: the ForCES TCP Transport Mapping Layer of draft-khosravi-forces-tcptml-01.
 *
 * Functions, parameters and their order are those of the draft's section 6.1; everything the
 * draft lacks is prefixed tmlx_. A message is one whole ForCES PL message (RFC 5810 section 6.1),
 * 24 to 262,140 octets, whose size equals its header's Length in words times four.
 *
 * Threads. Any function may be called from any thread, and from callbacks, unless its comment says
 * otherwise. Callbacks run on the I/O thread of the channel they speak of, one at a time for each
 * channel; they must not block. A call that would have to wait inside a callback returns
 * TMLX_E_WOULD_BLOCK instead. No callback of a channel runs after its tmlClose has returned (when
 * tmlClose is called from such a callback: after that callback has returned).
 *
 * Structures start with `size`: set it with the matching *_INIT macro. They grow only at their end,
 * and a zero in any field means its default.
 *
 * Timeouts are milliseconds: -1 waits for ever, 0 does not wait.
 */
#ifndef TML_TML_H
#define TML_TML_H

#include <stddef.h>
#include <stdint.h>

#define TML_VERSION_MAJOR 0
#define TML_VERSION_MINOR 1
#define TML_VERSION_PATCH 0

#if defined(TML_BUILDING) || defined(__GNUC__)
#define TML_API __attribute__((visibility("default")))
#else
#define TML_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Status ------------------------------------------------------------------------------- */

/* Append only. 0 is success; positive values are no errors. tmlx_strerror() says each in words. */
typedef enum tml_status {
  TML_SUCCESS = 0,
  TML_ALREADY_REGISTERED = 1,     /* tmlOpen: this channel is open and registered; nothing changed */
  TMLX_E_INVALID = -1,            /* an argument is wrong, or the call makes no sense here */
  TMLX_E_NOT_INIT = -2,           /* no context, or tmlInit for this channel type is missing */
  TMLX_E_BAD_DESCRIPTOR = -3,     /* no such channel or group (never was, or long gone) */
  TMLX_E_CLOSED = -4,             /* the channel is closed or being closed */
  TMLX_E_WOULD_BLOCK = -5,        /* nothing to read, or waiting is not allowed on this thread */
  TMLX_E_TIMEOUT = -6,            /* the time given has passed */
  TMLX_E_QUEUE_FULL = -7,         /* the send queue has no room; WRITABLE will tell when it has */
  TMLX_E_TOO_BIG = -8,            /* larger than this channel's max_message */
  TMLX_E_BUFFER_TOO_SMALL = -9,   /* tmlRead: bytesRead holds the size needed; the message stays */
  TMLX_E_CONNECT = -10,           /* no connection to the peer */
  TMLX_E_AUTH = -11,              /* the peer, or we to the peer, could not be authenticated */
  TMLX_E_PERM = -12,              /* the CE refused (group join) */
  TMLX_E_NO_GROUP = -13,          /* the group has no member (left) */
  TMLX_E_NOT_MEMBER = -14,        /* leave of a group that was not joined */
  TMLX_E_PARTIAL = -15,           /* group write: accepted for some members only */
  TMLX_E_VERSION = -16,           /* the peer speaks another TML version */
  TMLX_E_UNSUPPORTED = -17,       /* this transport or option is not built in */
  TMLX_E_INTERNAL = -18,          /* a system call failed where it should not; see the log event */
  TMLX_E_NO_MEMORY = -19
} tml_status;

TML_API const char *tmlx_strerror(tml_status status); /* static text, never NULL */
TML_API const char *tmlx_version(void);               /* "0.1.0" */

/* ---- Names of the draft ------------------------------------------------------------------- */

typedef enum tml_channel_type { TML_CHANNEL_CONTROL = 1, TML_CHANNEL_DATA = 2 } tml_channel_type;

/* Over TCP both modes set up the same unicast channel (section 6.1.2, Notes). */
typedef enum tml_channel_mode { TML_MODE_UNICAST = 0, TML_MODE_MULTICAST = 1 } tml_channel_mode;

typedef enum tml_close_mode {
  TML_CLOSE_CONTROLLED = 0, /* what is queued is sent first; nothing new is accepted */
  TML_CLOSE_FORCED = 1      /* what is queued is discarded (and counted) */
} tml_close_mode;

/* Handle of a channel or of a group; copy it freely. value 0 is none. Never reused. */
typedef struct tml_descriptor {
  uint64_t value;
} tml_descriptor;

/* ---- Events ------------------------------------------------------------------------------- */

/* Append only. tmlx_event_name() gives the name. */
typedef enum tmlx_event_type {
  TMLX_EVENT_CHANNEL_UP = 1,   /* CcUp, CdUp of figures 4 and 5; carries descriptor, element */
  TMLX_EVENT_CHANNEL_DOWN,     /* connection lost; an FE reconnects by itself; `reason` */
  TMLX_EVENT_CLOSE,            /* tmlCloseUpcall: the peer closed this channel; `reason` */
  TMLX_EVENT_MSG_AVAILABLE,    /* after a tmlRead that found nothing: now there is something */
  TMLX_EVENT_WRITABLE,         /* after TMLX_E_QUEUE_FULL: there is room again */
  TMLX_EVENT_CONGESTED,        /* the send queue is above three quarters */
  TMLX_EVENT_CONGESTION_CLEARED, /* and below one quarter again */
  TMLX_EVENT_JOIN,             /* CE: tmlJoinUpcall. FE: the CE accepted; `group`, `group_id` */
  TMLX_EVENT_LEAVE,            /* CE: tmlLeaveUpcall. FE: left; `group_id` */
  TMLX_EVENT_JOIN_REFUSED,     /* FE: the CE refused; `status`. CE: it refused an FE's request */
  TMLX_EVENT_HB_LOST,          /* nothing heard for half the dead interval */
  TMLX_EVENT_HB_RESTORED,
  TMLX_EVENT_PEER_REPLACED,    /* CE: a new connection of the same identity took over */
  TMLX_EVENT_AUTH_FAILED,      /* a peer was refused; `reason`, `detail`; no descriptor, no element:
                                  what it claims to be is in `detail` */
  TMLX_EVENT_CERT_EXPIRING,    /* our certificate ends within `count` seconds */
  TMLX_EVENT_DROPPED,          /* at most once a second and channel: `count` since the last one */
  TMLX_EVENT_CONNECT_FAILED,   /* FE: an attempt failed, the next one is in `count` ms; `detail` */
  TMLX_EVENT_PROTOCOL_ERROR,   /* the peer broke the TML; `reason`, `detail` */
  TMLX_EVENT_SKIPPED           /* at most once a second and channel: `count` frames or TML messages
                                  since the last one were wrong and did no harm; `detail` */
} tmlx_event_type;

/* Append only. These values go on the wire in Channel Close (tml/README.md). */
typedef enum tmlx_reason {
  TMLX_REASON_ADMIN = 0,
  TMLX_REASON_FRAMING = 1,     /* a length that cannot be: the stream is lost */
  TMLX_REASON_VERSION = 2,
  TMLX_REASON_AUTH = 3,        /* certificate, identity, or pairing token */
  TMLX_REASON_OVERLOAD = 4,
  TMLX_REASON_REPLACED = 5,
  TMLX_REASON_DEAD_PEER = 6,   /* nothing heard within the dead interval */
  TMLX_REASON_SHUTDOWN = 7,    /* the process ends */
  TMLX_REASON_PROTOCOL = 8,    /* first frame missing or wrong, pairing timed out */
  TMLX_REASON_IO = 64          /* local only: the connection ended without a Channel Close */
} tmlx_reason;

typedef struct tmlx_event {
  size_t size;
  tmlx_event_type type;
  tml_descriptor descriptor;
  tml_channel_type channel_type;
  uint32_t element_id;  /* PL ID of the peer */
  uint32_t group_id;
  tml_descriptor group;
  tml_status status;
  tmlx_reason reason;
  uint64_t count;
  const char *detail;   /* English, for the log; never NULL; valid during the call */
} tmlx_event;

typedef void (*tml_event_handler)(void *user, const tmlx_event *event);

TML_API const char *tmlx_event_name(tmlx_event_type type); /* "channel_up" ... */
TML_API const char *tmlx_reason_name(tmlx_reason reason);  /* "framing" ... */

/* A received message. `data` is 4-octet aligned or not: use memcpy. Valid during the call only. */
typedef struct tmlx_message {
  const void *data;
  size_t size;
} tmlx_message;

/*
 * Takes messages in place of tmlRead: no copy, no queue, whole batches, in the order of arrival.
 * A slow handler slows the peer (TCP window), nobody else's control channel.
 */
typedef void (*tmlx_message_handler)(void *user, tml_descriptor channel,
                                     const tmlx_message *messages, size_t count);

/* ---- Context: one network element's end of the TML ------------------------------------------ */

typedef struct tmlx_context tmlx_context;

enum {
  TMLX_TLS_PLAINTEXT = 1,       /* no TLS at all. Refused beyond loopback unless ..._ANYWHERE */
  TMLX_TLS_PLAINTEXT_ANYWHERE = 2,
  TMLX_TLS_DATA_PLAINTEXT = 4,  /* section 7.1: TLS is optional for the data channel */
  TMLX_TLS_ALLOW_12 = 8,        /* TLS 1.2 with ECDHE and AEAD; default is 1.3 only */
  TMLX_TLS_LEGACY_CBC = 16,     /* the draft's TLS-RSA-WITH-AES-128-CBC-SHA as well. Do not. */
  TMLX_TLS_ANY_IDENTITY = 32,   /* the chain is verified, the PL ID is not bound to the SAN */
  TMLX_TLS_NO_RESUMPTION = 64   /* no session tickets */
};

typedef struct tmlx_tls {
  size_t size;
  uint32_t flags;               /* TMLX_TLS_* */
  const char *ca_file;          /* PEM; who may sign peers */
  const char *cert_file;        /* PEM chain; SAN URI urn:forces:ce:<id> or urn:forces:fe:<id> */
  const char *key_file;         /* PEM */
  const char *crl_file;         /* PEM, optional: checked for the leaf */
  const char *server_name;      /* client: the server's certificate must carry this DNS name too */
  const char *ciphersuites;     /* TLS 1.3 names; default OpenSSL's */
  const char *groups;           /* key exchange, default X25519:P-256 */
  const char *key_log_file;     /* only for debugging: whoever reads it reads everything */
} tmlx_tls;
#define TMLX_TLS_INIT {sizeof(tmlx_tls), 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL}

typedef struct tmlx_config {
  size_t size;
  uint32_t local_id;            /* our PL ID: FE 0..0x3fffffff, CE 0x40000000..0x7fffffff */
  unsigned io_threads;          /* default 1; see TMLX_CALLER_DRIVEN */
  const tmlx_tls *tls;          /* required: security is turned off by flag, not by omission */
  /* Admission at a CE. */
  unsigned max_peers;           /* default 9,000 */
  unsigned max_half_open;       /* connections not yet identified; default 4,096 */
  unsigned handshakes_per_s;    /* TLS handshakes begun a second; default 5,000 */
  unsigned handshake_timeout_ms;/* TCP accept to first frame; default 10,000 */
  unsigned pairing_timeout_ms;  /* a data channel's wait for its control channel; default 5,000 */
  /* Where events of no channel go (AUTH_FAILED, CERT_EXPIRING); any thread of the context. */
  tml_event_handler event_handler;
  void *user;
  uint64_t random_seed;         /* 0: from the system. Jitter and tokens of tests only. */
} tmlx_config;
#define TMLX_CONFIG_INIT {sizeof(tmlx_config), 0, 0, NULL, 0, 0, 0, 0, 0, NULL, NULL, 0}

/* io_threads value: the library starts no thread; the application calls tmlx_poll. */
#define TMLX_CALLER_DRIVEN 0xffffffffu

/* Copies everything it keeps. TMLX_E_AUTH: a TLS file is missing or wrong; tmlx_last_error says. */
TML_API tml_status tmlx_context_create(const tmlx_config *config, tmlx_context **context);
/* Closes what is open (controlled, bounded by 2 s), stops the threads. Not from a callback. */
TML_API void tmlx_context_destroy(tmlx_context *context);
/* Text for the last failed call of this thread; never NULL. */
TML_API const char *tmlx_last_error(void);
/* Reads CA, CRL, certificate and key again. On failure the old ones stay. Live channels stay. */
TML_API tml_status tmlx_tls_reload(tmlx_context *context);

/*
 * Caller-driven contexts only: runs what is ready, waiting at most timeout for something. One thread
 * at a time. Returns TML_SUCCESS, or TMLX_E_TIMEOUT when nothing happened.
 */
TML_API tml_status tmlx_poll(tmlx_context *context, int timeout);
/*
 * Calls `ready` on I/O thread 0 whenever fd is readable (level-triggered: read it there). One watch
 * for each fd; ready == NULL ends it and, off that thread, waits for a running call to end.
 */
typedef void (*tmlx_ready_handler)(void *user, int fd);
TML_API tml_status tmlx_watch(tmlx_context *context, int fd, tmlx_ready_handler ready, void *user);

/* ---- Section 6.1: the TML API ---------------------------------------------------------------- */

typedef enum tmlx_transport {
  TMLX_TRANSPORT_TCP = 0 /* another TML can be added behind the same face; unknown: UNSUPPORTED */
} tmlx_transport;

/* What both ends can set for their channels. */
typedef struct tmlx_channel_options {
  size_t send_queue;            /* octets; default 1 MiB control, 1 MiB data */
  size_t receive_queue;         /* octets for tmlRead; default 1 MiB; then the peer is held back */
  size_t max_message;           /* octets; default 262,140 on control, 65,536 on data */
  int heartbeat_ms;             /* default 1,000; -1 off. Both ends use the larger of the two. */
  int dead_ms;                  /* default 3 x heartbeat, at least 3,000 */
  int message_ttl_ms;           /* data: queued longer is dropped; default 500; -1 never */
  int lenient;                  /* 1: accept PL messages on the wrong channel (RFC 6053), counted */
  int close_timeout_ms;         /* controlled close; default 2,000 */
} tmlx_channel_options;
#define TMLX_CHANNEL_OPTIONS_INIT {0, 0, 0, 0, 0, 0, 0, 0}

#define TMLX_PORT_CONTROL 6704
#define TMLX_PORT_EPHEMERAL (-1) /* any free port; ask with tmlx_listen_port */

/* May element_id join group_id? Return 0 to accept, else the FE gets TMLX_E_PERM. I/O thread. */
typedef int (*tmlx_join_filter)(void *user, uint32_t element_id, uint32_t group_id);

typedef struct tmlx_init_attributes {
  size_t size;
  tmlx_context *context;
  tmlx_transport transport;
  const char *address;          /* to listen at; default 127.0.0.1; "::" and "0.0.0.0" are legal */
  int port;                     /* default 6704, data: the control channel's + 1 */
  tml_event_handler event_handler;
  tmlx_message_handler message_handler; /* NULL: messages wait for tmlRead */
  void *user;
  tmlx_join_filter join_filter; /* NULL: every join is accepted */
  tmlx_channel_options options;
} tmlx_init_attributes;
#define TMLX_INIT_ATTRIBUTES_INIT                                              \
  {sizeof(tmlx_init_attributes), NULL, TMLX_TRANSPORT_TCP, NULL, 0, NULL, NULL, \
   NULL, NULL, TMLX_CHANNEL_OPTIONS_INIT}

/*
 * 6.1.1. Enables channels of channelType towards peers: a CE listens from here on; no channel is set
 * up by the call. Once for each channel type and transport; a second time is TMLX_E_INVALID.
 */
TML_API tml_status tmlInit(tml_channel_type channelType, const tmlx_init_attributes *initAttributes);

typedef struct tmlx_channel_attributes {
  size_t size;
  tmlx_context *context;
  tmlx_transport transport;
  const char *address;          /* of the CE (FE only) */
  int port;                     /* default 6704, data: the control channel's + 1 */
  int open_timeout;             /* 0: return at once, CHANNEL_UP tells; else wait for the channel */
  tmlx_message_handler message_handler;
  void *user;                   /* for both handlers */
  int backoff_min_ms;           /* reconnect: first wait, doubled with jitter; default 100 */
  int backoff_max_ms;           /* default 30,000 */
  tmlx_channel_options options;
  uint32_t local_id;            /* 0: the context's; else one process plays several FEs */
} tmlx_channel_attributes;
#define TMLX_CHANNEL_ATTRIBUTES_INIT                                        \
  {sizeof(tmlx_channel_attributes), NULL, TMLX_TRANSPORT_TCP, NULL, 0, 0, NULL, NULL, \
   0, 0, TMLX_CHANNEL_OPTIONS_INIT, 0}

/*
 * 6.1.2. FE: sets up a channel to CE elementId, or, when it is up already (tmlx_autonomous), only
 * registers. CE: registers for the channel of a connected FE in place of tmlInit's handlers. Again on
 * the same channel: TML_ALREADY_REGISTERED, same descriptor, no change. A data channel waits for its
 * control channel. With an open_timeout, a failure to come up in time ends the attempt:
 * TMLX_E_CONNECT, TMLX_E_AUTH or TMLX_E_TIMEOUT, no descriptor.
 */
TML_API tml_status tmlOpen(tml_channel_type channelType, uint32_t elementId,
                           tml_channel_mode channelMode,
                           const tmlx_channel_attributes *channelAttributes,
                           tml_event_handler eventHandlerCallBack,
                           tml_descriptor *channelDescriptor);

/* 6.1.3. A later tmlOpen sets the channel up again. Closing control closes its data channel first. */
TML_API tml_status tmlClose(tml_descriptor channelDescriptor, tml_close_mode mode);

/*
 * 6.1.4. All or nothing: bytesWritten (may be NULL) is msgSize or 0. The message is copied; it is sent
 * by priority (Pri of its PL header). On a group descriptor: to all members, on the channel that its
 * PL type demands. Control is never dropped once accepted while its channel is up.
 */
TML_API tml_status tmlWrite(tml_descriptor channelDescriptor, const void *msg, size_t msgSize,
                            int timeout, size_t *bytesWritten);

typedef struct tmlx_buffer {
  void *data;
  size_t capacity; /* octets */
} tmlx_buffer;

/*
 * 6.1.5. One message. After a call with timeout 0 that found nothing, MSG_AVAILABLE comes once.
 * TMLX_E_INVALID on a group, or on a channel with a message_handler.
 */
TML_API tml_status tmlRead(tml_descriptor channelDescriptor, const tmlx_buffer *msgBuf, int timeout,
                           size_t *bytesRead);

typedef struct tmlx_group_attributes {
  size_t size;
  tml_descriptor channel; /* the FE's control channel to the CE that is the root */
  uint32_t group_id;      /* RFC 5810 multicast ID, 0xc0000000 to 0xffffffef */
  int timeout;            /* for the CE's answer; 0: JOIN, JOIN_REFUSED or LEAVE tells */
} tmlx_group_attributes;
#define TMLX_GROUP_ATTRIBUTES_INIT {sizeof(tmlx_group_attributes), {0}, 0, 0}

TML_API tml_status tmlMulticastGroupJoin(const tmlx_group_attributes *groupAttributes);  /* 6.1.6 */
TML_API tml_status tmlMulticastGroupLeave(const tmlx_group_attributes *groupAttributes); /* 6.1.7 */

/* ---- Around it ------------------------------------------------------------------------------- */

/* Section 6.2's other model: both channels to the CE come up without the PL; tmlOpen then registers. */
TML_API tml_status tmlx_autonomous(uint32_t elementId, const tmlx_channel_attributes *control,
                                   const tmlx_channel_attributes *data);

/* The port a tmlInit listens at, or 0. */
TML_API int tmlx_listen_port(tmlx_context *context, tml_channel_type channelType);

/* Descriptor of a group with members. 0xfffffffe, every FE, exists always. Else TMLX_E_NO_GROUP. */
TML_API tml_status tmlx_group_find(tmlx_context *context, uint32_t group_id, tml_descriptor *group);

/* tmlWrite to a group, telling which members' queues were full: at most *failed_count IDs. */
TML_API tml_status tmlx_group_write(tml_descriptor group, const void *msg, size_t msgSize,
                                    uint32_t *failed, size_t *failed_count);

/* CE: an FE that came with PL ID 0 got this one in its AssociationSetupResponse. Its data channel,
 * where it is up already, goes along: a second CHANNEL_UP names it with its ID. */
TML_API tml_status tmlx_bind(tml_descriptor control, uint32_t element_id);

/* ---- Seeing it --------------------------------------------------------------------------------- */

typedef enum tmlx_channel_state {
  TMLX_STATE_CONNECTING = 1, /* TCP, or waiting for the next attempt */
  TMLX_STATE_HANDSHAKE,      /* TLS, then the first Heartbeat */
  TMLX_STATE_PAIRING,        /* data: waiting for its control channel */
  TMLX_STATE_UP,
  TMLX_STATE_CLOSING,        /* draining */
  TMLX_STATE_DOWN
} tmlx_channel_state;

#define TMLX_PRIORITIES 8
#define TMLX_HISTOGRAM_BUCKETS 24 /* bucket i counts values below 2^i microseconds; last: the rest */

typedef struct tmlx_histogram {
  uint64_t count;
  uint64_t sum_us;
  uint64_t buckets[TMLX_HISTOGRAM_BUCKETS];
} tmlx_histogram;

typedef struct tmlx_channel_info {
  size_t size;
  tml_descriptor descriptor;
  tml_channel_type channel_type;
  tmlx_channel_state state;
  uint32_t element_id;
  char peer_address[64];        /* "127.0.0.1:40000" */
  char tls[64];                 /* "TLSv1.3 TLS_AES_256_GCM_SHA384", "none" */
  char identity[128];           /* the certificate's SAN, or "" */
  uint64_t up_since_ns;         /* CLOCK_MONOTONIC; 0: not up */
  uint64_t last_received_ns;
  uint64_t queued_octets;       /* in the send queue now */
  uint64_t receive_queued_octets;
  tmlx_histogram rtt;           /* of TML heartbeats that asked for a reply */
  tmlx_histogram queue_time;    /* oldest message of each batch, from tmlWrite to TLS */
} tmlx_channel_info;
#define TMLX_CHANNEL_INFO_INIT                                                                   \
  {sizeof(tmlx_channel_info), {0}, TML_CHANNEL_CONTROL, TMLX_STATE_DOWN, 0, {0}, {0}, {0}, 0, 0, \
   0, 0, {0, 0, {0}}, {0, 0, {0}}}

TML_API const char *tmlx_state_name(tmlx_channel_state state);
TML_API tml_status tmlx_channel_get_info(tml_descriptor channel, tmlx_channel_info *info);
/* Calls visit for every channel there is now, on this thread; visit may call the API. */
typedef void (*tmlx_channel_visitor)(void *user, tml_descriptor channel);
TML_API void tmlx_channel_each(tmlx_context *context, tmlx_channel_visitor visit, void *user);

/*
 * Counters only grow; channel counters are kept for the life of the peer's entry (they survive a
 * reconnect). tmlx_counter_info describes counter i of 0 .. tmlx_counter_count()-1.
 */
typedef enum tmlx_counter_scope { TMLX_SCOPE_CONTEXT = 1, TMLX_SCOPE_CHANNEL = 2 } tmlx_counter_scope;
typedef struct tmlx_counter_description {
  const char *name;   /* "messages_sent", "drops" ... ; Prometheus names it tml_<name>_total */
  const char *label;  /* "" or the value of the label `reason`: "queue_full", "ttl" ... */
  const char *help;
  tmlx_counter_scope scope;
} tmlx_counter_description;
TML_API size_t tmlx_counter_count(void);
TML_API const tmlx_counter_description *tmlx_counter_info(size_t index);
/* Fills values[0 .. capacity-1] by counter index; those of the other scope stay 0. */
TML_API tml_status tmlx_context_counters(tmlx_context *context, uint64_t *values, size_t capacity);
TML_API tml_status tmlx_channel_counters(tml_descriptor channel, uint64_t *values, size_t capacity);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* TML_TML_H */
