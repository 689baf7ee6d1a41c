#include "tml/daemon/service.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "common/runtime/timer.hpp"
#include "tml/daemon/tml_context.hpp"
#include "tml/daemon/tml_metrics.hpp"

namespace forces::daemon {
namespace {

using control::Response;

// Since a CLOCK_MONOTONIC time of libtml; 0 when there was none.
std::uint64_t ms_since(std::uint64_t then_ns) {
  const auto now = static_cast<std::uint64_t>(runtime::now().time_since_epoch().count());
  return then_ns == 0 || then_ns > now ? 0 : (now - then_ns) / 1'000'000;
}

Response failure(control::Error::Code code, std::string message) {
  Response response;
  response.mutable_error()->set_code(code);
  response.mutable_error()->set_message(std::move(message));
  return response;
}

void fill(control::Distribution& out, const tmlx_histogram& h) {
  out.set_count(h.count);
  if (h.count == 0) return;
  out.set_mean_us(static_cast<double>(h.sum_us) / static_cast<double>(h.count));
  out.set_p50_us(quantile_us(h, 0.5));
  out.set_p99_us(quantile_us(h, 0.99));
}

bool fill(control::Channel& out, tml_descriptor channel) {
  const auto info = info_of(channel);
  if (!info) return false;
  out.set_handle(channel.value);
  out.set_peer(info->element_id);
  out.set_type(info->channel_type == TML_CHANNEL_CONTROL ? "control" : "data");
  out.set_state(tmlx_state_name(info->state));
  out.set_address(info->peer_address);
  out.set_tls(info->tls);
  out.set_identity(info->identity);
  out.set_up_ms(ms_since(info->up_since_ns));
  out.set_silent_ms(ms_since(info->last_received_ns));
  out.set_queued_octets(info->queued_octets);
  out.set_receive_queued_octets(info->receive_queued_octets);
  fill(*out.mutable_rtt(), info->rtt);
  fill(*out.mutable_queue_time(), info->queue_time);
  return true;
}

void fill_counters(control::Channel& out, tml_descriptor channel) {
  std::vector<std::uint64_t> values(tmlx_counter_count());
  if (tmlx_channel_counters(channel, values.data(), values.size()) != TML_SUCCESS) return;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto* about = tmlx_counter_info(i);
    if (about->scope != TMLX_SCOPE_CHANNEL) continue;
    auto& counter = *out.add_counters();
    counter.set_name(about->name);
    counter.set_reason(about->label);
    counter.set_value(values[i]);
  }
}

// What libtml knows about the peer behind the element's channels.
void fill_from_channels(control::Element& element) {
  control::Channel channel;
  if (element.data_channel() != 0 && fill(channel, {element.data_channel()})) {
    element.set_data(channel.state());
  }
  if (element.control_channel() != 0 && fill(channel, {element.control_channel()})) {
    element.set_control(channel.state());
    element.set_address(channel.address());
    element.set_identity(channel.identity());
  }
}

std::string_view to_string(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter:
      return "counter";
    case prometheus::MetricType::Gauge:
      return "gauge";
    case prometheus::MetricType::Histogram:
      return "histogram";
    default:
      return "other";
  }
}

void fill(control::Sample& out, const prometheus::MetricFamily& family,
          const prometheus::ClientMetric& metric) {
  out.set_name(family.name);
  out.set_type(std::string(to_string(family.type)));
  for (const auto& label : metric.label) (*out.mutable_labels())[label.name] = label.value;
  switch (family.type) {
    case prometheus::MetricType::Counter:
      out.set_value(metric.counter.value);
      break;
    case prometheus::MetricType::Gauge:
      out.set_value(metric.gauge.value);
      break;
    case prometheus::MetricType::Histogram:
      out.set_value(metric.histogram.sample_sum);
      out.set_count(metric.histogram.sample_count);
      break;
    default:
      break;
  }
}

}  // namespace

Service::Service(ServiceParts parts)
    : parts_(std::move(parts)),
      logger_(parts_.log.component("control")),
      started_(runtime::now()),
      id_(parts_.application.id()),
      name_(parts_.application.name()),
      security_(security_text(parts_.application.settings().tls)) {}

std::string Service::handle_octets(std::string_view octets, const runtime::LocalCaller& caller) {
  control::Request request;
  auto response = request.ParseFromArray(octets.data(), static_cast<int>(octets.size()))
                      ? handle(request, caller)
                      : failure(control::Error::INVALID, "this is no request of forces.control");
  if (response.ByteSizeLong() > runtime::kMaxLocalFrame) {
    response = failure(control::Error::FAILED, "the answer is larger than 1 MiB");
  }
  return response.SerializeAsString();
}

Response Service::handle(const control::Request& request, const runtime::LocalCaller& caller) {
  using Operation = control::Request::OperationCase;
  switch (request.operation_case()) {
    case Operation::kStatus: {
      Response response;
      *response.mutable_status() = status();
      return response;
    }
    case Operation::kElementList:
      return elements(request.element_list());
    case Operation::kElementShow:
      return element(request.element_show());
    case Operation::kChannelList:
      return channels(request.channel_list());
    case Operation::kChannelShow:
      return channel(request.channel_show());
    case Operation::kStats:
      return stats(request.stats());
    case Operation::kLogLevel:
      return log_level(request.log_level(), caller);
    case Operation::kTlsReload:
      return tls_reload(caller);
    case Operation::OPERATION_NOT_SET:
      break;
    default: {
      auto response = parts_.application.answer(request);
      if (response.result_case() != Response::RESULT_NOT_SET) return response;
    }
  }
  return failure(control::Error::INVALID,
                 fmt::format("this {} does not know the request", parts_.application.program()));
}

control::Status Service::status() const {
  const auto& application = parts_.application;
  control::Status s;
  s.set_program(std::string(application.program()));
  s.set_version(tmlx_version());
  s.set_id(id_);
  s.set_name(name_);
  s.set_pid(getpid());
  s.set_uptime_ms(whole_milliseconds(runtime::now() - started_));
  s.set_security(security_);
  s.set_config_file(parts_.config_file);
  s.set_log_lines_suppressed(parts_.log.suppressed());
  s.set_state(std::string(state_));
  application.describe(s);
  if (http_.port() != 0) *s.add_listeners() = http_;
  for (const auto channel : channels_of(parts_.context)) {
    const auto info = info_of(channel);
    if (!info) continue;
    s.set_channels(s.channels() + 1);
    if (info->state == TMLX_STATE_UP) s.set_channels_up(s.channels_up() + 1);
  }
  return s;
}

void Service::set_http_listener(const std::string& address, std::uint16_t port) {
  http_.set_purpose("http");
  http_.set_address(address);
  http_.set_port(port);
}

Response Service::elements(const control::ElementListRequest& request) const {
  Response response;
  auto& list = *response.mutable_elements();
  auto all = parts_.application.elements();
  std::ranges::sort(all, {}, [](const control::Element& e) { return e.id(); });
  // `after` is the last ID shown plus one, so that ID 0 can be shown too.
  for (auto& element : all) {
    if (request.after() > element.id()) continue;
    if (list.elements_size() == kElementsInPage) {
      list.set_next(element.id());
      break;
    }
    fill_from_channels(element);
    element.clear_ports();
    element.clear_counters();
    *list.add_elements() = std::move(element);
  }
  return response;
}

Response Service::element(const control::ElementShowRequest& request) const {
  for (auto& element : parts_.application.elements()) {
    if (element.id() != request.id()) continue;
    Response response;
    *response.mutable_element() = std::move(element);
    fill_from_channels(*response.mutable_element());
    parts_.application.detail(*response.mutable_element());
    return response;
  }
  return failure(control::Error::NOT_FOUND,
                 fmt::format("there is no element {}", element_text(request.id())));
}

Response Service::channels(const control::ChannelListRequest& request) const {
  Response response;
  auto& list = *response.mutable_channels();
  for (const auto channel : channels_of(parts_.context)) {
    if (channel.value <= request.after()) continue;
    if (list.channels_size() == kChannelsInPage) {
      list.set_next(list.channels(kChannelsInPage - 1).handle());
      break;
    }
    control::Channel one;
    if (fill(one, channel)) *list.add_channels() = std::move(one);
  }
  return response;
}

Response Service::channel(const control::ChannelShowRequest& request) const {
  const tml_descriptor channel{request.handle()};
  Response response;
  if (!fill(*response.mutable_channel(), channel)) {
    return failure(control::Error::NOT_FOUND,
                   fmt::format("there is no channel {}", request.handle()));
  }
  fill_counters(*response.mutable_channel(), channel);
  return response;
}

Response Service::stats(const control::StatsRequest& request) const {
  Response response;
  auto& out = *response.mutable_stats();
  std::uint64_t position = 0;
  for (const auto& family : parts_.metrics.collect()) {
    if (family.name.find(request.filter()) == std::string::npos) continue;
    for (const auto& metric : family.metric) {
      if (position++ < request.after()) continue;
      if (out.samples_size() == kSamplesInPage) {
        out.set_next(position - 1);
        return response;
      }
      fill(*out.add_samples(), family, metric);
    }
  }
  return response;
}

Response Service::log_level(const control::LogLevelRequest& request,
                            const runtime::LocalCaller& caller) {
  if (!request.level().empty()) {
    const auto level = observe::level_from(request.level());
    if (!level) {
      return failure(control::Error::INVALID,
                     fmt::format("\"{}\" is no level: trace, debug, info, warning, error or off",
                                 request.level()));
    }
    if (!parts_.log.set_level(request.component(), *level)) {
      return failure(control::Error::NOT_FOUND,
                     fmt::format("there is no component \"{}\"", request.component()));
    }
    logger_.info(
        "log level changed",
        {{"component", request.component()}, {"level", request.level()}, {"uid", caller.uid}});
  }
  Response response;
  auto& levels = *response.mutable_log_levels();
  for (const auto& [component, level] : parts_.log.levels()) {
    auto& entry = *levels.add_entries();
    entry.set_component(component);
    entry.set_level(std::string(observe::to_string(level)));
  }
  return response;
}

Response Service::tls_reload(const runtime::LocalCaller& caller) {
  const auto reloaded = parts_.reload_tls();
  logger_.info("TLS reload asked for", {{"uid", caller.uid}, {"done", reloaded.has_value()}});
  if (!reloaded) return failure(control::Error::FAILED, reloaded.error());
  Response response;
  response.mutable_done()->set_message("certificates, keys and CRLs were read again");
  return response;
}

}  // namespace forces::daemon
