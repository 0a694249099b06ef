// Ratios and differences, and how far they can be trusted.
#pragma once

#include "tools/median.hpp"

#include <cstddef>
#include <vector>

namespace revecho::compare {

/// How much larger one quantity is than another: the median of the differences within rounds, where whatever slowed a
/// whole round cancels out, with the interval of estimate_median(). `a` and `b` have their values in the order of the
/// rounds; rounds that one of them lacks do not count. A value may be up to this part of itself too large, as the
/// percentile of a histogram is, and the interval allows for that.
estimate estimate_difference(const std::vector<double>& a, const std::vector<double>& b, double resolution);

/// How many times as large one quantity is as another, by some runs of each.
struct ratio {
  double middle = 1; ///< of the geometric means
  double low = 0;    ///< its 95 % interval; without enough values: everything
  double high = 0;
  double probability = 1; ///< of such a ratio or one farther from 1, if there were no difference
};

inline constexpr std::size_t fewest_values_to_differ = 5;

/// By Welch's test on logarithms: neither a common spread nor equal numbers of runs are assumed. Says nothing for fewer
/// values each than these.
ratio ratio_of(const std::vector<double>& a, const std::vector<double>& b);

/// The `level` for significant_up_to() that keeps the false-positive rate at 5 %. It is lower if runs `went_on` until
/// intervals were narrow: such stopping underestimates the spread.
constexpr double level_of_significance(bool went_on) noexcept { return went_on ? 0.03 : 0.05; }

/// Holm's step-down procedure: comparisons whose probability is at most the result differ significantly, so that the
/// chance of any false one among all of them is at most `level`. Below zero if none do.
double significant_up_to(std::vector<double> probabilities, double level);

} // namespace revecho::compare
