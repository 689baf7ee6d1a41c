#include "ce/state/etcd/client.hpp"

#include <httplib.h>

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/core/assert.hpp"

namespace forces::state::etcd {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::size_t kMostOctets = 64U << 20U;  // of an answer: 500 rows of 100 KiB

// What the gateway says with a status other than 200: a code of gRPC and a message.
Failure refusal_of(const std::string& endpoint, int status, const std::string& body) {
  const auto answer = nlohmann::json::parse(body, nullptr, false);
  int code = 0;
  std::string message = "HTTP status " + std::to_string(status);
  if (answer.is_object()) {
    if (const auto found = answer.find("code"); found != answer.end() && found->is_number()) {
      code = found->get<int>();
    }
    if (const auto found = answer.find("message"); found != answer.end() && found->is_string()) {
      message = found->get<std::string>();
    }
  }
  Reason reason = Reason::Unreachable;
  if (code == 8) {  // ResourceExhausted: the quota, or too many requests
    reason = message.find("space") != std::string::npos ? Reason::Full : Reason::Unreachable;
  } else if (code == 3 || code == 7 || code == 11 || code == 12 || code == 16) {
    reason = Reason::Refused;  // InvalidArgument, PermissionDenied, OutOfRange, Unimplemented, ...
  }
  return {reason, endpoint + ": " + message};
}

}  // namespace

std::string base64(std::string_view octets) {
  std::string out;
  out.reserve((octets.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < octets.size(); i += 3) {
    const std::size_t some = std::min<std::size_t>(3, octets.size() - i);
    std::uint32_t word = 0;
    for (std::size_t n = 0; n < 3; ++n) {
      word = word << 8 | (n < some ? static_cast<std::uint8_t>(octets[i + n]) : 0U);
    }
    for (std::size_t n = 0; n < 4; ++n) {
      out += n <= some ? kAlphabet[word >> (18 - 6 * n) & 0x3f] : '=';
    }
  }
  return out;
}

std::expected<std::string, Failure> from_base64(std::string_view text) {
  const auto bad = [] {
    return std::unexpected(Failure{Reason::Damaged, "etcd: an answer with bad base64"});
  };
  if (text.size() % 4 != 0) return bad();
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t word = 0;
    std::size_t some = 4;
    for (std::size_t n = 0; n < 4; ++n) {
      const char c = text[i + n];
      if (c == '=') {
        if (n < 2 || i + 4 != text.size()) return bad();
        some = std::min(some, n);
        word <<= 6;
        continue;
      }
      const auto digit = kAlphabet.find(c);
      if (digit == std::string_view::npos || some != 4) return bad();
      word = word << 6 | static_cast<std::uint32_t>(digit);
    }
    for (std::size_t n = 0; n + 1 < some; ++n) out += static_cast<char>(word >> (16 - 8 * n));
  }
  return out;
}

struct Client::Connection {
  struct Answer {
    bool whole = false;  // else `error`
    int status = 0;      // 0: not even a status came
    std::string body, error;
  };
  Answer ask(const std::string& path, const std::string& body) {
    Answer answer;
    httplib::Request request;
    request.method = "POST";
    request.path = path;
    request.set_header("Content-Type", "application/json");
    request.body = body;
    request.response_handler = [&](const httplib::Response& response) {
      answer.status = response.status;
      return true;
    };
    request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t,
                                   std::uint64_t) {
      answer.body.append(data, size);
      return answer.body.size() <= kMostOctets;
    };
    const auto result = http.send(request);
    answer.whole = static_cast<bool>(result);
    if (!result) answer.error = httplib::to_string(result.error());
    return answer;
  }
  httplib::Client http;
};

Client::Client(ClientOptions options) : options_(std::move(options)) {
  FORCES_ASSERT(!options_.endpoints.empty());
}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;

std::expected<std::string, Failure> Client::post(const std::string& path, const std::string& body) {
  Failure failure;
  for (std::size_t tries = 0; tries < options_.endpoints.size(); ++tries) {
    const std::string& endpoint = options_.endpoints[at_];
    if (!connection_) {
      connection_ = std::make_unique<Connection>(
          Connection{httplib::Client(endpoint, options_.certificate, options_.key)});
      auto& http = connection_->http;
      if (!options_.ca.empty()) http.set_ca_cert_path(options_.ca);
      http.enable_server_certificate_verification(true);
      http.set_keep_alive(true);
      http.set_tcp_nodelay(true);
      http.set_connection_timeout(options_.timeout);
      http.set_read_timeout(options_.timeout);
      http.set_write_timeout(options_.timeout);
    }
    auto answer = connection_->ask(path, body);
    if (answer.whole && answer.status == 200) return std::move(answer.body);
    // A refusal by gRPC ends with a trailer, which httplib does not read: its body counts all the
    // same.
    failure = answer.status != 0 && answer.status != 200
                  ? refusal_of(endpoint, answer.status, answer.body)
                  : Failure{Reason::Unreachable, endpoint + ": " + answer.error};
    if (failure.reason != Reason::Unreachable) break;  // another endpoint would say the same
    connection_.reset();
    at_ = (at_ + 1) % options_.endpoints.size();
  }
  return std::unexpected(std::move(failure));
}

}  // namespace forces::state::etcd
