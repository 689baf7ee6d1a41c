// etcd's v3 JSON gateway: one request, one answer. Tries every endpoint before it gives up.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ce/state/store.hpp"
#include "common/core/time.hpp"

namespace forces::state::etcd {

struct ClientOptions {
  std::vector<std::string> endpoints;          // "https://10.0.0.1:2379"
  std::string ca, certificate, key;            // files, for https
  bool plaintext_anywhere = false;             // else http only on loopback
  Duration timeout = std::chrono::seconds(3);  // of connecting, and of each answer
};

// Keys and values in JSON are base64 (RFC 4648 section 4).
[[nodiscard]] std::string base64(std::string_view octets);
[[nodiscard]] std::expected<std::string, Failure> from_base64(std::string_view text);

// One thread at a time. The process ignores SIGPIPE, as runtime::Signals has it.
class Client {
 public:
  explicit Client(ClientOptions options);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) = delete;

  // The body of an answer 200. Unreachable also says: it is not known whether it was carried out.
  [[nodiscard]] std::expected<std::string, Failure> post(const std::string& path,
                                                         const std::string& body);

 private:
  struct Connection;
  ClientOptions options_;
  std::size_t at_ = 0;  // the endpoint that answered last
  std::unique_ptr<Connection> connection_;
};

}  // namespace forces::state::etcd
