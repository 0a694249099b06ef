// The Mann-Kendall test for a trend: does a series rise or fall more than chance explains? It compares pairs of figures
// only, so it assumes nothing about their distribution.
#pragma once

#include <cstdint>
#include <span>

namespace revecho {

/// Of one series, or of several together, which are compared each with itself only.
struct trend {
  std::int64_t rises = 0; ///< pairs of which the later one is larger, minus those of which it is smaller
  double variance = 0;    ///< of that, if the order is chance

  trend& operator+=(const trend& other) noexcept;

  /// Deviations from chance: a normal distribution's, from about ten figures on. Positive if it rises.
  double z() const noexcept;
};

/// Of figures in the order of time.
trend trend_of(std::span<const double> figures) noexcept;

/// How much larger the mean of the second half is than that of the first, as a part of it; a middle one counts for
/// neither. 0 if that is not known.
double change_between_halves(std::span<const double> figures) noexcept;

} // namespace revecho
