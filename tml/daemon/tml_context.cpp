#include "tml/daemon/tml_context.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace forces::daemon {
namespace {

constexpr std::uint32_t kFirstCeId = 0x40000000;  // RFC 5810 section 6.1, figure 11

const char* or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

std::uint32_t tls_flags(const TlsSettings& s) {
  const std::array<std::pair<bool, std::uint32_t>, 7> flags{{
      {s.plaintext, TMLX_TLS_PLAINTEXT},
      {s.plaintext_anywhere, TMLX_TLS_PLAINTEXT_ANYWHERE},
      {s.data_plaintext, TMLX_TLS_DATA_PLAINTEXT},
      {s.allow_tls12, TMLX_TLS_ALLOW_12},
      {s.legacy_cbc, TMLX_TLS_LEGACY_CBC},
      {s.any_identity, TMLX_TLS_ANY_IDENTITY},
      {!s.resumption, TMLX_TLS_NO_RESUMPTION},
  }};
  std::uint32_t all = 0;
  for (const auto& [on, flag] : flags) all |= on ? flag : 0;
  return all;
}

}  // namespace

std::expected<Context, std::string> create_context(std::uint32_t local_id,
                                                   const CommonSettings& settings,
                                                   const AdmissionSettings& admission,
                                                   tml_event_handler handler, void* user) {
  tmlx_tls tls = TMLX_TLS_INIT;
  tls.flags = tls_flags(settings.tls);
  tls.ca_file = or_null(settings.tls.ca);
  tls.cert_file = or_null(settings.tls.cert);
  tls.key_file = or_null(settings.tls.key);
  tls.crl_file = or_null(settings.tls.crl);
  tls.key_log_file = or_null(settings.tls.key_log);

  tmlx_config config = TMLX_CONFIG_INIT;
  config.local_id = local_id;
  config.io_threads = settings.channels.io_threads;
  config.tls = &tls;
  config.max_peers = admission.max_peers;
  config.max_half_open = admission.max_half_open;
  config.handshakes_per_s = admission.handshakes_per_s;
  config.handshake_timeout_ms = static_cast<unsigned>(milliseconds(admission.handshake_timeout));
  config.pairing_timeout_ms = static_cast<unsigned>(milliseconds(admission.pairing_timeout));
  config.event_handler = handler;
  config.user = user;

  tmlx_context* context = nullptr;
  const auto status = tmlx_context_create(&config, &context);
  if (status != TML_SUCCESS) {
    return std::unexpected(fmt::format("{}: {}", tmlx_strerror(status), tmlx_last_error()));
  }
  return Context(context);
}

tmlx_channel_options channel_options(const ChannelSettings& s, tml_channel_type type) {
  tmlx_channel_options options = TMLX_CHANNEL_OPTIONS_INIT;
  options.send_queue = s.send_queue.value;
  options.receive_queue = s.receive_queue.value;
  options.heartbeat_ms = milliseconds(s.heartbeat);
  options.dead_ms = milliseconds(s.dead_interval);
  options.lenient = s.lenient ? 1 : 0;
  options.close_timeout_ms = milliseconds(s.close_timeout);
  if (type == TML_CHANNEL_DATA) {
    options.max_message = s.max_data_message.value;
    options.message_ttl_ms = milliseconds(s.ttl);
  }
  return options;
}

int milliseconds(Duration duration) {
  if (duration == runtime::kOff) return -1;
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(duration).count());
}

std::string security_text(const TlsSettings& tls) {
  if (tls.plaintext) return "plaintext";
  return tls.data_plaintext ? "tls, data plaintext" : "tls";
}

std::string element_text(std::uint32_t id) {
  return id < kFirstCeId ? fmt::format("{}", id) : fmt::format("{:#010x}", id);
}

}  // namespace forces::daemon
