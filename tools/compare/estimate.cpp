#include "tools/compare/estimate.hpp"

#include "tools/compare/student.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace revecho::compare {
namespace {

struct moments {
  double count;
  double mean;
  double variance_of_mean;
};

// A run that brought nothing counts as next to nothing, and makes the spread enormous.
moments of_logarithms(const std::vector<double>& values) {
  constexpr double next_to_nothing = 1e-9;
  moments m{static_cast<double>(values.size()), 0, 0};
  for (const double value : values)
    m.mean += std::log(std::max(value, next_to_nothing)) / m.count;
  for (const double value : values) {
    const double off = std::log(std::max(value, next_to_nothing)) - m.mean;
    m.variance_of_mean += off * off / (m.count - 1) / m.count;
  }
  return m;
}

} // namespace

estimate estimate_difference(const std::vector<double>& a, const std::vector<double>& b, double resolution) {
  std::vector<double> least;
  std::vector<double> middle;
  std::vector<double> most;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    least.push_back(a[i] * (1 - resolution) - b[i]);
    middle.push_back(a[i] - b[i]);
    most.push_back(a[i] - b[i] * (1 - resolution));
  }
  const auto all = estimate_median(middle);
  return {all.median, estimate_median(least).low, estimate_median(most).high, all.level};
}

ratio ratio_of(const std::vector<double>& a, const std::vector<double>& b) {
  constexpr double everything = std::numeric_limits<double>::infinity();
  if (a.empty() || b.empty()) return {1, 0, everything, 1};
  const auto of_a = of_logarithms(a);
  const auto of_b = of_logarithms(b);
  const double difference = of_a.mean - of_b.mean;
  if (std::min(a.size(), b.size()) < fewest_values_to_differ) return {std::exp(difference), 0, everything, 1};
  const double variance = of_a.variance_of_mean + of_b.variance_of_mean;
  const double error = std::sqrt(variance);
  // Rounding makes no spread.
  if (error < 1e-12) {
    const bool equal = std::abs(difference) < 1e-12;
    return {std::exp(difference), std::exp(difference), std::exp(difference), equal ? 1.0 : 0.0};
  }
  const auto part = [](const moments& m) { return m.variance_of_mean * m.variance_of_mean / (m.count - 1); };
  const double degrees = variance * variance / (part(of_a) + part(of_b));
  const double reach = two_sided_quantile(0.05, degrees) * error;
  return {std::exp(difference), std::exp(difference - reach), std::exp(difference + reach),
      two_sided_probability(difference / error, degrees)};
}

double significant_up_to(std::vector<double> probabilities, double level) {
  std::sort(probabilities.begin(), probabilities.end());
  double last = -1;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    if (probabilities[i] > level / static_cast<double>(probabilities.size() - i)) break;
    last = probabilities[i];
  }
  return last;
}

} // namespace revecho::compare
