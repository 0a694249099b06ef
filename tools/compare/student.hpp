// Student's distribution: what a ratio of means may be by chance. Knows no measurements.
#pragma once

namespace revecho::compare {

/// Probability of a value at least so far from zero, in either direction; `degrees` of freedom, at least 1.
double two_sided_probability(double t, double degrees) noexcept;

/// The value for which that is `probability`, from 0 to 1 exclusively.
double two_sided_quantile(double probability, double degrees) noexcept;

} // namespace revecho::compare
