// The registry behind /metrics and `forcesctl stats`: both collect here, so they cannot disagree.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace forces::observe {

using Labels = prometheus::Labels;  // std::map<std::string, std::string>
using Families = std::vector<prometheus::MetricFamily>;

// Thread-safe. The objects returned live as long as the registry; asking again for the same name
// and labels gives the same object. Asking for a name with another type is a bug of ours and
// throws.
class Metrics {
 public:
  prometheus::Counter& counter(const std::string& name, const std::string& help,
                               const Labels& labels = {});
  prometheus::Gauge& gauge(const std::string& name, const std::string& help,
                           const Labels& labels = {});
  prometheus::Histogram& histogram(const std::string& name, const std::string& help,
                                   const std::vector<double>& bounds, const Labels& labels = {});

  // Values that somebody else keeps (libtml, a socket, the kernel): read at each collection, on the
  // thread that collects. The handle ends the source; after its destruction no call runs.
  using Source = std::function<Families()>;
  class Handle {
   public:
    Handle() = default;
    Handle(Handle&& other) noexcept { swap(other); }
    Handle& operator=(Handle&& other) noexcept {
      Handle taken(std::move(other));
      swap(taken);
      return *this;
    }
    ~Handle();

   private:
    friend class Metrics;
    Handle(Metrics* owner, std::size_t id) : owner_(owner), id_(id) {}
    void swap(Handle& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(id_, other.id_);
    }
    Metrics* owner_ = nullptr;
    std::size_t id_ = 0;
  };
  [[nodiscard]] Handle add(Source source);

  // Families in the order of their names; sources that speak of the same family are merged.
  [[nodiscard]] Families collect() const;
  [[nodiscard]] std::string text() const;  // the Prometheus exposition format

 private:
  prometheus::Registry registry_;
  mutable std::mutex mutex_;  // of sources_; held while they are called
  std::vector<std::pair<std::size_t, Source>> sources_;
  std::size_t next_id_ = 1;
};

// Adds one sample to the family of that name, which is appended when it is new.
prometheus::ClientMetric& add_sample(Families& families, std::string_view name,
                                     std::string_view help, prometheus::MetricType type,
                                     const Labels& labels);

}  // namespace forces::observe
