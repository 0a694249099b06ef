#include "tools/compare/added_latency.hpp"

#include "shared/process/histogram.hpp"
#include "tools/compare/estimate.hpp"
#include "tools/compare/remarks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace revecho::compare {
namespace {

struct percentile {
  metric of;
  double percent;
  std::string_view name;
};
constexpr std::array<percentile, 2> percentiles{{{metric::p50_us, 50, "p50"}, {metric::p99_us, 99, "p99"}}};

// A percentile is the end of its bucket.
constexpr double resolution = 1.0 / static_cast<double>(histogram::buckets_of_a_power());

bool knows(const result& r, const percentile& p) { return r.knows(p.of) && !r.is_at_least(p.percent); }

// "25.6 us [21.3–30.1]", "3.0 us [-2.1 to 8.0]", all in one unit. Rounded, nothing is below zero by next to nothing.
std::string with_interval(const estimate& us) {
  struct unit {
    std::string_view name;
    double microseconds;
  };
  constexpr std::array<unit, 4> units{{{"s", 1e6}, {"ms", 1e3}, {"us", 1}, {"ns", 1e-3}}};
  const double most = std::max(std::abs(us.low), std::abs(us.high));
  const auto* in =
      std::find_if(units.begin(), units.end() - 1, [most](const unit& u) { return most >= u.microseconds; });
  const int digits = most < 10 * in->microseconds ? 2 : most < 100 * in->microseconds ? 1 : 0;
  const auto number = [&](double value) {
    const double scale = std::pow(10, digits);
    return fmt::format("{:.{}f}", std::round(value / in->microseconds * scale) / scale + 0.0, digits);
  };
  return fmt::format(
      "{} {} [{}{}{}]", number(us.median), in->name, number(us.low), us.low < 0 ? " to " : "–", number(us.high));
}

std::string sentence_of(const latency_difference& d) {
  const auto* at = std::find_if(percentiles.begin(), percentiles.end(), [&](const auto& p) { return p.of == d.of; });
  if (!d.is_significant) return fmt::format("does not differ significantly at {} ({})", at->name, with_interval(d.by));
  if (d.by.median > 0) return fmt::format("adds {} at {}", with_interval(d.by), at->name);
  return fmt::format("saves {} at {}", with_interval({-d.by.median, -d.by.high, -d.by.low, d.by.level}), at->name);
}

} // namespace

void measure_added_latency(scenario_results& s, const std::vector<const result*>& candidates) {
  const auto is_candidate = [&](const result& r) {
    return std::find(candidates.begin(), candidates.end(), &r) != candidates.end();
  };
  s.baseline.clear();
  for (auto& r : s.results)
    r.added.clear();
  if (s.results.size() < 2 || !is_candidate(s.results.front())) return;
  const auto& first = s.results.front();
  for (auto& r : s.results) {
    if (&r == &first || !is_candidate(r)) continue;
    for (const auto& p : percentiles)
      if (knows(first, p) && knows(r, p))
        r.added.push_back({p.of, estimate_difference(r.all(p.of), first.all(p.of), resolution),
            ratio_of(r.all(p.of), first.all(p.of)).probability, false});
    if (!r.added.empty()) s.baseline = first.contestant;
  }
}

void decide_added_latency(scenario_results& s, double significant_up_to) {
  for (auto& r : s.results)
    for (auto& d : r.added)
      d.is_significant = d.probability <= significant_up_to && (d.by.low > 0 || d.by.high < 0);
}

std::string about_the_added_latency(const scenario_results& s) {
  if (s.baseline.empty()) return {};
  std::vector<std::string> all;
  for (const auto& r : s.results) {
    std::vector<std::string> parts;
    if (r.runs.size() < fewest_values_to_differ) continue; // nothing is significant, and the verdict says why
    for (const auto& d : r.added)
      parts.push_back(sentence_of(d));
    if (!parts.empty()) all.push_back(fmt::format("{} {}", r.contestant, listed(parts)));
  }
  return all.empty() ? "" : fmt::format(" Compared with {}, {}.", s.baseline, fmt::join(all, "; "));
}

} // namespace revecho::compare
