// Medians, and how far they can be trusted.
#pragma once

#include "tools/compare/results.hpp"

#include <span>
#include <vector>

namespace revecho::compare {

/// Throws nothing; of no values: zeros.
double median(std::vector<double> values);

/// The median with its 95 % interval by bootstrap (percentile method; Efron, Tibshirani: "An Introduction to the
/// Bootstrap", 1993). The same values give the same interval.
estimate estimate_median(const std::vector<double>& values);

/// Do the medians differ significantly? The 95 % interval of their difference, by the same method, leaves out zero. Not
/// for fewer than three values each: they could not show it.
bool differ(const std::vector<double>& a, const std::vector<double>& b);

} // namespace revecho::compare
