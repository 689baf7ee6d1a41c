/*
 * A program of somebody else's, in C11: a controller and a forwarding element in one process. The
 * controller greets each element that comes with a heartbeat; the element reads it.
 */
#include <stdio.h>
#include <string.h>
#include <tml/tml.h>

enum { CE_ID = 0x40000001, FE_ID = 2 };

/* RFC 5810 section 6.1: version 1, Heartbeat, 6 words, source CE, destination FE, correlator 7. */
static const unsigned char kHeartbeat[24] = {0x10, 0x0f, 0, 6, 0x40, 0, 0, 1, 0, 0, 0, 2,
                                             0,    0,    0, 0, 0,    0, 0, 7, 0, 0, 0, 0};

static int expect(tml_status got, const char* what) {
  if (got == TML_SUCCESS) return 1;
  fprintf(stderr, "%s: %s (%s)\n", what, tmlx_strerror(got), tmlx_last_error());
  return 0;
}

static void on_ce_event(void* user, const tmlx_event* event) {
  (void)user;
  printf("ce: %s, element %u\n", tmlx_event_name(event->type), (unsigned)event->element_id);
  if (event->type == TMLX_EVENT_CHANNEL_UP) {
    size_t written = 0;
    expect(tmlWrite(event->descriptor, kHeartbeat, sizeof kHeartbeat, 0, &written), "tmlWrite");
  }
}

static void on_fe_event(void* user, const tmlx_event* event) {
  (void)user;
  printf("fe: %s\n", tmlx_event_name(event->type));
}

static tmlx_context* create(uint32_t id) {
  tmlx_tls tls = TMLX_TLS_INIT;
  tmlx_config config = TMLX_CONFIG_INIT;
  tmlx_context* context = NULL;
  tls.flags = TMLX_TLS_PLAINTEXT; /* loopback */
  config.local_id = id;
  config.tls = &tls;
  expect(tmlx_context_create(&config, &context), "tmlx_context_create");
  return context;
}

static int exchange(tmlx_context* ce, tmlx_context* fe) {
  tmlx_init_attributes init = TMLX_INIT_ATTRIBUTES_INIT;
  tmlx_channel_attributes attributes = TMLX_CHANNEL_ATTRIBUTES_INIT;
  tml_descriptor channel = {0};
  unsigned char octets[64];
  tmlx_buffer buffer = {octets, sizeof octets};
  size_t size = 0;

  init.context = ce;
  init.port = TMLX_PORT_EPHEMERAL;
  init.event_handler = on_ce_event;
  if (!expect(tmlInit(TML_CHANNEL_CONTROL, &init), "tmlInit at the CE")) return 1;

  attributes.context = fe;
  attributes.address = "127.0.0.1";
  attributes.port = tmlx_listen_port(ce, TML_CHANNEL_CONTROL);
  attributes.open_timeout = 5000;
  if (!expect(
          tmlOpen(TML_CHANNEL_CONTROL, CE_ID, TML_MODE_UNICAST, &attributes, on_fe_event, &channel),
          "tmlOpen"))
    return 1;
  if (!expect(tmlRead(channel, &buffer, 5000, &size), "tmlRead")) return 1;
  if (size != sizeof kHeartbeat || memcmp(octets, kHeartbeat, size) != 0) {
    fprintf(stderr, "another message came than was sent: %zu octets\n", size);
    return 1;
  }
  if (!expect(tmlClose(channel, TML_CLOSE_CONTROLLED), "tmlClose")) return 1;
  printf("libtml %s: one message exchanged\n", tmlx_version());
  return 0;
}

int main(void) {
  tmlx_context* ce = create(CE_ID);
  tmlx_context* fe = create(FE_ID);
  const int status = ce != NULL && fe != NULL ? exchange(ce, fe) : 1;
  if (fe != NULL) tmlx_context_destroy(fe);
  if (ce != NULL) tmlx_context_destroy(ce);
  return status;
}
