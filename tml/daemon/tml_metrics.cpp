#include "tml/daemon/tml_metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "tml/daemon/tml_context.hpp"

namespace forces::daemon {
namespace {

using observe::Families;
using observe::Labels;
using prometheus::MetricType;

std::string channel_text(tml_channel_type type) {
  return type == TML_CHANNEL_CONTROL ? "control" : "data";
}

// One family for each counter name, its position by counter index: a scrape with thousands of
// channels adds samples without a search.
class CounterFamilies {
 public:
  CounterFamilies() {
    std::map<std::string_view, std::size_t> by_name;
    for (std::size_t i = 0; i < tmlx_counter_count(); ++i) {
      const auto* about = tmlx_counter_info(i);
      const auto [at, is_new] = by_name.try_emplace(about->name, families_.size());
      if (is_new) {
        families_.push_back(
            {fmt::format("tml_{}_total", about->name), about->help, MetricType::Counter, {}});
      }
      position_.push_back(at->second);
    }
  }

  void add(tmlx_counter_scope scope, const std::vector<std::uint64_t>& values,
           const Labels& labels) {
    for (std::size_t i = 0; i < position_.size(); ++i) {
      const auto* about = tmlx_counter_info(i);
      if (about->scope != scope) continue;
      auto& metric = families_[position_[i]].metric.emplace_back();
      for (const auto& [key, value] : labels) metric.label.push_back({key, value});
      if (*about->label != '\0') metric.label.push_back({"reason", about->label});
      metric.counter.value = static_cast<double>(values[i]);
    }
  }

  Families finish() { return std::move(families_); }

 private:
  Families families_;
  std::vector<std::size_t> position_;
};

void fill(prometheus::ClientMetric& metric, const tmlx_histogram& h) {
  auto& out = metric.histogram;
  out.sample_count = h.count;
  out.sample_sum = static_cast<double>(h.sum_us) / 1e6;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < TMLX_HISTOGRAM_BUCKETS; ++i) {
    below += h.buckets[i];
    const bool last = i + 1 == TMLX_HISTOGRAM_BUCKETS;
    out.bucket.push_back({below, last ? std::numeric_limits<double>::infinity()
                                      : std::ldexp(1.0, static_cast<int>(i)) / 1e6});
  }
  // Read while others count: the total must not be less than what the buckets hold.
  out.sample_count = std::max(out.sample_count, below);
  out.bucket.back().cumulative_count = out.sample_count;
}

void add_channel(Families& families, const tmlx_channel_info& info, const Labels& labels) {
  const auto gauge = [&](std::string_view name, std::string_view help, double value) {
    observe::add_sample(families, name, help, MetricType::Gauge, labels).gauge.value = value;
  };
  gauge("tml_channel_up", "1 while the channel carries messages",
        info.state == TMLX_STATE_UP ? 1 : 0);
  gauge("tml_send_queue_octets", "Octets waiting in the send queue",
        static_cast<double>(info.queued_octets));
  gauge("tml_receive_queue_octets", "Octets received and not yet read",
        static_cast<double>(info.receive_queued_octets));
  fill(observe::add_sample(families, "tml_rtt_seconds", "Round trip of TML heartbeats",
                           MetricType::Histogram, labels),
       info.rtt);
  fill(observe::add_sample(families, "tml_queue_time_seconds",
                           "Oldest message of each batch, from tmlWrite to TLS",
                           MetricType::Histogram, labels),
       info.queue_time);
}

// Of several channels with the same peer and type (one not yet identified, one being replaced) the
// one that is up, or else the newest: a sample that occurs twice makes a whole scrape invalid.
std::map<std::pair<std::uint32_t, int>, tmlx_channel_info> one_of_each(tmlx_context* context) {
  std::map<std::pair<std::uint32_t, int>, tmlx_channel_info> all;
  for (const auto channel : channels_of(context)) {
    const auto info = info_of(channel);
    if (!info) continue;
    const auto [at, is_new] = all.try_emplace({info->element_id, info->channel_type}, *info);
    if (!is_new && at->second.state != TMLX_STATE_UP) at->second = *info;
  }
  return all;
}

}  // namespace

Families collect_tml(tmlx_context* context) {
  CounterFamilies counters;
  std::vector<std::uint64_t> values(tmlx_counter_count());
  if (tmlx_context_counters(context, values.data(), values.size()) == TML_SUCCESS) {
    counters.add(TMLX_SCOPE_CONTEXT, values, {});
  }
  Families channels;
  for (const auto& [key, info] : one_of_each(context)) {
    const Labels labels{{"channel", channel_text(info.channel_type)},
                        {"peer", element_text(info.element_id)}};
    add_channel(channels, info, labels);
    std::ranges::fill(values, 0);
    if (tmlx_channel_counters(info.descriptor, values.data(), values.size()) == TML_SUCCESS) {
      counters.add(TMLX_SCOPE_CHANNEL, values, labels);
    }
  }
  auto all = counters.finish();
  std::ranges::move(channels, std::back_inserter(all));
  return all;
}

std::vector<tml_descriptor> channels_of(tmlx_context* context) {
  std::vector<tml_descriptor> all;
  tmlx_channel_each(
      context,
      [](void* user, tml_descriptor channel) {
        static_cast<std::vector<tml_descriptor>*>(user)->push_back(channel);
      },
      &all);
  std::ranges::sort(all, {}, &tml_descriptor::value);
  return all;
}

std::optional<tmlx_channel_info> info_of(tml_descriptor channel) {
  tmlx_channel_info info{};
  info.size = sizeof info;
  if (tmlx_channel_get_info(channel, &info) != TML_SUCCESS) return std::nullopt;
  info.descriptor = channel;
  return info;
}

double quantile_us(const tmlx_histogram& h, double share) {
  std::uint64_t total = 0;
  for (const auto bucket : h.buckets) total += bucket;
  if (total == 0) return 0;
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total)));
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < TMLX_HISTOGRAM_BUCKETS; ++i) {
    below += h.buckets[i];
    if (below >= wanted) return std::ldexp(1.0, static_cast<int>(i));
  }
  return std::ldexp(1.0, TMLX_HISTOGRAM_BUCKETS);
}

}  // namespace forces::daemon
