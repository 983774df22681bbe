// The service's counters and gauges, as Prometheus text (version 0.0.4). Labels are route templates and status codes
// only. No id of a person or a thing is ever a label.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace service {

inline constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

// Upper bounds of the buckets of a histogram. One more bucket has no bound.
inline constexpr std::array kLatencyBuckets = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0};
inline constexpr std::array kBatchBuckets = {1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0};

template <std::size_t N>
class Histogram {
 public:
  explicit Histogram(const std::array<double, N>& bounds) : bounds_(&bounds) {}
  void observe(double value);
  // `labels` is "" or, for example, `route="GET /metrics",`.
  void render(std::string& out, std::string_view name, std::string_view labels) const;

 private:
  const std::array<double, N>* bounds_;
  std::array<std::uint64_t, N + 1> counts_{};
  double sum_ = 0;
};

// Thread safe.
class Metrics {
 public:
  // `route` is a template, for example "GET /v1/cases/{case}", or "unmatched".
  void count_request(std::string_view route, unsigned status, std::chrono::nanoseconds took);
  void count_batch(std::size_t commands);  // one commit of the gate
  // Adds a value that is read whenever the metrics are rendered. Call it at start-up, before the first rendering.
  enum class Type { counter, gauge };
  void add(Type type, std::string name, std::string help, std::function<double()> read);
  std::string render() const;

 private:
  struct Route {
    std::map<unsigned, std::uint64_t> by_status;
    Histogram<kLatencyBuckets.size()> latency{kLatencyBuckets};
  };
  struct Value {
    Type type;
    std::string name;
    std::string help;
    std::function<double()> read;
  };
  mutable std::mutex mutex_;  // guards routes_ and batches_
  std::map<std::string, Route, std::less<>> routes_;
  Histogram<kBatchBuckets.size()> batches_{kBatchBuckets};
  std::vector<Value> values_;
};

// The anonymous memory of this process in bytes, or 0 if /proc does not tell. Unlike the resident memory it leaves out
// LMDB's map, so it shows leaks.
double anonymous_memory();

}  // namespace service
