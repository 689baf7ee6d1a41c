// Answers the operator's requests (proto/schema/control.proto), from forcesctl and over HTTP.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "common/core/time.hpp"
#include "common/observe/log.hpp"
#include "common/observe/metrics.hpp"
#include "common/runtime/local_server.hpp"
#include "proto/schema/control.pb.h"
#include "tml/daemon/application.hpp"

namespace forces::daemon {

// How many entries an answer holds at most; `next` tells where to go on.
inline constexpr int kChannelsInPage = 500;
inline constexpr int kElementsInPage = 500;
inline constexpr int kSamplesInPage = 4000;

struct ServiceParts {
  Application& application;
  observe::Log& log;
  observe::Metrics& metrics;
  tmlx_context* context;  // nullptr: there are no channels
  std::string config_file;
  std::function<std::expected<void, std::string>()> reload_tls;
};

// All on one thread.
class Service {
 public:
  explicit Service(ServiceParts parts);

  [[nodiscard]] control::Response handle(const control::Request& request,
                                         const runtime::LocalCaller& caller);
  // The same, encoded: what a LocalServer wants. Octets that are no request get an Error.
  [[nodiscard]] std::string handle_octets(std::string_view request,
                                          const runtime::LocalCaller& caller);
  [[nodiscard]] control::Status status() const;

  void set_http_listener(const std::string& address, std::uint16_t port);
  void set_stopping() { state_ = "stopping"; }

 private:
  [[nodiscard]] control::Response elements(const control::ElementListRequest& request) const;
  [[nodiscard]] control::Response element(const control::ElementShowRequest& request) const;
  [[nodiscard]] control::Response channels(const control::ChannelListRequest& request) const;
  [[nodiscard]] control::Response channel(const control::ChannelShowRequest& request) const;
  [[nodiscard]] control::Response stats(const control::StatsRequest& request) const;
  [[nodiscard]] control::Response log_level(const control::LogLevelRequest& request,
                                            const runtime::LocalCaller& caller);
  [[nodiscard]] control::Response tls_reload(const runtime::LocalCaller& caller);

  ServiceParts parts_;
  observe::Logger logger_;
  Instant started_;
  // As at the start: a reload may read others, which wait for a restart.
  std::uint32_t id_;
  std::string name_, security_;
  control::Listener http_;
  std::string_view state_ = "running";
};

}  // namespace forces::daemon
