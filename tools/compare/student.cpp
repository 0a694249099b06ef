#include "tools/compare/student.hpp"

#include <cmath>

namespace revecho::compare {
namespace {

// Keeps a denominator of the continued fraction from being zero (Lentz's method).
double not_zero(double value) noexcept {
  constexpr double tiny = 1e-300;
  return std::abs(value) < tiny ? tiny : value;
}

// The continued fraction of the incomplete beta function (DLMF 8.17.22), for x < (a + 1) / (a + b + 2).
double beta_fraction(double x, double a, double b) noexcept {
  constexpr int most_steps = 500;
  double c = 1;
  double d = 1 / not_zero(1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int m = 1; m < most_steps; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / not_zero(1 + even * d);
    c = not_zero(1 + even / c);
    fraction *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / not_zero(1 + odd * d);
    c = not_zero(1 + odd / c);
    fraction *= d * c;
    if (std::abs(d * c - 1) < 1e-15) break;
  }
  return fraction;
}

double regularized_beta(double x, double a, double b) noexcept {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double factor =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return factor * beta_fraction(x, a, b) / a;
  return 1 - factor * beta_fraction(1 - x, b, a) / b;
}

} // namespace

double two_sided_probability(double t, double degrees) noexcept {
  if (!std::isfinite(t)) return 0;
  return regularized_beta(degrees / (degrees + t * t), degrees / 2, 0.5);
}

double two_sided_quantile(double probability, double degrees) noexcept {
  double low = 0;
  double high = 1;
  while (two_sided_probability(high, degrees) > probability && high < 1e12)
    high *= 2;
  for (int i = 0; i < 200 && low < high; ++i) {
    const double middle = (low + high) / 2;
    if (middle <= low || middle >= high) break;
    (two_sided_probability(middle, degrees) > probability ? low : high) = middle;
  }
  return high;
}

} // namespace revecho::compare
