#include "tml/daemon/settings.hpp"

#include <fmt/format.h>

#include <array>
#include <asio/ip/address.hpp>
#include <chrono>

namespace forces::daemon {
namespace {

using namespace std::chrono_literals;
using runtime::ConfigVisitor;
using runtime::kOff;
using runtime::Octets;

constexpr std::array<std::string_view, 3> kFormatNames{"text", "json", "journal"};

void visit_tls(ConfigVisitor& v, TlsSettings& s) {
  visit_certificate(v, s.ca, s.cert, s.key);
  v.text("crl", s.crl);
  v.flag("plaintext", s.plaintext);
  v.flag("plaintext_anywhere", s.plaintext_anywhere);
  v.flag("data_plaintext", s.data_plaintext);
  v.flag("allow_tls12", s.allow_tls12);
  v.flag("legacy_cbc", s.legacy_cbc);
  v.flag("any_identity", s.any_identity);
  v.flag("resumption", s.resumption);
  v.text("key_log", s.key_log);
  if (!s.plaintext) {
    // Security is turned off by a word, not by leaving something out.
    constexpr auto kMissing = "is required; only plaintext = true does without";
    v.check(!s.ca.empty(), "ca", kMissing);
    v.check(!s.cert.empty(), "cert", kMissing);
    v.check(!s.key.empty(), "key", kMissing);
  }
  v.check(s.plaintext || !s.plaintext_anywhere, "plaintext_anywhere", "needs plaintext = true");
  v.check(s.allow_tls12 || !s.legacy_cbc, "legacy_cbc", "needs allow_tls12 = true");
}

void visit_log(ConfigVisitor& v, LogSettings& s) {
  v.choice("level", s.level, observe::kLevelNames);
  v.choice("format", s.format, kFormatNames);
  v.number("burst", s.burst, {.min = 1, .max = 1'000'000});
  v.duration("interval", s.interval, {.min = 1ms, .max = 1h});
}

void visit_http(ConfigVisitor& v, HttpSettings& s) {
  auto& server = s.server;
  v.flag("enabled", server.enabled);
  v.text("address", server.address);
  v.number("port", server.port, {.min = 0, .max = 65535});
  v.text("cert", server.cert);
  v.text("key", server.key);
  v.text("client_ca", server.client_ca);
  v.flag("insecure", s.insecure);
  v.flag("changes", s.changes);
  v.number("threads", server.threads, {.min = 1, .max = 64});
  v.check(server.cert.empty() == server.key.empty(), "cert", "cert and key come together");
  v.check(server.client_ca.empty() || !server.cert.empty(), "client_ca", "needs cert and key");
  v.check(!server.enabled || is_loopback(server.address) || !server.cert.empty() || s.insecure,
          "address", "beyond loopback needs cert and key, or insecure = true");
  // Who may look is another question than who may change: insecure does not open this.
  v.check(!s.changes || is_loopback(server.address) || !server.client_ca.empty(), "changes",
          "beyond loopback needs client_ca: only who has a certificate of it may change anything");
}

void visit_process(ConfigVisitor& v, runtime::ProcessSettings& s) {
  v.text("user", s.user);
  v.text("group", s.group);
  v.texts("capabilities", s.capabilities);
  v.text("pid_file", s.pid_file);
  for (const auto& name : s.capabilities) {
    if (runtime::capability_number(name)) continue;
    v.problem("capabilities",
              fmt::format("\"{}\" is not one of net_admin, net_raw, net_bind_service", name));
  }
  v.check(s.group.empty() || !s.user.empty(), "group", "needs user");
  v.check(s.capabilities.empty() || !s.user.empty(), "capabilities", "needs user");
}

}  // namespace

void visit(ConfigVisitor& v, ChannelSettings& s) {
  constexpr Octets kMaxMessage{262'140};  // RFC 5810 section 6.1: a length of 16 bits, in words
  v.number("io_threads", s.io_threads, {.min = 1, .max = 64});
  v.duration("heartbeat", s.heartbeat, {.min = 10ms, .max = 10min, .off = "off"});
  v.duration("dead_interval", s.dead_interval, {.min = 30ms, .max = 1h});
  v.octets("send_queue", s.send_queue, {.min = kMaxMessage, .max = 1024_MiB});
  v.octets("receive_queue", s.receive_queue, {.min = kMaxMessage, .max = 1024_MiB});
  v.octets("max_data_message", s.max_data_message, {.min = 1_KiB, .max = kMaxMessage});
  v.duration("ttl", s.ttl, {.min = 1ms, .max = 1h, .off = "never"});
  v.flag("lenient", s.lenient);
  v.duration("close_timeout", s.close_timeout, {.min = 10ms, .max = 1min});
  v.check(s.heartbeat == kOff || s.dead_interval > s.heartbeat, "dead_interval",
          "must be longer than heartbeat");
}

void visit_certificate(ConfigVisitor& v, std::string& ca, std::string& cert, std::string& key) {
  v.text("ca", ca);
  v.text("cert", cert);
  v.text("key", key);
}

void visit_common(ConfigVisitor& v, CommonSettings& s) {
  v.table("tls", [&] { visit_tls(v, s.tls); });
  v.table("log", [&] { visit_log(v, s.log); });
  v.table("http", [&] { visit_http(v, s.http); });
  v.table("control", [&] {
    v.text("socket", s.control.socket);
    v.text("group", s.control.group);
  });
  v.table("process", [&] { visit_process(v, s.process); });
}

bool is_loopback(const std::string& address) {
  asio::error_code error;
  const auto parsed = asio::ip::make_address(address, error);
  return !error && parsed.is_loopback();
}

}  // namespace forces::daemon
