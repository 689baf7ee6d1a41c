#include "tests/bench/transport/endpoint.hpp"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/bench/harness/pair.hpp"

namespace forces::bench {
namespace {

[[noreturn]] void fail_for(const tmlx_event& event) {
  fail(std::string(tmlx_event_name(event.type)) + ": " + event.detail);
}

// Nothing may be dropped, so data does not age; all else is the default.
tmlx_channel_options channel_options() {
  tmlx_channel_options options = TMLX_CHANNEL_OPTIONS_INIT;
  options.message_ttl_ms = -1;
  return options;
}

}  // namespace

void require(tml_status status, std::string_view what) {
  if (status == TML_SUCCESS) return;
  fail(std::string(what) + ": " + tmlx_strerror(status) + ": " + tmlx_last_error());
}

void User::handle_event(void* user, const tmlx_event* event) {
  User& self = *static_cast<User*>(user);
  switch (event->type) {
    case TMLX_EVENT_CHANNEL_UP:
      self.on_up(*event);
      ++self.up_;
      self.up_.notify_all();
      return;
    case TMLX_EVENT_CLOSE:
    case TMLX_EVENT_CHANNEL_DOWN:
      if (event->reason != TMLX_REASON_ADMIN && event->reason != TMLX_REASON_SHUTDOWN) break;
      ++self.gone_;
      return;
    case TMLX_EVENT_DROPPED:  // also counts what tmlWrite refused; the sequence numbers judge
                              // losses
    case TMLX_EVENT_WRITABLE:
    case TMLX_EVENT_CONGESTED:
    case TMLX_EVENT_CONGESTION_CLEARED:
      return;
    default:
      break;
  }
  fail_for(*event);
}

void User::handle_messages(void* user, tml_descriptor channel, const tmlx_message* messages,
                           std::size_t count) {
  static_cast<User*>(user)->on_messages(channel, {messages, count});
}

Endpoint::Endpoint(const Options& options, Role role, bool threaded) : threaded_(threaded) {
  const std::string own = options.certs + (role == Role::Ce ? "/server" : "/client");
  const std::string ca = options.certs + "/ca.crt";
  const std::string certificate = own + ".crt";
  const std::string key = own + ".key";
  tmlx_tls tls = TMLX_TLS_INIT;
  tls.flags = TMLX_TLS_PLAINTEXT;
  if (options.tls) {
    tls.flags = TMLX_TLS_ANY_IDENTITY;  // these certificates carry no urn:forces name
    if (!options.is("resume")) tls.flags |= TMLX_TLS_NO_RESUMPTION;
    tls.ca_file = ca.c_str();
    tls.cert_file = certificate.c_str();
    tls.key_file = key.c_str();
    if (role == Role::Fe) tls.server_name = "localhost";
    tls.ciphersuites = "TLS_AES_128_GCM_SHA256";
    tls.groups = "X25519";
  }
  tmlx_config config = TMLX_CONFIG_INIT;
  config.local_id = role == Role::Ce ? kCeId : kFeId;
  config.io_threads = threaded ? 1 : TMLX_CALLER_DRIVEN;
  config.tls = &tls;
  config.event_handler = [](void*, const tmlx_event* event) { fail_for(*event); };
  require(tmlx_context_create(&config, &context_), "tmlx_context_create");
}

Endpoint::~Endpoint() { tmlx_context_destroy(context_); }

int Endpoint::listen(tml_channel_type type, User& user) {
  tmlx_init_attributes attributes = TMLX_INIT_ATTRIBUTES_INIT;
  attributes.context = context_;
  attributes.port = TMLX_PORT_EPHEMERAL;
  attributes.event_handler = User::handle_event;
  attributes.message_handler = User::handle_messages;
  attributes.user = &user;
  attributes.options = channel_options();
  require(tmlInit(type, &attributes), "tmlInit");
  return tmlx_listen_port(context_, type);
}

tml_descriptor Endpoint::open(tml_channel_type type, int port, User& user, std::uint32_t local_id) {
  tmlx_channel_attributes attributes = TMLX_CHANNEL_ATTRIBUTES_INIT;
  attributes.context = context_;
  attributes.address = "127.0.0.1";
  attributes.port = port;
  attributes.message_handler = User::handle_messages;
  attributes.user = &user;
  attributes.options = channel_options();
  attributes.local_id = local_id;
  tml_descriptor channel{};
  require(tmlOpen(type, kCeId, TML_MODE_UNICAST, &attributes, User::handle_event, &channel),
          "tmlOpen");
  return channel;
}

void Endpoint::turn(int timeout_ms) {
  const tml_status status = tmlx_poll(context_, timeout_ms);
  if (status != TMLX_E_TIMEOUT) require(status, "tmlx_poll");
}

unsigned Endpoint::sleep(unsigned us) {
  constexpr unsigned kLongest = 10'000;
  usleep(us);
  return std::min(2 * us, kLongest);
}

std::uint64_t Endpoint::counter(std::string_view name, std::string_view label) const {
  std::vector<std::uint64_t> values(tmlx_counter_count());
  require(tmlx_context_counters(context_, values.data(), values.size()), "tmlx_context_counters");
  for (std::size_t i = 0; i != values.size(); ++i) {
    const tmlx_counter_description& counter = *tmlx_counter_info(i);
    if (counter.name == name && counter.label == label) return values[i];
  }
  fail("no such counter");
}

}  // namespace forces::bench
