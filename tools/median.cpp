#include "tools/median.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace revecho {
namespace {

constexpr double least_level = 0.93;

} // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// Fewer than k of n values are below the true median with the probability of a binomial distribution.
estimate estimate_median(const std::vector<double>& values) {
  if (values.empty()) return {};
  auto sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const auto n = static_cast<double>(sorted.size());
  const auto chance_of = [n](double below) {
    return std::exp(std::lgamma(n + 1) - std::lgamma(below + 1) - std::lgamma(n - below + 1) - n * std::log(2.0));
  };
  std::size_t cut = 0; // values on each side that are outside
  double outside = chance_of(0);
  while (2 * cut + 2 < sorted.size()) {
    const double more = outside + chance_of(static_cast<double>(cut + 1));
    if (1 - 2 * more < least_level) break;
    outside = more;
    ++cut;
  }
  return {median(values), sorted[cut], sorted[sorted.size() - 1 - cut], std::max(0.0, 1 - 2 * outside)};
}

} // namespace revecho
