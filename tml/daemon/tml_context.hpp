// From settings to libtml's own structures.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "tml/daemon/settings.hpp"
#include "tml/tml.h"

namespace forces::daemon {

// Of a CE: how many may come, and how fast; see tmlx_config.
struct AdmissionSettings {
  std::uint32_t max_peers = 9'000;
  std::uint32_t max_half_open = 4'096;
  std::uint32_t handshakes_per_s = 5'000;
  Duration handshake_timeout = std::chrono::seconds(10);
  Duration pairing_timeout = std::chrono::seconds(5);
};

struct ContextDeleter {
  void operator()(tmlx_context* context) const { tmlx_context_destroy(context); }
};
using Context = std::unique_ptr<tmlx_context, ContextDeleter>;

// Reads the TLS files; an error is libtml's text, which names the file.
[[nodiscard]] std::expected<Context, std::string> create_context(std::uint32_t local_id,
                                                                 const CommonSettings& settings,
                                                                 const AdmissionSettings& admission,
                                                                 tml_event_handler handler,
                                                                 void* user);

[[nodiscard]] tmlx_channel_options channel_options(const ChannelSettings& settings,
                                                   tml_channel_type type);

// Milliseconds for libtml: kOff is -1, and what is no whole millisecond is rounded up.
[[nodiscard]] int milliseconds(Duration duration);

// "tls", "tls, data plaintext" or "plaintext".
[[nodiscard]] std::string security_text(const TlsSettings& tls);

// A PL ID as people write it: FEs in decimal, everything else in hexadecimal.
[[nodiscard]] std::string element_text(std::uint32_t id);

}  // namespace forces::daemon
