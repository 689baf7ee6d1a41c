#include "common/observe/metrics.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <map>

namespace forces::observe {

prometheus::Counter& Metrics::counter(const std::string& name, const std::string& help,
                                      const Labels& labels) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry_).Add(labels);
}

prometheus::Gauge& Metrics::gauge(const std::string& name, const std::string& help,
                                  const Labels& labels) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry_).Add(labels);
}

prometheus::Histogram& Metrics::histogram(const std::string& name, const std::string& help,
                                          const std::vector<double>& bounds, const Labels& labels) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry_).Add(labels, bounds);
}

Metrics::Handle::~Handle() {
  if (owner_ == nullptr) return;
  const std::scoped_lock lock(owner_->mutex_);
  std::erase_if(owner_->sources_, [this](const auto& source) { return source.first == id_; });
}

Metrics::Handle Metrics::add(Source source) {
  const std::scoped_lock lock(mutex_);
  sources_.emplace_back(next_id_, std::move(source));
  return Handle(this, next_id_++);
}

Families Metrics::collect() const {
  std::map<std::string, prometheus::MetricFamily> merged;
  const auto merge = [&merged](Families&& families) {
    for (auto& family : families) {
      const auto [at, is_new] = merged.try_emplace(family.name, std::move(family));
      if (!is_new) std::ranges::move(family.metric, std::back_inserter(at->second.metric));
    }
  };
  merge(registry_.Collect());
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, source] : sources_) merge(source());
  }
  Families all;
  all.reserve(merged.size());
  for (auto& [name, family] : merged) all.push_back(std::move(family));
  return all;
}

std::string Metrics::text() const { return prometheus::TextSerializer().Serialize(collect()); }

prometheus::ClientMetric& add_sample(Families& families, std::string_view name,
                                     std::string_view help, prometheus::MetricType type,
                                     const Labels& labels) {
  auto family = std::ranges::find(families, name, &prometheus::MetricFamily::name);
  if (family == families.end()) {
    families.push_back({std::string(name), std::string(help), type, {}});
    family = std::prev(families.end());
  }
  auto& metric = family->metric.emplace_back();
  for (const auto& [key, value] : labels) metric.label.push_back({key, value});
  return metric;
}

}  // namespace forces::observe
