// What stands between HTTP and the answers of the event loop: asks there, waits, counts and logs.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "common/core/time.hpp"
#include "common/observe/log.hpp"
#include "common/observe/metrics.hpp"
#include "common/runtime/http_server.hpp"
#include "proto/schema/control.pb.h"

namespace forces::daemon {

class HttpFace {
 public:
  // On an HTTP thread; nothing: the event loop does not answer in time.
  using Ask = std::function<std::optional<control::Response>(const control::Request&)>;

  // How long a request waits for what depends on FEs or other nodes.
  static constexpr Duration kWait = std::chrono::seconds(2);

  HttpFace(std::string program, Ask ask, observe::Logger logger, Duration wait = kWait)
      : program_(std::move(program)),
        ask_(std::move(ask)),
        logger_(std::move(logger)),
        wait_(wait) {}

  // On several threads. What takes longer is 504 for who only reads, and for who changes
  // 202 with a ticket: /api/v1/ticket/N is 202 until it is over, then the answer for a minute.
  [[nodiscard]] runtime::HttpReply read(const runtime::HttpRequest& http);
  [[nodiscard]] runtime::HttpReply change(const runtime::HttpRequest& http);

  [[nodiscard]] observe::Families metrics() const;

 private:
  [[nodiscard]] std::optional<control::Response> wait(const control::Request& request);
  [[nodiscard]] runtime::HttpReply changed(const runtime::HttpRequest& http);

  std::string program_;
  Ask ask_;
  observe::Logger logger_;
  Duration wait_;
  std::atomic<std::uint64_t> done_ = 0, pending_ = 0, refused_ = 0, failed_ = 0;
};

}  // namespace forces::daemon
