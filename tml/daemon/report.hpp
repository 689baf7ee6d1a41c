// From what the protocol layers tell (events.hpp) to the operator's messages, metrics and the log.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "common/observe/log.hpp"
#include "common/observe/metrics.hpp"
#include "proto/schema/control.pb.h"
#include "tml/daemon/events.hpp"
#include "tml/daemon/tml_context.hpp"

namespace forces::daemon {

template <class Message>
void report(Message& message, const CounterSamples& counters) {
  for (const CounterSample& counter : counters) {
    auto& out = *message.add_counters();
    out.set_name(std::string(counter.name));
    out.set_reason(std::string(counter.reason));
    out.set_value(counter.value);
  }
}

// As <prefix>_<name>_total with the labels given.
inline void report(observe::Families& families, std::string_view prefix,
                   const observe::Labels& labels, const CounterSamples& counters) {
  for (const CounterSample& counter : counters) {
    auto& metric = observe::add_sample(families, fmt::format("{}_{}_total", prefix, counter.name),
                                       "Counted by the association layer",
                                       prometheus::MetricType::Counter, labels);
    if (!counter.reason.empty()) metric.label.push_back({"reason", std::string(counter.reason)});
    metric.counter.value = static_cast<double>(counter.value);
  }
}

inline void report_gauge(observe::Families& families, std::string_view name, std::string_view help,
                         const observe::Labels& labels, double value) {
  observe::add_sample(families, name, help, prometheus::MetricType::Gauge, labels).gauge.value =
      value;
}

inline EventSink event_log(observe::Logger logger) {
  return [logger](Severity severity, std::string_view event, std::uint32_t element,
                  std::string_view text) {
    constexpr observe::Level kLevels[] = {observe::Level::Debug, observe::Level::Info,
                                          observe::Level::Warning, observe::Level::Error};
    const auto level = kLevels[static_cast<std::size_t>(severity)];
    if (!logger.enabled(level)) return;
    logger.limited(level, event, {{"element", element_text(element)}, {"detail", text}});
  };
}

}  // namespace forces::daemon
