#include "tools/trend.hpp"

#include <cmath>
#include <cstddef>
#include <numeric>

namespace revecho {

trend& trend::operator+=(const trend& other) noexcept {
  rises += other.rises;
  variance += other.variance;
  return *this;
}

// Half a pair less, because pairs are counted and the normal distribution is continuous.
double trend::z() const noexcept {
  if (variance <= 0 || rises == 0) return 0;
  const auto distance = static_cast<double>(rises > 0 ? rises - 1 : rises + 1);
  return distance / std::sqrt(variance);
}

// Ties make the variance smaller than this: then it is on the safe side.
trend trend_of(std::span<const double> figures) noexcept {
  const auto n = static_cast<double>(figures.size());
  trend found{0, n * (n - 1) * (2 * n + 5) / 18};
  for (std::size_t later = 1; later < figures.size(); ++later)
    for (std::size_t earlier = 0; earlier < later; ++earlier)
      found.rises += (figures[later] > figures[earlier] ? 1 : 0) - (figures[later] < figures[earlier] ? 1 : 0);
  return found;
}

double change_between_halves(std::span<const double> figures) noexcept {
  const auto half = figures.size() / 2;
  const auto sum = [](std::span<const double> part) { return std::accumulate(part.begin(), part.end(), 0.0); };
  const double before = sum(figures.first(half));
  return before > 0 ? sum(figures.last(half)) / before - 1 : 0;
}

} // namespace revecho
