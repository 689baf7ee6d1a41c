#include "tml/daemon/tml_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "tests/unit/tml/daemon/pair.hpp"

namespace forces::daemon {
namespace {

using prometheus::MetricType;
using testing::HasSubstr;

const prometheus::MetricFamily* family(const observe::Families& all, std::string_view name) {
  const auto found = std::ranges::find(all, name, &prometheus::MetricFamily::name);
  return found == all.end() ? nullptr : &*found;
}

std::string label(const prometheus::ClientMetric& metric, std::string_view name) {
  const auto found = std::ranges::find(metric.label, name, &prometheus::ClientMetric::Label::name);
  return found == metric.label.end() ? "" : found->value;
}

TEST(TmlMetrics, EveryCounterOfTheContextIsThere) {
  TmlPair pair;
  const auto all = collect_tml(pair.ce());
  for (std::size_t i = 0; i < tmlx_counter_count(); ++i) {
    const auto* about = tmlx_counter_info(i);
    if (about->scope != TMLX_SCOPE_CONTEXT) continue;
    const auto* found = family(all, "tml_" + std::string(about->name) + "_total");
    ASSERT_NE(found, nullptr) << about->name;
    EXPECT_EQ(found->type, MetricType::Counter);
    EXPECT_TRUE(std::ranges::any_of(
        found->metric, [&](const auto& m) { return label(m, "reason") == about->label; }))
        << about->name << " " << about->label;
  }
}

TEST(TmlMetrics, ChannelsAreToldApartByPeerAndChannel) {
  TmlPair pair;
  ASSERT_TRUE(pair.connect());
  for (auto* context : {pair.ce(), pair.fe()}) {
    const auto all = collect_tml(context);
    const auto* up = family(all, "tml_channel_up");
    ASSERT_NE(up, nullptr);
    ASSERT_EQ(up->metric.size(), 2U);
    std::set<std::string> channels;
    for (const auto& metric : up->metric) {
      EXPECT_EQ(metric.gauge.value, 1);
      EXPECT_EQ(label(metric, "peer"), context == pair.ce() ? "2" : "0x40000001");
      channels.insert(label(metric, "channel"));
    }
    EXPECT_EQ(channels, (std::set<std::string>{"control", "data"}));
    ASSERT_NE(family(all, "tml_channel_ups_total"), nullptr);
    for (const auto& metric : family(all, "tml_channel_ups_total")->metric) {
      EXPECT_EQ(metric.counter.value, 1);
    }
  }
}

TEST(TmlMetrics, NoSampleOccursTwice) {
  TmlPair pair;
  ASSERT_TRUE(pair.connect());
  std::set<std::string> names;
  for (const auto& one : collect_tml(pair.ce())) {
    EXPECT_TRUE(names.insert(one.name).second) << one.name;
    std::set<std::string> samples;
    for (const auto& metric : one.metric) {
      std::string key;
      for (const auto& l : metric.label) key += l.name + "=" + l.value + ",";
      EXPECT_TRUE(samples.insert(key).second) << one.name << " " << key;
    }
  }
}

TEST(TmlMetrics, HistogramsAreCumulativeInSecondsAndEndAtInfinity) {
  TmlPair pair;
  ASSERT_TRUE(pair.connect());
  const auto all = collect_tml(pair.ce());
  const auto* rtt = family(all, "tml_rtt_seconds");
  ASSERT_NE(rtt, nullptr);
  for (const auto& metric : rtt->metric) {
    const auto& h = metric.histogram;
    ASSERT_EQ(h.bucket.size(), static_cast<std::size_t>(TMLX_HISTOGRAM_BUCKETS));
    EXPECT_DOUBLE_EQ(h.bucket[0].upper_bound, 1e-6);
    EXPECT_DOUBLE_EQ(h.bucket[10].upper_bound, 1024e-6);
    EXPECT_TRUE(std::isinf(h.bucket.back().upper_bound));
    EXPECT_EQ(h.bucket.back().cumulative_count, h.sample_count);
    EXPECT_TRUE(
        std::ranges::is_sorted(h.bucket, {}, [](const auto& b) { return b.cumulative_count; }));
  }
}

TEST(TmlMetrics, TheTextParsesAsExposition) {
  TmlPair pair;
  ASSERT_TRUE(pair.connect());
  observe::Metrics metrics;
  const auto source = metrics.add([&] { return collect_tml(pair.ce()); });
  const auto text = metrics.text();
  EXPECT_THAT(text, HasSubstr("# TYPE tml_drops_total counter\n"));
  EXPECT_THAT(text, HasSubstr("tml_drops_total{channel=\"data\",peer=\"2\",reason=\"ttl\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("tml_send_queue_octets{channel=\"control\",peer=\"2\"} "));
  EXPECT_THAT(text,
              HasSubstr("tml_rtt_seconds_bucket{channel=\"control\",peer=\"2\",le=\"+Inf\"} "));
}

TEST(Quantile, IsTheUpperBoundOfItsBucket) {
  tmlx_histogram h{};
  EXPECT_EQ(quantile_us(h, 0.5), 0);
  h.buckets[3] = 98;  // below 8 us
  h.buckets[10] = 2;  // below 1024 us
  EXPECT_EQ(quantile_us(h, 0.5), 8);
  EXPECT_EQ(quantile_us(h, 0.98), 8);
  EXPECT_EQ(quantile_us(h, 0.99), 1024);
  EXPECT_EQ(quantile_us(h, 1), 1024);
}

}  // namespace
}  // namespace forces::daemon
