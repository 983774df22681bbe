#include "service/metrics.h"

#include <spdlog/fmt/fmt.h>

#include <fstream>
#include <iterator>
#include <vector>

namespace service {
namespace {

void describe(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  fmt::format_to(std::back_inserter(out), "# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

}  // namespace

template <std::size_t N>
void Histogram<N>::observe(double value) {
  std::size_t bucket = 0;
  while (bucket < N && value > (*bounds_)[bucket]) ++bucket;
  ++counts_[bucket];
  sum_ += value;
}

template <std::size_t N>
void Histogram<N>::render(std::string& out, std::string_view name, std::string_view labels) const {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < N; ++i) {
    total += counts_[i];
    fmt::format_to(std::back_inserter(out), "{}_bucket{{{}le=\"{}\"}} {}\n", name, labels, (*bounds_)[i], total);
  }
  total += counts_[N];
  fmt::format_to(std::back_inserter(out), "{}_bucket{{{}le=\"+Inf\"}} {}\n", name, labels, total);
  const std::string_view bare = labels.substr(0, labels.empty() ? 0 : labels.size() - 1);
  const std::string braced = bare.empty() ? std::string() : fmt::format("{{{}}}", bare);
  fmt::format_to(std::back_inserter(out), "{0}_sum{1} {2}\n{0}_count{1} {3}\n", name, braced, sum_, total);
}

void Metrics::count_request(std::string_view route, unsigned status, std::chrono::nanoseconds took) {
  const std::lock_guard lock(mutex_);
  auto found = routes_.find(route);
  if (found == routes_.end()) found = routes_.emplace(std::string(route), Route{}).first;
  ++found->second.by_status[status];
  found->second.latency.observe(std::chrono::duration<double>(took).count());
}

void Metrics::count_batch(std::size_t commands) {
  const std::lock_guard lock(mutex_);
  batches_.observe(static_cast<double>(commands));
}

void Metrics::add(Type type, std::string name, std::string help, std::function<double()> read) {
  values_.push_back({type, std::move(name), std::move(help), std::move(read)});
}

std::string Metrics::render() const {
  std::string out;
  {
    const std::lock_guard lock(mutex_);
    describe(out, "strongroom_requests_total", "counter", "Requests answered, by route and status.");
    for (const auto& [name, route] : routes_)
      for (const auto& [status, count] : route.by_status)
        fmt::format_to(std::back_inserter(out), "strongroom_requests_total{{route=\"{}\",status=\"{}\"}} {}\n", name,
                       status, count);
    describe(out, "strongroom_request_seconds", "histogram", "From the request's head to its answer's end, by route.");
    for (const auto& [name, route] : routes_)
      route.latency.render(out, "strongroom_request_seconds", fmt::format("route=\"{}\",", name));
    describe(out, "strongroom_commit_commands", "histogram", "Commands in each commit; its count is the commits.");
    batches_.render(out, "strongroom_commit_commands", "");
  }
  for (const Value& value : values_) {
    describe(out, value.name, value.type == Type::counter ? "counter" : "gauge", value.help);
    fmt::format_to(std::back_inserter(out), "{} {}\n", value.name, value.read());
  }
  return out;
}

double anonymous_memory() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    constexpr std::string_view kField = "RssAnon:";
    constexpr double kBytesPerKib = 1024;
    if (line.starts_with(kField)) return std::stod(line.substr(kField.size())) * kBytesPerKib;
  }
  return 0;
}

}  // namespace service
