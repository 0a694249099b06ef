#include "tools/compare/estimate.hpp"

#include "shared/options/random.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace revecho::compare {
namespace {

constexpr std::size_t resamples = 2000;
constexpr std::uint64_t seed = 1;

double median_of_resample(const std::vector<double>& values, random_bits& random) {
  std::vector<double> drawn(values.size());
  for (double& d : drawn)
    d = values[static_cast<std::size_t>(random.fraction() * static_cast<double>(values.size()))];
  return median(std::move(drawn));
}

// The middle 95 % of what `draw` gives.
template <class Draw>
estimate interval_of(double middle, Draw draw) {
  std::vector<double> all(resamples);
  for (double& value : all)
    value = draw();
  std::sort(all.begin(), all.end());
  return {middle, all[resamples / 40], all[resamples - 1 - resamples / 40]};
}

} // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

estimate estimate_median(const std::vector<double>& values) {
  if (values.empty()) return {};
  random_bits random(seed);
  return interval_of(median(values), [&] { return median_of_resample(values, random); });
}

bool differ(const std::vector<double>& a, const std::vector<double>& b) {
  if (std::min(a.size(), b.size()) < fewest_values_to_differ) return false;
  random_bits random(seed);
  const auto difference =
      interval_of(median(a) - median(b), [&] { return median_of_resample(a, random) - median_of_resample(b, random); });
  return difference.low > 0 || difference.high < 0;
}

} // namespace revecho::compare
