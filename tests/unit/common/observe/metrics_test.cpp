#include "common/observe/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

namespace forces::observe {
namespace {

using prometheus::MetricType;
using testing::HasSubstr;

Families one_gauge(const char* name, double value, const Labels& labels = {}) {
  Families all;
  add_sample(all, name, "help", MetricType::Gauge, labels).gauge.value = value;
  return all;
}

TEST(Metrics, TextIsPrometheusExposition) {
  Metrics metrics;
  metrics.counter("drops_total", "Dropped", {{"reason", "ttl"}}).Increment(3);
  metrics.histogram("rtt_seconds", "Round trip", {0.1, 1}).Observe(0.5);
  const auto text = metrics.text();
  EXPECT_THAT(text, HasSubstr("# HELP drops_total Dropped\n# TYPE drops_total counter\n"
                              "drops_total{reason=\"ttl\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("rtt_seconds_bucket{le=\"0.1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("rtt_seconds_bucket{le=\"1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("rtt_seconds_bucket{le=\"+Inf\"} 1\n"));
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameObject) {
  Metrics metrics;
  auto& a = metrics.counter("a_total", "A", {{"x", "1"}});
  EXPECT_EQ(&a, &metrics.counter("a_total", "A", {{"x", "1"}}));
  EXPECT_NE(&a, &metrics.counter("a_total", "A", {{"x", "2"}}));
  EXPECT_THROW(metrics.gauge("a_total", "A"), std::exception);
}

TEST(Metrics, SourcesAreReadAtEachCollection) {
  Metrics metrics;
  double value = 1;
  const auto handle = metrics.add([&] { return one_gauge("depth", value); });
  EXPECT_THAT(metrics.text(), HasSubstr("\ndepth 1\n"));
  value = 2;
  EXPECT_THAT(metrics.text(), HasSubstr("\ndepth 2\n"));
}

TEST(Metrics, AFamilyOfSeveralSourcesIsWrittenOnce) {
  Metrics metrics;
  metrics.gauge("depth", "help", {{"q", "a"}}).Set(1);
  const auto b = metrics.add([] { return one_gauge("depth", 2, {{"q", "b"}}); });
  const auto c = metrics.add([] { return one_gauge("depth", 3, {{"q", "c"}}); });
  const auto families = metrics.collect();
  ASSERT_EQ(families.size(), 1U);  // twice would make the whole scrape invalid
  EXPECT_EQ(families[0].metric.size(), 3U);
}

TEST(Metrics, FamiliesAreInTheOrderOfTheirNames) {
  Metrics metrics;
  metrics.gauge("b", "help").Set(1);
  const auto source = metrics.add([] {
    auto all = one_gauge("c", 1);
    add_sample(all, "a", "help", MetricType::Gauge, {});
    return all;
  });
  std::vector<std::string> names;
  for (const auto& family : metrics.collect()) names.push_back(family.name);
  EXPECT_THAT(names, testing::ElementsAre("a", "b", "c"));
}

TEST(Metrics, ASourceEndsWithItsHandle) {
  Metrics metrics;
  std::optional handle(metrics.add([] { return one_gauge("gone", 1); }));
  auto moved = std::move(*handle);
  handle.reset();
  EXPECT_EQ(metrics.collect().size(), 1U);  // the moved-to handle holds it
  moved = Metrics::Handle();
  EXPECT_TRUE(metrics.collect().empty());
}

TEST(AddSample, AppendsToTheFamilyOfThatName) {
  Families all;
  add_sample(all, "x", "help", MetricType::Counter, {{"a", "1"}});
  add_sample(all, "x", "help", MetricType::Counter, {{"a", "2"}});
  ASSERT_EQ(all.size(), 1U);
  ASSERT_EQ(all[0].metric.size(), 2U);
  EXPECT_EQ(all[0].metric[1].label[0].value, "2");
}

}  // namespace
}  // namespace forces::observe
