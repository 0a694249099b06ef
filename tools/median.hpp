// Medians, and how far they can be trusted.
#pragma once

#include <vector>

namespace revecho {

/// A median with an interval.
struct estimate {
  double median = 0;
  double low = 0;
  double high = 0;
  double level = 0; ///< how surely the interval holds the true median, from 0 to 1
};

/// Throws nothing; of no values: zeros.
double median(std::vector<double> values);

/// The median, between two of the values: the narrowest symmetric pair of order statistics (David, Nagaraja: "Order
/// Statistics", 7.1) that holds the true median with at least 93 %, whatever the distribution, or the lowest and the
/// highest value where there are too few for that.
estimate estimate_median(const std::vector<double>& values);

} // namespace revecho
