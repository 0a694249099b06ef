// Medians, and how far they can be trusted.
#pragma once

#include "tools/compare/results.hpp"

#include <cstddef>
#include <vector>

namespace revecho::compare {

/// Throws nothing; of no values: zeros.
double median(std::vector<double> values);

/// The median with its 95 % interval by bootstrap (percentile method; Efron, Tibshirani: "An Introduction to the
/// Bootstrap", 1993). The same values give the same interval.
estimate estimate_median(const std::vector<double>& values);

inline constexpr std::size_t fewest_values_to_differ = 3;

/// Do the medians differ significantly? The 95 % interval of their difference, by the same method, leaves out zero.
/// Never for fewer values each than these: they could not show it.
bool differ(const std::vector<double>& a, const std::vector<double>& b);

} // namespace revecho::compare
