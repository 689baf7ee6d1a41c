// A program of somebody else's, in C++17: a controller that echoes on the data channel, and an
// element that sends a packet redirect there and reads it back.
#include <array>
#include <cstdio>
#include <cstring>
#include <tml/tml.hpp>

namespace {

constexpr std::uint32_t kCe = 0x40000001;
constexpr std::uint32_t kFe = 2;

// RFC 5810 section 6.1: version 1, PacketRedirect, 6 words, source FE, destination CE.
constexpr std::array<unsigned char, 24> kRedirect{0x10, 0x06, 0, 6, 0, 0, 0, 2, 0x40, 0, 0, 1};

tml::Context create(std::uint32_t id) {
  tmlx_tls tls{};
  tls.size = sizeof tls;
  tls.flags = TMLX_TLS_PLAINTEXT;  // loopback
  tmlx_config config{};
  config.size = sizeof config;
  config.local_id = id;
  config.tls = &tls;
  return tml::Context(config);
}

void check(tml_status status) {
  if (status != TML_SUCCESS) throw tml::Error(status);
}

// Every message of a batch goes back as it came; the call is on the channel's I/O thread.
void echo(void*, tml_descriptor channel, const tmlx_message* messages, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    (void)tml::Channel(channel).write(messages[i].data, messages[i].size, 0);
  }
}

void ignore(void*, const tmlx_event*) {}

void init(const tml::Context& context, tml_channel_type type) {
  tmlx_init_attributes attributes{};
  attributes.size = sizeof attributes;
  attributes.context = context.get();
  attributes.port = TMLX_PORT_EPHEMERAL;
  attributes.event_handler = ignore;
  attributes.message_handler = echo;
  check(tmlInit(type, &attributes));
}

tml::Channel open(const tml::Context& fe, tml_channel_type type, int port) {
  tmlx_channel_attributes attributes{};
  attributes.size = sizeof attributes;
  attributes.context = fe.get();
  attributes.address = "127.0.0.1";
  attributes.port = port;
  attributes.open_timeout = 5000;
  tml_descriptor descriptor{};
  check(tmlOpen(type, kCe, TML_MODE_UNICAST, &attributes, ignore, &descriptor));
  return tml::Channel(descriptor);
}

void exchange() {
  const tml::Context ce = create(kCe);
  const tml::Context fe = create(kFe);
  for (const auto type : {TML_CHANNEL_CONTROL, TML_CHANNEL_DATA}) {
    init(ce, type);
  }
  const tml::Channel control = open(fe, TML_CHANNEL_CONTROL, ce.listen_port(TML_CHANNEL_CONTROL));
  const tml::Channel data = open(fe, TML_CHANNEL_DATA, ce.listen_port(TML_CHANNEL_DATA));

  check(data.write(kRedirect.data(), kRedirect.size()));
  std::array<unsigned char, 64> echoed{};
  std::size_t size = 0;
  check(data.read(echoed.data(), echoed.size(), size, 5000));
  if (size != kRedirect.size() || std::memcmp(echoed.data(), kRedirect.data(), size) != 0) {
    throw std::runtime_error("another message came back than was sent");
  }
  check(control.close());
  std::printf("libtml %s: one message there and back\n", tmlx_version());
}

}  // namespace

int main() {
  try {
    exchange();
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
  return 0;
}
