// Configuration sections that both daemons have.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/core/time.hpp"
#include "common/observe/log.hpp"
#include "common/runtime/config.hpp"
#include "common/runtime/http_server.hpp"
#include "common/runtime/process.hpp"
#include "common/runtime/units.hpp"

namespace forces::daemon {

using runtime::operator""_KiB;
using runtime::operator""_MiB;

// [tml]: what both ends can set for their channels; see tmlx_channel_options.
struct ChannelSettings {
  std::uint32_t io_threads = 1;
  Duration heartbeat = std::chrono::seconds(1);  // or kOff
  Duration dead_interval = std::chrono::seconds(3);
  runtime::Octets send_queue = 1_MiB;
  runtime::Octets receive_queue = 1_MiB;
  runtime::Octets max_data_message = 64_KiB;
  Duration ttl = std::chrono::milliseconds(500);  // of queued data; or kOff
  bool lenient = false;
  Duration close_timeout = std::chrono::seconds(2);
};

// [tls]: of both channels; see tmlx_tls.
struct TlsSettings {
  std::string ca, cert, key, crl;
  bool plaintext = false;
  bool plaintext_anywhere = false;
  bool data_plaintext = false;
  bool allow_tls12 = false;
  bool legacy_cbc = false;
  bool any_identity = false;
  bool resumption = true;
  std::string key_log;
};

// [log]
struct LogSettings {
  observe::Level level = observe::Level::Info;
  observe::LogFormat format = observe::LogFormat::Text;
  std::uint32_t burst = 5;
  Duration interval = std::chrono::seconds(1);
};

// [http]
struct HttpSettings {
  runtime::HttpSettings server;
  bool insecure = false;
  bool changes = false;  // POST, PATCH and DELETE too
};

// [control]: the local socket of forcesctl.
struct ControlSettings {
  std::string socket;
  std::string group;
};

struct CommonSettings {
  ChannelSettings channels;
  TlsSettings tls;
  LogSettings log;
  HttpSettings http;
  ControlSettings control;
  runtime::ProcessSettings process;
};

// The keys of [tml] that both daemons have; the caller has entered the table and adds its own.
void visit(runtime::ConfigVisitor& v, ChannelSettings& s);
// ca, cert and key of whatever table the caller has entered: files of one end of TLS.
void visit_certificate(runtime::ConfigVisitor& v, std::string& ca, std::string& cert,
                       std::string& key);
// [tls], [log], [http], [control], [process].
void visit_common(runtime::ConfigVisitor& v, CommonSettings& s);

// "127.0.0.1", "::1" and their networks.
[[nodiscard]] bool is_loopback(const std::string& address);

}  // namespace forces::daemon
